"""What a network needs to know of a device: the law of its pulses, its noise, what it forgets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.errors import InputError
from compactmodels.synapse import Synapse, Train
from compactmodels.workflows.recognition.law import Law, law_of
from compactmodels.workflows.recognition.states import States, rested, states_of
from compactmodels.workflows.recognition.trains import (
    Cycle,
    cycle_of,
    kept_after,
    protocol_of,
    synapse_from,
)

FloatArray = NDArray[np.float64]
Forgetting = Callable[[float], tuple[FloatArray, FloatArray]]
"""Conductances as written and as read so many seconds later [S]."""

POOR: Final = 0.02
"""Of the window: a law that is further off the card's own cycle is remarked on."""


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """The states of a card."""

    card: ModelCard
    cycle: Cycle

    def over(self, law: Law, interval: float) -> States:
        """Their tables, with rests of that many seconds."""
        return states_of(self.card, self.cycle, law, interval)

    def after(self, states: States, seconds: float) -> States | None:
        """The same tables with the rest up to that long after the last pulse; None: they are read before that."""
        left = seconds - protocol_of(self.card)[1]
        return rested(self.card, states, left) if left > 0.0 else None


@dataclass(frozen=True, slots=True, eq=False)
class Device:
    """A device of the array.

    Parameters
    ----------
    name : str
    synapse : Synapse
    law : Law
        Its tables.
    facts : mapping
        Where the synapse comes from.
    forgetting : callable or None
        None where nothing is known.
    memory : Memory or None
        What training with rests between the samples needs; None where nothing is known.
    remarks : tuple of (code, message)
    """

    name: str
    synapse: Synapse
    law: Law
    facts: Mapping[str, Any] = field(default_factory=dict)
    forgetting: Forgetting | None = None
    memory: Memory | None = None
    remarks: tuple[tuple[str, str], ...] = ()

    @property
    def window(self) -> float:
        """[S]"""
        return self.law.high - self.law.low

    @property
    def read_noise(self) -> float:
        """Standard deviation of a reading, of the window: white noise and noise with a memory."""
        noise = max(
            math.hypot(t.noise.white, t.noise.correlated) for t in self.synapse.trains.values()
        )
        return noise / self.window

    @property
    def cycle_spread(self) -> float:
        """Standard deviation that a pulse adds and that stays, of the window."""
        return max(t.noise.walk for t in self.synapse.trains.values()) / self.window

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            "g_min": self.law.low,
            "g_max": self.law.high,
            "pulses_up": self.law.up.pulses,
            "pulses_down": self.law.down.pulses,
            "nl_up": _nl(self.synapse.ltp),
            "nl_down": _nl(self.synapse.ltd),
            "read_noise": self.read_noise,
            "cycle_spread": self.cycle_spread,
            "table_error": self.law.error,
            **self.facts,
        }


def _nl(train: Train | None) -> float | None:
    """NL of a direction; None where it has none."""
    try:
        return None if train is None else train.nl
    except ValueError:  # a shape whose curve ends in a corner
        return None


def of_card(card: ModelCard) -> Device:
    """The card's measured synapse, or one out of its own dynamics.

    Raises
    ------
    InputError
        Codes ``no_plasticity``, ``one_direction``, ``no_window``.
    """
    if card.synapse is not None:
        return of_synapse(card.synapse, card.name, {"source": "[synapse] of the card"})
    cycle = cycle_of(card)
    synapse, facts = synapse_from(card, cycle)
    remarks = []
    if facts["law_off_of_window"] > POOR:
        remarks.append(
            (
                "law_off",
                f"the card's own cycle is up to {facts['law_off_of_window']:.1%} of the window off the law: its "
                "pulses depend on more than the conductance (volatile states)",
            )
        )
    facts = {"source": "the card's own dynamics", **facts}
    return Device(
        card.name,
        synapse,
        law_of(synapse),
        facts,
        partial(kept_after, card, cycle),
        Memory(card, cycle),
        tuple(remarks),
    )


def of_synapse(
    synapse: Synapse, name: str = "synapse", facts: Mapping[str, Any] | None = None
) -> Device:
    """A device of a synapse alone, as for studies of what breaks it.

    Raises
    ------
    InputError
        Codes ``one_direction``, ``no_window``.
    """
    return Device(name, synapse, law_of(synapse), facts or {})


def with_levels(device: Device, levels: int) -> Device:
    """The same law in so many pulses from end to end of each direction's train."""
    count = float(max(levels - 1, 1))
    up, down = device.synapse.ltp, device.synapse.ltd
    assert up is not None and down is not None  # the device has a law
    synapse = replace(
        device.synapse, ltp=replace(up, pulses=count), ltd=replace(down, pulses=count)
    )
    return replace(device, synapse=synapse, law=law_of(synapse))


def ideal(levels: int, g_min: float = 1e-6, g_max: float = 1e-5) -> Device:
    """A linear, symmetric, noiseless device, for comparison."""
    pulses = float(levels - 1)
    synapse = Synapse(Train(g_min, g_max, 0.0, 0.0, pulses), Train(g_max, g_min, 0.0, 0.0, pulses))
    return of_synapse(synapse, f"linear, {levels} levels")


def memory_of(device: Device) -> Memory:
    """What is known of how the device forgets.

    Raises
    ------
    InputError
        Code ``no_relaxation``.
    """
    if device.memory is None:
        raise InputError(
            f"nothing is known of how '{device.name}' forgets: its pulses were measured and not its retention; "
            "leave --interval out",
            code="no_relaxation",
        )
    return device.memory


def kept(device: Device, u: FloatArray, seconds: float) -> FloatArray:
    """Conductances (shares of the window, any shape) as read ``seconds`` after they were written.

    By straight lines between the states of the card's own cycle, each followed through its relaxation.

    Raises
    ------
    InputError
        Code ``no_relaxation``.
    """
    if seconds <= 0.0:
        return u
    if device.forgetting is None:
        raise InputError(
            f"nothing is known of how '{device.name}' forgets: its pulses were measured and not its "
            "retention; leave --wait out",
            code="no_relaxation",
        )
    before, after = (
        (np.asarray(g) - device.law.low) / device.window for g in device.forgetting(seconds)
    )
    order = np.argsort(before)
    return _straight(u, before[order], after[order])


def _straight(u: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Linear interpolation, continued beyond both ends."""
    inside = np.interp(u, x, y)
    first = (y[1] - y[0]) / (x[1] - x[0])
    last = (y[-1] - y[-2]) / (x[-1] - x[-2])
    low, high = np.minimum(u - x[0], 0.0), np.maximum(u - x[-1], 0.0)
    return np.asarray(inside + first * low + last * high)
