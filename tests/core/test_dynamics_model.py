"""A state that moves a saturation current over decades, inside the series resistance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from compactmodels import registry
from compactmodels.card import parse_card
from compactmodels.dual import variables
from compactmodels.errors import CardError
from compactmodels.model import Branch, Model
from tests.core.dynamics_cards import junction_card


def junction_by_bisection(card: object, v: float, w: float, s: float | None) -> float:
    """Junction voltage from the text of the equation, solved by bisection."""
    x = card.values  # type: ignore[attr-defined]
    vt = 1.380649e-23 * 300.15 / 1.602176634e-19
    exponent = w - 1 + (s or 0.0)

    def current(vj: float) -> float:
        u = max(-vj, 0.0)
        u = u**3 / (u * u + 0.02**2)
        phi, e00 = x["j_phi"], x["j_e00"]
        reverse = (phi + u) / phi * math.exp(2 * phi / (3 * e00) * (1 - math.sqrt(phi / (phi + u))))
        level = x["j_j_s"] * x["j_area"] * 10 ** (x["j_span"] * exponent)
        return level * ((math.exp(vj / (x["j_n"] * vt)) - 1) - (reverse - 1))

    low, high = min(v, 0.0), max(v, 0.0)
    return float(brentq(lambda vj: vj + x["j_r_s"] * current(vj) - v, low, high, xtol=1e-15))


@pytest.mark.parametrize("states", [1, 2])
@pytest.mark.parametrize("v", [-3.0, -0.4, 0.3, 0.9])
def test_the_resistance_carries_what_the_state_lets_through(states: int, v: float) -> None:
    card = junction_card(states)
    for w in (0.2, 0.5, 0.75):
        s = 0.45 if states == 2 else None
        vj = junction_by_bisection(card, v, w, s)
        found = card.model.current(v, card.values, w=w, s=s or 0.0)
        expected = (v - vj) / card.values["j_r_s"] + card.values["gmin"] * v
        # v - vj loses digits where next to nothing drops over the resistance
        assert found == pytest.approx(expected, rel=1e-7, abs=1e-16 / 55 * 10)


def test_the_law_sees_the_junction_not_the_terminals() -> None:
    card = junction_card()
    for v, w in ((0.9, 0.7), (-2.0, 0.6)):
        vj = junction_by_bisection(card, v, w, None)
        assert abs(v - vj) > 0.05
        bare = junction_card(j_r_s=0.0)
        (expected,) = bare.model.rates(vj, w, 0.0, bare.values)
        (found,) = card.model.rates(v, w, 0.0, card.values)
        assert found == pytest.approx(float(expected), rel=1e-9)


def test_a_constant_voltage_moves_the_state_with_the_logarithm_of_time() -> None:
    """dw/dt = k exp(-f (w - 1/2)) has w = 1/2 + ln(1 + f k t)/f as its solution."""
    card = junction_card(j_r_s=0.0, sw_k_set=1.0, sw_edge=1e-6)
    f = card.values["sw_f_set"]
    drive = 0.5**3 / (0.5**2 + 0.02**2)
    up = math.expm1(drive / 0.05) / math.expm1(0.5 / 0.05)
    for t in (0.1, 1.0, 100.0):
        w = 0.5 + math.log1p(f * up * t) / f
        (rate,) = card.model.rates(0.5, w, 0.0, card.values)
        assert float(rate) == pytest.approx(up / (1 + f * up * t), rel=1e-4)


def test_the_derivative_follows_the_implicit_equation() -> None:
    card = junction_card(2)
    (v,) = variables(np.array([-1.5, 0.6]))
    slope = card.model.current(v, card.values, w=0.7, s=0.5).partials[0]
    step = 1e-6
    for k, x in enumerate((-1.5, 0.6)):
        low, high = (card.model.current(x + d, card.values, w=0.7, s=0.5) for d in (-step, step))
        assert slope[k] == pytest.approx(float(high - low) / (2 * step), rel=1e-7)


def test_the_card_round_trips() -> None:
    card = junction_card(2)
    again = parse_card(card.to_toml(), "the card")
    assert again.model == card.model
    assert again.values == card.values


def test_a_complete_law_takes_no_relaxation() -> None:
    branch = Branch("j", registry.conduction("ohmic"), "on")
    law = registry.switching("two_state_feedback")
    assert Model((branch,), law).states == ("w", "s")
    with pytest.raises(CardError, match="gives the rates of both states itself"):
        Model((branch,), law, registry.relaxation("exponential"))
    with pytest.raises(CardError, match="needs a relaxation"):
        Model((branch,), registry.switching("volatile_gate"))
