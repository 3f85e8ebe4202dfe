"""What is looked at: a card, and the texts that were emitted from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.names import identifier
from compactmodels.parameter import Parameter

FloatArray = NDArray[np.float64]

COLDEST: Final = 200.0
HOTTEST: Final = 450.0
"""K: the range that every check covers."""
LEAST_SPAN: Final = 1.0
"""V: checks go at least so far."""
HEADROOM: Final = 1.5
"""Beyond the largest voltage of the card's own operation."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A card as emitted.

    A test hands in other texts than the card's own, to see that a check can fail.

    Parameters
    ----------
    card : ModelCard
    subcircuit : str
        For ngspice.
    veriloga : str
        One module.
    """

    card: ModelCard
    subcircuit: str
    veriloga: str

    @property
    def name(self) -> str:
        """Of the emitted subcircuit and module."""
        return identifier(self.card.name, "model")

    @property
    def span(self) -> float:
        """Voltage [V] up to which the device is meant to be used, with some headroom."""
        volts = [abs(v) for k, v in self.card.operation.items() if k.startswith(("v_", "dc_"))]
        volts.append(abs(self.card.operation.get("pulse_amplitude", 0.0)))
        return HEADROOM * max([*volts, LEAST_SPAN / HEADROOM])

    @property
    def drive(self) -> float:
        """The largest voltage [V] of the card's own operation, 1 V where there is none."""
        return self.span / HEADROOM


def subject_of(card: ModelCard) -> Subject:
    """The card with everything that is emitted from it."""
    from netlists.subcircuit import subcircuit
    from veriloga import module

    return Subject(card, subcircuit(card), module(card))


@dataclass(frozen=True, slots=True)
class Setting:
    """A device held somewhere: its parameters, states and temperature.

    Parameters
    ----------
    values : mapping
        Every parameter in its declared unit.
    w, s : float
        States.
    temperature : float
        [K].
    multiplier : float
        m: devices in parallel.
    """

    values: Mapping[str, float]
    w: float = 0.5
    s: float = 0.5
    temperature: float = ROOM_TEMPERATURE
    multiplier: float = 1.0
    own: Mapping[str, float] = field(default_factory=dict)

    def state(self, name: str) -> float:
        """Value of a state by its name."""
        return self.w if name == "w" else self.s

    def changed(self, **changes: Any) -> Setting:
        """The same with other fields."""
        return replace(self, **changes)

    def with_values(self, **values: float) -> Setting:
        """The same with other parameters."""
        return replace(self, values={**self.values, **values})

    @property
    def parameters(self) -> dict[str, float]:
        """Those that differ from the card's own."""
        return {n: v for n, v in self.values.items() if self.own.get(n) != v}

    def where(self, v: float | None = None) -> dict[str, Any]:
        """The place, for a report."""
        place: dict[str, Any] = {} if v is None else {"v": float(v)}
        place |= {"w": self.w, "s": self.s, "temperature": self.temperature}
        if self.parameters:
            place["parameters"] = self.parameters
        return place


def setting_of(card: ModelCard, **fields: float) -> Setting:
    """The card's own values, held somewhere."""
    return Setting(card.values, own=card.values, **fields)


def drawn(
    card: ModelCard, count: int, temperatures: list[float], rng: np.random.Generator
) -> list[Setting]:
    """Settings over states, temperatures and parameters.

    At each temperature the first has the card's own parameters. States: the corners first, then
    uniform. Parameters: log-scaled ones by a factor of 1/2 to 2, others by up to 20 %, within bounds.
    A card's neighbourhood is what scatter, corners and a fit reach; the bounds themselves are the
    battery's business, for each part.
    """
    corners = [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (0.5, 0.5)]
    found = []
    for k in range(count):
        w, s = corners[k] if k < len(corners) else rng.uniform(0.0, 1.0, 2)
        kelvin = temperatures[k % len(temperatures)]
        first = k < len(temperatures)
        values = card.values if first else _moved(card, rng)
        found.append(Setting(values, float(w), float(s), kelvin, own=card.values))
    return found


def _moved(card: ModelCard, rng: np.random.Generator) -> dict[str, float]:
    return {p.name: _beside(p, card.values[p.name], rng) for p in card.model.parameters}


def _beside(p: Parameter, value: float, rng: np.random.Generator) -> float:
    factor = 2.0 ** rng.uniform(-1.0, 1.0) if p.log else rng.uniform(0.8, 1.2)
    # Few digits: what a report shows is then what was run.
    return float(np.clip(float(f"{value * factor:.4g}"), p.lower, p.upper))


def voltages(span: float, count: int) -> FloatArray:
    """Bias points from -span to span [V], closer to 0; 0 is one of them where ``count`` is odd.

    Numbers of nine digits, which every simulator reads as they are.
    """
    bend = 4.0
    x = np.sinh(bend * np.linspace(-1.0, 1.0, count)) / np.sinh(bend)
    return np.array([float(f"{span * v:.9g}") for v in x])
