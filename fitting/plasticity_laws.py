"""Plasticity laws fitted with additive residuals: the cases of a law, their starts, the contest.

A synaptic weight crosses zero and its noise is additive, so residuals are (y - law)/sigma; a response
whose scatter follows its size is fitted in the logarithm like a current.  Signals are divided by their span
beforehand, so that bounds and steps are for numbers of order 1.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels import registry
from compactmodels.errors import FitRefused
from compactmodels.parameter import Parameter
from compactmodels.parts import Dependence
from fitting.candidate import Candidate
from fitting.diagnostics import remarks, spread
from fitting.engine import Solution, minimise
from fitting.estimates import estimates
from fitting.problem import FAILED, FloatArray, Problem

BoolArray = NDArray[np.bool_]
Values = dict[str, float]

LEAST_SHARE: Final = 0.3
"""Of a record: a train that stops earlier is a record of what comes after."""
ENOUGH: Final = 100
"""Points that a start is sought on."""
STARTS: Final = 4
"""Points of the grid of shapes from which the search begins."""


@dataclass(frozen=True, slots=True, eq=False)
class Additive(Problem):
    """A least-squares problem with noise of a known relative size, whatever the signal's sign.

    Parameters
    ----------
    sigma : (n,) array or float
        Standard deviation of each point, up to a common factor.
    whiten : (n, n) array or None
        Turns correlated noise into noise of its own at each point (the inverse of a root of its
        covariance): generalised least squares.
    """

    sigma: FloatArray | float = 1.0
    whiten: FloatArray | None = None

    def residual(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(y - law)/sigma (n,) and its exact Jacobian (k, n); never NaN."""
        with np.errstate(all="ignore"):
            value, partials = self.current(u)
            r, jac = (self.y - value) / self.sigma, -partials / self.sigma
            if self.whiten is not None:
                r, jac = self.whiten @ r, jac @ self.whiten.T
        good = np.isfinite(r) & (np.abs(r) < FAILED)
        return np.where(good, r, FAILED), np.where(good & np.isfinite(jac), jac, 0.0)


@dataclass(frozen=True, slots=True)
class Case:
    """A law with some of its parameters fixed.

    Parameters
    ----------
    law : str
        Of :func:`compactmodels.registry.dependences`.
    fixed : tuple of (str, float)
        Parameters that do not move; all else is free.
    name : str
        What weights are reported under; the law's name where empty.
    stepped : tuple of str
        A whole number in which the law has a kink (where a train stops): tried one by one.
    """

    law: str
    fixed: tuple[tuple[str, float], ...] = ()
    name: str = ""
    stepped: tuple[str, ...] = ()

    @property
    def part(self) -> Dependence:
        """The law."""
        return registry.dependence(self.law)

    @property
    def label(self) -> str:
        """``name``, or the law's."""
        return self.name or self.law


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A case, fitted.

    Parameters
    ----------
    case : Case
    candidate : Candidate
    """

    case: Case
    candidate: Candidate

    @property
    def cost(self) -> float:
        """Sum of squared residuals."""
        return self.candidate.solution.cost


def free_of(case: Case, x: FloatArray) -> tuple[Parameter, ...]:
    """The case's free parameters with bounds that the record's own x sets."""
    part = case.part
    size = np.abs(x[x != 0])
    low, high = (float(size.min()), float(size.max())) if size.size else (1.0, 1.0)
    out = []
    for p in part.parameters:
        if p.name in dict(case.fixed):
            continue
        if p.name in part.signal + part.per:  # linear in the law: nothing bounds it
            out.append(Parameter(p.name, p.default, p.unit, p.doc))
        elif p.name in case.stepped:
            out.append(Parameter(p.name, high, p.unit, p.doc, LEAST_SHARE * high, high))
        elif p.log:
            middle = math.sqrt(low * high)
            out.append(Parameter(p.name, middle, p.unit, p.doc, 0.01 * low, 100 * high, log=True))
        else:
            out.append(p)
    return tuple(out)


def problem_of(
    case: Case,
    x: FloatArray,
    y: FloatArray,
    sigma: FloatArray | float | None,
    whiten: FloatArray | None = None,
) -> Problem:
    """The least-squares problem; ``sigma`` None: residuals in the logarithm."""
    part = case.part
    declared = {p.name: p for p in part.parameters}
    fixed = {name: (declared[name], value) for name, value in case.fixed}

    def law(at: FloatArray, si: Mapping[str, Any]) -> Any:
        return part.function(at, **si)

    if sigma is None:
        return Problem(law, x, y, free_of(case, x), fixed)
    return Additive(law, x, y, free_of(case, x), fixed, sigma=sigma, whiten=whiten)


def starts_of(problem: Problem, part: Dependence) -> list[Values]:
    """Starts: a grid of the shapes, and for each the least-squares amplitudes, which enter linearly."""
    linear = [p.name for p in problem.free if p.name in part.signal + part.per]
    shapes = [p for p in problem.free if p.name not in linear]
    grids = [_grid(p, problem.x, len(shapes)) for p in shapes]
    fixed = {name: value for name, (_, value) in problem.fixed.items()}
    thin = slice(None, None, max(1, problem.x.size // ENOUGH))
    x, y = problem.x[thin], problem.y[thin]
    sigma = np.broadcast_to(getattr(problem, "sigma", np.abs(problem.y)), problem.y.shape)[thin]
    found: list[tuple[float, Values]] = []
    for point in itertools.product(*grids):
        values = {**fixed, **dict(zip((p.name for p in shapes), point))}
        still = {**values, **dict.fromkeys(linear, 0.0)}
        with np.errstate(all="ignore"):
            base = _at(part, x, still)
            columns = [_at(part, x, {**still, name: 1.0}) - base for name in linear]
        design = np.array(columns).T / sigma[:, None]
        wanted = (y - base) / sigma
        if not (np.all(np.isfinite(design)) and np.all(np.isfinite(wanted))):
            continue
        amplitudes, *_ = np.linalg.lstsq(design, wanted, rcond=1e-10)
        rest = wanted - design @ amplitudes
        values |= dict(zip(linear, map(float, amplitudes)))
        found.append((float(rest @ rest), {p.name: values[p.name] for p in problem.free}))
    found.sort(key=lambda item: item[0])
    return [values for _, values in found[:STARTS]]


def _at(part: Dependence, x: FloatArray, values: Mapping[str, float]) -> FloatArray:
    out: FloatArray = np.broadcast_to(part.function(x, **values), x.shape)
    return out


def _grid(p: Parameter, x: FloatArray, count: int) -> list[float]:
    """Values of a shape that are tried; fewer where several are combined."""
    size = np.abs(x[x != 0])
    points = 15 if count == 1 else 8
    if p.log:
        return list(map(float, np.geomspace(0.3 * size.min(), 3.0 * size.max(), points)))
    if p.name == "dwell":
        return [0.1]
    if p.name == "reach":
        return [0.05, 0.2]
    if p.name == "m":
        return [-3.0, -2.0, -1.0, -0.5, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0]
    return [-7.0, -3.0, -1.0, 1.0, 3.0, 7.0]


def fit_case(
    case: Case,
    x: FloatArray,
    y: FloatArray,
    sigma: FloatArray | float | None,
    whiten: FloatArray | None = None,
) -> Fitted:
    """One case.

    Raises
    ------
    FitRefused
        Codes ``too_few_points no_convergence``.
    """
    problem = problem_of(case, x, y, sigma, whiten)
    if x.size <= len(problem.free):
        raise FitRefused(
            f"{x.size} points for {len(problem.free)} parameters ({', '.join(problem.names)}): measure "
            "more points",
            code="too_few_points",
        )
    if case.stepped:
        return _stepped(case, problem)
    return settled(case, minimise(problem, starts_of(problem, case.part)))


def _stepped(case: Case, full: Problem) -> Fitted:
    """The best whole number, from coarse to fine; it counts as a parameter, with its derivative."""
    (name,) = case.stepped
    top = float(full.x.max())
    tried: dict[int, Solution | None] = {}

    def at(number: int) -> float:
        if number not in tried:
            held = Case(case.law, (*case.fixed, (name, float(number))), case.name)
            problem = problem_of(
                held, full.x, full.y, getattr(full, "sigma", None), getattr(full, "whiten", None)
            )
            near = [s for s in tried.values() if s is not None]
            starts = [near[-1].values] if near else starts_of(problem, case.part)
            try:
                tried[number] = minimise(problem, starts)
            except FitRefused:
                tried[number] = None
        found = tried[number]
        return math.inf if found is None else found.cost

    step = max(1, round(top * (1.0 - LEAST_SHARE) / 9))
    candidates = range(round(top) - step, round(LEAST_SHARE * top), -step)
    best = min(candidates, key=at, default=round(top) - 1)
    while step > 1:
        step = max(1, step // 3)
        near = [best + k * step for k in range(-2, 3)]
        best = min((n for n in near if LEAST_SHARE * top < n < top), key=at)
    solution = tried.get(best)
    if solution is None:
        raise FitRefused(
            f"{case.label} that stops within the record: the search reached no minimum",
            code="no_convergence",
        )
    values = {**solution.values, name: float(best)}
    u = full.internal(values)
    residual, jacobian = full.residual(u)
    return settled(case, Solution(full, u, u + 1.0, residual, jacobian, (), solution.starts, ()))


def settled(case: Case, solution: Solution) -> Fitted:
    """A minimum with its errors and warnings."""
    s = spread(solution)
    found = tuple(remarks(solution, s))
    return Fitted(case, Candidate(case.part, solution, s, estimates(solution, s), warnings=found))
