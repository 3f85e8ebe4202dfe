r"""Spike-timing dependence, exponential by branch.

Bi & Poo, J. Neurosci. 18, 10464 (1998), doi:10.1523/JNEUROSCI.18-24-10464.1998.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import exp, maximum, where
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
    r"""Change of the weight.

    .. math:: \Delta W = A_\pm\,e^{-|\Delta t|/\tau_\pm} + W_\pm

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
    causal = a_plus * exp(-maximum(x, 0.0) / tau_plus) + w_plus
    acausal = a_minus * exp(-maximum(-x, 0.0) / tau_minus) + w_minus
    return where(x >= 0, causal, acausal)


PART = Dependence(
    name="stdp_exponential",
    title="Spike-timing dependence, exponential by branch",
    function=weight_change,
    parameters=(
        Parameter("a_plus", 1.0, "1", "size for dt > 0", -1e6, 1e6),
        Parameter("tau_plus", 0.02, "s", "width for dt > 0", 1e-15, 1e9, log=True),
        Parameter("w_plus", 0.0, "1", "end of the branch dt > 0", -1e6, 1e6),
        Parameter("a_minus", -1.0, "1", "size for dt < 0", -1e6, 1e6),
        Parameter("tau_minus", 0.02, "s", "width for dt < 0", 1e-15, 1e9, log=True),
        Parameter("w_minus", 0.0, "1", "end of the branch dt < 0", -1e6, 1e6),
    ),
    reference="Bi & Poo, J. Neurosci. 18, 10464 (1998), doi:10.1523/JNEUROSCI.18-24-10464.1998",
    limits="any dt; dt = 0 counts to the branch dt > 0",
    x_unit="s",
    signal=("a_plus", "w_plus", "a_minus", "w_minus"),
)
