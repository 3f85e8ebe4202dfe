"""The published equations of foreign models, as their papers print them: hard windows, stops, jumps.

Written from the papers and independent of the package, for tests/core/test_foreign_models.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

E, K, H, EPS0, ME = (
    1.602176634e-19,
    1.380649e-23,
    6.62607015e-34,
    8.8541878128e-12,
    9.1093837015e-31,
)
Rate = Callable[[float, float], float]
Drive = Callable[[float], float]

HP = {"r_on": 100.0, "r_off": 16e3, "d": 1e-8, "uv": 1e-14}
PUBLISHED = {
    "joglekar": {"r_on": 100.0, "r_off": 5e3, "d": 1e-8, "uv": 1e-14, "p": 1.0},
    "biolek": {**HP, "p": 1.0},
    "prodromakis": {**HP, "p": 10.0, "j": 1.0},
    "vteam": {
        "R_on": 1e3,
        "R_off": 3e5,
        "k_off": 0.091,
        "k_on": -216.2,
        "alpha_off": 4.0,
        "alpha_on": 4.0,
        "v_off": 0.3,
        "v_on": -1.5,
        "w_off": 3e-9,
        "w_on": 0.0,
    },
    "yakopcic": {
        "a1": 0.17,
        "a2": 0.17,
        "b": 0.05,
        "Vp": 0.16,
        "Vn": 0.15,
        "Ap": 4000.0,
        "An": 4000.0,
        "xp": 0.3,
        "xn": 0.5,
        "alphap": 1.0,
        "alphan": 5.0,
        "eta": 1.0,
    },
    "stanford-pku": {
        "I0": 1e-3,
        "g0": 0.25e-9,
        "V0": 0.25,
        "Vel0": 10.0,
        "gamma0": 16.0,
        "beta": 0.8,
        "Ea": 0.6,
        "a0": 0.25e-9,
        "tox": 12e-9,
        "Rth": 2.1e3,
        "F_min": 1.4e9,
        "gap_min": 2e-10,
        "gap_max": 17e-10,
    },
    "jart-like": {
        "phiBn0": 0.18,
        "phin": 0.1,
        "eps": 17.0,
        "epsphib": 5.5,
        "un": 4e-6,
        "Nplug": 20.0,
        "Ndiscmin": 0.008,
        "Ndiscmax": 20.0,
        "a": 0.25e-9,
        "nyo": 2e13,
        "dWa": 1.35,
        "Rth0": 15.72e6,
        "Rtheff_scaling": 0.27,
        "rdet": 45e-9,
        "lcell": 3.0,
        "ldet": 0.4,
        "RTiOx": 650.0,
        "R0": 719.2437,
    },
}
SET = {name: {k.lower(): v for k, v in values.items()} for name, values in PUBLISHED.items()}


def follow(
    rate: Rate, drive: Drive, span: float, x0: float, pieces: int = 4, rtol: float = 1e-10
) -> tuple[np.ndarray, np.ndarray]:
    """Times and states under a drive, started anew at every turn or zero of it."""
    edges = np.linspace(0.0, span, pieces + 1)
    times, states, x = [], [], x0
    for a, b in pairwise(edges):
        t = np.linspace(a, b, 251)
        done = solve_ivp(
            lambda t, y: [rate(drive(t), float(y[0]))],
            (a, b),
            [x],
            method="LSODA",
            t_eval=t,
            rtol=rtol,
            atol=1e-13,
            first_step=1e-9 * (b - a),
            max_step=(b - a) / 50,
        )
        assert done.success, done.message
        x = float(done.y[0, -1])
        times.append(t)
        states.append(done.y[0])
    return np.concatenate(times), np.concatenate(states)


def drift(window: Callable[[float, float], float], ratio: float, uv: float = 1e-14) -> Rate:
    """dx/dt = mu R_on/D^2 i F(x, i) with D = 10 nm and R_on = 100 ohm."""

    def rate(v: float, x: float) -> float:
        i = v / (100.0 * x + 100.0 * ratio * (1.0 - x))
        return uv * 100.0 / 1e-16 * i * window(x, i)

    return rate


def joglekar_window(p: int) -> Callable[[float, float], float]:
    return lambda x, i: 1.0 - (2.0 * x - 1.0) ** (2 * p)


def biolek_window(p: int) -> Callable[[float, float], float]:
    return lambda x, i: 1.0 - (x - (1.0 if -i >= 0.0 else 0.0)) ** (2 * p)


def prodromakis_window(p: float, j: float) -> Callable[[float, float], float]:
    return lambda x, i: j * (1.0 - ((x - 0.5) ** 2 + 0.75) ** p)


def vteam(team_window: bool = False, **s: float) -> Rate:
    """dw/dt of w/w_off in 1/s, with hard stops at 0 and w_off, and with TEAM's windows if asked."""

    def rate(v: float, x: float) -> float:
        w, speed = x * s["w_off"], 0.0
        if v > s["v_off"]:
            f = math.exp(-math.exp((w - s["a_off"]) / s["w_c"])) if team_window else float(x < 1.0)
            speed = s["k_off"] * (v / s["v_off"] - 1.0) ** s["alpha_off"] * f
        elif v < s["v_on"]:
            f = math.exp(-math.exp((s["a_on"] - w) / s["w_c"])) if team_window else float(x > 0.0)
            speed = s["k_on"] * (v / s["v_on"] - 1.0) ** s["alpha_on"] * f
        return speed / s["w_off"]

    return rate


def yakopcic(s: dict[str, float]) -> Rate:
    def rate(v: float, x: float) -> float:
        if v > s["vp"]:
            g = s["ap"] * (math.exp(v) - math.exp(s["vp"]))
        elif v < -s["vn"]:
            g = -s["an"] * (math.exp(-v) - math.exp(s["vn"]))
        else:
            return 0.0
        f = 1.0
        if s["eta"] * v >= 0.0 and x >= s["xp"]:
            wp = (s["xp"] - x) / (1.0 - s["xp"]) + 1.0
            f = math.exp(-s["alphap"] * (x - s["xp"])) * wp
        elif s["eta"] * v < 0.0 and x <= 1.0 - s["xn"]:
            f = math.exp(s["alphan"] * (x + s["xn"] - 1.0)) * x / (1.0 - s["xn"])
        return s["eta"] * g * f

    return rate


def yakopcic_current(s: dict[str, float], v: float, x: float) -> float:
    return (s["a1"] if v >= 0.0 else s["a2"]) * x * math.sinh(s["b"] * v)


def stanford_current(s: dict[str, float], v: float, gap: float) -> float:
    return s["i0"] * math.exp(-gap / s["g0"]) * math.sinh(v / s["v0"])


def stanford(s: dict[str, float], t_ini: float) -> Rate:
    """d(gap)/dt in m/s, with hard stops and nothing below the least field."""

    def rate(v: float, gap: float) -> float:
        gap = min(max(gap, s["gap_min"]), s["gap_max"])
        t = t_ini + abs(v * stanford_current(s, v, gap) * s["rth"])
        gamma = s["gamma0"] - s["beta"] * (gap / 1e-9) ** 3
        if gamma * abs(v) / s["tox"] < s["f_min"]:
            return 0.0
        speed = -s["vel0"] * math.exp(-E * s["ea"] / (K * t))
        speed *= math.sinh(gamma * s["a0"] / s["tox"] * E * v / (K * t))
        stopped = (gap <= s["gap_min"] and speed < 0.0) or (gap >= s["gap_max"] and speed > 0.0)
        return 0.0 if stopped else speed

    return rate


class Jart:
    """JART VCM v1b: ``heated`` = False leaves the contact and the lines at the surroundings' temperature."""

    def __init__(self, s: dict[str, float], heated: bool = True) -> None:
        self.s, self.heated = s, heated
        self.area = math.pi * s["rdet"] ** 2
        self.alpha, self.rthline = (3.92e-3 if heated else 0.0), 90471.47
        self.t0 = 293.0

    def contact(self, v: float, t: float, n: float) -> float:
        """A, at n in 1e26/m^3."""
        s, per_m3 = self.s, 1e26 * n
        psi = s["phibn0"] - s["phin"] - v
        phi = s["phibn0"]
        if psi > 0.0:
            field = E**3 * 2 * per_m3 * psi / (8 * math.pi**2 * (s["epsphib"] * EPS0) ** 3)
            phi = max(phi - field**0.25, 0.0)
        if v >= 0.0:
            level = self.area * 6.01e5 * t * t * math.exp(-E * phi / (K * t))
            return level * math.expm1(min(E * v / (K * t), 300.0))
        w00 = E * H / (4 * math.pi) * math.sqrt(2 * per_m3 / (ME * s["eps"] * EPS0))
        x = w00 / (K * t)
        w0, xi = w00 / math.tanh(x), w00 / (x - math.tanh(x))
        root = math.sqrt(math.pi * w00 * E * (-v + phi / math.cosh(x) ** 2))
        level = -self.area * 6.01e5 * t / K * root * math.exp(-E * phi / w0)
        return level * math.expm1(min(-E * v / xi, 300.0))

    def resistances(self, n: float) -> tuple[float, float]:
        """Of the disc and of the plug [ohm]."""
        s = self.s
        per = 1e26 * 2 * E * s["un"] * self.area
        return 1e-9 * s["ldet"] / (n * per), 1e-9 * (s["lcell"] - s["ldet"]) / (s["nplug"] * per)

    def line(self, i: float) -> float:
        r0 = self.s["r0"]
        return self.s["rtiox"] + r0 * (1.0 + r0 * self.alpha * i * i * self.rthline)

    def temperature(self, v: float, i: float) -> float:
        rth = self.s["rth0"] * (self.s["rtheff_scaling"] if v > 0.0 else 1.0)
        return self.t0 + rth * i * (v - i * self.line(i))

    def current(self, v: float, n: float) -> float:
        """A; of several solutions that which belongs to the rise from 0 V."""
        disc, plug = self.resistances(n)

        def left(i: float) -> float:
            return v - i * (disc + plug + self.line(i))

        def excess(i: float) -> float:
            t = self.temperature(v, i) if self.heated else self.t0
            return self.contact(left(i), t, n) - i

        top = brentq(left, 0.0, 1.000001 * v / (disc + plug + self.line(0.0)), rtol=1e-14)
        low, high = top, 0.0
        for i in top * np.linspace(1.0, 0.0, 61)[1:]:
            if excess(float(i)) * excess(low) <= 0.0:
                high = float(i)
                break
            low = float(i)
        return float(brentq(excess, high, low, xtol=1e-20, rtol=1e-13))

    def hop(self, field: float, t: float) -> float:
        """exp(-dW_min/kT) - exp(-dW_max/kT)."""
        s = self.s
        g = 2 * field * s["a"] / (math.pi * s["dwa"])
        shape = math.sqrt(1 - g * g) + g * math.asin(g)
        barrier = s["dwa"] * E / (K * t)
        half = g * math.pi / 2
        return math.exp(-barrier * (shape - half)) - math.exp(-barrier * (shape + half))

    def rate(self, v: float, n: float) -> float:
        """d(ln N)/dt in 1/s."""
        s = self.s
        i = self.current(v, n)
        if v < 0.0:
            field = i * self.resistances(n)[0] / (1e-9 * s["ldet"])
            limit = 1.0 - (n / s["ndiscmax"]) ** 10
        else:
            field = (v - i * self.line(i)) / (1e-9 * s["lcell"])
            limit = 1.0 - (s["ndiscmin"] / n) ** 10
        hops = self.hop(field, self.temperature(v, i)) * limit
        return -s["nyo"] * s["a"] / (1e-9 * s["ldet"]) * (s["nplug"] + n) / 2 / n * hops
