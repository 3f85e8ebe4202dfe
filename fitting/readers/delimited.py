"""Plain delimited text: commas, semicolons, tabs or blanks, headings with or without units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from compactmodels.data import Trace
from fitting.readers.columns import Column, ColumnOption, chosen, found
from fitting.readers.source import Source
from fitting.readers.table import Table, tables

NAME = "delimited text"


def recognise(source: Source) -> bool:
    """Always: the last reader asked says itself what is missing."""
    return bool(source.lines)


def read(source: Source, columns: ColumnOption = None) -> list[Trace]:
    """One trace a table.

    Raises
    ------
    DataFileError
        With the line and the column.
    """
    return [trace_of(source, table, columns, NAME) for table in tables(source)]


def trace_of(source: Source, table: Table, option: ColumnOption, name: str) -> Trace:
    """The trace that a table holds.

    Parameters
    ----------
    option : str or mapping, optional
        The caller's assignment of columns.
    name : str
        The format's name, kept in ``meta``.
    """
    assumed: list[str] = []
    if option is None:
        columns, assumed = found(source, table)
    else:
        columns = chosen(source, table, option)
    values = {
        quantity: _scaled(table.column(source, c.index, c.heading.text), c)
        for quantity, c in columns.items()
    }
    signal = "signal" if "signal" in values else "current"
    if table.dialect.decimal == ",":
        assumed.append("the decimal sign is a comma")
    current = values[signal]
    if signal == "current" and "voltage" in values:
        current = _with_sign(values["voltage"], current, columns[signal], assumed)
    meta = {
        "file": source.path,
        "format": name,
        "sha256": source.sha256,
        "assumed": assumed,
        "lines": tuple(row + 1 + source.skipped for row, _ in table.rows),
        "signal": columns[signal].heading.text,
        "signal_unit": columns[signal].heading.unit or ("A" if signal == "current" else "1"),
    }
    temperature = _temperature(values, assumed)
    return Trace(values.get("time"), values.get("voltage"), current, temperature, meta)


def _scaled(values: NDArray[np.float64], column: Column) -> NDArray[np.float64]:
    return values * column.heading.factor if column.heading.factor != 1.0 else values


def _temperature(values: dict[str, NDArray[np.float64]], assumed: list[str]) -> float | None:
    column = values.get("temperature")
    if column is None or not np.all(np.isfinite(column)):
        return None
    mean = float(np.mean(column))
    assumed.append(f"the temperature is the mean of its column, {mean:.2f} K")
    return mean


def _with_sign(
    voltage: NDArray[np.float64], current: NDArray[np.float64], column: Column, assumed: list[str]
) -> NDArray[np.float64]:
    """Absolute-valued currents get the voltage's sign back, and that is said."""
    if column.heading.quantity == "abs_current" or (
        np.all(current >= 0) and np.any(current > 0) and _both_signs(voltage)
    ):
        assumed.append(
            f"'{column.heading.text}' holds absolute values: the current was given the voltage's sign"
        )
        return np.where(voltage < 0, -np.abs(current), np.abs(current))
    return current


def _both_signs(voltage: NDArray[np.float64]) -> bool:
    reach = 0.05 * float(np.max(np.abs(voltage)))
    return bool(np.any(voltage > reach) and np.any(voltage < -reach))
