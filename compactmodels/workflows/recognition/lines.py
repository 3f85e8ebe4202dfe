"""Layers as arrays with line resistance: what arrives of every device, in a test and while it is trained.

An array of linear cells is linear in its inputs, so that one solution for each bit line (by
reciprocity: that bit line is driven and the currents of the word lines are taken) gives the weights that the
array really applies; images then take a product of matrices, exactly as if each had been solved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

EVERY: Final = 100
"""Samples between two solutions while a layer is trained, at least."""
CELLS: Final = 50
"""Cells of the larger layer for each of these samples: beyond, solving would take longer than learning."""
LEAST: Final = 1e-12
"""Of the highest conductance."""


@dataclass(frozen=True, slots=True, eq=False)
class Lossy:
    """What lines leave of the pairs of one layer; changed in place by :meth:`solve`.

    Parameters
    ----------
    share : (2, n, m) array
        Of each device's current that arrives.
    span : (2, n, m) array
        Of each device's window that arrives, over the nominal window.
    off : (n, m) array
        What the lower ends of a pair add to its difference, over the window.
    floor, window : float
        Lower end and width of the window [S].
    ohm : float
        Of a segment.
    array : tuple of int
        As for :func:`through_lines`.
    """

    share: FloatArray
    span: FloatArray
    off: FloatArray
    floor: float
    window: float
    ohm: float
    array: tuple[int, int]

    def solve(self, x: FloatArray, span: FloatArray) -> FloatArray:
        """Solve the array with devices at x (2, n, m), as shares of the window; what arrives of it, plus less minus.

        Until the next solution each device is taken to arrive by the same share.
        """
        g = self.floor + self.window * x
        some = np.maximum(g, LEAST * (self.floor + self.window))  # nothing arrives as little does
        self.share[:] = share = through_lines(some, self.ohm, self.array) / some
        self.span[:] = share * span
        self.off[:] = (share[0] - share[1]) * self.floor / self.window
        seen = share * g / self.window
        return np.asarray(seen[0] - seen[1])


def through_lines(g: FloatArray, ohm: float, array: tuple[int, int] = (0, 0)) -> FloatArray:
    """Currents of each bit line per volt on each word line [S], (2, n, m).

    Parameters
    ----------
    g : (2, n, m) array
        Conductances of the pairs [S]; the two bit lines of a pair lie side by side.
    ohm : float
        Of each segment of a word or bit line.
    array : tuple of int
        Word and bit lines of the arrays that the layer is cut into, whose currents are added; (0, 0): one array.

    Raises
    ------
    CrossbarError, SimulationError
    """
    rows, columns = array
    if rows:
        seen, pairs = np.empty_like(g), columns // 2
        for i in range(0, g.shape[1], rows):
            for j in range(0, g.shape[2], pairs):
                part = (slice(None), slice(i, i + rows), slice(j, j + pairs))
                seen[part] = _one_array(g[part], ohm)
        return seen
    return _one_array(g, ohm)


def _one_array(g: FloatArray, ohm: float) -> FloatArray:
    from netlists.solver.linear import solve_crossbar

    _, n, m = g.shape
    cells = np.empty((n, 2 * m))
    cells[:, 0::2], cells[:, 1::2] = g[0], g[1]
    # The array turned round: bit lines as word lines driven at their outputs, and the word lines'
    # currents into their sources.
    found = solve_crossbar(
        np.ascontiguousarray(cells.T), np.eye(2 * m), ohm, ohm, word_drive="end", bit_drive="start"
    )
    return np.stack([found[0::2].T, found[1::2].T])
