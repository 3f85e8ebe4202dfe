"""From a minimum to numbers with errors."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.dual import variables
from compactmodels.parts import Conduction
from fitting.diagnostics import Spread
from fitting.engine import Solution
from fitting.result import Estimate

FloatArray = NDArray[np.float64]

LEVEL: Final = 0.95
"""Of every interval."""
COARSE: Final = 0.25
"""Scatter, in ln units, beyond which the noise's second order means nothing."""


def quantile(dof: float) -> float:
    """Student's t at the two-sided level of the intervals."""
    from scipy.special import stdtrit

    return float(stdtrit(dof, 0.5 + LEVEL / 2))


def estimate(
    u: float, sigma: float, dof: float, unit: str, log: bool, how: str = "fitted"
) -> Estimate:
    """An estimate of a search coordinate ``u`` with standard error ``sigma``."""
    half = quantile(dof) * sigma
    if not log:
        return Estimate(u, sigma, unit, (u - half, u + half), how)
    with np.errstate(all="ignore"):
        value, low, high = (float(x) for x in np.exp(np.array([u, u - half, u + half])))
        stderr = float(np.multiply(value, sigma))
    return Estimate(value, stderr, unit, (low, high), how)


def estimates(solution: Solution, s: Spread) -> dict[str, Estimate]:
    """Every free parameter with its standard error and 95 % interval."""
    sigma = np.sqrt(np.diag(s.covariance))
    return {
        p.name: estimate(float(u), float(d), s.dof, p.unit, p.log)
        for p, u, d in zip(solution.problem.free, solution.u, sigma)
    }


def level_shift(solution: Solution, s: Spread) -> FloatArray:
    """What white noise of the readings does to the search coordinates, shape (k,).

    Scatter of relative size sigma that is even about the true current has a logarithm that is low by
    sigma^2/2 on average; scatter that is even in the logarithm has not.  Nothing in a sweep tells
    the two apart, so the fit stands half-way, sigma^2/4, and is off by as much either way (1e-4 at
    2 %).  No shift where the equation and not noise limits the fit.
    """
    n = solution.residual.size
    if s.n_effective < n or solution.at_bound or s.sigma > COARSE:
        return np.zeros(solution.u.shape)
    ones = np.full(n, 0.25 * s.sigma**2)
    shift: FloatArray = -np.linalg.lstsq(solution.jacobian.T, ones, rcond=1e-12)[0]
    return shift


def saturation_current(
    part: Conduction, solution: Solution, s: Spread, temperature: float
) -> Estimate:
    """The reverse saturation current [A], out of the equation far in reverse, and its error."""
    problem = solution.problem
    duals = dict(zip(problem.names, variables(*solution.u)))
    si: dict[str, Any] = {n: value * p.si_factor for n, (p, value) in problem.fixed.items()}
    si |= {p.name: duals[p.name] * p.si_factor for p in part.parameters if p.name in duals}
    out = part.function(np.array(-1e3), temperature, **si)
    slope = out.partials / out.value
    with np.errstate(all="ignore"):
        variance = float(slope @ s.covariance @ slope)
    sigma = math.sqrt(variance) if variance >= 0 else float("nan")
    return estimate(math.log(-float(out.value)), sigma, s.dof, "A", True, "derived")


def correlations(solution: Solution, s: Spread) -> dict[str, float]:
    """``"a, b"`` -> correlation, of every pair of fitted parameters."""
    names, matrix = solution.problem.names, s.correlations
    return {
        f"{names[j]}, {names[i]}": float(matrix[i, j]) for i in range(len(names)) for j in range(i)
    }
