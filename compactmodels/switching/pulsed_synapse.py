r"""First-order switching by equal pulses: what a pulse does depends on the conductance alone.

The autonomous state equation of :mod:`compactmodels.plasticity.pulsed_conductance`, whose exponential
case is Chen, Peng & Yu, IEDM (2017), doi:10.1109/IEDM.2017.8268337.  Each direction has its own
window, because the ends of potentiation and depression of a real device do not join.
"""

from __future__ import annotations

from typing import Any, Final

from compactmodels.functions import let, maximum, minimum, smoothstep
from compactmodels.parameter import Parameter
from compactmodels.parts import Switching
from compactmodels.plasticity.pulsed_conductance import rate_of
from compactmodels.switching.ion_hopping import positive_part

_TINY: Final = 1e-6
"""Of the mean rate: where a law that is continued beyond its window would turn, it stops."""


def rates(
    v: Any,
    w: Any,
    s: Any,
    temperature: Any,
    k_up: Any,
    up_from: Any,
    up_span: Any,
    rho_up: Any,
    gamma_up: Any,
    dwell_up: Any,
    reach_up: Any,
    v_up: Any,
    k_down: Any,
    down_from: Any,
    down_span: Any,
    rho_down: Any,
    gamma_down: Any,
    dwell_down: Any,
    reach_down: Any,
    v_down: Any,
    v_step: Any,
    edge: Any,
) -> tuple[Any]:
    r"""Rate of w in 1/s, at voltages above a threshold of either sign.

    .. math::

        \dot w &= k_{up}\,\Delta_{up}\,\Theta(V - V_{up})\,F(u;\,\rho_{up},\gamma_{up})
        - k_{down}\,\Delta_{down}\,\Theta(-V - V_{down})\,F(u';\,\rho_{down},\gamma_{down}) \\
        u &= (w - w_{up})/\Delta_{up}, \quad u' = (w_{down} - w)/\Delta_{down}

    F is du/dp of the pulse law with its slow start; it stops smoothly within ``edge`` of the window's end, u = 1.

    Parameters
    ----------
    v : array_like
        Device voltage [V].
    w : array_like
        Non-volatile state in [0, 1].
    s : array_like
        Volatile state; no influence.
    temperature : array_like
        [K]; no influence.
    k_up, k_down : array_like
        One over the summed width of all pulses from start to end [1/s].
    up_from, down_from : array_like
        State in which the measured train begins.
    up_span, down_span : array_like
        How far the state goes from there, up to 1 and down to 0 at most.
    rho_up, gamma_up, rho_down, gamma_down : array_like
        Shapes of the pulse law in each direction.
    dwell_up, reach_up, dwell_down, reach_down : array_like
        Its slow start: pulses that it costs over all others, and share of the window that it reaches.
    v_up, v_down : array_like
        Magnitude of the voltage below which nothing happens [V].
    v_step : array_like
        Further voltage to full effect [V].
    edge : array_like
        Width in w of the stop at the window's end.
    """
    up_gate = let("up_gate", smoothstep((v - v_up) / v_step))
    down_gate = let("down_gate", smoothstep((-v - v_down) / v_step))
    up_stop = let("up_stop", smoothstep((minimum(up_from + up_span, 1.0) - w) / edge))
    down_stop = let("down_stop", smoothstep((w - maximum(down_from - down_span, 0.0)) / edge))
    up = let("up", rate_of((w - up_from) / up_span, rho_up, gamma_up, dwell_up, reach_up))
    fallen = (down_from - w) / down_span
    down = let("down", rate_of(fallen, rho_down, gamma_down, dwell_down, reach_down))
    rise = k_up * up_span * up_gate * up_stop * positive_part(up, _TINY)
    fall = k_down * down_span * down_gate * down_stop * positive_part(down, _TINY)
    return (rise - fall,)


def _shape(name: str, doc: str) -> Parameter:
    return Parameter(name, 2.0 if name.startswith("rho") else 0.0, "1", doc, -20.0, 20.0)


def _slow(side: str) -> tuple[Parameter, Parameter]:
    return (
        Parameter(
            f"dwell_{side}", 0.0, "1", f"pulses of a slow start over all others, {side}", 0.0, 20.0
        ),
        Parameter(
            f"reach_{side}", 0.1, "1", f"share of the window that it reaches, {side}", 0.005, 1.0
        ),
    )


PART = Switching(
    name="pulsed_synapse",
    title="Potentiation and depression by pulses (first order)",
    function=rates,
    parameters=(
        Parameter("k_up", 1e4, "1/s", "one over all pulses' width, up", 1e-9, 1e15, log=True),
        Parameter("up_from", 0.0, "1", "state where potentiation begins", 0.0, 0.6),
        Parameter("up_span", 1.0, "1", "how far potentiation goes", 0.2, 1.0),
        _shape("rho_up", "curvature in time, up"),
        _shape("gamma_up", "curvature in conductance, up"),
        *_slow("up"),
        Parameter("v_up", 0.7, "V", "threshold of potentiation", 1e-3, 100.0, log=True),
        Parameter("k_down", 1e4, "1/s", "one over all pulses' width, down", 1e-9, 1e15, log=True),
        Parameter("down_from", 1.0, "1", "state where depression begins", 0.4, 1.0),
        Parameter("down_span", 1.0, "1", "how far depression goes", 0.2, 1.0),
        _shape("rho_down", "curvature in time, down"),
        _shape("gamma_down", "curvature in conductance, down"),
        *_slow("down"),
        Parameter(
            "v_down", 0.7, "V", "threshold of depression, its magnitude", 1e-3, 100.0, log=True
        ),
        Parameter("v_step", 0.2, "V", "from threshold to full effect", 1e-3, 100.0, log=True),
        Parameter(
            "edge", 0.005, "1", "width of the stop at the end of the window", 1e-4, 0.1, log=True
        ),
    ),
    reference="Chen, Peng & Yu, IEDM (2017), doi:10.1109/IEDM.2017.8268337",
    limits="pulses of the amplitude that was measured: above the threshold the effect does not depend on "
    "the voltage; the rate is exactly 0 below it, so nothing is forgotten",
)
