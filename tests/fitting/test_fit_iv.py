"""fit_iv: the exact Jacobian, refusals, warnings, selection, the shared measurements."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import lmfit
import mpmath as mp
import numpy as np
import pytest

from compactmodels.card import parse_card
from compactmodels.data import Trace
from compactmodels.errors import CompactModelsError, FitRefused, InputError
from compactmodels.parameter import Parameter
from compactmodels.registry import conduction, relaxation
from fitting import fit_iv, fit_iv_many
from fitting.engine import minimise
from fitting.masks import forward_sign, mask_sweep
from fitting.parallel import Summed
from fitting.problem import Problem
from fitting.recipes import Known, problem_of
from fitting.result import FitResult, Refusal
from tests.fitting import oracle

AREA = np.pi * 10e-6**2
OTJ = {"area": AREA, "thickness": 2.8e-9, "mass": 1.0}
KNOWN = Known(AREA, 2.8e-9, 1.0, None, 300.15)


def noisy(y: np.ndarray, seed: int = 0, size: float = 0.01) -> np.ndarray:
    return y * (1 + size * np.random.default_rng(seed).standard_normal(y.size))


def diode(v: np.ndarray, r_s: float = 60.0, phi: float = 0.7, n: float = 1.4) -> np.ndarray:
    return oracle.thermionic_emission(v, phi, n, AREA, 300.15, r_s)


def codes(result: FitResult) -> set[str]:
    return {w.code for w in result.warnings}


# ---------------------------------------------------------------- the Jacobian

V = np.array([-0.29, -0.11, 0.013, 0.17, 0.3])
PROBLEMS = {
    "direct_tunneling": (
        {"phi1": 0.41, "phi2": 0.35},
        V,
        False,
        lambda v, p: oracle.direct_tunneling(v, p["phi1"], p["phi2"], 2.8e-9, 1, AREA),
    ),
    "fowler_nordheim": (
        {"phi": 0.075, "area": 1e-14},
        V,
        False,
        lambda v, p: oracle.fowler_nordheim(v, p["phi"], 2.8e-9, 1, p["area"]),
    ),
    "thermionic_emission": (
        {"phi": 0.55, "n": 1.1},
        V,
        False,
        lambda v, p: oracle.thermionic_emission(v, p["phi"], p["n"], AREA, 300.15),
    ),
    "thermionic_emission with r_s": (
        {"phi": 0.55, "n": 1.1, "r_s": 3e3},
        V,
        True,
        lambda v, p: oracle.thermionic_emission(v, p["phi"], p["n"], AREA, 300.15, p["r_s"]),
    ),
}


def check_jacobian(problem: Problem, values: dict[str, float], current) -> None:
    """Against central differences of the oracle's own equation (relative step 1e-5)."""
    u = problem.internal(values)
    _, jac = problem.residual(u)
    for k, p in enumerate(problem.free):
        step = 1e-5 * (1.0 if p.log else values[p.name])
        up, down = (problem.external(u + s * step * np.eye(len(u))[k]) for s in (1, -1))
        expected = -(np.log(current(problem.x, up) / current(problem.x, down))) / (2 * step)
        np.testing.assert_allclose(jac[k], expected, rtol=2e-6, atol=1e-9)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_jacobian_is_the_oracles(name):
    values, v, series, current = PROBLEMS[name]
    problem = problem_of(conduction(name.split()[0]), KNOWN, v, current(v, values), series=series)
    np.testing.assert_allclose(problem.residual(problem.internal(values))[0], 0, atol=1e-6)
    check_jacobian(problem, values, current)


def test_a_sum_of_currents_has_the_residuals_of_its_law():
    v = np.linspace(0.05, 0.6, 40)
    parts = {"p1": ("ohmic", {"g": 1e-8}), "p2": ("thermionic_emission", {"phi": 0.7, "n": 1.3})}
    i = 1e-8 * v + diode(v, r_s=0.0, n=1.3)
    blocks = {k: problem_of(conduction(n), KNOWN, v, i) for k, (n, _) in parts.items()}
    free = tuple(replace(p, name=f"{k}_{p.name}") for k, b in blocks.items() for p in b.free)
    fixed = {f"{k}_{n}": pair for k, b in blocks.items() for n, pair in b.fixed.items()}

    def law(x, si):
        own = {
            k: {n.removeprefix(f"{k}_"): s for n, s in si.items() if n.startswith(f"{k}_")}
            for k in blocks
        }
        return sum(b.law(x, own[k]) for k, b in blocks.items())

    known = (law, v, i, free, fixed, 1e-9)
    values = {f"{k}_{n}": x for k, (_, held) in parts.items() for n, x in held.items()}
    u = Problem(*known).internal(values) + 0.05
    for found, expected in zip(
        Summed(*known, tuple(blocks.values())).residual(u), Problem(*known).residual(u)
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_the_search_is_lmfits_own():
    values, _, _, current = PROBLEMS["thermionic_emission"]
    v = np.linspace(0.1, 0.5, 60)
    problem = problem_of(
        conduction("thermionic_emission"), KNOWN, v, noisy(current(v, values)), series=False
    )
    start = problem.internal({"phi": 0.6, "n": 1.3})
    parameters = lmfit.Parameters()
    for name, x, (low, high) in zip(problem.names, start, problem.bounds()):
        parameters.add(name, value=x, min=low, max=high)

    def at(p):
        return problem.residual(np.array([p[n].value for n in problem.names]))

    plain = lmfit.minimize(
        lambda p: at(p)[0],
        parameters,
        Dfun=lambda p: at(p)[1],
        col_deriv=1,
        ftol=1e-10,
        xtol=1e-10,
    )
    found = minimise(problem, [{"phi": 0.6, "n": 1.3}])
    assert found.values == pytest.approx(
        problem.external(np.array([plain.params[n].value for n in problem.names])), rel=1e-9
    )


def test_a_jacobian_one_percent_off_is_seen():
    values, v, _, current = PROBLEMS["direct_tunneling"]
    problem = problem_of(conduction("direct_tunneling"), KNOWN, v, current(v, values))

    class Broken(Problem):
        def residual(self, u):
            r, jac = super().residual(u)
            return r, jac * np.array([[1.01], [1.0]])

    broken = Broken(problem.law, problem.x, problem.y, problem.free, problem.fixed)
    with pytest.raises(AssertionError):
        check_jacobian(broken, values, current)


@pytest.mark.parametrize(
    ("law", "values", "exact"),
    [
        ("power", {"b": 0.1, "m": 0.5}, {"b": lambda t: -1 / mp.mpf("0.1"), "m": mp.log}),
        (
            "exponential",
            {"y0": 0.2, "a": 0.6, "tau": 0.5},
            {
                "tau": lambda t: (
                    -mp.mpf("0.6")
                    * mp.exp(-t / 0.5)
                    * t
                    / mp.mpf("0.25")
                    / (0.2 + mp.mpf("0.6") * mp.exp(-t / 0.5))
                )
            },
        ),
    ],
)
def test_the_jacobian_of_a_decay_is_the_analytic_one(law, values, exact):
    part = relaxation(law)
    t = np.array([0.1, 0.7, 3.0])
    free = tuple(replace(p, log=False) for p in part.parameters)
    problem = Problem(lambda x, si: part.function(x, **si), t, np.ones(3), free, {})
    _, jac = problem.residual(problem.internal(values))
    for name, derivative in exact.items():
        expected = [float(derivative(mp.mpf(float(x)))) for x in t]
        np.testing.assert_allclose(jac[problem.names.index(name)], expected, rtol=1e-12)


# ---------------------------------------------------------------- what comes back


def test_a_diode_with_series_resistance():
    v = np.linspace(0, 1, 101)
    result = fit_iv(Trace(None, v, noisy(diode(v)), 300.15), "thermionic_emission", area=AREA)
    for name, true in {"phi": 0.7, "n": 1.4, "r_s": 60.0}.items():
        low, high = result.parameters[name].interval
        assert low < true < high
        assert high - low < 0.1 * true
    assert result.statistics["rms_decades"] < 0.006
    assert "temperature_assumed" not in codes(result)


def test_a_resistance_that_does_not_show_is_fixed_and_said():
    v = np.linspace(0, 0.4, 60)
    result = fit_iv(Trace(None, v, noisy(diode(v, 0.0))), "thermionic_emission", area=AREA)
    assert result.parameters["r_s"].how == "assumed"
    assert {"series_resistance_unresolved", "temperature_assumed"} <= codes(result)


def test_without_the_area_the_saturation_current_is_what_is_known():
    v = np.linspace(0, 1, 101)
    result = fit_iv(Trace(None, v, noisy(diode(v)), 300.15), "thermionic_emission")
    true = -diode(np.array([-1.0]), 0.0)[0]
    low, high = result.parameters["i_sat"].interval
    assert low < true < high
    assert "phi" not in result.parameters
    assert "area_unknown" in codes(result)
    values = result.card().values
    part = conduction("thermionic_emission")
    si = part.si({p.name: values[f"te_{p.name}"] for p in part.parameters})
    assert -part.function(np.array(-1.0), 300.15, **si) == pytest.approx(true, rel=0.05)


@pytest.mark.parametrize(
    ("mechanism", "options", "named"),
    [
        ("direct_tunneling", {"area": AREA}, "thickness"),
        ("direct_tunneling", {"thickness": 2.8e-9}, "area"),
        ("fowler_nordheim", {"area": AREA}, "thickness"),
    ],
)
def test_what_geometry_leaves_open_is_refused(mechanism, options, named):
    v = np.linspace(-0.3, 0.3, 61)
    i = oracle.direct_tunneling(v, 0.41, 0.35, 2.8e-9, 1, AREA)
    with pytest.raises(FitRefused, match=f"--{named}") as caught:
        fit_iv(Trace(None, v, i), mechanism, **options)
    assert caught.value.code == "unidentifiable"


def test_fowler_nordheim_reports_the_effective_area():
    v = np.linspace(-0.3, 0.3, 61)
    i = noisy(oracle.fowler_nordheim(v, 0.075, 2.8e-9, 1, AREA / 4e4))
    result = fit_iv(Trace(None, v, i), "fowler_nordheim", **OTJ)
    assert result.parameters["area"].value == pytest.approx(AREA / 4e4, rel=0.05)
    assert result.parameters["area_ratio"].value == pytest.approx(1 / 4e4, rel=0.05)
    assert {"effective_area", "range_masked"} <= codes(result)


def test_direct_tunnelling_says_how_far_it_leans_out():
    v = np.linspace(-0.3, 0.3, 61)
    i = noisy(oracle.direct_tunneling(v, 0.41, 0.35, 2.8e-9, 1, AREA))
    result = fit_iv(Trace(None, v, i), "direct_tunneling", **OTJ)
    assert "beyond_half_barrier" in codes(result)
    assert "correlated" in codes(result)
    assert result.correlations["phi1, phi2"] < -0.9


def test_a_contact_that_conducts_at_negative_voltage():
    v = np.linspace(-1, 1, 201)
    i = -diode(-v)
    assert forward_sign(v, i) == -1
    result = fit_iv(Trace(None, v, noisy(i)), "thermionic_emission", area=AREA)
    assert {"forward_is_negative", "forward_only"} <= codes(result)
    assert result.parameters["n"].value == pytest.approx(1.4, rel=0.02)
    np.testing.assert_allclose(result.model[:90], i[:90], rtol=0.05)
    with pytest.raises(FitRefused) as caught:
        fit_iv(Trace(None, v[:100], i[:100]), "thermionic_emission", polarity="positive")
    assert caught.value.code == "no_forward_points"


def test_a_bound_that_is_hit_is_said():
    v = np.linspace(-0.3, 0.3, 61)
    problem = problem_of(conduction("ohmic"), KNOWN, v[v != 0], 1e-6 * v[v != 0])
    narrow = replace(
        problem, free=(Parameter("g", 1e-7, "S", "conductance", 1e-8, 5e-7, log=True),)
    )
    assert minimise(narrow, [{"g": 1e-7}]).at_bound == ("g",)


def test_bounds_the_wrong_way_round_are_refused():
    with pytest.raises(InputError) as caught:
        Problem(
            None, V, V, (replace(conduction("ohmic").parameters[0], lower=1e-6, upper=1e-6),), {}
        )
    assert caught.value.code == "bad_bounds"


@pytest.mark.parametrize(
    ("voltage", "current", "code"),
    [
        (np.linspace(0, 1, 50), np.full(50, np.nan), "not_finite"),
        (np.full(50, 0.3), np.linspace(1, 2, 50), "constant_voltage"),
        (np.linspace(0, 1, 50), np.zeros(50), "zero_current"),
        (np.array([0.1]), np.array([1e-6]), "single_point"),
        (np.array([]), np.array([]), "not_data"),
        (np.linspace(0.1, 0.5, 5), np.linspace(1, 5, 5), "too_few_points"),
        (None, np.linspace(1, 2, 50), "no_voltage"),
        (
            np.concatenate([np.linspace(0, 1, 50), np.linspace(1, 0, 50)]),
            np.ones(100),
            "several_branches",
        ),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_a_code(voltage, current, code):
    time = None if voltage is not None else np.arange(current.size)
    with pytest.raises(CompactModelsError) as caught:
        fit_iv(Trace(time, voltage, current))
    assert caught.value.code == code


def test_noise_is_no_mechanism():
    v = np.linspace(-1, 1, 101)
    i = np.exp(3 * np.random.default_rng(1).standard_normal(101)) * 1e-9 * np.sign(v)
    for mechanism in ("auto", "thermionic_emission", "ohmic", "sinh"):
        with pytest.raises(FitRefused) as caught:
            fit_iv(Trace(None, v, i), mechanism)
        assert caught.value.code in {"poor_fit", "no_convergence", "too_few_points"}


def test_the_limit_is_an_option():
    v = np.linspace(0.01, 1, 101)
    i = 1e-6 * v * np.exp(0.8 * np.sin(9 * v))
    with pytest.raises(FitRefused, match=r"0\.1 decades"):
        fit_iv(Trace(None, v, i), "ohmic")
    result = fit_iv(Trace(None, v, i), "ohmic", max_rms=0.5)
    assert "autocorrelated_residuals" in codes(result)
    assert result.statistics["n_effective"] < 50


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"area": -1e-10}, "bad_parameter"),
        ({"mass": float("nan")}, "bad_parameter"),
        ({"temperature": 0.0}, "bad_parameter"),
        ({"mechanism": "magic"}, "unknown_part"),
        ({"branch": 7}, "no_branch"),
        ({"polarity": "up"}, "bad_option"),
    ],
)
def test_options_are_checked(options, code):
    v = np.linspace(0, 1, 50)
    with pytest.raises(InputError) as caught:
        fit_iv(Trace(None, v, 1e-6 * v), **options)
    assert caught.value.code == code


# ---------------------------------------------------------------- the contest


@pytest.mark.parametrize("seed", range(10))
def test_auto_finds_ohmic_data_ohmic(seed):
    v = np.linspace(-0.5, 0.5, 101)
    assert fit_iv(Trace(None, v, noisy(2e-6 * v, seed, 0.02)), **OTJ).selected == "ohmic"


def test_auto_finds_direct_tunnelling_and_shows_the_weights():
    v = np.linspace(-0.3, 0.3, 61)
    result = fit_iv(
        Trace(None, v, noisy(oracle.direct_tunneling(v, 0.41, 0.35, 2.8e-9, 1, AREA))), **OTJ
    )
    assert result.selected == "direct_tunneling"
    assert sum(result.weights.values()) == pytest.approx(1)
    assert "sinh" not in result.weights


def test_auto_takes_the_sides_apart_where_no_mechanism_describes_both():
    v = np.linspace(-1, 1, 201)
    i = np.where(v > 0, diode(v), -1e-9 * np.expm1(np.sqrt(np.abs(v)) * 3))
    result = fit_iv(Trace(None, v, noisy(i)))
    assert result.selected == "thermionic_emission"
    ahead = [r for r in result.regimes if r.v_max > 0]
    assert [r.mechanism for r in ahead] == ["thermionic_emission"]
    assert all(r.v_max < 0 for r in result.regimes if r not in ahead)
    assert codes(result) & {"regimes", "forward_only"}


def test_sinh_is_the_last_resort():
    v = np.linspace(-1, 1, 101)
    result = fit_iv(Trace(None, v, noisy(1e-7 * np.sinh(v / 0.12))))
    assert result.selected == "sinh" or "sinh" not in result.weights
    assert fit_iv(Trace(None, v, noisy(1e-7 * np.sinh(v / 0.12))), "sinh").parameters[
        "v0"
    ].value == pytest.approx(0.12, rel=0.01)


# ---------------------------------------------------------------- masks


def test_a_compliance_plateau_is_left_out():
    v = np.linspace(0, 2, 201)
    i = np.minimum(diode(v), 1e-3)
    masked = mask_sweep(v, i, 0.0)
    assert not np.any(masked.used[i >= 1e-3])
    result = fit_iv(Trace(None, v, i), "thermionic_emission", area=AREA)
    assert "compliance_masked" in codes(result)
    assert result.parameters["phi"].value == pytest.approx(0.7, abs=1e-3)


def test_a_current_that_saturates_smoothly_is_no_plateau():
    v = np.linspace(0.01, 1, 100)
    assert np.all(mask_sweep(v, np.tanh(5 * v), 0.0).used)


def test_the_instruments_offset_is_found_and_said():
    v = np.linspace(0, 0.6, 121)
    result = fit_iv(Trace(None, v, diode(v, 0.0) - 5e-10), "thermionic_emission", area=AREA)
    assert "floor_masked" in codes(result)
    assert result.parameters["phi"].value == pytest.approx(0.7, abs=3e-3)


# ---------------------------------------------------------------- batches, JSON, cards


def test_a_batch_lists_what_was_refused(tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    v = np.concatenate([np.linspace(0, 1, 51), np.linspace(0.98, 0, 50)])
    good.write_text(
        "V (V),I (A)\n" + "".join(f"{a!r},{b!r}\n" for a, b in zip(v.tolist(), diode(v).tolist()))
    )
    bad.write_text("nothing here\n")
    out = fit_iv_many([good, bad, tmp_path / "absent"], "thermionic_emission")
    assert [type(r) for r in out] == [FitResult, FitResult, Refusal, Refusal]
    assert [r.branch for r in out] == [1, 2, None, None]
    assert [r.code for r in out[2:]] == ["not_data", "no_file"]
    assert fit_iv(good, "thermionic_emission", branch=2).branch == 2


def test_the_json_is_the_designs_and_holds_no_nan():
    v = np.linspace(0, 1, 101)
    document = fit_iv(Trace(None, v, noisy(diode(v))), "thermionic_emission").to_json()
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text) == document
    assert {"selected", "weights", "parameters", "statistics", "warnings", "card"} <= set(document)
    assert {"value", "stderr", "unit"} <= set(document["parameters"]["n"])
    assert (
        document["parameters"]["richardson"]["stderr"] is None
        if "richardson" in document["parameters"]
        else True
    )
    assert {"code", "message"} == set(document["warnings"][0])


@pytest.mark.parametrize("mechanism", ["thermionic_emission", "ohmic", "auto"])
def test_a_fit_becomes_a_card_that_loads(mechanism):
    v = np.linspace(0, 1, 101)
    i = noisy(diode(v) if mechanism != "ohmic" else 1e-6 * v)
    result = fit_iv(Trace(None, v, i), mechanism, area=AREA)
    card = result.card("my-device")
    again = parse_card(card.to_toml(), "a card")
    assert again.values == card.values
    fitted = [name for name, entry in again.entries.items() if entry.origin == "fitted"]
    assert fitted
    assert all(again.entries[name].stderr > 0 for name in fitted)
    used = result.used
    np.testing.assert_allclose(
        card.model.current(v, card.values)[used], result.model[used], rtol=1e-6
    )


def test_import_fitting_does_not_load_lmfit():
    code = "import fitting, sys; assert 'lmfit' not in sys.modules and 'scipy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# ---------------------------------------------------------------- shared measurements


@pytest.mark.needs_shared_data
def test_41_schottky_sweeps_fit_forward_or_say_why_not(shared_data):
    folder = shared_data / "nbsto_schottky"
    files = [
        p
        for p in sorted([*folder.rglob("*.csv"), *folder.rglob("*.dat")])
        if p.name != "PWL_2V.csv"
    ]
    good = branches = 0
    for path in files:
        out = fit_iv_many(path, "thermionic_emission")
        fits = [r for r in out if isinstance(r, FitResult)]
        refused = [r for r in out if isinstance(r, Refusal)]
        assert all(
            r.code in {"poor_fit", "too_few_points", "no_forward_points", "no_convergence"}
            for r in refused
        )
        assert all(r.statistics["rms_decades"] <= 0.1 for r in fits)
        good += bool(fits)
        branches += len(fits)
    assert len(files) == 41
    assert good >= 30
    assert branches >= 78


@pytest.mark.needs_shared_data
def test_a_fresh_10_um_contact_is_thermionic_over_six_decades(shared_data):
    path = next((shared_data / "nbsto_schottky").rglob("035_*m2V*.csv"))
    result = fit_iv(path, branch=1)
    assert result.selected == "thermionic_emission"
    assert result.statistics["rms_decades"] < 0.02
    assert 1.4 < result.parameters["n"].value < 2.0
    assert 20 < result.parameters["r_s"].value < 60


@pytest.mark.parametrize("seed", range(30))
def test_any_numbers_end_in_a_fit_or_a_coded_refusal(seed):
    rng = np.random.default_rng(seed)
    v = np.sort(rng.uniform(-1, 1, int(rng.integers(1, 40)))) * 10 ** rng.uniform(-4, 3)
    with np.errstate(all="ignore"):
        i = [
            v,
            rng.standard_normal(v.size),
            v**3,
            np.sign(v),
            10.0 ** rng.uniform(-90, 90, v.size) * np.sign(v),
        ][seed % 5] * 10 ** rng.uniform(-20, 5)
    mechanism = [
        "auto",
        "thermionic_emission",
        "direct_tunneling",
        "fowler_nordheim",
        "ohmic",
        "sinh",
    ][seed % 6]
    (out,) = fit_iv_many(Trace(None, v, i), mechanism, area=1e-10, thickness=3e-9)
    json.dumps(out.to_json(), allow_nan=False)
    assert isinstance(out, FitResult) or out.code not in {
        "error",
        "job_failed",
        "fit_refused",
        "bad_input",
    }
