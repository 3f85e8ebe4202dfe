"""How a line of text falls into cells, and a cell into a number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?")
_NOT_FINITE = frozenset(
    {"nan", "inf", "+inf", "-inf", "infinity", "-infinity", "#ref", "#ref!", "overflow"}
)
_NOT_FINITE |= {"#n/a", "#value!", "#div/0!", "1.#ind", "-1.#ind", "1.#inf", "1.#qnan"}
_COMMENT = re.compile(r"\s*(?:#|%|//|!)")
_MARK = re.compile(r"^\s*(?:#|%|//|!)+\s*")


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
        """The stripped cells of one line; empty cells after trailing delimiters are dropped."""
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


COMMA: Final = Dialect(",")
TAB: Final = Dialect("\t")
DIALECTS = tuple(
    Dialect(delimiter, decimal)
    for decimal in (".", ",")
    for delimiter in ("\t", ";", ",", None)
    if not (delimiter == "," and decimal == ",")
)


def is_comment(line: str) -> bool:
    """Whether the line begins with ``#``, ``%``, ``//`` or ``!``."""
    return _COMMENT.match(line) is not None


def unmarked(line: str) -> str:
    """The line without its mark of a comment."""
    return _MARK.sub("", line).strip()
