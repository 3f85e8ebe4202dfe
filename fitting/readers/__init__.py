"""Readers of measurement files: what people's instruments wrote, as traces in SI units.

A format is recognised by its content, never by the file's name.  Each is one module of this folder
with ``NAME``, ``LACKS`` (what a file of another format lacks, in a few words),
``recognise(source)`` and ``read(source, reading)``, and is found by discovery.
"""

from __future__ import annotations

import os
import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from compactmodels.data import Dataset, Trace
from compactmodels.errors import DataFileError, InputError
from fitting.readers.checks import check_finite, check_points, check_swept
from fitting.readers.reading import ColumnOption, DataFile, Reading
from fitting.readers.source import Source, load

__all__ = ["ColumnOption", "DataFile", "Reading", "formats", "read", "recognised"]

_UNKNOWN: Final = frozenset({"not_data", "no_columns", "ambiguous_columns"})
SHOWN: Final = 3
"""First lines of a file that an error shows."""


@cache
def formats() -> tuple[ModuleType, ...]:
    """The modules that read a format, the generic ones last."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__))
    modules = [import_module(f"{__name__}.{name}") for name in names]
    readers = [module for module in modules if hasattr(module, "recognise")]
    return tuple(sorted(readers, key=lambda module: getattr(module, "GENERIC", False)))


def recognised(source: Source) -> list[ModuleType]:
    """The readers that take a file for theirs: one specific one at most, then the generic one."""
    return [module for module in formats() if module.recognise(source)]


def read(
    path: str | os.PathLike[str],
    *,
    columns: ColumnOption = None,
    skip: int | None = None,
    sheet: str | None = None,
    shunt: float | None = None,
    interval: float | None = None,
) -> Dataset:
    """Read a measurement file.

    Parameters
    ----------
    path : path or DataFile
        A :class:`DataFile` carries the options below with it; those given here go before.
    columns : str or mapping, optional
        Which column is which, numbered from 1 or by heading: ``"voltage=1,current=2"``,
        ``{"time": 1, "signal": 3}``; a unit may follow in brackets, ``current=2[uA]``.  Quantities:
        voltage current time signal temperature resistance, and ``shunt`` (the voltage across a
        shunt) with ``voltage`` (across the device) or ``applied`` (across both).
    skip : int, optional
        Lines at the top to leave out.
    sheet : str, optional
        Of a workbook: the one to read.
    shunt : float, optional
        Ohm of the shunt whose voltage was recorded.
    interval : float, optional
        Seconds between rows, where the file has no time.

    Returns
    -------
    Dataset
        One trace a table; ``meta["assumed"]`` lists what was inferred.  ``varied["sweep"]`` numbers
        the traces from 1 where there are several, further entries are what the file says varied.

    Raises
    ------
    DataFileError
        One sentence with file and line.  Codes: ``no_file is_directory unreadable empty_file
        binary_file too_large not_data not_measurement no_columns no_current ambiguous_columns
        non_numeric not_finite single_point zero_current constant_voltage constant_time no_sheet
        locked damaged``.
    InputError
        Codes ``bad_columns no_shunt bad_shunt bad_interval``.
    """
    given = path.reading if isinstance(path, DataFile) else Reading()
    reading = Reading(
        given.columns if columns is None else columns,
        given.skip if skip is None else skip,
        given.sheet if sheet is None else sheet,
        given.shunt if shunt is None else shunt,
        given.interval if interval is None else interval,
    )
    source = load(path, reading.skip)
    if reading.sheet is not None and source.kind != "workbook":
        raise InputError(
            f"'{source.path}' is no workbook and has no sheet '{reading.sheet}'", code="no_sheet"
        )
    traces = tuple(_read(source, reading))
    for trace in traces:
        check_finite(trace)
        check_points(trace)
        if trace.voltage is not None and trace.time is None:
            check_swept(trace)
    if len(traces) > 1:
        traces = tuple(t.take(slice(None), sweep=k) for k, t in enumerate(traces, start=1))
    return Dataset(traces, _varied(traces))


def _read(source: Source, reading: Reading) -> list[Trace]:
    mine = recognised(source)
    if not mine:
        raise _unknown(source, "nothing in it is a table", "not_data")
    try:
        traces: list[Trace] = mine[0].read(source, reading)
    except DataFileError as error:
        generic = getattr(mine[0], "GENERIC", False)
        if generic and reading.columns is None and error.code in _UNKNOWN:
            raise _unknown(source, error.message, error.code) from None
        raise
    return traces


def _unknown(source: Source, sentence: str, code: str) -> DataFileError:
    """What a file of no known format gets: its first lines, what was tried, what to do."""
    tried = "; ".join(f"{m.NAME} ({m.LACKS})" for m in formats() if not hasattr(m, "GENERIC"))
    shown = " | ".join(line.strip()[:60] for line in source.first_lines(SHOWN))
    begins = f"; its first lines are: {shown}" if shown else ""
    return DataFileError(
        f"{sentence}; whatever the layout, columns can be named by hand (--columns "
        f"voltage=2,current=5 --skip 3){begins}; tried: {tried}",
        code=code,
    )


def _varied(traces: tuple[Trace, ...]) -> dict[str, tuple[Any, ...]]:
    if len(traces) < 2:
        return {}
    names = dict.fromkeys(n for trace in traces for n in trace.meta.get("varied", {}))
    more = {n: tuple(t.meta.get("varied", {}).get(n) for t in traces) for n in names}
    return {"sweep": tuple(range(1, len(traces) + 1)), **more}
