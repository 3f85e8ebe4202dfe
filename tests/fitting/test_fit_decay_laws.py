"""Every decay law: recovered from the oracle's data, or refused with what the record does fix."""

from __future__ import annotations

import json

import numpy as np
import pytest

from compactmodels import registry
from compactmodels.data import Trace
from compactmodels.errors import CompactModelsError, FitRefused
from fitting import fit_decay
from fitting.decay_laws import _search, fit_law
from fitting.decay_problem import problem_of
from fitting.decay_record import MOST_POINTS, noise_of, record_of
from tests.fitting import oracle
from tests.fitting.decay_truths import WINDOW, draw

LONG = np.geomspace(1e-3, 10.0, 100)
"""Four decades of time [s]."""


def noisy(exact, seed=0, relative=0.02, floor=0.0):
    rng = np.random.default_rng(seed)
    y = exact * (1 + relative * rng.standard_normal(exact.size))
    return y + floor * rng.standard_normal(exact.size)


def fit(t, y, law="auto"):
    return fit_decay(Trace(t, None, y), law)


def refusal(t, y, law="auto"):
    with pytest.raises(CompactModelsError) as caught:
        fit(t, y, law)
    return caught.value.code, caught.value.message


def codes(result):
    return {w.code for w in result.warnings}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", sorted(WINDOW))
def test_auto_selects_the_law_and_its_intervals_hold_the_truth(name, seed):
    sample = draw(name, seed)
    result = fit(sample.t, sample.y)
    assert result.selected == name
    json.dumps(result.to_json(), allow_nan=False)
    for parameter, true in sample.truth.items():
        low, high = result.parameters[parameter].interval
        width = high - low  # 95 % of the time within; never two widths away
        assert low - width < true < high + width
        assert width < 0.5 * abs(true) or parameter == "y0"
    assert result.statistics["rms_decades"] == pytest.approx(0.02 / np.log(10), rel=0.3)


def test_every_law_on_the_list_is_in_the_contest():
    sample = draw("stretched", 0)
    found = fit(sample.t, sample.y).statistics["candidates"]
    assert set(found) == set(registry.relaxations()) == set(WINDOW)


def test_nine_decades_of_time():
    t = np.geomspace(1e-6, 1e3, 200)
    result = fit(t, noisy(oracle.double_exponential(t, 0.1, 1, 1e-4, 0.5, 10)))
    assert result.selected == "double_exponential"
    assert result.parameters["tau1"].value == pytest.approx(1e-4, rel=0.05)
    assert result.parameters["tau2"].value == pytest.approx(10, rel=0.05)
    assert fit(t, noisy(oracle.power(t, 1, 0.3))).selected == "power"


def test_two_time_constants_are_in_order_wherever_the_search_began():
    y = noisy(oracle.double_exponential(LONG, 0, 0.6, 0.02, 0.4, 1))
    record = record_of(Trace(LONG, None, y), singular=True)
    problem = problem_of(registry.relaxation("double_exponential"), record, {"y0": 0.0})
    right = {"a1": 2.0, "tau1": 0.02, "a2": 1.0, "tau2": 1.0}
    swapped = {"a1": 1.0, "tau1": 1.0, "a2": 2.0, "tau2": 0.02}
    one, other = (_search(problem, [start]) for start in (right, swapped))
    assert one.values["tau1"] < one.values["tau2"]
    assert other.values == pytest.approx(one.values, rel=1e-4)
    for solution in (one, other):  # residual and Jacobian belong to the values as they are named
        r, jacobian = problem.residual(solution.u)
        np.testing.assert_allclose(r, solution.residual, atol=1e-12)
        np.testing.assert_allclose(jacobian, solution.jacobian, atol=1e-12)


# ---------------------------------------------------------------- noise around zero


@pytest.mark.parametrize("floor", [0.02, 0.0, -0.02])
def test_a_floor_in_additive_noise_is_not_biased(floor):
    """Readings below 0 count as much as those above: a logarithm would lose them."""
    t = np.linspace(0, 5, 120)
    exact = oracle.exponential(t, floor, 1, 0.5)
    rows, levels = [], []
    for seed in range(16):
        result = fit(t, noisy(exact, seed, 0.0, 5e-3), "exponential")
        e = result.parameters["tau"]
        rows.append((e.value, e.stderr, *e.interval))
        levels.append(result.parameters["y0"].value)
    value, stderr, low, high = np.array(rows).T
    assert abs(np.mean(value - 0.5)) < 0.4 * np.mean(stderr)  # 2.5 standard errors of the mean
    assert np.mean((low <= 0.5) & (high >= 0.5)) >= 0.85
    assert np.mean(levels) == pytest.approx(floor, abs=3e-4)


def test_a_level_below_zero_is_said():
    t = np.linspace(0, 5, 120)
    result = fit(t, noisy(oracle.exponential(t, -0.05, 1, 0.5), 0, 0.0, 5e-3), "exponential")
    assert "negative_floor" in codes(result)
    result.card()


@pytest.mark.parametrize(
    ("relative", "floor", "least", "most"),
    [(0.02, 0.0, 0.0, 0.0), (0.02, 5e-3, 0.1, 0.6), (0.0, 0.02, 0.5, 10.0)],
)
def test_the_scatter_tells_where_it_stops_being_a_share_of_the_signal(relative, floor, least, most):
    """At floor/relative, 0.25 in the second case; nowhere in the first, everywhere in the third."""
    t = np.linspace(0.01, 3, 200)
    exact = oracle.exponential(t, 0, 1, 0.5)
    scales = [noise_of(t, noisy(exact, seed, relative, floor))[0] for seed in range(20)]
    assert least <= np.median(scales) <= most


def test_the_jacobian_of_stabilised_residuals_is_exact():
    y = noisy(oracle.stretched(LONG, 0.05, 1, 0.1, 0.6), 0, 0.02, 0.05)
    record = record_of(Trace(LONG, None, y), singular=False)
    assert record.scale > 0
    problem = problem_of(registry.relaxation("stretched"), record, {})
    u = problem.internal({"y0": 0.1, "a": 2.0, "tau": 0.15, "beta": 0.7})
    _, jacobian = problem.residual(u)
    for k in range(u.size):
        step = np.zeros_like(u)
        step[k] = 1e-6
        slope = (problem.residual(u + step)[0] - problem.residual(u - step)[0]) / 2e-6
        np.testing.assert_allclose(jacobian[k], slope, rtol=1e-6, atol=1e-8)


def test_readings_in_steps_of_a_converter():
    t = np.linspace(0, 3, 60)
    result = fit(t, np.round(32 * oracle.exponential(t, 0, 1, 0.5)) / 32)
    assert result.selected == "exponential"
    assert result.parameters["tau"].value == pytest.approx(0.5, rel=0.03)


# ---------------------------------------------------------------- what the record cannot tell


def test_a_record_much_shorter_than_tau_fixes_a_slope_only():
    t = np.linspace(0.01, 0.1, 100)
    for law in ("auto", "exponential", "stretched"):
        code, message = refusal(t, noisy(oracle.exponential(t, 0.2, 1, 1)), law)
        assert code == "unidentifiable"
        assert "slope" in message
        assert "longer" in message


def test_t0_far_before_the_first_point_leaves_a_power_law():
    t = np.geomspace(1, 1e3, 100)
    y = noisy(oracle.shifted_power(t, 1, 1e-3, 0.5))
    code, message = refusal(t, y, "shifted_power")
    assert code == "unidentifiable"
    assert "b t0^m = 0.03" in message
    assert fit(t, y).selected == "power"


def test_t0_far_beyond_the_record_leaves_an_exponential():
    t = np.linspace(0, 3, 100)
    code, message = refusal(t, noisy(oracle.exponential(t, 0, 1, 1)), "shifted_power")
    assert code == "unidentifiable"
    assert "m/t0 = 1.0" in message or "m/t0 = 0.9" in message


@pytest.mark.parametrize(
    "truth", [(0.2, 0.5, 1.0, 0.5, 1.3), (0.2, 1, 0.5, 0.004, 2)], ids=["close", "negligible"]
)
def test_two_time_constants_that_do_not_show_are_refused(truth):
    t = np.linspace(0.02, 5, 100)
    code, message = refusal(t, noisy(oracle.double_exponential(t, *truth)), "double_exponential")
    assert code == "unidentifiable"
    assert "the data fix one, tau" in message


@pytest.mark.parametrize("seed", range(4))
def test_a_stretched_law_on_an_exponential_says_that_nothing_is_stretched(seed):
    result = fit(LONG, noisy(oracle.exponential(LONG, 0.1, 1, 0.3), seed), "stretched")
    assert "simpler_law" in codes(result)
    assert 0.9 < result.parameters["beta"].value <= 1.0
    assert result.parameters["beta"].interval[1] <= 1.5
    assert fit(LONG, noisy(oracle.exponential(LONG, 0.1, 1, 0.3), seed)).selected == "exponential"


def test_a_decay_faster_than_an_exponential_is_said_or_refused():
    t = np.linspace(0, 3, 60)
    y = noisy(0.1 + np.exp(-(t**2)))
    try:
        assert codes(fit(t, y)) & {"autocorrelated_residuals", "simpler_law"}
    except FitRefused as error:
        assert error.code in ("poor_fit", "unidentifiable")


def test_one_wild_point_is_named():
    t = np.linspace(0.02, 3, 60)
    y = noisy(oracle.exponential(t, 0.1, 1, 0.5))
    y[20] = 8.0
    code, message = refusal(t, y)
    assert code == "poor_fit"
    assert f"at {t[20]:.4g} s" in message


def test_two_decays_in_one_record_are_refused():
    t = np.linspace(0, 3, 40)
    y = np.exp(-t)
    code, _ = refusal(np.concatenate([t, t + 3.1]), noisy(np.concatenate([y, y])))
    assert code == "poor_fit"


def test_shuffled_points_are_sorted_and_said():
    order = np.random.default_rng(0).permutation(LONG.size)
    y = noisy(oracle.exponential(LONG, 0.1, 1, 0.5))
    mixed, straight = fit(LONG[order], y[order]), fit(LONG, y)
    assert "time_sorted" in codes(mixed)
    assert mixed.parameters["tau"].value == pytest.approx(straight.parameters["tau"].value)
    np.testing.assert_allclose(mixed.model, straight.model[order])


def test_a_floor_that_a_short_record_cannot_tell_widens_the_interval_of_tau():
    """With the floor fixed at 0 the interval would exclude the truth nearly always."""
    t = np.linspace(0.005, 0.4, 100)
    held = 0
    for seed in range(10):
        result = fit(t, noisy(oracle.exponential(t, 0.2, 1, 0.5), seed), "exponential")
        assert codes(result) & {"floor_unresolved", "short_record", "short_record_correlated"}
        low, high = result.parameters["tau"].interval
        held += low <= 0.5 <= high
    assert held >= 8


# ---------------------------------------------------------------- a million points


def test_a_million_points_are_thinned_and_said():
    t = np.linspace(1e-5, 10, 10**6)
    result = fit(t, noisy(0.1 + np.exp(-t / 0.5), 0, 0.05, 0.01), "exponential")
    assert "thinned" in codes(result)
    assert result.statistics["n_points"] <= MOST_POINTS
    assert result.statistics["n_total"] == 10**6
    low, high = result.parameters["tau"].interval
    assert low - 0.01 < 0.5 < high + 0.01


def test_thinning_keeps_the_beginning_of_a_decay():
    t = np.arange(1, 200_001) * 1e-3
    record = record_of(Trace(t, None, (1 + t / 0.1) ** -0.5), singular=True)
    assert np.count_nonzero(record.t < 1.0) > 400  # 20 if evenly in time
    assert record.t[0] == t[0]
    assert record.t[-1] == t[-1]


def test_a_reversed_record_is_fitted_as_it_would_be_upright():
    sample = draw("exponential", 5)
    record = record_of(Trace(sample.t, None, -sample.y), singular=False)
    assert record.sign == -1.0
    found = fit_law(registry.relaxation("exponential"), record)
    assert found.values["tau"] == pytest.approx(sample.truth["tau"], rel=0.05)
    assert found.values["a"] * record.size == pytest.approx(sample.truth["a"], rel=0.05)
