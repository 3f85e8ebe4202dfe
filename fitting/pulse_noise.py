"""What the noise of pulse trains is made of: read noise, memory, walk, ends, drift, pace, steps.

The variance of the difference of two readings is a sum of known functions of their distance, one
for each part, so that their variances follow by non-negative least squares.  The intervals come from
trains that are drawn from the result and estimated again (parametric bootstrap).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.pulse_noise import CycleNoise, RampNoise

FloatArray = NDArray[np.float64]

REPEATS: Final = 100
"""Trains that are drawn for the intervals ..."""
DRAWN: Final = 3_000_000
"""... and readings in all of them; no fewer than 20 trains."""
MOST_TERMS: Final = 8
"""Of an autoregression."""
EARNED: Final = 1.1
"""Factor by which a part has to lower the misfit to be kept."""


def lags_of(n: int) -> NDArray[np.int64]:
    """Distances at which a train of n readings is looked at: up to a third of it."""
    most = max(3, n // 3)
    lags: NDArray[np.int64] = np.unique(np.round(np.geomspace(1, most, 18)).astype(np.int64))
    return lags


def structure_function(deviations: FloatArray, lags: NDArray[np.int64]) -> FloatArray:
    """Mean square of the differences of readings ``lags`` apart, over all ramps.

    Parameters
    ----------
    deviations : (m, n) array
        Ramps less their law or mean.
    """
    return np.array([float(np.mean((deviations[:, k:] - deviations[:, :-k]) ** 2)) for k in lags])


def estimate_ramp_noise(
    deviations: FloatArray, *, mean_removed: bool, tied: float = math.inf, seed: int = 0
) -> RampNoise:
    """The noise within ramps, with 95 % intervals.

    Parameters
    ----------
    deviations : (m, n) array
        Ramps less the law (one ramp), or less their mean.
    mean_removed : bool
        Whether the ramps' own mean was taken off, which takes 1/m of the variance with it.
    tied : float
        Pulses of a ramp whose own start and end were taken off as well.
    seed : int

    Returns
    -------
    RampNoise
        In the deviations' unit; a part that the record does not show is 0.
    """
    m, n = deviations.shape
    lags = lags_of(n)
    share = 1.0 - 1.0 / m if mean_removed and m > 1 else 1.0
    found = _parts(structure_function(deviations, lags) / share, lags, m, n, tied)
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(max(20, min(REPEATS, DRAWN // (m * n)))):
        again = np.array([found.draw(n, rng, tied) for _ in range(m)])
        if mean_removed and m > 1:
            again = again - again.mean(axis=0)
        else:
            again = again - _straight(again)
        drawn.append(_parts(structure_function(again, lags) / share, lags, m, n, tied))
    spans = {}
    for name in ("white", "correlated", "memory", "walk"):
        values = [getattr(d, name) for d in drawn]
        low, middle, high = (float(q) for q in np.quantile(values, (0.025, 0.5, 0.975)))
        if getattr(found, name) > 0.0 and not (name == "memory" and found.correlated == 0.0):
            bias = middle - getattr(found, name)
            spans[name] = (max(low - bias, 0.0), high - bias)
    return replace(found, intervals=spans)


def _straight(ramps: FloatArray) -> FloatArray:
    """What a law with free ends takes out of noise: about a straight line."""
    n = ramps.shape[1]
    t = np.linspace(-1.0, 1.0, n)
    slope = ramps @ t / float(t @ t)
    out: FloatArray = ramps.mean(axis=1, keepdims=True) + slope[:, None] * t
    return out


def _parts(
    structure: FloatArray, lags: NDArray[np.int64], m: int, n: int, tied: float
) -> RampNoise:
    """Variances of the parts, non-negative, with as few parts as the structure function needs."""
    from scipy.optimize import nnls

    far = lags.astype(np.float64)
    weight = np.sqrt(m * (n - far) / far) / structure  # pairs that do not overlap, relative error
    columns = {"white": np.full(far.size, 2.0), "walk": far * (1.0 - far / tied)}
    best = _solve(nnls, columns, structure, weight)
    chosen, memory = best, 1.0
    for tried in np.geomspace(1.5, max(n / 8, 2.0), 10):
        more = {**columns, "correlated": 2.0 * -np.expm1(-far / tried)}
        found = _solve(nnls, more, structure, weight)
        if found[1] * EARNED < best[1] and found[1] < chosen[1]:
            chosen, memory = found, float(tried)
    root = {name: math.sqrt(v) for name, v in chosen[0].items()}
    return RampNoise(root["white"], root.get("correlated", 0.0), memory, root["walk"])


def _solve(
    nnls: Callable[..., Any],
    columns: dict[str, FloatArray],
    structure: FloatArray,
    weight: FloatArray,
) -> tuple[dict[str, float], float]:
    design = np.array(list(columns.values())).T * weight[:, None]
    solution, norm = nnls(design, structure * weight)
    return dict(zip(columns, map(float, solution))), float(norm) ** 2


def estimate_cycle_noise(offsets: FloatArray, within: float, *, seed: int = 0) -> CycleNoise | None:
    """Ends of successive ramps: their drift, size and autocorrelation; None for fewer than 6.

    Parameters
    ----------
    offsets : (m,) array
        Deviation of each ramp at its end, in the order of measurement.
    within : float
        Variance that the noise within a ramp puts on such a value.
    seed : int
    """
    if offsets.size < 6:
        return None
    found = _cycle(offsets, within)
    rng = np.random.default_rng(seed)
    noise = math.sqrt(within)
    drawn = [
        _cycle(
            found.draw(rng.standard_normal(offsets.size + 1))
            + noise * rng.standard_normal(offsets.size),
            within,
            found.drift_law,
        )
        for _ in range(REPEATS)
    ]
    spans = {}
    for name in ("offset", "autocorrelation", "drift"):
        values = [getattr(d, name) for d in drawn]
        low, high = (float(q) for q in np.quantile(values, (0.025, 0.975)))
        centre = getattr(found, name)
        spans[name] = (2 * centre - high, 2 * centre - low)
    low, high = spans["offset"]
    spans["offset"] = (max(low, 0.0), high)
    low, high = spans["autocorrelation"]
    spans["autocorrelation"] = (max(low, -1.0), min(high, 1.0))
    return replace(found, intervals=spans)


def _cycle(offsets: FloatArray, within: float, law: str | None = None) -> CycleNoise:
    k = np.arange(1, offsets.size + 1, dtype=np.float64)
    fits = {}
    for name, x in (("linear", k), ("logarithmic", np.log(k))):
        dx = x - x.mean()
        drift = float(dx @ offsets) / float(dx @ dx)
        fits[name] = (drift, offsets - offsets.mean() - drift * dx)
    name = law or min(fits, key=lambda n: float(np.sum(fits[n][1] ** 2)))
    drift, rest = fits[name]
    m = offsets.size
    variance = float(rest @ rest) / max(m - 2, 1)
    own = max(variance - within, 0.0)
    lag1 = float(rest[1:] @ rest[:-1]) / max(m - 3, 1)
    rho = min(max(lag1 / own, -0.98), 0.98) if own > 0 else 0.0
    # taking mean and drift off makes successive offsets look less alike (Kendall's bias, twice)
    rho = min(rho + (2.0 + 4.0 * rho) / m, 0.98) if rho > 0 else rho
    return CycleNoise(math.sqrt(own), rho, drift, name, m)


def together(up: FloatArray, down: FloatArray, first: CycleNoise, second: CycleNoise) -> float:
    """Correlation of the ends of the two directions about their drifts, ramp by ramp."""
    n = min(up.size, down.size)
    a, b = (
        x[:n] - x[:n].mean() - noise.trend(n) + noise.trend(n).mean()
        for x, noise in ((up, first), (down, second))
    )
    power = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / power if power > 0 else 0.0


def pace_of(lengths: FloatArray) -> tuple[float, tuple[float, float]]:
    """Relative standard deviation of the numbers of pulses of ramps, and its 95 % interval."""
    from scipy.special import chdtri

    pace, dof = float(np.std(lengths, ddof=1) / np.mean(lengths)), lengths.size - 1
    low, high = (pace * math.sqrt(dof / float(chdtri(dof, q))) for q in (0.025, 0.975))
    return pace, (low, high)


def autoregression_of(series: FloatArray) -> tuple[float, ...]:
    """Coefficients of an autoregressive series with mean 0 (Yule and Walker); as many as AICc allows.

    Brockwell & Davis, Time Series (1991), sections 8.1 and 9.3.
    """
    from scipy.linalg import solve_toeplitz

    n = series.size
    powers = np.array([float(series[j:] @ series[: n - j]) / n for j in range(MOST_TERMS + 1)])
    if powers[0] <= 0.0:
        return ()
    best: tuple[float, tuple[float, ...]] = (math.log(powers[0]) + aicc_price(n, 0), ())
    for order in range(1, min(MOST_TERMS, n // 8) + 1):
        keep = solve_toeplitz(powers[:order], powers[1 : order + 1])
        left = powers[0] - float(keep @ powers[1 : order + 1])
        criterion = math.log(max(left, 1e-300)) + aicc_price(n, order)
        best = min(best, (criterion, tuple(map(float, keep))))
    return best[1]


def aicc_price(n: int, order: int) -> float:
    """What an autoregression of that order costs, over n."""
    return 2.0 * (order + 1) / (n - order - 2)


def quantum_of(values: FloatArray) -> float:
    """The step of the instrument: the distance whose multiples all readings are; 0 where there is none."""
    levels = np.unique(values)
    if levels.size < 3 or levels.size > 0.6 * values.size:
        return 0.0
    gaps = np.diff(levels)
    span = float(levels[-1] - levels[0])
    step = float(np.quantile(gaps[gaps > 1e-6 * span], 0.1))
    for _ in range(3):  # sharpen by the longer distances
        counts = np.round((levels - levels[0]) / step)
        if counts[-1] < 2:
            return 0.0
        step = float((levels - levels[0]) @ counts / (counts @ counts))
    off = np.abs((levels - levels[0]) / step - np.round((levels - levels[0]) / step))
    return step if float(np.mean(off)) < 0.1 else 0.0
