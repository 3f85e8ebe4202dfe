"""A decay as it was measured: what is fitted of it, and how its readings scatter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.data import Trace
from compactmodels.errors import FitRefused, InputError
from fitting.diagnostics import Warned
from fitting.readers.checks import check_finite, check_points, check_swept

FloatArray = NDArray[np.float64]

LEAST_POINTS: Final = 6
MOST_POINTS: Final = 4000
"""Beyond, a record is thinned: 4000 points fix a time constant to a tenth of their scatter in %."""
RISES: Final = 3.0
"""Rank correlation of signal and time, in standard deviations of that of noise."""
FLOOR_SHOWS: Final = 6.0
"""Gain in the log-likelihood of the scatter that makes its constant part real."""
DECADES: Final = 30.0
"""Last time over first from which neighbours in the logarithm of time are compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What is fitted.

    Parameters
    ----------
    t, y : (n,) arrays
        Time [s], rising, and the signal, its start above 0, in units of ``size``.
    used : (N,) bool array
        Which points of the trace they are.
    size : float
        One unit of y in the signal's own unit.
    sign : float
        -1 where the trace was reversed.
    scale : float
        Where the readings' scatter stops being a share of the signal, in units of y; 0: nowhere.
    scatter : float
        Of the readings about their neighbours, as a share of ``weight``.
    warnings : tuple of Warned
    """

    t: FloatArray
    y: FloatArray
    used: NDArray[np.bool_]
    size: float
    sign: float
    scale: float
    scatter: float
    warnings: tuple[Warned, ...]

    @property
    def weight(self) -> FloatArray:
        """(n,) What a residual is measured against: the signal, or the scale where that is larger."""
        size: FloatArray = np.hypot(self.y, self.scale)
        return size

    @property
    def span(self) -> float:
        """Seconds from the first to the last point."""
        return float(self.t[-1] - self.t[0])


def where(trace: Trace) -> str:
    """The beginning of a sentence about a trace: its file."""
    name = trace.meta.get("file")
    return "" if name is None else f"'{name}': "


def record_of(trace: Trace, *, singular: bool) -> Record:
    """The points that a fit uses.

    Parameters
    ----------
    trace : Trace
    singular : bool
        Whether t = 0 is no point of some law.

    Raises
    ------
    DataFileError, InputError
        Not finite, one point, zero throughout, no time.
    FitRefused
        Codes ``too_few_points``, ``rises``.
    """
    check_finite(trace)
    check_points(trace)
    if trace.time is None:
        raise InputError(
            f"{where(trace)}there is no time: a decay needs time and signal; name the columns with "
            "--columns time=1,signal=2",
            code="no_time",
        )
    check_swept(Trace(trace.time, None, trace.current, meta=trace.meta))
    said: list[Warned] = []
    used = trace.time > 0 if singular else trace.time >= 0
    if np.any(~used):
        said.append(
            Warned(
                "time_masked",
                f"{np.count_nonzero(~used)} point(s) at t {'<=' if singular else '<'} 0 left out: time "
                f"counts from the end of the stimulus{', and a power law has no t = 0' if singular else ''}",
            )
        )
    if np.count_nonzero(used) < LEAST_POINTS:
        raise FitRefused(
            f"{where(trace)}{np.count_nonzero(used)} of {len(trace)} points are usable, {LEAST_POINTS} "
            "are needed: " + ("; ".join(w.message for w in said) or "measure more points"),
            code="too_few_points",
        )
    used = _thinned(trace.time, used, said)
    index = np.flatnonzero(used)
    back = int(np.count_nonzero(np.diff(trace.time[index]) < 0))
    if back:
        said.append(Warned("time_sorted", f"time runs back {back} time(s): the points were sorted"))
    index = index[np.argsort(trace.time[index], kind="stable")]
    t, y = trace.time[index], trace.current[index]
    sign = _sign(y)
    if sign < 0:
        said.append(
            Warned("negative_signal", "the signal is negative: it was reversed for the fit")
        )
    y = sign * y
    _check_falls(trace, y)
    positive = y[y > 0]
    size = float(np.exp(np.mean(np.log(positive))))
    scale, scatter = noise_of(t, y / size)
    if scale > 0:
        below = int(np.count_nonzero(y < scale * size))
        said.append(
            Warned(
                "noise_floor",
                f"the scatter stays the same below {scale * size:.3g} ({below} of {y.size} points, "
                f"{np.count_nonzero(y <= 0)} of them not above 0): residuals are asinh there instead of "
                "logarithms",
            )
        )
    return Record(t, y / size, used, size, sign, scale, scatter, tuple(said))


def _sign(y: FloatArray) -> float:
    """That of the larger end of the record."""
    few = max(3, y.size // 20)
    first, last = float(np.mean(y[:few])), float(np.mean(y[-few:]))
    return 1.0 if (first if abs(first) >= abs(last) else last) > 0 else -1.0


def _thinned(time: FloatArray, used: NDArray[np.bool_], said: list[Warned]) -> NDArray[np.bool_]:
    """At most :data:`MOST_POINTS`, half of them evenly in the order, half in the logarithm, of time."""
    index = np.flatnonzero(used)
    if index.size <= MOST_POINTS:
        return used
    order = index[np.argsort(time[index], kind="stable")]
    t = time[order]
    even = np.linspace(0, order.size - 1, MOST_POINTS // 2).astype(int)
    first = t[t > 0][0]
    early = np.searchsorted(t, np.geomspace(first, t[-1], MOST_POINTS // 2)).clip(0, t.size - 1)
    kept = np.zeros_like(used)
    kept[order[np.union1d(even, early)]] = True
    said.append(
        Warned(
            "thinned",
            f"{np.count_nonzero(kept)} of {index.size} points were used, half of them evenly spaced in "
            "time and half in its logarithm; the errors are those of the points used",
        )
    )
    return kept


def _check_falls(trace: Trace, y: FloatArray) -> None:
    """Refuse a signal that grows: by ranks, which no noise distribution misleads."""
    from scipy.stats import rankdata

    ranks = rankdata(y)
    if np.ptp(ranks) == 0:
        return
    rho = float(np.corrcoef(ranks, np.arange(y.size))[0, 1])
    quarter = max(2, y.size // 4)
    if rho * math.sqrt(y.size - 1) > RISES and np.mean(y[-quarter:]) > np.mean(y[:quarter]):
        raise FitRefused(
            f"{where(trace)}the signal grows (rank correlation with time {rho:.2f}): a decay falls from "
            "the end of the stimulus on; cut the record there, or check the columns with --columns",
            code="rises",
        )


def noise_of(t: FloatArray, y: FloatArray) -> tuple[float, float]:
    """How the readings scatter.

    The scatter is what a parabola through four neighbours leaves (a third divided difference); its
    variance is taken as proportional to level^2 + scale^2, and the scale is the most likely one.  With
    it asinh(y/scale) scatters alike everywhere (Durbin et al., Bioinformatics 18, S105 (2002),
    doi:10.1093/bioinformatics/18.suppl_1.S105).

    Parameters
    ----------
    t, y : (n,) arrays
        Time, rising, and signal.

    Returns
    -------
    scale : float
        Signal at which the scatter turns from a constant into a share of the signal; 0: it is a share.
    scatter : float
        Root mean square, as a share of hypot(y, scale); 0 where nothing tells it.
    """
    signed = bool(np.any(y <= 0))
    top = float(np.max(np.abs(y)))
    least = float(np.min(np.abs(y[y != 0])))
    x = np.log(t) if t[0] > 0 and t[-1] > DECADES * t[0] else t
    difference, level = _third_differences(x, y)
    difference = np.hypot(difference, _step(y) / math.sqrt(12.0))
    if difference.size < 5 or not np.any(difference):
        return (top if signed else 0.0), 0.0
    scale = likeliest_scale(difference, level, least, top, logarithm=not signed)
    size = np.maximum(np.hypot(level, scale), 1e-3 * least)
    return scale, float(np.sqrt(np.mean((difference / size) ** 2)))


def likeliest_scale(
    scatter: FloatArray, level: FloatArray, least: float, most: float, *, logarithm: bool
) -> float:
    """The scale between ``least`` and ``most`` that makes the scatter most likely.

    Parameters
    ----------
    scatter, level : (n,) arrays
        Deviations and the signal they deviate from.
    least, most : float
        Where it is looked for.
    logarithm : bool
        Whether 0, a scatter proportional to the level, is the choice unless it is clearly worse.
    """
    scales = np.geomspace(0.1 * least, most, 80)
    variance = level**2 + scales[:, None] ** 2
    share = np.mean(scatter**2 / variance, axis=1)
    loss = 0.5 * np.sum(np.log(variance), axis=1) + 0.5 * scatter.size * np.log(share)
    best = int(np.argmin(loss))
    if not logarithm:
        return float(scales[best])
    floor = np.maximum(level**2, (1e-3 * least) ** 2)
    bare = 0.5 * float(np.sum(np.log(floor))) + 0.5 * scatter.size * math.log(
        float(np.mean(scatter**2 / floor))
    )
    return float(scales[best]) if bare - loss[best] > FLOOR_SHOWS else 0.0


def _step(y: FloatArray) -> float:
    """The converter's step, where the readings repeat so often that they must be its multiples."""
    levels = np.unique(y)
    return float(np.min(np.diff(levels))) if 1 < levels.size < y.size / 2 else 0.0


def _third_differences(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What four neighbours deviate from a parabola by, at unit variance, and their mean."""
    points = np.stack([x[k : x.size - 3 + k] for k in range(4)])
    values = np.stack([y[k : y.size - 3 + k] for k in range(4)])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        gaps = points[:, None, :] - points[None, :, :] + np.eye(4)[:, :, None]
        weights = 1.0 / np.prod(gaps, axis=1)
        weights = weights / np.sqrt(np.sum(weights**2, axis=0))
    good = np.all(np.isfinite(weights), axis=0)
    return np.sum(weights * values, axis=0)[good], np.mean(values, axis=0)[good]
