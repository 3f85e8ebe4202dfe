"""How the lines of an array are connected: what the kernels need, from what a user says.

A word line i and a bit line j meet at nodes w(i, j) and b(i, j), which a cell joins.  Segment k of a
word line lies before cell k, the last one (n) after the last cell; segment k of a bit line above cell
k, the last one (m) below the last cell.  Between the outer segments and the source or output lies its
resistance, at each end that is connected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypedDict, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netlists.arrays.checks import CrossbarError, choices, places

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

ENDS: Final = ("start", "end", "both", "floating")
"""Where a line meets its source or output: word lines start at column 0, bit lines at row 0."""
CLOSED: Final = 1e-30
"""ohm: an end without resistance; beside any conductance of an array, nothing."""
OPEN: Final = 1e30
"""ohm: an end without source or a broken segment; beside any resistance of an array, infinite."""


class Wires(TypedDict, total=False):
    """What :func:`wire` takes beside the segments."""

    r_source: ArrayLike
    r_sense: ArrayLike
    word_drive: str | Sequence[str]
    bit_drive: str | Sequence[str]
    broken_word: Any
    broken_bit: Any


class Between(TypedDict, total=False):
    """What :func:`netlists.solver.bridges.bridges` takes."""

    bridged_word: Any
    bridged_bit: Any
    r_short: float
    bridge_steps: tuple[int, int]


class Connections(Wires, Between, total=False):
    """How an array's lines are connected: what all of the engine's functions take."""


def split(connections: Connections) -> tuple[Wires, Between]:
    """The two parts of it.

    Raises
    ------
    TypeError
        A name that is none of them.
    """
    strange = connections.keys() - Connections.__annotations__.keys()
    if strange:
        raise TypeError(f"unexpected keyword argument {min(strange)!r}")
    wires = {k: v for k, v in connections.items() if k in Wires.__annotations__}
    between = {k: v for k, v in connections.items() if k in Between.__annotations__}
    return cast(Wires, wires), cast(Between, between)


class Lines(NamedTuple):
    """An array as the kernels see it; resistances in ohm, conductances in siemens.

    Parameters
    ----------
    g : (m, n) array
        Of the cells.
    rw : (m, 1) or (m, n - 1) array
        Word segments between neighbours.
    left, right : (m,) array
        From the ends of the word lines to their sources.
    lw : (m, n) array
        Factors of the word lines.
    rb : (1, n) or (m - 1, n) array
        Bit segments between neighbours.
    top, bottom : (n,) array
        From the ends of the bit lines to their outputs.
    lb : (m, n) array
        Factors of the bit lines.
    gb, gtop, gbottom : arrays
        1/rb, 1/top and 1/bottom; 0 where nothing can flow between two nodes that are one.
    leak_word, leak_bit : (m,) and (n,) arrays
        From each node of a line to 0 V: a line's capacitance in a step of time.
    """

    g: FloatArray
    rw: FloatArray
    left: FloatArray
    right: FloatArray
    lw: FloatArray
    rb: FloatArray
    top: FloatArray
    bottom: FloatArray
    lb: FloatArray
    gb: FloatArray
    gtop: FloatArray
    gbottom: FloatArray
    leak_word: FloatArray
    leak_bit: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """The lines of an array without its cells; make one with :func:`wire`.

    Parameters
    ----------
    rows, cols : int
    rw, left, right, rb, top, bottom : arrays
        As in :class:`Lines`.
    merged : bool
        Whether bit nodes are joined by 0 ohm to one another or to an output.
    """

    rows: int
    cols: int
    rw: FloatArray
    left: FloatArray
    right: FloatArray
    rb: FloatArray
    top: FloatArray
    bottom: FloatArray
    merged: bool

    @property
    def driven(self) -> BoolArray:
        """Word lines that have a source, shape (m,)."""
        return (self.left < OPEN) | (self.right < OPEN)

    @property
    def read(self) -> BoolArray:
        """Bit lines that have an output, shape (n,)."""
        return (self.top < OPEN) | (self.bottom < OPEN)

    @property
    def ideal(self) -> BoolArray:
        """Bit lines whose output is joined to a node by 0 ohm, shape (n,)."""
        return (self.top <= CLOSED) | (self.bottom <= CLOSED)

    def lines(self, g: FloatArray) -> Lines:
        """With cells g (m, n), ready to be factored."""
        gb, gtop, gbottom = (
            np.where(r <= CLOSED, 0.0, 1.0 / np.maximum(r, CLOSED))
            for r in (self.rb, self.top, self.bottom)
        )
        return Lines(
            g,
            self.rw,
            self.left,
            self.right,
            np.empty_like(g),
            self.rb,
            self.top,
            self.bottom,
            np.empty_like(g),
            gb,
            gtop,
            gbottom,
            np.zeros(self.rows),
            np.zeros(self.cols),
        )


def wire(
    rows: int,
    cols: int,
    r_word: ArrayLike,
    r_bit: ArrayLike,
    *,
    r_source: ArrayLike = 0.0,
    r_sense: ArrayLike = 0.0,
    word_drive: str | Sequence[str] = "start",
    bit_drive: str | Sequence[str] = "end",
    broken_word: Any = None,
    broken_bit: Any = None,
) -> Wiring:
    """The lines of an array from what a user says (:func:`netlists.solver.linear.solve_crossbar`).

    Raises
    ------
    CrossbarError
        Shapes that disagree, a resistance that is negative or not a number, an unknown end.
    """
    word = segments(r_word, "r_word", rows, cols)
    bit = segments(r_bit, "r_bit", cols, rows, down=True)
    word = _broken(word, places(broken_word, "broken_word", (rows, cols + 1)))
    bit = _broken(bit, places(broken_bit, "broken_bit", (rows + 1, cols)))
    source = _per_line(r_source, "r_source", rows)
    sense = _per_line(r_sense, "r_sense", cols)
    left, right = _ends(word_drive, "word_drive", word[:, 0], word[:, -1], source)
    top, bottom = _ends(bit_drive, "bit_drive", bit[0], bit[-1], sense)
    rw, rb = _inner(word, cols), np.ascontiguousarray(_inner(bit.T, rows).T)
    merged = bool((rows > 1 and (rb == 0).any()) or min(top.min(), bottom.min()) <= CLOSED)
    return Wiring(rows, cols, rw, left, right, rb, top, bottom, merged)


def segments(
    value: ArrayLike, name: str, lines: int, crossings: int, *, down: bool = False
) -> FloatArray:
    """Resistances of all segments, shape (lines, 1) where they are equal along a line, else (lines,
    crossings + 1); ``down`` for the transpose of these.
    """
    found = _numbers(value, name)
    full = (crossings + 1, lines) if down else (lines, crossings + 1)
    if found.ndim < 2:
        one = _per_line(found, name, lines)
        return one[np.newaxis] if down else one[:, np.newaxis]
    if found.shape != full:
        raise CrossbarError(
            f"{name} has the shape {found.shape}: a number, ({lines},) for the lines or {full} for "
            "their segments is expected"
        )
    return _resistances(found, name)


def _broken(found: FloatArray, broken: BoolArray) -> FloatArray:
    if not broken.any():
        return found
    return np.where(broken, OPEN, found)


def _inner(found: FloatArray, crossings: int) -> FloatArray:
    """Segments between neighbours, one for all where there are none or one."""
    if found.shape[1] == 1:
        return np.ascontiguousarray(found)
    inner = found[:, 1:crossings]
    return np.ascontiguousarray(inner if inner.shape[1] else np.zeros((len(found), 1)))


def _ends(
    drive: str | Sequence[str], name: str, first: FloatArray, last: FloatArray, extra: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Resistances from both ends of each line to its source or output."""
    words = np.array(choices(drive, name, ENDS, extra.size))
    near = np.isin(words, ("start", "both"))
    far = np.isin(words, ("end", "both"))
    return (
        np.where(near, np.clip(first + extra, CLOSED, OPEN), OPEN),
        np.where(far, np.clip(last + extra, CLOSED, OPEN), OPEN),
    )


def _per_line(value: ArrayLike, name: str, lines: int) -> FloatArray:
    found = _numbers(value, name)
    if found.ndim and found.shape != (lines,):
        raise CrossbarError(
            f"{name} has the shape {found.shape}: a number or ({lines},) is expected"
        )
    return np.broadcast_to(_resistances(found, name), (lines,)).copy()


def _resistances(found: FloatArray, name: str) -> FloatArray:
    """The same numbers, if none is below 0; as large or as close to 0 as it takes to be open or closed."""
    if (found < 0).any() or np.isnan(found).any():
        bad = np.argwhere(~(found >= 0))[0]
        where = list(map(int, bad)) if found.ndim else ""
        raise CrossbarError(
            f"{name}{where} is {found[tuple(bad)]:g} ohm: 0 or more is expected (infinite: open)"
        )
    return np.where(found <= CLOSED, 0.0, np.minimum(found, OPEN))


def _numbers(value: ArrayLike, name: str) -> FloatArray:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise CrossbarError(f"{name} holds something that is not a number") from None
