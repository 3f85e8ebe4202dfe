"""``reproduce`` and ``devices`` as a user meets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from compactmodels.card import load_card
from compactmodels.workflows.reproduction import table
from compactmodels.workflows.reproduction.rows import Happens, Measured
from tests.cli.command import answer, command, done, refused


def test_rows_of_one_target(folder: Path) -> None:
    found = answer("reproduce", "--only", "otj.hrs", "--only", "otj.on_off", "--engine", "compiled")
    assert [r["id"] for r in found["rows"]] == ["otj.hrs", "otj.on_off"]
    row = found["rows"][0]
    assert row["published"] == 1.8e8 and row["unit"] == "ohm" and row["ok"] is True
    assert row["simulated"] == pytest.approx(1.8e8, rel=0.1) and row["simulated"] != 1.8e8
    assert found["missed"] == [] and found["targets"] == 2


@pytest.mark.needs_ngspice
def test_the_table_for_people_and_the_figure(folder: Path) -> None:
    text = done("reproduce", "ohp", "--only", "ohp.activation_energy", "--plots", "p").out
    assert "1 of 1 targets met (ngspice)" in text
    assert Path("p/reproduce-ohp.png").stat().st_size > 10_000


def test_a_missed_row_ends_with_status_1(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measures = {"otj.hrs": lambda lab: Measured({"": 1e8}, missed="a test")}
    monkeypatch.setattr(table, "measures_of", lambda name: measures)
    outcome = command("reproduce", "otj", "--only", "otj.hrs", "--engine", "compiled")
    assert outcome.status == 1
    assert outcome.code == "targets_missed"
    assert "MISSED" in outcome.out and "a test" in outcome.out


def test_accuracies_are_not_run_and_say_how(folder: Path) -> None:
    """Neither met nor missed: by default, and MNIST without its files."""
    asked = answer("reproduce", "ohm", "--only", "ohm.mnist", "--engine", "compiled")
    (row,) = asked["rows"]
    assert row["ok"] is None and row["simulated"] is None and row["published"] == 0.95
    assert row["note"] == "not run: give --images DIR with MNIST's four files"
    assert asked["missed"] == [] and asked["not_run"] == ["ohm.mnist"] and asked["targets"] == 0
    text = done("reproduce", "ohm", "--only", "ohm.mnist", "--engine", "compiled").out
    assert "0 of 0 targets met (compiled), 1 not run" in text and "MISSED" not in text


def test_only_what_asks_for_accuracies_trains(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def measure(lab):
        seen.append(lab.training)
        return Measured({"": 0.9}, bands={"": (0.8, 0.95)}, note="told", details={"a": 1})

    def other(lab):
        seen.append(lab.training)
        return Measured(events=[Happens("it glows", True)])

    monkeypatch.setattr(
        table, "measures_of", lambda name: {"mose2.digits8x8": measure, "mose2.loop": other}
    )
    plain = ("reproduce", "mose2", "--engine", "compiled")
    assert command(*plain).status == 0
    assert command(*plain, "--only", "mose2.loop").status == 0
    assert seen == [False] * 3
    seen.clear()
    found = answer(*plain, "--only", "mose2.digits8x8")
    assert found["rows"][0]["tolerance"] == "inside 0.800..0.950"
    assert found["rows"][0]["details"] == {"a": 1}
    text = done(*plain, "--only", "mose2.digits8x8", "--accuracy").out
    assert "mose2.digits8x8: told" in text  # a met row says its band, too
    assert seen == [True] * 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("reproduce", "--only", "ohm.mnist", "--images", "nowhere"), "no_dataset"),
        (("reproduce", "sto"), "unknown_paper"),
        (("reproduce", "otj", "--only", "otj.hsr"), "unknown_target"),
        (("simulate", "otj", "--protocol", "otj:none"), "unknown_protocol"),
        (("devices", "unobtainium", "-o", "x.toml"), "ambiguous_device"),
        (("devices", "ag", "-o", "x.toml"), "ambiguous_device"),
    ],
)
def test_one_sentence_for_what_is_not_there(
    folder: Path, arguments: tuple[str, ...], code: str
) -> None:
    refused(folder, *arguments, code=code)


def test_a_card_to_start_from(folder: Path) -> None:
    found = answer("devices", "hfo", "-o", "hfo.toml")
    assert found["devices"][0]["device"] == "Ag/HfOx/Pt"
    card = load_card(found["card"])
    on, off = (float(card.model.current(0.1, card.values, w=w)) for w in (1.0, 0.0))
    assert on / off == pytest.approx(1e3, rel=1e-3)
    assert {e.origin for e in card.entries.values()} <= {"published", "assumed"}
