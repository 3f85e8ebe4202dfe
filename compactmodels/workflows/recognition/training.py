"""Training: in floating point, by pulses, or in floating point and then written and verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.workflows.recognition.compiled import kernels, stream
from compactmodels.workflows.recognition.device import Device
from compactmodels.workflows.recognition.images import CLASSES, Images
from compactmodels.workflows.recognition.lines import CELLS, EVERY, Lossy
from compactmodels.workflows.recognition.settings import (
    FULL,
    OUTPUTS,
    REACH,
    REFRESH,
    Hardware,
    Network,
)

FloatArray = NDArray[np.float64]
Told = Callable[[int, float], None]
"""Called after each epoch with its number and the loss."""

NOMINAL: Final = np.ones((1, 1, 1))
NOTHING: Final = np.zeros((1, 1))
LEAST: Final = 0.1
"""Of the nominal: no device's window or pulse is taken to be smaller."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """The pairs of one layer.

    Parameters
    ----------
    u : (2, n, m) array
        Conductances of the plus and the minus device, shares of the nominal window times ``span``.
    span, pace : (2, n, m) or (1, 1, 1) array
        Window and effect of a pulse over the nominal ones; pace 0: stuck.
    weight : (n, m) array
    scale : float
        Weight of a whole window.
    later : callable or None
        x so many seconds later, where the states of the devices are known.
    """

    u: FloatArray
    span: FloatArray
    pace: FloatArray
    weight: FloatArray
    scale: float
    later: Callable[[float], FloatArray] | None = None

    @property
    def x(self) -> FloatArray:
        """Conductances as shares of the nominal window, (2, n, m)."""
        return self.u * self.span

    def refresh(self) -> None:
        """Weights from the conductances."""
        plus, minus = self.x
        self.weight[:] = self.scale * (plus - minus)


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What training leaves.

    Parameters
    ----------
    layers : two Layer
    curve : (epochs, 2) array
        Mean loss and accuracy on the test set after each epoch.
    pulses : int
        Given to all devices together.
    missed : int
        Devices that write-verify did not bring to their target.
    """

    layers: tuple[Layer, Layer]
    curve: FloatArray
    pulses: int = 0
    missed: int = 0


def start_weights(images: Images, network: Network, rng: np.random.Generator) -> list[FloatArray]:
    """Normal, of variance one over the number of inputs; biases 0.  Shapes (inputs + 1, units)."""
    out = []
    for n, m in ((images.pixels, network.hidden), (network.hidden, CLASSES)):
        w = rng.standard_normal((n + 1, m)) / np.sqrt(n)
        w[-1] = 0.0
        out.append(np.clip(w, -network.scale, network.scale))
    return out


def float_network(
    images: Images,
    network: Network,
    rng: np.random.Generator,
    test: Callable[[list[FloatArray]], float] | None = None,
    told: Told = lambda *_: None,
) -> tuple[list[FloatArray], FloatArray]:
    """The same network by plain gradient descent; weights, and loss and accuracy of each epoch."""
    weights = start_weights(images, network, rng)
    empty = np.zeros((1, 1, 1))
    net: list[Any] = []
    for w in weights:
        net += [empty, NOMINAL, NOMINAL, w, NOTHING]
    spec = (
        network.rate,
        network.batch,
        network.scale,
        0,
        0.0,
        0.0,
        0.0,
        0.0,
        (REACH, OUTPUTS),
        0,
        1.0,
    )
    law = (np.zeros(2),) * 4 + (np.ones(2),)
    curve = []
    noise = stream(rng)
    for k in range(network.epochs):
        loss, _, _ = kernels().epoch(
            images.train_x,
            images.train_y,
            rng.permutation(len(images.train_y)),
            float(images.full),
            tuple(net),
            spec,
            law,
            noise,
            0,
        )
        curve.append((loss, test(weights) if test else np.nan))
        told(k + 1, loss)
    return weights, np.array(curve)


def tables_of(device: Device) -> tuple[FloatArray, ...]:
    """The law as the kernels take it."""
    up, down = device.law.up, device.law.down
    return up.spent, up.state, down.spent, down.state, np.array([up.pulses, down.pulses])


def layer_of(
    weight: FloatArray, scale: float, hardware: Hardware, rng: np.random.Generator
) -> Layer:
    """Pairs in the middle of their window, half of the weight on each side; one-way pairs at the lower end."""
    share = weight / scale
    if hardware.update == "one-way":
        u = np.maximum(np.stack([share, -share]), 0.0)
    else:
        u = np.stack([0.5 + 0.5 * share, 0.5 - 0.5 * share])
    span, pace = NOMINAL, NOMINAL
    if hardware.device_spread > 0.0 or hardware.stuck > 0.0:
        span, pace = (
            np.maximum(1.0 + hardware.device_spread * rng.standard_normal(u.shape), LEAST)
            for _ in range(2)
        )
        stuck = rng.random(u.shape) < hardware.stuck
        u = np.where(stuck, rng.random(u.shape) < 0.5, u)
        pace = np.where(stuck, 0.0, pace)
    layer = Layer(np.ascontiguousarray(u), span, pace, weight.copy(), scale)
    layer.refresh()
    return layer


def by_pulses(
    device: Device,
    images: Images,
    network: Network,
    hardware: Hardware,
    rng: np.random.Generator,
    test: Callable[[list[FloatArray]], float] | None = None,
    told: Told = lambda *_: None,
) -> Trained:
    """Train the devices themselves, by pulses along the gradient's outer products.

    The samples' updates go to the plus and the minus devices in turn, up or down; or only up, to the one
    that the sign asks for.
    """
    weights = start_weights(images, network, rng)
    layers = [layer_of(w, network.scale, hardware, rng) for w in weights]
    arrays = arrays_of(layers, device, hardware)
    net = net_of(layers, [layer.u for layer in layers], arrays)
    turns = REFRESH if hardware.update == "one-way" else 0
    spec = (*passes_of(device, network, hardware), turns, FULL)
    noise, law = stream(rng), tables_of(device)

    def run(order: NDArray[np.int64], side: int) -> tuple[float, int, int]:
        x, y, full = images.train_x, images.train_y, float(images.full)
        found = kernels().epoch(x, y, order, full, net, spec, law, noise, side)
        return float(found[0]), int(found[1]), int(found[2])

    curve, pulses = epochs(images, network, layers, arrays, rng, run, test, told)
    return Trained((layers[0], layers[1]), curve, pulses)


def passes_of(device: Device, network: Network, hardware: Hardware) -> tuple[Any, ...]:
    """What the kernels need to know of passes and updates."""
    read, kick = noises(device, hardware)
    return (
        network.rate,
        network.batch,
        network.scale,
        network.most,
        np.sqrt(2.0) * read * network.scale,  # of the two devices of a pair
        kick,
        hardware.dac,
        hardware.adc,
        (REACH, OUTPUTS),
    )


def arrays_of(layers: list[Layer], device: Device, hardware: Hardware) -> list[Lossy]:
    """What lines leave of the layers, where these are trained through them; else none."""
    if not hardware.train_through_lines:
        return []
    return [
        Lossy(
            np.empty(layer.u.shape),
            np.empty(layer.u.shape),
            np.empty(layer.weight.shape),
            device.law.low,
            device.window,
            hardware.line_resistance,
            hardware.array,
        )
        for layer in layers
    ]


def net_of(layers: list[Layer], held: list[FloatArray], arrays: list[Lossy]) -> tuple[Any, ...]:
    """Both layers as the kernels take them: what the devices are held in, and what arrives of them."""
    net: list[FloatArray] = []
    for k, (layer, own) in enumerate(zip(layers, held, strict=True)):
        span, off = (arrays[k].span, arrays[k].off) if arrays else (layer.span, NOTHING)
        net += [own, span, layer.pace, layer.weight, off]
    return tuple(net)


def epochs(
    images: Images,
    network: Network,
    layers: list[Layer],
    arrays: list[Lossy],
    rng: np.random.Generator,
    run: Callable[[NDArray[np.int64], int], tuple[float, int, int]],
    test: Callable[[list[FloatArray]], float] | None,
    told: Told,
    x_of: Callable[[int], FloatArray] | None = None,
) -> tuple[FloatArray, int]:
    """All epochs: the curve (epochs, 2) of loss and accuracy, and the pulses given.

    ``run`` shows the samples of an order; ``arrays`` are solved every so many of them; ``x_of`` gives a layer's
    conductances as shares of the window.
    """

    def solve() -> None:
        for k, (layer, array) in enumerate(zip(layers, arrays)):
            x = layer.x if x_of is None else x_of(k)
            layer.weight[:] = layer.scale * array.solve(x, layer.span)

    count = len(images.train_y)
    every = samples_between(layers, network.batch) if arrays else count
    curve, pulses, side = [], 0, 0
    for k in range(network.epochs):
        order, total = rng.permutation(count), 0.0
        for start in range(0, count, every):
            solve()
            part = order[start : start + every]
            loss, given, side = run(part, side)
            total, pulses = total + loss * part.size, pulses + given
        solve()
        curve.append((total / count, test([layer.weight for layer in layers]) if test else np.nan))
        told(k + 1, total / count)
    return np.array(curve), pulses


def samples_between(layers: list[Layer], batch: int) -> int:
    """Samples between two solutions of the arrays: whole updates, and the more the larger the arrays are."""
    wanted = max(EVERY, max(layer.u.size for layer in layers) // CELLS)
    return -(-wanted // batch) * batch


def noises(device: Device, hardware: Hardware) -> tuple[float, float]:
    """Read noise and spread of a pulse, of the window: as given, or the card's."""
    read = device.read_noise if hardware.read_noise is None else hardware.read_noise
    kick = device.cycle_spread if hardware.cycle_spread is None else hardware.cycle_spread
    return float(read), float(kick)


def programmed(
    device: Device, weights: list[FloatArray], hardware: Hardware, rng: np.random.Generator
) -> Trained:
    """Write trained weights and verify them, pulse by pulse.

    The largest weight of a layer takes a whole window; of a pair one device carries the weight and
    the other stays at the lower end.  All devices begin at the lower end (a reset).
    """
    read, kick = noises(device, hardware)
    layers, pulses, missed = [], 0, 0
    for weight in weights:
        scale = float(np.max(np.abs(weight))) or 1.0
        layer = layer_of(np.zeros_like(weight), scale, hardware, rng)
        layer.u[np.broadcast_to(layer.pace, layer.u.shape) > 0.0] = 0.0
        target = np.maximum(np.stack([weight, -weight]) / scale, 0.0)
        if hardware.levels:
            target = np.round(target * (hardware.levels - 1)) / (hardware.levels - 1)
        given, lost = kernels("verify_kernels").verify(
            layer.u,
            layer.span,
            layer.pace,
            target,
            tables_of(device),
            kick,
            read,
            hardware.tolerance,
            hardware.verify_pulses,
            stream(rng),
        )
        layer.refresh()
        layers.append(layer)
        pulses, missed = pulses + given, missed + lost
    return Trained((layers[0], layers[1]), np.empty((0, 2)), pulses, missed)
