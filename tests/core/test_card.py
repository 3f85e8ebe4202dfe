"""Cards: exact round trips, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactmodels import registry
from compactmodels.card import Entry, ModelCard, library, load_card, parse_card
from compactmodels.errors import CardError, ParameterError
from compactmodels.model import Branch, Model
from tests.core.battery import conduction_card, switching_card, values_of


@pytest.mark.parametrize("name", sorted(registry.conductions()))
@settings(max_examples=25)
@given(data=st.data(), series=st.booleans())
def test_every_mechanism_round_trips_exactly(name: str, data: Any, series: bool) -> None:
    values = data.draw(values_of(registry.conduction(name).parameters))
    card = conduction_card(name, values, series)
    again = parse_card(card.to_toml(), "test")
    assert again == card
    assert again.to_toml() == card.to_toml()


@pytest.mark.parametrize("name", sorted(registry.switchings()))
@settings(max_examples=25)
@given(data=st.data())
def test_every_switching_law_round_trips_exactly(name: str, data: Any) -> None:
    values = data.draw(values_of(registry.switching(name).parameters))
    card = switching_card(name, "power", {f"sw_{k}": v for k, v in values.items()})
    assert parse_card(card.to_toml(), "test") == card


@settings(max_examples=50)
@given(
    note=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    stderr=st.one_of(st.none(), st.floats(0, 1e300)),
    interval=st.one_of(st.none(), st.tuples(st.floats(-1e9, 0), st.floats(0, 1e9))),
)
def test_errors_and_notes_come_back(note: str, stderr: float | None, interval: Any) -> None:
    entry = Entry(2e-6, "fitted", note, stderr, interval)
    model = Model((Branch("g", registry.conduction("ohmic")),))
    card = ModelCard("dut", model, {"g_g": entry}, title=note, correlations={"a, b": 0.5})
    assert parse_card(card.to_toml(), "test").entries["g_g"] == entry


@pytest.mark.parametrize("name", library())
def test_library_cards_load_and_save_unchanged(name: str, tmp_path: Path) -> None:
    card = load_card(name)
    assert load_card(card.save(tmp_path / "copy.toml")) == card


def changed(**edits: str) -> str:
    text = conduction_card("ohmic", {"g": 1e-6}, False).to_toml()
    for old, new in edits.items():
        text = text.replace(old, new)
    return text


BAD = {
    "newer schema": ("schema = 1", "schema = 2", "reads up to 1: upgrade"),
    "no schema": ("schema = 1\n", "", "schema"),
    "unknown mechanism": ('"ohmic"', '"ohmics"', "did you mean 'ohmic'"),
    "unknown parameter": ("[values.b_g]", "[values.b_h]", "did you mean 'b_g'"),
    "outside its bounds": (
        "value = 1e-06",
        "value = 1e9",
        r"outside its bounds \[1e-18, 1e\+06\] S",
    ),
    "wrong unit": ('unit = "S"\norigin = "assumed"', 'unit = "mS"', "'mS' found, 'S' expected"),
    "nan": ("value = 1e-06", "value = nan", "finite"),
    "infinite": ("value = 1e-06", "value = inf", "finite"),
    "text for a number": ("value = 1e-06", 'value = "1e-6"', "number"),
    "truth for a number": ("value = 1e-06", "value = true", "number"),
    "unknown origin": ('origin = "assumed"', 'origin = "guessed"', "origin 'guessed'"),
    "unknown mix": ('"constant"', '"sometimes"', "unknown mix 'sometimes'"),
    "unknown key": ("schema = 1", "schema = 1\nshell = 'rm'", "shell"),
    "unknown operation": (
        "[structure]",
        "[operation]\nv_rest = -1.0\n[structure]",
        "unknown operation 'v_rest'; did you mean 'v_reset'",
    ),
    "not TOML": ("schema = 1", "schema = = 1", "is not TOML"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_card_is_one_sentence(case: str) -> None:
    old, new, message = BAD[case]
    text = changed(**{old: new})
    assert text != changed()
    with pytest.raises((CardError, ParameterError), match=message) as caught:
        parse_card(text, "card 'x.toml'")
    assert "\n" not in str(caught.value)
    assert "x.toml" in str(caught.value) or "dut" in str(caught.value)


def test_an_unknown_card_names_the_library() -> None:
    with pytest.raises(CardError, match=r"no card 'ojt'.*did you mean 'otj'") as caught:
        load_card("ojt")
    assert caught.value.code == "unknown_card"


def test_a_saved_card_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    from compactmodels.errors import InputError

    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(InputError, match="cannot write"):
        load_card("otj").save(tmp_path / "folder.toml")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder.toml"]


def test_a_folder_that_cannot_be_written_is_known_beforehand(tmp_path: Path) -> None:
    from compactmodels.errors import InputError
    from compactmodels.files import check_folder

    check_folder(tmp_path / "new" / "folder")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is no folder; name another folder"):
        check_folder(tmp_path / "file" / "folder")
