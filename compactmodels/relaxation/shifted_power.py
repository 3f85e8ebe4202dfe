r"""Shifted power-law decay: finite at t = 0, a power law later; its state equation is exact.

Wickelgren, Mem. Cogn. 2, 775 (1974), doi:10.3758/BF03198154; Wixted & Carpenter, Psychol. Sci. 18,
133 (2007), doi:10.1111/j.1467-9280.2007.01862.x.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import exp, let, log, maximum
from compactmodels.parameter import Parameter
from compactmodels.parts import Relaxation

FLOOR = 1e-30
"""Share of ``b`` below which the rate no longer follows the law."""


def decay(t: Any, b: Any, t0: Any, m: Any) -> Any:
    r"""Signal at time t.

    .. math:: y = b\,(1 + t/t_0)^{-m}

    Parameters
    ----------
    t : array_like
        Time since the stimulus [s], t > -t0.
    b : array_like
        Signal at t = 0, in the signal's unit.
    t0 : array_like
        Time at which the power law sets in [s].
    m : array_like
        Exponent.
    """
    return b * exp(-m * log(1.0 + t / t0))


def rate(y: Any, b: Any, t0: Any, m: Any) -> Any:
    r"""The state equation, in 1/s.

    .. math:: \dot y = -\frac{m}{t_0}\,y\,(y/b)^{1/m}

    Exact, without a clock and without a singularity: y = b is t = 0.
    """
    left = let("left", maximum(y / b, FLOOR))
    return -(m / t0) * y * exp(log(left) / m)


PART = Relaxation(
    name="shifted_power",
    title="Shifted power-law decay",
    function=decay,
    parameters=(
        Parameter("b", 1.0, "1", "signal at t = 0 (in the signal's unit)", 1e-30, 1e30, log=True),
        Parameter("t0", 1.0, "s", "time at which the power law sets in", 1e-15, 1e12, log=True),
        Parameter("m", 1.0, "1", "exponent", 0.01, 10.0),
    ),
    reference="Wickelgren, Mem. Cogn. 2, 775 (1974), doi:10.3758/BF03198154; "
    "Wixted & Carpenter, Psychol. Sci. 18, 133 (2007), doi:10.1111/j.1467-9280.2007.01862.x",
    limits="t > -t0; much earlier than t0 only the slope m/t0 shows, much later only b t0^m and m",
    rate=rate,
)
