r"""First-order switching: field-driven ion hopping with windows that follow the direction.

Mott & Gurney (1940); Strukov & Williams, Appl. Phys. A 94, 515 (2009),
doi:10.1007/s00339-008-4975-3; well-posedness: McAndrew, IEEE J. Electron Devices Soc. 3, 279 (2015),
doi:10.1109/JEDS.2015.2455342.
"""

from __future__ import annotations

from typing import Any

from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE
from compactmodels.functions import exp, let, maximum, sinh_limited
from compactmodels.parameter import Parameter
from compactmodels.parts import Switching


def positive_part(v: Any, width: Any) -> Any:
    r"""V where it is positive, exactly 0 elsewhere; twice differentiable: V^3/(V^2 + width^2)."""
    p = maximum(v, 0.0)
    return p * p * p / (p * p + width * width)


def rates(
    v: Any,
    w: Any,
    s: Any,
    temperature: Any,
    k0: Any,
    ea: Any,
    v_set: Any,
    v_reset: Any,
    v_smooth: Any,
) -> tuple[Any]:
    r"""Rate of w in 1/s.

    .. math::

        \dot w = k_0 e^{-E_A/kT}\left[(1-w)\sinh\frac{V^+}{V_{set}}
        - w\,\sinh\frac{(-V)^+}{V_{reset}}\right]

    (1 - w) to set and w to reset keep the state within [0, 1] and stick at neither end.

    Parameters
    ----------
    v : array_like
        Device voltage [V].
    w : array_like
        Non-volatile state in [0, 1].
    s : array_like
        Volatile state; no influence.
    temperature : array_like
        [K].
    k0 : array_like
        Attempt rate [1/s].
    ea : array_like
        Activation energy of a hop [J].
    v_set, v_reset : array_like
        Voltage of the exponential rise in each direction [V].
    v_smooth : array_like
        Voltage below which the drive fades to exactly 0 [V].
    """
    barrier = let("barrier", ea / ELEMENTARY_CHARGE)  # in volts: see docs/adr/0006
    hop = let("hop", k0 * exp(-barrier / (BOLTZMANN / ELEMENTARY_CHARGE * temperature)))
    up = let("up", sinh_limited(positive_part(v, v_smooth) / v_set))
    down = let("down", sinh_limited(positive_part(-v, v_smooth) / v_reset))
    return (hop * ((1 - w) * up - w * down),)


PART = Switching(
    name="ion_hopping",
    title="Ion hopping (first order)",
    function=rates,
    parameters=(
        Parameter("k0", 1e12, "1/s", "attempt rate", 1e-12, 1e18, log=True),
        Parameter("ea", 1.0, "eV", "activation energy of a hop", 0.0, 5.0),
        Parameter(
            "v_set", 0.15, "V", "voltage of the exponential rise to set", 1e-3, 100.0, log=True
        ),
        Parameter(
            "v_reset", 0.15, "V", "voltage of the exponential rise to reset", 1e-3, 100.0, log=True
        ),
        Parameter(
            "v_smooth", 0.01, "V", "voltage below which the drive fades", 1e-4, 1.0, log=True
        ),
    ),
    reference="Strukov & Williams (2009), doi:10.1007/s00339-008-4975-3; "
    "McAndrew (2015), doi:10.1109/JEDS.2015.2455342",
    limits="w in [0, 1]; the rate is exactly 0 at V = 0, so nothing is forgotten",
    order=1,
)
