"""Every check in every tool that it names, one after the other."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from compactmodels.errors import InputError, SimulationError, ToolMissing
from compactmodels.workflows.check import (
    agreement,
    bounds,
    conserved,
    held,
    noise,
    scaling,
    smooth,
    static,
    transient,
)
from compactmodels.workflows.check.bench import Bench, Check
from compactmodels.workflows.check.outcome import (
    FAILED,
    NOT_APPLICABLE,
    NOT_RUN,
    PASSED,
    NotApplicable,
    Outcome,
    Result,
)
from compactmodels.workflows.check.subject import Subject
from compactmodels.workflows.check.tools import TOOLS, described

CHECKS: Final[tuple[Check, ...]] = (
    *agreement.CHECKS,
    *static.CHECKS,
    *smooth.CHECKS,
    *scaling.CHECKS,
    *held.CHECKS,
    *bounds.CHECKS,
    *transient.CHECKS,
    *conserved.CHECKS,
    *noise.CHECKS,
)

Progress = Callable[[str, int, int], None]


def checked_names(
    only: Sequence[str], tools: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of checks and tools as they are written here, whatever case they were asked for in.

    Raises
    ------
    InputError
        Codes ``unknown_check`` and ``unknown_tool``.
    """
    known = {t.lower(): t for t in TOOLS}
    for name in tools:
        if name.lower() not in known:
            raise InputError(
                f"no tool '{name}'; known are {', '.join(known.values())}", code="unknown_tool"
            )
    names = {c.name.lower(): c.name for c in CHECKS}
    wanted = tuple(names.get(name.lower(), name) for name in only)
    return tuple(c.name for c in named(wanted)) if wanted else (), tuple(
        known[t.lower()] for t in tools
    )


def named(only: Sequence[str]) -> tuple[Check, ...]:
    """The checks of these names, all where none is given.

    Raises
    ------
    InputError
        Code ``unknown_check``.
    """
    known = {c.name: c for c in CHECKS}
    for name in only:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
            raise InputError(f"no check '{name}'; {hint}", code="unknown_check")
    return tuple(c for c in CHECKS if not only or c.name in only)


def run(
    subject: Subject,
    *,
    only: Sequence[str] = (),
    tools: Sequence[str] = (),
    seed: int = 0,
    progress: Progress | None = None,
) -> Result:
    """Check what was emitted; :func:`run_on` on a bench of its own."""
    return run_on(Bench(subject, seed), only=only, tools=tools, progress=progress)


def run_on(
    bench: Bench,
    *,
    only: Sequence[str] = (),
    tools: Sequence[str] = (),
    progress: Progress | None = None,
) -> Result:
    """Run the checks.

    Parameters
    ----------
    bench : Bench
        The subject, the tools and the seed; keeps what was measured.
    only : sequence of str
        Names of the checks; all by default.
    tools : sequence of str
        Names of the tools; all by default.
    progress : callable, optional
        Called with what runs next, how many have run and how many there are.

    Returns
    -------
    Result
        Whatever fails is in it; nothing is raised for that.

    Raises
    ------
    InputError
        An unknown name.
    """
    jobs = [(c, t) for c in named(only) for t in c.tools if not tools or t in tools]
    begin = time.monotonic()
    outcomes = []
    for k, (check, tool) in enumerate(jobs):
        if progress is not None:
            progress(f"{check.name} ({tool})", k, len(jobs))
        outcomes.append(_outcome(check, bench, tool))
    versions = {tool.name: described(tool) for tool in _used(bench, [t for _, t in jobs])}
    seconds = time.monotonic() - begin
    return Result(bench.card.name, tuple(outcomes), bench.seed, versions, seconds)


def _used(bench: Bench, names: Sequence[str]) -> Iterator[Any]:
    """The tools of these names, each once."""
    for name in dict.fromkeys(names):
        tool = bench.tool(name)
        if tool is not None:
            yield tool


def _outcome(check: Check, bench: Bench, tool: str) -> Outcome:
    """One check in one tool; a tool that is missing is no pass, and one that gives up is a failure."""
    begin = time.monotonic()

    def outcome(status: str, finding: Any = None, reason: str = "") -> Outcome:
        seconds = time.monotonic() - begin
        return Outcome(
            check.name, tool, check.proves, check.limit, status, finding, reason, seconds
        )

    try:
        finding = check.measure(bench, bench.tool(tool))
    except NotApplicable as reason:
        return outcome(NOT_APPLICABLE, reason=str(reason))
    except ToolMissing as reason:
        return outcome(NOT_RUN, reason=str(reason))
    except SimulationError as error:
        return outcome(FAILED, reason=error.message)
    return outcome(PASSED if finding.ok else FAILED, finding)
