"""States that are held: an operating point at every state, and small signals that are its derivative."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.workflows.check.bench import Bench, Check
from compactmodels.workflows.check.limits import CURRENT_FLOOR, RELATIVE
from compactmodels.workflows.check.outcome import Finding, NotApplicable, Worst
from compactmodels.workflows.check.subject import Setting, setting_of
from compactmodels.workflows.check.tools import NGSPICE, OPENVAF, OSDI

FloatArray = NDArray[np.float64]

GRID: Final = {"w": (0.0, 0.1, 0.5, 0.9, 1.0), "s": (0.0, 0.5, 1.0)}
OFF: Final = 1e-9
"""Of a state's range: what a held state may be off its start.

The node is tied to its start by 1 uF/s and the rates are off, so only rounding is left; a state that is
not held goes to a fixed point of its own in an operating point, wherever that is.
"""


def settings(bench: Bench) -> list[Setting]:
    """Every state of the grid; a state that does not move stays half-way."""
    states = bench.card.model.states
    if not states:
        raise NotApplicable("no state of this model moves")
    grid = [GRID[n] if n in states else (0.5,) for n in ("w", "s")]
    return [setting_of(bench.card, w=w, s=s) for w in grid[0] for s in grid[1]]


def voltages(bench: Bench) -> FloatArray:
    """Drives of either sign, where an unheld state would run away."""
    return bench.subject.drive * np.array([-1.0, 0.6])


def holds(bench: Bench, tool: Any) -> Finding:
    """How far any held state is from where it was started."""
    where, v = settings(bench), voltages(bench)
    worst = Worst()
    for k, found in enumerate(tool.held_states(where, v)):
        x, bias = where[k // v.size], float(v[k % v.size])
        for state, value in found.items():
            worst.take(abs(value - x.state(state)), **x.where(bias), state=state)
    return worst.finding(OFF)


def small_signal(bench: Bench, tool: Any) -> Finding:
    """The tool's own small-signal conductance against the derivative of the equations."""
    where = settings(bench) if bench.card.model.states else [setting_of(bench.card)]
    v = voltages(bench)
    _, found = tool.slopes(where, v)
    current, expected = bench.equations.slopes(where, v)
    # In saturation a slope is a difference of currents: their rounding is the chord's.
    chord = np.abs(current / v)
    off = np.maximum(np.abs(found - expected) - CURRENT_FLOOR, 0.0) / (np.abs(expected) + chord)
    k, j = np.unravel_index(int(np.argmax(off)), off.shape)
    worst = Worst()
    worst.take(float(off[k, j]), off.size, **where[k].where(float(v[j])))
    return worst.finding(RELATIVE)


CHECKS: Final = (
    Check(
        "operating point",
        "with hold = 1 there is an operating point at every state, with the states where they were started",
        f"{OFF:g} of a state's range",
        (NGSPICE, OPENVAF, OSDI),
        holds,
    ),
    Check(
        "AC = derivative",
        "small signals see the derivative dI/dV of the held device",
        f"{RELATIVE:g} of the slope and of I/V, and {CURRENT_FLOOR:g} S",
        (NGSPICE, OPENVAF, OSDI),
        small_signal,
    ),
)
