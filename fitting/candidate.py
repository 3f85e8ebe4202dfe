"""One mechanism fitted to one set of points."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import FitRefused
from compactmodels.parts import Part
from fitting.diagnostics import Spread, Warned, remarks, spread
from fitting.engine import Solution, minimise
from fitting.estimates import correlations, estimates, level_shift
from fitting.problem import Problem
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
    """

    part: Part
    solution: Solution
    spread: Spread
    estimates: dict[str, Estimate]
    series: bool = False
    warnings: tuple[Warned, ...] = ()
    flipped: bool = False
    veto: str = ""

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
        """``"a, b"`` -> correlation; ln i_sat stands for -phi where the area is not known."""
        found = correlations(self.solution, self.spread)
        if "i_sat" not in self.estimates:
            return found
        return {
            pair.replace("phi", "i_sat"): -r if "phi" in pair else r for pair, r in found.items()
        }


def settle(part: Part, solution: Solution, **more: Any) -> Candidate:
    """A candidate from a minimum, with errors, warnings and the noise's level shift."""
    s = spread(solution)
    found = (*more.pop("warnings", ()), *remarks(solution, s))
    u = solution.u + level_shift(solution, s)
    residual, jacobian = solution.problem.residual(u)
    solution = replace(solution, u=u, residual=residual, jacobian=jacobian)
    return Candidate(part, solution, s, estimates(solution, s), warnings=found, **more)


def nested(
    simple: Problem, full: Problem, starts: list[dict[str, float]]
) -> tuple[Solution, bool, float]:
    """The fit of ``full`` if its extra parameter earns its place, else that of ``simple``.

    The gain in the sum of squares has to exceed the 99 % quantile of the F distribution with one and
    the effective degrees of freedom: the likelihood ratio test, exact for few points.

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
    if lean is None and rich is None:
        return minimise(simple, starts), False, 0.0  # raises with its own sentence
    if rich is None or lean is None:
        solution = lean if rich is None else rich
        assert solution is not None
        return solution, rich is not None, 0.0 if rich is None else math.inf
    dof = spread(rich).dof
    gain = (lean.cost / max(rich.cost, 1e-300) - 1.0) * dof / float(fdtri(1, dof, EXTRA))
    kept = gain > 1.0 and lean.cost > 1e-18 * lean.residual.size
    return (rich if kept else lean), kept, gain
