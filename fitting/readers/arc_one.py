"""ArC ONE CSV (perhaps gzipped): a session line, a date line, then one row a pulse and a read.

The instrument stores resistances: the current is the read voltage over the resistance (in a sweep
of the curve tracer, tag CT, the amplitude over it).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers.columns import Column
from fitting.readers.dialect import COMMA
from fitting.readers.headers import Heading
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import FloatArray, Table, below, of_arrays
from fitting.readers.traces import traces_of

NAME = "ArC ONE CSV"
LACKS = "no heading Wordline,Bitline,Resistance"
_NEEDED: Final = ("Wordline", "Bitline", "Resistance", "Amplitude (V)", "ReadVoltage")


def _head(source: Source) -> int | None:
    for k, line in enumerate(source.lines[:20]):
        if COMMA.cells(line)[:3] == ["Wordline", "Bitline", "Resistance"]:
            return k
    return None


def recognise(source: Source) -> bool:
    """Whether one of the first lines begins with Wordline, Bitline, Resistance."""
    return _head(source) is not None


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace for each crosspoint: a sweep of the curve tracer, or the reads after its pulses.

    Raises
    ------
    DataFileError
        Codes ``no_columns``, ``not_data``.
    """
    head = _head(source)
    assert head is not None
    table = below(source, head, COMMA)
    if reading.columns is not None:
        return traces_of(source, table, reading, NAME)
    missing = [name for name in _NEEDED if name not in table.headings]
    if missing:
        raise DataFileError(
            f"{source.where(head)}: this reads as {NAME} without {', '.join(missing)}: export again",
            code="no_columns",
        )
    if not len(table.places):
        raise DataFileError(
            f"{source.where(head)}: no pulse stands below the heading", code="not_data"
        )
    values = {n: table.column(source, table.headings.index(n), n) for n in _NEEDED}
    width = table.headings.index("Pulse width (s)") if "Pulse width (s)" in table.headings else None
    if width is not None:
        values["width"] = table.column(source, width, "Pulse width (s)")
    tag = table.headings.index("Tag") if "Tag" in table.headings else None
    tags = np.array(
        [table.cells(int(k))[tag].upper()[:2] if tag is not None else "" for k in table.places]
    )
    result: list[Trace] = []
    points = list(dict.fromkeys(zip(values["Wordline"], values["Bitline"])))
    for word, bit in points:
        here = (values["Wordline"] == word) & (values["Bitline"] == bit)
        meta: dict[str, Any] = {"device": f"W{word:.0f}B{bit:.0f}"}
        if len(points) > 1:
            meta["varied"] = {"device": meta["device"]}
        for swept in (True, False):
            rows = here & ((tags == "CT") == swept)
            if np.any(rows):
                result += _trace(source, table, reading, values, rows, swept, meta)
    return result


def _trace(
    source: Source,
    table: Table,
    reading: Reading,
    values: dict[str, FloatArray],
    rows: Any,
    swept: bool,
    meta: dict[str, Any],
) -> list[Trace]:
    own = "Amplitude (V)" if swept else "ReadVoltage"
    with np.errstate(divide="ignore", invalid="ignore"):
        current = values[own][rows] / values["Resistance"][rows]
    label = f"{own} / Resistance"
    arrays = [values[own][rows], current]
    made = of_arrays([own, label], arrays, source)
    data = Table(made.headings, source.lines, table.places[rows], COMMA, table.first, made.arrays)
    said: tuple[str, ...] = (f"the file holds resistances: the current is {label}",)
    if swept:
        columns = {
            "voltage": Column(0, Heading(own, "voltage", "V")),
            "current": Column(1, Heading(label, "current", "A")),
        }
        return traces_of(source, data, reading, NAME, columns=columns, meta=meta, assumed=said)
    pulses = {"pulse_voltage": values["Amplitude (V)"][rows]}
    if "width" in values:
        pulses["pulse_width"] = values["width"][rows]
    columns = {"signal": Column(1, Heading(label, "signal", "A"))}
    said = (*said, "each row is a read after a pulse: a series of reads, not a sweep")
    meta = {**meta, **pulses}
    return traces_of(source, data, reading, NAME, columns=columns, meta=meta, assumed=said)
