"""``emit`` and ``crossbar`` with what they can do besides the plain case."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import answer, done, refused

SPICE = ("ngspice", "xyce", "ltspice", "hspice")


@pytest.mark.parametrize("dialect", SPICE)
def test_dialects(folder: Path, dialect: str) -> None:
    found = answer("emit", "hp", "--to", "spice", "--dialect", dialect, "-o", "out")
    assert found["dialect"] == dialect
    assert found["files"] == [found["path"]] == ["out/hp.cir"]
    text = (folder / "out" / "hp.cir").read_text()
    assert ("Never run in" in text) == (dialect != "ngspice")


def test_spectre_gets_the_module_beside_its_include(folder: Path) -> None:
    found = answer("emit", "hp", "--to", "spice", "--dialect", "spectre", "-o", "out")
    assert found["files"] == ["out/hp.scs", "out/hp.va"]
    assert 'ahdl_include "hp.va"' in (folder / "out" / "hp.scs").read_text()


def test_self_heating_is_written_on_request(folder: Path) -> None:
    done("emit", "hp", "--to", "verilog-a", "-o", "plain")
    done("emit", "hp", "--to", "verilog-a", "--self-heating", "-o", "hot")
    plain, hot = ((folder / f / "hp.va").read_text() for f in ("plain", "hot"))
    assert "r_th" in hot and "r_th" not in plain


def test_what_a_schematic_needs(folder: Path) -> None:
    found = answer("emit", "hp", "--to", "symbol", "-o", "out")
    kinds = {Path(f).suffix for f in found["files"]}
    assert {".sym", ".kicad_sym", ".asy", ".cir"} <= kinds
    bench = answer("emit", "hp", "--to", "test-bench", "-o", "out")
    assert Path(bench["path"]).name == "hp_tb.cir"
    assert all((folder / f).exists() for f in (*found["files"], *bench["files"]))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--to", "verilog-a", "--dialect", "xyce"],
        ["--to", "spice", "--self-heating"],
        ["--to", "osdi", "--check"],
        ["--to", "spice", "--dialect", "nope"],
    ],
)
def test_options_of_another_target(folder: Path, arguments: list[str]) -> None:
    refused(folder, "emit", "hp", *arguments, "-o", "out", code="usage")


def test_corners_need_statistics(folder: Path) -> None:
    sentence = refused(
        folder, "emit", "hp", "--to", "corners", "-o", "out", status=2, code="no_statistics"
    )
    assert "--statistics" in sentence


@pytest.mark.needs_osdi
def test_osdi(folder: Path) -> None:
    found = answer("emit", "hp", "--to", "osdi", "-o", "out")
    assert Path(found["path"]).name == "hp.osdi"


@pytest.mark.needs_osdi
def test_simulate_and_crossbar_say_which_form_ran(folder: Path) -> None:
    assert answer("simulate", "hp", "--protocol", "dc", "-o", "out")["form"] == "osdi"
    array = ["crossbar", "--rows", 2, "--cols", 2, "--engine", "ngspice"]
    assert answer(*array, "hp")["form"] == "resistor"
    assert answer(*array, "otj")["form"] == "osdi"


@pytest.mark.needs_ngspice
def test_a_write_moves_the_selected_cell_most(folder: Path) -> None:
    job = ["--job", "write", "--write-voltage", 2.2, "--width", 5e-8, "--select", "1,0"]
    found = answer("crossbar", "otj", "--rows", 2, "--cols", 2, *job, "-o", "out")
    (cell,) = found["written"]
    assert (cell["row"], cell["col"]) == (1, 0)
    assert cell["w_after"] > cell["w_before"]
    change = found["largest_change"]
    assert change["selected"] > 100 * change["half_selected"] > 0
    assert any(f.endswith(".nc") for f in found["files"])
    assert all((folder / f).exists() for f in found["files"])


@pytest.mark.needs_ngspice
def test_an_array_of_weights_gives_outputs(folder: Path) -> None:
    (folder / "weights.csv").write_text("0.5,-1\n1,0\n")
    span = ["--g-low", 1e-4, "--g-high", 5e-4, "--line-resistance", 0]
    found = answer("crossbar", "hp", "--weights", "weights.csv", *span)
    # both inputs at 0.1 V: y = W x
    assert found["outputs"] == pytest.approx([-0.05, 0.1], rel=1e-6)


@pytest.mark.parametrize("place", ["0", "1,2,3", "a,b", "-1,0", "1.5,0"])
def test_places_are_pairs_of_numbers(folder: Path, place: str) -> None:
    sentence = refused(folder, "crossbar", "hp", f"--select={place}", code="usage")
    assert "such as 0,3" in sentence
