"""Bridges between neighbouring lines: conductances that the lines' own elimination does not know.

With U the pairs of word nodes that are bridged and G their conductances, the word lines' matrix A becomes
``A + U G U^T``, whose inverse is that of A less ``Z C^-1 U^T A^-1`` with ``Z = A^-1 U`` and ``C = G^-1 + U^T Z``
(Woodbury): two solves of single lines for each bridge.  ``y = C^-1 U^T w`` are the bridges' currents.
Bridges between bit lines are further terms of the matrix that conjugate gradients work on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlists.arrays.checks import CrossbarError, places, scalar
from netlists.solver.compiled import kernels
from netlists.solver.topology import Lines

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(slots=True, eq=False)
class Bridges:
    """Bridges of an array; :meth:`factor` prepares them for lines whose factors are known.

    Parameters
    ----------
    word : (k, 2) array of int
        Word line and column: from there to the next word line.
    bit : (q, 2) array of int
        Row and bit line: from there to the next bit line.
    g : float
        Conductance of each [S].
    steps : (int, int)
        How many word lines and bit lines further the other end lies.
    rows : array of int
        Word lines that are bridged; set.
    """

    word: IntArray
    bit: IntArray
    g: float
    steps: tuple[int, int] = (1, 1)
    rows: IntArray = field(init=False)
    _here: IntArray = field(init=False)
    _next: IntArray = field(init=False)
    _up: FloatArray = field(init=False)
    _down: FloatArray = field(init=False)
    _inverse: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        first = self.word[:, 0]
        other = first + self.steps[0]
        self.rows = np.unique(np.concatenate([first, other]))
        self._here, self._next = (np.searchsorted(self.rows, x) for x in (first, other))

    def factor(self, lines: Lines) -> None:
        """Z and the inverse of C."""
        count, n, step = len(self.word), lines.g.shape[1], self.steps[0]
        self._up, self._down = np.empty((count, n)), np.empty((count, n))
        for k, (i, j) in enumerate(self.word):
            for row, sign, found in ((i, -1.0, self._up), (i + step, 1.0, self._down)):
                push = np.zeros(n)
                push[j] = sign  # of a current that is drawn: drops are bit less word
                self._drop(lines, int(row), np.zeros(n), 0.0, push, found[k])
        i, j = self.word.T
        z = np.where(i[:, np.newaxis] == i, self._up[:, j], 0.0)
        z += np.where(i[:, np.newaxis] + step == i, self._down[:, j], 0.0)
        z -= np.where(i[:, np.newaxis] == i + step, self._up[:, j], 0.0)
        z -= np.where(i[:, np.newaxis] == i, self._down[:, j], 0.0)
        self._inverse = np.asarray(np.linalg.inv(np.eye(count) / self.g + z.T), dtype=np.float64)

    def loaded(self, g: FloatArray) -> FloatArray:
        """Conductances with those of the bit bridges, which may be all that holds a bit line."""
        if not len(self.bit):
            return g
        found, (i, j) = g.copy(), self.bit.T
        np.add.at(found, (i, j), self.g)
        np.add.at(found, (i, j + self.steps[1]), self.g)
        return found

    @staticmethod
    def _drop(
        lines: Lines, i: int, b: FloatArray, vl: float, push: FloatArray, out: FloatArray
    ) -> None:
        a = lines
        ends = float(a.left[i]), float(a.right[i])
        given = (a.g[i], float(a.leak_word[i]), a.rw[i], *ends, a.lw[i])
        kernels("lines").drop_one(*given, b, vl, vl, push, out)

    def correct(
        self,
        lines: Lines,
        bits: Callable[[int], FloatArray],
        vl: FloatArray,
        push: FloatArray,
        s: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Add to the currents s out of the bit nodes what the bridges change.

        Parameters
        ----------
        bits : callable
            Voltages of the bit nodes of a row.
        vl : (m,) array
            Of the word lines' sources [V].
        push : (m, n) or (0, 0) array
            Currents into the word nodes.

        Returns
        -------
        (rows, n) array, (k,) array, (q,) array
            What word nodes of ``rows`` lose in voltage; currents through the word and bit bridges.
        """
        rows, none = self.rows, np.zeros(0)
        drop = np.empty((len(rows), lines.g.shape[1]))
        for k, i in enumerate(rows):
            own = push[i] if push.size else none
            b = np.ascontiguousarray(bits(int(i)))
            self._drop(lines, int(i), b, float(vl[i]), own, drop[k])
            drop[k] = b - drop[k]  # word voltages
        j = self.word[:, 1]
        y = self._inverse @ (drop[self._here, j] - drop[self._next, j])
        lost = np.zeros_like(drop)
        np.add.at(lost, self._here, y[:, np.newaxis] * self._up)
        np.add.at(lost, self._next, y[:, np.newaxis] * self._down)
        s[rows] += lines.g[rows] * lost
        step = self.steps[1]
        flow = self.g * np.array([bits(int(i))[j] - bits(int(i))[j + step] for i, j in self.bit])
        self.spread(self.bit, flow.reshape(-1), s, (0, step))
        return lost, y, flow.reshape(-1)

    @staticmethod
    def spread(at: IntArray, flow: FloatArray, out: FloatArray, step: tuple[int, int]) -> None:
        """Add currents to the nodes that they leave and take them from those that they enter."""
        np.add.at(out, (at[:, 0], at[:, 1]), flow)
        np.add.at(out, (at[:, 0] + step[0], at[:, 1] + step[1]), -flow)

    def flows(
        self, vl: FloatArray, vb: FloatArray, word: FloatArray, bit: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Currents through the bridges, from nodes that are kept as what they differ from their lines."""
        i, j = self.word.T
        k = i + self.steps[0]
        across = (vl[i] - vl[k]) + (word[i, j] - word[k, j])
        p, q = self.bit.T
        k = q + self.steps[1]
        along = (vb[q] - vb[k]) + (bit[p, q] - bit[p, k])
        return self.g * across, self.g * along

    def sides(
        self, y: FloatArray, flow: FloatArray, m: int, n: int
    ) -> tuple[FloatArray, FloatArray]:
        """What leaves each word line (m,) and each bit line (n,) through bridges [A]."""
        word, bit = np.zeros(m), np.zeros(n)
        np.add.at(word, self.word[:, 0], y)
        np.add.at(word, self.word[:, 0] + self.steps[0], -y)
        np.add.at(bit, self.bit[:, 1], flow)
        np.add.at(bit, self.bit[:, 1] + self.steps[1], -flow)
        return word, bit


def bridges(
    m: int,
    n: int,
    *,
    bridged_word: Any = None,
    bridged_bit: Any = None,
    r_short: Any = 1.0,
    bridge_steps: tuple[int, int] = (1, 1),
) -> Bridges | None:
    """Bridges from what a user says; None where there are none.

    Raises
    ------
    CrossbarError
        A place outside the array, or a resistance that is not above 0.
    """
    word = np.argwhere(places(bridged_word, "bridged_word", (m - bridge_steps[0], n)))
    bit = np.argwhere(places(bridged_bit, "bridged_bit", (m, n - bridge_steps[1])))
    ohm = scalar(r_short, "r_short")
    if not ohm > 0:
        raise CrossbarError(f"r_short is {ohm:g} ohm: above 0 is expected")
    if not len(word) and not len(bit):
        return None
    return Bridges(word.astype(np.int64), bit.astype(np.int64), 1.0 / ohm, bridge_steps)
