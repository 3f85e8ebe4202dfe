"""``compactmodels fit plasticity``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from compactmodels.cli.options import Debug, Json, Sheet, Skip
from compactmodels.errors import InputError


class Kind(StrEnum):
    """What was measured."""

    ppf = "ppf"
    stdp = "stdp"
    ltp = "ltp"
    srdp = "srdp"
    sddp = "sddp"
    svdp = "svdp"
    sndp = "sndp"
    retention = "retention"
    arrhenius = "arrhenius"


class Convention(StrEnum):
    """What a paired pulse's response is."""

    auto = "auto"
    change = "change"
    ratio = "ratio"


class Noise(StrEnum):
    """How the response scatters."""

    auto = "auto"
    additive = "additive"
    relative = "relative"


class Ends(StrEnum):
    """Whether potentiation and depression share G_min and G_max."""

    auto = "auto"
    joined = "joined"
    separate = "separate"


def plasticity(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="One file; for ltp one, or two (up and down)."),
    ],
    kind: Annotated[Kind, typer.Option(help="What was measured.")],
    law: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="A law of the kind (ltp: a shape), or auto: all of them."
        ),
    ] = "auto",
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Which column is which, from 1 or by heading: x=1,y=2,error=3; trains: pulse=1,g=2 or "
            "up=1,down=2; a unit may follow: x=1[ms].",
        ),
    ] = None,
    skip: Skip = None,
    sheet: Sheet = None,
    convention: Annotated[
        Convention, typer.Option(help="ppf: change is (A2 - A1)/A1, ratio is A2/A1.")
    ] = Convention.auto,
    noise: Annotated[
        Noise, typer.Option(help="Scatter of the response: additive, or relative to it.")
    ] = Noise.auto,
    ends: Annotated[
        Ends, typer.Option(help="ltp: whether both directions share G_min and G_max.")
    ] = Ends.auto,
    read_voltage: Annotated[
        float | None,
        typer.Option(metavar="V", help="ltp: divides currents to give conductances."),
    ] = None,
    amplitude: Annotated[
        str | None,
        typer.Option(metavar="V[,V]", help="ltp: voltage of the pulses up and down, for the card."),
    ] = None,
    width: Annotated[
        float | None, typer.Option(metavar="S", help="ltp: width of a pulse, for the card.")
    ] = None,
    conductance: Annotated[
        str | None,
        typer.Option(
            metavar="LOW,HIGH",
            help="ltp in arbitrary units: the siemens of its lowest and highest end, for the card.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="CARD", help="Card file.")
    ] = None,
    plots: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the figures (PNG and SVG) into this folder."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="HTML", help="Write one self-contained page: numbers, warnings, figures."
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Fit plasticity: paired pulses, spike timing, pulse trains, dependences, retention, Arrhenius.

    Laws of a kind are held against each other, with weights; every number that has several conventions
    says which one it follows. A train of pulses becomes a card that simulates, with its noise.
    """
    from compactmodels.cli.fits import check_targets, report_fits
    from compactmodels.cli.read import data_files
    from fitting import fit_plasticity

    options: dict[str, Any] = {}
    trains: dict[str, Any] = {
        "read_voltage": read_voltage,
        "amplitude": numbers(amplitude, "--amplitude"),
        "width": width,
        "conductance": numbers(conductance, "--conductance"),
    }
    given = {name for name, value in trains.items() if value is not None}
    if ends is not Ends.auto:
        given.add("ends")
    if kind is Kind.ltp:
        options = {**trains, "ends": ends.value}
    elif given:
        raise InputError(f"--{given.pop().replace('_', '-')} belongs to --kind ltp", code="usage")
    if convention is not Convention.auto and kind is not Kind.ppf:
        raise InputError("--convention belongs to --kind ppf", code="usage")
    if len(files) > (2 if kind is Kind.ltp else 1):
        raise InputError(
            f"{len(files)} files: --kind {kind.value} takes {'one or two' if kind is Kind.ltp else 'one'}",
            code="usage",
        )
    check_targets(output, plots, report)
    sources = data_files(files, sheet, None, None)
    result = fit_plasticity(
        sources if kind is Kind.ltp else sources[0],
        kind.value,
        law,
        columns=columns,
        skip=skip,
        convention=convention.value,
        noise=noise.value,
        **options,
    )
    report_fits([result], output, plots, report)


def numbers(text: str | None, option: str) -> tuple[float, ...] | None:
    """``1,-1.2`` as numbers.

    Raises
    ------
    InputError
        Anything else.
    """
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            f"{option} {text!r}: numbers with a comma between are expected", code="usage"
        ) from None
