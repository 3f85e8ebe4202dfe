"""Rigol oscilloscope CSV: ``CH1,CH2,Start,Increment,`` without a time, or ``X,CH1,...`` with an index."""

from __future__ import annotations

import numpy as np

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers.dialect import COMMA
from fitting.readers.reading import Reading
from fitting.readers.scope import channels
from fitting.readers.source import Source
from fitting.readers.table import Table, below, of_arrays
from fitting.readers.traces import traces_of

NAME = "Rigol oscilloscope CSV"
LACKS = "no heading CH1,...,Start,Increment"


def recognise(source: Source) -> bool:
    """Whether the first line names channels, Start and Increment."""
    first = source.first_lines(1)
    cells = COMMA.cells(first[0]) if first else []
    return {"Start", "Increment"} <= set(cells) and any(c.startswith(("CH", "MATH")) for c in cells)


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace of time (start and increment) and the channels.

    Raises
    ------
    DataFileError
        Code ``no_columns``: start or increment is no number.
    """
    head = next(k for k, line in enumerate(source.lines) if line.strip())
    names = COMMA.cells(source.lines[head])
    second = source.lines[head + 1] if head + 1 < len(source.lines) else ""
    units = [c.strip() for c in second.split(",")]
    step = COMMA.number(units[names.index("Increment")]) if len(units) >= len(names) else None
    start = COMMA.number(units[names.index("Start")]) if step is not None else None
    if start is None or not step:
        raise DataFileError(
            f"{source.where(head + 1)}: Start and Increment are expected below their names: export "
            "again, or name the columns with --columns and give --interval S",
            code="no_columns",
        )
    table = below(source, head, COMMA, skip=1)
    places = [k for k, n in enumerate(names) if n.startswith(("CH", "MATH"))]  # no logic channels
    arrays = [table.column(source, k, names[k]) for k in places]
    index = np.arange(len(table.places), dtype=float)
    headings = ["Time (s)", *(f"{names[k]} ({units[k].strip('()')})" for k in places)]
    made = of_arrays(headings, [start + step * index, *arrays], source)
    data = Table(made.headings, source.lines, table.places, COMMA, head, made.arrays)
    if reading.columns is not None:
        return traces_of(source, data, reading, NAME)
    return channels(source, data, reading, NAME)
