"""The law of the pulses as two tables for each direction, over the window that both directions reach.

``x`` is the conductance as a share of that window.  A pulse moves x to ``state(spent(x) + 1)``:
``spent`` [pulses] and its inverse are monotone tables on even grids, read by straight lines between.
The grids are made finer until pulses from anywhere are right within :data:`WITHIN`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import InputError
from compactmodels.plasticity.pulsed_conductance import advanced, spent
from compactmodels.synapse import Synapse, Train

FloatArray = NDArray[np.float64]

WITHIN: Final = 1e-6
"""Of the window: largest error of one pulse, and of several at once, by the tables."""
SEVERAL: Final = 8.0
COARSEST: Final = 2048
FINEST: Final = 1 << 18
"""Intervals of a table; with the finest, 8 MB for both directions, the error is what it is."""
PROBES: Final = 4001
"""Conductances at which a table is held against the law."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One direction.

    Parameters
    ----------
    spent : (k,) array
        Pulses since one end of the common window, at even steps of x from 0 to 1.
    state : (k,) array
        x at even steps of the pulses from 0 to ``pulses``.
    pulses : float
        From one end of the common window to the other.
    error : float
        Largest error of one pulse, of the window.
    """

    spent: FloatArray
    state: FloatArray
    pulses: float
    error: float


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """Both directions on their common window.

    Parameters
    ----------
    low, high : float
        The window [S].
    up, down : Side
    """

    low: float
    high: float
    up: Side
    down: Side

    @property
    def error(self) -> float:
        """Largest error of one pulse, of the window."""
        return max(self.up.error, self.down.error)


def window_of(synapse: Synapse) -> tuple[float, float]:
    """The conductances that both directions reach [S].

    Raises
    ------
    InputError
        Codes ``one_direction`` and ``no_window``.
    """
    ltp, ltd = synapse.ltp, synapse.ltd
    if ltp is None or ltd is None:
        raise InputError(
            f"the synapse has {', '.join(synapse.trains)} only: a network learns in both directions; fit "
            "potentiation and depression together",
            code="one_direction",
        )
    low, high = max(ltp.g_start, ltd.g_end), min(ltp.g_end, ltd.g_start)
    if not high > low:
        raise InputError(
            f"potentiation ({ltp.g_start:.3g} .. {ltp.g_end:.3g} S) and depression ({ltd.g_start:.3g} .. "
            f"{ltd.g_end:.3g} S) have no conductance in common: no weight can go both ways",
            code="no_window",
        )
    return low, high


def law_of(synapse: Synapse) -> Law:
    """The tables of a synapse.

    Raises
    ------
    InputError
        See :func:`window_of`.
    """
    low, high = window_of(synapse)
    assert synapse.ltp is not None and synapse.ltd is not None
    return Law(low, high, _side(synapse.ltp, low, high), _side(synapse.ltd, low, high))


def _side(train: Train, low: float, high: float) -> Side:
    """Tables of one direction, as fine as they have to be."""
    span = train.g_end - train.g_start
    ends = (np.array([low, high]) - train.g_start) / span
    begin, stop = np.sort(np.asarray(spent(np.clip(ends, 0.0, 1.0), *train.shape)) * train.pulses)
    intervals = COARSEST
    while True:
        side = _tables(train, low, high, (float(begin), float(stop)), intervals)
        if side.error <= WITHIN or intervals >= FINEST:
            return side
        intervals *= 2


def _tables(
    train: Train, low: float, high: float, pulses: tuple[float, float], intervals: int
) -> Side:
    span = train.g_end - train.g_start
    x = np.linspace(0.0, 1.0, intervals + 1)
    u = np.clip((low + x * (high - low) - train.g_start) / span, 0.0, 1.0)
    used = np.asarray(spent(u, *train.shape)) * train.pulses - pulses[0]
    total = pulses[1] - pulses[0]
    q = np.clip((pulses[0] + x * total) / train.pulses, 0.0, 1.0)
    way = train.g_start + span * np.asarray(advanced(q, *train.shape))
    state = np.clip((way - low) / (high - low), 0.0, 1.0)
    side = Side(np.clip(used, 0.0, total), state, total, 0.0)
    return Side(side.spent, side.state, total, _error(train, low, high, side))


def _error(train: Train, low: float, high: float, side: Side) -> float:
    """Pulses by the tables against those of :meth:`Train.run`'s law, from everywhere in the window."""
    x = np.linspace(0.0, 1.0, PROBES) ** 2  # off the grid, and dense where a train begins
    x = np.concatenate([x, 1.0 - x])
    return max(
        float(np.max(np.abs(table_step(side, x, n) - exact_step(train, low, high, x, n))))
        for n in (1.0, SEVERAL)
    )


def exact_step(
    train: Train, low: float, high: float, x: FloatArray, pulses: float = 1.0
) -> FloatArray:
    """x after so many pulses by the law itself, within the common window."""
    span = train.g_end - train.g_start
    u = np.clip((low + x * (high - low) - train.g_start) / span, 0.0, 1.0)
    p = np.minimum(np.asarray(spent(u, *train.shape)) + pulses / train.pulses, 1.0)
    g = train.g_start + span * np.asarray(advanced(p, *train.shape))
    return np.clip((g - low) / (high - low), 0.0, 1.0)


def table_step(side: Side, x: FloatArray, pulses: float = 1.0) -> FloatArray:
    """x after so many pulses by the tables, as the kernels read them."""
    grid = np.linspace(0.0, 1.0, side.spent.size)
    p = np.interp(x, grid, side.spent) + pulses
    return np.interp(p / side.pulses, grid, side.state)
