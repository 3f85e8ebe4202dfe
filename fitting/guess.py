"""Start values, read from linearised plots of the data and nothing else.

Where a plot's slope or intercept has to become a barrier, the mechanism's own function at a
reference barrier says what slope or intercept that one has: no equation is written twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE
from compactmodels.parameter import Parameter

FloatArray = NDArray[np.float64]
Values = dict[str, float]
Law = Callable[[FloatArray, Mapping[str, float]], FloatArray]
"""Current in A at junction voltages, of values in declared units (fixed ones filled in)."""


def line(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Slope and intercept of the least-squares line; slope 0 where x does not vary."""
    dx = x - x.mean()
    with np.errstate(over="ignore"):
        power = float(dx @ dx)
    slope = float(dx @ (y - y.mean())) / power if 0 < power < math.inf else 0.0
    return slope, float(y.mean() - slope * x.mean())


def ohmic(law: Law, v: FloatArray, i: FloatArray, temperature: float) -> list[Values]:
    """ln(I/V) is constant."""
    return [{"g": float(np.exp(np.mean(np.log(i / v))))}]


def sinh(law: Law, v: FloatArray, i: FloatArray, temperature: float) -> list[Values]:
    """ln(I/V) against |V|: the intercept is G, the bend begins near V0."""
    size = np.abs(v)
    slope, intercept = line(size, np.log(i / v))
    top = float(size.max())
    first = 1.0 / slope if slope * top > 1e-3 else 10 * top
    return [{"g": float(np.exp(intercept)), "v0": v0} for v0 in (first, top, 0.2 * top)]


def thermionic_emission(law: Law, v: FloatArray, i: FloatArray, temperature: float) -> list[Values]:
    """ln I against V: the steepest stretch gives n and the saturation current, the rest R_s."""
    kt = BOLTZMANN * temperature / ELEMENTARY_CHARGE  # V, and the barrier's scale in eV
    reference = -float(law(np.array([-1e3]), {"phi": 0.6, "n": 1.0})[0])
    forward = v > 0
    if np.count_nonzero(forward) < 3:
        saturation = float(np.exp(np.mean(np.log(np.abs(i)))))
        return [{"phi": 0.6 + kt * float(np.log(reference / saturation)), "n": 1.0, "r_s": 1.0}]
    order = np.argsort(v[forward])
    x, y = v[forward][order], np.log(i[forward][order])
    starts = []
    for share in (0.1, 0.25, 1.0):
        slope, middle = _steepest(x, y, max(3, int(share * x.size)))
        n = min(max(1.0 / (slope * kt), 0.6), 15.0)
        anchor = float(np.interp(middle, x, y))
        saturation = float(np.exp(anchor) / max(np.expm1(min(middle / (n * kt), 300.0)), 1e-3))
        phi = 0.6 + kt * float(np.log(reference / saturation))
        starts.append({"phi": phi, "n": n, "r_s": _series(x, y, saturation, n * kt)})
    return starts


def _steepest(x: FloatArray, y: FloatArray, window: int) -> tuple[float, float]:
    """Largest slope of a line through ``window`` neighbours, and the middle of that stretch."""
    best, place = 1e-3, float(x[x.size // 2])
    for k in range(0, x.size - window + 1, max(1, window // 3)):
        part = slice(k, k + window)
        slope, _ = line(x[part], y[part])
        if slope > best and x[part].mean() > 0.02:
            best, place = slope, float(x[part].mean())
    return best, place


def _series(x: FloatArray, y: FloatArray, saturation: float, width: float) -> float:
    """Ohms that the upper end of the plot lacks; at least a thousandth of V/I there."""
    top = max(3, x.size // 5)
    i = np.exp(y[-top:])
    rest = (x[-top:] - width * np.log1p(i / saturation)) / i
    return float(max(np.median(rest), 1e-3 * x[-1] / i[-1]))


def schottky_emission(law: Law, v: FloatArray, i: FloatArray, temperature: float) -> list[Values]:
    """ln |I| against sqrt |V|: slope for the permittivity, intercept for the barrier."""
    kt = BOLTZMANN * temperature / ELEMENTARY_CHARGE
    upper = np.abs(v) >= np.median(np.abs(v))
    root, y = np.sqrt(np.abs(v[upper])), np.log(np.abs(i[upper]))
    slope, _ = line(root, y)
    slope_10, _ = line(root, np.log(np.abs(law(v[upper], {"phi": 0.6, "eps_r": 10.0}))))
    eps = min(max(10.0 * (slope_10 / slope) ** 2, 1.1), 900.0) if slope > 0 else 900.0
    starts = []
    for eps_r in (eps, 0.5 * eps, 3.0 * eps):
        level = np.log(np.abs(law(v[upper], {"phi": 0.6, "eps_r": eps_r})))
        starts.append({"phi": 0.6 + kt * float(np.mean(level - y)), "eps_r": eps_r})
    return starts


def fowler_nordheim(law: Law, v: FloatArray, i: FloatArray, temperature: float) -> list[Values]:
    """ln(I/V^2) against 1/|V|: slope for the barrier, level for the effective area."""
    inverse, y = 1.0 / np.abs(v), np.log(np.abs(i) / v**2)
    high = np.array([500.0, 1000.0])
    unit = np.log(law(high, {"phi": 1.0, "area": 1e-10}) / high**2)
    slope_1ev = float(unit[0] - unit[1]) / (1 / high[0] - 1 / high[1])
    starts = []
    for quantile in (0.0, 0.5, 0.8):
        part = np.abs(v) >= np.quantile(np.abs(v), quantile)
        slope, _ = line(inverse[part], y[part])
        ratio = slope / slope_1ev
        phi = ratio ** (2 / 3) if ratio > 0 else 0.01
        level = np.log(np.abs(law(v[part], {"phi": phi, "area": 1e-10})) / v[part] ** 2)
        shift = float(np.clip(np.mean(y[part] - level), -40.0, 20.0))
        starts.append({"phi": phi, "area": 1e-10 * float(np.exp(shift))})
    return starts


BARRIERS: Final = np.geomspace(0.03, 4.5, 60)
"""Barriers [eV] that are tried for size."""


def direct_tunneling(law: Law, v: FloatArray, i: FloatArray, temperature: float) -> list[Values]:
    """The level of ln(I/V) against a ladder of symmetric barriers, then either asymmetry."""
    y = np.log(i / v)
    costs = [
        float(np.mean((np.log(np.maximum(law(v, {"phi1": b, "phi2": b}) / v, 1e-300)) - y) ** 2))
        for b in BARRIERS
    ]
    phi = float(BARRIERS[int(np.argmin(costs))])
    return [{"phi1": phi * a, "phi2": phi * b} for a, b in ((1.0, 1.0), (1.2, 0.8), (0.8, 1.2))]


def ladder(
    free: tuple[Parameter, ...], cost: Callable[[Values], float], seed: int = 0
) -> list[Values]:
    """Starts for an equation without a plot of its own: the best of a fixed sample of its bounds."""
    rng = np.random.default_rng(seed)
    tried = []
    for k in range(200):
        values: Values = {}
        for p in free:
            u = rng.random() if k else 0.5
            low = p.lower if np.isfinite(p.lower) else -1e3
            high = p.upper if np.isfinite(p.upper) else 1e3
            values[p.name] = (
                float(low * (high / low) ** u) if p.log else float(low + u * (high - low))
            )
        tried.append((cost(values), values))
    tried.append((cost({p.name: p.default for p in free}), {p.name: p.default for p in free}))
    tried.sort(key=lambda item: item[0])
    return [values for _, values in tried[:5]]


STARTS: Final[dict[str, Any]] = {
    "ohmic": ohmic,
    "sinh": sinh,
    "thermionic_emission": thermionic_emission,
    "schottky_emission": schottky_emission,
    "fowler_nordheim": fowler_nordheim,
    "direct_tunneling": direct_tunneling,
}
"""The linearised plot of each mechanism; others get :func:`ladder`."""


def exponential(t: FloatArray, y: FloatArray) -> list[Values]:
    """ln(y - y0) against t, for several guesses of the floor y0."""
    low = float(y.min())
    span = float(t[-1] - t[0])
    starts = []
    for y0 in (0.0, 0.5 * low, 0.9 * low, float(np.mean(y[-max(3, y.size // 10) :]))):
        above = y > 1.05 * y0
        slope, intercept = line(t[above], np.log(y[above] - y0)) if above.sum() > 2 else (0.0, 0.0)
        tau = -1.0 / slope if slope < 0 else span
        amplitude = np.exp(min(intercept, 60.0)) if slope < 0 else float(y[0])
        starts.append({"y0": y0, "a": float(amplitude), "tau": float(tau)})
    return starts


def power(t: FloatArray, y: FloatArray) -> list[Values]:
    """ln y against ln t."""
    slope, intercept = line(np.log(t), np.log(y))
    return [{"b": float(np.exp(intercept)), "m": -slope}]


DECAYS: Final[dict[str, Any]] = {"exponential": exponential, "power": power}
"""The linearised plot of each decay law; others get :func:`ladder`."""
