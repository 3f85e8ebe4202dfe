"""Keysight SMU CSV: ``Item,Smu1.Time[1][1],Smu1.V[1][1],Smu1.I[1][1],Smu1.R[1][1],``.

The brackets number the channel and the sweep, the voltage is the measured one, and every line ends
with a comma.  Each pair of V and I is one trace.
"""

from __future__ import annotations

import re

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers.columns import ColumnOption
from fitting.readers.delimited import trace_of
from fitting.readers.source import Source
from fitting.readers.table import tables

NAME = "Keysight SMU CSV"
_CELL = re.compile(r"(?P<unit>Smu\d+)\.(?P<what>Time|V|I|R)(?P<index>(?:\[\d+\])*)", re.IGNORECASE)


def recognise(source: Source) -> bool:
    """Whether one of the first lines names ``SmuN.V`` or ``SmuN.I``."""
    return any("Item" in line and _CELL.search(line) for line in source.lines[:20])


def read(source: Source, columns: ColumnOption = None) -> list[Trace]:
    """One trace for each channel and sweep that has a voltage and a current.

    Raises
    ------
    DataFileError
        Code ``no_columns`` where no channel has both.
    """
    result: list[Trace] = []
    for table in tables(source):
        if columns is not None:
            result.append(trace_of(source, table, columns, NAME))
            continue
        groups: dict[tuple[str, str], dict[str, int]] = {}
        for k, heading in enumerate(table.headings):
            match = _CELL.fullmatch(heading)
            if match:
                group = groups.setdefault((match["unit"].lower(), match["index"]), {})
                group[match["what"].lower()] = k + 1
        for (unit, index), places in groups.items():
            if "v" not in places or "i" not in places:
                continue
            option = {"voltage": places["v"], "current": places["i"]}
            if "time" in places:
                option["time"] = places["time"]
            trace = trace_of(source, table, option, NAME)
            result.append(trace.take(slice(None), channel=f"{unit}{index}"))
    if not result:
        raise DataFileError(
            f"'{source.path}' reads as {NAME}, and no channel has both V and I: export both",
            code="no_columns",
        )
    return result
