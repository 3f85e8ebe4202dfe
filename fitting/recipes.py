"""What a static fit may ask of each mechanism: what is free, what must be known, what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import FitRefused
from compactmodels.fast_law import ConductionLaw
from compactmodels.model import SERIES
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction
from fitting import combinations, guess
from fitting.combinations import Combination
from fitting.problem import Problem

FloatArray = NDArray[np.float64]

LEAST_SHARE: Final = 1e-6
"""Of the least V/I: from where on a series resistance is looked for."""
GIVEN: Final = ("area", "thickness", "mass", "richardson", "v_smooth")
"""Parameters that a sweep at one temperature does not tell: geometry and material."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a mechanism is fitted.

    Parameters
    ----------
    free : tuple of str
        Parameters that the fit moves; empty: all but :data:`GIVEN`.
    needs : tuple of str
        What must be given, or the fit is refused.
    combination : str
        What the data fix when it is not.
    settles : str
        What would separate it.
    forward : bool
        Whether only the forward side follows the mechanism in real devices.
    reverse : bool
        Whether only the reverse side does.
    thermal : bool
        Whether the temperature matters.
    combinations : tuple of Combination
        What is reported in place of parameters that the knowledge given leaves open.
    swap : mapping
        Of what is not known: the parameter whose place it takes among the free ones.
    loose : tuple of str
        Of what is not known: parameters that become free as well.
    """

    free: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    combination: str = ""
    settles: str = ""
    forward: bool = False
    reverse: bool = False
    thermal: bool = False
    combinations: tuple[Combination, ...] = ()
    swap: Mapping[str, str] = field(default_factory=dict)
    loose: tuple[str, ...] = ()


_BARRIER: Final = ("phi", "area", "richardson")
_I_SAT: Final = "the saturation current A* A T^2 exp(-phi/kT)"
_OPTICAL: Final = Combination(
    "eps_r_d",
    "m",
    ("eps_r", "thickness", "r"),
    ("thickness",),
    "the product of permittivity and thickness",
    combinations.optical_thickness,
)
_TUNNEL: Final = (
    Combination(
        "g_0",
        "S",
        ("phi", "phi1", "phi2", "thickness", "mass", "area"),
        ("area", "thickness"),
        "the conductance at 0 V",
        combinations.conductance,
    ),
    Combination(
        "v_rise",
        "V",
        ("phi", "phi1", "phi2", "thickness", "mass", "area"),
        ("area", "thickness"),
        "the voltage of the current's rise, hbar sqrt(2 phi/m)/e d",
        combinations.rise,
    ),
)

RECIPES: Final[dict[str, Recipe]] = {
    "ohmic": Recipe(("g",)),
    "activated_ohmic": Recipe(("g",), thermal=True),
    "sinh": Recipe(("g", "v0")),
    "thermionic_emission": Recipe(
        ("phi", "n"),
        settles="give --area, or sweeps at several temperatures",
        forward=True,
        thermal=True,
        combinations=(
            Combination("i_sat", "A", _BARRIER, ("area",), _I_SAT, combinations.reverse_current),
        ),
    ),
    "schottky_emission": Recipe(
        ("phi", "eps_r"),
        ("area", "thickness"),
        "A* A exp(-phi/kT) and eps_r d",
        "the electrode area and the layer's thickness; sweeps at several temperatures separate A* A from phi",
        thermal=True,
        combinations=(
            Combination("i_sat", "A", _BARRIER, ("area",), _I_SAT, combinations.unlowered_current),
            _OPTICAL,
        ),
        swap={"thickness": "eps_r"},
    ),
    "poole_frenkel": Recipe(
        ("phi", "eps_r"),
        ("area", "thickness"),
        "q mu N_c (A/d) exp(-phi/r kT) and eps_r r^2 d",
        "the electrode area and the layer's thickness; sweeps at several temperatures separate q mu N_c from phi",
        thermal=True,
        combinations=(
            Combination(
                "g_0",
                "S",
                ("phi", "area", "sigma", "r", "thickness"),
                ("area", "thickness"),
                "the conductance without field, q mu N_c (A/d) exp(-phi/r kT)",
                combinations.unlowered_conductance,
            ),
            _OPTICAL,
        ),
        swap={"thickness": "eps_r"},
    ),
    "space_charge_limited": Recipe(
        ("mobility",),
        settles="the electrode area and the distance of the electrodes; sweeps of several thicknesses "
        "prove the mechanism",
        combinations=(
            Combination(
                "i_1v",
                "A",
                ("mobility", "eps_r", "thickness", "area"),
                ("area", "thickness"),
                "the current at 1 V, 9/8 eps mu theta A V^2/d^3",
                combinations.current_at_1v,
            ),
        ),
    ),
    "direct_tunneling": Recipe(
        ("phi1", "phi2"),
        ("area", "thickness"),
        "the tunnelling exponent d sqrt(m* phi) together with the level A/d^2",
        "the electrode area and the barrier's thickness (microscopy, or the capacitance for A/d)",
        combinations=_TUNNEL,
        loose=("area", "thickness"),
    ),
    "simmons": Recipe(
        ("phi",),
        ("area", "thickness"),
        "the tunnelling exponent d sqrt(m* phi) together with the level A/d^2",
        "the electrode area and the barrier's thickness (microscopy, or the capacitance for A/d)",
        combinations=_TUNNEL,
        loose=("area", "thickness"),
    ),
    "fowler_nordheim": Recipe(
        ("phi", "area"),
        ("thickness",),
        "the slope, d sqrt(m*) phi^1.5",
        "the thickness that takes the voltage",
        combinations=(
            Combination(
                "v_slope",
                "V",
                ("phi", "thickness", "mass", "area"),
                ("thickness",),
                "the slope of ln(I/V^2), proportional to d sqrt(m*) phi^1.5",
                combinations.slope,
            ),
            Combination(
                "k_fn",
                "A/V^2",
                ("phi", "thickness", "mass", "area"),
                ("thickness",),
                "the level of I/V^2",
                combinations.prefactor,
            ),
        ),
    ),
    "field_emission": Recipe(("phi", "e00", "g"), reverse=True, thermal=True),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What the caller knows, in declared units (m^2, m, m0, A/(m^2 K^2), K); None: not known."""

    area: float | None = None
    thickness: float | None = None
    mass: float = 1.0
    richardson: float | None = None
    temperature: float = 300.15


def recipe_of(part: Conduction) -> Recipe:
    """The mechanism's recipe; for one without, everything but the given is free.

    An areal mechanism without a recipe needs the area and whatever else of the geometry it has.
    """
    if part.name in RECIPES:
        return RECIPES[part.name]
    names = [p.name for p in part.parameters]
    free = tuple(n for n in names if n not in GIVEN)
    needs = tuple(n for n in ("area", "thickness") if n in names)
    return Recipe(free, needs, "the product of geometry and material constants", "the geometry")


def missing(recipe: Recipe, known: Known) -> tuple[str, ...]:
    """What the mechanism needs and nobody gave."""
    return tuple(name for name in recipe.needs if getattr(known, name) is None)


def active(recipe: Recipe, known: Known) -> tuple[Combination, ...]:
    """The combinations that stand for what the knowledge given leaves open."""
    return tuple(
        c for c in recipe.combinations if any(getattr(known, name) is None for name in c.unless)
    )


def replaced(recipe: Recipe, known: Known) -> frozenset[str]:
    """Parameters that are not reported, because a combination stands for them."""
    return frozenset(name for c in active(recipe, known) for name in c.stands_for)


def check_known(part: Conduction, recipe: Recipe, known: Known) -> None:
    """Refuse what the data cannot separate.

    Raises
    ------
    FitRefused
        Code ``unidentifiable``.
    """
    absent = missing(recipe, known)
    if absent:
        raise FitRefused(
            f"{part.name}: without the {' and the '.join(absent)} the data fix only "
            f"{recipe.combination}, not the barrier by itself; give "
            f"{' and '.join('--' + name for name in absent)} ({recipe.settles})",
            code="unidentifiable",
        )


def free_names(recipe: Recipe, known: Known, combined: bool) -> tuple[str, ...]:
    """What the fit moves; ``combined``: in place of what is missing, what makes up for it.

    Where both area and thickness are missing a barrier's thickness stays, to be freed by who asks for
    it (:mod:`fitting.mechanisms`).
    """
    absent = missing(recipe, known) if combined else ()
    names = list(recipe.free)
    for name in absent:
        if name in recipe.swap:
            names[names.index(recipe.swap[name])] = name
    loose = [name for name in recipe.loose if name in absent]
    return (*names, *loose[:1])


def fixed_values(
    part: Conduction, recipe: Recipe, known: Known, free: tuple[str, ...] | None = None
) -> dict[str, tuple[Parameter, float]]:
    """Parameters that are not free, with their values in declared units.

    Raises
    ------
    ParameterError
        A given value outside its physical bounds.
    """
    fixed = {}
    for p in part.parameters:
        if p.name in (recipe.free if free is None else free):
            continue
        given = getattr(known, p.name, None)
        fixed[p.name] = (p, p.default if given is None else p.check(given))
    return fixed


def problem_of(
    part: Conduction,
    known: Known,
    v: FloatArray,
    i: FloatArray,
    *,
    series: bool = False,
    scale: float = 0.0,
    combined: bool = False,
    more: tuple[str, ...] = (),
) -> Problem:
    """The least-squares problem of a mechanism on (v, i).

    ``series`` frees a series resistance; ``scale`` is where the readings' floor shows [A];
    ``combined`` moves what makes up for geometry that nobody gave; ``more`` is free as well.
    """
    recipe = recipe_of(part)
    names = (*free_names(recipe, known, combined), *more)
    free = tuple(p for p in part.parameters if p.name in names)
    if series:
        ratio = np.abs(v / i)
        least, top = float(np.min(ratio)), float(np.max(ratio))
        lower = min(1e-9 * top, LEAST_SHARE * least)  # a current may span many decades
        free += (Parameter(SERIES.name, top, "ohm", SERIES.doc, lower, 1e3 * top, log=True),)

    law = ConductionLaw(part, known.temperature, series=series)
    return Problem(law, v, i, free, fixed_values(part, recipe, known, names), scale)


def starts_of(problem: Problem, part: Conduction, known: Known) -> list[dict[str, float]]:
    """Start values for every free parameter of the problem."""
    fixed = {name: value * p.si_factor for name, (p, value) in problem.fixed.items()}

    def law(v: FloatArray, values: Mapping[str, float]) -> FloatArray:
        si = dict(fixed)
        si |= {p.name: values[p.name] * p.si_factor for p in part.parameters if p.name in values}
        with np.errstate(all="ignore"):
            return np.asarray(part.function(v, known.temperature, **si), dtype=np.float64)

    if part.name not in guess.STARTS:
        resistance = 0.1 * float(np.min(np.abs(problem.x / problem.y)))
        more = {SERIES.name: resistance} if part.series else {}
        return [{**more, **values} for values in guess.ladder(problem.free, problem.cost)]
    starts: list[dict[str, float]] = guess.STARTS[part.name](
        law, problem.x, problem.y, known.temperature, problem.names
    )
    return starts
