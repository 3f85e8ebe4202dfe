"""The bench on which a card is measured: a protocol in, a record out, in ngspice or compiled.

A protocol sets sources, initial state, compliance and temperature, and nothing of the device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels import fast
from compactmodels.card import ModelCard, load_card
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.integrate import Response
from compactmodels.protocols import Protocol

if TYPE_CHECKING:
    from compactmodels.workflows.recognition.images import Images

FloatArray = NDArray[np.float64]

ENGINES: Final = ("ngspice", "compiled")
SOLVER: Final = {"ngspice": 1e-4, "compiled": 1e-8}
"""Relative tolerance of each engine."""


@dataclass(slots=True)
class Lab:
    """A bench.

    Parameters
    ----------
    engine : str
        ``ngspice`` or ``compiled`` (the compiled integrator).
    seed : int
        Of the noise that is put on traces before they are fitted.
    timeout : float
        Seconds of one ngspice run.
    told : callable
        Called with what is being run, for a progress bar.
    training : bool
        Whether the rows that train networks are run: they take minutes.
    images : mapping
        What those are trained on, by ``8x8`` and ``MNIST``.
    runs : list of tuple
        Label, time points and pulses of every run.
    """

    engine: str = "ngspice"
    seed: int = 0
    timeout: float = 600.0
    told: Callable[[str], None] = lambda _: None
    training: bool = False
    images: Mapping[str, Images] = field(default_factory=dict)
    runs: list[tuple[str, int, int]] = field(default_factory=list)
    _cards: dict[tuple[str, float], ModelCard] = field(default_factory=dict)

    @property
    def tolerance(self) -> float:
        """Relative tolerance of the engine."""
        return SOLVER[self.engine]

    def card(self, name: str, scale: float = 1.0) -> ModelCard:
        """A library card; ``scale`` is the area relative to the card's own."""
        if (name, scale) not in self._cards:
            card = load_card(name)
            if scale != 1.0:
                own = card.entries["scale"]
                entry = replace(own, value=own.value * scale)
                card = replace(card, entries={**card.entries, "scale": entry})
            self._cards[name, scale] = card
        return self._cards[name, scale]

    def run(
        self,
        card: ModelCard,
        protocol: Protocol,
        *,
        w0: float = 0.0,
        s0: float = 0.0,
        temperature: float = ROOM_TEMPERATURE,
        points: int = 60,
    ) -> Response:
        """A card under a protocol; ``points`` in each straight piece (compiled engine only)."""
        self.told(f"{card.name}: {protocol.label}")
        # states at which another run ended lie beyond [0, 1] by the simulator's tolerance
        w0, s0 = (min(max(x, 0.0), 1.0) for x in (w0, s0))
        if self.engine == "ngspice":
            from netlists import simulate

            found = simulate(
                card, protocol, w0=w0, s0=s0, temperature=temperature, timeout=self.timeout
            )
        else:
            found = fast.respond(
                card, protocol, w0=w0, s0=s0, temperature=temperature, tolerance=1e-8, points=points
            )
        self.runs.append((protocol.label, found.time.size, len(protocol.pulses)))
        return found

    def held(
        self,
        card: ModelCard,
        voltage: ArrayLike,
        *,
        w: float = 0.0,
        s: float = 0.0,
        temperature: float = ROOM_TEMPERATURE,
    ) -> FloatArray:
        """Current [A] at voltages [V] with the states held: reads, and I-V curves for extraction."""
        v = np.atleast_1d(np.asarray(voltage, dtype=np.float64))
        w, s = (min(max(x, 0.0), 1.0) for x in (w, s))
        if self.engine != "ngspice":
            return np.asarray(card.model.current(v, card.values, w=w, s=s, temperature=temperature))
        volts = np.repeat(v, 2) if v.size == 1 else v
        points = Protocol("points", np.arange(float(volts.size)), volts, label="Read")
        return self.run(card, points, w0=w, s0=s, temperature=temperature).current[: v.size]

    def noisy(self, current: FloatArray, share: float = 0.03) -> FloatArray:
        """The same with noise of that share of each value, as a measured trace would have."""
        rng = np.random.default_rng(self.seed)
        return np.asarray(current * (1.0 + share * rng.standard_normal(current.size)))


def states_at(found: Response, times: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """w and s at times [s]."""
    at = np.asarray(times, dtype=np.float64)
    return np.interp(at, found.time, found.w), np.interp(at, found.time, found.s)


def read_at(
    card: ModelCard,
    found: Response,
    times: ArrayLike,
    voltage: float,
    temperature: float = ROOM_TEMPERATURE,
) -> FloatArray:
    """Current [A] that a short read at ``voltage`` would show at times [s], undisturbed: the card's equation
    at the record's states.
    """
    w, s = states_at(found, times)
    return np.asarray(card.model.current(voltage, card.values, w=w, s=s, temperature=temperature))


def top_of(protocol: Protocol, number: int, share: float = 0.95) -> float:
    """Time [s] at that share of the flat top of pulse ``number`` (from 1, or from -1 at the end)."""
    pulse = protocol.pulses[number - 1 if number > 0 else number]
    k = int(np.argmin(np.abs(protocol.time - pulse.stop)))
    start, stop = protocol.time[k - 2], protocol.time[k - 1]
    return float(start + share * (stop - start))


def current_at(found: Response, times: ArrayLike) -> FloatArray:
    """Recorded current [A] at times [s]."""
    return np.interp(np.asarray(times, dtype=np.float64), found.time, found.current)


Measure = Callable[[Lab], Any]
"""Measures one target on a bench."""
