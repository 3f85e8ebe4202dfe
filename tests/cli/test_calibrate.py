"""``calibrate`` from the command line: the shipped examples, what is written, how it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli_w

import netlists
from compactmodels import load_card
from compactmodels.workflows import calibration
from tests.cli.command import CARD, answer, command, done, refused, tree
from tests.conftest import REPOSITORY

EXAMPLES = REPOSITORY / "examples" / "targets"
READ = {
    "id": "g",
    "source": "made up",
    "observable": {"kind": "reading", "quantity": "conductance", "read": 0.1},
    "unit": "uS",
    "value": 5.0,
    "relative": 0.02,
}


@pytest.fixture
def card(folder: Path) -> Path:
    path = folder / "x.toml"
    path.write_text(CARD)
    return path


def targets(*rows: dict[str, Any], **top: Any) -> Path:
    path = Path("targets.toml")
    path.write_text(tomli_w.dumps({"free": ["b_g"], "target": list(rows), **top}))
    return path


def test_the_published_resistances_give_back_the_library_cards_own_values(folder: Path) -> None:
    """27 kohm and 180 Mohm from a mass and an area that are far off."""
    library = load_card("otj")
    start = library.with_values({"dt_mass": 0.9, "te_area": 1e-10}, "assumed").save(Path("o.toml"))
    found = answer("calibrate", start, "--targets", EXAMPLES / "otj.toml", "-o", "new/c.toml")
    assert found["met"] is True
    assert [t["met"] for t in found["targets"]] == [True, True]
    for name in ("dt_mass", "te_area"):
        p = found["parameters"][name]
        assert p["value"] == pytest.approx(
            library.values[name], rel=2e-3
        )  # 27.0 and 180.1 on the card
        assert p["state"] == "fixed"
        assert p["before"] == start_value(start, name)
    assert found["card"] == "new/c.toml"
    written = load_card("new/c.toml")
    assert written.entries["dt_mass"].origin == "calibrated"
    assert "otj.lrs (otj.toml)" in written.entries["dt_mass"].note
    assert written.provenance["calibration"]["file"] == "otj.toml"
    untouched = set(library.values) - {"dt_mass", "te_area"}
    assert {n: written.entries[n] for n in untouched} == {n: library.entries[n] for n in untouched}


def start_value(path: Path, name: str) -> float:
    return load_card(path).values[name]


def test_people_see_targets_parameters_and_what_is_fixed(folder: Path, card: Path) -> None:
    text = done("calibrate", card, "--targets", targets(READ), "--plots", "p").out
    for word in ("5 uS +- 2 %", "met", "b_g", "fixed by g", "1 target(s) fix 1 of 1"):
        assert word in text
    assert {"p/x-calibration.png", "p/x-calibration.svg"} <= set(tree(folder))


def test_a_missed_target_ends_with_1_names_it_and_the_card_is_written(
    folder: Path, card: Path
) -> None:
    other = {**READ, "id": "h", "value": 7.0}
    path = targets(READ, other)
    outcome = command("calibrate", card, "--targets", path, "--starts", 2, "-o", "c.toml", "--json")
    assert outcome.status == 1
    assert outcome.code == "targets_missed"
    assert "g, h" in outcome.err
    found = outcome.document
    assert found["missed"] == ["g", "h"]
    assert found["met"] is False
    assert load_card("c.toml").provenance["calibration"]["met"] is False
    plain = command("calibrate", card, "--targets", path, "--starts", 2)
    assert plain.status == 1
    assert plain.out.count("MISSED") == 2


def test_free_on_the_command_line_replaces_that_of_the_file(folder: Path, card: Path) -> None:
    found = answer(
        "calibrate", card, "--targets", targets(READ, free=["gmin"]), "--free", "b_g,scale"
    )
    assert list(found["parameters"]) == ["b_g", "scale"]
    assert {p["state"] for p in found["parameters"].values()} == {"free"}
    (free,) = found["identifiability"]["free"]
    assert free["combination"] in {"b_g +10 % with scale -10 %", "scale +10 % with b_g -10 %"}
    assert found["identifiability"]["rank"] == 1


def test_the_same_seed_gives_the_same_bytes(folder: Path, card: Path) -> None:
    path = targets(READ, {**READ, "id": "h", "value": 7.0})
    runs = [
        command("calibrate", card, "--targets", path, "--seed", 3, "--starts", 3, "--json", "-o", f"{k}.toml")
        for k in range(2)
    ]  # fmt: skip
    assert runs[0].out.replace("0.toml", "1.toml") == runs[1].out
    assert Path("0.toml").read_bytes() == Path("1.toml").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--targets", "none.toml"], "bad_targets"),
        (["--targets", "x.toml"], "bad_targets"),
        (["--targets", "targets.toml", "--free", "b_h"], "bad_card"),
        (["--targets", "targets.toml", "--free", ""], "nothing_free"),
        (["--targets", "targets.toml", "--starts", "0"], "usage"),
        (["--targets", "targets.toml", "--seed", "-1"], "usage"),
        (["--targets", "targets.toml", "--engine", "steam"], "usage"),
        (["--targets", "targets.toml", "-o", "x.toml/c.toml"], "cannot_write"),
        ([], "usage"),
    ],
)
def test_bad_input_ends_with_2_and_one_sentence(
    folder: Path, card: Path, arguments: list[str], code: str
) -> None:
    targets(READ)
    refused(folder, "calibrate", card, *arguments, code=code)


def test_an_observable_that_does_not_fit_its_protocol_is_bad_input(
    folder: Path, card: Path
) -> None:
    row = {**READ, "protocol": {"kind": "rest", "duration": 1.0}, "unit": "J"}
    path = targets({**row, "observable": {"kind": "energy"}})
    sentence = refused(folder, "calibrate", card, "--targets", path, code="bad_targets")
    assert "target 'g'" in sentence


@pytest.mark.needs_ngspice
def test_ngspice_confirms_the_calibrated_card(
    folder: Path, card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A static read, and a pulse that ngspice integrates by itself."""
    pulse = {
        **READ, "id": "p", "unit": "nA", "value": 500.0, "relative": 0.02,
        "protocol": {"kind": "pulses", "amplitude": 0.1, "width": 1e-3, "gap": 1e-3, "number": 1},
        "observable": {"kind": "reading", "pulse": 1},
    }  # fmt: skip
    kinds = []

    def simulate(card: Any, protocol: Any, **settings: Any) -> Any:
        kinds.append(protocol.kind)
        return netlists.simulate(card, protocol, **settings)

    monkeypatch.setattr(calibration, "simulate", simulate)
    found = answer("calibrate", card, "--targets", targets(READ, pulse), "--check")
    assert kinds == ["points", "transient"]
    assert [row["met"] for row in found["ngspice"]] == [True, True]
    for row in found["ngspice"]:
        assert row["ngspice"] == pytest.approx(row["integrator"], rel=1e-6)


@pytest.mark.slow
@pytest.mark.needs_ngspice
@pytest.mark.parametrize(
    ("card_", "name", "missed", "free"),
    [
        ("otj", "otj", [], 0),
        ("otj", "otj-ltp", [], 0),
        ("otj", "otj-set", [], 1),
        (
            EXAMPLES / "mose2-forgetting-card.toml",
            "mose2-forgetting",
            [f"mose2.forgetting.tau.at_{v}V" for v in (3, 4, 5)],
            0,
        ),
        (EXAMPLES / "ohp-retention-card.toml", "ohp-retention", [], 0),
    ],
)
def test_the_examples_end_as_they_say_and_ngspice_agrees(
    folder: Path, card_: Any, name: str, missed: list[str], free: int
) -> None:
    path = EXAMPLES / f"{name}.toml"
    outcome = command("calibrate", card_, "--targets", path, "--check", "--json", "--starts", 2)
    found = outcome.document
    assert found["missed"] == missed
    assert outcome.status == (1 if missed else 0)
    assert len(found["identifiability"]["free"]) == free
    for row in found["ngspice"]:
        assert row["ngspice"] == pytest.approx(row["integrator"], rel=0.01)
