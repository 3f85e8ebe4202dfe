"""What a sweep fixes where geometry or material leave a mechanism's own parameters open.

Each is read off the mechanism's equation, which is not written here again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compactmodels.constants import ELEMENTARY_CHARGE, HBAR
from compactmodels.dual import Dual
from compactmodels.functions import log, sqrt
from compactmodels.parts import Conduction
from fitting.problem import Problem
from fitting.profile import Quantity

FloatArray = NDArray[np.float64]
Value = Callable[[Conduction, Mapping[str, Any], float], Any]
"""A positive number, of a part, its values in SI and the temperature [K]; carries Duals."""

NO_FIELD = 1e40
"""A relative permittivity at which no barrier is lowered."""
TINY = 1e-6
"""V: where every odd mechanism is ohmic."""
HIGH = 1e4
"""V: where the exponent of Fowler-Nordheim emission has gone."""


@dataclass(frozen=True, slots=True)
class Combination:
    """A number that stands for parameters which cannot be separated.

    Parameters
    ----------
    name, unit : str
        In the result.
    stands_for : tuple of str
        Parameters that are not reported while it is.
    unless : tuple of str
        What has to be known for the parameters themselves.
    meaning : str
        In words.
    value : callable
    """

    name: str
    unit: str
    stands_for: tuple[str, ...]
    unless: tuple[str, ...]
    meaning: str
    value: Value

    def quantity(self, part: Conduction, temperature: float) -> Callable[[Problem], Quantity]:
        """The quantity of a problem that it is."""
        return partial(_quantity, combination=self, part=part, temperature=temperature)


def _quantity(
    problem: Problem, *, combination: Combination, part: Conduction, temperature: float
) -> Quantity:
    declared = {p.name for p in part.parameters}

    def at(u: FloatArray) -> tuple[float, FloatArray]:
        si = {n: x for n, x in problem.si(u).items() if n in declared}
        with np.errstate(all="ignore"):  # a search may look beyond the bounds; it sees a NaN there
            out = log(combination.value(part, si, temperature))
        if not isinstance(out, Dual):
            return float(out), np.zeros(u.shape)
        return float(out.value), np.reshape(out.partials, u.shape)

    return Quantity(combination.name, combination.unit, True, at)


def reverse_current(part: Conduction, si: Mapping[str, Any], temperature: float) -> Any:
    """Far in reverse [A]."""
    return -part.function(np.array(-1e3), temperature, **si)


def unlowered_current(part: Conduction, si: Mapping[str, Any], temperature: float) -> Any:
    """The saturation current without lowering of the barrier [A]."""
    return part.function(np.array(10.0), temperature, **{**si, "eps_r": NO_FIELD})


def unlowered_conductance(part: Conduction, si: Mapping[str, Any], temperature: float) -> Any:
    """The conductance without lowering of the barrier [S]."""
    return part.function(np.array(1.0), temperature, **{**si, "eps_r": NO_FIELD})


def optical_thickness(part: Conduction, si: Mapping[str, Any], temperature: float) -> Any:
    """What the slope gives: eps_r d, times r^2 where traps compensate [m]."""
    return si["eps_r"] * si["thickness"] * si.get("r", 1.0) ** 2


def conductance(part: Conduction, si: Mapping[str, Any], temperature: float) -> Any:
    """At 0 V [S]."""
    return part.function(np.array(TINY), temperature, **si) / TINY


def rise(part: Conduction, si: Mapping[str, Any], temperature: float) -> Any:
    """Voltage of a tunnel current's rise, hbar over the traversal time d sqrt(m/2 phi)  [V].

    Buttiker & Landauer, Phys. Rev. Lett. 49, 1739 (1982), doi:10.1103/PhysRevLett.49.1739.
    """
    barrier = si["phi"] if "phi" in si else 0.5 * (si["phi1"] + si["phi2"])
    return HBAR * sqrt(2.0 * barrier / si["mass"]) / (ELEMENTARY_CHARGE * si["thickness"])


def slope(part: Conduction, si: Mapping[str, Any], temperature: float) -> Any:
    """Of ln(I/V^2) against 1/V, with its sign reversed [V]."""
    low, high = (part.function(np.array(v), temperature, **si) / v**2 for v in (HIGH / 2, HIGH))
    return log(high / low) * HIGH


def prefactor(part: Conduction, si: Mapping[str, Any], temperature: float) -> Any:
    """I/V^2 at endless voltage [A/V^2]."""
    low, high = (part.function(np.array(v), temperature, **si) / v**2 for v in (HIGH / 2, HIGH))
    return high * high / low


def current_at_1v(part: Conduction, si: Mapping[str, Any], temperature: float) -> Any:
    """At 1 V [A]."""
    return part.function(np.array(1.0), temperature, **si)
