"""List-style CSV of an SMU's I/V sweep: ``V1,I1`` or ``V1,I1,absI``, no time, no units.

The volts are the requested ones; ``absI`` is the instrument's user function and is left out.
"""

from __future__ import annotations

import re

from compactmodels.data import Trace
from fitting.readers.columns import ColumnOption
from fitting.readers.delimited import trace_of
from fitting.readers.source import Source
from fitting.readers.table import tables

NAME = "V1,I1 list CSV"
_HEADING = re.compile(r"\s*V\d+\s*,\s*I\d+\s*(?:,\s*abs\w*\s*)?,?\s*", re.IGNORECASE)


def recognise(source: Source) -> bool:
    """Whether the first line that is not blank is ``V1,I1`` with or without ``absI``."""
    first = next((line for line in source.lines if line.strip()), "")
    return _HEADING.fullmatch(first) is not None


def read(source: Source, columns: ColumnOption = None) -> list[Trace]:
    """One trace for each time the heading stands there."""
    return [trace_of(source, table, columns, NAME) for table in tables(source)]
