r"""Second-order switching: the non-volatile state grows only while a volatile one is excited.

The volatile state is a factor of the set rate (a device that was excited lately is written, one that was
not is not: Kim et al., Nano Lett. 15, 2203 (2015), doi:10.1021/acs.nanolett.5b00697), and growth
begins at nuclei: slow while there is little of the new state, faster as it spreads (Avrami, J. Chem. Phys.
7, 1103 (1939), doi:10.1063/1.1750380), until nothing is left to convert.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import let, maximum
from compactmodels.parameter import Parameter
from compactmodels.parts import Switching
from compactmodels.switching.volatile_gate import overdrive


def rates(
    v: Any,
    w: Any,
    s: Any,
    temperature: Any,
    ks: Any,
    v_s: Any,
    u_s: Any,
    e_max: Any,
    kw: Any,
    v_w: Any,
    u_w: Any,
    p_max: Any,
    nucleus: Any,
    half: Any,
    kr: Any,
    v_r: Any,
    u_r: Any,
    tau_w: Any,
    v_smooth: Any,
) -> tuple[Any, Any]:
    r"""Rate of w and drive of s, in 1/s.

    .. math::

        \dot w &= k_w\,s\,\frac{U_w}{1 + U_w/p_{max}}\,\frac{w + n}{w + h}\,(1 - w)
        - k_r\,U_r\,w - w/\tau_w \\
        \dot s &= k_s\,\frac{U_s}{1 + U_s/e_{max}}\,(1 - s) - \mathrm{relaxation}(s)

    with the overdrives U of :func:`compactmodels.switching.volatile_gate.overdrive`.

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
    e_max, p_max : array_like
        Overdrives at which exciting and setting saturate.
    nucleus : array_like
        What of the new state is there from the start.
    half : array_like
        State w at which growth no longer waits for nuclei.
    tau_w : array_like
        Retention time of w [s].
    v_smooth : array_like
        Voltage below which every drive fades to exactly 0 [V].
    """
    excite = let("excite", overdrive(v, v_s, u_s, v_smooth))
    up = let("up", overdrive(v, v_w, u_w, v_smooth))
    down = let("down", overdrive(-v, v_r, u_r, v_smooth))
    # A simulator's step may leave [0, 1] by its tolerance: growth must not change its sign there.
    grown = let("grown", maximum(w, 0.0))
    excited = let("excited", maximum(s, 0.0))
    spread = let("spread", (grown + nucleus) / (grown + half))
    growth = let("growth", kw * excited * up / (1 + up / p_max) * spread)
    return (
        growth * (1 - w) - kr * down * w - w / tau_w,
        ks * excite / (1 + excite / e_max) * (1 - s),
    )


def _saturation(name: str, doc: str) -> Parameter:
    return Parameter(name, 10.0, "1", doc, 1e-3, 1e9, log=True)


PART = Switching(
    name="gated_nucleation",
    title="Nucleation and growth gated by a volatile state (second order)",
    function=rates,
    parameters=(
        Parameter("ks", 1e6, "1/s", "rate of exciting s", 1e-12, 1e15, log=True),
        Parameter("v_s", 0.5, "V", "threshold of s", 0.0, 100.0),
        Parameter("u_s", 0.1, "V", "width of the threshold of s", 1e-3, 10.0, log=True),
        _saturation("e_max", "overdrive at which exciting saturates"),
        Parameter("kw", 1e6, "1/s", "rate of setting w", 1e-12, 1e15, log=True),
        Parameter("v_w", 1.5, "V", "set threshold", 0.0, 100.0),
        Parameter("u_w", 0.1, "V", "width of the set threshold", 1e-3, 10.0, log=True),
        _saturation("p_max", "overdrive at which setting saturates"),
        Parameter("nucleus", 1e-3, "1", "new state there from the start", 1e-12, 1.0, log=True),
        Parameter("half", 1e-2, "1", "w at which growth is free", 1e-9, 1e3, log=True),
        Parameter("kr", 1e6, "1/s", "rate of resetting w", 1e-12, 1e15, log=True),
        Parameter("v_r", 1.5, "V", "reset threshold (magnitude)", 0.0, 100.0),
        Parameter("u_r", 0.1, "V", "width of the reset threshold", 1e-3, 10.0, log=True),
        Parameter("tau_w", 1e9, "s", "retention time of w", 1e-6, 1e15, log=True),
        Parameter(
            "v_smooth", 0.01, "V", "voltage below which the drives fade", 1e-4, 1.0, log=True
        ),
    ),
    reference="Kim et al., Nano Lett. 15, 2203 (2015), doi:10.1021/acs.nanolett.5b00697; Avrami (1939), "
    "doi:10.1063/1.1750380",
    limits="w and s in [0, 1]; at V = 0 only the relaxation of s and the retention of w act",
    order=2,
)
