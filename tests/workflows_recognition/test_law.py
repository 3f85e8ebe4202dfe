"""The tables of the pulse law, and the kernels that read them, against the law itself."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from compactmodels.errors import InputError
from compactmodels.synapse import Synapse, Train
from compactmodels.workflows.recognition.compiled import kernels, stream
from compactmodels.workflows.recognition.device import Device, ideal, of_synapse, with_levels
from compactmodels.workflows.recognition.law import law_of, table_step, window_of
from compactmodels.workflows.recognition.training import tables_of

LAWS = {
    "exponential": Synapse(Train(1.0, 3.0, 4.0, 0.0, 60.0), Train(3.0, 1.0, 2.0, 0.0, 40.0)),
    "steep": Synapse(Train(1.0, 3.0, 14.0, -6.0, 30.0), Train(3.0, 1.0, -8.0, 5.0, 90.0)),
    "slow start": Synapse(
        Train(1.0, 3.0, 3.0, 1.0, 50.0, dwell=0.8, reach=0.05),
        Train(3.0, 1.0, 1.0, 0.0, 50.0, dwell=2.0, reach=0.2),
    ),
    "ends apart": Synapse(Train(1.0, 2.8, 3.0, 0.0, 50.0), Train(3.0, 1.3, 3.0, 1.0, 30.0)),
    "few pulses": Synapse(Train(1.0, 3.0, 1.0, 0.0, 5.0), Train(3.0, 1.0, 3.0, 0.0, 4.0)),
}


@cache
def device_of(name: str) -> Device:
    return of_synapse(LAWS[name], name)


def stepped(synapse: Synapse, name: str, x: np.ndarray, pulses: int) -> np.ndarray:
    """x after so many pulses by Train.run, clipped to the common window."""
    low, high = window_of(synapse)
    train = synapse.trains[name]
    g = np.array([train.run(low + (high - low) * a, pulses)[-1] for a in x])
    return np.clip((g - low) / (high - low), 0.0, 1.0)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("pulses", [1, 7])
def test_the_tables_are_the_law(name: str, pulses: int) -> None:
    synapse = LAWS[name]
    law = device_of(name).law
    assert law.error <= 1e-6
    x = np.random.default_rng(1).random(80)
    for side, direction in ((law.up, "ltp"), (law.down, "ltd")):
        exact = stepped(synapse, direction, x, pulses)
        assert np.max(np.abs(table_step(side, x, pulses) - exact)) < 2e-6
        assert np.all(np.diff(side.spent) * (1 if direction == "ltp" else -1) >= 0)


@pytest.mark.parametrize("name", LAWS)
def test_the_kernel_follows_a_whole_train(name: str) -> None:
    synapse, k = LAWS[name], kernels()
    law, device = device_of(name).law, device_of(name)
    rng = stream(np.random.default_rng(0))
    for direction in ("ltp", "ltd"):
        x = 0.0 if direction == "ltp" else 1.0
        for count in (1, 2, 3, 1, 5):
            expected = stepped(synapse, direction, np.array([x]), count)[0]
            x = k.moved(x, count, 1.0, direction == "ltp", tables_of(device), 0.0, rng)
            assert x == pytest.approx(expected, abs=3e-6)
        last = k.moved(x, 10_000, 1.0, direction == "ltp", tables_of(device), 0.0, rng)
        assert last == (1.0 if direction == "ltp" else 0.0)
    assert k.moved(0.3, 5, 0.0, True, tables_of(device), 0.1, rng) == 0.3  # stuck
    assert law.low < law.high


def test_pulses_of_a_window_that_is_narrower_than_its_trains() -> None:
    synapse = LAWS["ends apart"]
    law = law_of(synapse)
    assert (law.low, law.high) == (1.3, 2.8)
    # counted one by one from the lower to the upper end
    g, count = 1.3, 0
    assert synapse.ltp is not None
    while g < 2.8 - 1e-9:
        g, count = synapse.ltp.step(g), count + 1
    assert count - 1 <= law.up.pulses <= count


def test_levels() -> None:
    fine = with_levels(of_synapse(LAWS["exponential"]), 11)
    assert (fine.law.up.pulses, fine.law.down.pulses) == (10.0, 10.0)
    assert ideal(5).law.up.pulses == 4.0


def test_what_cannot_learn() -> None:
    up, down = Train(1.0, 2.0, 1.0, 0.0, 20.0), Train(5.0, 3.0, 1.0, 0.0, 20.0)
    for synapse, code in ((Synapse(up), "one_direction"), (Synapse(up, down), "no_window")):
        with pytest.raises(InputError) as caught:
            of_synapse(synapse)
        assert caught.value.code == code


def test_the_spread_of_a_pulse() -> None:
    device, k = ideal(101), kernels()
    rng = stream(np.random.default_rng(3))
    law = tables_of(device)
    for count, kick in ((1, 0.02), (9, 0.02)):
        x = np.array([k.moved(0.4, count, 1.0, True, law, kick, rng) for _ in range(40_000)])
        sigma = kick * np.sqrt(count)
        assert x.mean() == pytest.approx(0.4 + count / 100, abs=5 * sigma / 200)
        assert x.std() == pytest.approx(sigma, rel=0.02)


def test_the_random_numbers() -> None:
    k, rng = kernels(), stream(np.random.default_rng(7))
    u = np.array([k.uniform(rng) for _ in range(50_000)])
    n = np.array([k.normal(rng) for _ in range(50_000)])
    counts = np.bincount((u * 100).astype(int), minlength=100)
    assert np.sum((counts - 500) ** 2 / 500) < 150  # chi-squared of 99: 150 is beyond 99.9 %
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 0.015
    assert n.mean() == pytest.approx(0.0, abs=0.02)
    assert n.std() == pytest.approx(1.0, abs=0.015)
    assert np.mean(n**4) == pytest.approx(3.0, abs=0.2)


def test_a_device_says_what_it_is() -> None:
    device = of_synapse(LAWS["exponential"], "x")
    assert isinstance(device, Device)
    row = device.document()
    assert (row["g_min"], row["g_max"], row["pulses_up"]) == (1.0, 3.0, 60.0)
    assert row["read_noise"] == row["cycle_spread"] == 0.0
