"""Keithley KickStart CSV: a tree of settings, a table of SMU readings, often a footer of statistics.

Four dialects exist: byte-order mark and tabs in the tree, re-saved by a spreadsheet, every field
quoted, and an older tree whose values carry units (``0.02 A``).
"""

from __future__ import annotations

import re
from typing import Any, Final

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers.columns import picked
from fitting.readers.dialect import COMMA, TAB, Dialect
from fitting.readers.headers import parse_unit
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import Table, below
from fitting.readers.traces import traces_of

NAME = "KickStart CSV"
LACKS = "no heading Index, SMU-1 Voltage (V)"
_COLUMN: Final = re.compile(
    r"(?P<smu>.*SMU-?\d+) (?P<what>Time|Voltage|Current)\b.*", re.IGNORECASE
)
_SMU: Final = re.compile(r"SMU-?\d+", re.IGNORECASE)
_UNITLESS: Final = {"voltage": ("current", "A", 1.0), "current": ("voltage", "V", 1.0)}
_LIMIT: Final = re.compile(r"(current )?(limit|compliance)( value)?( ?\(a\))?", re.IGNORECASE)


def _dialect(line: str) -> Dialect:
    return next((d for d in (TAB, Dialect(";")) if d.delimiter and d.delimiter in line), COMMA)


def _dialect_of(source: Source, head: int) -> Dialect:
    """How the table below a heading falls into cells; a spreadsheet may have put decimal commas."""
    dialect = _dialect(source.lines[head])
    some = source.lines[head + 1 : head + 6]
    comma = dialect.delimiter != "," and any("," in line for line in some)
    return Dialect(dialect.delimiter, ",") if comma else dialect


def _is_head(line: str) -> bool:
    if "Index" not in line or "SMU" not in line:
        return False
    cells = _dialect(line).cells(line)
    return bool(cells) and cells[0] == "Index" and any(_COLUMN.fullmatch(c) for c in cells)


def _ends(cells: list[str]) -> bool:
    """Whether the footer of statistics or another table begins."""
    return cells[0] == "Index" or "Min" in cells[:2]


def recognise(source: Source) -> bool:
    """Whether a heading names an Index and readings of an SMU."""
    return any(map(_is_head, source.lines[:2000]))


def _limits(source: Source, head: int, dialect: Dialect) -> dict[str, float]:
    """Current limit [A] of each SMU in the tree above the table; '' before any SMU is named."""
    limits: dict[str, float] = {}
    smu, forced = "", "voltage"
    between = r"[\t;]" if dialect.decimal == "," else r"[\t,;]"
    for line in source.lines[:head]:
        cells = [c.strip().strip('"').strip() for c in re.split(between, line)]
        cells = [c for c in cells if c.strip(". ")]
        label = cells[0].strip(". :") if cells else ""
        named = _SMU.search(label)
        if named:
            smu, forced = named[0].upper(), "voltage"
        elif len(cells) > 1 and label.lower() in ("type", "function"):
            forced = cells[1].lower()
        elif len(cells) > 1 and _LIMIT.fullmatch(label):
            match = re.fullmatch(r"([-+0-9.,eE]+)\s*(\S*)", cells[1])
            number = dialect.number(match[1]) if match else None
            unit = parse_unit(match[2]) if match and match[2] else _UNITLESS.get(forced)
            if number is not None and unit is not None and unit[1] == "A":
                limits.setdefault(smu, abs(number) * unit[2])
    return limits


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace for each SMU that has a voltage and a current.

    Raises
    ------
    DataFileError
        Code ``no_columns`` where no SMU has both.
    """
    result: list[Trace] = []
    heads = [k for k, line in enumerate(source.lines) if _is_head(line)]
    for head in heads:
        table = below(source, head, _dialect_of(source, head), stop=_ends)
        result += _traces(source, table, reading)
    if not result:
        raise DataFileError(
            f"{source.where(heads[0])}: this reads as {NAME}, and no SMU has both voltage and current: "
            "export both",
            code="no_columns",
        )
    return result


def _traces(source: Source, table: Table, reading: Reading) -> list[Trace]:
    if reading.columns is not None:
        return traces_of(source, table, reading, NAME)
    groups: dict[str, dict[str, int]] = {}
    for k, heading in enumerate(table.headings):
        match = _COLUMN.fullmatch(heading)
        if match:
            groups.setdefault(match["smu"].upper(), {}).setdefault(match["what"].lower(), k)
    limits = _limits(source, table.first, table.dialect)
    result: list[Trace] = []
    for smu, places in groups.items():
        if "voltage" not in places or "current" not in places:
            continue
        meta: dict[str, Any] = {"channel": smu}
        limit = limits.get(smu, limits.get("") if len(groups) == 1 else None)
        if limit:
            meta["compliance"] = limit
        columns = picked(table, **places)
        result += traces_of(source, table, reading, NAME, columns=columns, meta=meta)
    return result
