"""What a joint minimum means: estimates, remarks, and the result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Final

import numpy as np

from compactmodels.activation import ENERGY
from compactmodels.errors import FitRefused
from compactmodels.model import SERIES
from compactmodels.parts import Conduction
from fitting.arrhenius import UNKNOWN
from fitting.diagnostics import Spread, Warned
from fitting.engine import Solution
from fitting.estimates import correlations, estimates
from fitting.joint_checks import Departure, compared, departures, moved_by_kelvin
from fitting.joint_problem import (
    SPREADING,
    JointProblem,
    Layout,
    joint_problem,
    reference_area,
    reference_temperature,
)
from fitting.joint_result import JointResult, trace_results
from fitting.joint_setup import prefactor_of, varies
from fitting.result import Estimate
from fitting.sweep import REVERSED, Sweep

TIMES_AREA: Final = {"A/(m^2 K^2)": "A/K^2", "S/m": "S m"}
DEPARTURES: Final = 3
"""Traces that a warning names at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """What the search found, on its way to a result."""

    part: Conduction
    sweeps: list[Sweep]
    layout: Layout
    forward: bool
    solution: Solution
    spread: Spread
    each: list[tuple[float, float]]
    series: bool
    warnings: list[Warned]

    @property
    def problem(self) -> JointProblem:
        found = self.solution.problem
        assert isinstance(found, JointProblem)
        return found


def joint_estimates(found: Joined) -> dict[str, Estimate]:
    """Every coordinate with its error, and what temperatures and areas make of it.

    Raises
    ------
    FitRefused
        Code ``unidentifiable``: temperatures so close that the prefactor stays unknown.
    """
    out = estimates(found.solution, found.spread)
    prefactor = prefactor_of(found.layout)
    if prefactor:
        _check_separated(found, out, prefactor)
    if (
        found.sweeps[0].known.area is None
        and prefactor
        and "area" in {p.name for p in found.part.parameters}
    ):
        e = out.pop(prefactor)
        nominal = found.problem.fixed["area"][1]
        low, high = e.interval
        name, unit = f"{prefactor}_area", TIMES_AREA.get(e.unit, f"{e.unit} m^2")
        out[name] = Estimate(
            e.value * nominal, e.stderr * nominal, unit, (low * nominal, high * nominal), "derived"
        )
        found.warnings.append(
            Warned(
                "area_unknown",
                f"without the area the product of {prefactor} and area is fitted; the barrier does not "
                "depend on it",
            )
        )
    elif "phi" in out and found.sweeps[0].known.area is None and "area" in found.problem.fixed:
        found.warnings.append(
            Warned(
                "area_unknown",
                f"the barrier is for {found.problem.fixed['area'][1]:g} m^2 and moves by 2.3 kT/q for each "
                "decade of area: give --area",
            )
        )
    return out


def _check_separated(found: Joined, out: Mapping[str, Estimate], prefactor: str) -> None:
    """Refuse temperatures so close that scatter, or 1 K of error in each, leaves the prefactor open."""
    kelvin = [s.known.temperature for s in found.sweeps]
    low, high = out[prefactor].interval
    scatter = 0.5 * (math.log(high) - math.log(low)) if low > 0 and high < math.inf else math.inf
    reach = math.hypot(scatter, _moved(found)[prefactor])
    if reach <= UNKNOWN:
        return
    wanted = (max(kelvin) - min(kelvin)) * min(reach, 1e3) / math.log(3.0)
    raise FitRefused(
        f"{found.part.name}: temperatures of {min(kelvin):g} to {max(kelvin):g} K leave {prefactor} open "
        f"by more than a factor of 1000, scatter and 1 K of error in each temperature taken together: a "
        f"spread of some {wanted:.2g} K would settle it to a factor of 3; or take it as known "
        "(--richardson) or the temperature as one (--temperature), and fit the barrier alone",
        code="unidentifiable",
    )


def _moved(found: Joined) -> dict[str, float]:
    """What 1 K of error in each temperature would do to every coordinate."""
    warm = [
        replace(s, known=replace(s.known, temperature=s.known.temperature + 1.0))
        for s in found.sweeps
    ]
    other = joint_problem(found.part, warm, found.forward, found.layout, series=found.series)
    moved = moved_by_kelvin(found.solution, other)
    return {n: float(x) for n, x in zip(found.problem.names, moved)}


def _departed(
    found: Joined, separate: list[Solution], comparison: Mapping[str, Any]
) -> list[Warned]:
    """What the comparison and the score tests say."""
    said = []
    if not comparison.get("supported", True):
        rms = comparison["rms_decades"]
        said.append(
            Warned(
                "sharing_not_supported",
                f"one fit a trace is significantly closer (F is {comparison['f'] / comparison['f_limit']:.2g} "
                f"of what 99 % asks for; {rms['separate']:.2g} against {rms['shared']:.2g} decades RMS): the "
                "traces do not agree on all that is shared",
            )
        )
    for d in departures(found.solution, separate, found.layout.per_trace)[:DEPARTURES]:
        said.append(Warned("trace_departs", departure(found, d)))
    return said


def departure(found: Joined, d: Departure) -> str:
    """One trace that disagrees, as a sentence."""
    sweep = found.sweeps[d.trace]
    file = sweep.trace.meta.get("file")
    label = PurePath(file).name if file else f"{sweep.known.temperature:g} K"
    unit = next((p.unit for p in found.problem.free if p.name == d.parameter), "")
    unit = "" if unit == "1" else f" {unit}"
    size = f"{100 * math.expm1(min(d.shift, 50.0)):+.2g} %" if d.log else f"{d.shift:+.2g}{unit}"
    return (
        f"trace {d.trace + 1} ({label}) wants another '{d.parameter}' than the rest: {size}, "
        f"{abs(d.t):.1f} standard errors"
    )


def _kelvin(found: Joined) -> list[Warned]:
    """What errors of the temperature would do, which no residual shows."""
    names = found.problem.names
    asked = [n for n in ("phi", ENERGY.name, prefactor_of(found.layout)) if n in names]
    if not varies([s.known.temperature for s in found.sweeps]) or not asked:
        return []
    moved = _moved(found)
    units = {p.name: p for p in found.problem.free}
    each = [
        f"{n} by a factor of {math.exp(min(moved[n], 50.0)):.2g}"
        if units[n].log
        else f"{n} by {moved[n]:.2g} {units[n].unit}"
        for n in asked
    ]
    said = [
        Warned(
            "temperature_error",
            f"the errors take the temperatures as exact: 1 K of error in each would move {' and '.join(each)}",
        )
    ]
    level = found.layout.activated
    if level:
        said.append(
            Warned(
                "level_at_reference",
                f"{level} is the value at {reference_temperature(found.sweeps):.2f} K; the card's branch has "
                "no activation energy of its own",
            )
        )
    return said


def joint_result(found: Joined, out: dict[str, Estimate], separate: list[Solution]) -> JointResult:
    """The result of a joint minimum, with all that is to be said of it."""
    comparison = compared(found.solution, separate)
    said = [*found.warnings, *_departed(found, separate, comparison), *_kelvin(found)]
    if any(s.points(found.forward, found.part.name)[2] for s in found.sweeps):
        said.append(REVERSED)
    worst = max(rho for _, rho in found.each)
    if found.spread.n_effective < found.solution.residual.size:
        said.append(
            Warned(
                "autocorrelated_residuals",
                f"neighbouring residuals of a trace correlate at up to {worst:.2f}: of "
                f"{found.solution.residual.size} points {found.spread.n_effective:.0f} count, and the "
                "errors are widened accordingly",
            )
        )
    own = {f"{n}_{k}" for n in found.layout.per_trace for k in range(1, len(found.sweeps) + 1)}
    traces = trace_results(
        found.part, found.problem, found.sweeps, found.solution, out, found.each, found.forward
    )
    pairs = correlations(found.solution, found.spread)
    shared = {n: e for n, e in out.items() if n not in own}
    kelvin = [s.known.temperature for s in found.sweeps]
    typical = _typical(found)
    statistics = {
        "rms_decades": found.solution.rms_decades,
        "max_decades": float(np.max(np.abs(found.solution.residual))) / math.log(10.0),
        "n_points": int(found.solution.residual.size),
        "n_effective": found.spread.n_effective,
        "dof": found.spread.dof,
        "lag1": found.spread.lag1,
        "condition": found.spread.condition,
        "n_traces": len(found.sweeps),
        "temperature": reference_temperature(found.sweeps),
        "temperature_min": min(kelvin),
        "temperature_max": max(kelvin),
        "v_min": min(float(t.x[t.used].min()) for t in traces),
        "v_max": max(float(t.x[t.used].max()) for t in traces),
        "comparison": comparison,
    }
    if found.layout.by_size:
        statistics["area_reference"] = reference_area(found.sweeps)
    return JointResult(
        "iv",
        found.part.name,
        {found.part.name: 1.0},
        {**shared, **_given(found, shared)},
        statistics,
        tuple(said),
        {p: r for p, r in pairs.items() if not own & set(p.split(", "))},
        np.concatenate([t.x for t in traces]),
        np.concatenate([t.y for t in traces]),
        np.concatenate([t.model for t in traces]),
        np.concatenate([t.used for t in traces]),
        None,
        None,
        {
            "values": typical,
            "series": found.series,
            "per_trace": list(found.layout.per_trace),
            "assumed": list(
                dict.fromkeys(a for s in found.sweeps for a in s.trace.meta.get("assumed", ()))
            ),
            "sha256": None,
        },
        traces=traces,
    )


def _typical(found: Joined) -> dict[str, float]:
    """One value of each parameter for the card: the shared one, or the middle of the traces'."""
    values = {n: x for n, (_, x) in found.problem.fixed.items()}
    each = [found.problem.of_trace(k, found.solution.values) for k in range(len(found.sweeps))]
    for p in found.problem.blocks[0].free:
        own = np.array([row[p.name] for row in each])
        values[p.name] = float(np.exp(np.mean(np.log(own))) if p.log else np.mean(own))
    if SPREADING in values:
        values[SERIES.name] += values.pop(SPREADING)
    values.pop(ENERGY.name, None)
    return values


def _given(found: Joined, shared: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """What was not fitted: given, assumed, or different from trace to trace."""
    nothing = (math.nan, math.nan)
    hidden = {"v_smooth"}
    areas = [s.known.area for s in found.sweeps]
    if areas[0] is None or varies([a for a in areas if a is not None]):
        hidden.add("area")
    out = {}
    for name, (p, value) in found.problem.fixed.items():
        if name not in hidden and name not in shared:
            told = getattr(found.sweeps[0].known, name, None) is not None
            out[name] = Estimate(value, math.nan, p.unit, nothing, "given" if told else "assumed")
    return out
