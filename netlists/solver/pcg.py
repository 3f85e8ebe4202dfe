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
from numpy.typing import NDArray

from compactmodels.errors import SimulationError
from netlists.solver.compiled import LEAST, kernels, run
from netlists.solver.topology import CLOSED, Lines, Wiring

FloatArray = NDArray[np.float64]

NONE: Final = np.zeros((0, 0))
RESTARTS: Final = 3
MOST: Final = 10_000
"""Iterations, unless fewer are asked for."""
ROUNDING: Final = 4 * np.finfo(float).eps
"""Of the terms of a node's balance, which is not known any better."""
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
    """

    wiring: Wiring
    lines: Lines
    workers: int

    @property
    def row_blocks(self) -> int:
        return -(-self.wiring.rows // int(kernels().ROWS))

    @property
    def column_blocks(self) -> int:
        return -(-self.wiring.cols // int(kernels().COLUMNS))


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


def work(rows: int, cols: int) -> Work:
    """Room for a solve."""
    return Work(*(np.zeros((rows, cols)) for _ in range(3)), np.empty((rows, cols)))


def workers_for(cells: int, available: int) -> int:
    """Threads that are worth their while in one solve."""
    return available if cells >= LEAST else 1


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
    k = kernels()
    line_sums, block_sums = np.empty(a.wiring.rows), np.empty((a.column_blocks, 2))
    rho, missing = _forward(a, w, 1.0, block_sums)
    beta = alpha = 0.0
    for iteration in range(most + 1):
        run(k.backward, a.column_blocks, a.workers, a.lines, alpha, beta, w.s, w.x, w.p)
        if missing <= tolerance * max(scale, largest(a.wiring, w.x)) or iteration == most:
            return iteration, missing
        run(k.sweep, a.row_blocks, a.workers, a.lines, w.p, w.s, line_sums)
        power = float(line_sums.sum())
        if not (np.isfinite(power) and power > 0.0):
            return iteration, missing
        alpha = rho / power
        new, missing = _forward(a, w, alpha, block_sums)
        beta, rho = new / rho, new
    raise AssertionError("the loop returns")


def _forward(a: Array, w: Work, alpha: float, sums: FloatArray) -> tuple[float, float]:
    """The residual after a step, as r M^-1 r and as the sum of |r|."""
    run(kernels().forward, a.column_blocks, a.workers, a.lines, alpha, w.s, w.r, sums)
    rho, missing = (float(x) for x in sums.sum(axis=0))
    return rho, _norm(a, w.r) if a.wiring.merged else missing


def _norm(a: Array, r: FloatArray) -> float:
    found = np.empty(a.wiring.cols)
    run(kernels().norms, a.column_blocks, a.workers, a.lines, CLOSED, r, found)
    return float(found.sum())


def outputs(wiring: Wiring, x: FloatArray) -> FloatArray:
    """Currents out of the lines whose ends have a resistance, shape (n,); 0 for all others."""
    ends = x[0] / wiring.top + x[-1] / wiring.bottom
    found: FloatArray = np.where(wiring.read & ~wiring.ideal, ends, 0.0)
    return found


def largest(wiring: Wiring, x: FloatArray) -> float:
    """The largest of :func:`outputs`."""
    return float(np.abs(outputs(wiring, x)).max())


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
        done, missing = conjugate(a, w, scale, tolerance, most - iterations)
        iterations += done
        sums = np.empty((a.wiring.rows, 3))
        lines = (a.lines, vl, vb, NONE, NONE, w.x, w.s, w.r, words, sums)
        run(kernels().audit, a.row_blocks, a.workers, *lines)
        currents = np.where(a.wiring.ideal, -w.s.sum(axis=0), outputs(a.wiring, w.x))
        if a.wiring.read.any():
            scale = float(np.abs(currents).max())
        found, terms = (float(x) for x in sums[:, 1:].sum(axis=0))
        found = _norm(a, w.r) if a.wiring.merged else found
        short = missing > tolerance * scale
        if not short and found <= 10 * tolerance * scale + ROUNDING * terms:
            bound = missing / scale if scale else 0.0
            return Effort(iterations, bound), currents, sums[:, 0].copy()
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
