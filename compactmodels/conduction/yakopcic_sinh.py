r"""Yakopcic's current: a hyperbolic sine with an amplitude of its own on either side of 0 V.

Yakopcic, Taha, Subramanyam, Pino & Rogers, IEEE Electron Device Lett. 32, 1436 (2011),
doi:10.1109/LED.2011.2163292.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import let, sinh_limited
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction
from compactmodels.windows import half_of


def current(v: Any, temperature: Any, a1: Any, a2: Any, b: Any, v_smooth: Any) -> Any:
    r"""Current in A, per unit of the state (a branch with the mix ``on``).

    .. math:: I = a_1 \sinh(b V) \quad (V > 0), \qquad I = a_2 \sinh(b V) \quad (V < 0)

    Around 0 V the amplitude changes over ``v_smooth`` on either side, so that the slope is continuous;
    with a1 = a2 the current is one hyperbolic sine to a share of 0.16 b v_smooth.

    Parameters
    ----------
    v : array_like
        Junction voltage [V]; beyond :math:`80/b` the sinh continues quadratically.
    temperature : array_like
        [K]; no influence.
    a1, a2 : array_like
        Amplitudes at positive and at negative voltages [A].
    b : array_like
        Inverse voltage of the exponential rise [1/V].
    v_smooth : array_like
        Voltage around 0 over which the amplitude changes [V].
    """
    forward = let("forward", half_of(v, v_smooth))
    backward = let("backward", half_of(-v, v_smooth))
    return a1 * sinh_limited(b * forward) - a2 * sinh_limited(b * backward)


PART = Conduction(
    name="yakopcic_sinh",
    title="Hyperbolic sine, one amplitude for each sign (Yakopcic)",
    function=current,
    parameters=(
        Parameter("a1", 0.17, "A", "amplitude at positive voltages", 1e-18, 1e3, log=True),
        Parameter("a2", 0.17, "A", "amplitude at negative voltages", 1e-18, 1e3, log=True),
        Parameter(
            "b", 0.05, "1/V", "inverse voltage of the exponential rise", 1e-4, 100.0, log=True
        ),
        Parameter(
            "v_smooth",
            1e-4,
            "V",
            "voltage around 0 in which the amplitude changes",
            1e-6,
            0.1,
            log=True,
        ),
    ),
    reference="Yakopcic et al. (2011), doi:10.1109/LED.2011.2163292",
    limits="describes; explains nothing, so it stays outside the contest of mechanisms; far from 0 V the "
    "voltage is 0.16 v_smooth off where the amplitudes differ",
    fallback=True,
)
