"""Voltages of all lines of a write: the selected cells get all of it, the others a part.

====== ============= ============ =============== ============== ===========================
scheme selected word selected bit unselected word unselected bit unselected cells see
====== ============= ============ =============== ============== ===========================
V/2    V             0            V/2             V/2            V/2 on the selected lines, 0
V/3    V             0            V/3             2V/3           V/3 on the lines, -V/3 elsewhere
====== ============= ============ =============== ============== ===========================

A negative V writes the other way round, with the same names.  Chen, "A comprehensive crossbar array
model", IEEE Trans. Electron Devices 60, 1318 (2013), doi:10.1109/TED.2013.2246791.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from netlists.arrays import checks
from netlists.arrays.checks import BoolArray, CrossbarError, FloatArray

SHARES: Final = {"v/2": (1 / 2, 1 / 2), "v/3": (1 / 3, 2 / 3)}
"""Of the write voltage, on the unselected word lines and on the unselected bit lines."""


@dataclass(frozen=True, slots=True, eq=False)
class Bias:
    """Voltages of all lines.

    Parameters
    ----------
    word : numpy.ndarray, shape (rows,)
    bit : numpy.ndarray, shape (cols,)
        [V]
    selected : numpy.ndarray of bool, shape (rows, cols)
        Cells that get the whole voltage.
    scheme : str
    """

    word: FloatArray
    bit: FloatArray
    selected: BoolArray
    scheme: str

    @property
    def half_selected(self) -> BoolArray:
        """Cells that share a line with a selected one, shape (rows, cols)."""
        on_word, on_bit = _lines(self.selected)
        found: BoolArray = np.logical_xor.outer(on_word, on_bit)
        return found


def scheme_voltages(
    scheme: str, rows: int, cols: int, selected: Sequence[tuple[int, int]], voltage: float
) -> Bias:
    """The voltages of all lines that write the selected cells.

    Parameters
    ----------
    scheme : str
        ``v/2`` or ``v/3``.
    rows, cols : int
    selected : sequence of (int, int)
        (row, column) from 0; several must be all crossings of their rows and columns.
    voltage : float
        Across a selected cell, word line minus bit line [V].

    Raises
    ------
    CrossbarError
        An unknown scheme, a place outside, or cells that cannot be written without others.

    Examples
    --------
    >>> scheme_voltages("v/2", 2, 2, [(0, 1)], 2.0).word
    array([2., 1.])
    """
    if scheme.lower() not in SHARES:
        raise CrossbarError(f"scheme {scheme!r}: one of {', '.join(SHARES)} is expected")
    shape = checks.size(rows, "rows"), checks.size(cols, "cols")
    mask = checks.places(list(selected), "selected", shape)
    if not mask.any():
        raise CrossbarError("no cell is selected: name at least one (row, column)")
    on_word, on_bit = _lines(mask)
    full = np.logical_and.outer(on_word, on_bit)
    if (full != mask).any():
        i, j = np.argwhere(full & ~mask)[0]
        raise CrossbarError(
            f"the selected cells' lines also cross at ({i}, {j}), which would be written too: select "
            "all crossings of some rows and columns, or write one after the other"
        )
    v = checks.scalar(voltage, "voltage")
    word_share, bit_share = SHARES[scheme.lower()]
    return Bias(
        np.where(on_word, v, word_share * v),
        np.where(on_bit, 0.0, bit_share * v),
        mask,
        scheme.lower(),
    )


def _lines(selected: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Which word lines and which bit lines meet a selected cell."""
    return np.asarray(selected.any(axis=1)), np.asarray(selected.any(axis=0))
