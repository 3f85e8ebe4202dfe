"""Cells of an array, a row each: address, then its values cycle by cycle, without a heading."""

from __future__ import annotations

from typing import Final

import numpy as np

from compactmodels.data import Trace
from fitting.readers.columns import Column
from fitting.readers.headers import Heading
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import of_arrays, sniff, tables
from fitting.readers.traces import traces_of

NAME = "table of cells"
LACKS = "no rows of a whole-numbered address and many positive values"
LEAST: Final = 20
"""Columns from which on a row is a cell's history and no point of a sweep."""
_ROWS: Final = 8


def recognise(source: Source) -> bool:
    """Whether rows begin with addresses that count up by one, and long rows of fractions follow."""
    some = source.first_lines(_ROWS)
    if len(some) < 2 or len(some[0]) < 2 * LEAST or not some[0].lstrip()[:1].isdigit():
        return False
    dialect = sniff(source)
    if dialect is None:
        return False
    rows = [dialect.numbers(line) for line in some]
    if any(len(row) < LEAST or None in row for row in rows) or len({len(r) for r in rows}) > 1:
        return False
    values = np.array(rows, dtype=float)
    address, rest = values[:, 0], values[:, 1:]
    return bool(
        np.all(np.diff(address) == 1)
        and np.all(address == np.round(address))
        and np.all(rest > 0)
        and np.any(rest != np.round(rest))
    )


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace a cell, its values in the file's own unit."""
    result: list[Trace] = []
    for table in tables(source):
        if reading.columns is not None:
            result += traces_of(source, table, reading, NAME)
            continue
        columns = [table.column(source, k, f"column {k + 1}") for k in range(table.width)]
        values = np.column_stack(columns)
        for row in values:
            name = f"{row[0]:.0f}"
            data = of_arrays([f"cell {name}"], [row[1:]], source)
            meta = {"device": name, "varied": {"device": name}}
            said = ("a row a cell: its address, then its values in turn; no unit is written",)
            choice = {"signal": Column(0, Heading(f"cell {name}", "signal", None))}
            result += traces_of(
                source, data, reading, NAME, columns=choice, meta=meta, assumed=said
            )
    return result
