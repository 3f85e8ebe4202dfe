r"""Stretched exponential (Kohlrausch) decay, and the clock-free state equation that it solves.

Kohlrausch, Ann. Phys. 167, 56 (1854), doi:10.1002/andp.18541670103; as the sum of many time
constants: Johnston, Phys. Rev. B 74, 184430 (2006), doi:10.1103/PhysRevB.74.184430.
"""

from __future__ import annotations

import math
from typing import Any

from compactmodels.functions import exp, let, log, maximum
from compactmodels.parameter import Parameter
from compactmodels.parts import Relaxation

EARLY = 1e-9
"""Time in units of tau up to which the rate, which diverges at t = 0, is held at its value there."""
FLOOR = 1e-30
"""Share of ``a`` below which the rate no longer follows the law."""


def decay(t: Any, y0: Any, a: Any, tau: Any, beta: Any) -> Any:
    r"""Signal at time t.

    .. math:: y = y_0 + A e^{-(t/\tau)^\beta}

    Parameters
    ----------
    t : array_like
        Time since the stimulus [s], t >= 0; the slope at 0 is infinite for beta < 1.
    y0 : array_like
        What stays, in the signal's unit.
    a : array_like
        What decays, in the signal's unit.
    tau : array_like
        Time after which 1/e of ``a`` is left, whatever beta [s].
    beta : array_like
        Exponent, 0 < beta <= 1; 1 is the plain exponential.
    """
    return y0 + a * exp(-exp(beta * log(maximum(t / tau, 1e-300))))


def rate(y: Any, a: Any, tau: Any, beta: Any) -> Any:
    r"""The state equation of the decaying part, in 1/s.

    .. math:: \dot y = -\frac{\beta}{\tau}\,y\,\left(\ln\frac{A}{y}\right)^{1 - 1/\beta}

    It diverges at y = A.  There the logarithm is not taken below its value at t = 1e-9 tau: a state
    that starts at A follows the law with a delay of (1/beta - 1) 1e-9 tau, and one above A decays
    at the largest rate until it has joined.
    """
    left = let("left", maximum(y / a, FLOOR))
    age = let("age", maximum(-log(left), exp(math.log(EARLY) * beta)))  # (t/tau)^beta
    return -(beta / tau) * y * exp((1.0 - 1.0 / beta) * log(age))


PART = Relaxation(
    name="stretched",
    title="Stretched exponential decay",
    function=decay,
    parameters=(
        Parameter("y0", 0.0, "1", "what stays (in the signal's unit)", 0.0, 1e12),
        Parameter("a", 1.0, "1", "what decays (in the signal's unit)", 1e-30, 1e12, log=True),
        Parameter("tau", 1.0, "s", "time after which 1/e is left", 1e-12, 1e12, log=True),
        Parameter("beta", 0.7, "1", "exponent; 1 is the plain exponential", 0.05, 1.0),
    ),
    reference="Kohlrausch, Ann. Phys. 167, 56 (1854), doi:10.1002/andp.18541670103; "
    "Johnston, Phys. Rev. B 74, 184430 (2006), doi:10.1103/PhysRevB.74.184430",
    limits="infinite slope at t = 0; y0, tau and beta correlate on records that do not reach the level "
    "that stays",
    rate=rate,
)
