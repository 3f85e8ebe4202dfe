"""The subcircuit of a state inside a series resistance, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.fast import compile_model
from compactmodels.protocols import build
from compactmodels.traced import STATE_CAPACITANCE
from netlists.ngspice import run
from netlists.simulation import simulate
from netlists.subcircuit import subcircuit
from tests.core.battery import close, worst
from tests.core.dynamics_cards import junction_card
from tests.netlists.test_battery_ngspice import TIGHT, operating_points

pytestmark = pytest.mark.needs_ngspice

VOLTAGES = [-4.0, -1.0, -0.05, 0.05, 0.4, 1.0]


@pytest.mark.parametrize("states", [1, 2])
@pytest.mark.parametrize(("w", "s"), [(0.2, 0.5), (0.5, 0.4), (0.8, 0.55)])
def test_current(states: int, w: float, s: float) -> None:
    card = junction_card(states)
    found, _ = operating_points(card, VOLTAGES, w, s, ROOM_TEMPERATURE)
    expected = card.model.current(np.array(VOLTAGES), card.values, w=w, s=s)
    assert close(found, expected), worst(found, expected)


@pytest.mark.parametrize("states", [1, 2])
def test_rates(states: int) -> None:
    card = junction_card(states)
    w, s = 0.7, 0.45
    lines = []
    for k, v in enumerate(VOLTAGES):
        lines.append(f"V{k} p{k} 0 {v!r}\nX{k} p{k} 0 dut hold=0")
        lines += [
            f"V{n}{k} x{k}.{n} 0 {x!r}" for n, x in zip(card.model.states, (w, s), strict=False)
        ]
    saved = " ".join(f"@b.x{k}.b{n}[i]" for k in range(len(VOLTAGES)) for n in card.model.states)
    deck = f"rates\n{subcircuit(card)}\n" + "\n".join(lines)
    (op,) = run(f"{deck}\n.options {TIGHT}\n.save {saved}\n.op\n.end\n", timeout=60)
    expected = card.model.rates(np.array(VOLTAGES), w, s, card.values)
    for n, rate in zip(card.model.states, expected, strict=True):
        found = np.array([op[f"@b.x{k}.b{n}[i]"][0] for k in range(len(VOLTAGES))])
        assert close(found / STATE_CAPACITANCE, rate), worst(found / STATE_CAPACITANCE, rate)


@pytest.mark.parametrize("states", [1, 2])
def test_a_hysteresis_is_the_integrators(states: int) -> None:
    """Within a hundredth of a decade over the whole loop, as emitted and with the usual options."""
    card = junction_card(states)
    protocol = build("sweep", {"v_max": 1.0, "v_min": -2.0, "rate": 0.12, "steps": 200})
    found = simulate(card, protocol, w0=0.6, s0=0.5)
    volts = np.interp(found.time, protocol.time, protocol.voltage)
    exact = compile_model(card.model).respond(card.values, found.time, volts, w0=0.6, s0=0.5)
    seen = np.abs(exact.current) > 1e-9
    assert np.count_nonzero(seen) > 500
    assert np.max(np.abs(np.log10(found.current[seen] / exact.current[seen]))) < 2e-3
    assert np.ptp(found.w) + np.ptp(found.s) > 0.05
