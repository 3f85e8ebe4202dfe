"""Every mechanism that the knowledge given allows, on the same points, held side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels import registry
from compactmodels.errors import FitRefused, ParameterError
from fitting.candidate import Candidate
from fitting.diagnostics import Warned
from fitting.intervals import finalise
from fitting.mechanisms import fit_mechanism
from fitting.recipes import recipe_of
from fitting.selection import weights
from fitting.sweep import Sweep

FloatArray = NDArray[np.float64]

HOPELESS: Final = 0.5
"""Decades."""
CLEAR: Final = 0.95
"""Akaike weight below which a choice is not settled."""


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """How it went.

    Parameters
    ----------
    winner : Candidate
    weights : mapping
        Akaike weight of each candidate that was not vetoed.
    candidates : mapping
        What became of each: rms, or why it was left out.
    warnings : tuple of Warned
    used : (n,) bool array
        Points of the branch that it was held on.
    held : Round or None
        All of it; None where one mechanism was asked for.
    """

    winner: Candidate
    weights: Mapping[str, float]
    candidates: Mapping[str, Any]
    warnings: tuple[Warned, ...]
    used: NDArray[np.bool_]
    held: Round | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """All fits to one set of points.

    Parameters
    ----------
    found : list of Candidate
    refused : mapping
        Code of each mechanism that could not be fitted.
    used : (n,) bool array
    """

    found: list[Candidate]
    refused: Mapping[str, str]
    used: NDArray[np.bool_]

    @property
    def closest(self) -> float:
        """Smallest distance from the data that is not ruled out, in decades."""
        return min((c.rms for c in self.found if not c.veto), default=math.inf)

    def table(self) -> dict[str, Any]:
        """What became of each mechanism."""
        points = _points(self.found) if self.found else 0.0
        table: dict[str, Any] = {
            c.name: {"rms_decades": c.rms, "aicc": c.criterion(points), "veto": c.veto or None}
            for c in self.found
        }
        return table | {name: {"refused": code} for name, code in self.refused.items()}

    def decide(self, max_rms: float) -> Contest | None:
        """The winner; None where none is within ``max_rms`` decades."""
        good = [c for c in self.found if not c.veto and c.rms <= max_rms]
        return _decide(good, self) if good else None

    def without(self, name: str, code: str) -> Round:
        """The same with a mechanism refused."""
        left = [c for c in self.found if c.name != name]
        return replace(self, found=left, refused={**self.refused, name: code})


def hold(sweep: Sweep, names: list[str], *, forward: bool = False) -> Round:
    """Fit every mechanism to the points of a branch, or to those of its forward side.

    Raises
    ------
    FitRefused
        Codes ``too_few_points``, ``no_forward_points``.
    """
    found: list[Candidate] = []
    refused: dict[str, str] = {}
    for name in names:
        v, i, flipped = sweep.points(forward, name)
        try:
            if not forward and _reverse_differs(sweep, name, v, i):
                refused[name] = "reverse_differs"
                continue
            found.append(_fit(sweep, name, v, i, flipped))
        except FitRefused as error:
            refused[name] = error.code
        except ParameterError:  # what is known (a thickness) is none for this mechanism
            refused[name] = "outside_bounds"
    return Round(found, refused, sweep.mask(forward))


def _fit(sweep: Sweep, name: str, v: FloatArray, i: FloatArray, flipped: bool) -> Candidate:
    part = registry.conduction(name)
    return fit_mechanism(
        part, sweep.known, v, i, flipped=flipped, scale=sweep.noise.scale, combined=True
    )


def _reverse_differs(sweep: Sweep, name: str, v: FloatArray, i: FloatArray) -> bool:
    """Whether a mechanism that rules the forward side is beyond hope on both.

    Its fit of the forward side is half a decade off on the whole branch: a search there would be
    long and could not come within :data:`fitting.sweep.WHOLE`.
    """
    one_sided = not (np.any(v > 0) and np.any(v < 0))
    if one_sided or not recipe_of(registry.conduction(name)).forward:
        return False
    try:
        fv, fi, flipped = sweep.points(True, name)
    except FitRefused:
        return False
    forward = _fit(sweep, name, fv, fi, flipped)
    r, _ = replace(forward.solution.problem, x=v, y=i).residual(forward.solution.u)
    return math.sqrt(float(np.mean(r**2))) > HOPELESS * math.log(10.0)


def finished(won: Contest, max_rms: float) -> Contest:
    """The same with the intervals that are reported; a winner without any leaves the contest.

    Raises
    ------
    FitRefused
        Code ``unidentifiable``, where nobody is left or one mechanism was asked for.
    """
    try:
        return replace(won, winner=finalise(won.winner))
    except FitRefused as error:
        if won.held is None:
            raise
        following = won.held.without(won.winner.name, error.code).decide(max_rms)
        if following is None:
            raise
        return finished(following, max_rms)


def _points(found: list[Candidate]) -> float:
    """Effective points of the contest: the closest fit's, and enough for AICc to be finite."""
    most = max(c.solution.u.size for c in found)
    return max(min(found, key=lambda c: c.rms).spread.n_effective, most + 4.0)


def _decide(good: list[Candidate], held: Round) -> Contest:
    """Weights by AICc, the choice by BIC, which does not fall for a parameter too many."""
    points = _points(good)
    share = weights({c.name: c.criterion(points) for c in good})
    winner = min(good, key=lambda c: c.criterion(points, schwarz=True))
    said: list[Warned] = []
    rivals = [n for n, w in share.items() if n != winner.name and w > 1 - CLEAR]
    if share[winner.name] < CLEAR and rivals:
        said.append(
            Warned(
                "not_settled",
                f"the data do not settle the mechanism: {winner.name} has weight "
                f"{share[winner.name]:.2f}, {', '.join(f'{n} {share[n]:.2f}' for n in rivals)}",
            )
        )
    for c in held.found:
        if c.veto and c.rms < winner.rms:
            said.append(Warned("vetoed", f"{c.name} fits more closely and is ruled out: {c.veto}"))
    return Contest(winner, share, held.table(), tuple(said), held.used, held)
