"""Pulse trains: shapes, stops, ends, noise, cards; synthetic truth and the measured devices."""

from __future__ import annotations

import numpy as np
import pytest

from compactmodels.card import load_card
from compactmodels.errors import CompactModelsError, DataFileError, FitRefused, InputError
from compactmodels.integrate import respond
from compactmodels.plasticity.pulsed_conductance import advanced, progress
from compactmodels.protocols import pulses
from compactmodels.pulse_draws import record, trajectory
from compactmodels.pulse_noise import CycleNoise, RampNoise, autoregressive
from fitting import fit_plasticity
from fitting.plasticity_ramps import in_turn, side_by_side, without_drift
from fitting.plasticity_trains import Trains, read_trains
from fitting.pulse_noise import (
    autoregression_of,
    estimate_cycle_noise,
    estimate_ramp_noise,
    lags_of,
    quantum_of,
    structure_function,
)

N = 60
P = np.arange(1, N + 1)


def train(rho=0.0, gamma=0.0, start=1e-6, end=1e-5, stop=N, n=N):
    return start + (end - start) * progress(np.minimum(np.arange(1, n + 1) / stop, 1.0), rho, gamma)


def white(size, shape, seed=0):
    return size * np.random.default_rng(seed).standard_normal(shape)


def trains(up=(), down=(), unit="S"):
    return Trains(tuple(np.atleast_2d(up)) if len(up) else (), tuple(np.atleast_2d(down)) if len(down) else (), unit)  # fmt: skip


def codes(result):
    return {w.code for w in result.warnings}


def near(estimate, value):
    low, high = estimate.interval
    assert abs(value - (low + high) / 2) < 0.9 * (high - low), (value, low, high)


@pytest.mark.parametrize(
    ("shape", "rho", "gamma"),
    [
        ("linear", 0.0, 0.0),
        ("exponential", 3.0, 0.0),
        ("exponential", -2.0, 0.0),
        ("logarithmic", 0.0, -4.0),
        ("logarithmic", 0.0, 3.0),
    ],
)
def test_shapes_are_told_apart(shape, rho, gamma):
    found = fit_plasticity(trains(train(rho, gamma) + white(5e-8, N)), "ltp")
    assert found.selected == shape
    assert found.weights[shape] > 0.15
    near(found.parameters["g_min"], 1e-6)
    near(found.parameters["g_max"], 1e-5)
    if shape == "exponential":
        near(found.parameters["alpha_ltp"], rho)
        near(found.parameters["a_ltp"], N / rho)


def test_a_convex_train_has_a_negative_label():
    """A_norm = -1/2 is the mirror image of the published 2.396."""
    found = fit_plasticity(trains(train(-2.0) + white(1e-8, N)), "ltp")
    assert found.parameters["nl_ltp"].value == pytest.approx(-2.396, abs=0.03)
    remark = next(w.message for w in found.warnings if w.code == "convention")
    assert "0.07 sqrt 2" in remark and "alpha" in remark


@pytest.mark.slow
def test_an_abrupt_stop_is_found():
    found = fit_plasticity(trains(train(stop=44, n=70) + white(1e-7, 70)), "ltp")
    assert found.selected == "linear"
    assert found.parameters["pulses_ltp"].value == pytest.approx(44, abs=2)
    near(found.parameters["g_max"], 1e-5)


@pytest.mark.slow
def test_ends_join_or_do_not():
    up = train(3.0) + white(5e-8, N)
    joined = fit_plasticity(trains(up, train(4.0, start=1e-5, end=1e-6) + white(5e-8, N, 1)), "ltp")
    assert joined.statistics["ends"] == "joined" and "g_max" in joined.parameters
    near(joined.parameters["g_max"], 1e-5)
    apart_data = trains(up, train(4.0, start=1.1e-5, end=1e-6) + white(5e-8, N, 1))
    apart = fit_plasticity(apart_data, "ltp")
    assert "ends_do_not_join" in codes(apart)
    near(apart.parameters["g_max_ltd"], 1.1e-5)
    forced = fit_plasticity(apart_data, "ltp", ends="joined")
    assert "ends_forced" in codes(forced) and "g_max" in forced.parameters


def test_a_file_in_every_layout(tmp_path):
    up, down = train(3.0) + white(2e-8, N), train(4.0, start=1e-5, end=1e-6) + white(2e-8, N, 1)
    one = tmp_path / "one.csv"
    rows = "\n".join(f"{k + 1},{g * 1e6}" for k, g in enumerate([*up, *down]))
    one.write_text("pulse,G (uS)\n" + rows + "\n")
    two = tmp_path / "two.csv"
    rows = "\n".join(f"{k + 1};{u};{d}" for k, (u, d) in enumerate(zip(up, down)))
    two.write_text("pulse;LTP (S);LTD (S)\n" + rows + "\n")
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    for path, ramp in ((first, down), (second, up)):  # which is which is seen, not named
        path.write_text("ramp1\n" + "\n".join(map(str, 0.1 * ramp)) + "\n")
    found = [
        read_trains([str(one)]),
        read_trains([str(two)]),
        read_trains([str(first), str(second)], read_voltage=0.1),
    ]
    for t in found:
        assert (len(t.up), len(t.down), t.unit) == (1, 1, "S")
        np.testing.assert_allclose(t.up[0], up, rtol=1e-9)
        np.testing.assert_allclose(t.down[0], down, rtol=1e-9)
    bare = tmp_path / "bare.csv"
    bare.write_text("\n".join(f"{u},{d}" for u, d in zip(up, down)) + "\n")
    with pytest.raises(DataFileError, match="up=1,down=2"):
        read_trains([str(bare)])
    assert len(read_trains([str(bare)], "up=1,down=2").down) == 1


@pytest.mark.parametrize("before", [0, 1])
def test_cycles_in_one_column_are_cut_at_every_turn(tmp_path, before):
    """Five times 20 up and 15 down, 1 % noise; with a reading before the first pulse, or without."""
    once = np.r_[train(3.0, n=20, stop=20), train(4.0, start=1e-5, end=1e-6, n=15, stop=15)]
    g = np.r_[np.full(before, 1e-6), np.tile(once, 5)]
    g = g + white(9e-8, g.size)
    path = tmp_path / "cycles.csv"
    path.write_text("pulse,G (S)\n" + "\n".join(f"{k + 1 - before},{v}" for k, v in enumerate(g)))
    found = read_trains([str(path)])
    assert [r.size for r in found.up] == [20 + before] * 5
    assert [r.size for r in found.down] == [15 + before] * 5
    fitted = fit_plasticity(found, "ltp", "exponential")
    near(fitted.parameters["alpha_ltp"], 3.0)
    near(fitted.parameters["alpha_ltd"], 4.0)
    near(fitted.parameters["g_max"], 1e-5)


def test_ragged_ramps_end_where_they_end():
    """Linear ramps that stop after 57 to 63 of 60 pulses: the window is that of 60, not of 57."""
    sizes = [57, 60, 63, 58, 61, 60, 62, 59]
    ramps = tuple(train(n=n, stop=60, end=1e-5) + white(2e-8, n, n) for n in sizes)
    slower = tuple(r + 2e-7 * k for k, r in enumerate(ramps))  # and drift from ramp to ramp
    found = fit_plasticity(Trains(slower, (), "S"), "ltp", "linear")
    table = found.context["directions"][0].ramps
    assert table.shape == (8, 59)  # 5 % beyond the shortest
    middle = 1e-6 + 9e-6 * 59 / 60 + 7e-7
    assert found.parameters["g_max"].value == pytest.approx(middle, abs=3e-8)
    assert found.parameters["g_max"].stderr < 5e-8  # the drift is no scatter


REFUSED = [
    (trains(white(1.0, N)), "no_dependence"),
    (trains(np.full(N, 2.0)), "no_dependence"),
    (trains(train(3.0)[:6]), "too_few_points"),
    (trains(down=train(3.0) + white(1e-8, N)), "rising"),
    (trains(train(3.0, start=1e-5, end=1e-6) + white(1e-8, N)), "falling"),
    (trains(), "usage"),
]


@pytest.mark.parametrize(("data", "code"), REFUSED)
def test_refusals(data, code):
    with pytest.raises(CompactModelsError) as error:
        fit_plasticity(data, "ltp")
    assert error.value.code == code


def test_noise_is_taken_apart():
    truth = RampNoise(1.0, 1.5, 8.0, 0.25)
    rng = np.random.default_rng(3)
    ramps = np.array([truth.draw(400, rng) for _ in range(6)])
    found = estimate_ramp_noise(ramps - ramps.mean(axis=0), mean_removed=True)
    assert found.white == pytest.approx(1.0, rel=0.15)
    assert found.correlated == pytest.approx(1.5, rel=0.3)
    assert found.walk == pytest.approx(0.25, rel=0.5)
    assert 4.0 < found.memory < 16.0


def test_white_noise_is_white():
    found = estimate_ramp_noise(white(2.0, (1, 500)), mean_removed=False)
    low, high = found.intervals["white"]
    assert low < 2.0 < high
    assert found.correlated < 0.6 and found.walk < 0.05


def test_offsets_of_ramps():
    truth = CycleNoise(1.0, 0.5, 0.3, "linear", 60)
    drawn = truth.draw(np.random.default_rng(1).standard_normal(61))
    found = estimate_cycle_noise(drawn, 0.0)
    assert found is not None and found.drift_law == "linear"
    for name in ("offset", "autocorrelation", "drift"):
        low, high = found.intervals[name]
        assert low < getattr(truth, name) < high, name
    assert estimate_cycle_noise(drawn[:5], 0.0) is None


def test_the_instruments_step():
    values = np.round(np.random.default_rng(0).standard_normal(800) / 0.0111) * 0.0111
    assert quantum_of(np.round(values, 5)) == pytest.approx(0.0111, rel=1e-3)
    assert quantum_of(np.random.default_rng(0).standard_normal(800)) == 0.0


def test_the_card_simulates_what_was_fitted(tmp_path):
    data = trains(
        train(3.0) + white(2e-8, N), train(0.0, -3.0, start=1e-5, end=1e-6) + white(2e-8, N, 1)
    )
    result = fit_plasticity(data, "ltp", width=1e-6, amplitude=(1.0, -1.2))
    card = load_card(result.card("syn").save(tmp_path / "syn.toml"))
    assert card.entries["sw_k_up"].origin == "fitted"
    assert card.operation["v_reset"] == -1.2
    law = trajectory(card, np.r_[np.ones(N), -np.ones(N)], None)
    np.testing.assert_allclose(law, result.model, rtol=2e-3)
    protocol = pulses(amplitude=1.0, width=1e-6, gap=1e-6, number=20, edge=1e-9)
    response = respond(card, protocol, points=6)
    off, on = card.values["off_g"], card.values["on_g"]
    at = [np.interp(p.stop, response.time, off + response.w * (on - off)) for p in protocol.pulses]
    np.testing.assert_allclose(at, law[:20], rtol=5e-3)


def test_a_card_needs_siemens_and_says_what_it_assumes():
    data = trains(train(3.0) + white(2e-8, N), unit="1")
    with pytest.raises(InputError, match="--conductance") as error:
        fit_plasticity(data, "ltp").card()
    assert error.value.code == "no_siemens"
    card = fit_plasticity(data, "ltp", conductance=(1e-6, 1e-5)).card()
    assert card.entries["sw_k_up"].origin == "assumed"
    assert "not measured" in card.entries["sw_k_down"].note
    assert card.synapse is not None and "as given" in card.synapse.note
    for bad in ({"amplitude": -1.0}, {"conductance": (2.0, 1.0)}, {"width": 0.0}, {"color": 1}):
        with pytest.raises(InputError):
            fit_plasticity(data, "ltp", **bad)
    with pytest.raises(FitRefused):
        fit_plasticity(trains(white(1.0, N)), "ltp")


@pytest.mark.slow
def test_intervals_cover():
    """A single train with read noise and memory; 120 repeats, shares within 3 sigma of 0.95 or above."""
    noise = RampNoise(3e-8, 3e-8, 3.0)
    hits = dict.fromkeys(("g_min", "g_max", "alpha_ltp"), 0)
    for k in range(120):
        drawn = train(3.0) + noise.draw(N, np.random.default_rng(k))
        found = fit_plasticity(trains(drawn), "ltp", "exponential")
        for name, value in (("g_min", 1e-6), ("g_max", 1e-5), ("alpha_ltp", 3.0)):
            low, high = found.parameters[name].interval
            hits[name] += low <= value <= high
    assert all(n / 120 >= 0.89 for n in hits.values()), hits


# ------------------------------------------------------------------------------ measured devices


def of_record(ramps):
    """What tells one record of alternating ramps from another: ends, drift, gains, paces, increments.

    ``ramps`` begin with a depression; each holds the reading before its first pulse.
    """
    found = {}
    for name, own in (("up", ramps[1::2]), ("down", ramps[::2])):
        sizes = np.array([r.size for r in own], dtype=float)
        least = int(sizes.min())
        table = 1e6 * np.array([r[:least] for r in own])
        last = 1e6 * np.array([r[-1] for r in own])
        gain = without_drift(table[:, -1] - table[:, 0])
        for what, values in (("start", table[:, 0]), ("common", table[:, -1]), ("last", last)):
            found[name, what, "spread"] = without_drift(values).std()
            found[name, what, "drift"] = values[-5:].mean() - values[:5].mean()
        found[name, "gain"] = gain.std()
        found[name, "size"] = sizes.std()
        found[name, "gain and size"] = np.corrcoef(gain, sizes)[0, 1]
        found[name, "gain and start"] = np.corrcoef(gain, without_drift(table[:, 0]))[0, 1]
        for lag in (1, 2, 4):
            found[name, "gain", lag] = float(gain[lag:] @ gain[:-lag]) / float(gain @ gain)
        lags = np.array([1, 2, 5, 10, 20, 50, 100])
        each = structure_function(without_drift(table), lags)  # how the shape drifts is not drawn
        found |= {(name, "increment", int(k)): x for k, x in zip(lags, each)}
    return found


@pytest.mark.slow
@pytest.mark.needs_shared_data
def test_the_card_of_taox_reproduces_its_noise(shared_data):
    """40 depressions and 39 potentiations: 40 numbers within 4 standard deviations of 16 drawn records.

    Among them: gains that swing with a period of four ramps, G_min and G_max that drift by
    different amounts, ramps that begin where the one before ended.
    """
    folder = shared_data / "crosssim_taox_pulses"
    paths = [str(folder / "set.csv"), str(folder / "reset.csv")]
    result = fit_plasticity(paths, "ltp", read_voltage=1.0)
    up, down = result.context["directions"]
    assert result.selected == "slow_start+slow_start"
    assert -1.75 < result.parameters["nl_ltp"].value < -1.3  # convex
    assert "g_max" in result.parameters  # the ends join
    assert up.rows.levelled and down.rows.levelled
    for d, law in ((up, result.model[: up.pulses.size]), (down, result.model[up.pulses.size :])):
        off = np.sqrt(np.mean((d.mean - law) ** 2))
        assert off < 0.0025 * np.ptp(d.mean)
        assert off < without_drift(d.ramps).std()  # closer than a single ramp's noise
    trains_ = result.context["trains"]
    first, measured = in_turn(trains_)
    assert first == "ltd" and trains_.first == 0
    card = result.card("taox")
    own = of_record(measured)
    drawn = []
    for seed in range(16):
        ramps = record(card, len(measured), seed, first="ltd")
        step = np.mean([r[0] - r[1] for r in ramps[::2]])
        before = [ramps[0][0] + step, *(r[-1] for r in ramps)]
        drawn.append(of_record([np.r_[b, r] for b, r in zip(before, ramps)]))
    for key, value in own.items():
        each = np.array([d[key] for d in drawn])
        assert abs(value - each.mean()) < 4.0 * each.std() + 0.02 * abs(value), key


@pytest.mark.slow
def test_ramps_that_end_at_a_level():
    """30 pairs of ramps, each to the window's ends at a pace of its own: seen, and stretched to its share."""
    rng = np.random.default_rng(4)
    sizes = np.round(60 * (1 + 0.03 * rng.standard_normal(60))).astype(int)
    g = [train(2.0, n=n, stop=n) + white(2e-8, n, n) for n in sizes]
    ramps = [np.r_[1e-6, x] if k % 2 == 0 else np.r_[1e-5, 1.1e-5 - x] for k, x in enumerate(g)]
    found = fit_plasticity(Trains(tuple(ramps[::2]), tuple(ramps[1::2]), "S", 0), "ltp")
    up, down = found.context["directions"]
    assert up.rows.levelled and down.rows.levelled
    near(found.parameters["alpha_ltp"], 2.0)
    card = found.card("levels")
    assert card.synapse.ltp.cycle.pace == pytest.approx(sizes[::2].std() / 60, rel=0.1)
    assert len(card.synapse.pace) <= 1  # paces without a memory: one coefficient by chance, small
    assert np.all(np.abs(card.synapse.pace) < 0.4)
    given = [x[:58] for x in ramps if x.size > 58]
    fixed = side_by_side(given[:12])
    assert not fixed.levelled and fixed.table.shape == (12, 58)


@pytest.mark.slow
def test_readings_before_the_first_pulse_are_recognised():
    """Ramps that begin at the last reading of the one before, in a record without a count of pulses."""
    up, down = train(1.0), train(1.0, start=1e-5, end=1e-6)
    chained = [np.r_[1e-6, up] + white(1e-9, N + 1, k) for k in range(8)]
    back = [np.r_[1e-5, down] + white(1e-9, N + 1, 50 + k) for k in range(8)]
    record_ = Trains(tuple(chained), tuple(back), "S", 1, numbered=False)
    found = fit_plasticity(record_, "ltp")
    assert any("precedes its pulses" in a for a in found.context["assumed"])
    assert found.parameters["pulses_ltp"].value == N
    after = Trains(
        tuple(c[1:] for c in chained), tuple(b[1:] for b in back), "S", 1, numbered=False
    )
    found = fit_plasticity(after, "ltp")
    assert any("follows the first pulse" in a for a in found.context["assumed"])
    assert found.parameters["pulses_ltp"].value == N


def test_a_slow_start_is_told_apart():
    """Twelve ramps with a slow start and walks of their own: selected, and its truth within the interval."""
    rng = np.random.default_rng(2)
    law = 1e-6 + 9e-6 * advanced(P / N, 1.0, 0.5, 0.25, 0.08)
    noise = RampNoise(white=1e-8, walk=1e-8)
    ramps = tuple(law + noise.draw(N, rng, N) for _ in range(12))
    found = fit_plasticity(Trains(ramps, (), "S"), "ltp")
    assert found.selected == "slow_start"
    near(found.parameters["dwell_ltp"], 0.25)
    near(found.parameters["reach_ltp"], 0.08)


def test_an_autoregression_is_found_again():
    rng = np.random.default_rng(7)
    series = autoregressive(rng.standard_normal(400), (0.6, -0.7), (0.0, 0.0))
    found = autoregression_of(series)
    assert found[:2] == pytest.approx((0.6, -0.7), abs=0.12)
    assert autoregression_of(white(1.0, 200)) == ()
    assert autoregression_of(np.zeros(50)) == ()


@pytest.mark.slow
@pytest.mark.needs_shared_data
def test_the_card_of_gong_reproduces_its_noise(shared_data):
    path = shared_data / "reram_pulse_gong2018" / "gong_et_al.csv"
    result = fit_plasticity(str(path), "ltp", columns="up=1,down=2", conductance=(1e-6, 1e-5))
    shape_up, shape_down = result.selected.split("+")
    assert shape_up == "linear" and 780 < result.parameters["pulses_ltp"].value < 920
    assert shape_down == "logarithmic"
    assert result.statistics["rms"] < 0.18
    card = result.card("gong")
    assert card.synapse is not None
    up, down = result.context["directions"]
    factor = card.synapse.quantum / quantum_of(np.concatenate([up.ramps[0], down.ramps[0]]))
    assert card.synapse.quantum / factor == pytest.approx(0.0111, abs=2e-4)
    mean = trajectory(card, np.r_[np.ones(1000), -np.ones(1000)], None)
    lags = np.array([1, 2, 5, 10, 20, 50])
    drawn = [trajectory(card, np.r_[np.ones(1000), -np.ones(1000)], s) - mean for s in range(12)]
    for part, d in ((slice(0, 1000), up), (slice(1000, None), down)):
        own = structure_function((d.ramps - result.model[part]) * factor, lags)
        each = np.array([structure_function(x[None, part], lags) for x in drawn])
        off = (own - each.mean(axis=0)) / (each.std(axis=0) + 0.02 * own)
        assert np.max(np.abs(off)) < 4.0, off
    assert lags_of(1000)[-1] == 333
