"""``compactmodels calibrate``: a card moved to published observables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from compactmodels.cli.options import Card, Debug, Json
from compactmodels.cli.output import emit_json, note, say, state, table


class Engine(StrEnum):
    """Who integrates."""

    compiled = "compiled"
    reference = "reference"


def calibrate(
    card: Card,
    targets: Annotated[
        Path,
        typer.Option(metavar="FILE", help="The targets: a TOML file, see docs/calibration.md."),
    ],
    free: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,C",
            help="Parameters that may be moved; default: those of the targets file.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="CARD", help="Write the calibrated card here."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the starts at random.")] = 0,
    starts: Annotated[
        int, typer.Option(min=1, max=1000, help="Searches at most; one if it meets every target.")
    ] = 8,
    engine: Annotated[
        Engine, typer.Option(help="Who integrates the protocols in the search.")
    ] = Engine.compiled,
    check: Annotated[
        bool, typer.Option("--check", help="Run the targets' protocols in ngspice as well.")
    ] = False,
    plots: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the figure (PNG and SVG) into this folder."),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Move parameters of a card until published numbers are met.

    Says how far each target is off, and which combinations of parameters the targets fix and which
    they leave free. Ends with status 1 if a target is missed; the card is written all the same.
    """
    from compactmodels import load_card
    from compactmodels.files import check_folder
    from compactmodels.observables_targets import load_targets
    from compactmodels.workflows import calibration
    from fitting.calibrate import calibrate as run
    from fitting.calibrate_card import document

    for folder in (plots, output.parent if output else None):
        if folder is not None:
            check_folder(folder)
    start = load_card(card)
    wanted = load_targets(targets, start)
    names = None if free is None else [name.strip() for name in free.split(",") if name.strip()]
    with _bar() as progress:
        result = run(
            start, wanted, names, seed=seed, starts=starts, engine=engine.value, progress=progress
        )
    saved = None if output is None else str(result.card.save(output))
    found = document(result, saved)
    simulated = calibration.in_ngspice(result.card, wanted.targets) if check else None
    if simulated is not None:
        found["ngspice"] = calibration.ngspice_document(result, simulated)
    if plots is not None:
        found["figures"] = [str(p) for p in calibration.write_figure(result, plots)]
    _print(result, simulated, found)
    if state.json:
        emit_json(found)
    missed = list(result.missed)
    if missed:
        note(
            f"error: {len(missed)} of {len(wanted.targets)} targets are missed: {', '.join(missed)} "
            "[targets_missed]"
        )
    if simulated is not None:
        lost = [
            t.id
            for t, a, b in zip(wanted.targets, result.after, simulated, strict=True)
            if a.met and not b.met
        ]
        if lost:
            missed += lost
            note(f"error: in ngspice these are missed: {', '.join(lost)} [missed_in_ngspice]")
    if missed:
        raise typer.Exit(1)


def _print(result: Any, simulated: Any, found: dict[str, Any]) -> None:
    from compactmodels.workflows import calibration

    table(
        f"\n{result.card.name}: {result.targets.title or result.targets.file}",
        ["target", "wanted", "before", "simulated", "misfit", ""],
        calibration.target_table(result),
    )
    table(
        "parameters",
        ["name", "before", "value", "std. error", "unit", ""],
        calibration.parameter_table(result),
    )
    say("\n".join(calibration.combinations(result)))
    if simulated is not None:
        table(
            "\nin ngspice",
            ["target", "integrator", "ngspice", "difference", ""],
            calibration.ngspice_table(result, simulated),
        )
    for assumed in result.targets.assumptions:
        say(f"  assumed: {assumed}")
    for warning in result.warnings:
        say(f"  [{warning.code}] {warning.message}")
    if found["card"]:
        say(f"card: {found['card']}")
    if "figures" in found:
        say("figures: " + ", ".join(found["figures"]))


@contextmanager
def _bar() -> Iterator[Callable[[float, str], None]]:
    """A progress bar on stderr; nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("calibrating", total=1.0)
        yield lambda share, text: bar.update(task, completed=share, description=text)
