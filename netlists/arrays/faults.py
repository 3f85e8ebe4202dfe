"""What is wrong with an array: stuck, open and shorted cells, broken lines, bridges between lines."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netlists.arrays.checks import BoolArray, CrossbarError, places, scalar, size, whole

CELLS = ("stuck_on", "stuck_off", "open_cells", "shorted_cells")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Faults:
    """Faults of an array of ``rows`` x ``cols`` cells.

    Each is a mask, or a list of (row, column) pairs counted from 0; stored as a read-only mask.

    Parameters
    ----------
    rows, cols : int
        Of the array.
    stuck_on, stuck_off : places, shape (rows, cols)
        Cells whose state w is 1 or 0 and does not move.
    open_cells : places, shape (rows, cols)
        Cells that are not there (their selector neither).
    shorted_cells : places, shape (rows, cols)
        Cells that are ``r_short``, whatever their state (a selector in series stays).
    broken_word : places, shape (rows, cols + 1)
        Segments of word lines: segment k lies before cell k, the last one after the last cell.
    broken_bit : places, shape (rows + 1, cols)
        Segments of bit lines: segment k lies above cell k, the last one below the last cell.
    bridged_word : places, shape (rows - 1, cols)
        ``r_short`` between word line i and word line i + 1, at column j.
    bridged_bit : places, shape (rows, cols - 1)
        ``r_short`` between bit line j and bit line j + 1, at row i.
    r_short : float
        [ohm], above 0.

    Raises
    ------
    CrossbarError
        A place outside the array, a cell with two faults, a resistance that is not above 0.
    """

    rows: int
    cols: int
    stuck_on: Any = None
    stuck_off: Any = None
    open_cells: Any = None
    shorted_cells: Any = None
    broken_word: Any = None
    broken_bit: Any = None
    bridged_word: Any = None
    bridged_bit: Any = None
    r_short: float = 1.0

    def __post_init__(self) -> None:
        rows, cols = size(self.rows, "rows"), size(self.cols, "cols")
        shapes = dict.fromkeys(CELLS, (rows, cols))
        shapes |= {"broken_word": (rows, cols + 1), "broken_bit": (rows + 1, cols)}
        shapes |= {"bridged_word": (rows - 1, cols), "bridged_bit": (rows, cols - 1)}
        for name, shape in shapes.items():
            object.__setattr__(self, name, places(getattr(self, name), name, shape))
        r_short = scalar(self.r_short, "r_short")
        if not r_short > 0:
            raise CrossbarError(f"r_short is {r_short:g} ohm: above 0 is expected")
        object.__setattr__(self, "r_short", r_short)
        count = sum(getattr(self, name).astype(int) for name in CELLS)
        if (count > 1).any():
            i, j = np.argwhere(count > 1)[0]
            both = [name for name in CELLS if getattr(self, name)[i, j]]
            raise CrossbarError(f"cell ({i}, {j}) is in {' and '.join(both)}: one fault a cell")

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind, those that occur."""
        masks = [f.name for f in fields(self) if f.name not in ("rows", "cols", "r_short")]
        found = {name: int(getattr(self, name).sum()) for name in masks}
        return {name: count for name, count in found.items() if count}

    @property
    def stuck(self) -> BoolArray:
        """Cells whose state does not move."""
        stuck: BoolArray = self.stuck_on | self.stuck_off
        return stuck


def draw_faults(
    rows: int,
    cols: int,
    seed: int,
    *,
    stuck_on: float = 0.0,
    stuck_off: float = 0.0,
    open_cells: float = 0.0,
    shorted_cells: float = 0.0,
    r_short: float = 1.0,
) -> Faults:
    """Faulty cells drawn at random; each share is a probability, no cell has two faults.

    Parameters
    ----------
    rows, cols : int
    seed : int
        0 or more; the same seed gives the same cells.
    stuck_on, stuck_off, open_cells, shorted_cells : float
        Share of the cells, together at most 1.
    r_short : float
        [ohm].
    """
    shares = dict(zip(CELLS, (stuck_on, stuck_off, open_cells, shorted_cells), strict=True))
    checked = {name: scalar(share, name) for name, share in shares.items()}
    for name, share in checked.items():
        if not 0 <= share <= 1:
            raise CrossbarError(f"{name} is {share:g}: a share from 0 to 1 is expected")
    edges = np.cumsum([0.0, *checked.values()])
    if edges[-1] > 1 + 1e-12:
        raise CrossbarError(f"the shares of faulty cells add up to {edges[-1]:g}: 1 at most")
    chance = np.random.default_rng(whole(seed, "seed")).uniform(
        size=(size(rows, "rows"), size(cols, "cols"))
    )
    masks: dict[str, ArrayLike] = {
        name: (low <= chance) & (chance < high)
        for name, low, high in zip(CELLS, edges[:-1], edges[1:], strict=True)
    }
    return Faults(rows=rows, cols=cols, r_short=r_short, **masks)
