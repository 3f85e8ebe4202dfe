r"""VTEAM: a general voltage-controlled memristor with thresholds.

Kvatinsky, Ramadan, Friedman & Kolodny, IEEE Trans. Circuits Syst. II 62, 786 (2015),
doi:10.1109/TCSII.2015.2433536; the windows of the older TEAM: Kvatinsky, Friedman, Kolodny & Weiser, IEEE Trans.
Circuits Syst. I 60, 211 (2013), doi:10.1109/TCSI.2012.2215714.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import exp, exp_limited, let, maximum
from compactmodels.parameter import Parameter
from compactmodels.parts import Switching
from compactmodels.switching.ion_hopping import positive_part
from compactmodels.windows import raised, rounded


def rates(
    v: Any,
    w: Any,
    s: Any,
    temperature: Any,
    k_off: Any,
    k_on: Any,
    alpha_off: Any,
    alpha_on: Any,
    v_off: Any,
    v_on: Any,
    w_off: Any,
    w_on: Any,
    p: Any,
    a_off: Any,
    a_on: Any,
    w_c: Any,
    v_smooth: Any,
) -> tuple[Any]:
    r"""Rate of w in 1/s.

    .. math::

        \dot x &= k_{off} \left(\frac{V}{V_{off}} - 1\right)^{\alpha_{off}} F_{off}
        + k_{on} \left(\frac{V}{V_{on}} - 1\right)^{\alpha_{on}} F_{on},
        \quad w = \frac{w_{off} - x}{w_{off} - w_{on}} \\
        F_{off} &= e^{-e^{(x - a_{off})/w_c}}\,\left(1 - (1 - w)^{2p}\right) \\
        F_{on} &= e^{-e^{(a_{on} - x)/w_c}}\,\left(1 - w^{2p}\right)

    with x the model's own state, from w_on (low resistance) to w_off; each power is 0 below its
    threshold, exactly.  The first factor of a window is TEAM's, the second Biolek's, which closes the
    range: a large p makes it a rectangle, an a_off far above w_off and an a_on far below w_on make TEAM's 1.
    A positive voltage switches off.

    Parameters
    ----------
    v : array_like
        Device voltage [V].
    w : array_like
        1 at the low, 0 at the high resistance.
    s : array_like
        Volatile state; no influence.
    temperature : array_like
        [K]; no influence.
    k_off, k_on : array_like
        Speeds of switching off (> 0) and on (< 0) [m/s].
    alpha_off, alpha_on : array_like
        Exponents.
    v_off, v_on : array_like
        Thresholds, v_off > 0 > v_on [V].
    w_off, w_on : array_like
        Bounds of the model's own state, w_off > w_on [m].
    p : array_like
        Sharpness of the closing window.
    a_off, a_on : array_like
        Where TEAM's windows begin to close [m].
    w_c : array_like
        Width over which TEAM's windows close [m].
    v_smooth : array_like
        Voltage beyond a threshold at which the rate reaches half the published overdrive [V].
    """
    width = let("width", w_off * maximum(1.0 - w_on / w_off, 1e-6))
    x = let("x", w_on + (1.0 - w) * width)
    over_off = let("over_off", positive_part(v - v_off, v_smooth) / v_off)
    over_on = let("over_on", positive_part(v_on - v, v_smooth) / (-v_on))
    closing_off = let("closing_off", exp(-exp_limited((x - a_off) / w_c)) * rounded(w, p))
    closing_on = let("closing_on", exp(-exp_limited((a_on - x) / w_c)) * rounded(1.0 - w, p))
    off = let("off", k_off * raised(over_off, alpha_off) * closing_off)
    on = let("on", -k_on * raised(over_on, alpha_on) * closing_on)
    return ((on - off) / width,)


PART = Switching(
    name="threshold_vteam",
    title="VTEAM: voltage thresholds (first order)",
    function=rates,
    parameters=(
        Parameter("k_off", 0.091, "m/s", "speed of switching off", 1e-15, 1e6, log=True),
        Parameter("k_on", -216.2, "m/s", "speed of switching on (negative)", -1e6, -1e-15),
        Parameter("alpha_off", 4.0, "1", "exponent of switching off", 1.0, 10.0),
        Parameter("alpha_on", 4.0, "1", "exponent of switching on", 1.0, 10.0),
        Parameter("v_off", 0.3, "V", "threshold of switching off", 1e-3, 100.0, log=True),
        Parameter("v_on", -1.5, "V", "threshold of switching on (negative)", -100.0, -1e-3),
        Parameter("w_off", 3e-9, "m", "state at the high resistance", 1e-11, 10.0, log=True),
        Parameter("w_on", 0.0, "m", "state at the low resistance", 0.0, 1.0),
        Parameter("p", 500.0, "1", "sharpness of the closing window", 1.0, 1000.0, log=True),
        Parameter("a_off", 1.0, "m", "beginning of TEAM's window, off", -10.0, 10.0),
        Parameter("a_on", -1.0, "m", "beginning of TEAM's window, on", -10.0, 10.0),
        Parameter("w_c", 1.07e-10, "m", "width of TEAM's windows", 1e-13, 10.0, log=True),
        Parameter(
            "v_smooth", 1e-3, "V", "voltage over which a threshold opens", 1e-6, 1.0, log=True
        ),
    ),
    reference="Kvatinsky et al. (2015), doi:10.1109/TCSII.2015.2433536; TEAM's windows: Kvatinsky et al. "
    "(2013), doi:10.1109/TCSI.2012.2215714",
    limits="w in [0, 1]; at V between the thresholds nothing moves; a positive voltage switches off; an "
    "ideal rectangular window is one with a large p, which slows within about 1/p of an end",
)
