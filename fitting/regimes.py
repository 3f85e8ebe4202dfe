"""Where one mechanism hands over to the next: a branch cut into stretches of voltage.

In the plot of its own coordinates (ln I against V, ln(I/V) against sqrt V, ...) a mechanism is a straight
line.  The cuts are those for which straight lines, each in the plot that suits it best, come
closest to the data: found exactly by dynamic programming, the number of stretches by Schwarz's
criterion.  That only proposes; each stretch is then fitted with the mechanisms' own equations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

MOST: Final = 4
"""Stretches on one side of 0 V."""
LEAST_POINTS: Final = 8
THINNED: Final = 240
"""Points that the search looks at."""
LEAST_SCATTER: Final = 0.03
"""Relative distance from a straight line that is not worth a cut."""


@dataclass(frozen=True, slots=True)
class Plot:
    """Coordinates in which a mechanism is straight: ln I - level(ln V) against x(V).

    Parameters
    ----------
    level : float
        Power of V that is divided out.
    x : callable or None
        None: the plot is level.
    sign : int
        Of the slope.
    """

    level: float
    x: Callable[[FloatArray], FloatArray] | None
    sign: int = 1


PLOTS: Final = (
    Plot(1.0, None),  # ohmic
    Plot(0.0, np.log),  # space charge
    Plot(0.0, lambda v: v),  # thermionic emission
    Plot(0.0, np.sqrt),  # image force
    Plot(1.0, np.sqrt),  # Poole-Frenkel
    Plot(1.0, np.square),  # direct tunnelling
    Plot(2.0, np.reciprocal, -1),  # Fowler-Nordheim
)


def cuts(v: FloatArray, i: FloatArray, weight: FloatArray, scatter: float) -> list[int]:
    """Indices at which a stretch begins, the first not counted.

    Parameters
    ----------
    v, i : (n,) arrays
        Magnitudes [V], [A], above 0, in rising order of v.
    weight : (n,) array
        Of each logarithm.
    scatter : float
        Relative scatter of the readings.

    Returns
    -------
    list of int
        Empty where one straight line is enough.
    """
    step = max(1, -(-v.size // THINNED))
    if v.size < 2 * LEAST_POINTS * step:
        return []
    error = max(scatter / np.sqrt(step), LEAST_SCATTER)
    thin = slice(None, None, step)
    price = np.log(v[thin].size)
    cost = _stretches(np.log(v[thin]), np.log(i[thin]), weight[thin], price * error**2)
    totals, ends = _best(cost / error**2)
    pieces = int(np.argmin([total + 2 * price * k for k, total in enumerate(totals)]))
    return [int(k) * step for k in ends[pieces]]


def _stretches(x: FloatArray, y: FloatArray, weight: FloatArray, price: float) -> FloatArray:
    """Least squares cost of every stretch i..j in the best plot, (n, n); infinite where too short."""
    n = x.size
    w = weight**2
    best = np.full((n, n), np.inf)
    v = np.exp(x)
    for plot in PLOTS:
        z = y - plot.level * x
        s, sz, szz = _sums(w), _sums(w * z), _sums(w * z * z)
        rest = szz - sz * sz / s
        total = rest + price
        if plot.x is not None:
            u = plot.x(v)
            u = (u - u.mean()) / np.std(u)
            su, suu, suz = _sums(w * u), _sums(w * u * u), _sums(w * u * z)
            along, across = suu - su * su / s, suz - su * sz / s
            with np.errstate(all="ignore"):
                gain = np.where(plot.sign * across > 0, across**2 / along, 0.0)
            total = rest - np.where(np.isfinite(gain), gain, 0.0) + 2 * price
        best = np.minimum(best, np.maximum(total, 0.0))
    begin, end = np.indices((n, n))
    short = end - begin < LEAST_POINTS - 1
    best[short] = np.inf
    return best


def _sums(values: FloatArray) -> FloatArray:
    """Sum from i to j, (n, n); 1 below the diagonal, where nothing is read."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    out = total[None, 1:] - total[:-1, None]
    out[np.tril_indices(values.size, -1)] = 1.0
    return out


def _best(cost: FloatArray) -> tuple[list[float], list[list[int]]]:
    """Least total cost with 1, 2, ... stretches, and where they begin."""
    n = cost.shape[0]
    reach = cost[0].copy()  # least cost of points 0..j
    totals: list[float] = [float(reach[-1])]
    starts: list[list[int]] = [[]]
    trail: list[NDArray[np.intp]] = []
    for pieces in range(2, MOST + 1):
        # the last stretch begins at k: points 0..k-1 are done
        options = np.concatenate([[np.inf], reach[:-1]])[:, None] + cost
        last = np.argmin(options, axis=0)
        reach = options[last, np.arange(n)]
        trail.append(last)
        found, end = [], n - 1
        for level in range(pieces - 2, -1, -1):
            begin = int(trail[level][end])
            found.append(begin)
            end = begin - 1
        if not np.isfinite(reach[-1]):
            break
        totals.append(float(reach[-1]))
        starts.append(found[::-1])
    return totals, starts
