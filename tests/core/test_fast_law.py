"""Compiled laws against the dual numbers, which are held against SymPy and finite differences."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactmodels import registry
from compactmodels.dual import Dual, variables
from compactmodels.fast_law import FAILED, ConductionLaw, DecayLaw, LogResidual
from compactmodels.fast_law_source import generate
from compactmodels.junction import current_behind
from compactmodels.parts import Conduction
from tests.core.battery import values_of

CONDUCTIONS = sorted(registry.conductions())
RELAXATIONS = sorted(registry.relaxations())
TEMPERATURE = st.floats(200.0, 450.0)


def lifted(si: dict[str, float]) -> dict[str, Any]:
    """Every parameter as a variable of its own."""
    return dict(zip(si, variables(*si.values())))


def agree(found: Dual, expected: Dual, si: dict[str, float], relative: float = 1e-9) -> bool:
    """Values, and slopes times their parameter, to a share of the value and of the slope."""
    with np.errstate(all="ignore"):
        level = np.abs(expected.value)
        close = np.abs(found.value - expected.value) <= relative * level + 1e-290
        pairs = zip(found.partials, np.broadcast_to(expected.partials, found.partials.shape))
        for (a, b), p in zip(pairs, si.values()):
            off, scale = np.abs((a - b) * p), np.abs(b * p) + level
            close &= (off <= relative * scale + 1e-290) | ~np.isfinite(scale)
    return bool(np.all(close))


@pytest.mark.parametrize("name", CONDUCTIONS)
@settings(max_examples=25)
@given(data=st.data())
def test_mechanism_and_slopes_equal_the_duals(name: str, data: Any) -> None:
    part = registry.conduction(name)
    si = part.si(data.draw(values_of(part.parameters)))
    temperature = data.draw(TEMPERATURE)
    v = np.array([-10.0, -2.0, -0.3, -1e-3, 0.0, 1e-3, 0.3, 2.0, 10.0, data.draw(st.floats(-5, 5))])
    found = ConductionLaw(part, temperature, series=False)(v, lifted(si))
    with np.errstate(all="ignore"):
        expected = part.function(v, temperature, **lifted(si))
    assert agree(found, expected, si)


@pytest.mark.parametrize("name", CONDUCTIONS)
def test_behind_a_series_resistance(name: str) -> None:
    part = registry.conduction(name)
    si = part.si(part.defaults)
    v = np.linspace(-1.2, 1.2, 49)
    reach = float(np.max(np.abs(part.function(v, 300.0, **si))))
    si["r_s"] = 0.3 / reach  # takes a good part of the voltage
    law = ConductionLaw(part, 300.0, series=True)

    def current(vj: Any, x: Any) -> Any:
        return part.function(vj, 300.0, **{p.name: x[p.name] for p in part.parameters})

    for factor in (1.0, 1.1, 0.3, 30.0):  # the search begins where the last one ended
        si["r_s"] *= factor
        expected, _ = current_behind(current, lifted(si), v, lifted(si)["r_s"])
        assert agree(law(v, lifted(si)), expected, si)


@pytest.mark.parametrize("name", RELAXATIONS)
@settings(max_examples=25)
@given(data=st.data())
def test_decay_law_and_slopes_equal_the_duals(name: str, data: Any) -> None:
    part = registry.relaxation(name)
    si = part.si(data.draw(values_of(part.parameters)))
    t = np.geomspace(1e-6, 1e3, 12)
    with np.errstate(all="ignore"):
        expected = part.function(t, **lifted(si))
    assert agree(DecayLaw(part)(t, lifted(si)), expected, si)


@pytest.mark.parametrize("series", [False, True])
@pytest.mark.parametrize("name", CONDUCTIONS)
def test_residuals_in_one_pass_are_those_of_the_law(name: str, series: bool) -> None:
    part = registry.conduction(name)
    si = part.si(part.defaults)
    v = np.linspace(0.05, 1.2, 24)
    y = np.abs(part.function(v, 300.0, **si)) * np.linspace(0.5, 2.0, v.size)
    weight = np.linspace(0.2, 1.0, v.size)
    si = {**si, "r_s": 0.1 * float(np.min(v / y))} if series else si
    law = ConductionLaw(part, 300.0, series=series)
    log = {n: k % 2 == 0 for k, n in enumerate(si)}  # searched in their logarithm or as they are
    moved = [(n, log[n], 0.5) for n in si]
    u = np.array([np.log(2 * x) if log[n] else 2 * x for n, x in si.items()])
    r, jacobian = LogResidual(law, v, y, weight, {}, moved)(u)
    value = law(v, lifted(si))
    slopes = value.partials * np.array([[x if log[n] else 0.5] for n, x in si.items()])
    seen = value.value / y > 0
    assert np.all(r[~seen] == FAILED) and np.all(jacobian[:, ~seen] == 0.0)
    np.testing.assert_allclose(r[seen], (-weight * np.log(value.value / y))[seen], atol=1e-9)
    expected = -weight * slopes / value.value
    np.testing.assert_allclose(jacobian[:, seen], expected[:, seen], rtol=1e-6, atol=1e-9)


def test_a_reading_of_the_other_sign_and_no_current_have_failed() -> None:
    law = ConductionLaw(registry.conduction("ohmic"), 300.0, series=False)
    v, y = np.array([1.0, 1.0, 0.0]), np.array([2.0, -2.0, 2.0])
    r, jacobian = LogResidual(law, v, y, np.ones(3), {}, [("g", True, 1.0)])(np.array([0.0]))
    np.testing.assert_allclose(r, [np.log(2.0), FAILED, FAILED])
    np.testing.assert_array_equal(jacobian, [[-1.0, 0.0, 0.0]])
    lost, flat = LogResidual(law, v, y, np.ones(3), {}, [("g", True, 1.0)])(np.array([np.nan]))
    assert np.all(lost == FAILED) and not np.any(flat)


def test_only_what_moves_has_slopes() -> None:
    part = registry.conduction("direct_tunneling")
    law = ConductionLaw(part, 300.0, series=False)
    si = part.si(part.defaults)
    v = np.linspace(-0.3, 0.3, 7)
    (phi1,) = variables(si["phi1"])
    found = law(v, {**si, "phi1": phi1})
    assert found.partials.shape == (1, 7)
    assert isinstance(law(v, si), np.ndarray)
    # a parameter that depends on two variables carries both slopes
    x, y = variables(0.5 * si["phi1"], 0.5 * si["phi1"])
    twice = law(v, {**si, "phi1": x + y})
    np.testing.assert_allclose(twice.partials, np.repeat(found.partials, 2, axis=0), rtol=1e-12)


def test_a_law_travels_between_processes() -> None:
    part = registry.conduction("sinh")
    law = ConductionLaw(part, 300.0, series=False)
    si, v = part.si(part.defaults), np.linspace(0.1, 1, 5)
    before = law(v, lifted(si))
    after = pickle.loads(pickle.dumps(law))(v, lifted(si))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(after.partials, before.partials)


def test_without_a_junction_voltage_the_current_is_nan() -> None:
    part = registry.conduction("ohmic")
    law = ConductionLaw(part, 300.0, series=True)
    si = lifted({"g": float("nan"), "r_s": 1.0})
    assert np.all(np.isnan(law(np.array([0.5, 1.0]), si).value))


def test_a_plugin_needs_nothing_more() -> None:
    """A part of somebody else's: the code is made from its own function."""

    def current(v: Any, temperature: Any, g: Any) -> Any:
        """g V^3."""
        return g * v * v * v

    ohmic = registry.conduction("ohmic")
    own = Conduction("cubic_here", "", current, ohmic.parameters, "", "")
    found = ConductionLaw(own, 300.0, series=False)(np.array([2.0]), lifted({"g": 3.0}))
    assert found.value[0] == 24.0 and found.partials[0, 0] == 8.0
    assert "def explicit" in generate(own, ("g",))
