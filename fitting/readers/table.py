"""Delimited text as a table: which delimiter, which decimal sign, where the heading stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import DataFileError
from fitting.readers.headers import parse_heading, parse_unit
from fitting.readers.source import Source

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?")
_NOT_FINITE = frozenset(
    {"nan", "inf", "+inf", "-inf", "infinity", "-infinity", "#ref", "#ref!", "overflow"}
)
_NOT_FINITE |= {"#n/a", "#value!", "#div/0!", "1.#ind", "-1.#ind", "1.#inf", "1.#qnan"}
_COMMENT = re.compile(r"\s*(?:#|%|//|!)")
_SAMPLE = 400


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a line falls into cells.

    Parameters
    ----------
    delimiter : str or None
        None: any run of blanks.
    decimal : str
        ``.`` or ``,``.
    """

    delimiter: str | None
    decimal: str = "."

    def cells(self, line: str) -> list[str]:
        """The stripped cells of one line; one empty cell after a trailing delimiter is dropped."""
        if self.delimiter is None:
            return line.split()
        cells = [cell.strip().strip('"').strip() for cell in line.split(self.delimiter)]
        while cells and not cells[-1]:
            cells.pop()
        return cells

    def number(self, cell: str) -> float | None:
        """The cell's number, NaN for what instruments write when they have none, None for text."""
        if self.decimal == ",":
            if "." in cell:
                return None
            cell = cell.replace(",", ".")
        cell = cell.replace("\N{MINUS SIGN}", "-")
        if _NUMBER.fullmatch(cell):
            return float(cell.replace("D", "e").replace("d", "e"))
        return float("nan") if cell.lower() in _NOT_FINITE else None

    def numbers(self, line: str) -> list[float | None]:
        """One entry a cell."""
        return [self.number(cell) for cell in self.cells(line)]


_DIALECTS = tuple(
    Dialect(delimiter, decimal)
    for decimal in (".", ",")
    for delimiter in ("\t", ";", ",", None)
    if not (delimiter == "," and decimal == ",")
)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One block of numbers under one heading.

    Parameters
    ----------
    headings : tuple of str
        One a column; empty where the file has none.
    rows : tuple of (int, list of str)
        Line index and cells of each data row.
    dialect : Dialect
    first : int
        Line index of the heading (of the first row where there is none).
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]
    dialect: Dialect
    first: int

    @property
    def width(self) -> int:
        """Number of columns."""
        return max([len(self.headings), *(len(cells) for _, cells in islice(self.rows, 50))])

    def column(self, source: Source, index: int, label: str) -> NDArray[np.float64]:
        """The numbers of one column (zero-based); NaN where the instrument wrote that it had none.

        Raises
        ------
        DataFileError
            A cell that is no number, or a missing one, with its line.
        """
        values = np.empty(len(self.rows))
        for k, (row, cells) in enumerate(self.rows):
            cell = cells[index] if index < len(cells) else ""
            value = self.dialect.number(cell)
            if value is None:
                found = f"'{cell[:30]}'" if cell else "nothing"
                raise DataFileError(
                    f"{source.where(row)}: column {index + 1} ({label}) holds {found} where a "
                    "number is expected: correct or remove that line",
                    code="non_numeric",
                )
            values[k] = value
        return values


def is_comment(line: str) -> bool:
    """Whether the line begins with ``#``, ``%``, ``//`` or ``!``."""
    return _COMMENT.match(line) is not None


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
    lines = [line for line in source.lines if line.strip() and not is_comment(line)]
    sample = lines[:_SAMPLE] + lines[_SAMPLE:][-_SAMPLE:]
    scored = [(_score(d, sample, least), -k, d) for k, d in enumerate(_DIALECTS)]
    best = max(scored, key=lambda item: (item[0][0], item[0][1], item[1]))
    return best[2] if best[0][1] else None


def _is_data(dialect: Dialect, line: str, strict: bool) -> bool:
    if is_comment(line):
        return False
    numbers = dialect.numbers(line)
    count = sum(n is not None for n in numbers)
    return count >= 2 and (count == len(numbers) if strict else 3 * count >= len(numbers))


def _start(source: Source, dialect: Dialect) -> int | None:
    """Index of the first data row: two alike in succession, or the only one."""
    for strict in (True, False):
        rows = [k for k, line in enumerate(source.lines) if _is_data(dialect, line, strict)]
        widths = [len(dialect.cells(source.lines[k])) for k in rows[:2000]]
        for k in range(len(widths)):
            if k + 1 == len(widths) or (widths[k] == widths[k + 1] and rows[k + 1] - rows[k] <= 2):
                return rows[k]
    return None


def _splits(dialect: Dialect, line: str) -> list[tuple[list[str], int]]:
    """(cells, known quantities they need to be believed) of a possible heading."""
    text = re.sub(r"^\s*(?:#|%|//|!)+\s*", "", line).strip()
    loose = [re.split(r"\s*\t\s*|\s{2,}", text), text.split(), text.split(","), text.split(";")]
    return [(dialect.cells(text), 1)] + [([c.strip() for c in cells], 2) for cells in loose]


def _heading_cells(dialect: Dialect, line: str, width: int) -> tuple[str, ...] | None:
    """The cells of a line that reads as a heading of ``width`` columns, else None."""
    for cells, need in _splits(dialect, line):
        if len(cells) != width:
            continue
        known = sum(parse_heading(cell).quantity is not None for cell in cells)
        numeric = any(dialect.number(cell) is not None for cell in cells)
        if known >= max(need, 2 if numeric else 1):
            return tuple(cells)
    return None


def _text_cells(dialect: Dialect, line: str, width: int) -> tuple[str, ...] | None:
    """The cells of a line of ``width`` texts that need not be known, else None."""
    cells = dialect.cells(re.sub(r"^\s*(?:#|%|//|!)+\s*", "", line))
    wordy = len(cells) == width and cells[0] and dialect.number(cells[0]) is None
    return tuple(cells) if wordy else None


def _heading(
    source: Source, dialect: Dialect, start: int, width: int
) -> tuple[int, tuple[str, ...], int]:
    """(line index, headings, rows between heading and data) of the table that starts at ``start``.

    A row of bare units below the names is folded into them: ``V`` over ``(mV)`` is ``V (mV)``.
    """
    above = [k for k in range(start - 1, max(-1, start - 12), -1) if source.lines[k].strip()]
    for finder in (_heading_cells, _text_cells):
        for place, k in enumerate(above):
            cells = finder(dialect, source.lines[k], width)
            if cells is None:
                continue
            bare = all(parse_unit(c) is not None or not c for c in cells)
            higher = above[place + 1] if place + 1 < len(above) else None
            names = None if higher is None else _text_cells(dialect, source.lines[higher], width)
            if bare and names is not None and higher is not None:
                both = (
                    f"{n} ({u.strip('()[] ')})" if u else n
                    for n, u in zip(names, cells, strict=True)
                )
                return higher, tuple(both), k - higher
            return k, cells, 0
    return start, (), 0


def tables(source: Source) -> list[Table]:
    """The tables of a text file; a heading that stands there again starts another table.

    Raises
    ------
    DataFileError
        Code ``not_data`` where no line holds two numbers.
    """
    dialect = sniff(source)
    start = None if dialect is None else _start(source, dialect)
    if dialect is None or start is None:
        raise not_data(source)
    width = len(dialect.cells(source.lines[start]))
    head, headings, between = _heading(source, dialect, start, width)
    opening = source.lines[head : head + between + 1] if headings else ()
    repeats = {line.strip() for line in opening}
    result: list[Table] = []
    rows: list[tuple[int, list[str]]] = []
    for k in range(head + len(opening), len(source.lines)):
        line = source.lines[k]
        if line.strip() in repeats:
            if rows:
                result.append(Table(headings, tuple(rows), dialect, head))
            rows = []
        elif line.strip() and not is_comment(line):
            rows.append((k, dialect.cells(line)))
    if rows:
        result.append(Table(headings, tuple(rows), dialect, head))
    return result


def not_data(source: Source) -> DataFileError:
    """The refusal of a text without numbers."""
    first = next((line.strip() for line in source.lines if line.strip()), "")
    return DataFileError(
        f"'{source.path}' holds no table of numbers (it begins with '{first[:40]}'): a measurement "
        "needs lines of at least two numbers, such as voltage and current",
        code="not_data",
    )
