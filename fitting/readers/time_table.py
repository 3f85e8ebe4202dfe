"""Tab-separated ``Time  Voltage  Current`` tables (.dat) whose heading mixes tabs and blanks."""

from __future__ import annotations

from compactmodels.data import Trace
from fitting.readers.columns import ColumnOption
from fitting.readers.delimited import trace_of
from fitting.readers.source import Source
from fitting.readers.table import tables

NAME = "time-voltage-current table"


def recognise(source: Source) -> bool:
    """Whether the first line is the three words, however they are separated by blanks."""
    first = next((line for line in source.lines if line.strip()), "")
    return first.lower().split() == ["time", "voltage", "current"]


def read(source: Source, columns: ColumnOption = None) -> list[Trace]:
    """One trace; seconds, volts and amperes are assumed, and said."""
    return [trace_of(source, table, columns, NAME) for table in tables(source)]
