"""PyMeasure results: ``#Procedure:``, ``#Parameters:``, ``#<TAB>Name: value unit``, ``#Data:``, CSV."""

from __future__ import annotations

import re
from typing import Any

from compactmodels.data import Trace
from fitting.readers.dialect import COMMA
from fitting.readers.headers import parse_unit
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import below
from fitting.readers.traces import traces_of

NAME = "PyMeasure results"
LACKS = "no lines #Procedure: and #Data:"


def _head(source: Source) -> int | None:
    return next((k + 1 for k, s in enumerate(source.lines[:500]) if s.strip() == "#Data:"), None)


def recognise(source: Source) -> bool:
    """Whether ``#Procedure:`` comes first and ``#Data:`` follows."""
    first = source.first_lines(1)
    return bool(first) and first[0].startswith("#Procedure:") and _head(source) is not None


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace, with the procedure's parameters; the procedure itself is not imported."""
    head = _head(source)
    assert head is not None
    if head >= len(source.lines):
        head = len(source.lines) - 1
    table = below(source, head, COMMA)
    parameters: dict[str, str] = {}
    for line in source.lines[:head]:
        match = re.fullmatch(r"#\s+([^:]+):\s*(.*?)\s*", line)
        if match:
            parameters[match[1].strip()] = match[2]
    meta: dict[str, Any] = {"parameters": parameters}
    for name, text in parameters.items():
        match = re.fullmatch(r"([-+0-9.eE]+)\s*(\S+)", text)
        unit = parse_unit(match[2]) if match else None
        number = COMMA.number(match[1]) if match else None
        if unit is None or number is None:
            continue
        if unit[1] == "A" and re.search(r"compliance|limit", name, re.IGNORECASE):
            meta["compliance"] = abs(number) * unit[2]
        if unit[1] == "K" and number > 0:
            meta["temperature"] = number * unit[2]
    return traces_of(source, table, reading, NAME, meta=meta)
