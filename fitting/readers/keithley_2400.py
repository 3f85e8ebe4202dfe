"""Keithley 2400 family: readings of five numbers, voltage, current, resistance, time and status.

+9.91e37 stands for what was not measured, the status is 24 bits as a decimal number (bit 3: in
compliance), and the timer starts anew at 99 999.999 s.
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers.columns import picked
from fitting.readers.dialect import COMMA, TAB
from fitting.readers.headers import parse_heading
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import FloatArray, Table
from fitting.readers.traces import traces_of

NAME = "Keithley 2400 readings"
LACKS = "no rows of five signed numbers with 9.91E+37 or a status at the end"
_SIGNED: Final = re.compile(r"[+-]\d\.\d+E[+-]\d{2}")
_FIELDS: Final = ("Voltage (V)", "Current (A)", "Resistance (ohm)", "Time (s)", "Status")
_COMPLIANCE: Final = 8
_ROLL: Final = 99999.999
_MISSING: Final = 9.91e37


def _cells(line: str) -> list[str]:
    return (TAB if "\t" in line else COMMA).cells(line)


def _is_head(line: str) -> bool:
    """Whether a script's heading names the five in the instrument's order."""
    kinds = [parse_heading(cell).quantity for cell in _cells(line)]
    return kinds == ["voltage", "current", "resistance", "time", None]


def recognise(source: Source) -> bool:
    """Whether the first lines hold readings of five signed numbers and nothing but a heading."""
    some = source.first_lines(6)
    if some and _is_head(some[0]):
        some = some[1:]
    if not some:
        return False
    for line in some:
        cells = _cells(line)
        if not cells or len(cells) % 5 or not all(_SIGNED.fullmatch(c) for c in cells):
            return False
    cells = _cells(some[0])
    status = float(cells[4])
    return status == int(status) and 0 <= status < 2**24 and float(cells[3]) <= _ROLL + 1


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace; the resistance gives the current where that was not measured.

    Raises
    ------
    DataFileError
        Codes ``non_numeric``, ``no_columns``.
    """
    values: list[list[float | None]] = []
    places: list[int] = []
    for k, line in enumerate(source.lines):
        cells = _cells(line)
        if not cells or (not places and _is_head(line)):
            continue
        numbers = [COMMA.number(c) for c in cells]
        if len(numbers) % 5 or None in numbers:
            raise DataFileError(
                f"{source.where(k)}: five numbers a reading are expected, {len(numbers)} cells were "
                "found: correct or remove that line",
                code="non_numeric",
            )
        values += [numbers[j : j + 5] for j in range(0, len(numbers), 5)]
        places += [k] * (len(numbers) // 5)
    columns = np.array(values, dtype=float).T
    arrays = (columns[0], columns[1], columns[2], _unrolled(columns[3]), columns[4])
    table = Table(_FIELDS, source.lines, np.array(places), COMMA, 0, arrays)
    if reading.columns is not None:
        return traces_of(source, table, reading, NAME)
    have = [not np.all(c >= 0.99 * _MISSING) for c in columns]
    choice = {"voltage": 0}
    if have[1]:
        choice["current"] = 1
    elif have[2]:
        choice["resistance"] = 2
    if not have[0] or len(choice) < 2:
        raise DataFileError(
            f"'{source.path}' reads as {NAME} without a {'voltage' if not have[0] else 'current'} "
            "(9.91e37 throughout): store both elements",
            code="no_columns",
        )
    if have[3]:
        choice["time"] = 3
    status = np.where(columns[4] < 2**24, columns[4], 0).astype(np.int64)
    meta: dict[str, Any] = {"in_compliance": (status & _COMPLIANCE) > 0}
    said = ["five numbers a reading: voltage, current, resistance, time, status"]
    if have[3] and np.any(np.diff(columns[3]) < 0):
        said.append("the timer started anew: 99 999.999 s were added")
    return traces_of(
        source,
        table,
        reading,
        NAME,
        columns=picked(table, **choice),
        meta=meta,
        assumed=tuple(said),
    )


def _unrolled(time: FloatArray) -> FloatArray:
    """Times that run on where the timer started anew."""
    back = np.diff(time, prepend=time[:1]) < -0.5 * _ROLL
    return time + _ROLL * np.cumsum(back)
