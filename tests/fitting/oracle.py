"""The published equations, written here once more and evaluated at 40 digits.

Nothing of the package is imported: constants (CODATA 2018), equations and data come from elsewhere
than what they test.
"""

from __future__ import annotations

from functools import wraps

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


def forty_digits(law):
    """All of a law at 40 digits, whatever precision another test has left behind."""

    @wraps(law)
    def precise(*arguments, **named):
        with mp.workdps(DIGITS):
            return law(*arguments, **named)

    return precise


@forty_digits
def direct_tunneling(v, phi1, phi2, thickness, mass, area) -> np.ndarray:
    """Gruverman et al., Nano Lett. 9, 3539 (2009), equation 1, as printed; not at V = phi2 - phi1."""
    p1, p2, d, m = mp.mpf(phi1) * E, mp.mpf(phi2) * E, mp.mpf(thickness), mp.mpf(mass) * M0

    def current(voltage):
        if voltage == 0:
            return mp.mpf(0)
        if abs(p1 + E * voltage - p2) < mp.mpf("1e-18") * E:
            voltage += mp.mpf("1e-15")  # beside 0/0: 25 digits are left
        hbar = H / (2 * mp.pi)
        c = -4 * E * m / (9 * mp.pi**2 * hbar**3)
        alpha = 4 * d * mp.sqrt(2 * m) / (3 * hbar * (p1 + E * voltage - p2))
        left, right = p2 - E * voltage / 2, p1 + E * voltage / 2
        bracket = mp.sqrt(left) - mp.sqrt(right)
        top = mp.exp(alpha * (left ** mp.mpf("1.5") - right ** mp.mpf("1.5")))
        wave = mp.sinh(mp.mpf("1.5") * alpha * bracket * E * voltage / 2)
        return mp.mpf(area) * c * top / (alpha**2 * bracket**2) * wave

    return _each(current, v)


@forty_digits
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


@forty_digits
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


@forty_digits
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


@forty_digits
def exponential(t, y0, a, tau) -> np.ndarray:
    """I0 + A exp(-t/tau)."""
    return _each(lambda x: mp.mpf(y0) + mp.mpf(a) * mp.exp(-x / mp.mpf(tau)), t)


@forty_digits
def power(t, b, m) -> np.ndarray:
    """b t^-m."""
    return _each(lambda x: mp.mpf(b) * x ** (-mp.mpf(m)), t)


@forty_digits
def double_exponential(t, y0, a1, tau1, a2, tau2) -> np.ndarray:
    """y0 + a1 exp(-t/tau1) + a2 exp(-t/tau2)."""
    return _each(
        lambda x: (
            mp.mpf(y0)
            + mp.mpf(a1) * mp.exp(-x / mp.mpf(tau1))
            + mp.mpf(a2) * mp.exp(-x / mp.mpf(tau2))
        ),
        t,
    )


@forty_digits
def stretched(t, y0, a, tau, beta) -> np.ndarray:
    """y0 + a exp(-(t/tau)^beta); Kohlrausch (1854)."""
    return _each(lambda x: mp.mpf(y0) + mp.mpf(a) * mp.exp(-((x / mp.mpf(tau)) ** mp.mpf(beta))), t)


@forty_digits
def shifted_power(t, b, t0, m) -> np.ndarray:
    """b (1 + t/t0)^-m; Wickelgren (1974)."""
    return _each(lambda x: mp.mpf(b) * (1 + x / mp.mpf(t0)) ** (-mp.mpf(m)), t)


@forty_digits
def poole_frenkel(v, phi, eps_r, thickness, area, temperature, sigma=400.0, r=1.0) -> np.ndarray:
    """A q mu N_c F exp(-(phi - sqrt(q^3 F/pi eps))/r kT), odd in V; sigma is q mu N_c."""
    kt = K * mp.mpf(temperature) * mp.mpf(r)

    def current(voltage):
        field = abs(voltage) / mp.mpf(thickness)
        lowering = mp.sqrt(E**3 * field / (mp.pi * EPS0 * mp.mpf(eps_r)))
        top = mp.mpf(area) * mp.mpf(sigma) * field * mp.exp(-(mp.mpf(phi) * E - lowering) / kt)
        return mp.sign(voltage) * top

    return _each(current, v)


@forty_digits
def mott_gurney(v, mobility, eps_r, thickness, area) -> np.ndarray:
    """9/8 eps mu V^2/d^3, odd in V."""
    top = mp.mpf(9) / 8 * EPS0 * mp.mpf(eps_r) * mp.mpf(mobility) / mp.mpf(thickness) ** 3
    return _each(lambda x: mp.sign(x) * mp.mpf(area) * top * x**2, v)


@forty_digits
def trap_filled(v, level, exponent) -> np.ndarray:
    """level V^(l+1) (Mark & Helfrich), odd in V."""
    l = mp.mpf(exponent)  # noqa: E741
    return _each(lambda x: mp.sign(x) * mp.mpf(level) * abs(x) ** (l + 1), v)


@forty_digits
def reverse_field_emission(v, phi, e00, area, temperature) -> np.ndarray:
    """Padovani & Stratton (1966) in reverse (v < 0), whole factors pi c k T/sin and 1 - exp(-c V)."""
    p, e0, kt = mp.mpf(phi), mp.mpf(e00), K * mp.mpf(temperature) / E

    def current(voltage):
        psi = p - voltage
        c = mp.sqrt(p / psi) / e0
        level = mp.mpf(area) * A0 * (E * e0 / K) ** 2 * psi / p
        tunnelled = mp.exp(-2 * p ** mp.mpf("1.5") / (3 * e0 * mp.sqrt(psi)))
        warmth = mp.pi * c * kt / mp.sin(mp.pi * c * kt)
        return -level * tunnelled * warmth * -mp.expm1(c * voltage)

    return _each(current, v)


@forty_digits
def simmons(v, phi, thickness, mass, area) -> np.ndarray:
    """Simmons (1963): intermediate range for eV <= phi, high range beyond, as printed; odd in V."""
    p, d, m = mp.mpf(phi) * E, mp.mpf(thickness), mp.mpf(mass) * M0

    def current(voltage):
        ev = E * abs(voltage)
        if ev <= p:
            a = 4 * mp.pi * d / H * mp.sqrt(2 * m)
            low, up = p - ev / 2, p + ev / 2
            j = E / (2 * mp.pi * H * d**2)
            j *= low * mp.exp(-a * mp.sqrt(low)) - up * mp.exp(-a * mp.sqrt(up))
        else:
            field, r = abs(voltage) / d, 1 + 2 * ev / p
            x = 8 * mp.pi * mp.sqrt(2 * m) * p ** mp.mpf("1.5") / (mp.mpf("2.96") * H * E * field)
            j = mp.mpf("2.2") * E**3 * field**2 / (8 * mp.pi * H * p)
            j *= mp.exp(-x) - r * mp.exp(-x * mp.sqrt(r))
        return mp.sign(voltage) * mp.mpf(area) * j

    return _each(current, v)


@forty_digits
def simmons_low(v, phi, thickness, mass, area) -> np.ndarray:
    """Simmons (1963), low-voltage range: ohmic."""
    p, d, m = mp.mpf(phi) * E, mp.mpf(thickness), mp.mpf(mass) * M0
    a = 4 * mp.pi * d / H * mp.sqrt(2 * m * p)
    g = mp.mpf(3) / 2 * mp.sqrt(2 * m * p) / d * (E / H) ** 2 * mp.exp(-a)
    return _each(lambda x: mp.mpf(area) * g * x, v)
