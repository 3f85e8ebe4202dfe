"""``recognise`` on the command line: from a card to an accuracy, and refusals in one sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from compactmodels.synapse import Synapse, Train
from tests.cli.command import command, refused
from tests.core.test_synapse import card, synapse


def test_from_a_card_to_an_accuracy(folder):
    card(synapse()).save(folder / "syn.toml")
    words = "recognise syn.toml --seeds 2 --epochs 2 --hidden 8 --device-spread 0.05 -o out --json"
    found = command(*words.split())
    assert found.status == 0, found.err
    row = found.document
    assert set(row["accuracy"]) == {"mean", "std", "each"}
    assert 0.1 < row["accuracy"]["mean"] <= 1.0
    assert row["float_accuracy"]["mean"] > 0.3
    assert row["card"] == "syn"
    names = {Path(p).name for p in row["files"]}
    assert {"syn-recognition.json", "syn-recognition.nc", "syn-recognition-curve.png"} <= names
    saved = json.loads(Path("out/syn-recognition.json").read_text())
    assert saved["accuracy"] == row["accuracy"]
    again = command(*words.replace("-o out", "").split())
    assert again.document == row | {"files": []}


def _short(monkeypatch):
    """One value of each study: the command is tried, not the numbers."""
    from compactmodels.workflows.recognition import breaking

    short = {n: replace(s, values=s.values[1:2]) for n, s in breaking.BREAKS.items()}
    monkeypatch.setattr(breaking, "BREAKS", short)


def test_what_breaks_it(folder, monkeypatch):
    _short(monkeypatch)
    card(synapse()).save(folder / "syn.toml")
    words = "recognise syn.toml --study array-size --seeds 1 --epochs 1"
    found = command(*words.split(), "-o", "out", "--json")
    assert found.status == 0, found.err
    (study,) = found.document["studies"]
    assert len(study["rows"]) == 3 and study["card"] == "syn"
    names = {Path(p).name for p in found.document["files"]}
    assert {"syn-recognition-array-size.csv", "syn-recognition-array-size.png"} <= names


def test_all_leaves_out_what_is_not_known(folder, monkeypatch):
    """A card of measured pulses says nothing of its retention; every other study is shown."""
    _short(monkeypatch)
    card(synapse()).save(folder / "syn.toml")
    found = command(*"recognise syn.toml --study all --seeds 1 --epochs 1".split())
    assert found.status == 0, found.err
    assert "study drift is left out" in found.out and "study forgetting is left" in found.out
    assert "What do few levels do?" in found.out and "floating point" in found.out


def test_a_card_that_forgets_while_it_learns_through_lines(folder):
    words = "recognise mose2 --seeds 1 --epochs 1 --hidden 8 --interval 1 --line-resistance 10 --array 32x8"
    words += " --train-through-lines"
    found = command(*words.split(), "--json")
    assert found.status == 0, found.err
    assert found.document["hardware"]["array"] == [32, 8]
    assert 0 < found.document["states_error"] < 0.005


def test_for_people(folder):
    card(synapse()).save(folder / "syn.toml")
    found = command(*"recognise syn.toml --seeds 1 --epochs 1 --mode write-verify".split())
    assert found.status == 0, found.err
    assert "floating point" in found.out and "64-36-10" in found.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("vteam", "no_plasticity", "shows no potentiation and depression"),
        ("up.toml", "one_direction", "ltp only"),
        ("syn.toml --dataset nowhere", "no_dataset", "neither 'digits' nor a folder"),
        ("syn.toml --dataset .", "no_dataset", "train-images-idx3-ubyte"),
        ("syn.toml --dataset bad", "bad_idx", "no IDX file"),
        ("syn.toml --stuck 2", "bad_setting", "stuck cells outside 0..1 cannot be"),
        ("syn.toml --epochs 1 --seeds 1 --wait 10", "no_relaxation", "leave --wait out"),
        ("syn.toml --study drift", "no_relaxation", "measured and not its retention"),
        ("syn.toml --interval 1", "no_relaxation", "leave --interval out"),
        ("syn.toml --train-through-lines", "bad_setting", "without a line resistance cannot be"),
        ("syn.toml --array 64", "bad_setting", "expected as ROWSxCOLUMNS"),
        ("syn.toml --array 0x0", "bad_setting", "expected as ROWSxCOLUMNS"),
        ("syn.toml --array 8x8", "bad_setting", "give --line-resistance too"),
        (
            "syn.toml --array 128x128 --line-resistance 1",
            "array_too_large",
            "larger than the network",
        ),
        ("syn.toml --study level", "unknown_study", "did you mean 'levels'"),
        ("syn.toml --study stuck --stuck 0.1", "bad_setting", "leave --stuck out"),
    ],
)
def test_refusals(folder, words, code, said):
    card(synapse()).save(folder / "syn.toml")
    half = Synapse(Train(1e-6, 1e-5, 2.0, 0.0, 20.0))
    replace(card(synapse()), synapse=half).save(folder / "up.toml")
    (folder / "bad").mkdir()
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (folder / "bad" / f"{name}-ubyte").write_text("this is text\n")
    assert said in refused(folder, "recognise", *words.split(), code=code)
