"""The published equations, written here once more and evaluated at 40 digits.

Nothing of the package is imported: constants (CODATA 2018), equations and data come from elsewhere
than what they test.
"""

from __future__ import annotations

import mpmath as mp
import numpy as np

DIGITS = 40
E = mp.mpf("1.602176634e-19")
K = mp.mpf("1.380649e-23")
H = mp.mpf("6.62607015e-34")
M0 = mp.mpf("9.1093837015e-31")
EPS0 = mp.mpf("8.8541878128e-12")
with mp.workdps(DIGITS):
    A0 = 4 * mp.pi * E * M0 * K**2 / H**3  # A m^-2 K^-2


def _each(function, x) -> np.ndarray:
    with mp.workdps(DIGITS):
        return np.array([float(function(mp.mpf(float(value)))) for value in x])


def direct_tunneling(v, phi1, phi2, thickness, mass, area) -> np.ndarray:
    """Gruverman et al., Nano Lett. 9, 3539 (2009), equation 1, as printed; not at V = phi2 - phi1."""
    p1, p2, d, m = mp.mpf(phi1) * E, mp.mpf(phi2) * E, mp.mpf(thickness), mp.mpf(mass) * M0

    def current(voltage):
        if voltage == 0:
            return mp.mpf(0)
        hbar = H / (2 * mp.pi)
        c = -4 * E * m / (9 * mp.pi**2 * hbar**3)
        alpha = 4 * d * mp.sqrt(2 * m) / (3 * hbar * (p1 + E * voltage - p2))
        left, right = p2 - E * voltage / 2, p1 + E * voltage / 2
        bracket = mp.sqrt(left) - mp.sqrt(right)
        top = mp.exp(alpha * (left ** mp.mpf("1.5") - right ** mp.mpf("1.5")))
        wave = mp.sinh(mp.mpf("1.5") * alpha * bracket * E * voltage / 2)
        return mp.mpf(area) * c * top / (alpha**2 * bracket**2) * wave

    return _each(current, v)


def thermionic_emission(v, phi, n, area, temperature, r_s=0.0) -> np.ndarray:
    """A A* T^2 exp(-phi/kT) (exp(q (V - I R)/nkT) - 1); the drop over R by Lambert's W."""
    kt = K * mp.mpf(temperature)
    i_s = mp.mpf(area) * A0 * mp.mpf(temperature) ** 2 * mp.exp(-mp.mpf(phi) * E / kt)
    width = mp.mpf(n) * kt / E

    def current(voltage):
        if r_s == 0:
            return i_s * mp.expm1(voltage / width)
        r = mp.mpf(r_s)
        return width / r * mp.lambertw(i_s * r / width * mp.exp((voltage + i_s * r) / width)) - i_s

    return _each(current, v)


def fowler_nordheim(v, phi, thickness, mass, area) -> np.ndarray:
    """Fowler & Nordheim (1928) with an effective mass: e^3 F^2/(8 pi h phi) exp(-...)."""
    p, d, m = mp.mpf(phi) * E, mp.mpf(thickness), mp.mpf(mass) * M0

    def current(voltage):
        if voltage == 0:
            return mp.mpf(0)
        field = abs(voltage) / d
        hbar = H / (2 * mp.pi)
        exponent = 4 * mp.sqrt(2 * m) * p ** mp.mpf("1.5") / (3 * hbar * E * field)
        j = M0 / m * E**3 * field**2 / (8 * mp.pi * H * p) * mp.exp(-exponent)
        return mp.sign(voltage) * mp.mpf(area) * j

    return _each(current, v)


def schottky_emission(v, phi, eps_r, thickness, area, temperature) -> np.ndarray:
    """A A* T^2 exp(-(phi - sqrt(q^3 F/4 pi eps))/kT) (1 - exp(-q V/kT)), odd in V."""
    kt = K * mp.mpf(temperature)
    a = mp.mpf(area) * A0 * mp.mpf(temperature) ** 2

    def current(voltage):
        field = abs(voltage) / mp.mpf(thickness)
        lowering = mp.sqrt(E**3 * field / (4 * mp.pi * EPS0 * mp.mpf(eps_r)))
        top = a * mp.exp(-(mp.mpf(phi) * E - lowering) / kt)
        return mp.sign(voltage) * top * -mp.expm1(-E * abs(voltage) / kt)

    return _each(current, v)


def exponential(t, y0, a, tau) -> np.ndarray:
    """I0 + A exp(-t/tau)."""
    return _each(lambda x: mp.mpf(y0) + mp.mpf(a) * mp.exp(-x / mp.mpf(tau)), t)


def power(t, b, m) -> np.ndarray:
    """b t^-m."""
    return _each(lambda x: mp.mpf(b) * x ** (-mp.mpf(m)), t)
