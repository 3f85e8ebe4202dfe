"""``compactmodels reproduce``: published against simulated, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from compactmodels.cli.options import Debug, Json
from compactmodels.cli.output import emit_json, note, say, state, table

VERDICTS: Final[Mapping[bool | None, str]] = {True: "met", False: "MISSED", None: "not run"}


class Engine(StrEnum):
    """Who runs the protocols."""

    ngspice = "ngspice"
    compiled = "compiled"


def reproduce(
    papers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PAPER]...", help="otj, ohm, mose2, ohp, review; all by default."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ID", help="One target; may be given several times."),
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="ngspice, or the compiled integrator (faster).")
    ] = Engine.ngspice,
    plots: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write a figure a paper (PNG and SVG) into this folder."),
    ] = None,
    accuracy: Annotated[
        bool,
        typer.Option(
            "--accuracy", help="Train the papers' networks too (minutes for 8x8, longer for MNIST)."
        ),
    ] = False,
    images: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="What they are trained on: a folder with optdigits.tra and .tes, one with MNIST's IDX files; "
            "may be given twice. 8x8 digits: the bundled ones by default.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Of the noise on traces that are fitted, and of training.")
    ] = 0,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Hold the library's cards against everything that their papers publish.

    A target is missed if any of its rows is; then the command ends with status 1. Accuracies are not run
    unless asked for: by --accuracy, by --images or by their --only.
    """
    from compactmodels.files import check_folder
    from compactmodels.workflows.reproduction.accuracies import TARGETS, images_of
    from compactmodels.workflows.reproduction.figure import write_figures
    from compactmodels.workflows.reproduction.lab import Lab
    from compactmodels.workflows.reproduction.published import PAPERS
    from compactmodels.workflows.reproduction.table import document, wanted_of
    from compactmodels.workflows.reproduction.table import reproduce as run

    if plots is not None:
        check_folder(plots)
    names, ids = wanted_of(tuple(papers or PAPERS), tuple(only or ()))
    training = accuracy or bool(images) or not TARGETS.keys().isdisjoint(only or ())
    loaded = images_of(images or ())
    with _bar(len(ids)) as (done, told):
        lab = Lab(engine.value, seed, told=told, training=training, images=loaded)
        found = run(names, lab, ids, done)
    result = document(found, lab)
    if plots is not None:
        result["figures"] = [str(p) for p in write_figures(found, plots)]
    _print(found, result)
    if state.json:
        emit_json(result)
    if result["missed"]:
        note(
            f"error: {len(result['missed'])} of {result['targets']} targets are missed: "
            f"{', '.join(result['missed'])} [targets_missed]"
        )
        raise typer.Exit(1)


def _print(found: Any, result: dict[str, Any]) -> None:
    for one in found:
        rows = [
            [r.id, _text(r.published), _text(r.simulated), r.unit, r.tolerance, VERDICTS[r.ok]]
            for r in one.rows
        ]  # fmt: skip
        table(
            f"\n{one.paper.citation}",
            ["target", "published", "simulated", "unit", "tolerance", ""],
            rows,
        )
        for row in one.rows:
            if row.note and (not row.ok or row.details):
                say(f"  {row.id}: {row.note}")
        for assumed in one.paper.assumptions:
            say(f"  assumed: {assumed}")
    met = result["targets"] - len(result["missed"])
    left = f", {len(result['not_run'])} not run" if result["not_run"] else ""
    say(f"\n{met} of {result['targets']} targets met ({result['engine']}){left}")
    if "figures" in result:
        say("figures: " + ", ".join(result["figures"]))


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(x) for x in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@contextmanager
def _bar(count: int) -> Iterator[tuple[Callable[[str], None], Callable[[str], None]]]:
    """A progress bar on stderr, nothing where stderr is no terminal: what is done, what is being run."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("measuring", total=count)
        yield (
            lambda text: bar.update(task, advance=1, description=text),
            lambda text: bar.update(task, description=text),
        )
