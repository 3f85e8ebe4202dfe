"""What the studies measure, against arrays solved directly, single devices and matrix exponentials."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from compactmodels import load_card
from compactmodels.card import ModelCard
from compactmodels.errors import CompactModelsError
from compactmodels.integrate import respond
from compactmodels.model import Branch, Model
from compactmodels.protocols import pulses as train
from compactmodels.registry import conduction
from compactmodels.workflows.studies import largest, pulses, reads
from compactmodels.workflows.studies.settings import Setting, array, conductance, window
from netlists.array import cell_currents
from tests.netlists.solver_judge import judge


def ohmic(cap=0.0):
    """Two linear branches, the state mixes one in: 1 uS to 101 uS."""
    model = Model(
        (
            Branch("off", conduction("ohmic"), "constant"),
            Branch("on", conduction("ohmic"), "on"),
        )
    )
    values = {"off_g": 1e-6, "on_g": 1e-4, "gmin": 0.0, "cap": cap}
    return ModelCard("linear", model, {}).with_values(values, "assumed")


LINEAR = ohmic()
SMALL = Setting(size=6, line_resistance=20.0)


def conductances(setting):
    return cell_currents(array(LINEAR, setting)) / setting.voltage


def test_errors_are_those_of_the_array_solved_directly():
    g = conductances(SMALL)
    currents, _, word, bit = judge(g, 0.1, 0.0, 20.0, 20.0)
    ideal = 0.1 * g.sum(axis=0)
    found = reads.output_error(LINEAR, SMALL)
    assert found["error_mean"] == pytest.approx(np.mean(1 - currents / ideal), rel=1e-8, abs=0)
    assert found["error_worst"] == pytest.approx(np.max(1 - currents / ideal), rel=1e-8, abs=0)
    assert found["voltage_worst"] == pytest.approx((word - bit).min() / 0.1, rel=1e-8)
    each = np.array([judge(g, row, 0.0, 20.0, 20.0)[0] for row in np.eye(6)]) / g
    assert found["weight_worst"] == pytest.approx(each.min(), rel=1e-8)
    assert found["weight_mean"] == pytest.approx(each.mean(), rel=1e-8)


def test_one_gain_takes_a_common_loss_away():
    """Of word lines without resistance and equal columns, all outputs lose the same."""
    found = reads.output_error(LINEAR, SMALL.changed(pattern="on", size=1))
    assert found["error_mean"] > 1e-3
    assert found["error_after_gain"] < 1e-12


@pytest.mark.parametrize("scheme", ["floating", "grounded", "v/2", "v/3"])
def test_the_margin_is_that_of_the_array_solved_directly(scheme):
    n, v = 5, 0.1
    setting = SMALL.changed(size=n, scheme=scheme)
    low, high = 1e-6, 1.01e-4
    share = {"v/2": (0.5, 0.5), "v/3": (1 / 3, 2 / 3)}.get(scheme, (0.0, 0.0))
    vl, vb = np.full(n, share[0] * v), np.full(n, share[1] * v)
    vl[0], vb[-1] = v, 0.0
    word = ["start", *["floating" if scheme == "floating" else "start"] * (n - 1)]
    bit = [*["floating" if scheme == "floating" else "end"] * (n - 1), "end"]

    def current(cell, others):
        g = np.full((n, n), others)
        g[0, -1] = cell
        return judge(g, vl, vb, 20.0, 20.0, word_drive=word, bit_drive=bit)[0][-1]

    on, off, alone = current(high, high), current(low, high), current(high, low)
    found = reads.one_cell(LINEAR, setting)
    assert found["margin"] == pytest.approx((on - off) / on, rel=1e-6)
    assert found["margin_fixed"] == pytest.approx((alone - off) / alone, rel=1e-6)


@pytest.mark.parametrize("scheme", ["floating", "grounded", "v/2", "v/3"])
def test_the_margins_closed_form_is_exact_without_line_resistance(scheme):
    found = reads.one_cell(LINEAR, SMALL.changed(scheme=scheme, line_resistance=0.0))
    if scheme == "floating":  # all cells on, the read one too: its sneak is that of the others
        assert found["margin"] == pytest.approx(found["margin_estimate"], rel=1e-6)
    else:
        assert found["margin"] == pytest.approx(found["margin_estimate"], rel=1e-9)


def test_a_selector_raises_the_margin():
    setting = Setting(size=8, voltage=0.5)
    card = load_card("hp")
    bare = reads.one_cell(card, setting)["margin"]
    assert reads.one_cell(card, setting.changed(selector_v0=0.025))["margin"] > 1.5 * bare


def test_non_linearity_of_a_linear_device_is_nothing():
    found = reads.non_linearity(LINEAR, SMALL)
    assert found["non_linearity"] == pytest.approx(1.0, abs=1e-12)
    assert found["error_without_lines"] < 1e-14
    assert found["error"] > 1e-3


def test_scatter_and_faults_without_lines():
    setting = SMALL.changed(size=64, line_resistance=0.0, sigma=0.1)
    found = reads.scatter(LINEAR, setting)
    assert found["error"] == pytest.approx(found["error_devices"], rel=1e-9)
    assert found["error_devices"] == pytest.approx(found["error_devices_estimate"], rel=0.3)
    stuck = SMALL.changed(line_resistance=0.0, stuck_on=1.0)
    wanted = conductances(stuck.changed(stuck_on=0.0)).sum(axis=0)
    wrong = 6 * 1.01e-4 - wanted
    assert reads.faults(LINEAR, stuck)["error_devices"] == pytest.approx(
        np.sqrt(np.mean(wrong**2)) / wanted.mean(), rel=1e-9
    )


def test_the_largest_array_is_the_last_good_one():
    setting = SMALL.changed(limit=0.05)
    n = int(largest.usable(LINEAR, setting)["lines_all_on"])

    def worst(size):
        g = np.full((size, size), 1.01e-4)
        return 1 - judge(g, 1.0, 0.0, 20.0, 20.0)[0].min() / g.sum(axis=0)[0]

    assert worst(n) <= 0.05 < worst(n + 1)


@pytest.mark.parametrize(("last", "most"), [(0, 64), (2, 64), (37, 64), (64, 64), (100, 64)])
def test_search(last, most):
    assert largest.search(lambda n: n <= last, most) == (0 if last < 2 else min(last, most))


def test_layers_divide_the_cells():
    setting = SMALL.changed(size=8, layers=4)
    found = reads.layers(LINEAR, setting)
    whole = reads.output_error(LINEAR, setting.changed(layers=1))
    assert found["lines"] == 4
    assert found["error_mean"] < 0.5 * whole["error_mean"]
    with pytest.raises(CompactModelsError, match="whole number"):
        reads.layers(LINEAR, setting.changed(layers=3))


# ------------------------------------------------------------------------------------ over time


def test_settling_against_a_matrix_exponential():
    """Two by two cells: four word nodes and four bit nodes with a capacitance each."""
    n, r, c = 2, 500.0, 1e-12
    setting = Setting(size=n, line_resistance=r, line_capacitance=c)
    g = conductances(setting)
    lines = np.zeros((8, 8))
    source = np.zeros(8)

    def join(a, b, s):
        for x, y in ((a, b), (b, a)):
            if x is not None:
                lines[x, x] += s
                if y is not None:
                    lines[x, y] -= s

    for i in range(n):
        for j in range(n):
            word, bit = n * i + j, 4 + n * i + j
            join(word, bit, g[i, j])
            join(word, word - 1 if j else None, 1 / r)
            join(bit, bit + n if i < n - 1 else None, 1 / r)
            if not j:
                source[word] = 0.1 / r
    rest = np.linalg.solve(lines, source)

    def out(t):
        return (rest - expm(-lines / c * t) @ rest)[6:] / r

    time = np.linspace(0, 20 * r * c, 4000)
    off = [np.abs(out(t) / (rest[6:] / r) - 1).max() > pulses.SETTLED for t in time]
    expected = time[np.flatnonzero(off)[-1]]
    found = pulses.settling(LINEAR, setting)
    assert found["settling"] == pytest.approx(expected, rel=0.03)


def test_energy_of_a_read_without_lines():
    found = pulses.energy(ohmic(cap=1e-12), Setting(size=3, line_resistance=0.0))
    # What is stored in the cells comes back: the sources are ideal.
    assert found["energy"] == pytest.approx(found["energy_conduction_estimate"], rel=1e-3)
    assert found["energy_charging_estimate"] == pytest.approx(9 * (1e-15 + 1e-12) * 0.01)


def test_disturb_without_lines_is_that_of_single_devices():
    card = load_card("otj")
    setting = Setting(size=3, line_resistance=0.0, cycles=3, pattern="off", write_voltage=3.0)
    found = pulses.disturb(card, setting)
    for voltage, kind in ((3.0, "selected"), (1.5, "half_selected")):
        alone = respond(card, train(voltage, 1e-6, 1e-6, 3), w0=0.0)
        assert found[kind] == pytest.approx(alone.w[-1], rel=0.03, abs=2e-4)
    assert found["unselected"] < 1e-6


def test_the_write_voltage_moves_a_device_half_way():
    card = load_card("otj")
    v = pulses.write_voltage(card, Setting())
    moved = [respond(card, train(x, 1e-6, 1e-6, 1), w0=0.0).w[-1] for x in (0.999 * v, v)]
    assert moved[0] < 0.5 <= moved[1]


# ---------------------------------------------------------------------------------- bad settings


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ratio": 1e6}, "reaches 101"),
        ({"ratio": 1.0}, "above 1"),
        ({"sigma": -0.1}, "sigma is -0.1"),
        ({"pattern": "striped"}, "uniform, on, off"),
        ({"selector_v0": -1.0}, "selector_v0"),
        ({"size": 0}, "rows"),
        ({"size": 4000}, "rows"),
    ],
)
def test_what_no_array_can_have(changes, sentence):
    with pytest.raises(CompactModelsError, match=sentence):
        reads.output_error(LINEAR, SMALL.changed(**changes))


def test_an_unknown_setting_is_named():
    with pytest.raises(CompactModelsError, match="no study varies 'sise'"):
        SMALL.changed(sise=3)


def test_a_window_is_narrowed_to_its_ratio():
    low, high = window(LINEAR, SMALL.changed(ratio=5.0))
    ends = [float(conductance(LINEAR, w, SMALL)) for w in (low, high)]
    assert ends[1] / ends[0] == pytest.approx(5.0, rel=1e-9)


def test_a_card_that_is_never_written():
    with pytest.raises(CompactModelsError, match="is not written"):
        pulses.write_voltage(load_card("hp"), Setting(width=1e-12))
