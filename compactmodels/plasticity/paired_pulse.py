r"""Paired-pulse facilitation that fades on two time scales.

Zucker & Regehr, Annu. Rev. Physiol. 64, 355 (2002), doi:10.1146/annurev.physiol.64.092501.114547.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import exp
from compactmodels.parameter import Parameter
from compactmodels.parts import Dependence


def facilitation(x: Any, c1: Any, t1: Any, c2: Any, t2: Any) -> Any:
    r"""Relative change of the response, (A2 - A1)/A1.

    .. math:: F = C_1 e^{-\Delta t/t_1} + C_2 e^{-\Delta t/t_2}, \quad t_1 < t_2

    Parameters
    ----------
    x : array_like
        Interval between the pulses [s].
    c1, c2 : array_like
        Sizes of the fast and the slow phase; negative for depression.
    t1, t2 : array_like
        Their time constants [s].
    """
    return c1 * exp(-x / t1) + c2 * exp(-x / t2)


PART = Dependence(
    name="paired_pulse",
    title="Paired-pulse facilitation, two phases",
    function=facilitation,
    parameters=(
        Parameter("c1", 0.5, "1", "size of the fast phase", -1e6, 1e6),
        Parameter("t1", 0.01, "s", "time constant of the fast phase", 1e-15, 1e9, log=True),
        Parameter("c2", 0.5, "1", "size of the slow phase", -1e6, 1e6),
        Parameter("t2", 0.1, "s", "time constant of the slow phase", 1e-15, 1e9, log=True),
    ),
    reference="Zucker & Regehr, Annu. Rev. Physiol. 64, 355 (2002), "
    "doi:10.1146/annurev.physiol.64.092501.114547",
    limits="intervals above 0; two phases that are less than threefold apart cannot be told from one",
    x_unit="s",
    signal=("c1", "c2"),
)
