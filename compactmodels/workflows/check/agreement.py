"""The same numbers everywhere: NumPy, the subcircuit in ngspice, the compiled module, OSDI."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.workflows.check.bench import SETTINGS, VOLTAGES, Bench, Check
from compactmodels.workflows.check.limits import (
    CURRENT_FLOOR,
    FLOOR,
    NODE_ROUNDING,
    RELATIVE,
    deviation,
    rate_floor,
)
from compactmodels.workflows.check.outcome import Finding, NotApplicable, Worst
from compactmodels.workflows.check.subject import COLDEST, HOTTEST, Setting
from compactmodels.workflows.check.tools import NGSPICE, OPENVAF, OSDI

FloatArray = NDArray[np.float64]

STATE_STEP: Final = 1e-6


def currents(bench: Bench, tool: Any) -> Finding:
    """Held currents against the equations."""
    where = bench.settings
    v, found, _ = bench.measured(tool)
    _, expected = bench.equations.currents(where, v)
    return _finding(where, v, deviation(found, expected))


def rates(bench: Bench, tool: Any) -> Finding:
    """Rates of the held states against the equations."""
    if not bench.card.model.states:
        raise NotApplicable("no state of this model moves")
    where = bench.settings
    v, _, found = bench.measured(tool)
    _, expected = bench.equations.rates(where, v)
    steepness = bench.once("state slopes", lambda: _state_slopes(bench, where, v))
    floor = rate_floor(bench.card) + NODE_ROUNDING * steepness
    off = {s: deviation(found[s], expected[s], floor) for s in expected}
    return _finding(where, v, np.max(list(off.values()), axis=0))


def _finding(where: list[Setting], v: FloatArray, off: FloatArray) -> Finding:
    k, j = np.unravel_index(int(np.argmax(off)), off.shape)
    worst = Worst()
    worst.take(float(off[k, j]), off.size, **where[k].where(float(v[j])))
    return worst.finding(RELATIVE)


def _state_slopes(bench: Bench, where: list[Setting], v: FloatArray) -> FloatArray:
    """Steepest change of any rate with any state [1/s], shape (k, n): inwards differences."""
    _, here = bench.equations.rates(where, v)
    steepest = np.zeros((len(where), v.size))
    for state in ("w", "s"):
        steps = [-STATE_STEP if x.state(state) > 0.5 else STATE_STEP for x in where]
        beside = [
            x.changed(**{state: x.state(state) + d}) for x, d in zip(where, steps, strict=True)
        ]
        _, there = bench.equations.rates(beside, v)
        for name in here:
            steepest = np.maximum(steepest, np.abs(there[name] - here[name]) / STATE_STEP)
    return steepest


CHECKS: Final = (
    Check(
        "currents agree",
        f"the tool computes the card's own currents: {SETTINGS} settings of states, temperature "
        f"({COLDEST:g} to {HOTTEST:g} K) and parameters, {VOLTAGES} voltages each",
        f"{RELATIVE:g} relative and {CURRENT_FLOOR:g} A",
        (NGSPICE, OPENVAF, OSDI),
        currents,
    ),
    Check(
        "rates agree",
        "the tool moves the states as the card's equations do, at the same points",
        f"{RELATIVE:g} relative and {FLOOR:g}/s, 2e-15 of the law's fastest rate, the rounding of a state's "
        "node",
        (NGSPICE, OPENVAF, OSDI),
        rates,
    ),
)
