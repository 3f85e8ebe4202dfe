"""The operating point of a compiled module: the voltages of its inner nodes, the states held."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import SimulationError

FloatArray = NDArray[np.float64]
Evaluate = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Residual currents [A] and their Jacobian [S] at node voltages [V]: shapes (k,), (k, k) of (k,)."""

_NEWTON_STEPS: Final = 400
_DOUBLINGS: Final = 200


def settle(evaluate: Evaluate, x: FloatArray, free: NDArray[np.int_]) -> FloatArray:
    """Node voltages at which the residuals of the nodes ``free`` vanish.

    With the states held these nodes do not see one another, and the current that leaves one grows
    with its voltage: each keeps the bracket that its residual's sign allows.  Where Newton's step
    would leave it, or no longer halves it (a current that grows by a decade in 60 mV lets Newton
    creep), the bracket is halved.

    Parameters
    ----------
    evaluate : callable
    x : array, shape (k,)
        Voltages [V] to start from; those that are not free stay.
    free : array of int, shape (m,)

    Returns
    -------
    array, shape (k,)

    Raises
    ------
    SimulationError
        Newton's iteration did not settle.
    """
    x = x.copy()
    if not free.size:
        return x
    low, high = np.full(free.size, -np.inf), np.full(free.size, np.inf)
    last = np.full(free.size, np.inf)
    for _ in range(_NEWTON_STEPS):
        residual, jacobian = evaluate(x)
        inner, at = residual[free], x[free]
        low, high = np.where(inner < 0, at, low), np.where(inner > 0, at, high)
        step = np.linalg.solve(jacobian[np.ix_(free, free)], -inner)
        width = high - low
        # (Rounding makes the last steps wander; that is no creeping.)
        creeping = np.abs(step) > np.maximum(np.abs(last) / 2, 1e-12 + 1e-9 * np.abs(at))
        outside = (at + step < low) | (at + step > high)
        with np.errstate(invalid="ignore"):  # an open bracket has no middle and needs none
            middle = low + width / 2
        halve = np.isfinite(width) & (creeping | outside) & (inner != 0)
        new = np.where(halve, middle, at + step)
        last = new - at
        x[free] = new
        if np.all(np.abs(last) <= 1e-15 + 4e-16 * np.abs(new)):
            return x
    if np.any(np.abs(last) > 1e-12 + 1e-12 * np.abs(x[free])):
        raise SimulationError(
            f"no operating point at {x[0]:g} V after {_NEWTON_STEPS} steps", code="no_convergence"
        )
    return x


def settle_heated(
    evaluate: Evaluate, x: FloatArray, free: NDArray[np.int_], rise: int
) -> FloatArray:
    """The same where the node ``rise`` holds a temperature rise that every other node sees.

    The rise is searched from 0 upwards, so that of several self-consistent ones (a current that grows
    with its own heat) the lowest is found.

    Raises
    ------
    SimulationError
        No rise balances the dissipated power.
    """
    from scipy.optimize import brentq

    others = free[free != rise]

    last = x.copy()

    def settled(kelvin: float) -> FloatArray:
        last[rise] = kelvin
        last[:] = settle(evaluate, last, others)  # the next search begins here
        return last.copy()

    def excess(kelvin: float) -> float:
        return float(evaluate(settled(kelvin))[0][rise])

    least = excess(0.0)
    if least >= 0:  # no power, or no thermal resistance
        return settled(0.0)
    high = -least if math.isfinite(least) else 1.0
    for _ in range(_DOUBLINGS):
        if excess(high) >= 0:
            return settled(float(brentq(excess, 0.0, high, xtol=1e-15 * high, rtol=1e-15)))
        high *= 2
    raise SimulationError(
        f"no temperature rise balances the power at {x[0]:g} V", code="no_convergence"
    )
