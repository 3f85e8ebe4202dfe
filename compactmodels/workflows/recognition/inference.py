"""The trained network on test images: as matrices, or through arrays with line resistance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.workflows.recognition.device import Device, kept
from compactmodels.workflows.recognition.images import CLASSES, ByteArray, Images
from compactmodels.workflows.recognition.lines import through_lines
from compactmodels.workflows.recognition.settings import OUTPUTS, REACH, Hardware
from compactmodels.workflows.recognition.training import Layer, noises

FloatArray = NDArray[np.float64]

BATCH: Final = 2000
"""Images at a time: what they take stays below 20 MB."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How outputs are read.

    Parameters
    ----------
    noise : tuple of float
        Standard deviation of a weight's reading, for each layer.
    dac, adc : float
        Steps of the converters; 0: none.
    """

    noise: tuple[float, float] = (0.0, 0.0)
    dac: float = 0.0
    adc: float = 0.0


def reading_of(device: Device, hardware: Hardware, scales: tuple[float, float]) -> Reading:
    """The reading of arrays whose whole window is worth these weights."""
    read, _ = noises(device, hardware)
    a, b = (float(np.sqrt(2.0) * read * scale) for scale in scales)
    return Reading((a, b), hardware.dac, hardware.adc)


def classify(
    weights: list[FloatArray],
    images: ByteArray,
    full: int,
    reading: Reading,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """The class of each image, (n,).

    Parameters
    ----------
    weights : two (inputs + 1, units) arrays
        The last row is the bias's, whose word line is driven fully.
    images : (n, pixels) uint8
    full : int
        Pixel that drives a word line fully.
    reading : Reading
    rng : numpy.random.Generator
        Of the read noise: independent in every device and reading, so normal at the output with the
        inputs' squares added up.
    """
    out = []
    for start in range(0, len(images), BATCH):
        x = _converted(images[start : start + BATCH] / float(full), reading.dac)
        z = _through(weights[0], x, reading.noise[0], reading.adc, REACH, rng)
        h = _converted(1.0 / (1.0 + np.exp(-np.clip(z, -40.0, 40.0))), reading.dac)
        z = _through(weights[1], h, reading.noise[1], reading.adc, OUTPUTS, rng)
        out.append(np.argmax(z, axis=1))
    return np.concatenate(out)


def _through(
    w: FloatArray, x: FloatArray, noise: float, adc: float, reach: float, rng: np.random.Generator
) -> FloatArray:
    z = x @ w[:-1] + w[-1]
    if noise > 0.0:
        power = np.sqrt(np.sum(x * x, axis=1, keepdims=True) + 1.0)
        z = z + noise * power * rng.standard_normal(z.shape)
    if adc > 0.0:
        share = (np.clip(z, -reach, reach) + reach) / (2 * reach)
        z = np.floor(share * adc + 0.5) / adc * 2 * reach - reach
    return np.asarray(z)


def _converted(x: FloatArray, steps: float) -> FloatArray:
    return np.asarray(np.floor(x * steps + 0.5) / steps) if steps > 0.0 else x


def conductances(device: Device, layer: Layer, seconds: float = 0.0) -> FloatArray:
    """Of every device [S], (2, n, m), as read so many seconds after the last write."""
    if layer.later is not None:
        x = layer.later(seconds)
    else:  # stuck devices do not forget
        x = np.where(layer.pace == 0.0, layer.x, kept(device, layer.x, seconds))
    return device.law.low + device.window * x


def weights_of(device: Device, layer: Layer, hardware: Hardware) -> FloatArray:
    """What the pairs stand for in the test: forgotten for a while, and through their lines, (n, m)."""
    g = conductances(device, layer, hardware.wait)
    if hardware.line_resistance > 0.0:
        g = through_lines(g, hardware.line_resistance, hardware.array)
    return np.asarray(layer.scale * (g[0] - g[1]) / device.window)


def confusion(truth: NDArray[Any], said: NDArray[Any]) -> NDArray[np.int64]:
    """Counts, (classes, classes): rows are what was shown, columns what was said."""
    counts = np.zeros((CLASSES, CLASSES), dtype=np.int64)
    np.add.at(counts, (np.asarray(truth, dtype=np.int64), np.asarray(said, dtype=np.int64)), 1)
    return counts


def accuracy_of(
    weights: list[FloatArray], images: Images, reading: Reading, rng: np.random.Generator
) -> float:
    """Share of the test images that are recognised."""
    said = classify(weights, images.test_x, images.full, reading, rng)
    return float(np.mean(said == images.test_y))
