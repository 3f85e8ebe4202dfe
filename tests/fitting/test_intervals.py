"""Intervals: against a brute-force profile, at bounds, without an end, and where nothing is fixed."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import t as student

from compactmodels.data import Trace
from compactmodels.errors import FitRefused
from compactmodels.functions import exp, log
from compactmodels.parameter import Parameter
from compactmodels.registry import relaxation
from fitting import autocorrelation, bootstrap, fit_decay, fit_iv
from fitting.candidate import Candidate, settle
from fitting.diagnostics import spread
from fitting.engine import minimise
from fitting.estimates import derived, level_offset
from fitting.intervals import finalise
from fitting.problem import Problem
from fitting.profile import Quantity
from tests.fitting import oracle, truths

AREA = np.pi * 10e-6**2


def candidate(law, x, y, free, start) -> Candidate:
    """A law of one's own, fitted."""
    problem = Problem(law, x, y, tuple(free), {})
    return settle(relaxation("power"), minimise(problem, [start]))


def noisy(y, seed=0, size=0.02):
    return y * np.exp(size * np.random.default_rng(seed).standard_normal(y.size))


# ---------------------------------------------------------------- neighbours that resemble


def test_the_correlation_seen_through_the_fit_is_that_of_the_matrices(monkeypatch):
    monkeypatch.setattr(autocorrelation, "CAUTION", 0.0)
    n, k, rng = 50, 3, np.random.default_rng(4)
    q = np.linalg.qr(np.vander(np.linspace(-1, 1, n), k))[0]
    left = np.eye(n) - q @ q.T
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    noise = np.linalg.cholesky(0.7**lag) @ rng.standard_normal(n)
    r = left @ noise
    found = autocorrelation.correlated(r, q.T)
    through = left @ found.rho**lag @ left
    seen = np.sum(np.diag(through, 1)) / np.trace(through)
    assert seen == pytest.approx(r[1:] @ r[:-1] / (r @ r), abs=2e-3)
    np.testing.assert_allclose(found.mixing, q.T @ found.rho**lag @ q, atol=0.03)
    assert found.degrees == pytest.approx(np.trace(through), rel=2e-3)


@pytest.mark.parametrize(("rho", "n"), [(0.6, 40), (0.3, 100), (0.9, 300)])
def test_the_correlation_is_not_biased_by_the_fit(monkeypatch, rho, n):
    monkeypatch.setattr(autocorrelation, "CAUTION", 0.0)
    rng = np.random.default_rng(1)
    q = np.linalg.qr(np.vander(np.linspace(-1, 1, n), 3))[0]
    found, plain = [], []
    for _ in range(300):
        z = rng.standard_normal(n)
        for k in range(1, n):
            z[k] = rho * z[k - 1] + math.sqrt(1 - rho**2) * z[k]
        r = z - q @ (q.T @ z)
        found.append(autocorrelation.correlated(r, q.T).rho)
        plain.append(r[1:] @ r[:-1] / (r @ r))
    assert np.median(found) == pytest.approx(rho, abs=0.04)
    assert rho - np.median(plain) > 2 * abs(rho - np.median(found))


# ---------------------------------------------------------------- the profile


def two_parameters(x, si):
    return si["a"] * exp(-x / si["tau"])


def decay(start=2.0) -> tuple[np.ndarray, np.ndarray, list[Parameter]]:
    x = np.linspace(0.0, 1.0, 12)
    free = [
        Parameter("a", 1.0, "1", "", 1e-6, 1e6, log=True),
        Parameter("tau", start, "1", "", 1e-3, 1e6),
    ]
    return x, free


def test_the_ends_are_those_of_a_brute_force_profile():
    x, free = decay()
    y = noisy(np.exp(-x / 2.0), 3, 0.1)
    found = finalise(candidate(two_parameters, x, y, free, {"a": 1.0, "tau": 2.0}))
    e = found.estimates["tau"]
    assert e.method == "profile"

    def cost(tau):  # the level is linear in ln a: its best value is the mean residual
        r = np.log(y) + found.offset + x / tau
        return float(np.sum((r - r.mean()) ** 2))

    best = minimize_scalar(cost, bounds=(0.2, 50), method="bounded", options={"xatol": 1e-10}).fun
    s = spread(found.solution)
    rho = autocorrelation.correlated(
        found.solution.residual, np.linalg.qr(found.solution.jacobian.T)[0].T
    )
    assert s.dof == max(rho.n_effective - 2, 3)
    growth = s.covariance[1, 1] / s.white[1, 1]
    top = best + student.ppf(0.975, s.dof) ** 2 * best / 10 * growth
    for end in e.interval:  # 2 % of the half-width is 4 % of the rise
        assert cost(end) - best == pytest.approx(top - best, rel=0.05)
    assert e.interval[1] - e.value > 1.3 * (e.value - e.interval[0])


def test_where_the_equation_is_straight_the_covariance_stands():
    x = np.geomspace(0.1, 15, 60)
    result = fit_decay(Trace(x, None, noisy(oracle.power(x, 0.1, 0.5))), "power")
    for e in result.parameters.values():
        assert e.method == "covariance"
        if e.interval[0] > 0:
            middle = math.sqrt(e.interval[0] * e.interval[1])
            assert middle == pytest.approx(e.value, rel=1e-3)


def test_an_end_that_the_data_do_not_set_is_not_invented():
    v = np.linspace(-0.2, 0.2, 41)
    result = fit_iv(Trace(None, v, noisy(1e-6 * 2.0 * np.sinh(v / 2.0), 1)), "sinh")
    e = result.parameters["v0"]
    assert e.interval[1] == math.inf
    assert 0.2 < e.interval[0] < 2.0
    said = [w.message for w in result.warnings if w.code == "open_interval"]
    assert said and "'v0' from above" in said[0]
    document = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert document["parameters"]["v0"]["interval"][1] is None
    assert document["parameters"]["v0"]["method"] == "profile"
    result.card("my-device")


def test_an_estimate_on_its_bound_has_a_one_sided_interval():
    x = np.linspace(0.0, 1.0, 40)
    free = [
        Parameter("a", 1.0, "1", "", 1e-6, 1e6, log=True),
        Parameter("m", 0.5, "1", "a rise that cannot be negative", 0.0, 10.0),
    ]

    def law(x, si):
        return si["a"] * exp(si["m"] * x)

    y = noisy(np.exp(-0.02 * x), 2)
    found = candidate(law, x, y, free, {"a": 1.0, "m": 0.5})
    assert found.solution.at_bound == ("m",)
    e = finalise(found).estimates["m"]
    assert e.interval[0] == pytest.approx(0.0, abs=1e-5)
    assert 0.0 < e.interval[1] < 0.1
    assert e.method == "profile"


# ---------------------------------------------------------------- what was not needed


def test_a_resistance_that_does_not_show_still_counts():
    v = np.linspace(0.01, 0.4, 60)
    exact = oracle.thermionic_emission(v, 0.7, 1.4, AREA, 300.15, 300.0)
    result = fit_iv(Trace(None, v, noisy(exact, 6), 300.15), "thermionic_emission", area=AREA)
    assert "series_resistance_unresolved" in {w.code for w in result.warnings}
    r_s, n = result.parameters["r_s"], result.parameters["n"]
    assert r_s.value == 0.0 and r_s.how == "assumed" and r_s.method == "profile"
    assert r_s.interval[0] == 0.0 and 300.0 < r_s.interval[1] < 3000.0
    low, high = n.interval
    assert low <= 1.4 <= high
    alone = fit_iv(Trace(None, v, noisy(exact, 6), 300.15), "sinh", max_rms=9.0)
    assert alone.selected == "sinh"  # the trace itself is sound
    above, below = high - n.value, n.value - low
    assert below > 1.2 * above  # a resistance would lower n, never raise it


# ---------------------------------------------------------------- what the data do not fix


@pytest.mark.parametrize(
    ("power", "combination"), [(1.0, "a b"), (0.5, "a b^0.5"), (-2.0, "b a^-0.5")]
)
def test_what_cannot_be_separated_is_refused_with_what_is_fixed(power, combination):
    x = np.linspace(0.1, 1.0, 30)
    free = [
        Parameter("a", 1.0, "1", "", 1e-3, 1e3, log=True),
        Parameter("b", 1.0, "1", "", 1e-3, 1e3, log=True),
    ]

    def law(x, si):
        return exp(-x * si["a"] * exp(power * log(si["b"])))

    y = noisy(np.exp(-x * 2.0))
    found = candidate(law, x, y, free, {"a": 2.0, "b": 1.1})
    with pytest.raises(FitRefused) as caught:
        finalise(found)
    assert caught.value.code == "unidentifiable"
    text = caught.value.message
    assert "'a' and 'b'" in text
    assert f"{combination} (to 0." in text


def test_three_parameters_of_one_product_are_named():
    x = np.linspace(0.1, 1.0, 30)
    free = [Parameter(n, 1.0, "1", "", 1e-3, 1e3, log=True) for n in ("d", "m", "phi")]

    def law(x, si):
        return exp(-x * si["d"] * exp(0.5 * log(si["m"] * si["phi"])))

    found = candidate(law, x, noisy(np.exp(-x * 2)), free, {"d": 2.0, "m": 1.0, "phi": 1.1})
    with pytest.raises(FitRefused, match="'d' and 'm' and 'phi'") as caught:
        finalise(found)
    assert caught.value.code == "unidentifiable"
    assert any(f"{p} (to 0." in caught.value.message for p in SAME), caught.value.message


SAME = ("d m^0.5 phi^0.5", "d phi^0.5 m^0.5", "m d^2 phi", "phi d^2 m", "phi m d^2", "m phi d^2")


def test_correlated_parameters_are_said_with_the_product_that_is_known():
    v = np.linspace(-0.3, 0.3, 61)
    i = noisy(oracle.direct_tunneling(v, 0.41, 0.35, 2.8e-9, 1, AREA))
    result = fit_iv(Trace(None, v, i), "direct_tunneling", area=AREA, thickness=2.8e-9)
    said = [w.message for w in result.warnings if w.code == "correlated"]
    assert said and "phi1 phi2" in said[0] and "(to 0." in said[0]


# ---------------------------------------------------------------- residuals that are not even


def test_the_bootstrap_takes_over_where_the_scatter_that_counts_is_larger():
    x = np.linspace(0.0, 1.0, 80)
    free = [
        Parameter("a", 1.0, "1", "", 1e-6, 1e6, log=True),
        Parameter("m", 0.5, "1", "", -10.0, 10.0),
    ]

    def law(x, si):
        return si["a"] * exp(si["m"] * x * x * x)

    z = np.random.default_rng(0).standard_normal(80)
    even = finalise(candidate(law, x, np.exp(0.02 * z), free, {"a": 1.0, "m": 0.5}))
    grows = np.exp(0.02 * z * np.geomspace(0.05, 2, 80))
    uneven = finalise(candidate(law, x, grows, free, {"a": 1.0, "m": 0.5}))
    assert even.estimates["m"].method == "covariance"
    assert uneven.estimates["m"].method == "bootstrap"
    low, high = uneven.estimates["m"].interval
    t = student.ppf(0.975, 78)
    assert high - low > 1.2 * 2 * t * math.sqrt(uneven.spread.white[1, 1])


def test_the_bootstrap_is_students_interval_for_even_noise_and_repeats_itself():
    n = 60
    x = np.linspace(-1, 1, n)
    root = np.linalg.qr(np.vander(x, 2))[0].T
    z = np.random.default_rng(3).standard_normal(n)
    r = z - root.T @ (root @ z)
    influence = root[0]
    half = bootstrap.half_width(influence, root, r, 1, 0.95)
    expected = student.ppf(0.975, n - 2) * math.sqrt(r @ r / (n - 2))
    assert half == pytest.approx(expected, rel=0.2)
    assert half == bootstrap.half_width(influence, root, r, 1, 0.95)
    assert math.isnan(bootstrap.half_width(influence, root, r, 10, 0.95))


@pytest.mark.parametrize("in_log", [True, False])
def test_the_skewness_tells_which_mean_the_noise_keeps(in_log):
    x, size = np.geomspace(0.1, 15, 1000), 0.15
    z = size * np.random.default_rng(1).standard_normal(x.size)
    y = oracle.power(x, 0.1, 0.5) * (np.exp(z) if in_log else 1 + z)
    free = [
        Parameter("b", 0.1, "1", "", 1e-6, 1e6, log=True),
        Parameter("m", 0.5, "1", "", 0.0, 10.0),
    ]

    def law(x, si):
        return si["b"] * exp(-si["m"] * log(x))

    found = candidate(law, x, y, free, {"b": 0.1, "m": 0.5})
    expected = 0.0 if in_log else size**2 / 2
    assert level_offset(found.solution, found.spread) == pytest.approx(expected, abs=1e-3)


def test_long_records_are_handled_in_blocks(monkeypatch):
    n, rng = 200, np.random.default_rng(2)
    q = np.linalg.qr(np.vander(np.linspace(-1, 1, n), 3))[0]
    r = np.convolve(rng.standard_normal(n + 4), np.ones(5), "valid")
    whole = autocorrelation.correlated(r, q.T)
    monkeypatch.setattr(autocorrelation, "_BLOCK", 17)
    parts = autocorrelation.correlated(r, q.T)
    assert parts.rho == pytest.approx(whole.rho, rel=1e-9)
    np.testing.assert_allclose(parts.mixing, whole.mixing, atol=1e-9)
    left = r * np.linspace(0.1, 2, n)
    few = bootstrap.half_width(q[:, 0], q.T, left, 1, 0.95)
    monkeypatch.setattr(bootstrap, "MANY", 100)
    assert bootstrap.half_width(q[:, 0], q.T, left, 1, 0.95) == pytest.approx(few, rel=0.1)


def test_a_side_valley_is_left_for_the_better_minimum_that_is_met():
    x = np.linspace(0.0, 6.0, 60)
    free = [Parameter("w", 1.0, "1", "", 0.05, 20.0)]

    def law(x, si):
        w = si["w"]  # two valleys, the one at 3 a little deeper
        return exp((w - 1.0) * (w - 1.0) * (w - 3.0) * (w - 3.0) * x / 40.0 + 0.01 * (3.0 - w))

    y = noisy(np.ones(60), 0, 0.2)
    found = candidate(law, x, y, free, {"w": 0.8})
    at = found.solution.values["w"]
    result = finalise(found)
    e = result.estimates["w"]
    assert at < 2.0
    assert e.interval[0] < 3.0 < e.interval[1]
    assert result.solution.cost <= found.solution.cost


def test_the_card_says_where_an_interval_is_from():
    v = np.linspace(-0.2, 0.2, 41)
    result = fit_iv(Trace(None, v, noisy(1e-6 * 2.0 * np.sinh(v / 2.0), 1)), "sinh")
    card = result.card("my-device")
    assert card.entries["sinh_v0"].note.startswith("95 %: above 0.")
    said = card.provenance["parameters"]
    assert said["v0"].endswith("(fitted, profile)")
    assert "(fitted, " in said["g"]


def test_an_end_without_a_bound_is_infinite():
    x = np.linspace(0.1, 1.0, 40)
    free = [Parameter("k", 3.0, "1", "", -5.0)]

    def law(x, si):
        return exp(-x * exp(-si["k"]))

    found = candidate(law, x, noisy(np.exp(-1e-3 * x), 1), free, {"k": 3.0})
    low, high = finalise(found).estimates["k"].interval
    assert 3.0 < low < 7.0
    assert high == math.inf


def test_what_follows_from_two_parameters_has_the_interval_of_a_fit_in_its_own_terms():
    x, free = decay()
    y = noisy(np.exp(-x / 2.0), 3, 0.15)

    def ratio(problem):  # ln(a/tau), the initial slope
        def at(u):
            return float(u[0] - np.log(u[1])), np.array([1.0, -1.0 / u[1]])

        return Quantity("slope", "1", True, at)

    found = candidate(two_parameters, x, y, free, {"a": 1.0, "tau": 2.0})
    follows = derived(ratio(found.solution.problem), found.solution, found.spread)
    found = replace(
        found, estimates={**found.estimates, "slope": follows}, derived={"slope": ratio}
    )
    e = finalise(found).estimates["slope"]

    def other(x, si):
        return si["slope"] * si["tau"] * exp(-x / si["tau"])

    slope = Parameter("slope", 0.5, "1", "", 1e-6, 1e6, log=True)
    tau = Parameter("tau", 2.0, "1", "", 1e-2, 1e2, log=True)
    again = finalise(candidate(other, x, y, [slope, tau], {"slope": 0.5, "tau": 2.0}))
    expected = again.estimates["slope"]
    assert e.method == expected.method
    assert e.interval[1] == pytest.approx(expected.interval[1], rel=0.02)
    assert e.value == pytest.approx(expected.value, rel=1e-3)


def test_the_interval_of_a_combination_warns_of_nothing_where_its_search_leaves_the_bounds():
    """A Newton step beyond them may ask for the root of a barrier below 0 (this sweep does)."""
    sample = truths.draw("direct_tunneling", 135)
    trace = Trace(None, sample.voltage, sample.current, 300.15)
    found = fit_iv(trace, "auto")
    low, high = found.parameters["v_rise"].interval
    assert low < found.parameters["v_rise"].value < high
