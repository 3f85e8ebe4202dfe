r"""Thermionic emission over a barrier, with an ideality factor.

Rhoderick & Williams, *Metal-Semiconductor Contacts*, 2nd ed. (1988); Sze & Ng, doi:10.1002/0470068329,
section 3.3; Chiu, Adv. Mater. Sci. Eng. 2014, 578168, doi:10.1155/2014/578168.
"""

from __future__ import annotations

from typing import Any

from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE, RICHARDSON
from compactmodels.functions import exp, expm1_limited, let
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction


def current(v: Any, temperature: Any, phi: Any, n: Any, richardson: Any, area: Any) -> Any:
    r"""Current in A as a function of the junction voltage.

    .. math:: I = A\,A^* T^2 e^{-\phi_B/kT}\left(e^{qV/nkT} - 1\right)

    The series resistance is the branch's (see :class:`compactmodels.model.Branch`), so that the
    equation stays explicit.

    Parameters
    ----------
    v : array_like
        Junction voltage [V]; forward bias is V > 0.
    temperature : array_like
        [K].
    phi : array_like
        Barrier height [J].
    n : array_like
        Ideality factor.
    richardson : array_like
        Richardson constant A* [A m^-2 K^-2].
    area : array_like
        Emitting area [m^2].
    """
    vt = let("vt", BOLTZMANN / ELEMENTARY_CHARGE * temperature)
    barrier = let("barrier", phi / ELEMENTARY_CHARGE)  # in volts: see docs/adr/0006
    saturation = let("i_sat", richardson * area * temperature * temperature * exp(-barrier / vt))
    return saturation * expm1_limited(v / (n * vt))


PART = Conduction(
    name="thermionic_emission",
    title="Thermionic emission",
    function=current,
    parameters=(
        Parameter("phi", 0.6, "eV", "barrier height", 0.01, 4.0),
        Parameter("n", 1.0, "1", "ideality factor", 0.5, 20.0),
        Parameter(
            "richardson",
            RICHARDSON,
            "A/(m^2 K^2)",
            "Richardson constant (free electron unless known)",
            1e-6,
            1e9,
            log=True,
        ),
        Parameter("area", 1e-10, "m^2", "emitting area", 1e-22, 1.0, log=True),
    ),
    reference="Rhoderick & Williams, Metal-Semiconductor Contacts (1988); "
    "Chiu (2014), doi:10.1155/2014/578168",
    limits="forward bias above about 3kT/q; in reverse it saturates, real junctions do not; "
    "A* and the area are exactly degenerate with the barrier at one temperature; beyond "
    "qV = 80 nkT the exponential continues quadratically",
    areal=True,
    plot="semilog",
    series=True,
    noise="shot",
)
