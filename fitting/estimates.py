"""From a minimum to numbers with errors."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fitting.diagnostics import Spread
from fitting.engine import Solution
from fitting.profile import Quantity
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
        return Estimate(u, sigma, unit, (u - half, u + half), how, "covariance")
    with np.errstate(all="ignore"):
        value, low, high = (float(x) for x in np.exp(np.array([u, u - half, u + half])))
        stderr = float(np.multiply(value, sigma))
    return Estimate(value, stderr, unit, (low, high), how, "covariance")


def estimates(solution: Solution, s: Spread) -> dict[str, Estimate]:
    """Every free parameter with its standard error and 95 % interval."""
    sigma = np.sqrt(np.diag(s.covariance))
    return {
        p.name: estimate(float(u), float(d), s.dof, p.unit, p.log)
        for p, u, d in zip(solution.problem.free, solution.u, sigma)
    }


def level_offset(solution: Solution, s: Spread) -> float:
    """By how much, in ln units, white noise of the readings has lowered their logarithm.

    Scatter of relative size sigma that is even about the true current has a logarithm that is low by
    sigma^2/2 on average, and skewed by -3 sigma; scatter that is even in the logarithm has neither.
    The skewness of the residuals, whose own scatter is sqrt(6/n), says which it is where it matters;
    where it says nothing the offset is half-way, sigma^2/4 (1e-4 at 2 %).  No offset where the
    equation and not noise limits the fit.
    """
    n = solution.residual.size
    weighted = solution.problem.scale > 0
    if s.n_effective < n or solution.at_bound or s.sigma > COARSE or s.sigma <= 0 or weighted:
        return 0.0
    r = solution.residual - solution.residual.mean()
    skewness = float(np.mean(r**3)) / float(np.mean(r**2)) ** 1.5
    evidence = 0.5 * n * s.sigma * (skewness + 1.5 * s.sigma)  # for even in ln over even in I
    share = 1.0 / (1.0 + math.exp(min(max(evidence, -50.0), 50.0)))
    return 0.5 * s.sigma**2 * share


def level_shift(solution: Solution, offset: float) -> FloatArray:
    """What a level that is low by ``offset`` has done to the search coordinates, shape (k,)."""
    if offset == 0.0:
        return np.zeros(solution.u.shape)
    ones = np.full(solution.residual.size, offset)
    shift: FloatArray = -np.linalg.lstsq(solution.jacobian.T, ones, rcond=1e-12)[0]
    return shift


def derived(quantity: Quantity, solution: Solution, s: Spread) -> Estimate:
    """A quantity that follows from the fitted ones, with the error that it inherits."""
    value, slope = quantity.at(solution.u)
    with np.errstate(all="ignore"):
        variance = float(slope @ s.covariance @ slope)
    sigma = math.sqrt(variance) if variance >= 0 else float("nan")
    return estimate(value, sigma, s.dof, quantity.unit, quantity.log, "derived")


def correlations(solution: Solution, s: Spread) -> dict[str, float]:
    """``"a, b"`` -> correlation, of every pair of fitted parameters."""
    names, matrix = solution.problem.names, s.correlations
    return {
        f"{names[j]}, {names[i]}": float(matrix[i, j]) for i in range(len(names)) for j in range(i)
    }
