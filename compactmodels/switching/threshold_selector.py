r"""A volatile threshold switch of either polarity: excited beyond a threshold, gone without voltage.

Diffusive memristors and ovonic switches as selectors: Wang et al., Nature Materials 16, 101 (2017),
doi:10.1038/nmat4756; Ovshinsky, Phys. Rev. Lett. 21, 1450 (1968), doi:10.1103/PhysRevLett.21.1450;
a state equation with a root for every voltage, as Wang & Roychowdhury ask for (arXiv:1605.04897).
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import let
from compactmodels.parameter import Parameter
from compactmodels.parts import Switching
from compactmodels.switching.volatile_gate import overdrive


def rates(
    v: Any,
    w: Any,
    s: Any,
    temperature: Any,
    k_t: Any,
    v_t: Any,
    v_h: Any,
    u_t: Any,
    tau_w: Any,
    v_smooth: Any,
) -> tuple[Any]:
    r"""Rate of w in 1/s.

    .. math::
        \dot w = k_t\,[U(V;\,\theta,\,u_t) + U(-V;\,\theta,\,u_t)]\,(1 - w) - \frac{w}{\tau_w},
        \qquad \theta = V_t - (V_t - V_h)\,w

    U is the overdrive of :mod:`compactmodels.switching.volatile_gate`. The threshold falls from
    V_t, at which an idle switch fires, to V_h, at which an excited one lets go.

    Parameters
    ----------
    v : array_like
        Device voltage [V].
    w : array_like
        The volatile state, in [0, 1].
    s : array_like
        No influence.
    temperature : array_like
        [K]; no influence.
    k_t : array_like
        Rate of being excited, per unit of overdrive [1/s].
    v_t, v_h : array_like
        Thresholds of the idle and of the excited switch [V].
    u_t : array_like
        Width of the threshold [V].
    tau_w : array_like
        Time constant of the relaxation [s].
    v_smooth : array_like
        Voltage below which the drive fades to exactly 0 [V].
    """
    threshold = let("threshold", v_t - (v_t - v_h) * w)
    up = let("up", overdrive(v, threshold, u_t, v_smooth))
    down = let("down", overdrive(-v, threshold, u_t, v_smooth))
    return (k_t * (up + down) * (1 - w) - w / tau_w,)


PART = Switching(
    name="threshold_selector",
    title="Volatile threshold switching of either polarity",
    function=rates,
    parameters=(
        Parameter("k_t", 1e9, "1/s", "rate of being excited", 1e-12, 1e15, log=True),
        Parameter("v_t", 0.5, "V", "threshold of the idle switch", 0.0, 100.0),
        Parameter("v_h", 0.2, "V", "threshold of the excited switch (hold)", 0.0, 100.0),
        Parameter("u_t", 0.02, "V", "width of the threshold", 1e-3, 10.0, log=True),
        Parameter("tau_w", 1e-7, "s", "time constant of the relaxation", 1e-15, 1e15, log=True),
        Parameter(
            "v_smooth", 0.01, "V", "voltage below which the drive fades", 1e-4, 1.0, log=True
        ),
    ),
    reference="Wang et al., Nature Materials 16, 101 (2017), doi:10.1038/nmat4756; Ovshinsky, Phys. "
    "Rev. Lett. 21, 1450 (1968), doi:10.1103/PhysRevLett.21.1450",
    limits="w in [0, 1]; relaxes to 0 without voltage; between v_h and v_t both states of w are stable",
)
