"""Repeated experiments with known truth: what the coverage of the intervals is measured on.

The truth comes from the oracle (40 digits), once; every repeat adds noise of its own and runs the
fit that a user runs.  Kinds of case: ``regular``; ``bound`` (the truth on or next to the bound of a
parameter, or of one that the fit may leave out); ``short`` (few points, or a record that ends early);
``correlated`` (AR(1) noise, neighbours correlate at 0.6); ``uneven`` (the scatter grows tenfold from
the first point to the last).
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from compactmodels.data import Trace
from compactmodels.errors import FitRefused
from fitting import fit_decay, fit_iv
from tests.fitting import oracle

AREA = np.pi * 10e-6**2
RHO = 0.6
RANGES = {
    "regular": (0.925, 0.975),
    "bound": (0.925, 1.0),
    "short": (0.925, 1.0),
    "correlated": (0.925, 1.0),
    "uneven": (0.925, 1.0),
}
"""Coverage that is asked for, by kind of case."""


@dataclass(frozen=True)
class Case:
    """One experiment.

    ``x`` in V or s; ``truth`` the parameters of the oracle's equation, of which those in ``judged``
    are looked at (default: all); ``known`` what the fit is told.
    """

    law: str
    kind: str
    what: str
    x: np.ndarray
    truth: Mapping[str, float]
    exact: Callable[[np.ndarray], np.ndarray]
    noise: float = 0.02
    known: Mapping[str, float] = field(default_factory=dict)
    judged: tuple[str, ...] = ()
    decay: bool = False
    even_in_log: bool = False
    floor: float = 0.0
    """Scatter in amperes besides."""

    def fit(self, y: np.ndarray):
        """What a user would call."""
        if self.decay:
            return fit_decay(Trace(self.x, None, y), self.law, max_rms=0.3)
        return fit_iv(Trace(None, self.x, y), self.law, max_rms=0.3, **self.known)


@dataclass
class Tally:
    """Of one parameter over the repeats."""

    case: Case
    name: str
    true: float
    covered: int = 0
    count: int = 0
    refused: int = 0
    widths: list[float] = field(default_factory=list)
    missed: Counter[str] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)

    @property
    def coverage(self) -> float:
        return self.covered / max(self.count, 1)

    @property
    def good(self) -> bool:
        low, high = RANGES[self.case.kind]
        return low <= self.coverage <= high

    @property
    def width(self) -> float:
        """Median width over the truth (over 1 where the truth is 0); infinite if mostly open."""
        scale = abs(self.true) or 1.0
        return float(np.median(self.widths)) / scale if self.widths else float("nan")


def noisy(case: Case, exact: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The readings of one repeat."""
    z = rng.standard_normal(exact.size)
    if case.kind == "correlated":
        for k in range(1, z.size):
            z[k] = RHO * z[k - 1] + np.sqrt(1 - RHO**2) * z[k]
    if case.kind == "uneven":
        z = z * np.geomspace(0.2, 2.0, z.size)
    y = exact * (np.exp(case.noise * z) if case.even_in_log else 1 + case.noise * z)
    return y + case.floor * rng.standard_normal(exact.size)


def run(case: Case, repeats: int, seed: int = 0, *, first: int = 0) -> list[Tally]:
    """The tallies of a case's parameters over repeats ``first`` to ``repeats``."""
    exact = case.exact(case.x)
    names = case.judged or tuple(case.truth)
    tallies = [Tally(case, name, float(case.truth[name])) for name in names]
    own = zlib.crc32(f"{case.law} {case.kind} {case.what}".encode())
    for repeat in range(first, repeats):
        rng = np.random.default_rng([seed, repeat, own])
        try:
            result = case.fit(noisy(case, exact, rng))
        except FitRefused:
            for tally in tallies:
                tally.refused += 1
            continue
        for tally in tallies:
            if tally.name not in result.parameters:  # the data chose another form of the equation
                tally.refused += 1
                continue
            e = result.parameters[tally.name]
            low, high = e.interval
            tally.count += 1
            tally.covered += bool(low <= tally.true <= high)
            tally.missed["below" if high < tally.true else "above"] += not low <= tally.true <= high
            tally.methods[e.method] += 1
            tally.widths.append(high - low)
    return tallies


def _iv(law, kind, what, v, truth, exact, known=None, **more) -> Case:
    return Case(law, kind, what, v, truth, exact, known=known or {}, **more)


def _ohmic() -> list[Case]:
    def law(v):
        return 2e-6 * v

    known = {"area": AREA, "thickness": 5e-9}
    v, few = np.linspace(-0.5, 0.5, 101), np.linspace(0.1, 0.5, 8)
    return [
        _iv("ohmic", "regular", "101 points, -0.5 to 0.5 V", v, {"g": 2e-6}, law, known),
        _iv("ohmic", "short", "8 points, 0.1 to 0.5 V", few, {"g": 2e-6}, law, known),
        _iv("ohmic", "correlated", "101 points, -0.5 to 0.5 V", v, {"g": 2e-6}, law, known),
    ]


def _sinh() -> list[Case]:
    def law(v):
        return 1e-6 * 0.4 * np.sinh(v / 0.4)

    truth = {"g": 1e-6, "v0": 0.4}
    v, few, flat = np.linspace(-1, 1, 81), np.linspace(0.1, 1, 10), np.linspace(-0.2, 0.2, 41)
    return [
        _iv("sinh", "regular", "81 points, -1 to 1 V", v, truth, law),
        _iv("sinh", "bound", "41 points, to V0/2: V0 open above", flat, truth, law),
        _iv("sinh", "short", "10 points, 0.1 to 1 V", few, truth, law),
        _iv("sinh", "correlated", "81 points, -1 to 1 V", v, truth, law),
    ]


def _thermionic() -> list[Case]:
    def cases(kind, what, v, r_s, phi=0.7, n=1.4, judged=(), **more):
        known = {"temperature": 300.15, "area": AREA}
        truth = {"phi": phi, "n": n, "r_s": r_s}
        return _iv(
            "thermionic_emission",
            kind,
            what,
            v,
            truth,
            lambda x: oracle.thermionic_emission(x, phi, n, AREA, 300.15, r_s),
            known,
            judged=judged,
            **more,
        )

    def saturation(kind, what, v, r_s):
        i_s = -float(oracle.thermionic_emission(np.array([-2.0]), 0.7, 1.4, AREA, 300.15)[0])
        return _iv(
            "thermionic_emission",
            kind,
            what,
            v,
            {"i_sat": i_s, "n": 1.4},
            lambda x: oracle.thermionic_emission(x, 0.7, 1.4, AREA, 300.15, r_s),
            {"temperature": 300.15},
        )

    v, few, low = np.linspace(0.01, 1, 100), np.linspace(0.05, 0.9, 12), np.linspace(0.01, 0.4, 60)
    return [
        cases("regular", "100 points to 1 V, R_s = 60 ohm", v, 60.0),
        saturation("regular", "the same, area not known", v, 60.0),
        cases("bound", "60 points to 0.4 V, R_s = 0", low, 0.0),
        cases("bound", "60 points to 0.4 V, R_s about to show (300 ohm)", low, 300.0),
        saturation("bound", "the same, area not known", low, 300.0),
        cases("short", "12 points to 0.9 V, R_s = 60 ohm", few, 60.0),
        cases("correlated", "100 points to 1 V, R_s = 60 ohm", v, 60.0),
        cases("uneven", "100 points to 1 V, R_s = 60 ohm", v, 60.0),
    ]


def _schottky() -> list[Case]:
    def case(kind, what, v, eps_r=5.0, **more):
        truth = {"phi": 0.7, "eps_r": eps_r}
        known = {"area": AREA, "thickness": 1e-8, "temperature": 300.15}
        return _iv(
            "schottky_emission",
            kind,
            what,
            v,
            truth,
            lambda x: oracle.schottky_emission(x, 0.7, eps_r, 1e-8, AREA, 300.15),
            known,
            **more,
        )

    v, few, low = np.linspace(0.1, 3, 60), np.linspace(0.2, 3, 10), np.linspace(0.05, 0.5, 40)
    return [
        case("regular", "60 points, 0.1 to 3 V", v),
        case(
            "bound",
            "40 points, 0.05 to 0.5 V, eps_r = 1.02 next to vacuum, 5 % noise",
            low,
            1.02,
            noise=0.05,
        ),
        case("short", "10 points, 0.2 to 3 V", few),
        case("correlated", "60 points, 0.1 to 3 V", v),
    ]


def _direct() -> list[Case]:
    def case(kind, what, v, phi1=0.41, phi2=0.35, **more):
        truth = {"phi1": phi1, "phi2": phi2}
        known = {"area": AREA, "thickness": 2.8e-9}
        return _iv(
            "direct_tunneling",
            kind,
            what,
            v,
            truth,
            lambda x: oracle.direct_tunneling(x, phi1, phi2, 2.8e-9, 1, AREA),
            known,
            **more,
        )

    v, few = np.linspace(-0.3, 0.3, 61), np.linspace(-0.3, 0.3, 13)
    low = np.linspace(-0.05, 0.05, 31)
    return [
        case("regular", "61 points, -0.3 to 0.3 V", v),
        case(
            "bound", "31 points, -0.05 to 0.05 V, 5 % noise: the asymmetry is open", low, noise=0.05
        ),
        case("short", "13 points, -0.3 to 0.3 V", few),
        case("correlated", "61 points, -0.3 to 0.3 V", v),
    ]


def _fowler_nordheim() -> list[Case]:
    def case(kind, what, v, **more):
        truth = {"phi": 1.0, "area": AREA / 100, "area_ratio": 0.01}
        known = {"area": AREA, "thickness": 5e-9}
        return _iv(
            "fowler_nordheim",
            kind,
            what,
            v,
            truth,
            lambda x: oracle.fowler_nordheim(x, 1.0, 5e-9, 1, AREA / 100),
            known,
            **more,
        )

    v, few = np.linspace(1.2, 3, 60), np.linspace(1.2, 3, 10)
    end = np.linspace(2.8, 3, 20)
    return [
        case("regular", "60 points, 1.2 to 3 V", v),
        case(
            "bound", "20 points, 2.8 to 3 V, 20 % noise: slope and level trade off", end, noise=0.2
        ),
        case("short", "10 points, 1.2 to 3 V", few),
        case("correlated", "60 points, 1.2 to 3 V", v),
        case("uneven", "60 points, 1.2 to 3 V", v),
    ]


def _poole_frenkel() -> list[Case]:
    def case(kind, what, v, eps_r=10.0, **more):
        known = {"area": AREA, "thickness": 3e-8, "temperature": 300.15}
        return _iv(
            "poole_frenkel",
            kind,
            what,
            v,
            {"phi": 0.6, "eps_r": eps_r},
            lambda x: oracle.poole_frenkel(x, 0.6, eps_r, 3e-8, AREA, 300.15),
            known,
            **more,
        )

    v, few, low = np.linspace(0.1, 3, 60), np.linspace(0.2, 3, 10), np.linspace(0.05, 0.3, 40)
    near = "40 points, 0.05 to 0.3 V, eps_r = 1.02 next to vacuum, 5 % noise"
    return [
        case("regular", "60 points, 0.1 to 3 V", v),
        case("bound", near, low, 1.02, noise=0.05),
        case("short", "10 points, 0.2 to 3 V", few),
        case("correlated", "60 points, 0.1 to 3 V", v),
    ]


def _space_charge() -> list[Case]:
    def case(kind, what, v):
        return _iv(
            "space_charge_limited",
            kind,
            what,
            v,
            {"mobility": 1e-8},
            lambda x: oracle.mott_gurney(x, 1e-8, 10.0, 1e-7, AREA),
            {"area": AREA, "thickness": 1e-7},
        )

    v, few = np.linspace(0.1, 3, 60), np.linspace(0.2, 3, 10)
    return [
        case("regular", "60 points, 0.1 to 3 V", v),
        case("short", "10 points, 0.2 to 3 V", few),
        case("correlated", "60 points, 0.1 to 3 V", v),
    ]


def _simmons() -> list[Case]:
    def case(kind, what, v, **more):
        return _iv(
            "simmons",
            kind,
            what,
            v,
            {"phi": 1.2},
            lambda x: oracle.simmons(x, 1.2, 2e-9, 1, AREA),
            {"area": AREA, "thickness": 2e-9},
            **more,
        )

    v, few = np.linspace(0.05, 1, 60), np.linspace(0.1, 1, 10)
    return [
        case("regular", "60 points, 0.05 to 1 V", v),
        case("short", "10 points, 0.1 to 1 V", few),
        case("correlated", "60 points, 0.05 to 1 V", v),
    ]


def _field_emission() -> list[Case]:
    phi, e00, area = 0.8, 0.15, 1e-16
    level = float(oracle.A0 * (oracle.E * e00 / oracle.K) ** 2) * area
    g = level * np.exp(-2 * phi / (3 * e00)) / e00

    def case(kind, what, junction, r_s=0.0, **more):
        current = oracle.reverse_field_emission(junction, phi, e00, area, 300.15)
        truth = {"phi": phi, "e00": e00, "g": g} | ({"r_s": r_s} if r_s else {})
        v = junction + r_s * current
        return _iv(
            "field_emission",
            kind,
            what,
            v,
            truth,
            lambda x: current,
            {"temperature": 300.15},
            **more,
        )

    v, few = -np.linspace(0.1, 4, 80), -np.linspace(0.2, 4, 12)
    far, low = -np.geomspace(0.05, 20, 200), -np.linspace(0.1, 2, 40)
    return [
        case("regular", "200 points, to -20 V at the junction, R_s = 10 kohm", far, 1e4),
        case("bound", "80 points, -0.1 to -4 V, R_s = 0", v),
        case("bound", "80 points, to -4 V at the junction, R_s = 10 kohm: all trade off", v, 1e4),
        case("bound", "40 points, -0.1 to -2 V, R_s = 0: phi and E00 trade off", low),
        case("short", "12 points, -0.2 to -4 V, R_s = 0", few),
        case("correlated", "80 points, -0.1 to -4 V, R_s = 0", v),
    ]


def _decay(law, kind, what, t, truth, noise=0.02, **more) -> Case:
    return Case(
        law,
        kind,
        what,
        t,
        truth,
        lambda x: getattr(oracle, law)(x, **truth),
        noise,
        decay=True,
        **more,
    )


def _exponential() -> list[Case]:
    full, none = {"y0": 0.3, "a": 1.0, "tau": 0.5}, {"y0": 0.0, "a": 1.0, "tau": 0.5}
    some = {"y0": 0.05, "a": 1.0, "tau": 0.5}
    t, few = np.linspace(0, 2.5, 100), np.linspace(0, 1.5, 12)
    early = np.linspace(0, 0.75, 60)
    name = "exponential"
    return [
        _decay(name, "regular", "100 points, 5 tau, floor 0.3", t, full),
        _decay(
            name, "regular", "600 points, 5 tau, 15 % noise", np.linspace(0, 2.5, 600), full, 0.15
        ),
        _decay(
            name,
            "regular",
            "the same, noise even in ln",
            np.linspace(0, 2.5, 600),
            full,
            0.15,
            even_in_log=True,
        ),
        _decay(name, "bound", "60 points, 1.5 tau, no floor", early, none),
        _decay(name, "bound", "60 points, 1.5 tau, floor 0.05 about to show", early, some),
        _decay(name, "short", "12 points, 3 tau, floor 0.3", few, full),
        _decay(name, "correlated", "100 points, 5 tau, floor 0.3", t, full),
        _decay(name, "uneven", "100 points, 5 tau, floor 0.3", t, full),
    ]


def _power() -> list[Case]:
    truth, flat = {"b": 0.1145, "m": 0.5039}, {"b": 0.1145, "m": 0.0115}
    t, few = np.geomspace(0.1, 15, 100), np.geomspace(0.1, 15, 10)
    return [
        _decay("power", "regular", "100 points, 0.1 to 15 s", t, truth),
        _decay(
            "power",
            "bound",
            "100 points, m = 0.0115 next to its bound 0.01, 1 % noise",
            t,
            flat,
            0.01,
        ),
        _decay("power", "short", "10 points, 0.1 to 15 s", few, truth),
        _decay("power", "correlated", "100 points, 0.1 to 15 s", t, truth),
    ]


def _stretched() -> list[Case]:
    truth = {"y0": 0.2, "a": 1.0, "tau": 1.0, "beta": 0.5}
    none = {**truth, "y0": 0.0}
    near = {**truth, "y0": 0.2, "beta": 0.93}
    t, few = np.geomspace(1e-3, 30, 100), np.geomspace(1e-3, 30, 15)
    return [
        _decay("stretched", "regular", "100 points, 1e-3 to 30 tau, floor 0.2", t, truth),
        _decay(
            "stretched",
            "bound",
            "100 points, 1e-3 to 5 tau, no floor",
            np.geomspace(1e-3, 5, 100),
            none,
        ),
        _decay(
            "stretched",
            "bound",
            "100 points, beta = 0.93 next to 1",
            np.geomspace(1e-2, 10, 100),
            near,
        ),
        _decay("stretched", "short", "15 points, 1e-3 to 30 tau", few, truth),
        _decay("stretched", "correlated", "100 points, 1e-3 to 30 tau", t, truth),
    ]


def _shifted() -> list[Case]:
    truth = {"b": 1.0, "t0": 0.5, "m": 0.8}
    t, few = np.geomspace(0.01, 50, 100), np.geomspace(0.01, 50, 12)
    return [
        _decay("shifted_power", "regular", "100 points, 0.02 to 100 t0", t, truth),
        _decay(
            "shifted_power",
            "bound",
            "60 points, 0.02 to 4 t0: t0 and m trade off",
            np.geomspace(0.01, 2, 60),
            truth,
        ),
        _decay("shifted_power", "short", "12 points, 0.02 to 100 t0", few, truth),
        _decay("shifted_power", "correlated", "100 points, 0.02 to 100 t0", t, truth),
    ]


def _double() -> list[Case]:
    truth = {"y0": 0.2, "a1": 0.5, "tau1": 0.1, "a2": 0.5, "tau2": 3.0}
    none = {**truth, "y0": 0.0}
    t, few = np.geomspace(5e-3, 18, 150), np.geomspace(5e-3, 18, 20)
    return [
        _decay("double_exponential", "regular", "150 points, to 6 tau2, floor 0.2", t, truth),
        _decay(
            "double_exponential",
            "bound",
            "150 points, to 2 tau2, no floor",
            np.geomspace(5e-3, 6, 150),
            none,
        ),
        _decay("double_exponential", "short", "20 points, to 6 tau2", few, truth),
        _decay("double_exponential", "correlated", "150 points, to 6 tau2", t, truth),
    ]


FAMILIES: Mapping[str, Callable[[], list[Case]]] = {
    "ohmic": _ohmic,
    "sinh": _sinh,
    "thermionic_emission": _thermionic,
    "schottky_emission": _schottky,
    "direct_tunneling": _direct,
    "fowler_nordheim": _fowler_nordheim,
    "poole_frenkel": _poole_frenkel,
    "space_charge_limited": _space_charge,
    "simmons": _simmons,
    "field_emission": _field_emission,
    "exponential": _exponential,
    "double_exponential": _double,
    "stretched": _stretched,
    "power": _power,
    "shifted_power": _shifted,
}
"""The cases of each mechanism and each decay law."""
