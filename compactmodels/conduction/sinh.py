r"""Hyperbolic sine: ion hopping, and the phenomenological fallback.

Mott & Gurney, *Electronic Processes in Ionic Crystals* (1940); Strukov & Williams, Appl. Phys. A
94, 515 (2009), doi:10.1007/s00339-008-4975-3.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import sinh_limited
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction


def current(v: Any, temperature: Any, g: Any, v0: Any) -> Any:
    r"""Current in A.

    .. math:: I = G V_0 \sinh(V / V_0)

    Parameters
    ----------
    v : array_like
        Junction voltage [V]; beyond :math:`80 V_0` the sinh continues quadratically.
    temperature : array_like
        [K]; no influence.
    g : array_like
        Conductance at V = 0 [S].
    v0 : array_like
        Voltage of the exponential rise [V].
    """
    return g * v0 * sinh_limited(v / v0)


PART = Conduction(
    name="sinh",
    title="Hyperbolic sine (hopping; phenomenological)",
    function=current,
    parameters=(
        Parameter("g", 1e-6, "S", "conductance at 0 V", 1e-18, 1e6, log=True),
        Parameter("v0", 0.5, "V", "voltage of the exponential rise", 1e-3, 1e3, log=True),
    ),
    reference="Strukov & Williams, Appl. Phys. A 94, 515 (2009), doi:10.1007/s00339-008-4975-3",
    limits="describes any odd, monotone curve with two numbers; explains none: to 0.2 V it mimics "
    "direct tunnelling to 0.3 %, so it stays outside the contest of mechanisms",
    fallback=True,
)
