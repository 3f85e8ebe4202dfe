"""The search: lmfit's Levenberg-Marquardt with the exact Jacobian, from several starts.

lmfit swaps bounds that stand the wrong way round and clips start values without a word, so both
are checked before it sees them.  A search that did not reach a minimum is never a result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import FitRefused
from fitting.problem import Problem

FloatArray = NDArray[np.float64]

MAX_EVALUATIONS: Final = 60
"""Of the residual, for one start of up to four parameters; in proportion for more."""
GRADIENT: Final = 1e-4
"""Largest cosine between the residual and a column of the Jacobian at a minimum."""
AT_BOUND: Final = 1e-6
"""Distance to a bound, relative to the bounds' span, at which it counts as hit."""
SAME_COST: Final = 1e-3
"""Relative difference of cost below which two minima are equally good."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A minimum.

    Parameters
    ----------
    problem : Problem
    u : (k,) array
        Search coordinates.
    start : (k,) array
        Where that search began.
    residual : (n,) array
        ln|y| - ln|law|.
    jacobian : (k, n) array
    at_bound : tuple of str
        Names of the parameters that lie on a bound.
    starts : int
        Starts at hand; the search ends early when two agree.
    rivals : tuple of mapping
        Other minima of the same cost, in declared units.
    fuller : Problem or None
        One with a parameter more that did not earn its place, and that the errors allow for.
    elsewhere : tuple of mapping
        Starts from which the intervals look for other minima that the data allow.
    """

    problem: Problem
    u: FloatArray
    start: FloatArray
    residual: FloatArray
    jacobian: FloatArray
    at_bound: tuple[str, ...]
    starts: int
    rivals: tuple[Mapping[str, float], ...]
    fuller: Problem | None = None
    elsewhere: tuple[Mapping[str, float], ...] = ()

    @property
    def values(self) -> dict[str, float]:
        """Free parameters in declared units."""
        return self.problem.external(self.u)

    @property
    def cost(self) -> float:
        """Sum of squared residuals."""
        return float(self.residual @ self.residual)

    @property
    def rms_decades(self) -> float:
        """Root mean square distance of the data from the law, weighted, in decades."""
        power = float(np.sum(self.problem.weight**2))
        return math.sqrt(self.cost / power) / math.log(10.0)


def minimise(problem: Problem, starts: Sequence[Mapping[str, float]]) -> Solution:
    """The best minimum from several starts.

    Parameters
    ----------
    problem : Problem
    starts : sequence of mapping
        Start values in declared units; those outside the bounds are moved inside.

    Raises
    ------
    FitRefused
        Code ``no_convergence``: no start led to a minimum; code ``too_few_points``.
    """
    if problem.x.size <= len(problem.free):
        raise FitRefused(
            f"{problem.x.size} usable points for {len(problem.free)} parameters "
            f"({', '.join(problem.names)}): measure more points",
            code="too_few_points",
        )
    found: list[tuple[float, FloatArray, FloatArray]] = []
    begun = sorted((inside(problem, values) for values in starts), key=problem.size)
    for start in begun:
        u = _search(problem, start)
        r, jac = problem.residual(u)
        if _is_minimum(problem, u, r, jac):
            found.append((float(r @ r), u, start))
            if _agreed(found):
                break
    if not found:
        raise FitRefused(
            f"the search for {', '.join(problem.names)} reached no minimum from {len(starts)} "
            f"start(s) within {_allowed(problem)} evaluations each: the data may not follow this "
            "equation; try another mechanism or restrict the voltage range",
            code="no_convergence",
        )
    found.sort(key=lambda item: item[0])
    cost, u, start = found[0]
    r, jac = problem.residual(u)
    rivals = tuple(
        problem.external(other)
        for c, other, _ in found[1:]
        if c <= cost * (1 + SAME_COST) + 1e-20 and not np.allclose(other, u, rtol=1e-2, atol=1e-2)
    )
    return Solution(problem, u, start, r, jac, at_bounds(problem, u), len(begun), rivals)


def _allowed(problem: Problem) -> int:
    return max(MAX_EVALUATIONS, MAX_EVALUATIONS * len(problem.free) // 4)


def _agreed(found: list[tuple[float, FloatArray, FloatArray]]) -> bool:
    """Whether the best two searches, from different starts, ended in the same place."""
    if len(found) < 2:
        return False
    (c1, u1, _), (c2, u2, _) = sorted(found, key=lambda item: item[0])[:2]
    return c2 - c1 <= 1e-8 * c2 + 1e-20 and bool(np.allclose(u1, u2, rtol=1e-4, atol=1e-4))


def inside(problem: Problem, values: Mapping[str, float]) -> FloatArray:
    """Search coordinates of a start, moved off the bounds (where lmfit's transform is flat)."""
    u = []
    for p, (low, high) in zip(problem.free, problem.bounds()):
        value = values[p.name]
        x = math.log(max(value, 1e-300)) if p.log else value
        span = high - low
        margin = 1e-3 * span if math.isfinite(span) else 1e-9
        u.append(min(max(x, low + margin), high - margin))
    return np.array(u)


def _search(problem: Problem, start: FloatArray) -> FloatArray:
    """Search coordinates at which lmfit stopped."""
    from fitting.search import Coordinates, Search

    coordinates = Coordinates.of(problem.names, start, problem.bounds())
    seen: list[Any] = [None, None, None]

    def evaluate(params: Any) -> tuple[FloatArray, FloatArray]:
        at = params.at
        if seen[0] != at:
            seen[0] = at
            seen[1:] = problem.residual(np.array(at))
        return seen[1], seen[2]

    out = Search(
        lambda params: evaluate(params)[0],
        coordinates,
        nan_policy="propagate",  # a residual is never NaN
        max_nfev=_allowed(problem),
        Dfun=lambda params: evaluate(params)[1],
        col_deriv=1,
        ftol=1e-10,
        xtol=1e-10,
    ).leastsq()
    return np.array(out.params.at)


def at_bounds(problem: Problem, u: FloatArray) -> tuple[str, ...]:
    """Names of the parameters that lie on a bound at search coordinates ``u``."""
    hit = []
    for p, x, (low, high) in zip(problem.free, u, problem.bounds()):
        reach = AT_BOUND * (high - low if math.isfinite(high - low) else max(1.0, abs(x)))
        if x - low <= reach or high - x <= reach:
            hit.append(p.name)
    return tuple(hit)


def _is_minimum(problem: Problem, u: FloatArray, r: FloatArray, jac: FloatArray) -> bool:
    """Finite, and the residual at right angles to the Jacobian's columns off the bounds."""
    if not np.all(np.isfinite(u)) or np.any(r >= FAILED_RESIDUAL):
        return False
    bound = at_bounds(problem, u)
    norm = float(np.linalg.norm(r))
    if norm <= 1e-9 * math.sqrt(r.size):
        return True
    for p, column in zip(problem.free, jac):
        length = float(np.linalg.norm(column))
        if p.name not in bound and length > 0 and abs(column @ r) > GRADIENT * length * norm:
            return False
    return True


FAILED_RESIDUAL: Final = 999.0
"""A residual this large marks a point where the equation gave nothing."""
