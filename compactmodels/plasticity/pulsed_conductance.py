r"""Conductance after a number of equal pulses: linear, exponential, logarithmic, convex or between.

The general law :math:`G = g_0 - \ln[1 + (s_0/r)(e^{-g r P} - 1)]/g` is the solution of
:math:`dG/dP = r + (s_0 - r)\,e^{g(G - g_0)}`: what a pulse does depends on the conductance alone.
Written between two ends it has two pure numbers for a shape.  Its exponential case is the curve of
Chen, Peng & Yu, IEDM (2017), doi:10.1109/IEDM.2017.8268337; its logarithmic one is self-limited
switching, Strukov & Williams, Appl. Phys. A 94, 515 (2009), doi:10.1007/s00339-008-4975-3.
"""

from __future__ import annotations

from typing import Any

from compactmodels.functions import (
    absolute,
    exp_mean,
    expm1_limited,
    log,
    log1p,
    minimum,
    where,
)
from compactmodels.parameter import Parameter
from compactmodels.parts import Dependence


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


def conductance(x: Any, g_start: Any, g_end: Any, rho: Any, gamma: Any, p_max: Any) -> Any:
    r"""Conductance after ``x`` equal pulses, in the signal's unit.

    .. math:: G = G_{start} + (G_{end} - G_{start})\,u(P/P_{max};\,\rho,\,\gamma),
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
    """
    return g_start + (g_end - g_start) * progress(minimum(x / p_max, 1.0), rho, gamma)


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
    ),
    reference="Chen, Peng & Yu, IEDM (2017), doi:10.1109/IEDM.2017.8268337; "
    "Strukov & Williams (2009), doi:10.1007/s00339-008-4975-3",
    limits="equal pulses, P >= 0",
    signal=("g_start", "g_end"),
)
