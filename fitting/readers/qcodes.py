"""QCoDeS .dat: three ``#`` lines (names, labels, sizes), tabs, a blank line after each outer step."""

from __future__ import annotations

from typing import Any

import numpy as np

from compactmodels.data import Trace
from fitting.readers.columns import picked
from fitting.readers.dialect import TAB, unmarked
from fitting.readers.headers import parse_heading
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import Table
from fitting.readers.traces import traces_of

NAME = "QCoDeS .dat"
LACKS = "no three # lines of names, labels and sizes over tabs"


def _cells(line: str) -> list[str]:
    return TAB.cells(unmarked(line))


def recognise(source: Source) -> bool:
    """Whether names, labels and whole-numbered sizes stand at the top, each after a ``#``."""
    lines = source.lines[:3]
    if len(lines) < 3 or not all(line.startswith("#") for line in lines):
        return False
    names, labels, sizes = map(_cells, lines)
    return (
        len(names) == len(labels) > len(sizes) > 0
        and all(c.isdigit() for c in sizes)
        and not any(c.isdigit() for c in (*names, *labels))
    )


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace for each step of the outer loops."""
    labels, sizes = _cells(source.lines[1]), _cells(source.lines[2])
    blocks: list[list[int]] = [[]]
    for k in range(3, len(source.lines)):
        line = source.lines[k].strip()
        if line and not line.startswith("#"):
            blocks[-1].append(k)
        elif not line and blocks[-1]:
            blocks.append([])
    blocks = [block for block in blocks if block] or [[]]
    outer = len(sizes) - 1
    if not outer and len(blocks) > 1:  # one loop: a blank line means nothing
        blocks = [[k for block in blocks for k in block]]
    result: list[Trace] = []
    for block in blocks:
        table = Table(tuple(labels), source.lines, np.array(block, dtype=np.int64), TAB, 1)
        meta: dict[str, Any] = {}
        if outer and block:
            meta["varied"] = {
                labels[k]: float(table.column(source, k, labels[k])[0]) for k in range(outer)
            }
        columns = None
        if reading.columns is None and outer:
            kinds = [parse_heading(text).quantity for text in labels]
            inner = {
                q: [k for k in range(outer, len(labels)) if kinds[k] == q]
                for q in ("voltage", "current", "time")
            }
            if all(len(v) <= 1 for v in inner.values()) and inner["current"]:
                columns = picked(table, **{q: v[0] for q, v in inner.items() if v})
        result += traces_of(source, table, reading, NAME, columns=columns, meta=meta)
    return result
