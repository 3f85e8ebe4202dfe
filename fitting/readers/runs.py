"""Series of pulses side by side, a column each, headed by a word and a running number: ``rmp1,rmp2``.

What was read after each pulse is not written there; columns end where their series ends.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers.columns import Column
from fitting.readers.dialect import COMMA, TAB, Dialect
from fitting.readers.headers import Heading, parse_heading
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import FloatArray, below, of_arrays
from fitting.readers.traces import traces_of

NAME = "table of runs"
LACKS = "no heading of one word with running numbers, such as run1,run2,run3"
LEAST: Final = 3
_WORD: Final = re.compile(r"(?P<word>[A-Za-z_ ]+?)[_ #]?(?P<number>\d+)")


def _dialect(line: str) -> Dialect:
    return next((d for d in (TAB, Dialect(";")) if d.delimiter and d.delimiter in line), COMMA)


def recognise(source: Source) -> bool:
    """Whether the first line is one word with running numbers, and no quantity's name."""
    first = source.first_lines(1)
    cells = _dialect(first[0]).cells(first[0]) if first else []
    found = [_WORD.fullmatch(c) for c in cells]
    if len(cells) < LEAST or not all(found):
        return False
    words = {m["word"] for m in found if m}
    numbers = [int(m["number"]) for m in found if m]
    known = any(parse_heading(c).quantity for c in cells)
    return len(words) == 1 and not known and bool(np.all(np.diff(numbers) == 1))


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace a column: the values after each pulse, in the file's own unit."""
    head = next(k for k, line in enumerate(source.lines) if line.strip())
    dialect = _dialect(source.lines[head])
    table = below(source, head, dialect)
    if reading.columns is not None:
        return traces_of(source, table, reading, NAME)
    rows = [
        [c.strip() for c in source.lines[int(k)].split(dialect.delimiter)] for k in table.places
    ]
    result: list[Trace] = []
    for k, heading in enumerate(table.headings):
        numbers = [_number(row, k, dialect) for row in rows]
        if None in numbers:
            bad = numbers.index(None)
            raise DataFileError(
                f"{source.where(int(table.places[bad]))}: column {k + 1} ({heading}) holds "
                f"'{rows[bad][k][:30]}' where a number is expected: correct or remove that line",
                code="non_numeric",
            )
        values = np.array(numbers, dtype=float)
        data = of_arrays([heading], [_ended(values)], source)
        columns = {"signal": Column(0, Heading(heading, "signal", None))}
        said = (
            "no unit and no quantity is written: the values are taken as they stand, one a pulse",
        )
        meta = {"varied": {"run": heading}}
        result += traces_of(source, data, reading, NAME, columns=columns, meta=meta, assumed=said)
    return result


def _number(row: list[str], index: int, dialect: Dialect) -> float | None:
    """The cell's number, NaN where the series has ended, None for a text."""
    cell = row[index] if index < len(row) else ""
    return dialect.number(cell) if cell else np.nan


def _ended(values: FloatArray) -> FloatArray:
    """The values down to the last that is there."""
    good = np.flatnonzero(np.isfinite(values))
    return values[: int(good[-1]) + 1] if good.size else values[:0]
