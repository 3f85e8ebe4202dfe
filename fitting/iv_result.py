"""A choice of mechanisms as the result of a fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from compactmodels import registry
from fitting.auto import Choice
from fitting.bands import Band, band
from fitting.candidate import Candidate
from fitting.contest import Contest
from fitting.diagnostics import Warned
from fitting.recipes import Known, recipe_of, replaced
from fitting.result import Estimate, FitResult, Regime
from fitting.sweep import REVERSED, Sweep, voltage_of

FloatArray = NDArray[np.float64]


def result_of(sweep: Sweep, choice: Choice, alone: bool) -> FitResult:
    """The main regime's winner as a result, the regimes with it."""
    won, c = choice.main, choice.main.winner
    said = [*sweep.warnings, *choice.warnings, *won.warnings, *c.warnings]
    said += _said_of_others(sweep, choice)
    found = [r.winner for r in choice.regimes]
    if not any(recipe_of(registry.conduction(x.name)).thermal for x in found):
        said = [w for w in said if w.code != "temperature_assumed"]
    branches = _branches(choice)
    if len(found) > 1 and not branches:
        said.append(
            Warned(
                "card_of_one_regime",
                f"a card of this fit holds {c.name} alone and simulates none of the other regimes",
            )
        )
    if any(x.flipped for x in found):
        said.append(REVERSED)
    trace, problem = sweep.trace, c.solution.problem
    v = voltage_of(trace)
    span = v[won.used]
    statistics = {
        **c.statistics(),
        "n_total": len(trace),
        "v_min": float(span.min()),
        "v_max": float(span.max()),
        "temperature": sweep.known.temperature,
        "candidates": dict(won.candidates),
    }
    return FitResult(
        "iv",
        c.name,
        won.weights,
        _with_given(c, sweep.known),
        statistics,
        tuple(said),
        c.correlations(),
        v,
        trace.current,
        _model(choice, v),
        np.any([r.used for r in choice.regimes], axis=0),
        trace.meta.get("file"),
        None if alone else int(trace.meta["branch"]),
        {
            "values": {**{n: x for n, (_, x) in problem.fixed.items()}, **c.solution.values},
            "series": c.series,
            "flipped": c.flipped,
            "given": sorted(
                n for n in ("area", "thickness", "richardson") if getattr(sweep.known, n)
            ),
            "branches": branches,
            "sha256": trace.meta.get("sha256"),
            "sweep": trace.meta.get("sweep"),
            "assumed": list(trace.meta.get("assumed", ())),
        },
        _regimes(sweep, choice) if len(choice.regimes) > 1 else (),
        _band(choice, v),
    )


def _said_of_others(sweep: Sweep, choice: Choice) -> list[Warned]:
    """What is said of the regimes that are not the main one, each with its name and stretch."""
    v, out = voltage_of(sweep.trace), []
    for r in choice.regimes:
        if r is not choice.main:
            span = v[r.used]
            head = f"{r.winner.name}, {span.min():.3g} to {span.max():.3g} V"
            said = (*r.warnings, *r.winner.warnings)
            out += [Warned(w.code, f"{head}: {w.message}") for w in said]
    return out


def _branches(choice: Choice) -> list[dict[str, Any]]:
    """Mechanism, values and series resistance of each current of a sum that is the whole."""
    if len(choice.sums) != 1 or len(choice.sums[0].candidates) != len(choice.regimes):
        return []
    (whole,) = choice.sums
    order = {c.name: k for k, c in enumerate(whole.candidates)}
    out = []
    for regime in choice.regimes:
        c = regime.winner
        fixed = {n: x for n, (_, x) in c.solution.problem.fixed.items()}
        values = fixed | whole.values_of(order[c.name])
        out.append({"mechanism": c.name, "values": values, "series": c.series})
    return out


def _regimes(sweep: Sweep, choice: Choice) -> tuple[Regime, ...]:
    v = voltage_of(sweep.trace)
    return tuple(
        Regime(
            r.winner.name,
            float(v[r.used].min()),
            float(v[r.used].max()),
            int(np.count_nonzero(r.used)),
            r.winner.rms,
            r.weights,
            _with_given(r.winner, sweep.known),
        )
        for r in choice.regimes
    )


def _model(choice: Choice, v: FloatArray) -> FloatArray:
    """The fitted current at every voltage: the sum, or each regime's own in its stretch."""
    with np.errstate(all="ignore"):
        model = _current(choice.main, v)
        for regime in choice.regimes:
            if regime is not choice.main:
                model = np.where(_inside(v, regime.used), _current(regime, v), model)
        for whole in choice.sums:
            solution = whole.solution
            inside = _inside(v, whole.used) | (len(choice.regimes) == len(whole.candidates))
            model = np.where(inside, solution.problem.current(solution.u, v)[0], model)
    return model


def _inside(v: FloatArray, used: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return (v >= v[used].min()) & (v <= v[used].max())


def _current(regime: Contest, v: FloatArray) -> FloatArray:
    c = regime.winner
    s = -1.0 if c.flipped else 1.0
    return s * c.solution.problem.current(c.solution.u, s * v)[0]


def _band(choice: Choice, v: FloatArray) -> Band:
    """The confidence band of :func:`_model`; NaN where no regime was fitted."""
    lower, upper = np.full(v.shape, np.nan), np.full(v.shape, np.nan)
    for regime in choice.regimes:
        c, inside = regime.winner, _inside(v, regime.used)
        s = -1.0 if c.flipped else 1.0
        low, high = band(c.solution, c.spread, s * v[inside])
        lower[inside], upper[inside] = (low, high) if s > 0 else (-high, -low)
    for whole in choice.sums:
        inside = _inside(v, whole.used)
        lower[inside], upper[inside] = band(whole.solution, whole.spread, v[inside])
    return lower, upper


def _with_given(c: Candidate, known: Known) -> dict[str, Estimate]:
    """The fitted parameters, and those that were given."""
    out = dict(c.estimates)
    nothing = (float("nan"), float("nan"))
    hidden = replaced(recipe_of(registry.conduction(c.name)), known) | {"v_smooth"}
    for name, (p, value) in c.solution.problem.fixed.items():
        if name not in hidden and name not in out:
            given = getattr(known, name, None) is not None
            out[name] = Estimate(
                value, float("nan"), p.unit, nothing, "given" if given else "assumed"
            )
    return out
