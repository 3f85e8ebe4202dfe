"""Keysight oscilloscope CSV: ``x-axis,1,2`` over ``second,Volt,Volt``."""

from __future__ import annotations

from compactmodels.data import Trace
from fitting.readers.dialect import COMMA
from fitting.readers.heading_rows import with_units
from fitting.readers.reading import Reading
from fitting.readers.scope import channels
from fitting.readers.source import Source
from fitting.readers.table import below

NAME = "Keysight oscilloscope CSV"
LACKS = "its first line does not begin with x-axis"


def recognise(source: Source) -> bool:
    """Whether the first cell is ``x-axis``."""
    first = source.first_lines(2)
    return len(first) == 2 and COMMA.cells(first[0])[:1] == ["x-axis"]


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace of time and the channels."""
    head = next(k for k, line in enumerate(source.lines) if line.strip())
    table = below(source, head, COMMA, skip=1)
    names = ["Time", *(f"CH{n}" if n.isdigit() else n for n in table.headings[1:])]
    units = COMMA.cells(source.lines[head + 1])
    return channels(source, table.titled(with_units(names, units)), reading, NAME)
