r"""Thermal activation: how a current, a rate or a time constant follows the temperature.

Arrhenius, Z. Phys. Chem. 4, 226 (1889), doi:10.1515/zpch-1889-0416.
"""

from __future__ import annotations

from typing import Any

from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE, ROOM_TEMPERATURE
from compactmodels.functions import exp, let, log
from compactmodels.parameter import Parameter


def arrhenius(temperature: Any, level: Any, energy: Any, power: Any, reference: Any) -> Any:
    r"""Value at a temperature, from its level at a reference temperature.

    .. math::

        y = y_0 \left(\frac{T}{T_0}\right)^p
        \exp\!\left(-\frac{E_A}{k}\left(\frac1T - \frac1{T_0}\right)\right)
        = A\,T^p e^{-E_A/kT}

    The level at a temperature inside the measured range and the energy are nearly independent; the
    prefactor :math:`A` lies at infinite temperature and is not.

    Parameters
    ----------
    temperature : array_like
        T [K].
    level : array_like
        y at the reference temperature, in any unit.
    energy : array_like
        Activation energy [J]; negative for what falls with temperature.
    power : array_like
        p: 0 for a rate, 2 for the current of thermionic emission.
    reference : array_like
        Reference temperature [K].
    """
    barrier = let("barrier", energy / ELEMENTARY_CHARGE)  # in volts: see docs/adr/0006
    inverse = let("inverse", ELEMENTARY_CHARGE / BOLTZMANN * (1.0 / temperature - 1.0 / reference))
    return level * exp(power * log(temperature / reference) - barrier * inverse)


LEVEL = Parameter("level", 1.0, "1", "value at the reference temperature", 1e-300, 1e300, log=True)
ENERGY = Parameter("ea", 0.3, "eV", "activation energy", -10.0, 10.0)
REFERENCE = Parameter(
    "reference", ROOM_TEMPERATURE, "K", "reference temperature of the level", 1.0, 2000.0
)
