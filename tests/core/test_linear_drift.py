"""The HP memristor: the published equation, its charge law, and that no state is a trap."""

from __future__ import annotations

import numpy as np
import pytest

from compactmodels.card import load_card
from compactmodels.integrate import respond
from compactmodels.protocol_sequence import waveform


def test_far_from_the_ends_it_is_strukovs_equation():
    """I = V/(R_on w + R_off (1 - w)) and dw/dt = mu R_on I/D^2 times the window, at 1 V."""
    card = load_card("hp")
    v = card.values
    r_on = 1.0 / v["ion_g"]
    for w in (0.1, 0.5, 0.9):
        i = 1.0 / (r_on * w + 160.0 * r_on * (1 - w))
        assert float(card.model.current(1.0, v, w=w)) == pytest.approx(i, rel=1e-9)
        (rate,) = card.model.rates(1.0, w, 0.0, v)
        assert float(rate) == pytest.approx(1e-14 / 1e-16 * r_on * i * (1 - w**2), rel=1e-5)
        (rate,) = card.model.rates(-1.0, w, 0.0, v)
        assert float(rate) == pytest.approx(-100 * r_on * i * (1 - (1 - w) ** 2), rel=1e-5)


def test_the_state_goes_to_either_end_and_comes_back():
    card = load_card("hp")
    t = np.array([0.0, 1e-3, 5.0, 5.001, 5.002, 30.0])
    found = respond(card, waveform(list(t), [0.0, 1.0, 1.0, 0.0, -1.0, -1.0]), w0=0.3)
    assert found.w.max() > 0.98
    assert found.w[-1] < 0.05
    assert found.w.min() > -1e-9 and found.w.max() < 1.0 + 1e-9
