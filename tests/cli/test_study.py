"""``study`` and ``map`` as users type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import command


def test_without_a_name_the_studies_are_listed():
    out = command("study")
    assert out.status == 0
    assert "largest" in out.out and "How large may the array be" in out.out
    assert {"size", "layers"} <= {
        s["name"] for s in json.loads(command("study", "--json").out)["studies"]
    }


def test_a_study_writes_its_table_and_figure(tmp_path: Path):
    out = command("study", "size", "hp", "--values", "4,8", "-o", tmp_path, "--json")
    found = json.loads(out.out)
    assert [row["value"] for row in found["rows"]] == [4, 8]
    assert found["setting"]["line_resistance"] == 1.0
    assert {Path(p).suffix for p in found["files"]} == {".csv", ".png", ".svg"}
    again = command("study", "size", "hp", "--values", "4,8", "-o", tmp_path)
    assert "closed form" in again.out
    assert (tmp_path / "hp-study-size.points.jsonl").read_text().count("\n") == 2


def test_the_map_of_the_voltage_lost(tmp_path: Path):
    out = command("study", "position", "hp", "--values", "2", "--size", "6", "-o", tmp_path)
    assert out.status == 0
    assert (tmp_path / "hp-study-position-2.nc").exists()
    assert (tmp_path / "hp-study-position-2.png").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("study", "sise", "hp"), "did you mean 'size'"),
        (("study", "size"), "a CARD is needed"),
        (("study", "size", "nothing"), "no card 'nothing'"),
        (("study", "size", "hp", "--values", "a"), "numbers with commas"),
        (("study", "size", "hp", "--size", "8"), "--values 8"),
        (("study", "size", "hp", "--values", "2000"), "1024"),
        (("study", "sneak", "hp", "--scheme", "v/5", "--values", "4"), "leave --scheme out"),
        (("study", "readable", "hp", "--limit", "2"), "--values 2"),
        (("study", "disturb", "hp", "--scheme", "v/3"), "leave --scheme out"),
        (("map", "no.csv", "hp"), "no.csv"),
        (("map", "{w}", "hp", "--g-high", "5"), "g_high = 5"),
    ],
)
def test_mistakes(words: tuple[str, ...], sentence: str, tmp_path: Path):
    w = tmp_path / "w.csv"
    w.write_text("1,-1\n0.5,2\n")
    out = command(*(word.replace("{w}", str(w)) for word in words))
    assert out.status != 0
    assert sentence in out.err.replace("\n", " ")
    assert "Traceback" not in out.err


def test_map(tmp_path: Path):
    w = tmp_path / "w.csv"
    w.write_text("1,-1\n0.5,2\n")
    out = command("map", w, "hp", "--line-resistance", "2", "-o", tmp_path, "--json")
    found = json.loads(out.out)
    assert found["after"]["error"] < 0.1 * found["before"]["error"]
    assert command("crossbar", "hp", "--states", tmp_path / "hp-map-states.csv").status == 0
