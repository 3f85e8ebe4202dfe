r"""Linear ion drift with Joglekar's window, in a form that leaves the ends again.

Joglekar & Wolf, Eur. J. Phys. 30, 661 (2009), doi:10.1088/0143-0807/30/4/001; the drift is Strukov's, Nature
453, 80 (2008), doi:10.1038/nature06932.  The window vanishes at both ends for both directions: a state
that has reached an end never leaves it (Biolek, Biolek & Biolkova, Radioengineering 18, 210 (2009)).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compactmodels.functions import exp, let, log, maximum, minimum
from compactmodels.parameter import Parameter
from compactmodels.parts import Switching
from compactmodels.switching.ion_hopping import positive_part
from compactmodels.windows import EDGE, SMALLEST, lifted


def drift(
    v: Any,
    w: Any,
    window: Callable[[Any], Any],
    mobility: Any,
    length: Any,
    off_on: Any,
    edge: Any,
    v_smooth: Any,
) -> Any:
    """Rate of w in 1/s of linear drift with a window that vanishes at both ends.

    Farther than ``edge`` from the ends it is the published product of window and voltage.  Nearer, the
    window of the direction that leaves the end is taken at a distance of at least half of ``edge``.
    """
    doped = let("doped", minimum(maximum(w, 0.0), 1.0))
    up = let("up", positive_part(v, v_smooth) * window(lifted(w, edge)))
    down = let("down", positive_part(-v, v_smooth) * window(1.0 - lifted(1.0 - w, edge)))
    drive = up - down
    return mobility / (length * length) * drive / (doped + off_on * (1.0 - doped))


def rates(
    v: Any,
    w: Any,
    s: Any,
    temperature: Any,
    mobility: Any,
    length: Any,
    off_on: Any,
    p: Any,
    edge: Any,
    v_smooth: Any,
) -> tuple[Any]:
    r"""Rate of w in 1/s.

    .. math:: \dot w = \frac{\mu}{D^2}\,\frac{V\,F(w)}{w + \rho\,(1 - w)},\quad F = 1 - (2 w - 1)^{2p}

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
    edge : array_like
        Distance from an end within which the window is mended.
    v_smooth : array_like
        Voltage below which the drift fades [V].
    """

    def window(x: Any) -> Any:
        centred = 2.0 * minimum(maximum(x, -0.5), 1.5) - 1.0
        return 1.0 - exp(p * log(maximum(centred * centred, SMALLEST)))

    return (drift(v, w, window, mobility, length, off_on, edge, v_smooth),)


DRIFT = (
    Parameter("mobility", 1e-14, "m^2/(V s)", "dopant mobility", 1e-24, 1e-6, log=True),
    Parameter("length", 1e-8, "m", "distance of the electrodes", 1e-9, 1e-4, log=True),
    Parameter("off_on", 160.0, "1", "undoped over doped resistance", 1.0, 1e9, log=True),
)
MENDED = (
    EDGE,
    Parameter("v_smooth", 1e-3, "V", "voltage below which the drift fades", 1e-6, 1.0, log=True),
)

PART = Switching(
    name="linear_drift_joglekar",
    title="Linear ion drift with Joglekar's window (first order)",
    function=rates,
    parameters=(*DRIFT, Parameter("p", 1.0, "1", "sharpness of the window", 1.0, 20.0), *MENDED),
    reference="Joglekar & Wolf (2009), doi:10.1088/0143-0807/30/4/001; Strukov et al. (2008), "
    "doi:10.1038/nature06932",
    limits="w in [0, 1]; the branch that it moves is mixed 'resistive' with the same ratio; the published "
    "law farther than edge from the ends, where the published one would stay for ever",
)
