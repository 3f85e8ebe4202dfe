r"""Schottky emission: thermionic emission over a barrier lowered by the image force.

Sze & Ng, doi:10.1002/0470068329, section 3.3; Chiu, doi:10.1155/2014/578168.
"""

from __future__ import annotations

import math
from typing import Any

from compactmodels.constants import (
    BOLTZMANN,
    ELEMENTARY_CHARGE,
    RICHARDSON,
    VACUUM_PERMITTIVITY,
)
from compactmodels.functions import exp, exp_limited, let, sqrt
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction


def current(
    v: Any,
    temperature: Any,
    phi: Any,
    eps_r: Any,
    thickness: Any,
    richardson: Any,
    area: Any,
    v_smooth: Any,
) -> Any:
    r"""Current in A.

    .. math::

        I = A\,A^* T^2 \exp\!\left(-\frac{\phi_B - \sqrt{q^3 F/4\pi\varepsilon_0\varepsilon_r}}
        {kT}\right)\left(1 - e^{-q|V|/kT}\right)\operatorname{sgn} V,\quad F = |V|/d

    with :math:`|V|` replaced by :math:`\sqrt{V^2 + V_s^2}`,
    so that the infinite slope of :math:`\sqrt{|V|}` at 0 V goes.

    Parameters
    ----------
    v : array_like
        Voltage across the layer [V].
    temperature : array_like
        [K].
    phi : array_like
        Barrier height without field [J].
    eps_r : array_like
        Optical (high-frequency) relative permittivity.
    thickness : array_like
        Thickness over which the voltage drops [m].
    richardson : array_like
        Richardson constant A* [A m^-2 K^-2].
    area : array_like
        Emitting area [m^2].
    v_smooth : array_like
        Width of the smoothing at 0 V [V]; relative error about (V_s/V)^2/2.
    """
    e = ELEMENTARY_CHARGE
    vt = let("vt", BOLTZMANN / e * temperature)
    barrier = let("barrier", phi / e)  # in volts: see docs/adr/0006
    magnitude = let("v_abs", sqrt(v * v + v_smooth * v_smooth))
    image = let("image", sqrt(e / (4 * math.pi * VACUUM_PERMITTIVITY) / (eps_r * thickness)))
    lowering = let("lowering", image * sqrt(magnitude))
    saturation = let("i_sat", richardson * area * temperature * temperature * exp(-barrier / vt))
    balance = (1.0 - exp(-magnitude / vt)) * (v / magnitude)
    return saturation * exp_limited(lowering / vt) * balance


PART = Conduction(
    name="schottky_emission",
    title="Schottky emission (image force)",
    function=current,
    parameters=(
        Parameter("phi", 0.6, "eV", "barrier height without field", 0.01, 4.0),
        Parameter("eps_r", 10.0, "1", "high-frequency relative permittivity", 1.0, 1000.0),
        Parameter(
            "thickness", 5e-9, "m", "thickness that takes the voltage", 2e-10, 1e-5, log=True
        ),
        Parameter(
            "richardson",
            RICHARDSON,
            "A/(m^2 K^2)",
            "Richardson constant (free electron unless known)",
            1e-6,
            1e9,
            log=True,
        ),
        Parameter("area", 1e-10, "m^2", "emitting area", 1e-22, 1.0, log=True),
        Parameter("v_smooth", 1e-3, "V", "smoothing of the root at 0 V", 1e-6, 0.1, log=True),
    ),
    reference="Sze & Ng (2007), doi:10.1002/0470068329; Chiu (2014), doi:10.1155/2014/578168",
    limits="barrier lowering below the barrier itself; the permittivity from the slope should come "
    "near n^2 (thin high-k oxides violate it)",
    areal=True,
    plot="schottky",
    noise="shot",
)
