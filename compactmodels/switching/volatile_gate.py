r"""Second-order switching: a volatile state that lowers the threshold of the non-volatile one.

The second-order memristor of Kim et al., Nano Lett. 15, 2203 (2015), doi:10.1021/acs.nanolett.5b00697,
with thresholds in the smooth form that docs/adr/0005 describes.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import let, softplus
from compactmodels.parameter import Parameter
from compactmodels.parts import Switching
from compactmodels.switching.ion_hopping import positive_part


def overdrive(v: Any, threshold: Any, width: Any, v_smooth: Any) -> Any:
    r"""How far v exceeds the threshold, in units of ``width``: linear above it, exponential below.

    .. math:: U = \ln(1 + e^{(V^+ - V_t)/v}) - \ln(1 + e^{-V_t/v})

    Exactly 0 for V <= 0, twice differentiable, never overflows.
    """
    drive = positive_part(v, v_smooth)
    return softplus((drive - threshold) / width) - softplus(-threshold / width)


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
    a_ws: Any,
    a_ww: Any,
    kr: Any,
    v_r: Any,
    u_r: Any,
    r_max: Any,
    tau_w: Any,
    v_smooth: Any,
) -> tuple[Any, Any]:
    r"""Rate of w and drive of s, in 1/s.

    .. math::

        \dot s|_{drive} &= k_s\,U(V;\,V_s - a_s s,\,u_s)\,(1-s) \\
        \dot w &= k_w\,U(V;\,V_w - a_{ws}s + a_{ww}w,\,u_w)\,(1-w)
        - k_r \frac{R}{1 + R/R_{max}}\,w - \frac{w}{\tau_w},\quad R = U(-V;\,V_r,\,u_r)

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
    a_s, a_ws : array_like
        How far s lowers the threshold of s and of w [V].
    a_ww : array_like
        How far w raises its own set threshold (logarithmic kinetics) [V].
    r_max : array_like
        Overdrive at which the reset saturates.
    tau_w : array_like
        Retention time of w [s].
    v_smooth : array_like
        Voltage below which every drive fades to exactly 0 [V].
    """
    excite = let("excite", overdrive(v, v_s - a_s * s, u_s, v_smooth))
    up = let("up", overdrive(v, v_w - a_ws * s + a_ww * w, u_w, v_smooth))
    down = let("down", overdrive(-v, v_r, u_r, v_smooth))
    reset = let("reset", kr * down / (1 + down / r_max))
    return (kw * up * (1 - w) - reset * w - w / tau_w, ks * excite * (1 - s))


PART = Switching(
    name="volatile_gate",
    title="Threshold switching gated by a volatile state (second order)",
    function=rates,
    parameters=(
        Parameter("ks", 1e6, "1/s", "rate of exciting s", 1e-12, 1e15, log=True),
        Parameter("v_s", 0.5, "V", "threshold of s", 0.0, 100.0),
        Parameter("u_s", 0.1, "V", "width of the threshold of s", 1e-3, 10.0, log=True),
        Parameter("a_s", 0.0, "V", "lowering of the threshold of s by s", 0.0, 100.0),
        Parameter("kw", 1e6, "1/s", "rate of setting w", 1e-12, 1e15, log=True),
        Parameter("v_w", 1.5, "V", "set threshold", 0.0, 100.0),
        Parameter("u_w", 0.1, "V", "width of the set threshold", 1e-3, 10.0, log=True),
        Parameter("a_ws", 0.0, "V", "lowering of the set threshold by s", 0.0, 100.0),
        Parameter("a_ww", 0.0, "V", "raising of the set threshold by w", 0.0, 100.0),
        Parameter("kr", 1e6, "1/s", "rate of resetting w", 1e-12, 1e15, log=True),
        Parameter("v_r", 1.5, "V", "reset threshold (magnitude)", 0.0, 100.0),
        Parameter("u_r", 0.1, "V", "width of the reset threshold", 1e-3, 10.0, log=True),
        Parameter("r_max", 1e3, "1", "overdrive at which the reset saturates", 1e-3, 1e9, log=True),
        Parameter("tau_w", 1e9, "s", "retention time of w", 1e-6, 1e15, log=True),
        Parameter(
            "v_smooth", 0.01, "V", "voltage below which the drives fade", 1e-4, 1.0, log=True
        ),
    ),
    reference="Kim et al., Nano Lett. 15, 2203 (2015), doi:10.1021/acs.nanolett.5b00697",
    limits="w and s in [0, 1]; at V = 0 only the relaxation of s and the retention of w act",
    order=2,
)
