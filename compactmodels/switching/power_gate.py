r"""Second-order switching with a power-law memory whose size the non-volatile state sets.

Pulses of either sign excite a volatile state up to a bound that grows with the non-volatile one; without
a field it decays as (1 + t/t0)^-m of that bound: dy/dt = -(m/t0) y (y/y0)^(1/m) has no clock.  Ions that
drift further come back later: Ohno et al., Nat. Mater. 10, 591 (2011), doi:10.1038/nmat3054; the power law of
forgetting: Wixted & Ebbesen, Psychol. Sci. 2, 409 (1991), doi:10.1111/j.1467-9280.1991.tb00175.x.
"""

from __future__ import annotations

from typing import Any, Final

from compactmodels.functions import exp, let, log, maximum
from compactmodels.parameter import Parameter
from compactmodels.parts import Switching
from compactmodels.switching.exponential_feedback import room
from compactmodels.switching.volatile_gate import overdrive

_LEAST: Final = 1e-30
"""Share of the bound below which a decay has ended."""


def rates(
    v: Any,
    w: Any,
    s: Any,
    temperature: Any,
    ks: Any,
    v_s: Any,
    u_s: Any,
    kw: Any,
    v_w: Any,
    u_w: Any,
    a_set: Any,
    kr: Any,
    v_r: Any,
    u_r: Any,
    a_reset: Any,
    w_a: Any,
    tau_w: Any,
    m: Any,
    t0: Any,
    v_smooth: Any,
) -> tuple[Any, Any]:
    r"""Rates of w and of s, in 1/s.

    .. math::

        \dot w &= k_w\,U(-V;\,V_w)\,\frac{(1 - w)(1 + a_s)}{1 - w + a_s}
        - k_r\,U(V;\,V_r)\,\frac{w\,(1 + a_r)}{w + a_r} - w/\tau_w \\
        \dot s &= k_s X (B - s) - \frac{m}{t_0}\,\frac{s\,(s/B)^{1/m}}{1 + X} \\
        B &= w_a + (1 - w_a)\,w,\quad X = U(V;\,V_s) + U(-V;\,V_s)

    Negative voltages set.

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
        Thresholds (magnitudes) [V].
    u_s, u_w, u_r : array_like
        Widths of the thresholds [V].
    a_set, a_reset : array_like
        Distance from the end at which setting and resetting slow down.
    w_a : array_like
        Bound of s in a fresh device.
    tau_w : array_like
        Retention time of w [s].
    m : array_like
        Exponent of the decay.
    t0 : array_like
        Time at which the power law begins [s].
    v_smooth : array_like
        Voltage below which every drive fades to exactly 0 [V].
    """
    excite = let("excite", overdrive(v, v_s, u_s, v_smooth) + overdrive(-v, v_s, u_s, v_smooth))
    up = let("up", kw * overdrive(-v, v_w, u_w, v_smooth))
    down = let("down", kr * overdrive(v, v_r, u_r, v_smooth))
    full = let("full", maximum(w, 0.0))
    bound = let("bound", w_a + (1 - w_a) * full)
    filling = let("filling", maximum(s / bound, _LEAST))
    return (
        up * room(1 - w, a_set) - down * room(w, a_reset) - w / tau_w,
        ks * excite * (bound - s) - m / t0 * s * exp(log(filling) / m) / (1 + excite),
    )


PART = Switching(
    name="power_gate",
    title="Power-law memory sized by a non-volatile state (second order)",
    function=rates,
    parameters=(
        Parameter("ks", 5.0, "1/s", "rate of exciting s", 1e-12, 1e15, log=True),
        Parameter("v_s", 0.5, "V", "threshold of s", 0.0, 100.0),
        Parameter("u_s", 0.1, "V", "width of the threshold of s", 1e-3, 10.0, log=True),
        Parameter("kw", 0.3, "1/s", "rate of setting w", 1e-12, 1e15, log=True),
        Parameter("v_w", 0.4, "V", "set threshold (magnitude)", 0.0, 100.0),
        Parameter("u_w", 0.2, "V", "width of the set threshold", 1e-3, 10.0, log=True),
        Parameter("a_set", 1.0, "1", "distance from 1 at which setting slows", 1e-4, 1e6, log=True),
        Parameter("kr", 0.3, "1/s", "rate of resetting w", 1e-12, 1e15, log=True),
        Parameter("v_r", 0.4, "V", "reset threshold", 0.0, 100.0),
        Parameter("u_r", 0.2, "V", "width of the reset threshold", 1e-3, 10.0, log=True),
        Parameter("a_reset", 1.0, "1", "w at which resetting slows", 1e-4, 1e6, log=True),
        Parameter("w_a", 0.05, "1", "bound of s in a fresh device", 1e-3, 1.0, log=True),
        Parameter("tau_w", 1e6, "s", "retention time of w", 1e-6, 1e15, log=True),
        Parameter("m", 1.0, "1", "exponent of the decay", 0.2, 5.0),
        Parameter("t0", 1e-2, "s", "time at which the power law begins", 1e-12, 1e9, log=True),
        Parameter("v_smooth", 0.1, "V", "voltage below which the drives fade", 1e-4, 1.0, log=True),
    ),
    reference="Ohno et al., Nat. Mater. 10, 591 (2011), doi:10.1038/nmat3054; Wixted & Ebbesen (1991), "
    "doi:10.1111/j.1467-9280.1991.tb00175.x",
    limits="w and s in [0, 1]; negative voltages set; at V = 0 only the decay of s and the retention of w act",
    order=2,
    complete=True,
)
