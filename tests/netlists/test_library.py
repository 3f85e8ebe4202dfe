"""The library's cards, in ngspice, against what is published of their devices."""

from __future__ import annotations

import numpy as np
import pytest

from compactmodels.card import library, load_card
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.protocols import Protocol, dc
from netlists.ngspice import run
from netlists.simulation import simulate
from netlists.subcircuit import subcircuit

pytestmark = pytest.mark.needs_ngspice


@pytest.mark.parametrize(
    ("w0", "ohms", "branch"), [(1.0, 2.7e4, "dt"), (0.0, 1.8e8, "te")], ids=["LRS", "HRS"]
)
def test_tunnel_junction_reads_as_published(w0: float, ohms: float, branch: str) -> None:
    """Resistance at 0.1 V within 2 %, all but a few per cent of the current by the named mechanism.

    The rest is what other published numbers ask for: the Fowler-Nordheim slope of the whole LRS current, and
    the asymmetry of the HRS (docs/adr/0016).
    """
    card = load_card("otj")
    deck = (
        f"read\n{subcircuit(card)}\nV1 a 0 0.1\nX1 a 0 otj w0={w0} hold=1\n"
        ".save all @b.x1.bdt[i] @b.x1.bte[i] @b.x1.bfn[i] @b.x1.bvol[i]\n.op\n.end\n"
    )
    (op,) = run(deck)
    current = -op["v1#branch"][0]
    assert 0.1 / current == pytest.approx(ohms, rel=0.02)
    assert op[f"@b.x1.b{branch}[i]"][0] / current >= {"dt": 0.95, "te": 0.98}[branch]
    mechanism = {b.name: b.mechanism.name for b in card.model.branches}[branch]
    assert mechanism == {"dt": "direct_tunneling", "te": "schottky_emission"}[branch]


def test_tunnel_junction_carries_the_published_values() -> None:
    card = load_card("otj")
    published = {n: e.value for n, e in card.entries.items() if e.origin == "published"}
    assert published["dt_phi1"] == 0.41
    assert published["dt_phi2"] == 0.35
    assert published["te_phi"] == 0.55
    assert published["fn_phi"] == 0.075
    assert published["dt_thickness"] == 2.8e-9
    assert published["dt_area"] == pytest.approx(np.pi * (10e-6) ** 2, rel=1e-12)
    calibrated = {n for n, e in card.entries.items() if e.origin == "calibrated"}
    assert {"dt_mass", "te_area", "fn_area", "fe_g", "sw_kw"} <= calibrated
    assert all(n.startswith(("sw_", "rx_")) or not n.endswith("phi") for n in calibrated)


@pytest.mark.parametrize("name", library())
def test_every_value_says_where_it_comes_from(name: str) -> None:
    for parameter, entry in load_card(name).entries.items():
        assert entry.origin in {"published", "calibrated", "assumed"}, parameter
        assert len(entry.note) > 10, parameter


@pytest.mark.parametrize("name", library())
@pytest.mark.parametrize("w0", [0.0, 0.3, 1.0])
def test_held_states_in_ngspice_equal_the_model(name: str, w0: float) -> None:
    card = load_card(name)
    response = simulate(card, dc(-3.0, 3.0, 61), w0=w0, s0=0.2)
    expected = card.model.current(response.voltage, card.values, w=w0, s=0.2)
    assert np.all(np.abs(response.current - expected) <= 1e-9 * np.abs(expected) + 1e-16)
    assert np.all(response.w == pytest.approx(w0, abs=1e-12))


def test_a_list_of_bias_points_is_simulated_as_it_stands() -> None:
    card = load_card("otj")
    volts = np.array([0.1, -0.2, 0.1, 1.234567890123, 0.0])
    points = Protocol("points", np.arange(5.0), volts)
    response = simulate(card, points, w0=0.5, temperature=ROOM_TEMPERATURE + 20)
    expected = card.model.current(volts, card.values, w=0.5, temperature=ROOM_TEMPERATURE + 20)
    assert np.all(np.abs(response.current - expected) <= 1e-8 * np.abs(expected) + 1e-16)


def test_the_published_write_voltages_switch_it_and_a_read_does_not() -> None:
    from compactmodels.protocols import for_card, pulses

    card = load_card("otj")
    loop = simulate(card, for_card("sweep", card.operation, {}))
    assert loop.w.max() > 0.99
    assert abs(loop.w[-1]) < 1e-3
    read = pulses(0.1, width=100.0, gap=1.0, number=1)
    for w0 in (0.0, 1.0):
        assert simulate(card, read, w0=w0).w[-1] == pytest.approx(w0, abs=1e-3)
