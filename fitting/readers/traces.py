"""From a table and the meaning of its columns to traces in SI units, with all that was assumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.data import Trace
from compactmodels.errors import DataFileError, InputError
from fitting.branches import POINTWISE
from fitting.readers.columns import Column, chosen, found, unit_of
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import Table

FloatArray = NDArray[np.float64]

NOT_MEASURED: Final = 9.8e37
"""From here on a number is an instrument's mark for not measured (9.9e37) or out of range (1e99)."""
CELSIUS: Final = 273.15
"""Kelvin of 0 degrees Celsius."""
SAME_TEMPERATURE: Final = 0.01
"""Relative spread of a temperature column that still is one temperature."""


def traces_of(
    source: Source,
    table: Table,
    reading: Reading,
    name: str,
    *,
    columns: Mapping[str, Column] | None = None,
    meta: Mapping[str, Any] | None = None,
    assumed: tuple[str, ...] = (),
) -> list[Trace]:
    """The traces that a table holds: one, or one for each signal that the caller named.

    Parameters
    ----------
    reading : Reading
        The caller's word; it goes before ``columns``.
    name : str
        The format's name, kept in ``meta``.
    columns : mapping, optional
        The reader's knowledge; None: the headings tell.
    meta : mapping, optional
        What else the file says.
    assumed : tuple of str
        What the reader inferred.
    """
    if reading.columns is not None:
        several, said = chosen(source, table, reading.columns), list[str]()
    elif columns is not None:
        several, said = [dict(columns)], []
    else:
        one, said = found(source, table)
        several = [one]
    result = []
    for columns in several:
        own = dict(meta or {})
        if len(several) > 1:
            own["varied"] = {"column": columns["signal"].heading.text, **own.get("varied", {})}
        result.append(_trace(source, table, reading, name, columns, own, [*assumed, *said]))
    return result


def _trace(
    source: Source,
    table: Table,
    reading: Reading,
    name: str,
    columns: dict[str, Column],
    meta: dict[str, Any],
    said: list[str],
) -> Trace:
    if not len(table.places):
        raise DataFileError(
            f"{source.where(table.first)}: no row of numbers stands below the heading: export the "
            "measurement again",
            code="not_data",
        )
    values = {
        quantity: _scaled(table.column(source, c.index, c.heading.text), c)
        for quantity, c in columns.items()
    }
    _no_unit(columns, said)
    if table.dialect.decimal == ",":
        said.append("the decimal sign is a comma")
    lines = table.places + 1 + source.skipped
    keep = _measured(values, said, series="voltage" not in values and "time" not in values)
    if not np.all(keep):
        values = {quantity: v[keep] for quantity, v in values.items()}
        lines = lines[keep]
        for key in set(POINTWISE) & set(meta):
            meta[key] = np.asarray(meta[key])[keep]
    if reading.interval is not None and "time" not in values:
        values["time"] = reading.interval * np.arange(len(lines), dtype=np.float64)
        said.append(f"a point every {reading.interval:g} s, as was given")
    voltage, current, label, unit = _electrical(source, table, values, columns, reading, said)
    mapping = ", ".join(f"{q} from '{c.heading.text}'" for q, c in columns.items())
    place = f" (sheet '{source.sheet}')" if source.sheet else ""
    meta = {
        "file": source.path,
        "format": name,
        "sha256": source.sha256,
        **({"sheet": source.sheet} if source.sheet else {}),
        **meta,
        "assumed": [f"read as {name}{place}: {mapping}", *said],
        "lines": lines,
        "columns": {q: c.heading.text for q, c in columns.items()},
        "signal": label,
        "signal_unit": unit,
    }
    temperature = meta.pop("temperature", None)
    own = _temperature(values, meta["assumed"])
    return Trace(values.get("time"), voltage, current, temperature if own is None else own, meta)


def _electrical(
    source: Source,
    table: Table,
    values: Mapping[str, FloatArray],
    columns: Mapping[str, Column],
    reading: Reading,
    said: list[str],
) -> tuple[FloatArray | None, FloatArray, str, str]:
    """Voltage, current (or signal), the current's label and its unit."""
    voltage = values.get("voltage")
    if "shunt" in values:
        return _by_shunt(source, values, columns, reading, said)
    if reading.shunt is not None:
        names = ", ".join(f"{k + 1}: '{h}'" for k, h in enumerate(table.headings[:12]))
        raise InputError(
            f"{source.where(table.first)}: --shunt {reading.shunt:g} was given and no column is "
            "named as the voltage across it: --columns applied=2,shunt=3 (the columns are "
            f"{names or table.width})",
            code="no_shunt",
        )
    if "signal" in values:
        column = columns["signal"]
        return voltage, values["signal"], column.heading.text, column.heading.unit or "1"
    if "current" not in values:
        assert voltage is not None
        label = columns["resistance"].heading.text
        said.append(f"the current is the voltage divided by '{label}'")
        with np.errstate(divide="ignore", invalid="ignore"):
            return voltage, voltage / values["resistance"], label, "A"
    column = columns["current"]
    current = values["current"]
    if voltage is not None:
        current = _with_sign(voltage, current, column, said)
    return voltage, current, column.heading.text, column.heading.unit or "A"


def _by_shunt(
    source: Source,
    values: Mapping[str, FloatArray],
    columns: Mapping[str, Column],
    reading: Reading,
    said: list[str],
) -> tuple[FloatArray | None, FloatArray, str, str]:
    """The current from the voltage across a known resistor, and the device's own voltage."""
    if reading.shunt is None:
        raise InputError(
            f"'{source.path}': column '{columns['shunt'].heading.text}' is the voltage across a "
            "shunt, whose resistance is needed: --shunt OHM",
            code="no_shunt",
        )
    current = values["shunt"] / reading.shunt
    said.append(
        f"the current is '{columns['shunt'].heading.text}' over a shunt of {reading.shunt:g} ohm"
    )
    voltage = values.get("voltage")
    if voltage is None and "applied" in values:
        voltage = values["applied"] - values["shunt"]
        said.append(
            f"the voltage is '{columns['applied'].heading.text}' less that across the shunt"
        )
    return voltage, current, columns["shunt"].heading.text, "A"


def _scaled(values: FloatArray, column: Column) -> FloatArray:
    if column.heading.unit == "degC":
        return values + CELSIUS
    return values * column.heading.factor if column.heading.factor != 1.0 else values


def _no_unit(columns: Mapping[str, Column], said: list[str]) -> None:
    for quantity, column in columns.items():
        if column.heading.factor < 0:
            said.append(f"the sign of '{column.heading.text}' was reversed, as was asked")
        unit = unit_of(quantity)
        if column.heading.unit is None and unit is not None:
            said.append(f"no unit is written for '{column.heading.text}': {unit} is taken")


def _measured(
    values: Mapping[str, FloatArray], said: list[str], *, series: bool
) -> NDArray[np.bool_]:
    """Rows without an instrument's mark for not measured; a ragged series ends where it ends."""
    stacked = np.vstack(list(values.values()))
    with np.errstate(invalid="ignore"):
        keep: NDArray[np.bool_] = ~np.any(
            (np.abs(stacked) >= NOT_MEASURED) & np.isfinite(stacked), axis=0
        )
    count = int(np.count_nonzero(~keep))
    if count:
        said.append(
            f"{count} row{'s' if count > 1 else ''} left out: 9.9e37 or more is the instrument's "
            "mark for not measured or out of range"
        )
    if series:
        ended = np.flatnonzero(np.all(np.isfinite(stacked), axis=0))
        if ended.size:
            keep[ended[-1] + 1 :] = False
    return keep


def _temperature(values: Mapping[str, FloatArray], said: list[str]) -> float | None:
    column = values.get("temperature")
    if column is None or not np.all(np.isfinite(column)):
        return None
    mean = float(np.mean(column))
    spread = float(np.ptp(column))
    if spread > SAME_TEMPERATURE * abs(mean):
        said.append(
            f"the temperature runs over {spread:.3g} K: it is not taken; split the file at "
            "constant temperature, or give --temperature"
        )
        return None
    said.append(f"the temperature is the mean of its column, {mean:.2f} K")
    return mean


def _with_sign(
    voltage: FloatArray, current: FloatArray, column: Column, said: list[str]
) -> FloatArray:
    """Absolute-valued currents get the voltage's sign back, and that is said."""
    if column.heading.quantity == "abs_current" or (
        np.all(current >= 0) and np.any(current > 0) and _both_signs(voltage)
    ):
        said.append(
            f"'{column.heading.text}' holds absolute values: the current was given the voltage's sign"
        )
        return np.where(voltage < 0, -np.abs(current), np.abs(current))
    return current


def _both_signs(voltage: FloatArray) -> bool:
    reach = 0.05 * float(np.max(np.abs(voltage), initial=0.0))
    return bool(np.any(voltage > reach) and np.any(voltage < -reach))
