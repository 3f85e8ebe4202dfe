"""Siglent oscilloscope CSV: ``Record Length,Analog:...`` or ``Source,CH1``, over ``Second,Volt``."""

from __future__ import annotations

from compactmodels.data import Trace
from fitting.readers.dialect import COMMA
from fitting.readers.headers import parse_unit
from fitting.readers.reading import Reading
from fitting.readers.scope import channels
from fitting.readers.source import Source
from fitting.readers.table import below

NAME = "Siglent oscilloscope CSV"
LACKS = "neither Record Length,Analog:... nor Source,CH1 above Second,Volt"


def _head(source: Source) -> int | None:
    return next(
        (k for k, line in enumerate(source.lines[:60]) if line.lower().startswith("second,")), None
    )


def recognise(source: Source) -> bool:
    """Whether a header with ``Analog:``, or ``Source,CH1``, stands above ``Second,Volt``."""
    first = source.first_lines(1)
    if not first or _head(source) is None:
        return False
    return "Analog:" in first[0] or first[0].startswith("Source,")


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace of time and the channels."""
    head = _head(source)
    assert head is not None
    table = below(source, head, COMMA)
    names = [f"CH{k}" for k in range(1, len(table.headings))]
    written: dict[str, str] = {}
    for line in source.lines[:head]:
        cells = COMMA.cells(line)
        if cells and cells[0].lower() == "source" and len(cells) - 1 >= len(names):
            names = cells[1 : len(names) + 1]
        if cells and cells[0].lower() == "vertical units":
            written = dict(cell.split(":", 1) for cell in cells[1:] if ":" in cell)
    # newer models write `Value` where older ones write `Volt`
    units = [u if parse_unit(u) else written.get(n, "V") for n, u in zip(names, table.headings[1:])]
    titled = ["Time (s)", *(f"{n} ({u})" for n, u in zip(names, units))]
    return channels(source, table.titled(titled), reading, NAME)
