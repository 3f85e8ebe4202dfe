r"""Field- and temperature-driven hopping of vacancies into and out of a filament's disc.

After the JART VCM model v1b: Bengel, Siemon, Cueppers, Hoffmann-Eifert, Hardtdegen, von Witzleben, Hellmich, Waser &
Menzel, IEEE Trans. Circuits Syst. I 67, 4618 (2020), doi:10.1109/TCSI.2020.3018502; the hopping at high fields:
Genreith-Schriever & De Souza, Phys. Rev. B 94, 224304 (2016), doi:10.1103/PhysRevB.94.224304.
docs/foreign_models.md lists what differs from the published model.
"""

from __future__ import annotations

import math
from typing import Any, Final

from compactmodels.conduction.jart_schottky import CHARGES
from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE
from compactmodels.functions import exp, let, log, maximum, minimum, tanh
from compactmodels.parameter import Parameter
from compactmodels.parts import Switching
from compactmodels.windows import returning, share

SLOPE, POLE = 0.7468048013, -0.32782703
"""Of a sum that is sqrt(1 - x^2) + x asin(x) to 2.3e-6 for x <= 0.6."""
STRAIGHT: Final = 0.7
"""Largest gamma that is as published."""
STEEPEST: Final = 0.9
"""Largest gamma: 0.98 of a hop's barrier are gone."""
LEAST_VOLTAGE: Final = 1e-9
"""V: nearer to 0 the current, which is power over voltage, fades."""


def span(ndiscmin: Any, ndiscmax: Any) -> Any:
    """Natural logarithm of the largest over the smallest concentration, which has to be smaller."""
    return log(maximum(ndiscmax / ndiscmin, 1.001))


def limit(distance: Any, efolds: Any) -> Any:
    r"""What an end leaves of a rate towards it, by the distance from that end (of 1).

    .. math:: F = 1 - (N/N_{max})^{10} \quad \mathrm{or} \quad 1 - (N_{min}/N)^{10}

    Beyond the end it is a straight line.
    """
    steep = 10.0 * efolds
    return 1.0 - exp(-steep * maximum(distance, 0.0)) + steep * minimum(distance, 0.0)


def bend(x: Any) -> Any:
    r"""How the barrier's shape follows a field, :math:`\sqrt{1 - x^2} + x \arcsin x`, for x <= 0.9.

    .. math:: 1 + \frac{1}{2}\left(c\,x^2 + \frac{(1 - c) x^2}{1 + b x^2}\right)
    """
    y = x * x
    return 1.0 + 0.5 * (SLOPE * y + (1.0 - SLOPE) / POLE * (1.0 - 1.0 / (1.0 + POLE * y)))


def hop(field: Any, thermal: Any, a: Any, barrier: Any) -> Any:
    r"""Forward minus backward hops, per attempt.

    .. math::

        H &= e^{-\Delta W/kT_d\,(B - \pi\gamma/2)} - e^{-\Delta W/kT_d\,(B + \pi\gamma/2)} \\
        B &= \sqrt{1 - \gamma^2} + \gamma \arcsin\gamma, \quad \gamma = \frac{z e a E}{\pi\,\Delta W}

    Beyond 0.7 gamma grows more slowly, to 0.9, where next to nothing is left of the barrier.
    """
    x = CHARGES * a / math.pi * field / barrier
    room = STEEPEST - STRAIGHT
    gamma = minimum(x, STRAIGHT) + room * tanh(maximum(x - STRAIGHT, 0.0) / room)
    energy = barrier / thermal
    forward = exp(-energy * (bend(gamma) - math.pi / 2 * gamma))
    return forward * (1.0 - exp(-energy * math.pi * gamma))


def rates(
    v: Any,
    w: Any,
    s: Any,
    temperature: Any,
    power: Any,
    a: Any,
    nyo: Any,
    dwa: Any,
    rth0: Any,
    rtheff_scaling: Any,
    un: Any,
    ndiscmin: Any,
    ndiscmax: Any,
    nplug: Any,
    rdet: Any,
    lcell: Any,
    ldet: Any,
    r_line: Any,
    v_smooth: Any,
) -> tuple[Any]:
    r"""Rate of w in 1/s.

    .. math::

        \dot N &= \frac{\nu_0 a}{l_{det}}\,\frac{N_{plug} + N}{2}\,
        \left[H(E_{set}, T_{set})\,(1 - (N/N_{max})^{10})
        - H(E_{reset}, T_{reset})\,(1 - (N_{min}/N)^{10})\right] \\
        N &= N_{min}\,(N_{max}/N_{min})^w \\
        E_{set} &= \frac{-I}{e z N \mu_n \pi r^2}, \quad
        E_{reset} = \frac{V - I R_{line}}{l_{cell}}, \quad
        T_d = T + R_{th}\,(V I - I^2 R_{line})

    with the hops H of :func:`hop`.  A negative voltage sets, driven by the disc's share of it; a positive
    one resets, driven by all of the cell's.

    Parameters
    ----------
    v : array_like
        Device voltage [V].
    w : array_like
        Non-volatile state in [0, 1]: the logarithm of the vacancies' concentration.
    s : array_like
        Volatile state; no influence.
    temperature : array_like
        T, of the surroundings [K].
    power : array_like
        V I, that the device dissipates [W].
    a : array_like
        Distance of a hop [m].
    nyo : array_like
        Attempt rate, nu_0 [1/s].
    dwa : array_like
        Activation energy of a hop [J].
    rth0 : array_like
        Thermal resistance while it sets [K/W].
    rtheff_scaling : array_like
        Of the thermal resistance while it resets, relative to that.
    un : array_like
        Mobility of the electrons in the disc [m^2/(V s)].
    ndiscmin, ndiscmax : array_like
        Vacancies in the disc at w = 0 and at w = 1 [m^-3].
    nplug : array_like
        Vacancies in the plug [m^-3].
    rdet : array_like
        Radius of the filament [m].
    lcell, ldet : array_like
        Length of disc and plug, and of the disc alone [m].
    r_line : array_like
        Resistance in series with the cell, of layers and lines [ohm].
    v_smooth : array_like
        Voltage below which the drives fade to exactly 0 [V].
    """
    efolds = let("efolds", span(ndiscmin, ndiscmax))
    n = let("n", ndiscmin * exp(minimum(maximum(w, 0.0), 1.0) * efolds))
    i = let("i", power * v / (v * v + LEAST_VOLTAGE * LEAST_VOLTAGE))
    # not below 0 but where r_line is not the branch's own series resistance
    cell = let("cell", maximum(v - i * r_line, 0.0) * share(v, v_smooth))
    heat = let("heat", maximum(power - i * i * r_line, 0.0))
    area = CHARGES * ELEMENTARY_CHARGE * un * math.pi * rdet * rdet
    kelvin = BOLTZMANN / ELEMENTARY_CHARGE
    vt_set = let("vt_set", kelvin * (temperature + rth0 * heat))
    vt_reset = let("vt_reset", kelvin * (temperature + rth0 * rtheff_scaling * heat))
    e_set = let("e_set", -i * share(-v, v_smooth) / (area * n))
    e_reset = let("e_reset", cell / lcell)
    barrier = let("barrier", dwa / ELEMENTARY_CHARGE)  # in volts: see docs/adr/0006
    full = let("full", limit(1.0 - w, efolds))
    empty = let("empty", limit(w, efolds))
    up = let("up", hop(e_set, vt_set, a, barrier) * full)
    down = let("down", hop(e_reset, vt_reset, a, barrier) * empty)
    attempts = nyo * a / ldet * (nplug / n + 1.0) / (2.0 * efolds)
    back = returning(w, share(-v, v_smooth), share(v, v_smooth))
    return (attempts * (up - down) + back,)


PART = Switching(
    name="vacancy_jart_like",
    title="Vacancies in a filament's disc, by field and self-heating (after JART VCM v1b; first order)",
    function=rates,
    parameters=(
        Parameter("a", 2.5e-10, "m", "distance of a hop", 1e-11, 1e-8, log=True),
        Parameter("nyo", 2e13, "1/s", "attempt rate", 1e6, 1e18, log=True),
        Parameter("dwa", 1.35, "eV", "activation energy of a hop", 0.05, 5.0),
        Parameter("rth0", 1.572e7, "K/W", "thermal resistance while it sets", 0.0, 1e12),
        Parameter("rtheff_scaling", 0.27, "1", "of it, while it resets", 0.0, 100.0),
        Parameter("un", 4e-6, "m^2/(V s)", "mobility of electrons", 1e-12, 1.0, log=True),
        Parameter(
            "ndiscmin", 8e23, "1/m^3", "vacancies in the disc at w = 0", 1e18, 1e29, log=True
        ),
        Parameter(
            "ndiscmax", 2e27, "1/m^3", "vacancies in the disc at w = 1", 1e18, 1e29, log=True
        ),
        Parameter("nplug", 2e27, "1/m^3", "vacancies in the plug", 1e18, 1e29, log=True),
        Parameter("rdet", 4.5e-8, "m", "radius of the filament", 1e-10, 1e-5, log=True),
        Parameter("lcell", 3e-9, "m", "length of disc and plug", 1e-10, 1e-6, log=True),
        Parameter("ldet", 4e-10, "m", "length of the disc", 1e-11, 1e-6, log=True),
        Parameter("r_line", 1369.2437, "ohm", "resistance in series with the cell", 0.0, 1e9),
        Parameter(
            "v_smooth", 0.01, "V", "voltage below which the drives fade", 1e-6, 1.0, log=True
        ),
    ),
    reference="Bengel et al. (2020), doi:10.1109/TCSI.2020.3018502; Genreith-Schriever & De Souza (2016), "
    "doi:10.1103/PhysRevB.94.224304",
    limits="w in [0, 1]; a negative voltage sets; the branch is 'jart_schottky' with the cell's whole "
    "resistance at w = 1 in series, mixed 'resistive_decades' over log10(ndiscmax/ndiscmin) decades; the "
    "temperature follows the power at once",
    powered=True,
)
