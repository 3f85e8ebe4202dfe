"""A measured synapse: the law of its pulses, its window and its noise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import CardError
from compactmodels.nonlinearity import nl_of_train
from compactmodels.plasticity.pulsed_conductance import advanced, rate_of, spent
from compactmodels.pulse_noise import DRIFTS, CycleNoise, RampNoise, table_of

if TYPE_CHECKING:
    from compactmodels.card import ModelCard

FloatArray = NDArray[np.float64]

TOLD_APART: Final = 2 * 1.96
"""Standard deviations of the reading between two levels that are told apart at 95 %."""


@dataclass(frozen=True, slots=True)
class Train:
    """One direction of a synapse.

    Parameters
    ----------
    g_start, g_end : float
        Conductance before the first and after the last pulse [S].
    rho, gamma : float
        Shapes of :mod:`compactmodels.plasticity.pulsed_conductance`.
    pulses : float
        From start to end.
    noise : RampNoise
        Within a ramp [S].
    cycle : CycleNoise or None
        From ramp to ramp [S].
    dwell, reach : float
        The slow start.

    Raises
    ------
    CardError
        Ends that are equal, fewer than one pulse, a shape beyond 40, noise below 0, an autocorrelation
        beyond 1, an unknown drift law, a slow start below 0.
    """

    g_start: float
    g_end: float
    rho: float
    gamma: float
    pulses: float
    noise: RampNoise = field(default_factory=RampNoise)
    cycle: CycleNoise | None = None
    dwell: float = 0.0
    reach: float = 0.1

    def __post_init__(self) -> None:
        parts = (self.noise.white, self.noise.correlated, self.noise.walk)
        wrong = {
            "the ends are equal": self.g_start == self.g_end,
            "pulses is below 1": self.pulses < 1,
            "a shape lies beyond 40": max(abs(self.rho), abs(self.gamma)) > 40,
            "a noise is below 0": min(parts) < 0,
            "the noise's memory is not above 0": self.noise.memory <= 0,
            "dwell is below 0": self.dwell < 0,
            "reach is not above 0": self.reach <= 0,
        }
        if self.cycle is not None:
            wrong |= {
                "an offset, a jump or a pace is below 0": min(
                    self.cycle.offset, self.cycle.jump, self.cycle.pace
                )
                < 0,
                "the autocorrelation lies beyond 1": abs(self.cycle.autocorrelation) > 1,
                f"the drift_law is none of {', '.join(DRIFTS)}": self.cycle.drift_law not in DRIFTS,
            }
        for what, bad in wrong.items():
            if bad:
                raise CardError(f"synapse: {what}")

    @property
    def nl(self) -> float:
        """Non-linearity along the train (:mod:`compactmodels.nonlinearity`); above 0 saturating."""
        return nl_of_train(*self.shape)

    @property
    def shape(self) -> tuple[float, float, float, float]:
        """rho, gamma, dwell and reach."""
        return self.rho, self.gamma, self.dwell, self.reach

    def step(self, conductance: float) -> float:
        """Conductance after one more pulse, without noise."""
        return float(self.run(conductance, 1)[0])

    def run(self, conductance: float, count: int) -> FloatArray:
        """Conductance after each of ``count`` pulses, without noise."""
        span = self.g_end - self.g_start
        u = (conductance - self.g_start) / span
        if u >= 1.0:
            return np.full(count, conductance)
        outside: list[float] = []
        while u < 0.0 and len(outside) < count:  # the train began elsewhere: its rate is continued
            u = self._continued(u)
            outside.append(u)
        begun = float(spent(max(u, 0.0), *self.shape))
        p = begun + np.arange(1, count - len(outside) + 1) / self.pulses
        inside = advanced(np.minimum(p, 1.0), *self.shape)
        out: FloatArray = self.g_start + span * np.concatenate([outside, inside])
        return out

    def _continued(self, u: float) -> float:
        """One pulse from outside the window (Runge-Kutta)."""

        def rate(at: float) -> float:
            return max(float(rate_of(at, *self.shape)), 0.0) / self.pulses

        a = rate(u)
        b = rate(u + a / 2)
        c = rate(u + b / 2)
        return u + (a + 2 * b + 2 * c + rate(u + c)) / 6


@dataclass(frozen=True, slots=True)
class Synapse:
    """A synapse as measured.

    Parameters
    ----------
    ltp, ltd : Train or None
        Potentiation and depression.
    together : float
        Correlation of the ends of the two directions, ramp by ramp.
    pace : tuple of float
        Autoregression of the numbers of pulses (less the mean, over the standard deviation of their
        direction) of successive ramps, up and down alternating.
    quantum : float
        Step of the instrument [S]; 0 for none.
    note : str
        Where the siemens come from, if the measurement was in another unit.

    Raises
    ------
    CardError
        No train, one that runs the wrong way, a correlation beyond 1, a step below 0, an
        autoregression that does not decay.
    """

    ltp: Train | None = None
    ltd: Train | None = None
    together: float = 0.0
    quantum: float = 0.0
    note: str = ""
    pace: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.ltp is None and self.ltd is None:
            raise CardError("synapse: neither ltp nor ltd is given")
        if self.ltp is not None and self.ltp.g_end <= self.ltp.g_start:
            raise CardError("synapse: potentiation has to end above its start")
        if self.ltd is not None and self.ltd.g_end >= self.ltd.g_start:
            raise CardError("synapse: depression has to end below its start")
        if abs(self.together) > 1:
            raise CardError("synapse: together is a correlation, within 1")
        if self.quantum < 0:
            raise CardError("synapse: quantum is below 0")
        if np.any(np.abs(np.roots([1.0, *(-c for c in self.pace)])) >= 1.0):
            raise CardError("synapse: the autoregression 'pace' does not decay")

    @property
    def trains(self) -> dict[str, Train]:
        """Those that there are, by name."""
        both = {"ltp": self.ltp, "ltd": self.ltd}
        return {name: train for name, train in both.items() if train is not None}

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest conductance of the trains [S]."""
        ends = [g for t in self.trains.values() for g in (t.g_start, t.g_end)]
        return min(ends), max(ends)

    @property
    def levels(self) -> float:
        """Conductances in the window that one reading tells apart at 95 %; infinite without noise."""
        low, high = self.limits
        noise = max(math.hypot(t.noise.white, t.noise.correlated) for t in self.trains.values())
        return 1.0 + (high - low) / (TOLD_APART * noise) if noise > 0 else math.inf

    def document(self) -> dict[str, Any]:
        """The ``[synapse]`` of a card."""
        out: dict[str, Any] = {"together": self.together, "quantum": self.quantum}
        if self.pace:
            out["pace"] = list(self.pace)
        if self.note:
            out["note"] = self.note
        for name, train in self.trains.items():
            row: dict[str, Any] = {
                key: getattr(train, key)
                for key in ("g_start", "g_end", "rho", "gamma", "pulses", "dwell", "reach")
            }
            row["noise"] = table_of(train.noise)
            if train.cycle is not None:
                row["cycle"] = table_of(train.cycle)
            out[name] = row
        return out


def synapse_of(table: Mapping[str, Any]) -> Synapse:
    """The ``[synapse]`` of a card, validated.

    Raises
    ------
    CardError
        See :class:`Synapse` and :class:`Train`.
    """
    rows = dict(table)
    rows["pace"] = tuple(rows.get("pace", ()))
    for name in ("ltp", "ltd"):
        if rows.get(name) is not None:
            row = dict(rows[name])
            row["noise"] = RampNoise(**row.get("noise", {}))
            if row.get("cycle") is not None:
                row["cycle"] = CycleNoise(**row["cycle"])
            rows[name] = Train(**row)
    return Synapse(**rows)


def of_card(card: ModelCard) -> Synapse:
    """The card's synapse.

    Raises
    ------
    CardError
        Code ``no_synapse``: the card has none.
    """
    if card.synapse is None:
        raise CardError(
            f"card '{card.name}' has no [synapse]: fit a train of pulses with 'fit plasticity --kind ltp -o "
            "CARD'",
            code="no_synapse",
        )
    return card.synapse
