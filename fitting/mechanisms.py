"""Fitting each mechanism to a branch: series resistance, what geometry leaves open, what is doubtful."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from compactmodels.constants import RICHARDSON
from compactmodels.parts import Conduction
from compactmodels.registry import conduction
from fitting.candidate import Candidate, nested, settle
from fitting.diagnostics import Warned
from fitting.engine import minimise
from fitting.estimates import saturation_current
from fitting.recipes import Known, check_known, problem_of, recipe_of, starts_of
from fitting.result import Estimate

FloatArray = NDArray[np.float64]

IDEALITY: tuple[float, float] = (0.8, 4.0)
"""Ideality factors outside are not thermionic emission over one barrier."""


def fit_mechanism(
    part: Conduction, known: Known, v: FloatArray, i: FloatArray, *, flipped: bool = False
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

    Raises
    ------
    FitRefused
        Codes ``unidentifiable``, ``too_few_points``, ``no_convergence``.
    """
    check_known(part, recipe_of(part), known)
    lean = problem_of(part, known, v, i)
    starts = starts_of(lean, part, known)
    if not part.series:
        found = settle(part, minimise(lean, starts), flipped=flipped)
    else:
        rich = problem_of(part, known, v, i, series=True)
        solution, kept, ratio = nested(lean, rich, starts)
        said = () if kept else (_no_series(ratio),)
        found = settle(part, solution, series=kept, warnings=said, flipped=flipped)
    finish = _FINISH.get(part.name)
    return found if finish is None else finish(found, known)


def _no_series(ratio: float) -> Warned:
    return Warned(
        "series_resistance_unresolved",
        f"a series resistance does not improve the fit (F is {ratio:.2f} of what 99 % "
        "asks for): r_s is fixed at 0; currents at higher voltage would settle it",
    )


def _thermionic(found: Candidate, known: Known) -> Candidate:
    out = dict(found.estimates)
    said = list(found.warnings)
    if not found.series:
        out["r_s"] = Estimate(0.0, float("nan"), "ohm", (float("nan"), float("nan")), "assumed")
    saturation = saturation_current(
        conduction(found.name), found.solution, found.spread, known.temperature
    )
    if known.area is None:
        phi = out.pop("phi")
        out = {"i_sat": saturation, **out}
        said.append(
            Warned(
                "area_unknown",
                f"without the area only the saturation current {saturation.value:.4g} A is known: the "
                f"barrier is {phi.value:.3f} eV for 1e-10 m^2 and moves by 2.3 kT/q for each decade "
                "of area; give --area, or sweeps at several temperatures",
            )
        )
    else:
        said.append(
            Warned(
                "richardson_assumed" if known.richardson is None else "richardson_given",
                f"the barrier holds for a Richardson constant of {known.richardson or RICHARDSON:.4g} "
                "A/(m^2 K^2) over the whole area; a factor 10 in either moves it by 2.3 kT/q",
            )
        )
    n = found.estimates["n"].value
    veto = ""
    if not IDEALITY[0] <= n <= IDEALITY[1]:
        veto = f"an ideality factor of {n:.2f}"
        said.append(
            Warned("ideality_unphysical", f"{veto} is not thermionic emission over one barrier")
        )
    return replace(found, estimates=out, warnings=tuple(said), veto=veto or _bound_veto(found))


def _fowler_nordheim(found: Candidate, known: Known) -> Candidate:
    phi, area = found.estimates["phi"].value, found.estimates["area"].value
    said, veto = list(found.warnings), ""
    top = float(np.max(np.abs(found.solution.problem.x)))
    if known.area is not None:
        e, ratio = found.estimates["area"], area / known.area
        bounds = (e.interval[0] / known.area, e.interval[1] / known.area)
        share = Estimate(ratio, e.stderr / known.area, "1", bounds, "derived")
        found = replace(found, estimates={**found.estimates, "area_ratio": share})
        said.append(
            Warned(
                "effective_area",
                f"the barrier is from the slope and the level gives an effective area of {area:.3g} "
                f"m^2, {ratio:.3g} of the electrode's",
            )
        )
        if ratio > 10:
            veto = f"an effective area {ratio:.2g} times the electrode's"
    if top < phi:
        veto = f"a largest voltage of {top:.3g} V, below the barrier of {phi:.3g} eV"
        said.append(
            Warned(
                "below_barrier",
                f"{veto}: the barrier is not triangular there, and the slope is no barrier",
            )
        )
    return replace(found, warnings=tuple(said), veto=veto or _bound_veto(found))


def _direct_tunneling(found: Candidate, known: Known) -> Candidate:
    barrier = min(found.estimates["phi1"].value, found.estimates["phi2"].value)
    size = np.abs(found.solution.problem.x)
    beyond = int(np.count_nonzero(size > 0.5 * barrier))
    said = list(found.warnings)
    if beyond:
        said.append(
            Warned(
                "beyond_half_barrier",
                f"{beyond} of {size.size} points lie beyond half the barrier ({0.5 * barrier:.3g} V), "
                "where the closed form departs from the WKB integral by 6 % and more",
            )
        )
    veto = ""
    if float(np.max(size)) > 2 * barrier:
        veto = "data beyond twice the barrier, where the closed form is not real"
    return replace(found, warnings=tuple(said), veto=veto or _bound_veto(found))


def _schottky(found: Candidate, known: Known) -> Candidate:
    return replace(found, veto=_bound_veto(found))


def _bound_veto(found: Candidate) -> str:
    hit = found.solution.at_bound
    return f"'{hit[0]}' on its bound" if hit else ""


_FINISH = {
    "thermionic_emission": _thermionic,
    "fowler_nordheim": _fowler_nordheim,
    "direct_tunneling": _direct_tunneling,
    "schottky_emission": _schottky,
}
