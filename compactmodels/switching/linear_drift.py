r"""Linear ion drift: the boundary between doped and undoped material moves with the current.

Strukov et al., Nature 453, 80 (2008), doi:10.1038/nature06932.  The window is Biolek's, which knows the
direction and so never sticks (Biolek, Biolek & Biolkova, Radioengineering 18, 210 (2009)), with the
direction blended smoothly.
"""

from __future__ import annotations

from typing import Any, Final

from compactmodels.functions import let, maximum, minimum, power
from compactmodels.parameter import Parameter
from compactmodels.parts import Switching
from compactmodels.switching.ion_hopping import positive_part

_LEAST: Final = 1e-12


def rates(
    v: Any,
    w: Any,
    s: Any,
    temperature: Any,
    mobility: Any,
    length: Any,
    off_on: Any,
    p: Any,
    v_smooth: Any,
) -> tuple[Any]:
    r"""Rate of w in 1/s.

    .. math::

        \dot w = \frac{\mu}{D^2}\,\frac{V^+ (1 - w^{2p}) - V^- (1 - (1 - w)^{2p})}{w + \rho\,(1 - w)}

    which is :math:`\mu R_{on} I/D^2` times the window for a device whose doped and undoped parts are in
    series, of resistances R_on w and rho R_on (1 - w) (a branch with the mix ``resistive``).

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
        Sharpness of the window: it falls to 0 at the end that is approached, and is 1 far from it.
    v_smooth : array_like
        Voltage below which the drift fades [V].
    """
    # A power wants a base above 0; at the ends themselves the windows are exactly 0.
    up = let("up", 1 - power(maximum(w, _LEAST), 2 * p))
    down = let("down", 1 - power(maximum(1 - w, _LEAST), 2 * p))
    drive = positive_part(v, v_smooth) * up - positive_part(-v, v_smooth) * down
    doped = let("doped", minimum(maximum(w, 0.0), 1.0))
    return (mobility / (length * length) * drive / (doped + off_on * (1 - doped)),)


PART = Switching(
    name="linear_drift",
    title="Linear ion drift with a window that knows the direction (first order)",
    function=rates,
    parameters=(
        Parameter("mobility", 1e-14, "m^2/(V s)", "dopant mobility", 1e-24, 1e-6, log=True),
        Parameter("length", 1e-8, "m", "distance of the electrodes", 1e-9, 1e-4, log=True),
        Parameter("off_on", 160.0, "1", "undoped over doped resistance", 1.0, 1e9, log=True),
        Parameter("p", 1.0, "1", "sharpness of the window", 0.5, 20.0),
        Parameter(
            "v_smooth", 1e-3, "V", "voltage below which the drift fades", 1e-6, 1.0, log=True
        ),
    ),
    reference="Strukov et al. (2008), doi:10.1038/nature06932; Biolek et al. (2009), Radioengineering 18, 210",
    limits="w in [0, 1]; the branch that it moves is mixed 'resistive' with the same ratio",
)
