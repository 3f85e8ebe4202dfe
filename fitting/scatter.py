"""A set of values as a distribution, and its numbers with bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from fitting.selection import weights

if TYPE_CHECKING:
    from fitting.sequence import Sequenced

FloatArray = NDArray[np.float64]

ENOUGH: Final = 8
"""Values that tell one distribution from another at all."""
DECADE: Final = 10.0
"""Largest over smallest value from which few values are taken as lognormal."""
RESAMPLES: Final = 1000
JACKKNIFE: Final = 500
"""Values up to which the bootstrap is corrected for skewness (it costs their square)."""
LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
NAMES: Final = ("mean", "sd", "cv", "q05", "q25", "median", "q75", "q95")
FEW: Final = 30
"""Values below which a bootstrap does not know how far a standard deviation may be off."""
CLUSTERS: Final = 3
"""Devices from which whole devices are drawn, not single cycles."""


@dataclass(frozen=True, slots=True)
class Law:
    """A fitted distribution (see :class:`compactmodels.statistics.Distribution`).

    Parameters
    ----------
    name : str
    location, scale : float
    shape : float or None
    count : int
    weights : mapping
        Akaike weight of each distribution that the values allow.
    few : bool
        Whether there are too few values to choose.
    """

    name: str
    location: float
    scale: float
    shape: float | None
    count: int
    weights: Mapping[str, float] = field(default_factory=dict)
    few: bool = False

    def working(self, x: FloatArray) -> FloatArray:
        """Values on the scale on which they scatter evenly: their logarithm for a lognormal."""
        return np.log(x) if self.name == "lognormal" else x


def choose_law(x: FloatArray, only: str | None = None, independent: float | None = None) -> Law:
    """The distribution with the largest Akaike weight, by maximum likelihood.

    Parameters
    ----------
    x : (n,) array
    only : str, optional
        Fit this one, whatever its weight.
    independent : float, optional
        Values that count, where cycles of a device resemble each other; defaults to all.
    """
    n = x.size
    counts = n if independent is None else max(min(independent, n), 4.0)
    fits = {"normal": _normal(x)}
    if np.all(x > 0) and np.ptp(x) > 0:
        fits["lognormal"] = _lognormal(x)
        fits["weibull"] = _weibull(x)
    few = n < ENOUGH
    if few:
        wide = "lognormal" in fits and x.max() > DECADE * x.min()
        name = "lognormal" if wide else "normal"
        share = {name: 1.0}
    else:
        # AICc's correction is the same for all: two parameters each
        share = weights({k: -2.0 * fit[3] * counts / n for k, fit in fits.items()})
        name = max(share, key=lambda k: share[k])
    name = only if only in fits else name
    location, scale, shape, _ = fits[name]
    return Law(name, location, scale, shape, n, share, few)


def _normal(x: FloatArray) -> tuple[float, float, float | None, float]:
    """Location, scale, shape, log likelihood."""
    deviation = float(np.std(x))
    likely = _gauss(x.size, deviation)
    return float(np.mean(x)), float(np.std(x, ddof=1)), None, likely


def _gauss(n: int, deviation: float) -> float:
    """Log likelihood of n values at the maximum."""
    if deviation <= 0:
        return 0.0
    return -n * (math.log(deviation) + 0.5 * math.log(2 * math.pi) + 0.5)


def _lognormal(x: FloatArray) -> tuple[float, float, float | None, float]:
    y = np.log(x)
    likely = _gauss(x.size, float(np.std(y))) - float(np.sum(y))
    return math.exp(float(np.mean(y))), float(np.std(y, ddof=1)), None, likely


def _weibull(x: FloatArray) -> tuple[float, float, float | None, float]:
    """Newton's method on the shape; ln x has a standard deviation of pi/sqrt(6) over it."""
    y = np.log(x)
    top = float(y.max())
    z = y - top  # powers up to 1: nothing overflows
    k = math.pi / math.sqrt(6.0) / max(float(np.std(y)), 1e-12)
    for _ in range(100):
        w = np.exp(k * z)
        total, first, second = float(w.sum()), float(w @ z), float(w @ z**2)
        f = first / total - 1.0 / k - float(z.mean())
        slope = second / total - (first / total) ** 2 + 1.0 / k**2
        step = f / slope
        k = max(k - step, 0.1 * k)
        if abs(step) < 1e-12 * k:
            break
    scale = math.exp(top + math.log(float(np.mean(np.exp(k * z)))) / k)
    t = np.exp(k * (y - math.log(scale)))
    likely = float(np.sum(math.log(k) + k * (y - math.log(scale)) - y - t))
    return 0.0, scale, k, likely


def spread_of(
    x: FloatArray, who: NDArray[np.str_], along: Sequenced | None, rng: np.random.Generator
) -> dict[str, tuple[float, float, float]]:
    """Mean, standard deviation and quantiles, each with a 95 % interval.

    Drawn again are whole devices where there are at least three, else stretches of cycles as long as
    one tells of the next, else single values.  The percentiles are corrected for bias and skewness
    (Efron, J. Am. Stat. Assoc. 82, 171 (1987), doi:10.1080/01621459.1987.10478410) and widened for
    few values as Student's t is (Hesterberg, Am. Stat. 69, 371 (2015),
    doi:10.1080/00031305.2015.1089789).

    Parameters
    ----------
    x : (n,) array
    who : (n,) array
        Device of each.
    along : Sequenced or None
    rng : numpy.random.Generator
    """
    estimate = _numbers(x[None, :])[:, 0]
    names = np.unique(who)
    if CLUSTERS <= names.size < x.size:
        groups = [x[who == name] for name in names]
        count = len(groups)
        picks = rng.integers(0, count, (RESAMPLES, count))
        draws = np.stack(
            [_numbers(np.concatenate([groups[j] for j in row])[None, :])[:, 0] for row in picks],
            axis=1,
        )
        skewness = np.zeros(len(NAMES))
    else:
        length = 1 if along is None or not along.correlated else min(along.reach, x.size // 3) or 1
        count = max(x.size // length, 2)
        starts = rng.integers(0, x.size, (RESAMPLES, -(-x.size // length)))
        index = (starts[:, :, None] + np.arange(length)) % x.size
        draws = _numbers(x[index.reshape(RESAMPLES, -1)[:, : x.size]])
        skewness = _acceleration(x) if length == 1 else np.zeros(len(NAMES))
    low, high = _ends(draws, estimate, skewness, count)
    if x.size < FEW and names.size in (1, x.size):
        _widened(low, high, estimate, x.size)
    return {n: (float(e), float(a), float(b)) for n, e, a, b in zip(NAMES, estimate, low, high)}


def _widened(low: FloatArray, high: FloatArray, estimate: FloatArray, n: int) -> None:
    """The standard deviation's interval, at least as wide as chi-square's of normal values."""
    from scipy.special import chdtri

    sd = NAMES.index("sd")
    upper, lower = (math.sqrt((n - 1) / float(chdtri(n - 1, q))) for q in (0.975, 0.025))
    low[sd] = min(low[sd], lower * estimate[sd])
    high[sd] = max(high[sd], upper * estimate[sd])


def _numbers(x: FloatArray) -> FloatArray:
    """The numbers of :data:`NAMES` for each row of ``x``, shape (len(NAMES), rows)."""
    mean, sd = x.mean(axis=1), x.std(axis=1, ddof=1)
    with np.errstate(all="ignore"):
        cv = sd / np.abs(mean)
    q = np.quantile(x, LEVELS, axis=1)
    return np.vstack([mean, sd, cv, q])


def _acceleration(x: FloatArray) -> FloatArray:
    """Skewness of the numbers, by leaving out one value after the other."""
    n = x.size
    if n > JACKKNIFE or n < 4:
        return np.zeros(len(NAMES))
    rest = np.array([np.delete(x, k) for k in range(n)])
    left = _numbers(rest)
    d = left.mean(axis=1, keepdims=True) - left
    power = np.sum(d**2, axis=1)
    with np.errstate(all="ignore"):
        a = np.sum(d**3, axis=1) / (6.0 * power**1.5)
    return np.where(np.isfinite(a), a, 0.0)


def _ends(
    draws: FloatArray, estimate: FloatArray, skewness: FloatArray, count: int
) -> tuple[FloatArray, FloatArray]:
    from scipy.special import ndtr, ndtri, stdtrit

    reach = float(stdtrit(count - 1, 0.975)) * math.sqrt(count / (count - 1))
    below = np.mean(draws < estimate[:, None], axis=1) + 0.5 * np.mean(
        draws == estimate[:, None], axis=1
    )
    bias = ndtri(np.clip(below, 1.0 / RESAMPLES, 1 - 1.0 / RESAMPLES))
    ends = []
    for sign in (-1.0, 1.0):
        z = bias + sign * reach
        level = ndtr(bias + z / np.maximum(1.0 - skewness * z, 1e-3))
        ends.append(
            np.array(
                [
                    np.nanquantile(row, p) if np.isfinite(row).any() else math.nan
                    for row, p in zip(draws, level)
                ]
            )
        )
    return ends[0], ends[1]
