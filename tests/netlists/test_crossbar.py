"""Arrays in ngspice against node equations that are written out and solved here."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import spsolve

from compactmodels import registry
from compactmodels.card import ModelCard
from compactmodels.dual import variables
from compactmodels.errors import InputError, SimulationError
from compactmodels.model import Branch, Model
from netlists import ngspice
from netlists.array import Crossbar, CrossbarError, draw_states, ideal_currents
from netlists.crossbar import crossbar_deck, read_ngspice


def make_card(*branches, **values):
    parts = (Branch(n, registry.conduction(m), mix, series) for n, m, mix, series in branches)
    return ModelCard("bitcell", Model(tuple(parts)), {}).with_values(values, "assumed")


def linear(g=1e-4):
    return make_card(("lrs", "ohmic", "on", False), lrs_g=g, gmin=0.0)


def sinh():
    return make_card(("lrs", "sinh", "on", False), lrs_g=1e-4, lrs_v0=0.1)


def two_branches():
    return make_card(
        ("lrs", "direct_tunneling", "on", False),
        ("hrs", "thermionic_emission", "off", True),
        lrs_thickness=2e-9,
        hrs_r_s=1e5,
    )


def make_crossbar(card, rows, cols, *, r_word=1.0, r_bit=2.0, v=0.1, seed=0, **more):
    voltages = np.random.default_rng(seed + 1).uniform(-v, v, rows)
    w = draw_states(rows, cols, seed)
    return Crossbar(
        rows=rows, cols=cols, card=card, w=w, voltages=voltages, r_word=r_word, r_bit=r_bit, **more
    )


# ------------------------------------------------------------------ the independent node equations


class Nodes:
    """Numbers the nodes (0 ground, 1..m sources, then lines) and collects the wire segments."""

    def __init__(self, crossbar):
        m, n = crossbar.rows, crossbar.cols
        source = np.arange(1, m + 1)
        number = m + 1 + np.arange(2 * m * n).reshape(2, m, n)
        # An ideal line is one node: its source, or ground.
        self.word = number[0] if crossbar.r_word else np.tile(source[:, None], n)
        self.bit = number[1] if crossbar.r_bit else np.zeros((m, n), dtype=int)
        self.wires = []
        if crossbar.r_word:
            for i in range(m):
                chain = [source[i], *self.word[i]]
                self.wires += [(a, b, 1 / crossbar.r_word) for a, b in pairwise(chain)]
        if crossbar.r_bit:
            for j in range(n):
                chain = [*self.bit[:, j], 0]
                self.wires += [(a, b, 1 / crossbar.r_bit) for a, b in pairwise(chain)]
        self.size = m + 1 + 2 * m * n
        self.known = np.zeros(self.size)
        self.known[source] = crossbar.voltages
        nodes = np.unique([self.word, self.bit])
        self.free = nodes[nodes > m]

    def incidence(self):
        """+1 at each cell's word node, -1 at its bit node; shape (cells, nodes)."""
        cells = np.arange(self.word.size)
        ones = np.ones(len(cells))
        entries = np.concatenate([ones, -ones])
        columns = np.concatenate([self.word.ravel(), self.bit.ravel()])
        return sp.csr_matrix((entries, (np.tile(cells, 2), columns)), (len(cells), self.size))

    def laplacian(self):
        a, b, g = (np.array(side) for side in zip(*self.wires))
        rows, columns = np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a])
        entries = np.concatenate([g, g, -g, -g])
        return sp.csr_matrix((entries, (rows, columns)), (self.size, self.size))

    def outputs(self, cells):
        """What flows into ground, by bit line, given each cell's current."""
        return cells.reshape(self.word.shape).sum(axis=0)


def solve_linear(crossbar, g):
    """One direct solve; ``g`` (rows, cols) are the conductances."""
    nodes = Nodes(crossbar)
    cells = nodes.incidence()
    matrix = (nodes.laplacian() + cells.T @ sp.diags(g.ravel()) @ cells).tocsr()
    v = nodes.known.copy()
    right = -(matrix @ v)[nodes.free]
    v[nodes.free] = spsolve(matrix[nodes.free][:, nodes.free].tocsc(), right)
    return nodes.outputs(g.ravel() * (cells @ v)), v[nodes.word], v[nodes.bit]


def solve_newton(crossbar):
    """Damped Newton on the same equations; slopes are the card's own, by dual numbers."""
    nodes = Nodes(crossbar)
    cells, wires, free = nodes.incidence(), nodes.laplacian(), nodes.free

    def balance(v):
        (drop,) = variables(cells @ v)
        i = crossbar.card.model.current(
            drop,
            crossbar.card.values,
            w=crossbar.w.ravel(),
            s=crossbar.s.ravel(),
            temperature=crossbar.temperature,
        )
        return (wires @ v + cells.T @ i.value)[free], i

    v = nodes.known.copy()
    for _ in range(100):
        residual, i = balance(v)
        matrix = (wires + cells.T @ sp.diags(i.partials[0]) @ cells).tocsr()
        step = spsolve(matrix[free][:, free].tocsc(), -residual)
        damping = 1.0
        while damping > 1e-6:
            trial = v.copy()
            trial[free] += damping * step
            if np.linalg.norm(balance(trial)[0]) <= np.linalg.norm(residual):
                break
            damping /= 2
        else:  # at the rounding floor no step helps
            break
        v = trial
        if np.abs(damping * step).max() < 1e-15:
            break
    assert np.abs(step).max() < 1e-12
    return nodes.outputs(balance(v)[1].value), v[nodes.word], v[nodes.bit]


def largest(difference, of):
    return np.abs(difference).max() / np.abs(of).max()


def cell_currents(crossbar, result):
    return crossbar.card.model.current(
        result.cell_voltages,
        crossbar.card.values,
        w=crossbar.w,
        s=crossbar.s,
        temperature=crossbar.temperature,
    )


# ----------------------------------------------------------------------------------------- linear


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (6, 1), (2, 3), (8, 8), (16, 16)])
@pytest.mark.parametrize("lines", [(1.0, 1.0), (0.5, 20.0), (30.0, 0.0), (0.0, 30.0)])
def test_linear_cells_match_a_direct_solve(size, lines):
    crossbar = make_crossbar(linear(), *size, r_word=lines[0], r_bit=lines[1])
    result = read_ngspice(crossbar)
    currents, word, bit = solve_linear(crossbar, 1e-4 * crossbar.w)
    assert largest(result.currents - currents, currents) <= 1e-9
    assert largest(result.word_voltages - word, word) <= 1e-9
    assert largest(result.bit_voltages - bit, word) <= 1e-9
    assert largest(result.cell_voltages - (word - bit), word) <= 1e-9
    assert largest(result.currents - result.ideal, currents) > 1e-6  # the lines do matter


@pytest.mark.needs_ngspice
def test_ideal_lines_multiply_a_vector_with_a_matrix():
    crossbar = make_crossbar(linear(), 5, 7, r_word=0.0, r_bit=0.0)
    expected = crossbar.voltages @ (1e-4 * crossbar.w)
    result = read_ngspice(crossbar)
    assert largest(result.currents - expected, expected) <= 1e-12
    assert largest(result.ideal - expected, expected) <= 1e-14
    assert result.cell_voltages == pytest.approx(np.tile(crossbar.voltages[:, None], 7), rel=1e-12)
    assert "Rw" not in crossbar_deck(crossbar) and "Rb" not in crossbar_deck(crossbar)


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("g", [1e-4, 1e-8, 1e-12])
def test_lines_far_better_than_the_cells(g):
    # r g down to 1e-18: conductances 18 decades apart in one matrix.
    crossbar = make_crossbar(linear(g), 12, 12, r_word=1e-6, r_bit=1e-6)
    result = read_ngspice(crossbar)
    expected = solve_linear(crossbar, g * crossbar.w)[0]
    assert largest(result.currents - expected, expected) <= 1e-9


def test_the_reference_itself_by_hand():
    # 1 V - 1 ohm - cell of 2 ohm - 3 ohm - 0 V
    crossbar = Crossbar(
        rows=1, cols=1, card=linear(1.0), w=[[0.5]], voltages=[1.0], r_word=1.0, r_bit=3.0
    )
    currents, word, bit = solve_linear(crossbar, np.array([[0.5]]))
    assert [currents[0], word[0, 0], bit[0, 0]] == pytest.approx([1 / 6, 5 / 6, 1 / 2])


@pytest.mark.needs_ngspice
@settings(max_examples=15)
@given(
    factor=st.floats(-1e3, 1e3).filter(lambda x: abs(x) > 1e-6),
    seed=st.integers(0, 99),
    rows=st.integers(1, 5),
    cols=st.integers(1, 5),
)
def test_linear_currents_scale_with_the_voltages(factor, seed, rows, cols):
    one = make_crossbar(linear(), rows, cols, seed=seed)
    more = Crossbar(
        rows=rows,
        cols=cols,
        card=one.card,
        w=one.w,
        voltages=factor * one.voltages,
        r_word=one.r_word,
        r_bit=one.r_bit,
    )
    currents = read_ngspice(one).currents
    assert largest(read_ngspice(more).currents - factor * currents, factor * currents) <= 1e-9


@pytest.mark.needs_ngspice
def test_source_and_output_may_change_places():
    # Reciprocity of a linear network: 1 V at word line i drives as much out of bit line j as 1 V at
    # that bit line's end drives out of the word line's start.  Turned by half a turn, the array
    # that is driven so is one of ours.
    card, w = linear(), draw_states(3, 4, 5)
    there = Crossbar(rows=3, cols=4, card=card, w=w, voltages=[1, 0, 0], r_word=70.0, r_bit=1100.0)
    back = Crossbar(
        rows=4,
        cols=3,
        card=card,
        w=w[::-1, ::-1].T,
        voltages=[0, 0, 1, 0],
        r_word=1100.0,
        r_bit=70.0,
    )
    assert read_ngspice(there).currents[1] == pytest.approx(
        read_ngspice(back).currents[2], rel=1e-9
    )


# ------------------------------------------------------------------------------------- non-linear


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("card", [sinh(), two_branches()], ids=["sinh", "two branches"])
@pytest.mark.parametrize("v", [0.1, 0.6])
@pytest.mark.parametrize("lines", [(1.0, 3.0), (200.0, 0.0)])
def test_non_linear_cells_match_newton(card, v, lines):
    crossbar = make_crossbar(card, 5, 6, v=v, r_word=lines[0], r_bit=lines[1], temperature=330.0)
    result = read_ngspice(crossbar)
    currents, word, bit = solve_newton(crossbar)
    assert largest(result.currents - currents, currents) <= 1e-6
    assert largest(result.cell_voltages - (word - bit), word) <= 1e-6
    assert largest(result.currents - result.ideal, currents) > 1e-5  # the lines do matter
    assert result.ideal == pytest.approx(solve_ideal(crossbar), rel=1e-12)


def solve_ideal(crossbar):
    model, values = crossbar.card.model, crossbar.card.values
    columns = [
        sum(
            float(model.current(v, values, w=w, temperature=crossbar.temperature))
            for v, w in zip(crossbar.voltages, crossbar.w[:, j], strict=True)
        )
        for j in range(crossbar.cols)
    ]
    return np.array(columns)


@pytest.mark.needs_ngspice
def test_small_voltages_are_as_accurate():
    # ngspice's own floors of 1 uV and 1 pA would leave 2e-7 here.
    card = make_card(("lrs", "sinh", "on", False), lrs_g=1e-9, lrs_v0=1e-3, gmin=0.0)
    crossbar = make_crossbar(card, 5, 6, v=0.01, r_word=1e8, r_bit=1e8)
    expected = solve_newton(crossbar)[0]
    assert largest(read_ngspice(crossbar).currents - expected, expected) <= 1e-9


@pytest.mark.needs_ngspice
def test_the_temperature_reaches_the_cells():
    cold = make_crossbar(two_branches(), 2, 2, temperature=250.0)
    warm = make_crossbar(two_branches(), 2, 2, temperature=350.0)
    for crossbar in (cold, warm):
        expected = solve_newton(crossbar)[0]
        assert largest(read_ngspice(crossbar).currents - expected, expected) <= 1e-6
    assert largest(read_ngspice(cold).currents - read_ngspice(warm).currents, 1e-9) > 1.0


@pytest.mark.needs_ngspice
def test_currents_balance_at_every_node():
    crossbar = make_crossbar(two_branches(), 6, 4, v=0.5, r_word=20.0, r_bit=50.0)
    result = read_ngspice(crossbar)
    cells = cell_currents(crossbar, result)
    scale = np.abs(result.currents).max()
    word = np.hstack([crossbar.voltages[:, None], result.word_voltages])
    along = -np.diff(word, axis=1) / crossbar.r_word
    onward = np.hstack([along[:, 1:], np.zeros((6, 1))])
    assert np.abs(along - onward - cells).max() <= 1e-9 * scale
    bit = np.vstack([result.bit_voltages, np.zeros(4)])
    down = -np.diff(bit, axis=0) / crossbar.r_bit
    above = np.vstack([np.zeros(4), down[:-1]])
    assert np.abs(down - above - cells).max() <= 1e-9 * scale
    assert np.abs(down[-1] - result.currents).max() <= 1e-9 * scale


@pytest.mark.needs_ngspice
def test_volatile_states_and_hold():
    card = make_card(("hot", "ohmic", "volatile", False), hot_g=1e-3, gmin=0.0)
    moving = ModelCard(
        "bitcell",
        Model(
            (Branch("lrs", registry.conduction("ohmic"), "on"),),
            registry.switching("ion_hopping"),
        ),
        {},
    )
    s = draw_states(3, 3, 4)
    crossbar = make_crossbar(card, 3, 3, r_word=0.0, r_bit=0.0, s=s)
    expected = crossbar.voltages @ (1e-3 * s)
    result = read_ngspice(crossbar)
    assert result.currents == pytest.approx(expected, rel=1e-9)
    assert result.ideal == pytest.approx(expected, rel=1e-9)
    crossbar = make_crossbar(moving, 3, 3, v=2.0)  # without hold the states would drift in .op
    result, expected = read_ngspice(crossbar), solve_newton(crossbar)[0]
    assert largest(result.currents - expected, expected) <= 1e-9


# ---------------------------------------------------------------------------------------- failures


@pytest.mark.needs_ngspice
def test_no_convergence_keeps_the_deck(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    card = make_card(("lrs", "sinh", "on", False), lrs_v0=1e-3)
    crossbar = Crossbar(
        rows=2, cols=2, card=card, w=np.ones((2, 2)), voltages=[1e6, -1e6], r_word=1.0, r_bit=1.0
    )
    with pytest.raises(SimulationError, match="deck kept in") as caught:
        read_ngspice(crossbar)
    assert caught.value.code == "no_convergence"
    path = re.search(r"deck kept in (\S+\.cir)\)", caught.value.message)
    assert path is not None
    klu = ngspice.features().klu
    assert Path(path[1]).read_text() == crossbar_deck(crossbar, klu=klu, form="auto")


GOOD = {
    "rows": 2, "cols": 3, "card": linear(), "w": np.full((2, 3), 0.5), "voltages": [0.1, 0.2],
    "r_word": 1.0, "r_bit": 1.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("rows", 0, "1 to 1024"),
        ("rows", 1025, "1 to 1024"),
        ("rows", 2.0, "whole number"),
        ("cols", True, "whole number"),
        ("w", np.full((3, 2), 0.5), r"\(2, 3\) is expected"),
        ("w", np.full((2, 3), 1.5), r"w\[0, 0\] is 1.5"),
        ("w", np.full((2, 3), np.nan), "finite"),
        ("w", "a", "not a number"),
        ("s", -0.1, r"s\[0, 0\] is -0.1"),
        ("s", [0.0, 1.0], "shape"),
        ("voltages", [0.1], "shape"),
        ("voltages", [0.1, np.inf], "finite"),
        ("r_word", -1.0, "r_word is -1 ohm"),
        ("r_bit", np.nan, "finite"),
        ("r_bit", "1k", "not a number"),
        ("temperature", 0.0, "outside its bounds"),
        ("seed", -1, "0 or more"),
        ("card", "otj", "ModelCard"),
    ],
)
def test_bad_arrays_are_refused_in_a_sentence(name, value, words):
    with pytest.raises(InputError, match=words) as caught:
        Crossbar(**GOOD | {name: value})
    assert "\n" not in caught.value.message


def test_a_voltage_beyond_the_equations_is_refused():
    card = make_card(("lrs", "sinh", "on", False), lrs_v0=1e-3)
    crossbar = Crossbar(**GOOD | {"card": card, "voltages": [0.0, 1e200]})
    with pytest.raises(CrossbarError, match=r"voltages\[1\] = 1e\+200 V"):
        crossbar_deck(crossbar)


def test_arrays_are_copies_that_nobody_changes():
    w = np.full((2, 3), 0.5)
    crossbar = Crossbar(**GOOD | {"w": w})
    w[:] = 0.0
    assert crossbar.w.min() == 0.5
    assert crossbar.s.shape == (2, 3)
    with pytest.raises(ValueError, match="read-only"):
        crossbar.w[0, 0] = 0.0


# ------------------------------------------------------------------------------------ states, text


def test_states_are_the_same_for_the_same_seed():
    states = draw_states(20, 30, seed=3, low=0.2, high=0.4)
    assert (states == draw_states(20, 30, seed=3, low=0.2, high=0.4)).all()
    assert (states != draw_states(20, 30, seed=4, low=0.2, high=0.4)).any()
    assert states.shape == (20, 30) and 0.2 <= states.min() < states.max() < 0.4
    assert (draw_states(3, 3, seed=0, low=1, high=1) == 1).all()


@pytest.mark.parametrize("bad", [{"low": -0.1}, {"high": 1.1}, {"low": 0.6, "high": 0.5}])
def test_states_outside_their_range_are_refused(bad):
    with pytest.raises(CrossbarError, match="low <= high"):
        draw_states(2, 2, seed=0, **bad)


def test_the_deck_says_how_it_was_made():
    crossbar = make_crossbar(linear(), 2, 3, r_word=1.5, r_bit=0.0, seed=9)
    deck = crossbar_deck(Crossbar(**GOOD | {"seed": 17, "r_word": 1.5}))
    assert deck.splitlines()[0] == "crossbar of bitcell, 2 word lines x 3 bit lines"
    for words in (
        "'bitcell'",
        "1.5 ohm",
        "seed of the states      17",
        "compactmodels ",
        "300.15 K",
    ):
        assert words in deck
    assert deck == crossbar_deck(Crossbar(**GOOD | {"seed": 17, "r_word": 1.5}))
    assert "seed" not in crossbar_deck(crossbar)
    assert ".subckt" not in deck and len(re.findall(r"^Rx\d_\d ", deck, re.M)) == 6
    written = crossbar_deck(Crossbar(**GOOD), form="subcircuit")
    assert written.count(".subckt") == 1 and written.count("hold=1 cap=0\n") == 6
    assert "klu" not in deck and ".options klu" in crossbar_deck(crossbar, klu=True)


def test_every_segment_stands_once():
    deck = crossbar_deck(Crossbar(**GOOD))
    elements = [line.split() for line in deck.splitlines() if re.match(r"(Rw|Rb|Vin|Vout)\d", line)]
    assert {tuple(words[:3]) for words in elements} == {
        ("Vin1", "in1", "0"), ("Vin2", "in2", "0"),
        ("Rw1_1", "in1", "w1_1"), ("Rw1_2", "w1_1", "w1_2"), ("Rw1_3", "w1_2", "w1_3"),
        ("Rw2_1", "in2", "w2_1"), ("Rw2_2", "w2_1", "w2_2"), ("Rw2_3", "w2_2", "w2_3"),
        ("Rb1_1", "b1_1", "b2_1"), ("Rb1_2", "b1_2", "b2_2"), ("Rb1_3", "b1_3", "b2_3"),
        ("Rb2_1", "b2_1", "out1"), ("Rb2_2", "b2_2", "out2"), ("Rb2_3", "b2_3", "out3"),
        ("Vout1", "out1", "0"), ("Vout2", "out2", "0"), ("Vout3", "out3", "0"),
    }  # fmt: skip


HOSTILE = "a\n.control\nshell rm x\n.endc\r.include /etc/passwd\v+ b\x85.end"


@pytest.mark.needs_ngspice
def test_a_hostile_title_stays_a_comment():
    plain = sinh()
    good = GOOD | {"card": plain}
    card = ModelCard("bitcell", plain.model, plain.entries, title=HOSTILE, citation=HOSTILE)
    deck = crossbar_deck(Crossbar(**GOOD | {"card": card}))
    lines = deck.splitlines()
    active = [line for line in lines if "shell" in line or "passwd" in line]
    assert active and all(line.startswith("*") for line in active)
    assert [x for x in lines if not x.startswith("*")] == [
        x for x in crossbar_deck(Crossbar(**good)).splitlines() if not x.startswith("*")
    ]
    currents = read_ngspice(Crossbar(**GOOD | {"card": card})).currents
    assert (currents == read_ngspice(Crossbar(**good)).currents).all()


def test_ideal_currents_need_no_simulator():
    crossbar = make_crossbar(two_branches(), 3, 4)
    assert ideal_currents(crossbar) == pytest.approx(solve_ideal(crossbar), rel=1e-12)
