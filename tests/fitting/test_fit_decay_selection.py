"""``fit decay --law auto`` on synthetic decays of known law: a reduced benchmarks/decay_selection.py."""

from __future__ import annotations

import pytest

from compactmodels.data import Trace
from fitting import fit_decay
from tests.fitting.decay_truths import NARROW, WINDOW, draw

RECORDS = 40
SEED = 1000
"""Other records than those of the benchmark."""

pytestmark = pytest.mark.slow


def selected(name, *, narrow=False):
    out = []
    for seed in range(SEED, SEED + RECORDS):
        sample = draw(name, seed, narrow=narrow)
        out.append((sample, fit_decay(Trace(sample.t, None, sample.y))))
    return out


@pytest.mark.parametrize("name", sorted(WINDOW))
def test_the_law_is_found_and_its_intervals_hold(name):
    found = selected(name)
    right = [(s, r) for s, r in found if r.selected == name]
    assert len(right) >= 0.95 * RECORDS
    assert sum(r.weights.get(name, 0) >= 0.05 for _, r in found) >= RECORDS - 1
    for parameter in right[0][0].truth:
        held = 0
        for s, r in right:
            low, high = r.parameters[parameter].interval
            held += low <= s.truth[parameter] <= high
        assert held >= 0.85 * len(right), parameter  # 95 % less three standard deviations


@pytest.mark.parametrize("name", ["double_exponential", "stretched"])
def test_where_the_trait_is_missing_the_simpler_law_wins_and_the_truth_keeps_its_weight(name):
    found = selected(name, narrow=True)
    assert name in NARROW
    for _, r in found:
        assert r.selected in {name, "exponential", "stretched", "double_exponential"}
    kept = sum(r.weights.get(name, 0) >= 0.05 for _, r in found)
    assert kept >= 0.9 * RECORDS
