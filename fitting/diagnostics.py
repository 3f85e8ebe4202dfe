"""How far a fit can be trusted: effective points, standard errors, correlations, coded warnings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fitting.engine import Solution

FloatArray = NDArray[np.float64]

CORRELATION: Final = 0.99
CONDITION: Final = 1e6
LEAST_DOF: Final = 3.0
"""Degrees of freedom that a misfit of the equation leaves, however smooth it is."""


@dataclass(frozen=True, slots=True)
class Warned:
    """A coded remark on a result.

    Parameters
    ----------
    code : str
    message : str
        One sentence.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Uncertainty of a solution.

    Parameters
    ----------
    covariance : (k, k) array
        Of the search coordinates, inflated for the residuals' autocorrelation.
    n_effective : float
        Points that count.
    lag1 : float
        Autocorrelation of the residuals from point to point.
    dof : float
        n_effective - k.
    condition : float
        Of the Jacobian with columns of unit length.
    sigma : float
        Residual standard deviation, in ln units.
    """

    covariance: FloatArray
    n_effective: float
    lag1: float
    dof: float
    condition: float
    sigma: float

    @property
    def correlations(self) -> FloatArray:
        """(k, k) correlation matrix."""
        d = np.sqrt(np.diag(self.covariance))
        with np.errstate(invalid="ignore", divide="ignore"):
            matrix: FloatArray = np.clip(self.covariance / np.outer(d, d), -1.0, 1.0)
        return matrix


def effective_points(residual: FloatArray) -> tuple[float, float]:
    """Points that count, and the lag-1 autocorrelation.

    For residuals that follow an AR(1) process, n (1 - rho)/(1 + rho) of n points count (Bayley &
    Hammersley, J. R. Stat. Soc. Suppl. 8, 184 (1946), doi:10.2307/2983560).  A rho below
    2.6/sqrt(n), which white noise exceeds in one case in 200, is taken as none.  A smooth misfit is no
    such process: it has at least as many independent lobes as runs of one sign.

    Parameters
    ----------
    residual : (n,) array
        In the order of x.
    """
    n = residual.size
    r = residual - residual.mean()
    power = float(r @ r)
    if n < 4 or power <= 0.0:
        return float(n), 0.0
    rho = float(r[1:] @ r[:-1]) / power
    if rho <= 2.6 / math.sqrt(n):
        return float(n), rho
    runs = 1 + int(np.count_nonzero(np.diff(np.signbit(residual))))
    return min(max(n * (1 - rho) / (1 + rho), float(runs)), float(n)), rho


def spread(solution: Solution) -> Spread:
    """Covariance from the exact Jacobian, with as many points as really count."""
    k, n = solution.jacobian.shape
    n_effective, lag1 = effective_points(solution.residual)
    dof = max(n_effective - k, min(LEAST_DOF, max(n - k, 1)))
    lengths = np.linalg.norm(solution.jacobian, axis=1)
    safe = np.where(lengths > 0, lengths, 1.0)
    _, s, vt = np.linalg.svd((solution.jacobian / safe[:, None]).T, full_matrices=False)
    condition = float(s[0]) / float(s[-1]) if s[-1] > 0 else math.inf
    with np.errstate(all="ignore"):
        inverse = (vt.T / np.maximum(s, 1e-150) ** 2) @ vt / np.outer(safe, safe)
    mean_square = solution.cost / max(n - k, 1)
    inflation = max((n - k) / dof, 1.0)
    with np.errstate(all="ignore"):
        covariance = inverse * mean_square * inflation
    covariance[lengths == 0, :] = covariance[:, lengths == 0] = math.inf
    return Spread(covariance, n_effective, lag1, dof, condition, math.sqrt(mean_square))


def remarks(solution: Solution, s: Spread) -> list[Warned]:
    """The coded warnings that every fit is checked for."""
    names = solution.problem.names
    out = [
        Warned(
            "bound_hit",
            f"'{name}' lies on its bound {solution.values[name]:.4g}: its value and error mean nothing",
        )
        for name in solution.at_bound
    ]
    scale = np.maximum(np.abs(solution.u), 1e-3)
    still = np.abs(solution.u - solution.start) <= 1e-12 * scale
    gradient = np.abs(solution.jacobian @ solution.residual)
    reach = np.linalg.norm(solution.jacobian, axis=1) * np.linalg.norm(solution.residual)
    for name, stays, g, most in zip(names, still, gradient, reach):
        if stays and g > 1e-6 * most:
            out.append(Warned("at_start", f"'{name}' did not move from its start value"))
    if s.condition > CONDITION:
        out.append(
            Warned(
                "ill_conditioned",
                f"the condition number is {s.condition:.2g}: some combination of {', '.join(names)} is not determined",
            )
        )
    matrix = s.correlations
    for i in range(len(names)):
        for j in range(i):
            if abs(matrix[i, j]) > CORRELATION:
                out.append(
                    Warned(
                        "correlated",
                        f"'{names[j]}' and '{names[i]}' correlate at {matrix[i, j]:.4f}: only their combination is well known",
                    )
                )
    if s.n_effective < solution.residual.size:
        out.append(
            Warned(
                "autocorrelated_residuals",
                f"neighbouring residuals correlate at {s.lag1:.2f} (the equation, not noise, limits "
                f"the fit): of {solution.residual.size} points {s.n_effective:.0f} count, and the "
                "errors are widened accordingly",
            )
        )
    if solution.rivals:
        out.append(
            Warned(
                "several_minima",
                f"{len(solution.rivals)} other parameter set(s) fit as well: {dict(solution.rivals[0])}",
            )
        )
    return out
