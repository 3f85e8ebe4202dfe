"""``reproduce`` and ``devices`` as a user meets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from compactmodels.card import load_card
from compactmodels.workflows.reproduction import table
from compactmodels.workflows.reproduction.rows import Measured
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


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
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
