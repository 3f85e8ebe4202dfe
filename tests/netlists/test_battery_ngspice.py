"""The battery in ngspice: every registered part, emitted and simulated, agrees with NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactmodels import registry
from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE, ZERO_CELSIUS
from compactmodels.dual import variables
from compactmodels.traced import STATE_CAPACITANCE
from netlists.ngspice import run
from netlists.subcircuit import subcircuit
from tests.core.battery import (
    close,
    conduction_card,
    near_one,
    rate_floor,
    switching_card,
    values_of,
    worst,
)

pytestmark = pytest.mark.needs_ngspice

CONDUCTIONS = sorted(registry.conductions())
LAWS = [
    (law, relaxation)
    for law in sorted(registry.switchings())
    for relaxation, part in sorted(registry.relaxations().items())
    if relaxation == "exponential" or (registry.switching(law).relaxed and part.rate is not None)
]
TIGHT = "reltol=1e-11 abstol=1e-20 vntol=1e-14 itl1=500 gmin=1e-30"
VOLTAGES = (-10.0, -3.0, -0.7, -0.05, 0.05, 0.7, 3.0, 10.0)


def operating_points(
    card: ModelCard, voltages: list[float], w: float, s: float, temperature: float
) -> tuple[np.ndarray, np.ndarray]:
    """Current [A] and small-signal conductance [S] of one device at each voltage."""
    devices = "\n".join(
        f"V{k} p{k} 0 dc {v!r} ac 1\nX{k} p{k} 0 dut w0={w!r} s0={s!r} hold=1"
        for k, v in enumerate(voltages)
    )
    deck = (
        f"battery\n{subcircuit(card, noise=False)}\n{devices}\n"
        f".options temp={temperature - ZERO_CELSIUS!r} {TIGHT}\n.op\n.ac lin 1 1 1\n.end\n"
    )
    op, ac = run(deck, timeout=60)
    branches = [f"v{k}#branch" for k in range(len(voltages))]
    currents = np.array([-op[b][0] for b in branches])
    return currents, np.array([-ac[b][0].real for b in branches])


@pytest.mark.parametrize("series", [False, True], ids=["plain", "series"])
@pytest.mark.parametrize("name", CONDUCTIONS)
@settings(max_examples=15)
@given(data=st.data())
def test_current_and_slope(name: str, series: bool, data: Any) -> None:
    values = data.draw(values_of(registry.conduction(name).parameters))
    if series:
        values["r_s"] = data.draw(st.one_of(st.just(0.0), st.floats(-2, 8).map(lambda x: 10.0**x)))
    card = conduction_card(name, values, series)
    temperature = data.draw(st.floats(250.0, 400.0))
    voltages = [*VOLTAGES, data.draw(st.floats(-10.0, 10.0))]
    found, slopes = operating_points(card, voltages, 0.0, 0.0, temperature)
    (v,) = variables(np.array(voltages))
    expected = card.model.current(v, card.values, temperature=temperature)
    assert close(found, expected.value), worst(found, expected.value)
    # In saturation ngspice's own derivative cancels down to rounding of the chord I/V.
    chord = np.abs(expected.value / np.array([v if v else 1.0 for v in voltages]))
    slack = 1e-9 * np.abs(expected.partials[0]) + 1e-9 * chord + 1e-18
    assert np.all(np.abs(slopes - expected.partials[0]) <= slack), worst(
        slopes, expected.partials[0]
    )


@pytest.mark.parametrize("mix", ["on", "off", "volatile", "resistive_decades"])
@settings(max_examples=10)
@given(w=st.floats(0.0, 1.0), s=st.floats(0.0, 1.0))
def test_states_mix_the_branches(mix: str, w: float, s: float) -> None:
    card = mixed_card(mix)
    found, _ = operating_points(card, list(VOLTAGES), w, s, ROOM_TEMPERATURE)
    expected = card.model.current(np.array(VOLTAGES), card.values, w=w, s=s)
    assert close(found, expected), worst(found, expected)


def mixed_card(mix: str) -> ModelCard:
    """Two branches, one of them mixed as asked, with states that move."""
    from compactmodels.model import Branch, Model

    model = Model(
        (
            Branch("a", registry.conduction("sinh"), mix),
            Branch("b", registry.conduction("thermionic_emission"), "constant", series=True),
        ),
        registry.switching("volatile_gate"),
        registry.relaxation("exponential"),
    )
    return ModelCard("dut", model, {})


@pytest.mark.parametrize(("law", "relaxation"), LAWS, ids=lambda x: str(x))
@settings(max_examples=7)
@given(data=st.data())
def test_rates(law: str, relaxation: str, data: Any) -> None:
    """The rate of each state, read as the current of its source while the state is forced."""
    values = {
        f"sw_{k}": v for k, v in data.draw(values_of(registry.switching(law).parameters)).items()
    }
    if registry.switching(law).relaxed:
        own = registry.relaxation(relaxation).rate_parameters
        values |= {f"rx_{p.name}": data.draw(near_one(p, 0.1, 10.0)) for p in own}
    card = switching_card(law, relaxation, values)
    w, s = data.draw(st.floats(0.0, 1.0)), data.draw(st.floats(0.0, 1.0))
    voltages = [*VOLTAGES, 0.0, data.draw(st.floats(-10.0, 10.0))]
    states = card.model.states
    lines = []
    for k, v in enumerate(voltages):
        lines.append(f"V{k} p{k} 0 {v!r}\nX{k} p{k} 0 dut hold=0")
        lines += [f"V{n}{k} x{k}.{n} 0 {x!r}" for n, x in zip(states, (w, s), strict=False)]
    saved = " ".join(f"@b.x{k}.b{n}[i]" for k in range(len(voltages)) for n in states)
    deck = f"rates\n{subcircuit(card, noise=False)}\n" + "\n".join(lines)
    (op,) = run(f"{deck}\n.options {TIGHT}\n.save {saved}\n.op\n.end\n", timeout=60)
    expected = card.model.rates(np.array(voltages), w, s, card.values)
    # A node's voltage is known to rounding: that times the slope along each state.
    by_w, by_s = (1e-6 if x < 0.5 else -1e-6 for x in (w, s))
    beside = (
        card.model.rates(np.array(voltages), w + by_w, s, card.values),
        card.model.rates(np.array(voltages), w, s + by_s, card.values),
    )
    slopes = [
        sum(np.max(np.abs(rates[k] - rate)) / 1e-6 for rates in beside)
        for k, rate in enumerate(expected)
    ]
    for n, rate, slope in zip(states, expected, slopes, strict=True):
        found = np.array([op[f"@b.x{k}.b{n}[i]"][0] for k in range(len(voltages))])
        found = found / STATE_CAPACITANCE
        expected_rate = np.broadcast_to(rate, found.shape)
        assert close(found, expected_rate, floor=rate_floor(card) + 5e-16 * slope), worst(
            found, rate
        )
