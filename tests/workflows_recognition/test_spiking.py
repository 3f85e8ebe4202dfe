"""The spiking network: its windows are the device's, its steps those of a plain loop, its learning is one."""

from __future__ import annotations

import numpy as np
import pytest

from compactmodels import fast, load_card
from compactmodels.errors import InputError
from compactmodels.workflows.recognition import spiking
from compactmodels.workflows.recognition.compiled import kernels
from compactmodels.workflows.recognition.images import load
from compactmodels.workflows.reproduction.published import paper
from tests.cli.command import command


@pytest.fixture(scope="module")
def window():
    return spiking.spike_window(load_card("otj"))


@pytest.mark.slow
def test_the_window_is_the_devices(window):
    """Between the grid's states, from nuclei of a millionth on: within 0.2 % of the largest change."""
    card = load_card("otj")
    pairs = [(0.33, 2.0), (0.66, -3.0), (0.08, 5.0), (0.87, -2.0)]
    pairs += [(w, 1.0) for w in (0.0, 1e-6, 7e-5, 1.1e-3, 0.007, 0.033)]
    for w, steps in pairs:
        pair = paper("otj").protocol("stdp_antisymmetric", interval=steps * spiking.STEP)
        alone = fast.respond(card, pair, w0=w, points=8).w[-1]
        found = kernels("spiking_kernels").changed(window, w, steps, float(spiking.REACH))
        assert found == pytest.approx(alone, abs=0.002 * np.abs(window).max())


@pytest.mark.slow
def test_pre_before_post_strengthens_and_the_reverse_weakens(window):
    middle = window[len(window) * 5 // 6]  # w = 0.48
    assert (middle[13:23] > 0).all()
    assert (middle[2:12] < 0).all()
    assert (window[0] >= -1e-9).all() and (window[-1] <= 1e-9).all()


def plain(images, w, threshold, window, conducts, settings, random):
    """The same rules written out with arrays."""
    w, threshold = w.copy(), threshold.copy()
    n_in, n_out = w.shape
    grid = np.linspace(0, 1, conducts.size)
    roots = np.linspace(0, 1, window.shape[0])
    half = np.linspace(-spiking.REACH, spiking.REACH, window.shape[1])

    def moved(state, interval):
        rows = [np.interp(interval, half, row) for row in window]
        return min(max(state + np.interp(state**0.25, roots, rows), 0.0), 1.0)

    counts = np.zeros((len(images), n_out), dtype=int)
    last_in, last_out, now = np.full(n_in, -1e12), np.full(n_out, -1e12), 0.0
    for k, image in enumerate(images):
        v = np.zeros(n_out)
        now += settings.pause
        for _ in range(settings.steps):
            now += 1.0
            v *= settings.keep
            for i in range(n_in):
                if image[i] > 0 and random.random() < settings.rate * image[i]:
                    last_in[i] = now
                    v += np.interp(w[i], grid, conducts)
                    for j in range(n_out):
                        if 0 < now - last_out[j] <= spiking.REACH:
                            w[i, j] = moved(w[i, j], last_out[j] - now)
            if (v - threshold).max() <= 0:
                continue
            winner = int(np.argmax(v - threshold))
            counts[k, winner] += 1
            for i in range(n_in):
                if now - last_in[i] <= spiking.REACH:
                    w[i, winner] = moved(w[i, winner], max(now - last_in[i], 1.0))
            threshold[winner] += settings.rise
            last_out[winner] = now
            break
        threshold *= 1 - settings.fall
    return counts, w, threshold


def test_the_kernel_is_the_plain_loop():
    """With any window: a smooth one, made up."""
    chance = np.random.default_rng(2)
    state, step = np.meshgrid(np.linspace(0, 1, 21), np.linspace(-12, 12, 25), indexing="ij")
    window = np.where(step > 0, 0.2 * (1 - state), -0.3 * state) * np.exp(-np.abs(step) / 4)
    images = chance.uniform(size=(12, 9)) * (chance.uniform(size=(12, 9)) < 0.7)
    w, threshold = chance.uniform(0.2, 0.8, (9, 4)), np.full(4, 1.5)
    settings = spiking.Spiking(neurons=4, threshold=1.5, fall=0.01, steps=30)
    conducts = np.linspace(0, 1, spiking.STATES) ** 2
    expected = plain(images, w, threshold, window, conducts, settings, np.random.default_rng(7))
    counts = np.zeros((12, 4), dtype=np.int64)
    numbers = np.array([0.5, 0.98, 0.5, 0.01, 5.0, 30.0])
    kernels("spiking_kernels").present(
        images, w, threshold, window, conducts, 12.0, numbers, True,
        np.random.default_rng(7), counts,
    )  # fmt: skip
    assert counts.sum() > 5
    assert np.array_equal(counts, expected[0])
    assert w == pytest.approx(expected[1], abs=1e-12)
    assert threshold == pytest.approx(expected[2], abs=1e-12)


@pytest.mark.slow
def test_it_learns_and_repeats(window):
    images = load("digits")
    settings = spiking.Spiking(neurons=60, epochs=2)
    card = load_card("otj")
    (one,) = spiking.learn_by_spikes(card, images, settings, window=window, seed=3)
    (again,) = spiking.learn_by_spikes(card, images, settings, window=window, seed=3)
    assert one.accuracy == again.accuracy and np.array_equal(one.w, again.w)
    assert one.accuracy > 0.55  # chance is 0.1


@pytest.mark.slow
@pytest.mark.needs_shared_data
def test_learning_adds_to_what_random_devices_do(window, shared_data):
    """The control has the same labelled readout; on UCI's full split learning adds some seven points to it."""
    images, card = load(str(shared_data / "optdigits")), load_card("otj")
    taught, control = (
        np.mean([o.accuracy for o in spiking.learn_by_spikes(card, images, window=w, seeds=2)])
        for w in (window, 0 * window)
    )
    assert control > 0.7  # so that chance is not what to compare with
    assert taught > control + 0.03


@pytest.mark.parametrize(
    "change", [{"neurons": 0}, {"rate": 0.0}, {"keep": 1.5}, {"fall": 1.0}, {"pause": -1.0}]
)
def test_settings_that_cannot_be(change):
    with pytest.raises(InputError, match="spiking network"):
        spiking.Spiking(**change)


@pytest.mark.slow
def test_the_command(tmp_path):
    words = ["spike", "otj", "--seeds", "1", "--neurons", "20", "--epochs", "1"]
    found = command(*words, "-o", tmp_path, "--json").document
    assert 0.1 < found["accuracy"]["mean"] < 1
    assert 0.1 < found["control"]["accuracy"]["mean"] < 1 and found["accuracy"]["std"] is None
    assert (tmp_path / "otj-spike.png").exists()
    refused = command("spike", "hp")
    assert refused.status != 0 and "no pair of spike waveforms" in refused.err
