"""Fitting each mechanism to a branch: series resistance, what geometry leaves open, nested forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import FitRefused
from compactmodels.model import SERIES
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction
from fitting.candidate import EXTRA, Candidate, nested, settle
from fitting.diagnostics import LEAST_DOF, Warned, spread
from fitting.engine import Solution, minimise
from fitting.estimates import derived
from fitting.problem import Problem
from fitting.recipes import (
    Known,
    active,
    check_known,
    missing,
    problem_of,
    recipe_of,
    replaced,
    starts_of,
)
from fitting.result import Estimate
from fitting.validity import remark

FloatArray = NDArray[np.float64]

FAR_BELOW: Final = 0.1
"""Of the lowest voltage: where a knee that the data do not show is put."""

STEP: Final = 1.25
"""Ratio from one thickness to the next where nobody gave one."""
STEPS: Final = 4
HOPELESS: Final = 0.1
"""Decades from which no other thickness will help."""
CLEARLY: Final = 1.003
"""Ratio of costs from which another thickness is taken."""
SHARES: Final = (0.0, 0.1, 0.3, 0.6)
"""Of the largest voltage: what a series resistance may take where a search begins."""
GRIDS: Final = {
    "field_emission": ("g", {"phi": np.geomspace(0.05, 10, 28), "e00": np.geomspace(5e-3, 1, 28)})
}
"""Level, and grid of the rest, of mechanisms whose linearised plot leads into a side valley."""
A_SHARE: Final = 3
"""Starts out of a grid for each share."""
SEEN: Final = 50
"""Points at which a grid is tried."""
FAR: Final = 0.2
"""Decades: where the best of a grid is further off, one search will do."""
MOST_STARTS: Final = 4
UNLIKE: Final = 3.0
"""Factor in some parameter between two starts out of a grid."""


def fit_mechanism(
    part: Conduction,
    known: Known,
    v: FloatArray,
    i: FloatArray,
    *,
    flipped: bool = False,
    scale: float = 0.0,
    combined: bool = False,
) -> Candidate:
    """One mechanism on the points (v, i), with everything there is to say about it.

    Parameters
    ----------
    part : Conduction
    known : Known
    v, i : (n,) arrays
        V and A, of the same sign at every point.
    flipped : bool
        Whether the caller reversed both, so that forward is V > 0.
    scale : float
        Where the readings' floor shows [A].
    combined : bool
        Whether a mechanism whose geometry nobody gave is fitted all the same, for the combinations
        that the data fix; else it is refused.

    Raises
    ------
    FitRefused
        Codes ``unidentifiable``, ``too_few_points``, ``no_convergence``, ``forward_points``.
    """
    recipe = recipe_of(part)
    if recipe.reverse and np.any(v > 0):
        raise FitRefused(
            f"{part.name} describes reverse bias only: leave the forward side out",
            code="forward_points",
        )
    if not combined:
        check_known(part, recipe, known)
    lean = problem_of(part, known, v, i, scale=scale, combined=combined)
    starts: list[dict[str, float]] = []
    if part.name == "space_charge_limited":
        found = settle(part, _space_charge(part, known, lean, scale), flipped=flipped)
    elif set(recipe.loose) and set(recipe.loose) <= set(missing(recipe, known)):
        found = settle(part, _widened(part, known, lean, scale), flipped=flipped)
    elif not part.series:
        starts = starts_of(lean, part, known)
        found = settle(part, minimise(lean, starts), flipped=flipped)
    else:
        rich = problem_of(part, known, v, i, series=True, scale=scale)
        starts, elsewhere = _series_starts(lean, part, known)
        solution, kept, ratio = nested(lean, rich, starts)
        solution = replace(solution, elsewhere=tuple(elsewhere))
        said = () if kept else (_no_series(ratio),)
        found = settle(part, solution, series=kept, warnings=said, flipped=flipped)
    if found.solution.at_bound and found.rms <= HOPELESS:
        found = _looked_inside(found, starts)
    return remark(_combined(found, known), known)


def _looked_inside(found: Candidate, starts: list[dict[str, float]]) -> Candidate:
    """A fit that ends on a bound, and what one kept away from it by a factor 2 says of that.

    Where the misfit hardly rises (F test at 99 %) the data do not ask for the bound: a minimum inside
    takes its place; without one the parameter is open to that side.
    """
    from scipy.special import fdtri

    solution = found.solution
    hit = solution.at_bound
    within = tuple(_kept_away(p) if p.name in hit else p for p in solution.problem.free)
    try:
        other = minimise(replace(solution.problem, free=within), [solution.values, *starts])
    except FitRefused:
        return found
    dof = max(found.spread.n_effective - solution.u.size, LEAST_DOF)
    rise = (other.cost / max(solution.cost, 1e-300) - 1.0) * dof / len(hit)
    if rise > float(fdtri(len(hit), dof, EXTRA)) or set(other.at_bound) - set(hit):
        return found
    if other.at_bound:
        return replace(found, open=True)
    other = replace(other, problem=solution.problem, fuller=solution.fuller)
    return settle(
        found.part, other, series=found.series, warnings=found.warnings, flipped=found.flipped
    )


def _kept_away(p: Parameter) -> Parameter:
    """The parameter with bounds half as far."""
    lower = 2.0 * p.lower if p.lower > 0 else p.lower
    upper = 0.5 * p.upper if p.upper > 0 else p.upper
    return replace(p, lower=lower, upper=upper, default=min(max(p.default, lower), upper))


def _series_starts(
    lean: Problem, part: Conduction, known: Known
) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Starts of a mechanism behind a series resistance: off its plot, or off a grid of its equation.

    The second list is all that the intervals should look from for other minima.

    The plot of field emission leaves out the two factors that rule at low voltage, and the search from
    there may end where the temperature's factor is a straight line, far from the best fit.
    """
    if part.name not in GRIDS:
        return starts_of(lean, part, known), []
    level, grid = GRIDS[part.name]
    names = tuple(grid)
    places = np.stack([g.ravel() for g in np.meshgrid(*grid.values())])
    order = np.argsort(np.abs(lean.x), kind="stable")
    thin = order[np.unique(np.linspace(0, order.size - 1, SEEN).astype(int))]
    v, i, w = lean.x[thin], lean.y[thin], lean.weight[thin]
    top = float(np.max(np.abs(lean.x[order[-1]] / lean.y[order[-1]])))
    si = {n: value * p.si_factor for n, (p, value) in lean.fixed.items()}
    factor = {p.name: p.si_factor for p in lean.free}
    si |= {n: x[:, None] * factor[n] for n, x in zip(names, places)} | {level: factor[level]}
    starts: list[tuple[float, dict[str, float]]] = []
    for share in SHARES:
        inner = np.sign(v) * np.maximum(np.abs(v - share * top * i), 1e-3 * np.abs(v))
        with np.errstate(all="ignore"):
            rest = np.log(i / np.asarray(part.function(inner, known.temperature, **si)))
        height = np.sum(w**2 * rest, axis=1) / np.sum(w**2)
        cost = np.sum((w * (rest - height[:, None])) ** 2, axis=1)
        chosen: list[int] = []
        for k in np.argsort(np.where(np.isfinite(cost), cost, np.inf)):
            apart = [np.max(np.abs(np.log(places[:, k] / places[:, j]))) for j in chosen]
            if all(a > np.log(UNLIKE) for a in apart):
                chosen.append(int(k))
            if len(chosen) == A_SHARE:
                break
        for k in chosen:
            values = dict(zip(names, places[:, k].tolist()))
            values |= {level: float(np.exp(np.clip(height[k], -80, 80)))}
            starts.append((float(cost[k]), {**values, SERIES.name: max(share, 1e-3) * top}))
    starts.sort(key=lambda item: item[0])
    far = FAR * np.log(10.0) * np.sqrt(np.sum(w**2))
    begun = [values for _, values in starts]
    return begun[: MOST_STARTS if starts[0][0] < far**2 else 1], begun


def _no_series(ratio: float) -> Warned:
    return Warned(
        "series_resistance_unresolved",
        f"a series resistance does not improve the fit (F is {ratio:.2f} of what 99 % "
        "asks for): r_s is fixed at 0; currents at higher voltage would settle it",
    )


def _space_charge(part: Conduction, known: Known, lean: Problem, scale: float) -> Solution:
    """The square law; a free exponent and then a knee where each earns its place."""
    v, i = lean.x, lean.y
    power = problem_of(part, known, v, i, scale=scale, more=("exponent",))
    knee, _ = power.fixed["v_tfl"]
    below = max(FAR_BELOW * float(np.min(np.abs(v))), knee.lower)
    power = replace(power, fixed={**power.fixed, "v_tfl": (knee, below)})
    full = problem_of(part, known, v, i, scale=scale, more=("exponent", "v_tfl"))
    found = minimise(lean, starts_of(lean, part, known))
    for problem in (power, full):
        found = _if_earned(found, problem, starts_of(problem, part, known))
    return found


def _widened(part: Conduction, known: Known, lean: Problem, scale: float) -> Solution:
    """A barrier whose thickness nobody knows, at the one of a ladder that suits the data best.

    Area and barrier make up for nearly all of the thickness: with all free a search wanders along
    a valley without a floor, and ends at a bound.
    """
    wide = problem_of(part, known, lean.x, lean.y, scale=scale, combined=True, more=("thickness",))
    starts = starts_of(wide, part, known)
    found = minimise(_at_width(lean, starts[0]["thickness"]), starts[:3])
    if found.at_bound or found.rms_decades > HOPELESS:
        return found
    for factor in (STEP, 1 / STEP):
        for _ in range(STEPS):
            width = found.problem.fixed["thickness"][1] * factor
            try:
                other = minimise(_at_width(lean, width), [found.values])
            except FitRefused:
                break
            if other.at_bound or other.cost * CLEARLY > found.cost:
                break
            found = other
    here = {"thickness": found.problem.fixed["thickness"][1], **found.values}
    try:
        free = minimise(wide, [here])  # its errors allow for the thickness
    except FitRefused:
        return found
    return found if free.at_bound else free


def _at_width(problem: Problem, width: float) -> Problem:
    thickness, _ = problem.fixed["thickness"]
    inside = min(max(width, thickness.lower), thickness.upper)
    return replace(problem, fixed={**problem.fixed, "thickness": (thickness, inside)})


def _if_earned(lean: Solution, full: Problem, starts: list[dict[str, float]]) -> Solution:
    """The fit of ``full`` if its further parameters earn their place, else ``lean``.

    The gain in the sum of squares has to exceed the 99 % quantile of the F distribution, as for a
    series resistance.
    """
    from scipy.special import fdtri

    more = len(full.free) - len(lean.problem.free)
    if lean.cost <= 1e-18 * lean.residual.size or full.x.size <= len(full.free):
        return lean
    try:
        rich = minimise(full, starts)
    except FitRefused:
        return lean
    dof = spread(rich).dof
    gain = (lean.cost / max(rich.cost, 1e-300) - 1.0) * dof / more
    return rich if gain > float(fdtri(more, dof, EXTRA)) and not rich.at_bound else lean


def _combined(found: Candidate, known: Known) -> Candidate:
    """The candidate with what the data fix in place of what geometry leaves open."""
    part, problem = found.part, found.solution.problem
    assert isinstance(part, Conduction)
    recipe = recipe_of(part)
    out: Mapping[str, Estimate] = dict(found.estimates)
    if part.series and not found.series:
        nothing = (float("nan"), float("nan"))
        out = {**out, "r_s": Estimate(0.0, float("nan"), "ohm", nothing, "assumed")}
    combinations = active(recipe, known)
    if not combinations:
        return replace(found, estimates=dict(out))
    quantities = {c.name: c.quantity(part, known.temperature) for c in combinations}
    fixed = {n: derived(q(problem), found.solution, found.spread) for n, q in quantities.items()}
    hidden = replaced(recipe, known)
    kept = {n: e for n, e in out.items() if n not in hidden}
    absent = sorted({n for c in combinations for n in c.unless if getattr(known, n) is None})
    each = " and ".join(
        f"{c.meaning} ({c.name} = {fixed[c.name].value:.4g} {c.unit})" for c in combinations
    )
    values = {n: x for n, (_, x) in problem.fixed.items()} | found.solution.values
    stand = ", ".join(
        f"{p.name} {values[p.name]:.4g} {p.unit}" for p in part.parameters if p.name in hidden
    )
    said = Warned(
        f"{absent[0] if len(absent) == 1 else 'geometry'}_unknown",
        f"without the {' and the '.join(absent)} only {each} is known: {stand} give it together and "
        f"mean nothing one by one; {recipe.settles}",
    )
    return replace(
        found,
        estimates={**fixed, **kept},
        derived={**found.derived, **quantities},
        warnings=(*found.warnings, said),
    )
