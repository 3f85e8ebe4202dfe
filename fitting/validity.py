"""What is doubtful about a fitted mechanism: points outside its range, values no material has.

A veto keeps a fit from winning a contest; everything else is a coded warning with the number of points
and their range.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.constants import (
    BOLTZMANN,
    ELECTRON_MASS,
    ELEMENTARY_CHARGE,
    HBAR,
    RICHARDSON,
    VACUUM_PERMITTIVITY,
)
from fitting.candidate import Candidate
from fitting.combinations import NO_FIELD
from fitting.diagnostics import Warned
from fitting.estimates import derived
from fitting.problem import Problem
from fitting.profile import Quantity, coordinate
from fitting.recipes import Known, recipe_of

FloatArray = NDArray[np.float64]
Found = tuple[Candidate, list[Warned], str]

IDEALITY: Final = (0.8, 4.0)
"""Ideality factors outside are not thermionic emission over one barrier."""
OPTICAL: Final = (1.5, 20.0)
"""Squares of refractive indices that solids have."""
LEAST_ATTENUATION: Final = 6.0
"""Exponent below which Simmons' expansion drops what is not small."""


def remark(found: Candidate, known: Known) -> Candidate:
    """The candidate with its mechanism's remarks, and its veto."""
    look = _REMARKS.get(found.name)
    if look is None:
        return found
    found, said, veto = look(found, known)
    hit = found.solution.at_bound
    if hit and not veto and found.name != "sinh":  # which describes, and has no say in a contest
        veto = f"'{hit[0]}' on its bound"
    return replace(found, warnings=(*found.warnings, *said), veto=veto)


def _values(found: Candidate) -> dict[str, float]:
    """Every parameter in its declared unit, fitted or not."""
    return {n: x for n, (_, x) in found.solution.problem.fixed.items()} | found.solution.values


def _points(found: Candidate, where: NDArray[np.bool_], code: str, why: str) -> list[Warned]:
    """A warning about those points, if there are any."""
    x = -found.solution.problem.x if found.flipped else found.solution.problem.x
    count = int(np.count_nonzero(where))
    if not count:
        return []
    low, high = float(np.min(x[where])), float(np.max(x[where]))
    verb = "lies" if count == 1 else "lie"
    return [Warned(code, f"{count} of {x.size} points ({low:.3g} to {high:.3g} V) {verb} {why}")]


def _kt(known: Known) -> float:
    return BOLTZMANN * known.temperature / ELEMENTARY_CHARGE


def _thermionic(found: Candidate, known: Known) -> Found:
    x, n, kt = found.solution.problem.x, found.estimates["n"].value, _kt(known)
    said = []
    if known.area is not None:
        said.append(
            Warned(
                "richardson_assumed" if known.richardson is None else "richardson_given",
                f"the barrier holds for a Richardson constant of {known.richardson or RICHARDSON:.4g} "
                "A/(m^2 K^2) over the whole area; a factor 10 in either moves it by 2.3 kT/q",
            )
        )
    said += _points(
        found,
        (x > 0) & (x < 3 * kt),
        "below_3kt",
        f"below 3 kT/q ({3 * kt:.3g} V), where leakage and recombination add to thermionic emission",
    )
    said += _points(found, x < 0, "reverse_side", "in reverse, where real contacts do not saturate")
    veto = ""
    if not IDEALITY[0] <= n <= IDEALITY[1]:
        veto = f"an ideality factor of {n:.2f}"
        said.append(
            Warned("ideality_unphysical", f"{veto} is not thermionic emission over one barrier")
        )
    return found, said, veto


def _lowering(found: Candidate, known: Known) -> FloatArray:
    """kT ln of what the field makes of the current, in eV, out of the equation itself."""
    part, values = found.part, _values(found)
    x = found.solution.problem.x
    with_field, without = (
        part.function(x, known.temperature, **part.si({**values, "eps_r": eps}))
        for eps in (values["eps_r"], NO_FIELD)
    )
    width: FloatArray = _kt(known) * values.get("r", 1.0) * np.log(with_field / without)
    return width


def _image(found: Candidate, known: Known, barrier: str) -> list[Warned]:
    """Lowering against the barrier, permittivity against n^2: where they are known."""
    said = []
    if "phi" in found.estimates and "eps_r" in found.estimates:
        phi = found.estimates["phi"].value
        said += _points(
            found,
            _lowering(found, known) > phi,
            "lowering_above_barrier",
            f"where the field lowers the {barrier} of {phi:.3g} eV by more than itself",
        )
    if "eps_r" in found.estimates:
        eps = found.estimates["eps_r"].value
        if not OPTICAL[0] <= eps <= OPTICAL[1]:
            said.append(
                Warned(
                    "permittivity_unlike_n2",
                    f"the slope gives a permittivity of {eps:.3g}; the square of a refractive index "
                    f"is {OPTICAL[0]:g} to {OPTICAL[1]:g} (thin high-k oxides go beyond): compare it "
                    "with n^2 of the layer",
                )
            )
    return said


def _schottky(found: Candidate, known: Known) -> Found:
    kt = _kt(known)
    near = np.abs(found.solution.problem.x) < 3 * kt
    said = _image(found, known, "barrier")
    said += _points(
        found,
        near,
        "below_3kt",
        f"below 3 kT/q ({3 * kt:.3g} V), where emission flows back as well",
    )
    return found, said, ""


def _poole_frenkel(found: Candidate, known: Known) -> Found:
    said = _image(found, known, "trap depth")
    if "phi" in found.estimates:
        sigma, kt = _values(found)["sigma"], _kt(known)
        said.append(
            Warned(
                "prefactor_assumed",
                f"the trap depth holds for q mu N_c = {sigma:.4g} S/m, which one temperature does not "
                f"tell: a factor 10 moves it by {2.303 * kt:.3g} eV; sweeps at several temperatures "
                "separate them",
            )
        )
    if "eps_r" in found.estimates:
        said.append(
            Warned(
                "compensation_assumed",
                "r = 1 is taken (few other traps); with r = 2 the same data mean a quarter of the "
                "permittivity and twice the activation energy",
            )
        )
    return found, said, ""


def _space_charge(found: Candidate, known: Known) -> Found:
    kt, values, problem = _kt(known), _values(found), found.solution.problem
    said = _points(
        found,
        np.abs(problem.x) < 3 * kt,
        "below_3kt",
        f"below 3 kT/q ({3 * kt:.3g} V), where carriers diffuse as much as they drift",
    )
    free = found.solution.values
    out = dict(found.estimates)
    if "v_tfl" in free and known.thickness is not None:
        traps = partial(_trap_density, eps=values["eps_r"], length=known.thickness)
        out["n_t"] = derived(traps(problem), found.solution, found.spread)
        found = replace(found, estimates=out, derived={**found.derived, "n_t": traps})
    elif "exponent" in free and "v_tfl" not in free:
        lowest = float(np.min(np.abs(problem.x)))
        said.append(
            Warned(
                "v_tfl_below_data",
                f"a single power V^{values['exponent'] + 1:.3g} from {lowest:.3g} V on: the traps "
                "fill before, and level and V_TFL cannot be told apart; lower voltages would",
            )
        )
        found = _level_only(found, known)
    said.append(
        Warned(
            "power_law_only",
            "a power law in one sweep is no proof of space charge: it should scale as 1/d^3 (with "
            "filling traps d^-(2l+1)) between layers of different thickness",
        )
    )
    return found, said, ""


def _level_only(found: Candidate, known: Known) -> Candidate:
    """The current at 1 V in place of a mobility that holds for a V_TFL which nobody knows."""
    (level,) = recipe_of(found.part).combinations  # type: ignore[arg-type]
    quantity = level.quantity(found.part, known.temperature)  # type: ignore[arg-type]
    at_1v = derived(quantity(found.solution.problem), found.solution, found.spread)
    kept = {n: e for n, e in found.estimates.items() if n not in ("mobility", level.name)}
    return replace(
        found,
        estimates={level.name: at_1v, **kept},
        derived={**found.derived, level.name: quantity},
    )


def _trap_density(problem: Problem, *, eps: float, length: float) -> Quantity:
    """N_t = 2 eps V_TFL/q d^2 [1/m^3]."""
    fitted = coordinate(problem, "v_tfl")
    factor = math.log(2 * VACUUM_PERMITTIVITY * eps / (ELEMENTARY_CHARGE * length**2))

    def at(u: FloatArray) -> tuple[float, FloatArray]:
        value, slope = fitted.at(u)
        return value + factor, slope

    return Quantity("n_t", "1/m^3", True, at)


def _fowler_nordheim(found: Candidate, known: Known) -> Found:
    values, said, veto = _values(found), [], ""
    phi, area = values["phi"], values["area"]
    size = np.abs(found.solution.problem.x)
    if known.area is not None and known.thickness is not None:
        ratio = area / known.area
        quantity = partial(_area_ratio, area=known.area)
        share = derived(quantity(found.solution.problem), found.solution, found.spread)
        found = replace(
            found,
            estimates={**found.estimates, "area_ratio": share},
            derived={**found.derived, "area_ratio": quantity},
        )
        said.append(
            Warned(
                "effective_area",
                f"the barrier is from the slope and the level gives an effective area of {area:.3g} "
                f"m^2, {ratio:.3g} of the electrode's",
            )
        )
        if ratio > 10:
            veto = f"an effective area {ratio:.2g} times the electrode's"
    top = float(np.max(size))
    if "phi" not in found.estimates:
        return found, said, veto
    if top < phi:
        veto = f"a largest voltage of {top:.3g} V, below the barrier of {phi:.3g} eV"
        said.append(
            Warned(
                "below_barrier",
                f"{veto}: the barrier is not triangular there, and the slope is no barrier",
            )
        )
    else:
        said += _points(
            found,
            size < phi,
            "points_below_barrier",
            f"below the barrier of {phi:.3g} eV, where it is not triangular",
        )
    return found, said, veto


def _area_ratio(problem: Problem, *, area: float) -> Quantity:
    """The effective area over the electrode's."""
    fitted = coordinate(problem, "area")

    def at(u: FloatArray) -> tuple[float, FloatArray]:
        value, slope = fitted.at(u)
        return value - math.log(area), slope

    return Quantity("area_ratio", "1", True, at)


def _direct_tunneling(found: Candidate, known: Known) -> Found:
    values = _values(found)
    if "phi1" not in found.estimates:
        return found, [], ""
    barrier = min(values["phi1"], values["phi2"])
    size = np.abs(found.solution.problem.x)
    said = _points(
        found,
        size > 0.5 * barrier,
        "beyond_half_barrier",
        f"beyond half the barrier ({0.5 * barrier:.3g} V), where the closed form departs from the WKB "
        "integral by 6 % and more",
    )
    veto = ""
    if float(np.max(size)) > 2 * barrier:
        veto = "data beyond twice the barrier, where the closed form is not real"
    return found, said, veto


def _simmons(found: Candidate, known: Known) -> Found:
    values = _values(found)
    if "phi" not in found.estimates:
        return found, [], ""
    phi = values["phi"]
    size = np.abs(found.solution.problem.x)
    said = _points(
        found,
        size > 0.5 * phi,
        "beyond_half_barrier",
        f"beyond half the barrier ({0.5 * phi:.3g} V), where Simmons' mean barrier departs from the "
        "WKB integral by 20 % and more",
    )
    mass = values["mass"] * ELECTRON_MASS
    exponent = 2 * values["thickness"] * math.sqrt(2 * mass * ELEMENTARY_CHARGE * phi) / HBAR
    if exponent < LEAST_ATTENUATION:
        said.append(
            Warned(
                "thin_barrier",
                f"the barrier attenuates by an exponent of {exponent:.2g} only: Simmons' form wants "
                f"{LEAST_ATTENUATION:g} and more",
            )
        )
    return found, said, ""


def _field_emission(found: Candidate, known: Known) -> Found:
    values, kt = _values(found), _kt(known)
    phi, e00 = values["phi"], values["e00"]
    said = _points(
        found,
        np.abs(found.solution.problem.x) < phi,
        "below_barrier",
        f"below the barrier of {phi:.3g} eV, where the exponent is 12 % short and more",
    )
    if e00 < 2 * kt:
        said.append(
            Warned(
                "thermionic_field",
                f"E00 = {1e3 * e00:.3g} meV is below 2 kT ({2e3 * kt:.3g} meV): emission would be "
                "thermionic-field, and barrier and E00 are numbers that describe the curve, not the "
                "contact",
            )
        )
    area = math.log(values["g"] * e00) + 2 * phi / (3 * e00)
    area -= math.log((known.richardson or RICHARDSON) * (ELEMENTARY_CHARGE * e00 / BOLTZMANN) ** 2)
    if known.area is not None and area > math.log(10 * known.area):
        decades = (area - math.log(known.area)) / math.log(10.0)
        said.append(
            Warned(
                "prefactor_unphysical",
                f"the level asks for {decades:.1f} decades more than the area with a Richardson "
                f"constant of {known.richardson or RICHARDSON:.4g} A/(m^2 K^2) emits",
            )
        )
    said.append(
        Warned(
            "form_not_unique",
            "a fourth root of the voltage in the exponent describes such curves as closely: the form is "
            "not proved by the fit",
        )
    )
    return found, said, ""


def _sinh(found: Candidate, known: Known) -> Found:
    v0, kt = found.estimates["v0"].value, _kt(known)
    said = []
    if v0 < 2 * kt:
        said.append(
            Warned(
                "below_2kt",
                f"V0 = {v0:.3g} V is below 2 kT/q ({2 * kt:.3g} V), which hops along a barrier in "
                "series cannot give",
            )
        )
    return found, said, ""


_REMARKS: Final[dict[str, Callable[[Candidate, Known], Found]]] = {
    "sinh": _sinh,
    "thermionic_emission": _thermionic,
    "schottky_emission": _schottky,
    "poole_frenkel": _poole_frenkel,
    "space_charge_limited": _space_charge,
    "fowler_nordheim": _fowler_nordheim,
    "direct_tunneling": _direct_tunneling,
    "simmons": _simmons,
    "field_emission": _field_emission,
}
