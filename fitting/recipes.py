"""What a static fit may ask of each mechanism: what is free, what must be known, what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import FitRefused
from compactmodels.model import SERIES, Branch
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction
from fitting import guess
from fitting.problem import Problem

FloatArray = NDArray[np.float64]

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
    thermal : bool
        Whether the temperature matters.
    """

    free: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    combination: str = ""
    settles: str = ""
    forward: bool = False
    thermal: bool = False


RECIPES: Final[dict[str, Recipe]] = {
    "ohmic": Recipe(("g",)),
    "sinh": Recipe(("g", "v0")),
    "thermionic_emission": Recipe(("phi", "n"), forward=True, thermal=True),
    "schottky_emission": Recipe(
        ("phi", "eps_r"),
        ("area", "thickness"),
        "A* A exp(-phi/kT) and eps_r d",
        "the electrode area and the layer's thickness; sweeps at several temperatures separate A* A from phi",
        thermal=True,
    ),
    "direct_tunneling": Recipe(
        ("phi1", "phi2"),
        ("area", "thickness"),
        "the tunnelling exponent d sqrt(m* phi) together with the level A/d^2",
        "the electrode area and the barrier's thickness (microscopy, or the capacitance for A/d)",
    ),
    "fowler_nordheim": Recipe(
        ("phi", "area"),
        ("thickness",),
        "the slope, d sqrt(m*) phi^1.5",
        "the thickness that takes the voltage",
    ),
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


def check_known(part: Conduction, recipe: Recipe, known: Known) -> None:
    """Refuse what the data cannot separate.

    Raises
    ------
    FitRefused
        Code ``unidentifiable``.
    """
    missing = [name for name in recipe.needs if getattr(known, name) is None]
    if missing:
        raise FitRefused(
            f"{part.name}: without the {' and the '.join(missing)} the data fix only "
            f"{recipe.combination}, not the barrier by itself; give "
            f"{' and '.join('--' + name for name in missing)} ({recipe.settles})",
            code="unidentifiable",
        )


def fixed_values(
    part: Conduction, recipe: Recipe, known: Known
) -> dict[str, tuple[Parameter, float]]:
    """Parameters that are not free, with their values in declared units.

    Raises
    ------
    ParameterError
        A given value outside its physical bounds.
    """
    fixed = {}
    for p in part.parameters:
        if p.name in recipe.free:
            continue
        given = getattr(known, p.name, None)
        fixed[p.name] = (p, p.default if given is None else p.check(given))
    return fixed


def problem_of(
    part: Conduction, known: Known, v: FloatArray, i: FloatArray, *, series: bool = False
) -> Problem:
    """The least-squares problem of a mechanism on (v, i); ``series`` frees a series resistance."""
    recipe = recipe_of(part)
    branch = Branch("fit", part, series=series)
    free = tuple(p for p in part.parameters if p.name in recipe.free)
    if series:
        top = float(np.max(np.abs(v / i)))
        free += (Parameter(SERIES.name, top, "ohm", SERIES.doc, 1e-9 * top, 1e3 * top, log=True),)

    def law(x: FloatArray, si: Mapping[str, Any]) -> Any:
        return branch.current(x, known.temperature, si)

    return Problem(law, v, i, free, fixed_values(part, recipe, known))


def starts_of(problem: Problem, part: Conduction, known: Known) -> list[dict[str, float]]:
    """Start values for every free parameter of the problem."""
    fixed = {name: value * p.si_factor for name, (p, value) in problem.fixed.items()}

    def law(v: FloatArray, values: Mapping[str, float]) -> FloatArray:
        si = dict(fixed)
        si |= {p.name: values[p.name] * p.si_factor for p in part.parameters if p.name in values}
        with np.errstate(all="ignore"):
            return np.asarray(part.function(v, known.temperature, **si), dtype=np.float64)

    if part.name not in guess.STARTS:
        return guess.ladder(problem.free, problem.cost)
    starts: list[dict[str, float]] = guess.STARTS[part.name](
        law, problem.x, problem.y, known.temperature
    )
    return starts
