"""A joint fit made ready: what is free, what is shared, where the search begins."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from compactmodels.activation import ENERGY
from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE
from compactmodels.errors import FitRefused, InputError
from compactmodels.model import SERIES
from compactmodels.parts import Conduction
from fitting.candidate import nested
from fitting.engine import Solution, minimise
from fitting.guess import line
from fitting.joint_problem import ACTIVATED, PREFACTORS, SPREADING, JointProblem, Layout
from fitting.problem import Problem
from fitting.recipes import Recipe, check_known, problem_of, starts_of
from fitting.sweep import Sweep, where

SAME: Final = 1e-6
"""Relative spread below which temperatures (or areas) are the same."""


def varies(values: Sequence[float]) -> bool:
    """Whether temperatures or areas differ."""
    return max(values) - min(values) > SAME * max(values)


def layout_of(
    part: Conduction,
    recipe: Recipe,
    sweeps: list[Sweep],
    shared: tuple[str, ...],
    per_trace: tuple[str, ...],
    by_size: bool,
) -> Layout:
    """What is free, and where.

    Raises
    ------
    InputError
        Code ``unknown_parameter``; code ``bad_option``: shared and per trace at once, a resistance by
        size without areas.
    """
    declared = [p.name for p in part.parameters]
    hot = varies([s.known.temperature for s in sweeps])
    activated = ACTIVATED.get(part.name, "") if hot else ""
    extra = ((SERIES.name,) if part.series else ()) + ((ENERGY.name,) if activated else ())
    for name in (*shared, *per_trace):
        if name not in (*declared, *extra):
            raise InputError(
                f"'{name}' is no parameter of {part.name}: known are {', '.join((*declared, *extra))}",
                code="unknown_parameter",
            )
    both = set(shared) & set(per_trace)
    if both:
        raise InputError(
            f"'{sorted(both)[0]}' was asked for as shared and per trace: choose one",
            code="bad_option",
        )
    areas = [s.known.area for s in sweeps]
    sized = all(a is not None for a in areas) and varies([a for a in areas if a is not None])
    if by_size and not (part.series and sized):
        raise InputError(
            "a series resistance that knows the size needs a mechanism with one and contacts of "
            "different area: give --areas",
            code="bad_option",
        )
    free = [p.name for p in part.parameters if p.name in recipe.free]
    if hot and recipe.thermal and sweeps[0].known.richardson is None:
        free += [n for n in PREFACTORS if n in declared and n not in free]
    free += [n for n in (*shared, *per_trace) if n in declared and n not in free]
    own = list(per_trace)
    if "area" in recipe.free and sized and "area" not in (*shared, *own):
        own.append("area")  # an effective area: every contact has its own
    return Layout(tuple(free), tuple(own), activated, by_size)


def prefactor_of(layout: Layout) -> str:
    """The free and shared prefactor of a barrier; empty for none."""
    return next((n for n in PREFACTORS if n in layout.free and n not in layout.per_trace), "")


def check_needs(part: Conduction, recipe: Recipe, layout: Layout, sweeps: list[Sweep]) -> None:
    """Refuse what several traces cannot separate either."""
    name = prefactor_of(layout)
    if name and "phi" not in layout.per_trace:
        kelvin = [s.known.temperature for s in sweeps]
        if not varies(kelvin):
            raise FitRefused(
                f"{part.name}: all {len(sweeps)} traces are at {kelvin[0]:g} K, where {name} and the "
                "barrier move the current in the same way; traces some 40 K apart would separate them",
                code="unidentifiable",
            )
    free_level = bool(name) or "area" in layout.free
    for sweep in sweeps:
        known = sweep.known
        if free_level and known.area is None:  # the product is fitted
            known = replace(known, area=1.0)
        check_known(part, recipe, known)


def separately(part: Conduction, recipe: Recipe, sweeps: list[Sweep]) -> list[Solution]:
    """Every trace by itself, without what only several traces tell."""
    out = []
    for sweep in sweeps:
        v, i, _ = sweep.points(recipe.forward, part.name)
        lean = problem_of(part, sweep.known, v, i, scale=sweep.noise.scale)
        starts = starts_of(lean, part, sweep.known)
        try:
            if part.series:
                rich = problem_of(part, sweep.known, v, i, series=True, scale=sweep.noise.scale)
                out.append(nested(lean, rich, starts)[0])
            else:
                out.append(minimise(lean, starts))
        except FitRefused as error:
            raise FitRefused(f"{where(sweep.trace)}{error.message}", code=error.code) from None
    return out


def joint_starts(
    problem: JointProblem, sweeps: list[Sweep], layout: Layout, separate: list[Solution]
) -> list[dict[str, float]]:
    """Start values from the separate fits: medians, and lines over 1/kT and 1/radius."""
    alone = [s.values for s in separate]
    typical = {
        name: float(np.median([values[name] for values in alone if name in values]))
        for name in {n for values in alone for n in values}
    }
    typical.setdefault(SERIES.name, 1.0)
    first = typical | _over_temperature(sweeps, layout, alone, problem.blocks[0])
    if layout.by_size:
        half = 0.5 * typical[SERIES.name]
        first |= {SERIES.name: half, SPREADING: half}
    second = typical | {k: v for k, v in first.items() if k in (ENERGY.name, SPREADING)}
    return [_spread_out(problem, start, alone, layout) for start in (first, second)]


def _over_temperature(
    sweeps: list[Sweep], layout: Layout, alone: list[dict[str, float]], block: Problem
) -> dict[str, float]:
    """Barrier and prefactor, or activation energy and level, from the separate fits' Arrhenius plot."""
    inverse = np.array([ELEMENTARY_CHARGE / (BOLTZMANN * s.known.temperature) for s in sweeps])
    prefactor = prefactor_of(layout)
    if prefactor and all("phi" in values for values in alone):
        p = next(q for q in block.free if q.name == prefactor)
        barrier = np.array([values["phi"] for values in alone])
        slope, level = line(inverse, math.log(p.default) - barrier * inverse)
        return {"phi": -slope, prefactor: math.exp(min(max(level, -600.0), 600.0))}
    if layout.activated:
        levels = np.log([values[layout.activated] for values in alone])
        slope, _ = line(inverse, levels)
        return {ENERGY.name: -slope, layout.activated: float(np.exp(np.mean(levels)))}
    return {}


def _spread_out(
    problem: JointProblem,
    typical: Mapping[str, float],
    alone: list[dict[str, float]],
    layout: Layout,
) -> dict[str, float]:
    """A start for every coordinate: a trace's own parameters start at its separate fit's."""
    start: dict[str, float] = {}
    for number, (block, place) in enumerate(zip(problem.blocks, problem.places)):
        for p, j in zip(block.free, place):
            own = alone[number].get(p.name) if p.name in layout.per_trace else None
            value = typical.get(p.name, p.default) if own is None else own
            start.setdefault(problem.names[j], value)
    return start
