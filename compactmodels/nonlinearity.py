"""The non-linearity of a weight update in every convention that circulates, and between them.

Each function's name says its convention; print the convention wherever a number is printed.
With P counted in units of all pulses, from 0 to 1, and G in units of the window:

- ``alpha``: u = (1 - exp(-alpha p))/(1 - exp(-alpha)); 0 is linear, below 0 convex.
- ``a``: A = 1/alpha, of G = B (1 - exp(-P/A)) + G_min.
- ``nl``: the label of the network simulators, the largest distance of the curve from its chord over
  0.07 sqrt 2; between -10.10 and 10.10.  For depression it is taken along the depression itself here
  (positive where the first pulses do most); NeuroSim writes that with a minus sign.
"""

from __future__ import annotations

import math
from typing import Any, Final

from compactmodels.errors import InputError

LABEL: Final = 0.07 * math.sqrt(2.0)
"""Distance from the chord that is one unit of NL (Chen et al., IEDM 2017)."""
NL_LIMIT: Final = 1.0 / LABEL
"""NL of a device that does everything at the first pulse."""
CURVE: Final = 257
"""Points of a curve on which its largest distance is sought where no formula gives it."""
_SMALL: Final = 0.05


def nl_of_alpha(alpha: float) -> float:
    r"""NL of an exponential curve.

    .. math:: NL = \frac{B - A - A\ln(B/A)}{0.07\sqrt2}, \quad B = \frac{1}{1 - e^{-1/A}},\ A = 1/\alpha

    Chen, Peng & Yu, IEDM (2017), doi:10.1109/IEDM.2017.8268337: within 2.1e-5 of their table.

    >>> [round(nl_of_alpha(x), 3) for x in (1, 2, 3, 5, 10)]
    [1.246, 2.396, 3.392, 4.885, 6.766]
    """
    if abs(alpha) < _SMALL:  # the three terms cancel
        square = alpha * alpha
        return alpha * (1 / 8 - square * (1 / 576 - square * (1 / 25920))) / LABEL
    size = abs(alpha)  # the label is odd
    b = -1.0 / math.expm1(-size)
    return math.copysign((b - 1 / size - math.log(b * size) / size) / LABEL, alpha)


def alpha_of_nl(nl: float) -> float:
    """The alpha whose exponential curve has that NL.

    Raises
    ------
    InputError
        Beyond the limit of 10.10.
    """
    from scipy.optimize import brentq

    if not abs(nl) < NL_LIMIT:
        raise InputError(
            f"NL = {nl:g} lies beyond the label's limit of {NL_LIMIT:.2f}, a device that does everything "
            "at its first pulse",
            code="bad_nonlinearity",
        )
    if nl == 0.0:
        return 0.0
    top = 1.0
    while nl_of_alpha(top) < abs(nl):
        top *= 2.0
    size = brentq(lambda x: nl_of_alpha(x) - abs(nl), 0.0, top, xtol=1e-14, rtol=1e-14)
    return math.copysign(float(size), nl)


def a_of_alpha(alpha: float) -> float:
    """A in units of all pulses; infinite for a linear curve."""
    return math.inf if alpha == 0.0 else 1.0 / alpha


def nl_of_shape(rho: float, gamma: float) -> float:
    """NL of any pulse train (:mod:`compactmodels.plasticity.pulsed_conductance`).

    The curve's largest distance from its chord over 0.07 sqrt 2, which for an exponential is the
    published closed form.

    Parameters
    ----------
    rho, gamma : float
        The law's two shapes.
    """
    from compactmodels.plasticity.pulsed_conductance import progress, progress_rate

    if gamma == 0.0:
        return nl_of_alpha(rho)
    first = float(progress_rate(0.0, rho, gamma))
    bend = first * gamma - rho
    if abs(bend) < 1e-12:
        return 0.0
    # The tangent is parallel to the chord where a pulse does what the mean pulse does; the inverse of
    # the curve is the curve with its shapes exchanged.
    u = math.log1p(gamma * (1.0 - first) / bend) / gamma
    return (u - float(progress(u, gamma, rho))) / LABEL


def nl_of_train(rho: Any, gamma: Any, dwell: Any, reach: Any) -> Any:
    """NL of trains with a slow start: the same distance, on the whole curve.

    Parameters
    ----------
    rho, gamma, dwell, reach : float or (n,) arrays
        Of :func:`compactmodels.plasticity.pulsed_conductance.conductance`.

    Returns
    -------
    float or (n,) array
    """
    import numpy as np

    from compactmodels.plasticity.pulsed_conductance import spent

    if np.ndim(rho) == 0 and dwell == 0.0:
        return nl_of_shape(rho, gamma)
    u = np.linspace(0.0, 1.0, CURVE)
    shapes = [np.asarray(x, dtype=np.float64)[..., None] for x in (rho, gamma, dwell, reach)]
    off = u - spent(u, *shapes)
    largest = np.take_along_axis(off, np.argmax(np.abs(off), axis=-1)[..., None], axis=-1)
    return largest[..., 0] / LABEL
