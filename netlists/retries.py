"""A transient that fails to converge is tried again with stated options, before it is given up."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from compactmodels.errors import SimulationError
from netlists.ngspice import Plot, run


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a transient is tried.

    Parameters
    ----------
    options : str
        Of ngspice, besides the usual ones.
    finer : float
        Divides the first and the largest step.
    """

    options: str = ""
    finer: float = 1.0

    def __str__(self) -> str:
        steps = f"steps {self.finer:g} times smaller" if self.finer != 1 else ""
        return ", ".join(filter(None, (self.options, steps))) or "the usual options"


ATTEMPTS: Final = (
    Attempt(),
    # The trapezoidal rule answers a stiff state with an oscillation, Gear's rule damps it.
    Attempt("method=gear"),
    Attempt("method=gear itl4=100", 10.0),
    Attempt("method=gear maxord=1 itl4=400", 100.0),
)
"""In this order. None of them changes the circuit: no gmin, no rshunt, no looser tolerance."""


def run_transient(
    write: Callable[[Attempt], str],
    *,
    title: str,
    timeout: float,
    keep: Path | None = None,
    osdi: Sequence[Path] = (),
    progress: Callable[[float], None] | None = None,
) -> tuple[Plot, Attempt]:
    """Run a deck with one transient, again with the next options where it fails to converge.

    Parameters
    ----------
    write : callable
        The deck for an attempt.
    title : str
        Names the job in an error.
    timeout : float
        Seconds for all attempts together.
    keep : pathlib.Path, optional
        Folder for the deck that failed last; a temporary one by default.
    osdi : sequence of pathlib.Path
        Compiled devices that the deck needs.
    progress : callable, optional
        Called now and then with the share of the attempt that is done, 0 to 1.

    Returns
    -------
    tuple
        The plot, and how it was reached.

    Raises
    ------
    SimulationError
        With ngspice's own words about the last attempt, its deck kept, and what had been tried.
    ToolMissing
        ngspice's library or PySpice is not installed.
    """
    folder = Path(tempfile.mkdtemp(prefix="ngspice-")) if keep is None else Path(keep)
    deadline = time.monotonic() + timeout
    failed: list[Attempt] = []
    done = False
    try:
        for attempt in ATTEMPTS:
            left = max(0.0, deadline - time.monotonic()) if failed else timeout
            try:
                (plot,) = run(
                    write(attempt),
                    timeout=left,
                    title=title,
                    keep=folder,
                    osdi=osdi,
                    progress=progress,
                )
            except SimulationError as error:
                failed.append(attempt)
                if error.code != "no_convergence" or attempt == ATTEMPTS[-1]:
                    raise _given_up(error, failed) from None
            else:
                done = True
                return plot, attempt
        raise AssertionError("there is a last attempt")
    finally:
        if keep is None and (done or not any(folder.iterdir())):
            shutil.rmtree(folder, ignore_errors=True)


def _given_up(error: SimulationError, failed: list[Attempt]) -> SimulationError:
    """The last error, and what else had been tried."""
    if len(failed) == 1:
        return error
    others = "; ".join(str(attempt) for attempt in failed[:-1])
    return SimulationError(
        f"{error.message}; that was with {failed[-1]}, after no convergence with: {others}",
        code=error.code,
    )
