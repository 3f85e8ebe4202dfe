"""One mechanism fitted to one set of points."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import FitRefused
from compactmodels.parts import Part
from fitting.autocorrelation import effective_points
from fitting.diagnostics import LEAST_DOF, Spread, Warned, remarks, spread
from fitting.engine import Solution, minimise
from fitting.estimates import correlations, estimates, level_offset, level_shift
from fitting.problem import Problem
from fitting.profile import Quantity, coordinate
from fitting.result import Estimate
from fitting.selection import aicc, bic

FloatArray = NDArray[np.float64]

EXTRA: Final = 0.99
"""Confidence at which a parameter that nests a simpler equation is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A mechanism (or law), fitted.

    Parameters
    ----------
    part : Part
    solution : Solution
    spread : Spread
    estimates : dict of str to Estimate
    series : bool
        Whether the series resistance (or, in a decay, the floor) was kept.
    warnings : tuple of Warned
    flipped : bool
        Whether voltage and current were both reversed.
    veto : str
        Why it may not win the contest; empty if it may.
    open : bool
        Whether the veto is a bound that the fit ends on, and half as far in fits as well: the data leave
        that end open, and do not ask for a value that no device has.
    offset : float
        By how much noise has lowered the logarithm of the readings.
    derived : mapping
        By name: what follows from the fitted parameters, as a quantity of a problem.
    """

    part: Part
    solution: Solution
    spread: Spread
    estimates: dict[str, Estimate]
    series: bool = False
    warnings: tuple[Warned, ...] = ()
    flipped: bool = False
    veto: str = ""
    open: bool = False
    offset: float = 0.0
    derived: Mapping[str, Callable[[Problem], Quantity]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The mechanism's or law's name."""
        return self.part.name

    @property
    def rms(self) -> float:
        """Decades."""
        return self.solution.rms_decades

    def criterion(self, n_effective: float, *, schwarz: bool = False) -> float:
        """AICc (or BIC) with a number of effective points that the contest shares."""
        rule = bic if schwarz else aicc
        n, k = self.solution.residual.size, self.solution.u.size
        return rule(self.solution.cost, n, n_effective, k)

    def statistics(self) -> dict[str, Any]:
        """What is reported of a fit."""
        r, s = self.solution.residual, self.spread
        return {
            "rms_decades": self.rms,
            "max_decades": float(np.max(np.abs(r))) / math.log(10.0),
            "n_points": int(r.size),
            "n_effective": s.n_effective,
            "dof": s.dof,
            "lag1": s.lag1,
            "aicc": self.criterion(s.n_effective),
            "bic": self.criterion(s.n_effective, schwarz=True),
            "condition": s.condition,
            "starts": self.solution.starts,
        }

    def correlations(self) -> dict[str, float]:
        """``"a, b"`` -> correlation of what is reported: a combination in place of what it replaces."""
        problem, covariance = self.solution.problem, self.spread.covariance
        if all(name in self.estimates for name in problem.names):
            return correlations(self.solution, self.spread)
        kept = {n: coordinate(problem, n) for n in problem.names if n in self.estimates}
        reported = {n: quantity(problem) for n, quantity in self.derived.items()} | kept
        slopes = {n: q.at(self.solution.u)[1] for n, q in reported.items()}
        names, out = list(slopes), {}
        with np.errstate(all="ignore"):
            for k, name in enumerate(names):
                for other in names[:k]:
                    a, b = slopes[other], slopes[name]
                    size = np.sqrt((a @ covariance @ a) * (b @ covariance @ b))
                    out[f"{other}, {name}"] = float(np.clip((a @ covariance @ b) / size, -1.0, 1.0))
        return out


def settle(part: Part, solution: Solution, **more: Any) -> Candidate:
    """A candidate from a minimum, with errors, warnings and the noise's level shift."""
    s = spread(solution)
    found = (*more.pop("warnings", ()), *remarks(solution, s))
    offset = level_offset(solution, s)
    u = solution.u + level_shift(solution, offset)
    residual, jacobian = solution.problem.residual(u)
    solution = replace(solution, u=u, residual=residual, jacobian=jacobian)
    return Candidate(
        part, solution, s, estimates(solution, s), warnings=found, offset=offset, **more
    )


def nested(
    simple: Problem, full: Problem, starts: list[dict[str, float]]
) -> tuple[Solution, bool, float]:
    """The fit of ``full`` if its extra parameter earns its place, else that of ``simple``.

    The gain in the sum of squares has to exceed the 99 % quantile of the F distribution with one and
    the effective degrees of freedom: the likelihood ratio test, exact for few points.  A fit that ends on
    a bound, where the simple one does not, has gained nothing.

    Parameters
    ----------
    simple, full : Problem
        With the extra parameter fixed, and free.
    starts : list of dict
        Values of all parameters of ``full``.

    Returns
    -------
    solution : Solution
    kept : bool
    gain : float
        The F statistic over its quantile; infinite where the simple equation has no minimum.
    """
    from scipy.special import fdtri

    try:
        lean: Solution | None = minimise(simple, starts)
    except FitRefused as error:
        if error.code != "no_convergence":
            raise
        lean = None
    try:
        rich: Solution | None = minimise(full, starts)
    except FitRefused:
        rich = None
    if lean is None:
        if rich is None:
            return minimise(simple, starts), False, 0.0  # raises with its own sentence
        return rich, True, math.inf
    lean = replace(lean, fuller=from_zero(simple, full))
    if rich is None:
        return lean, False, 0.0
    dof = max(effective_points(rich.residual)[0] - rich.u.size, LEAST_DOF)
    gain = (lean.cost / max(rich.cost, 1e-300) - 1.0) * dof / float(fdtri(1, dof, EXTRA))
    # at its least it is not there; and one that drives another to its bound describes nothing
    none = set(rich.at_bound) - set(lean.at_bound)
    kept = gain > 1.0 and not none and lean.cost > 1e-18 * lean.residual.size
    return (rich if kept else lean), kept, gain


def from_zero(simple: Problem, full: Problem) -> Problem:
    """``full`` with its extra parameters counted from 0, linearly: how far the data let them go."""
    return replace(
        full,
        free=tuple(
            p if p.name in simple.names else replace(p, default=0.0, lower=0.0, log=False)
            for p in full.free
        ),
    )
