"""The closed forms against arrays solved directly, and against chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactmodels.workflows.studies import estimates
from tests.netlists.solver_judge import judge


def uniform(rows, cols, r, g):
    """Bit currents and cell voltages of an array of equal cells, 1 V on all word lines."""
    currents, _, word, bit = judge(np.full((rows, cols), g), 1.0, 0.0, r, r)
    return currents, word - bit


@pytest.mark.parametrize(("rows", "cols"), [(24, 24), (40, 10), (6, 48)])
def test_losses_are_exact_to_first_order(rows, cols):
    """Of many lines: a few have half a segment more or less than the line that is taken for them."""
    g, r = 1e-6, 0.01 / max(rows, cols) ** 2 / 1e-6
    currents, share = uniform(rows, cols, r, g)
    assert 1 - estimates.mean_share(rows, cols, r, g) == pytest.approx(
        1 - share.mean(), rel=0.15, abs=0
    )
    assert 1 - estimates.worst_share(rows, cols, r, g) == pytest.approx(
        1 - share[0, -1], rel=0.15, abs=0
    )
    assert 1 - estimates.last_line_share(rows, cols, r, g) == pytest.approx(
        1 - currents[-1] / (rows * g), rel=0.15, abs=0
    )


def test_the_first_order_is_approached():
    """The deviation is that of single segments: it falls as one over the number of lines."""
    off = []
    for n in (16, 64):
        r = 1e-3 / n**2 / 1e-6
        lost = 1 - uniform(n, n, r, 1e-6)[1].mean()
        off.append(lost / (1 - estimates.mean_share(n, n, r, 1e-6)) - 1)
    assert 0 < off[1] < 0.03
    assert off[0] / off[1] == pytest.approx(4.0, rel=0.1)


@settings(max_examples=20)
@given(st.integers(2, 8), st.integers(2, 8), st.floats(1e-7, 1e-3))
def test_floating_sneak_is_exact_without_line_resistance(rows, cols, g):
    cells = np.full((rows, cols), g)
    cells[0, 0] = 1e-12 * g  # what is read is all sneak
    drives = ["start", *["floating"] * (rows - 1)], ["end", *["floating"] * (cols - 1)]
    wires = 1e-9 / g
    currents, *_ = judge(
        cells, np.eye(rows)[0], 0.0, wires, wires, word_drive=drives[0], bit_drive=drives[1]
    )
    found = currents[0]
    assert found == pytest.approx(estimates.floating_sneak(rows, cols, g), rel=1e-6, abs=0)


def test_one_row_has_no_sneak():
    assert estimates.floating_sneak(1, 8, 1e-6) == 0.0


@pytest.mark.parametrize("sigma", [0.05, 0.5])
def test_scatter_against_chance(sigma):
    chance = np.random.default_rng(0)
    g = chance.uniform(1e-6, 1e-4, 50)
    drawn = g * np.exp(sigma * chance.standard_normal((40_000, 50)) - sigma**2 / 2)
    currents = drawn.sum(axis=1)
    assert estimates.scatter(g, sigma) == pytest.approx(currents.std() / g.sum(), rel=0.02, abs=0)


def test_largest_is_where_the_last_line_loses_what_is_allowed():
    n = estimates.largest(0.1, 2.0, 1e-5)
    assert estimates.last_line_share(n, n, 2.0, 1e-5) == pytest.approx(0.9, rel=1e-9)
    assert estimates.largest(0.1, 0.0, 1e-5) == np.inf


def test_settling_is_the_slowest_mode_of_an_open_line():
    """Against the modes of one line of many segments."""
    n, r, c = 200, 1.0, 1e-15
    ladder = np.diag(np.full(n, 2.0)) - np.diag(np.ones(n - 1), 1) - np.diag(np.ones(n - 1), -1)
    ladder[-1, -1] = 1.0
    slowest = np.linalg.eigvalsh(ladder / (r * c))[0]
    tau = estimates.settling(n, 0, r, c, 4 / np.pi / np.e)
    assert tau == pytest.approx(1 / slowest, rel=0.02)
