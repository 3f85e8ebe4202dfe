"""The Verilog-A module of a state inside a series resistance, compiled, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from tests.core.battery import close, worst
from tests.core.dynamics_cards import junction_card
from tests.veriloga.test_battery_veriloga import compiled

pytestmark = pytest.mark.needs_veriloga


@pytest.mark.parametrize("states", [1, 2])
def test_current_and_rates(states: int) -> None:
    card = junction_card(states)
    module = compiled(card)
    for w, s in ((0.2, 0.5), (0.7, 0.45)):
        for bias in (-4.0, -1.0, -0.05, 0.05, 0.4, 1.0):
            found, _ = module.operating_point(card.values, bias, w=w, s=s)
            expected = card.model.current(np.array(bias), card.values, w=w, s=s)
            assert close(found, expected), worst(found, expected)
            rates = module.rates(card.values, bias, w=w, s=s)
            at = card.model.rates(np.array(bias), w, s, card.values)
            for state, rate in zip(card.model.states, at, strict=True):
                assert close(rates[state], rate), (state, worst(rates[state], rate))
