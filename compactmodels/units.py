"""Units at the surface and their factors to SI.

Cards, command line and reports speak the field's units (a barrier in eV, a mass in m0); every
equation is written in SI.  This table is the one place where the two meet.
"""

from __future__ import annotations

from typing import Final

from compactmodels.constants import ELECTRON_MASS, ELEMENTARY_CHARGE
from compactmodels.errors import ParameterError

SI_FACTOR: Final[dict[str, float]] = {
    "1": 1.0,
    "V": 1.0,
    "A": 1.0,
    "s": 1.0,
    "1/s": 1.0,
    "K": 1.0,
    "S": 1.0,
    "F": 1.0,
    "ohm": 1.0,
    "m": 1.0,
    "m^2": 1.0,
    "A/(m^2 K^2)": 1.0,
    "A/m^2": 1.0,
    "S/m": 1.0,
    "m^2/(V s)": 1.0,
    "m/s": 1.0,
    "1/V": 1.0,
    "V/m": 1.0,
    "1/m^3": 1.0,
    "K/W": 1.0,
    "J/K": 1.0,
    "eV": ELEMENTARY_CHARGE,
    "m0": ELECTRON_MASS,
}
"""Surface unit -> factor to SI."""

PINT_NAME: Final[dict[str, str]] = {
    "1": "dimensionless",
    "A/(m^2 K^2)": "A/(m**2 * K**2)",
    "A/m^2": "A/m**2",
    "m^2": "m**2",
    "m^2/(V s)": "m**2/(V*s)",
    "1/m^3": "1/m**3",
    "eV": "joule",
    "m0": "kilogram",
}
"""The SI unit an equation receives, by pint's name, where it differs from the surface's."""


def si_factor(unit: str) -> float:
    """Factor that turns a value in ``unit`` into SI.

    Raises
    ------
    ParameterError
        An unknown unit.
    """
    try:
        return SI_FACTOR[unit]
    except KeyError:
        known = ", ".join(sorted(SI_FACTOR))
        raise ParameterError(f"unknown unit '{unit}'; known are {known}") from None
