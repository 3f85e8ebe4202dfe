r"""Self-limited logarithmic switching of two states with kinetics of their own.

Two populations of traps behind one barrier: each follows the equation of
:mod:`compactmodels.switching.exponential_feedback`, and the barrier sees their sum.

Pickett et al., J. Appl. Phys. 106, 074508 (2009), doi:10.1063/1.3236506; Goossens et al., J. Appl. Phys.
124, 152122 (2018), doi:10.1063/1.5037965.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import let
from compactmodels.parts import Switching
from compactmodels.switching.exponential_feedback import SHARED, drive, kinetics, rate


def rates(
    v: Any,
    w: Any,
    s: Any,
    temperature: Any,
    k_set: Any,
    u_set: Any,
    f_set: Any,
    k_reset: Any,
    u_reset: Any,
    f_reset: Any,
    k_set_s: Any,
    u_set_s: Any,
    f_set_s: Any,
    k_reset_s: Any,
    u_reset_s: Any,
    f_reset_s: Any,
    v_ref: Any,
    edge: Any,
    v_smooth: Any,
) -> tuple[Any, Any]:
    """Rates of w and of s in 1/s: the equation of ``exponential_feedback``, twice.

    Parameters
    ----------
    v : array_like
        Junction voltage of the model's first branch [V].
    w, s : array_like
        The two states in [0, 1].
    temperature : array_like
        [K]; no influence.
    k_set, k_reset, k_set_s, k_reset_s : array_like
        Rates at state 1/2 and at +v_ref and -v_ref [1/s].
    u_set, u_reset, u_set_s, u_reset_s : array_like
        Voltages of the exponential rise [V].
    f_set, f_reset, f_set_s, f_reset_s : array_like
        Feedback of each state on its own rates.
    v_ref : array_like
        Voltage at which the rates are stated [V].
    edge : array_like
        Distance from a bound at which a rate has fallen to half.
    v_smooth : array_like
        Voltage below which the drives fade to exactly 0 [V].
    """
    up = let("up", drive(v, u_set, v_ref, v_smooth))
    down = let("down", drive(-v, u_reset, v_ref, v_smooth))
    up_s = let("up_s", drive(v, u_set_s, v_ref, v_smooth))
    down_s = let("down_s", drive(-v, u_reset_s, v_ref, v_smooth))
    return (
        rate(w, up, down, k_set, f_set, k_reset, f_reset, edge),
        rate(s, up_s, down_s, k_set_s, f_set_s, k_reset_s, f_reset_s, edge),
    )


PART = Switching(
    name="two_state_feedback",
    title="Self-limited logarithmic switching of two states",
    function=rates,
    parameters=(*kinetics(), *kinetics("_s"), *SHARED),
    reference="Pickett et al. (2009), doi:10.1063/1.3236506; Goossens et al. (2018), "
    "doi:10.1063/1.5037965",
    limits="w and s in [0, 1], driven by the junction voltage of the first branch; at V = 0 nothing "
    "moves; the two states are told apart only by sweeps to several voltages or at several rates",
    order=2,
    complete=True,
    junction=True,
)
