r"""Double exponential decay: a fast and a slow part over a floor.

Zucker & Regehr, Annu. Rev. Physiol. 64, 355 (2002), doi:10.1146/annurev.physiol.64.092501.114547
(facilitation and augmentation decay with a time constant each).
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import exp
from compactmodels.parameter import Parameter
from compactmodels.parts import Relaxation


def decay(t: Any, y0: Any, a1: Any, tau1: Any, a2: Any, tau2: Any) -> Any:
    r"""Signal at time t.

    .. math:: y = y_0 + A_1 e^{-t/\tau_1} + A_2 e^{-t/\tau_2},\quad \tau_1 < \tau_2

    Two states decay here, so there is no state equation of y alone: the switching law
    ``two_relaxations`` holds both.

    Parameters
    ----------
    t : array_like
        Time since the stimulus [s], t >= 0.
    y0 : array_like
        What stays, in the signal's unit.
    a1, a2 : array_like
        What decays fast and slowly, in the signal's unit.
    tau1, tau2 : array_like
        Time constants [s]; tau1 is the shorter one.
    """
    return y0 + a1 * exp(-t / tau1) + a2 * exp(-t / tau2)


PART = Relaxation(
    name="double_exponential",
    title="Double exponential decay",
    function=decay,
    parameters=(
        Parameter("y0", 0.0, "1", "what stays (in the signal's unit)", 0.0, 1e12),
        Parameter("a1", 0.5, "1", "what decays fast (in the signal's unit)", 1e-30, 1e12, log=True),
        Parameter("tau1", 0.1, "s", "shorter time constant", 1e-12, 1e12, log=True),
        Parameter(
            "a2", 0.5, "1", "what decays slowly (in the signal's unit)", 1e-30, 1e12, log=True
        ),
        Parameter("tau2", 1.0, "s", "longer time constant", 1e-12, 1e12, log=True),
    ),
    reference="Zucker & Regehr, Annu. Rev. Physiol. 64, 355 (2002), "
    "doi:10.1146/annurev.physiol.64.092501.114547",
    limits="two time constants within a factor of about 3 cannot be told apart; y0 and tau2 correlate on "
    "records shorter than about 3 tau2",
    rate=None,
)
