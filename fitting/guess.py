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
Names = tuple[str, ...]
Law = Callable[[FloatArray, Mapping[str, float]], FloatArray]
"""Current in A at junction voltages, of values in declared units (fixed ones filled in)."""


def line(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Slope and intercept of the least-squares line; slope 0 where x does not vary."""
    dx = x - x.mean()
    with np.errstate(over="ignore"):
        power = float(dx @ dx)
    slope = float(dx @ (y - y.mean())) / power if 0 < power < math.inf else 0.0
    return slope, float(y.mean() - slope * x.mean())


def ohmic(law: Law, v: FloatArray, i: FloatArray, temperature: float, free: Names) -> list[Values]:
    """ln(I/V) is constant."""
    return [{"g": float(np.exp(np.mean(np.log(i / v))))}]


def sinh(law: Law, v: FloatArray, i: FloatArray, temperature: float, free: Names) -> list[Values]:
    """ln(I/V) against |V|: the intercept is G, the bend begins near V0."""
    size = np.abs(v)
    slope, intercept = line(size, np.log(i / v))
    top = float(size.max())
    first = 1.0 / slope if slope * top > 1e-3 else 10 * top
    return [{"g": float(np.exp(intercept)), "v0": v0} for v0 in (first, top, 0.2 * top)]


def thermionic_emission(
    law: Law, v: FloatArray, i: FloatArray, temperature: float, free: Names
) -> list[Values]:
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


def schottky_emission(
    law: Law, v: FloatArray, i: FloatArray, temperature: float, free: Names
) -> list[Values]:
    """ln |I| against sqrt |V|: slope for the permittivity, intercept for the barrier."""
    upper = np.abs(v) >= np.median(np.abs(v))
    return _lowered(law, v[upper], i[upper], temperature, free)


def poole_frenkel(
    law: Law, v: FloatArray, i: FloatArray, temperature: float, free: Names
) -> list[Values]:
    """ln(I/V) against sqrt |V|: slope for the permittivity, intercept for the trap depth."""
    return _lowered(law, v, i, temperature, free)


def _lowered(
    law: Law, v: FloatArray, i: FloatArray, temperature: float, free: Names
) -> list[Values]:
    """A barrier that the root of the field lowers, by the law's own slope and level."""
    kt = BOLTZMANN * temperature / ELEMENTARY_CHARGE
    root, ratio = np.sqrt(np.abs(v)), np.log(i / v)
    if "thickness" in free:
        name, reference, low, high = "thickness", 1e-8, 1e-10, 1e-3
    else:
        name, reference, low, high = "eps_r", 10.0, 1.1, 900.0
    slope, _ = line(root, ratio)
    own, _ = line(root, np.log(law(v, {"phi": 0.6, name: reference}) / v))
    flat, _ = line(root, np.log(law(v, {"phi": 0.6, name: 1e30}) / v))  # Schottky's 1/V remains
    rise = slope - flat
    first = reference * ((own - flat) / rise) ** 2 if rise > 0 else high
    first = min(max(first, low), high)
    starts = []
    for value in (first, 0.5 * first, 3.0 * first):
        level = np.log(law(v, {"phi": 0.6, name: value}) / v)
        starts.append({"phi": 0.6 + kt * float(np.mean(level - ratio)), name: value})
    return starts


def space_charge_limited(
    law: Law, v: FloatArray, i: FloatArray, temperature: float, free: Names
) -> list[Values]:
    """ln I against ln V: the slope is 2 or l + 1; a knee at one of several voltages."""
    x, y = np.log(np.abs(v)), np.log(np.abs(i))
    starts: list[Values] = []
    knees = np.exp(np.quantile(x, (0.15, 0.35, 0.55, 0.75))) if "v_tfl" in free else (None,)
    for knee in knees:
        upper = np.abs(v) >= (0.0 if knee is None else knee)
        slope, _ = line(x[upper], y[upper])
        values = {"exponent": min(max(slope - 1.0, 1.05), 11.0)} if "exponent" in free else {}
        if knee is not None:
            values["v_tfl"] = float(knee)
        level = np.log(np.abs(law(v, {**values, "mobility": 1e-8})))
        values["mobility"] = float(1e-8 * np.exp(np.clip(np.mean(y - level), -80.0, 80.0)))
        starts.append(values)
    return starts


def field_emission(
    law: Law, v: FloatArray, i: FloatArray, temperature: float, free: Names
) -> list[Values]:
    """ln(I/(phi + V)) against 1/sqrt(phi + V), for a ladder of barriers and series resistances."""
    size, y = np.abs(v), np.log(np.abs(i))
    top = float(np.max(size / np.abs(i), initial=0.0, where=size >= size.max()))
    tried = []
    for share in (0.0, 0.1, 0.3, 0.6):
        over = np.maximum(size - share * top * np.abs(i), 1e-3 * size)
        for phi in PHI:
            psi = phi + over
            slope, intercept = line(1 / np.sqrt(psi), y - np.log(psi))
            rest = y - np.log(psi) - intercept - slope / np.sqrt(psi)
            b = max(-slope, 1e-3 * math.sqrt(phi))
            values = {"phi": float(phi), "e00": min(max(2 * phi**1.5 / (3 * b), 1.1e-3), 1.9)}
            values |= {"r_s": max(share, 1e-3) * top, "g": 1e-9}
            tried.append((float(rest @ rest), values, over))
    tried.sort(key=lambda item: item[0])
    starts = []
    for _, values, over in [tried[0], *tried[1:40:13]]:
        level = np.log(np.abs(law(-over, values)))
        values["g"] = float(1e-9 * np.exp(np.clip(np.mean(y - level), -80.0, 80.0)))
        starts.append(values)
    return starts


PHI: Final = np.geomspace(0.1, 15.0, 24)
"""Band bendings [eV] that are tried for size."""


def fowler_nordheim(
    law: Law, v: FloatArray, i: FloatArray, temperature: float, free: Names
) -> list[Values]:
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
WIDTHS: Final = np.geomspace(6e-10, 9e-9, 16)
"""Thicknesses [m]."""


def direct_tunneling(
    law: Law, v: FloatArray, i: FloatArray, temperature: float, free: Names
) -> list[Values]:
    """The level of ln(I/V) against a ladder of symmetric barriers, then either asymmetry."""
    found = _tunnelled(law, v, i, free, ("phi1", "phi2"))
    first = found[0]
    skewed = [
        {**first, "phi1": first["phi1"] * a, "phi2": first["phi2"] * b}
        for a, b in ((1.2, 0.8), (0.8, 1.2))
    ]
    return [first, *skewed, *found[1:]]


def simmons(
    law: Law, v: FloatArray, i: FloatArray, temperature: float, free: Names
) -> list[Values]:
    """The level of ln(I/V) against a ladder of barriers."""
    return _tunnelled(law, v, i, free, ("phi",))


def _tunnelled(
    law: Law, v: FloatArray, i: FloatArray, free: Names, barriers: Names
) -> list[Values]:
    """The best of a ladder of barriers (times one of thicknesses), the area from the level."""
    y = np.log(i / v)
    tried: list[tuple[float, Values]] = []
    for width in WIDTHS if "thickness" in free else (None,):
        values: dict[str, Any] = dict.fromkeys(barriers, BARRIERS[:, None])
        if width is not None:
            values["thickness"] = float(width)
        if "area" in free:
            values["area"] = 1e-10
        rest = y - np.log(np.maximum(law(v, values) / v, 1e-300))
        shift = np.zeros(BARRIERS.size)
        if "area" in free:
            shift = np.clip(rest.mean(axis=1), -60.0, 20.0)
            rest = rest - shift[:, None]
        cost = np.sum(rest**2, axis=1)
        k = int(np.argmin(cost))
        best = {**values, **dict.fromkeys(barriers, float(BARRIERS[k]))}
        if "area" in free:
            best["area"] = 1e-10 * math.exp(shift[k])
        tried.append((float(cost[k]), best))
    tried.sort(key=lambda item: item[0])
    return [values for _, values in tried[:5:2]]


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
    "activated_ohmic": ohmic,
    "sinh": sinh,
    "thermionic_emission": thermionic_emission,
    "schottky_emission": schottky_emission,
    "poole_frenkel": poole_frenkel,
    "space_charge_limited": space_charge_limited,
    "fowler_nordheim": fowler_nordheim,
    "direct_tunneling": direct_tunneling,
    "simmons": simmons,
    "field_emission": field_emission,
}
"""The linearised plot of each mechanism; others get :func:`ladder`."""


def _decay(
    law: Law, t: FloatArray, y: FloatArray, size: FloatArray, shapes: Any, amplitudes: Any
) -> list[Values]:
    """The best of many shapes, each with the amplitudes (none below 0) that suit it.

    Parameters
    ----------
    law : callable
        Signal at times, of values by name.
    t, y : (n,) arrays
    size : (n,) array
        What a residual is measured against: the signal, or the noise where that is larger.
    shapes : iterable of dict
        Time constants and exponents to try.
    amplitudes : tuple of str
        Parameters in which the law is linear.
    """
    from scipy.optimize import nnls

    some = np.unique(np.linspace(0, t.size - 1, 80).astype(int))
    x, target, scale = t[some], y[some] / size[some], size[some]
    tried = []
    for shape in shapes:
        nothing = {**shape, **dict.fromkeys(amplitudes, 0.0)}
        columns = [law(x, {**nothing, name: 1.0}) / scale for name in amplitudes]
        lengths = np.array([float(np.linalg.norm(c)) for c in columns])
        if not np.all(np.isfinite(lengths)) or np.any(lengths == 0.0):
            continue
        found, rest = nnls(np.stack(columns, axis=1) / lengths, target)
        heights = found / lengths
        least = 1e-3 * float(np.max(np.abs(y)))
        tried.append(
            (rest, {**shape, **{n: float(h) or least for n, h in zip(amplitudes, heights)}})
        )
    tried.sort(key=lambda item: item[0])
    return _unlike([values for _, values in tried], tuple(next(iter(shapes), {})))


def _unlike(ranked: list[Values], names: tuple[str, ...]) -> list[Values]:
    """The first four that differ from one another by more than a factor 3 in some shape."""
    chosen: list[Values] = []
    for values in ranked:
        if all(
            any(abs(math.log(values[n] / other[n])) > math.log(3.0) for n in names)
            for other in chosen
        ):
            chosen.append(values)
        if len(chosen) == 4:
            break
    return chosen


def _times(t: FloatArray, per_decade: int, reach: float = 3.0) -> FloatArray:
    """Time constants that the record can show, evenly in the logarithm."""
    low = max(float(np.min(np.diff(t), initial=t[-1], where=np.diff(t) > 0)), 1e-9 * t[-1]) / 3.0
    high = reach * float(t[-1] - t[0])
    return np.geomspace(low, high, 2 + int(per_decade * math.log10(high / low)))


def exponential(law: Law, t: FloatArray, y: FloatArray, size: FloatArray) -> list[Values]:
    """A ladder of time constants, the amplitude and the floor of each by linear least squares."""
    shapes = [{"tau": float(tau)} for tau in _times(t, 5)]
    return _decay(law, t, y, size, shapes, ("y0", "a"))


def double_exponential(law: Law, t: FloatArray, y: FloatArray, size: FloatArray) -> list[Values]:
    """Pairs of time constants."""
    taus = [float(tau) for tau in _times(t, 3)]
    shapes = [{"tau1": a, "tau2": b} for k, b in enumerate(taus) for a in taus[:k]]
    return _decay(law, t, y, size, shapes, ("y0", "a1", "a2"))


def stretched(law: Law, t: FloatArray, y: FloatArray, size: FloatArray) -> list[Values]:
    """Time constants times exponents."""
    shapes = [
        {"tau": float(tau), "beta": beta}
        for beta in (1.0, 0.75, 0.5, 0.3, 0.15)
        for tau in _times(t, 3, 30.0)
    ]
    return _decay(law, t, y, size, shapes, ("y0", "a"))


def power(law: Law, t: FloatArray, y: FloatArray, size: FloatArray) -> list[Values]:
    """Exponents."""
    shapes = [{"m": m} for m in (0.03, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.2, 3.3, 5.0)]
    return _decay(law, t, y, size, shapes, ("b",))


def shifted_power(law: Law, t: FloatArray, y: FloatArray, size: FloatArray) -> list[Values]:
    """Times of onset times exponents."""
    shapes = [
        {"t0": float(t0), "m": m}
        for m in (0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.2, 3.3, 5.0)
        for t0 in _times(t, 3, 10.0)
    ]
    return _decay(law, t, y, size, shapes, ("b",))


DECAYS: Final[dict[str, Any]] = {
    "double_exponential": double_exponential,
    "exponential": exponential,
    "power": power,
    "shifted_power": shifted_power,
    "stretched": stretched,
}
"""Where the search for each decay law begins; others get :func:`ladder`."""
