r"""Ohmic conduction whose conductance is thermally activated: hopping, ions, carriers from one depth.

Mott & Davis, *Electronic Processes in Non-Crystalline Materials*, 2nd ed. (1979), section 2.
"""

from __future__ import annotations

from typing import Any

from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE, ROOM_TEMPERATURE
from compactmodels.functions import exp_limited, let
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction


def current(v: Any, temperature: Any, g: Any, ea: Any) -> Any:
    r"""Current in A.

    .. math:: I = G \exp\left[-\frac{E_A}{k}\left(\frac1T - \frac1{300.15\,K}\right)\right] V

    so that ln R = ln R_0 + E_A/kT.

    Parameters
    ----------
    v : array_like
        Junction voltage [V].
    temperature : array_like
        [K].
    g : array_like
        Conductance at 300.15 K [S].
    ea : array_like
        Activation energy of the resistance [J].
    """
    depth = let("depth", ea / ELEMENTARY_CHARGE)  # in volts: see docs/adr/0006
    vt = let("vt", BOLTZMANN / ELEMENTARY_CHARGE * temperature)
    room = BOLTZMANN / ELEMENTARY_CHARGE * ROOM_TEMPERATURE
    return g * exp_limited(depth / room - depth / vt) * v


PART = Conduction(
    name="activated_ohmic",
    title="Thermally activated ohmic conduction",
    function=current,
    parameters=(
        Parameter("g", 1e-6, "S", "conductance at 300.15 K", 1e-18, 1e6, log=True),
        Parameter("ea", 0.1, "eV", "activation energy of the resistance", 0.0, 4.0),
    ),
    reference="Mott & Davis, Electronic Processes in Non-Crystalline Materials, 2nd ed. (1979), "
    "ISBN 978-0-19-851288-2",
    limits="any voltage; a single activation energy over the temperatures used",
    twin="ohmic",
    plot="log-log",
)
