"""The checks of a card as one self-contained HTML page."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from compactmodels import __version__
from compactmodels.files import write_text
from compactmodels.report import engineering
from compactmodels.templating import render
from compactmodels.workflows.check.bench import Bench
from compactmodels.workflows.check.outcome import (
    FAILED,
    NOT_APPLICABLE,
    NOT_RUN,
    PASSED,
    Outcome,
    Result,
)
from compactmodels.workflows.check.plots import write_figure
from compactmodels.workflows.check.tools import TOOLS
from compactmodels.workflows.fit_report import images_of

_UNITS = {
    "v": "V",
    "temperature": "K",
    "time_scale": "s",
    "time": "s",
    "drive": "V",
    "seconds": "s",
}
_NAMES = {"temperature": "T", "time_scale": "scale"}


def write_page(result: Result, bench: Bench, path: Path, command: Sequence[str] = ()) -> Path:
    """Write the page; the figure is embedded, so that the file can be passed on by itself.

    Parameters
    ----------
    result : Result
    bench : Bench
        With what the checks measured.
    path : Path
    command : sequence of str
        The words of the command line that made it, shown so that it can be repeated.
    """
    text = render(
        "compactmodels",
        "check_report.html.j2",
        title=f"Checks of the model '{result.card}'",
        name=bench.card.title,
        version=__version__,
        summary=summary(result),
        command=shlex.join(command) if command else "",
        tools=[*result.tools.items()],
        columns=_columns(result),
        checks=[
            _check(group, _columns(result), f"check{k}")
            for k, group in enumerate(groups(result), start=1)
        ],
        failed=[(o.check, o.tool, failure(o)) for o in result.of(FAILED)],
        images=images_of(
            lambda folder: write_figure(bench, folder),
            lambda stem: "Currents and states that were run",
        ),
    )
    return write_text(path, text)


def summary(result: Result) -> str:
    """How many passed, failed and were not run."""
    passed, failed, left = (len(result.of(s)) for s in (PASSED, FAILED, NOT_RUN))
    told = [f"{passed} of {passed + failed} passed"]
    told += [f"{left} not run"] if left else []
    other = len(result.of(NOT_APPLICABLE))
    told += [f"{other} not applicable"] if other else []
    return ", ".join([*told, f"{result.seconds:.0f} s", f"seed {result.seed}"])


def groups(result: Result) -> list[list[Outcome]]:
    """The outcomes of each check, in the order they were run."""
    found: dict[str, list[Outcome]] = {}
    for o in result.outcomes:
        found.setdefault(o.check, []).append(o)
    return [*found.values()]


def number(value: float, unit: str) -> str:
    """A figure with its unit."""
    value += 0.0  # no minus before a zero
    if unit in ("A", "S"):
        return engineering(value, unit, 3) if abs(value) >= 1e-15 else f"{value:.3g} {unit}"
    return f"{value:.3g} {unit}".strip()


def place(worst: Mapping[str, Any]) -> str:
    """The worst point in one line; of the parameters that were drawn only how many."""
    told = []
    for key, value in worst.items():
        if key == "parameters":
            told.append(f"{len(value)} parameters drawn")
        elif isinstance(value, float):
            told.append(f"{_NAMES.get(key, key)} = {value:.6g} {_UNITS.get(key, '')}".strip())
        else:
            told.append(f"{key}: {value}")
    return ", ".join(told)


def _columns(result: Result) -> list[str]:
    """The tools that were asked for, in one order."""
    asked = {o.tool for o in result.outcomes}
    return [t for t in TOOLS if t in asked]


def _check(group: list[Outcome], columns: list[str], anchor: str) -> dict[str, Any]:
    first, status = group[0], {o.tool: o.status for o in group}
    return {
        "name": first.check,
        "anchor": anchor,
        "verdicts": [status.get(tool, "") for tool in columns],
        "proves": first.proves,
        "allowed": first.allowed,
        "rows": [_row(o) for o in group],
    }


def _row(o: Outcome) -> dict[str, Any]:
    f = o.finding
    drawn = {} if f is None else f.worst.get("parameters", {})
    return {
        "tool": o.tool,
        "status": o.status,
        "figure": "" if f is None else number(f.figure, f.unit),
        "limit": "" if f is None else number(f.limit, f.unit),
        "points": "" if f is None else str(f.points),
        "worst": "" if f is None else place(f.worst),
        "drawn": ", ".join(f"{k} = {v:.6g}" for k, v in drawn.items()),
        "said": o.reason or ("" if f is None else f.remark),
    }


def failure(o: Outcome) -> str:
    """What was found of an outcome that failed."""
    f = o.finding
    if f is None:
        return o.reason
    at = place(f.worst)
    said = f"{number(f.figure, f.unit)} against a limit of {number(f.limit, f.unit)}"
    return said + (f" at {at}" if at else "")
