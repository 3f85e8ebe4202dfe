"""What targets determine: which combinations of parameters they fix, and which they leave free.

The tangent of the misfits (rows in tolerances, columns in relative changes of the parameters) is
decomposed into singular values.  A direction along which a change by a factor e stays within one
tolerance of every target is free.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

FELT: Final = 0.02
"""Tolerances per factor e below which no target feels a parameter; twice the difference's noise."""
DETERMINED: Final = 1.0
"""Tolerances per factor e from which on a direction counts as fixed."""
LEAST_TERM: Final = 1e-3
"""Share of the largest term below which a parameter is no part of a combination: the tangent's noise."""
CORRELATION: Final = 0.99


@dataclass(frozen=True, slots=True)
class Combination:
    """A direction in the parameters' relative changes.

    Parameters
    ----------
    terms : tuple of (str, float)
        Parameter and how far it moves, the largest term 1.
    error : float
        Standard error of the combination (relative), with the tolerances as sigma; infinite if free.
    """

    terms: tuple[tuple[str, float], ...]
    error: float

    @property
    def text(self) -> str:
        """A free one as a joint change, a fixed one as a product of powers.

        >>> Combination((("kw", 1.0), ("v_w", 0.12)), math.inf).text
        'kw +10 % with v_w +1.2 %'
        >>> Combination((("kw", 1.0), ("v_w", -8.3)), 0.01).text
        'kw * v_w^-8.3'
        """
        if math.isinf(self.error):
            return " with ".join(f"{name} {10 * x:+.3g} %" for name, x in self.terms)
        return " * ".join(name if x == 1 else f"{name}^{x:.3g}" for name, x in self.terms)


@dataclass(frozen=True, slots=True, eq=False)
class Identifiability:
    """What is known of the parameters.

    Parameters
    ----------
    names : tuple of str
    tangent : (m, k) array
        Tolerances per relative change.
    state : mapping of str to str
        ``fixed``, ``free`` (only in combination: it goes further along a free direction than its error)
        or ``unfelt``.
    sigma : mapping of str to float
        Relative standard error, with the tolerances as sigma; NaN unless fixed.
    fixed, free : tuple of Combination
    singular_values : (min(m, k),) array
    correlations : mapping
        ``"a, b"`` -> correlation of two that are fixed.
    """

    names: tuple[str, ...]
    tangent: FloatArray
    state: dict[str, str]
    sigma: dict[str, float]
    fixed: tuple[Combination, ...]
    free: tuple[Combination, ...]
    singular_values: FloatArray
    correlations: dict[str, float]


def identify(tangent: FloatArray, names: tuple[str, ...]) -> Identifiability:
    """Fixed and free combinations.

    Parameters
    ----------
    tangent : (m, k) array
        Derivative of the misfits in tolerances by the parameters' relative changes.
    names : tuple of str
    """
    felt = np.linalg.norm(tangent, axis=0) >= FELT
    state = dict.fromkeys(names, "unfelt")
    sigma = dict.fromkeys(names, math.nan)
    own = tuple(n for n, f in zip(names, felt, strict=True) if f)
    if not own:
        return Identifiability(names, tangent, state, sigma, (), (), np.zeros(0), {})
    _, s, vt = np.linalg.svd(tangent[:, felt], full_matrices=True)
    values = np.zeros(len(own))
    values[: s.size] = s
    known = values >= DETERMINED
    loose = vt[~known]
    # How far a parameter goes along what is free while another changes by a factor e.
    drift = np.sqrt(np.sum(loose**2, axis=0))
    covariance = (vt[known].T / values[known] ** 2) @ vt[known]
    errors = np.sqrt(np.diag(covariance))
    for name, far, error in zip(own, drift, errors, strict=True):
        state[name] = "fixed" if far <= max(float(error), LEAST_TERM) else "free"
        sigma[name] = math.hypot(error, far) if state[name] == "fixed" else math.nan
    fixed = tuple(
        _combination(own, row, 1 / x) for row, x in zip(vt[known], values[known], strict=True)
    )
    free = tuple(_combination(own, row, math.inf) for row in _echelon(loose))
    return Identifiability(
        names, tangent, state, sigma, fixed, free, s, _correlations(own, covariance, errors, state)
    )


def _correlations(
    names: tuple[str, ...], covariance: FloatArray, errors: FloatArray, state: dict[str, str]
) -> dict[str, float]:
    out = {}
    for i, b in enumerate(names):
        for j, a in enumerate(names[:i]):
            if state[a] == state[b] == "fixed":
                out[f"{a}, {b}"] = float(
                    np.clip(covariance[i, j] / (errors[i] * errors[j]), -1.0, 1.0)
                )
    return out


def _combination(names: tuple[str, ...], row: FloatArray, error: float) -> Combination:
    big = int(np.argmax(np.abs(row)))
    scaled = row / row[big]
    order = sorted(range(len(names)), key=lambda k: -abs(scaled[k]))
    terms = tuple((names[k], float(scaled[k])) for k in order if abs(scaled[k]) >= LEAST_TERM)
    return Combination(terms, error / abs(float(row[big])))


def _echelon(rows: FloatArray) -> FloatArray:
    """The same space by rows with as few parameters each as it allows (Gauss-Jordan, largest pivots)."""
    out = rows.copy()
    left = list(range(out.shape[1]))
    for k in range(out.shape[0]):
        block = np.abs(out[k:, left])
        i, j = np.unravel_index(int(np.argmax(block)), block.shape)
        out[[k, k + int(i)]] = out[[k + int(i), k]]
        column = left.pop(int(j))
        out[k] /= out[k, column]
        for other in range(out.shape[0]):
            if other != k:
                out[other] -= out[other, column] * out[k]
    return out
