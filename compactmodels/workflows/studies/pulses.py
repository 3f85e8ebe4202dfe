"""Arrays over time: a read that settles, writes that disturb, what a read costs."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.errors import InputError, SimulationError
from compactmodels.fast import respond
from compactmodels.protocols import pulses
from compactmodels.workflows.studies import estimates
from compactmodels.workflows.studies.settings import Setting, array, conductance, window
from netlists.array import Crossbar, cell_currents, scheme_voltages
from netlists.crossbar import read_pulse, write_pulse
from netlists.solver.described import read_fast, transient_fast

SETTLED: Final = 0.01
"""Of the final current: how near an output has to be, to be read."""
EDGE: Final = 0.01
"""Of the settling that is expected: the step's rise."""
LONGER: Final = 8.0
"""Times the settling that is expected: how long is looked; and times that, where it was not enough."""
TRIES: Final = 8
HALF: Final = 0.5
"""Change of the state that a write makes."""
VOLTAGES: Final = np.geomspace(0.05, 50.0, 61)
"""V: what writes are looked for among, then halved between."""
HALVINGS: Final = 20


def settling(card: ModelCard, setting: Setting) -> dict[str, float]:
    """Time until all outputs are within 1 % of what they settle to, after a step of the read voltage.

    From the middle of the step. Lines are resistance and capacitance alone: without inductance, times
    below a picosecond a millimetre are not real.

    Raises
    ------
    SimulationError
        Code ``no_convergence``: the outputs never settle.
    """
    n, r = setting.size, setting.line_resistance
    crossbar = _with_capacitance(card, setting)
    cell = card.values["cap"] * card.parameter("cap").si_factor * card.values["scale"]
    c = setting.line_capacitance + cell
    expected = estimates.settling(n, n, r, c, SETTLED)
    if not expected > 0:
        raise InputError(
            "lines without resistance or capacitance settle at once: give both (--line-resistance, "
            "--line-capacitance)"
        )
    final = read_fast(crossbar).currents
    width = LONGER * expected
    for _ in range(TRIES):
        stimulus = read_pulse(crossbar, width, edge=EDGE * expected, rest=EDGE * expected)
        found = transient_fast(crossbar, stimulus, states=False)
        top = found.time <= stimulus.time[2] * (1 + 1e-12)
        off = np.abs(found.currents[0][top] / final - 1.0).max(axis=1) > SETTLED
        late = int(np.flatnonzero(off)[-1]) if off.any() else 0
        if late < np.count_nonzero(top) - 2:
            # The crossing lies between two steps, along a straight line between them.
            settled = float(found.time[late + 1]) - 0.5 * EDGE * expected
            return {"settling": max(settled, 0.0), "settling_estimate": expected}
        width *= LONGER
    raise SimulationError(
        f"the outputs of {n} x {n} cells do not settle within {width:.3g} s: the device's states move under "
        f"{setting.voltage:g} V; read with a lower voltage",
        code="no_convergence",
    )


def energy(card: ModelCard, setting: Setting) -> dict[str, float]:
    """Of a read pulse of ``width`` on all word lines, all bit lines read at once.

    Beside it what the cells burn without resistance in the lines, and the C V^2 of all lines and cells,
    which a pulse burns whose edges are fast against the lines.
    """
    crossbar = _with_capacitance(card, setting)
    stimulus = read_pulse(crossbar, setting.width)
    found = transient_fast(crossbar, stimulus, states=False)
    n, v = setting.size, setting.voltage
    cell = card.values["cap"] * card.parameter("cap").si_factor * card.values["scale"]
    # Both edges together burn like two thirds of one of them at the full voltage.
    seconds = setting.width + 2.0 / 3.0 * float(stimulus.time[1])
    return {
        "energy": found.energy,
        "energy_per_cell": found.energy / n**2,
        "energy_conduction_estimate": float(np.sum(cell_currents(crossbar))) * v * seconds,
        "energy_charging_estimate": n * n * (setting.line_capacitance + cell) * v**2,
    }


def disturb(card: ModelCard, setting: Setting) -> dict[str, float]:
    """How far the other cells move when one in the middle is written ``cycles`` times.

    The largest change of the state w, in [0, 1], of half-selected cells, of those that share no line
    with the written one, and of the written one itself; the conductance that half-selected cells lose
    or gain, over the device's window; and the worst change of an output that the disturbed cells
    make, the written one left out.
    """
    n = setting.size
    volts = setting.write_voltage
    volts = write_voltage(card, setting) if volts is None else volts
    crossbar = array(card, setting)
    bias = scheme_voltages(setting.scheme, n, n, [(n // 2, n // 2)], volts)
    train = write_pulse(bias, setting.width, cycles=setting.cycles)
    after = transient_fast(crossbar, train, states=False).final[0]
    before = crossbar.cell_states
    half = bias.half_selected
    kinds = {"half_selected": half, "unselected": ~half & ~bias.selected, "selected": bias.selected}
    change = {kind: _largest(after.w - before, mask) for kind, mask in kinds.items()}
    low, high = (float(conductance(card, w, setting)) for w in window(card, setting))
    moved = conductance(card, after.w, setting) - conductance(card, before, setting)
    return {
        **change,
        "half_selected_conductance": _largest(moved / (high - low), half),
        "output_change": _output_change(crossbar, np.where(bias.selected, before, after.w)),
        "write_voltage": volts,
    }


def write_voltage(card: ModelCard, setting: Setting) -> float:
    """The smallest voltage of either sign that moves a device from off by half of the range in one pulse.

    Raises
    ------
    InputError
        Code ``no_write``: none up to 50 V does.
    """

    def moves(v: float) -> bool:
        found = respond(card, pulses(v, setting.width, setting.width, 1), w0=0.0)
        return abs(float(found.w[-1])) >= HALF

    for below, above in zip(np.append(0.0, VOLTAGES[:-1]), VOLTAGES, strict=True):
        for sign in (1.0, -1.0):
            if moves(sign * above):
                low, high = below, above
                for _ in range(HALVINGS):
                    middle = 0.5 * (low + high)
                    low, high = (low, middle) if moves(sign * middle) else (middle, high)
                return float(sign * high)
    raise InputError(
        f"card '{card.name}' is not written by one pulse of {setting.width:g} s up to {VOLTAGES[-1]:g} V: give a "
        "longer pulse (--width) or the voltage (--write-voltage)",
        code="no_write",
    )


def _with_capacitance(card: ModelCard, setting: Setting) -> Crossbar:
    c = setting.line_capacitance
    return array(card, setting, c_word=c, c_bit=c)


def _largest(change: NDArray[np.float64], where: NDArray[np.bool_]) -> float:
    return float(np.abs(change[where]).max()) if where.any() else 0.0


def _output_change(before: Crossbar, w: NDArray[np.float64]) -> float:
    old, new = (read_fast(x).currents for x in (before, before.changed(w=w)))
    return float(np.max(np.abs(new / old - 1.0)))
