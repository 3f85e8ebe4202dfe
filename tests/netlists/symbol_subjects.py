"""What the tests of symbols share: two cards, and the comparison with NumPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from compactmodels.card import ModelCard, load_card
from netlists.ngspice import Plot

HOSTILE = 'He said "x" {y} \\ @name $w [exit] (z) ; .end end*/'


def otj() -> ModelCard:
    return load_card("otj")


def hostile() -> ModelCard:
    """A name with '-', and a title that means something to every one of the formats."""
    return replace(load_card("ohm"), name="ohm-2", title=HOSTILE)


CARDS = {"otj": otj, "hostile": hostile}


def module_of(card: ModelCard) -> str:
    return card.name.replace("-", "_")


def agree(card: ModelCard, plot: Plot, node: str, source: str, **state: float) -> None:
    """The current into p against NumPy, to 1e-9 of it."""
    times = state.pop("times", 1.0)
    volts = np.real(plot[node])
    expected = times * card.model.current(volts, card.values, **state)
    assert np.ptp(volts) > 0.1 or volts.size == 1
    floor = 1e-12 * np.max(np.abs(expected))
    assert np.all(np.abs(-plot[f"{source}#branch"] - expected) <= 1e-9 * np.abs(expected) + floor)
