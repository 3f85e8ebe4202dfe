"""Transients from a nanosecond to a quarter of an hour: converged, accurate, and within the states' bounds.

The waveform of every run: up to the drive with the rise of a step, held, through 0 to the opposite,
held, back to 0, held; each part lasts a third of the time scale, each edge a thousandth of it.  The
initial states are the subcircuit's own, without ``uic``.  The options are ngspice's own but for
reltol, and trtol = 1 for the loose tolerance: ngspice's 7 lets a step's error be seven times what
reltol says, and overshoots of stiff states reach 2 % of their range.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import SimulationError
from compactmodels.names import number
from compactmodels.workflows.check.bench import Bench, Check
from compactmodels.workflows.check.outcome import Finding, NotApplicable, Worst
from compactmodels.workflows.check.subject import setting_of
from compactmodels.workflows.check.tools import NGSPICE, OSDI

FloatArray = NDArray[np.float64]

SCALES: Final = (1e-9, 1e-6, 1e-3, 1.0, 1e3)
"""s."""
HARD_SCALE, HARD = 1.0, 2.0
"""s, and of the drive: one more run with the loose tolerance, the other way round.

It has to converge and to stay within the bounds. How accurate it is, is not asked: an edge through so
many volts within milliseconds may hold a relaxation that four steps of the loose tolerance pass over
(2.6 % of the range for one of the library's cards).
"""
LOOSE, STRICT = 1e-3, 1e-6
"""reltol: ngspice's own, and one with which its error does not count."""
OPTIONS: Final = {LOOSE: "reltol=1e-3 trtol=1", STRICT: "reltol=1e-6"}
EDGE: Final = 1e-3
"""Of the time scale: a step's rise, and what a switching may be shifted by."""
AGREE: Final = 1e-2
"""Of a state's range."""
OUTSIDE: Final = 1e-2
"""Beyond a bound, of a state's range: what the loose tolerance may make of a stiff state."""


@dataclass(frozen=True, slots=True)
class Run:
    """One transient; ``states`` by name, or what ngspice said instead and whether it took too long."""

    scale: float
    drive: float
    reltol: float
    time: FloatArray
    states: dict[str, FloatArray]
    failure: str = ""
    slow: bool = False

    @property
    def where(self) -> dict[str, Any]:
        """For a report."""
        return {"time_scale": self.scale, "drive": self.drive, "reltol": self.reltol}


def waveform(scale: float, drive: float) -> list[tuple[float, float]]:
    """Corners [s], [V]."""
    rise, third = EDGE * scale, scale / 3
    return [
        (0.0, 0.0), (rise, drive), (third, drive), (third + 2 * rise, -drive),
        (2 * third, -drive), (2 * third + rise, 0.0), (scale, 0.0),
    ]  # fmt: skip


def run(bench: Bench, tool: Any, scale: float, drive: float, reltol: float) -> Run:
    """One of them."""
    states = bench.card.model.states
    corners = " ".join(f"{number(t)} {number(v)}" for t, v in waveform(scale, drive))
    nodes = {s: tool.state_node("1", s) for s in states}
    saved = " ".join(f"v({n})" for n in ("a", *nodes.values()))
    lines = [
        f"V1 a 0 PWL({corners})",
        tool.device("1", "a", "0", setting_of(bench.card), hold=0),
        f".save i(v1) {saved}",
        f".tran {number(scale / 50)} {number(scale)}",
    ]
    try:
        (plot,) = tool.run(
            f"transient over {scale:g} s",
            "\n".join(lines),
            ROOM_TEMPERATURE,
            OPTIONS[reltol],
        )
    except SimulationError as error:
        slow = error.code == "timeout"
        return Run(scale, drive, reltol, np.empty(0), {}, error.message, slow)
    return Run(scale, drive, reltol, plot["time"], {s: plot[n] for s, n in nodes.items()})


def runs(bench: Bench, tool: Any) -> list[Run]:
    """Both tolerances of each scale in turn, then the hard one; none more once one took too long."""
    drive = bench.subject.drive
    cases = [(scale, drive, reltol) for scale in SCALES for reltol in (LOOSE, STRICT)]
    cases.append((HARD_SCALE, -HARD * drive, LOOSE))

    def measure() -> list[Run]:
        found: list[Run] = []
        for case in cases:
            if any(r.slow for r in found):
                found.append(Run(*case, np.empty(0), {}, "not tried: another took too long"))
            else:
                found.append(run(bench, tool, *case))
        return found

    return bench.once(("runs", tool.name), measure)


def converges(bench: Bench, tool: Any) -> Finding:
    """How many of the runs were given up."""
    found = runs(bench, tool)
    lost = [r for r in found if r.failure]
    place = {**lost[0].where, "said": lost[0].failure} if lost else {}
    return Finding(len(lost), 0.0, "runs", place, len(found))


def _moving(bench: Bench, tool: Any) -> list[Run]:
    if not bench.card.model.states:
        raise NotApplicable("no state of this model moves")
    return runs(bench, tool)


def agrees(bench: Bench, tool: Any) -> Finding:
    """The states of the loose run against those of the strict one."""
    found, worst = _moving(bench, tool), Worst()
    for loose, strict in zip(found[:-1:2], found[1:-1:2], strict=True):
        if loose.failure or strict.failure:
            worst.take(np.nan, **loose.where)
            continue
        for name, track in loose.states.items():
            off = _distance(loose, track, strict, strict.states[name])
            k = int(np.argmax(off))
            place = {"time_scale": loose.scale, "drive": loose.drive, "state": name}
            worst.take(float(off[k]), off.size, **place, time=float(loose.time[k]))
    return worst.finding(AGREE)


def _distance(loose: Run, track: FloatArray, strict: Run, exact: FloatArray) -> FloatArray:
    """How far the loose track lies outside what the strict one passes within an edge of that time."""
    shift = EDGE * loose.scale
    low, high = np.empty_like(track), np.empty_like(track)
    ends = np.interp([loose.time - shift, loose.time + shift], strict.time, exact)
    first = np.searchsorted(strict.time, loose.time - shift)
    last = np.searchsorted(strict.time, loose.time + shift)
    for k, (a, b) in enumerate(zip(first, last, strict=True)):
        passed = np.append(exact[a:b], ends[:, k])
        low[k], high[k] = passed.min(), passed.max()
    return np.asarray(np.maximum(np.maximum(track - high, low - track), 0.0))


def within(bench: Bench, tool: Any) -> Finding:
    """The largest excursion of any state beyond 0 or 1 in any run."""
    worst = Worst()
    for r in _moving(bench, tool):
        if r.failure:
            worst.take(np.nan, **r.where)
            continue
        for name, track in r.states.items():
            off = np.maximum(track - 1.0, -track)
            k = int(np.argmax(off))
            worst.take(
                max(float(off[k]), 0.0), off.size, **r.where, state=name, time=float(r.time[k])
            )
    return worst.finding(OUTSIDE)


CHECKS: Final = (
    Check(
        "transient converges",
        f"steps within {SCALES[0]:g} to {SCALES[-1]:g} s, also with twice the drive, run to their end without uic",
        "0 runs given up",
        (NGSPICE, OSDI),
        converges,
    ),
    Check(
        "transient agrees",
        f"reltol = {LOOSE:g} and {STRICT:g} give the same states",
        f"{AGREE:g} of a state's range, but for a shift by {EDGE:g} of the time scale",
        (NGSPICE, OSDI),
        agrees,
    ),
    Check(
        "state stays",
        "no state leaves 0 to 1 in any of these transients",
        f"{OUTSIDE:g} of its range",
        (NGSPICE, OSDI),
        within,
    ),
)
