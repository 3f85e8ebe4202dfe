r"""Ohmic conduction: ``I = G V``.

Sze, *Physics of Semiconductor Devices*, 3rd ed., section 1.5 (doi:10.1002/0470068329).
"""

from __future__ import annotations

from typing import Any

from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction


def current(v: Any, temperature: Any, g: Any) -> Any:
    r"""Current in A.

    .. math:: I = G V

    Parameters
    ----------
    v : array_like
        Junction voltage [V].
    temperature : array_like
        [K]; no influence.
    g : array_like
        Conductance [S].
    """
    return g * v


PART = Conduction(
    name="ohmic",
    title="Ohmic conduction",
    function=current,
    parameters=(Parameter("g", 1e-6, "S", "conductance", 1e-18, 1e6, log=True),),
    reference="Sze & Ng, Physics of Semiconductor Devices, 3rd ed. (2007), doi:10.1002/0470068329",
    limits="any voltage",
    plot="log-log",
)
