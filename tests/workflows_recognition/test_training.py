"""The network against NumPy and finite differences; pulses, write-verify, noise, converters, stuck cells."""

from __future__ import annotations

import numpy as np
import pytest

from compactmodels.workflows.recognition.compiled import kernels, stream
from compactmodels.workflows.recognition.device import ideal
from compactmodels.workflows.recognition.images import Images, bundled
from compactmodels.workflows.recognition.inference import Reading, classify
from compactmodels.workflows.recognition.run import recognise
from compactmodels.workflows.recognition.settings import OUTPUTS, REACH, Hardware, Network
from compactmodels.workflows.recognition.training import (
    NOTHING,
    float_network,
    layer_of,
    programmed,
    start_weights,
    tables_of,
)

SMALL = bundled().first(300, 100)


def loss_of(weights: list[np.ndarray], x: np.ndarray, label: int) -> float:
    """Cross-entropy of one sample, written anew."""
    h = 1 / (1 + np.exp(-(np.append(x, 1.0) @ weights[0])))
    z = np.append(h, 1.0) @ weights[1]
    return float(np.log(np.sum(np.exp(z))) - z[label])


def one_epoch(weights, images, order, rate, batch, most=0, **changes):
    """Loss, pulses and side after an epoch of the kernel on these weights (changed in place)."""
    empty, ones = np.zeros((1, 1, 1)), np.ones((1, 1, 1))
    net = tuple(a for w in weights for a in (empty, ones, ones, w, NOTHING))
    spec = (
        rate,
        batch,
        1.0,
        most,
        0.0,
        0.0,
        changes.get("dac", 0.0),
        changes.get("adc", 0.0),
        (REACH, OUTPUTS),
        0,
        1.0,
    )
    law = (np.zeros(2),) * 4 + (np.ones(2),)
    rng = stream(np.random.default_rng(0))
    return kernels().epoch(
        images.train_x,
        images.train_y,
        np.asarray(order),
        float(images.full),
        net,
        spec,
        law,
        rng,
        0,
    )


def test_the_gradient_is_that_of_the_loss() -> None:
    network = Network(hidden=7).sized(64)
    weights = start_weights(SMALL, network, np.random.default_rng(0))
    before = [w.copy() for w in weights]
    sample, rate, step = 11, 1e-3, 1e-5
    one_epoch(weights, SMALL, [sample], rate, 1)
    x, label = SMALL.train_x[sample] / 16, int(SMALL.train_y[sample])
    for k in (0, 1):
        found = (before[k] - weights[k]) / rate
        for i, j in ((3, 2), (20, 5), (5, 0), (-1, 3)):
            i = i % len(before[k])
            high, low = ([w.copy() for w in before] for _ in range(2))
            high[k][i, j] += step
            low[k][i, j] -= step
            slope = (loss_of(high, x, label) - loss_of(low, x, label)) / (2 * step)
            assert found[i, j] == pytest.approx(slope, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("batch", [1, 4])
def test_an_epoch_is_plain_gradient_descent(batch: int) -> None:
    network = Network(hidden=5).sized(64)
    weights = start_weights(SMALL, network, np.random.default_rng(1))
    a, b = (w.copy() for w in weights)
    order = np.random.default_rng(2).permutation(30)
    loss, _, _ = one_epoch(weights, SMALL, order, 0.2, batch)
    losses = []
    for start in range(0, 30, batch):
        rows = order[start : start + batch]
        x = np.column_stack([SMALL.train_x[rows] / 16, np.ones(len(rows))])
        h = np.column_stack([1 / (1 + np.exp(-(x @ a))), np.ones(len(rows))])
        p = np.exp(h @ b)
        p /= p.sum(axis=1, keepdims=True)
        losses += list(-np.log(p[np.arange(len(rows)), SMALL.train_y[rows]]))
        p[np.arange(len(rows)), SMALL.train_y[rows]] -= 1
        back = (p @ b.T * h * (1 - h))[:, :-1]
        a, b = a - 0.2 * x.T @ back / len(rows), b - 0.2 * h.T @ p / len(rows)
    np.testing.assert_allclose(weights[0], a, rtol=0, atol=1e-12)
    np.testing.assert_allclose(weights[1], b, rtol=0, atol=1e-12)
    assert loss == pytest.approx(np.mean(losses), rel=1e-12)


def test_rounding_at_random_is_right_on_average() -> None:
    device, k = ideal(11), kernels()
    n, m, rate = 200, 300, 0.5
    wanted = np.array([0.013, -0.04, 0.002])  # of a weight of 1: 0.13, 0.4, 0.02 pulses
    total = np.tile(wanted / rate, (n, m // 3)) * -1.0
    for side in (0, 1):
        u, w = np.full((2, n, m), 0.5), np.zeros((n, m))
        touched, marks, ones = np.arange(n), np.ones(n, bool), np.ones((1, 1, 1))
        rng = stream(np.random.default_rng(side))
        given = k.write(
            total.copy(), touched, marks, n, rate, 1.0, side, u, ones, ones, w, NOTHING, tables_of(device), 1.0, 31, 0.0, False, rng
        )  # fmt: skip
        assert np.all(u[1 - side] == 0.5)  # the other device of the pair stays
        moved = np.abs(u[side] - 0.5) * 10
        assert np.allclose(moved, np.round(moved))
        assert given == round(moved.sum())
        for j in range(3):
            change, count = w[:, j::3], n * m / 3
            share = abs(wanted[j]) * 10
            error = 0.1 * np.sqrt(share * (1 - share) / count)
            assert change.mean() == pytest.approx(wanted[j], abs=4 * error)
        assert not marks.any()


def test_an_update_that_asks_for_too_much_keeps_its_direction() -> None:
    device, k = ideal(1001), kernels()
    u, w = np.full((2, 1, 3), 0.5), np.zeros((1, 3))
    total, ones = np.array([[-0.2, 0.1, -0.05]]), np.ones((1, 1, 1))
    rng = stream(np.random.default_rng(0))
    k.write(
        total, np.array([0]), np.ones(1, bool), 1, 1.0, 0.2, 0, u, ones, ones, w, NOTHING, tables_of(device), 1.0, 20, 0.0, False, rng
    )  # fmt: skip
    assert w[0, 0] == pytest.approx(0.020, abs=1.001e-3)
    assert w[0, 1] == pytest.approx(-0.010, abs=1.001e-3)
    assert w[0, 2] == pytest.approx(0.005, abs=1.001e-3)


def test_one_way_pairs_only_rise_and_are_refreshed() -> None:
    device, k = ideal(11), kernels()
    n, m, ones = 40, 50, np.ones((1, 1, 1))
    u, w = np.zeros((2, n, m)), np.zeros((n, m))
    total = np.where(np.arange(m) % 2 == 0, -1.0, 1.0) * np.full((n, 1), 0.13)
    rng = stream(np.random.default_rng(0))
    args = (
        np.arange(n),
        np.ones(n, bool),
        n,
        1.0,
        1.0,
        0,
        u,
        ones,
        ones,
        w,
        NOTHING,
        tables_of(device),
    )
    k.write(total.copy(), *args, 1.0, 31, 0.0, True, rng)
    assert np.all(u[1, :, ::2] == 0.0) and np.all(u[0, :, 1::2] == 0.0)
    assert w[:, ::2].mean() == pytest.approx(0.13, abs=0.01)
    assert w[:, 1::2].mean() == pytest.approx(-0.13, abs=0.01)
    u[0], u[1] = 0.95, np.linspace(0.0, 0.9, n)[:, None]
    u[0, :, 0] = 0.85  # not full: stays
    w[:] = u[0] - u[1]
    before, kept = w.copy(), u[:, 0, 0].copy()
    given = k.refresh(u, ones, ones, w, tables_of(device), 1.0, 0.0, 0.9, rng)
    assert np.array_equal(u[:, 0, 0], kept)
    assert np.all(u[1, :, 1:] == 0.0)
    assert np.allclose(w[:, 1:] * 10, np.round(w[:, 1:] * 10))  # whole pulses from the lower end
    error = 0.05 / np.sqrt(m - 1)
    np.testing.assert_allclose(w[:, 1:].mean(axis=1), before[:, 1], atol=4.5 * error)
    assert given == 2 * n * (m - 1) + round(10 * w[:, 1:].sum())
    found = recognise(ideal(200), bundled(), Network(epochs=3), Hardware(update="one-way"))
    assert found.accuracies[0] > 0.8


def test_many_linear_levels_are_floating_point() -> None:
    found = recognise(ideal(2000), bundled(), Network(epochs=8, rate=0.1, scale=2.0), seeds=2)
    assert np.min(found.float_accuracies) > 0.85
    assert abs(np.mean(found.accuracies - found.float_accuracies)) < 0.02


def test_few_levels_are_worse() -> None:
    network = Network(epochs=3, rate=0.1)
    few, many = (recognise(ideal(n), bundled(), network, seeds=1) for n in (4, 2000))
    assert np.mean(few.accuracies) < np.mean(many.accuracies) - 0.03


def test_read_noise_adds_up_over_the_word_lines() -> None:
    k, rng = kernels(), stream(np.random.default_rng(5))
    w = np.random.default_rng(0).standard_normal((20, 4000))
    x, rows, z = np.linspace(0.1, 1.0, 20), np.arange(20), np.empty(4000)
    k.forward(w, x, rows, 20, 0.05, 0.0, 0.0, REACH, rng, z)
    rest = z - x @ w
    assert rest.std() == pytest.approx(0.05 * np.sqrt(np.sum(x**2)), rel=0.05)
    assert abs(rest.mean()) < 4 * rest.std() / np.sqrt(4000)
    # and the test set is read with the same spread
    images = np.zeros((3000, 3), np.uint8)
    images[:] = [255, 51, 0]
    flat = [np.zeros((4, 2)), np.zeros((3, 10))]
    said = classify(flat, images, 255, Reading((0.0, 0.3)), np.random.default_rng(1))
    assert np.bincount(said, minlength=10).min() > 200  # nothing but noise decides


def test_converters_of_kernel_and_test_are_alike() -> None:
    weights, _ = float_network(
        SMALL, Network(hidden=9, epochs=5).sized(64), np.random.default_rng(0)
    )
    reading, k = Reading(dac=15.0, adc=31.0), kernels()
    said = classify(weights, SMALL.test_x, SMALL.full, reading, np.random.default_rng(0))
    rng = stream(np.random.default_rng(0))
    x, rows, z, y = np.zeros(65), np.empty(65, np.int64), np.empty(9), np.empty(10)
    for image, answer in zip(SMALL.test_x, said):
        x[:] = 0.0
        count = k.driven(image, 16.0, 15.0, x, rows)
        assert set(np.round(x * 15, 9)) <= set(range(16))
        k.forward(weights[0], x, rows, count, 0.0, 15.0, 31.0, REACH, rng, z)
        assert np.allclose((z + REACH) / (2 * REACH) * 31, np.round((z + REACH) / (2 * REACH) * 31))
        h = np.array([k.converted(k.sigmoid(a), 15.0) for a in z] + [1.0])
        k.forward(weights[1], h, np.arange(10), 10, 0.0, 15.0, 31.0, OUTPUTS, rng, y)
        assert np.argmax(y) == answer


def test_fine_converters_cost_nothing() -> None:
    """The outputs' range holds what the network says: no two classes meet at its end."""
    network = Network(epochs=10)
    plain, fine = (
        recognise(
            ideal(200), bundled(), network, Hardware(mode="write-verify", adc_bits=bits), seeds=2
        )
        for bits in (0, 16)
    )
    np.testing.assert_array_equal(plain.accuracies, fine.accuracies)


def test_write_verify_brings_every_device_there() -> None:
    device = ideal(201)
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal((30, 20)), rng.standard_normal((21, 10))]
    found = programmed(device, weights, Hardware(tolerance=0.004), rng)
    assert found.missed == 0
    for layer, w in zip(found.layers, weights):
        assert layer.scale == np.max(np.abs(w))
        assert np.max(np.abs(layer.weight - w)) <= 0.004 * layer.scale * 1.001
        assert np.all(np.min(layer.x, axis=0) == 0.0)  # one device of a pair stays at the lower end
    assert found.pulses == pytest.approx(
        sum(200 * np.sum(np.abs(w)) / np.max(np.abs(w)) for w in weights), rel=0.01
    )
    coarse = programmed(device, weights, Hardware(tolerance=0.004, levels=3), rng)
    shares = np.abs(coarse.layers[0].weight) / coarse.layers[0].scale
    assert np.all(np.min(np.abs(shares[..., None] - [0.0, 0.5, 1.0]), axis=-1) < 0.0041)


def test_stuck_and_scattered_devices() -> None:
    weight = np.zeros((200, 100))
    rng = np.random.default_rng(0)
    layer = layer_of(weight, 1.0, Hardware(stuck=0.1, device_spread=0.05), rng)
    stuck = layer.pace == 0.0
    assert stuck.mean() == pytest.approx(0.1, abs=0.005)
    assert np.mean(layer.u[stuck] == 1.0) == pytest.approx(0.5, abs=0.03)
    assert set(layer.u[stuck]) == {0.0, 1.0}
    assert layer.span.std() == pytest.approx(0.05, rel=0.02)
    assert layer.pace[~stuck].std() == pytest.approx(0.05, rel=0.02)
    found = programmed(ideal(101), [weight + 0.5, weight[:5]], Hardware(stuck=0.1), rng)
    assert found.missed == pytest.approx(0.05 * (2 * 100 * 205), rel=0.25)


def test_the_samples_are_what_they_are() -> None:
    assert isinstance(SMALL, Images)
    assert Network().sized(64).hidden == 36
    assert Network().sized(784) == Network(hidden=100, epochs=5)
