"""Arrays from a user's options, jobs on them, and what is written; input that is refused in a sentence."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from compactmodels.card import ModelCard
from compactmodels.errors import InputError
from compactmodels.statistics import Distribution, Statistics
from compactmodels.workflows.array_options import ArrayOptions, build
from compactmodels.workflows.arrays import Job, run, summary, write
from netlists import array as arrays
from netlists.array import (
    Crossbar,
    CrossbarError,
    Faults,
    Selector,
    Stack,
    Transistor,
    conductance_states,
    differential_pairs,
    draw_faults,
    draw_states,
    load_states,
    mos_model,
    pair_difference,
    scheme_voltages,
    threshold_selector,
    weight_states,
)
from netlists.crossbar import crossbar_deck, read_ngspice
from tests.netlists.test_array_topologies import COLS, ROWS, G, faults, make, ohmic, sinh
from tests.netlists.test_array_transients import moving

# ------------------------------------------------------------------------------ states from files


def test_states_from_an_image(tmp_path):
    from PIL import Image

    grey = np.array([[0, 51, 255], [128, 102, 204]], dtype=np.uint8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    assert load_states(tmp_path / "grey.png") == pytest.approx(grey / 255)
    deep = np.array([[0, 65535], [13107, 6553]], dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert load_states(tmp_path / "deep.png") == pytest.approx(deep / 65535)
    Image.fromarray(np.full((2, 2, 3), [255, 0, 0], dtype=np.uint8)).save(tmp_path / "red.png")
    assert load_states(tmp_path / "red.png") == pytest.approx(0.299, abs=0.003)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0,0.5\n1,0.25\n", [[0, 0.5], [1, 0.25]]),
        ("a;b\n0.1;0.2\n", [[0.1, 0.2]]),
        ("# a comment\n\n0.1\t0.2\n0.3\t0.4\n", [[0.1, 0.2], [0.3, 0.4]]),
    ],
)
def test_states_from_a_csv(tmp_path, text, expected):
    (tmp_path / "w.csv").write_text(text)
    assert load_states(tmp_path / "w.csv").tolist() == expected


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("w.csv", "0,1\n0,2\n", "row 2, column 2: 2 is no state"),
        ("w.csv", "0,1\n0,x\n", "line 2, column 2: 'x' is no finite number"),
        ("w.csv", "0,nan\n", "'nan' is no finite number|holds no numbers"),
        ("w.csv", "0,1\n0\n", "line 2: 1 numbers"),
        ("w.csv", "", "no numbers"),
        ("w.png", "no image", "it is no image"),
    ],
)
def test_files_that_hold_no_states_are_refused(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        load_states(tmp_path / name)
    assert "\n" not in caught.value.message
    with pytest.raises(InputError, match="cannot be read"):
        load_states(tmp_path / "missing.csv")


def test_states_from_weights_and_distributions():
    assert weight_states([[-1.0, 3.0], [1.0, 0.0]]).tolist() == [[0, 1], [0.5, 0.25]]
    assert (weight_states([[2.0, 2.0]], low=0.3) == 0.3).all()
    normal = draw_states(100, 100, 1, distribution="normal", spread=0.05)
    assert normal.mean() == pytest.approx(0.5, abs=0.002)
    assert normal.std() == pytest.approx(0.05, rel=0.03)
    wide = draw_states(100, 100, 1, distribution="normal", spread=5.0)
    assert 0 <= wide.min() < 0.01 and 0.99 < wide.max() <= 1
    binary = draw_states(100, 100, 1, low=0.1, high=0.9, distribution="binary", share=0.2)
    assert set(binary.ravel()) == {0.1, 0.9} and (binary == 0.9).mean() == pytest.approx(
        0.2, abs=0.02
    )
    for bad in ({"distribution": "poisson"}, {"distribution": "normal", "spread": 0.0},
                {"distribution": "binary", "share": 2.0}):  # fmt: skip
        with pytest.raises(CrossbarError):
            draw_states(2, 2, 0, **bad)


def test_the_state_that_has_a_conductance():
    card = sinh()
    g = np.array([[2e-5, 9e-5], [5e-5, 1.05e-4]])
    w = conductance_states(card, g, 0.1)
    assert card.model.current(0.1, card.values, w=w) / 0.1 == pytest.approx(g, rel=1e-12)
    with pytest.raises(
        CrossbarError, match=r"conductance\[0, 0\] is 0.001 S: card 'bitcell' reaches"
    ):
        conductance_states(card, [[1e-3]], 0.1)
    with pytest.raises(CrossbarError, match="0 V"):
        conductance_states(card, g, 0.0)


@pytest.mark.needs_ngspice
def test_pairs_of_columns_multiply_by_signed_weights():
    weights = np.random.default_rng(5).normal(size=(3, 4))
    pairs = differential_pairs(weights, ohmic(), g_low=1e-5, g_high=9e-5)
    assert pairs.w.shape == (4, 6)
    x = np.array([0.1, -0.05, 0.2, 0.03])
    array = Crossbar(rows=4, cols=6, card=ohmic(), w=pairs.w, voltages=x)
    assert pairs.output(read_ngspice(array).currents) == pytest.approx(weights @ x, rel=1e-9)
    with pytest.raises(CrossbarError, match="two for each pair"):
        pair_difference(np.zeros(5))
    with pytest.raises(CrossbarError, match="g_low < g_high"):
        differential_pairs(weights, ohmic(), g_low=1e-5, g_high=1e-5)


# ----------------------------------------------------------------------------------------- schemes


@pytest.mark.parametrize(("scheme", "others"), [("v/2", (0.6, 0.0)), ("v/3", (0.4, -0.4))])
def test_what_the_cells_of_a_scheme_see(scheme, others):
    bias = scheme_voltages(scheme, 3, 4, [(1, 2), (1, 3)], 1.2)
    seen = bias.word[:, None] - bias.bit
    assert seen[bias.selected] == pytest.approx(1.2) and bias.selected.sum() == 2
    assert seen[bias.half_selected] == pytest.approx(others[0])
    assert seen[~bias.selected & ~bias.half_selected] == pytest.approx(others[1])
    assert bias.half_selected.sum() == 2 + 4


@pytest.mark.parametrize(
    ("scheme", "cells", "words"),
    [
        ("v/4", [(0, 0)], "v/2, v/3"),
        ("v/2", [], "no cell"),
        ("v/2", [(3, 0)], r"\(3, 0\)"),
        ("v/2", [(0, 0), (1, 1)], r"also cross at \(0, 1\)"),
    ],
)
def test_cells_that_cannot_be_written_are_refused(scheme, cells, words):
    with pytest.raises(CrossbarError, match=words):
        scheme_voltages(scheme, 3, 3, cells, 1.0)


# ------------------------------------------------------------------------------------- bad input


BAD = {
    "r_word": ([1.0, -2.0, 3.0], r"r_word\[1\] is -2 ohm"),
    "r_bit": ([1.0, 2.0], r"r_bit has the shape \(2,\)"),
    "r_source": (-1.0, "r_source is -1 ohm"),
    "r_sense": (np.inf, "finite"),
    "c_word": (-1e-15, "c_word is -1e-15 F"),
    "bit_voltages": ([0.0] * 3, "bit_voltages has the shape"),
    "word_drive": ("left", "'left': one of start, end, both, floating"),
    "bit_drive": (["end"] * 3, "one for each of 4 lines"),
    "selector": ("1t1r", "a Transistor or a Selector"),
    "faults": (Faults(rows=2, cols=2), "faults are of a 2 x 2 array"),
    "parameters": ({"lrs_g": np.full((3, 4), np.nan)}, "finite"),
    "w": (np.full((4, 3), 0.5), r"\(3, 4\) is expected"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_options_are_refused_in_a_sentence(name):
    value, words = BAD[name]
    with pytest.raises(InputError, match=words) as caught:
        make(ohmic(), **{name: value})
    assert "\n" not in caught.value.message


def test_parameters_of_cells_are_held_to_the_cards_bounds():
    with pytest.raises(InputError, match="lrs_g"):
        make(ohmic(), parameters={"lrs_g": np.full((3, 4), -1.0)})
    with pytest.raises(InputError, match="unknown parameter 'lrs_h'; did you mean 'lrs_g'"):
        make(ohmic(), parameters={"lrs_h": np.full((3, 4), 1.0)})


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ({"stuck_on": [(3, 0)]}, r"stuck_on names the place \(3, 0\)"),
        ({"stuck_on": [(0, 0)], "open_cells": [(0, 0)]}, "stuck_on and open_cells"),
        ({"broken_word": np.zeros((3, 4), dtype=bool)}, r"\(3, 5\) is expected"),
        ({"broken_bit": [1, 2]}, "neither a mask"),
        ({"bridged_bit": [(0, 3)]}, r"\(0, 3\)"),
        ({"r_short": 0.0}, "r_short is 0 ohm"),
    ],
)
def test_faults_that_no_array_has_are_refused(places, words):
    with pytest.raises(CrossbarError, match=words):
        faults(**places)


def test_an_array_that_does_not_hang_together_is_refused():
    cut = faults(broken_word=[(0, 2)], open_cells=[(0, 2), (0, 3)])
    with pytest.raises(CrossbarError, match="node w1_3 and 1 others hang on no source") as caught:
        crossbar_deck(make(ohmic(), faults=cut))
    assert caught.value.code == "disconnected"
    with pytest.raises(CrossbarError, match="not connected"):
        crossbar_deck(make(ohmic(), word_drive="floating", bit_drive="floating"))
    # A cell of no conductance joins nothing: w = 0 without gmin, read behind a broken segment.
    dark = ohmic().with_values({"gmin": 0.0}, "assumed")
    w = np.full((3, 4), 0.5)
    w[0, 3] = 0.0
    with pytest.raises(CrossbarError, match="node w1_4 and 0 others"):
        crossbar_deck(make(dark, w=w, faults=faults(broken_word=[(0, 3)])))


def test_drawn_faults_have_their_shares():
    found = draw_faults(
        200, 200, 3, stuck_on=0.1, stuck_off=0.05, open_cells=0.02, shorted_cells=0.01
    )
    shares = {name: count / 200**2 for name, count in found.counts.items()}
    expected = {"stuck_on": 0.1, "stuck_off": 0.05, "open_cells": 0.02, "shorted_cells": 0.01}
    assert shares == pytest.approx(expected, rel=0.15)
    again = draw_faults(
        200, 200, 3, stuck_on=0.1, stuck_off=0.05, open_cells=0.02, shorted_cells=0.01
    )
    assert (found.stuck_on == again.stuck_on).all()
    with pytest.raises(CrossbarError, match=r"add up to 1\.5"):
        draw_faults(2, 2, 0, stuck_on=0.8, open_cells=0.7)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (".include evil.lib", "'.model NAME"),
        (".model a nmos level=1\n.control\nshell rm x\n.endc", "'.model NAME"),
        (".model a nmos level=1\nR1 a b 1", "'.model NAME"),
        (".model a npn bf=100", "is no '.model NAME nmos"),
        (".model a nmos vto={x}", "'{x}': a number"),
        (".model a nmos vto", "'vto' in the .model"),
        (".model 1a nmos vto=1", "a letter comes first"),
        ("", "'.model NAME"),
    ],
)
def test_what_is_no_transistor_model_stands_in_no_deck(text, words):
    with pytest.raises(InputError, match=words) as caught:
        Transistor(gate=1.0, model=text)
    assert "\n" not in caught.value.message


def test_a_transistor_model_keeps_its_numbers():
    model = mos_model("* c\n.MODEL n1 NMOS (LEVEL=14 version=4.8.2\n+ vth0=0.4 tox=1.8n, u0=-1e-2)")
    assert model.text == ".model n1 nmos level=14 version=4.8.2 vth0=0.4 tox=1.8n u0=-1e-2"


def test_stacks_that_contradict_themselves_are_refused():
    layers = [make(ohmic()), make(ohmic(), r_bit=1.0)]
    with pytest.raises(CrossbarError, match=r"layers 0 and 1 share a plane of bit lines.* r_bit"):
        Stack(layers)
    Stack(layers, shared=False)
    with pytest.raises(CrossbarError, match="layer 1 is at 250 K"):
        Stack([make(ohmic()), make(ohmic(), temperature=250.0)])
    with pytest.raises(CrossbarError, match="0 layers"):
        Stack([])


# -------------------------------------------------------------------------------- options and jobs


@pytest.mark.needs_ngspice
def test_options_become_an_array_and_jobs_their_documents(tmp_path):
    options = ArrayOptions(
        rows=3, cols=4, selector="1t1r", stuck_on=0.2, line_capacitance=1e-15, drive="both",
        broken_word=((0, 2),), seed=3,
    )  # fmt: skip
    array, _ = build(moving(), options)
    assert array.faults.counts["broken_word"] == 1 and "stuck_on" in array.faults.counts
    seen = {}
    for kind in ("read", "sweep", "pulse", "write", "disturb"):
        job = Job(kind=kind, selected=[(1, 1)], width=1e-5, cycles=3, points=4)
        result, bias = run(array, job, engine="ngspice")
        seen[kind] = json.loads(json.dumps(summary(array, result, bias=bias), allow_nan=False))
        files = write(array, result, tmp_path / kind)
        assert all(path.stat().st_size for path in files)
        assert {path.suffix for path in files} >= {".csv", ".nc"}
    assert len(seen["read"]["currents"]) == len(seen["read"]["ideal"]) == 4
    assert seen["read"]["selector"] == "1t1r" and seen["read"]["engine"] == "ngspice"
    assert len(seen["sweep"]["currents"]) == len(seen["sweep"]["voltage"]) == 4
    assert seen["pulse"]["energy"] > 0
    assert seen["write"]["written"][0]["row"] == 1
    assert set(seen["disturb"]["largest_change"]) == {"selected", "half_selected", "unselected"}
    with pytest.raises(InputError, match="job 'erase'"):
        run(array, Job(kind="erase"))


def test_options_that_contradict_each_other_are_refused(tmp_path):
    (tmp_path / "w.csv").write_text("0.1,0.2\n0.3,0.4\n")
    array, _ = build(ohmic(), ArrayOptions(states=str(tmp_path / "w.csv")))
    assert (array.rows, array.cols) == (2, 2) and "w.csv" in crossbar_deck(array)
    for options, words in (
        ({"states": str(tmp_path / "w.csv"), "rows": 3}, "gives 2 rows, --rows says 3"),
        ({"weights": tmp_path / "w.csv"}, "--g-low"),
        ({"selector": "1d1r"}, "one of none, 1t1r, 1s1r"),
        ({"mos_model": tmp_path / "w.csv"}, "--selector 1t1r"),
        ({"variation": True}, "no statistics"),
        ({"selector": "1t1r", "mos_model": tmp_path / "none.txt"}, "cannot be read"),
    ):
        with pytest.raises(InputError, match=words):
            build(ohmic(), ArrayOptions(**options))


@pytest.mark.needs_ngspice
def test_weights_from_a_file_come_back_as_outputs(tmp_path):
    (tmp_path / "w.csv").write_text("1,-1,0.5\n0,2,-0.25\n")
    options = ArrayOptions(
        weights=tmp_path / "w.csv", g_low=1e-5, g_high=9e-5, line_resistance=0.0, voltage=0.2
    )
    array, pairs = build(ohmic(), options)
    result, _ = run(array, Job())
    assert summary(array, result, pairs=pairs)["outputs"] == pytest.approx([0.1, 0.35], rel=1e-9)


def test_cells_vary_as_the_card_says():
    card = ohmic()
    law = Distribution("lognormal", G, 0.2, count=30)
    varied = ModelCard(
        "bitcell", card.model, card.entries, statistics=Statistics("devices", 30, {"lrs_g": law})
    )
    array, _ = build(varied, ArrayOptions(rows=60, cols=60, variation=True))
    spread = np.log(array.parameters["lrs_g"])
    assert spread.std() == pytest.approx(0.2, rel=0.05) and spread.mean() == pytest.approx(
        np.log(G), abs=0.02
    )
    deck = crossbar_deck(array, form="subcircuit")
    assert len(re.findall(r"^X\d+_\d+ .* lrs_g=\S+ ", deck, re.M)) == 3600


def test_selectors_and_faults_out_of_options():
    array, _ = build(ohmic(), ArrayOptions(selector="1s1r", v_threshold=0.7, v_hold=0.3))
    assert isinstance(array.selector, Selector)
    assert array.selector.card.values["sw_v_t"] == 0.7
    assert threshold_selector().values["sw_v_h"] == 0.2
    with pytest.raises(CrossbarError, match="selector w"):
        Selector(card=threshold_selector(), w=2.0)
    assert make(ohmic()).w.shape == (ROWS, COLS) and arrays.LARGEST == 1024
