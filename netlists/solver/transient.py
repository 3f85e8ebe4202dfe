"""Arrays over time: programming pulses, half-select disturb, reads that settle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import SimulationError
from netlists.arrays.checks import CrossbarError
from netlists.solver import checks, newton
from netlists.solver.cells import ArrayCells, cells_of
from netlists.solver.nonlinear import array_of
from netlists.solver.stepping import Capacitors, Point, Refused, Stepper
from netlists.solver.topology import Connections

FloatArray = NDArray[np.float64]

TOLERANCE: Final = 1e-4
"""Error of a state, and of a voltage over the largest, that a step may make."""
FIRST: Final = 1e-5
"""Of a straight piece of the waveforms: its first step, with capacitances; 3000 times that without."""
SHORTEST: Final = 1e-9
"""Of a straight piece: below, a step is not made any shorter."""
GROWTH: Final = 3.0
ARRAYS: Final = 30
"""(m, n) arrays of a transient, beside a Newton's."""


@dataclass(frozen=True, slots=True, eq=False)
class TransientSolution:
    """An array over time.

    Parameters
    ----------
    time : (k,) array
        Of the steps [s].
    currents : (k, n) array
        Out of each bit line into its output, both ends together [A].
    word_currents : (k, m) array
        Out of each source into its word line [A].
    kept : (q,) array
        Times at which states were asked for, and the last one [s].
    states : (q, 2 or 4, m, n) array
        States w and s there, with selectors theirs too.
    cell_voltages : (q, m, n) array
        [V]
    energy : float
        What sources and outputs delivered together [J].
    steps, refused : int
        Of time; and those that were tried and were too long.
    iterations : int
        Of conjugate gradients.
    """

    time: FloatArray
    currents: FloatArray
    word_currents: FloatArray
    kept: FloatArray
    states: FloatArray
    cell_voltages: FloatArray
    energy: float
    steps: int
    refused: int
    iterations: int

    @property
    def w(self) -> FloatArray:
        """Non-volatile states of the devices, (q, m, n)."""
        return self.states[:, 0]

    @property
    def s(self) -> FloatArray:
        """Volatile states of the devices, (q, m, n)."""
        return self.states[:, 1]


def program_crossbar(
    card: ModelCard,
    w: ArrayLike,
    time: ArrayLike,
    voltages: ArrayLike,
    r_word: ArrayLike,
    r_bit: ArrayLike,
    *,
    s: ArrayLike = 0.0,
    bit_voltages: ArrayLike = 0.0,
    c_word: ArrayLike = 0.0,
    c_bit: ArrayLike = 0.0,
    temperature: float = ROOM_TEMPERATURE,
    parameters: Mapping[str, ArrayLike] | None = None,
    resistors: ArrayLike | None = None,
    selector: tuple[ModelCard, ArrayLike, ArrayLike] | None = None,
    frozen: ArrayLike | None = None,
    times: ArrayLike = (),
    every: bool = False,
    tolerance: float = TOLERANCE,
    progress: Callable[[float], None] | None = None,
    **connections: Unpack[Connections],
) -> TransientSolution:
    """An array whose states move, under voltages that run straight from corner to corner.

    It begins at rest, at the voltages of the first corner.

    Parameters
    ----------
    card : ModelCard
        The device of every cell, p at its word line, n at its bit line.
    w : array_like, shape (m, n)
        Where the non-volatile states start, in [0, 1].
    time : array_like, shape (k,)
        Corners [s], increasing.
    voltages : array_like, shape (k, m)
        Of the word lines' sources at the corners [V].
    r_word, r_bit : float or array_like
        Of a segment [ohm], as in :func:`netlists.solve_crossbar`.
    s : array_like, shape (m, n) or a scalar
        Where the volatile states start, in [0, 1].
    bit_voltages : array_like, shape (k, n), (n,) or a scalar
        Of the outputs at the bit lines [V].
    c_word, c_bit : float or array_like, shape (m,) or (n,)
        Capacitance to 0 V of one segment, at each crossing [F].
    temperature, parameters, resistors, selector
        As in :func:`netlists.solver.nonlinear.solve_crossbar_card`.
    frozen : array_like of bool, shape (m, n)
        Cells whose device's states do not move.
    times : array_like
        When all states are kept [s]; those at the end always are.
    every : bool
        Whether to keep the states at every step.
    tolerance : float
        Error of a state, and of a voltage over the largest, that a step may make.
    progress : callable, optional
        Called with the share of the time that is done.
    **connections
        As in :func:`netlists.solve_crossbar`.

    Raises
    ------
    CrossbarError
        As in :func:`netlists.solve_crossbar`; times that do not increase.
    SimulationError
        Code ``no_convergence``: no step was short enough.
    """
    cells = cells_of(
        card,
        w,
        s,
        temperature=temperature,
        parameters=parameters,
        resistors=resistors,
        selector=selector,
    )
    return program_cells(
        cells,
        time,
        voltages,
        r_word,
        r_bit,
        bit_voltages=bit_voltages,
        c_word=c_word,
        c_bit=c_bit,
        frozen=frozen,
        times=times,
        every=every,
        tolerance=tolerance,
        progress=progress,
        **connections,
    )


def program_cells(
    cells: ArrayCells,
    time: ArrayLike,
    voltages: ArrayLike,
    r_word: ArrayLike,
    r_bit: ArrayLike,
    *,
    bit_voltages: ArrayLike = 0.0,
    c_word: ArrayLike = 0.0,
    c_bit: ArrayLike = 0.0,
    frozen: ArrayLike | None = None,
    times: ArrayLike = (),
    every: bool = False,
    tolerance: float = TOLERANCE,
    progress: Callable[[float], None] | None = None,
    **connections: Unpack[Connections],
) -> TransientSolution:
    """The same for cells that are at hand; their states move (:func:`program_crossbar` says the rest)."""
    m, n = cells.shape
    error, _ = checks.limits(tolerance, 1)
    at, vl, vb = _waveforms(time, voltages, bit_voltages, m, n)
    stops = _stops(times, at)
    kept = np.unique(np.append(stops, at[-1]))
    checks.memory(m, n, 1, False, arrays=newton.ARRAYS + ARRAYS + 3 * len(kept))
    still = np.zeros((m, n), dtype=bool) if frozen is None else _mask(frozen, (m, n))
    array = array_of(cells, r_word, r_bit, connections)
    capacitors = Capacitors(cells, _farad(c_word, "c_word", m), _farad(c_bit, "c_bit", n))
    span = float(max(np.abs(vl).max(), np.abs(vb).max())) or 1.0
    stepper = Stepper(array, cells, capacitors, cells.still(still), error, span)
    return _Run(stepper, None if every else kept, progress).through(at, vl, vb, stops)


class _Run:
    """What is kept of an array on its way."""

    def __init__(
        self,
        stepper: Stepper,
        kept: FloatArray | None,
        progress: Callable[[float], None] | None,
    ) -> None:
        self.stepper, self.kept, self.progress = stepper, kept, progress
        self.rows: list[tuple[float, FloatArray, FloatArray, float]] = []
        self.points: list[Point] = []
        self.steps = self.refused = 0

    def through(
        self, at: FloatArray, vl: FloatArray, vb: FloatArray, stops: FloatArray
    ) -> TransientSolution:
        """All corners, one after the other."""
        now = self.stepper.rest(float(at[0]), vl[0], vb[0])
        self._keep(now)
        for k in range(len(at) - 1):
            inner = stops[(stops > at[k]) & (stops < at[k + 1])]
            before = earlier = None
            h = self._first(float(at[k + 1] - at[k]))
            for stop in [*inner, at[k + 1]]:
                share = (stop - at[k]) / (at[k + 1] - at[k])
                a, b = (_mix(v[k], v[k + 1], share) for v in (vl, vb))
                now, before, earlier, h = self._piece(now, before, earlier, float(stop), a, b, h)
                if self.progress is not None:
                    self.progress(float((stop - at[0]) / (at[-1] - at[0])))
        return self._answer()

    def _first(self, span: float) -> float:
        return span * FIRST * (1 if self.stepper.capacitors.any else 3000)

    def _piece(
        self,
        now: Point,
        before: Point | None,
        earlier: Point | None,
        end: float,
        vl: FloatArray,
        vb: FloatArray,
        h: float,
    ) -> tuple[Point, Point | None, Point | None, float]:
        """Steps to a time up to which all voltages run straight."""
        start, span = now, end - now.time
        while now.time < end:
            last = now.time + h >= end - 1e-6 * h
            time = end if last else min(now.time + h, 0.5 * (now.time + end) + 0.5 * h)
            share = (time - start.time) / span
            ends = _mix(start.vl, vl, share), _mix(start.vb, vb, share)
            taken = time - now.time
            try:
                point, error = self.stepper.step(now, before, earlier, time, *ends)
            except Refused:
                error = np.inf
            if error > 1.0:
                self.refused += 1
                h = taken * (0.25 if not np.isfinite(error) else max(0.2, 0.8 * error**-0.5))
                if h < SHORTEST * span:
                    raise SimulationError(
                        f"the array could not be followed beyond t = {now.time:.6g} s: its states change "
                        "too fast there, or its nodes found no balance",
                        code="no_convergence",
                    )
                continue
            self.steps += 1
            new = taken * min(GROWTH, 0.9 * max(error, 1e-4) ** -0.5)
            h = max(h, new) if last else new
            now, before, earlier = point, now, before
            self._keep(now)
        return now, before, earlier, h

    def _keep(self, point: Point) -> None:
        power = float(point.vl @ point.into - point.vb @ point.out)
        self.rows.append((point.time, point.out, point.into, power))
        if self.kept is None or (self.kept == point.time).any():
            self.points.append(point)

    def _answer(self) -> TransientSolution:
        time, out, into, power = (np.array(x) for x in zip(*self.rows, strict=True))
        return TransientSolution(
            time,
            out,
            into,
            np.array([p.time for p in self.points]),
            np.array([p.states for p in self.points]),
            np.array([p.v for p in self.points]),
            float(np.trapezoid(power, time)),
            self.steps,
            self.refused,
            self.stepper.iterations,
        )


def _mix(a: FloatArray, b: FloatArray, share: float) -> FloatArray:
    return a + share * (b - a)


def _waveforms(
    time: ArrayLike, voltages: ArrayLike, bit_voltages: ArrayLike, m: int, n: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    at = checks.finite(checks.numbers(time, "time"), "time")
    if at.ndim != 1 or len(at) < 2 or (np.diff(at) <= 0).any():
        raise CrossbarError(
            f"time has the shape {at.shape}: two corners at least that increase are expected"
        )
    vl, vb, single = checks.sources(voltages, bit_voltages, m, n)
    if single or len(vl) != len(at):
        raise CrossbarError(
            f"voltages has the shape {np.shape(voltages)}: ({len(at)}, {m}), one row for each corner, is "
            "expected"
        )
    return at, vl, vb


def _stops(times: ArrayLike, at: FloatArray) -> FloatArray:
    found = np.unique(checks.finite(checks.numbers(times, "times").reshape(-1), "times"))
    if found.size and (found[0] < at[0] or found[-1] > at[-1]):
        raise CrossbarError(
            f"times reach from {found[0]:g} to {found[-1]:g} s: between {at[0]:g} and {at[-1]:g} s is expected"
        )
    return found


def _mask(value: ArrayLike, shape: tuple[int, int]) -> NDArray[np.bool_]:
    found = np.asarray(value)
    if found.dtype != bool or found.shape != shape:
        raise CrossbarError(f"frozen has the shape {found.shape}: a mask of {shape} is expected")
    return found


def _farad(value: ArrayLike, name: str, count: int) -> FloatArray:
    found = checks.finite(checks.numbers(value, name), name)
    if found.ndim and found.shape != (count,):
        raise CrossbarError(
            f"{name} has the shape {found.shape}: a number or ({count},) is expected"
        )
    if found.min() < 0:
        raise CrossbarError(f"{name} is {found.min():g} F: 0 or more is expected")
    return np.broadcast_to(found, (count,)).copy()
