"""What any passive two-terminal device owes: I(0) = 0, V I >= 0, finite numbers, smooth in temperature."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.workflows.check.bench import Bench, Check
from compactmodels.workflows.check.limits import CURRENT_FLOOR
from compactmodels.workflows.check.outcome import Finding, Worst
from compactmodels.workflows.check.subject import (
    COLDEST,
    HOTTEST,
    Setting,
    drawn,
    setting_of,
    voltages,
)
from compactmodels.workflows.check.tools import NGSPICE, NUMPY, OPENVAF, OSDI

FloatArray = NDArray[np.float64]

FARTHEST: Final = 100.0
"""V: no write pulse and no spike of Newton's method goes further."""
WIDE_VOLTAGES: Final = 21
STEP: Final = 5.0
"""K, of the temperatures."""
FINER: Final = 8
JUMP: Final = 1e-3
"""Of the current, from one temperature to the next, as its fifth difference tells it: what is smooth leaves
the less there the finer the grid, a step leaves itself."""
_FIFTH: Final = np.array([1.0, -5.0, 10.0, -10.0, 5.0, -1.0]) / 6.0
"""Fifth difference, over what a unit step makes of it at most."""


def zero_bias(bench: Bench, tool: Any) -> Finding:
    """The current at exactly 0 V."""
    where = drawn(bench.card, 10, [300.15, COLDEST, HOTTEST], bench.rng("zero bias"))
    current, _ = tool.slopes(where, np.array([0.0]))
    worst = Worst()
    for x, i in zip(where, current[:, 0], strict=True):
        worst.take(abs(float(i)), **x.where(0.0))
    return worst.finding(CURRENT_FLOOR, "A")


def wide(bench: Bench, tool: Any) -> tuple[list[Setting], FloatArray, FloatArray]:
    """Held currents to +-100 V at the corners of the states, and at both ends of the temperature."""
    corners = [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0)]
    where = [setting_of(bench.card, w=w, s=s) for w, s in corners]
    where += [setting_of(bench.card, temperature=t) for t in (COLDEST, HOTTEST)]
    v, current = tool.currents(where, voltages(FARTHEST, WIDE_VOLTAGES))
    return where, v, current


def dissipation(bench: Bench, tool: Any) -> Finding:
    """The current against the voltage's direction, over all that was run."""
    v, current, _ = bench.measured(tool)
    near = (bench.settings, v, current)
    far = bench.once(("wide", tool.name), lambda: wide(bench, tool))
    worst = Worst()
    for where, v, current in (near, far):
        against = -current * np.sign(v)
        k, j = np.unravel_index(int(np.argmax(against)), against.shape)
        worst.take(float(against[k, j]), against.size, **where[k].where(float(v[j])))
    return worst.finding(CURRENT_FLOOR, "A")


def finite(bench: Bench, tool: Any) -> Finding:
    """How many numbers are not finite: to 100 V, and at every landmark to the last bit."""
    where, v, current = bench.once(("wide", tool.name), lambda: wide(bench, tool))
    worst = Worst()
    _count(worst, where, v, current)
    if bench.card.model.states:
        v, rates = tool.rates(where, voltages(FARTHEST, WIDE_VOLTAGES))
        for rate in rates.values():
            _count(worst, where, v, rate)
    x = setting_of(bench.card)
    special = _special(bench, x)
    current, slope = tool.slopes([x], special)
    _count(worst, [x], special, current)
    _count(worst, [x], special, slope)
    return worst.finding(
        0.0, "numbers", f"{special.size} voltages at which something is divided by 0"
    )


def _special(bench: Bench, x: Setting) -> FloatArray:
    """Voltages where an equation divides by 0, or takes its root or logarithm, and their neighbours."""
    poles = bench.landmarks.at(x, "pole")
    # Underflow to 0 far outside is no pole; there the sweep has been.
    poles = poles[np.abs(poles) <= max(bench.subject.span, 10.0)]
    return np.unique(np.concatenate([poles, np.nextafter(poles, 1e3), np.nextafter(poles, -1e3)]))


def _count(worst: Worst, where: list[Setting], v: FloatArray, numbers: FloatArray) -> None:
    bad = ~np.isfinite(numbers)
    k, j = np.unravel_index(int(np.argmax(bad)), bad.shape)
    worst.take(float(np.count_nonzero(bad)), bad.size, **where[k].where(float(v[j])))


def temperature(bench: Bench, tool: Any) -> Finding:
    """The largest step of a held current from one temperature to the next."""
    kelvin = np.arange(COLDEST, HOTTEST + STEP / 2, STEP)
    v = bench.subject.drive * np.array([-1.0, 0.1])
    worst = Worst()
    for w, s in ((0.0, 0.0), (1.0, 1.0)):
        x = setting_of(bench.card, w=w, s=s)
        for bias, steps in zip(v, _steps(tool, x, v, kelvin).T, strict=True):
            k = int(np.argmax(steps))
            step, at = float(steps[k]), kelvin[k : k + 6]
            if step > JUMP:  # a steep law, or a step: on a grid so much finer a law leaves 1/32768
                fine = np.linspace(at[0], at[-1], 5 * FINER + 1)
                near = _steps(tool, x, np.array([bias]), fine)[:, 0]
                k = int(np.argmax(near))
                step, at = float(near[k]), fine[k : k + 6]
            place = x.changed(temperature=float(np.mean(at)))
            worst.take(step, kelvin.size, **place.where(float(bias)))
    return worst.finding(JUMP)


def _steps(tool: Any, x: Setting, v: FloatArray, kelvin: FloatArray) -> FloatArray:
    """Size of a step of ln I that would explain the fifth difference, shape (temperatures - 5, n)."""
    level = np.log(np.abs(tool.over_temperature(x, v, kelvin)) + CURRENT_FLOOR)
    return np.abs(np.array([np.convolve(row, _FIFTH, "valid") for row in level.T])).T


_ALL: Final = (NUMPY, NGSPICE, OPENVAF, OSDI)

CHECKS: Final = (
    Check(
        "I(0) = 0",
        "no current flows without a voltage, whatever the states, the temperature and the parameters",
        f"{CURRENT_FLOOR:g} A",
        _ALL,
        zero_bias,
    ),
    Check(
        "V I >= 0",
        f"the device never delivers power, to {FARTHEST:g} V",
        f"a current of {CURRENT_FLOOR:g} A against the voltage",
        _ALL,
        dissipation,
    ),
    Check(
        "finite",
        f"currents, slopes and rates are finite to +-{FARTHEST:g} V and where an equation divides by 0",
        "0 numbers that are not",
        _ALL,
        finite,
    ),
    Check(
        "temperature",
        f"the current is finite and has no step from {COLDEST:g} to {HOTTEST:g} K",
        f"a step of {JUMP:g} of the current within {STEP:g} K",
        _ALL,
        temperature,
    ),
)
