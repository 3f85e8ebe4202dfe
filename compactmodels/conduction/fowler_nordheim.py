r"""Fowler-Nordheim tunnelling through a triangular barrier.

Fowler & Nordheim, Proc. R. Soc. A 119, 173 (1928), doi:10.1098/rspa.1928.0091; Lenzlinger & Snow,
J. Appl. Phys. 40, 278 (1969), doi:10.1063/1.1657043.
"""

from __future__ import annotations

import math
from typing import Any

from compactmodels.constants import ELECTRON_MASS, ELEMENTARY_CHARGE, HBAR, PLANCK
from compactmodels.functions import absolute, exp, let, maximum, sqrt
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction


def current(v: Any, temperature: Any, phi: Any, thickness: Any, mass: Any, area: Any) -> Any:
    r"""Current in A.

    .. math::

        I = A\,\frac{m_0}{m^*}\frac{e^3 F^2}{8\pi h\phi}
        \exp\!\left(-\frac{4\sqrt{2m^*}\,\phi^{3/2}}{3\hbar e F}\right)\operatorname{sgn}V,
        \quad F = |V|/d

    Below 1/200 of the exponent's voltage (a current 87 decades down) the exponent stays constant,
    which guards V = 0.

    Parameters
    ----------
    v : array_like
        Voltage across the barrier [V].
    temperature : array_like
        [K]; no influence.
    phi : array_like
        Barrier height [J].
    thickness : array_like
        Thickness d over which the voltage drops [m].
    mass : array_like
        Effective mass [kg].
    area : array_like
        Effective emitting area [m^2].
    """
    e = ELEMENTARY_CHARGE
    slope = let("slope", 4 * sqrt(2 * mass) * phi * sqrt(phi) * thickness / (3 * HBAR * e))
    prefactor = let(
        "prefactor",
        area * (ELECTRON_MASS / mass) * e**3 / (8 * math.pi * PLANCK * phi * thickness * thickness),
    )
    magnitude = let("v_abs", absolute(v))
    return prefactor * v * magnitude * exp(-slope / maximum(magnitude, slope / 200))


PART = Conduction(
    name="fowler_nordheim",
    title="Fowler-Nordheim tunnelling",
    function=current,
    parameters=(
        Parameter("phi", 1.0, "eV", "barrier height", 0.005, 10.0),
        Parameter(
            "thickness", 3e-9, "m", "thickness that takes the voltage", 2e-10, 1e-6, log=True
        ),
        Parameter("mass", 1.0, "m0", "effective tunnelling mass", 0.01, 10.0),
        Parameter("area", 1e-10, "m^2", "effective emitting area", 1e-30, 1.0, log=True),
    ),
    reference="Fowler & Nordheim (1928), doi:10.1098/rspa.1928.0091; "
    "Lenzlinger & Snow (1969), doi:10.1063/1.1657043",
    limits="eV above the barrier; a barrier read from the slope of ln(I/V^2) against 1/V leaves "
    "the prefactor, and so the area, free",
    areal=True,
    plot="fowler_nordheim",
    noise="shot",
)
