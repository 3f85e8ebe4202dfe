r"""Bounds of a state in the well-posed form of laws that were published with others.

Published laws stop their state with hard limits, or with windows that vanish at both ends for both
directions and so never let it go again.  What is here leaves a law as it was published farther than
``edge`` from the ends, lets the state come to rest at an end and lets it leave again, and is twice
differentiable: G. W. Coram, Proc. IEEE BMAS (2004), doi:10.1109/BMAS.2004.1393989; McAndrew et al.,
IEEE J. Electron Devices Soc. 3, 379 (2015), doi:10.1109/JEDS.2015.2455342.
"""

from __future__ import annotations

from typing import Any, Final

from compactmodels.functions import exp, log, maximum, minimum
from compactmodels.parameter import Parameter

SMALLEST: Final = 1e-30
"""What a power's base is kept from falling below."""
SECOND: Final = 1.0
"""s."""
RETURN: Final = 1e12
"""1/s: rate at which a state comes back from beyond an end ..."""
STRAY: Final = 0.01
"""... when it is so far beyond."""
EDGE: Final = Parameter(
    "edge",
    1e-3,
    "1",
    "distance from an end in which the published law is mended",
    1e-6,
    0.25,
    log=True,
)


def closing(distance: Any, edge: Any) -> Any:
    r"""What an end leaves of a rate towards it: exactly 1 farther than ``edge``, 0 at the end.

    .. math:: C = 1 - (1 - d/\epsilon)^3 \quad (0 < d < \epsilon), \qquad C = 3 d/\epsilon \quad (d < 0)

    A straight line beyond the end brings back what overshoots in one step of Newton's iteration.
    """
    ratio = distance / edge
    far = 1.0 - maximum(minimum(ratio, 1.0), 0.0)
    return 1.0 - far * far * far + 3.0 * minimum(ratio, 0.0)


def lifted(distance: Any, edge: Any) -> Any:
    r"""The distance from an end, exactly, farther than ``edge``; never below half of that.

    .. math:: L = \epsilon\,(u^6 - 3 u^5 + \tfrac52 u^4 + \tfrac12), \quad u = d/\epsilon
    """
    u = minimum(maximum(distance / edge, 0.0), 1.0)
    near = edge * (0.5 + u * u * u * u * (2.5 + u * (u - 3.0)))
    return maximum(distance, near)  # they touch at the edge, in value, slope and curvature


def share(v: Any, width: Any) -> Any:
    """1 far above 0 V, exactly 0 below; times v it is twice differentiable."""
    p = maximum(v, 0.0)
    return p * p / (p * p + width * width)


def returning(w: Any, up: Any, down: Any) -> Any:
    """What brings a state back that a simulator's step took beyond the end it is driven to [1/s].

    Exactly 0 in [0, 1].  A law whose rate changes by decades on the way between the ends needs it: a
    step that begins where the rate is largest may end where nothing else drives the state.  It acts on
    the end that is driven to alone: at the other one Newton's iteration would come to rest on it.

    Parameters
    ----------
    w : array_like
        The state.
    up, down : array_like
        1 while the state is driven up, or down; 0 else.
    """
    above, below = maximum(w - 1.0, 0.0) / STRAY, maximum(-w, 0.0) / STRAY
    back = down * below * below * below - up * above * above * above
    return RETURN / SECOND * back


def rounded(distance: Any, p: Any) -> Any:
    r"""Biolek's window, by the distance from the end that it closes.

    .. math:: F = 1 - (1 - d)^{2p} \quad (d > 0), \qquad F = 2 p d \quad (d < 0)
    """
    rest = minimum(maximum(1.0 - distance, SMALLEST), 1.0)
    return 1.0 - exp(2.0 * p * log(rest)) + 2.0 * p * minimum(distance, 0.0)


def raised(base: Any, exponent: Any) -> Any:
    """``base ** exponent`` for a base >= 0 and an exponent >= 1; exactly 0 at 0."""
    return base * exp((exponent - 1.0) * log(maximum(base, SMALLEST)))


def half_of(v: Any, width: Any) -> Any:
    r"""A part of V that rises with slopes from 0 to 1; V is exactly half_of(V) - half_of(-V).

    .. math:: Q(V) = \int_0^V S(u)\,du

    with a smooth step S from 0 at -width to 1 at width.  It is for currents that are given by
    different equations on either side of 0 V: each is taken at its own half, both slopes stay positive,
    0 V stays 0 A, and the current is three times differentiable.  Far from 0 V it is 0.16 widths off.
    """
    ratio = v / width
    y = minimum(maximum(ratio, -1.0), 1.0)
    y2 = y * y
    inner = 0.5 * y + y2 * (7.5 - y2 * (2.5 - 0.5 * y2)) / 16.0
    return width * (inner + maximum(ratio - 1.0, 0.0))
