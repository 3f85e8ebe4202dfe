r"""Spike-timing dependence, Gaussian by branch.

Woodin, Ganguly & Poo, Neuron 39, 807 (2003), doi:10.1016/S0896-6273(03)00507-5.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import exp, let, maximum, where
from compactmodels.parameter import Parameter
from compactmodels.parts import Dependence


def weight_change(
    x: Any,
    a_plus: Any,
    tau_plus: Any,
    w_plus: Any,
    a_minus: Any,
    tau_minus: Any,
    w_minus: Any,
) -> Any:
    r"""Change of the weight (no factor 2 under the square).

    .. math:: \Delta W = A_\pm\,e^{-\Delta t^2/\tau_\pm^2} + W_\pm

    Parameters
    ----------
    x : array_like
        Delta t = t_post - t_pre [s].
    a_plus, a_minus : array_like
        Sizes just after and just before coincidence (post-synaptic spike second, first).
    tau_plus, tau_minus : array_like
        Widths of the two branches [s].
    w_plus, w_minus : array_like
        What the branches end in.
    """
    after = let("after", maximum(x, 0.0) / tau_plus)
    before = let("before", maximum(-x, 0.0) / tau_minus)
    causal = a_plus * exp(-after * after) + w_plus
    acausal = a_minus * exp(-before * before) + w_minus
    return where(x >= 0, causal, acausal)


PART = Dependence(
    name="stdp_gaussian_asymmetric",
    title="Spike-timing dependence, Gaussian by branch",
    function=weight_change,
    parameters=(
        Parameter("a_plus", 1.0, "1", "size for dt > 0", -1e6, 1e6),
        Parameter("tau_plus", 0.02, "s", "width for dt > 0", 1e-15, 1e9, log=True),
        Parameter("w_plus", 0.0, "1", "end of the branch dt > 0", -1e6, 1e6),
        Parameter("a_minus", -1.0, "1", "size for dt < 0", -1e6, 1e6),
        Parameter("tau_minus", 0.02, "s", "width for dt < 0", 1e-15, 1e9, log=True),
        Parameter("w_minus", 0.0, "1", "end of the branch dt < 0", -1e6, 1e6),
    ),
    reference="Woodin, Ganguly & Poo, Neuron 39, 807 (2003), doi:10.1016/S0896-6273(03)00507-5",
    limits="any dt; dt = 0 counts to the branch dt > 0",
    x_unit="s",
    signal=("a_plus", "w_plus", "a_minus", "w_minus"),
)
