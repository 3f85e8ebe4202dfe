"""``compactmodels check``: model QA of what is emitted, in the real tools."""

from __future__ import annotations

import json as json_text
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from compactmodels.cli.options import Card, Debug, Json
from compactmodels.cli.output import clean, emit_json, note, say, state, table


def check(
    card: Card,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="CHECK", help="One check; may be given several times."),
    ] = None,
    tool: Annotated[
        list[str] | None,
        typer.Option(
            "--tool",
            metavar="TOOL",
            help="One of NumPy, ngspice, OpenVAF, OSDI; may be given several times.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Write the page, the JSON and what was checked there.",
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="HTML", help="Write one page that stands for itself.")
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Of the states and parameters that are drawn.")
    ] = 0,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Check the emitted model of a card in the tools that it is emitted for.

    The same currents and rates in NumPy, in ngspice as subcircuit and as compiled device (OSDI), and
    as compiled Verilog-A; passive, smooth, finite, symmetric, scalable; states that hold, stay and do
    not drift; transients that converge; noise. Ends with status 1 if a check failed. A tool that is
    missing makes its checks "not run".
    """
    from compactmodels import load_card
    from compactmodels.files import check_folder
    from compactmodels.workflows.check.bench import Bench
    from compactmodels.workflows.check.runner import checked_names, run_on
    from compactmodels.workflows.check.subject import subject_of

    for folder in (output, report.parent if report is not None else None):
        if folder is not None:
            check_folder(folder)
    names, tools = checked_names(only or (), tool or ())
    bench = Bench(subject_of(load_card(card)), seed)
    with _bar() as progress:
        result = run_on(bench, only=names, tools=tools, progress=progress)
    document = result.document()
    document["files"] = [str(p) for p in _written(result, bench, output, report)]
    _print(result)
    if state.json:
        emit_json(document)
    if document["files"]:
        say("files: " + ", ".join(document["files"]))
    if not result.ok:
        note(
            f"error: {len(document['failed'])} checks of '{result.card}' failed: "
            f"{', '.join(document['failed'])} [checks_failed]"
        )
        raise typer.Exit(1)


def _written(result: Any, bench: Any, output: Path | None, report: Path | None) -> list[Path]:
    """The page, and into a folder also the JSON and the texts that were run."""
    from compactmodels.files import write_text
    from compactmodels.workflows.check.page import write_page

    files = []
    if report is not None:
        files.append(write_page(result, bench, report, state.command))
    if output is not None:
        name = bench.subject.name
        files.append(write_page(result, bench, output / f"{name}-check.html", state.command))
        text = json_text.dumps(clean(result.document()), indent=2, allow_nan=False) + "\n"
        files.append(write_text(output / f"{name}-check.json", text))
        files.append(write_text(output / f"{name}.cir", bench.subject.subcircuit))
        files.append(write_text(output / f"{name}.va", bench.subject.veriloga))
    return files


def _print(result: Any) -> None:
    from compactmodels.workflows.check.outcome import FAILED, NOT_APPLICABLE, NOT_RUN
    from compactmodels.workflows.check.page import failure, groups, summary
    from compactmodels.workflows.check.tools import TOOLS

    run = {o.tool for o in result.outcomes}
    tools = [t for t in TOOLS if t in run]
    rows = []
    for group in groups(result):
        status = {o.tool: _verdict(o.status) for o in group}
        rows.append([group[0].check, *(status.get(t, "") for t in tools), *_worst(group)])
    table(f"{result.card}: {summary(result)}", ["check", *tools, "worst", "limit"], rows)
    for o in result.of(FAILED):
        say(f"  FAILED {o.check} ({o.tool}): {failure(o)}; it would show that {o.proves}")
    for kind in (NOT_RUN, NOT_APPLICABLE):
        reasons: dict[str, list[str]] = {}
        for o in result.of(kind):
            reasons.setdefault(o.reason, []).append(f"{o.check} ({o.tool})")
        for reason, names in reasons.items():
            say(f"  {kind}: {', '.join(names)}: {reason}")


def _worst(group: list[Any]) -> list[str]:
    """Figure and limit of the tool that comes nearest to its limit."""
    from compactmodels.workflows.check.page import number

    findings = [o.finding for o in group if o.finding is not None]
    if not findings:
        return ["", ""]
    f = max(findings, key=_share)
    return [number(f.figure, f.unit), number(f.limit, f.unit)]


def _share(finding: Any) -> float:
    """The figure over its limit; beyond all where it is no number."""
    share = finding.figure / finding.limit if finding.limit else finding.figure
    return math.inf if math.isnan(share) else float(share)


def _verdict(status: str) -> str:
    return {"passed": "ok", "failed": "FAILED", "not applicable": "-"}.get(status, status)


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr; nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("checking", total=None)
        yield lambda text, done, total: bar.update(
            task, description=text, completed=done, total=total
        )
