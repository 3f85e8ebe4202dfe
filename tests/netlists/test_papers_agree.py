"""Every protocol of the papers' data: ngspice and the integrator agree to 1e-3 of the current's range."""

from __future__ import annotations

import numpy as np
import pytest

from compactmodels import fast
from compactmodels.card import load_card
from compactmodels.integrate import respond
from compactmodels.workflows.reproduction.lab import top_of
from compactmodels.workflows.reproduction.published import PAPERS, paper
from netlists import simulate

pytestmark = [pytest.mark.needs_ngspice, pytest.mark.slow]

CARDS = {"otj": "otj", "ohm": "ohm", "mose2": "mose2", "ohp": "ohp-n3", "review": "hp"}
START = {"otj": 0.03, "review": 0.3}
"""Where the devices are begun: in the middle of what they do."""
ALL = [(name, protocol) for name in PAPERS for protocol in paper(name).protocols]


def conduction(card, record, protocol, times):
    w, s = (np.interp(times, record.time, x) for x in (record.w, record.s))
    v = np.interp(times, protocol.time, protocol.voltage)
    return card.model.current(v, card.values, w=np.clip(w, 0, 1), s=np.clip(s, 0, 1))


def moments(protocol):
    """Tops of the pulses, and times that crowd behind every corner."""
    tops = [top_of(protocol, k + 1) for k in range(len(protocol.pulses))]
    spread = [
        a + (b - a) * x
        for a, b in zip(protocol.time[:-1], protocol.time[1:])
        for x in (0.01, 0.1, 0.3, 0.6, 0.99)
    ]
    return np.unique([*tops, *spread])


@pytest.mark.parametrize(("name", "protocol"), ALL, ids=[f"{n}:{p}" for n, p in ALL])
def test_ngspice_and_the_integrator(name, protocol):
    card, asked = load_card(CARDS[name]), paper(name).protocol(protocol)
    w0 = START.get(name, 0.1)
    found = simulate(card, asked, w0=w0)
    expected = fast.respond(card, asked, w0=w0, tolerance=1e-9, points=200)
    times = moments(asked)
    a, b = (conduction(card, r, asked, times) for r in (found, expected))
    assert np.max(np.abs(a - b)) <= 1e-3 * np.ptp(b)


@pytest.mark.parametrize(
    ("name", "protocol"),
    [("otj", "letter_H"), ("ohm", "write"), ("mose2", "noxious"), ("ohp", "many"), ("review", "cycle")],
)  # fmt: skip
def test_the_compiled_integrator_is_the_reference(name, protocol):
    """The one that is quick enough for all of them, against the reference: 1e-5 of the current's range."""
    card, asked = load_card(CARDS[name]), paper(name).protocol(protocol)
    w0 = START.get(name, 0.1)
    quick = fast.respond(card, asked, w0=w0, tolerance=1e-9, points=100)
    slow = respond(card, asked, w0=w0, rtol=1e-9, points=100)
    times = moments(asked)
    a, b = (conduction(card, r, asked, times) for r in (quick, slow))
    assert np.max(np.abs(a - b)) < 1e-5 * np.ptp(b)
