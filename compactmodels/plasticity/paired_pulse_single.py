r"""Paired-pulse facilitation that fades on one time scale.

Zucker & Regehr, Annu. Rev. Physiol. 64, 355 (2002), doi:10.1146/annurev.physiol.64.092501.114547.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import exp
from compactmodels.parameter import Parameter
from compactmodels.parts import Dependence


def facilitation(x: Any, c1: Any, t1: Any) -> Any:
    r"""Relative change of the response, (A2 - A1)/A1.

    .. math:: F = C_1 e^{-\Delta t/t_1}

    Parameters
    ----------
    x : array_like
        Interval between the pulses [s].
    c1 : array_like
        Size at short intervals; negative for depression.
    t1 : array_like
        Time constant [s].
    """
    return c1 * exp(-x / t1)


PART = Dependence(
    name="paired_pulse_single",
    title="Paired-pulse facilitation, one phase",
    function=facilitation,
    parameters=(
        Parameter("c1", 0.5, "1", "size at short intervals", -1e6, 1e6),
        Parameter("t1", 0.1, "s", "time constant", 1e-15, 1e9, log=True),
    ),
    reference="Zucker & Regehr, Annu. Rev. Physiol. 64, 355 (2002), "
    "doi:10.1146/annurev.physiol.64.092501.114547",
    limits="intervals above 0",
    x_unit="s",
    signal=("c1",),
)
