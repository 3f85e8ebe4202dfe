"""Conjugate gradients on the bit lines of an array, all word lines eliminated exactly.

With the word lines' tridiagonal matrix T_w, the bit lines' T_b and the cells D, eliminating the word
nodes leaves ``S = T_b + D - D (T_w + D)^-1 D`` on the bit nodes.  Its preconditioner is ``M = T_b + D``,
every bit line solved exactly.  The iteration stops on a bound, not on a guess: with e_j the response of
all bit nodes to 1 V at the output of line j, the current of that output is wrong by ``e_j . r`` where r
is the residual, the current that is missing at each node; and since the e_j are not negative and add
up to 1 at most, **no output, nor all together, can be wrong by more than the sum of |r|**.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.errors import SimulationError
from netlists.solver import checks
from netlists.solver.bridges import Bridges, bridges
from netlists.solver.compiled import LEAST, kernels, run
from netlists.solver.topology import CLOSED, Connections, Lines, Wiring, split, wire

FloatArray = NDArray[np.float64]

NONE: Final = np.zeros((0, 0))
RESTARTS: Final = 3
MOST: Final = 10_000
"""Iterations, unless fewer are asked for."""
ROUNDING: Final = 4 * np.finfo(float).eps
"""Of the terms of a node's balance, which is not known any better."""
SHARP: Final = 1e-2
"""Of the tolerance, where node voltages are asked for: a line that little holds takes a small current
for a large voltage."""
SHARE: Final = 1e-3
"""Of the current that would flow into ideal lines: what an array is taken to give where no line tells."""


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """An array whose lines are factored.

    Parameters
    ----------
    wiring : Wiring
    lines : Lines
    workers : int
        Threads that share the work of one solve.
    bridges : Bridges, optional
    """

    wiring: Wiring
    lines: Lines
    workers: int
    bridges: Bridges | None = None

    @property
    def row_blocks(self) -> int:
        """Blocks of word lines that are handed out."""
        return -(-self.wiring.rows // int(kernels().ROWS))

    @property
    def column_blocks(self) -> int:
        """Blocks of bit lines that are handed out."""
        return -(-self.wiring.cols // int(kernels().COLUMNS))

    @property
    def ends(self) -> tuple[FloatArray, FloatArray]:
        """Conductances to the outputs whose currents follow from them, (n,) each; 0 for all others."""
        known = self.wiring.read & ~self.wiring.ideal
        return np.where(known, self.lines.gtop, 0.0), np.where(known, self.lines.gbottom, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Arrays of a solve, shape (m, n) each: 32 bytes a cell.

    Parameters
    ----------
    x : array
        Bit nodes' voltages less those that were assumed at the start.
    r, p, s : array
        Residuals, direction, and what the kernels leave.
    """

    x: FloatArray
    r: FloatArray
    p: FloatArray
    s: FloatArray


@dataclass(frozen=True, slots=True)
class Effort:
    """What a solve took.

    Parameters
    ----------
    iterations : int
    residual : float
        Bound of the error of any output over the largest current.
    """

    iterations: int
    residual: float


def array_of(
    g: FloatArray,
    r_word: ArrayLike,
    r_bit: ArrayLike,
    connections: Connections,
    conducting: FloatArray,
    available: int,
) -> Array:
    """An array with its lines connected as a user says, not yet factored.

    Parameters
    ----------
    g : (m, n) array
        Conductances of the cells, or room for them.
    conducting : (m, n) array
        Above 0 where a current can flow through a cell.
    available : int
        Threads that one solve may have.

    Raises
    ------
    CrossbarError
        As :func:`netlists.solve_crossbar` says.
    """
    m, n = g.shape
    wires, between = split(connections)
    wiring, found = wire(m, n, r_word, r_bit, **wires), bridges(m, n, **between)
    checks.connected(wiring, conducting, found)
    return Array(wiring, wiring.lines(g), workers_for(m * n, available), found)


def work(rows: int, cols: int) -> Work:
    """Room for a solve."""
    x, r, p = (np.zeros((rows, cols)) for _ in range(3))
    return Work(x, r, p, np.empty((rows, cols)))


def workers_for(cells: int, available: int) -> int:
    """Threads that are worth their while in one solve."""
    return available if cells >= LEAST else 1


def factor(a: Array, workers: int | None = None) -> None:
    """Factors of the lines at the present conductances."""
    k, count = kernels(), workers or a.workers
    run(k.factor_word, a.row_blocks, count, a.lines)
    preconditioner = a.lines
    if a.bridges is not None:
        a.bridges.factor(a.lines)
        preconditioner = a.lines._replace(g=a.bridges.loaded(a.lines.g))
    run(k.factor_bit, a.column_blocks, count, preconditioner)


def begin(
    a: Array, w: Work, vl: FloatArray, vb: FloatArray, push: FloatArray, into: FloatArray
) -> None:
    """Currents out of the bit nodes at vb (n,), into ``w.s``; everything else to 0.

    Parameters
    ----------
    vl : (m,) array
        Of the word lines' sources [V].
    push, into : (m, n) or (0, 0) arrays
        Currents into the word and bit nodes [A].
    """
    w.x.fill(0.0)
    w.r.fill(0.0)
    w.p.fill(0.0)
    run(kernels().begin, a.row_blocks, a.workers, a.lines, vl, vl, vb, push, into, w.s)
    if a.bridges is not None:
        a.bridges.correct(a.lines, lambda _: vb, vl, push, w.s)


def conjugate(a: Array, w: Work, scale: float, tolerance: float, most: int) -> tuple[int, float]:
    """Add to ``w.x`` until what is missing is below ``tolerance`` of the largest current.

    ``w.s`` holds the currents out of the bit nodes, ``w.r`` and ``w.p`` are 0.

    Parameters
    ----------
    scale : float
        What the largest current [A] is at least taken to be.
    most : int
        Iterations.

    Returns
    -------
    int, float
        Iterations, and the sum of |r| [A]; above the tolerance where they did not suffice.
    """
    k, closing = kernels(), (a.wiring.merged, CLOSED)
    given = (*a.ends, scale, tolerance, most, w.x, w.r, w.p, w.s)
    if a.workers == 1 and a.bridges is None:
        found, lost = k.conjugate(a.lines, *closing, *given)
        return int(found), float(lost)
    line_sums, block_sums = np.empty((a.wiring.rows, 1)), np.empty((a.column_blocks, 2))
    column_sums = np.empty((a.wiring.cols, 1))

    def forward(alpha: float) -> tuple[float, float]:
        run(k.forward, a.column_blocks, a.workers, a.lines, alpha, w.s, w.r, block_sums)
        lost = k.missing(a.lines, *closing, w.r, block_sums, column_sums)
        return k.total(block_sums, 0), lost

    rho, lost = forward(1.0)
    beta, alpha, iteration = 0.0, 0.0, 0
    while True:
        enough = lost <= tolerance * max(scale, k.largest(*a.ends, alpha, w.x, w.p))
        run(k.backward, a.column_blocks, a.workers, a.lines, alpha, beta, w.s, w.x, w.p)
        if enough or iteration == most:
            return iteration, float(lost)
        run(k.sweep, a.row_blocks, a.workers, a.lines, w.p, w.s, line_sums)
        power = k.total(line_sums, 0) + _bridged_power(a, w)
        if not (np.isfinite(power) and power > 0.0):
            return iteration, float(lost)
        alpha = rho / power
        new, lost = forward(alpha)
        beta, rho = new / rho, new
        iteration += 1


def _bridged_power(a: Array, w: Work) -> float:
    """Add the bridges' part to ``w.s``, and what it gives with ``w.p``."""
    if a.bridges is None:
        return 0.0
    b, none = a.bridges, np.zeros(a.wiring.rows)
    lost, _, flow = b.correct(a.lines, lambda i: w.p[i], none, NONE, w.s)
    i, j = b.bit.T
    found = (w.p[b.rows] * a.lines.g[b.rows] * lost).sum() + (
        w.p[i, j] - w.p[i, j + b.steps[1]]
    ) @ flow
    return float(found)


def audit(
    a: Array,
    w: Work,
    vl: FloatArray,
    vb: FloatArray,
    push: FloatArray,
    into: FloatArray,
    words: FloatArray,
) -> tuple[FloatArray, float, float]:
    """What follows from the bit nodes' voltages vb + ``w.x``.

    Currents out of the bit nodes into ``w.s``, their residuals into ``w.r``, the word nodes' voltages
    into ``words`` (m, n) if that is not (0, 0).

    Returns
    -------
    (m,) array, float, float
        Currents out of the sources into the word lines [A], the sum of |r|, and the size of what r is
        the difference of.
    """
    sums = np.empty((a.wiring.rows, 3))
    given = (a.lines, vl, vb, push, into, w.x, w.s, w.r, words, sums)
    run(kernels().audit, a.row_blocks, a.workers, *given)
    currents, b = sums[:, 0].copy(), a.bridges
    if b is not None:
        lost, y, flow = b.correct(a.lines, lambda i: vb + w.x[i], vl, push, w.s)
        change = a.lines.g[b.rows] * lost
        w.r[b.rows] -= change
        b.spread(b.bit, -flow, w.r, (0, b.steps[1]))
        currents[b.rows] -= change.sum(axis=1)
        currents += b.sides(y, flow, *w.x.shape)[0]
        if words.size:
            words[b.rows] -= lost
    missing, terms = (float(x) for x in sums[:, 1:].sum(axis=0))
    if a.wiring.merged:
        missing = norm(a, w.r)
    elif b is not None:
        missing = float(np.abs(w.r).sum())
    return currents, missing, terms


def norm(a: Array, r: FloatArray) -> float:
    """The sum of |r| where nodes are joined by 0 ohm."""
    found = np.empty((a.wiring.cols, 1))
    run(kernels().norms, a.column_blocks, a.workers, a.lines, CLOSED, r, found)
    return float(found.sum())


def outputs(wiring: Wiring, x: FloatArray) -> FloatArray:
    """Currents out of the lines whose ends have a resistance, shape (n,); 0 for all others."""
    ends = x[0] / wiring.top + x[-1] / wiring.bottom
    found: FloatArray = np.where(wiring.read & ~wiring.ideal, ends, 0.0)
    return found


def first_scale(wiring: Wiring, s: FloatArray) -> float:
    """What the largest current is taken to be before any is known [A]."""
    columns = np.abs(s.sum(axis=0))
    if (wiring.read & ~wiring.ideal).any():
        return 0.0
    if wiring.read.any():
        return float(columns[wiring.read].max())
    return SHARE * float(columns.max())


def solve(
    a: Array,
    w: Work,
    vl: FloatArray,
    vb: FloatArray,
    *,
    tolerance: float,
    most: int,
    words: FloatArray = NONE,
) -> tuple[Effort, FloatArray, FloatArray]:
    """One right-hand side.

    Parameters
    ----------
    vl : (m,) array
        Of the word lines' sources [V].
    vb : (n,) array
        Of the outputs [V].
    words : (m, n) array, optional
        Gets the word nodes' voltages.

    Returns
    -------
    Effort, (n,) array, (m,) array
        Currents out of the bit lines and into the word lines [A]; ``w.x + vb`` are the bit nodes'
        voltages.

    Raises
    ------
    SimulationError
        Code ``no_convergence``.
    """
    begin(a, w, vl, vb, NONE, NONE)
    scale = first_scale(a.wiring, w.s)
    iterations = 0
    for _ in range(RESTARTS):
        goal = tolerance * (SHARP if words.size else 1.0)
        done, missing = conjugate(a, w, scale, goal, most - iterations)
        iterations += done
        into_words, found, terms = audit(a, w, vl, vb, NONE, NONE, words)
        currents = np.where(a.wiring.ideal, -w.s.sum(axis=0), outputs(a.wiring, w.x))
        if a.wiring.read.any():
            scale = float(np.abs(currents).max())
        short = missing > tolerance * scale + ROUNDING * terms
        if not short and found <= 10 * tolerance * scale + ROUNDING * terms:
            bound = missing / scale if scale else 0.0
            return Effort(iterations, bound), currents, into_words
        if iterations >= most or not np.isfinite(found):
            break
        # Begin again from the true residual.
        np.negative(w.r, out=w.s)
        w.r.fill(0.0)
        w.p.fill(0.0)
    bound = max(missing, found) / scale if scale else np.inf
    raise SimulationError(
        f"the array of {a.wiring.rows} x {a.wiring.cols} cells was not solved in {iterations} iterations: "
        f"the currents may be wrong by {bound:.2g} of the largest, {tolerance:.2g} was asked for; allow "
        "more iterations or a larger tolerance",
        code="no_convergence",
    )
