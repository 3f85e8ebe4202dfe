"""``compactmodels export``: a fitted synapse for a network simulator."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from compactmodels.cli.options import Card, Debug, Folder, Json
from compactmodels.cli.output import emit_json, say, state


class Simulator(StrEnum):
    """Who reads the files."""

    neurosim = "neurosim"
    aihwkit = "aihwkit"
    crosssim = "crosssim"


def export(
    card: Card,
    to: Annotated[Simulator, typer.Option(help="Network simulator.")],
    output: Folder = Path(),
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a card's synapse for a network simulator.

    neurosim: parameters as a text to copy. aihwkit: values as JSON and a preset that reads them.
    crosssim: lookup tables of the change by a pulse. What the simulator cannot hold is said.
    """
    from compactmodels import load_card
    from compactmodels.files import check_folder
    from compactmodels.workflows.export import export as write

    loaded = load_card(card)
    check_folder(output)
    paths, remarks = write(loaded, to.value, output)
    if state.json:
        emit_json(
            {
                "card": loaded.name,
                "to": to.value,
                "files": [str(p) for p in paths],
                "warnings": remarks,
            }
        )
    for remark in remarks:
        say(f"  [{remark['code']}] {remark['message']}")
    say("files: " + ", ".join(map(str, paths)))
