"""State equations fitted to whole records: what was put in comes out, and what is wrong is said."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from compactmodels import registry
from compactmodels.card import Entry, ModelCard, load_card
from compactmodels.data import Trace
from compactmodels.errors import FitRefused, InputError
from compactmodels.fast import compile_model
from compactmodels.model import Branch, Model
from fitting.dynamics import fit_dynamics
from fitting.dynamics_checks import errors_of
from fitting.dynamics_predict import predict
from fitting.dynamics_records import records_of
from fitting.hysteresis import check_memory, difference_of
from tests.core.dynamics_cards import junction_card

TRUTH = junction_card()
OFFSET = -4e-10


def states(
    card: ModelCard, time: np.ndarray, volts: np.ndarray, breaks: list[int], w0: float
) -> np.ndarray:
    """w at the times by scipy's integrator, from one break of the voltage's slope to the next."""
    module = compile_model(card.model).module
    constants = compile_model(card.model).constants(card.values, 300.15)
    w, out = w0, [np.array([w0])]
    for a, b in pairwise(breaks):
        slope = (volts[b] - volts[a]) / (time[b] - time[a])
        done = solve_ivp(
            lambda t, y, a=a, slope=slope: [
                module.slope(volts[a] + slope * (t - time[a]), y[0], 0.0, constants, 0.0)[0]
            ],
            (time[a], time[b]),
            [w],
            t_eval=time[a + 1 : b + 1],
            rtol=1e-8,
            atol=1e-10,
        )
        w = done.y[0][-1]
        out.append(done.y[0])
    return np.concatenate(out)


def measured(
    card: ModelCard = TRUTH,
    low: float = -2.0,
    rate: float = 0.12,
    w0: float = 0.62,
    noise: float = 0.002,
    seed: int = 1,
) -> Trace:
    """A sweep as an instrument records it: steps, relative noise, an offset, a pause."""
    path = np.array([0.0, 1.0, 0.0, low, 0.0])
    lengths = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(path)))])
    time = np.linspace(0.0, lengths[-1] / rate, 241)
    volts = np.interp(time, lengths / rate, path)
    time = time + 0.4 * (np.arange(time.size) > 20)  # the instrument changes its range
    corners = {round(240 * x / lengths[-1]) for x in lengths}
    w = states(card, time, volts, sorted(corners | {20, 21}), w0)
    current = card.model.current(volts, card.values, w=w)
    chance = np.random.default_rng(seed)
    current = current * np.exp(noise * chance.standard_normal(time.size)) + OFFSET
    return Trace(time, volts, current, 300.15, {"w_end": float(w[-1])})


@pytest.fixture(scope="module")
def sweep() -> Trace:
    return measured()


@pytest.fixture(scope="module")
def started() -> ModelCard:
    """The truth with every value that the fit may move far from it."""
    factor = {"sw_k_set": 3.0, "sw_u_set": 1.3, "sw_k_reset": 0.3, "sw_u_reset": 0.8, "j_r_s": 1.5}
    off = {n: TRUTH.values[n] * f for n, f in factor.items()}
    return TRUTH.with_values(off, "fitted")


def test_what_was_put_in_comes_out(sweep: Trace, started: ModelCard) -> None:
    found = fit_dynamics(sweep, start=started, starts=2)
    assert found.statistics["rms_decades"] < 0.0015
    for name, estimate in found.parameters.items():
        truth = 0.62 if name == "w0[1]" else TRUTH.values[name]
        low, high = estimate.interval
        assert low <= truth <= high, (name, low, truth, high)
        assert high - low < 0.5 * truth, name
    assert found.responses[0].record.offset == pytest.approx(OFFSET, rel=1e-3)


def test_a_card_of_the_fit_predicts_another_sweep_and_says_where_it_leaves_its_range(
    sweep: Trace, started: ModelCard
) -> None:
    found = fit_dynamics(sweep, start=started, starts=1)
    assert "deep_reset_unseen" in {w.code for w in found.warnings}
    card = found.card("seen")
    assert card.fitted_range == pytest.approx((-2.0, 1.0))
    other, said = predict(card, measured(low=-3.0, w0=0.55, seed=2))
    assert [w.code for w in said] == ["beyond_fitted_range"]
    assert other.initial == "read"
    assert other.w[0] == pytest.approx(0.55, abs=2e-3)
    assert other.rms_decades < 0.01
    again, said = predict(card, measured(low=-1.5, w0=0.6, seed=3), w0=0.6)
    assert said == () and again.rms_decades < 0.005


def test_the_default_structure_needs_no_card(sweep: Trace, tmp_path: Path) -> None:
    """From the static fit and kinetics drawn at random, with the state's own zero."""
    found = fit_dynamics(sweep, starts=3, seed=0)
    assert found.statistics["rms_decades"] < 0.004
    assert found.parameters["j_n"].value == pytest.approx(1.8, rel=0.02)
    assert found.parameters["j_r_s"].value == pytest.approx(55.0, rel=0.1)
    card = load_card(found.card("made").save(tmp_path / "made.toml"))
    assert card.entries["j_j_s"].origin == "assumed"
    assert "convention" in card.entries["j_j_s"].note
    assert card.provenance["statistics"]["traces"][0]["w0"] == found.parameters["w0[1]"].value
    json.dumps(found.to_json(), allow_nan=False)


def test_errors_cover_the_truth(started: ModelCard) -> None:
    """Intervals of independent noise hold the truth about as often as they say."""
    hits, total = 0, 0
    for seed in range(8):
        found = fit_dynamics(measured(noise=0.02, seed=10 + seed), start=started, starts=1)
        for name, estimate in found.parameters.items():
            truth = 0.62 if name == "w0[1]" else TRUTH.values[name]
            total += 1
            hits += estimate.interval[0] <= truth <= estimate.interval[1]
    assert hits / total >= 0.80


def test_trading_parameters_are_named_with_what_the_data_fix(sweep: Trace) -> None:
    """One ramp rate: a rate and its voltage; the rate where it was seen is known all the same."""
    names = ["sw_k_reset", "sw_u_reset", "sw_f_reset"]
    one = fit_dynamics(sweep, start=TRUTH, free=names, starts=1)
    (said,) = [w.message for w in one.warnings if w.code == "correlated"]
    assert said.startswith("sw_k_reset, sw_u_reset, sw_f_reset trade off")
    assert "a second rate separates them" in said
    known = re.search(r"rate at \|V_j\| = ([\d.]+) V and state ([\d.]+) to ([\d.]+) %", said)
    assert known is not None
    volt, state, percent = map(float, known.groups())
    assert percent < 1.0

    def log_rate(k: float, u: float, f: float) -> float:
        drive = np.expm1(volt / u) / np.expm1(TRUTH.values["sw_v_ref"] / u)
        return float(np.log(k * drive) + f * (state - 0.5))

    truth, found = (
        log_rate(*(x[n] for n in names))
        for x in (TRUTH.values, {n: one.parameters[n].value for n in names})
    )
    # volt and state stand in the sentence with three digits
    assert abs(truth - found) < 0.03 * percent + 1e-3
    assert one.parameters["sw_k_reset"].stderr > 0.03 * percent * TRUTH.values["sw_k_reset"]
    two = fit_dynamics([sweep, measured(rate=12.0, seed=5)], start=TRUTH, free=names, starts=1)
    assert not any("second rate" in w.message for w in two.warnings)
    assert two.parameters["sw_u_reset"].stderr < one.parameters["sw_u_reset"].stderr


def test_states_are_carried_from_record_to_record(sweep: Trace, started: ModelCard) -> None:
    end = sweep.meta["w_end"]
    second = measured(w0=end, seed=6)
    found = fit_dynamics([sweep, second], start=started, initial="carried", starts=1)
    assert "w0[2]" not in found.parameters
    assert found.responses[1].w[0] == pytest.approx(end, abs=1e-3)
    assert found.statistics["rms_decades"] < 0.002


def test_contacts_of_two_sizes_share_a_resistance_that_depends_on_the_radius() -> None:
    small, large = 3.1416e-10, 3.1416e-8
    fixed, spread = 25.0, 220e-6
    records = []
    for area, seed in ((small, 1), (large, 2)):
        r_s = fixed + spread / np.sqrt(area / np.pi)
        records.append(measured(junction_card(j_area=area, j_r_s=r_s), seed=seed))
    start = TRUTH.with_values({"j_r_s": 40.0}, "fitted")
    found = fit_dynamics(records, start=start, areas=[small, large], starts=1)
    assert found.parameters["r_fixed"].value == pytest.approx(fixed, rel=0.02)
    assert found.parameters["r_spread"].value == pytest.approx(spread, rel=0.05)
    wide = found.card("wide", area=large)
    assert wide.values["j_area"] == large
    assert wide.values["j_r_s"] == pytest.approx(27.2, rel=0.02)
    with pytest.raises(InputError, match="the fit knows none"):
        fit_dynamics(records[0], start=start, starts=1).card(area=large)


def test_the_jacobian_is_the_residuals_own() -> None:
    from fitting.dynamics import problem_of

    (record,) = records_of(measured())
    problem = problem_of(TRUTH, (record,), ["j_n", "sw_k_reset"], 300.15, False)
    u = problem.inner({**TRUTH.values, "w0[1]": 0.62})
    jac = problem.jacobian(u)
    for k in range(3):
        step = np.zeros(3)
        step[k] = 3e-4
        slope = (problem.residual(u + step) - problem.residual(u - step)) / 6e-4
        assert np.max(np.abs(slope - jac[:, k])) < 1e-3 * np.max(np.abs(slope))
    assert errors_of(problem, u).n_effective <= record.used.sum()


def test_bad_records_and_options_are_refused(sweep: Trace) -> None:
    timeless = Trace(None, sweep.voltage, sweep.current)
    with pytest.raises(InputError, match="no time") as caught:
        fit_dynamics(timeless)
    assert caught.value.code == "no_time"
    with pytest.raises(InputError, match="'fitted' or 'carried'"):
        fit_dynamics(sweep, initial="somehow")
    with pytest.raises(InputError, match="no fitted value"):
        fit_dynamics(sweep, start=TRUTH)
    with pytest.raises(InputError, match="unknown parameter 'sw_kset'"):
        fit_dynamics(sweep, start=TRUTH, free=["sw_kset"])
    with pytest.raises(InputError, match="area"):
        fit_dynamics(sweep, areas=[1e-10, 1e-10])
    with pytest.raises(InputError, match="no record"):
        fit_dynamics([])
    quiet = Trace(sweep.time, sweep.voltage, 1e-13 * np.ones(len(sweep)))
    with pytest.raises(FitRefused, match="points above"):
        fit_dynamics(quiet)


def test_a_record_that_the_law_cannot_follow_is_refused(sweep: Trace) -> None:
    """A current that jumps at random every twenty points, and one that does at every point."""
    levels = np.random.default_rng(0).lognormal(0.0, 4.0, len(sweep)) * 1e-6
    for held, code in ((20, "poor_fit"), (1, "no_switching")):
        current = levels[np.arange(len(sweep)) // held] * np.sign(sweep.voltage)
        with pytest.raises(FitRefused, match="decades") as caught:
            fit_dynamics(Trace(sweep.time, sweep.voltage, current), starts=1)
        assert caught.value.code == code


def test_pulses_are_fitted_like_sweeps() -> None:
    """Set and reset pulses of several heights with a read after each; the law's rates come back."""
    corners, volts = [0.0], [0.2]
    for height in (0.6, 0.7, 0.8, -1.0, -1.4, -1.8, 0.7, -1.6):
        now = corners[-1]
        corners += [now + 0.05, now + 0.051, now + 0.151, now + 0.152]
        volts += [0.2, height, height, 0.2]
    time = np.union1d(np.linspace(0.0, corners[-1], 400), corners)
    voltage = np.interp(time, corners, volts)
    breaks = [int(np.searchsorted(time, c)) for c in corners]
    w = states(TRUTH, time, voltage, breaks, 0.6)
    current = TRUTH.model.current(voltage, TRUTH.values, w=w)
    current = current * np.exp(0.002 * np.random.default_rng(4).standard_normal(time.size))
    names = ["sw_k_set", "sw_f_set", "sw_k_reset", "sw_u_reset"]
    start = TRUTH.with_values({"sw_k_set": 5.0, "sw_u_reset": 0.16, "sw_k_reset": 1e-5}, "fitted")
    found = fit_dynamics(Trace(time, voltage, current, 300.15), start=start, free=names, starts=2)
    assert found.statistics["rms_decades"] < 0.0015
    for name in names:
        low, high = found.parameters[name].interval
        assert low <= TRUTH.values[name] <= high, name


def test_any_switching_law_can_be_fitted() -> None:
    """Another law and another branch, from a card: nothing in the fit knows the default structure."""
    model = Model(
        (Branch("g", registry.conduction("sinh"), "on"),), registry.switching("ion_hopping")
    )
    values = {
        "g_g": 1e-4,
        "g_v0": 0.5,
        "sw_k0": 1e-2,
        "sw_ea": 0.0,
        "sw_v_set": 0.3,
        "sw_v_reset": 0.4,
    }
    truth = ModelCard("hop", model, {k: Entry(v, "assumed") for k, v in values.items()})
    trace = measured(truth, low=-1.0, w0=0.2)
    start = truth.with_values({"g_g": 2e-4, "g_v0": 0.4, "sw_k0": 2e-2, "sw_v_set": 0.35}, "fitted")
    found = fit_dynamics(trace, start=start, starts=2, floor=1e-7)
    assert found.selected == "ion_hopping"
    assert found.parameters["sw_v_set"].value == pytest.approx(0.3, rel=0.02)
    assert found.parameters["g_g"].value == pytest.approx(1e-4, rel=0.02)
    assert found.card("hop").model == model


def test_a_long_record_is_thinned_without_losing_a_pulse() -> None:
    """A million points with one pulse of thirty: every step of the voltage is still there."""
    time = np.linspace(0.0, 50.0, 1_000_000)
    volts = np.interp(time, [0, 10, 20, 40, 50], [0.0, 1.0, 0.0, -2.0, 0.0])
    volts[400_000:400_030] += 0.5
    trace = Trace(time, volts, 1e-6 * volts, 300.15)
    (record,) = records_of(trace)
    assert record.time.size < 6000
    again = np.interp(time, record.time, record.voltage)
    assert np.max(np.abs(again - volts)) < 0.005
    assert any("thinned" in remark for remark in record.remarks)


def test_what_no_record_feels_is_no_result(started: ModelCard) -> None:
    """A sweep of one sign says nothing of the reset: no error of 0, no origin 'fitted'."""
    whole = measured()
    half = slice(0, 80)  # up to 1 V and back
    assert whole.time is not None and whole.voltage is not None
    up = Trace(whole.time[half], whole.voltage[half], whole.current[half], 300.15)
    free = ["sw_k_set", "j_r_s", "sw_k_reset", "sw_u_reset"]
    found = fit_dynamics([up], start=started, free=free, starts=1)
    low, high = found.parameters["sw_k_reset"].interval
    assert np.isnan(found.parameters["sw_k_reset"].stderr) and high > 1e20 * low
    assert found.parameters["sw_k_set"].stderr > 0
    (said,) = [w.message for w in found.warnings if w.code == "unfelt"]
    assert "sw_k_reset, sw_u_reset" in said and "sw_k_set" not in said
    card = found.card("half")
    assert card.entries["sw_k_reset"].origin == "assumed"
    assert card.entries["sw_k_set"].origin == "fitted"
    assert not any("reset" in pair for pair in card.correlations)


T = np.arange(400.0)
SWING = 2.0 * np.sin(2 * np.pi * T / 200)
SCATTER = np.exp(0.02 * np.random.default_rng(3).standard_normal(T.size))


@pytest.mark.parametrize(
    ("voltage", "current", "words"),
    [
        (SWING, 1e-6 * SWING, "nothing switches"),
        (SWING, 1e-6 * SWING * SCATTER, "nothing switches"),
        (SWING, 1e-7 * np.sinh(SWING / 0.3) * SCATTER, "nothing switches"),
        (np.full(T.size, 0.5), 1e-6 * SCATTER, "nothing switches"),
        (np.linspace(0.01, 2, T.size), 1e-6 * np.linspace(0.01, 2, T.size) ** 2, "passed once"),
    ],
    ids=["ohmic", "noisy", "sinh", "constant bias", "one pass"],
)
def test_a_record_without_memory_is_refused(voltage, current, words) -> None:
    with pytest.raises(FitRefused, match=words) as error:
        fit_dynamics(Trace(T, voltage, current, 300.15))
    assert error.value.code == "no_switching"


def test_a_little_memory_is_memory() -> None:
    """A conductance that creeps by 10 % over two loops, seen through 2 % of scatter."""
    record = records_of([Trace(T, SWING, 1e-6 * SWING * SCATTER * (1 + 3e-4 * T))])[0]
    check_memory([record], alone=True)
    spread, scatter = difference_of(record) or (0.0, 0.0)
    assert spread > 2 * scatter and scatter == pytest.approx(0.02 / np.log(10), rel=0.2)
