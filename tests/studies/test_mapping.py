"""Weights in arrays: what the lines make of them, and mappings that make up for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactmodels import load_card
from compactmodels.errors import CompactModelsError
from compactmodels.workflows import mapping as mapping_module
from compactmodels.workflows.mapping import Lines, effective, judge, map_weights
from compactmodels.workflows.mapping_report import report_mapping, write_mapping
from tests.netlists.solver_judge import judge as solved
from tests.studies.test_measures import LINEAR

IDEAL = Lines(r_word=0.0, r_bit=0.0)
WIRES = Lines(r_word=30.0, r_bit=20.0)


def weights(outputs=4, inputs=8, seed=0):
    return np.random.default_rng(seed).standard_normal((outputs, inputs))


@settings(max_examples=15)
@given(st.integers(1, 4), st.integers(1, 5), st.sampled_from(["differential", "offset"]))
def test_without_lines_y_is_w_x(outputs, inputs, mapping):
    matrix = weights(outputs, inputs)
    mapped = map_weights(matrix, LINEAR, mapping=mapping, lines=IDEAL)
    assert judge(mapped, LINEAR, IDEAL, inputs="amplitude").error < 1e-9


@pytest.mark.parametrize("mapping", ["differential", "offset"])
def test_compensated_weights_are_what_was_wanted(mapping):
    """Judged by a direct solver: unit inputs, one after the other."""
    matrix = weights()
    mapped = map_weights(matrix, LINEAR, mapping=mapping, lines=WIRES, compensate=True)
    each = [solved(mapped.conductance, row, 0.0, 30.0, 20.0)[0] for row in np.eye(8)]
    found = mapped.output(np.array(each)).T
    assert mapped.at_end == 0
    assert found == pytest.approx(matrix, rel=1e-4, abs=1e-4)
    plain = map_weights(matrix, LINEAR, mapping=mapping, lines=WIRES)
    each = [solved(plain.conductance, row, 0.0, 30.0, 20.0)[0] for row in np.eye(8)]
    off = np.abs(plain.output(np.array(each)).T - matrix).max()
    assert off > 1e-2


def test_a_loop_that_is_cut_short_says_so(monkeypatch):
    whole = map_weights(weights(), LINEAR, lines=WIRES, compensate=True)
    assert whole.settled and 2 < whole.rounds < mapping_module.ROUNDS
    monkeypatch.setattr(mapping_module, "ROUNDS", 2)
    cut = report_mapping(weights(), LINEAR, lines=WIRES).document()["after"]
    assert cut["rounds"] == 2 and not cut["settled"] and cut["last_change"] > 1e-6


@pytest.mark.parametrize("mapping", ["differential", "offset"])
def test_no_cell_leaves_the_window_and_one_stands_at_its_end(mapping):
    """The factor is the largest that is possible."""
    mapped = map_weights(
        weights(),
        LINEAR,
        mapping=mapping,
        lines=WIRES,
        compensate=True,
        g_low=5e-6,
        g_high=8e-5,
    )
    assert mapped.conductance.min() >= 5e-6 * (1 - 1e-9)
    assert mapped.conductance.max() == pytest.approx(8e-5, rel=1e-4)
    assert mapped.conductance.max() <= 8e-5 * (1 + 1e-9)


def test_effective_conductances_are_the_direct_solvers():
    g = np.random.default_rng(1).uniform(1e-6, 1e-4, (5, 6))
    each = [solved(g, row, 0.0, 30.0, 20.0)[0] for row in np.eye(5)]
    assert effective(g, LINEAR, WIRES) == pytest.approx(np.array(each), rel=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("mapping", ["differential", "offset"])
def test_of_a_device_that_is_not_linear_compensation_leaves_the_less(mapping):
    card, lines = load_card("otj"), Lines(r_word=5.0, r_bit=5.0)
    report = report_mapping(weights(4, 16), card, mapping=mapping, lines=lines, tests=4)
    before, after = report.plain[1].error, report.best[1].error
    assert after < 0.35 * before


def test_a_weight_of_0_is_two_equal_cells():
    matrix = weights()
    matrix[0] = 0.0
    mapped = map_weights(matrix, LINEAR, lines=WIRES, compensate=True)
    assert mapped.conductance[:, 0] == pytest.approx(mapped.conductance[:, 1])


def test_files_and_the_json(tmp_path):
    source = tmp_path / "w.csv"
    source.write_text("\n".join(",".join(map(str, row)) for row in weights()))
    report = report_mapping(source, LINEAR, lines=WIRES)
    names = [p.name for p in write_mapping(report, tmp_path)]
    assert names[:2] == ["linear-map-states.csv", "linear-map-conductance.csv"]
    states = np.loadtxt(tmp_path / names[0], delimiter=",")
    assert np.array_equal(states, report.best[0].w)
    document = report.document()
    assert document["after"]["error"] < 1e-3 < document["before"]["error"]
    assert (document["rows"], document["cols"]) == (8, 8)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"weights": [1.0, 2.0]}, "a matrix"),
        ({"weights": [[np.nan]]}, "finite"),
        ({"weights": [[0.0, 0.0]]}, "all weights are 0"),
        ({"mapping": "diagonal"}, "differential, offset"),
        ({"g_low": 1e-4, "g_high": 1e-5}, "g_low below g_high"),
        ({"g_high": 1.0}, "'linear' has 1e-06 to 0.000101 S"),
    ],
)
def test_what_cannot_be_mapped(change, sentence):
    given = {"weights": weights(), **change}
    with pytest.raises(CompactModelsError, match=sentence):
        map_weights(given.pop("weights"), LINEAR, lines=WIRES, **given)


def test_inputs_that_are_unknown():
    mapped = map_weights(weights(), LINEAR, lines=IDEAL)
    with pytest.raises(CompactModelsError, match="binary, amplitude"):
        judge(mapped, LINEAR, IDEAL, inputs="ternary")
