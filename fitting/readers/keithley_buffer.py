"""Keithley touch-screen models' buffer CSV: ``Index,Reading,Unit,...,Value,Unit,...``.

``Reading`` is measured, ``Value`` sourced, each with a unit of its own in the next column ``Unit``;
the time is split over Date, Time and Fractional Seconds; the index restarts at each appended save.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import numpy as np

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers.columns import picked
from fitting.readers.dialect import COMMA
from fitting.readers.headers import parse_unit
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import FloatArray, Table, below, of_arrays
from fitting.readers.traces import traces_of

NAME = "Keithley buffer CSV"
LACKS = "no heading Index,Reading,Unit"
_DATES: Final = ("%m/%d/%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S")


def _heads(source: Source) -> list[int]:
    return [
        k
        for k, line in enumerate(source.lines)
        if line.startswith(("Index", '"Index"')) and COMMA.cells(line)[1:3] == ["Reading", "Unit"]
    ]


def recognise(source: Source) -> bool:
    """Whether a heading begins with Index, Reading, Unit."""
    return bool(_heads(source))


def _unit(text: str) -> tuple[str, str, float] | None:
    """(quantity, SI unit, factor) of ``Amp DC``, ``Volt`` or ``mA``."""
    return parse_unit(text.split()[0]) if text.split() else None


def _ends(cells: list[str]) -> bool:
    """Whether another save begins: its settings, or its heading."""
    return cells[0] in ("Index", "Style")


def _times(cells: list[list[str]], headings: tuple[str, ...]) -> FloatArray | None:
    """Seconds from the first row; None where they cannot be told."""
    if "Relative Time" in headings:
        k = headings.index("Relative Time")
        numbers = [COMMA.number(row[k]) if k < len(row) else None for row in cells]
        return None if None in numbers else np.array(numbers, dtype=float)
    if not {"Date", "Time"} <= set(headings):
        return None
    day, hour = headings.index("Date"), headings.index("Time")
    part = headings.index("Fractional Seconds") if "Fractional Seconds" in headings else None
    for pattern in _DATES:
        try:
            whole = [datetime.strptime(f"{row[day]} {row[hour]}", pattern) for row in cells]
            more = [float(row[part]) if part is not None else 0.0 for row in cells]
        except (ValueError, IndexError):
            continue
        return np.array([(t - whole[0]).total_seconds() + f - more[0] for t, f in zip(whole, more)])
    return None


def _pieces(source: Source, table: Table) -> list[Table]:
    """The table, cut where its index starts anew."""
    index = table.column(source, 0, "Index")
    cuts = np.flatnonzero(np.diff(index) <= 0) + 1
    edges = [0, *cuts.tolist(), len(index)]
    return [table.rows(slice(a, b)) for a, b in pairwise(edges) if b > a]


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace for each save; volts and amperes by their units.

    Raises
    ------
    DataFileError
        Codes ``no_columns`` (reading and source are not a voltage and a current), ``not_data``.
    """
    result: list[Trace] = []
    for head in _heads(source):
        for piece in _pieces(source, below(source, head, COMMA, stop=_ends)):
            if reading.columns is not None:
                result += traces_of(source, piece, reading, NAME)
            else:
                result += _trace(source, piece, reading)
    if not result:
        raise DataFileError(f"'{source.path}' is a {NAME} without a row", code="not_data")
    return result


def _trace(source: Source, table: Table, reading: Reading) -> list[Trace]:
    cells = [table.cells(int(k)) for k in table.places]
    values: dict[str, FloatArray] = {}
    names: dict[str, str] = {}
    for label, origin in (("Reading", "measured"), ("Value", "sourced")):
        if label not in table.headings:
            continue
        k = table.headings.index(label)
        unit = cells[0][k + 1] if k + 1 < len(cells[0]) else ""
        known = _unit(unit)
        if known is None or known[0] in values:
            continue
        mixed = [r for r, row in enumerate(cells) if row[k + 1 : k + 2] != [unit]]
        if mixed:
            raise DataFileError(
                f"{source.where(int(table.places[mixed[0]]))}: the unit of {label} changes from "
                f"'{unit}': save the measurements one by one",
                code="ambiguous_columns",
            )
        values[known[0]] = known[2] * table.column(source, k, label)
        names[known[0]] = f"{label}, {origin} ({known[1]})"
    times = _times(cells, table.headings)
    said = (
        ["times count from the first reading"] if times is not None else ["no time could be read"]
    )
    if times is not None:
        values["time"], names["time"] = times, "Date, Time, Fractional Seconds (s)"
    if not ({"voltage", "current"} <= set(values) or {"voltage", "resistance"} <= set(values)):
        raise DataFileError(
            f"{source.where(table.first)}: this reads as {NAME} with {', '.join(names.values()) or 'no unit'}: "
            "a voltage and a current are expected as Reading and Value; export the source values as well",
            code="no_columns",
        )
    data = of_arrays(list(names.values()), list(values.values()), source)
    data = Table(data.headings, data.lines, table.places, COMMA, table.first, data.arrays)
    choice = picked(data, **{kind: k for k, kind in enumerate(values)})
    meta: dict[str, Any] = {
        "voltage_is": "measured" if "measured" in names["voltage"] else "requested"
    }
    if "Source Limit" in table.headings:
        k = table.headings.index("Source Limit")
        meta["in_compliance"] = np.array(
            ["".join(row[k : k + 1]).upper()[:1] in ("T", "1") for row in cells]
        )
    return traces_of(source, data, reading, NAME, columns=choice, meta=meta, assumed=tuple(said))
