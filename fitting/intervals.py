"""The intervals that a result reports: covariance where it holds, profile or bootstrap where not.

For each quantity the profile is probed where the covariance puts the interval's ends.  If the misfit
has risen there as it should, the covariance stands; else the ends are searched for.  Where the
residuals that fix the quantity scatter more than the others, the bootstrap says how wide it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import FitRefused
from fitting import bootstrap, identifiability
from fitting.candidate import Candidate
from fitting.diagnostics import Spread, Warned, directions, spread
from fitting.engine import Solution, at_bounds, inside
from fitting.estimates import LEVEL, derived, estimates, quantile
from fitting.problem import Problem
from fitting.profile import Quantity, Valley, coordinate, end, refit
from fitting.result import Estimate

FloatArray = NDArray[np.float64]

EXACT: Final = 1e-9
"""Scatter, in ln units, below which there is no noise to make an interval of."""
OPEN: Final = "open_interval"
SAME: Final = 0.02
"""In search coordinates: two minima that are one."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval.

    Parameters
    ----------
    low, high : float
        In the quantity's coordinate.
    method : str
        ``covariance``, ``profile`` or ``bootstrap``.
    open_low, open_high : bool
        Whether the data set no end there.
    stderr : float
        Standard error of the coordinate.
    """

    low: float
    high: float
    method: str
    open_low: bool
    open_high: bool
    stderr: float

    @property
    def nothing(self) -> bool:
        """Whether both ends are open."""
        return self.open_low and self.open_high


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A minimum with everything that its intervals need; the last two of :func:`directions`."""

    solution: Solution
    spread: Spread
    valley: Valley
    rows: FloatArray
    back: FloatArray


def finalise(found: Candidate) -> Candidate:
    """The candidate with the intervals that its result reports.

    They are those of the fuller equation where one was tried and not needed (a series resistance, a
    floor): that the data do not show a parameter does not mean that it is 0, and the others have to
    allow for it.  Intervals of the plain equation alone cover too seldom.

    Parameters
    ----------
    found : Candidate

    Raises
    ------
    FitRefused
        Code ``unidentifiable``: a parameter is open on both sides.
    """
    if found.spread.sigma < EXACT:
        return found
    return _finalised(found, again=True)


def _finalised(found: Candidate, *, again: bool) -> Candidate:
    plain = _ground(found.solution.problem, found.solution, found.offset)
    adrift = identifiability.loose(plain.solution, plain.spread.covariance)
    if any(name in found.estimates for name in adrift):
        raise _refusal(plain, adrift)
    fuller = found.solution.fuller
    ground = plain if fuller is None else _ground(fuller, found.solution, found.offset)
    intervals, deeper = _intervals(found, ground)
    if deeper is None and ground is not plain:
        deeper = ground.solution  # the fuller equation may have led out of a side valley
    lower = None if deeper is None else _lower(found, plain, deeper)
    if lower is not None and again:
        return _finalised(lower, again=False)
    if (
        ground is not plain
    ):  # a bent valley may hide the plain fit, which is a case of the fuller one
        alone, _ = _intervals(found, plain)
        intervals |= {n: _hull(intervals[n], i) for n, i in alone.items() if n in intervals}
    others = _valleys(ground)
    for other in others:
        more, _ = _intervals(found, other)
        intervals |= {n: _hull(intervals[n], i) for n, i in more.items() if n in intervals}
    own = {*found.solution.problem.names, *found.derived}
    hollow = [n for n, i in intervals.items() if i.nothing and n in own]
    if hollow:
        raise _refusal(plain, hollow)
    out = {
        name: _with(e, intervals[name], _quantity(found, ground.solution.problem, name))
        if name in intervals
        else e
        for name, e in found.estimates.items()
    }
    said = [w for name, i in intervals.items() if name in out for w in _open(name, i, out[name])]
    said += [_valley(other) for other in others]
    return replace(found, estimates=out, warnings=(*found.warnings, *said))


def _valleys(ground: Ground) -> list[Ground]:
    """Other minima that the data do not rule out; their misfit counts from the least of all."""
    problem, s = ground.solution.problem, ground.spread
    apart = max(ground.solution.residual.size - ground.valley.u.size, 1)
    rise = quantile(s.dof) ** 2 * ground.valley.cost / apart * (1 + s.rho) / (1 - s.rho)
    found: list[Ground] = []
    for values in ground.solution.elsewhere:
        at = {**dict.fromkeys(problem.names, 0.0), **values}
        other = _settled(ground.valley, ground.solution, inside(problem, at))
        seen = [ground.valley.u, *(o.valley.u for o in found)]
        new = not any(np.allclose(other.valley.u, u, rtol=SAME, atol=SAME) for u in seen)
        if new and other.valley.cost <= ground.valley.cost + rise:
            found.append(other)
    least = min([ground.valley.cost, *(o.valley.cost for o in found)])
    return [replace(o, valley=replace(o.valley, cost=least)) for o in found]


def _valley(ground: Ground) -> Warned:
    values = ground.solution.values
    units = {p.name: p.unit for p in ground.solution.problem.free}
    each = ", ".join(f"{n} = {x:.3g} {units[n]}" for n, x in values.items())
    return Warned(
        "other_minimum", f"the data allow another set of values ({each}): the intervals hold both"
    )


def _hull(one: Interval, other: Interval) -> Interval:
    """``one``, widened to hold the other."""
    below, above = min(one, other, key=lambda i: i.low), max(one, other, key=lambda i: i.high)
    return replace(
        one, low=below.low, open_low=below.open_low, high=above.high, open_high=above.open_high
    )


def _refusal(ground: Ground, names: list[str]) -> FitRefused:
    fixed = identifiability.combination(ground.solution, ground.spread.sigma)
    return identifiability.refusal(names, fixed)


def _open(name: str, i: Interval, e: Estimate) -> list[Warned]:
    """What is said of an end that the data do not set; that nothing is below 0 goes without saying."""
    said = []
    for is_open, side, end_at in (
        (i.open_low, "below", e.interval[0]),
        (i.open_high, "above", e.interval[1]),
    ):
        if is_open and not (side == "below" and end_at == 0.0 and e.how != "fitted"):
            bound = math.isfinite(end_at) and end_at != 0.0
            where = f": its interval ends on its bound {end_at:.4g}" if bound else ""
            said.append(Warned(OPEN, f"the data do not bound '{name}' from {side}{where}"))
    return said


def _with(e: Estimate, i: Interval, q: Quantity) -> Estimate:
    low, high = q.outside(i.low), q.outside(i.high)
    inner = math.log(e.value) if q.log and e.value > 0 else e.value
    if inner <= i.low:
        low = e.value
    if inner >= i.high:
        high = e.value
    stderr = e.stderr
    if math.isfinite(stderr) and math.isfinite(i.stderr):
        stderr = i.stderr * (e.value if q.log else 1.0)
    return replace(e, interval=(low, high), stderr=stderr, method=i.method)


def _quantity(found: Candidate, problem: Problem, name: str) -> Quantity:
    return found.derived[name](problem) if name in found.derived else coordinate(problem, name)


def _intervals(found: Candidate, ground: Ground) -> tuple[dict[str, Interval], Solution | None]:
    """Of every free parameter and derived quantity that is reported; and a better minimum, if met."""
    problem = ground.solution.problem
    names = [*(n for n in problem.names if n in found.estimates), *found.derived]
    out: dict[str, Interval] = {}
    deeper = None
    for name in names:
        met = interval(ground, _quantity(found, problem, name))
        if not isinstance(met, Interval):
            ground = _settled(ground.valley, ground.solution, met)
            deeper = ground.solution
            met = interval(ground, _quantity(found, problem, name))
        if isinstance(met, Interval):
            out[name] = met
    return out, deeper


def _lower(found: Candidate, plain: Ground, deeper: Solution) -> Candidate | None:
    """The candidate at a better minimum that was met on the way, if it is one of its own equation."""
    values = {n: deeper.values[n] for n in found.solution.problem.names}
    start = found.solution.problem.internal(values)
    ground = _settled(plain.valley, plain.solution, start)
    if ground.valley.cost >= plain.valley.cost * (1 - 1e-3):
        return None
    u = ground.solution.u
    residual, jacobian = found.solution.problem.residual(u)
    solution = replace(
        found.solution,
        u=u,
        residual=residual,
        jacobian=jacobian,
        at_bound=ground.solution.at_bound,
        rivals=(),
    )
    fitted = estimates(solution, ground.spread)
    follow = {
        n: derived(q(solution.problem), solution, ground.spread) for n, q in found.derived.items()
    }
    return replace(
        found,
        solution=solution,
        spread=ground.spread,
        estimates={n: (fitted | follow).get(n, e) for n, e in found.estimates.items()},
        warnings=(
            *found.warnings,
            Warned(
                "several_minima",
                "the start values led to another minimum; a better one was met while the intervals were "
                "searched for, and is the result",
            ),
        ),
    )


def interval(ground: Ground, quantity: Quantity) -> Interval | FloatArray:
    """The interval of a quantity, or the place of a better minimum that was met.

    Parameters
    ----------
    ground : Ground
    quantity : Quantity
    """
    valley, s, solution = ground.valley, ground.spread, ground.solution
    quantity = quantity.remembering()
    n = solution.residual.size
    centre, gradient = quantity.at(valley.u)
    with np.errstate(all="ignore"):
        variance = float(gradient @ s.covariance @ gradient)
        white = float(gradient @ s.white @ gradient)
    rise_per = valley.cost / max(n - valley.u.size, 1)
    growth = variance / white if white > 0 else math.nan
    if not (math.isfinite(growth) and growth > 0):
        growth = (1 + s.rho) / (1 - s.rho)
    t = quantile(s.dof)
    sigma = math.sqrt(variance) if variance >= 0 else math.nan
    half, method = t * sigma, "covariance"
    rise = t**2 * rise_per * growth
    wide = _bootstrapped(ground, gradient)
    if wide > half:
        rise *= (wide / half) ** 2
        half, method = wide, "bootstrap"
    ends = [end(valley, quantity, half, rise, side) for side in (-1, 1)]
    for e in ends:
        if e.deeper is not None:
            return e.deeper
    if method == "covariance" and not all(e.straight for e in ends):
        method = "profile"
    low, high = (e.at for e in ends)
    if method != "profile" and all(e.straight for e in ends):
        low, high = centre - half, centre + half
    if ends[0].open and quantity.log:
        low = -math.inf
    if ends[1].open and quantity.log:
        high = math.inf
    return Interval(low, high, method, ends[0].open, ends[1].open, sigma)


def _bootstrapped(ground: Ground, gradient: FloatArray) -> float:
    """Half-width by bootstrap where the spread of the residuals calls for it, else NaN."""
    s, r = ground.spread, ground.solution.residual
    influence = (gradient @ ground.back) @ ground.rows
    leverage = np.sum(ground.rows**2, axis=0)
    if not np.all(np.isfinite(influence)):
        return math.nan
    if bootstrap.unevenness(influence, leverage, r, s.rho) == 1.0:
        return math.nan
    block = math.ceil((1 + s.rho) / (1 - s.rho)) if s.rho > 0 else 1
    return bootstrap.half_width(influence, ground.rows, r, block, LEVEL)


def _ground(problem: Problem, solution: Solution, offset: float) -> Ground:
    """The minimum of ``problem`` next to a solution; parameters that it adds begin at 0."""
    at = dict.fromkeys(problem.names, 0.0) | solution.values
    start = problem.internal({name: at[name] for name in problem.names})

    def evaluate(u: FloatArray) -> tuple[FloatArray, FloatArray]:
        r, jac = problem.residual(u)
        return r + offset, jac

    low, high = np.array(problem.bounds()).T
    valley = Valley(evaluate, start, math.inf, np.eye(len(problem.free)), low, high)
    return _settled(valley, replace(solution, problem=problem), start)


def _settled(valley: Valley, solution: Solution, start: FloatArray) -> Ground:
    """The minimum that is reached from ``start``."""
    first, _ = valley.evaluate(start)
    reached = refit(valley, start, 1e-9 * float(first @ first))
    assert reached is not None  # nothing is held
    u, cost = reached
    r, jac = valley.evaluate(u)
    hit = at_bounds(solution.problem, u)
    solution = replace(solution, u=u, residual=r, jacobian=jac, at_bound=hit)
    s = spread(solution)
    rows, _, back = directions(jac)
    valley = replace(valley, u=u, cost=cost, covariance=s.covariance)
    return Ground(solution, s, valley, rows, back)
