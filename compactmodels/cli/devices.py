"""``compactmodels devices``: representative devices as records, and a card to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from compactmodels.cli.options import Debug, Json
from compactmodels.cli.output import emit_json, say, state, table
from compactmodels.errors import InputError


def devices(
    text: Annotated[
        str, typer.Argument(metavar="[TEXT]", help="Part of the layers: hfo, CsPbBr3, Ag/.")
    ] = "",
    min_on_off: Annotated[
        float | None, typer.Option(metavar="RATIO", help="On/off ratio, at least.")
    ] = None,
    min_retention: Annotated[
        float | None, typer.Option(metavar="S", help="Retention in seconds, at least.")
    ] = None,
    min_endurance: Annotated[
        float | None, typer.Option(metavar="CYCLES", help="Endurance, at least.")
    ] = None,
    max_thickness: Annotated[
        float | None, typer.Option(metavar="NM", help="Thickness in nanometres, at most.")
    ] = None,
    lrs: Annotated[
        float, typer.Option(metavar="OHM", help="Resistance of the starting card's on state.")
    ] = 1e4,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="CARD", help="Write a starting card of the one device found."
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Search the review's table of devices; with -o make a card to start from."""
    from compactmodels.files import check_folder
    from compactmodels.workflows.devices import search, starting_card

    found = search(
        text,
        min_on_off=min_on_off,
        min_retention=min_retention,
        min_endurance=min_endurance,
        max_thickness=max_thickness,
    )
    document: dict[str, Any] = {"devices": [_row(d) for d in found]}
    if output is not None:
        if len(found) != 1:
            named = ", ".join(d.device for d in found) or "none"
            raise InputError(
                f"{len(found)} devices meet this ({named}): a starting card is made of one; narrow the "
                "search",
                code="ambiguous_device",
            )
        check_folder(output.parent)
        document["card"] = str(starting_card(found[0], lrs).save(output))
    table(
        "representative devices",
        ["layers", "nm", "on/off", "retention (s)", "endurance"],
        [
            [d.device, *(_text(x) for x in (d.thickness_nm, d.on_off, d.retention_s, d.endurance))]
            for d in found
        ],
    )
    if found:
        say(f"source: {found[0].source}")
    if "card" in document:
        say(f"card: {document['card']}")
    if state.json:
        emit_json(document)


def _row(d: Any) -> dict[str, Any]:
    names = ("device", "thickness_nm", "on_off", "retention_s", "endurance", "source")
    return {name: getattr(d, name) for name in names}


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
