r"""Poole-Frenkel emission: carriers leave traps whose barrier the field lowers.

Frenkel, Phys. Rev. 54, 647 (1938), doi:10.1103/PhysRev.54.647; Simmons, Phys. Rev. 155, 657 (1967),
doi:10.1103/PhysRev.155.657; Chiu, Adv. Mater. Sci. Eng. 2014, 578168, doi:10.1155/2014/578168.
"""

from __future__ import annotations

import math
from typing import Any

from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE, VACUUM_PERMITTIVITY
from compactmodels.functions import exp, exp_limited, let, sqrt
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction


def current(
    v: Any,
    temperature: Any,
    phi: Any,
    eps_r: Any,
    r: Any,
    sigma: Any,
    thickness: Any,
    area: Any,
    v_smooth: Any,
) -> Any:
    r"""Current in A.

    .. math::

        I = A\,\sigma F \exp\!\left(-\frac{\phi_T - \sqrt{q^3 F/\pi\varepsilon_0\varepsilon_r}}
        {r\,kT}\right),\quad F = V/d,\quad \sigma = q\mu N_c

    odd in V.  Under the root :math:`|V|` is :math:`\sqrt{V^2 + V_s^2}`, so that the second derivative
    stays finite at 0 V.

    Parameters
    ----------
    v : array_like
        Voltage across the layer [V].
    temperature : array_like
        [K].
    phi : array_like
        Depth of the traps below the conduction band, without field [J].
    eps_r : array_like
        Optical (high-frequency) relative permittivity.
    r : array_like
        1 (few other traps) to 2 (compensated): the share of the trap depth that counts is 1/r.
    sigma : array_like
        Conductivity q mu N_c that the layer had with every trap empty [S/m].
    thickness : array_like
        Thickness d over which the voltage drops [m].
    area : array_like
        Area [m^2].
    v_smooth : array_like
        Width of the smoothing at 0 V [V]; relative error about (V_s/V)^2/4 times the lowering/r kT.
    """
    e = ELEMENTARY_CHARGE
    width = let("width", BOLTZMANN / e * temperature * r)
    depth = let("depth", phi / e)  # in volts: see docs/adr/0006
    magnitude = let("v_abs", sqrt(v * v + v_smooth * v_smooth))
    image = let("image", sqrt(e / (math.pi * VACUUM_PERMITTIVITY) / (eps_r * thickness)))
    lowering = let("lowering", image * sqrt(magnitude))
    g = let("g", area * sigma / thickness * exp(-depth / width))
    return g * v * exp_limited(lowering / width)


PART = Conduction(
    name="poole_frenkel",
    title="Poole-Frenkel emission (field-lowered traps)",
    function=current,
    parameters=(
        Parameter("phi", 0.6, "eV", "trap depth without field", 0.01, 4.0),
        Parameter("eps_r", 10.0, "1", "high-frequency relative permittivity", 1.0, 1000.0),
        Parameter("r", 1.0, "1", "compensation: 1 few other traps, 2 compensated", 1.0, 2.0),
        Parameter(
            "sigma", 400.0, "S/m", "conductivity q mu N_c with empty traps", 1e-6, 1e9, log=True
        ),
        Parameter("thickness", 3e-8, "m", "thickness that takes the voltage", 1e-9, 1e-4, log=True),
        Parameter("area", 1e-10, "m^2", "area", 1e-22, 1.0, log=True),
        Parameter("v_smooth", 1e-3, "V", "smoothing of the root at 0 V", 1e-6, 0.1, log=True),
    ),
    reference="Frenkel (1938), doi:10.1103/PhysRev.54.647; Simmons (1967), "
    "doi:10.1103/PhysRev.155.657; Chiu (2014), doi:10.1155/2014/578168",
    limits="lowering below the trap depth itself; with r = 1 ln(I/V) rises twice as steeply with "
    "sqrt V as Schottky emission's ln I; eps_r r^2 is what the slope gives, and sigma is exactly "
    "degenerate with the depth at one temperature",
    areal=True,
    plot="poole_frenkel",
)
