"""The sheets of an xls or xlsx workbook, each as a text of its own: rows of tab-separated cells."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import Any

from compactmodels.errors import DataFileError, InputError
from fitting.readers import workbook_process
from fitting.readers.isolated import damaged, output_of
from fitting.readers.reading import DataFile, Reading
from fitting.readers.source import Source, load

_Sheets = tuple[tuple[str, tuple[str, ...]], ...]


@lru_cache(maxsize=4)
def _sheets(source: Source) -> _Sheets:
    document: dict[str, Any] = json.loads(output_of(workbook_process, source, "python-calamine"))
    if "sheets" in document:
        return tuple((name, tuple(rows)) for name, rows in document["sheets"])
    if document["code"] == "locked":
        raise DataFileError(
            f"'{source.path}' is a workbook locked with a password: save it without one",
            code="locked",
        )
    if document["code"] == "too_large":
        raise DataFileError(
            f"'{source.path}': {document['error']}, {workbook_process.MOST_CELLS} are read: export it "
            "as CSV",
            code="too_large",
        )
    raise damaged(source, document["error"])


def sheets(source: Source) -> _Sheets:
    """Name and rows of each sheet, in the workbook's order; none where it is no workbook.

    Raises
    ------
    DataFileError
        Codes ``binary_file`` (damaged), ``locked``, ``too_large``.
    ToolMissing
        python-calamine is not installed.
    """
    if source.kind != "workbook":
        return ()
    return _sheets(source)


def wanted(source: Source, reading: Reading) -> list[Source]:
    """The sheets to read: the one that was asked for, else all that hold something.

    Raises
    ------
    InputError
        Code ``no_sheet``.
    """
    every = sheets(source)
    if reading.sheet is not None:
        named = [s for s in every if s[0].lower() == reading.sheet.strip().lower()]
        if not named:
            names = ", ".join(f"'{name}'" for name, _ in every)
            raise InputError(
                f"'{source.path}' has no sheet '{reading.sheet}': it has {names}", code="no_sheet"
            )
        every = tuple(named)
    return [
        source.as_sheet(name, rows, source.skipped)
        for name, rows in every
        if any(row.strip() for row in rows[source.skipped :])
    ]


def text_of(path: str | os.PathLike[str], skip: int | None = None) -> Source:
    """The text of a file, or of a workbook's only sheet that holds something, or of the one chosen.

    Parameters
    ----------
    path : path or DataFile
        A :class:`DataFile` may choose the sheet.
    skip : int, optional

    Raises
    ------
    DataFileError, InputError
        Codes ``ambiguous_sheet`` where there are several, ``no_sheet``, and those of
        :func:`fitting.readers.source.load`.
    """
    given = path.reading if isinstance(path, DataFile) else Reading()
    source = load(path, given.skip if skip is None else skip)
    if source.kind != "workbook":
        if given.sheet is not None:
            raise InputError(
                f"'{source.path}' is no workbook and has no sheet '{given.sheet}'", code="no_sheet"
            )
        return source
    parts = wanted(source, given)
    if len(parts) != 1:
        names = ", ".join(f"'{part.sheet}'" for part in parts) or "none with anything in it"
        raise InputError(
            f"'{source.path}' has the sheets {names}: one is expected; choose it with --sheet NAME "
            "(in Python DataFile(path, Reading(sheet=...)))",
            code="ambiguous_sheet",
        )
    return parts[0]
