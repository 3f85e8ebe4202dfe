r"""Saturating dependence of a synaptic response on the rate, duration, voltage or number of spikes.

Ohno et al., Nat. Mater. 10, 591 (2011), doi:10.1038/nmat3054 (dependence on the stimulus' rate and
number).
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import expm1_limited
from compactmodels.parameter import Parameter
from compactmodels.parts import Dependence


def response(x: Any, y0: Any, a: Any, x0: Any) -> Any:
    r"""Response, in the signal's unit.

    .. math:: y = y_0 + a (1 - e^{-x/x_0})

    Parameters
    ----------
    x : array_like
        Rate [1/s], duration [s], voltage [V] or number of the spikes, as a number in that unit.
    y0 : array_like
        Value at x = 0, in the signal's unit.
    a : array_like
        Change far beyond x0, in the signal's unit.
    x0 : array_like
        Scale of the approach, in the unit of x.
    """
    return y0 - a * expm1_limited(-x / x0)


PART = Dependence(
    name="saturating_dependence",
    title="Saturating dependence",
    function=response,
    parameters=(
        Parameter("y0", 0.0, "1", "value at x = 0", -1e15, 1e15),
        Parameter("a", 1.0, "1", "change far beyond x0", -1e15, 1e15),
        Parameter("x0", 1.0, "1", "scale of the approach", 1e-15, 1e15, log=True),
    ),
    reference="Ohno et al., Nat. Mater. 10, 591 (2011), doi:10.1038/nmat3054",
    limits="x >= 0",
    signal=(
        "y0",
        "a",
    ),
    along=("x0",),
)
