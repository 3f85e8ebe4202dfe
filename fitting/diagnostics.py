"""How far a fit can be trusted: effective points, standard errors, correlations, coded warnings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fitting.autocorrelation import correlated, effective_points
from fitting.engine import Solution
from fitting.identifiability import combination, pair

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
        Of the search coordinates, for residuals that neighbours share.
    white : (k, k) array
        The same if every residual were independent.
    n_effective : float
        Points that count in a choice between equations.
    lag1 : float
        Autocorrelation of the residuals from point to point.
    rho : float
        That of the noise behind them, which the errors allow for.
    dof : float
        Of Student's t: the points that count less the parameters.
    condition : float
        Of the Jacobian with columns of unit length.
    sigma : float
        Residual standard deviation, in ln units.
    """

    covariance: FloatArray
    white: FloatArray
    n_effective: float
    lag1: float
    rho: float
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


def directions(jacobian: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The Jacobian's space, by its columns at unit length.

    Parameters
    ----------
    jacobian : (k, n) array

    Returns
    -------
    rows : (k, n) array
        Orthonormal.
    size : (k,) array
        Singular values, the largest first.
    back : (k, k) array
        Turns projections on the rows into changes of the search coordinates.
    """
    lengths = np.linalg.norm(jacobian, axis=1)
    safe = np.where(lengths > 0, lengths, 1.0)
    left, size, vt = np.linalg.svd((jacobian / safe[:, None]).T, full_matrices=False)
    with np.errstate(all="ignore"):
        back = vt.T / np.maximum(size, 1e-150) / safe[:, None]
    return left.T, size, back


def spread(solution: Solution) -> Spread:
    """Covariance from the exact Jacobian, for residuals that neighbours may share.

    The noise is taken as an AR(1) process (:func:`fitting.autocorrelation.correlated`), the covariance
    of its projection on the Jacobian being what the search coordinates inherit.
    """
    k, n = solution.jacobian.shape
    n_effective, lag1 = effective_points(solution.residual)
    rows, size, back = directions(solution.jacobian)
    condition = float(size[0]) / float(size[-1]) if size[-1] > 0 else math.inf
    noise = correlated(solution.residual, rows)
    dof = max(noise.n_effective - k, min(LEAST_DOF, max(n - k, 1)))
    mean_square = solution.cost / max(n - k, 1)
    with np.errstate(all="ignore"):
        white = back @ back.T * mean_square
        power = solution.cost / max(noise.degrees, min(dof, max(n - k, 1)))
        covariance = back @ noise.mixing @ back.T * power
    lengths = np.linalg.norm(solution.jacobian, axis=1)
    for matrix in (white, covariance):
        matrix[lengths == 0, :] = matrix[:, lengths == 0] = math.inf
    return Spread(
        covariance, white, n_effective, lag1, noise.rho, dof, condition, math.sqrt(mean_square)
    )


def remarks(solution: Solution, s: Spread) -> list[Warned]:
    """The coded warnings that every fit is checked for."""
    names = solution.problem.names
    out = [
        Warned(
            "bound_hit",
            f"'{name}' lies on its bound {solution.values[name]:.4g}: its interval is one-sided",
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
                f"the condition number is {s.condition:.2g}: the data fix only "
                f"{combination(solution, s.sigma) or 'some of ' + ', '.join(names)}, not each",
            )
        )
    matrix = s.correlations
    for i in range(len(names)):
        for j in range(i):
            if abs(matrix[i, j]) > CORRELATION:
                out.append(
                    Warned(
                        "correlated",
                        f"'{names[j]}' and '{names[i]}' correlate at {matrix[i, j]:.4f}: "
                        f"better known than either is {pair(solution, s.covariance, j, i)}",
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
