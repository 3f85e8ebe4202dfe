"""Wild bootstrap in blocks: errors where the residuals' spread varies, or is not normal.

Wu, Ann. Stat. 14, 1261 (1986), doi:10.1214/aos/1176350142; in blocks, with Student's ratio:
Cameron, Gelbach & Miller, Rev. Econ. Stat. 90, 414 (2008), doi:10.1162/rest.90.3.414.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

RESAMPLES: Final = 999
SEED: Final = 20101
LEAST_BLOCKS: Final = 12
"""Blocks that a bootstrap needs to mean anything."""
MANY: Final = 20_000
"""Points beyond which Student's ratio is normal, and nothing is resampled."""
SURE: Final = 2.0
"""Standard deviations by which the spread must vary before the bootstrap takes over."""
WORTH: Final = 1.25
"""Ratio of variances below which the covariance is good enough."""


def unevenness(
    influence: FloatArray, leverage: FloatArray, residual: FloatArray, rho: float
) -> float:
    """Variance of an estimate by its own residuals, over that of an even spread; 1 if not sure.

    White, Econometrica 48, 817 (1980), doi:10.2307/1912934.  Only what is above 1 and beyond chance is
    told: the residuals where the estimate is made scatter more than the others.

    Parameters
    ----------
    influence : (n,) array
        d estimate / d residual.
    leverage : (n,) array
        Diagonal of the projection on the Jacobian.
    residual : (n,) array
    rho : float
        Correlation of neighbours.
    """
    share = influence**2
    total = float(share.sum())
    if not math.isfinite(total) or total <= 0:
        return 1.0
    share = share / total
    free = np.maximum(1.0 - leverage, 1e-3)
    square = residual**2 / (float(residual @ residual) / float(free.sum()))
    ratio = float(share @ square) / float(share @ free)
    chance = math.sqrt(2.0 * float(share @ share) * (1 + rho**2) / (1 - rho**2))
    return ratio if ratio > WORTH and ratio - 1.0 > SURE * chance else 1.0


def half_width(
    influence: FloatArray,
    root: FloatArray,
    residual: FloatArray,
    block: int,
    level: float,
    seed: int = SEED,
) -> float:
    """Half-width of an interval: the quantile of Student's ratio over the resamples, times the error.

    Each resample turns the sign of whole blocks of residuals and refits along the Jacobian; what the
    equation's bend does is the profile's business.

    Parameters
    ----------
    influence : (n,) array
        d estimate / d residual.
    root : (k, n) array
        Orthonormal rows that span the Jacobian's.
    residual : (n,) array
    block : int
        Neighbours that keep their sign together.
    level : float
        Of the interval.
    seed : int

    Returns
    -------
    float
        NaN where there are fewer than 12 blocks.
    """
    n = residual.size
    starts = np.arange(0, n, block)
    if starts.size < LEAST_BLOCKS:
        return math.nan
    leverage = np.sum(root**2, axis=0)
    drawn = residual / np.sqrt(np.maximum(1.0 - leverage, 1e-3))
    own = _error(influence, drawn[None, :], starts)[0]
    if n > MANY:
        return NormalDist().inv_cdf(0.5 + level / 2) * float(own)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (RESAMPLES, starts.size))
    ratios = np.empty(RESAMPLES)
    for part in np.array_split(np.arange(RESAMPLES), max(1, RESAMPLES * n // 2_000_000)):
        noise = np.repeat(signs[part], np.diff(np.append(starts, n)), axis=1) * drawn
        moved = noise @ influence
        left = noise - (noise @ root.T) @ root
        left = left / np.sqrt(np.maximum(1.0 - leverage, 1e-3))
        ratios[part] = np.abs(moved) / np.maximum(_error(influence, left, starts), 1e-300)
    return float(np.quantile(ratios, level)) * float(own)


def _error(influence: FloatArray, residual: FloatArray, starts: NDArray[np.int_]) -> FloatArray:
    """Standard error by blocks, of each row of residuals."""
    moved = np.add.reduceat(residual * influence, starts, axis=1)
    error: FloatArray = np.sqrt(np.sum(moved**2, axis=1))
    return error
