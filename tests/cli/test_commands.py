"""Every command, from the console script's own entry: what it prints, writes and ends with."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from compactmodels import load_card
from compactmodels.workflows.demo import bundled
from tests.cli.command import (
    CARD,
    answer,
    command,
    csv,
    done,
    process,
    refused,
    start,
    sweep,
    tree,
)

LRS = ["--area", "3.14e-10", "--thickness", "2.8e-9"]
V = np.linspace(0.01, 0.3, 60)
LOOP = np.concatenate([V, V[::-1][1:]])
HOSTILE = ["a b", "a'b\"c", "a\nb", "$(touch pwned)", ".control", "`x`;|&", "caf\u00e9", "{{ x }}"]


def written(folder: Path, before: dict[str, Any] | None = None) -> set[str]:
    """Files below a folder, hidden ones too."""
    return {name for name, content in tree(folder).items() if content is not None} - set(
        before or ()
    )


# ------------------------------------------------------------------------------- models, emit


def test_models() -> None:
    entries = answer("models")["models"]
    assert {"ohmic", "otj", "exponential", "volatile_gate"} <= {e["name"] for e in entries}
    text = done("models").out
    for entry in entries:
        assert entry["name"] in text
        assert answer("models", entry["name"])["name"] == entry["name"]
        assert done("models", entry["name"]).out


@pytest.mark.parametrize(("target", "ending"), [("spice", "cir"), ("verilog-a", "va")])
def test_emit(folder: Path, target: str, ending: str) -> None:
    assert done("emit", "otj", "--to", target).out == f"otj.{ending}\n"
    path = f"new/deep/otj.{ending}"
    found = answer("emit", "otj", "--to", target, "-o", "new/deep")
    dialect = {"dialect": "ngspice"} if target == "spice" else {}
    assert found == {"card": "otj", "to": target, "path": path, "files": [path], **dialect}
    assert written(folder) == {f"otj.{ending}", f"new/deep/otj.{ending}"}
    assert len(set(tree(folder).values()) - {None}) == 1


@pytest.mark.needs_veriloga
def test_emit_with_a_check(folder: Path) -> None:
    assert "module otj" in answer("emit", "otj", "--to", "verilog-a", "--check")["compiled"]
    refused(folder, "emit", "otj", "--to", "spice", "--check", code="usage")


# ------------------------------------------------------------------------------------- fits


def test_one_file_with_one_branch_is_the_plain_object(folder: Path) -> None:
    data = sweep(folder / "data.csv")
    found = answer("fit", "iv", data, "--mechanism", "ohmic", "-o", "card.toml", "--plots", "plots")
    assert found["selected"] == "ohmic"
    assert found["parameters"]["g"]["value"] == pytest.approx(1e-6)
    assert found["parameters"]["g"]["unit"] == "S"
    assert {"weights", "statistics", "warnings"} <= set(found)
    assert found["card"] == "card.toml"
    assert load_card("card.toml").values["ohm_g"] == pytest.approx(1e-6)
    assert {Path(p).suffix for p in found["figures"]} == {".png", ".svg"}
    assert written(folder) == {"data.csv", "card.toml", *found["figures"]}
    text = done("fit", "iv", data, "--mechanism", "ohmic").out
    assert "ohmic" in text and "1e-06" in text


def test_several_branches_are_a_list(folder: Path) -> None:
    data = sweep(folder / "loop.csv")
    csv(data, "Voltage (V),Current (A)", LOOP, 1e-6 * np.sinh(LOOP / 0.1))
    fits = answer("fit", "iv", data, "--mechanism", "sinh", "-o", "cards")["fits"]
    assert [(f["file"], f["branch"]) for f in fits] == [(str(data), 1), (str(data), 2)]
    assert len(written(folder / "cards")) == 2
    one = answer("fit", "iv", data, "--mechanism", "sinh", "--branch", "2")
    assert one["parameters"] == fits[1]["parameters"]


def test_a_batch_goes_on_past_what_is_refused(folder: Path) -> None:
    good, bad = sweep(folder / "good.csv"), folder / "bad.csv"
    bad.write_text("no data\n")
    found = answer("fit", "iv", bad, good, "none.csv", "--mechanism", "ohmic", "-o", "cards")[
        "fits"
    ]
    assert [f.get("refused", {}).get("code") for f in found] == ["not_data", None, "no_file"]
    assert [f["file"] for f in found] == [str(bad), str(good), "none.csv"]
    assert len(written(folder / "cards")) == 1
    text = done("fit", "iv", bad, good, "none.csv", "--mechanism", "ohmic").out
    assert "1 of 3 fits stand, 2 refused" in text


@pytest.mark.parametrize("kind", ["iv", "decay"])
def test_a_batch_in_which_all_are_refused(folder: Path, kind: str) -> None:
    (folder / "bad.csv").write_text("no data\n")
    before = tree(folder)
    plain = command("fit", kind, "bad.csv", "none.csv", "-o", "cards")
    assert (plain.status, plain.code) == (1, "all_refused")
    assert "[not_data]" in plain.out and "[no_file]" in plain.out
    found = command("fit", kind, "bad.csv", "none.csv", "-o", "cards", "--json")
    assert found.status == 1
    assert [f["refused"]["code"] for f in found.document["fits"]] == ["not_data", "no_file"]
    assert tree(folder) == before


def test_files_of_one_name_do_not_overwrite_each_others_cards(folder: Path) -> None:
    one = sweep(folder / "a" / "x.csv")
    two = sweep(folder / "b" / "x.csv", 2e-6 * V)
    found = answer("fit", "iv", one, two, "--mechanism", "ohmic", "-o", "cards", "--plots", "plots")
    cards = [f["card"] for f in found["fits"]]
    assert len(set(cards)) == 2
    assert [load_card(c).values["ohm_g"] for c in cards] == pytest.approx([1e-6, 2e-6])
    assert len(set(found["figures"])) == len(written(folder / "plots")) == 8


def test_one_card_file_for_several_fits_is_refused(folder: Path) -> None:
    csv(folder / "loop.csv", "Voltage (V),Current (A)", LOOP, 1e-6 * LOOP)
    arguments = ["fit", "iv", "loop.csv", "--mechanism", "ohmic", "-o", "card.toml"]
    refused(folder, *arguments, code="one_file")


def test_nothing_is_fitted_whose_result_could_not_be_written(folder: Path) -> None:
    """A long batch does not end in its first sentence on where it goes."""
    one, two = sweep(folder / "one.csv"), sweep(folder / "two.csv")
    (folder / "file").write_text("precious")
    fit = ["fit", "iv", one, two, "--mechanism", "ohmic"]
    with mock.patch("fitting.fit_iv_many", side_effect=AssertionError("fitted")):
        refused(folder, *fit, "-o", "card.toml", code="one_file")
        refused(folder, *fit, "-o", "file/card", code="cannot_write")
        refused(folder, *fit, "--plots", "file", code="cannot_write")
        refused(folder, *fit, "--report", "file/page.html", code="cannot_write")
        said = refused(folder, *fit, "--report", folder, code="cannot_write")
        assert "report.html" in said
        for pattern in ("(", "nowhere"):
            refused(folder, *fit, "--statistics", "--device", pattern, code="bad_option")


def test_help_shows_how_a_unit_is_named() -> None:
    """Rich takes what stands in brackets for a style and leaves it out."""
    for words in (["read"], ["fit", "iv"], ["fit", "decay"], ["fit", "dynamics"]):
        assert "current=5[uA]" in command(*words, "--help").out.replace("\n", ""), words


def test_fit_decay(folder: Path) -> None:
    found = answer("fit", "decay", bundled("synthetic_otj_decay.csv"), "-o", "d.toml")
    assert found["selected"] == "exponential"
    assert found["parameters"]["tau"]["unit"] == "s"
    assert load_card("d.toml").model.relaxation is not None
    done("fit", "decay", bundled("synthetic_otj_decay.csv"), "--plots", "plots")


@pytest.mark.parametrize("name", HOSTILE)
def test_data_files_with_hostile_names(folder: Path, name: str) -> None:
    data = sweep(folder / f"{name}.csv")
    found = answer(
        "fit", "iv", data, "--mechanism", "ohmic", "-o", f"{name}/out.toml", "--plots", f"{name}/p"
    )
    assert found["file"] == str(data)
    for target in ("spice", "verilog-a"):
        done("emit", f"./{name}/out.toml", "--to", target, "-o", f"./{name}")
    assert {Path(p).parent.parent.name for p in written(folder / name)} <= {"", "p"}
    assert not list(folder.rglob("pwned"))
    (folder / f"{name}.csv").write_text("")
    refused(folder, "fit", "iv", data, code="empty_file")


FITTED = {
    "ohmic": ("ohmic", lambda v: 1e-6 * v, []),
    "sinh": ("sinh", lambda v: 1e-6 * np.sinh(v / 0.1), []),
    "thermionic_emission": (
        "thermionic_emission",
        lambda v: 1e-12 * np.expm1(v / (1.2 * 0.02586)),
        ["--area", "1e-10"],
    ),
}


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("kind", [*FITTED, "otj_lrs", "otj_hrs", "decay"])
def test_a_fitted_card_works_straight_away(folder: Path, kind: str) -> None:
    (folder / "cards").mkdir()
    if kind == "decay":
        found = answer("fit", "decay", bundled("synthetic_otj_decay.csv"), "-o", "cards")
    elif kind in FITTED:
        mechanism, law, options = FITTED[kind]
        data = sweep(folder / "data.csv", law(V))
        found = answer("fit", "iv", data, "--mechanism", mechanism, *options, "-o", "cards")
    else:
        data = Path(bundled(f"synthetic_{kind}_iv.csv"))
        found = answer("fit", "iv", data, *LRS, "-o", "cards")
    card = found["card"]
    for target in ("spice", "verilog-a"):
        done("emit", card, "--to", target)
    limits = ["--set", "v_min=-0.2", "--set", "v_max=0.2"]
    run = answer("simulate", card, "--protocol", "dc", *limits, "--s0", "1")
    loaded = load_card(card)
    expected = float(loaded.model.current(0.2, loaded.values, s=1.0))
    assert run["largest_current_A"] == pytest.approx(expected, rel=1e-6)
    array = answer("crossbar", card, "--rows", 2, "--cols", 3)
    assert len(array["currents"]) == len(array["ideal"]) == 3


# --------------------------------------------------------------------------------- ngspice


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("protocol", ["dc", "sweep", "pulses", "pair", "p.toml"])
def test_simulate(folder: Path, protocol: str) -> None:
    (folder / "p.toml").write_text('kind = "pulses"\nnumber = 2\namplitude = 1.0\n')
    settings = ["--set", "number=2"] if protocol == "pulses" else []
    before = tree(folder)
    found = answer("simulate", "otj", "--protocol", protocol, *settings, "-o", "out")
    assert found["engine"] == "ngspice"
    assert written(folder, before) == set(found["files"])
    rows = (folder / "out/otj-simulation.csv").read_text().splitlines()
    assert rows[0] == "time (s),voltage (V),current (A),w,s"
    assert len(rows) == found["points"] + 1
    if protocol == "dc":
        assert "files:" in done("simulate", "otj", "--protocol", "dc").out


@pytest.mark.needs_ngspice
def test_simulate_against_a_measurement(folder: Path) -> None:
    (folder / "x.toml").write_text(CARD)
    uneven = np.geomspace(0.01, 0.3, 60)
    timed = "Time (s),Voltage (V),Current (A)"
    csv(folder / "timed.csv", timed, 0.01 * np.arange(60), V, 1e-6 * V)
    csv(folder / "flat.csv", timed, 0.01 * np.arange(60), 0 * V + 0.1, 1e-7 + 0 * V)
    csv(folder / "timeless.csv", "Voltage (V),Current (A)", uneven, 1e-6 * uneven)
    rate = ["--set", "rate=1"]
    for name, options in (("timed", []), ("flat", []), ("timeless", rate)):
        for extra in (options, ["--protocol", "dc"]):
            found = answer("simulate", "x.toml", "--against", f"{name}.csv", *extra, "-o", "out")
            assert found["residual_decades_rms"] < 1e-3, (name, extra)
            assert found["residual_points"] == 60
            assert any(p.endswith("-residual.png") for p in found["files"])


def test_simulate_against_what_cannot_be_applied(folder: Path) -> None:
    timed = "Time (s),Voltage (V),Current (A)"
    csv(folder / "back.csv", timed, -0.01 * np.arange(60), V, V)
    csv(folder / "stuck.csv", timed, 0 * V, V, V)
    csv(folder / "decay.csv", "Time (s),Current (A)", V, V)
    sweep(folder / "timeless.csv")
    csv(folder / "timed.csv", timed, 0.01 * np.arange(60), V, V)
    many = np.linspace(0.1, 1, 20_001)
    csv(folder / "many.csv", timed, many, many, many)
    for name, *options in (
        ["back"],
        ["stuck"],
        ["decay"],
        ["many"],
        ["timeless"],
        ["timeless", "--set", "rate=0"],
        ["timeless", "--set", "rate=nan"],
        ["timeless", "--set", "rate=inf"],
        ["timeless", "--set", "bogus=1"],
        ["timed", "--set", "rate=1"],
        ["timed", "--protocol", "pulses"],
        ["timed", "--protocol", "nope"],
        ["timed", "--columns", "junk"],
    ):
        against = ["--against", f"{name}.csv", *options]
        refused(folder, "simulate", "otj", *against, "-o", "out")


@pytest.mark.needs_ngspice
@pytest.mark.parametrize(
    "extra", ["[operation]\nv_read = 0.0\n", "[values.gmin]\nvalue=0.0\nunit='S'\n"]
)
def test_a_device_that_reads_no_current(folder: Path, extra: str) -> None:
    (folder / "x.toml").write_text(CARD.replace('"ohmic"', '"ohmic", mix = "on"') + extra)
    assert answer("simulate", "x.toml", "--protocol", "dc")["read_resistance_start_ohm"] is None
    done("simulate", "x.toml", "--protocol", "dc")


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("engine", ["fast", "ngspice"])
def test_crossbar(folder: Path, engine: str) -> None:
    chosen = ["--engine", engine]
    found = answer("crossbar", "otj", "--rows", 2, "--cols", 3, *chosen, "-o", "out")
    assert found["engine"] == engine
    assert len(found["currents"]) == len(found["ideal"]) == 3
    assert written(folder) == set(found["files"])
    again = answer("crossbar", "otj", "--rows", 2, "--cols", 3, *chosen)
    assert again["currents"] == found["currents"], "the same seed gives the same bytes"
    assert "bit line" in done("crossbar", "otj", "--rows", 2, "--cols", 2, "--voltage", 0).out


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("job", ["read", "sweep", "pulse", "write"])
def test_both_engines(folder: Path, job: str) -> None:
    """ngspice's currents, and how far the fast engine is from them."""
    options = ["--rows", 3, "--cols", 4, "--line-resistance", 20, "--write-voltage", 2.2]
    found = answer("crossbar", "otj", "--job", job, *options, "--engine", "both")
    assert found["engine"] == "ngspice"
    limit = 1e-9 if job in ("read", "sweep") else 1e-3
    assert 0 <= found["largest_difference"] < limit
    if job == "read":
        alone = answer("crossbar", "otj", *options, "--engine", "fast")["currents"]
        expected = [a - b for a, b in zip(alone, found["currents"], strict=True)]
        assert found["difference"] == pytest.approx(expected, abs=1e-18)
    if job == "write":
        assert found["largest_difference_of_w"] < 1e-3


def test_the_default_engine_is_the_fast_one_and_says_what_it_lacks(folder: Path) -> None:
    assert answer("crossbar", "otj", "--rows", 2, "--cols", 2)["engine"] == "fast"
    sentence = refused(folder, "crossbar", "otj", "--selector", "1t1r", code="engine_lacks")
    assert "--engine ngspice" in sentence


@pytest.mark.needs_ngspice
def test_no_convergence_names_the_deck_and_harms_no_later_run(folder: Path) -> None:
    hopeless = ["simulate", "otj", "--protocol", "pulses", "--set", "amplitude=1e30", "-o", "out"]
    sentence = refused(folder, *hopeless, status=1, code="no_convergence")
    deck = re.search(r"deck kept in (\S+)\)", sentence)
    assert deck and Path(deck[1]).read_text().rstrip().endswith(".end")
    assert folder not in Path(deck[1]).parents
    array = ["crossbar", "otj", "--rows", 2, "--cols", 2, "--line-resistance", 1e300, "-o", "out"]
    array += ["--engine", "ngspice"]
    refused(folder, *array, status=1, code="no_convergence")
    done("simulate", "otj", "--protocol", "dc", "-o", "out")
    assert answer("crossbar", "otj", "--rows", 2, "--cols", 2)["currents"]


@pytest.mark.needs_ngspice
def test_a_run_that_takes_too_long(folder: Path) -> None:
    long = ["--set", "cycles=10000", "--timeout", "0.3"]
    refused(folder, "simulate", "otj", *long, "-o", "out", status=1, code="timeout")
    assert answer("simulate", "otj", "--protocol", "dc", "--timeout", "inf")["points"] > 1


@pytest.mark.parametrize(
    "arguments", [["simulate", "otj", "-o", "out"], ["crossbar", "otj", "--engine", "ngspice"]]
)
def test_without_ngspice(folder: Path, arguments: list[str]) -> None:
    gone = {"NGSPICE_LIBRARY_PATH": str(folder / "libngspice.so"), "TMPDIR": str(folder.parent)}
    found = process(*arguments, "--json", cwd=folder, **gone)
    assert (found.status, found.code) == (1, "tool_missing")
    assert found.document["error"]["code"] == "tool_missing"
    assert "install" in found.err
    assert not written(folder)


def workers_of(pid: int) -> list[int]:
    """Child processes."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(p) for p in children.read_text().split()] if children.exists() else []


def alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("whole_group", [True, False])
def test_an_interrupted_run_leaves_nothing(folder: Path, whole_group: bool) -> None:
    long = ["simulate", "otj", "--set", "cycles=10000", "-o", "out", "--json"]
    child = start(*long, cwd=folder, TMPDIR=str(folder.parent / "kept"))
    deadline = time.monotonic() + 30
    while not (workers := workers_of(child.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)  # in the middle of the simulation
    (os.killpg if whole_group else os.kill)(child.pid, signal.SIGINT)
    out, err = child.communicate(timeout=20)
    assert child.returncode == 130
    assert err.startswith("error: interrupted") and err.count("\n") == 1
    assert json.loads(out)["error"]["code"] == "interrupted"
    time.sleep(0.5)
    assert workers and not any(map(alive, workers)), "an orphan worker"
    assert not tree(folder)


# ------------------------------------------------------------------------------------ the rest


def test_the_script_itself(folder: Path) -> None:
    found = process("emit", "otj", "--to", "spice", "--json", cwd=folder)
    assert (found.status, found.err) == (0, "")
    assert found.document["path"] == "otj.cir"
    wrong = process("emit", "\udcff\n.toml", "--to", "spice", "--json", cwd=folder)
    assert (wrong.status, wrong.code) == (2, "unknown_card")
    assert wrong.document["error"]["code"] == "unknown_card"


def test_help_and_version() -> None:
    for arguments in (["--help"], ["fit", "--help"], ["simulate", "-h"], ["--version"]):
        found = command(*arguments)
        assert (found.status, found.err) == (0, "")
        assert found.out


@pytest.mark.needs_ngspice
@pytest.mark.slow
def test_demo(folder: Path) -> None:
    found = command("demo", "--out", "a b", "--json")
    assert found.status == 0
    assert "Warning" not in found.err and "Traceback" not in found.err
    assert written(folder) == set(found.document["files"])
    assert found.document["crossbar"]["engine"] == "ngspice"


@pytest.mark.slow
def test_demo_without_ngspice(folder: Path) -> None:
    gone = {"NGSPICE_LIBRARY_PATH": str(folder / "libngspice.so")}
    found = process("demo", "--out", "out", "--json", cwd=folder, **gone)
    assert found.status == 0
    assert "install" in found.document["ngspice"]["not_run"]


@pytest.mark.needs_ngspice
def test_a_run_beyond_the_fitted_voltages_says_so(folder: Path) -> None:
    data = bundled("synthetic_otj_lrs_iv.csv")
    done("fit", "iv", data, "--mechanism", "direct_tunneling", *LRS, "-o", "x.toml")
    near = answer(
        "simulate", "x.toml", "--protocol", "dc", "--set", "v_min=-0.3", "--set", "v_max=0.3"
    )
    assert near["warnings"] == []
    far = answer(
        "simulate", "x.toml", "--protocol", "dc", "--set", "v_min=-0.3", "--set", "v_max=2"
    )
    assert [w["code"] for w in far["warnings"]] == ["extrapolated"]
    assert "fitted from -0.3 to 0.3 V" in far["warnings"][0]["message"]
    assert "[extrapolated]" in done("simulate", "x.toml", "--protocol", "sweep").out
    assert answer("simulate", "otj", "--protocol", "dc")["warnings"] == []
