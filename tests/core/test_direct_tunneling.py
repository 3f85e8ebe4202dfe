"""Direct tunnelling against the published form at 40 digits, and its distance to the WKB integral."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from compactmodels import registry
from compactmodels.constants import ELECTRON_MASS, ELEMENTARY_CHARGE, HBAR
from tests.fitting import oracle

PART = registry.conduction("direct_tunneling")


def ours(
    v: np.ndarray, phi1: float, phi2: float, thickness: float, mass: float = 1.0
) -> np.ndarray:
    values = {"phi1": phi1, "phi2": phi2, "thickness": thickness, "mass": mass, "area": 1e-12}
    return np.asarray(PART.function(v, 300.15, **PART.si(values)))


@settings(max_examples=40)
@given(
    phi1=st.floats(0.1, 3.0),
    ratio=st.floats(0.5, 2.0),
    thickness=st.floats(5e-10, 5e-9),
    mass=st.floats(0.1, 2.0),
    fraction=st.floats(-0.9, 0.9),
)
def test_equal_to_the_published_form(
    phi1: float, ratio: float, thickness: float, mass: float, fraction: float
) -> None:
    """To 1e-6 up to eV = 0.9 of the lower barrier; in fact to rounding."""
    phi2 = phi1 * ratio
    v = fraction * min(phi1, phi2)
    if abs(v) < 1e-6 or abs(v - (phi2 - phi1)) < 1e-9:
        return  # the published form is 0/0 there
    published = oracle.direct_tunneling([v], phi1, phi2, thickness, mass, 1e-12)
    assert ours(np.array([v]), phi1, phi2, thickness, mass) == pytest.approx(published, rel=1e-11)


def test_the_pole_of_the_published_form_is_gone() -> None:
    v = 0.06 + np.array([-1e-3, -1e-9, -1e-14, 0.0, 1e-14, 1e-9, 1e-3])
    current = ours(v, 0.35, 0.41, 2.8e-9)
    assert np.all(np.isfinite(current))
    assert np.all(np.abs(current / current[3] - 1) < 0.03)
    assert np.abs(current[2] / current[4] - 1) < 1e-12


def wkb(v: float, phi: float, thickness: float) -> float:
    """T = 0 WKB current density of a symmetric barrier: supply times exp(-2 integral of kappa)."""
    k = 2 * np.sqrt(2 * ELECTRON_MASS * ELEMENTARY_CHARGE) / HBAR

    def action(energy: float) -> float:  # below the emitter's Fermi level, in V
        def root(x: float) -> float:
            return np.sqrt(max(phi - energy - v * x / thickness, 0.0))

        end = thickness if v <= phi - energy else thickness * (phi - energy) / v
        return k * quad(root, 0.0, end)[0]

    # Electrons at depth e below the emitter's Fermi level; those below v flow one way only.
    def supply(depth: float) -> float:
        return min(depth, v) * np.exp(-action(-depth))

    factor = ELECTRON_MASS * ELEMENTARY_CHARGE**3 / (2 * np.pi**2 * HBAR**3)
    near = quad(supply, 0.0, v, limit=200)[0]
    far = quad(supply, v, v + 3.0, limit=200)[0]
    return factor * (near + far)


@pytest.mark.parametrize(
    ("phi", "thickness", "table"),
    [
        (0.4, 2.8e-9, {0.1: 0.949, 1 / 3: 0.956, 0.5: 0.945, 0.75: 0.863, 1.0: 0.646}),
        (2.0, 3.0e-9, {1 / 3: 0.95, 0.5: 0.83, 0.75: 0.52, 1.0: 0.16}),
    ],
)
def test_distance_to_the_wkb_integral_is_as_documented(
    phi: float, thickness: float, table: dict[float, float]
) -> None:
    for fraction, expected in table.items():
        v = fraction * phi
        ratio = ours(np.array([v]), phi, phi, thickness)[0] / 1e-12 / wkb(v, phi, thickness)
        assert ratio == pytest.approx(expected, abs=0.02), fraction


def test_beyond_the_barrier_it_becomes_fowler_nordheim() -> None:
    fn = registry.conduction("fowler_nordheim")
    values = {"phi": 2.0, "thickness": 3e-9, "mass": 1.0, "area": 1e-12}
    v = np.array([3.3, 5.0, 10.0, -10.0])  # beyond 1.6 phi
    assert ours(v, 2.0, 2.0, 3e-9) == pytest.approx(
        fn.function(v, 300.15, **fn.si(values)), rel=1e-9
    )


def test_second_derivative_has_no_jump() -> None:
    """Across 0 V and both ends of the blend, the second difference of ln I stays bounded."""
    v = np.linspace(-1.5, 1.5, 60001)
    v = v[np.abs(v) > 2e-3]
    log = np.log(np.abs(ours(v, 0.35, 0.41, 2.8e-9)))
    step = v[1] - v[0]
    for edge in (0.35, 0.41, 1.6 * 0.35, 1.6 * 0.41):
        for sign in (-1, 1):
            near = np.abs(v - sign * edge) < 0.01
            bend = np.diff(log[near], 2) / step**2
            assert np.max(np.abs(np.diff(bend))) < 0.05 * (np.max(np.abs(bend)) + 1)
