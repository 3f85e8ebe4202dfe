"""The noise of a pulsed conductance as what it is made of; generated here, estimated in fitting.

A ramp runs from where the one before ended to an end of its own, in a number of pulses of its own:

    G = law between these ends + walk(P) + memory(P) + white,     rounded to the quantum of the instrument

``white`` is read noise; ``memory`` a stationary part that is forgotten over ``memory`` pulses (AR(1));
``walk`` adds up over the ramp, and is tied to 0 at both ends where the ends are known.  The ends of one
direction are alike from ramp to ramp (AR(1)) about a drift; the numbers of pulses are one
autoregressive series over all ramps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
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
    intervals : mapping
        95 % interval of each, by name.
    """

    white: float = 0.0
    correlated: float = 0.0
    memory: float = 1.0
    walk: float = 0.0
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def structure(self, lags: FloatArray, tied: float = math.inf) -> FloatArray:
        """Variance of the difference of two readings ``lags`` pulses apart.

        ``tied`` is the length of a ramp whose walk is 0 at both ends (a bridge).
        """
        far = np.asarray(lags, dtype=np.float64)
        out: FloatArray = (
            2 * self.white**2
            + 2 * self.correlated**2 * -np.expm1(-far / self.memory)
            + self.walk**2 * far * (1.0 - far / tied)
        )
        return out

    def read(self, pulses: int, rng: np.random.Generator) -> FloatArray:
        """The part that a reading has and the device has not kept, (pulses,): white and memory."""
        keep = math.exp(-1.0 / self.memory)
        kicks = rng.standard_normal(pulses) * math.sqrt(1.0 - keep**2)
        memory = autoregressive(kicks, (keep,), (float(rng.standard_normal()),))
        out: FloatArray = self.white * rng.standard_normal(pulses) + self.correlated * memory
        return out

    def wander(self, pulses: int, rng: np.random.Generator, tied: float = math.inf) -> FloatArray:
        """The part that stays, (pulses,); ``tied``: 0 again after so many pulses and from there on."""
        most = pulses if math.isinf(tied) else max(pulses, math.ceil(tied))
        steps = np.cumsum(rng.standard_normal(most))
        if not math.isinf(tied):
            at = np.arange(1, most + 1)
            end = float(np.interp(tied, at, steps))
            steps = np.where(at < tied, steps - at / tied * end, 0.0)
        return self.walk * steps[:pulses]

    def draw(self, pulses: int, rng: np.random.Generator, tied: float = math.inf) -> FloatArray:
        """Deviations after pulses 1 .. ``pulses`` of one ramp, (pulses,)."""
        return self.wander(pulses, rng, tied) + self.read(pulses, rng)

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
            spans,
        )


def autoregressive(
    kicks: FloatArray, keep: Sequence[float], before: Sequence[float] | FloatArray
) -> FloatArray:
    """x_k = sum_j keep_j x_(k-j) + kick_k; ``before`` holds x_0, x_(-1), ... of as many values."""
    from scipy.signal import lfilter, lfiltic

    poles = np.concatenate([[1.0], -np.asarray(keep, dtype=np.float64)])
    out, _ = lfilter([1.0], poles, kicks, zi=lfiltic([1.0], poles, before))
    return np.asarray(out, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class CycleNoise:
    """How ramps of one direction differ as wholes.

    Parameters
    ----------
    offset : float
        Standard deviation of a ramp's end about the drift, in the signal's unit.
    autocorrelation : float
        Of the ends of successive ramps of one direction.
    drift : float
        Of the mean end, per ramp, or per e-fold of the number of ramps.
    drift_law : str
        ``linear`` or ``logarithmic``.
    ramps : int
        That were measured: the ends' mean over these is that of the law.
    jump : float
        Standard deviation of a ramp's start about the end of the one before, in the signal's unit.
    pace : float
        Relative standard deviation of the number of pulses from start to end.
    intervals : mapping
    """

    offset: float = 0.0
    autocorrelation: float = 0.0
    drift: float = 0.0
    drift_law: str = "linear"
    ramps: int = 1
    jump: float = 0.0
    pace: float = 0.0
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def trend(self, count: int) -> FloatArray:
        """Mean offset of ramps 1 .. ``count``, 0 on average over the measured ones."""
        k = np.arange(1, max(count, self.ramps) + 1, dtype=np.float64)
        x = np.log(k) if self.drift_law == "logarithmic" else k
        out: FloatArray = self.drift * (x - x[: self.ramps].mean())
        return out[:count]

    def draw(self, normals: FloatArray) -> FloatArray:
        """Ends of ramps 1 .. n, less the law's, out of n + 1 standard normal numbers."""
        count = normals.size - 1
        kicks = math.sqrt(1 - self.autocorrelation**2) * normals[:-1]
        alike = autoregressive(kicks, (self.autocorrelation,), (float(normals[-1]),))
        return self.trend(count) + self.offset * alike

    def scaled(self, factor: float) -> CycleNoise:
        """The same in another unit of the signal."""
        spans = {
            n: (a, b) if n in ("autocorrelation", "pace") else (a * factor, b * factor)
            for n, (a, b) in self.intervals.items()
        }
        return replace(
            self,
            offset=self.offset * factor,
            drift=self.drift * factor,
            jump=self.jump * factor,
            intervals=spans,
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
