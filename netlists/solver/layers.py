"""Stacked layers as one array: lines of several planes side by side, joined where they are one.

Layers that share planes alternate word, bit, word, ... plane.  Word line i of plane k becomes line
``i K + k`` of one array, and bit line j of plane q line ``j Q + q``, with K word and Q bit planes: at
each place, segments of 0 ohm join the crossings of a line with the lines of all planes, and the cells
between planes that are no neighbours are open.  So a stack needs no solver of its own; it costs K Q
cells at each place instead of one for each layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlists.solver.cells import ArrayCells

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Planes:
    """How many lines there are, and where layers lie between them.

    Parameters
    ----------
    rows, cols : int
        Word and bit lines of a plane.
    word, bit : int
        Planes of either.
    layers : tuple of (int, int)
        Word plane and bit plane of each layer, counted among their kind.
    """

    rows: int
    cols: int
    word: int
    bit: int
    layers: tuple[tuple[int, int], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Of the one array."""
        return self.rows * self.word, self.cols * self.bit

    def of(self, layer: int) -> tuple[slice, slice]:
        """Its cells in the one array."""
        k, q = self.layers[layer]
        return slice(k, None, self.word), slice(q, None, self.bit)

    def split(self, values: FloatArray, kind: str) -> FloatArray:
        """By plane, (planes, ..., lines), from what belongs to all word or bit lines (..., lines)."""
        count = self.word if kind == "word" else self.bit
        return np.stack([values[..., k::count] for k in range(count)])

    def joined(self, planes: list[FloatArray]) -> FloatArray:
        """Values of all lines (..., lines) from those of each plane."""
        found: FloatArray = np.stack(planes, axis=-1)
        return found.reshape(*found.shape[:-2], -1)

    def by_layer(self, values: FloatArray) -> FloatArray:
        """(layers, ..., rows, cols) from (..., m, n)."""
        return np.stack([values[..., *self.of(k)] for k in range(len(self.layers))])

    def spread(self, layers: list[Any]) -> FloatArray:
        """(m, n) from (rows, cols) of each layer; 0 elsewhere."""
        found = np.zeros(self.shape)
        for k, values in enumerate(layers):
            found[self.of(k)] = values
        return found

    def segments(self, ohm: list[FloatArray], kind: str) -> FloatArray:
        """Resistances of all segments, from (rows, cols + 1) or (rows + 1, cols) of each plane."""
        m, n = self.shape
        if kind == "word":
            found = np.zeros((m, n + 1))
            for k, values in enumerate(ohm):
                found[k :: self.word, :: self.bit] = values
            return found
        found = np.zeros((m + 1, n))
        for q, values in enumerate(ohm):
            found[:: self.word, q :: self.bit] = values
        return found

    def bridges(self, masks: list[BoolArray], kind: str) -> BoolArray:
        """Where lines are bridged to the next of their plane, from the masks of each plane."""
        m, n = self.shape
        word = kind == "word"
        found = np.zeros((m - self.word, n) if word else (m, n - self.bit), dtype=bool)
        for k, mask in enumerate(masks):
            if word:
                found[k :: self.word, :: self.bit] = mask
            else:
                found[:: self.word, k :: self.bit] = mask
        return found


@dataclass(frozen=True, slots=True, eq=False)
class LayeredCells:
    """Cells of several layers as those of one array (:class:`netlists.solver.cells.ArrayCells`).

    Parameters
    ----------
    planes : Planes
    layers : list of ArrayCells
        Each of (rows, cols).
    """

    planes: Planes
    layers: list[ArrayCells]

    @property
    def shape(self) -> tuple[int, int]:
        """Of the array."""
        return self.planes.shape

    @property
    def moving(self) -> bool:
        """Whether any state can move."""
        return any(x.moving for x in self.layers)

    @property
    def inner(self) -> bool:
        """Whether there is capacitance at nodes within the cells."""
        return any(x.inner for x in self.layers)

    @property
    def conducting(self) -> FloatArray:
        """Above 0 where a current can flow."""
        return self._gather(lambda x: x.conducting)

    @property
    def capacitance(self) -> FloatArray:
        """Across the cells [F]."""
        return self._gather(lambda x: x.capacitance)

    @property
    def states(self) -> FloatArray:
        """A copy."""
        return self._gather_all([x.states for x in self.layers])

    def put(self, states: FloatArray) -> None:
        """Hold these from now on."""
        for x, place in self._each():
            x.put(states[..., *place])

    def searches(self) -> list[FloatArray]:
        """From where searches within the cells begin."""
        return [y for x in self.layers for y in x.searches()]

    def drops(self, v: FloatArray) -> FloatArray:
        """What lies across devices and selectors [V]."""
        return self._gather_all([x.drops(v[place]) for x, place in self._each()])

    def charge(self, a: float, past: FloatArray) -> None:
        """Let inner capacitances carry ``c (a v + past)``."""
        for x, place in self._each():
            x.charge(a, past[..., *place])

    def evaluate(self, v: FloatArray, current: FloatArray, slope: FloatArray, workers: int) -> bool:
        """Currents and slopes at the cell voltages v (m, n); whether all are finite."""
        current.fill(0.0)
        slope.fill(0.0)
        good = True
        for x, place in self._each():
            own, g = np.empty(x.shape), np.empty(x.shape)
            good &= x.evaluate(np.ascontiguousarray(v[place]), own, g, workers)
            current[place], slope[place] = own, g
        return good

    def still(self, frozen: BoolArray) -> BoolArray:
        """States that do not move."""
        found = [x.still(frozen[place]) for x, place in self._each()]
        count = max(len(y) for y in found)
        every = np.ones((count, *self.shape), dtype=bool)
        for y, (_, place) in zip(found, self._each(), strict=True):
            every[: len(y), *place] = y
        return every

    def move(
        self,
        ramp: tuple[FloatArray, FloatArray],
        h: float,
        states: FloatArray,
        search: tuple[FloatArray, FloatArray],
        rtol: float,
        workers: int,
    ) -> FloatArray:
        """The states after h seconds of a ramp."""
        new = states.copy()
        for x, place in self._each():
            here, q = (slice(None), *place), len(x.states)
            counts = (q // 2, q // 2, q, q // 2, q // 2)
            a, b, own, *kept = (
                np.ascontiguousarray(y[here][:count])
                for y, count in zip((*ramp, states, *search), counts, strict=True)
            )
            new[:q, *place] = x.move((a, b), h, own, (kept[0], kept[1]), rtol, workers)
            for y, k in zip(search, kept, strict=True):
                y[: q // 2, *place] = k
        return new

    def rates(self, drops: FloatArray, workers: int) -> FloatArray:
        """Of the states [1/s]."""
        return self._gather_all([x.rates(drops[..., *place], workers) for x, place in self._each()])

    def _each(self) -> Iterator[tuple[ArrayCells, tuple[slice, slice]]]:
        return ((x, self.planes.of(k)) for k, x in enumerate(self.layers))

    def _gather(self, what: Callable[[ArrayCells], FloatArray]) -> FloatArray:
        found = np.zeros(self.shape)
        for x, place in self._each():
            found[place] = what(x)
        return found

    def _gather_all(self, parts: list[FloatArray]) -> FloatArray:
        found = np.zeros((max(len(y) for y in parts), *self.shape))
        for y, (_, place) in zip(parts, self._each(), strict=True):
            found[: len(y), *place] = y
        return found


def lines_of(
    planes: Planes, word: list[dict[str, Any]], bit: list[dict[str, Any]]
) -> dict[str, Any]:
    """How the one array's lines are connected, from what is said about each plane.

    Parameters
    ----------
    word, bit : list of dict
        By plane: ``r`` segments, ``c``, ``end``, ``volts`` (lines,), ``drive``, ``bridged``.

    Returns
    -------
    dict
        ``voltages``, ``bit_voltages``, ``c_word``, ``c_bit`` and the connections.
    """
    found: dict[str, Any] = {"bridge_steps": (planes.word, planes.bit)}
    names = {"word": ("voltages", "r_source"), "bit": ("bit_voltages", "r_sense")}
    for kind, said, others in (("word", word, planes.bit), ("bit", bit, planes.word)):
        volts, end = names[kind]
        found[volts] = planes.joined([x["volts"] for x in said])
        found[end] = planes.joined([x["end"] for x in said])
        # at each place a line has as many nodes as there are planes of the other kind
        found[f"c_{kind}"] = planes.joined([x["c"] for x in said]) / others
        found[f"r_{kind}"] = planes.segments([x["r"] for x in said], kind)
        lines = zip(*(x["drive"] for x in said), strict=True)
        found[f"{kind}_drive"] = [drive for line in lines for drive in line]
        found[f"bridged_{kind}"] = planes.bridges([x["bridged"] for x in said], kind)
    return found
