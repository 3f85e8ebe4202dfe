"""What may differ by how much, and why: the tolerances that checks and tests share."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard

FloatArray = NDArray[np.float64]

RELATIVE: Final = 1e-9
"""What NumPy, a simulator and a compiled module may differ by, relative ...

The same doubles go through the same operations in another order, so that only rounding is left: an
exponent of 80 makes 1e-14 of it, a chord that is a difference some powers of ten more.
"""
FLOOR: Final = 1e-18
"""... and absolute, in A or 1/s, anywhere within the bounds of a law's parameters: a hundredth of what the
default gmin carries at 100 mV."""
CURRENT_FLOOR: Final = 1e-20
"""A: the same for a card and what is near it: the abstol that decks of a check ask for (ngspice's own is
1e-12 A)."""
NODE_ROUNDING: Final = 5e-16
"""A state is a node's voltage, which is known to its rounding."""


def rate_floor(card: ModelCard) -> float:
    """Absolute floor of a rate in 1/s: rounding of a drive of order 1 at the law's fastest rate.

    A threshold's drive is a difference of two softplus of order 1, so it is known to 1e-16 and no
    better; times the prefactor that is far below anything that would move a state.
    """
    rates = [card.values[p.name] for p in card.model.parameters if p.unit == "1/s"]
    if not rates:  # the law has no prefactor of that unit
        rates = [abs(float(r)) for r in card.model.rates(100.0, 0.5, 0.5, card.values)]
    return FLOOR + 2e-15 * max(rates, default=0.0)


def close(found: Any, expected: Any, relative: float = RELATIVE, floor: float = FLOOR) -> bool:
    """Whether they agree within the stated tolerance, everywhere."""
    found, expected = np.asarray(found), np.asarray(expected)
    return bool(np.all(np.abs(found - expected) <= relative * np.abs(expected) + floor))


def deviation(found: Any, expected: Any, floor: Any = CURRENT_FLOOR) -> FloatArray:
    """Difference over the expected and the floor: at most RELATIVE where both agree.

    Which says the same as ``|difference| <= RELATIVE |expected| + floor``, and shows by how much.
    Infinite where something is not finite.
    """
    found, expected = np.broadcast_arrays(np.asarray(found), np.asarray(expected))
    with np.errstate(invalid="ignore"):
        share = np.abs(found - expected) / (np.abs(expected) + np.asarray(floor) / RELATIVE)
    return np.where(np.isfinite(share), share, np.inf)
