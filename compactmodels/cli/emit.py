"""``compactmodels emit``: a card in the languages of simulators and schematics."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compactmodels.cli.options import Card, Debug, Folder, Json
from compactmodels.cli.output import emit_json, say, state
from compactmodels.errors import InputError

if TYPE_CHECKING:
    from compactmodels.card import ModelCard


class Target(StrEnum):
    """What ``emit`` writes."""

    veriloga = "verilog-a"
    spice = "spice"
    osdi = "osdi"
    symbol = "symbol"
    testbench = "test-bench"
    corners = "corners"


class Dialect(StrEnum):
    """Whose SPICE."""

    ngspice = "ngspice"
    xyce = "xyce"
    ltspice = "ltspice"
    hspice = "hspice"
    spectre = "spectre"


def emit(
    card: Card,
    to: Annotated[Target, typer.Option(help="What to write.")],
    dialect: Annotated[
        Dialect | None,
        typer.Option(
            help="With --to spice: whose; ngspice unless given. spectre: an include file for the "
            "Verilog-A module, which is written beside it."
        ),
    ] = None,
    output: Folder = Path(),
    self_heating: Annotated[
        bool,
        typer.Option(
            "--self-heating",
            help="With --to verilog-a: a node for the temperature rise (r_th, c_th).",
        ),
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Compile the Verilog-A with OpenVAF as well.")
    ] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a card for a simulator or a schematic.

    verilog-a: a module. spice: a subcircuit. osdi: a compiled model for ngspice 43 and later, by way
    of C. symbol: xschem, KiCad and LTspice, with the subcircuits they name. test-bench: a deck that
    runs as it is. corners: a .lib file, of a card with statistics. `compactmodels check` tries what
    is written in the real tools.
    """
    from compactmodels import load_card

    for given, name, wanted in (
        (check, "--check", Target.veriloga),
        (self_heating, "--self-heating", Target.veriloga),
        (dialect is not None, "--dialect", Target.spice),
    ):
        if given and to is not wanted:
            raise InputError(f"{name} is for --to {wanted.value}, not for {to.value}", code="usage")
    loaded = load_card(card)
    paths = _write(loaded, to, dialect or Dialect.ngspice, output, self_heating)
    document: dict[str, Any] = {
        "card": loaded.name,
        "to": to.value,
        "path": str(paths[0]),
        "files": [str(path) for path in paths],
    }
    if to is Target.spice:
        document["dialect"] = (dialect or Dialect.ngspice).value
    if check:
        document["compiled"] = _compiled(paths[0])
    if state.json:
        emit_json(document)
    say("\n".join(document["files"]) + (f" (compiled: {document['compiled']})" if check else ""))


def _write(
    card: ModelCard, to: Target, dialect: Dialect, folder: Path, self_heating: bool
) -> list[Path]:
    """The files written, the one that was asked for first."""
    if to is Target.veriloga:
        import veriloga

        return [veriloga.emit(card, folder, self_heating=self_heating)]
    if to is Target.osdi:
        from netlists import osdi

        return [osdi.emit(card, folder)]
    if to is Target.symbol:
        from netlists.symbols import emit_symbols

        return emit_symbols(card, folder)
    if to is Target.testbench:
        from netlists.testbench import emit_testbench

        return [emit_testbench(card, folder)]
    if to is Target.corners:
        from netlists.corners import emit_corners

        return [emit_corners(card, folder)]
    if dialect is Dialect.spectre:
        import veriloga
        from netlists.dialects_spectre import emit_spectre

        module = veriloga.emit(card, folder)
        return [emit_spectre(card, folder), module]
    import netlists

    return [netlists.emit(card, folder, dialect=dialect.value)]


def _compiled(path: Path) -> str:
    from veriloga.compiled import compile_module

    module = compile_module(path)
    return f"module {module.name}, {len(module.nodes)} nodes"
