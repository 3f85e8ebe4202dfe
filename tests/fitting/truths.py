"""Synthetic sweeps of known mechanism, for the selection study: the oracle's equations and noise.

Each mechanism has its own range of devices and voltages, drawn at random from a seed.  The range
reaches what is characteristic of the mechanism (``WINDOW`` says how), or no analysis could tell it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.fitting import oracle

POINTS = 100
RELATIVE = 0.02
FLOOR = 1e-12
"""Scatter of the reading, and the instrument's [A]."""
AREA = 1e-10
LEAST, MOST = 1e-8, 1e-1
"""Current [A] at the largest voltage: well above the floor, and below what burns."""

WINDOW = {
    "ohmic": "0 to 0.2-2 V",
    "thermionic_emission": "0 to 0.5-1.2 V; n = 1-2; the series resistance takes up to half of it",
    "schottky_emission": "0 to where the image force takes 40-90 % of the barrier, 6 V at most",
    "direct_tunneling": "0 to 0.7-1 times the lower barrier",
    "fowler_nordheim": "1 to 2-4 times the barrier",
    "poole_frenkel": "0 to where the field takes 40-90 % of the depth, 10 V at most",
    "space_charge_limited": "0 to 1-5 V; V^2, or V^2.5-6 with traps, one half each",
    "field_emission": "0 to -1 to -4 V (0.9 to 9 times the barrier) of a contact whose forward side is known; "
    "barrier 0.4-1.2 eV, E00 60-200 meV",
}


@dataclass(frozen=True)
class Sample:
    """One drawn sweep."""

    voltage: np.ndarray
    current: np.ndarray
    known: dict[str, float]
    truth: dict[str, float]


def draw(name: str, seed: int) -> Sample:
    """A sweep of mechanism ``name``; the same seed gives the same one."""
    rng = np.random.default_rng([seed, sorted(WINDOW).index(name)])
    for _ in range(1000):
        truth, known, v, exact = DRAWS[name](rng)
        if LEAST <= abs(exact[-1]) <= MOST:
            break
    else:
        raise RuntimeError(f"{name}: no device within the currents")
    noisy = exact * (1 + RELATIVE * rng.standard_normal(v.size))
    noisy += FLOOR * rng.standard_normal(v.size)
    return Sample(v, noisy, {"temperature": 300.15, **known}, truth)


def _log(rng, low, high):
    return float(low * (high / low) ** rng.random())


def _sweep(top, bottom=0.0):
    return np.linspace(bottom, top, POINTS)


def _top(current, v):
    """The whole curve only if its end is in range: 40 digits take their time."""
    end = current(v[-1:])
    return current(v) if LEAST <= end[-1] <= MOST else np.broadcast_to(end, v.shape)


def _ohmic(rng):
    g, v = _log(rng, 1e-8, 1e-2), _sweep(_log(rng, 0.2, 2.0))
    return {"g": g}, {"area": AREA, "thickness": 5e-9}, v, g * v


def _thermionic(rng):
    phi, n = rng.uniform(0.5, 0.85), rng.uniform(1.0, 2.0)
    v = _sweep(rng.uniform(0.5, 1.2))
    junction = v[-1] * rng.uniform(0.5, 1.0)
    i = oracle.thermionic_emission(np.array([junction]), phi, n, AREA, 300.15)[0]
    r = (v[-1] - junction) / i
    exact = _top(lambda x: oracle.thermionic_emission(x, phi, n, AREA, 300.15, r), v)
    return {"phi": phi, "n": n, "r_s": r}, {"area": AREA}, v, exact


def _lowering(rng, phi, eps_r, thickness, over_pi):
    """Volts at which the field takes a random 40 to 90 % of the barrier (``over_pi`` pi eps)."""
    share = rng.uniform(0.4, 0.9) * phi
    field = share**2 * over_pi * np.pi * float(oracle.EPS0) * eps_r / float(oracle.E)
    return field * thickness


def _schottky(rng):
    phi, eps_r, d = rng.uniform(0.5, 0.9), rng.uniform(2, 12), _log(rng, 3e-9, 30e-9)
    v = _sweep(min(_lowering(rng, phi, eps_r, d, 4), 6.0))
    exact = _top(lambda x: oracle.schottky_emission(x, phi, eps_r, d, AREA, 300.15), v)
    return {"phi": phi, "eps_r": eps_r}, {"area": AREA, "thickness": d}, v, exact


def _direct(rng):
    phi1, phi2 = rng.uniform(0.4, 3.0, 2)
    d = rng.uniform(1.0e-9, 3e-9)
    v = _sweep(min(phi1, phi2) * rng.uniform(0.7, 1.0))
    known = {"area": AREA, "thickness": d}
    if abs(phi1 - phi2) > 0.6 * min(phi1, phi2):  # the oracle's form is real up to eV = 2 phi2
        return {}, known, v, np.zeros_like(v)
    exact = _top(lambda x: oracle.direct_tunneling(x, phi1, phi2, d, 1, AREA), v)
    return {"phi1": phi1, "phi2": phi2}, known, v, exact


def _fowler_nordheim(rng):
    phi, d = rng.uniform(0.5, 3.5), rng.uniform(3e-9, 12e-9)
    share = _log(rng, 1e-4, 1.0)
    v = _sweep(phi * rng.uniform(2.0, 4.0), phi)
    known = {"area": AREA, "thickness": d}
    exact = _top(lambda x: oracle.fowler_nordheim(x, phi, d, 1, AREA * share), v)
    return {"phi": phi, "area": AREA * share}, known, v, exact


def _poole_frenkel(rng):
    phi, eps_r, d = rng.uniform(0.3, 0.8), rng.uniform(2, 12), _log(rng, 15e-9, 150e-9)
    v = _sweep(min(_lowering(rng, phi, eps_r, d, 1), 10.0))
    exact = _top(lambda x: oracle.poole_frenkel(x, phi, eps_r, d, AREA, 300.15), v)
    return {"phi": phi, "eps_r": eps_r}, {"area": AREA, "thickness": d}, v, exact


def _space_charge(rng):
    d, v = _log(rng, 50e-9, 500e-9), _sweep(_log(rng, 1.0, 5.0))
    known, top = {"area": AREA, "thickness": d}, _log(rng, 2 * LEAST, MOST / 2)
    if rng.random() < 0.5:
        mobility = top / oracle.mott_gurney(v[-1:], 1.0, 10.0, d, AREA)[0]
        exact = oracle.mott_gurney(v, mobility, 10.0, d, AREA)
        return {"mobility": mobility, "exponent": 1.0}, known, v, exact
    exponent = rng.uniform(1.5, 5.0)
    level = top / v[-1] ** (exponent + 1)
    return {"exponent": exponent}, known, v, oracle.trap_filled(v, level, exponent)


def _field_emission(rng):
    phi, e00 = rng.uniform(0.4, 1.2), _log(rng, 0.06, 0.2)
    v = -_sweep(rng.uniform(1.0, 4.0))
    known = {"area": AREA, "polarity": "positive"}
    end = oracle.reverse_field_emission(v[-1:], phi, e00, 1.0, 300.15)[0]
    area = -_log(rng, 2 * LEAST, MOST / 2) / end
    exact = oracle.reverse_field_emission(v, phi, e00, area, 300.15)
    return {"phi": phi, "e00": e00}, known, v, exact


DRAWS = {
    "ohmic": _ohmic,
    "thermionic_emission": _thermionic,
    "schottky_emission": _schottky,
    "direct_tunneling": _direct,
    "fowler_nordheim": _fowler_nordheim,
    "poole_frenkel": _poole_frenkel,
    "space_charge_limited": _space_charge,
    "field_emission": _field_emission,
}
