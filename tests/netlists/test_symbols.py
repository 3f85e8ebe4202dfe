"""Symbols: netlisted by xschem itself, held against LTspice's format, and the netlists run in ngspice against NumPy."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compactmodels.card import ModelCard
from compactmodels.errors import InputError, NetlistError
from netlists.ngspice import run
from netlists.symbols import emit_symbols
from netlists.symbols_drawing import drawing
from tests.netlists.symbol_subjects import CARDS, agree, hostile, module_of, otj

NAMES = [
    "{0}.sym",
    "{0}_tb.sch",
    "{0}_xschemrc",
    "{0}.cir",
    "{0}.kicad_sym",
    "{0}.asy",
    "{0}_ltspice.lib",
]


@pytest.fixture(params=CARDS)
def emitted(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ModelCard, Path]:
    card = CARDS[request.param]()
    emit_symbols(card, tmp_path)
    return card, tmp_path


# ---------------------------------------------------------------------------- all of them


def test_what_is_written(emitted: tuple[ModelCard, Path]) -> None:
    card, folder = emitted
    names = sorted(n.format(module_of(card)) for n in NAMES)
    assert sorted(p.name for p in folder.iterdir()) == names
    for path in folder.iterdir():
        text = path.read_bytes().decode("ascii")
        assert f"from the card '{card.name}'" in text, path.name
        assert str(folder) not in text, path.name


def test_emitting_again_replaces(tmp_path: Path) -> None:
    card = otj()
    first = emit_symbols(card, tmp_path)
    assert emit_symbols(replace(card, title="another"), tmp_path) == first
    assert "another" in first[0].read_text()


def test_pins_lie_on_the_grids() -> None:
    for unit, grid in ((10.0, 10.0), (1.27, 1.27), (16.0, 16.0)):
        drawn = drawing(unit, repr)
        for y in (drawn.p, drawn.n):
            assert float(y) / grid == pytest.approx(round(float(y) / grid), abs=1e-9)


def test_the_bar_is_at_n() -> None:
    down, up = drawing(10.0, repr), drawing(10.0, repr, up=True)
    for drawn in (down, up):
        middle = np.mean([float(y) for _, y in drawn.bar])
        assert np.sign(middle) == np.sign(float(drawn.n)) == -np.sign(float(drawn.p))
    assert float(down.p) < 0 < float(up.p)  # p is above in either


# ---------------------------------------------------------------------------- nothing half-written


@pytest.mark.parametrize("taken", NAMES)
def test_a_file_of_another_card_is_left_alone_and_nothing_is_written(
    taken: str, tmp_path: Path
) -> None:
    path = tmp_path / taken.format("ohm_2")
    path.write_text("* emitted by compactmodels from the card 'ohm_2'\n")
    with pytest.raises(InputError, match="was emitted from the card 'ohm_2'") as error:
        emit_symbols(hostile(), tmp_path)
    assert error.value.code == "name_taken"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_file_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "otj.kicad_sym"
    mine.write_text("(drawn by hand)")
    with pytest.raises(InputError, match="was not emitted by compactmodels"):
        emit_symbols(otj(), tmp_path)
    assert mine.read_text() == "(drawn by hand)" and len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write into .*is no folder"):
        emit_symbols(otj(), tmp_path / "file" / "deeper")
    (tmp_path / "otj.asy").mkdir()
    with pytest.raises(InputError, match=r"otj\.asy': it is no ordinary file"):
        emit_symbols(otj(), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "otj.asy"]


def test_a_name_that_spice_knows(tmp_path: Path) -> None:
    with pytest.raises(NetlistError, match="symbol 'resolveto' is a reserved word"):
        emit_symbols(replace(otj(), name="resolveto"), tmp_path)
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------------- xschem


def netlist_of(folder: Path, module: str) -> str:
    """The bench as xschem netlists it, without a display."""
    command = f"xschem -q -x -n -s -r --rcfile {module}_xschemrc {module}_tb.sch"
    done = subprocess.run(
        command.split(),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    path = folder / f"{module}_tb.spice"
    assert path.exists(), (done.stdout + done.stderr).decode(errors="replace")
    return path.read_text()


@pytest.mark.needs_xschem
@pytest.mark.needs_ngspice
def test_xschem_netlists_the_bench(
    emitted: tuple[ModelCard, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    card, folder = emitted
    text = netlist_of(folder, module_of(card))
    assert re.search(rf"^\.include {module_of(card)}\.cir$", text, re.M)
    monkeypatch.chdir(folder)
    op, dc = run(text)
    assert op["p"][0] == card.operation["v_read"]
    agree(card, op, "p", "v1", w=0.5)
    agree(card, dc, "p", "v1", w=0.5)


@pytest.mark.needs_xschem
@pytest.mark.needs_ngspice
def test_xschem_passes_an_instances_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = otj()
    emit_symbols(card, tmp_path)
    bench = tmp_path / "otj_tb.sch"
    old = "w0=0.5 s0=0 hold=1 scale=1.0 m=1"
    assert bench.read_text().count(old) == 1
    bench.write_text(bench.read_text().replace(old, "w0=0.25 s0=0.125 hold=1 scale=3 m=2"))
    text = netlist_of(tmp_path, "otj")
    assert re.search(r"^X1 p 0 otj w0=0.25 s0=0.125 hold=1 scale=3 m=2\s*$", text, re.M)
    monkeypatch.chdir(tmp_path)
    agree(card, run(text)[1], "p", "v1", w=0.25, s=0.125, times=6.0)


# ---------------------------------------------------------------------------- LTspice

LTSPICE = r"""Version 4
SymbolType CELL
(?:LINE Normal -?\d+ -?\d+ -?\d+ -?\d+
)+(?:WINDOW \d+ -?\d+ -?\d+ (?:Left|Right|Center|Top|Bottom) [0-7]
)+SYMATTR Value (?P<value>[a-z][a-z0-9_]*)
SYMATTR Prefix X
SYMATTR SpiceLine (?P<line>[a-z]\w*=[0-9.e+-]+(?: [a-z]\w*=[0-9.e+-]+)*)
SYMATTR Description [ -~]+
SYMATTR ModelFile (?P<file>[a-z][a-z0-9_]*\.lib)
(?P<pins>(?:PIN -?\d+ -?\d+ (?:NONE|LEFT|RIGHT|TOP|BOTTOM) \d+
PINATTR PinName \w+
PINATTR SpiceOrder \d+
)+)"""
"""Every line of a symbol, in the order that LTspice writes them."""


def attributes(folder: Path, module: str) -> dict[str, str]:
    found = re.fullmatch(LTSPICE, (folder / f"{module}.asy").read_text())
    assert found, "not a symbol"
    return found.groupdict()


def test_ltspices_symbol_is_as_its_format_is_known(emitted: tuple[ModelCard, Path]) -> None:
    card, folder = emitted
    found = attributes(folder, module_of(card))
    assert re.findall(r"PinName (\w+)\nPINATTR SpiceOrder (\d)", found["pins"]) == [
        ("p", "1"),
        ("n", "2"),
    ]
    assert all(int(c) % 16 == 0 for xy in re.findall(r"PIN (\S+) (\S+)", found["pins"]) for c in xy)
    library = (folder / found["file"]).read_text()
    assert re.search(
        rf"^\.subckt {found['value']} p n params: w0=0 s0=0 hold=0 m=1$", library, re.M
    )
    assert "Never opened in LTspice." in (folder / f"{module_of(card)}.asy").read_text()


@pytest.mark.needs_ngspice
def test_the_line_that_ltspice_would_write_runs_in_ngspices_mode_for_it(
    emitted: tuple[ModelCard, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """<name> <nodes in SpiceOrder> <Value> <SpiceLine>, and .lib <ModelFile>, as LTspice's help has it."""
    card, folder = emitted
    found = attributes(folder, module_of(card))
    line = found["line"].replace("hold=0", "hold=1").replace("w0=0", "w0=0.5").replace("m=1", "m=2")
    # What ngspice's mode lacks of LTspice's language, as tests/netlists/test_dialects.py has it.
    text = (folder / found["file"]).read_text()
    text = text.replace("\n\n", "\n.param temp='temper'\n\n", 2).replace(
        ".param temp='temper'\n", "", 1
    )
    (folder / found["file"]).write_text(f".func if(x, y, z) {{ x ? y : z }}\n{text}")
    monkeypatch.chdir(folder)
    deck = (
        f"asy\n.include {found['file']}\nX1 top 0 {found['value']} {line}\nV1 top 0 0.1\n"
        ".options reltol=1e-9 abstol=1e-18 vntol=1e-12\n.op\n.dc V1 -0.3 0.3 0.1\n.end\n"
    )
    _, dc = run(deck, mode="ltpsa")
    agree(card, dc, "top", "v1", w=0.5, times=2.0)
