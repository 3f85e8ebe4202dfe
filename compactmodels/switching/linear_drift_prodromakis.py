r"""Linear ion drift with Prodromakis' window, in a form that leaves the ends again.

Prodromakis, Peh, Papavassiliou & Toumazou, IEEE Trans. Electron Devices 58, 3099 (2011),
doi:10.1109/TED.2011.2158004; the drift is Strukov's, Nature 453, 80 (2008), doi:10.1038/nature06932.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import exp, log, maximum, minimum
from compactmodels.parameter import Parameter
from compactmodels.parts import Switching
from compactmodels.switching.linear_drift_joglekar import DRIFT, MENDED, drift


def rates(
    v: Any,
    w: Any,
    s: Any,
    temperature: Any,
    mobility: Any,
    length: Any,
    off_on: Any,
    p: Any,
    j: Any,
    edge: Any,
    v_smooth: Any,
) -> tuple[Any]:
    r"""Rate of w in 1/s.

    .. math::

        \dot w &= \frac{\mu}{D^2}\,\frac{V\,F(w)}{w + \rho\,(1 - w)} \\
        F &= j\,\left(1 - \left[(w - 0.5)^2 + 0.75\right]^p\right)

    which is mu R_on I/D^2 times the window.  Within ``edge`` of an end, F of the direction that leaves
    it stays at about its value at that distance.

    Parameters
    ----------
    v : array_like
        Device voltage [V].
    w : array_like
        Doped share of the length, in [0, 1].
    s : array_like
        Volatile state; no influence.
    temperature : array_like
        [K]; no influence.
    mobility : array_like
        Of the dopants [m^2/(V s)].
    length : array_like
        D, between the electrodes [m].
    off_on : array_like
        rho, undoped over doped resistance.
    p : array_like
        Sharpness of the window.
    j : array_like
        Scale of the window.
    edge : array_like
        Distance from an end within which the window is mended.
    v_smooth : array_like
        Voltage below which the drift fades [V].
    """

    def window(x: Any) -> Any:
        centred = minimum(maximum(x, -0.5), 1.5) - 0.5
        return j * (1.0 - exp(p * log(centred * centred + 0.75)))

    return (drift(v, w, window, mobility, length, off_on, edge, v_smooth),)


PART = Switching(
    name="linear_drift_prodromakis",
    title="Linear ion drift with Prodromakis' window (first order)",
    function=rates,
    parameters=(
        *DRIFT,
        Parameter("p", 1.0, "1", "sharpness of the window", 0.01, 100.0, log=True),
        Parameter("j", 1.0, "1", "scale of the window", 1e-3, 1e3, log=True),
        *MENDED,
    ),
    reference="Prodromakis et al. (2011), doi:10.1109/TED.2011.2158004; Strukov et al. (2008), "
    "doi:10.1038/nature06932",
    limits="w in [0, 1]; the branch that it moves is mixed 'resistive' with the same ratio; the published "
    "law farther than edge from the ends, where the published one would stay for ever",
)
