"""Non-linearity labels, a synapse on its card, and trains drawn from it."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactmodels import registry
from compactmodels.card import Entry, ModelCard, parse_card
from compactmodels.errors import CardError, InputError
from compactmodels.integrate import respond
from compactmodels.model import Branch, Model
from compactmodels.nonlinearity import LABEL, alpha_of_nl, nl_of_alpha, nl_of_shape
from compactmodels.plasticity.pulsed_conductance import progress
from compactmodels.protocols import pulses
from compactmodels.pulse_draws import record, trajectory
from compactmodels.pulse_noise import CycleNoise, RampNoise
from compactmodels.synapse import Synapse, Train

PUBLISHED = {1.0: 1.246, 1 / 2: 2.396, 1 / 3: 3.392, 1 / 5: 4.885, 1 / 10: 6.766}


@pytest.mark.parametrize(("a", "label"), PUBLISHED.items())
def test_the_simulators_labels(a, label):
    assert nl_of_alpha(1 / a) == pytest.approx(label, abs=6e-4)
    assert nl_of_alpha(-1 / a) == pytest.approx(-label, abs=6e-4)
    assert 1 / alpha_of_nl(nl_of_alpha(1 / a)) == pytest.approx(a, rel=1e-11)


@given(st.floats(-300.0, 300.0))
def test_the_closed_form_at_40_digits(alpha):
    mp.mp.dps = 60
    x = mp.mpf(alpha if abs(alpha) > 1e-12 else 1e-12)
    a, b = 1 / x, 1 / (1 - mp.exp(-x))
    expected = float((b - a - a * mp.log(b / a)) / (mp.mpf("0.07") * mp.sqrt(2)))
    assert nl_of_alpha(alpha) == pytest.approx(expected, rel=1e-10, abs=1e-11)


def test_the_labels_limits():
    assert nl_of_alpha(0.0) == 0.0 == alpha_of_nl(0.0)
    assert nl_of_alpha(1e9) == pytest.approx(10.10, abs=0.005)
    with pytest.raises(InputError, match="limit"):
        alpha_of_nl(10.2)


@given(st.floats(-15.0, 15.0), st.floats(-15.0, 15.0))
def test_the_label_of_any_shape_is_its_distance_from_the_chord(rho, gamma):
    p = np.linspace(0.0, 1.0, 20001)
    off = progress(p, rho, gamma) - p
    largest = float(off[np.argmax(np.abs(off))]) / LABEL
    assert nl_of_shape(rho, gamma) == pytest.approx(largest, abs=2e-4)


QUIET = RampNoise()


def synapse(noise=QUIET, **more):
    """Ends that do not join, and a slow start of potentiation where ``dwell`` is given."""
    up = Train(1e-6, 9e-6, 3.0, -1.0, 60, noise, more.pop("cycle", None), more.pop("dwell", 0.0))
    return Synapse(up, Train(1e-5, 1.5e-6, 0.0, -3.0, 80, noise), **more)


def card(found: Synapse) -> ModelCard:
    """The circuit of that synapse, 1 us pulses of 1 V."""
    low, high = found.limits
    values = {"on_g": high, "off_g": low, "sw_v_up": 0.7, "sw_v_down": 0.7, "sw_v_step": 0.2}
    for side, train in (("up", found.ltp), ("down", found.ltd)):
        values |= {
            f"sw_k_{side}": 1.0 / (train.pulses * 1e-6),
            f"sw_{side}_from": (train.g_start - low) / (high - low),
            f"sw_{side}_span": abs(train.g_end - train.g_start) / (high - low),
            f"sw_rho_{side}": train.rho,
            f"sw_gamma_{side}": train.gamma,
            f"sw_dwell_{side}": train.dwell,
            f"sw_reach_{side}": train.reach,
        }
    model = Model(
        (
            Branch("on", registry.conduction("ohmic"), "on"),
            Branch("off", registry.conduction("ohmic"), "off"),
        ),
        registry.switching("pulsed_synapse"),
    )
    entries = {name: Entry(value, "assumed") for name, value in values.items()}
    return ModelCard("syn", model, entries, synapse=found)


def test_the_mean_trajectory_is_the_law():
    found = synapse()
    up = trajectory(found, np.ones(60), None)
    expected = 1e-6 + 8e-6 * progress(np.arange(1, 61) / 60, 3.0, -1.0)
    np.testing.assert_allclose(up, expected, rtol=1e-12)
    on = trajectory(found, np.ones(70), None)
    assert np.all(on[60:] == on[60])  # an abrupt stop


def test_a_train_that_begins_elsewhere_goes_on_from_there():
    """Ends that do not join: down begins at 9 of 10 uS, and up again at 1.5 instead of 1 uS."""
    found = synapse()
    g = trajectory(found, np.r_[np.ones(60), -np.ones(80), np.ones(5)], None)
    assert g[60] < g[59]
    assert g[139] == pytest.approx(1.5e-6, rel=1e-3)
    assert 0 < g[140] - g[139] < found.ltp.step(1e-6) - 1e-6
    below = trajectory(found, np.ones(3), None, start=0.5e-6)
    assert 0.5e-6 < below[0] < below[1] < 2e-6


@pytest.mark.parametrize("dwell", [0.0, 0.4])
def test_the_integrator_follows_the_law(dwell):
    """Edges of 1 ns and a stop within 0.5 % of the window are all that lies between the two."""
    found = synapse(dwell=dwell)
    device = card(found)
    protocol = pulses(amplitude=1.0, width=1e-6, gap=1e-6, number=55, edge=1e-9)
    response = respond(device, protocol, points=6)
    g = device.values["off_g"] + response.w * (device.values["on_g"] - device.values["off_g"])
    at = [float(np.interp(p.stop, response.time, g)) for p in protocol.pulses]
    law = trajectory(found, np.ones(55), None)
    assert np.max(np.abs(at - law)) < 0.003 * 9e-6


def test_a_slow_start_costs_pulses_and_only_there():
    """The law with a slow start reaches every conductance, later; its last steps are the larger for it."""
    plain, slow = synapse(), synapse(dwell=0.4)
    a, b = (trajectory(x, np.ones(60), None) for x in (plain, slow))
    assert b[0] - 1e-6 < 0.5 * (a[0] - 1e-6)
    np.testing.assert_allclose((a[-1], b[-1]), 9e-6, rtol=1e-14)
    assert np.all(b[:-1] < a[:-1])
    assert slow.ltp.nl < plain.ltp.nl
    p, u = np.arange(0, 61) / 60, (np.r_[1e-6, b] - 1e-6) / 8e-6
    off = u - p
    assert slow.ltp.nl == pytest.approx(off[np.argmax(np.abs(off))] / LABEL, abs=0.02)


def test_the_same_seed_gives_the_same_train():
    found = synapse(RampNoise(2e-8, 3e-8, 5.0, 1e-9))
    a, b, c = (trajectory(found, np.ones(30), seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize("tied", [math.inf, 60.0])
def test_the_noise_has_the_structure_it_says(tied):
    """Variance of differences of 4000 drawn ramps against the formula, within four standard errors."""
    noise = RampNoise(1.0, 2.0, 6.0, 0.3)
    rng = np.random.default_rng(0)
    drawn = np.array([noise.draw(60, rng, tied) for _ in range(4000)])
    for lag in (1, 2, 5, 20, 50):
        found = np.mean((drawn[:, lag] - drawn[:, 0]) ** 2)
        expected = float(noise.structure(np.array([float(lag)]), tied)[0])
        assert found == pytest.approx(expected, rel=4 * math.sqrt(2 / 4000))
    kept = np.array([noise.wander(60, rng, tied)[-1] for _ in range(4000)])
    assert np.std(kept) == pytest.approx(0.0 if tied == 60 else 0.3 * math.sqrt(60), rel=0.05)


def test_offsets_drift_and_resemble_each_other():
    cycle = CycleNoise(1.0, 0.6, 0.5, "linear", 30)
    rng = np.random.default_rng(1)
    drawn = np.array([cycle.draw(rng.standard_normal(31)) for _ in range(4000)])
    np.testing.assert_allclose(drawn.mean(axis=0), cycle.trend(30), atol=0.07)
    rest = drawn - cycle.trend(30)
    assert np.std(rest) == pytest.approx(1.0, rel=0.03)
    assert np.mean(rest[:, 1:] * rest[:, :-1]) == pytest.approx(0.6, abs=0.04)
    assert cycle.trend(30).mean() == pytest.approx(0.0, abs=1e-12)


CYCLED = CycleNoise(2e-7, 0.0, 2e-8, "linear", 40, 0.0, 0.03)


def cycled(**more):
    """A synapse whose ramps have ends and paces of their own; the pace swings with a period of eight."""
    up = Train(1e-6, 1e-5, 2.0, 0.0, 60, RampNoise(walk=2e-8), CYCLED)
    return Synapse(up, Train(1e-5, 1e-6, 2.0, 0.0, 60, RampNoise(walk=2e-8), CYCLED), **more)


def test_a_ramp_begins_where_the_one_before_ended_and_ends_where_it_is_drawn():
    ramps = record(cycled(), 40, seed=3)
    lasts = np.array([r[-1] for r in ramps])
    firsts = np.array([r[0] for r in ramps])
    step = 9e-6 * (1 - math.exp(-2 / 60)) / (1 - math.exp(-2))
    assert np.all(np.abs(firsts[1:] - lasts[:-1]) < 1.5 * step + 1e-7)
    k = np.arange(20)
    line = np.polyfit(k, lasts[::2], 1)
    assert line[0] == pytest.approx(2e-8, rel=0.8)
    assert np.std(lasts[::2] - np.polyval(line, k)) == pytest.approx(2e-7, rel=0.5)
    assert np.std([r.size for r in ramps]) == pytest.approx(0.03 * 60, rel=0.4)


def test_paces_follow_their_autoregression():
    """Numbers of pulses of 4000 ramps: standard deviation, and correlations of an AR(2) by hand."""
    a, b = 0.6, -0.7
    sizes = np.array([r.size for r in record(cycled(pace=(a, b)), 4000, seed=1)], dtype=float)
    x = sizes - sizes.mean()
    power = float(x @ x)
    assert np.std(x) == pytest.approx(1.8, rel=0.1)
    first = a / (1 - b)
    for lag, expected in ((1, first), (2, a * first + b)):
        assert float(x[lag:] @ x[:-lag]) / power == pytest.approx(expected, abs=0.06)


def test_a_train_that_turns_often_keeps_its_ends():
    """Ends are drawn anew after half a ramp only: up and down by single pulses is no row of ramps."""
    found = cycled()
    g = trajectory(found, np.tile([1.0, -1.0], 100), 5, start=5e-6)
    law = trajectory(found, np.tile([1.0, -1.0], 100), None, start=5e-6)
    assert np.std(g[100:] - law[100:]) < 1e-6
    with pytest.raises(InputError, match="alternate"):
        record(Synapse(Train(1e-6, 9e-6, 3.0, 0.0, 60)), 4)


def test_steps_of_the_instrument():
    found = synapse(RampNoise(2e-8), quantum=1e-8)
    g = trajectory(found, np.ones(20), 0)
    np.testing.assert_allclose(g / 1e-8, np.round(g / 1e-8), atol=1e-6)


def test_levels():
    assert synapse().levels == math.inf
    assert synapse(RampNoise(white=3e-8, correlated=4e-8)).levels == pytest.approx(
        1 + 9e-6 / (2 * 1.96 * 5e-8)
    )


def test_the_card_round_trips():
    noise = RampNoise(2e-8, 3e-8, 5.0, 1e-9, {"white": (1e-8, 3e-8)})
    cycle = CycleNoise(1e-7, 0.5, 1e-9, "logarithmic", 12, 1e-9, 0.02, {"offset": (5e-8, 2e-7)})
    more = {"together": 0.3, "quantum": 1e-9, "note": "as given", "pace": (0.2, -0.5)}
    made = card(synapse(noise, cycle=cycle, dwell=0.3, **more))
    again = parse_card(made.to_toml(), "the card")
    assert again.synapse == made.synapse
    assert again.values == made.values


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("pulses = 60", "pulses = 0", "below 1"),
        ("white = 2e-08", "white = -1.0", "below 0"),
        ("memory = 1.0", "memory = 0.0", "memory"),
        ("g_end = 9e-06", "g_end = 1e-07", "above its start"),
        ("rho = 3.0", "rho = 41.0", "beyond 40"),
        ("together = 0.0", "together = 2.0", "correlation"),
        ("together = 0.0", "together = 0.0\npace = [0.5, 0.6]", "decay"),
        ("dwell = 0.0", "dwell = -1.0", "dwell"),
        ("reach = 0.1", "reach = 0.0", "reach"),
        ("white = 2e-08", "pink = 1.0", "extra"),
        ("white = 2e-08", "white = nan", "finite"),
    ],
)
def test_a_bad_synapse_is_refused(old, new, message):
    text = card(synapse(RampNoise(2e-8))).to_toml()
    assert old in text
    with pytest.raises(CardError, match=message):
        parse_card(text.replace(old, new, 1), "the card")


def test_pulses_are_signs():
    with pytest.raises(InputError, match="\\+1"):
        trajectory(synapse(), [1.0, 0.5])
    one = Synapse(Train(1e-6, 9e-6, 3.0, 0.0, 60))
    with pytest.raises(InputError, match="no ltd"):
        trajectory(one, [1.0, -1.0])
    with pytest.raises(CardError, match="fit plasticity"):
        trajectory(ModelCard("plain", card(synapse()).model, {}), [1.0])
