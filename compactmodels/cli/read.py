"""``compactmodels read``: what a file is recognised as, and what was inferred of it."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from compactmodels.cli.options import Columns, Debug, Interval, Json, Sheet, Shunt, Skip
from compactmodels.cli.output import emit_json, say, state, table
from compactmodels.report import engineering


def data_files(
    files: list[str], sheet: str | None, shunt: float | None, interval: float | None
) -> list[Any]:
    """The files together with how they are to be read, for any function that takes paths."""
    if sheet is None and shunt is None and interval is None:
        return list(files)
    from fitting.readers import DataFile, Reading

    reading = Reading(sheet=sheet, shunt=shunt, interval=interval)
    return [DataFile(file, reading) for file in files]


def read(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Measured data.")],
    columns: Columns = None,
    skip: Skip = None,
    sheet: Sheet = None,
    shunt: Shunt = None,
    interval: Interval = None,
    rows: Annotated[int, typer.Option(min=0, metavar="N", help="First rows to show.")] = 5,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Read a measurement file: its format, its traces, what was inferred, its first rows."""
    from fitting import readers

    data = readers.read(
        file, columns=columns, skip=skip, sheet=sheet, shunt=shunt, interval=interval
    )
    documents = [_document(trace, rows) for trace in data]
    if state.json:
        emit_json({"file": file, "traces": documents, "varied": dict(data.varied)})
    for k, document in enumerate(documents[:SHOWN], start=1):
        number = f", trace {k} of {len(data)}" if len(data) > 1 else ""
        say(f"\n{file}{number}: {document['format']}, {document['points']} points")
        _first_rows(document)
        for sentence in document["inferred"]:
            say(f"  {sentence}")
        if document["known"]:
            say("  known: " + ", ".join(f"{n} {v}" for n, v in document["known"].items()))

    if len(data) > SHOWN:
        say(f"\n... and {len(data) - SHOWN} further traces (all of them with --json)")


def _first_rows(document: dict[str, Any]) -> None:
    """A table of the first rows, with SI prefixes."""
    names = list(document["rows"])
    rows = zip(*document["rows"].values(), strict=True)
    shown = [
        [engineering(value, document["units"][name], 6) for name, value in zip(names, row)]
        for row in rows
    ]
    if shown:
        table("", names, shown)


SHOWN: Final = 4
"""Traces of a file that are printed for people."""
_KNOWN = (
    *("device", "title", "record_time", "iteration", "run", "sheet", "channel", "terminal"),
    *("compliance", "voltage_is"),
)


def _facts(trace: Any) -> list[str]:
    """What a fit would infer of a sweep: branches, forward side, offset, compliance."""
    import numpy as np

    from fitting.branches import split
    from fitting.inferred import sweep_facts
    from fitting.masks import forward_sign, noise_floor

    if trace.voltage is None or np.ptp(trace.voltage) == 0:
        return []
    power = np.sign(trace.voltage) * np.sign(trace.current)
    along = bool(np.sum(power) >= 0)
    sign = forward_sign(trace.voltage, trace.current)
    floor = noise_floor(trace.voltage, trace.current) if along else 0.0
    parts = split(trace)
    said: dict[str, None] = {}
    for part in parts:
        said.update(dict.fromkeys(sweep_facts(trace, part, len(parts), sign, floor, auto=along)))
    if not along:
        said[
            f"the current runs against the voltage at {np.count_nonzero(power < 0)} of {len(trace)} "
            "points: should it have been measured at the other terminal, a minus in --columns "
            "(voltage=1,current=-2) reverses it"
        ] = None
    return list(said)


def _document(trace: Any, rows: int) -> dict[str, Any]:
    """A trace for JSON: format, points, first rows by quantity, what is known and inferred."""
    signal = "current" if trace.meta.get("signal_unit") == "A" else "signal"
    columns = {"time": trace.time, "voltage": trace.voltage, signal: trace.current}
    units = {"time": "s", "voltage": "V", signal: str(trace.meta.get("signal_unit", "1"))}
    spans = {name: [float(v.min()), float(v.max())] for name, v in columns.items() if v is not None}
    return {
        "format": trace.meta["format"],
        "points": len(trace),
        "temperature": trace.temperature,
        "known": {
            **{name: trace.meta[name] for name in _KNOWN if name in trace.meta},
            **trace.meta.get("varied", {}),
        },
        "inferred": [*trace.meta["assumed"], *_facts(trace)],
        "units": {name: unit for name, unit in units.items() if columns[name] is not None},
        "span": spans,
        "rows": {name: v[:rows].tolist() for name, v in columns.items() if v is not None},
    }
