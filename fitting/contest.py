"""`auto`: every mechanism that the knowledge given allows, on the same points, held side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels import registry
from compactmodels.errors import FitRefused
from fitting.candidate import Candidate
from fitting.diagnostics import Warned
from fitting.mechanisms import fit_mechanism
from fitting.recipes import recipe_of
from fitting.selection import weights
from fitting.sweep import WHOLE, Sweep, poor_fit

FloatArray = NDArray[np.float64]

FALLBACK: Final = "sinh"
"""Describes any smooth curve and explains none: asked only when no mechanism will do."""
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
    forward : bool
        Whether it was held on the forward side only.
    """

    winner: Candidate
    weights: Mapping[str, float]
    candidates: Mapping[str, Any]
    warnings: tuple[Warned, ...]
    forward: bool


def contest(sweep: Sweep, names: list[str]) -> Contest:
    """The best mechanism for a branch.

    On the whole branch if some mechanism describes it to 0.05 decades, else on the forward side.

    Raises
    ------
    FitRefused
        Codes ``poor_fit``, ``too_few_points``, ``no_forward_points``.
    """
    found, refused = _round(sweep, names, forward=False)
    forward = False
    near = [c for c in found if not c.veto]
    if not near or min(c.rms for c in near) > WHOLE:
        try:
            others, elsewhere = _round(sweep, names, forward=True)
        except FitRefused:
            others, elsewhere = [], refused
        if any(not c.veto for c in others):
            found, refused, forward = others, elsewhere, True
    good = [c for c in found if not c.veto and c.rms <= sweep.max_rms]
    if good:
        return _decide(good, found, refused, forward)
    for side in (False, True):
        try:
            spare, _ = _round(sweep, [FALLBACK], forward=side)
        except FitRefused:
            continue
        if spare and not spare[0].veto and spare[0].rms <= sweep.max_rms:
            said = Warned(
                "fallback", "no mechanism describes the data: sinh does, and explains nothing"
            )
            return Contest(spare[0], {FALLBACK: 1.0}, _table(found, refused), (said,), side)
    if not found:
        raise FitRefused(
            "no mechanism could be fitted: " + "; ".join(f"{n}: {m}" for n, m in refused.items()),
            code="no_convergence",
        )
    raise poor_fit(sweep, {c.name: c.rms for c in found}, forward)


def _round(
    sweep: Sweep, names: list[str], *, forward: bool
) -> tuple[list[Candidate], dict[str, str]]:
    found: list[Candidate] = []
    refused: dict[str, str] = {}
    for name in names:
        v, i, flipped = sweep.points(forward, name)
        try:
            if not forward and _reverse_differs(sweep, name, v, i):
                refused[name] = "reverse_differs"
                continue
            found.append(
                fit_mechanism(registry.conduction(name), sweep.known, v, i, flipped=flipped)
            )
        except FitRefused as error:
            refused[name] = error.code
    return found, refused


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
    forward = fit_mechanism(registry.conduction(name), sweep.known, fv, fi, flipped=flipped)
    r, _ = replace(forward.solution.problem, x=v, y=i).residual(forward.solution.u)
    return math.sqrt(float(np.mean(r**2))) > HOPELESS * math.log(10.0)


def _points(found: list[Candidate]) -> float:
    """Effective points of the contest: the closest fit's, and enough for AICc to be finite."""
    most = max(c.solution.u.size for c in found)
    return max(min(found, key=lambda c: c.rms).spread.n_effective, most + 4.0)


def _table(found: list[Candidate], refused: Mapping[str, str]) -> dict[str, Any]:
    points = _points(found) if found else 0.0
    table: dict[str, Any] = {
        c.name: {"rms_decades": c.rms, "aicc": c.criterion(points), "veto": c.veto or None}
        for c in found
    }
    return table | {name: {"refused": code} for name, code in refused.items()}


def _decide(
    good: list[Candidate], found: list[Candidate], refused: Mapping[str, str], forward: bool
) -> Contest:
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
    for c in found:
        if c.veto and c.rms < winner.rms:
            said.append(Warned("vetoed", f"{c.name} fits more closely and is ruled out: {c.veto}"))
    if forward:
        said.append(
            Warned(
                "forward_only",
                "no mechanism describes the whole branch: the forward side was fitted",
            )
        )
    return Contest(winner, share, _table(found, refused), tuple(said), forward)
