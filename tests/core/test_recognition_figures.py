"""Figures of recognition: what they show, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from compactmodels.errors import InputError
from compactmodels.figures import recognition as drawn


def test_the_learning_curve_shows_means_in_per_cent() -> None:
    own = np.array([[0.5, 0.7], [0.7, 0.9]])
    figure = drawn.learning_curve(own, own + 0.05, [0.7, 0.9], title="x")
    (axes,) = figure.axes
    lines = [line.get_ydata().tolist() for line in axes.lines]
    assert np.allclose(lines[0], [65.0, 85.0]) and np.allclose(lines[1], [60.0, 80.0])
    assert np.allclose(lines[2], [70.0, 90.0])
    assert len(drawn.learning_curve(None, own, [0.7, 0.9], title="x").axes[0].lines) == 2
    with pytest.raises(InputError, match="shape"):
        drawn.learning_curve(own, own[:, :1], [0.7, 0.9], title="x")


def test_the_confusion_matrix_is_a_share_of_each_row() -> None:
    counts = np.diag(np.arange(10)) + np.eye(10, k=1)
    figure = drawn.confusion_matrix(counts, title="x")
    shown = np.asarray(figure.axes[0].images[0].get_array())
    assert np.allclose(shown.sum(axis=1)[:9], 100.0)
    assert shown[3, 3] == pytest.approx(75.0)
    with pytest.raises(InputError, match="square"):
        drawn.confusion_matrix(np.zeros((2, 3)), title="x")


def test_the_histogram_counts_every_device() -> None:
    g = [np.linspace(1e-6, 1e-5, 500).reshape(2, 25, 10), np.full((2, 5, 5), 2e-6)]
    figure = drawn.conductance_histogram(g, title="x")
    for patch in figure.axes[0].patches:
        assert np.sum(patch.get_data().values) == pytest.approx(100.0)
    assert "µS" in figure.axes[0].get_xlabel() or "uS" in figure.axes[0].get_xlabel()
    same = drawn.conductance_histogram([np.full((2, 3, 3), 1e-6)], title="x")
    assert np.sum(same.axes[0].patches[0].get_data().values) == pytest.approx(100.0)
