r"""Two volatile states that one stimulus excites and that relax each with a time constant of its own.

What a double exponential decay needs, whose sum obeys no equation of one state.  Facilitation and
augmentation of synapses: Zucker & Regehr, Annu. Rev. Physiol. 64, 355 (2002),
doi:10.1146/annurev.physiol.64.092501.114547; thresholds in the smooth form of docs/adr/0005.
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
    kw: Any,
    ks: Any,
    v_t: Any,
    u_t: Any,
    tau_w: Any,
    tau_s: Any,
    v_smooth: Any,
) -> tuple[Any, Any]:
    r"""Rates of the slow state w and of the fast state s, in 1/s.

    .. math::

        \dot w &= k_w\,U(V;\,V_t,\,u_t)\,(1-w) - w/\tau_w \\
        \dot s &= k_s\,U(V;\,V_t,\,u_t)\,(1-s) - s/\tau_s

    Parameters
    ----------
    v : array_like
        Device voltage [V].
    w, s : array_like
        Slow and fast state in [0, 1].
    temperature : array_like
        [K]; no influence.
    kw, ks : array_like
        Rates of exciting each, per unit of overdrive U [1/s].
    v_t : array_like
        Threshold [V].
    u_t : array_like
        Width of the threshold [V].
    tau_w, tau_s : array_like
        Time constants: tau2 and tau1 of a double exponential decay [s].
    v_smooth : array_like
        Voltage below which the drive fades to exactly 0 [V].
    """
    excite = let("excite", overdrive(v, v_t, u_t, v_smooth))
    return (kw * excite * (1 - w) - w / tau_w, ks * excite * (1 - s) - s / tau_s)


PART = Switching(
    name="two_relaxations",
    title="Two volatile states with a time constant each (second order)",
    function=rates,
    parameters=(
        Parameter("kw", 1e6, "1/s", "rate of exciting w", 1e-12, 1e15, log=True),
        Parameter("ks", 1e6, "1/s", "rate of exciting s", 1e-12, 1e15, log=True),
        Parameter("v_t", 0.5, "V", "threshold of both", 0.0, 100.0),
        Parameter("u_t", 0.02, "V", "width of the threshold", 1e-3, 10.0, log=True),
        Parameter("tau_w", 1.0, "s", "longer time constant, of w", 1e-12, 1e15, log=True),
        Parameter("tau_s", 0.1, "s", "shorter time constant, of s", 1e-12, 1e15, log=True),
        Parameter(
            "v_smooth", 0.01, "V", "voltage below which the drive fades", 1e-4, 1.0, log=True
        ),
    ),
    reference="Zucker & Regehr, Annu. Rev. Physiol. 64, 355 (2002), "
    "doi:10.1146/annurev.physiol.64.092501.114547",
    limits="w and s in [0, 1]; both are forgotten: nothing here is non-volatile",
    order=2,
    complete=True,
)
