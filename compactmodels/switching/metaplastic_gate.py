r"""Second-order switching in which learning makes learning easier, and forgetting slower.

The non-volatile state lowers its own set threshold once it has passed a certain value (relearning
takes fewer pulses, an injury leaves the device sensitive), and lengthens the relaxation of the volatile
one (the time constant of forgetting grows with the stimulus).  Second order as in Kim et al., Nano Lett. 15,
2203 (2015), doi:10.1021/acs.nanolett.5b00697; metaplasticity: Abraham & Bear, Trends Neurosci. 19, 126 (1996),
doi:10.1016/S0166-2236(96)80018-X.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import let, smoothstep
from compactmodels.parameter import Parameter
from compactmodels.parts import Switching
from compactmodels.switching.exponential_feedback import room
from compactmodels.switching.volatile_gate import overdrive


def rates(
    v: Any,
    w: Any,
    s: Any,
    temperature: Any,
    ks: Any,
    v_s: Any,
    u_s: Any,
    a_s: Any,
    kw: Any,
    v_w: Any,
    u_w: Any,
    a_w: Any,
    w_a: Any,
    w_span: Any,
    kr: Any,
    v_r: Any,
    u_r: Any,
    a_reset: Any,
    tau_w: Any,
    tau: Any,
    c_tau: Any,
    w_t: Any,
    v_smooth: Any,
) -> tuple[Any, Any]:
    r"""Rates of w and of s, in 1/s.

    .. math::

        \dot w &= k_w\,U(V;\,V_w - a_w h)\,(1 - w)
        - k_r\,U(-V;\,V_r)\,\frac{w\,(1 + a_r)}{w + a_r} - w/\tau_w \\
        \dot s &= k_s\,U(V;\,V_s - a_s s)\,(1 - s) - \frac{s}{\tau\,(1 + c_\tau\,g^2)} \\
        h &= \Theta\!\left(\frac{w - w_a}{w_{span}}\right),\quad g = \Theta(w/w_t)

    with the overdrives U of :func:`compactmodels.switching.volatile_gate.overdrive` and a smooth step.

    Parameters
    ----------
    v : array_like
        Device voltage [V].
    w, s : array_like
        Non-volatile and volatile state in [0, 1].
    temperature : array_like
        [K]; no influence.
    ks, kw, kr : array_like
        Rates of exciting s, of setting and of resetting w, per unit of overdrive [1/s].
    v_s, v_w, v_r : array_like
        Thresholds [V].
    u_s, u_w, u_r : array_like
        Widths of the thresholds [V].
    a_s : array_like
        How far s lowers its own threshold [V].
    a_w : array_like
        How far w lowers its own set threshold [V].
    w_a, w_span : array_like
        State from which it does, and the way to the full effect.
    a_reset : array_like
        State below which the reset slows down; far above, it goes in equal steps.
    tau_w : array_like
        Retention time of w [s].
    tau : array_like
        Relaxation time of s in a fresh device [s].
    c_tau : array_like
        By how much it grows, relative.
    w_t : array_like
        State at which it has grown to the full.
    v_smooth : array_like
        Voltage below which every drive fades to exactly 0 [V].
    """
    learned = let("learned", smoothstep((w - w_a) / w_span))
    slowed = let("slowed", smoothstep(w / w_t))
    excite = let("excite", ks * overdrive(v, v_s - a_s * s, u_s, v_smooth))
    up = let("up", kw * overdrive(v, v_w - a_w * learned, u_w, v_smooth))
    down = let("down", kr * overdrive(-v, v_r, u_r, v_smooth))
    return (
        up * (1 - w) - down * room(w, a_reset) - w / tau_w,
        excite * (1 - s) - s / (tau * (1 + c_tau * slowed * slowed)),
    )


PART = Switching(
    name="metaplastic_gate",
    title="Learning that eases learning and slows forgetting (second order)",
    function=rates,
    parameters=(
        Parameter("ks", 1.0, "1/s", "rate of exciting s", 1e-12, 1e15, log=True),
        Parameter("v_s", 0.5, "V", "threshold of s", 0.0, 100.0),
        Parameter("u_s", 0.1, "V", "width of the threshold of s", 1e-3, 10.0, log=True),
        Parameter("a_s", 0.0, "V", "lowering of the threshold of s by s", 0.0, 100.0),
        Parameter("kw", 1e-2, "1/s", "rate of setting w", 1e-12, 1e15, log=True),
        Parameter("v_w", 2.0, "V", "set threshold", 0.0, 100.0),
        Parameter("u_w", 0.1, "V", "width of the set threshold", 1e-3, 10.0, log=True),
        Parameter("a_w", 0.0, "V", "lowering of the set threshold by w", 0.0, 100.0),
        Parameter("w_a", 0.1, "1", "w from which it is lowered", 0.0, 1.0),
        Parameter("w_span", 0.1, "1", "way to the full lowering", 1e-3, 1.0, log=True),
        Parameter("kr", 1e-2, "1/s", "rate of resetting w", 1e-12, 1e15, log=True),
        Parameter("v_r", 2.0, "V", "reset threshold (magnitude)", 0.0, 100.0),
        Parameter("u_r", 0.1, "V", "width of the reset threshold", 1e-3, 10.0, log=True),
        Parameter("a_reset", 1.0, "1", "w below which the reset slows down", 1e-6, 1e6, log=True),
        Parameter("tau_w", 1e6, "s", "retention time of w", 1e-6, 1e15, log=True),
        Parameter("tau", 0.5, "s", "relaxation time of s, fresh", 1e-12, 1e9, log=True),
        Parameter("c_tau", 0.0, "1", "relative growth of it", 0.0, 1e3),
        Parameter("w_t", 0.1, "1", "w at which it has grown", 1e-3, 1.0, log=True),
        Parameter("v_smooth", 0.1, "V", "voltage below which the drives fade", 1e-4, 1.0, log=True),
    ),
    reference="Kim et al., Nano Lett. 15, 2203 (2015), doi:10.1021/acs.nanolett.5b00697; Abraham & Bear "
    "(1996), doi:10.1016/S0166-2236(96)80018-X",
    limits="w and s in [0, 1]; at V = 0 only the relaxation of s and the retention of w act",
    order=2,
    complete=True,
)
