"""Ways to describe the points of a branch's side, and what each is worth.

One mechanism, several of them on stretches of their own, and currents that add up describe the same
points with more or fewer parameters; Schwarz's criterion compares them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fitting.autocorrelation import effective_points
from fitting.contest import Contest, shares
from fitting.parallel import Parallel
from fitting.selection import bic

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One way to describe the points of a side: by one mechanism, by stretches, by a sum.

    Parameters
    ----------
    contests : list of Contest
    sums : tuple of Parallel
    cost : float
        Sum of squared residuals.
    k : int
        Parameters, a cut counting as one.
    residual : (n,) array
    places : (n,) array
        Of the residuals in the branch.
    """

    contests: list[Contest]
    sums: tuple[Parallel, ...]
    cost: float
    k: int
    residual: FloatArray
    places: NDArray[np.intp]

    def criterion(self, n_effective: float) -> float:
        """Schwarz's, with the points that count."""
        return bic(self.cost, self.residual.size, max(n_effective, self.k + 2.0), self.k)


def weighed(chosen: Shape, shapes: list[Shape], points: float) -> Shape:
    """The shape with weights that are the means over all shapes, each as likely as it is.

    Which mechanism rules a stretch depends on whether there is a stretch at all.
    """
    if len(shapes) == 1:
        return chosen
    points = max(points, max(s.k for s in shapes) + 2.0)
    fits = {str(n): (s.residual[np.argsort(s.places)], s.k) for n, s in enumerate(shapes)}
    share = shares(fits, points, schwarz=True)
    contests = []
    for c in chosen.contests:
        mean: dict[str, float] = {}
        table = dict(c.candidates)
        for n, shape in enumerate(shapes):
            there = max(shape.contests, key=lambda o: np.count_nonzero(o.used & c.used))
            for name, weight in there.weights.items():
                mean[name] = mean.get(name, 0.0) + share[str(n)] * weight
                table.setdefault(name, there.candidates[name])
        contests.append(replace(c, weights=mean, candidates=table))
    return replace(chosen, contests=contests)


def by_one(won: Contest) -> Shape:
    """One mechanism for all points."""
    solution, places = won.winner.solution, np.flatnonzero(won.used)
    return Shape([won], (), solution.cost, solution.u.size, solution.residual, places)


def by_sum(whole: Parallel, contests: list[Contest]) -> Shape:
    """Currents that add up."""
    solution, places = whole.solution, np.flatnonzero(whole.used)
    return Shape(contests, (whole,), solution.cost, solution.u.size, solution.residual, places)


def of_both(many: Sequence[Shape]) -> Shape:
    """Both sides, each by itself."""
    rest = np.concatenate([s.residual for s in many])
    places = np.concatenate([s.places for s in many])
    return Shape([], (), sum(s.cost for s in many), sum(s.k for s in many) + 1, rest, places)


def by_stretches(stretches: list[Contest]) -> Shape:
    """A mechanism for each stretch."""
    solutions = [c.winner.solution for c in stretches]
    rest = np.concatenate([s.residual for s in solutions])
    k = sum(s.u.size for s in solutions) + len(solutions) - 1
    places = np.concatenate([np.flatnonzero(c.used) for c in stretches])
    return Shape(stretches, (), sum(s.cost for s in solutions), k, rest, places)


def better(many: Sequence[Shape], one: Shape) -> bool:
    """Whether the sides by themselves describe the points of both better."""
    both = of_both(many)
    if both.residual.size < one.residual.size:
        return False  # they leave points out
    points = effective_points(both.residual)[0]
    return both.criterion(points) < one.criterion(points)
