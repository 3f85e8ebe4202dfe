"""What every registered part is put through, whoever wrote it."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from compactmodels import registry
from compactmodels.card import Entry, ModelCard
from compactmodels.model import Branch, Model
from compactmodels.parameter import Parameter
from compactmodels.workflows.check.limits import FLOOR, RELATIVE, close, rate_floor

__all__ = [
    "FLOOR",
    "RELATIVE",
    "close",
    "conduction_card",
    "drawn",
    "near_one",
    "rate_floor",
    "switching_card",
    "values_of",
    "worst",
]

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


def worst(found: Any, expected: Any) -> float:
    """The largest relative deviation, for the message."""
    found, expected = np.asarray(found), np.asarray(expected)
    return float(np.max(np.abs(found - expected) / (np.abs(expected) + FLOOR)))
