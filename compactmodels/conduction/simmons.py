r"""Simmons' tunnelling through a rectangular barrier, at low, intermediate and high voltage.

Simmons, J. Appl. Phys. 34, 1793 (1963), doi:10.1063/1.1702682, without the image force.
"""

from __future__ import annotations

import math
from typing import Any

from compactmodels.constants import ELEMENTARY_CHARGE, HBAR, PLANCK
from compactmodels.functions import (
    absolute,
    exp,
    expm1_limited,
    let,
    log,
    log1p,
    maximum,
    minimum,
    smoothstep,
    sqrt,
    where,
)
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction

START, END = 1.0, 1.2
"""eV over the barrier between which the high form takes over."""
THIN, THICK = 3.0, 6.0
"""Attenuation exponents between which the terms that Simmons drops are phased out."""
CLEAR, CERTAIN = 5.0, 8.0
"""Mean exponents of the high form between which its second term gets its factor."""


def current(v: Any, temperature: Any, phi: Any, thickness: Any, mass: Any, area: Any) -> Any:
    r"""Current in A, odd in V.

    With all energies in volts, :math:`b = |V|`, :math:`\alpha = 2d\sqrt{2em}/\hbar` and
    :math:`F(y) = y\,e^{-\alpha\sqrt y}`, up to :math:`b = \phi`

    .. math:: I = A\,\frac{e^2}{2\pi h d^2}\left[F(\phi - b/2) - F(\phi + b/2)\right]

    and beyond :math:`1.2\,\phi`

    .. math::

        I = A\,\frac{2.2\,e^2 b^2}{8\pi h\phi d^2}\left[e^{-B}
        - \left(1 + \frac{2b}{\phi}\right)e^{-B\sqrt{1 + 2b/\phi}}\right],\quad
        B = \frac{8\pi d\sqrt{2em}\,\phi^{3/2}}{2.96\,h\,b}

    The published forms differ by a factor at :math:`b = \phi` (1.7 for an attenuation
    :math:`\alpha\sqrt\phi` of 15, 4.3 for 43); between, the logarithm goes over from one to the other,
    twice differentiable and monotone.  The slope at 0 V is the first form's: the printed low-voltage
    form is steeper by :math:`1.5/(1 - 2/\alpha\sqrt\phi)`, away from the WKB integral.  Both forms
    hold for a barrier that attenuates: for :math:`\alpha\sqrt\phi < 6`, F regains the terms that
    Simmons drops against it (:math:`y + 3\sqrt y/\alpha + 3/\alpha^2`), and where the mean exponent
    :math:`B(1 + \sqrt{1 + 2b/\phi})/2` of the high form is below 8, its second term (which he sends to
    0 there) loses its factor, so that the current rises everywhere.

    Parameters
    ----------
    v : array_like
        Voltage across the barrier [V].
    temperature : array_like
        [K]; no influence (T = 0 formula).
    phi : array_like
        Barrier height above the Fermi level, the same at both electrodes [J].
    thickness : array_like
        Barrier thickness d [m].
    mass : array_like
        Effective tunnelling mass [kg].
    area : array_like
        Junction area [m^2].
    """
    e = ELEMENTARY_CHARGE
    barrier = let("barrier", phi / e)  # in volts: see docs/adr/0006
    alpha = let("alpha", 2 * thickness * sqrt(2 * e * mass) / HBAR)
    attenuation = let("attenuation", alpha * sqrt(barrier))
    thick = smoothstep.definition((attenuation - THIN) / (THICK - THIN))  # fixed at set-up
    rest = let("rest", 1 - thick)
    scale = let("scale", area * e * e / (2 * math.pi * PLANCK * thickness * thickness) * barrier)
    b = let("b", absolute(v) / barrier)

    level, drop = _intermediate(b, attenuation, rest, "mid")
    low = level + _log_balance(maximum(drop, 1e-6))  # counts above START only
    edge, fall = _intermediate(START, attenuation, rest, "edge")
    foot = _high(START, attenuation, smoothstep.definition, "foot")
    # A barrier so thin that it hardly attenuates would make the blend dip: the high form is lifted.
    lift = let("lift", maximum(edge + _log_balance(fall) - foot, 0.0))
    high = _high(maximum(b, START), attenuation, smoothstep, "high") + lift
    h = let("h", smoothstep((b - START) / (END - START)))
    exponent = level + h * (high - low)
    return where(v >= 0, 1.0, -1.0) * scale * exp(exponent) * -expm1_limited(-drop)


def _intermediate(b: Any, attenuation: Any, rest: Any, place: str) -> tuple[Any, Any]:
    """ln F of the emitter, and by how much ln F of the collector is below; b is eV over the barrier."""
    near = let(f"near_{place}", maximum(1 - b / 2, 0.1))  # the floor acts beyond the blend only
    width = minimum(b, b / 2 + 0.9)
    roots = let(f"roots_{place}", sqrt(near) + sqrt(1 + b / 2))
    inverse = 3 * rest / attenuation
    weight = let(f"weight_{place}", near + inverse * (sqrt(near) + 1 / attenuation))
    more = width * (1 + inverse / roots) / weight
    fall = log1p(more) if place == "mid" else log(1 + more)  # no cancellation away from 0 V
    level = let(f"level_{place}", log(weight) - attenuation * sqrt(near))
    return level, let(f"drop_{place}", attenuation * width / roots - fall)


def _log_balance(drop: Any) -> Any:
    """ln(1 - exp(-drop)), for a drop that is not small."""
    return log(1 - exp(-drop))


def _high(b: Any, attenuation: Any, step: Any, place: str) -> Any:
    """Logarithm of the high form over ``scale``; b is eV over the barrier."""
    exponent = let(f"exponent_{place}", 2 / 2.96 * attenuation / b)
    root = let(f"root_{place}", sqrt(1 + 2 * b))
    sure = step((exponent * (1 + root) / 2 - CLEAR) / (CERTAIN - CLEAR))
    drop = let(f"drop_{place}", exponent * (root - 1) - sure * 2 * log(root))
    return math.log(2.2 / 4) + 2 * log(b) - exponent + _log_balance(drop)


PART = Conduction(
    name="simmons",
    title="Simmons tunnelling (rectangular barrier)",
    function=current,
    parameters=(
        Parameter("phi", 0.5, "eV", "barrier height", 0.02, 5.0),
        Parameter("thickness", 2.5e-9, "m", "barrier thickness", 2e-10, 2e-8, log=True),
        Parameter("mass", 1.0, "m0", "effective tunnelling mass", 0.01, 10.0),
        Parameter("area", 1e-10, "m^2", "junction area", 1e-22, 1.0, log=True),
    ),
    reference="Simmons (1963), doi:10.1063/1.1702682",
    limits="a barrier that attenuates (2 d sqrt(2 m phi)/hbar above 6), without image force; over a T = 0 "
    "WKB integral 0.84 / 0.79 / 0.53 / 2.2 / 2.5 at eV/phi = 0.02 / 0.5 / 1 / 1.5 / 3 for 0.4 eV and "
    "2.8 nm, 0.93 / 0.79 / 0.24 / 1.8 / 2.1 for 2 eV and 3 nm; up to the barrier it describes the curves of "
    "direct_tunneling, for the same geometry to 2 % with a barrier 2 % lower, and is not held against it",
    areal=True,
    twin="direct_tunneling",
    plot="fowler_nordheim",
    noise="shot",
)
