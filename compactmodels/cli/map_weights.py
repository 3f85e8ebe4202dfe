"""``compactmodels map``: weights as conductances of an array that makes up for its lines."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from compactmodels.cli.options import Card, Debug, Json, Temperature
from compactmodels.cli.output import emit_json, say, state, table
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.report import engineering


class MappingKind(StrEnum):
    """How signs become conductances."""

    differential = "differential"
    offset = "offset"


class InputKind(StrEnum):
    """Of the inputs that judge it."""

    binary = "binary"
    amplitude = "amplitude"


def map_weights(
    weights: Annotated[
        Path, typer.Argument(metavar="WEIGHTS", help="A CSV of signed numbers, outputs by inputs.")
    ],
    card: Card,
    mapping: Annotated[
        MappingKind,
        typer.Option(
            help="differential: two columns an output. offset: one, and one reference for all."
        ),
    ] = MappingKind.differential,
    line_resistance: Annotated[
        float, typer.Option(min=0.0, metavar="OHM", help="Of one wire segment.")
    ] = 1.0,
    voltage: Annotated[float, typer.Option(metavar="V", help="Of an input of 1.")] = 0.1,
    g_low: Annotated[
        float | None, typer.Option(min=0.0, metavar="S", help="Window; the card's own.")
    ] = None,
    g_high: Annotated[
        float | None, typer.Option(min=0.0, metavar="S", help="Window; the card's own.")
    ] = None,
    compensate: Annotated[
        bool,
        typer.Option(
            "--compensate/--no-compensate", help="Conductances that make up for the lines."
        ),
    ] = True,
    inputs: Annotated[
        InputKind, typer.Option(help="Of the judgement: each input 0 or 1, or between.")
    ] = InputKind.binary,
    tests: Annotated[
        int, typer.Option(min=1, metavar="N", help="Input vectors of the judgement.")
    ] = 16,
    seed: Annotated[int, typer.Option(min=0, help="Of these.")] = 0,
    temperature: Temperature = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Write states, conductances and figure there."
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Map weights to conductances, and tell y = W x before and after compensating the lines.

    The array is solved with the device as non-linear as it is; the states that are written are read by
    'compactmodels crossbar CARD --states FILE'.
    """
    from compactmodels import load_card
    from compactmodels.files import check_folder
    from compactmodels.workflows.mapping import Lines
    from compactmodels.workflows.mapping_report import report_mapping, write_mapping

    loaded = load_card(card)
    if output is not None:
        check_folder(output)
    kelvin = ROOM_TEMPERATURE if temperature is None else temperature
    report = report_mapping(
        weights,
        loaded,
        mapping=mapping.value,
        lines=Lines(
            r_word=line_resistance, r_bit=line_resistance, voltage=voltage, temperature=kelvin
        ),
        g_low=g_low,
        g_high=g_high,
        compensate=compensate,
        inputs=inputs.value,
        tests=tests,
        seed=seed,
    )
    written = [] if output is None else [str(p) for p in write_mapping(report, output)]
    document = report.document()
    if state.json:
        emit_json({**document, "files": written})
    _show(document)
    if not report.chosen[0].settled:
        after = document["after"]
        say(
            f"  [unsettled] the loop was cut short after {after['rounds']} rounds, with conductances that still change by "
            f"up to {after['last_change']:.2g} of themselves: shorter lines, or a window of lower conductances, let it end"
        )
    if written:
        say("files: " + ", ".join(written))


def _show(found: dict[str, Any]) -> None:
    rows = [_row("as mapped", found["before"])]
    if "after" in found:
        rows.append(_row("compensated", found["after"]))
    table(
        f"{found['card']}: {found['rows']} x {found['cols']}, {found['mapping']}, "
        f"{engineering(found['siemens'], 'S', 3)} for a weight of 1",
        ["", "error of y", "after one gain", "factor", "cells at an end"],
        rows,
    )


def _row(name: str, told: dict[str, Any]) -> list[str]:
    errors = [f"{100 * told[k]:.3g} %" for k in ("error", "error_after_gain")]
    return [name, *errors, f"{told['factor']:.4g}", str(told["cells_at_an_end"])]
