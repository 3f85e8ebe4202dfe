"""A fitted decay as a card: it simulates its own decay, in the reference integrator and in ngspice."""

from __future__ import annotations

import numpy as np
import pytest

from compactmodels.card import parse_card
from compactmodels.data import Trace
from compactmodels.integrate import respond
from compactmodels.protocols import Protocol
from fitting import fit_decay
from tests.fitting import oracle

T = np.geomspace(1e-3, 10.0, 100)
TRUTH = {
    "exponential": {"y0": 2e-9, "a": 5e-9, "tau": 0.5},
    "double_exponential": {"y0": 1e-9, "a1": 3e-9, "tau1": 0.02, "a2": 2e-9, "tau2": 1.0},
    "stretched": {"y0": 1e-9, "a": 5e-9, "tau": 0.1, "beta": 0.6},
    "power": {"b": 5e-9, "m": 0.4},
    "shifted_power": {"b": 5e-9, "t0": 0.05, "m": 0.8},
}
REST = Protocol("transient", np.array([0.0, 10.0]), np.zeros(2), max_step=0.1, label="rest")


def fitted(law):
    rng = np.random.default_rng(0)
    y = getattr(oracle, law)(T, **TRUTH[law]) * (1 + 0.01 * rng.standard_normal(T.size))
    return fit_decay(Trace(T, None, y, meta={"signal_unit": "A"}), law)


def conductances(card):
    return {b.name: card.values[f"{b.name}_g"] for b in card.model.branches}


def signal(card, w, s):
    """What the branches conduct at 1 V, over the decaying part's start."""
    g = conductances(card)
    decaying = g["slow"] * w + g["fast"] * s if "slow" in g else g["g"] * s
    return (decaying + g.get("floor", 0.0)) / (sum(g.values()) - g.get("floor", 0.0))


def expected(result, time):
    """The fitted law in units of what decays; the power law from its record's first point on."""
    late = T[0] if result.selected == "power" else 0.0
    values = {n: e.value for n, e in result.parameters.items()}
    exact = getattr(oracle, result.selected)(time + late, **values)
    return exact / result.context["start"]


@pytest.mark.parametrize("law", sorted(TRUTH))
def test_the_card_decays_as_the_fit_does(law):
    result = fitted(law)
    card = parse_card(result.card().to_toml(), "a card")
    response = respond(card, REST, w0=1.0, s0=1.0, rtol=1e-9)
    some = response.time > 1e-6
    found = signal(card, response.w, response.s)[some]
    np.testing.assert_allclose(found, expected(result, response.time[some]), rtol=2e-5)


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("law", ["double_exponential", "stretched", "shifted_power"])
def test_the_card_decays_in_ngspice_too(law):
    from netlists.simulation import simulate

    result = fitted(law)
    card = result.card()
    response = simulate(card, REST, w0=1.0, s0=1.0)
    some = response.time > 1e-5
    found = signal(card, response.w, response.s)[some]
    off = np.log10(found / expected(result, response.time[some]))
    assert np.max(np.abs(off)) < 0.01  # decades


def test_a_double_exponential_keeps_its_errors_and_correlations_on_the_card():
    result = fitted("double_exponential")
    card = result.card()
    assert card.model.switching is not None
    assert card.model.switching.name == "two_relaxations"
    for own, state in (("tau1", "sw_tau_s"), ("tau2", "sw_tau_w")):
        assert card.entries[state].value == result.parameters[own].value
        assert card.entries[state].stderr == result.parameters[own].stderr
        assert card.entries[state].origin == "fitted"
    assert "sw_tau_s, sw_tau_w" in card.correlations
    g = conductances(card)
    a1, a2 = result.parameters["a1"].value, result.parameters["a2"].value
    assert g["slow"] / g["fast"] == pytest.approx(a2 / a1)
    assert g["slow"] + g["fast"] == pytest.approx(1e-6)


def test_amplitudes_on_a_card_are_relative_to_what_decays():
    card = fitted("stretched").card()
    assert card.values["rx_a"] == pytest.approx(1.0)
    assert "A, relative to" in card.entries["rx_a"].note
    assert fitted("shifted_power").card().values["rx_b"] == pytest.approx(1.0)
