r"""First-order switching of a state that limits itself: exponential in the voltage and in the state.

Rates that fall exponentially with what has already switched give logarithmic kinetics, as for
charge trapped in a barrier: Elovich; Pickett et al., J. Appl. Phys. 106, 074508 (2009),
doi:10.1063/1.3236506 (exponential feedback of the state on its own rate); logarithmic time on
Nb:SrTiO3: Goossens et al., J. Appl. Phys. 124, 152122 (2018), doi:10.1063/1.5037965.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import absolute, exp_limited, expm1_limited, let
from compactmodels.parameter import Parameter
from compactmodels.parts import Switching
from compactmodels.switching.ion_hopping import positive_part


def drive(v: Any, width: Any, v_ref: Any, v_smooth: Any) -> Any:
    r"""The voltage's factor, :math:`(e^{V^+/u} - 1)/(e^{V_{ref}/u} - 1)`: 0 for V <= 0, 1 at v_ref."""
    return expm1_limited(positive_part(v, v_smooth) / width) / expm1_limited(v_ref / width)


def room(distance: Any, edge: Any) -> Any:
    """What a bound leaves of a rate: 1 far from it, 0 at it; ``distance`` of the state from it.

    Odd in the distance: a state that a simulator's step took beyond the bound is pushed back.
    """
    return distance * (1.0 + edge) / (absolute(distance) + edge)


def rate(
    x: Any,
    up: Any,
    down: Any,
    k_set: Any,
    f_set: Any,
    k_reset: Any,
    f_reset: Any,
    edge: Any,
) -> Any:
    """Rate of one state x in 1/s, given the drives up and down."""
    rising = k_set * exp_limited(-f_set * (x - 0.5)) * room(1.0 - x, edge)
    falling = k_reset * exp_limited(f_reset * (x - 0.5)) * room(x, edge)
    return rising * up - falling * down


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
    v_ref: Any,
    edge: Any,
    v_smooth: Any,
) -> tuple[Any]:
    r"""Rate of w in 1/s.

    .. math::

        \dot w &= k_{set}\,e^{-f_{set}(w - 1/2)}\,D(V;u_{set})\,B(1 - w)
        - k_{reset}\,e^{f_{reset}(w - 1/2)}\,D(-V;u_{reset})\,B(w) \\
        D(V;u) &= \frac{e^{V^+/u} - 1}{e^{V_{ref}/u} - 1},\qquad
        B(x) = \frac{x(1 + \epsilon)}{x + \epsilon}

    Under a constant voltage the state moves with the logarithm of time.  B keeps it within [0, 1]
    and is 1 elsewhere: the state's range is meant to be wider than what the device is driven through.

    Parameters
    ----------
    v : array_like
        Junction voltage of the model's first branch [V].
    w : array_like
        Non-volatile state in [0, 1].
    s : array_like
        Volatile state; no influence.
    temperature : array_like
        [K]; no influence.
    k_set, k_reset : array_like
        Rates at w = 1/2 and at +v_ref and -v_ref [1/s].
    u_set, u_reset : array_like
        Voltages of the exponential rise [V].
    f_set, f_reset : array_like
        Feedback: what the logarithm of the rate loses as the state goes through its whole range.
    v_ref : array_like
        Voltage at which k_set and k_reset are stated [V].
    edge : array_like
        Distance from a bound at which a rate has fallen to half.
    v_smooth : array_like
        Voltage below which both drives fade to exactly 0 [V].
    """
    up = let("up", drive(v, u_set, v_ref, v_smooth))
    down = let("down", drive(-v, u_reset, v_ref, v_smooth))
    return (rate(w, up, down, k_set, f_set, k_reset, f_reset, edge),)


def kinetics(suffix: str = "") -> tuple[Parameter, ...]:
    """The parameters of one state."""
    return (
        Parameter(
            f"k_set{suffix}", 0.1, "1/s", "set rate at v_ref, state 1/2", 1e-60, 1e60, log=True
        ),
        Parameter(
            f"u_set{suffix}", 0.1, "V", "voltage of an e-fold of the set rate", 0.01, 1e3, log=True
        ),
        Parameter(f"f_set{suffix}", 30.0, "1", "feedback on the set rate", 0.0, 300.0),
        Parameter(
            f"k_reset{suffix}",
            1e-3,
            "1/s",
            "reset rate at -v_ref, state 1/2",
            1e-60,
            1e60,
            log=True,
        ),
        Parameter(
            f"u_reset{suffix}",
            0.2,
            "V",
            "voltage of an e-fold of the reset rate",
            0.01,
            1e3,
            log=True,
        ),
        Parameter(f"f_reset{suffix}", 30.0, "1", "feedback on the reset rate", 0.0, 300.0),
    )


SHARED = (
    Parameter("v_ref", 0.5, "V", "voltage at which the rates are stated", 1e-3, 100.0, log=True),
    Parameter("edge", 0.01, "1", "distance from a bound that halves a rate", 1e-6, 1.0, log=True),
    Parameter("v_smooth", 0.02, "V", "voltage below which the drives fade", 1e-4, 1.0, log=True),
)

PART = Switching(
    name="exponential_feedback",
    title="Self-limited logarithmic switching",
    function=rates,
    parameters=(*kinetics(), *SHARED),
    reference="Pickett et al. (2009), doi:10.1063/1.3236506; Goossens et al. (2018), "
    "doi:10.1063/1.5037965",
    limits="w in [0, 1], driven by the junction voltage of the first branch; at V = 0 nothing moves; at "
    "one ramp rate a rate and its voltage trade off; beyond 80 u the exponential continues quadratically",
    junction=True,
)
