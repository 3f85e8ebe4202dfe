r"""Power-law dependence of a synaptic response on the rate, duration, voltage or number of spikes.

Ohno et al., Nat. Mater. 10, 591 (2011), doi:10.1038/nmat3054 (dependence on the stimulus' rate and
number).
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import power
from compactmodels.parameter import Parameter
from compactmodels.parts import Dependence


def response(x: Any, y0: Any, a: Any, m: Any) -> Any:
    r"""Response, in the signal's unit.

    .. math:: y = y_0 + a x^m

    Parameters
    ----------
    x : array_like
        Rate [1/s], duration [s], voltage [V] or number of the spikes, as a number in that unit.
    y0 : array_like
        Value at x = 0, in the signal's unit.
    a : array_like
        Change at x = 1, in the signal's unit.
    m : array_like
        Exponent.
    """
    return y0 + a * power(x, m)


PART = Dependence(
    name="power_dependence",
    title="Power-law dependence",
    function=response,
    parameters=(
        Parameter("y0", 0.0, "1", "value at x = 0", -1e15, 1e15),
        Parameter("a", 1.0, "1", "change at x = 1", -1e15, 1e15),
        Parameter("m", 1.0, "1", "exponent", -20.0, 20.0),
    ),
    reference="Ohno et al., Nat. Mater. 10, 591 (2011), doi:10.1038/nmat3054",
    limits="x > 0",
    signal=(
        "y0",
        "a",
    ),
)
