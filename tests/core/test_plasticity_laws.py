"""The plasticity laws: each against 40 digits, its own derivative, its units and its documentation."""

from __future__ import annotations

import re
from typing import Any

import mpmath as mp
import numpy as np
import pint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactmodels import functions, registry
from compactmodels.dual import variables
from compactmodels.errors import SimulationError
from compactmodels.parts import Dependence
from compactmodels.plasticity.pulsed_conductance import (
    advanced,
    progress,
    progress_rate,
    rate_of,
    spent,
)

LAWS = list(registry.dependences().values())
SHAPE = st.one_of(
    st.floats(-38.0, 38.0), st.floats(-1e-2, 1e-2), st.sampled_from([0.0, 1e-9, -1e-9, 3.0])
)


def by_name(part: Dependence) -> str:
    return part.name


def exact(name: str, x: float, v: dict[str, float]) -> Any:
    """The law at 40 digits, written from the literature's formula."""
    q = {k: mp.mpf(value) for k, value in v.items()}
    x = mp.mpf(x)
    side = "plus" if x >= 0 else "minus"
    return {
        "paired_pulse": lambda: q["c1"] * mp.exp(-x / q["t1"]) + q["c2"] * mp.exp(-x / q["t2"]),
        "paired_pulse_single": lambda: q["c1"] * mp.exp(-x / q["t1"]),
        "stdp_exponential": lambda: (
            q[f"a_{side}"] * mp.exp(-abs(x) / q[f"tau_{side}"]) + q[f"w_{side}"]
        ),
        "stdp_exponential_symmetric": lambda: q["a"] * mp.exp(-abs(x) / q["tau"]) + q["w0"],
        "stdp_gaussian": lambda: q["a"] * mp.exp(-((x / q["tau"]) ** 2)) + q["w0"],
        "stdp_gaussian_asymmetric": lambda: (
            q[f"a_{side}"] * mp.exp(-((x / q[f"tau_{side}"]) ** 2)) + q[f"w_{side}"]
        ),
        "linear_dependence": lambda: q["y0"] + q["b"] * x,
        "power_dependence": lambda: q["y0"] + q["a"] * x ** q["m"],
        "exponential_dependence": lambda: q["y0"] + q["a"] * mp.exp(x / q["x0"]),
        "saturating_dependence": lambda: q["y0"] + q["a"] * (1 - mp.exp(-x / q["x0"])),
        "pulsed_conductance": lambda: (
            q["g_start"]
            + (q["g_end"] - q["g_start"])
            * exact_advance(x / q["p_max"], q["rho"], q["gamma"], q["dwell"], q["reach"])
        ),
    }[name]()


def exact_progress(p: Any, rho: Any, gamma: Any) -> Any:
    """-ln(1 + (exp(-gamma) - 1) (exp(-rho p) - 1)/(exp(-rho) - 1))/gamma, limits by a hair's breadth."""
    with mp.workdps(120):
        hair = mp.mpf("1e-45")
        rho, gamma = (x if abs(x) > hair else hair for x in (mp.mpf(rho), mp.mpf(gamma)))
        inner = mp.expm1(-gamma) * mp.expm1(-rho * mp.mpf(p)) / mp.expm1(-rho)
        return -mp.log(1 + inner) / gamma


def exact_advance(p: Any, rho: Any, gamma: Any, dwell: Any, reach: Any) -> Any:
    """Where the pulses spent are p, at 60 digits; beyond the end it stays."""
    with mp.workdps(60):

        def left(u: Any) -> Any:
            rate = exact_progress(u, gamma, rho) - dwell * mp.expm1(-u / reach)
            return rate / (1 - dwell * mp.expm1(-1 / mp.mpf(reach))) - p

        if p >= 1:
            return mp.mpf(1)
        bracket = (mp.mpf(0), mp.mpf(1))
        return mp.findroot(left, bracket, solver="illinois", tol=1e-110, maxsteps=200, verify=False)


def drawn(part: Dependence, data: Any) -> dict[str, float]:
    return {
        p.name: data.draw(
            st.floats(-1, 1).map(lambda e, p=p: float(p.default * 10**e))
            if p.log
            else st.floats(max(p.lower, -5.0), min(p.upper, 5.0))
        )
        for p in part.parameters
    }


@pytest.mark.parametrize("part", LAWS, ids=by_name)
@settings(max_examples=8)
@given(data=st.data())
def test_value_and_derivative_against_40_digits(part: Dependence, data: Any) -> None:
    mp.mp.dps = 40
    values = drawn(part, data)
    signed = part.name.startswith("stdp")
    x = data.draw(st.floats(-0.2 if signed else 0.01, 0.2 if part.x_unit == "s" else 4.0))
    size = 1.0 + max(abs(v) for v in values.values())
    duals = variables(*values.values())
    found = part.function(x, **dict(zip(values, duals)))
    assert float(found.value) == pytest.approx(
        float(exact(part.name, x, values)), rel=1e-12, abs=1e-13 * size
    )
    for k, name in enumerate(values):

        def along(value: Any, name: str = name) -> Any:
            return exact(part.name, x, {**values, name: value})

        with mp.workdps(60):
            slope = float(mp.diff(along, mp.mpf(values[name]), h=mp.mpf("1e-20")))
        scale = size * (1.0 + 1.0 / abs(values[name] or 1.0))
        assert float(found.partials[k]) == pytest.approx(slope, rel=1e-8, abs=1e-11 * scale)


@given(rho=SHAPE, gamma=SHAPE, p=st.floats(0.0, 1.0))
def test_progress_is_the_closed_form_and_solves_its_rate(rho, gamma, p):
    d, _, _ = variables(p, rho, gamma)
    found = progress(d, rho, gamma)
    assert float(found.value) == pytest.approx(float(exact_progress(p, rho, gamma)), abs=1e-12)
    rate = float(progress_rate(found.value, rho, gamma))
    first = float(progress_rate(0.0, rho, gamma)) + float(progress_rate(1.0, rho, gamma))
    assert rate == pytest.approx(float(found.partials[0]), rel=1e-6, abs=1e-11 * (1 + first))


@given(
    rho=SHAPE,
    gamma=SHAPE,
    dwell=st.floats(0.0, 3.0),
    reach=st.floats(0.02, 1.0),
    u=st.floats(0.0, 1.0),
)
def test_a_slow_start_is_solved_and_its_rate_is_the_slope(rho, gamma, dwell, reach, u):
    p = float(spent(u, rho, gamma, dwell, reach))
    d, *_ = variables(p, 0.0)
    found = advanced(d, rho, gamma, dwell, reach)
    rate = float(rate_of(found.value, rho, gamma, dwell, reach))
    assert float(spent(found.value, rho, gamma, dwell, reach)) == pytest.approx(p, abs=1e-12)
    # a huge rate is as exact as u itself
    assert float(found.partials[0]) == pytest.approx(rate, rel=1e-9 + 1e-14 * rate)
    assert float(progress_rate(u, rho, gamma)) == pytest.approx(
        float(rate_of(u, rho, gamma, 0.0, reach)), rel=1e-12
    )


def test_a_slow_start_that_is_no_number_is_refused():
    with pytest.raises(SimulationError, match="not a number"):
        advanced(np.array([0.2, np.nan]), 1.0, 2.0, 0.1, 0.1)


@given(rho=SHAPE, gamma=SHAPE)
def test_progress_joins_its_ends_and_never_turns(rho, gamma):
    u = progress(np.linspace(0.0, 1.0, 101), rho, gamma)
    assert u[0] == pytest.approx(0.0, abs=1e-15)
    assert u[-1] == pytest.approx(1.0, abs=1e-14)
    assert np.all(np.diff(u) > -1e-13)


def test_the_issues_general_law_is_this_one():
    """G = g0 - ln(1 + (s0/r) expm1(-g r P))/g with s0, r, g out of the shapes and the ends."""
    start, end, pulses, rho, gamma = 2.0, 5.0, 40.0, 3.0, -2.0
    g = gamma / (end - start)
    r = rho / (g * pulses)
    s0 = r * np.expm1(-gamma) / np.expm1(-rho)
    p = np.linspace(0, pulses, 17)
    law = registry.dependence("pulsed_conductance").function
    expected = start - np.log(1 + s0 / r * np.expm1(-g * r * p)) / g
    np.testing.assert_allclose(
        law(p, start, end, rho, gamma, pulses, 0.0, 0.1), expected, rtol=1e-13
    )


@pytest.mark.parametrize("x", [-100.0, -3.0, -0.0101, -0.0099, 0.0, 1e-9, 0.0099, 0.0101, 79.0])
def test_the_mean_of_exp(x):
    mp.mp.dps = 40
    value = mp.expm1(mp.mpf(x)) / mp.mpf(x) if x else 1.0
    assert float(functions.exp_mean(x)) == pytest.approx(float(value), rel=1e-14)


@pytest.mark.parametrize("part", LAWS, ids=by_name)
def test_documentation_and_dimension(part: Dependence) -> None:
    doc = part.function.__doc__ or ""
    for p in part.parameters:
        assert re.search(rf"\b{p.name}\b", doc), p.name
    assert part.limits and "doi:" in part.reference
    assert set(part.signal + part.along + part.per) <= {p.name for p in part.parameters}
    ureg = pint.UnitRegistry()
    unit = {"s": ureg.second, "1": ureg.dimensionless}
    quantities = {p.name: p.default * unit[p.unit] for p in part.parameters}
    assert part.function(0.3 * unit[part.x_unit], **quantities).check("[]")


def test_an_array_is_its_scalars():
    for part in LAWS:
        x = np.array([0.01, 0.3, 0.9])
        whole = part.function(x, **part.defaults)
        single = [float(part.function(v, **part.defaults)) for v in x]
        np.testing.assert_allclose(whole, single, rtol=1e-15)
