r"""A whole Schottky contact in one junction: thermionic forward, field emission in reverse.

Rhoderick & Williams, *Metal-Semiconductor Contacts*, 2nd ed. (1988), chapter 3; Padovani & Stratton,
Solid-State Electron. 9, 695 (1966), doi:10.1016/0038-1101(66)90097-9; on Nb:SrTiO3: Goossens et al.,
J. Appl. Phys. 124, 152122 (2018), doi:10.1063/1.5037965.
"""

from __future__ import annotations

from typing import Any

from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE
from compactmodels.functions import expm1_limited, let, log1p, sqrt
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction
from compactmodels.switching.ion_hopping import positive_part


def current(
    v: Any, temperature: Any, j_s: Any, n: Any, phi: Any, e00: Any, area: Any, v_smooth: Any
) -> Any:
    r"""Current in A.

    .. math::

        I = A\,j_s\left[\left(e^{qV/nkT} - 1\right) - \left(\frac{\phi + u}{\phi}
        \exp\!\left(\frac{2\phi}{3E_{00}}\left(1 - \sqrt{\frac{\phi}{\phi + u}}\right)\right) - 1\right)
        \right],\quad u = (-V)^+

    with :math:`\phi` and :math:`E_{00}` in volts.  The reverse term is the band bending's part of
    Padovani and Stratton's field emission, relative to its value at 0 V: it saturates with the voltage
    as the barrier thins.  One saturation current density multiplies both sides, so that a state that
    moves it moves the whole contact.

    Parameters
    ----------
    v : array_like
        Junction voltage [V]; forward bias is V > 0.
    temperature : array_like
        [K].
    j_s : array_like
        Saturation current density [A m^-2].
    n : array_like
        Ideality factor.
    phi : array_like
        Band bending at 0 V, as the reverse side sees it [J].
    e00 : array_like
        Tunnelling energy of the doping, as the reverse side sees it [J].
    area : array_like
        Emitting area [m^2].
    v_smooth : array_like
        Voltage below which the reverse term fades to exactly 0 [V].
    """
    vt = let("vt", BOLTZMANN / ELEMENTARY_CHARGE * temperature)
    bending = let("bending", phi / ELEMENTARY_CHARGE)  # in volts: see docs/adr/0006
    energy = let("energy", e00 / ELEMENTARY_CHARGE)
    u = let("u", positive_part(-v, v_smooth))
    bent = let("bent", u / bending)
    thinning = let("thinning", 1.0 - 1.0 / sqrt(1.0 + bent))
    reverse = let("reverse", log1p(bent) + (2 / 3) * bending / energy * thinning)
    return area * j_s * (expm1_limited(v / (n * vt)) - expm1_limited(reverse))


PART = Conduction(
    name="schottky_junction",
    title="Schottky contact: thermionic forward, field emission through the depletion layer in reverse",
    function=current,
    parameters=(
        Parameter("j_s", 1.0, "A/m^2", "saturation current density", 1e-20, 1e20, log=True),
        Parameter("n", 1.5, "1", "ideality factor", 0.5, 20.0),
        Parameter("phi", 1.5, "eV", "band bending at 0 V, in reverse", 0.05, 50.0, log=True),
        Parameter("e00", 0.05, "eV", "tunnelling energy, in reverse", 1e-3, 10.0, log=True),
        Parameter("area", 1e-10, "m^2", "emitting area", 1e-22, 1.0, log=True),
        Parameter(
            "v_smooth", 0.02, "V", "voltage below which the reverse term fades", 1e-4, 0.2, log=True
        ),
    ),
    reference="Padovani & Stratton (1966), doi:10.1016/0038-1101(66)90097-9; Goossens et al. (2018), "
    "doi:10.1063/1.5037965",
    limits="one temperature: j_s holds the barrier and the Richardson constant together; phi and e00 "
    "are effective (image force, traps and an inhomogeneous barrier are in them); the reverse term is "
    "without temperature; beyond an argument of 80 the exponentials continue quadratically",
    areal=True,
    fallback=True,
    series=True,
    noise="shot",
)
