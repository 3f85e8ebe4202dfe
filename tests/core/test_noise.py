"""Small-signal noise against independent arithmetic: mpmath, limits, and a network with two sources."""

from __future__ import annotations

from functools import partial

import mpmath
import numpy as np
import pytest

from compactmodels import noise, registry
from compactmodels.card import Entry, ModelCard, load_card
from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE
from compactmodels.model import Branch, Model
from tests.core.battery import conduction_card

CONDUCTIONS = sorted(registry.conductions())
near = partial(pytest.approx, abs=0.0)  # its own floor of 1e-12 is far above any noise density


@pytest.mark.parametrize("v", [1e-3, 0.02, 0.5, -0.3, 5.0])
def test_shot_noise_of_a_barrier_in_mpmath(v: float) -> None:
    card = conduction_card("direct_tunneling", {}, series=False)
    current = float(card.model.current(v, {**card.values, "gmin": 0.0}, temperature=320.0))
    q, k = mpmath.mpf(ELEMENTARY_CHARGE), mpmath.mpf(BOLTZMANN)
    expected = 2 * q * current * mpmath.coth(q * v / (2 * k * 320))
    found = noise.device_density(card.model, v, {**card.values, "gmin": 0.0}, temperature=320.0)
    assert float(found) == near(float(expected), rel=1e-12)


@pytest.mark.parametrize("name", CONDUCTIONS)
def test_at_0_v_every_branch_has_the_thermal_noise_of_its_conductance(name: str) -> None:
    card = conduction_card(name, {}, series=False)
    step = 1e-10
    slope = float(
        card.model.current(step, card.values) - card.model.current(-step, card.values)
    ) / (2 * step)
    found = float(noise.device_density(card.model, 0.0, card.values))
    # (a mechanism whose slope has a kink at 0 V shows one side's)
    assert found == near(4 * BOLTZMANN * 300.15 * slope, rel=0.02)


def test_it_is_continuous_where_the_small_bias_ends() -> None:
    card = load_card("otj")
    v = noise.SMALLEST_BIAS * np.array([-1.0001, -0.9999, 0.0, 0.9999, 1.0001])
    found = noise.device_density(card.model, v, card.values, w=0.5, s=0.5)
    assert np.ptp(found) < 1e-4 * found[2]


@pytest.mark.parametrize("mix", ["off", "exponential"])
def test_a_series_resistance_in_nodal_analysis(mix: str) -> None:
    """Two uncorrelated sources in a two-node network, solved without the formula under test."""
    model = Model((Branch("b", registry.conduction("thermionic_emission"), mix, series=True),))
    card = ModelCard("dut", model, {"b_r_s": Entry(2e4, "assumed"), "gmin": Entry(0.0, "assumed")})
    w, v, t = 0.8, 0.45, 300.15
    si = model.si(card.values)["b"]
    (branch,) = model.branches
    weight = float(branch.weight(w, 0.0, si))
    # `off` is area: as many junctions with resistances, side by side; `exponential` is one junction.
    copies, junction = (weight, 1.0) if mix == "off" else (1.0, weight)
    vj = float(branch.junction(v, t, si, junction))
    current = junction * float(branch.junction_current(vj, t, si))
    step = 1e-6
    slope = (
        junction
        * float(
            branch.junction_current(vj + step, t, si) - branch.junction_current(vj - step, t, si)
        )
        / (2 * step)
    )
    # Terminal shorted (AC): node j between r_s and the junction. A source into j of density S gives
    # the short-circuit current S (Y_r/(Y_r + g))^2; r_s's own gives S_r (g/(Y_r + g))^2.
    y = 1 / si["r_s"]
    shot = 2 * ELEMENTARY_CHARGE * current / np.tanh(ELEMENTARY_CHARGE * vj / (2 * BOLTZMANN * t))
    own = 4 * BOLTZMANN * t * y
    expected = copies * (shot * (y / (y + slope)) ** 2 + own * (slope / (y + slope)) ** 2)
    found = float(noise.device_density(model, v, card.values, w=w, temperature=t))
    assert found == near(expected, rel=1e-6)
    assert expected != near(copies * shot, rel=0.1)  # the resistance matters here


def test_symbols_and_numbers_are_one_equation() -> None:
    from compactmodels.symbolic import lambdify, symbol

    names = ["i", "g", "v", "temperature", "weight", "r_s"]
    i, g, v, t, weight, r_s = map(symbol, names)
    expression = noise.branch_density("shot", i, g, v, t, weight=weight, carried=weight, r_s=r_s)
    function = lambdify(expression, names)
    for values in ((1e-6, 2e-5, 0.3, 310.0, 0.3, 1e4), (0.0, 2e-5, 0.0, 310.0, 0.3, 1e4)):
        i_, g_, v_, t_, weight_, r_s_ = values
        expected = noise.branch_density(
            "shot", i_, g_, v_, t_, weight=weight_, carried=weight_, r_s=r_s_
        )
        assert function(*values) == near(float(expected), rel=1e-13)
