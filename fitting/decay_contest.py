"""Which decay law: all of them on one record, a straight line, and what the record cannot tell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from compactmodels import registry
from compactmodels.errors import FitRefused
from compactmodels.parts import Relaxation
from fitting.decay_laws import CONFIDENCE, NESTS, Tried, fit_law, gain, judged, straight_line
from fitting.decay_problem import FLOOR
from fitting.decay_record import Record
from fitting.diagnostics import Warned
from fitting.engine import Solution
from fitting.selection import aicc, bic, weights

STRAIGHT: Final = 1.5
"""Scatters of the readings that a straight line may be off, to be one."""
CLEAR: Final = 0.95
"""Akaike weight below which a choice is not settled."""


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """How it went.

    Parameters
    ----------
    winner : Tried
    weights : mapping
        Akaike weight of each law that was not vetoed.
    candidates : mapping
        What became of each: rms, or why it was left out.
    warnings : tuple of Warned
    """

    winner: Tried
    weights: Mapping[str, float]
    candidates: Mapping[str, Any]
    warnings: tuple[Warned, ...]


def singular(part: Relaxation) -> bool:
    """Whether the law diverges at t = 0."""
    with np.errstate(all="ignore"):
        return not np.isfinite(part.function(np.array(0.0), **part.si(part.defaults)))


def contest(record: Record, wanted: list[str], max_rms: float) -> Contest:
    """The laws, and those that they nest, on the record.

    Parameters
    ----------
    record : Record
    wanted : list of str
        Names; of one alone it is judged whether the record fixes its parameters.
    max_rms : float
        Decades.

    Raises
    ------
    FitRefused
        Codes ``no_decay unidentifiable poor_fit no_convergence too_few_points``.
    """
    if record.scale > 0:
        max_rms = max(max_rms, 2 * record.scatter / math.log(10.0))
    found, refused = _tried(wanted, record)
    _check_decays(record, found)
    found = {name: judged(found, name, record) for name in found}
    if len(wanted) == 1:
        _check_alone(wanted[0], found, refused, max_rms)
    good = {n: c for n, c in found.items() if n in wanted and not c.veto and _rms(c) <= max_rms}
    if not good:
        raise _poor(found, refused, wanted, max_rms)
    points = max(min(good.values(), key=lambda c: c.solution.cost).n_effective, 8.0)
    share = weights({n: _criterion(c, points) for n, c in good.items()})
    able = [c for c in good.values() if not c.needless] or list(good.values())
    winner = min(able, key=lambda c: _criterion(c, points, schwarz=True))
    table: dict[str, Any] = {
        n: {
            "rms_decades": _rms(c),
            "aicc": _criterion(c, points),
            "veto": c.veto or None,
            "needless": c.needless or None,
        }
        for n, c in found.items()
    }
    table |= {name: {"refused": error.code} for name, error in refused.items()}
    return Contest(winner, share, table, tuple(_unsettled(winner, share, able)))


def _tried(wanted: list[str], record: Record) -> tuple[dict[str, Tried], dict[str, FitRefused]]:
    nested = [simpler for name in wanted for simpler in NESTS.get(name, ())]
    found: dict[str, Tried] = {}
    refused: dict[str, FitRefused] = {}
    for name in dict.fromkeys([*wanted, *nested]):
        part = registry.relaxation(name)
        if record.t[0] <= 0 and singular(part):
            continue
        try:
            found[name] = fit_law(part, record)
        except FitRefused as error:
            refused[name] = error
    return found, refused


def _check_alone(
    name: str, found: Mapping[str, Tried], refused: Mapping[str, FitRefused], max_rms: float
) -> None:
    """Refuse the one law that was asked for where the record does not fix its parameters.

    Raises
    ------
    FitRefused
        Codes ``unidentifiable``, ``no_convergence``, ``too_few_points``.
    """
    simpler = [found[n] for n in NESTS.get(name, ()) if n in found and _rms(found[n]) <= max_rms]
    if name in refused:
        if not simpler or refused[name].code != "no_convergence":
            raise refused[name]
        plain = min(simpler, key=_rms)
        values = ", ".join(f"{n} = {v:.4g}" for n, v in plain.values.items() if n != FLOOR)
        raise FitRefused(
            f"{name}: the search finds no minimum where {plain.name} does ({_rms(plain):.3g} decades "
            f"RMS): the data fix what that one has ({values}, signal in units of its mean); use --law "
            f"{plain.name}",
            code="unidentifiable",
        )
    alone = found[name]
    if _rms(alone) > max_rms:
        return
    if alone.needless and not alone.settled:
        raise FitRefused(f"{name}: {alone.needless}", code="unidentifiable")
    if alone.veto:
        raise FitRefused(
            f"{name}: the fit ends with {alone.veto}: the record does not fix it; --law auto shows which "
            "laws it does",
            code="unidentifiable",
        )


def _rms(c: Tried) -> float:
    return c.solution.rms_decades


def _criterion(c: Tried, points: float, *, schwarz: bool = False) -> float:
    rule = bic if schwarz else aicc
    return rule(c.solution.cost, c.solution.residual.size, points, c.size)


def _check_decays(record: Record, found: Mapping[str, Tried]) -> None:
    """Refuse noise around a level, and a slope without a curvature.

    Raises
    ------
    FitRefused
        Codes ``no_decay``, ``unidentifiable``.
    """
    best = min((c.solution for c in found.values()), key=lambda s: s.cost, default=None)
    level, line = straight_line(record, flat=True), straight_line(record)
    if level is None or line is None:
        return
    closest = line if best is None or line.cost < best.cost else best
    if gain(level, closest, least=1, white=True) <= 1.0:
        value = _height(level, "first") * record.size * record.sign
        raise FitRefused(
            f"no decay shows: a constant {value:.4g} describes the {record.y.size} points as well as any "
            "law (F test at 99 %); record earlier after the stimulus, longer, or with less noise",
            code="no_decay",
        )
    chance = (1 - CONFIDENCE) / max(len(found), 1)  # the best of several bends more easily
    bends = best is not None and gain(line, best, least=1, confidence=1 - chance) > 1.0
    if bends or line.rms_decades > STRAIGHT * record.scatter / math.log(10.0):
        return
    slope = (_height(line, "first") - _height(line, "last")) / record.span * record.size
    fall = 1 - _height(line, "last") / _height(line, "first")
    raise FitRefused(
        f"within its scatter the record is a straight line that falls by {100 * fall:.3g} % in "
        f"{record.span:.3g} s: the data fix the slope, {slope:.4g} per second (a/tau of an exponential, "
        "b m/t0 of a shifted power law), and no time constant; a record several times longer would",
        code="unidentifiable",
    )


def _height(line: Solution, name: str) -> float:
    return line.values[name]


def _poor(
    found: Mapping[str, Tried], refused: Mapping[str, FitRefused], wanted: list[str], max_rms: float
) -> FitRefused:
    own = {n: c for n, c in found.items() if n in wanted}
    each = ", ".join(
        f"{n} {_rms(c):.3g}" + (f" with {c.veto}" if c.veto else "") for n, c in own.items()
    )
    each = each or ", ".join(f"{n} {error.code}" for n, error in refused.items()) or "none"
    worst = ""
    if own:
        closest = min(own.values(), key=_rms).solution
        k = int(np.argmax(np.abs(closest.residual)))
        far = abs(float(closest.residual[k])) / math.log(10.0)
        worst = f"; the worst point, at {closest.problem.x[k]:.4g} s, is {far:.2g} decades off"
    return FitRefused(
        f"no law comes within {max_rms:.3g} decades RMS (found: {each}){worst}: the record may hold "
        "several decays, or noise around zero; --max-rms accepts more",
        code="poor_fit",
    )


def _unsettled(winner: Tried, share: Mapping[str, float], able: list[Tried]) -> list[Warned]:
    """A rival that holds a simpler law which is enough is that law, unless it has the larger weight."""
    own, free = share[winner.name], {c.name for c in able}
    rivals = [n for n, w in share.items() if n != winner.name and w > 1 - CLEAR]
    rivals = [n for n in rivals if n in free or share[n] > own]
    if own >= CLEAR or not rivals:
        return []
    each = ", ".join(f"{n} {share[n]:.2f}" for n in (winner.name, *rivals))
    return [Warned("not_settled", f"the record does not settle the law: weights {each}")]
