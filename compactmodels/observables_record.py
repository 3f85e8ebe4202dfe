"""What observables are read from, and what a reading gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.integrate import Response
from compactmodels.observables_schema import Signal
from compactmodels.protocols import Protocol

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A card under a protocol, and what it did.

    Parameters
    ----------
    card : ModelCard
    protocol : Protocol or None
        None: the states are held at ``w0`` and ``s0``.
    response : Response or None
    w0, s0 : float
        Initial states.
    temperature : float
        [K].
    reader : callable, optional
        ``reader(voltage, w, s)``: the current [A] of a read at held states, by a simulator; the card's
        own equation by default.
    """

    card: ModelCard
    protocol: Protocol | None = None
    response: Response | None = None
    w0: float = 0.0
    s0: float = 0.0
    temperature: float = ROOM_TEMPERATURE
    reader: Callable[[float, float, float], float] | None = None

    def static(self, signal: Signal, voltage: float, w: Any, s: Any) -> Any:
        """The signal of a read at ``voltage`` [V] with the states held; NaN where it has no value."""
        if self.reader is not None and np.ndim(w) == 0:
            current: Any = self.reader(voltage, float(w), float(s))
        else:
            current = self.card.model.current(
                voltage, self.card.values, w=w, s=s, temperature=self.temperature
            )
        return quantity(signal, np.asarray(voltage), np.asarray(current), w, s)


@dataclass(frozen=True, slots=True)
class Observed:
    """What an observable is in a response.

    Parameters
    ----------
    value : float
        SI; NaN where it has none (a threshold that is never reached).
    search : float
        The same as a smooth function of the parameters: a count of pulses with its fraction, a crossing
        that did not happen as a time beyond the record that grows with what is missing.
    why : str
        Why there is no value.
    """

    value: float
    search: float
    why: str = ""


def quantity(signal: Signal, v: FloatArray, i: FloatArray, w: Any, s: Any) -> FloatArray:
    """The signal of a voltage, a current and states; NaN where it has no value."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if signal.quantity == "current":
            y = i + 0.0 * v
        elif signal.quantity == "resistance":
            y = np.where((v != 0) & (i != 0), v / i, np.nan)
        elif signal.quantity == "conductance":
            y = np.where(v != 0, i / v, np.nan)
        elif signal.quantity == "power":
            y = v * i
        else:
            y = np.asarray({"voltage": v, "w": w, "s": s}[signal.quantity]) + 0.0 * i
    return np.asarray(np.abs(y) if signal.magnitude else y, dtype=float)
