"""Training through lines: the weights are those of the solved arrays, and learning makes up for what lines take."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compactmodels.errors import InputError
from compactmodels.workflows.recognition import training
from compactmodels.workflows.recognition.compiled import kernels, stream
from compactmodels.workflows.recognition.device import ideal
from compactmodels.workflows.recognition.images import bundled
from compactmodels.workflows.recognition.inference import weights_of
from compactmodels.workflows.recognition.lines import Lossy
from compactmodels.workflows.recognition.run import recognise
from compactmodels.workflows.recognition.settings import Hardware, Network
from netlists.solver.linear import solve_crossbar

SMALL = bundled().first(250, 100)
DEVICE = ideal(64, 1e-6, 1e-4)
THROUGH = Hardware(line_resistance=20.0, train_through_lines=True)


def test_the_weights_of_training_are_those_of_the_solved_arrays():
    """After the last sample, and with devices that differ and are stuck."""
    hardware = replace(THROUGH, device_spread=0.2, stuck=0.05, array=(40, 8))
    network = Network(hidden=7, epochs=1).sized(64)
    found = training.by_pulses(DEVICE, SMALL, network, hardware, np.random.default_rng(0))
    for layer in found.layers:
        np.testing.assert_allclose(layer.weight, weights_of(DEVICE, layer, hardware), atol=1e-12)
        plain = layer.scale * (layer.x[0] - layer.x[1])
        assert np.max(np.abs(layer.weight - plain)) > 1e-3


def test_between_two_solutions_a_device_arrives_by_the_same_share():
    """The kernel's weights after some pulses: within a tenth of what a direct solution says they moved by."""
    rng, (n, m) = np.random.default_rng(1), (20, 5)
    u = rng.uniform(0.2, 0.8, (2, n, m))
    span = rng.uniform(0.8, 1.2, (2, n, m))
    empty = np.empty((2, n, m)), np.empty((2, n, m)), np.empty((n, m))
    array = Lossy(*empty, DEVICE.law.low, DEVICE.window, 50.0, (0, 0))
    w = array.solve(u * span, span)
    before = w.copy()
    total = rng.uniform(-0.1, 0.1, (n, m))
    rows, marks, ones = np.arange(n), np.ones(n, bool), np.ones((1, 1, 1))
    kernels().write(
        total, rows, marks, n, 1.0, 0.1, 0, u, array.span, ones, w, array.off, training.tables_of(DEVICE), 1.0, 31,
        0.0, False, stream(rng),
    )  # fmt: skip
    g = DEVICE.law.low + DEVICE.window * u * span
    cells = np.empty((n, 2 * m))
    cells[:, 0::2], cells[:, 1::2] = g
    currents = np.array([solve_crossbar(cells, row, 50.0, 50.0) for row in np.eye(n)])
    exact = (currents[:, 0::2] - currents[:, 1::2]) / DEVICE.window
    moved = np.abs(exact - before).max()
    assert moved > 0.05
    assert np.abs(w - exact).max() < 0.1 * moved
    assert np.abs(w - (u * span)[0] + (u * span)[1]).max() > 0.05  # what it would be without lines


@pytest.mark.slow
def test_what_is_learned_through_lines_makes_up_for_them():
    """Trained without and tested with, the same lines break it."""
    images, network = bundled(), Network(epochs=12)
    hardware = Hardware(line_resistance=30.0)
    blind, seeing = (
        recognise(DEVICE, images, network, one, seeds=2).accuracies.mean()
        for one in (hardware, replace(hardware, train_through_lines=True))
    )
    assert seeing > blind + 0.2


def test_a_device_that_does_not_conduct_arrives_by_a_share_too():
    """Normalised records begin at 0 S: the share of nothing is that of very little."""
    device = ideal(10, 0.0, 1e-5)
    found = recognise(
        device,
        SMALL,
        Network(epochs=1),
        Hardware(line_resistance=10.0, train_through_lines=True, stuck=0.1),
    )
    assert np.isfinite(found.outcomes[0].curve).all() and found.accuracies[0] > 0.15


def test_arrays_are_solved_between_whole_updates():
    layers = [training.Layer(np.zeros((2, 785, 100)), *[np.zeros(1)] * 3, 1.0)]
    assert training.samples_between(layers, 1) == 2 * 785 * 100 // 50
    small = [training.Layer(np.zeros((2, 9, 9)), *[np.zeros(1)] * 3, 1.0)]
    assert (training.samples_between(small, 1), training.samples_between(small, 30)) == (100, 120)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"line_resistance": 1.0, "mode": "write-verify"}, "without pulses both ways"),
        ({"line_resistance": 1.0, "update": "one-way"}, "without pulses both ways"),
    ],
)
def test_what_does_not_go_with_it(changes, said):
    with pytest.raises(InputError, match=said):
        Hardware(train_through_lines=True, **changes)


def test_lines_without_a_resistance():
    with pytest.raises(InputError, match="without a line resistance cannot be"):
        recognise(DEVICE, SMALL, Network(epochs=1), Hardware(train_through_lines=True))
