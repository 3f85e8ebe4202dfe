"""Which line above a table is its heading, however it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Final

from fitting.readers.dialect import Dialect, unmarked
from fitting.readers.headers import parse_heading, parse_unit
from fitting.readers.source import Source

_INNER: Final = 3
"""Commas that the names of a heading may hold."""


def _splits(dialect: Dialect, line: str) -> list[tuple[list[str], int]]:
    """(cells, known quantities they need to be believed) of a possible heading."""
    text = unmarked(line)
    loose = [re.split(r"\s*\t\s*|\s{2,}", text), text.split(), text.split(","), text.split(";")]
    # `Voltage (V) Current (A)` and `U / V I / A` over tabs
    loose += [re.split(r"(?<=[)\]])\s+", text), re.findall(r"(?<!\S)\S+\s+/\s+\S+", text)]
    return [(dialect.cells(text), 1)] + [([c.strip() for c in cells], 2) for cells in loose]


def _heading_cells(dialect: Dialect, line: str, width: int) -> tuple[str, ...] | None:
    """The cells of a line that reads as a heading of ``width`` columns, else None."""
    for cells, need in _splits(dialect, line):
        if len(cells) != width:
            continue
        known = sum(parse_heading(cell).quantity is not None for cell in cells)
        numeric = any(dialect.number(cell) is not None for cell in cells)
        if known >= max(min(need, width), 2 if numeric else 1):
            return tuple(cells)
    return _joined(line, width)


def _joined(line: str, width: int) -> tuple[str, ...] | None:
    """The cells of a heading in which a comma belongs to a name, if one way of joining them reads.

    ``Voltage, bias (V), Current (A)`` are two columns.
    """
    pieces = [piece.strip() for piece in unmarked(line).split(",")]
    if not 1 < width < len(pieces) <= width + _INNER:
        return None
    found = []
    for cuts in combinations(range(1, len(pieces)), width - 1):
        edges = pairwise((0, *cuts, len(pieces)))
        cells = tuple(", ".join(pieces[a:b]) for a, b in edges)
        units = [parse_heading(cell) for cell in cells]
        if all(h.quantity is not None and h.unit is not None for h in units):
            found.append(cells)
    return found[0] if len(found) == 1 else None


def _text_cells(dialect: Dialect, line: str, width: int) -> tuple[str, ...] | None:
    """The cells of a line of ``width`` texts that need not be known, else None."""
    cells = dialect.cells(unmarked(line))
    wordy = len(cells) == width and cells[0] and dialect.number(cells[0]) is None
    return tuple(cells) if wordy else None


def heading_above(
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
                return higher, with_units(names, cells), k - higher
            return k, cells, 0
    return start, (), 0


def with_units(names: Sequence[str], units: Sequence[str]) -> tuple[str, ...]:
    """Names and a row of units as headings: ``V`` and ``(mV)`` make ``V (mV)``."""
    padded = [*units, *([""] * (len(names) - len(units)))]
    return tuple(
        f"{n} ({u.strip('()[] ')})" if u.strip("()[] ") else n for n, u in zip(names, padded)
    )
