"""Tab-separated ``Time  Voltage  Current`` tables (.dat) whose heading mixes tabs and blanks."""

from __future__ import annotations

from compactmodels.data import Trace
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import tables
from fitting.readers.traces import traces_of

NAME = "time-voltage-current table"
LACKS = "its first line is not the three words Time Voltage Current"


def recognise(source: Source) -> bool:
    """Whether the first line is the three words, however they are separated by blanks."""
    first = source.first_lines(1)
    return bool(first) and first[0].lower().split() == ["time", "voltage", "current"]


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace; seconds, volts and amperes are assumed, and said."""
    return [t for table in tables(source) for t in traces_of(source, table, reading, NAME)]
