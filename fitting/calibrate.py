"""A card moved to published numbers, where there are no traces.

``calibrate`` moves the parameters that it may until every observable lies within its tolerance, and says
how far each is off, which combinations of parameters the targets fix and which they leave free.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.errors import InputError
from compactmodels.observables_misfit import Misfit
from compactmodels.observables_runs import ENGINES, Tracks
from compactmodels.observables_targets import Target, TargetSet
from fitting.calibrate_card import card_of
from fitting.calibrate_identify import CORRELATION, Identifiability, identify
from fitting.calibrate_result import Calibration, Moved
from fitting.calibrate_search import (
    APART,
    FINAL_STEP,
    SAME,
    Bench,
    Found,
    Progress,
    bench,
    differences,
    found_at,
    search,
)
from fitting.diagnostics import Warned
from fitting.engine import AT_BOUND

FloatArray = NDArray[np.float64]

STARTS: Final = 8
"""Searches at most; one is enough where it meets every target."""


def calibrate(
    card: ModelCard,
    targets: TargetSet,
    free: Sequence[str] | None = None,
    *,
    seed: int = 0,
    starts: int = STARTS,
    engine: str = "compiled",
    progress: Progress | None = None,
) -> Calibration:
    """Move parameters of a card until published numbers are met.

    Parameters
    ----------
    card : ModelCard
    targets : TargetSet
    free : sequence of str, optional
        Parameters that may be moved; those of the targets' file by default.
    seed : int
        Of the starts at random.
    starts : int
        Searches at most; the first begins at the card's own values and is the only one if it meets
        every target.
    engine : str
        Who integrates: ``compiled`` or ``reference``.
    progress : callable, optional
        Called with the share done and a text.

    Returns
    -------
    Calibration
        Also where targets are missed: ``met`` and ``missed`` say so.

    Raises
    ------
    CardError
        An unknown parameter.
    InputError
        Nothing free, bad bounds, an observable that does not fit its protocol.
    SimulationError
        The integrator gives up with the card's own values.
    """
    names = tuple(targets.free if free is None else free)
    if engine not in ENGINES:
        raise InputError(f"unknown engine '{engine}'; known are {', '.join(ENGINES)}", code="usage")
    b = bench(card, targets, names, Tracks(ENGINES[engine]))
    before = tuple(b.misfits(b.start))
    best, found, evaluations = search(b, seed, starts, progress)
    known = _identified(b, best.u)
    best = _unfelt_at_start(b, best, known)
    after = tuple(b.misfits(best.u))
    moved = _moved(b, best.u, known)
    warnings = _remarks(b, after, moved, known, best, found)
    result = Calibration(
        card, targets, before, after, moved, known, warnings, evaluations, len(found)
    )
    return card_of(result)


def _identified(b: Bench, u: FloatArray) -> Identifiability:
    tangent = differences(b.residual, u, b, FINAL_STEP, central=True)
    return identify(tangent, tuple(p.name for p in b.free))


def _unfelt_at_start(b: Bench, best: Found, known: Identifiability) -> Found:
    """The same with every parameter that no target feels at the card's own value."""
    still = np.array([known.state[p.name] == "unfelt" for p in b.free])
    put_back = found_at(b, np.where(still, b.start, best.u))
    # Far from the minimum it may have been felt: then it stays where the search left it.
    return put_back if put_back.met >= best.met else best


def _moved(b: Bench, u: FloatArray, known: Identifiability) -> dict[str, Moved]:
    values, out = b.external(u), {}
    for k, p in enumerate(b.free):
        sigma, value, scale = known.sigma[p.name], values[p.name], float(b.scales[k])
        half = 1.96 * sigma
        if p.log:
            stderr = value * sigma
            low, high = (value * _exp(x) for x in (-half, half))
        else:
            stderr = scale * sigma
            low, high = value - scale * half, value + scale * half
        felt = np.abs(known.tangent[:, k]) >= max(0.1 * np.max(np.abs(known.tangent[:, k])), 1e-300)
        ids = tuple(t.id for t, f in zip(b.targets.targets, felt, strict=True) if f)
        state = known.state[p.name]
        reach = AT_BOUND * max(min(float(b.upper[k] - b.lower[k]), 1e3), 1e-300)
        hit = min(u[k] - b.lower[k], b.upper[k] - u[k]) <= reach
        before = b.card.values[p.name]
        out[p.name] = Moved(
            before,
            before if state == "unfelt" and u[k] == b.start[k] else value,
            stderr,
            (low, high),
            p.unit,
            state,
            ids if state != "unfelt" else (),
            bool(hit) and state != "unfelt",
        )
    return out


def _exp(x: float) -> float:
    return math.exp(x) if x < 700 else math.inf


def _remarks(
    b: Bench,
    after: Sequence[Misfit],
    moved: Mapping[str, Moved],
    known: Identifiability,
    best: Found,
    found: Sequence[Found],
) -> tuple[Warned, ...]:
    out = []
    for target, m in zip(b.targets.targets, after, strict=True):
        if not m.met:
            out.append(Warned("target_missed", f"'{target.id}' is missed: {_how(target, m)}"))
    for name, p in moved.items():
        if p.state == "unfelt":
            out.append(
                Warned("unfelt", f"no target feels '{name}': it stays at {p.before:.6g} {p.unit}")
            )
        elif p.at_bound:
            out.append(Warned("bound_hit", f"'{name}' lies on its bound {p.value:.4g} {p.unit}"))
        if p.state != "unfelt" and b.card.entries[name].origin in ("published", "fitted"):
            origin = b.card.entries[name].origin
            out.append(Warned("moved_known", f"'{name}' was {origin} and has been moved"))
    for combination in known.free:
        out.append(
            Warned(
                "not_determined",
                f"the targets leave free: {combination.text} changes none of them by a tolerance; the "
                "values nearest to the card's own were taken",
            )
        )
    for pair, value in known.correlations.items():
        if abs(value) > CORRELATION:
            a, c = pair.split(", ")
            out.append(
                Warned(
                    "correlated",
                    f"'{a}' and '{c}' correlate at {value:.4f}: only their combination is well known",
                )
            )
    others = [f for f in found if f.cost <= best.cost * (1 + SAME) + 1e-9]
    felt = np.array([known.state[p.name] != "unfelt" for p in b.free])
    apart = [f for f in others if not known.free and np.max(np.abs(f.u - best.u) * felt) > APART]
    if apart:
        out.append(
            Warned(
                "several_minima",
                f"{len(apart)} other start(s) ended as well elsewhere: {b.external(apart[0].u)}",
            )
        )
    return tuple(out)


def _how(target: Target, m: Misfit) -> str:
    if m.why:
        return m.why
    seen = f"{m.value / target.factor:.4g} {target.unit}"
    if target.value is not None:
        return (
            f"{seen} instead of {target.value / target.factor:.4g} {target.unit}, {m.tolerances:+.3g} "
            "tolerances"
        )
    bounds = [
        f"{word} {x / target.factor:.4g}"
        for word, x in (("at least", target.at_least), ("at most", target.at_most))
        if x is not None
    ]
    return f"{seen} instead of {' and '.join(bounds)} {target.unit} with its margin"
