"""Keithley TSP ``printbuffer`` output: a few long lines of numbers, `, ` or tabs between them.

Several buffers of one call stand interleaved on one line (reading, source value, time stamp, and
again); several calls give a line each.  Which buffers they were does not stand there.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from compactmodels.data import Trace
from compactmodels.errors import DataFileError, InputError
from fitting.readers.columns import parse_option
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import of_arrays
from fitting.readers.traces import traces_of

NAME = "TSP printbuffer output"
LACKS = "no long lines of numbers in exponential notation alone"
LEAST: Final = 12
"""Numbers on a line from which on it is a buffer and no row of a table."""
MOST_LINES: Final = 4
_NUMBER: Final = re.compile(r"[+-]?\d\.\d+e[+-]\d{2}", re.IGNORECASE)


def _lines(source: Source) -> list[list[str]]:
    return [re.split(r"\s*,\s*|\s*\t\s*", s.strip().strip(",")) for s in source.lines if s.strip()]


def recognise(source: Source) -> bool:
    """Whether the file is one to four long lines of numbers as printbuffer writes them."""
    if not 0 < len(source.lines) <= 2 * MOST_LINES:
        return False
    lines = _lines(source)
    return 0 < len(lines) <= MOST_LINES and all(
        len(cells) >= LEAST and all(_NUMBER.fullmatch(c) for c in cells) for cells in lines
    )


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace of the buffers that the caller names.

    Raises
    ------
    DataFileError
        Code ``ambiguous_columns``: which buffer is which was not said, or cannot fit.
    """
    lines = [[float(c) for c in cells] for cells in _lines(source)]
    if reading.columns is None:
        how = (
            "the buffers stand interleaved, and how many there are does not stand in the file"
            if len(lines) == 1
            else "each line is a buffer"
        )
        raise DataFileError(
            f"'{source.path}' reads as {NAME}: {how}; say which is which, all of them, in their order: "
            "--columns current=1,voltage=2 (or current=1,voltage=2,time=3)",
            code="ambiguous_columns",
        )
    if len(lines) == 1:
        width = len(parse_option(reading.columns))
        if len(lines[0]) % width:
            raise InputError(
                f"'{source.path}' holds {len(lines[0])} numbers, which do not make readings of {width}: "
                "name every buffer that was printed with --columns",
                code="bad_columns",
            )
        columns = list(np.array(lines[0]).reshape(-1, width).T)
        said = f"{width} buffers stand interleaved, as --columns names {width}"
    else:
        if len({len(numbers) for numbers in lines}) > 1:
            sizes = ", ".join(str(len(numbers)) for numbers in lines)
            raise DataFileError(
                f"'{source.path}' reads as {NAME} with buffers of unequal length ({sizes})",
                code="non_numeric",
            )
        columns = [np.array(numbers) for numbers in lines]
        said = "each line is a buffer"
    table = of_arrays([f"buffer {k + 1}" for k in range(len(columns))], columns, source)
    return traces_of(source, table, reading, NAME, assumed=(said,))
