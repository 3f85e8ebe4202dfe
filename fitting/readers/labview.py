"""LabVIEW measurement file (LVM): two headers that end with ``***End_of_Header***``, then tabs.

``X_Columns`` says whether there is one time column, one a channel, or none; a file may hold several
segments, each with a header of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers.dialect import Dialect
from fitting.readers.headers import parse_heading, parse_unit
from fitting.readers.reading import Reading
from fitting.readers.scope import channels
from fitting.readers.source import Source
from fitting.readers.table import FloatArray, Table, below, of_arrays
from fitting.readers.traces import traces_of

NAME = "LabVIEW LVM"
LACKS = "its first line is not LabVIEW Measurement"
_END: Final = "***End_of_Header***"
_ANY: Final = re.compile(r"[\t,;]")
_SAMPLE: Final = 100
"""Rows of a segment that tell the decimal sign."""
_SEPARATORS: Final = {"tab": "\t", "comma": ",", "semicolon": ";"}


def recognise(source: Source) -> bool:
    """Whether the first line is ``LabVIEW Measurement``."""
    first = source.first_lines(1)
    return bool(first) and _ANY.split(first[0])[0].strip() == "LabVIEW Measurement"


def _entries(lines: tuple[str, ...], separator: str) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for line in lines:
        cells = [c.strip() for c in line.split(separator)]
        if cells[0]:
            result[cells[0]] = cells[1:]
    return result


def _decimal(lines: Sequence[str], separator: str) -> str:
    """A comma where a number has one, of a file that does not say."""
    comma = Dialect(separator, ",")
    cells = [cell for line in lines for cell in comma.cells(line) if "," in cell]
    return "," if any(comma.number(cell) is not None for cell in cells) else "."


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace a segment.

    Raises
    ------
    DataFileError
        Code ``not_data``: the headers are not complete.
    """
    ends = [k for k, line in enumerate(source.lines) if line.startswith(_END)]
    if not ends:
        raise DataFileError(
            f"'{source.path}' begins as {NAME} and is cut off before the end of its header",
            code="not_data",
        )
    pairs = [_ANY.split(line) for line in source.lines[: ends[0]]]
    word = next((p[1].strip() for p in pairs if p[0] == "Separator" and len(p) > 1), "Tab")
    separator = _SEPARATORS.get(word.lower(), "\t")
    head = _entries(source.lines[: ends[0]], separator)
    segments = ends[1:]
    if not segments:
        raise DataFileError(
            f"'{source.path}' begins as {NAME} and holds no segment of data", code="not_data"
        )
    written = next(iter(head.get("Decimal_Separator", [])), "")
    result: list[Trace] = []
    begin = ends[0] + 1
    for end in segments:
        entries = _entries(source.lines[begin:end], separator)
        names = end + 1
        said: tuple[str, ...] = ()
        decimal = written
        if decimal not in (".", ","):
            decimal = _decimal(source.lines[names + 1 : names + 1 + _SAMPLE], separator)
            said = (f"the decimal sign is not written: '{decimal}' is taken",)
        dialect = Dialect(separator, decimal)
        table = below(source, names, dialect, stop=_ends)
        mode = next(iter(head.get("X_Columns", [])), "One").lower()
        data = _channels(source, table, entries, mode, separator)
        result += _trace(source, data, reading, said)
        begin = int(table.places[-1]) + 1 if len(table.places) else names + 1
    return result


def _ends(cells: list[str]) -> bool:
    """Whether another segment's header begins."""
    return cells[0] == "Channels" or cells[0].startswith("***")


def _channels(
    source: Source, table: Table, entries: dict[str, list[str]], mode: str, separator: str
) -> Table:
    """Time and the channels, under headings with their units; comments are left out."""
    names = [c.strip() for c in source.lines[table.first].split(separator)]
    rows = [[c.strip() for c in source.lines[int(k)].split(separator)] for k in table.places]
    times = [k for k, n in enumerate(names) if n == "X_Value"]
    data = [k for k, n in enumerate(names) if n and n not in ("X_Value", "Comment")]
    units = entries.get("Y_Unit_Label", [])
    arrays = [_numbers(source, table, rows, k, names[k]) for k in data]
    headings = []
    for j, k in enumerate(data):
        unit = units[j] if j < len(units) else ""
        known = parse_unit(unit) or parse_unit(unit.rstrip("s"))
        headings.append(
            f"{names[k]} ({known[1]})"
            if known and parse_heading(names[k]).unit is None
            else names[k]
        )
    time = _numbers(source, table, rows, times[0], "X_Value") if times and mode != "no" else None
    if time is None:
        step = table.dialect.number(next(iter(entries.get("Delta_X", [])), ""))
        start = table.dialect.number(next(iter(entries.get("X0", [])), "")) or 0.0
        time = start + step * np.arange(len(rows), dtype=np.float64) if step else None
    if time is not None:
        arrays, headings = [time, *arrays], ["X_Value (s)", *headings]
    made = of_arrays(headings, arrays, source)
    return Table(made.headings, source.lines, table.places, table.dialect, table.first, made.arrays)


def _numbers(
    source: Source, table: Table, rows: list[list[str]], index: int, name: str
) -> FloatArray:
    values = np.empty(len(rows))
    for k, cells in enumerate(rows):
        number = table.dialect.number(cells[index]) if index < len(cells) else None
        if number is None:
            raise DataFileError(
                f"{source.where(int(table.places[k]))}: column {index + 1} ({name}) holds "
                f"'{cells[index][:30] if index < len(cells) else ''}' where a number is expected: "
                "correct or remove that line",
                code="non_numeric",
            )
        values[k] = number
    return values


def _trace(source: Source, table: Table, reading: Reading, said: tuple[str, ...]) -> list[Trace]:
    kinds = [parse_heading(text).quantity for text in table.headings]
    volts = kinds.count("voltage")
    if reading.columns is None and (volts != 1 or kinds.count("current") != 1) and volts:
        return channels(source, table, reading, NAME)
    return traces_of(source, table, reading, NAME, assumed=said)
