"""The programs: `openvaf` by a stand-in that records what it is asked, and by itself where it is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from compactmodels.card import load_card
from compactmodels.errors import SimulationError, ToolMissing
from veriloga import emit
from veriloga.compilers import adms_objection, build_osdi

STAND_IN = """#!/bin/sh
echo "$@" > "$(dirname "$0")/asked"
{then}
"""


def stand_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch, then: str, name: str = "openvaf"
) -> Path:
    """A program on PATH that writes its arguments into the file ``asked`` beside itself."""
    tools = folder / "bin"
    tools.mkdir()
    program = tools / name
    program.write_text(STAND_IN.format(then=then))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return tools / "asked"


@pytest.mark.parametrize("name", ["openvaf", "openvaf-r"])
def test_it_is_asked_for_an_object(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = stand_in(tmp_path, monkeypatch, 'cp "$3" "$2"', name)
    source = emit(load_card("hp"), tmp_path)
    built = build_osdi(source)
    assert built == tmp_path / "hp.osdi"
    assert built.read_text() == source.read_text()  # the stand-in's idea of an object
    option, output, given = asked.read_text().split()
    assert option == "-o"
    assert given == str(source.resolve())
    assert output != str(built), "it is built beside and moved, complete or not at all"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bin", "hp.osdi", "hp.va"]


def test_another_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, 'cp "$3" "$2"')
    source = emit(load_card("hp"), tmp_path)
    (tmp_path / "out").mkdir()
    assert build_osdi(source, tmp_path / "out" / "device.osdi").is_file()
    with pytest.raises(
        SimulationError, match=r"'.*nowhere/x\.osdi' cannot be written: No such file"
    ):
        build_osdi(source, tmp_path / "nowhere" / "x.osdi")


@pytest.mark.parametrize(
    ("then", "sentence"),
    [
        (
            "echo 'error: no equation' >&2; exit 65",
            r"openvaf refuses '.*hp\.va': error: no equation$",
        ),
        ("exit 0", r"it ended with status 0 and no object"),
        ('echo half > "$2"; exit 1', r"it ended with status 1 and no object"),
    ],
)
def test_a_refusal_is_one_sentence_and_leaves_the_old_object(
    then: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, then)
    source = emit(load_card("hp"), tmp_path)
    (tmp_path / "hp.osdi").write_text("old")
    with pytest.raises(SimulationError, match=sentence) as caught:
        build_osdi(source)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "hp.osdi").read_text() == "old"
    assert not list(tmp_path.glob(".osdi-*"))


def test_missing_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="openvaf"):
        build_osdi(tmp_path / "x.va")
    with pytest.raises(ToolMissing, match="admsXml is not on PATH"):
        adms_objection(tmp_path / "x.va")


@pytest.mark.needs_openvaf
def test_the_real_compiler(tmp_path: Path) -> None:
    built = build_osdi(emit(load_card("otj"), tmp_path))
    assert re.match(rb"\x7fELF|\xcf\xfa\xed\xfe|MZ", built.read_bytes()[:4])
