"""Whether a record shows a memory at all: the same voltage, another current."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import FitRefused
from fitting.dynamics_records import Record

FloatArray = NDArray[np.float64]

APART: Final = 5
"""Points that lie between two passes of a voltage."""
BESIDE: Final = 0.02
"""Of the voltage's range: how near in voltage the points of two passes have to be."""
SMALL: Final = 1e-3
"""Decades that are no memory, however quiet the readings."""
TIMES: Final = 3.0
"""Scatters by which the currents of two passes have to differ."""


def check_memory(records: Sequence[Record], *, alone: bool) -> None:
    """Refuse records in which no state can be seen to move.

    Parameters
    ----------
    records : sequence of Record
    alone : bool
        Whether no card says what the device conducts, so that one pass of each voltage is not enough.

    Raises
    ------
    FitRefused
        Code ``no_switching``.
    """
    seen = [difference_of(r) for r in records]
    if all(found is None for found in seen):
        if not alone:
            return
        raise FitRefused(
            f"{_named(records)}every voltage is passed once, so what a state does cannot be told from "
            "what the device conducts: record the way back as well, or start from a card with --start",
            code="no_switching",
        )
    there = [found for found in seen if found is not None]
    if any(spread > max(SMALL, TIMES * math.sqrt(2.0) * scatter) for spread, scatter in there):
        return
    spread, scatter = max(there)
    raise FitRefused(
        f"{_named(records)}the current is the same on every pass of a voltage, to {spread:.2g} decades "
        f"(the readings scatter by {scatter:.2g}): nothing switches here; fit the conduction with "
        "`fit iv`, or sweep further",
        code="no_switching",
    )


def difference_of(record: Record) -> tuple[float, float] | None:
    """Decades between passes of a voltage (95 of 100 pairs differ by less), and a reading's scatter.

    None where no voltage is passed twice.
    """
    used = np.flatnonzero(record.used)
    v, x = record.voltage[used], np.log10(np.abs(record.current[used]))
    reach = BESIDE * float(np.ptp(record.voltage)) or 1.0
    order = np.argsort(v, kind="stable")
    pairs = []
    # Neighbours in voltage, of which the nearest may be of the same pass; at a constant voltage all are.
    for step in sorted({1, 2, 3, max(v.size // 8, 1), max(v.size // 3, 1)}):
        a, b = order[:-step], order[step:]
        far = (np.abs(used[a] - used[b]) > APART) & (np.abs(v[a] - v[b]) <= reach)
        pairs.append(np.stack([a[far], b[far]]))
    a, b = np.concatenate(pairs, axis=1)
    if a.size < APART:
        return None
    slope = _slope(v, x, reach)
    apart = x[b] - x[a] - 0.5 * (slope[a] + slope[b]) * (v[b] - v[a])
    return float(np.quantile(np.abs(apart), 0.95)), _scatter(v, x, reach)


def _slope(v: FloatArray, x: FloatArray, reach: float) -> FloatArray:
    """Decades a volt along the record; 0 where the voltage stands still or jumps."""
    dv, dx = v[2:] - v[:-2], x[2:] - x[:-2]
    slope = np.zeros_like(v)
    moving = (np.abs(dv) > 1e-9 * reach) & (np.abs(dv) <= 4 * reach)
    slope[1:-1][moving] = dx[moving] / dv[moving]
    return slope


def _scatter(v: FloatArray, x: FloatArray, reach: float) -> float:
    """Standard deviation of a reading's logarithm, by second differences where the voltage creeps."""
    if v.size < 3:
        return 0.0
    bend = x[2:] - 2 * x[1:-1] + x[:-2]
    creeping = (np.abs(np.diff(v))[1:] <= reach) & (np.abs(np.diff(v))[:-1] <= reach)
    if np.count_nonzero(creeping) < APART:
        return 0.0
    return 1.4826 * float(np.median(np.abs(bend[creeping]))) / math.sqrt(6.0)


def _named(records: Sequence[Record]) -> str:
    files = sorted({r.file for r in records if r.file})
    return f"{', '.join(map(repr, files))}: " if files else ""
