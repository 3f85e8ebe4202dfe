"""Newton's method on an array of cells that are no resistors.

Each step solves the array with the cells' slopes as conductances (:mod:`netlists.solver.pcg`) to the
accuracy that the step deserves.  Where currents grow with voltages, the state sought is the minimum of
a convex function, the network's co-content (Millar, Phil. Mag. 42, 1150 (1951)), whose slope along a
step is the nodes' imbalance times the step: the length of a step is searched by that slope, which needs
no more than the cells' currents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from netlists.solver import pcg
from netlists.solver.cells import ArrayCells
from netlists.solver.compiled import kernels, run
from netlists.solver.topology import CLOSED

FloatArray = NDArray[np.float64]

BALANCE: Final = 1e-12
"""Of the total current: what is missing at no node."""
ROUNDING: Final = 4 * np.finfo(float).eps
"""Of the largest term of a node's balance: below, there is nothing to gain."""
STEPS: Final = 60
SLOW: Final = 0.5
"""Of the slope along a step at its start: what may be left of it at its end."""
FARTHEST: Final = 8.0
"""Times Newton's step, where that falls short."""
TRIALS: Final = 25
LINEAR: Final = (1e-6, 1e-2)
"""What a step's linear solve may leave of the imbalance: the range of it."""


class Stuck(Exception):
    """Newton's method found no way on from here."""


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """The arrays of a non-linear solve, shape (m, n) each unless said.

    Parameters
    ----------
    word, bit : array
        Nodes' voltages less that of their line's source or output: the unknowns.
    d_word : array
        Newton's step of the word nodes; the bit nodes' is ``work.x``.
    f_word, f_bit : array
        Currents into the nodes.
    v, current : array
        Cell voltages and currents; the slopes are the conductances of ``array``.
    work : Work
    """

    word: FloatArray
    bit: FloatArray
    d_word: FloatArray
    f_word: FloatArray
    f_bit: FloatArray
    v: FloatArray
    current: FloatArray
    work: pcg.Work


def room(m: int, n: int) -> Room:
    """Arrays for an array of this size."""
    word, bit, d_word, f_word, f_bit, v, current = (np.zeros((m, n)) for _ in range(ARRAYS))
    return Room(word, bit, d_word, f_word, f_bit, v, current, pcg.work(m, n))


ARRAYS: Final = 7
"""Of a :class:`Room` beside its work."""


@dataclass(frozen=True, slots=True)
class Balance:
    """How far an array is from Kirchhoff's current law.

    Parameters
    ----------
    worst : float
        Largest current that is missing at a node [A].
    missing : float
        Sum of all [A].
    along : float
        What is left of the slope along the step.
    total : float
        Current that the sources give [A].
    limit : float
        What may be missing at a node, or is lost to rounding there [A].
    """

    worst: float
    missing: float
    along: float
    total: float
    limit: float

    @property
    def reached(self) -> bool:
        """Whether every node is balanced."""
        return self.worst <= self.limit


class Storage(Protocol):
    """What capacitances do in a step of time; ``space`` holds where the nodes are."""

    def through(self, space: Room, slope: FloatArray) -> None:
        """Add to ``space.current`` and to the slopes (m, n) what flows through the cells' own."""

    def into(self, space: Room, vl: FloatArray, vb: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Currents of the lines' into word and bit nodes, (m, n) or (0, 0) each [A]."""

    def largest(self, space: Room, volts: float) -> float:
        """Largest term of such a current where lines are at ``volts`` at most [A]."""


class Newton:
    """An array, its cells and its sources, on the way to balance.

    Parameters
    ----------
    array : pcg.Array
        With any conductances; they become the cells' slopes.
    cells : ArrayCells
    vl, vb : (m,) and (n,) arrays
        Voltages of sources and outputs [V].
    space : Room
        Where it starts from.
    storage : Storage, optional
    balance : float
        Of the total current: what may be missing at a node.
    reference : float
        What the total current is at least taken to be [A].
    """

    def __init__(
        self,
        array: pcg.Array,
        cells: ArrayCells,
        vl: FloatArray,
        vb: FloatArray,
        space: Room,
        *,
        storage: Storage | None = None,
        balance: float = BALANCE,
        reference: float = 0.0,
    ) -> None:
        self.array, self.cells, self.vl, self.vb, self.space = array, cells, vl, vb, space
        self.storage, self.balance, self.reference = storage, balance, reference
        self.iterations = 0
        self._none = np.zeros(len(vb))
        self._terms, self._sums = np.empty(len(vl)), np.empty((len(vl), 3))

    def measure(self) -> Balance | None:
        """Currents, slopes and imbalance where the nodes are now; None where cells have no current."""
        a, x, k = self.array, self.space, kernels("balance")
        m, workers = a.wiring.rows, a.workers
        run(k.voltages, m, workers, self.vl, self.vb, x.word, x.bit, x.v)
        if not self.cells.evaluate(x.v, x.current, a.lines.g, workers):
            return None
        if self.storage is not None:
            self.storage.through(x, a.lines.g)
        push, into = self._further()
        given = (a.lines, CLOSED, x.current, push, into, x.word, x.bit, self._none)
        run(k.balance, m, workers, *given, x.f_word, x.f_bit, self._terms)
        if a.wiring.merged:
            run(k.join, a.column_blocks, workers, a.lines, CLOSED, x.f_bit)
        run(k.sizes, m, workers, x.f_word, x.f_bit, x.d_word, x.work.x, self._sums)
        worst, (missing, along) = self._sums[:, 0].max(), self._sums[:, 1:].sum(axis=0)
        total = np.abs(x.current.sum(axis=1)).sum()
        terms = self._terms.max()
        if self.storage is not None:
            volts = float(max(np.abs(self.vl).max(), np.abs(self.vb).max()))
            terms = max(terms, self.storage.largest(x, volts))
        grain = ROUNDING * terms
        limit = max(self.balance * max(total, self.reference), grain)
        return Balance(*(float(y) for y in (worst, missing, along, total, limit)))

    def _further(self) -> tuple[FloatArray, FloatArray]:
        """What else flows into the nodes than through cells and wires, (m, n) or (0, 0) each [A]."""
        x, b = self.space, self.array.bridges
        push = into = pcg.NONE
        if self.storage is not None:
            push, into = self.storage.into(x, self.vl, self.vb)
        if b is not None:
            push, into = (y if y.size else np.zeros_like(x.v) for y in (push, into))
            across, along = b.flows(self.vl, self.vb, x.word, x.bit)
            b.spread(b.word, -across, push, (b.steps[0], 0))
            b.spread(b.bit, -along, into, (0, b.steps[1]))
        return push, into

    def direction(self, missing: float, share: float) -> None:
        """Newton's step into ``space.d_word`` and ``space.work.x``."""
        a, x = self.array, self.space
        w, zero = x.work, np.zeros(a.wiring.rows)
        pcg.factor(a)
        pcg.begin(a, w, zero, self._none, x.f_word, x.f_bit)
        done, _ = pcg.conjugate(a, w, missing, share, pcg.MOST)
        self.iterations += done
        pcg.audit(a, w, zero, self._none, x.f_word, x.f_bit, x.d_word)

    def shift(self, t: float) -> None:
        """Move the nodes by t times the step."""
        x = self.space
        k = kernels("balance")
        rows = self.array.wiring.rows
        run(k.shift, rows, self.array.workers, t, x.d_word, x.work.x, x.word, x.bit)

    def solve(self, most: int = STEPS) -> tuple[int, Balance]:
        """Steps until every node is balanced; their number and the balance.

        Raises
        ------
        Stuck
        """
        now = self.measure()
        if now is None:
            raise Stuck
        before = np.inf
        for step in range(most):
            if now.reached:
                return step, now
            low, high = LINEAR
            share = float(np.clip(0.1 * now.missing / before, low, high))
            self.direction(now.missing, share)
            before = now.missing
            now = self._search()
        if now.reached:
            return most, now
        raise Stuck

    def _search(self) -> Balance:
        """Move along the step as far as it is worth."""
        x = self.space
        run(
            kernels("balance").sizes,
            len(self.vl),
            self.array.workers,
            *(x.f_word, x.f_bit, x.d_word, x.work.x, self._sums),
        )
        start = float(self._sums[:, 2].sum())
        if not (np.isfinite(start) and start > 0.0):
            raise Stuck
        t, near, far = 1.0, (0.0, start), None
        self.shift(t)
        for _ in range(TRIALS):
            now = self.measure()
            if now is not None and (now.reached or abs(now.along) <= SLOW * start):
                return now
            if now is not None and now.along > 0.0:
                near = (t, now.along)
                if far is None and t >= FARTHEST:
                    return now
                new = 2.0 * t if far is None else _between(near, far)
            else:
                far = (t, -np.inf if now is None else now.along)
                new = _between(near, far)
            self.shift(new - t)
            t = new
        raise Stuck


def _between(near: tuple[float, float], far: tuple[float, float]) -> float:
    """Where the slope along a step may vanish: by the straight line, well inside the bracket."""
    (a, up), (b, down) = near, far
    share = up / (up - down) if np.isfinite(down) else 0.0
    return a + (b - a) * float(np.clip(share, 0.1, 0.9))
