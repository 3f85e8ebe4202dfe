"""What neighbouring residuals that resemble each other do to a fit's errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_STEPS: Final = np.append(np.linspace(0.0, 0.9, 19), [0.925, 0.95, 0.97, 0.98, 0.99])
"""Correlations from point to point that are tried."""
_REACH: Final = 2000
"""Points over which the largest of them dies out."""
_BLOCK: Final = 1 << 14
"""Points that are transformed at once."""
CAUTION: Final = 0.75
"""Standard errors by which a correlation that shows is taken to be larger than found."""
CROSSINGS: Final = 3.0
"""Changes of sign for each point that counts, at most, in an AR(1) process up to 0.92."""


@dataclass(frozen=True, slots=True, eq=False)
class Correlated:
    """Residuals as an AR(1) process, seen through the fit.

    Parameters
    ----------
    rho : float
        Correlation of the noise from point to point.
    n_effective : float
        Points that count.
    mixing : (k, k) array
        Covariance, for noise of unit variance, of the noise's projections on the fit's directions.
    degrees : float
        Expected sum of squared residuals for noise of unit variance.
    """

    rho: float
    n_effective: float
    mixing: FloatArray
    degrees: float


def effective_points(residual: FloatArray) -> tuple[float, float]:
    """Points that count in a choice between equations, and the lag-1 autocorrelation.

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
    return min(max(n * (1 - rho) / (1 + rho), _runs(residual)), float(n)), rho


def _runs(residual: FloatArray) -> float:
    return 1.0 + int(np.count_nonzero(np.diff(np.signbit(residual))))


@lru_cache(maxsize=8)
def _powers(reach: int) -> FloatArray:
    """rho^h for every step and lag, (steps, reach), with lags other than 0 counted twice."""
    table: FloatArray = _STEPS[:, None] ** np.arange(reach)
    table[:, 1:] *= 2.0
    return table


def _lagged(a: FloatArray, b: FloatArray, reach: int) -> FloatArray:
    """Sum over t of a_i(t) b_j(t + h), shape (i, j, reach), in blocks of bounded memory."""
    n = a.shape[1]
    total = np.zeros((a.shape[0], b.shape[0], reach))
    for start in range(0, n, _BLOCK):
        x, y = a[:, start : start + _BLOCK], b[:, start : start + _BLOCK + reach]
        size = 1 << (x.shape[1] + y.shape[1] - 1).bit_length()
        spectra = np.fft.rfft(x, size).conj()[:, None] * np.fft.rfft(y, size)[None]
        there = min(reach, y.shape[1])
        total[:, :, :there] += np.fft.irfft(spectra, size)[:, :, :there]
    return total


def correlated(residual: FloatArray, basis: FloatArray) -> Correlated:
    """The AR(1) process that leaves residuals like these.

    A fit takes the slow part of correlated noise for itself, so that what it leaves looks less
    correlated than the noise is (by some (k + ...)/n, which ruins the errors of short records).  The
    correlation is therefore the one at which a fit with this basis would leave, on average, the
    lag-1 correlation that is found.  What shows is enlarged by :data:`CAUTION` of its standard error,
    for its own uncertainty.

    Parameters
    ----------
    residual : (n,) array
        In the order of x.
    basis : (k, n) array
        Orthonormal rows that span the Jacobian's.

    Notes
    -----
    E[r' S r] / E[r' r] of r = (1 - P) e, with S the lag-1 shift and P the projection on the basis, over
    a ladder of correlations: all traces come from the basis's own correlations over the lag.
    """
    k, n = basis.shape
    reach = min(n, _REACH)
    shifted = np.zeros_like(basis)
    shifted[:, 1:] += 0.5 * basis[:, :-1]
    shifted[:, :-1] += 0.5 * basis[:, 1:]
    lags = _lagged(basis, basis, reach)
    lags = 0.5 * (lags + lags.transpose(1, 0, 2))  # the even part is all that R sees
    ahead, behind = _lagged(shifted, basis, reach), _lagged(basis, shifted, reach)
    cross = 0.5 * np.einsum("iih->h", ahead + behind)
    table = _powers(reach)
    mixing = np.einsum("sh,ijh->sij", table, lags)
    degrees = n - np.trace(mixing, axis1=1, axis2=2)
    neighbours = (
        (n - 1) * _STEPS - 2.0 * table @ cross + np.einsum("ij,sij->s", shifted @ basis.T, mixing)
    )
    total = float(residual @ residual)
    if total <= 0.0 or n < 4:
        return Correlated(0.0, float(n), mixing[0], float(degrees[0]))
    expected = np.maximum.accumulate(neighbours / np.maximum(degrees, 1e-9 * n))
    rho = float(np.interp(float(residual[1:] @ residual[:-1]) / total, expected, _STEPS))
    shown = min(1.0, 0.5 * rho * math.sqrt(n))
    rho += CAUTION * shown * math.sqrt((1 - rho**2) / n)
    fewest = _runs(residual) / CROSSINGS
    rho = max(min(rho, (n - fewest) / (n + fewest), float(_STEPS[-1])), 0.0)
    at = [np.interp(rho, _STEPS, mixing[:, i, j]) for i in range(k) for j in range(k)]
    return Correlated(
        rho,
        n * (1 - rho) / (1 + rho),
        np.array(at).reshape(k, k),
        float(np.interp(rho, _STEPS, degrees)),
    )
