r"""Closed forms beside what the studies solve.

Of an array of equal cells of conductance G with a segment resistance r, word lines driven at one end
and bit lines at virtual ground at theirs.  Each line by itself is a ladder: over n cells the voltage
falls as :math:`\cosh(x(1 - j/n))/\cosh x` with :math:`x = n\sqrt{rG}`.  Both together are taken as the
product, which is exact to first order in r G n^2 and too large a loss beyond.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def strength(cells: ArrayLike, r: ArrayLike, g: ArrayLike) -> FloatArray:
    r"""x = n sqrt(r G) of a line: how much a line of n cells takes from them; above 1 it takes most."""
    return np.asarray(cells) * np.sqrt(np.multiply(r, g))


def mean_share(rows: int, cols: int, r: float, g: float) -> float:
    """Mean over all cells of the voltage that reaches them, over that applied."""
    return float(_mean(strength(cols, r, g)) * _mean(strength(rows, r, g)))


def last_line_share(rows: int, cols: int, r: float, g: float) -> float:
    """The same along the bit line that is farthest from the sources: the share of its current."""
    return float(_end(strength(cols, r, g)) * _mean(strength(rows, r, g)))


def worst_share(rows: int, cols: int, r: float, g: float) -> float:
    """The same of the cell that is farthest from both its source and its output."""
    return float(_end(strength(cols, r, g)) * _end(strength(rows, r, g)))


def largest(limit: float, r: float, g: float) -> float:
    """Lines of a square array at which :func:`last_line_share` is 1 - limit; infinite without r."""
    from scipy.optimize import brentq

    if r == 0:
        return float("inf")
    x = brentq(lambda x: float(_end(x) * _mean(x)) - (1.0 - limit), 1e-9, 50.0, xtol=1e-12)
    return float(x / np.sqrt(r * g))


def _mean(x: ArrayLike) -> FloatArray:
    x = np.asarray(x, dtype=np.float64)
    small = x < 1e-4
    safe = np.where(small, 1.0, x)
    return np.where(small, 1.0 - x * x / 3.0, np.tanh(safe) / safe)


def _end(x: ArrayLike) -> FloatArray:
    return 1.0 / np.cosh(np.minimum(x, 300.0))


def scatter(conductances: ArrayLike, sigma: float) -> float:
    """Standard deviation of a bit line's current over the current, of independent log-normal devices."""
    g = np.asarray(conductances, dtype=np.float64)
    each = np.sqrt(np.expm1(sigma**2))  # of one device, over its own mean
    return float(each * np.sqrt(np.sum(g**2)) / np.sum(g))


def floating_sneak(rows: int, cols: int, g: float) -> float:
    """Conductance of all sneak paths around one cell, all other cells G, other lines floating [S].

    Through the cells of its word line, those that share no line with it, those of its bit line:
    three groups in series.
    """
    if min(rows, cols) < 2:
        return 0.0
    resistance = 1 / (cols - 1) + 1 / ((rows - 1) * (cols - 1)) + 1 / (rows - 1)
    return g / resistance


def settling(rows: int, cols: int, r: float, c: float, part: float) -> float:
    r"""Seconds until a step is settled to ``part`` at the end of both lines, cells taken as open.

    The slowest mode of an open line decays with :math:`4 r c n^2/\pi^2`, a word line's and a bit line's
    one after the other; the first residue is :math:`4/\pi`.
    """
    tau = 4.0 * r * c / np.pi**2
    return float((rows**2 + cols**2) * tau * np.log(4.0 / np.pi / part))


def sneak_share(own: float, others: float, floating: float, rows: int) -> float:
    """Part of a bit line's current that is the read cell's own, lines ideal.

    Parameters
    ----------
    own : float
        Current of the cell [A].
    others : float
        Of each other cell on the bit line, at the voltage that the scheme leaves to it [A].
    floating : float
        Through all sneak paths of a scheme that leaves lines floating [A].
    rows : int
    """
    return own / (own + (rows - 1) * others + floating)
