"""What is applied to an array's lines over time: reads, writes, and writes over and over.

A stimulus is data: piecewise-linear voltages of all lines on one list of times, and how often they are
repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from compactmodels.errors import ProtocolError
from netlists.arrays.checks import FloatArray, whole
from netlists.arrays.description import Crossbar
from netlists.arrays.schemes import Bias
from netlists.arrays.stack import Stack

EDGE: Final = 1 / 50
"""Of a pulse's width: its rise and fall, unless they are given."""
LONGEST: Final = 1e6
"""Duration of a cycle over its shortest piece: ngspice merges corners much closer than its steps."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stimulus:
    """Voltages of all lines over time.

    Parameters
    ----------
    time : array_like, shape (k,)
        Corners [s], increasing from 0.
    word : array_like, shape (k, rows), in a stack (k, word planes, rows)
    bit : array_like, shape (k, cols), in a stack (k, bit planes, cols)
        Voltages of the sources and outputs [V].
    gate : array_like, shape (k, gate lines), optional
        Of the gate lines [V]; the transistor's constant voltages unless given.
    cycles : int
        How often it is repeated; then it ends at the voltages that it begins with.
    label : str

    Raises
    ------
    ProtocolError
        Shapes that disagree, times that do not increase, a piece too short beside the whole.
    """

    time: FloatArray
    word: FloatArray
    bit: FloatArray
    gate: FloatArray | None = None
    cycles: int = 1
    label: str = "stimulus"

    def __post_init__(self) -> None:
        time = _numbers(self.time, "time")
        if time.ndim != 1 or len(time) < 2 or time[0] != 0.0 or (np.diff(time) <= 0).any():
            raise ProtocolError(f"{self.label}: times must increase from 0, two of them at least")
        if time[-1] > LONGEST * np.diff(time).min():
            raise ProtocolError(
                f"{self.label}: a piece of {np.diff(time).min():.3g} s in {time[-1]:.3g} s is too short "
                f"(1/{LONGEST:g} at least): lengthen it, or run the pulse and the rest after each other"
            )
        object.__setattr__(self, "time", time)
        for name in ("word", "bit", "gate"):
            if (value := getattr(self, name)) is None:
                continue
            volts = _numbers(value, name)
            if volts.ndim not in (2, 3) or len(volts) != len(time):
                raise ProtocolError(
                    f"{self.label}: {name} has the shape {volts.shape}: ({len(time)}, lines) is expected"
                )
            if self.cycles > 1 and (volts[0] != volts[-1]).any():
                raise ProtocolError(
                    f"{self.label}: what is repeated ends at the voltages that it begins with"
                )
            object.__setattr__(self, name, volts)
        if whole(self.cycles, "cycles") < 1:
            raise ProtocolError(f"{self.label}: {self.cycles} cycles: 1 or more is expected")

    @property
    def duration(self) -> float:
        """Of one cycle [s]."""
        return float(self.time[-1])

    def repeated(self, cycles: int) -> Stimulus:
        """The same, ``cycles`` times."""
        return replace(self, cycles=cycles)


def _numbers(value: FloatArray, name: str) -> FloatArray:
    found = np.array(value, dtype=np.float64)
    if not np.isfinite(found).all():
        raise ProtocolError(f"stimulus: {name} holds a number that is not finite")
    found.flags.writeable = False
    return found


def pulse(
    word: FloatArray,
    bit: FloatArray,
    width: float,
    *,
    edge: float | None = None,
    rest: float | None = None,
    cycles: int = 1,
    label: str = "pulse",
) -> Stimulus:
    """All lines from 0 V to their voltages together, and back.

    Parameters
    ----------
    word, bit : numpy.ndarray
        Voltages at the top [V], as a :class:`Stimulus` shapes them but for the times.
    width : float
        Of the flat top [s].
    edge, rest : float, optional
        Rise and fall (a fiftieth of the width) and the time at 0 V after it (the width) [s].
    cycles : int
    label : str
    """
    edge = EDGE * width if edge is None else edge
    rest = width if rest is None else rest
    for name, value in (("width", width), ("edge", edge), ("rest", rest)):
        if not (np.isfinite(value) and value > 0):
            raise ProtocolError(f"{label}: {name} is {value:g} s: above 0 is expected")
    time = np.cumsum([0.0, edge, width, edge, rest])
    shape = np.array([0.0, 1.0, 1.0, 0.0, 0.0])
    sides = [np.multiply.outer(shape, np.asarray(side, dtype=np.float64)) for side in (word, bit)]
    return Stimulus(time=time, word=sides[0], bit=sides[1], cycles=cycles, label=label)


def read_pulse(
    array: Crossbar | Stack,
    width: float,
    *,
    edge: float | None = None,
    rest: float | None = None,
    cycles: int = 1,
) -> Stimulus:
    """The array's own voltages as a pulse."""
    if isinstance(array, Crossbar):
        word, bit = array.voltages, np.asarray(array.bit_voltages)
    else:
        layers, planes = array.layers, array.planes
        word = np.array([layers[k].voltages for kind, k in planes if kind == "word"])
        bit = np.array([layers[k].bit_voltages for kind, k in planes if kind == "bit"])
    return pulse(word, bit, width, edge=edge, rest=rest, cycles=cycles, label="read")


def write_pulse(
    bias: Bias,
    width: float,
    *,
    edge: float | None = None,
    rest: float | None = None,
    cycles: int = 1,
) -> Stimulus:
    """The voltages of a write scheme as a pulse; many cycles of it are a half-select disturb."""
    label = f"write, {bias.scheme.upper()}"
    return pulse(bias.word, bias.bit, width, edge=edge, rest=rest, cycles=cycles, label=label)
