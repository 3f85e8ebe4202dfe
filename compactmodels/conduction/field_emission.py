r"""Field emission through the depletion layer of a Schottky contact in reverse.

Padovani & Stratton, Solid-State Electron. 9, 695 (1966), doi:10.1016/0038-1101(66)90097-9; Rhoderick &
Williams, *Metal-Semiconductor Contacts*, 2nd ed. (1988), section 3.3.
"""

from __future__ import annotations

import math
from typing import Any

from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE
from compactmodels.functions import (
    exp_limited,
    expm1_limited,
    let,
    maximum,
    minimum,
    sqrt,
    tanh,
    where,
)
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction

EDGE = 1.6088510257378263
"""Argument of x/sin x at which its series has slope 1 in the double logarithm: a line from there on."""
BEND = math.pi / 2
"""Argument from which the series goes over into that line, twice differentiable."""


def current(v: Any, temperature: Any, phi: Any, e00: Any, g: Any) -> Any:
    r"""Current in A.

    In reverse (V < 0), with all energies in volts, the band bending :math:`\psi = \phi_B + |V|` and
    :math:`c = \sqrt{\phi_B/\psi}/E_{00}`,

    .. math::

        I = -G E_{00}\,\frac{\psi}{\phi_B}
        \exp\!\left(\frac{2\phi_B}{3E_{00}}\left(1 - \sqrt{\phi_B/\psi}\right)\right)
        \frac{\pi c kT/q}{\sin(\pi c kT/q)}\left(1 - e^{-c|V|}\right)

    This is :math:`A (V_b + |V|) e^{-b/\sqrt{V_b + |V|}}` with :math:`V_b = \phi_B` and
    :math:`b = 2\phi_B^{3/2}/3E_{00}`, times the two factors that the integral over energy yields: the
    temperature's, as its series to the sixth power (within 1 % for :math:`c kT < 1/2`; from there on it
    goes over into a straight line, where the quotient runs to infinity as emission becomes
    thermionic-field), and the one by which the current vanishes at 0 V.  Padovani and Stratton's level is
    :math:`A = S A^* (qE_{00}/k)^2/\phi_B` for an area S; here it is expressed by G, which a sweep
    tells without knowing the area.

    One-sided, as the contact is: forward (V > 0) no layer is left to be tunnelled through and the
    current is another mechanism's.  The branch leaves 0 V with the slope and the curvature of the
    reverse side and levels off: with :math:`t = \tanh(V/E_{00})` and the temperature's factor
    :math:`\theta`, of slope :math:`\kappa` in the double logarithm,

    .. math::

        I = G E_{00}\,\theta\,\frac{t}{1 + a\,t\,(1 - t)},\quad
        a = \frac{E_{00}}{2\phi_B}(1 - \kappa) - \frac16

    Parameters
    ----------
    v : array_like
        Junction voltage [V]; reverse bias is V < 0.
    temperature : array_like
        [K].
    phi : array_like
        Barrier height, taken as the band bending at 0 V (a degenerate semiconductor) [J].
    e00 : array_like
        Padovani and Stratton's energy (q hbar/2) sqrt(N/m* eps) of the doping N [J].
    g : array_like
        Conductance at 0 V, but for the temperature's factor [S].
    """
    barrier = let("barrier", phi / ELEMENTARY_CHARGE)  # in volts: see docs/adr/0006
    energy = let("energy", e00 / ELEMENTARY_CHARGE)
    u = let("u", maximum(-v, 0.0 * v))
    bending = let("bending", barrier + u)
    depth = let("depth", sqrt(barrier / bending))
    decay = let("decay", depth / energy)
    x = let("x", math.pi * BOLTZMANN / ELEMENTARY_CHARGE * temperature * decay)
    thermal, growth = _thermal(x)
    tunnelled = bending / barrier * exp_limited(2 / 3 * barrier / energy * (1 - depth))
    reverse = let("reverse", tunnelled * expm1_limited(-decay * u))
    t = let("t", tanh(maximum(v, 0.0 * v) / energy))
    curved = let("curved", energy / barrier * (1 - growth) / 2 - 1 / 6)
    forward = let("forward", t / (1 + curved * t * (1 - t)))
    return g * energy * thermal * where(v >= 0, forward, reverse)


def _thermal(x: Any) -> tuple[Any, Any]:
    """The temperature's factor, and its slope in the double logarithm: x/sin x, later a line."""
    width = EDGE - BEND
    over = let("over", tanh(maximum(x - BEND, 0.0) / width))
    near = let("near", minimum(x, BEND) + width * over)
    square = let("square", near * near)
    series = let("series", 1.0 + square * (1 / 6 + square * (7 / 360 + square * (31 / 15120))))
    own = 2 * square * (1 / 6 + square * (7 / 180 + square * (31 / 5040))) / series
    stretch = let("stretch", x / near)
    growth = 1 + (own - 1) * (1 - over * over) * stretch
    return let("thermal", series * stretch), let("growth", growth)


PART = Conduction(
    name="field_emission",
    title="Field emission through a depletion layer (reverse Schottky contact)",
    function=current,
    parameters=(
        Parameter("phi", 0.8, "eV", "barrier height", 0.02, 20.0, log=True),
        Parameter("e00", 0.06, "eV", "tunnelling energy of the doping", 1e-3, 2.0, log=True),
        Parameter("g", 1e-9, "S", "conductance at 0 V at low temperature", 1e-24, 1e3, log=True),
    ),
    reference="Padovani & Stratton (1966), doi:10.1016/0038-1101(66)90097-9",
    limits="reverse bias of several E00; E00 above 2 kT (below that emission is thermionic-field, and "
    "the numbers are effective ones); a parabolic barrier without image force, of whose exponent this "
    "is the leading term in phi/(phi + V): 12 % below the whole at eV = phi, 3 % at 5 phi",
    plot="field_emission",
    series=True,
    noise="shot",
)
