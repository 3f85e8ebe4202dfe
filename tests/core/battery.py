"""What every registered part is put through, whoever wrote it."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from compactmodels import registry
from compactmodels.card import Entry, ModelCard
from compactmodels.model import Branch, Model
from compactmodels.parameter import Parameter

RELATIVE = 1e-9
"""What NumPy, ngspice and the compiled Verilog-A may differ by, relative ..."""
FLOOR = 1e-18
"""... and absolute, in A or 1/s: a hundredth of what gmin carries at 10 mV."""
WIDEST = 8
"""Decades around the default that a log-scaled parameter is drawn from, within its bounds."""


def drawn(parameter: Parameter) -> st.SearchStrategy[float]:
    """Any value within the bounds; log-scaled ones within four decades of the default."""
    lower, upper = parameter.lower, parameter.upper
    if parameter.log:
        span = 10.0 ** (WIDEST / 2)
        low, high = max(lower, parameter.default / span), min(upper, parameter.default * span)
        exponent = st.floats(np.log10(low), np.log10(high))
        return exponent.map(lambda x: float(np.clip(10.0**x, lower, upper)))
    return st.floats(lower, min(upper, 1e6))


def near_one(parameter: Parameter, low: float, high: float) -> st.SearchStrategy[float]:
    """A value from ``low`` to ``high``, as far as the bounds allow."""
    return st.floats(max(low, parameter.lower), min(high, parameter.upper))


def values_of(parameters: tuple[Parameter, ...]) -> st.SearchStrategy[dict[str, float]]:
    """One value for each parameter."""
    return st.fixed_dictionaries({p.name: drawn(p) for p in parameters})


def conduction_card(name: str, values: dict[str, float], series: bool) -> ModelCard:
    """A card with that mechanism alone."""
    model = Model((Branch("b", registry.conduction(name), "constant", series),))
    return ModelCard("dut", model, {f"b_{k}": Entry(v, "assumed") for k, v in values.items()})


def switching_card(name: str, relaxation: str | None, values: dict[str, float]) -> ModelCard:
    """A card of one conductance that follows w, with that switching law."""
    law = registry.switching(name)
    model = Model(
        (Branch("g", registry.conduction("ohmic"), "on"),),
        law,
        registry.relaxation(relaxation or "exponential") if law.relaxed else None,
    )
    return ModelCard("dut", model, {k: Entry(v, "assumed") for k, v in values.items()})


def rate_floor(card: ModelCard) -> float:
    """Absolute floor of a rate in 1/s: rounding of a drive of order 1 at the law's fastest rate.

    A threshold's drive is a difference of two softplus of order 1, so it is known to 1e-16 and no
    better; times the prefactor that is far below anything that would move a state.
    """
    rates = [card.values[p.name] for p in card.model.parameters if p.unit == "1/s"]
    if not rates:  # the law has no prefactor of that unit
        rates = [abs(float(r)) for r in card.model.rates(100.0, 0.5, 0.5, card.values)]
    return FLOOR + 2e-15 * max(rates)


def close(found: Any, expected: Any, relative: float = RELATIVE, floor: float = FLOOR) -> bool:
    """Whether they agree within the stated tolerance, everywhere."""
    found, expected = np.asarray(found), np.asarray(expected)
    return bool(np.all(np.abs(found - expected) <= relative * np.abs(expected) + floor))


def worst(found: Any, expected: Any) -> float:
    """The largest relative deviation, for the message."""
    found, expected = np.asarray(found), np.asarray(expected)
    return float(np.max(np.abs(found - expected) / (np.abs(expected) + FLOOR)))
