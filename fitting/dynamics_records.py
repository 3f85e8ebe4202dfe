"""Whole records for a fit of dynamics: which points count, the instrument's offset, the area."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.data import Trace
from compactmodels.errors import FitRefused, InputError
from fitting.masks import at_origin
from fitting.readers import DataFile, read

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Source = str | os.PathLike[str] | DataFile | Trace

FLOOR_OF_OFFSET: Final = 2.0
"""Times the offset that a current must exceed to count, where no floor is given."""
FLOOR_OF_LARGEST: Final = 1e-9
"""Of the largest current: the floor of a record that shows no offset."""
LEAST_POINTS: Final = 20
MOST_POINTS: Final = 4000
"""Of a record; a longer one is thinned, but not where the voltage would no longer be the same."""
SHAPE: Final = 1e-3
"""Of the voltage's range, by which a thinned waveform may differ."""
PLATEAU: Final = 1e-4
"""Relative change of a current that stands at its compliance."""
PLATEAU_POINTS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A sweep or any other v(t), i(t) to be fitted.

    Parameters
    ----------
    time, voltage, current : (n,) float64
        [s], [V], [A]; as measured, the pauses of the instrument included.
    used : (n,) bool
        Points that count: above the floor and of the voltage's sign.
    offset : float
        Current at 0 V [A]: the instrument's, added to the model's.
    floor : float
        [A].
    area : float or None
        Of this contact [m^2], where several sizes are fitted together.
    trace : Trace
    remarks : tuple of str
        What was left out, and what was assumed.
    """

    time: FloatArray
    voltage: FloatArray
    current: FloatArray
    used: BoolArray
    offset: float
    floor: float
    area: float | None
    trace: Trace
    remarks: tuple[str, ...]

    @property
    def file(self) -> str | None:
        """Path of the file, if there is one."""
        return self.trace.meta.get("file")

    @property
    def name(self) -> str:
        """What the record is called in tables."""
        sweep = self.trace.meta.get("sweep")
        base = os.path.basename(self.file) if self.file else "trace"
        return f"{base}, sweep {sweep}" if sweep else base


def records_of(
    sources: Iterable[Source] | Source,
    *,
    floor: float | None = None,
    areas: Sequence[float] | None = None,
    most: float | None = None,
) -> list[Record]:
    """The records of several sources, in order.

    Parameters
    ----------
    sources : paths, DataFiles or traces
    floor : float, optional
        Smallest current that counts [A]; twice the instrument's offset unless given.
    areas : sequence of float, optional
        Area of each record's contact [m^2]; one for all or one each.
    most : float, optional
        Largest current that counts [A] (below a compliance that the voltage column ignores).

    Raises
    ------
    InputError
        Codes ``no_time`` (a record without times), ``bad_areas``.
    FitRefused
        Code ``too_few_points``.
    """
    several = (
        [sources] if isinstance(sources, (str, os.PathLike, DataFile, Trace)) else list(sources)
    )
    if not several:
        raise InputError("no record was given: name at least one file", code="no_data")
    traces: list[Trace] = []
    for source in several:
        traces += [source] if isinstance(source, Trace) else read(source).traces
    sizes: list[float | None] = [None] * len(traces)
    if areas:
        if len(areas) not in (1, len(traces)) or not all(math.isfinite(a) and a > 0 for a in areas):
            raise InputError(
                f"{len(areas)} area(s) were given for {len(traces)} record(s): one for all or one each, "
                "in m^2, above 0",
                code="bad_areas",
            )
        sizes = [float(a) for a in (areas if len(areas) > 1 else list(areas) * len(traces))]
    return [_record(t, floor, a, most) for t, a in zip(traces, sizes, strict=True)]


def _record(trace: Trace, floor: float | None, area: float | None, most: float | None) -> Record:
    where = f"'{trace.meta['file']}': " if trace.meta.get("file") else ""
    if trace.voltage is None:
        raise InputError(
            f"{where}the record has no voltage: a fit of dynamics needs time, voltage and current",
            code="no_voltage",
        )
    if trace.time is None:
        raise InputError(
            f"{where}the record has no time, and how far a state moves depends on it: say the time "
            "from row to row with --interval (interval=)",
            code="no_time",
        )
    order = np.all(np.diff(trace.time) >= 0)
    if not order:
        raise InputError(f"{where}the times run backwards", code="no_time")
    whole = len(trace)
    trace = trace.take(thinned(trace.time, trace.voltage))
    time, voltage, current = trace.time, trace.voltage, trace.current
    assert time is not None and voltage is not None
    rest = at_origin(voltage)
    offset = float(np.mean(current[rest])) if np.any(rest) else 0.0
    largest = float(np.max(np.abs(current)))
    if floor is None:
        floor = max(FLOOR_OF_OFFSET * abs(offset), FLOOR_OF_LARGEST * largest)
    remarks = [f"offset of {offset:.2g} A at 0 V added to the model's current"] if offset else []
    if len(trace) < whole:
        remarks.append(f"thinned from {whole} to {len(trace)} points; the waveform is kept")
    loud = np.abs(current) > floor
    wrong = loud & (current * voltage < 0)
    if np.any(wrong):
        remarks.append(f"{int(wrong.sum())} points of a sign against the voltage left out")
    used = loud & ~wrong & (voltage != 0)
    if most is not None:
        used &= np.abs(current) <= most
    flat = compliance(voltage, current)
    if np.any(flat & used):
        remarks.append(
            f"{int((flat & used).sum())} points at a constant {np.max(np.abs(current[flat])):.3g} A "
            "(compliance) kept with the voltage as recorded"
        )
    if int(used.sum()) < LEAST_POINTS:
        raise FitRefused(
            f"{where}{int(used.sum())} points above {floor:.2g} A: at least {LEAST_POINTS} are needed",
            code="too_few_points",
        )
    gaps = np.diff(time)
    usual = float(np.median(gaps))
    if np.any(gaps > 2 * usual):
        remarks.append(
            f"{int(np.sum(gaps > 2 * usual))} pauses of the instrument taken at their length"
        )
    return Record(time, voltage, current, used, offset, floor, area, trace, tuple(remarks))


def thinned(time: FloatArray, voltage: FloatArray) -> NDArray[np.intp]:
    """Indices of about :data:`MOST_POINTS` points that keep the waveform's shape."""
    if time.size <= MOST_POINTS:
        return np.arange(time.size)
    kept = np.unique(np.linspace(0, time.size - 1, MOST_POINTS).astype(np.intp))
    reach = SHAPE * float(np.ptp(voltage))
    for _ in range(60):  # points that the straight pieces miss join, the worst of each piece first
        off = np.abs(voltage - np.interp(time, time[kept], voltage[kept]))
        if not np.any(off > reach):
            break
        worst = [a + int(np.argmax(off[a:b])) for a, b in pairwise(kept) if b > a + 1]
        more = np.array([k for k in worst if off[k] > reach], dtype=np.intp)
        if more.size == 0:
            break
        kept = np.union1d(kept, more)
    return kept


def compliance(voltage: FloatArray, current: FloatArray) -> BoolArray:
    """Points at which the current stands still at its largest while the voltage moves on."""
    level = float(np.max(np.abs(current)))
    flat: BoolArray = np.abs(np.abs(current) - level) <= PLATEAU * level
    if int(flat.sum()) < PLATEAU_POINTS or np.ptp(voltage[flat]) == 0.0:
        return np.zeros(current.shape, dtype=bool)
    return flat
