"""What the readers of oscilloscopes share: channels are voltages, and one may be across a shunt."""

from __future__ import annotations

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers.columns import picked
from fitting.readers.headers import parse_heading
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import Table
from fitting.readers.traces import traces_of


def channels(source: Source, table: Table, reading: Reading, name: str) -> list[Trace]:
    """The trace of an oscilloscope's table: time first, then one column a channel.

    A channel in amperes (a current probe) is the current.  Two channels in volts have to be
    assigned, and the shunt's value is asked for.

    Raises
    ------
    DataFileError
        Codes ``ambiguous_columns`` (two voltages), ``no_current`` (one).
    """
    if reading.columns is not None:
        return traces_of(source, table, reading, name)
    kinds = [parse_heading(text).unit for text in table.headings]
    times = [k for k, unit in enumerate(kinds) if unit == "s"]
    volts = [k for k, unit in enumerate(kinds) if unit == "V"]
    amperes = [k for k, unit in enumerate(kinds) if unit == "A"]
    if len(amperes) == 1 and len(volts) == 1 and reading.shunt is None:
        places = {"voltage": volts[0], "current": amperes[0]}
        if times:
            places["time"] = times[0]
        return traces_of(source, table, reading, name, columns=picked(table, **places))
    shown = ", ".join(f"{k + 1}: '{text}'" for k, text in enumerate(table.headings))
    where = f"{source.where(table.first)}: this reads as {name} with the columns {shown}; "
    time = f"time={times[0] + 1}," if times else ""
    if len(volts) + len(amperes) < 2:
        raise DataFileError(
            where + "one channel is a voltage without a current: give the file that holds both "
            "channels, or, should the channel be across a shunt, say so with --columns "
            f"{time}shunt={(volts or [1])[0] + 1} --shunt OHM",
            code="no_current",
        )
    a, b = (volts + amperes)[:2]
    raise DataFileError(
        where + "which channel is the applied voltage and which is across a shunt, and the shunt's "
        f"value, do not stand there: --columns {time}applied={a + 1},shunt={b + 1} --shunt OHM "
        "(voltage= instead of applied= where the channel is across the device alone)",
        code="ambiguous_columns",
    )
