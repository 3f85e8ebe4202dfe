"""Plasticity records as people have them: a column of x and one of y.

A column is found by its heading or named by the caller; what was inferred is kept to be printed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import DataFileError, InputError
from fitting.readers.headers import parse_heading, parse_unit
from fitting.readers.source import Source
from fitting.readers.table import Table, tables
from fitting.readers.workbook import text_of

FloatArray = NDArray[np.float64]

X: Final[dict[str, tuple[str, str]]] = {
    "ppf": ("interval", "s"),
    "stdp": ("dt", "s"),
    "srdp": ("rate", "1/s"),
    "sddp": ("duration", "s"),
    "svdp": ("voltage", "V"),
    "sndp": ("number", "1"),
    "arrhenius": ("temperature", "K"),
}
"""What x is in each kind, and its SI unit."""
_UNITS: Final = {
    "Hz": ("1/s", 1.0),
    "kHz": ("1/s", 1e3),
    "MHz": ("1/s", 1e6),
    "1/s": ("1/s", 1.0),
    "%": ("%", 1.0),
    "pulses": ("1", 1.0),
    "spikes": ("1", 1.0),
    "1": ("1", 1.0),
    **dict.fromkeys(("s-1", "s^-1", "spikes/s", "pulses/s"), ("1/s", 1.0)),
    **dict.fromkeys(("C", "\N{DEGREE SIGN}C", "degC", "deg C"), ("C", 1.0)),
    "msec": ("s", 1e-3),
    "usec": ("s", 1e-6),
}
ZERO_CELSIUS: Final = 273.15
_WRITTEN: Final = re.compile(r"[\[(]\s*([^\[\]()]*?)\s*[\])]\s*$")
_LOGARITHMS: Final[dict[str, Callable[[FloatArray], FloatArray]]] = {
    "ln": np.exp,
    "log10": lambda y: 10.0**y,
    "lg": lambda y: 10.0**y,
}
_NAMES: Final = {
    "x": r"x|d(elta)?[ _]?t|\N{GREEK CAPITAL LETTER DELTA}[ _]?t|interval|isi|dt|timing|t(ime)?|rate|freq\w*|duration|"
    r"width|volt\w*|amplitude|v|number|n|pulses?|spikes?|temp\w*",
    "error": r"err\w*|std\w*|sd|sem|sigma|uncert\w*|stderr",
    "pulse": r"#|p|n|pulses?|pulse (no|nr|number|index)\.?|number|index|no\.?",
    "up": r"up|ltp|pot\w*|set|increas\w*|(ltp|pot\w*|up|set) .*|.* (ltp|up)",
    "down": r"down|ltd|dep\w*|reset|decreas\w*|(ltd|dep\w*|down|reset) .*|.* (ltd|down)",
    "ramp": r"(rmp|ramp|cycle|run|train)[ _#]?\d+",
}
_ALIASES: Final = {
    "dt": "x", "interval": "x", "rate": "x", "duration": "x", "voltage": "x", "number": "x",
    "temperature": "x", "time": "x", "weight": "y", "signal": "y", "value": "y", "current": "y",
    "conductance": "g", "ltp": "up", "ltd": "down", "set": "up", "reset": "down",
}  # fmt: skip
OPTION: Final = (
    "--columns x=1,y=2 (error=3 if there is one), or pulse=1,g=2 or up=1,down=2 for pulse trains"
)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """y against x.

    Parameters
    ----------
    x, y : (n,) arrays
        In ``x_unit`` and ``y_unit``; sorted by x.
    x_unit, y_unit : str
    heading : str
        Of y, as written.
    error : (n,) array or None
        Standard deviation of each y, where the file gives one.
    file, sha256 : str or None
    assumed : tuple of str
        What was inferred.
    """

    x: FloatArray
    y: FloatArray
    x_unit: str = "1"
    y_unit: str = "1"
    heading: str = ""
    error: FloatArray | None = None
    file: str | None = None
    sha256: str | None = None
    assumed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        x, y = (np.asarray(v, dtype=np.float64) for v in (self.x, self.y))
        if x.ndim != 1 or x.shape != y.shape:
            raise InputError(f"x has shape {x.shape} and y {y.shape}: two equal columns are needed")
        if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
            raise DataFileError(
                f"{place(self.file)}a value is no finite number: correct or remove its line",
                code="not_finite",
            )
        if self.error is not None and not np.all(np.isfinite(self.error) & (self.error > 0)):
            raise DataFileError(
                f"{place(self.file)}an error is not above 0: leave the column out or correct it",
                code="bad_error",
            )
        order = np.argsort(x, kind="stable")
        object.__setattr__(self, "x", x[order])
        object.__setattr__(self, "y", y[order])
        if self.error is not None:
            object.__setattr__(self, "error", np.asarray(self.error, dtype=np.float64)[order])


def place(file: str | None) -> str:
    """``'file': ``, or nothing."""
    return "" if file is None else f"'{file}': "


def option_of(text: str | None) -> dict[str, tuple[str, str | None]]:
    """``x=1,y=2[uA]`` as place and unit by quantity.

    Raises
    ------
    InputError
        Code ``bad_columns``.
    """
    chosen: dict[str, tuple[str, str | None]] = {}
    for pair in filter(str.strip, (text or "").split(",")):
        name, _, where = pair.partition("=")
        key = _ALIASES.get(name.strip().lower(), name.strip().lower())
        match = re.fullmatch(r"\s*(.+?)\s*(?:\[([^\]]+)\])?\s*", where)
        if key not in ("x", "y", "error", "pulse", "g", "up", "down") or match is None:
            raise InputError(
                f"--columns holds '{pair}': expected is {OPTION}, by number from 1 or by heading; a "
                "unit may follow: x=1[ms]",
                code="bad_columns",
            )
        chosen[key] = (match[1], match[2])
    return chosen


def single_table(
    path: str | os.PathLike[str], skip: int | None, least: int = 2
) -> tuple[Source, Table]:
    """The one table of a file, of at least so many columns.

    Raises
    ------
    DataFileError
        Code ``several_tables``, and those of :func:`fitting.readers.workbook.text_of`.
    """
    source = text_of(path, skip)
    found = tables(source, least)
    if len(found) != 1:
        raise DataFileError(
            f"'{os.fspath(path)}' holds {len(found)} tables: give one file for each",
            code="several_tables",
        )
    return source, found[0]


def heading_of(table: Table, index: int) -> str:
    """The column's heading, or ``column 3``."""
    return table.headings[index] if index < len(table.headings) else f"column {index + 1}"


def unit_of(text: str, written: str | None = None) -> tuple[str | None, float]:
    """SI unit and factor of a heading, or of the unit that the caller wrote; None where none is.

    Raises
    ------
    InputError
        An unknown unit in the option.
    """
    if written is not None:
        if written.strip() in _UNITS:
            return _UNITS[written.strip()]
        known = parse_unit(written)
        if known is None:
            raise InputError(f"--columns holds the unknown unit '{written}'", code="bad_columns")
        return known[1], known[2]
    bracket = _WRITTEN.search(text)
    if bracket and bracket[1] in _UNITS:
        return _UNITS[bracket[1]]
    if text.rstrip().endswith("%"):
        return _UNITS["%"]
    seen = parse_heading(text)
    return seen.unit, seen.factor


def located(source: Source, table: Table, key: str, where: str) -> int:
    """Zero-based column of a place: a number from 1 or a heading.

    Raises
    ------
    DataFileError
        Code ``no_columns``.
    """
    if where in table.headings:
        return table.headings.index(where)
    if where.isascii() and where.isdigit() and 1 <= int(where[:9]) <= table.width:
        return int(where) - 1
    names = ", ".join(f"{k + 1}: '{h}'" for k, h in enumerate(table.headings)) or "no headings"
    raise DataFileError(
        f"{source.where(table.first)}: --columns asks for {key}={where}, the table has {table.width} "
        f"columns ({names}): give a number from 1 to {table.width} or a heading",
        code="no_columns",
    )


def named(text: str, what: str) -> bool:
    """Whether a heading reads as x, error, pulse, up, down or ramp."""
    bare = re.sub(r"\s*[\[({].*$", "", text.strip().strip("\"'")).strip().lower().replace("_", " ")
    return re.fullmatch(_NAMES[what], bare) is not None


def read_series(
    path: str | os.PathLike[str], kind: str, columns: str | None = None, skip: int | None = None
) -> Series:
    """The record of one kind of plasticity.

    Parameters
    ----------
    path : path or DataFile
    kind : str
        A key of :data:`X`.
    columns : str, optional
        ``x=1,y=2`` by number or heading; a unit may follow in brackets.
    skip : int, optional
        Lines at the top to leave out.

    Raises
    ------
    DataFileError, InputError
        Codes ``no_columns ambiguous_columns wrong_unit`` and those of the readers.
    """
    source, table = single_table(path, skip)
    path = os.fspath(path)
    chosen = option_of(columns)
    assumed: list[str] = []
    places = {k: located(source, table, k, where) for k, (where, _) in chosen.items()}
    if not {"x", "y"} <= set(places):
        places = _guessed(source, table, places, assumed)
    name, expected = X[kind]
    x_text, y_text = heading_of(table, places["x"]), heading_of(table, places["y"])
    x = table.column(source, places["x"], x_text)
    y = table.column(source, places["y"], y_text)
    unit, factor = unit_of(x_text, chosen.get("x", ("", None))[1])
    if kind == "arrhenius":
        x, y, unit = _linear_axes(source.where(table.first), x_text, y_text, x, y, unit, assumed)
    written = _WRITTEN.search(x_text)
    if unit is None and expected != "1" and written:
        raise DataFileError(
            f"{source.where(table.first)}: column '{x_text}': '{written[1]}' is no known unit of the "
            f"{name}, which is expected in {expected}: name columns and unit, --columns x=1[ms],y=2",
            code="wrong_unit",
        )
    if unit not in (None, expected):
        raise DataFileError(
            f"{source.where(table.first)}: column '{x_text}' is in {unit}, the {name} is expected in "
            f"{expected}: name the columns with {OPTION}",
            code="wrong_unit",
        )
    if unit is None and expected != "1":
        assumed.append(f"no unit is written for '{x_text}': {expected} is taken")
    y_unit, y_factor = unit_of(y_text, chosen.get("y", ("", None))[1])
    error = None
    if "error" in places:
        error = y_factor * table.column(source, places["error"], heading_of(table, places["error"]))
    return Series(
        factor * x,
        y_factor * y,
        expected,
        y_unit or "1",
        y_text,
        error,
        path,
        source.sha256,
        tuple(assumed),
    )


def _linear_axes(
    where: str,
    x_text: str,
    y_text: str,
    x: FloatArray,
    y: FloatArray,
    unit: str | None,
    assumed: list[str],
) -> tuple[FloatArray, FloatArray, str | None]:
    """Temperature in K and value, of a plot as it is drawn (1000/T, logarithm) or in Celsius; the unit."""
    inverse = re.match(r"\s*(10{0,3})\s*/\s*T\b", x_text)
    if inverse and np.all(x != 0):
        x, unit = float(inverse[1]) / x, "K"
        assumed.append(f"'{x_text}' is read as {inverse[1]}/T, T in K")
    elif unit == "C":
        x, unit = x + ZERO_CELSIUS, "K"
        assumed.append(f"'{x_text}' is in degrees Celsius: {ZERO_CELSIUS} is added")
    log = re.match(r"\s*(ln|lg|log ?10|log)(?![a-z])", y_text, re.IGNORECASE)
    if log:
        known = _LOGARITHMS.get(log[1].lower().replace(" ", ""))
        if known is None:
            raise DataFileError(
                f"{where}: column '{y_text}' is a logarithm, but to which base is not written: head it "
                "ln or log10, or give the value itself",
                code="wrong_unit",
            )
        y = np.asarray(known(y), dtype=np.float64)
        assumed.append(f"'{y_text}' is a logarithm: the value itself is fitted")
    return x, y, unit


def _guessed(
    source: Source, table: Table, given: dict[str, int], assumed: list[str]
) -> dict[str, int]:
    """x, y and error by their headings; two columns are x and y as they stand."""
    width = table.width
    texts = [heading_of(table, k) for k in range(width)]
    errors = [k for k in range(width) if named(texts[k], "error")]
    rest = [k for k in range(width) if k not in errors and k not in given.values()]
    out = dict(given)
    if "x" not in out:
        likely = [k for k in rest if named(texts[k], "x")] or rest[:1]
        if len(rest) == (1 if "y" in out else 2) or len(likely) == 1:
            out["x"] = likely[0]
            rest.remove(likely[0])
    if "y" not in out and "x" in out:
        rest = [k for k in rest if k != out["x"]]
        if len(rest) == 1:
            out["y"] = rest[0]
    if not {"x", "y"} <= set(out):
        names = ", ".join(f"{k + 1}: '{t}'" for k, t in enumerate(texts))
        raise DataFileError(
            f"{source.where(table.first)}: which of the columns ({names}) is x and which is y is not "
            f"clear: say so with {OPTION}",
            code="ambiguous_columns",
        )
    if len(errors) == 1 and "error" not in out:
        out["error"] = errors[0]
        assumed.append(f"'{texts[errors[0]]}' is the standard deviation of each value")
    if not table.headings:
        assumed.append("there are no headings: the first column is x, the second y")
    return out
