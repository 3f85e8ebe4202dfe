"""Simultaneous fits: one mechanism on traces at several temperatures, areas or cycles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from compactmodels import registry
from compactmodels.errors import FitRefused, InputError
from compactmodels.model import SERIES
from compactmodels.parts import Conduction
from fitting.candidate import nested
from fitting.diagnostics import Warned, remarks
from fitting.engine import Solution, minimise
from fitting.joint_checks import check_degenerate, departures, joint_spread
from fitting.joint_problem import Layout, joint_problem
from fitting.joint_report import Joined, departure, joint_estimates, joint_result
from fitting.joint_result import JointResult
from fitting.joint_setup import check_needs, joint_starts, layout_of, separately
from fitting.joint_sources import Source, sweeps_of
from fitting.readers.columns import ColumnOption
from fitting.recipes import Recipe, recipe_of
from fitting.sweep import MAX_RMS, Options, Sweep


def fit_joint(
    sources: Iterable[Source] | Source,
    mechanism: str,
    *,
    shared: Sequence[str] = (),
    per_trace: Sequence[str] = (),
    temperatures: Sequence[float] | None = None,
    areas: Sequence[float] | None = None,
    area: float | None = None,
    thickness: float | None = None,
    mass: float = 1.0,
    temperature: float | None = None,
    richardson: float | None = None,
    resistance_by_size: bool = False,
    branch: int | None = None,
    columns: ColumnOption = None,
    skip: int | None = None,
    max_rms: float = MAX_RMS,
    polarity: str = "auto",
) -> JointResult:
    """Fit one mechanism to several traces at once.

    All free parameters are shared unless ``per_trace`` names them.  Where the temperature varies, the
    prefactor of a barrier (the Richardson constant) is free besides the barrier; a mechanism without a
    temperature in its equation gets an activation energy ``ea`` of its level.

    Parameters
    ----------
    sources : paths or traces
        At least two traces; a file may hold several.
    mechanism : str
        A conduction mechanism's name.
    shared, per_trace : sequence of str
        Parameters to be moved besides the usual ones, with one value for all; and those with a value
        for each trace (``n``, ``r_s``, or the level: ``area``).
    temperatures, areas : sequence of float, optional
        Kelvin and m^2, one a trace; the default is each trace's own temperature, and ``area``.
    area, thickness, mass, temperature, richardson : float, optional
        As in :func:`fitting.fit_iv`, for all traces; a given Richardson constant is not moved.
    resistance_by_size : bool
        The series resistance has a part that falls with the contact's radius, ``r_spread`` (its value
        at the mean area).
    branch : int, optional
        Which branch of every sweep.
    columns, skip, max_rms, polarity : optional
        As in :func:`fitting.fit_iv`.

    Returns
    -------
    JointResult
        The shared parameters, and a result of every trace.

    Raises
    ------
    InputError
        A parameter that the mechanism has not, a count of temperatures or areas that differs, a single
        trace.
    FitRefused
        Codes ``unidentifiable`` (temperatures equal or too close), ``poor_fit``, ``too_few_points``,
        ``no_convergence``, ``no_forward_points``.
    """
    if mechanism == "auto":
        raise InputError(
            "a joint fit is of one mechanism: name it with --mechanism (fit each trace with auto "
            "first)",
            code="bad_option",
        )
    part = registry.conduction(mechanism)
    options = Options(
        mechanism,
        area=area,
        thickness=thickness,
        mass=mass,
        temperature=temperature,
        richardson=richardson,
        max_rms=max_rms,
        polarity=polarity,
    )
    sweeps = sweeps_of(
        sources,
        temperatures=temperatures,
        areas=areas,
        branch=branch,
        columns=columns,
        skip=skip,
        options=options,
    )
    if len(sweeps) < 2:
        raise InputError(
            f"{len(sweeps)} trace was given: a joint fit needs two or more", code="one_trace"
        )
    recipe = recipe_of(part)
    layout = layout_of(part, recipe, sweeps, tuple(shared), tuple(per_trace), resistance_by_size)
    check_needs(part, recipe, layout, sweeps)
    separate = separately(part, recipe, sweeps)
    found = _search(part, recipe, sweeps, layout, separate)
    if found.solution.rms_decades > max_rms:
        alone = ", ".join(f"{s.rms_decades:.2g}" for s in separate)
        gone = departures(found.solution, separate, layout.per_trace)
        most = f"; {departure(found, gone[0])}" if gone else ""
        if all(any(w.code == "temperature_assumed" for w in s.warnings) for s in sweeps):
            most += "; no file says how warm it was: if they differ, give --temperatures"
        raise FitRefused(
            f"the shared {part.name} lies {found.solution.rms_decades:.3g} decades RMS off, "
            f"{max_rms:g} is accepted (each trace by itself: {alone}){most}; let a parameter differ with "
            "--per-trace, or --max-rms accepts more",
            code="poor_fit",
        )
    return joint_result(found, joint_estimates(found), separate)


def _search(
    part: Conduction,
    recipe: Recipe,
    sweeps: list[Sweep],
    layout: Layout,
    separate: list[Solution],
) -> Joined:
    """The joint minimum, with a series resistance if it earns its place."""
    lean = joint_problem(part, sweeps, recipe.forward, layout, series=False)
    said: list[Warned] = []
    asked = SERIES.name in layout.per_trace or layout.by_size
    if part.series:
        rich = joint_problem(part, sweeps, recipe.forward, layout, series=True)
        starts = joint_starts(rich, sweeps, layout, separate)
        if asked:
            solution, kept = minimise(rich, starts), True
        else:
            solution, kept, gain = nested(lean, rich, starts)
            if not kept:
                said.append(
                    Warned(
                        "series_resistance_unresolved",
                        f"a shared series resistance does not improve the fit (F is {gain:.2f} of "
                        "what 99 % asks for): r_s is fixed at 0",
                    )
                )
    else:
        solution, kept = minimise(lean, joint_starts(lean, sweeps, layout, separate)), False
    check_degenerate(solution, part.name)
    spread, each = joint_spread(solution)
    said += [w for w in remarks(solution, spread) if w.code != "autocorrelated_residuals"]
    return Joined(part, sweeps, layout, recipe.forward, solution, spread, each, kept, said)
