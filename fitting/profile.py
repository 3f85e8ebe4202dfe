"""Profile likelihood: how far a quantity can be moved, all else refitted, before the misfit tells.

Venzon & Moolgavkar, Appl. Stat. 37, 87 (1988), doi:10.2307/2347496; Bates & Watts, *Nonlinear
Regression Analysis* (1988), doi:10.1002/9780470316757, chapter 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fitting.problem import Problem

FloatArray = NDArray[np.float64]
Evaluate = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Residual (n,) and exact Jacobian (k, n) at search coordinates (k,)."""

STEPS: Final = 40
"""Evaluations of one refit."""
PROBES: Final = 14
"""Refits on the way to one end; if they do not do, the next one outside that was tried is the end."""
NEAR: Final = 0.02
"""Of the half-width: how closely an end is found."""
REACH: Final = 1e4
"""Half-widths beyond which an interval has no end."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """A number that a fit gives: a search coordinate, or a function of several.

    Parameters
    ----------
    name, unit : str
    log : bool
        Whether its coordinate is the logarithm.
    at : callable
        ``at(u)``: the coordinate and its gradient (k,).
    lower, upper : float
        Bounds of the coordinate.
    """

    name: str
    unit: str
    log: bool
    at: Callable[[FloatArray], tuple[float, FloatArray]]
    lower: float = -math.inf
    upper: float = math.inf

    def outside(self, coordinate: float) -> float:
        """The number itself."""
        with np.errstate(all="ignore"):
            return float(np.exp(coordinate)) if self.log else coordinate

    def remembering(self) -> Quantity:
        """The same, not computed again where it was asked for last: a step ends where the next begins."""
        last: dict[bytes, tuple[float, FloatArray]] = {}

        def at(u: FloatArray) -> tuple[float, FloatArray]:
            key = u.tobytes()
            if key not in last:
                found = self.at(u)
                last.clear()
                last[key] = found
            return last[key]

        return replace(self, at=at)


def coordinate(problem: Problem, name: str) -> Quantity:
    """The quantity that is a free parameter of the problem."""
    k = problem.names.index(name)
    p, (low, high) = problem.free[k], problem.bounds()[k]
    unit = np.zeros(len(problem.free))
    unit[k] = 1.0
    return Quantity(name, p.unit, p.log, lambda u: (float(u[k]), unit), low, high)


@dataclass(frozen=True, slots=True, eq=False)
class Valley:
    """The neighbourhood of a minimum, in which quantities are moved.

    Parameters
    ----------
    evaluate : callable
    u : (k,) array
        The minimum.
    cost : float
        Sum of squared residuals there.
    covariance : (k, k) array
        Gives the scale of each coordinate and the direction in which to begin.
    low, high : (k,) arrays
        Bounds of the coordinates.
    """

    evaluate: Evaluate
    u: FloatArray
    cost: float
    covariance: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """One end of an interval.

    Parameters
    ----------
    at : float
        In the quantity's coordinate.
    open : bool
        Whether the data set no end on this side: a bound, or nothing at all.
    straight : bool
        Whether the misfit grew as the covariance says.
    deeper : (k,) array or None
        A better minimum that was met on the way.
    """

    at: float
    open: bool
    straight: bool
    deeper: FloatArray | None = None


def end(valley: Valley, quantity: Quantity, half: float, rise: float, side: int) -> End:
    """Where the misfit, all else refitted, has risen by ``rise``.

    Parameters
    ----------
    valley : Valley
    quantity : Quantity
    half : float
        Half-width by the covariance, where the search begins.
    rise : float
        Of the sum of squared residuals.
    side : int
        -1 for the lower end, +1 for the upper one.
    """
    begin, gradient = quantity.at(valley.u)
    limit = quantity.upper if side > 0 else quantity.lower
    room = abs(limit - begin)
    if room <= 1e-9 * max(1.0, abs(begin)):
        return End(limit, True, False)
    half = half if math.isfinite(half) and half > 0 else 0.1 * max(1.0, abs(begin))
    path = _path(valley, gradient)
    step, inner, outer = min(half, room), (0.0, -1.0), None
    u, width = valley.u, math.inf
    for trial in range(PROBES):
        ahead = u if trial else valley.u + path * (side * step)
        moved = refit(valley, ahead, 0.02 * rise, quantity, begin + side * step)
        excess = math.inf
        if moved is not None:
            if moved[1] < valley.cost - 0.02 * rise:
                return End(begin + side * step, False, False, moved[0])
            excess = math.sqrt(max(moved[1] - valley.cost, 0.0) / rise) - 1.0
        if trial == 0 and step == half and abs(excess) <= STRAIGHT:
            return End(begin + side * half, False, True)
        if abs(excess) <= NEAR:
            return End(begin + side * step, False, False)
        if excess < 0:
            inner = (step, excess)
            if step >= room:
                return End(limit, True, False)
            if step >= REACH * half:
                return End(side * math.inf, True, False)
        else:
            outer = (step, excess)
        last = step
        step = _next(inner, outer, room)
        if outer is not None:
            before, width = width, outer[0] - inner[0]
            if width <= NEAR * outer[0]:
                break
            if width > 0.5 * before:
                step = 0.5 * (inner[0] + outer[0])
        if moved is not None:  # along the valley's floor as far as it is known
            u = valley.u + (moved[0] - valley.u) * (step / last)
        else:
            u = valley.u + path * (side * step)
    shut = outer is None or not math.isfinite(outer[1])  # by bounds of others, not by the data
    return End(begin + side * (outer or inner)[0], shut, False)


STRAIGHT: Final = 0.05
"""Of the half-width: how far the profile may leave the covariance before it takes over."""


def _next(inner: tuple[float, float], outer: tuple[float, float] | None, room: float) -> float:
    """The next step: outwards by the slope found, or between what is inside and outside."""
    if outer is None:
        step, excess = inner
        growth = 1.0 / max(1.0 + excess, 1e-3)
        return min(step * min(max(1.05 * growth, 1.1), 4.0), room)
    (a, low), (b, high) = inner, outer
    if not math.isfinite(high):
        return 0.5 * (a + b)
    share = -low / (high - low)
    return a + (b - a) * min(max(share, 0.05), 0.95)


def _path(valley: Valley, gradient: FloatArray) -> FloatArray:
    """How the coordinates move with the quantity at the covariance's word, per unit."""
    with np.errstate(all="ignore"):
        moved = valley.covariance @ gradient
        length = float(gradient @ moved)
    if math.isfinite(length) and length > 0 and np.all(np.isfinite(moved)):
        return moved / length
    return gradient / float(gradient @ gradient)


def refit(
    valley: Valley,
    u: FloatArray,
    enough: float,
    held: Quantity | None = None,
    value: float = 0.0,
) -> tuple[FloatArray, float] | None:
    """Levenberg-Marquardt within bounds, with one quantity held at ``value``.

    The held quantity gives one coordinate as a function of the others; that one is eliminated.

    Parameters
    ----------
    valley : Valley
    u : (k,) array
        Start.
    enough : float
        Gain in the sum of squares below which no further step is made.
    held : Quantity, optional
    value : float
        Of the held quantity's coordinate.

    Returns
    -------
    (u, cost), or None where the quantity cannot have that value within the bounds
    """
    low, high = valley.low, valley.high
    u = np.clip(u, low, high)
    pivot = -1
    if held is not None:
        _, slope = held.at(u)
        scale = np.sqrt(np.maximum(np.diag(valley.covariance), 0.0))
        pivot = int(np.argmax(np.abs(slope) * np.where(np.isfinite(scale), scale, 1.0)))
        restored = _restore(u, held, value, pivot, low, high)
        if restored is None:
            return None
        u = restored
    rest = np.arange(u.size) != pivot
    places = np.flatnonzero(rest)
    r, jac = valley.evaluate(u)
    cost, damping, spent = float(r @ r), 1e-6, 1
    while spent < STEPS:
        moving = jac[rest]
        if held is not None:
            _, slope = held.at(u)
            moving = moving - np.outer(slope[rest] / slope[pivot], jac[pivot])
        gradient = moving @ r
        stuck = ((u[rest] <= low[rest]) & (gradient > 0)) | (
            (u[rest] >= high[rest]) & (gradient < 0)
        )
        normal = moving @ moving.T
        go = ~stuck & (np.diag(normal) > 0)
        if not go.any():
            break
        normal, gradient, index = normal[np.ix_(go, go)], gradient[go], places[go]
        scale = np.diag(np.diag(normal))
        better = None
        while better is None and damping < 1e8 and spent < STEPS:
            step = np.linalg.solve(normal + damping * scale, -gradient)
            gain = -2.0 * float(gradient @ step) - float(step @ normal @ step)
            if gain <= enough:
                break
            ahead = u.copy()
            ahead[index] = np.minimum(np.maximum(u[index] + step, low[index]), high[index])
            if held is not None:
                ahead_or_none = _restore(ahead, held, value, pivot, low, high)
                if ahead_or_none is None:
                    damping = max(10 * damping, 1e-3)
                    continue
                ahead = ahead_or_none
            r_new, jac_new = valley.evaluate(ahead)
            spent += 1
            cost_new = float(r_new @ r_new)
            if cost_new < cost:
                better = ahead
            else:
                damping = max(10 * damping, 1e-3)
        if better is None:
            break
        u, r, jac, cost = better, r_new, jac_new, cost_new
        damping = max(damping / 10, 1e-9)
    return u, cost


def _restore(
    u: FloatArray, held: Quantity, value: float, pivot: int, low: FloatArray, high: FloatArray
) -> FloatArray | None:
    """``u`` with one coordinate moved so that the held quantity has its value; None outside bounds."""
    u = u.copy()
    for _ in range(20):
        found, slope = held.at(u)
        if not math.isfinite(found) or slope[pivot] == 0.0:
            return None
        miss = value - found
        if abs(miss) <= 1e-12 * max(1.0, abs(value)):
            break
        u[pivot] += miss / slope[pivot]
    margin = 1e-9 * max(1.0, abs(u[pivot]))
    if not low[pivot] - margin <= u[pivot] <= high[pivot] + margin:
        return None
    return u
