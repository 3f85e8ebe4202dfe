"""From a card to an accuracy: devices out of dynamics, lines, forgetting, files, the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray

from compactmodels import load_card
from compactmodels.errors import InputError
from compactmodels.workflows.recognition import result
from compactmodels.workflows.recognition.band import VARIANTS, band
from compactmodels.workflows.recognition.device import ideal, kept, of_card
from compactmodels.workflows.recognition.images import bundled
from compactmodels.workflows.recognition.inference import weights_of
from compactmodels.workflows.recognition.lines import through_lines
from compactmodels.workflows.recognition.run import document, recognise
from compactmodels.workflows.recognition.settings import Hardware, Network
from compactmodels.workflows.recognition.training import layer_of
from compactmodels.workflows.recognition.trains import synapse_from
from netlists.arrays.labelled import write_netcdf
from netlists.solver.linear import solve_crossbar

SMALL = bundled().first(200, 100)
BRIEF = Network(hidden=8, epochs=2)


def test_a_card_without_a_synapse_by_its_own_dynamics() -> None:
    card = load_card("mose2")
    device = of_card(card)
    cycle = device.forgetting.args[1]  # type: ignore[union-attr]
    assert cycle.drift < 0.005
    assert cycle.up.size == cycle.down.size == 26  # published: 25 pulses each way
    synapse, facts = synapse_from(card, cycle)
    g = cycle.up[0]
    for expected in cycle.up[1:]:
        assert synapse.ltp is not None
        g = synapse.ltp.step(g)
        assert g == pytest.approx(expected, abs=0.012 * np.ptp(cycle.up))
    assert facts["law_off_of_window"] < 0.01
    # its own relaxation: 8 s after the train a part of it is gone, more of a high state in siemens
    u = np.array([0.2, 0.9])
    later = kept(device, u, 8.0)
    assert np.all(later < u)
    assert np.array_equal(kept(device, u, 0.0), u)


def test_a_card_that_does_not_learn() -> None:
    with pytest.raises(InputError, match=r"card 'vteam' shows no potentiation") as caught:
        of_card(load_card("vteam"))
    assert caught.value.code == "no_plasticity"
    with pytest.raises(InputError, match="nothing is known of how") as caught:
        kept(ideal(10), np.zeros(3), 1.0)
    assert caught.value.code == "no_relaxation"


def test_weights_through_lines_are_a_direct_solution() -> None:
    rng = np.random.default_rng(0)
    g = rng.uniform(1e-6, 1e-4, (2, 9, 4))
    cells = np.empty((9, 8))
    cells[:, 0::2], cells[:, 1::2] = g
    seen = through_lines(g, 25.0)
    for v in rng.uniform(0.0, 0.2, (3, 9)):
        direct = solve_crossbar(cells, v, 25.0, 25.0)
        np.testing.assert_allclose(v @ seen[0], direct[0::2], rtol=1e-7)
        np.testing.assert_allclose(v @ seen[1], direct[1::2], rtol=1e-7)
    assert np.all(seen.sum() < 0.99 * g.sum())
    np.testing.assert_allclose(through_lines(g, 1e-6), g, rtol=1e-6)
    device = ideal(10, 1e-6, 1e-4)
    layer = layer_of(rng.uniform(-0.5, 0.5, (9, 4)), 1.0, Hardware(), rng)
    np.testing.assert_allclose(weights_of(device, layer, Hardware()), layer.weight, atol=1e-12)
    lossy = weights_of(device, layer, Hardware(line_resistance=1e3))
    assert np.max(np.abs(lossy - layer.weight)) > 0.01
    # cut into arrays of 4 x 4 lines: each by itself, and what is left over at the ends
    cut = through_lines(g, 1e3, (4, 4))
    for rows, pairs in ((slice(0, 4), slice(0, 2)), (slice(8, 9), slice(2, 4))):
        part = g[:, rows, pairs]
        np.testing.assert_allclose(cut[:, rows, pairs], through_lines(part, 1e3), rtol=1e-12)
    small = weights_of(device, layer, Hardware(line_resistance=1e3, array=(4, 4)))
    assert np.max(np.abs(small - layer.weight)) < np.max(np.abs(lossy - layer.weight))


def test_an_array_that_the_network_does_not_fill() -> None:
    for array in ((65, 16), (1, 2), (9, 20)):
        cut = Hardware(array=array, line_resistance=50.0)
        recognise(ideal(10), SMALL.first(20, 20), BRIEF, cut)
    for array in ((66, 16), (65, 22)):
        with pytest.raises(
            InputError, match=r"take 65 x 16 and 9 x 20; give at most 65 x 20"
        ) as caught:
            recognise(ideal(10), SMALL, BRIEF, Hardware(array=array))
        assert caught.value.code == "array_too_large"
    for array in ((0, 4), (4, 3)):
        with pytest.raises(InputError, match="cannot be"):
            Hardware(array=array)


@pytest.mark.parametrize("mode", ["pulses", "write-verify"])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, mode: str) -> None:
    hardware = Hardware(
        mode=mode, read_noise=0.01, cycle_spread=0.01, device_spread=0.05, stuck=0.01
    )
    made = []
    for workers in (1, 2):
        found = recognise(ideal(50), SMALL, BRIEF, hardware, seeds=2, seed=7, workers=workers)
        path = write_netcdf(result.dataset(found), tmp_path / f"{workers}.nc")
        made.append((json.dumps(document(found)), path.read_bytes()))
    assert made[0] == made[1]
    other = recognise(ideal(50), SMALL, BRIEF, hardware, seeds=2, seed=8)
    assert json.dumps(document(other)) != made[0][0]


def test_what_is_written(tmp_path: Path) -> None:
    found = recognise(ideal(50), SMALL, BRIEF, seeds=3)
    row = document(found)
    assert row["accuracy"]["mean"] == pytest.approx(np.mean(row["accuracy"]["each"]))
    assert row["accuracy"]["std"] == pytest.approx(np.std(row["accuracy"]["each"], ddof=1))
    assert row["network"]["layers"] == [64, 8, 10]
    paths = result.write(found, tmp_path, json.dumps(row))
    assert [p.suffix for p in paths] == [".json", ".nc", *[".png", ".svg"] * 3]
    with xarray.open_dataset(tmp_path / "linear-50-levels-recognition.nc", engine="scipy") as data:
        assert data["accuracy"].values.tolist() == row["accuracy"]["each"]
        assert data["conductance_1"].shape == (3, 2, 65, 8)
        assert data["curve"].shape == (3, 2, 2)
        assert int(data["confusion"].sum()) == 300
        diagonal = np.trace(data["confusion"].values.sum(axis=0))
        assert diagonal == pytest.approx(100 * np.sum(row["accuracy"]["each"]))


@pytest.mark.parametrize(
    "changes",
    [
        {"stuck": 1.5},
        {"levels": 1},
        {"adc_bits": 99},
        {"read_noise": -1.0},
        {"read_noise": float("inf")},
        {"cycle_spread": float("nan")},
        {"wait": float("nan")},
    ],
)
def test_settings_that_cannot_be(changes: dict) -> None:
    with pytest.raises(InputError, match="cannot be"):
        Hardware(**changes)
    with pytest.raises(InputError, match="cannot be"):
        Network(rate=float("nan"))


def test_coarse_converters_and_noise_cost_accuracy() -> None:
    images, network = bundled().first(700), Network(epochs=2, rate=0.1)

    def reached(**changes: float) -> float:
        return recognise(ideal(1000), images, network, Hardware(**changes), seeds=1).accuracies[0]

    plain = reached()
    for worse in ({"adc_bits": 2}, {"read_noise": 0.5}, {"line_resistance": 2e4}):
        assert reached(**worse) < plain - 0.05
    assert abs(reached(adc_bits=12, dac_bits=8) - plain) < 0.06


def test_the_band_of_what_is_left_open() -> None:
    variants = {"plain": ({"epochs": 2}, {}), "noisy": ({"epochs": 2}, {"read_noise": 1.0})}
    found = band(ideal(50), SMALL, seeds=2, variants=variants)
    low, high = found.limits
    means = [np.mean(one.accuracies) for one in found.found.values()]
    assert low <= min(means) < max(means) <= high
    assert found.holds(float(np.mean(means)))
    assert not found.holds(high + 0.01)
    assert found.found["noisy"].choice.hardware.read_noise == 1.0
    assert set(VARIANTS) >= {"as stated", "written and verified"}


def test_forgetting_moves_the_test_and_not_the_training() -> None:
    device = ideal(50, 1e-6, 1e-5)

    def half(seconds: float) -> tuple[np.ndarray, np.ndarray]:
        g = np.linspace(1e-6, 1e-5, 5)
        return g, g * np.exp(-seconds / 10.0)

    forgets = replace(device, forgetting=half)
    u = np.array([-0.1, 0.3, 1.2])
    g = device.law.low + device.window * u
    later = device.law.low + device.window * kept(forgets, u, 5.0)
    np.testing.assert_allclose(later, g * np.exp(-0.5), rtol=1e-12)  # beyond both ends too
    a, b = (recognise(forgets, SMALL, BRIEF, Hardware(wait=wait), seeds=1) for wait in (0.0, 200.0))
    np.testing.assert_array_equal(a.outcomes[0].conductances[0], b.outcomes[0].conductances[0])
    assert np.array_equal(a.outcomes[0].curve, b.outcomes[0].curve)
    stuck = recognise(forgets, SMALL, BRIEF, Hardware(wait=200.0, stuck=1.0), seeds=1)
    lasting = recognise(forgets, SMALL, BRIEF, Hardware(stuck=1.0), seeds=1)
    assert stuck.accuracies[0] == lasting.accuracies[0]
    # all weights shrink alike, those of the bias too: what the softmax prefers changes
    assert b.accuracies[0] <= a.accuracies[0]


def test_an_interrupt_ends_every_seed() -> None:
    """Else the command would go on until the last epoch of the seeds that run."""
    calls = []

    def progress(what: str, done: int, count: int) -> None:
        calls.append(done)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recognise(ideal(10), SMALL, Network(epochs=10**6), seeds=3, workers=2, progress=progress)
    assert len(calls) < 50
