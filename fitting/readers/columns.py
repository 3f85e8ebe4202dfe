"""Which column is which: by the caller's word, else by the headings; never by a guess."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from compactmodels.errors import DataFileError, InputError
from fitting.readers.headers import Heading, parse_heading, parse_unit
from fitting.readers.reading import ColumnOption
from fitting.readers.source import Source
from fitting.readers.table import Table

__all__ = ["OPTION", "Column", "ColumnOption", "chosen", "found", "parse_option", "picked"]

QUANTITIES: Final = (
    "voltage",
    "current",
    "time",
    "signal",
    "temperature",
    "resistance",
    "applied",
    "shunt",
)
OPTION: Final = "--columns voltage=1,current=2 (or time=1,signal=2 for a decay)"
_SI: Final = {
    "voltage": "V",
    "current": "A",
    "time": "s",
    "temperature": "K",
    "resistance": "ohm",
    "applied": "V",
    "shunt": "V",
}
_COMPLETE: Final = (
    {"current", "voltage"},
    {"current", "time"},
    {"signal"},
    {"resistance", "voltage"},
    {"shunt"},
)
_CLOCK: Final = re.compile(r"\d{1,4}[-/.:]\d{1,2}[-/.:]\d{1,4}")
PIXELS: Final = 10
"""Columns of whole numbers, without a heading, that no instrument writes."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that was assigned to a quantity.

    Parameters
    ----------
    index : int
        Zero-based.
    heading : Heading
    """

    index: int
    heading: Heading


def parse_option(option: ColumnOption) -> dict[str, str]:
    """The caller's ``voltage=1,current=2[uA]`` as a mapping of quantity to place.

    Raises
    ------
    InputError
        Code ``bad_columns``: an unknown quantity or a malformed pair.
    """
    if option is None:
        return {}
    if isinstance(option, str):
        pairs = [pair.split("=", 1) for pair in option.split(",") if pair.strip()]
    else:
        pairs = [[name, str(place)] for name, place in option.items()]
    result: dict[str, str] = {}
    for pair in pairs:
        name = pair[0].strip().lower()
        if len(pair) != 2 or name not in QUANTITIES or not pair[1].strip():
            raise InputError(
                f"--columns holds '{'='.join(pair)}': expected is a quantity ({', '.join(QUANTITIES)})"
                " and a column number from 1 or a heading, such as voltage=1,current=2",
                code="bad_columns",
            )
        result[name] = pair[1].strip()
    return result


def _places(table: Table, place: str) -> list[str]:
    """``3-5`` as three places, unless a heading reads so."""
    match = re.fullmatch(r"(\d{1,6})-(\d{1,6})(\[[^\]]+\])?", place)
    if match is None or place in table.headings:
        return [place]
    first, last = int(match[1]), min(int(match[2]), table.width + 1)
    return [f"{k}{match[3] or ''}" for k in range(first, last + 1)] or [place]


def _index(table: Table, bare: str) -> int:
    if bare.isascii() and bare.isdigit() and len(bare) < 10:
        return int(bare) - 1
    names = [parse_heading(text).name for text in table.headings]
    for known in (list(table.headings), names):
        if known.count(bare) == 1:
            return known.index(bare)
    return -1


def _place(source: Source, table: Table, quantity: str, place: str) -> Column:
    match = re.fullmatch(r"(?P<sign>-?)(?P<place>.*?)\s*(?:\[(?P<unit>[^\]]+)\])?", place)
    bare, written = (match["place"], match["unit"]) if match else (place, None)
    sign = -1.0 if match and match["sign"] else 1.0
    if place in table.headings:
        bare, written, sign = place, None, 1.0
    index = _index(table, bare)
    if not 0 <= index < table.width:
        shown = [f"{k + 1}: '{h}'" for k, h in enumerate(table.headings[:12])]
        names = ", ".join(shown) or "no headings"
        raise DataFileError(
            f"{source.where(table.first)}: --columns asks for {quantity}={place}, the table has "
            f"{table.width} columns ({names}): give a number from 1 to {table.width} or a heading",
            code="no_columns",
        )
    text = table.headings[index] if index < len(table.headings) else f"column {index + 1}"
    unit = parse_unit(written) if written else None
    if written and unit is None:
        raise InputError(f"--columns holds the unknown unit '{written}'", code="bad_columns")
    seen = parse_heading(text)
    si, factor = (unit[1], unit[2]) if unit else (seen.unit, seen.factor)
    if not _fits(quantity, si):
        shunt = si == "V" and quantity == "current"
        across = f"shunt={index + 1} --shunt OHM, should it be across a shunt, or " if shunt else ""
        raise DataFileError(
            f"{source.where(table.first)}: --columns asks for {quantity}={place}, and column '{text}' "
            f"is in {si}: name another one, {across}its true unit, {quantity}={index + 1}[{_SI[quantity]}]",
            code="no_shunt" if shunt else "bad_columns",
        )
    return Column(index, Heading(text, quantity, si, sign * factor))


def chosen(source: Source, table: Table, option: ColumnOption) -> list[dict[str, Column]]:
    """The columns that the caller named; several sets where a range of signals was named.

    Raises
    ------
    DataFileError, InputError
        A place that does not exist; an incomplete choice.
    """
    places = parse_option(option)
    if not any(need <= set(places) for need in _COMPLETE):
        raise InputError(
            f"--columns names {', '.join(places) or 'nothing'}: a sweep needs voltage and current, "
            "a decay needs time and signal, a series of pulses needs signal",
            code="bad_columns",
        )
    fixed = {n: _place(source, table, n, p) for n, p in places.items() if n != "signal"}
    result = [fixed]
    if "signal" in places:
        result = [
            fixed | {"signal": _place(source, table, "signal", place)}
            for place in _places(table, places["signal"])
        ]
    for columns in result:
        _once(columns)
    return result


def _once(columns: Mapping[str, Column]) -> None:
    """Refuse a column that was named as two quantities."""
    first: dict[int, str] = {}
    for quantity, column in columns.items():
        if column.index in first:
            raise InputError(
                f"--columns names column {column.index + 1} as {first[column.index]} and as {quantity}: "
                "each quantity has a column of its own",
                code="bad_columns",
            )
        first[column.index] = quantity


def picked(table: Table, **places: int) -> dict[str, Column]:
    """Columns that a reader knows by their zero-based place; the heading gives the unit."""
    result = {}
    for quantity, index in places.items():
        heading = parse_heading(table.headings[index])
        unit, factor = heading.unit, heading.factor
        expected = _SI.get(quantity)
        if expected is not None and unit not in (None, expected):
            unit, factor = None, 1.0
        result[quantity] = Column(index, Heading(heading.text, quantity, unit, factor))
    return result


def found(
    source: Source, table: Table, leave: Collection[int] = ()
) -> tuple[dict[str, Column], list[str]]:
    """The columns by their headings, and what was assumed.

    Parameters
    ----------
    leave : collection of int
        Zero-based columns that are known to be something else.

    Raises
    ------
    DataFileError
        Codes ``ambiguous_columns``, ``no_columns``, ``no_current``, ``not_measurement``.
    """
    if not table.headings:
        raise _headless(source, table)
    headings = [parse_heading(text) for text in table.headings]
    columns: dict[str, Column] = {}
    assumed: list[str] = []
    for quantity in ("time", "voltage", "current", "abs_current", "signal", "temperature"):
        places = [k for k, h in enumerate(headings) if h.quantity == quantity and k not in leave]
        if len(places) > 1 and quantity in ("time", "voltage", "current", "signal"):
            raise _several(source, table, quantity, places)
        if places:
            columns[quantity] = Column(places[0], headings[places[0]])
    if "abs_current" in columns:
        absolute = columns.pop("abs_current")
        if "current" in columns:
            assumed.append(f"column '{absolute.heading.text}' (an absolute value) was left out")
        else:
            columns["current"] = absolute
    if "signal" in columns and "current" in columns:
        if "voltage" not in columns:
            raise _several(
                source, table, "signal", [columns["signal"].index, columns["current"].index]
            )
        columns.pop("signal")
    if {"time", "voltage"} <= set(columns) and _is_clock(table, columns["time"].index):
        clock = columns.pop("time")
        assumed.append(
            f"column '{clock.heading.text}' holds dates or times of day: it was left out"
        )
    _complete(source, table, columns)
    for quantity, column in columns.items():
        if not _fits(quantity, column.heading.unit):
            raise DataFileError(
                f"{source.where(table.first)}: column '{column.heading.text}' reads as a {quantity} "
                f"in {column.heading.unit}; name the columns with {OPTION}",
                code="ambiguous_columns",
            )
    return columns, assumed


def _is_clock(table: Table, index: int) -> bool:
    """Whether a column begins with a date or a time of day, such as ``10:15:00``."""
    cells = table.cells(int(table.places[0])) if table.arrays is None and len(table.places) else []
    return index < len(cells) and _CLOCK.match(cells[index]) is not None


def _fits(quantity: str, unit: str | None) -> bool:
    """Whether a quantity can be in a unit."""
    if quantity == "temperature" and unit == "degC":
        return True
    return unit in (None, _SI.get(quantity, unit))


def unit_of(quantity: str) -> str | None:
    """The SI unit that a quantity without a written unit is taken in; None for a signal."""
    return _SI.get(quantity)


def _complete(source: Source, table: Table, columns: Mapping[str, Column]) -> None:
    names = ", ".join(f"'{text[:40]}'" for text in table.headings[:8])
    names += f" and {len(table.headings) - 8} more" if len(table.headings) > 8 else ""
    where = f"{source.where(table.first)}: the columns are {names}; "
    if "current" not in columns and "signal" not in columns:
        if "time" in columns and "voltage" in columns:
            raise DataFileError(
                where
                + "time and voltage without a current are a stimulus, not a measurement: give "
                "the file that holds the current, or, should the voltage be across a shunt, say so "
                f"with --columns time={columns['time'].index + 1},"
                f"shunt={columns['voltage'].index + 1} --shunt OHM",
                code="no_current",
            )
        raise DataFileError(
            where + f"no current was found: name the columns with {OPTION}", code="no_columns"
        )
    if "voltage" not in columns and "time" not in columns:
        raise DataFileError(
            where + "neither a voltage nor a time was found beside the current: name the columns "
            f"with {OPTION}",
            code="no_columns",
        )


def _several(source: Source, table: Table, quantity: str, places: list[int]) -> DataFileError:
    names = " and ".join(f"{k + 1} ('{table.headings[k]}')" for k in places)
    shunt = (
        f"; where one is across a shunt, --columns applied={places[0] + 1},shunt={places[1] + 1} "
        "--shunt OHM"
        if quantity == "voltage"
        else ""
    )
    return DataFileError(
        f"{source.where(table.first)}: columns {names} all read as {quantity}: say which one is "
        f"meant with {OPTION}{shunt}",
        code="ambiguous_columns",
    )


def _headless(source: Source, table: Table) -> DataFileError:
    if table.width == 2 and _is_stimulus(source, table):
        return DataFileError(
            f"'{source.path}' has two columns without a heading; the first rises steadily and the "
            "second returns to where it began, as time and voltage of a stimulus do, and no current "
            "is there: give the file that holds the current, or, should it be a measurement, name "
            f"its columns with {OPTION}",
            code="no_current",
        )
    if table.width >= PIXELS and _is_pixels(table):
        return DataFileError(
            f"'{source.path}' holds {table.width} columns of small whole numbers without a heading, "
            "as pictures and their classes are stored: that is no measurement; a measurement needs its "
            f"columns named with {OPTION}",
            code="not_measurement",
        )
    if table.width == 1:
        return DataFileError(
            f"{source.where(table.first)}: one column without a heading: what it is cannot be "
            "known; a series of pulses or of devices is read with --columns signal=1 (a unit may "
            "follow: signal=1[ohm]), a record in time with --interval S besides",
            code="ambiguous_columns",
        )
    return DataFileError(
        f"{source.where(table.first)}: {table.width} columns without a heading: which is "
        f"which cannot be known; name them with {OPTION}, or signal=1-{table.width} for series of "
        "pulses side by side",
        code="ambiguous_columns",
    )


def _is_pixels(table: Table) -> bool:
    """Whether the first rows hold nothing but whole numbers below 256."""
    cells = [cell for k in table.places[:20] for cell in table.cells(int(k))]
    return all(cell.isdigit() and len(cell) < 4 and int(cell) < 256 for cell in cells)


def _is_stimulus(source: Source, table: Table) -> bool:
    x, y = (table.column(source, k, f"column {k + 1}") for k in (0, 1))
    if len(x) < 4 or not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
        return False
    span = float(np.ptp(y))
    step = np.abs(np.diff(y))
    returns = abs(y[-1] - y[0]) <= 0.01 * span
    # a stimulus is drawn with even steps; a measured current never is
    even = float(np.mean(np.abs(step - np.median(step)) <= 0.1 * np.median(step))) > 0.9
    return bool(np.all(np.diff(x) > 0) and span > 0 and returns and even)
