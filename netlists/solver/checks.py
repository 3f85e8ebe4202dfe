"""What the fast engine refuses: each in one sentence, before anything is computed."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netlists.arrays.checks import CrossbarError
from netlists.solver.bridges import Bridges
from netlists.solver.topology import OPEN, Wiring

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SAFE: Final = 0.9
"""Of the memory that is free, what an array may take."""
SMALL: Final = 1e9
"""Bytes that are not worth asking for."""
FACTORS: Final = 3
"""Arrays (m, n) beside the conductances: a copy of these, and the lines' factors."""
VECTORS: Final = 4
"""Arrays (m, n) of each vector that is being solved."""


def numbers(value: ArrayLike, name: str) -> FloatArray:
    """An array of doubles, contiguous; copied if need be only."""
    try:
        found = np.ascontiguousarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise CrossbarError(f"{name} holds something that is not a number") from None
    return found if np.ndim(value) else found.reshape(())


def finite(found: FloatArray, name: str) -> FloatArray:
    """The same numbers, if all are finite."""
    if found.size and not np.isfinite(found.min() + found.max()):
        place = tuple(int(k) for k in np.argwhere(~np.isfinite(found))[0])
        where = str(list(place)) if place else ""
        raise CrossbarError(f"{name}{where} is {found[place]}: finite numbers are expected")
    return found


def matrix(value: ArrayLike, name: str) -> FloatArray:
    """Finite numbers for all cells, shape (m, n)."""
    shape = np.shape(value)
    if len(shape) != 2 or 0 in shape:
        raise CrossbarError(f"{name} has the shape {shape}: (word lines, bit lines) is expected")
    found = finite(numbers(value, name), name)
    return found if found.flags.writeable else found.copy()  # one kind of array for the kernels


def inputs(
    conductance: ArrayLike, voltages: ArrayLike, bit_voltages: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray, bool]:
    """Cells (m, n), sources (p, m) and outputs (p, n), and whether there is one vector only."""
    if np.ndim(conductance) == 2:
        vectors = [len(v) for v in (voltages, bit_voltages) if np.ndim(v) == 2]  # type: ignore[arg-type]
        m, n = np.shape(conductance)
        memory(m, n, max([1, *vectors]), False)
    g = matrix(conductance, "conductance")
    if g.min() < 0:
        i, j = (int(k) for k in np.argwhere(g < 0)[0])
        raise CrossbarError(f"conductance[{i}, {j}] is {g[i, j]:g} S: 0 or more is expected")
    return g, *sources(voltages, bit_voltages, *g.shape)


def sources(
    voltages: ArrayLike, bit_voltages: ArrayLike, m: int, n: int
) -> tuple[FloatArray, FloatArray, bool]:
    """Sources (p, m) and outputs (p, n), and whether there is one vector only."""
    vl = finite(numbers(voltages, "voltages"), "voltages")
    if vl.ndim not in (1, 2) or vl.shape[-1] != m:
        raise CrossbarError(
            f"voltages has the shape {vl.shape}: ({m},) or (vectors, {m}) is expected for {m} word lines"
        )
    vb = finite(numbers(bit_voltages, "bit_voltages"), "bit_voltages")
    if vb.ndim > 2 or (vb.ndim and vb.shape[-1] != n):
        raise CrossbarError(
            f"bit_voltages has the shape {vb.shape}: a number, ({n},) or (vectors, {n}) is expected "
            f"for {n} bit lines"
        )
    counts = {len(v) for v in (vl, vb) if v.ndim == 2}
    if len(counts) > 1:
        raise CrossbarError(
            f"voltages has {len(vl)} vectors and bit_voltages {len(vb)}: the same number is expected"
        )
    count = counts.pop() if counts else 1
    spread = [np.ascontiguousarray(np.broadcast_to(v, (count, k))) for v, k in ((vl, m), (vb, n))]
    spread = [v if v.flags.writeable else v.copy() for v in spread]
    return spread[0], spread[1], vl.ndim == 1 and vb.ndim < 2


def limits(tolerance: Any, iterations: Any) -> tuple[float, int]:
    """A tolerance and a number of iterations."""
    if not (isinstance(tolerance, float | int) and 1e-14 <= tolerance < 1):
        raise CrossbarError(
            f"tolerance is {tolerance!r}: a number from 1e-14 to below 1 is expected"
        )
    return float(tolerance), whole(iterations, "iterations")


def whole(value: Any, name: str) -> int:
    """A whole number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise CrossbarError(f"{name} is {value!r}: a whole number above 0 is expected")
    return int(value)


# ----------------------------------------------------------------------------------------- memory


def memory(m: int, n: int, vectors: int, nodes: bool, *, at_once: int = 1, arrays: int = 0) -> None:
    """Refuse an array that does not fit.

    Parameters
    ----------
    vectors : int
        Input vectors.
    nodes : bool
        Whether all node voltages are kept.
    at_once : int
        Vectors in work at a time.
    arrays : int
        Further arrays of the array's size.
    """
    per_cell = FACTORS + VECTORS * at_once + (2 * vectors if nodes else 0) + arrays
    need = 8.0 * (m * n * per_cell + vectors * (m + n))
    if need < SMALL:
        return
    from netlists.arrays.memory import free_memory

    free = SAFE * free_memory()
    if need > free:
        raise CrossbarError(
            f"{m} x {n} cells would take about {_size(need)} and {_size(free)} may be used: take a smaller "
            "array, fewer vectors at a time, or no node voltages",
            code="too_large",
        )


def at_once(m: int, n: int, vectors: int, available: int, nodes: bool) -> int:
    """Vectors that are solved at a time, each in a thread: as many as there are cores and room.

    Raises
    ------
    CrossbarError
        Code ``too_large``: there is no room for one.
    """
    memory(m, n, vectors, nodes)
    count = min(available, vectors)
    while count > 1:
        try:
            memory(m, n, vectors, nodes, at_once=count)
            return count
        except CrossbarError:
            count -= 1
    return 1


def _size(count: float) -> str:
    return f"{count / 1e9:.3g} GB" if count >= 1e9 else f"{count / 1e6:.3g} MB"


# ------------------------------------------------------------------------------------- connections


def connected(wiring: Wiring, g: FloatArray, bridged: Bridges | None = None) -> None:
    """Refuse an array of which a part hangs on no source and no output.

    Raises
    ------
    CrossbarError
        Code ``disconnected``.
    """
    broken = (wiring.rw >= OPEN).any() or (wiring.rb >= OPEN).any()
    if not broken and wiring.driven.all() and wiring.read.all():
        return
    word, word_held = _pieces(wiring.rw, wiring.left, wiring.right, g.shape[1])
    bit, bit_held = _pieces(wiring.rb.T, wiring.top, wiring.bottom, g.shape[0])
    bit = bit.T
    there = g > 0
    pairs = np.unique(np.column_stack([word[there], bit[there]]), axis=0)
    alone = ~word_held
    alone[pairs[:, 0]] = False
    links = (
        [(word_held, word, *x) for x in _both(bridged.word, (bridged.steps[0], 0))]
        if bridged
        else []
    )
    links += (
        [(bit_held, bit, *x) for x in _both(bridged.bit, (0, bridged.steps[1]))] if bridged else []
    )
    while True:
        now = word_held.copy(), bit_held.copy()
        for held, piece, a, b in links:
            held[piece[*b]] |= held[piece[*a]]
        bit_held[pairs[word_held[pairs[:, 0]], 1]] = True
        word_held[pairs[bit_held[pairs[:, 1]], 0]] = True
        if (now[0] == word_held).all() and (now[1] == bit_held).all():
            break
    if bridged is not None and alone.any():
        i, j = (int(k) for k in np.argwhere(alone[word])[0])
        raise CrossbarError(
            f"word line {i} (counted from 0) hangs on bridges alone at cell ({i}, {j}), which the fast engine "
            "cannot do: drive it, or use ngspice",
            code="engine_lacks",
        )
    for kind, piece, held in (("word", word, word_held), ("bit", bit, bit_held)):
        lost = ~held[piece]
        if lost.any():
            i, j = (int(k) for k in np.argwhere(lost)[0])
            raise CrossbarError(
                f"the array is not connected: {kind} line {i if kind == 'word' else j} (counted from 0) "
                f"has no path from cell ({i}, {j}) to any source or output; connect a line, or leave "
                "fewer segments broken and cells open",
                code="disconnected",
            )


def _both(at: NDArray[np.int64], step: tuple[int, int]) -> list[tuple[Any, Any]]:
    """Places that bridges join, as (from, to) in both directions."""
    here, there = (at[:, 0], at[:, 1]), (at[:, 0] + step[0], at[:, 1] + step[1])
    return [(here, there), (there, here)]


def _pieces(
    between: FloatArray, first: FloatArray, last: FloatArray, crossings: int
) -> tuple[NDArray[np.int64], BoolArray]:
    """Which unbroken piece each crossing (line, place) lies in, and which pieces are held."""
    cut = np.zeros((len(first), crossings), dtype=bool)
    cut[:, 1:] = between >= OPEN
    cut[:, 0] = True
    number = cut.ravel().cumsum().reshape(cut.shape) - 1
    held = np.zeros(int(number.max()) + 1, dtype=bool)
    held[number[first < OPEN, 0]] = True
    held[number[last < OPEN, -1]] = True
    return number, held
