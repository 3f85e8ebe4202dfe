r"""Conductance after a number of equal pulses: linear, exponential, logarithmic, convex or between.

The general law :math:`G = g_0 - \ln[1 + (s_0/r)(e^{-g r P} - 1)]/g` is the solution of
:math:`dG/dP = r + (s_0 - r)\,e^{g(G - g_0)}`: what a pulse does depends on the conductance alone.
Written between two ends it has two pure numbers for a shape.  Its exponential case is the curve of
Chen, Peng & Yu, IEDM (2017), doi:10.1109/IEDM.2017.8268337; its logarithmic one is self-limited
switching, Strukov & Williams, Appl. Phys. A 94, 515 (2009), doi:10.1007/s00339-008-4975-3.

Many devices are slow to start: near the end of their window at which a train begins, a step in conductance
costs more pulses than the law says.  :func:`spent` adds these; with them the law is implicit.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from compactmodels.dual import Dual
from compactmodels.errors import SimulationError
from compactmodels.functions import (
    absolute,
    exp_limited,
    exp_mean,
    expm1_limited,
    log,
    log1p,
    minimum,
    where,
)
from compactmodels.parameter import Parameter
from compactmodels.parts import Dependence

NEWTON: Final = 30
BISECTIONS: Final = 60
"""Steps: where rounding holds Newton's up, halving the bracket ends."""
EXACT: Final = 2e-15
"""Of the pulses, or of the way: rounding."""


def progress(p: Any, rho: Any, gamma: Any) -> Any:
    r"""Share of the way from start to end after the share ``p`` of the pulses, both in [0, 1].

    .. math:: u = -\frac1\gamma \ln\left[1 + (e^{-\gamma} - 1)\frac{e^{-\rho p} - 1}{e^{-\rho} - 1}\right]

    gamma = 0: exponential with alpha = rho = 1/A, A in units of all pulses.  rho = 0: logarithmic.
    rho = gamma: linear.  Smooth through all of these, and monotone.
    """
    # For gamma > 0 the argument of the logarithm cancels: there the curve is run backwards, which
    # changes the signs of both shapes.
    back = gamma > 0
    sign = where(back, -1.0, 1.0)
    q, a, b = where(back, 1.0 - p, p), sign * rho, sign * gamma
    share = q * exp_mean(-a * q) / exp_mean(-a)
    way = share * exp_mean(-b) * _log_mean(expm1_limited(-b) * share)
    return where(back, 1.0 - way, way)


def _log_mean(x: Any) -> Any:
    """ln(1 + x)/x, which is 1 at x = 0, for x > -1."""
    small = absolute(x) < 1e-3
    series = 1.0 - x * (0.5 - x * (1 / 3 - x * (0.25 - x * (0.2 - x / 6.0))))
    # log1p cancels beyond 1, log below it.
    far = log(1.0 + where(x > 1.0, x, 1.0))
    near = log1p(where(x > 1.0, 1.0, x))
    return where(small, series, where(x > 1.0, far, near) / where(small, 1.0, x))


def progress_rate(u: Any, rho: Any, gamma: Any) -> Any:
    r"""du/dp as a function of u: what one pulse does at a given conductance.

    .. math:: \frac{du}{dp} = s + (s\gamma - \rho)\,\frac{e^{\gamma u} - 1}{\gamma}, \quad
        s = \frac{\rho}{\gamma}\,\frac{e^{-\gamma} - 1}{e^{-\rho} - 1}
    """
    first = exp_mean(-gamma) / exp_mean(-rho)
    return first + (first * gamma - rho) * u * exp_mean(gamma * u)


def spent(u: Any, rho: Any, gamma: Any, dwell: Any, reach: Any) -> Any:
    r"""Share of the pulses after which the share ``u`` of the way is done: the law's inverse.

    .. math:: p = \frac{u^{-1}(u;\,\rho,\gamma) + d\,(1 - e^{-u/u_r})}{1 + d\,(1 - e^{-1/u_r})}

    The inverse of :func:`progress` is the same function with its shapes exchanged.
    """
    more = -dwell * expm1_limited(-u / reach)
    return (progress(u, gamma, rho) + more) / (1.0 - dwell * expm1_limited(-1.0 / reach))


def rate_of(u: Any, rho: Any, gamma: Any, dwell: Any, reach: Any) -> Any:
    """du/dp at the share ``u`` of the way, of the law with its slow start: one over the slope of :func:`spent`."""
    rate = progress_rate(u, rho, gamma)
    whole = 1.0 - dwell * expm1_limited(-1.0 / reach)
    return whole * rate / (1.0 + rate * dwell / reach * exp_limited(-u / reach))


def advanced(p: Any, rho: Any, gamma: Any, dwell: Any, reach: Any) -> Any:
    """Share of the way after the share ``p`` of the pulses, both in [0, 1]: :func:`spent` solved for u.

    Newton's method within a bracket; derivatives (of Duals) are those of the implicit function.

    Raises
    ------
    SimulationError
        Code ``no_convergence``: a parameter is not a number.
    """
    plain = [x.value if isinstance(x, Dual) else x for x in (p, rho, gamma, dwell, reach)]
    if np.all(np.equal(plain[3], 0.0)) and not isinstance(dwell, Dual):
        return progress(p, rho, gamma)
    share, *shapes = plain
    u = _solved(np.asarray(share, dtype=np.float64), shapes)
    if not any(isinstance(x, Dual) for x in (p, rho, gamma, dwell, reach)):
        return u
    return u - (spent(u, rho, gamma, dwell, reach) - p) * rate_of(u, *shapes)


def _solved(p: Any, shapes: list[Any]) -> Any:
    """Where :func:`spent` is p."""
    low, high = np.zeros_like(p), np.ones_like(p)
    u = progress(p, *shapes[:2]) + low
    for k in range(NEWTON + BISECTIONS):
        off = spent(u, *shapes) - p
        low, high = np.where(off < 0.0, u, low), np.where(off > 0.0, u, high)
        step = u - off * rate_of(u, *shapes)
        small = np.abs(step - u) <= EXACT
        if np.all(small | (np.abs(off) <= EXACT) | (high - low <= EXACT)):
            return u
        inner = (step >= low) & (step <= high) & (k < NEWTON)
        u = np.where(inner, step, 0.5 * (low + high))
    raise SimulationError(
        "the pulse law has no solution: a shape or a share of the pulses is not a number",
        code="no_convergence",
    )


def conductance(
    x: Any, g_start: Any, g_end: Any, rho: Any, gamma: Any, p_max: Any, dwell: Any, reach: Any
) -> Any:
    r"""Conductance after ``x`` equal pulses, in the signal's unit.

    .. math:: G = G_{start} + (G_{end} - G_{start})\,u(P/P_{max};\,\rho,\,\gamma,\,d,\,u_r),
        \quad P \le P_{max}

    Where the record goes on beyond P_max, the device has come to an abrupt stop there.

    Parameters
    ----------
    x : array_like
        Pulses so far, from 0.
    g_start, g_end : array_like
        Conductance before the first pulse and from P_max on.
    rho : array_like
        Curvature in time: alpha = P_max/A of G = B (1 - exp(-P/A)) + G_min where gamma = 0.
    gamma : array_like
        Curvature in conductance: the effect of a pulse changes as exp(gamma u).
    p_max : array_like
        Pulses from start to end: those of the record, or fewer where the device stops before.
    dwell : array_like
        Pulses that the slow start costs, as a share of those of the law without.
    reach : array_like
        Share of the window over which that fades to 1/e.
    """
    return g_start + (g_end - g_start) * advanced(minimum(x / p_max, 1.0), rho, gamma, dwell, reach)


PART = Dependence(
    name="pulsed_conductance",
    title="Potentiation or depression by equal pulses",
    function=conductance,
    parameters=(
        Parameter("g_start", 0.0, "1", "conductance before the first pulse", -1e15, 1e15),
        Parameter("g_end", 1.0, "1", "conductance from P_max on", -1e15, 1e15),
        Parameter("rho", 2.0, "1", "curvature in time, P_max/A", -40.0, 40.0),
        Parameter("gamma", 0.0, "1", "curvature in conductance", -40.0, 40.0),
        Parameter("p_max", 100.0, "1", "pulses from start to end", 1.0, 1e12, log=True),
        Parameter("dwell", 0.0, "1", "pulses that a slow start costs, over all others", 0.0, 20.0),
        Parameter("reach", 0.1, "1", "share of the window that the slow start reaches", 0.005, 1.0),
    ),
    reference="Chen, Peng & Yu, IEDM (2017), doi:10.1109/IEDM.2017.8268337; "
    "Strukov & Williams (2009), doi:10.1007/s00339-008-4975-3",
    limits="equal pulses, P >= 0",
    signal=("g_start", "g_end"),
)
