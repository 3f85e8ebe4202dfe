"""HP / Agilent 4155 and 4156 ASCII: ``"VCE=",0.0001,"to",1``, ``"NO.","VCE","IC"``, a row of units.

Values may be strings with units; steps of VAR2 are stacked.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any, Final

import numpy as np

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers.columns import picked
from fitting.readers.dialect import COMMA
from fitting.readers.headers import parse_heading, parse_unit
from fitting.readers.heading_rows import with_units
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import FloatArray, Table, below, of_arrays
from fitting.readers.traces import traces_of

NAME = "HP 4155/4156 ASCII"
LACKS = 'no heading that begins with "NO."'
_VALUE: Final = re.compile(r"([-+0-9.eE]+)\s*([a-zA-Z\u00b5\u03bc]*)")


def _head(source: Source) -> int | None:
    for k, line in enumerate(source.lines[:500]):
        if line.lstrip().startswith(('"NO."', "NO.")) and len(COMMA.cells(line)) > 2:
            return k
    return None


def recognise(source: Source) -> bool:
    """Whether a heading begins with ``"NO."``."""
    return _head(source) is not None


def _value(cell: str, factor: float) -> float | None:
    """``0.001`` times the factor of its column's unit, ``"1.5 V"`` or ``"100uA"`` by their own."""
    match = _VALUE.fullmatch(cell.strip())
    if match is None:
        return COMMA.number(cell)
    number, unit = COMMA.number(match[1]), parse_unit(match[2]) if match[2] else None
    if number is None or (match[2] and unit is None):
        return None
    return number * (factor if unit is None else unit[2])


def _units(table: Table, row: list[str]) -> list[tuple[str, str, float] | None]:
    """The unit of each column: of the row of units, else of the first value that is a string with one."""
    first = table.cells(int(table.places[0])) if len(table.places) else []
    units = []
    for k in range(len(table.headings)):
        match = _VALUE.fullmatch(first[k]) if k < len(first) else None
        units.append(parse_unit(row[k] if k < len(row) and row[k] else match[2] if match else ""))
    return units


def _sweeps(source: Source, head: int) -> list[tuple[str, list[str]]]:
    """Name and the rest of each line such as ``"VCE=",0.0001,"to",1``, VAR1 first."""
    lines = [COMMA.cells(line) for line in source.lines[:head]]
    return [(c[0].rstrip("= "), c[1:]) for c in lines if len(c) > 1 and c[0].rstrip().endswith("=")]


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace for each step of VAR2.

    Raises
    ------
    DataFileError
        Codes ``non_numeric``, ``no_columns``, ``ambiguous_columns``.
    """
    head = _head(source)
    assert head is not None
    names = COMMA.cells(source.lines[head])
    below_ = (
        [c.strip() for c in source.lines[head + 1].replace('"', "").split(",")]
        if head + 1 < len(source.lines)
        else []
    )
    row = below_ if below_ and all(not c or parse_unit(c) for c in below_) else []
    table = below(source, head, COMMA, skip=1 if row else 0)
    units = _units(table, row)
    headings = with_units(names, [u[1] if u else "" for u in units])  # the columns are in SI then
    arrays = [
        _column(source, table, k, name, unit[2] if unit else 1.0)
        for k, (name, unit) in enumerate(zip(names, units, strict=True))
    ]
    data = of_arrays(headings, arrays, source)
    data = Table(headings, source.lines, table.places, COMMA, head, data.arrays)
    sweeps = _sweeps(source, head)
    columns = (
        None
        if reading.columns is not None
        else picked(data, **_places(source, data, names, sweeps))
    )
    result: list[Trace] = []
    for part, held in _steps(data, sweeps, names):
        meta: dict[str, Any] = {"varied": held} if held else {}
        result += traces_of(source, part, reading, NAME, columns=columns, meta=meta)
    return result


def _column(source: Source, table: Table, index: int, name: str, factor: float) -> FloatArray:
    values = np.empty(len(table.places))
    for k, row in enumerate(table.places):
        cells = table.cells(int(row))
        value = _value(cells[index], factor) if index < len(cells) else None
        if value is None:
            found = f"'{cells[index][:30]}'" if index < len(cells) else "nothing"
            raise DataFileError(
                f"{source.where(int(row))}: column {index + 1} ({name}) holds {found} where a number "
                "is expected: correct or remove that line",
                code="non_numeric",
            )
        values[k] = value
    return values


def _places(
    source: Source, table: Table, names: list[str], sweeps: list[tuple[str, list[str]]]
) -> dict[str, int]:
    """The swept voltage (VAR1) and the only current, or the current of the same terminal."""
    kinds = [parse_heading(text).quantity for text in table.headings]
    voltages = [k for k, q in enumerate(kinds) if q == "voltage"]
    currents = [k for k, q in enumerate(kinds) if q in ("current", "abs_current")]
    first = sweeps[0][0] if sweeps else None
    if first in names and names.index(str(first)) in voltages:
        voltages = [names.index(str(first))]
    if len(currents) > 1 and len(voltages) == 1:
        terminal = names[voltages[0]][1:2]
        own = [k for k in currents if names[k][1:2] == terminal]
        currents = own if len(own) == 1 else currents
    if len(voltages) != 1 or len(currents) != 1:
        shown = ", ".join(f"{k + 1}: '{h}'" for k, h in enumerate(table.headings))
        raise DataFileError(
            f"{source.where(table.first)}: this reads as {NAME} with the columns {shown}: say which "
            "voltage and current are meant with --columns voltage=2,current=3",
            code="ambiguous_columns" if voltages and currents else "no_columns",
        )
    return {"voltage": voltages[0], "current": currents[0]}


def _steps(
    table: Table, sweeps: list[tuple[str, list[str]]], names: list[str]
) -> list[tuple[Table, dict[str, Any]]]:
    """The table, one part for each step of VAR2 with its value."""
    assert table.arrays is not None
    number, total = table.arrays[0], len(table.places)
    edges = [0, *(np.flatnonzero(np.diff(number) <= 0) + 1).tolist(), total]
    name = sweeps[1][0] if len(sweeps) > 1 else None
    if (
        len(edges) == 2 and total > 1 and name in names
    ):  # numbered through: VAR2's own column tells the steps
        second = table.arrays[names.index(str(name))]
        jump = np.abs(np.diff(second)) > 1e-6 * max(float(np.ptp(second)), 1e-30)
        edges = [0, *(np.flatnonzero(jump) + 1).tolist(), total]
    if len(edges) == 2:
        return [(table, {})]
    result = []
    for k, (a, b) in enumerate(pairwise(edges)):
        value: Any = float(table.arrays[names.index(str(name))][a]) if name in names else k + 1
        result.append((table.rows(slice(a, b)), {name or "step": value}))
    return result
