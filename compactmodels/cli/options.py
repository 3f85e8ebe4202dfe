"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compactmodels.cli.output import state


def _json(value: bool) -> bool:
    state.json = state.json or value
    return value


def _debug(value: bool) -> bool:
    state.debug = state.debug or value
    return value


Json = Annotated[
    bool,
    typer.Option("--json", callback=_json, help="Print one JSON object on stdout, nothing else."),
]
Debug = Annotated[
    bool, typer.Option("--debug", callback=_debug, help="Show the traceback of an error.")
]
Card = Annotated[
    str, typer.Argument(metavar="CARD", help="A library card's name, or the path of a card file.")
]
Folder = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="DIR", help="Folder for the files that are written."),
]
Temperature = Annotated[
    float | None,
    typer.Option(
        metavar="K", help="Temperature in kelvin; 300.15 (27 C) where nothing says otherwise."
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        metavar="LIST",
        help="Which column is which, from 1 or by heading: voltage=2,current=5 or time=1,signal=3; "
        "a unit may follow: current=5[uA]. Several signals side by side: signal=1-3.",
    ),
]
Skip = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="Lines at the top to leave out.")
]
Sheet = Annotated[
    str | None, typer.Option(metavar="NAME", help="Of a workbook: the sheet to read.")
]
Shunt = Annotated[
    float | None,
    typer.Option(
        metavar="OHM",
        help="The current was recorded as the voltage across this resistor: "
        "--columns applied=2,shunt=3 (voltage=2 where the channel is across the device alone).",
    ),
]
Interval = Annotated[
    float | None,
    typer.Option(metavar="S", help="Seconds from row to row, where the file has no time."),
]
MaxRms = Annotated[
    float,
    typer.Option(min=1e-6, metavar="DECADES", help="Refuse a fit that lies further off (RMS)."),
]
