"""fit_decay: laws, floors, masks, selection, refusals, cards."""

from __future__ import annotations

import json

import numpy as np
import pytest

from compactmodels.card import parse_card
from compactmodels.data import Trace
from compactmodels.errors import CompactModelsError, FitRefused
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction
from fitting import fit_decay, fit_decay_many
from fitting.engine import minimise
from fitting.recipes import Known, problem_of, recipe_of, starts_of
from fitting.result import FitResult, Refusal
from tests.fitting import oracle

T = np.linspace(0.02, 2.5, 120)


def noisy(y, seed=0, size=0.03):
    return y * (1 + size * np.random.default_rng(seed).standard_normal(y.size))


def codes(result):
    return {w.code for w in result.warnings}


def test_a_file_in_milliseconds_and_nanoamperes(tmp_path):
    path = tmp_path / "decay.csv"
    y = noisy(oracle.exponential(T, 20e-9, 60e-9, 0.54))
    lines = [f"{1e3 * t:.6f},{1e9 * i:.6f}" for t, i in zip(T, y)]
    path.write_text("time (ms),current (nA)\n" + "\n".join(lines) + "\n")
    result = fit_decay(path, "exponential")
    assert result.parameters["tau"].unit == "s"
    assert result.parameters["a"].unit == "A"
    low, high = result.parameters["tau"].interval
    assert low < 0.54 < high
    assert result.file == str(path)


@pytest.mark.parametrize("seed", range(5))
def test_auto_tells_an_exponential_from_a_power_law(seed):
    assert (
        fit_decay(Trace(T, None, noisy(oracle.exponential(T, 1, 3, 0.5), seed))).selected
        == "exponential"
    )
    assert fit_decay(Trace(T, None, noisy(oracle.power(T, 0.1, 0.5), seed))).selected == "power"


def test_a_floor_that_does_not_show_is_fixed_and_said():
    result = fit_decay(Trace(T, None, noisy(oracle.exponential(T, 0, 3, 0.5))), "exponential")
    assert result.parameters["y0"].how == "assumed"
    assert "floor_unresolved" in codes(result)


def test_a_negative_signal_is_fitted_by_its_magnitude():
    result = fit_decay(Trace(T, None, -noisy(oracle.power(T, 0.1, 0.5))), "power")
    assert result.parameters["b"].value == pytest.approx(0.1, rel=0.02)
    assert "negative_signal" in codes(result)
    assert np.all(result.model < 0)


def test_a_signal_that_sinks_into_noise_around_zero_keeps_every_point():
    t = np.linspace(0.02, 5, 200)
    y = oracle.exponential(t, 0, 1, 0.3) + 1e-3 * np.random.default_rng(0).standard_normal(t.size)
    result = fit_decay(Trace(t, None, y), "exponential")
    assert "noise_floor" in codes(result)
    assert result.statistics["n_points"] == t.size
    assert result.parameters["tau"].value == pytest.approx(0.3, rel=0.01)


def test_time_zero_is_no_point_of_a_power_law():
    t = np.linspace(0, 5, 100)
    y = np.concatenate([[1.0], oracle.power(t[1:], 0.1, 0.5)])
    result = fit_decay(Trace(t, None, y), "power")
    assert "time_masked" in codes(result)
    assert result.statistics["n_points"] == 99


def test_a_record_shorter_than_tau_says_so():
    t = np.linspace(0, 1.6, 100)
    assert "short_record" in codes(
        fit_decay(Trace(t, None, noisy(oracle.exponential(t, 0, 1, 2.0))), "exponential")
    )


@pytest.mark.parametrize(
    ("time", "signal", "code"),
    [
        (T, np.full(T.size, np.inf), "not_finite"),
        (T, np.zeros(T.size), "zero_current"),
        (np.ones(T.size), np.linspace(1, 2, T.size), "constant_time"),
        (T[:1], T[:1], "single_point"),
        (T[:4], T[:4], "too_few_points"),
        (T, np.exp(3 * np.random.default_rng(0).standard_normal(T.size)), "no_decay"),
        (T, 1 + 0.1 * np.random.default_rng(0).standard_normal(T.size), "no_decay"),
        (T, np.random.default_rng(0).standard_normal(T.size), "no_decay"),
        (T, 1 - np.exp(-T), "rises"),
        (T, -1 + np.exp(-T / 5), "rises"),
        (None, T, "no_time"),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_a_code(time, signal, code):
    with pytest.raises(CompactModelsError) as caught:
        fit_decay(Trace(time, None, signal))
    assert caught.value.code == code


def test_a_batch_lists_what_was_refused(tmp_path):
    path = tmp_path / "decay.csv"
    path.write_text("t (s),I (A)\n" + "".join(f"{a!r},{0.1 * a**-0.5!r}\n" for a in T.tolist()))
    out = fit_decay_many([path, tmp_path / "absent"])
    assert [type(r) for r in out] == [FitResult, Refusal]
    assert out[1].code == "no_file"


@pytest.mark.parametrize("law", ["exponential", "power"])
def test_a_decay_becomes_a_card_and_json(law):
    y = oracle.exponential(T, 0.2, 0.6, 0.5) if law == "exponential" else oracle.power(T, 0.1, 0.5)
    result = fit_decay(Trace(T, None, noisy(y)), law)
    json.dumps(result.to_json(), allow_nan=False)
    card = result.card()
    again = parse_card(card.to_toml(), "a card")
    assert again.values == card.values
    for name in ("tau",) if law == "exponential" else ("b", "m"):
        assert again.entries[f"rx_{name}"].value == result.parameters[name].value
        assert again.entries[f"rx_{name}"].origin == "fitted"


@pytest.mark.parametrize("size", [1e-14, 1e-9, 1e6])
def test_the_size_of_the_signal_does_not_matter(size):
    y = noisy(oracle.exponential(T, 0.2, 0.6, 0.5))
    one, other = (fit_decay(Trace(T, None, s * y), "exponential").parameters for s in (1.0, size))
    assert other["tau"].value == pytest.approx(one["tau"].value, rel=1e-6)
    assert other["y0"].value == pytest.approx(size * one["y0"].value, rel=1e-5)
    assert other["a"].interval == pytest.approx([size * x for x in one["a"].interval], rel=1e-5)


def test_a_power_law_in_amperes_is_relative_on_its_card():
    y = noisy(1e-9 * oracle.power(T, 0.1, 0.5))
    result = fit_decay(Trace(T, None, y, meta={"signal_unit": "A"}), "power")
    assert result.parameters["b"].unit == "A"
    entry = result.card().entries["rx_b"]
    assert entry.value == pytest.approx(T[0] ** 0.5, rel=0.05)
    assert "A" in entry.note


# ---------------------------------------------------------------- an equation without a recipe


def test_a_mechanism_without_a_plot_of_its_own_is_fitted_too():
    """Adding a mechanism is adding one file: the fit finds its way from a sample of the bounds."""

    def current(v, temperature, g, slope):
        return g * v * (1.0 + v * v * slope)

    part = Conduction(
        "cubic",
        "cubic",
        current,
        (
            Parameter("g", 1e-6, "S", "conductance", 1e-12, 1.0, log=True),
            Parameter("slope", 1.0, "1", "cubic part per volt squared", 0.0, 50.0),
        ),
        "none",
        "none",
    )
    v = np.linspace(0.05, 1, 40)
    assert recipe_of(part).free == ("g", "slope")
    problem = problem_of(part, Known(), v, noisy(3e-7 * v * (1 + 4 * v**2)))
    found = minimise(problem, starts_of(problem, part, Known()))
    assert found.values["g"] == pytest.approx(3e-7, rel=0.1)
    assert found.values["slope"] == pytest.approx(4, rel=0.1)


def test_a_search_that_finds_nothing_is_no_result():
    def current(v, temperature, g):
        return -g * v

    part = Conduction(
        "backwards", "", current, (Parameter("g", 1e-6, "S", "", 1e-12, 1.0, log=True),), "", ""
    )
    v = np.linspace(0.05, 1, 40)
    problem = problem_of(part, Known(), v, 1e-6 * v)
    with pytest.raises(FitRefused) as caught:
        minimise(problem, [{"g": 1e-6}])
    assert caught.value.code == "no_convergence"
