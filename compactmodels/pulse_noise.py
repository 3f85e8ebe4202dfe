"""The noise of a pulsed conductance as what it is made of; generated here, estimated in fitting.

The deviation of a reading from the law, at pulse P of ramp k:

    o_k + s_k P + walk(P) + memory(P) + white,     rounded to the quantum of the instrument

``white`` is read noise; ``memory`` a stationary part that is forgotten over ``memory`` pulses (AR(1));
``walk`` adds up over the ramp; ``slope`` is a ramp whose pulses all do a little more or less;
``offset`` is what a ramp has from its start on, alike from ramp to ramp (AR(1)) about a drift.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

DRIFTS: Final = ("linear", "logarithmic")


@dataclass(frozen=True, slots=True)
class RampNoise:
    """Noise within a ramp; all in the signal's unit.

    Parameters
    ----------
    white : float
        Standard deviation of each reading by itself.
    correlated : float
        Standard deviation of the part with a memory.
    memory : float
        Pulses over which that is forgotten to 1/e.
    walk : float
        Standard deviation that each pulse adds.
    slope : float
        Standard deviation of the ramp's own gain, per pulse.
    slope_autocorrelation : float
        Of the gains of successive ramps of one direction.
    intervals : mapping
        95 % interval of each, by name.
    """

    white: float = 0.0
    correlated: float = 0.0
    memory: float = 1.0
    walk: float = 0.0
    slope: float = 0.0
    slope_autocorrelation: float = 0.0
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def structure(self, lags: FloatArray) -> FloatArray:
        """Variance of the difference of two readings ``lags`` pulses apart."""
        forgotten = -np.expm1(-np.asarray(lags, dtype=np.float64) / self.memory)
        out: FloatArray = (
            2 * self.white**2
            + 2 * self.correlated**2 * forgotten
            + self.walk**2 * lags
            + (self.slope * lags) ** 2
        )
        return out

    def covariance(self, pulses: FloatArray) -> FloatArray:
        """(n, n) covariance of the readings of one ramp, without its offset."""
        apart = np.abs(pulses[:, None] - pulses)
        out: FloatArray = (
            self.white**2 * np.eye(pulses.size)
            + self.correlated**2 * np.exp(-apart / self.memory)
            + self.walk**2 * np.minimum(pulses[:, None], pulses)
            + self.slope**2 * np.outer(pulses, pulses)
        )
        return out

    def draw(self, pulses: int, rng: np.random.Generator, gain: float | None = None) -> FloatArray:
        """Deviations after pulses 1 .. ``pulses`` of one ramp, shape (pulses,).

        ``gain`` is the ramp's own, in standard deviations; drawn where it is not given.
        """
        keep = math.exp(-1.0 / self.memory)
        kicks = rng.standard_normal(pulses) * math.sqrt(1.0 - keep**2)
        memory = _filtered(kicks, keep, float(rng.standard_normal()))
        steps = np.cumsum(rng.standard_normal(pulses))
        own = float(rng.standard_normal())
        gains = (own if gain is None else gain) * np.arange(1, pulses + 1)
        out: FloatArray = (
            self.white * rng.standard_normal(pulses)
            + self.correlated * memory
            + self.walk * steps
            + self.slope * gains
        )
        return out

    def scaled(self, factor: float) -> RampNoise:
        """The same in another unit of the signal."""
        spans = {
            n: (a, b) if n == "memory" else (a * factor, b * factor)
            for n, (a, b) in self.intervals.items()
        }
        return RampNoise(
            self.white * factor,
            self.correlated * factor,
            self.memory,
            self.walk * factor,
            self.slope * factor,
            self.slope_autocorrelation,
            spans,
        )


def _filtered(kicks: FloatArray, keep: float, start: float) -> FloatArray:
    """An AR(1) process: each value keeps that share of the one before."""
    from scipy.signal import lfilter

    out, _ = lfilter([1.0], [1.0, -keep], kicks, zi=[keep * start])
    return np.asarray(out, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class CycleNoise:
    """How ramps differ as wholes.

    Parameters
    ----------
    offset : float
        Standard deviation of a ramp's offset about the drift, in the signal's unit.
    autocorrelation : float
        Of the offsets of successive ramps of one direction.
    drift : float
        Of the mean offset, per ramp, or per e-fold of the number of ramps.
    drift_law : str
        ``linear`` or ``logarithmic``.
    ramps : int
        That were measured: the offsets' mean over these is 0.
    intervals : mapping
    """

    offset: float = 0.0
    autocorrelation: float = 0.0
    drift: float = 0.0
    drift_law: str = "linear"
    ramps: int = 1
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def trend(self, count: int) -> FloatArray:
        """Mean offset of ramps 1 .. ``count``, 0 on average over the measured ones."""
        k = np.arange(1, max(count, self.ramps) + 1, dtype=np.float64)
        x = np.log(k) if self.drift_law == "logarithmic" else k
        out: FloatArray = self.drift * (x - x[: self.ramps].mean())
        return out[:count]

    def draw(self, normals: FloatArray) -> FloatArray:
        """Offsets of ramps 1 .. n out of n + 1 standard normal numbers."""
        count = normals.size - 1
        kicks = math.sqrt(1 - self.autocorrelation**2) * normals[:-1]
        alike = _filtered(kicks, self.autocorrelation, float(normals[-1]))
        return self.trend(count) + self.offset * alike

    def scaled(self, factor: float) -> CycleNoise:
        """The same in another unit of the signal."""
        spans = {
            n: (a, b) if n == "autocorrelation" else (a * factor, b * factor)
            for n, (a, b) in self.intervals.items()
        }
        return CycleNoise(
            self.offset * factor,
            self.autocorrelation,
            self.drift * factor,
            self.drift_law,
            self.ramps,
            spans,
        )


def table_of(noise: RampNoise | CycleNoise) -> dict[str, Any]:
    """The noise as a table of a card."""
    row: dict[str, Any] = {
        f.name: getattr(noise, f.name) for f in fields(noise) if f.name != "intervals"
    }
    spans = {n: list(v) for n, v in noise.intervals.items() if all(map(math.isfinite, v))}
    return row | ({"intervals": spans} if spans else {})


def quantised(values: FloatArray, quantum: float) -> FloatArray:
    """Rounded to the instrument's step; as they are where it has none."""
    return values if quantum <= 0.0 else quantum * np.round(values / quantum)
