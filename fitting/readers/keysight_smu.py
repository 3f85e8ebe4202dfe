"""Keysight SMU CSV: ``Item,Smu1.Time[1][1],Smu1.V[1][1],Smu1.I[1][1],Smu1.R[1][1],``.

The brackets number the channel and the sweep, the voltage is the measured one, and every line ends
with a comma.  Each pair of V and I is one trace.
"""

from __future__ import annotations

import re

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers.columns import picked
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import tables
from fitting.readers.traces import traces_of

NAME = "Keysight SMU CSV"
LACKS = "no heading such as Item,Smu1.V[1][1]"
_CELL = re.compile(r"(?P<unit>Smu\d+)\.(?P<what>Time|V|I|R)(?P<index>(?:\[\d+\])*)", re.IGNORECASE)
_QUANTITY = {"time": "time", "v": "voltage", "i": "current"}


def recognise(source: Source) -> bool:
    """Whether one of the first lines names ``SmuN.V`` or ``SmuN.I``."""
    return any("Item" in line and _CELL.search(line) for line in source.lines[:20])


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace for each channel and sweep that has a voltage and a current.

    Raises
    ------
    DataFileError
        Code ``no_columns`` where no channel has both.
    """
    result: list[Trace] = []
    for table in tables(source):
        if reading.columns is not None:
            result += traces_of(source, table, reading, NAME)
            continue
        groups: dict[tuple[str, str], dict[str, int]] = {}
        for k, heading in enumerate(table.headings):
            match = _CELL.fullmatch(heading)
            if match and match["what"].lower() in _QUANTITY:
                group = groups.setdefault((match["unit"].lower(), match["index"]), {})
                group[_QUANTITY[match["what"].lower()]] = k
        for (unit, index), places in groups.items():
            if "voltage" in places and "current" in places:
                meta = {"channel": f"{unit}{index}", "voltage_is": "measured"}
                columns = picked(table, **places)
                result += traces_of(source, table, reading, NAME, columns=columns, meta=meta)
    if not result:
        raise DataFileError(
            f"'{source.path}' reads as {NAME}, and no channel has both V and I: export both",
            code="no_columns",
        )
    return result
