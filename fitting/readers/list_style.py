"""List-style CSV of an SMU's I/V sweep: ``V1,I1`` or ``V1,I1,absI``, no time, no units.

The volts are the requested ones; ``absI`` is the instrument's user function and is left out.
"""

from __future__ import annotations

import re

from compactmodels.data import Trace
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import tables
from fitting.readers.traces import traces_of

NAME = "V1,I1 list CSV"
LACKS = "its first line is not V1,I1"
_HEADING = re.compile(r"\s*V\d+\s*,\s*I\d+\s*(?:,\s*abs\w*\s*)?,?\s*", re.IGNORECASE)


def recognise(source: Source) -> bool:
    """Whether the first line that is not blank is ``V1,I1`` with or without ``absI``."""
    first = source.first_lines(1)
    return bool(first) and _HEADING.fullmatch(first[0]) is not None


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace for each time the heading stands there."""
    meta = {"voltage_is": "requested"}
    return [
        t for table in tables(source) for t in traces_of(source, table, reading, NAME, meta=meta)
    ]
