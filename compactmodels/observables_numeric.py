"""The arithmetic of observables: crossings, straight lines, an exponential fitted to a record."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LONGEST: Final = 1000.0
"""Time constant in lengths of the record beyond which there is no decay to be seen."""


def crossings(
    x: FloatArray, y: FloatArray, rising: bool | None, most: int | None = None
) -> list[float]:
    """Where y passes 0: upwards, downwards, or (None) either way or by touching it; the first ``most``.

    A direction is that of a smooth signal, whose crossing is refined between the points; without one
    the signal is a voltage, straight between them.
    """
    good = np.isfinite(y)
    x, y = x[good], y[good]
    if rising is None:
        hits = np.flatnonzero((y[:-1] * y[1:] <= 0) & (y[:-1] != y[1:]))
    else:
        up = y if rising else -y
        hits = np.flatnonzero((up[:-1] < 0) & (up[1:] >= 0))
    out: list[float] = []
    for k in hits:
        if most is not None and len(out) >= most:
            break
        at = float(x[k] + (x[k + 1] - x[k]) * y[k] / (y[k] - y[k + 1]))
        if rising is not None and x[k + 1] > x[k]:
            at = _refined(x, y, float(x[k]), float(x[k + 1]), at)
        if not out or at - out[-1] > 1e-12 * max(abs(at), float(x[-1] - x[0])):
            out.append(at)
    return out


def _refined(x: FloatArray, y: FloatArray, low: float, high: float, straight: float) -> float:
    """Where the cubic between two points passes 0; the straight line's answer where it does not."""
    from scipy.optimize import brentq

    ends = interpolate(np.array([low, high]), x, y)
    if not ends[0] * ends[1] < 0:
        return straight
    curve = interpolator(np.array([low, high]), x, y)
    return float(brentq(curve, low, high, xtol=1e-14 * high, rtol=1e-12))


def interpolator(at: FloatArray, x: FloatArray, y: FloatArray) -> Any:
    """The monotone cubic through the points about ``at`` [as x]; x may repeat itself at corners."""
    from scipy.interpolate import PchipInterpolator

    first = max(int(np.searchsorted(x, np.min(at), "left")) - 4, 0)
    last = int(np.searchsorted(x, np.max(at), "right")) + 4
    x, y = x[first:last], y[first:last]
    good = np.isfinite(y)
    own, index = np.unique(x[good], return_index=True)
    if own.size < 2 or not own[0] <= np.min(at) <= np.max(at) <= own[-1] * (1 + 1e-9):
        return lambda t: np.interp(t, x, y)  # NaN where the signal has no value
    return PchipInterpolator(own, y[good][index])


def interpolate(at: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """A smooth signal between its points: monotone cubic (Fritsch & Carlson, SIAM J. Numer. Anal. 17,
    238 (1980), doi:10.1137/0717021), so that a coarse record gives a fine reading.
    """
    return np.asarray(interpolator(at, x, y)(np.clip(at, x[0], x[-1])), dtype=float)


def straight_line(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Slope and intercept of a straight line, by least squares."""
    mean = float(np.mean(x))
    d = x - mean
    slope = float(d @ (y - np.mean(y)) / (d @ d))
    return slope, float(np.mean(y)) - slope * mean


def exponential(t: FloatArray, y: FloatArray, floor: float | None) -> tuple[float, float]:
    """tau [s] and A of y = floor + A exp(-t/tau); NaN where there is no decay.

    With a known floor a straight line through ln|y - floor|; else least squares in y, in which the
    floor and A are linear and only tau is searched.
    """
    if floor is not None:
        rest = y - floor
        if np.any(rest * rest[0] <= 0):
            return math.nan, math.nan
        slope, level = straight_line(t, np.log(np.abs(rest)))
        if slope >= -1 / (LONGEST * (t[-1] - t[0])):
            return math.nan, math.nan
        return -1 / slope, math.copysign(math.exp(level), rest[0])
    from scipy.optimize import minimize_scalar

    size = float(np.ptp(y))
    if size <= 1e-12 * float(np.max(np.abs(y))):
        return math.nan, math.nan
    z = (y - y[-1]) / size

    def line(log_tau: float) -> tuple[float, float]:
        return straight_line(np.exp(-(t - t[0]) / math.exp(log_tau)), z)

    def cost(log_tau: float) -> float:
        a, b = line(log_tau)
        rest = z - b - a * np.exp(-(t - t[0]) / math.exp(log_tau))
        return float(rest @ rest)

    low, high = math.log((t[1] - t[0]) / 5), math.log(30 * (t[-1] - t[0]))
    grid = np.linspace(low, high, 25)
    k = int(np.argmin([cost(x) for x in grid]))
    if k in (0, grid.size - 1):
        return math.nan, math.nan
    best = minimize_scalar(
        cost, bounds=(grid[k - 1], grid[k + 1]), method="bounded", options={"xatol": 1e-10}
    )
    tau = math.exp(float(best.x))
    return tau, line(float(best.x))[0] * size * math.exp(t[0] / tau)


def shortfall(best: float, threshold: float, rising: bool) -> float:
    """How far the best value lies from the threshold: the logarithm of the ratio, or a share of it."""
    if best * threshold > 0:
        return abs(math.log(threshold / best))
    missing = threshold - best if rising else best - threshold
    return abs(missing) / max(abs(threshold), abs(best), 1e-300)
