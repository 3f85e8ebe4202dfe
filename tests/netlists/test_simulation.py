"""ngspice under a protocol, against the reference integrator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compactmodels import protocols
from compactmodels.card import ModelCard, load_card
from compactmodels.errors import ProtocolError, SimulationError
from compactmodels.integrate import Response, respond
from compactmodels.protocols import Protocol
from netlists import simulation
from netlists.simulation import simulate
from tests.core.battery import switching_card

pytestmark = pytest.mark.needs_ngspice


def first_order() -> ModelCard:
    return switching_card(
        "ion_hopping", None, {"sw_k0": 1e3, "sw_ea": 0.0, "sw_v_set": 0.3, "sw_v_reset": 0.3}
    )


CASES = {
    "first-order loop": (first_order(), protocols.sweep(1.0, -1.0, 500.0)),
    "first-order pulses": (first_order(), protocols.pulses(0.5, 1e-4, 1e-4, 8)),
    "otj loop": (load_card("otj"), protocols.sweep(2.2, -4.3, 1.0)),
    "otj pulses": (load_card("otj"), protocols.pulses(2.2, 50e-9, 1e-6, 10)),
    "otj pulses down": (load_card("otj"), protocols.pulses(-2.5, 50e-9, 1e-6, 10)),
    "otj pair, long gap": (load_card("otj"), protocols.pair(1.5, 50e-9, 5e-3)),
    "otj pulses with a base": (load_card("otj"), protocols.pulses(1.2, 1e-6, 1e-5, 5, base=0.1)),
}


@pytest.mark.parametrize("name", CASES)
def test_states_follow_the_reference_integrator(name: str) -> None:
    card, protocol = CASES[name]
    w0 = 0.5 if "down" in name else 0.02
    found = simulate(card, protocol, w0=w0)
    expected = respond(card, protocol, w0=w0, points=400)
    # Compared on the reference's own samples of the straight pieces: ngspice's steps are coarser.
    w = np.interp(expected.time, found.time, found.w)
    assert np.max(np.abs(w - expected.w)) < 2e-3
    assert abs(found.w[-1] - expected.w[-1]) < 2e-4
    if "s" in card.model.states:
        s = np.interp(found.time, expected.time, expected.s)
        assert np.max(np.abs(s - found.s)) < 5e-3
    assert -1e-4 < found.w.min() <= found.w.max() < 1 + 1e-4  # conduction clamps what is beyond


@pytest.mark.parametrize("name", ["otj pulses", "first-order pulses"])
def test_every_pulse_arrives_with_its_dose(name: str) -> None:
    card, protocol = CASES[name]
    found = simulate(card, protocol)
    for pulse in protocol.pulses:
        inside = (found.time >= pulse.start) & (found.time <= pulse.stop)
        dose = np.trapezoid(found.voltage[inside], found.time[inside])
        top = pulse.stop - pulse.start - 2 * (protocol.time[2] - protocol.time[1])
        assert dose == pytest.approx(pulse.amplitude * top, rel=0.05)


def test_a_lost_pulse_is_an_error() -> None:
    """The check itself: the response of a train from which one pulse was cut."""
    _, protocol = CASES["first-order pulses"]
    third = protocol.pulses[2]
    volts = np.where(
        (protocol.time > third.start) & (protocol.time < third.stop), 0.0, protocol.voltage
    )
    with pytest.raises(SimulationError, match="pulse 3 of 8") as caught:
        simulation.check_doses(protocol, protocol.time, volts)
    assert caught.value.code == "dose_lost"


def test_an_edge_that_ngspice_would_merge_is_refused() -> None:
    """In one run; simulate cuts it into segments."""
    step = Protocol(
        "transient", np.array([0.0, 1e-9, 500.0]), np.array([0.0, 1.0, 1.0]), max_step=10.0
    )
    with pytest.raises(ProtocolError, match="would drop it"):
        simulation.deck(first_order(), step)


def test_hold_keeps_the_state_in_an_operating_point_and_a_transient() -> None:
    card, protocol = CASES["first-order loop"]
    text = simulation.deck(card, protocol, w0=0.3).replace("hold=0\n.options", "hold=1\n.options")
    (plot,) = simulation.run(text)
    assert np.all(np.abs(plot["xdut.w"] - 0.3) < 1e-9)


def test_capacitance_carries_its_displacement_current() -> None:
    card = first_order().with_values({"cap": 1e-9, "g_g": 1e-15}, "assumed")
    ramp = protocols.sweep(1.0, 0.0, 1000.0)
    found = simulate(card, ramp)
    middle = (found.time > 2e-4) & (found.time < 8e-4)
    assert found.current[middle] == pytest.approx(1e-6, rel=1e-3)
    reference: Response = respond(card, ramp)
    assert np.interp(5e-4, reference.time, reference.current) == pytest.approx(1e-6, rel=1e-3)


def test_area_scales_current_and_capacitance() -> None:
    card = load_card("otj")
    double = card.with_values({"scale": 2.0}, "assumed")
    protocol = protocols.dc(-1.0, 1.0, 11)
    one, two = simulate(card, protocol, w0=0.4), simulate(double, protocol, w0=0.4)
    assert two.current == pytest.approx(2 * one.current, rel=1e-9, abs=1e-16)


def test_temperature_reaches_the_simulator() -> None:
    card = load_card("otj")
    protocol = protocols.dc(0.05, 0.1, 2)
    for kelvin in (250.0, 300.15, 400.0):
        found = simulate(card, protocol, temperature=kelvin)
        expected = card.model.current(found.voltage, card.values, temperature=kelvin)
        assert found.current == pytest.approx(expected, rel=1e-9)


def test_a_steeper_step_still_converges() -> None:
    """A 1 ns step onto 10 V, and a hold of 1000 s: the same card, default settings."""
    card = replace(load_card("otj"))
    step = Protocol("transient", np.array([0.0, 1e-9, 1e-6]), np.array([0.0, 10.0, 10.0]), 1e-8)
    assert simulate(card, step).w[-1] <= 1 + 1e-6
    rest = protocols.pulses(0.1, 1.0, 1000.0, 1)
    assert simulate(card, rest, w0=0.7).w[-1] == pytest.approx(0.7, abs=1e-3)


@pytest.mark.slow
def test_a_chain_of_different_cards_with_floating_nodes_between_runs_through() -> None:
    """Devices in series leave nodes that only they define: the default capacitance carries them."""
    from netlists.ngspice import run
    from netlists.subcircuit import subcircuit
    from tests.core.battery import conduction_card

    barrier = {"phi": 0.7, "n": 1.3, "richardson": 1.2e6, "area": 1e-8, "r_s": 200.0}
    diode = subcircuit(conduction_card("thermionic_emission", barrier, series=True))
    deck = (
        f"chain\n{subcircuit(load_card('otj'))}\n{diode}\nV1 a 0 SIN(0 2 1e5)\n"
        "X1 a b otj w0=0.3\nX2 b c dut\nX3 c d otj w0=0.3\nX4 d 0 dut\n"
        ".tran 5n 20u\n.save v(a) v(b) v(d) i(v1)\n.end\n"
    )
    (plot,) = run(deck, timeout=60)
    assert plot["time"][-1] == pytest.approx(20e-6)
    assert np.max(np.abs(plot["v1#branch"])) > 1e-9
