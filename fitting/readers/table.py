"""Delimited text as a table: which delimiter, which decimal sign, where the heading stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import DataFileError
from fitting.readers.dialect import COMMA, DIALECTS, Dialect, is_comment
from fitting.readers.heading_rows import heading_above
from fitting.readers.source import Source

FloatArray = NDArray[np.float64]

_SAMPLE: Final = 100
"""Lines at the top and at the end by which the dialect is judged."""
_PREAMBLE: Final = 20000
"""Lines among which the first data row must stand."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One block of numbers under one heading.

    Parameters
    ----------
    headings : tuple of str
        One a column; empty where the file has none.
    lines : sequence of str
        The file's.
    places : (n,) int array
        Which of the lines are rows of this table.
    dialect : Dialect
    first : int
        Line index of the heading (of the first row where there is none).
    arrays : tuple of (n,) arrays, optional
        The columns themselves, where a reader has worked them out already.
    """

    headings: tuple[str, ...]
    lines: Sequence[str]
    places: NDArray[np.int64]
    dialect: Dialect
    first: int
    arrays: tuple[FloatArray, ...] | None = None

    @property
    def width(self) -> int:
        """Number of columns."""
        if self.arrays is not None:
            return len(self.arrays)
        return max([len(self.headings), *(len(self.cells(int(k))) for k in self.places[:50])])

    def cells(self, place: int) -> list[str]:
        """The cells of the line at an index."""
        return self.dialect.cells(self.lines[place])

    def rows(self, which: slice | NDArray[np.bool_]) -> Table:
        """The same table with some of its rows only."""
        arrays = None if self.arrays is None else tuple(a[which] for a in self.arrays)
        return Table(
            self.headings, self.lines, self.places[which], self.dialect, self.first, arrays
        )

    def titled(self, headings: Sequence[str]) -> Table:
        """The same table under other headings."""
        return Table(
            tuple(headings), self.lines, self.places, self.dialect, self.first, self.arrays
        )

    def column(self, source: Source, index: int, label: str) -> FloatArray:
        """The numbers of one column (zero-based); NaN where the instrument wrote that it had none.

        Raises
        ------
        DataFileError
            A cell that is no number, or a missing one, with its line.
        """
        if self.arrays is not None:
            return self.arrays[index]
        quick = self._quick(index)
        if quick is not None:
            return quick
        values = np.empty(len(self.places))
        for k, row in enumerate(self.places):
            cells = self.cells(int(row))
            cell = cells[index] if index < len(cells) else ""
            value = self.dialect.number(cell)
            if value is None:
                found = f"'{cell[:30]}'" if cell else "nothing"
                raise DataFileError(
                    f"{source.where(int(row))}: column {index + 1} ({label}) holds {found} where a "
                    "number is expected: correct or remove that line",
                    code="non_numeric",
                )
            values[k] = value
        return values

    def _quick(self, index: int) -> FloatArray | None:
        """The column by NumPy's own parser; None where a cell is not plainly a number."""
        if not len(self.places):
            return np.empty(0)
        text: Iterator[str] = (self.lines[k] for k in self.places)
        if self.dialect.decimal == ",":
            text = (line.replace(".", "x").replace(",", ".") for line in text)
        try:
            found: FloatArray = np.loadtxt(
                text,
                delimiter=self.dialect.delimiter,
                usecols=index,
                comments=None,
                quotechar='"',
                ndmin=1,
            )
        except (ValueError, IndexError):
            return None
        return found if found.shape == self.places.shape else None


def of_arrays(headings: Sequence[str], arrays: Sequence[FloatArray], source: Source) -> Table:
    """A table of columns that a reader has worked out itself."""
    places = np.arange(len(arrays[0]) if arrays else 0)
    return Table(tuple(headings), source.lines, places, COMMA, 0, tuple(arrays))


def _score(dialect: Dialect, lines: list[str], least: int) -> tuple[int, int]:
    """(lines whose cells all are numbers, lines of which a third are)."""
    strict = loose = 0
    for line in lines:
        numbers = dialect.numbers(line)
        count = sum(n is not None for n in numbers)
        strict += count == len(numbers) and count >= least
        loose += count >= max(least, len(numbers) / 3)
    return strict, loose


def sniff(source: Source, least: int = 2) -> Dialect | None:
    """The dialect under which most lines are numbers; None where no line is.

    Parameters
    ----------
    least : int
        Numbers a data line needs.
    """
    head = islice((s for s in source.lines if s.strip() and not is_comment(s)), _SAMPLE)
    tail = source.lines[_SAMPLE:][-_SAMPLE:]
    sample = [*head, *(s for s in tail if s.strip() and not is_comment(s))]
    scored = [(_score(d, sample, least), -k, d) for k, d in enumerate(DIALECTS)]
    best = max(scored, key=lambda item: (item[0][0], item[0][1], item[1]))
    return best[2] if best[0][1] else None


def _is_data(dialect: Dialect, line: str, strict: bool, least: int) -> bool:
    if is_comment(line):
        return False
    numbers = dialect.numbers(line)
    count = sum(n is not None for n in numbers)
    return count >= least and (count == len(numbers) if strict else 3 * count >= len(numbers))


def _start(source: Source, dialect: Dialect, least: int) -> int | None:
    """Index of the first data row: two alike in succession, or the only one."""
    for strict in (True, False):
        last: tuple[int, int] | None = None
        for k, line in enumerate(source.lines[:_PREAMBLE]):
            if not _is_data(dialect, line, strict, least):
                continue
            width = len(dialect.cells(line))
            if last is not None and width == last[1] and k - last[0] <= 2:
                return last[0]
            last = (k, width)
        if last is not None:
            return last[0]
    return None


def tables(source: Source, least: int = 2) -> list[Table]:
    """The tables of a text file; a heading that stands there again starts another table.

    Parameters
    ----------
    least : int
        Numbers a data line needs.

    Raises
    ------
    DataFileError
        Code ``not_data`` where no line holds ``least`` numbers.
    """
    dialect = sniff(source, least)
    start = None if dialect is None else _start(source, dialect, least)
    if dialect is None or start is None:
        raise not_data(source)
    width = len(dialect.cells(source.lines[start]))
    head, headings, between = heading_above(source, dialect, start, width)
    opening = source.lines[head : head + between + 1] if headings else ()
    repeats = {line.strip() for line in opening}
    result: list[Table] = []
    rows: list[int] = []

    def close() -> None:
        if rows:
            result.append(Table(headings, source.lines, np.array(rows), dialect, head))
        rows.clear()

    for k in range(head + len(opening), len(source.lines)):
        line = source.lines[k].strip()
        if line in repeats:
            close()
        elif line and not is_comment(line):
            rows.append(k)
    close()
    return result


def below(
    source: Source,
    head: int,
    dialect: Dialect,
    *,
    stop: Callable[[list[str]], bool] | None = None,
    skip: int = 0,
) -> Table:
    """The table under a heading whose line is known; whatever stands there belongs to it.

    Parameters
    ----------
    head : int
        Index of the heading's line.
    stop : callable, optional
        Whether a row's cells are the first that do not belong to the table.
    skip : int
        Lines between heading and data.
    """
    rows: list[int] = []
    for k in range(head + 1 + skip, len(source.lines)):
        cells = dialect.cells(source.lines[k])
        if not cells:
            continue
        if stop is not None and stop(cells):
            break
        rows.append(k)
    headings = tuple(dialect.cells(source.lines[head]))
    return Table(headings, source.lines, np.array(rows, dtype=np.int64), dialect, head)


def not_data(source: Source) -> DataFileError:
    """The refusal of a text without numbers."""
    first = next((line.strip() for line in source.lines if line.strip()), "")
    place = f", sheet '{source.sheet}'," if source.sheet else ""
    return DataFileError(
        f"'{source.path}'{place} holds no table of numbers (it begins with '{first[:40]}'): a "
        "measurement needs lines of at least two numbers, such as voltage and current",
        code="not_data",
    )
