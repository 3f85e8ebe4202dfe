r"""Exponential decay to a floor.

Ohno et al., Nat. Mater. 10, 591 (2011), doi:10.1038/nmat3054 (forgetting of a volatile synapse).
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import exp
from compactmodels.parameter import Parameter
from compactmodels.parts import Relaxation


def decay(t: Any, y0: Any, a: Any, tau: Any) -> Any:
    r"""Signal at time t.

    .. math:: y = y_0 + A e^{-t/\tau}

    Parameters
    ----------
    t : array_like
        Time since the stimulus [s], t >= 0.
    y0 : array_like
        What stays, in the signal's unit.
    a : array_like
        What decays, in the signal's unit.
    tau : array_like
        Time constant [s].
    """
    return y0 + a * exp(-t / tau)


def rate(y: Any, tau: Any) -> Any:
    r"""The state equation :math:`\dot y = -y/\tau` of the decaying part, in 1/s."""
    return -y / tau


PART = Relaxation(
    name="exponential",
    title="Exponential decay",
    function=decay,
    parameters=(
        Parameter("y0", 0.0, "1", "what stays (in the signal's unit)", 0.0, 1e12),
        Parameter("a", 1.0, "1", "what decays (in the signal's unit)", 1e-30, 1e12, log=True),
        Parameter("tau", 1.0, "s", "time constant", 1e-12, 1e12, log=True),
    ),
    reference="Ohno et al., Nat. Mater. 10, 591 (2011), doi:10.1038/nmat3054",
    limits="one time constant; y0 and tau correlate on records shorter than about 3 tau",
    rate=rate,
)
