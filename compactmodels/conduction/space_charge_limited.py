r"""Space-charge-limited current: Mott-Gurney's square law, and above V_TFL the filling of traps.

Mott & Gurney, *Electronic Processes in Ionic Crystals* (1940); Rose, Phys. Rev. 97, 1538 (1955),
doi:10.1103/PhysRev.97.1538; Mark & Helfrich, J. Appl. Phys. 33, 205 (1962), doi:10.1063/1.1728487;
Lampert, Phys. Rev. 103, 1648 (1956), doi:10.1103/PhysRev.103.1648.
"""

from __future__ import annotations

from typing import Any

from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE, VACUUM_PERMITTIVITY
from compactmodels.functions import absolute, let, maximum, minimum, power
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction


def current(
    v: Any,
    temperature: Any,
    mobility: Any,
    exponent: Any,
    v_tfl: Any,
    eps_r: Any,
    thickness: Any,
    area: Any,
) -> Any:
    r"""Current in A.

    .. math::

        I = A\,\frac98\varepsilon_0\varepsilon_r\theta\mu\frac{V|V|}{d^3}
        \left[1 + \left(\frac{V}{V_{TFL}}\right)^4\right]^{(l-1)/4}

    a square law up to about :math:`V_{TFL}/2` and :math:`V^{l+1}` from about :math:`2 V_{TFL}` (5 % at
    either, for l = 4).  With l = 1 it is Mott and Gurney's (or Rose's, with the free share theta)
    law everywhere, whatever V_TFL; with V_TFL far below the data a single power law.

    Within kT/q of 0 V, where diffusion counts and the law does not hold, :math:`|V|` is continued by
    :math:`u (3 + 6 t^2 - t^4)/8` with :math:`u = kT/q,\ t = V/u`: the second derivative of V|V| jumps
    at 0 V, this one's does not.

    Parameters
    ----------
    v : array_like
        Voltage across the layer [V].
    temperature : array_like
        [K]; no influence above kT/q.
    mobility : array_like
        Mobility mu times the free share theta of the injected charge [m^2/(V s)].
    exponent : array_like
        l: characteristic temperature of the traps' distribution over the device's; 1 for shallow
        traps or none.
    v_tfl : array_like
        Voltage at which the traps begin to fill, q N_t d^2/2 eps [V].
    eps_r : array_like
        Static relative permittivity.
    thickness : array_like
        Distance d of the electrodes [m].
    area : array_like
        Area [m^2].
    """
    level = let(
        "level", 1.125 * VACUUM_PERMITTIVITY * eps_r * mobility * area / (thickness * thickness)
    )
    over = let("over", absolute(v) / v_tfl)
    filled = let("filled", power(1.0 + over * over * (over * over), 0.25 * (exponent - 1.0)))
    vt = let("vt", BOLTZMANN / ELEMENTARY_CHARGE * temperature)
    square = let("square", minimum(v / vt * (v / vt), 1.0))
    magnitude = let("v_abs", maximum(absolute(v), vt) - vt * (5.0 - square * (6.0 - square)) / 8)
    return level / thickness * v * magnitude * filled


PART = Conduction(
    name="space_charge_limited",
    title="Space-charge-limited current (with traps)",
    function=current,
    parameters=(
        Parameter(
            "mobility",
            1e-8,
            "m^2/(V s)",
            "mobility times the free share of the charge",
            1e-24,
            1e3,
            log=True,
        ),
        Parameter("exponent", 1.0, "1", "l of the trap-filled V^(l+1); 1: square law", 1.0, 12.0),
        Parameter("v_tfl", 1.0, "V", "voltage at which traps begin to fill", 1e-3, 1e4, log=True),
        Parameter("eps_r", 10.0, "1", "static relative permittivity", 1.0, 1e5, log=True),
        Parameter("thickness", 1e-7, "m", "distance of the electrodes", 1e-9, 1e-2, log=True),
        Parameter("area", 1e-10, "m^2", "area", 1e-22, 1.0, log=True),
    ),
    reference="Rose (1955), doi:10.1103/PhysRev.97.1538; Lampert (1956), "
    "doi:10.1103/PhysRev.103.1648; Mark & Helfrich (1962), doi:10.1063/1.1728487",
    limits="above the voltage at which the injected charge outweighs the layer's own (below it the "
    "layer is ohmic) and where diffusion does not count (above a few kT/q); a power law alone is no "
    "proof of space charge: it should scale as 1/d^3 (d^-(2l+1) with traps) between thicknesses",
    areal=True,
    plot="log-log",
)
