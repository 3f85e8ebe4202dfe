"""Training of devices that forget between one sample and the next, by both states of the card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from compactmodels.workflows.recognition.compiled import kernels, stream
from compactmodels.workflows.recognition.device import Device
from compactmodels.workflows.recognition.images import Images
from compactmodels.workflows.recognition.settings import Hardware, Network
from compactmodels.workflows.recognition.states import States
from compactmodels.workflows.recognition.training import (
    NOMINAL,
    Layer,
    Told,
    Trained,
    arrays_of,
    epochs,
    layer_of,
    net_of,
    passes_of,
    start_weights,
)

FloatArray = NDArray[np.float64]


def with_rests(
    states: States,
    later: States | None,
    device: Device,
    images: Images,
    network: Network,
    hardware: Hardware,
    rng: np.random.Generator,
    test: Callable[[list[FloatArray]], float] | None = None,
    told: Told = lambda *_: None,
) -> Trained:
    """Train by pulses with the rest of ``states`` at 0 V from one sample to the next; ``later`` has the wait's.

    Each device has the card's two states, and begins where the settled cycle has left one of its conductance.
    Before a sample is shown every device relaxes; the sample is read and written at once. The test set after an
    epoch is read right after the last write.
    """
    weights = start_weights(images, network, rng)
    layers = [layer_of(w, network.scale, hardware, rng) for w in weights]
    held = [np.ascontiguousarray(states.at(layer.u)) for layer in layers]
    arrays = arrays_of(layers, device, hardware)
    plain = net_of(layers, held, arrays)
    below = [array.share for array in arrays] or [NOMINAL, NOMINAL]
    net = (*plain[:5], below[0], *plain[5:], below[1])
    spec = passes_of(device, network, hardware)
    tables = (states.w, states.s, states.x, states.up, states.down, states.rest)
    maps = (*tables, *states.directories(), states.idle_up, states.idle_down)
    pulses = np.array([device.law.up.pulses, device.law.down.pulses])
    noise = stream(rng)

    def run(order: NDArray[np.int64], side: int) -> tuple[float, int, int]:
        x, y, full = images.train_x, images.train_y, float(images.full)
        epoch = kernels("state_kernels").epoch
        found = epoch(x, y, order, full, net, spec, maps, pulses, noise, side)
        return float(found[0]), int(found[1]), int(found[2])

    def x_of(k: int) -> FloatArray:
        return spread(states.read(held[k]), layers[k])

    curve, count = epochs(images, network, layers, arrays, rng, run, test, told, x_of)
    first, second = (
        _left(states, later, layer, own) for layer, own in zip(layers, held, strict=True)
    )
    return Trained((first, second), curve, count)


def spread(x: FloatArray, layer: Layer) -> FloatArray:
    """x of devices whose windows differ; what lies below a window's lower end is not spread: no conductance is below 0."""
    return np.asarray(np.where(x > 0.0, x * layer.span, x))


def _left(states: States, later: States | None, layer: Layer, held: FloatArray) -> Layer:
    """The layer as its states are, now and after the wait; stuck devices stay as they are for ever."""
    stuck = np.broadcast_to(layer.pace, layer.u.shape) == 0.0
    now = states.read(held)

    def after(seconds: float) -> FloatArray:
        if seconds <= 0.0 or later is None:
            return spread(now, layer)
        x = later.read(later.moved(held, later.rest))
        return spread(np.where(stuck, now, x), layer)

    return replace(layer, u=now, later=after)
