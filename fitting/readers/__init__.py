"""Readers of measurement files: what people's instruments wrote, as traces in SI units.

A format is recognised by its content, never by the file's name.  Each is one module with a
``NAME``, ``recognise(source)`` and ``read(source, columns)``; the plain reader comes last.
"""

from __future__ import annotations

import os
from types import ModuleType
from typing import Final

from compactmodels.data import Dataset
from fitting.readers import delimited, keysight_smu, list_style, time_table
from fitting.readers.checks import check_finite, check_points, check_swept
from fitting.readers.columns import ColumnOption
from fitting.readers.source import load

FORMATS: Final[tuple[ModuleType, ...]] = (keysight_smu, list_style, time_table, delimited)
"""Asked in this order."""


def read(
    path: str | os.PathLike[str], *, columns: ColumnOption = None, skip: int | None = None
) -> Dataset:
    """Read a measurement file.

    Parameters
    ----------
    path : path
    columns : str or mapping, optional
        Which column is which, numbered from 1 or by heading: ``"voltage=1,current=2"``,
        ``{"time": 1, "signal": 3}``; a unit may follow in brackets, ``current=2[uA]``.
    skip : int, optional
        Lines at the top to leave out.

    Returns
    -------
    Dataset
        One trace a table; ``meta["assumed"]`` lists what was inferred.  ``varied["sweep"]`` numbers
        the traces from 1 where there are several.

    Raises
    ------
    DataFileError
        One sentence with file and line.  Codes: ``no_file is_directory unreadable empty_file
        binary_file not_data no_columns no_current ambiguous_columns non_numeric not_finite
        single_point zero_current constant_voltage constant_time``.
    InputError
        Code ``bad_columns``.
    """
    source = load(path, skip)
    reader = next((module for module in FORMATS if module.recognise(source)), delimited)
    traces = tuple(reader.read(source, columns))
    for trace in traces:
        check_finite(trace)
        check_points(trace)
        if trace.voltage is not None and trace.time is None:
            check_swept(trace)
    varied = {"sweep": tuple(range(1, len(traces) + 1))} if len(traces) > 1 else {}
    return Dataset(traces, varied)
