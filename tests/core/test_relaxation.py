"""Relaxations: the law against 40 digits, and the state equation integrated against the law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from compactmodels import registry
from compactmodels.errors import CardError
from compactmodels.model import Branch, Model
from compactmodels.relaxation import shifted_power, stretched
from tests.fitting import oracle

T = np.geomspace(1e-6, 1e3, 91)
"""Nine decades of time [s]."""
LAWS = {
    "exponential": [(0.0, 1.0, 1e-3), (0.3, 2e-9, 20.0)],
    "double_exponential": [(0.0, 0.7, 1e-3, 0.3, 5.0), (1e-9, 5e-9, 0.02, 2e-9, 30.0)],
    "stretched": [(0.0, 1.0, 1e-3, 0.3), (0.2, 3.0, 10.0, 0.8), (0.0, 1.0, 5.0, 1.0)],
    "power": [(0.1142, 0.4953), (0.002795, 1.372)],
    "shifted_power": [(1.0, 1e-3, 0.5), (0.4, 3.0, 2.5)],
}
CASES = [(name, values) for name, several in LAWS.items() for values in several]
AUTONOMOUS = [c for c in CASES if registry.relaxation(c[0]).rate is not None]


def test_every_law_is_held_against_the_oracle() -> None:
    assert sorted(LAWS) == sorted(registry.relaxations())


@pytest.mark.parametrize(("name", "values"), CASES)
def test_the_law_equals_the_oracle(name: str, values: tuple[float, ...]) -> None:
    """To the rounding of an exponent, which is the larger the less is left: absolute below 1e-20."""
    found = registry.relaxation(name).function(T, *values)
    exact = getattr(oracle, name)(T, *values)
    np.testing.assert_allclose(found, exact, rtol=2e-14, atol=1e-20 * exact[0])


@pytest.mark.parametrize(("name", "values"), AUTONOMOUS)
def test_the_state_equation_integrated_is_the_law(name: str, values: tuple[float, ...]) -> None:
    """ln y over ln t, so that nine decades of time are nine decades: Dormand & Prince, 1e-12."""
    part = registry.relaxation(name)
    assert part.rate is not None
    law = dict(zip((p.name for p in part.parameters), values, strict=True))
    if "y0" in law:
        law["y0"] = 0.0  # the state is what decays
    own = {p.name: law[p.name] for p in part.rate_parameters}
    exact = part.function(T, **law)
    seen = exact > 1e-12 * exact[0]

    def slope(u: float, z: np.ndarray) -> np.ndarray:
        return np.exp(u - z) * part.rate(np.exp(z), **own)

    u = np.log(T[seen])
    out = solve_ivp(
        slope, (u[0], u[-1]), np.log(exact[:1]), "DOP853", t_eval=u, rtol=1e-12, atol=1e-13
    )
    np.testing.assert_allclose(np.exp(out.y[0]), exact[seen], rtol=2e-9)


@pytest.mark.parametrize("beta", [0.2, 0.5, 0.9, 1.0])
def test_a_stretched_state_that_starts_at_its_amplitude_joins_the_law(beta: float) -> None:
    """The rate diverges at y = A; regularised there, it delays the law by (1/beta - 1) 1e-9 tau."""
    tau, a = 2.0, 0.5
    assert np.isfinite(stretched.rate(a, a, tau, beta))
    early = stretched.EARLY**beta  # ln(A/y) at t = EARLY tau
    fastest = -float(stretched.rate(a, a, tau, beta)) / a
    reached = early / fastest  # seconds for the first EARLY**beta, at the rate held
    assert reached == pytest.approx(stretched.EARLY * tau / beta, rel=1e-9)
    later = float(stretched.rate(a * np.exp(-early), a, tau, beta))
    assert later / np.exp(-early) == pytest.approx(-fastest * a, rel=1e-6)


def test_a_state_above_its_amplitude_decays_too() -> None:
    for rate in (stretched.rate(1.0, 0.5, 1.0, 0.5), shifted_power.rate(1.0, 0.5, 1.0, 0.5)):
        assert np.isfinite(rate)
        assert rate < 0


@pytest.mark.parametrize("name", ["stretched", "shifted_power", "power", "exponential"])
def test_an_empty_state_stays(name: str) -> None:
    part = registry.relaxation(name)
    assert part.rate is not None
    values = {p.name: p.default for p in part.rate_parameters}
    assert part.rate(0.0, **values) == 0.0


def test_the_limits_in_which_laws_nest() -> None:
    t = np.linspace(0.1, 5, 20)
    law = {n: registry.relaxation(n).function for n in LAWS}
    plain = law["exponential"](t, 0.1, 2.0, 0.7)
    np.testing.assert_allclose(law["stretched"](t, 0.1, 2.0, 0.7, 1.0), plain, rtol=1e-14)
    np.testing.assert_allclose(
        law["double_exponential"](t, 0.1, 0.5, 0.7, 1.5, 0.7), plain, rtol=1e-14
    )
    shifted = law["shifted_power"](t, 0.1 * 1e-9**-0.5, 1e-9, 0.5)
    np.testing.assert_allclose(shifted, law["power"](t, 0.1, 0.5), rtol=1e-8)
    many = law["shifted_power"](t, 2.0, 1e6 * 0.7, 1e6)
    np.testing.assert_allclose(many, law["exponential"](t, 0.0, 2.0, 0.7), rtol=1e-4)


def test_a_law_of_two_states_is_no_relaxation_of_one() -> None:
    branch = Branch("g", registry.conduction("ohmic"), "volatile")
    with pytest.raises(CardError, match="two_relaxations"):
        Model(
            (branch,),
            registry.switching("volatile_gate"),
            registry.relaxation("double_exponential"),
        )
