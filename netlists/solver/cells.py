"""The cells of an array of one card's device: their currents and slopes, and their states over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.card import ModelCard
from compactmodels.fast_array import CompiledCells, compile_cells, compile_pair
from compactmodels.parameter import TEMPERATURE
from netlists.arrays.checks import CrossbarError
from netlists.solver import checks
from netlists.solver.compiled import run

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MOST: Final = 100_000
"""Steps of a cell's states in one step of the array."""


class ArrayCells(Protocol):
    """What an array of m x n crossings asks of its cells.

    ``states`` are (q, m, n): w and s of the devices, then those of the selectors if there are any.
    ``drops`` are (q/2, m, n): the voltages across either.
    """

    @property
    def shape(self) -> tuple[int, int]:
        """Of the array."""

    @property
    def moving(self) -> bool:
        """Whether any state can move."""

    @property
    def conducting(self) -> FloatArray:
        """Above 0 where a current can flow, (m, n)."""

    @property
    def capacitance(self) -> FloatArray:
        """Across the cells, (m, n), without that of cells with a node of their own [F]."""

    @property
    def inner(self) -> bool:
        """Whether there is capacitance at nodes within the cells."""

    @property
    def states(self) -> FloatArray:
        """A copy."""

    def put(self, states: FloatArray) -> None:
        """Hold these from now on."""

    def evaluate(self, v: FloatArray, current: FloatArray, slope: FloatArray, workers: int) -> bool:
        """Currents and slopes at the cell voltages v (m, n); whether all are finite."""

    def drops(self, v: FloatArray) -> FloatArray:
        """What lies across devices and selectors of the voltages that were evaluated last [V]."""

    def charge(self, a: float, past: FloatArray) -> None:
        """Let inner capacitances carry ``c (a v + past)``, past (q/2, m, n) [V/s]."""

    def searches(self) -> list[FloatArray]:
        """From where searches within the cells begin."""

    def still(self, frozen: BoolArray) -> BoolArray:
        """States that do not move (q, m, n), where ``frozen`` (m, n) are the devices that do not."""

    def move(
        self,
        ramp: tuple[FloatArray, FloatArray],
        h: float,
        states: FloatArray,
        search: tuple[FloatArray, FloatArray],
        rtol: float,
        workers: int,
    ) -> FloatArray:
        """The states after h seconds in which the drops run from one to the other; NaN if not reached.

        ``search``, (q/2, m, n) each, holds every cell's own next step [s] and its driving voltage.
        """

    def rates(self, drops: FloatArray, workers: int) -> FloatArray:
        """Of the states [1/s], at these voltages across devices and selectors."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One card's devices in all cells.

    Parameters
    ----------
    compiled : CompiledCells
    w, s : (m, n) arrays
        States.
    c, own : arrays
        What the parameters settle (:meth:`compactmodels.fast_array.CompiledCells.sets`).
    near : (m, n, junctions) array
        Junction voltages, from where each search begins.
    cap : (m, n) array
        Capacitance across each [F].
    """

    compiled: CompiledCells
    w: FloatArray
    s: FloatArray
    c: FloatArray
    own: FloatArray
    near: FloatArray
    cap: FloatArray

    @property
    def given(self) -> tuple[FloatArray, ...]:
        """What the kernels take."""
        return self.w, self.s, self.c, self.own, self.near

    @property
    def moving(self) -> bool:
        """Whether its states can move."""
        return bool(self.compiled.model.states)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Cells of one card (:class:`ArrayCells`); make them with :func:`cells_of`.

    Parameters
    ----------
    device : Part
    linear : (m, n) array
        Conductance of cells that are a resistor instead [S]; NaN elsewhere.
    selector : Part, optional
        What lies in series with every device or resistor, at the bit line.
    pair : module, optional
        Of the two (:func:`compactmodels.fast_array.compile_pair`).
    across : (m, n) array
        Of cells with a selector: what of their voltage lies across the device.
    charged : (4, m, n) array
        Of these: conductances and past voltages that stand for capacitances in a step of time.
    """

    device: Part
    linear: FloatArray
    selector: Part | None
    pair: ModuleType | None
    across: FloatArray
    charged: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        """Of the array."""
        m, n = self.device.w.shape
        return m, n

    @property
    def parts(self) -> list[Part]:
        """The devices, and the selectors if there are any."""
        return [self.device] if self.selector is None else [self.device, self.selector]

    @property
    def moving(self) -> bool:
        """Whether any state can move."""
        return any(part.moving for part in self.parts)

    @property
    def resistors(self) -> BoolArray:
        """Where the device is a resistor."""
        found: BoolArray = ~np.isnan(self.linear)
        return found

    @property
    def conducting(self) -> FloatArray:
        """Above 0 where a current can flow."""
        return np.where(self.resistors, self.linear, 1.0)

    @property
    def capacitance(self) -> FloatArray:
        """Across cells without selector [F]."""
        return self.device.cap if self.selector is None else np.zeros(self.shape)

    @property
    def inner(self) -> bool:
        """Whether there is capacitance at the nodes between device and selector."""
        return self.selector is not None and any(part.cap.any() for part in self.parts)

    @property
    def states(self) -> FloatArray:
        """A copy."""
        return np.stack([x for part in self.parts for x in (part.w, part.s)])

    def put(self, states: FloatArray) -> None:
        """Hold these from now on."""
        for k, part in enumerate(self.parts):
            part.w[:], part.s[:] = states[2 * k], states[2 * k + 1]

    def searches(self) -> list[FloatArray]:
        """From where searches within the cells begin."""
        return [self.across, *(part.near for part in self.parts)]

    def drops(self, v: FloatArray) -> FloatArray:
        """What lies across devices and selectors of the voltages that were evaluated last [V]."""
        if self.selector is None:
            return v[np.newaxis].copy()
        return np.stack([self.across, v - self.across])

    def charge(self, a: float, past: FloatArray) -> None:
        """Let inner capacitances carry ``c (a v + past)``."""
        if not self.inner:
            return
        for k, part in enumerate(self.parts):
            self.charged[2 * k] = a * part.cap
            self.charged[2 * k + 1] = -past[k] / a if a else 0.0

    def evaluate(self, v: FloatArray, current: FloatArray, slope: FloatArray, workers: int) -> bool:
        """Currents and slopes at the cell voltages v (m, n); whether all are finite.

        A slope below 0 (a negative differential resistance) is replaced by the chord's, which keeps
        Newton's steps downhill.
        """
        given, where = self.device.given, self.resistors
        if self.selector is not None and self.pair is not None:
            given = (*given, *self.selector.given, self.linear, self.charged, self.across)
            run(self.pair.cells, len(v), workers, v, *given, current, slope)
        else:
            run(self.device.compiled.module.cells, len(v), workers, v, *given, current, slope)
            np.multiply(self.linear, v, out=current, where=where)
            np.copyto(slope, self.linear, where=where)
        if slope.min() < 0.0:
            with np.errstate(divide="ignore", invalid="ignore"):
                chord = np.nan_to_num(current / v)
            np.copyto(slope, np.maximum(chord, 0.0), where=slope < 0.0)
        return bool(np.isfinite(current.sum()) and np.isfinite(slope.sum()))

    def still(self, frozen: BoolArray) -> BoolArray:
        """States that do not move; the selector of an open cell is not there either."""
        own = [frozen | self.resistors, self.linear == 0.0]
        sides = [x | (not part.moving) for x, part in zip(own, self.parts, strict=False)]
        return np.stack([x for x in sides for _ in range(2)])

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
        for k, part in enumerate(self.parts):
            if not part.moving:
                continue
            (a, b), (pace, near), q = (x[k] for x in ramp), (x[k] for x in search), 2 * k
            given = (a, b, h, states[q], states[q + 1], part.c, pace, near, rtol, 0.1 * rtol, MOST)
            module = part.compiled.module
            run(module.move, len(a), workers, *given, new[q], new[q + 1])
        return new

    def rates(self, drops: FloatArray, workers: int) -> FloatArray:
        """Of the states [1/s], at these voltages across devices and selectors."""
        found = np.zeros((2 * len(self.parts), *self.shape))
        for k, part in enumerate(self.parts):
            if part.moving:
                v = np.ascontiguousarray(drops[k])
                given = (v, part.w, part.s, part.c, v, found[2 * k], found[2 * k + 1])
                run(part.compiled.module.rates, len(v), workers, *given)
        return found


def cells_of(
    card: ModelCard,
    w: ArrayLike,
    s: ArrayLike = 0.0,
    *,
    temperature: float,
    parameters: Mapping[str, ArrayLike] | None = None,
    resistors: ArrayLike | None = None,
    selector: tuple[ModelCard, ArrayLike, ArrayLike] | None = None,
) -> Cells:
    """The cells of an array.

    Parameters
    ----------
    card : ModelCard
    w : array_like, shape (m, n)
        Non-volatile states, in [0, 1].
    s : array_like, shape (m, n) or a scalar
        Volatile states, in [0, 1].
    temperature : float
        [K].
    parameters : mapping of str to array_like, shape (m, n)
        Those that differ from cell to cell, in their declared units.
    resistors : array_like, shape (m, n)
        Conductance of cells that are a resistor instead of the card's device (0: open) [S]; NaN
        elsewhere.
    selector : (ModelCard, array_like, array_like), optional
        What lies in series with every device or resistor, and its states w and s.

    Raises
    ------
    CrossbarError
        Shapes that disagree, states outside [0, 1], a negative conductance.
    ParameterError
        An unknown parameter, or a value outside its bounds.
    """
    _card(card, "card")
    states = _states(w, "w", None)
    shape = (states.shape[0], states.shape[1])
    volatile = _states(s, "s", shape)
    linear = _resistors(resistors, shape)
    kelvin = TEMPERATURE.check(temperature)
    device = _part(card, states, volatile, kelvin, parameters or {})
    device.cap[~np.isnan(linear)] = 0.0
    if selector is None:
        return Cells(device, linear, None, None, np.zeros((0, 0)), np.zeros((0, 0, 0)))
    other, w2, s2 = selector
    _card(other, "selector")
    w2, s2 = (_states(x, f"selector {name}", shape) for name, x in (("w", w2), ("s", s2)))
    behind = _part(other, w2, s2, kelvin, {})
    behind.cap[linear == 0.0] = 0.0
    pair = compile_pair(device.compiled, behind.compiled)
    return Cells(device, linear, behind, pair, np.zeros(shape), np.zeros((4, *shape)))


def _card(card: Any, name: str) -> None:
    if not isinstance(card, ModelCard):
        raise CrossbarError(f"{name} is a {type(card).__name__}: a ModelCard is expected")


def _part(
    card: ModelCard,
    w: FloatArray,
    s: FloatArray,
    temperature: float,
    parameters: Mapping[str, ArrayLike],
) -> Part:
    """One card's devices; those parameters that differ from cell to cell are checked."""
    shape = (w.shape[0], w.shape[1])
    values: dict[str, Any] = dict(card.values)
    for name, given in parameters.items():
        declared = card.parameter(name)
        values[name] = _matrix(given, f"parameter '{name}'", shape)
        for extreme in (values[name].min(), values[name].max()):
            declared.check(extreme, name=name)
    compiled = compile_cells(card.model)
    c, own = compiled.sets(values, temperature, shape)
    cap = np.asarray(values["cap"]) * card.parameter("cap").si_factor * np.asarray(values["scale"])
    near = np.zeros((*shape, compiled.junctions))
    return Part(compiled, w, s, c, own, near, np.broadcast_to(cap, shape).copy())


def _matrix(value: ArrayLike, name: str, shape: tuple[int, ...] | None) -> FloatArray:
    found = checks.matrix(value, name)
    if shape is not None and found.shape != shape:
        raise CrossbarError(f"{name} has the shape {found.shape}: {shape} is expected")
    return found


def _resistors(value: ArrayLike | None, shape: tuple[int, ...]) -> FloatArray:
    """Conductances of cells that are resistors, NaN elsewhere."""
    if value is None:
        return np.full(shape, np.nan)
    found = checks.numbers(value, "resistors")
    if found.shape != shape:
        raise CrossbarError(f"resistors has the shape {found.shape}: {shape} is expected")
    if (found < 0).any() or np.isinf(found).any():
        raise CrossbarError(
            "resistors holds a conductance that is negative or infinite: 0 S or more is expected, or NaN "
            "for a cell that is none"
        )
    return found.copy()


def _states(value: ArrayLike, name: str, shape: tuple[int, ...] | None) -> FloatArray:
    """A copy of states in [0, 1]."""
    spread = np.full(shape, value) if shape is not None and np.ndim(value) == 0 else value
    found = _matrix(spread, name, shape).copy()
    if found.min() < 0 or found.max() > 1:
        i, j = (int(k) for k in np.argwhere((found < 0) | (found > 1))[0])
        raise CrossbarError(f"{name}[{i}, {j}] is {found[i, j]:g}: a state lies in [0, 1]")
    return found
