"""The battery's quick half: NumPy, duals, SymPy and units agree on every registered part."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactmodels import constants, registry, units, windows
from compactmodels.dual import Dual, variables
from compactmodels.parts import Conduction, Part, Switching
from compactmodels.symbolic import lambdify, symbol
from compactmodels.traced import trace
from tests.core.battery import close, conduction_card, near_one, switching_card, values_of, worst

CONDUCTIONS = sorted(registry.conductions())
SWITCHINGS = sorted(registry.switchings())
RELAXATIONS = sorted(registry.relaxations())
EQUATIONS = [n for n in RELAXATIONS if registry.relaxation(n).rate is not None]
ALL = [
    *registry.conductions().values(),
    *registry.switchings().values(),
    *registry.relaxations().values(),
]
BIAS = st.floats(-10.0, 10.0)
STATE = st.floats(0.0, 1.0)
TEMPERATURE = st.floats(200.0, 450.0)


@pytest.mark.parametrize("part", ALL, ids=lambda p: f"{type(p).__name__}-{p.name}")
def test_documentation_names_units_limits_and_source(part: Part) -> None:
    doc = part.function.__doc__ or ""
    for parameter in part.parameters:
        assert re.search(rf"\b{parameter.name}\b", doc), f"{parameter.name} is not documented"
    assert "[" in doc or "Rate" in doc or "unit" in doc
    assert part.limits
    assert "doi:" in part.reference or re.search(r"\(\d{4}\)", part.reference)


@pytest.mark.parametrize("name", CONDUCTIONS)
@settings(max_examples=30)
@given(data=st.data())
def test_scalars_equal_arrays_and_all_is_finite(name: str, data: Any) -> None:
    part = registry.conduction(name)
    card = conduction_card(name, data.draw(values_of(part.parameters)), series=False)
    bias = np.array([-100.0, -10.0, data.draw(BIAS), 0.0, 1e-12, 10.0, 100.0])
    current = card.model.current(bias, card.values)
    assert np.all(np.isfinite(current))
    assert current[3] == 0.0
    assert np.all(current * bias >= 0.0)
    single = [float(card.model.current(v, card.values)) for v in bias]
    assert close(single, current, 1e-14)


@pytest.mark.parametrize("name", CONDUCTIONS)
@settings(max_examples=30)
@given(data=st.data())
def test_current_rises_with_the_voltage(name: str, data: Any) -> None:
    part = registry.conduction(name)
    card = conduction_card(name, data.draw(values_of(part.parameters)), series=False)
    current = card.model.current(np.linspace(-10, 10, 4001), card.values)
    # Rounding only; currents below 1e-290 A are denormal or nearly so.
    assert np.all(np.diff(current) >= -1e-13 * np.abs(current[1:]) - 1e-290)


@pytest.mark.parametrize("name", CONDUCTIONS)
@settings(max_examples=25)
@given(data=st.data())
def test_symbolic_equals_numeric(name: str, data: Any) -> None:
    """Value, and SymPy's derivative against the dual's, in V and in every parameter."""
    part = registry.conduction(name)
    values = data.draw(values_of(part.parameters))
    v, temperature = data.draw(BIAS), data.draw(TEMPERATURE)
    names = [p.name for p in part.parameters]
    ordered = [values[name] for name in names]
    bias, *arguments = variables(v, *ordered)
    found = part.function(bias, temperature, **part.si(dict(zip(names, arguments, strict=True))))
    inputs = {"v": v, **{f"b_{n}": x for n, x in values.items()}}
    expected, gradient = _sympy_value_and_gradient(name, inputs, temperature)
    assert close(found.value, expected, 1e-11), worst(found.value, expected)
    # A derivative may cancel: its scale is that of the current over the variable.
    scale = np.abs(expected) / np.maximum(np.abs([v, *ordered]), 1e-30)
    gradient = gradient[[0, *(1 + list(inputs)[1:].index(f"b_{n}") for n in names)]]
    assert np.all(np.abs(found.partials - gradient) <= 1e-9 * (np.abs(gradient) + scale) + 1e-30)


@cache
def _traced_conduction(name: str) -> Any:
    """Each assignment's value, and its SymPy derivative by each name in it, as functions."""
    traced = trace(conduction_card(name, {}, series=False).model)
    rows = []
    for assignment in [*traced.conversions, *traced.branches[0].assignments]:
        names = sorted(s.name for s in assignment.expression.free_symbols)
        slopes = [lambdify(assignment.expression.diff(symbol(n)), names) for n in names]
        rows.append((assignment.name, names, lambdify(assignment.expression, names), slopes))
    return rows


def _sympy_value_and_gradient(
    name: str, inputs: dict[str, float], temperature: float
) -> tuple[float, np.ndarray]:
    """The chain rule over the assignments, each differentiated by SymPy."""
    value = {**inputs, "temperature": temperature}
    gradient = {n: np.eye(len(inputs))[k] for k, n in enumerate(inputs)}
    gradient["temperature"] = np.zeros(len(inputs))
    for target, names, function, slopes in _traced_conduction(name):
        arguments = [value[n] for n in names]
        value[target] = float(function(*arguments))
        gradient[target] = sum(
            (float(d(*arguments)) * gradient[n] for d, n in zip(slopes, names, strict=True)),
            np.zeros(len(inputs)),
        )
    return value["b_i"], gradient["b_i"]


@pytest.mark.parametrize("name", CONDUCTIONS)
@settings(max_examples=25)
@given(data=st.data())
def test_derivative_equals_finite_difference(name: str, data: Any) -> None:
    part = registry.conduction(name)
    card = conduction_card(name, {p.name: p.default for p in part.parameters}, series=False)
    v = data.draw(st.floats(-3.0, 3.0).filter(lambda x: abs(x) > 0.01))
    step = 1e-5 * abs(v)
    low, high = (card.model.current(v + d, card.values) for d in (-step, step))
    (dual,) = variables(v)
    slope = card.model.current(dual, card.values).partials[0]
    rounding = 1e-15 * float(np.abs(high)) / step  # of the two currents, in their difference
    assert slope == pytest.approx((high - low) / (2 * step), rel=2e-5, abs=1e-25 + rounding)


@pytest.mark.parametrize("name", CONDUCTIONS)
@settings(max_examples=25)
@given(data=st.data(), r_s=st.floats(-3.0, 9.0).map(lambda x: 10.0**x))
def test_series_resistance_takes_its_share(name: str, data: Any, r_s: float) -> None:
    """The implicit current satisfies its own equation, and so does its derivative."""
    part = registry.conduction(name)
    values = data.draw(values_of(part.parameters))
    card = conduction_card(name, {**values, "r_s": r_s}, series=True)
    v = np.array([-10.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, data.draw(BIAS)])
    (branch,) = card.model.branches
    si = card.model.si(card.values)["b"]
    (dual,) = variables(v)
    current = branch.current(Dual(v, np.ones((1, v.size))), 300.15, si)
    junction = v - r_s * current.value
    straight = branch.junction_current(Dual(junction, np.ones((1, v.size))), 300.15, si)
    # v - r_s i loses digits when nearly all of v drops over r_s: compare where it does not.
    good = np.abs(junction) > 1e-3 * np.abs(v)
    expected = straight.partials[0] / (1 + r_s * straight.partials[0])
    # A steep junction tells the rounding of its exponent: a part in 1e11 of the voltage.
    rounding = np.abs(straight.partials[0]) * 1e-11 * np.abs(v)
    off = np.abs(current.value - straight.value)
    assert np.all((off <= 1e-9 * np.abs(straight.value) + rounding)[good])
    assert close(current.partials[0][good], expected[good], 1e-6)
    assert np.all(np.abs(current.value) <= np.abs(v) / r_s * (1 + 1e-12))
    assert dual.value.shape == v.shape


@pytest.mark.parametrize("name", SWITCHINGS)
@settings(max_examples=30)
@given(data=st.data())
def test_states_stay_within_their_bounds(name: str, data: Any) -> None:
    """At a bound no rate points outwards, whatever the voltage; everything is finite at 100 V."""
    law = registry.switching(name)
    drawn = data.draw(values_of(law.parameters))
    card = switching_card(name, None, {f"sw_{k}": v for k, v in drawn.items()})
    v = np.array([-100.0, -1.0, 0.0, data.draw(BIAS), 100.0])
    for w, s in ((0.0, 0.5), (1.0, 0.5), (0.5, 0.0), (0.5, 1.0)):
        rates = card.model.rates(v, w, s, card.values)
        assert all(np.all(np.isfinite(rate)) for rate in rates)
        for state, rate in zip((w, s), rates, strict=False):
            assert state != 0.0 or np.all(rate >= 0.0)
            assert state != 1.0 or np.all(rate <= 0.0)
    still = card.model.rates(0.0, 0.5, 0.5, card.values)[0]
    retention = card.values.get("sw_tau_w", np.inf)
    assert abs(float(still)) <= 1.0 / retention


@pytest.mark.parametrize("name", EQUATIONS)
@settings(max_examples=25)
@given(data=st.data())
def test_the_state_equation_has_the_law_as_its_solution(name: str, data: Any) -> None:
    part = registry.relaxation(name)
    assert part.rate is not None
    values = {p.name: p.default for p in part.parameters} | {
        p.name: data.draw(near_one(p, 0.2, 3.0)) for p in part.rate_parameters
    }
    values["y0"] = 0.0
    law = {p.name: values[p.name] for p in part.parameters}
    t = data.draw(st.floats(0.05, 5.0))
    (dual,) = variables(t)
    y = part.function(dual, **law)
    rate = part.rate(y.value, **{p.name: values[p.name] for p in part.rate_parameters})
    assert close(rate, y.partials[0], 1e-10)


@pytest.mark.parametrize("part", ALL, ids=lambda p: f"{type(p).__name__}-{p.name}")
def test_dimensions(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    """Called with quantities, every equation yields its own unit."""
    registry_ = pint.UnitRegistry()
    _constants_with_units(part, registry_, monkeypatch)
    quantities = {
        p.name: p.default * p.si_factor * registry_(units.PINT_NAME.get(p.unit, p.unit)).units
        for p in part.parameters
    }
    kelvin, volt = 300.0 * registry_.kelvin, 0.3 * registry_.volt
    if isinstance(part, Conduction):
        assert part.function(volt, kelvin, **quantities).to("A").units == registry_.ampere
    elif isinstance(part, Switching):
        one = 0.5 * registry_.dimensionless
        if part.powered:
            quantities["power"] = 1e-3 * registry_.watt
        for rate in part.function(volt, one, one, kelvin, **quantities):
            rate.to("1/s")
    else:
        assert part.function(2.0 * registry_.second, **quantities).check("[]")


def _constants_with_units(part: Part, ureg: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    unit_of = {
        "ELEMENTARY_CHARGE": "C",
        "BOLTZMANN": "J/K",
        "PLANCK": "J*s",
        "HBAR": "J*s",
        "ELECTRON_MASS": "kg",
        "VACUUM_PERMITTIVITY": "F/m",
        "RICHARDSON": "A/(m**2 * K**2)",
        "ROOM_TEMPERATURE": "K",
    }
    scope = part.function.__globals__
    for name, unit in unit_of.items():
        if name in scope:
            monkeypatch.setitem(scope, name, getattr(constants, name) * ureg(unit))
    for name, unit in (("SECOND", "s"), ("VOLT", "V"), ("LEAST_VOLTAGE", "V")):
        for place in (scope, vars(windows)):
            if name in place:
                monkeypatch.setitem(place, name, place[name] * ureg(unit))
