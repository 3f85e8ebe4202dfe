r"""Linear dependence of a synaptic response on the rate, duration, voltage or number of spikes.

Ohno et al., Nat. Mater. 10, 591 (2011), doi:10.1038/nmat3054 (dependence on the stimulus' rate and
number).
"""

from __future__ import annotations

from typing import Any

from compactmodels.parameter import Parameter
from compactmodels.parts import Dependence


def response(x: Any, y0: Any, b: Any) -> Any:
    r"""Response, in the signal's unit.

    .. math:: y = y_0 + b x

    Parameters
    ----------
    x : array_like
        Rate [1/s], duration [s], voltage [V] or number of the spikes, as a number in that unit.
    y0 : array_like
        Value at x = 0, in the signal's unit.
    b : array_like
        Slope, in the signal's unit over that of x.
    """
    return y0 + b * x


PART = Dependence(
    name="linear_dependence",
    title="Linear dependence",
    function=response,
    parameters=(
        Parameter("y0", 0.0, "1", "value at x = 0", -1e15, 1e15),
        Parameter("b", 1.0, "1", "slope", -1e15, 1e15),
    ),
    reference="Ohno et al., Nat. Mater. 10, 591 (2011), doi:10.1038/nmat3054",
    limits="any x",
    signal=("y0",),
    per=("b",),
)
