"""Where compiled devices come from, and what is said where they cannot be had."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compactmodels import protocols
from compactmodels.card import ModelCard, load_card
from compactmodels.errors import InputError, ToolMissing
from compactmodels.model import Branch, Model
from compactmodels.parameter import Parameter
from compactmodels.registry import conduction
from netlists import ngspice, osdi
from netlists.osdi_printer import c_string
from netlists.simulation import simulate


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH without any program."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.delenv("CC", raising=False)
    return tmp_path


def script(path: Path, body: str) -> str:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return str(path)


# ------------------------------------------------------------------------ what cannot be had


def test_without_a_compiler_one_sentence_says_so(bare: Path) -> None:
    reason = osdi.unavailable()
    assert reason is not None
    assert reason.startswith("there is no C compiler (cc, gcc or clang)")
    assert "apt-get install gcc" in reason
    assert "\n" not in reason


@pytest.mark.needs_ngspice
def test_without_a_compiler_the_subcircuit_runs(bare: Path) -> None:
    card = load_card("hp")
    found = simulate(card, protocols.dc(-1.0, 1.0, 5), w0=0.4)
    assert found.form == "subcircuit"
    due = card.model.current(found.voltage, card.values, w=0.4)
    assert found.current == pytest.approx(due, rel=1e-9)
    with pytest.raises(ToolMissing, match="there is no C compiler"):
        simulate(card, protocols.dc(-1.0, 1.0, 5), form="osdi")


def test_without_a_compiler_nothing_is_emitted(bare: Path) -> None:
    with pytest.raises(ToolMissing, match="there is no C compiler"):
        osdi.emit(load_card("hp"), bare / "out")
    assert not (bare / "out").exists()


@pytest.mark.needs_compiler
def test_where_one_file_cannot_be_written_none_is(tmp_path: Path) -> None:
    (tmp_path / "hp_osdi.cir").mkdir()
    with pytest.raises(InputError, match=r"hp_osdi\.cir"):
        osdi.emit(load_card("hp"), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["hp_osdi.cir"]


def test_a_compiler_that_is_not_there_or_does_not_compile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "nosuchcc -m64")
    assert "the C compiler 'nosuchcc' that CC names is not there" in str(osdi.unavailable())
    failing = script(
        tmp_path / "failing", 'echo "x.c:1:10: fatal error: math.h: No such file" >&2; exit 1'
    )
    monkeypatch.setenv("CC", failing)
    reason = str(osdi.unavailable())
    assert "does not compile" in reason
    assert "math.h: No such file" in reason
    assert osdi.chosen(load_card("hp")) is None
    broken = tmp_path / "broken"
    broken.write_text("neither a script nor a program")
    broken.chmod(0o700)
    monkeypatch.setenv("CC", str(broken))
    assert "does not run" in str(osdi.unavailable())


@pytest.mark.needs_compiler
@pytest.mark.parametrize(
    ("major", "built", "words"), [(39, False, "43 or later"), (45, False, "built without OSDI")]
)
def test_an_ngspice_that_cannot_load_it(
    monkeypatch: pytest.MonkeyPatch, major: int, built: bool, words: str
) -> None:
    old = ngspice.Features(ngspice.Version(major, f"ngspice-{major}"), klu=False, osdi=built)
    monkeypatch.setattr(ngspice, "features", lambda: old)
    assert words in str(osdi.unavailable())
    assert osdi.chosen(load_card("hp")) is None
    with pytest.raises(ToolMissing, match="OSDI"):
        osdi.chosen(load_card("hp"), "osdi")
    with pytest.raises(ToolMissing, match="loads no compiled models"):
        ngspice.run("t\nR1 a 0 1\n.op\n", osdi=(Path(__file__),))


def test_without_ngspice_its_own_sentence_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> ngspice.Features:
        raise ToolMissing("libngspice is not installed: make ngspice")

    monkeypatch.setattr(osdi, "_compile", lambda text: Path())
    monkeypatch.setattr(ngspice, "features", missing)
    assert osdi.unavailable() == "libngspice is not installed: make ngspice"


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(InputError, match="one of auto, osdi, subcircuit"):
        osdi.chosen(load_card("hp"), "compiled")


# ------------------------------------------------------------------------------- the cache


@pytest.mark.needs_compiler
def test_cards_of_one_structure_share_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    one = osdi.build(load_card("ohp-n1"))
    monkeypatch.setattr(osdi, "_run", pytest.fail)  # nothing is compiled again
    assert osdi.build(load_card("ohp-n2")) == one
    changed = load_card("ohp-n1").with_values({"off_g": 1e-9}, "assumed")
    assert osdi.build(changed) == one
    assert "off_g=1e-09" in osdi.model_lines(changed)


@pytest.mark.needs_compiler
def test_what_a_library_depends_on_is_in_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = load_card("hp")
    paths = {osdi.build(card), osdi.build(load_card("ohm"))}
    paths.add(osdi._compile(osdi.source(card), (*osdi.FLAGS, "-g")))
    real = osdi._compiler()[0]
    other = script(tmp_path / "othercc", f'[ "$1" = --version ] && echo 99 || exec {real} "$@"')
    monkeypatch.setenv("CC", other)
    paths.add(osdi.build(card))
    assert len(paths) == 4
    assert all(p.parent == osdi.cache_folder() for p in paths)


@pytest.mark.needs_compiler
def test_a_compiler_that_stops_half_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(osdi, "cache_folder", lambda: tmp_path)
    body = (
        'for x; do [ "$last" = -o ] && echo half > "$x"; last="$x"; done; '
        '[ "$1" = --version ] || { echo "error: disk full" >&2; exit 1; }'
    )
    monkeypatch.setenv("CC", script(tmp_path / "halfcc", body))
    with pytest.raises(ToolMissing, match="disk full"):
        osdi.build(load_card("hp"))
    assert [p.name for p in tmp_path.iterdir()] == ["halfcc"]


# -------------------------------------------------------------------------------- the text


def test_the_device_type_has_the_structures_name() -> None:
    text = osdi.model_lines(load_card("hp"))
    (module,) = re.findall(r"^\.model hp_osdi (memristor_[0-9a-f]{12})$", text, re.M)
    assert f'.name = "{module}"' in osdi._library(load_card("hp").model)[1]
    assert f".model hp {module}\n" in osdi.device_lines(load_card("hp"))


def test_the_subcircuit_around_it_has_the_other_forms_interface() -> None:
    """The same name, pins and parameters with the same values."""
    from netlists.subcircuit import subcircuit

    def interface(text: str) -> str:
        (found,) = re.findall(r"^\.subckt.*\n(?:\+.*\n)+", text, re.M)
        return re.sub(r"\s+", " ", found)

    card = load_card("otj")
    assert interface(osdi.model_lines(card)) == interface(subcircuit(card))


@pytest.mark.needs_compiler
def test_a_parameters_words_stay_within_their_string() -> None:
    """Quotes, trigraphs, an end of comment: what a part's author may write."""
    doc = 'a "b" \\ ??/ */ %s \n#error'
    part = conduction("ohmic")
    odd = replace(part, parameters=(Parameter("g", 1e-6, "S", doc),), title=f"odd {doc}")
    model = Model((Branch("g", odd),))
    card = ModelCard("dut", model, {}, title=f"*/ #error {doc}")
    osdi._compile(osdi.source(card))
    assert c_string(doc) == r'"a \"b\" / \?\?/ / %s  #error"'


def test_a_cards_name_passes_the_gate() -> None:
    from compactmodels.errors import NetlistError

    card = load_card("hp")
    for make in (osdi.model_lines, osdi.device_lines, osdi.source):
        with pytest.raises(NetlistError):
            make(card, 'x"; .control')


def test_numbers_keep_every_digit() -> None:
    card = load_card("otj")
    text = osdi.device_lines(card)
    for name, value in card.values.items():
        (found,) = re.findall(rf"^\+ {name}=(\S+)$", text, re.M)
        assert float(found) == value
    assert np.isfinite(list(card.values.values())).all()
    assert os.linesep not in text.replace("\n", "")
