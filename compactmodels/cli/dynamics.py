"""``compactmodels fit dynamics``: state equations from whole hysteresis sweeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from compactmodels.cli.options import (
    Columns,
    Debug,
    Interval,
    Json,
    Sheet,
    Shunt,
    Skip,
    Temperature,
)
from compactmodels.cli.output import emit_json, say, state, table


def dynamics(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Sweeps with time, voltage and current.")
    ],
    start: Annotated[
        str | None,
        typer.Option(metavar="CARD", help="Structure and start values; else a Schottky junction."),
    ] = None,
    free: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="With --start: the parameters that may move."),
    ] = None,
    states: Annotated[
        int, typer.Option(min=1, max=2, help="Of the default structure: one state or two.")
    ] = 1,
    initial: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="States at a record's start: fitted, or carried over from the record before.",
        ),
    ] = "fitted",
    area: Annotated[
        list[float] | None,
        typer.Option(metavar="M2", help="Contact area in m^2: once, or once for each record."),
    ] = None,
    predict: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="A sweep to predict with the fitted card (repeatable)."),
    ] = None,
    floor: Annotated[
        float | None, typer.Option(min=0.0, metavar="A", help="Smallest current that counts.")
    ] = None,
    most: Annotated[
        float | None, typer.Option(min=0.0, metavar="A", help="Largest current that counts.")
    ] = None,
    temperature: Temperature = None,
    columns: Columns = None,
    skip: Skip = None,
    sheet: Sheet = None,
    shunt: Shunt = None,
    interval: Interval = None,
    starts: Annotated[
        int, typer.Option(min=1, max=1000, help="Searches from random kinetics.")
    ] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Of the starts at random.")] = 0,
    seconds: Annotated[
        float, typer.Option(min=1.0, metavar="S", help="No further search begins after this time.")
    ] = 300.0,
    max_rms: Annotated[
        float, typer.Option(min=1e-6, metavar="DECADES", help="Refuse a fit that lies further off.")
    ] = 0.3,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="CARD", help="Write the card here.")
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
    """Fit state equations to whole records: hysteresis sweeps, pulses, any voltage over time.

    All records are fitted with one card. The states in which they start are a history and not part of
    the device: each record has its own, stated on the card.
    """
    from compactmodels import load_card
    from compactmodels.cli.fits import check_targets
    from compactmodels.workflows.dynamics import figures_of, write_report
    from fitting.dynamics import fit_dynamics
    from fitting.dynamics_predict import predict as predicted
    from fitting.dynamics_records import records_of
    from fitting.readers import DataFile, Reading

    check_targets(output, plots, report)
    how = Reading(columns, skip, sheet, shunt, interval)
    names = None if free is None else [n.strip() for n in free.split(",") if n.strip()]
    unseen = [
        record
        for file in predict or ()
        for record in records_of(DataFile(file, how), floor=floor, most=most)
    ]
    with _bar() as progress:
        result = fit_dynamics(
            [DataFile(file, how) for file in files],
            start=None if start is None else load_card(start),
            free=names,
            states=states,
            initial=initial,
            areas=area,
            floor=floor,
            most=most,
            temperature=temperature,
            starts=starts,
            seed=seed,
            seconds=seconds,
            max_rms=max_rms,
            progress=progress,
        )
    card = result.card(output.stem if output else None)
    saved = None if output is None else str(card.save(output))
    found = result.to_json(saved)
    others = [predicted(card, record, temperature=temperature) for record in unseen]
    responses = [*result.responses, *(r for r, _ in others)]
    if others:
        found["predictions"] = [
            {**r.row(), "warnings": [{"code": w.code, "message": w.message} for w in said]}
            for r, said in others
        ]
    if plots is not None:
        found["figures"] = [str(p) for p in figures_of(responses, result.selected, plots)]
    beyond = [w for _, said in others for w in said]
    if report is not None:
        found["report"] = str(write_report(result, responses, beyond, report, state.command))
    _print(result, responses, beyond, found)
    if state.json:
        emit_json(found)


def _print(
    result: Any,
    responses: list[Any],
    beyond: list[Any],
    found: dict[str, Any],
) -> None:
    from compactmodels.workflows.dynamics import RESPONSE_HEADS, response_rows
    from compactmodels.workflows.fitted import parameter_rows

    table(
        f"\n{result.selected}",
        ["parameter", "value", "std. error", "unit", "95 % interval", "origin"],
        parameter_rows(result),
    )
    table("\nrecords", RESPONSE_HEADS, response_rows(responses))
    for k, response in enumerate(responses):
        say(f"  {k + 1}: {response.record.name}")
    s = result.statistics
    say(
        f"  {s['n_points']} points ({s['n_effective']:.0f} that count), {s['n_parameters']} unknowns, residual "
        f"{s['rms_decades']:.3g} decades RMS; {s['agreeing']} of {s['starts']} starts agree"
    )
    say(f"  initial states {s['initial']}")
    for k, response in enumerate(responses):
        for remark in response.record.remarks:
            say(f"  record {k + 1}: {remark}")
    for warning in (*result.warnings, *beyond):
        say(f"  [{warning.code}] {warning.message}")
    if found["card"]:
        say(f"card: {found['card']}")
    if "figures" in found:
        say("figures: " + ", ".join(f for f in found["figures"] if f.endswith(".png")))
    if "report" in found:
        say(f"report: {found['report']}")


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
        task = bar.add_task("fitting", total=1.0)
        yield lambda share, text: bar.update(task, completed=share, description=text)
