r"""Direct tunnelling through a trapezoidal barrier, from 0 V through the Fowler-Nordheim regime.

Brinkman, Dynes & Rowell, J. Appl. Phys. 41, 1915 (1970), doi:10.1063/1.1659141; closed form of
Gruverman et al., Nano Lett. 9, 3539 (2009), doi:10.1021/nl901754t; Pantel & Alexe, Phys. Rev. B 82,
134105 (2010), doi:10.1103/PhysRevB.82.134105.  The published form is 0/0 at V = phi2 - phi1 and
complex beyond eV = 2 phi; docs/adr/0004 says how both are mended here.
"""

from __future__ import annotations

import math
from typing import Any

from compactmodels.constants import ELEMENTARY_CHARGE, HBAR
from compactmodels.functions import (
    absolute,
    exp,
    expm1_limited,
    let,
    log,
    maximum,
    smoothstep,
    sqrt,
    where,
)
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction

BLEND_START = 1.0
"""eV over the collector's barrier at which the continuation begins."""
BLEND_WIDTH = 0.6
"""... and over how much of it the closed form hands over; it is real up to 2."""


def current(
    v: Any, temperature: Any, phi1: Any, phi2: Any, thickness: Any, mass: Any, area: Any
) -> Any:
    r"""Current in A.

    With all energies in volts (divided by e), :math:`b = |V|`, emitter and collector barriers :math:`\phi_e, \phi_c` (for V > 0 these
    are phi1 and phi2, for V < 0 the other way round), :math:`u = \phi_e + b/2`,
    :math:`w = \phi_c - b/2`, :math:`S = \sqrt u + \sqrt w`, :math:`k = 4d\sqrt{2em}/3\hbar`,
    :math:`a = k(u + \sqrt{uw} + w)/S` and :math:`x = \tfrac34 b k/S`, the published closed form is

    .. math::

        I = \operatorname{sgn}(V)\,A\,\frac{4e^3m}{9\pi^2\hbar^3}\left(\frac Sk\right)^2
        e^{x-a}\,\frac{1 - e^{-2x}}{2}

    Between :math:`b = \phi_c` and :math:`1.6\,\phi_c` the logarithm of the prefactor and exponent
    goes over, twice differentiable and monotone, into those of Fowler-Nordheim emission from the
    emitter through the same barrier, :math:`b' = b + \phi_e - \phi_c`:

    .. math::

        \left(\frac{S}{k}\right)^2 e^{x-a} \to \frac{b'^2}{\phi_e k^2}
        \exp\!\left(-\frac{k\phi_e^{3/2}}{b'}\right)

    For a barrier that hardly attenuates (k times the root of the barrier below about 3.5) the limit is
    lifted to meet the closed form, so that the current rises with the voltage everywhere.

    Parameters
    ----------
    v : array_like
        Voltage across the barrier [V].
    temperature : array_like
        [K]; no influence (T = 0 formula).
    phi1 : array_like
        Barrier height at the electrode that emits at V > 0: the grounded one [J].
    phi2 : array_like
        Barrier height at the driven electrode [J].
    thickness : array_like
        Barrier thickness d [m].
    mass : array_like
        Effective tunnelling mass [kg].
    area : array_like
        Junction area [m^2].
    """
    e = ELEMENTARY_CHARGE
    ground = let("ground", phi1 / e)  # barriers in volts: see docs/adr/0006
    driven = let("driven", phi2 / e)
    k = let("k", 4 * thickness * sqrt(2 * e * mass) / (3 * HBAR))
    scale = let("scale", area * 4 * e**3 * mass / (9 * math.pi**2 * HBAR**3) * ground / (k * k))

    # u and w change roles with the sign of V; their floors act beyond the blend only.
    u = let("u", maximum(ground + v / 2, ground / 10))
    w = let("w", maximum(driven - v / 2, driven / 10))
    root = let("root", sqrt(u * w))
    s = let("s", sqrt(u) + sqrt(w))
    x = let("x", 0.75 * k * absolute(v) / s)
    closed_form = log(s * s / ground) + x - k * (u + root + w) / s

    up = _triangular(k, v, ground, driven, ground, "up")
    down = _triangular(k, -v, driven, ground, ground, "down")
    over = maximum(v / driven, -v / ground)  # eV over the collector's barrier
    h = let("h", smoothstep((over - BLEND_START) / BLEND_WIDTH))
    exponent = let("exponent", (1 - h) * closed_form + h * where(v >= 0, up, down))
    balance = -0.5 * expm1_limited(-2 * x)
    return where(v >= 0, 1.0, -1.0) * scale * exp(exponent) * balance


def _triangular(k: Any, b: Any, emitter: Any, collector: Any, unit: Any, sense: str) -> Any:
    """Logarithm of the Fowler-Nordheim limit over ``scale``; b is the voltage in its sense.

    A barrier so thin that it hardly attenuates would make the blend dip: there the limit is lifted to
    the closed form where the blend starts.
    """
    u, w = emitter + BLEND_START * collector / 2, collector - BLEND_START * collector / 2
    s = let(f"s_{sense}", sqrt(u) + sqrt(w))
    decay = 0.75 * BLEND_START * collector - (u + sqrt(u * w) + w)
    lift = maximum(log(s * s / emitter) + k * (decay / s + sqrt(emitter)), 0.0)
    level = let(f"level_{sense}", lift - log(emitter / unit))
    slope = let(f"slope_{sense}", k * emitter * sqrt(emitter))
    reach = let(f"reach_{sense}", maximum(b + emitter - collector, emitter))
    return 2 * log(reach / unit) - slope / reach + level


PART = Conduction(
    name="direct_tunneling",
    title="Direct tunnelling (trapezoidal barrier)",
    function=current,
    parameters=(
        Parameter("phi1", 0.5, "eV", "barrier at the electrode that emits at V > 0", 0.02, 5.0),
        Parameter("phi2", 0.5, "eV", "barrier at the driven electrode", 0.02, 5.0),
        Parameter("thickness", 2.5e-9, "m", "barrier thickness", 2e-10, 2e-8, log=True),
        Parameter("mass", 1.0, "m0", "effective tunnelling mass", 0.01, 10.0),
        Parameter("area", 1e-10, "m^2", "junction area", 1e-22, 1.0, log=True),
    ),
    reference="Brinkman et al. (1970), doi:10.1063/1.1659141; Gruverman et al. (2009), "
    "doi:10.1021/nl901754t; Pantel & Alexe (2010), doi:10.1103/PhysRevB.82.134105",
    limits="the published closed form up to eV = phi of the collector, a continuation to "
    "Fowler-Nordheim of the same barrier beyond; below a T = 0 WKB integral by 5 % at eV = phi/2 and "
    "35 % at phi for 0.4 eV and 2.8 nm, by 17 and 84 % for 2 eV and 3 nm; thickness and barrier cannot "
    "be separated when the area is unknown",
    areal=True,
    plot="fowler_nordheim",
    noise="shot",
)
