"""``models``, ``simulate`` and ``demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compactmodels.cli.options import Card, Columns, Debug, Folder, Json, Skip, Temperature
from compactmodels.cli.output import emit_json, note, say, state, table
from compactmodels.constants import ROOM_TEMPERATURE

W0 = Annotated[float, typer.Option(min=0.0, max=1.0, help="Initial non-volatile state w0.")]
S0 = Annotated[float, typer.Option(min=0.0, max=1.0, help="Initial volatile state s0.")]
Timeout = Annotated[
    float, typer.Option(min=0.1, metavar="S", help="Seconds before ngspice is ended.")
]


def models(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A part or a library card.")
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List mechanisms, laws and library cards; with NAME its equation, parameters and source."""
    from compactmodels.workflows.catalogue import catalogue, describe

    if name is None:
        entries = catalogue()
        if state.json:
            emit_json({"models": entries})
        for kind in dict.fromkeys(e["kind"] for e in entries):
            rows = [[e["name"], e["title"]] for e in entries if e["kind"] == kind]
            table(kind, ["name", "what it is"], rows)
        return
    found = describe(name)
    if state.json:
        emit_json(found)
        return
    say(f"{found['name']} ({found['kind']}): {found['title']}\n")
    if found["equation"]:
        say(found["equation"] + "\n")
    rows = [
        [p["name"], f"{p['value']:.6g}", p["unit"], p["range"], p["origin"], p["doc"]]
        for p in found["parameters"]
    ]
    table("parameters", ["name", "value", "unit", "range", "origin", "meaning"], rows)
    for key in ("limits", "reference"):
        if found[key]:
            say(f"{key}: {found[key]}")
    for p in found["parameters"]:
        if p["note"]:
            say(f"  {p['name']}: {p['origin']}; {p['note']}")


def simulate(
    card: Card,
    protocol: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            help="dc, sweep, pulses, pair, write_read, half_select, a paper's (otj:letter_H), "
            "or a TOML file.",
        ),
    ] = "sweep",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A setting of the protocol; may be repeated."
        ),
    ] = None,
    w0: W0 = 0.0,
    s0: S0 = 0.0,
    temperature: Temperature = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Overlay this measurement, with its residual."),
    ] = None,
    columns: Columns = None,
    skip: Skip = None,
    output: Folder = Path(),
    timeout: Timeout = 600.0,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Run a card through a protocol in ngspice.

    dc: bias points at held states. sweep: hysteresis loop as ramps. pulses: a train. pair: two
    pulses. write_read: write and read in turn. half_select: what a neighbour's writes do in the V/2
    scheme. The card's own voltages are used unless --set says otherwise, e.g. --set number=20.
    Writes the trace as CSV and its figure; with --against and a file with voltages and times, the
    measured waveform itself is applied.
    """
    from compactmodels import load_card
    from compactmodels.files import check_folder
    from compactmodels.workflows import device

    loaded = load_card(card)
    check_folder(output)
    kelvin = ROOM_TEMPERATURE if temperature is None else temperature
    settings = device.settings_of(set_ or [])
    measured = None if against is None else device.measurement(against, columns, skip)
    chosen = device.protocol_for(loaded, protocol, settings, measured)
    run = device.run(loaded, chosen, w0=w0, s0=s0, temperature=kelvin, timeout=timeout)
    written = device.write(loaded, run, measured, output)
    summary = device.summary(loaded, run, measured)
    warnings = device.remarks(loaded, run)
    if state.json:
        emit_json({**summary, "warnings": warnings, "files": [str(p) for p in written]})
    rows = [
        [k.replace("_", " "), device.shown(k, v)]
        for k, v in summary.items()
        if not isinstance(v, (list, dict))
    ]
    table(f"{loaded.name}: {chosen.label} in ngspice", ["", ""], rows)
    for warning in warnings:
        say(f"  [{warning['code']}] {warning['message']}")
    say("files: " + ", ".join(str(p) for p in written))


def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for what is written.")] = Path(
        "demo"
    ),
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Run the main job on bundled data: fit, card, Verilog-A and SPICE, ngspice, crossbar, plots."""
    from compactmodels.workflows.demo import run_demo

    report = run_demo(out, progress=note)
    if state.json:
        emit_json(report.document)
    for title, columns, lines in report.tables:
        table(title, columns, lines)
    say("written: " + "\n         ".join(report.paths))
