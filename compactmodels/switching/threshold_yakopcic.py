r"""Yakopcic's generalised memristive device: thresholds, and motion that slows towards the ends.

Yakopcic, Taha, Subramanyam, Pino & Rogers, IEEE Electron Device Lett. 32, 1436 (2011),
doi:10.1109/LED.2011.2163292; Yakopcic, Taha, Subramanyam & Pino, IEEE Trans. Comput.-Aided Des. 32, 1201
(2013), doi:10.1109/TCAD.2013.2252057.
"""

from __future__ import annotations

from typing import Any, Final

from compactmodels.functions import exp_limited, expm1_limited, let, maximum, minimum
from compactmodels.parameter import Parameter
from compactmodels.parts import Switching
from compactmodels.switching.ion_hopping import positive_part

VOLT: Final = 1.0
"""V: the published thresholds stand in exponents as plain numbers of volts."""


def beyond(v: Any, threshold: Any, v_smooth: Any) -> Any:
    r"""The published drive of one direction, per unit of its speed.

    .. math:: g = e^V - e^{V_t} \quad (V > V_t)

    Exactly 0 below the threshold; twice differentiable.
    """
    excess = positive_part(v - threshold, v_smooth)
    return exp_limited(threshold / VOLT) * expm1_limited(excess / VOLT)


def slowing(x: Any, start: Any, alpha: Any, x_smooth: Any) -> Any:
    r"""What is left of the motion at the state x towards 1.

    .. math:: f = e^{-\alpha (x - x_t)}\,\frac{1 - x}{1 - x_t} \quad (x > x_t)

    1 below x_t, 0 at x = 1; twice differentiable.
    """
    way = positive_part(minimum(x, 1.5) - start, x_smooth)
    whole = positive_part(1.0 - start, x_smooth)
    return exp_limited(-alpha * way) * (1.0 - way / whole)


def rates(
    v: Any,
    w: Any,
    s: Any,
    temperature: Any,
    ap: Any,
    an: Any,
    vp: Any,
    vn: Any,
    xp: Any,
    xn: Any,
    alphap: Any,
    alphan: Any,
    eta: Any,
    x_smooth: Any,
    v_smooth: Any,
) -> tuple[Any]:
    r"""Rate of w in 1/s.

    .. math::

        \dot w = A_p\,g(V; V_p)\,f(w; x_p, \alpha_p)
        - A_n\,g(-V; V_n)\,f(1 - w; x_n, \alpha_n) \quad (\eta = 1)

    with the drives g of :func:`beyond` and the slowing f of :func:`slowing`; eta = -1 exchanges the
    directions of motion.

    Parameters
    ----------
    v : array_like
        Device voltage [V].
    w : array_like
        The model's x, in [0, 1].
    s : array_like
        Volatile state; no influence.
    temperature : array_like
        [K]; no influence.
    ap, an : array_like
        Speeds at positive and at negative voltages [1/s].
    vp, vn : array_like
        Thresholds (magnitudes) [V].
    xp, xn : array_like
        Where the motion towards 1, and as 1 - x where that towards 0, begins to slow.
    alphap, alphan : array_like
        Rates at which it slows.
    eta : array_like
        1, or -1 where a positive voltage moves the state towards 0.
    x_smooth : array_like
        Way of the state over which the slowing begins.
    v_smooth : array_like
        Voltage over which a threshold opens [V].
    """
    positive = let("positive", ap * beyond(v, vp, v_smooth))
    negative = let("negative", an * beyond(-v, vn, v_smooth))
    forward, backward = maximum(eta, 0.0), maximum(-eta, 0.0)
    up = let("up", forward * positive + backward * negative)
    down = let("down", forward * negative + backward * positive)
    towards_on = let("towards_on", slowing(w, xp, alphap, x_smooth))
    towards_off = let("towards_off", slowing(1.0 - w, xn, alphan, x_smooth))
    return (up * towards_on - down * towards_off,)


PART = Switching(
    name="threshold_yakopcic",
    title="Yakopcic's generalised memristive device (first order)",
    function=rates,
    parameters=(
        Parameter("ap", 4000.0, "1/s", "speed at positive voltages", 1e-12, 1e15, log=True),
        Parameter("an", 4000.0, "1/s", "speed at negative voltages", 1e-12, 1e15, log=True),
        Parameter("vp", 0.16, "V", "positive threshold", 0.0, 20.0),
        Parameter("vn", 0.15, "V", "negative threshold (magnitude)", 0.0, 20.0),
        Parameter("xp", 0.3, "1", "x at which the motion towards 1 begins to slow", 0.0, 0.99),
        Parameter("xn", 0.5, "1", "1 - x at which the motion towards 0 begins to slow", 0.0, 0.99),
        Parameter("alphap", 1.0, "1", "rate of slowing towards 1", 0.0, 100.0),
        Parameter("alphan", 5.0, "1", "rate of slowing towards 0", 0.0, 100.0),
        Parameter("eta", 1.0, "1", "sign of the motion at a positive voltage", -1.0, 1.0),
        Parameter(
            "x_smooth",
            1e-3,
            "1",
            "way of the state over which the slowing begins",
            1e-6,
            0.1,
            log=True,
        ),
        Parameter(
            "v_smooth", 1e-3, "V", "voltage over which a threshold opens", 1e-6, 1.0, log=True
        ),
    ),
    reference="Yakopcic et al. (2011), doi:10.1109/LED.2011.2163292; Yakopcic et al. (2013), "
    "doi:10.1109/TCAD.2013.2252057",
    limits="w in [0, 1]; between the thresholds nothing moves; beyond 80 V over a threshold the exponential "
    "continues quadratically",
)
