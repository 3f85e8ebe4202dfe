"""What a sweep's own scatter says of its noise: a part of the reading, and a floor in amperes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LOWEST: Final = 25
"""Readings next to 0 V that tell the floor."""
LEAST_POOLED: Final = 2
"""Of them that must run against the voltage's order: fewer are chance."""
CLEARLY: Final = 3.0
"""Times what the relative scatter explains that theirs must be."""
LEAST_RELATIVE: Final = 0.01
"""Relative scatter that is always allowed for: no equation is closer to a device than this."""
_FOURTH: Final = 0.6745 * math.sqrt(70.0)
"""Median magnitude of a fourth difference of white noise of unit variance (1, -4, 6, -4, 1)."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Scatter of the readings: variance = floor^2 + (relative I)^2.

    Parameters
    ----------
    relative : float
        Of the reading.
    floor : float
        [A]; 0 where none shows.
    """

    relative: float
    floor: float

    @property
    def scale(self) -> float:
        """Current [A] at which both are equal."""
        return self.floor / max(self.relative, LEAST_RELATIVE)


SILENT: Final = Noise(0.0, 0.0)
"""Nothing is known of the noise."""


def noise_of(voltage: FloatArray, current: FloatArray) -> Noise:
    """Noise of a branch.

    Parameters
    ----------
    voltage, current : (n,) arrays
        One branch [V], [A], in the order measured.

    Notes
    -----
    The relative part comes from fourth differences of ln I in the upper half, which a smooth law
    leaves next to nothing in.  The floor comes from the readings next to 0 V that do not rise with
    the voltage, as a passive device's current must: their scatter about the closest rising curve
    (isotonic regression).  A branch of fewer than 20 points tells nothing.
    """
    order = np.argsort(voltage, kind="stable")
    v, i = voltage[order], current[order]
    if v.size < 20:
        return SILENT
    size = np.abs(i)
    upper = size >= np.median(size)
    inside = upper[:-4] & upper[1:-3] & upper[2:-2] & upper[3:-1] & upper[4:]
    with np.errstate(divide="ignore", invalid="ignore"):
        bend = np.diff(np.log(size), 4)[inside]
    bend = bend[np.isfinite(bend)]
    relative = float(np.median(np.abs(bend))) / _FOURTH if bend.size >= 5 else 0.0
    near = np.sort(np.argsort(np.abs(v), kind="stable")[:LOWEST])
    return Noise(relative, _floor(i[near], max(relative, LEAST_RELATIVE)))


def _floor(i: FloatArray, relative: float) -> float:
    """Scatter [A] of readings in the order of the voltage, beyond what ``relative`` explains."""
    from scipy.optimize import isotonic_regression

    rising = isotonic_regression(i)
    lengths = np.diff(rising.blocks)
    pooled = np.repeat(lengths > 1, lengths)
    against = int(np.count_nonzero(np.diff(i) < 0))
    spare = int(np.count_nonzero(pooled)) - int(np.count_nonzero(lengths > 1))
    if against < LEAST_POOLED or spare < 1:
        return 0.0
    rest = (i - rising.x)[pooled]
    floor = math.sqrt(float(rest @ rest) / spare)
    explained = relative * float(np.median(np.abs(i[pooled])))
    return floor if floor > CLEARLY * explained else 0.0
