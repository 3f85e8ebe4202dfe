r"""Power-law decay, and the clock-free state equation that it solves exactly.

Jonscher, *Dielectric Relaxation in Solids* (1983); Curie & von Schweidler; for perovskite
synapses: Kim et al., Adv. Electron. Mater. (2019).
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import exp, log, maximum
from compactmodels.parameter import Parameter
from compactmodels.parts import Relaxation

SECOND = 1.0
"""t_ref [s]: what t is divided by before it is raised to a power that is no integer."""
FLOOR = 1e-30
"""State below which the rate no longer follows the power law."""


def decay(t: Any, b: Any, m: Any) -> Any:
    r"""Signal at time t.

    .. math:: y = b\,(t/1\,\mathrm s)^{-m}

    Parameters
    ----------
    t : array_like
        Time since the stimulus [s], t > 0.
    b : array_like
        Signal after one second, in the signal's unit.
    m : array_like
        Exponent.
    """
    return b * exp(-m * log(t / SECOND))


def rate(y: Any, b: Any, m: Any) -> Any:
    r"""The state equation, in 1/s.

    .. math:: \dot y = -\frac{m}{1\,\mathrm s}\,b^{-1/m}\,y^{1 + 1/m}

    It has no clock: an attractor that forgets its start within the time y(0) lies before t = 0.
    """
    positive = maximum(y, FLOOR)
    return -(m / SECOND) * y * exp(log(positive / b) / m)


PART = Relaxation(
    name="power",
    title="Power-law decay",
    function=decay,
    parameters=(
        Parameter("b", 0.1, "1", "signal after 1 s (in the signal's unit)", 1e-15, 1e12, log=True),
        Parameter("m", 1.0, "1", "exponent", 0.01, 10.0),
    ),
    reference="Jonscher, Dielectric Relaxation in Solids (1983)",
    limits="t > 0; diverges at t = 0, so a state that starts at 1 joins the law after a while",
    rate=rate,
)
