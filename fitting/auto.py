"""`auto`: one mechanism for the whole branch where one will do, else one for each regime of it.

A branch whose sides differ, or on which one mechanism hands over to another, is cut into regimes;
each is held a contest of its own.  Where the currents of all of them, added up, describe the branch
better still (mechanisms in parallel), they are fitted together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels import registry
from compactmodels.errors import FitRefused
from fitting.autocorrelation import effective_points
from fitting.candidate import Candidate
from fitting.contest import Contest, Round, finished, hold
from fitting.diagnostics import Warned
from fitting.parallel import Parallel, add_up, best_of
from fitting.recipes import recipe_of
from fitting.regimes import cuts
from fitting.shapes import Shape, better, by_one, by_stretches, by_sum, of_both, weighed
from fitting.sweep import LEAST_POINTS, WHOLE, Sweep, poor_fit, voltage_of

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

FALLBACK: Final = "sinh"
"""Describes any smooth curve and explains none: asked only when no mechanism will do."""
LEAK: Final = "ohmic"
"""What may flow beside any mechanism."""
SECTIONS: Final = ("space_charge_limited",)
"""Mechanisms whose own sections are regimes."""
CLOSE: Final = 0.015
"""Decades beyond the noise that an equation may be off before regimes are looked for."""
TELLING: Final = 0.008
"""Relative scatter of readings from which residuals are judged by it."""


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What ``auto`` made of a branch.

    Parameters
    ----------
    main : Contest
        Of the regime with the most points on the forward side.
    regimes : tuple of Contest
        In rising order of the voltage; the main one among them.
    warnings : tuple of Warned
    forward : bool
        Whether only the forward side is described.
    sums : tuple of Parallel
        Fits of several regimes' currents together, each of points of its own.
    """

    main: Contest
    regimes: tuple[Contest, ...]
    warnings: tuple[Warned, ...] = ()
    forward: bool = False
    sums: tuple[Parallel, ...] = ()


def choose(sweep: Sweep, names: list[str]) -> Choice:
    """The mechanism of a branch, or those of its regimes.

    Raises
    ------
    FitRefused
        Codes ``poor_fit``, ``too_few_points``, ``no_forward_points``, ``unidentifiable``.
    """
    # A search tries what overflows; every value is judged by whether it is finite.
    with np.errstate(all="ignore"):
        return _finished(sweep, _chosen(sweep, names))


def _finished(sweep: Sweep, choice: Choice) -> Choice:
    """The choice with the intervals that are reported."""
    summed = [c for s in choice.sums for c in choice.regimes if np.any(c.used & s.used)]
    final = tuple(c if c in summed else finished(c, sweep.max_rms) for c in choice.regimes)
    return replace(choice, main=final[choice.regimes.index(choice.main)], regimes=final)


def _chosen(sweep: Sweep, names: list[str]) -> Choice:
    whole = hold(sweep, _suited(sweep, names, sweep.used))
    won = whole.decide(min(WHOLE, sweep.max_rms))
    if won is not None and not _suspicious(sweep, won):
        return Choice(won, (won,))
    sides = [side for side in _sides(sweep) if np.count_nonzero(side) >= LEAST_POINTS]
    shapes: list[Shape] = []
    rounds: list[Round] = [whole]
    for side in sides:
        part = replace(sweep, used=side)
        alone = len(sides) == 1 and bool(np.all(side == sweep.used))
        held = whole if alone else hold(part, _suited(sweep, names, side))
        rounds.append(held)
        shape = _shape_of(part, names, held)
        shapes += [] if shape is None else [shape]
    apart = [c for shape in shapes for c in shape.contests]
    ahead = [c for c in apart if np.any(sweep.mask(True) & c.used)]
    if won is not None and (not ahead or not better(shapes, by_one(won))):
        weighed = [c for c in apart if c.winner is won.winner]
        won = weighed[0] if weighed else won
        return Choice(won, (won,))
    if apart:
        return _composed(sweep, shapes, ahead or apart)
    return _last_resort(sweep, rounds)


def _suited(sweep: Sweep, names: list[str], used: BoolArray) -> list[str]:
    """Mechanisms that can hold on those points: one of the forward side needs forward bias."""
    ahead = bool(np.any(sweep.mask(True) & used))
    behind = bool(np.any(used & ~sweep.mask(True)))
    recipes = {name: recipe_of(registry.conduction(name)) for name in names}
    return [
        name
        for name, recipe in recipes.items()
        if (ahead or not recipe.forward) and (behind or not recipe.reverse)
    ]


def _sides(sweep: Sweep) -> tuple[BoolArray, BoolArray]:
    ahead = sweep.mask(True)
    return ahead, sweep.used & ~ahead


def _shape_of(sweep: Sweep, names: list[str], held: Round) -> Shape | None:
    """What describes one side best; None where nothing does."""
    alone = held.decide(sweep.max_rms)
    if alone is not None and not _suspicious(sweep, alone):
        return by_one(alone)
    places = np.flatnonzero(sweep.used)
    order = places[np.argsort(np.abs(voltage_of(sweep.trace)[places]), kind="stable")]
    v, i = np.abs(voltage_of(sweep.trace)[order]), np.abs(sweep.trace.current[order])
    weight = 1.0 / np.hypot(1.0, sweep.noise.scale / i)
    begins = cuts(v, i, weight, sweep.noise.relative)
    chunks = np.split(order, begins)
    shapes = [] if alone is None else [by_one(alone)]
    rounds: list[Round | None] = [held]
    stretches: list[Contest] = []
    if begins:
        rounds = [_round_on(sweep, names, chunk) for chunk in (chunks[0], chunks[-1])]
    seen: dict[frozenset[str], Parallel | None] = {}
    found = _sums(sweep, _leaks([r for r in rounds if r is not None]), seen)
    # a sum that leaves nothing but noise needs no third stretch
    if begins and (len(chunks) == 2 or not any(_explains(sweep, s) for s in found)):
        stretches = _stretches(sweep, names, chunks, rounds)
    if stretches:
        shapes.append(by_stretches(stretches))
    closest = min(shapes, key=lambda s: s.cost, default=None)
    points = float(places.size) if closest is None else effective_points(closest.residual)[0]
    found += _sums(sweep, list(combinations([c.winner for c in stretches], 2)), seen)
    if found:
        best, contests = best_of(found, points, sweep.known)
        if best.solution.rms_decades <= sweep.max_rms:
            shapes.append(by_sum(best, contests))
    if not shapes:
        return None
    closest = min(shapes, key=lambda s: s.cost)
    points = effective_points(closest.residual)[0]
    return weighed(min(shapes, key=lambda s: s.criterion(points)), shapes, points)


def _stretches(
    sweep: Sweep,
    names: list[str],
    chunks: list[NDArray[np.intp]],
    ends: list[Round | None],
) -> list[Contest]:
    """The contests of the stretches (the first and last held before); none where one is not described.

    Neighbours of the same mechanism are one regime: that its parameters differ between them is a
    matter of the device (its state moved), not of the mechanism.  Sections of a space-charge-limited
    current (before, while and after traps are filled) are regimes.
    """
    done: list[tuple[NDArray[np.intp], Contest]] = []
    if any(held is None or held.decide(sweep.max_rms) is None for held in ends):
        return []
    inner = (
        _round_on(sweep, names, chunk) for chunk in chunks[1:-1]
    )  # one by one: it may end soon
    for chunk, held in zip(chunks, chain(ends[:1], inner, ends[1:])):
        won = None if held is None else held.decide(sweep.max_rms)
        if won is None:
            return []
        if done and done[-1][1].winner.name == won.winner.name:
            both = np.concatenate([done[-1][0], chunk])
            again = _round_on(sweep, names, both)
            joined = None if again is None else again.decide(sweep.max_rms)
            if joined is not None and not _suspicious(sweep, joined):
                done[-1] = (both, joined)
                continue
            if won.winner.name not in SECTIONS:
                if joined is None:
                    return []
                done[-1] = (both, joined)
                continue
        done.append((chunk, won))
    alike = any(
        a.winner.name == b.winner.name and a.winner.name not in SECTIONS
        for (_, a), (_, b) in pairwise(done)
    )
    return [] if len(done) < 2 or alike else [won for _, won in done]


def _round_on(sweep: Sweep, names: list[str], places: NDArray[np.intp]) -> Round | None:
    mask = np.zeros_like(sweep.used)
    mask[places] = True
    try:
        return hold(replace(sweep, used=mask), _suited(sweep, names, mask))
    except FitRefused:
        return None


def _leaks(rounds: list[Round]) -> list[tuple[Candidate, Candidate]]:
    """A leak at the lower end and each mechanism of the upper one."""
    leak = [c for c in rounds[0].found if c.name == LEAK] if rounds else []
    upper = [c for c in rounds[-1].found if c.name != LEAK and not c.veto] if rounds else []
    return [(low, high) for low in leak for high in upper]


def _sums(
    sweep: Sweep,
    options: list[tuple[Candidate, Candidate]],
    seen: dict[frozenset[str], Parallel | None],
) -> list[Parallel]:
    """Fits of currents that add up, of those that have not been ``seen``."""
    found = []
    for option in options:
        key = frozenset(c.name for c in option)
        if len(key) == len(option) and key not in seen:
            seen[key] = whole = add_up(sweep, option)
            found += [] if whole is None else [whole]
    return found


def _explains(sweep: Sweep, whole: Parallel) -> bool:
    """Whether a sum leaves residuals that are noise, as :func:`_suspicious` judges one mechanism."""
    beyond = whole.solution.rms_decades**2 - _noise(sweep) ** 2
    return (
        sweep.noise.relative >= TELLING
        and beyond <= CLOSE**2
        and whole.spread.n_effective == whole.solution.residual.size
    )


def _misfit(sweep: Sweep, c: Contest) -> float:
    """Decades by which the equation is off, beyond the readings' noise."""
    return math.sqrt(max(c.winner.rms**2 - _noise(sweep) ** 2, 0.0))


def _noise(sweep: Sweep) -> float:
    return sweep.noise.relative / math.log(10.0)


def _suspicious(sweep: Sweep, c: Contest) -> bool:
    """Whether to look for regimes: the noise is well enough seen, and shows that the equation is off.

    Where the equation and not noise limits a fit, closer is no proof: four mechanisms always follow
    a curve more closely than one.  There a mechanism within the accepted distance stands.
    """
    s = c.winner.spread
    if sweep.noise.relative < TELLING:
        return False
    return _misfit(sweep, c) > CLOSE or s.n_effective < c.winner.solution.residual.size


def _composed(sweep: Sweep, shapes: list[Shape], ahead: list[Contest]) -> Choice:
    """The regimes in the order of the voltage, and one sum of all where it is as close."""
    v = voltage_of(sweep.trace)
    sums = tuple(s for shape in shapes for s in shape.sums)
    if len(shapes) > 1:
        shapes, sums = _joined(sweep, shapes, sums)
        ahead = [
            c for s in shapes for c in s.contests if np.any(sweep.mask(True) & c.used)
        ] or ahead
    apart = [c for shape in shapes for c in shape.contests]
    regimes = tuple(sorted(apart, key=lambda c: float(np.mean(v[c.used]))))
    forward_side = sweep.mask(True)
    main = max(ahead, key=lambda c: (np.sum(c.used & forward_side), np.sum(c.used)))
    covered = np.any([c.used for c in apart], axis=0)
    forward = bool(np.any(sweep.used & ~covered))
    said = []
    if forward:
        said.append(
            Warned(
                "forward_only",
                "no mechanism describes the whole branch: the forward side was fitted",
            )
        )
    if len(regimes) > 1:
        each = ", ".join(
            f"{c.winner.name} from {v[c.used].min():.3g} to {v[c.used].max():.3g} V"
            for c in regimes
        )
        how = "their currents add up" if sums else "each was fitted by itself"
        said.append(Warned("regimes", f"no one mechanism describes the branch: {each}; {how}"))
    return Choice(main, regimes, tuple(said), forward, sums)


def _joined(
    sweep: Sweep, shapes: list[Shape], sums: tuple[Parallel, ...]
) -> tuple[list[Shape], tuple[Parallel, ...]]:
    """Both sides as one sum of currents, where that is as close as each side by itself."""
    parts = [c for s in sums for c in s.candidates]
    summed = [s.used for s in sums]
    singles = [
        c.winner
        for shape in shapes
        for c in shape.contests
        if not any(np.any(c.used & used) for used in summed)
    ]
    # what flows on both sides (a leak) is one current, if one value will do for both; and the sum of
    # one side may be all there is on the other
    options = {frozenset(c.name for c in o): o for o in ([*singles, *parts], parts)}
    covered = np.any([c.used for shape in shapes for c in shape.contests], axis=0)
    both = replace(sweep, used=covered)
    added = [
        add_up(both, list({c.name: c for c in option}.values()))
        for names, option in options.items()
        if len(names) > 1
    ]
    wholes = [whole for whole in added if whole is not None]
    if not wholes:
        return shapes, sums
    apart = of_both(shapes)
    points = effective_points(apart.residual)[0]
    whole = min(wholes, key=lambda s: s.criterion(points, schwarz=True))
    one = by_sum(whole, [])
    if one.criterion(points) > apart.criterion(points):
        return shapes, sums
    _, contests = best_of([whole], points, sweep.known)
    tables = {c.winner.name: c for shape in shapes for c in shape.contests}
    kept = [
        replace(
            c, weights=tables[c.winner.name].weights, candidates=tables[c.winner.name].candidates
        )
        for c in contests
    ]
    return [replace(one, contests=kept)], (whole,)


def _last_resort(sweep: Sweep, tables: Sequence[Round | None]) -> Choice:
    """The phenomenological fallback, or the refusal."""
    for forward in (False, True):
        try:
            spare = hold(sweep, [FALLBACK], forward=forward)
        except FitRefused:
            continue
        won = spare.decide(sweep.max_rms)
        if won is not None:
            said = Warned(
                "fallback", "no mechanism describes the data: sinh does, and explains nothing"
            )
            table = {k: x for held in tables if held for k, x in held.table().items()}
            won = replace(won, candidates=table)
            return Choice(won, (won,), (said,), forward)
    rounds = [held for held in tables if held is not None]
    found = {c.name: c.rms for held in rounds for c in held.found}
    if not found:
        refused = {n: code for held in rounds for n, code in held.refused.items()}
        raise FitRefused(
            "no mechanism could be fitted: " + "; ".join(f"{n}: {m}" for n, m in refused.items()),
            code="no_convergence",
        )
    vetoed = {c.name: c.veto for held in rounds for c in held.found if c.veto}
    one_sided = len([s for s in _sides(sweep) if s.any()]) == 1
    raise poor_fit(sweep, found, not one_sided, vetoed)
