"""Ramps of one direction side by side: on common pulses, each between its own ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from fitting.candidate import EXTRA
from fitting.plasticity_trains import Trains
from fitting.problem import FloatArray

CONTINUED: Final = 1.05
"""Of the shortest ramp's length, at most, when ramps of several lengths are fitted together."""
SEVERAL: Final = 6
"""Ramps from which on a drift is told from scatter, and each ramp's own ends from the noise within it."""
AT_AN_END: Final = 8
"""Readings, at most, from which a ramp's own start and end are taken."""


@dataclass(frozen=True, slots=True, eq=False)
class Ramps:
    """Ramps of one direction on common pulses.

    Parameters
    ----------
    table : (m, n) array
        Each ramp, in the signal's unit.
    lengths : (m,) array
        Readings of each as measured.
    levelled : bool
        Whether each ended at a level and not after a number of pulses: then its readings stand at the
        share of its own pulses.
    starts, ends : (m,) arrays
        What each differs from the mean ramp at its start and end.
    rest : (m, n) array
        What it differs besides: the noise within a ramp (its ends too, for fewer than ``SEVERAL`` ramps).
    """

    table: FloatArray
    lengths: FloatArray
    levelled: bool
    starts: FloatArray
    ends: FloatArray
    rest: FloatArray

    @property
    def mean(self) -> FloatArray:
        """The mean ramp."""
        out: FloatArray = self.table.mean(axis=0)
        return out

    @property
    def tied(self) -> bool:
        """Whether ``rest`` is 0 at both ends."""
        return len(self.table) >= SEVERAL


def side_by_side(ramps: Sequence[FloatArray]) -> Ramps:
    """Ramps of any lengths on common pulses."""
    lengths = np.array([float(r.size) for r in ramps])
    levelled = ended_at_a_level(ramps)
    table = _stretched(ramps) if levelled else _rectangle(ramps)
    rest = _deviations(ramps, table.mean(axis=0)) if levelled else table - table.mean(axis=0)
    near = max(1, min(AT_AN_END, table.shape[1] // 4))
    starts, ends = rest[:, :near].mean(axis=1), rest[:, -near:].mean(axis=1)
    if len(table) >= SEVERAL:
        share = _share(table.mean(axis=0))
        rest = rest - starts[:, None] * (1.0 - share) - ends[:, None] * share
        # how the shape drifts is no noise; what the drift takes of the noise with it is given back
        rest = without_drift(rest) * np.sqrt((len(table) - 1) / (len(table) - 3))
    return Ramps(table, lengths, levelled, starts, ends, rest)


def ended_at_a_level(ramps: Sequence[FloatArray]) -> bool:
    """Whether the last readings scatter less than those after a common number of pulses, at 99 %."""
    from scipy.special import fdtri

    sizes = [r.size for r in ramps]
    if len(ramps) < SEVERAL or min(sizes) == max(sizes):
        return False
    last, common = (
        without_drift(np.array([r[k - 1] for r, k in zip(ramps, counts)]))
        for counts in (sizes, [min(sizes)] * len(sizes))
    )
    dof = len(ramps) - 3
    return float(common @ common) > float(fdtri(dof, dof, EXTRA)) * float(last @ last)


def without_drift(values: FloatArray) -> FloatArray:
    """Values (m, ...) of successive ramps less a constant and what goes with k and with ln k."""
    k = np.arange(1.0, len(values) + 1.0)
    drift = np.array([np.ones_like(k), k, np.log(k)][: 3 if k.size >= SEVERAL else 1]).T
    out: FloatArray = values - drift @ np.linalg.lstsq(drift, values, rcond=None)[0]
    return out


def _share(mean: FloatArray) -> FloatArray:
    """How far the mean ramp has gone from its start to its end; even steps where it goes nowhere."""
    span = float(mean[-1] - mean[0])
    if abs(span) < 0.5 * float(np.ptp(mean)):
        return np.linspace(0.0, 1.0, mean.size)
    out: FloatArray = (mean - mean[0]) / span
    return out


def _stretched(ramps: Sequence[FloatArray]) -> FloatArray:
    """Each ramp at the shares of its own pulses, of as many as the median ramp has."""
    share = np.linspace(0.0, 1.0, int(np.median([r.size for r in ramps])))
    return np.array([np.interp(share, np.linspace(0.0, 1.0, r.size), r) for r in ramps])


def _deviations(ramps: Sequence[FloatArray], mean: FloatArray) -> FloatArray:
    """Readings less the mean ramp at the same share of the pulses.

    The nearest readings as they are: between two of them lies less noise than on either.
    """
    share = np.linspace(0.0, 1.0, mean.size)
    out = np.empty((len(ramps), mean.size))
    for row, ramp in zip(out, ramps):
        nearest = np.round(share * (ramp.size - 1)).astype(np.intp)
        row[:] = ramp[nearest] - np.interp(nearest / (ramp.size - 1), share, mean)
    return out


def _rectangle(ramps: Sequence[FloatArray]) -> FloatArray:
    """Ramps cut to a length that half of them reach, a little beyond the shortest at most.

    A ramp that ends before is continued by the mean step of those that go on: the mean of those alone
    would jump, and a mean that ends with the shortest ramp would miss the end of the window.
    """
    sizes = [r.size for r in ramps]
    length = min(sizes)
    if len(ramps) > 2:
        length = min(int(np.median(sizes)), int(length * CONTINUED))
    table = np.full((len(ramps), length), np.nan)
    for row, ramp in zip(table, ramps):
        row[: ramp.size] = ramp[:length]
    steps = np.nanmean(np.diff(table, axis=1), axis=0)
    for row, size in zip(table, sizes):
        row[size:] = row[min(size, length) - 1] + np.cumsum(steps[size - 1 :])
    return table


def in_turn(trains: Trains) -> tuple[str, list[FloatArray]]:
    """Which direction came first, and all ramps in their order.

    The order is the one in which ramps begin nearer to where the one before ended.
    """
    up, down = list(trains.up), list(trains.down)
    orders = {}
    for name, (first, second) in (("ltp", (up, down)), ("ltd", (down, up))):
        ramps = [r for pair in zip(first, second) for r in pair]
        ramps += first[len(second) : len(second) + 1]
        orders[name] = ramps
    possible = ["ltp"] if len(up) > len(down) else ["ltd"] if len(down) > len(up) else list(orders)
    best = min(possible, key=lambda name: float(np.sum(gaps(orders[name]) ** 2)))
    return best, orders[best]


def gaps(ramps: Sequence[FloatArray]) -> FloatArray:
    """First reading of each ramp less the last of the one before."""
    return np.array([b[0] - a[-1] for a, b in pairwise(ramps)])


def read_before(trains: Trains) -> bool:
    """Whether each ramp's first reading is where the one before ended: taken before any pulse.

    The ramps begin within half of their first step of the end of the one before, on average in
    each direction.
    """
    if len(trains.up) < SEVERAL or len(trains.down) < SEVERAL:
        return False
    first, ramps = in_turn(trains)
    between = gaps(ramps)
    for k, own in enumerate(
        (trains.down, trains.up) if first == "ltp" else (trains.up, trains.down)
    ):
        step = abs(float(np.mean([r[1] - r[0] for r in own])))
        if abs(float(np.mean(between[k::2]))) > 0.5 * step:
            return False
    return True
