r"""Schottky contact whose barrier dopants lower: thermionic on one side, tunnelling on the other.

The contact of the JART VCM model v1b: Bengel, Siemon, Cueppers, Hoffmann-Eifert, Hardtdegen, von Witzleben, Hellmich,
Waser & Menzel, IEEE Trans. Circuits Syst. I 67, 4618 (2020), doi:10.1109/TCSI.2020.3018502, at one concentration of
vacancies; Sze & Ng, doi:10.1002/0470068329, section 3.3; Padovani & Stratton, Solid-State Electron. 9, 695 (1966),
doi:10.1016/0038-1101(66)90097-9.  docs/foreign_models.md lists what differs from the published model.
"""

from __future__ import annotations

import math
from typing import Any, Final

from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE, HBAR, VACUUM_PERMITTIVITY
from compactmodels.functions import exp, expm1_limited, let, maximum, sqrt, tanh
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction
from compactmodels.switching.ion_hopping import positive_part
from compactmodels.windows import half_of

CHARGES: Final = 2.0
"""Elementary charges of an oxygen vacancy."""
ROUNDING: Final = 0.01
"""Of the barrier without dopants: how sharply the barrier comes to rest at 0."""
LEAST_TUNNELLING: Final = 0.05
"""kT: a smaller tunnelling energy, that of next to no dopants, counts as this in the field's exponent."""


def current(
    v: Any,
    temperature: Any,
    phibn0: Any,
    phin: Any,
    eps: Any,
    epsphib: Any,
    ndisc: Any,
    richardson: Any,
    mdiel: Any,
    rdet: Any,
    v_smooth: Any,
) -> Any:
    r"""Current in A as a function of the junction voltage.

    .. math::

        I &= I_0\,e^{-\phi/V_T}\left(e^{V/V_T} - 1\right) \quad (V > 0) \\
        I &= -I_0\,\sqrt{\frac{\pi E_{00}}{V_T^2}\left(u + \frac{\phi}{\cosh^2(E_{00}/V_T)}\right)}\,
        e^{-\phi/E_0}\left(e^{u/\xi} - 1\right) \quad (V < 0,\ u = -V) \\
        \phi &= \phi_{Bn0} - \left(\frac{e^3 z N\,(\phi_{Bn0} - \phi_n + u)}
        {8 \pi^2 \varepsilon_{\phi B}^3}\right)^{1/4}, \quad I_0 = \pi r^2 A^* T^2 \\
        E_{00} &= \frac{\hbar}{2}\sqrt{\frac{z N}{m \varepsilon}}, \quad
        E_0 = \frac{E_{00}}{\tanh(E_{00}/V_T)}, \quad
        \xi = \frac{E_{00}}{E_{00}/V_T - \tanh(E_{00}/V_T)}

    with all energies in volts.  The barrier is not below 0 (to 1 % of the one without dopants), and on
    the thermionic side it is that at 0 V.

    Parameters
    ----------
    v : array_like
        Junction voltage [V].
    temperature : array_like
        [K].
    phibn0 : array_like
        Barrier without dopants [J].
    phin : array_like
        From the Fermi level to the conduction band's edge [J].
    eps, epsphib : array_like
        Relative permittivity of the depletion layer, and of the image force.
    ndisc : array_like
        Doubly charged vacancies at the contact [m^-3].
    richardson : array_like
        Richardson constant A* [A m^-2 K^-2].
    mdiel : array_like
        Mass of the tunnelling electron [kg].
    rdet : array_like
        Radius of the filament [m].
    v_smooth : array_like
        Voltage around 0 over which one side goes over into the other [V].
    """
    charge = let("charge", CHARGES * ELEMENTARY_CHARGE * ndisc)
    vt = let("vt", BOLTZMANN / ELEMENTARY_CHARGE * temperature)
    bare = let("bare", phibn0 / ELEMENTARY_CHARGE)  # in volts: see docs/adr/0006
    unbiased = let("unbiased", maximum(phibn0 - phin, 0.01 * phibn0) / ELEMENTARY_CHARGE)
    image = let("image", ELEMENTARY_CHARGE / (epsphib * VACUUM_PERMITTIVITY))
    lowering = image * image * charge / (epsphib * VACUUM_PERMITTIVITY) / (8.0 * math.pi**2)
    scale = let("scale", lowering / (bare * bare * bare))

    def barrier(bending: Any) -> Any:
        left = 1.0 - sqrt(sqrt(scale * bending / bare))
        return bare / vt * 0.5 * (left + sqrt(left * left + ROUNDING * ROUNDING))

    resting = let("resting", barrier(unbiased))
    bias = let("bias", positive_part(-v, v_smooth))
    biased = let("biased", barrier(unbiased + bias))
    i_0 = let("i_0", math.pi * rdet * rdet * richardson * temperature * temperature)
    e00 = HBAR / 2.0 * sqrt(charge / (ELEMENTARY_CHARGE * mdiel * eps * VACUUM_PERMITTIVITY))
    x = let("x", e00 / vt)
    bent = let("bent", tanh(x))
    room = let("room", 2.0 * v_smooth / vt)  # keeps the root's argument above 0
    forward = let("forward", half_of(v, v_smooth) / vt)
    reverse = let("reverse", half_of(-v, v_smooth) / vt)
    root = let("root", sqrt(math.pi * x * (reverse + biased * (1.0 - bent * bent) + room)))
    tunnels = let("tunnels", maximum(x, LEAST_TUNNELLING))
    slope = let("slope", 1.0 - tanh(tunnels) / tunnels)
    through = let("through", root * exp(-biased * bent / x) * expm1_limited(reverse * slope))
    return i_0 * (exp(-resting) * expm1_limited(forward) - through)


PART = Conduction(
    name="jart_schottky",
    title="Schottky contact with a barrier that dopants lower (of JART VCM v1b)",
    function=current,
    parameters=(
        Parameter("phibn0", 0.18, "eV", "barrier without dopants", 0.02, 2.0),
        Parameter("phin", 0.1, "eV", "Fermi level below the conduction band", 0.0, 2.0),
        Parameter("eps", 17.0, "1", "permittivity of the depletion layer", 1.0, 1e3, log=True),
        Parameter("epsphib", 5.5, "1", "permittivity of the image force", 1.0, 1e3, log=True),
        Parameter("ndisc", 2e27, "1/m^3", "vacancies at the contact", 1e18, 1e29, log=True),
        Parameter("richardson", 6.01e5, "A/(m^2 K^2)", "Richardson constant", 1e-6, 1e9, log=True),
        Parameter("mdiel", 1.0, "m0", "mass of the tunnelling electron", 1e-3, 100.0, log=True),
        Parameter("rdet", 4.5e-8, "m", "radius of the filament", 1e-10, 1e-5, log=True),
        Parameter(
            "v_smooth", 1e-3, "V", "voltage around 0 over which the sides meet", 1e-5, 0.1, log=True
        ),
    ),
    reference="Bengel et al. (2020), doi:10.1109/TCSI.2020.3018502; Padovani & Stratton (1966), "
    "doi:10.1016/0038-1101(66)90097-9",
    limits="describes a filament's contact; stays outside the contest of mechanisms; beyond an argument of 80 "
    "the exponentials continue quadratically",
    fallback=True,
    series=True,
    noise="shot",
)
