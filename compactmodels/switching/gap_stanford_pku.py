r"""The Stanford-PKU model of metal-oxide RRAM: a gap that fields and self-heating open and close.

Guan, Yu & Wong, IEEE Electron Device Lett. 33, 1405 (2012), doi:10.1109/LED.2012.2210856; Jiang, Yu, Wu, Engel, Guan &
Wong, Proc. SISPAD, 41 (2014), doi:10.1109/SISPAD.2014.6931558; Jiang et al., IEEE Trans. Electron Devices 63, 1884
(2016), doi:10.1109/TED.2016.2545412.
"""

from __future__ import annotations

from typing import Any

from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE
from compactmodels.functions import (
    absolute,
    exp,
    let,
    maximum,
    minimum,
    sinh_limited,
    smoothstep,
    where,
)
from compactmodels.parameter import Parameter
from compactmodels.parts import Switching
from compactmodels.switching.ion_hopping import positive_part
from compactmodels.windows import EDGE, closing


def rates(
    v: Any,
    w: Any,
    s: Any,
    temperature: Any,
    power: Any,
    vel0: Any,
    ea: Any,
    a0: Any,
    tox: Any,
    gamma0: Any,
    beta: Any,
    g1: Any,
    gap_min: Any,
    gap_max: Any,
    rth: Any,
    f_min: Any,
    f_smooth: Any,
    edge: Any,
    v_smooth: Any,
) -> tuple[Any]:
    r"""Rate of w in 1/s.

    .. math::

        \dot g &= -\nu_0\,e^{-E_a/kT_d}\,\sinh\frac{q a_0 \gamma V}{t_{ox} k T_d},
        \quad g = g_{max} - w\,(g_{max} - g_{min}) \\
        \gamma &= \gamma_0 - \beta\,(g/g_1)^3,\quad T_d = T + R_{th} V I

    with the gap g between the filament's tip and the electrode.  Below the field ``f_min`` nothing moves.
    The published hard stops at the ends of the gap are soft: within ``edge`` of an end the rate
    towards it fades.

    Parameters
    ----------
    v : array_like
        Device voltage [V].
    w : array_like
        1 at the smallest, 0 at the largest gap.
    s : array_like
        Volatile state; no influence.
    temperature : array_like
        T, of the surroundings [K].
    power : array_like
        V I, that the device dissipates [W].
    vel0 : array_like
        Prefactor of the speed, nu_0 [m/s].
    ea : array_like
        Activation energy of oxygen migration [J].
    a0 : array_like
        Distance of atoms [m].
    tox : array_like
        Thickness of the oxide [m].
    gamma0, beta : array_like
        Local enhancement of the field at gap 0, and what the gap takes of it.
    g1 : array_like
        Gap at which that is beta [m].
    gap_min, gap_max : array_like
        Ends of the gap, gap_max > gap_min [m].
    rth : array_like
        Thermal resistance [K/W].
    f_min : array_like
        Least local field gamma V/tox that moves the gap [V/m]; 0: any does.
    f_smooth : array_like
        How far below it the motion begins [V/m].
    edge : array_like
        Distance from an end (of 1) within which the motion is slowed.
    v_smooth : array_like
        Voltage below which the motion fades [V].
    """
    thermal = let("thermal", BOLTZMANN / ELEMENTARY_CHARGE * (temperature + rth * power))
    barrier = let("barrier", ea / ELEMENTARY_CHARGE)  # in volts: see docs/adr/0006
    span = let("span", gap_max * maximum(1.0 - gap_min / gap_max, 1e-6))
    gap = let("gap", gap_max - minimum(maximum(w, 0.0), 1.0) * span)
    ratio = let("ratio", gap / g1)
    gamma = let("gamma", maximum(gamma0 - beta * ratio * ratio * ratio, 0.0))
    field = let("field", gamma * absolute(v) / tox)
    moving = let("moving", smoothstep(1.0 + (field - f_min) / f_smooth))
    speed = let("speed", vel0 / span * exp(-barrier / thermal) * moving)
    steep = let("steep", gamma * a0 / (tox * thermal))
    drive = let("drive", positive_part(v, v_smooth) - positive_part(-v, v_smooth))
    room = let("room", where(v >= 0, closing(1.0 - w, edge), closing(w, edge)))
    return (speed * sinh_limited(steep * drive) * room,)


PART = Switching(
    name="gap_stanford_pku",
    title="Stanford-PKU RRAM: the gap of a filament, with self-heating (first order)",
    function=rates,
    parameters=(
        Parameter("vel0", 10.0, "m/s", "prefactor of the gap's speed", 1e-9, 1e9, log=True),
        Parameter("ea", 0.6, "eV", "activation energy of oxygen migration", 0.0, 5.0),
        Parameter("a0", 2.5e-10, "m", "distance of atoms", 1e-11, 1e-8, log=True),
        Parameter("tox", 1.2e-8, "m", "thickness of the oxide", 1e-10, 1e-6, log=True),
        Parameter("gamma0", 16.0, "1", "enhancement of the field at gap 0", 0.1, 1e3),
        Parameter("beta", 0.8, "1", "loss of enhancement at a gap of g1", 0.0, 1e3),
        Parameter("g1", 1e-9, "m", "gap at which the loss is beta", 1e-11, 1e-7, log=True),
        Parameter("gap_min", 2e-10, "m", "smallest gap", 0.0, 1e-7),
        Parameter("gap_max", 1.7e-9, "m", "largest gap", 1e-10, 1e-7, log=True),
        Parameter("rth", 2.1e3, "K/W", "thermal resistance", 0.0, 1e9),
        Parameter("f_min", 1.4e9, "V/m", "least local field that moves the gap", 0.0, 1e11),
        Parameter(
            "f_smooth", 1e7, "V/m", "how far below it the motion begins", 1e3, 1e11, log=True
        ),
        EDGE,
        Parameter(
            "v_smooth", 1e-3, "V", "voltage below which the motion fades", 1e-6, 1.0, log=True
        ),
    ),
    reference="Guan et al. (2012), doi:10.1109/LED.2012.2210856; Jiang et al. (2014), "
    "doi:10.1109/SISPAD.2014.6931558",
    limits="w in [0, 1]; the average motion: the published random part is left out; the temperature follows "
    "the power at once; the current is the mechanism 'sinh', mixed 'exponential' over "
    "(gap_max - gap_min)/(2.303 g0) decades",
    powered=True,
)
