"""A workbook that no instrument wrote: every sheet is read as plain delimited text is."""

from __future__ import annotations

from compactmodels.data import Trace
from compactmodels.errors import DataFileError, InputError
from fitting.readers import keithley_4200
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import tables
from fitting.readers.traces import traces_of
from fitting.readers.workbook import wanted

NAME = "workbook"
LACKS = "no xls or xlsx file"


def recognise(source: Source) -> bool:
    """Whether it is a workbook that is not the Keithley 4200's."""
    return source.kind == "workbook" and not keithley_4200.recognise(source)


def read(source: Source, reading: Reading) -> list[Trace]:
    """The traces of the sheet that was asked for, or of each that holds a measurement.

    Raises
    ------
    DataFileError
        No sheet holds a measurement, or one cannot be read; with the sheet and the row.
    InputError
        Code ``ambiguous_sheet``: columns were named by hand, and there are several sheets.
    """
    parts = wanted(source, reading)
    if not parts:
        raise DataFileError(f"'{source.path}' has empty sheets only", code="empty_file")
    if len(parts) > 1 and reading.columns is not None:
        names = ", ".join(f"'{part.sheet}'" for part in parts)
        raise InputError(
            f"'{source.path}' has the sheets {names}: say with --sheet which one --columns speaks of",
            code="ambiguous_sheet",
        )
    result: list[Trace] = []
    left: dict[str, DataFileError] = {}
    for part in parts:
        try:
            for table in tables(part):
                result += traces_of(part, table, reading, NAME)
        except DataFileError as error:
            if error.code not in ("not_data", "no_columns", "ambiguous_columns"):
                raise
            left[str(part.sheet)] = error
    if not result:
        raise next(iter(left.values()))
    for trace in result:
        if left:
            trace.meta["assumed"].append(
                f"sheets without a measurement left out: {', '.join(left)}"
            )
    return result
