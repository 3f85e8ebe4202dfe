"""Plain delimited text: commas, semicolons, tabs or blanks, headings with or without units."""

from __future__ import annotations

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import tables
from fitting.readers.traces import traces_of

NAME = "delimited text"
LACKS = "no table with a heading that names a voltage (or time) and a current (or signal)"
GENERIC = True
"""Asked last; the others are asked in any order, since one of them at most recognises a file."""


def recognise(source: Source) -> bool:
    """Every text: the last reader asked says itself what is missing."""
    return source.kind == "text" and bool(source.lines)


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace a table.

    Raises
    ------
    DataFileError
        With the line and the column.
    """
    try:
        several = tables(source)
    except DataFileError:
        several = tables(source, least=1) if _values_only(source) else []
        if not several:
            raise
    return [trace for table in several for trace in traces_of(source, table, reading, NAME)]


def _values_only(source: Source) -> bool:
    """Whether the file is one column of numbers, as R&S oscilloscopes and cell lists have it."""
    some = source.first_lines(50)
    return len(some) > 1 and sum(_is_number(line) for line in some[1:]) == len(some) - 1


def _is_number(line: str) -> bool:
    try:
        float(line.strip().rstrip(",;"))
    except ValueError:
        return False
    return True
