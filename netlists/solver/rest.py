"""Where selectors come to rest under constant voltages, the devices' states held.

They start where they are said to be and move as their own equations say, until nothing changes: of
several equilibria, the one that is reached when the voltages are switched on.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import SimulationError
from netlists.solver import pcg
from netlists.solver.cells import ArrayCells
from netlists.solver.stepping import Capacitors, Point, Refused, Stepper

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

PATH: Final = 3e-3
"""Of a state, in a step on the way."""
NEAR: Final = 0.03
"""How far states may be from where they are heading, when the way is left for the equations themselves."""
REACHED: Final = 1e-10
"""The same, at rest."""
STRAY: Final = 0.1
"""How far states may move once the way is left: farther, it would be another equilibrium."""
TELLING: Final = 1e-13
"""Change of a state from which its rate's slope is taken."""
FIRST: Final = 1e-15
"""s"""
LAST: Final = 1e9
"""s: what has not come to rest by then never does."""
STEPS: Final = 3_000
ROUNDS: Final = 60
GROWTH: Final = 4.0


def bring_to_rest(
    array: pcg.Array, cells: ArrayCells, vl: FloatArray, vb: FloatArray, frozen: BoolArray
) -> int:
    """Leave the cells at the states where they rest; the number of steps.

    Parameters
    ----------
    vl, vb : (m,) and (n,) arrays
        Voltages of sources and outputs [V].
    frozen : (q, m, n) array of bool
        States that are held.

    Raises
    ------
    SimulationError
        Code ``no_convergence``: no balance, or no rest.
    """
    if frozen.all() or not cells.moving:
        return 0
    m, n = cells.shape
    nothing = Capacitors(cells, np.zeros(m), np.zeros(n), charged=False)
    span = float(max(np.abs(vl).max(), np.abs(vb).max())) or 1.0
    stepper = Stepper(array, cells, nothing, frozen, PATH, span)
    now = stepper.rest(0.0, vl, vb)
    slope = np.full(now.states.shape, np.nan)
    h, failed = FIRST, 0
    for count in range(STEPS):
        try:
            point, error = stepper.step(now, None, None, now.time + h, vl, vb)
        except Refused:
            point, error = now, np.inf
        if error <= 1.0:
            most, _ = _far(stepper, now, point, slope)
            if count >= failed and most <= NEAR:
                if _ends(stepper, now, point, slope):
                    return count
                failed = 2 * count
            now = point
            h *= min(GROWTH, 0.9 * max(error, 1e-4) ** -0.5)
        else:
            h *= 0.25 if not np.isfinite(error) else max(0.2, 0.8 * error**-0.5)
        if not 1e-6 * FIRST < h < LAST:
            break
    raise SimulationError(
        f"the selectors of {m} x {n} cells did not come to rest: keep their states (hold=True), or follow "
        "them in a transient",
        code="no_convergence",
    )


def _rates(stepper: Stepper, now: Point) -> FloatArray:
    """Of the states that are not held [1/s]."""
    stepper.cells.put(now.states)
    rates = stepper.cells.rates(now.drops, stepper.array.workers)
    return np.where(stepper.frozen, 0.0, rates)


def _far(
    stepper: Stepper, before: Point, now: Point, slope: FloatArray
) -> tuple[float, FloatArray]:
    """How far the states are from rest, at most and each, by the secants of their rates.

    ``slope`` keeps the last one of each that its change was large enough to tell.
    """
    old, new = _rates(stepper, before), _rates(stepper, now)
    moved = now.states - before.states
    with np.errstate(all="ignore"):
        known = (new - old) / moved
        np.copyto(slope, known, where=(np.abs(moved) > TELLING) & np.isfinite(known))
        away = np.where(new == 0.0, 0.0, -new / slope)
    return (float(np.abs(away).max()) if np.isfinite(away).all() else np.inf), away


def _ends(stepper: Stepper, before: Point, start: Point, slope: FloatArray) -> bool:
    """Solve for rest from nearby; each state answers to its own change above all."""
    now = start
    for _ in range(ROUNDS):
        most, step = _far(stepper, before, now, slope)
        if most <= REACHED:
            return True
        states = np.clip(now.states + np.where(np.isfinite(step), step, 0.0), 0.0, 1.0)
        if np.abs(states - start.states).max() > STRAY:
            break
        stepper.cells.put(states)
        before, now = now, stepper.rest(start.time, start.vl, start.vb)
    stepper.cells.put(start.states)
    stepper.rest(start.time, start.vl, start.vb)
    return False
