"""Tektronix oscilloscope CSV: TDS (header beside the data) and DPO, MSO, MDO (header above it)."""

from __future__ import annotations

from typing import Final

import numpy as np

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers.dialect import COMMA
from fitting.readers.heading_rows import with_units
from fitting.readers.reading import Reading
from fitting.readers.scope import channels
from fitting.readers.source import Source
from fitting.readers.table import FloatArray, Table, below, of_arrays

NAME = "Tektronix oscilloscope CSV"
LACKS = "neither Record Length beside the data nor Model, ... above TIME,CH1"
_HEADER: Final = 200


def _head(source: Source) -> int | None:
    """Index of ``TIME,CH1,...`` under a DPO's or MSO's header."""
    for k, line in enumerate(source.lines[:_HEADER]):
        if line.upper().startswith("TIME,") and k > 0:
            above = {COMMA.cells(s)[0].lower() for s in source.lines[:k] if COMMA.cells(s)}
            if "record length" in above and above & {"model", "firmware version"}:
                return k
    return None


def _beside(source: Source) -> bool:
    """Whether the first lines have a header in columns 1 to 3 and numbers in 4 and 5."""
    first = source.first_lines(2)
    if len(first) < 2 or not first[0].replace('"', "").startswith("Record Length"):
        return False
    cells = [[c.strip() for c in line.split(",")] for line in first]
    return all(
        len(c) >= 5 and COMMA.number(c[3]) is not None and COMMA.number(c[4]) is not None
        for c in cells
    )


def recognise(source: Source) -> bool:
    """Whether one of the two layouts stands at the top."""
    return _beside(source) or _head(source) is not None


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace of time and the channels.

    Raises
    ------
    DataFileError
        Code ``non_numeric``: a row without its numbers.
    """
    head = _head(source)
    if head is None:
        return channels(source, _tds(source), reading, NAME)
    table = below(source, head, COMMA)
    units = _units(source, head, len(table.headings))
    return channels(source, table.titled(with_units(table.headings, units)), reading, NAME)


def _units(source: Source, head: int, width: int) -> list[str]:
    """Seconds, and what ``Vertical Units`` says of each channel, volts where it does not."""
    units = ["s", *(["V"] * (width - 1))]
    for line in source.lines[:head]:
        cells = [c.strip() for c in line.split(",")]
        if cells[0].lower() == "vertical units":
            for k, unit in enumerate(cells[1:width], start=1):
                units[k] = unit or "V"
    return units


def _tds(source: Source) -> Table:
    """Time and channels of each six columns, of which the first three are the header's."""
    rows = [k for k, line in enumerate(source.lines) if line.strip()]
    first = source.lines[rows[0]].split(",")
    blocks = [k for k in range(0, len(first), 6) if k + 4 < len(first) and first[k + 3].strip()]
    header: list[dict[str, str]] = [{} for _ in blocks]
    values = np.empty((2 * len(blocks), len(rows)))
    for j, k in enumerate(rows):
        cells = [c.strip().strip('"') for c in source.lines[k].split(",")]
        for b, start in enumerate(blocks):
            if cells[start : start + 1] != [""] and len(cells) > start + 1:
                header[b][cells[start].lower()] = cells[start + 1]
            for part in (0, 1):
                text = cells[start + 3 + part] if start + 3 + part < len(cells) else ""
                number = COMMA.number(text)
                if number is None:
                    raise DataFileError(
                        f"{source.where(k)}: column {start + 4 + part} holds '{text[:30]}' where a number "
                        "is expected: correct or remove that line",
                        code="non_numeric",
                    )
                values[2 * b + part, j] = number
    arrays: list[FloatArray] = [values[0], *(values[2 * b + 1] for b in range(len(blocks)))]
    names = ["Time (s)"]
    for b, h in enumerate(header):
        names.append(f"{h.get('source', f'CH{b + 1}')} ({h.get('vertical units', 'V') or 'V'})")
    made = of_arrays(names, arrays, source)
    return Table(made.headings, source.lines, np.array(rows), COMMA, rows[0], made.arrays)
