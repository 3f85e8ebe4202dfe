"""The younger mechanisms against their published forms at 40 digits, and against WKB integrals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from compactmodels import registry
from compactmodels.dual import variables
from compactmodels.model import Branch
from tests.core.test_direct_tunneling import wkb
from tests.fitting import oracle

AREA = 1e-12


def ours(name: str, v: Any, temperature: float = 300.15, **values: float) -> np.ndarray:
    part = registry.conduction(name)
    return np.asarray(part.function(v, temperature, **part.si({**part.defaults, **values})))


# ---------------------------------------------------------------- Poole-Frenkel


@settings(max_examples=30)
@given(
    phi=st.floats(0.1, 1.5),
    eps_r=st.floats(2.0, 100.0),
    r=st.floats(1.0, 2.0),
    thickness=st.floats(3e-9, 1e-6),
    temperature=st.floats(200.0, 450.0),
    v=st.floats(0.02, 5.0),
)
def test_poole_frenkel(
    phi: float, eps_r: float, r: float, thickness: float, temperature: float, v: float
) -> None:
    """To the smoothing's own error, (V_s/2V)^2 of the exponent, and rounding; odd."""
    smooth = 1e-6
    values = {"phi": phi, "eps_r": eps_r, "r": r, "thickness": thickness, "area": AREA}
    bias = np.array([-v, v])
    expected = oracle.poole_frenkel(bias, phi, eps_r, thickness, AREA, temperature, 400.0, r)
    exponent = np.log(expected[1] / oracle.poole_frenkel([1e-9], phi, eps_r, thickness, AREA, temperature, 400.0, r)[0])  # fmt: skip
    found = ours("poole_frenkel", bias, temperature, v_smooth=smooth, **values)
    if exponent < 70:
        rel = 1e-11 + abs(exponent) * (smooth / v) ** 2
        np.testing.assert_allclose(found, expected, rtol=rel)


def test_poole_frenkel_is_twice_as_steep_as_schottky_emission() -> None:
    """Slopes of ln(I/V) and ln I against sqrt V at r = 1, the same layer."""
    v = np.array([1.0, 1.21])
    layer = {"eps_r": 5.0, "thickness": 2e-8, "phi": 0.9}
    pf = np.diff(np.log(ours("poole_frenkel", v, **layer) / v))
    se = np.diff(np.log(ours("schottky_emission", v, **layer)))
    assert pf[0] / se[0] == pytest.approx(2.0, rel=1e-5)
    half = np.diff(np.log(ours("poole_frenkel", v, r=2.0, **layer) / v))
    assert half[0] / pf[0] == pytest.approx(0.5, rel=1e-12)


# ---------------------------------------------------------------- space charge


def test_without_traps_it_is_mott_and_gurneys_law() -> None:
    v = np.array([-3.0, -0.1, 0.1, 7.0])
    for v_tfl in (1e-3, 1.0, 100.0):
        found = ours(
            "space_charge_limited", v, mobility=2e-9, thickness=8e-8, area=AREA, v_tfl=v_tfl
        )
        np.testing.assert_allclose(found, oracle.mott_gurney(v, 2e-9, 10.0, 8e-8, AREA), rtol=1e-13)


def test_above_the_traps_filling_it_is_a_power_law() -> None:
    v = np.array([-8.0, 4.0, 20.0])
    values = {"mobility": 2e-9, "thickness": 8e-8, "area": AREA, "v_tfl": 0.2, "exponent": 5.0}
    level = oracle.mott_gurney([1.0], 2e-9, 10.0, 8e-8, AREA)[0] / 0.2**4
    found = ours("space_charge_limited", v, **values)
    np.testing.assert_allclose(found, oracle.trap_filled(v, level, 5.0), rtol=1e-5)
    # the documented 5 % at V_TFL/2 and 2 V_TFL
    half, double = ours(
        "space_charge_limited", np.array([0.1, 0.4]), **(values | {"exponent": 4.0})
    )
    level = oracle.mott_gurney([1.0], 2e-9, 10.0, 8e-8, AREA)[0] / 0.2**3
    assert half / oracle.mott_gurney([0.1], 2e-9, 10.0, 8e-8, AREA)[0] == pytest.approx(
        1.05, abs=0.01
    )
    assert double / oracle.trap_filled([0.4], level, 4.0)[0] == pytest.approx(1.05, abs=0.01)


# ---------------------------------------------------------------- field emission


def g_of(phi: float, e00: float, area: float) -> float:
    """The conductance that Padovani and Stratton's level stands for."""
    a = float(oracle.A0) * area * (e00 / (float(oracle.K) / float(oracle.E))) ** 2
    return a / e00 * float(np.exp(-2 * phi / (3 * e00)))


@settings(max_examples=30)
@given(
    phi=st.floats(0.3, 1.5),
    e00=st.floats(0.06, 0.2),
    v=st.floats(-5.0, -1e-3),
    temperature=st.floats(77.0, 320.0),
)
def test_reverse_field_emission(phi: float, e00: float, v: float, temperature: float) -> None:
    """The published form; the temperature's series is within 1 % of it while c k T < 1/2."""
    expected = oracle.reverse_field_emission([v], phi, e00, AREA, temperature)
    found = ours(
        "field_emission", np.array([v]), temperature, phi=phi, e00=e00, g=g_of(phi, e00, AREA)
    )
    x = np.pi * 8.617333e-5 * temperature * np.sqrt(phi / (phi - v)) / e00
    rest = 127 / 604800 * x**8 / (1 - (x / np.pi) ** 2)  # the series' next term and what follows
    assert rest < 0.011
    np.testing.assert_allclose(found, expected, rtol=1e-11 + rest)


def test_the_bare_form_of_the_literature() -> None:
    """I over (Vb + V) exp(-b/sqrt(Vb + V)) stays constant beyond a few E00, in the cold."""
    v = np.linspace(-4.0, -0.6, 50)
    i = ours("field_emission", v, 10.0, phi=0.9, e00=0.07, g=1e-9)
    psi, b = 0.9 - v, 2 * 0.9**1.5 / (3 * 0.07)
    ratio = -i / (psi * np.exp(-b / np.sqrt(psi)))
    assert np.ptp(ratio) / ratio.mean() < 3e-3


def parabola(v: float, phi: float, e00: float) -> tuple[float, float]:
    """WKB action of a parabolic depletion barrier at the metal's Fermi level, and minus its slope."""
    psi = phi + v
    # action = (2/E00) integral of sqrt(z^2 - V) from sqrt V to sqrt psi
    action = 2 / e00 * quad(lambda z: np.sqrt(max(z * z - v, 0.0)), np.sqrt(v), np.sqrt(psi))[0]
    return action, float(np.arccosh(np.sqrt(psi / v)) / e00)


@pytest.mark.parametrize(
    ("over", "short"), [(1.0, 0.885), (2.0, 0.927), (5.0, 0.965), (10.0, 0.981)]
)
def test_how_far_the_exponent_is_from_the_wkb_integral(over: float, short: float) -> None:
    phi, e00 = 0.8, 0.06
    action, _ = parabola(over * phi, phi, e00)
    assert 2 * phi**1.5 / (3 * e00 * np.sqrt(phi + over * phi)) / action == pytest.approx(
        short, abs=2e-3
    )


def test_field_emission_is_one_sided_and_leaves_zero_smoothly() -> None:
    v = np.array([-1e-7, 1e-7])
    (dual,) = variables(v)
    part = registry.conduction("field_emission")
    slope = part.function(dual, 300.15, **part.si(part.defaults)).partials[0]
    assert slope[0] == pytest.approx(slope[1], rel=1e-5)
    reverse, forward = ours("field_emission", np.array([-2.0, 2.0]))
    assert abs(reverse) > 50 * forward > 0


# ---------------------------------------------------------------- Simmons


@settings(max_examples=40)
@given(
    phi=st.floats(0.2, 3.0),
    thickness=st.floats(1e-9, 5e-9),
    mass=st.floats(0.1, 2.0),
    fraction=st.floats(-1.0, 1.0),
)
def test_simmons_up_to_the_barrier(
    phi: float, thickness: float, mass: float, fraction: float
) -> None:
    attenuation = 1.0246 * np.sqrt(phi * mass) * thickness * 1e10
    if attenuation < 6.01 or abs(fraction) < 1e-6:
        return
    v = np.array([fraction * phi * (1 - 1e-12)])
    expected = oracle.simmons(v, phi, thickness, mass, AREA)
    found = ours("simmons", v, phi=phi, thickness=thickness, mass=mass, area=AREA)
    np.testing.assert_allclose(found, expected, rtol=1e-11)


@pytest.mark.parametrize("fraction", [1.2, 1.5, 2.0, -1.3])
@pytest.mark.parametrize(("phi", "thickness"), [(2.0, 3e-9), (1.0, 4e-9)])
def test_simmons_beyond_the_barrier(fraction: float, phi: float, thickness: float) -> None:
    v = np.array([fraction * phi])
    expected = oracle.simmons(v, phi, thickness, 1.0, AREA)
    np.testing.assert_allclose(
        ours("simmons", v, phi=phi, thickness=thickness, area=AREA), expected, rtol=1e-6
    )


def test_simmons_is_ohmic_near_zero_and_nowhere_else() -> None:
    """The slope at 0 V is (2/3)(1 - 2/attenuation) of the printed low form, which is documented."""
    phi, d = 0.4, 2.8e-9
    attenuation = 1.0246 * np.sqrt(phi) * 28
    near = ours("simmons", np.array([1e-5]), phi=phi, thickness=d, area=AREA)
    low = oracle.simmons_low([1e-5], phi, d, 1.0, AREA)
    assert near[0] / low[0] == pytest.approx((1 - 2 / attenuation) / 1.5, rel=1e-3)
    v = np.array([0.05, 0.1, 0.2, 0.4, 0.8])
    g = ours("simmons", v, phi=phi, thickness=d, area=AREA) / v
    assert np.all(np.diff(np.log(g)) > [0.02, 0.1, 0.4, 1.5])


@pytest.mark.parametrize(
    ("phi", "thickness", "table"),
    [
        (0.4, 2.8e-9, {0.02: 0.84, 0.5: 0.79, 1.0: 0.53, 1.5: 2.2, 3.0: 2.5}),
        (2.0, 3.0e-9, {0.02: 0.93, 0.5: 0.79, 1.0: 0.24, 1.5: 1.8, 3.0: 2.1}),
    ],
)
def test_simmons_distance_to_the_wkb_integral_is_as_documented(
    phi: float, thickness: float, table: dict[float, float]
) -> None:
    for fraction, expected in table.items():
        v = fraction * phi
        found = ours("simmons", np.array([v]), phi=phi, thickness=thickness, area=1.0)[0]
        assert found / wkb(v, phi, thickness) == pytest.approx(expected, rel=0.03), fraction


@pytest.mark.parametrize(
    "name", ["simmons", "poole_frenkel", "space_charge_limited", "field_emission"]
)
def test_slopes_have_no_jump(name: str) -> None:
    """Where a formula changes, dI/dV of both sides agree: C1, and C2 of all but at 0 V."""
    part = registry.conduction(name)
    for edge in (0.0, 0.5, 0.6, -0.5, -0.6, 1.0):
        gap = 1e-7
        (dual,) = variables(edge + np.array([-gap, gap]))
        i = part.function(dual, 300.15, **part.si(part.defaults | ({"v_smooth": 1e-3} if name == "poole_frenkel" else {})))  # fmt: skip
        slope = i.partials[0]
        assert slope[0] == pytest.approx(slope[1], rel=1e-4, abs=1e-9 * np.max(np.abs(i.value)) / gap * 1e-3)  # fmt: skip


def test_a_steep_stretch_behind_a_series_resistance() -> None:
    """Where a thin barrier's current bends, Newton alone went to and fro between two voltages."""
    part = registry.conduction("simmons")
    values = {"phi": 1.0, "thickness": 2.371373705661655e-10, "mass": 7.0, "area": 1e-14}
    si = part.si(values) | {"r_s": 100.0}
    i = Branch("b", part, series=True).current(np.array([2.0]), 300.15, si)
    junction = np.array([2.0]) - 100.0 * i
    np.testing.assert_allclose(ours("simmons", junction, **values), i, rtol=1e-9)
