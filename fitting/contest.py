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
from fitting.candidate import EXTRA, Candidate
from fitting.diagnostics import LEAST_DOF, Warned
from fitting.intervals import finalise
from fitting.mechanisms import fit_mechanism
from fitting.recipes import recipe_of
from fitting.selection import aicc, bic
from fitting.sweep import Sweep

FloatArray = NDArray[np.float64]

HOPELESS: Final = 0.5
"""Decades."""
CLEAR: Final = 0.95
"""Akaike weight below which a choice is not settled."""
DRAWS: Final = 200
"""Of the Bayesian bootstrap of weights."""


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """How it went.

    Parameters
    ----------
    winner : Candidate
    weights : mapping
        Akaike weight of each candidate that was not vetoed (:func:`shares`).
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
        held = self._opened(max_rms)
        good = [c for c in held.found if not c.veto and c.rms <= max_rms]
        return _decide(good, held) if good else None

    def _opened(self, max_rms: float) -> Round:
        """The same without the vetoes of those that a bound only leaves open.

        On a bound a mechanism may be another one (without its barrier's lowering all are ohmic): it
        takes part where it is closer, by an F test at 99 %, than all that make do with less, and
        where the data bound each of its parameters from one side at least.
        """
        from scipy.special import fdtri

        free = [c for c in self.found if not c.veto and c.rms <= max_rms]
        found = []
        for c in self.found:
            if c.veto and c.open and c.rms <= max_rms:
                k = c.solution.u.size
                dof = max(c.spread.n_effective - k, LEAST_DOF)
                earned = all(
                    (s.solution.cost / c.solution.cost - 1.0) * dof
                    > fdtri(k - s.solution.u.size, dof, EXTRA) * (k - s.solution.u.size)
                    for s in free
                    if s.solution.u.size < k
                )
                c = replace(c, veto="") if earned and _told(c) else c
            found.append(c)
        return replace(self, found=found)

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


def _told(found: Candidate) -> bool:
    """Whether the data bound every parameter from one side at least."""
    try:
        finalise(found)
    except FitRefused:
        return False
    return True


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
        said = Warned(
            "unidentifiable",
            f"{won.winner.name} (weight {won.weights[won.winner.name]:.2f}) is left out: {error.message}",
        )
        following = replace(following, weights=won.weights, warnings=(*following.warnings, said))
        return finished(following, max_rms)


def _points(found: list[Candidate]) -> float:
    """Effective points of the contest: the closest fit's, and enough for AICc to be finite."""
    most = max(c.solution.u.size for c in found)
    return max(min(found, key=lambda c: c.rms).spread.n_effective, most + 4.0)


def shares(
    fits: Mapping[str, tuple[FloatArray, int]], points: float, *, schwarz: bool = False
) -> dict[str, float]:
    """Weights of fits to the same points, that no few of the points decide.

    The Akaike weights' mean over a Bayesian bootstrap of the points (Yao et al., Bayesian Anal. 13, 917
    (2018), doi:10.1214/17-BA1091, "pseudo-BMA+"): where the likelihoods differ at many points alike they
    are the Akaike weights; where a few make the difference it might as well not be there, and nobody is
    ruled out by it.  Neighbours that resemble each other are drawn together.

    Parameters
    ----------
    fits : mapping
        Residuals, (n,), in the same order, and number of parameters.
    points : float
        That count.
    schwarz : bool
        Whether by Schwarz's criterion.
    """
    rule = bic if schwarz else aicc
    squares = np.stack([r**2 for r, _ in fits.values()])
    n = squares.shape[1]
    price = np.array([rule(float(n), n, points, k) for _, k in fits.values()])
    block = max(round(n / points), 1)
    drawn = np.random.default_rng(0).exponential(size=(DRAWS, -(-n // block)))
    many = np.repeat(drawn, block, axis=1)[:, :n]
    many /= many.mean(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        criteria = points * np.log(np.maximum(many @ squares.T, 1e-300) / n) + price
        each = np.exp(-0.5 * (criteria - np.min(criteria, axis=1, keepdims=True)))
    each /= each.sum(axis=1, keepdims=True)
    return dict(zip(fits, each.mean(axis=0).tolist()))


def _decide(good: list[Candidate], held: Round) -> Contest:
    """Weights by AICc, the choice by BIC, which does not fall for a parameter too many."""
    points = _points(good)
    share = shares({c.name: (c.solution.residual, c.solution.u.size) for c in good}, points)
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
