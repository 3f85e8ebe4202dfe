"""One step of time of an array: its nodes implicitly, its cells' states each at its own pace.

The voltages of all cells run straight over a step, each cell's states follow that ramp with as many
steps of their own as they need (:meth:`compactmodels.fast_array.CompiledCells`), and the array is
solved with the states they reach; both are repeated until they agree.  Capacitances of lines and cells
enter by the second backward difference formula, after a corner of the waveforms by the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from netlists.solver import newton, pcg
from netlists.solver.cells import ArrayCells
from netlists.solver.nonlinear import currents, settle

FloatArray = NDArray[np.float64]

PASSES: Final = 6
"""Of states and voltages by turns, in one step."""
AGREED: Final = 0.1
"""Of the tolerance: what the last pass may still change."""
STEPS: Final = 25
"""Newton's, in one pass."""
BALANCE: Final = 1e-10
"""Of the total current: what is missing at no node."""
FAINT: Final = 1e-3
"""Of the largest total current so far: what the total current is at least taken to be."""
SHARP: Final = 4.0
"""How much better voltages are followed than states: currents of capacitances are their slopes."""
STRAIGHT: Final = 2.5
"""How far a current may stay from a straight line between two steps: times the tolerance of a state, of
the largest current."""


class Refused(Exception):
    """The step is too long."""


@dataclass(slots=True, eq=False)
class Capacitors:
    """Capacitances in a step: ``i = c (a v + past)`` (a :class:`netlists.solver.newton.Storage`).

    Parameters
    ----------
    cells : ArrayCells
        With their own.
    word, bit : (m,) and (n,) arrays
        Of the lines to 0 V, at each crossing [F].
    charged : bool
        Whether the cells' own count.
    a : float
        [1/s]
    past_cell, past_word, past_bit : (m, n) arrays
        Of cell voltages and of node voltages [V/s].
    """

    cells: ArrayCells
    word: FloatArray
    bit: FloatArray
    charged: bool = True
    cell: FloatArray = field(init=False)
    a: float = 0.0
    past_cell: FloatArray = field(default_factory=lambda: pcg.NONE)
    past_word: FloatArray = field(default_factory=lambda: pcg.NONE)
    past_bit: FloatArray = field(default_factory=lambda: pcg.NONE)

    def __post_init__(self) -> None:
        self.cell = self.cells.capacitance if self.charged else np.zeros(self.cells.shape)

    @property
    def any(self) -> bool:
        """Whether there are any."""
        own = self.charged and (self.cell.any() or self.cells.inner)
        return bool(own or self.word.any() or self.bit.any())

    def ahead(self, a: float, old: float, older: float, now: Point, past: Point) -> None:
        """Voltages' slopes at the end of a step: a times what they are there, and what they were."""
        self.a = a
        self.past_cell = old * now.v + older * past.v
        self.past_word = old * now.word + older * past.word
        self.past_bit = old * now.bit + older * past.bit
        self.cells.charge(a, old * now.drops + older * past.drops)

    def rest(self) -> None:
        """No voltage changes."""
        self.a = 0.0
        zero = np.zeros(self.cells.shape)
        self.past_cell = self.past_word = self.past_bit = zero
        self.cells.charge(0.0, np.zeros((len(self.cells.states) // 2, *zero.shape)))

    def through(self, space: newton.Room, slope: FloatArray) -> None:
        """Add what flows through the cells' own."""
        np.add(space.current, self.cell * (self.a * space.v + self.past_cell), out=space.current)
        np.add(slope, self.a * self.cell, out=slope)

    def into(
        self, space: newton.Room, vl: FloatArray, vb: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Currents of the lines' into word and bit nodes."""
        word = self.a * (space.word + vl[:, np.newaxis]) + self.past_word
        bit = self.a * (space.bit + vb) + self.past_bit
        return -self.word[:, np.newaxis] * word, -self.bit * bit

    def largest(self, space: newton.Room, volts: float) -> float:
        """Largest term of a balance: what a step this short multiplies the voltages' rounding with."""
        across = float(max(space.v.max(), -space.v.min()))
        lines = float(max(self.word.max(), self.bit.max())) * (volts + across)
        return self.a * max(float(self.cell.max()) * across, lines)


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """An array at an instant.

    Parameters
    ----------
    time : float
        [s]
    vl, vb : (m,) and (n,) arrays
        Sources and outputs [V].
    word, bit : (m, n) arrays
        Node voltages [V].
    states, drops : (q, m, n) and (q/2, m, n) arrays
        As of :class:`netlists.solver.cells.ArrayCells`.
    out, into : (n,) and (m,) arrays
        Currents out of the bit lines and into the word lines [A].
    """

    time: float
    vl: FloatArray
    vb: FloatArray
    word: FloatArray
    bit: FloatArray
    states: FloatArray
    drops: FloatArray
    out: FloatArray
    into: FloatArray

    @property
    def v(self) -> FloatArray:
        """Cell voltages [V]."""
        return self.word - self.bit

    @property
    def drop_word(self) -> FloatArray:
        """Word nodes less their sources [V]."""
        return self.word - self.vl[:, np.newaxis]

    @property
    def drop_bit(self) -> FloatArray:
        """Bit nodes less their outputs [V]."""
        return self.bit - self.vb


class Stepper:
    """An array on its way through time.

    Parameters
    ----------
    array : pcg.Array
    cells : ArrayCells
        Their states are overwritten.
    capacitors : Capacitors
    frozen : (q, m, n) array of bool
        States that do not move.
    tolerance : float
        Error of a state, and of a voltage over the largest, that a step may make.
    span : float
        The largest voltage [V].
    """

    def __init__(
        self,
        array: pcg.Array,
        cells: ArrayCells,
        capacitors: Capacitors,
        frozen: NDArray[np.bool_],
        tolerance: float,
        span: float,
    ) -> None:
        m, n = cells.shape
        self.array, self.cells, self.capacitors = array, cells, capacitors
        self.frozen, self.tolerance, self.span = frozen, tolerance, span
        self.reference = self.most = 0.0
        self.space = newton.room(m, n)
        self.moving = cells.moving and not frozen.all()
        self.iterations = self.newton_steps = 0
        count = len(frozen) // 2
        self._search = np.full((count, m, n), np.inf), np.zeros((count, m, n))

    def rest(self, time: float, vl: FloatArray, vb: FloatArray) -> Point:
        """The array at rest in its present states: no current flows into capacitances."""
        self.capacitors.rest()
        self._lines()
        settle(self.array, self.cells, vl, vb, self.space, newton.STEPS)
        return self._point(time, vl, vb)

    def _point(self, time: float, vl: FloatArray, vb: FloatArray) -> Point:
        x, c = self.space, self.cells
        word, bit = x.word + vl[:, np.newaxis], x.bit + vb
        return Point(time, vl, vb, word, bit, c.states, c.drops(x.v), *self._currents(vl, vb))

    def _currents(self, vl: FloatArray, vb: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Out of the bit lines and into the word lines [A]."""
        x, more = self.space, (np.zeros(len(vl)), np.zeros(len(vb)))
        if self.capacitors.any:
            push, into = self.capacitors.into(x, vl, vb)
            more = push.sum(axis=1), into.sum(axis=0)
        return currents(self.array, x, vl, vb, more)

    def _lines(self) -> None:
        lines, c = self.array.lines, self.capacitors
        lines.leak_word[:], lines.leak_bit[:] = c.a * c.word, c.a * c.bit

    # ------------------------------------------------------------------------------- one step

    def step(
        self,
        now: Point,
        before: Point | None,
        earlier: Point | None,
        time: float,
        vl: FloatArray,
        vb: FloatArray,
    ) -> tuple[Point, float]:
        """The array at a later instant, and its error over the tolerance.

        Parameters
        ----------
        now : Point
        before, earlier : Point or None
            The one before and the one before that, since the last corner of the waveforms.
        time : float
            [s]
        vl, vb : (m,) and (n,) arrays
            Sources and outputs then [V].

        Raises
        ------
        Refused
        """
        self._formula(now, before, time)
        ahead = _ahead(now, before, None, time)
        # As what they differ from their lines' voltages, so that a node at a source stays there.
        self.space.word[:] = now.drop_word if before is None else ahead("word") - vl[:, np.newaxis]
        self.space.bit[:] = now.drop_bit if before is None else ahead("bit") - vb
        self.cells.put(now.states)
        if before is None:  # nothing to extrapolate: what the sources alone do
            self._solve(vl, vb)
            guess = self.cells.drops(self.space.v)
        else:
            guess = ahead("drops")
        error = self._agree(now, guess, time - now.time, vl, vb, 0.5 if before is None else 0.2)
        point = self._point(time, vl, vb)
        self.most = max(self.most, _largest(point.out), _largest(point.into))
        if before is not None:
            error = max(error, self._bend(point, now, before))
            if self.capacitors.any:
                error = max(error, self._truncation(point, now, before, earlier))
        return point, error

    def _formula(self, now: Point, before: Point | None, time: float) -> None:
        """Coefficients of the backward difference formula."""
        c = self.capacitors
        if not c.any:
            return
        h = time - now.time
        if before is None:
            a, old, older = 1.0 / h, -1.0 / h, 0.0
        else:
            ratio = h / (now.time - before.time)
            a, old = (1 + 2 * ratio) / (1 + ratio) / h, -(1 + ratio) / h
            older = ratio**2 / (1 + ratio) / h
        past = now if before is None else before
        c.ahead(a, old, older, now, past)
        self._lines()

    def _agree(
        self, now: Point, guess: FloatArray, h: float, vl: FloatArray, vb: FloatArray, weight: float
    ) -> float:
        """States and voltages by turns until they agree; the first turn's change tells the error."""
        if not self.moving:
            self._solve(vl, vb)
            return 0.0
        self._move(now, guess, h)
        self._solve(vl, vb)
        change, first = np.inf, 0.0
        for turn in range(PASSES):
            last = self.cells.states
            self._move(now, self.cells.drops(self.space.v), h)
            new = _largest(self.cells.states - last)
            first = new if turn == 0 else first
            self._solve(vl, vb)
            if new <= AGREED * self.tolerance:
                return weight * first / self.tolerance
            if new > 0.7 * change:
                raise Refused
            change = new
        raise Refused

    def _move(self, now: Point, drops: FloatArray, h: float) -> None:
        """States after the voltages across devices and selectors have run to ``drops``."""
        ramp, rtol = (now.drops, drops), 0.1 * self.tolerance
        given = (now.states, self._search, rtol, self.array.workers)
        new = np.where(self.frozen, now.states, self.cells.move(ramp, h, *given))
        if not np.isfinite(new.sum()):
            self._search[0].fill(np.inf)
            raise Refused
        self.cells.put(np.clip(new, 0.0, 1.0))

    def _solve(self, vl: FloatArray, vb: FloatArray) -> None:
        """Balance the nodes at the present states."""
        storage = self.capacitors if self.capacitors.any else None
        run = newton.Newton(
            self.array,
            self.cells,
            vl,
            vb,
            self.space,
            storage=storage,
            balance=BALANCE,
            reference=self.reference,
        )
        try:
            taken, balance = run.solve(STEPS)
        except newton.Stuck:
            raise Refused from None
        self.reference = max(self.reference, FAINT * balance.total)
        self.newton_steps += taken
        self.iterations += run.iterations

    def _truncation(self, point: Point, now: Point, before: Point, earlier: Point | None) -> float:
        """Error of the backward difference formula over the tolerance."""
        ahead = _ahead(now, before, earlier, point.time)
        names = ("word", "bit", "drops") if self.cells.inner else ("word", "bit")
        missed = max(_largest(getattr(point, name) - ahead(name)) for name in names)
        h, old = point.time - now.time, now.time - before.time
        share = 2 / 11 if earlier is not None else h / (h + old)
        return SHARP * share * missed / (self.tolerance * self.span)

    def _bend(self, point: Point, now: Point, before: Point) -> float:
        """How far currents stay from straight lines between the steps, over what is allowed."""
        h, old = point.time - now.time, now.time - before.time
        bend = max(
            _largest(c - b - (b - a) * (h / old))
            for a, b, c in (
                (before.out, now.out, point.out),
                (before.into, now.into, point.into),
            )
        )
        return 0.25 * bend * h / (h + old) / (STRAIGHT * self.tolerance * self.most or 1.0)


def _largest(x: FloatArray) -> float:
    return float(np.abs(x).max())


def _ahead(
    now: Point, before: Point | None, earlier: Point | None, time: float
) -> Callable[[str], FloatArray]:
    """What a point has, at a later time, from the last points."""
    points = [p for p in (now, before, earlier) if p is not None]
    at = [p.time - now.time for p in points]
    weights = [float(np.prod([(time - now.time - b) / (a - b) for b in at if b != a])) for a in at]

    def found(name: str) -> FloatArray:
        return sum(
            (c * getattr(p, name) for c, p in zip(weights, points, strict=True)), np.zeros(1)
        )

    return found
