r"""Spike-timing dependence, Gaussian on both sides alike.

Woodin, Ganguly & Poo, Neuron 39, 807 (2003), doi:10.1016/S0896-6273(03)00507-5.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import exp
from compactmodels.parameter import Parameter
from compactmodels.parts import Dependence


def weight_change(x: Any, a: Any, tau: Any, w0: Any) -> Any:
    r"""Change of the weight (no factor 2 under the square).

    .. math:: \Delta W = A\,e^{-\Delta t^2/\tau^2} + W_0

    Parameters
    ----------
    x : array_like
        Delta t = t_post - t_pre [s].
    a : array_like
        Size at coincidence; negative where coincidence depresses.
    tau : array_like
        Width [s].
    w0 : array_like
        Change far from coincidence.
    """
    return a * exp(-x * x / (tau * tau)) + w0


PART = Dependence(
    name="stdp_gaussian",
    title="Spike-timing dependence, Gaussian on both sides alike",
    function=weight_change,
    parameters=(
        Parameter("a", 1.0, "1", "size at coincidence", -1e6, 1e6),
        Parameter("tau", 0.02, "s", "width", 1e-15, 1e9, log=True),
        Parameter("w0", 0.0, "1", "change far from coincidence", -1e6, 1e6),
    ),
    reference="Woodin, Ganguly & Poo, Neuron 39, 807 (2003), doi:10.1016/S0896-6273(03)00507-5",
    limits="any dt",
    x_unit="s",
    signal=("a", "w0"),
)
