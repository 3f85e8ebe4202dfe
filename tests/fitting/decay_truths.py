"""Synthetic decays of known law, for the selection study: the oracle's equations and noise.

Each law has its own range of devices and records, drawn at random from a seed.  A record reaches what
is characteristic of its law (:data:`WINDOW` says how), or no analysis could tell it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.fitting import oracle

POINTS = 150
RELATIVE = 0.02
"""Scatter of the reading ..."""
FLOOR = 1e-3
"""... and the instrument's, as a share of the first reading."""

WINDOW = {
    "exponential": "0.01 to 6 tau; 0 to a half of the signal stays",
    "double_exponential": "0.05 tau1 to 6 tau2, tau2/tau1 = 10 to 100; a1 30 to 70 % of what decays",
    "stretched": "(t/tau)^beta = 0.03 to 6, beta = 0.3 to 0.75; 0 to a third of the signal stays",
    "power": "three decades of time, m = 0.2 to 1.2",
    "shifted_power": "0.03 to 100 t0, m = 0.5 to 1.5",
}

NARROW = {
    "exponential": "0.01 to 1.5 tau",
    "double_exponential": "tau2/tau1 = 2 to 5",
    "stretched": "beta = 0.85 to 0.97",
    "power": "one decade of time",
    "shifted_power": "0.03 to 5 t0",
}
"""The same with one thing changed that takes the law's own trait away."""


@dataclass(frozen=True)
class Sample:
    """One drawn record."""

    t: np.ndarray
    y: np.ndarray
    truth: dict[str, float]


def draw(name: str, seed: int, *, narrow: bool = False) -> Sample:
    """A record of law ``name`` (``narrow``: of :data:`NARROW`); the same seed gives the same one."""
    rng = np.random.default_rng([seed, sorted(WINDOW).index(name)])
    truth, low, high = DRAWS[name](rng, narrow)
    t = np.geomspace(low, high, POINTS)
    exact = getattr(oracle, name)(t, **truth)
    y = exact * (1 + RELATIVE * rng.standard_normal(POINTS))
    return Sample(t, y + FLOOR * exact[0] * rng.standard_normal(POINTS), truth)


def _log(rng: np.random.Generator, low: float, high: float) -> float:
    return float(low * (high / low) ** rng.random())


def _exponential(rng, narrow):
    tau, a = _log(rng, 1e-5, 1e2), _log(rng, 1e-10, 1e-4)
    return (
        {"y0": a * rng.uniform(0, 1), "a": a, "tau": tau},
        0.01 * tau,
        (1.5 if narrow else 6) * tau,
    )


def _double(rng, narrow):
    tau2, ratio, a = (
        _log(rng, 1e-5, 1e2),
        _log(rng, *((2, 5) if narrow else (10, 100))),
        _log(rng, 1e-10, 1e-4),
    )
    share = rng.uniform(0.3, 0.7)
    truth = {
        "y0": a * rng.uniform(0, 0.5),
        "a1": share * a,
        "tau1": tau2 / ratio,
        "a2": (1 - share) * a,
        "tau2": tau2,
    }
    return truth, 0.05 * tau2 / ratio, 6 * tau2


def _stretched(rng, narrow):
    tau, a = _log(rng, 1e-4, 1e2), _log(rng, 1e-10, 1e-4)
    beta = rng.uniform(0.85, 0.97) if narrow else rng.uniform(0.3, 0.75)
    truth = {"y0": a * rng.uniform(0, 0.5), "a": a, "tau": tau, "beta": beta}
    return truth, tau * 0.03 ** (1 / beta), tau * 6 ** (1 / beta)


def _power(rng, narrow):
    first, m = _log(rng, 1e-6, 1.0), rng.uniform(0.2, 1.2)
    return {"b": _log(rng, 1e-10, 1e-4), "m": m}, first, (10 if narrow else 1e3) * first


def _shifted(rng, narrow):
    t0, m = _log(rng, 1e-5, 10.0), rng.uniform(0.5, 1.5)
    return {"b": _log(rng, 1e-10, 1e-4), "t0": t0, "m": m}, 0.03 * t0, (5 if narrow else 100) * t0


DRAWS: dict[str, Callable[..., tuple[dict[str, float], float, float]]] = {
    "exponential": _exponential,
    "double_exponential": _double,
    "stretched": _stretched,
    "power": _power,
    "shifted_power": _shifted,
}
