"""Many traces on the command line: joint fits, batches on several cores, their statistics."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Annotated, Any, Final

import typer

from compactmodels.cli.output import emit_json, say, state, table
from compactmodels.errors import InputError

Jobs = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Processes for a batch; all cores where nothing is said."
    ),
]
Together = Annotated[
    bool, typer.Option("--together", help="One fit of all files, with shared parameters.")
]
Shared = Annotated[
    str | None,
    typer.Option(metavar="LIST", help="With --together: also move these, one value for all."),
]
PerTrace = Annotated[
    str | None,
    typer.Option(
        metavar="LIST", help="With --together: these have a value for each trace (n,r_s)."
    ),
]
Temperatures = Annotated[
    str | None,
    typer.Option(metavar="LIST", help="With --together: kelvin of each trace, 280,300,320."),
]
Areas = Annotated[
    str | None, typer.Option(metavar="LIST", help="With --together: m^2 of each trace.")
]
BySize = Annotated[
    bool,
    typer.Option(
        "--resistance-by-size",
        help="With --together: part of the series resistance falls with the contact's radius.",
    ),
]
WithStatistics = Annotated[
    bool,
    typer.Option(
        "--statistics", help="The batch as a population: scatter, correlations, drift; one card."
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN",
        help="With --statistics: regular expression that tells the device in a file's name.",
    ),
]

BAR_FROM: Final = 4
"""Files from which a bar is worth its line, and a second process its start."""


def processes(jobs: int | None, files: int) -> int | None:
    """Processes for so many files: a few are done before a second process has started."""
    return 1 if jobs is None and files < BAR_FROM else jobs


def words(text: str | None) -> list[str]:
    """``a,b`` as a list."""
    return [w.strip() for w in (text or "").split(",") if w.strip()]


def numbers(text: str | None, option: str) -> list[float] | None:
    """``280,300`` as numbers; InputError, code ``bad_option``, where one is none."""
    if text is None:
        return None
    try:
        return [float(w) for w in words(text)]
    except ValueError:
        raise InputError(
            f"{option} {text}: numbers with commas between them are expected", code="bad_option"
        ) from None


def check_together(together: bool, **given: Any) -> None:
    """Options that only a joint fit has; InputError, code ``bad_option``."""
    said = [name for name, value in given.items() if value]
    if said and not together:
        raise InputError(
            f"--{said[0].replace('_', '-')} is of a joint fit: add --together", code="bad_option"
        )


def check_statistics(
    statistics: bool, together: bool, device: str | None, files: Sequence[str]
) -> None:
    """What goes with --statistics and what does not; InputError, code ``bad_option``."""
    if device is not None and not statistics:
        raise InputError("--device is of a population: add --statistics", code="bad_option")
    if device is not None:
        from fitting.statistics import device_rule

        if not any(device_rule(device).search(PurePath(file).name) for file in files):
            raise InputError(
                f"the pattern '{device}' is found in none of the {len(files)} files' names",
                code="bad_option",
            )
    if statistics and together:
        raise InputError(
            "--together makes one fit of all files and --statistics a population of their fits: choose one",
            code="bad_option",
        )


@contextmanager
def progress(total: int, what: str = "fits") -> Iterator[Callable[[int, int], None] | None]:
    """A bar on stderr for a long batch, where stderr is a terminal; gone when the batch is done."""
    if total < BAR_FROM or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


def print_traces(fit: Any) -> None:
    """What a joint fit says of each trace, and of sharing."""
    from compactmodels.workflows.populations import TRACE_COLUMNS, sharing, trace_rows

    table("traces", TRACE_COLUMNS, trace_rows(fit))
    if sharing(fit):
        say(f"  {sharing(fit)}")


def report_population(
    results: list[Any],
    output: Path | None,
    plots: Path | None,
    device: str | None,
    report: Path | None = None,
) -> None:
    """Statistics of a batch: a table, one card, a figure a parameter, a page."""
    from compactmodels.workflows.populations import (
        ORDER_COLUMNS,
        SCATTER_COLUMNS,
        correlation_lines,
        order_rows,
        population_figures,
        scatter_rows,
        write_report,
    )
    from fitting import batch_statistics

    found = batch_statistics(results, device=device)
    for refusal in found.refused:
        place = f", branch {refusal.branch}" if refusal.branch else ""
        say(f"{refusal.file}{place}: refused [{refusal.code}]\n  {refusal.message}")
    count = len(set(found.devices))
    devices = (
        "of traces" if found.of == "traces" else f"of {count} device{'s' if count > 1 else ''}"
    )
    title = f"\n{found.selected}: {len(found.fits)} fits {devices}"
    table(title, SCATTER_COLUMNS, scatter_rows(found))
    rows = order_rows(found)
    if rows:
        word = "in the order given" if found.of == "traces" else "from cycle to cycle"
        table(f"{word} (* significant at 1 %)", ORDER_COLUMNS, rows)
    for line in correlation_lines(found):
        say(f"  {line}")
    for warning in found.warnings:
        say(f"  [{warning.code}] {warning.message}")
    card = None
    if output is not None:
        path = output / f"{found.selected}.toml" if output.is_dir() else output
        card = str(found.card(path.stem).save(path))
        say(f"  card: {card}")
    figures = [] if plots is None else [str(p) for p in population_figures(found, plots)]
    if figures:
        say("\nfigures: " + ", ".join(f for f in figures if f.endswith(".png")))
    if report is not None:
        say(f"\nreport: {write_report(found, results, report, state.command)}")
    say(f"\n{len(found.fits)} of {len(results)} fits stand, {len(found.refused)} refused")
    if state.json:
        document = {"fits": [r.to_json() for r in results], "population": found.to_json()}
        written = {"figures": figures} if figures else {}
        page = {"report": str(report)} if report else {}
        emit_json({**document, "card": card, **written, **page})
