"""Linear arrays with line resistance: currents of all bit lines, for any number of input vectors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Literal, Unpack, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netlists.solver import checks, pcg
from netlists.solver.compiled import threads
from netlists.solver.topology import Connections

FloatArray = NDArray[np.float64]

TOLERANCE: Final = 3e-10
"""Of the largest current: what the error of no output exceeds."""
METHOD: Final = "word lines eliminated, conjugate gradients on the bit lines"


@dataclass(frozen=True, slots=True, eq=False)
class CrossbarSolution:
    """A solved array; p is the number of input vectors, and is missing where one was given as (m,).

    Parameters
    ----------
    currents : (p, n) array
        Out of each bit line into its output, both ends together [A].
    word_currents : (p, m) array
        Out of each source into its word line [A].
    word_voltages, bit_voltages : (p, m, n) array
        Of the nodes at each cell [V].
    iterations : (p,) array of int
    residual : (p,) array
        Bound of the error of any current over the largest one.
    method : str
    """

    currents: FloatArray
    word_currents: FloatArray
    word_voltages: FloatArray
    bit_voltages: FloatArray
    iterations: NDArray[np.int64]
    residual: FloatArray
    method: str

    @property
    def cell_voltages(self) -> FloatArray:
        """Word node minus bit node [V]."""
        return self.word_voltages - self.bit_voltages


@overload
def solve_crossbar(
    conductance: ArrayLike,
    voltages: ArrayLike,
    r_word: ArrayLike,
    r_bit: ArrayLike,
    *,
    return_nodes: Literal[False] = ...,
    bit_voltages: ArrayLike = ...,
    tolerance: float = ...,
    iterations: int = ...,
    **connections: Unpack[Connections],
) -> FloatArray: ...


@overload
def solve_crossbar(
    conductance: ArrayLike,
    voltages: ArrayLike,
    r_word: ArrayLike,
    r_bit: ArrayLike,
    *,
    return_nodes: Literal[True],
    bit_voltages: ArrayLike = ...,
    tolerance: float = ...,
    iterations: int = ...,
    **connections: Unpack[Connections],
) -> CrossbarSolution: ...


def solve_crossbar(
    conductance: ArrayLike,
    voltages: ArrayLike,
    r_word: ArrayLike,
    r_bit: ArrayLike,
    *,
    return_nodes: bool = False,
    bit_voltages: ArrayLike = 0.0,
    tolerance: float = TOLERANCE,
    iterations: int = pcg.MOST,
    **connections: Unpack[Connections],
) -> FloatArray | CrossbarSolution:
    """Currents of an array of conductances with resistance in its word and bit lines.

    One wire segment lies at each source, between neighbours and at each output; by default the
    sources drive the start of the word lines and the ends of the bit lines are virtual ground.
    A resistance of 0 is legal everywhere, and exact.

    Parameters
    ----------
    conductance : array_like, shape (m, n)
        Of each cell [S]; 0 is an open one, a large value a shorted one.
    voltages : array_like, shape (p, m) or (m,)
        Of the word lines' sources [V]; p vectors, or one.
    r_word, r_bit : float or array_like
        Resistance of a segment [ohm]: one for all, (m,) or (n,) for the lines, or (m, n + 1) and
        (m + 1, n) for their segments: segment k of a word line lies before cell k, the last one
        after the last cell; infinite is open.
    return_nodes : bool
        Whether to return the whole solution.
    bit_voltages : array_like, shape (p, n), (n,) or a scalar
        Of the outputs at the bit lines [V]; 0 is virtual ground.
    tolerance : float
        Error of any current over the largest one; it is a bound, not an estimate.
    iterations : int
        At most, for each vector.
    r_source, r_sense : float or array_like, shape (m,) or (n,)
        Resistance between a source and its word line, and between a bit line and its output, at
        each end that is connected [ohm].
    word_drive, bit_drive : str or sequence of str
        ``start``, ``end``, ``both`` or ``floating``, for all lines or for each: the end at which
        the line meets its source or output; at ``both`` the same one.
    broken_word, broken_bit : masks (m, n + 1) and (m + 1, n), or lists of (row, column)
        Segments that are open.
    bridged_word, bridged_bit : masks (m - 1, n) and (m, n - 1), or lists of (row, column)
        Where a line is bridged by ``r_short`` ohm to the next one.
    r_short : float
        [ohm]
    bridge_steps : (int, int)
        How many word and bit lines further the next one of these lies; masks are shorter by as many.

    Returns
    -------
    numpy.ndarray, shape (p, n) or (n,)
        Out of each bit line into its output [A]; or a :class:`CrossbarSolution`.

    Raises
    ------
    CrossbarError
        Shapes that disagree, numbers that no array can have, a part of the array that hangs on no
        source and no output (code ``disconnected``), more memory than there is (``too_large``).
    SimulationError
        Code ``no_convergence``.

    Notes
    -----
    docs/arrays.md has the method, its accuracy and its cost.

    Examples
    --------
    >>> solve_crossbar([[1e-4, 2e-4], [3e-4, 4e-4]], [0.1, 0.2], 1.0, 1.0)
    array([6.99e-05, 9.98e-05])
    """
    g, vl, vb, single = checks.inputs(conductance, voltages, bit_voltages)
    m, n = g.shape
    limits = checks.limits(tolerance, iterations)
    at_once = checks.at_once(m, n, len(vl), threads(), return_nodes)
    array = pcg.array_of(g, r_word, r_bit, connections, g, threads() if at_once == 1 else 1)
    pcg.factor(array, pcg.workers_for(m * n, threads()))
    found = _solve_all(array, vl, vb, at_once, return_nodes, *limits)
    if single:
        found = first_of(found)
    return found if return_nodes else found.currents


def _solve_all(
    array: pcg.Array,
    vl: FloatArray,
    vb: FloatArray,
    at_once: int,
    nodes: bool,
    tolerance: float,
    most: int,
) -> CrossbarSolution:
    """All vectors, ``at_once`` of them at a time in threads of their own."""
    m, n = array.wiring.rows, array.wiring.cols
    count = len(vl)
    shape = (count, m, n) if nodes else (count, 0, 0)
    found = CrossbarSolution(
        np.empty((count, n)),
        np.empty((count, m)),
        np.empty(shape),
        np.empty(shape),
        np.empty(count, dtype=np.int64),
        np.empty(count),
        METHOD,
    )

    def some(start: int) -> None:
        room = pcg.work(m, n)
        for k in range(start, count, at_once):
            effort, currents, words = pcg.solve(
                array,
                room,
                vl[k],
                vb[k],
                tolerance=tolerance,
                most=most,
                words=found.word_voltages[k],
            )
            found.currents[k], found.word_currents[k] = currents, words
            found.iterations[k], found.residual[k] = effort.iterations, effort.residual
            if nodes:
                np.add(room.x, vb[k], out=found.bit_voltages[k])

    if at_once == 1:
        some(0)
        return found
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(some, range(at_once)))
    return found


def first_of(found: Any) -> Any:
    """The one vector of a solution, without its axis."""
    names = [name for name in type(found).__slots__ if name != "method"]
    return type(found)(*(getattr(found, name)[0] for name in names), found.method)
