"""Mechanisms in parallel: their currents added up and fitted to the whole branch at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import FitRefused
from compactmodels.parameter import Parameter
from fitting.autocorrelation import effective_points
from fitting.candidate import Candidate
from fitting.contest import Contest
from fitting.diagnostics import Spread, spread
from fitting.engine import Solution, minimise
from fitting.estimates import correlations, derived, estimates
from fitting.problem import FAILED, LOWEST, Problem
from fitting.recipes import Known
from fitting.result import Estimate
from fitting.selection import aicc, bic, weights
from fitting.sweep import Sweep, voltage_of
from fitting.validity import remark

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SEPARATOR: Final = "_"
LEAST_SHARE: Final = 5
"""Points at which a current has to be the largest, or it is no regime."""


@dataclass(frozen=True, slots=True, eq=False)
class Parallel:
    """The fit of a sum of currents.

    Parameters
    ----------
    candidates : tuple of Candidate
        One for each current, as it was fitted by itself.
    names : tuple of str
        Prefix of each one's parameters: ``p1``, ``p2``, ...
    solution : Solution
    spread : Spread
    rules : tuple of (n,) bool arrays
        Points of the branch at which each current is the largest.
    """

    candidates: tuple[Candidate, ...]
    names: tuple[str, ...]
    solution: Solution
    spread: Spread
    rules: tuple[BoolArray, ...]

    def estimates_of(self, k: int) -> dict[str, Estimate]:
        """The estimates of the k-th current by their own names."""
        prefix = self.names[k] + SEPARATOR
        found = estimates(self.solution, self.spread)
        return {
            name.removeprefix(prefix): e for name, e in found.items() if name.startswith(prefix)
        }

    def values_of(self, k: int) -> dict[str, float]:
        """Values of the k-th current's free parameters."""
        prefix = self.names[k] + SEPARATOR
        found = self.solution.values
        return {n.removeprefix(prefix): x for n, x in found.items() if n.startswith(prefix)}

    def correlations(self) -> dict[str, float]:
        """``"p1_a, p2_b"`` -> correlation."""
        return correlations(self.solution, self.spread)

    @property
    def used(self) -> BoolArray:
        """Points of the branch that it was fitted to."""
        used: BoolArray = np.any(self.rules, axis=0)
        return used

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(c.name for c in self.candidates)

    def criterion(self, n_effective: float, *, schwarz: bool = False) -> float:
        """AICc (or BIC) with a number of effective points that all shapes of the branch share."""
        n, k = self.solution.residual.size, self.solution.u.size
        return (bic if schwarz else aicc)(self.solution.cost, n, max(n_effective, k + 3.0), k)


@dataclass(frozen=True, slots=True, eq=False)
class Summed(Problem):
    """A sum of currents on the same points.

    Parameters
    ----------
    law, x, y, free, fixed, scale
        Of :class:`Problem`; ``free`` and ``fixed`` are the blocks' own, with prefixes.
    blocks : tuple of Problem
        Of each current by itself, unweighted.
    """

    blocks: tuple[Problem, ...] = ()

    def residual(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Of the sum, from each block's: exp(-r) is its current over the reading."""
        ends = np.cumsum([len(b.free) for b in self.blocks])[:-1]
        found = [b.residual(part) for b, part in zip(self.blocks, np.split(u, ends))]
        shares = np.exp([-r for r, _ in found])
        total = shares.sum(axis=0)
        good = (total > LOWEST) & np.isfinite(total)
        whole = np.where(good, total, 1.0)
        r = np.where(good, -self.weight * np.log(whole), FAILED)
        rate = np.where(good, self.weight * shares / whole, 0.0)
        return r, np.concatenate([jac * part for (_, jac), part in zip(found, rate)])


def add_up(sweep: Sweep, candidates: Sequence[Candidate]) -> Parallel | None:
    """Fit the sum of the candidates' currents to the used points of a branch.

    None where the search finds no minimum inside the bounds, or a current is nowhere the largest.
    """
    names = tuple(f"p{k + 1}" for k in range(len(candidates)))
    mask = sweep.used
    v, i = voltage_of(sweep.trace)[mask], sweep.trace.current[mask]
    free: tuple[Parameter, ...] = ()
    fixed: dict[str, tuple[Parameter, float]] = {}
    start: dict[str, float] = {}
    blocks = []
    for name, candidate in zip(names, candidates):
        head, problem = name + SEPARATOR, candidate.solution.problem
        sign = -1.0 if candidate.flipped else 1.0
        blocks.append(replace(problem, x=sign * v, y=sign * i, scale=0.0))
        free += tuple(replace(p, name=head + p.name) for p in problem.free)
        fixed |= {head + n: pair for n, pair in problem.fixed.items()}
        start |= {head + n: x for n, x in candidate.solution.values.items()}

    def law(x: Any, si: Mapping[str, Any]) -> Any:
        total: Any = 0.0
        for name, candidate in zip(names, candidates):
            total = total + _one(candidate, name, x, si)
        return total

    problem = Summed(law, v, i, free, fixed, sweep.noise.scale, tuple(blocks))
    try:
        solution = minimise(problem, [start])
    except FitRefused:
        return None
    if solution.at_bound:
        return None
    si = {n: x * p.si_factor for n, (p, x) in fixed.items()}
    si |= {p.name: solution.values[p.name] * p.si_factor for p in free}
    with np.errstate(all="ignore"):
        sizes = [np.abs(_one(c, n, v, si)) for n, c in zip(names, candidates)]
    largest = np.argmax(sizes, axis=0)
    rules = []
    for k in range(len(candidates)):
        rule = np.zeros_like(mask)
        rule[np.flatnonzero(mask)[largest == k]] = True
        if np.count_nonzero(rule) < LEAST_SHARE:
            return None
        rules.append(rule)
    return Parallel(tuple(candidates), names, solution, spread(solution), tuple(rules))


def _one(candidate: Candidate, name: str, x: Any, si: Mapping[str, Any]) -> Any:
    head = name + SEPARATOR
    own = {n.removeprefix(head): value for n, value in si.items() if n.startswith(head)}
    sign = -1.0 if candidate.flipped else 1.0
    return sign * candidate.solution.problem.law(sign * x, own)


def best_of(
    sums: Sequence[Parallel], n_effective: float, known: Known
) -> tuple[Parallel, list[Contest]]:
    """The sum that describes the branch best, and a contest for each of its currents.

    Parameters
    ----------
    sums : sequence of Parallel
        Of the same points.
    n_effective : float
    known : Known
    """
    best = min(sums, key=lambda s: s.criterion(n_effective, schwarz=True))
    shares = weights({str(k): s.criterion(n_effective) for k, s in enumerate(sums)})
    contests = []
    for k, candidate in enumerate(best.candidates):
        rest = best.mechanisms[:k] + best.mechanisms[k + 1 :]
        own: dict[str, float] = {}
        table: dict[str, Any] = {}
        for place, s in enumerate(sums):
            for name in set(s.mechanisms) - set(rest):
                own[name] = own.get(name, 0.0) + shares[str(place)]
                table[name] = {
                    "rms_decades": s.solution.rms_decades,
                    "aicc": s.criterion(n_effective),
                    "veto": None,
                    "with": ", ".join(m for m in s.mechanisms if m != name),
                }
        total = sum(own.values())
        contests.append(
            Contest(
                remark(_within(best, k, candidate), known),
                {name: w / total for name, w in own.items()},
                table,
                (),
                best.rules[k],
            )
        )
    return best, contests


def _within(whole: Parallel, k: int, candidate: Candidate) -> Candidate:
    """The candidate as the sum has it: its points, its parameters, their share of the covariance."""
    solution, s = whole.solution, whole.spread
    names = solution.problem.names
    head = whole.names[k] + SEPARATOR
    rows = np.array([names.index(head + n) for n in candidate.solution.problem.names])
    sign = -1.0 if candidate.flipped else 1.0
    places = whole.rules[k][whole.used]
    own = replace(
        candidate.solution,
        u=solution.u[rows],
        residual=solution.residual[places],
        jacobian=solution.jacobian[np.ix_(rows, np.flatnonzero(places))],
        problem=replace(
            candidate.solution.problem,
            x=sign * solution.problem.x[places],
            y=sign * solution.problem.y[places],
        ),
        fuller=None,
    )
    n_effective, lag1 = effective_points(own.residual)
    part = replace(
        s,
        covariance=s.covariance[np.ix_(rows, rows)],
        white=s.white[np.ix_(rows, rows)],
        n_effective=n_effective,
        lag1=lag1,
    )
    joint = whole.estimates_of(k)
    out = {}
    for name, e in candidate.estimates.items():
        if name in joint:
            out[name] = joint[name]
        elif name in candidate.derived:
            out[name] = derived(candidate.derived[name](own.problem), own, part)
        else:
            out[name] = e
    return replace(candidate, solution=own, spread=part, estimates=out, warnings=())
