"""Targets as data: what a file may hold, units, bounds with margins, misfits."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from compactmodels.card import load_card
from compactmodels.errors import CompactModelsError, InputError
from compactmodels.observables_misfit import misfit
from compactmodels.observables_record import Observed
from compactmodels.observables_runs import Tracks, integrated, run_targets
from compactmodels.observables_targets import Target, load_targets, parse_targets, unit_factor
from tests.conftest import REPOSITORY

CARD = load_card("otj")
EXAMPLES = sorted(
    p for p in (REPOSITORY / "examples" / "targets").glob("*.toml") if not p.stem.endswith("-card")
)
TARGET: dict[str, Any] = {
    "id": "a",
    "source": "made up",
    "observable": {"kind": "reading", "quantity": "resistance", "read": 0.1},
    "value": 27.0,
    "unit": "kohm",
    "relative": 0.02,
}


def parsed(changes: dict[str, Any] | None = None, **top: Any) -> Any:
    row = {k: v for k, v in {**TARGET, **(changes or {})}.items() if v is not None}
    return parse_targets(tomli_w.dumps({"schema": 1, **top, "target": [row]}), CARD, "file")


def one(**changes: Any) -> Target:
    target: Target = parsed(changes).targets[0]
    return target


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_the_examples_load_and_fit_their_protocols(path: Path) -> None:
    document = tomllib.loads(path.read_text("utf-8"))
    assert all(row["source"] for row in document["target"])
    text = path.read_text("utf-8")
    card = path.with_name(f"{path.stem}-card.toml")
    targets = load_targets(path, load_card(card if card.exists() else "otj"))
    assert len(targets.sha256) == 64
    assert targets.file == path.name
    assert f"examples/targets/{path.name}" in text


@pytest.mark.parametrize(
    ("unit", "base", "factor"),
    [
        ("kohm", "ohm", 1e3),
        ("Mohm", "ohm", 1e6),
        ("ohm", "ohm", 1.0),
        ("fJ", "J", 1e-15),
        ("ms", "s", 1e-3),
        ("uS", "S", 1e-6),
        ("mS", "s", None),
        ("%", "1", 0.01),
        ("pulses", "1", 1.0),
        ("A", "V", None),
        ("xA", "A", None),
        ("", "1", None),
        ("nA/V", "A/V", 1e-9),
    ],
)
def test_units(unit: str, base: str, factor: float | None) -> None:
    assert unit_factor(unit, base) == factor


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"unit": "kS"}, ["'a'", "kS", "ohm"]),
        ({"value": None}, ["at_least", "target.0"]),
        ({"at_least": 1.0}, ["value"]),
        ({"relative": None}, ["tolerance is missing"]),
        ({"absolute": 1.0}, ["not both"]),
        ({"margin": 0.1}, ["margin"]),
        ({"value": 0.0}, ["absolute"]),
        ({"value": math.inf}, ["finite"]),
        ({"value": "27"}, ["valid number"]),
        ({"value": None, "at_least": 3.0, "at_most": 2.0}, ["lies above"]),
        ({"relative": -0.1}, ["greater than 0"]),
        ({"weight": 0.0}, ["greater than 0"]),
        ({"w0": 1.5}, ["w0"]),
        ({"temperature": 0.5}, ["temperature"]),
        ({"source": ""}, ["source"]),
        ({"source": None}, ["source", "required"]),
        ({"id": "a b"}, ["id"]),
        ({"colour": 1}, ["colour", "not permitted"]),
        ({"observable": {"kind": "crossing"}}, ["threshold", "required"]),
        ({"observable": {"kind": "wish"}}, ["wish"]),
        ({"protocol": "nothing"}, ["nothing", "known are"]),
        ({"protocol": {"kind": "pulses", "wide": 1}}, ["wide", "width"]),
        ({"protocol": {"amplitude": 1}}, ["kind"]),
        ({"protocol": {"file": "missing.toml"}}, ["missing.toml", "cannot be read"]),
        ({"protocol": {"file": 3}}, ["path is expected"]),
        ({"protocol": 3}, ["protocol"]),
    ],
)
def test_a_bad_target_is_refused_in_a_sentence_that_names_it(
    changes: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        parsed(changes)
    for word in words:
        assert word in caught.value.message
    assert caught.value.message.startswith("file")
    assert "\n" not in caught.value.message


def test_a_bad_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_targets(tmp_path / "none.toml", CARD)
    for name, content in [("bytes", b"\xff\xfe\x00"), ("text", b"target = ["), ("empty", b"")]:
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputError, match=name):
            load_targets(path, CARD)
    with pytest.raises(InputError, match="twice"):
        parse_targets(tomli_w.dumps({"target": [TARGET, TARGET]}), CARD)
    with pytest.raises(InputError, match="schema"):
        parsed(schema=2)


def test_a_protocol_may_be_named_inline_in_a_file_or_the_cards_own(tmp_path: Path) -> None:
    train = {"kind": "pulses", "amplitude": 1.5, "width": 1e-7, "gap": 1e-6, "number": 2}
    (tmp_path / "p.toml").write_text(tomli_w.dumps(train))
    (tmp_path / "s.toml").write_text(tomli_w.dumps({"kind": "sequence", "steps": [train, train]}))
    specs: list[Any] = ["mine", train, {"file": "p.toml"}, "pulses", {"file": "s.toml"}]
    rows = [
        {**TARGET, "id": f"t{k}", "protocol": spec, "observable": {"kind": "energy"}, "unit": "fJ"}
        for k, spec in enumerate(specs)
    ]
    text = tomli_w.dumps({"protocols": {"mine": train}, "target": rows})
    targets = parse_targets(text, CARD, "file", tmp_path).targets
    found = [t.protocol for t in targets]
    assert all(p is not None for p in found)
    assert [len(p.pulses) for p in found if p] == [2, 2, 2, 10, 4]
    assert [p.pulses[0].amplitude for p in found if p] == [1.5, 1.5, 1.5, 2.2, 1.5]
    assert len({t.key for t in targets}) == 5


WORDS = st.sampled_from(
    [*TARGET, "protocol", "kind", "pulses", "crossing", "threshold", "value", "free", "target", "x"]
)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS
).filter(lambda x: x is not None)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(where=WORDS, what=TREES, inner=st.booleans())
def test_no_document_gets_past_with_anything_but_targets_or_a_sentence(
    where: str, what: Any, inner: bool
) -> None:
    row = {**TARGET, **({where: what} if inner else {})}
    document: dict[str, Any] = {"target": [row], **({} if inner else {where: what})}
    try:
        text = tomli_w.dumps(document)
    except (ValueError, TypeError, UnicodeError, AttributeError):
        return  # no TOML at all
    try:
        found = parse_targets(text, CARD, "file")
    except CompactModelsError as error:
        assert error.exit_status == 2
        assert error.message.startswith("file")
        return
    assert all(math.isfinite(t.tolerance) for t in found.targets)


@given(text=st.text(max_size=200))
def test_no_text_crashes_it(text: str) -> None:
    with pytest.raises(InputError):
        parse_targets(text, CARD, "file")


# -------------------------------------------------------------------------------------- misfits


def off(target: Target, value: float, search: float | None = None) -> Any:
    return misfit(target, Observed(value, value if search is None else search))


def test_a_value_is_off_by_so_many_tolerances() -> None:
    t = one()
    assert off(t, 27e3 * 1.04).tolerances == pytest.approx(2.0)
    assert not off(t, 27e3 * 1.04).met
    assert off(t, 27e3 * 0.981).met
    assert off(t, 27e3 * 1.02).residual == pytest.approx(1.0)
    absolute = one(relative=None, absolute=0.5)
    assert off(absolute, 28e3).tolerances == pytest.approx(2.0)
    assert off(absolute, 28e3).residual == pytest.approx(2.0)


def test_the_residual_of_a_relative_target_is_smooth_through_zero_and_never_ends() -> None:
    t = one()
    values = 27e3 * np.concatenate([[-1e3, -1.0, -1e-6, 0.0], np.geomspace(1e-12, 1e6, 200)])
    residuals = np.array([off(t, v).residual for v in values])
    assert np.all(np.isfinite(residuals))
    assert np.all(np.diff(residuals) > 0)


def test_a_bound_needs_its_margin_and_says_how_far_it_is() -> None:
    low = one(value=None, relative=None, at_least=10.0)  # margin 5 %, tolerance half of it
    assert low.margin == 0.05
    assert low.tolerance == 0.025
    assert off(low, 20e3).met
    assert off(low, 20e3).residual == 0.0
    assert off(low, 10.6e3).tolerances == 0.0
    assert off(low, 10.3e3).met  # short of the margin by less than a tolerance
    assert off(low, 10.01e3).tolerances < -1
    assert not off(low, 10.01e3).met  # the bound holds, by a hair: that is what optimisers find
    assert not off(low, 9e3).met
    high = one(value=None, relative=None, at_most=10.0, margin=0.2)
    assert off(high, 7.9e3).residual == 0.0
    assert off(high, 9.9e3).tolerances > 1
    both = one(value=None, relative=None, at_least=10.0, at_most=20.0)
    assert off(both, 15e3).residual == 0.0
    assert off(both, 5e3).residual < 0 < off(both, 40e3).residual
    absolute = one(value=None, relative=None, at_most=10.0, absolute=0.5)
    assert absolute.margin == pytest.approx(500.0)  # one tolerance
    assert off(absolute, 9.4e3).residual == 0.0


def test_the_residual_of_a_bound_bends_without_a_corner() -> None:
    high = one(value=None, at_most=10.0, relative=0.02)
    inside = 10e3 * 0.95
    x = np.linspace(-1.0, 3.0, 4001)
    r = np.array([off(high, inside * 1.02**k).residual for k in x])
    slope = np.gradient(r, x)
    assert np.all(r[x <= 0] == 0)
    assert np.max(np.abs(np.diff(slope))) < 0.02  # no step
    assert slope[-2] == pytest.approx(1.0, rel=1e-6)


def test_what_has_no_value_is_not_met_unless_it_should_never_happen() -> None:
    late = one(
        observable={"kind": "crossing", "threshold": 1.0}, value=None, relative=None, at_least=60.0,
        unit="s", protocol={"kind": "rest", "duration": 100.0},
    )  # fmt: skip
    assert off(late, math.nan, 100.0).met
    assert not off(late, math.nan, 50.0).met  # a record of 50 s says nothing of 60 s
    value = one()
    assert not off(value, math.nan, 27e3).met
    assert math.isnan(off(value, math.nan, 27e3).tolerances)
    assert not off(value, math.nan, math.nan).met


# ---------------------------------------------------------------------------------------- runs


def test_a_run_is_integrated_once_and_again_only_for_what_moves_the_states() -> None:
    pair = {"kind": "pair", "amplitude": 1.0, "width": 1e-6, "interval": 1e-6}
    rows = [
        {
            **TARGET,
            "id": "a",
            "protocol": pair,
            "observable": {"kind": "facilitation"},
            "unit": "%",
        },
        {**TARGET, "id": "b", "protocol": pair, "observable": {"kind": "energy"}, "unit": "fJ"},
    ]
    targets = parse_targets(tomli_w.dumps({"target": rows}), CARD).targets
    calls = []

    def counted(card: Any, target: Target) -> Any:
        calls.append(target.id)
        return integrated(card, target)

    tracks = Tracks(counted)
    run_targets(CARD, targets, tracks.response)
    assert calls == ["a"]
    conducts = CARD.with_values({"vol_g": 7e-8}, "assumed")
    cached = run_targets(conducts, targets, tracks.response)
    assert calls == ["a"]
    fresh = run_targets(conducts, targets)
    for a, b in zip(cached, fresh, strict=True):
        assert a.value == pytest.approx(b.value, rel=1e-12)
    run_targets(CARD.with_values({"rx_tau": 1e-5}, "assumed"), targets, tracks.response)
    assert calls == ["a", "a"]


def test_old_runs_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    target = one(
        protocol={"kind": "rest", "duration": 1.0}, observable={"kind": "reading"}, unit="A"
    )
    tracks = Tracks()
    for k in range(5):
        tracks.response(CARD.with_values({"rx_tau": 1.0 + k}, "assumed"), target)
    assert len(tracks.known) == 5
    monkeypatch.setattr("compactmodels.observables_runs.MOST_REMEMBERED", 250)  # 100 samples each
    tracks.response(CARD, target)
    assert len(tracks.known) == 2
    assert list(tracks.known)[-1][0] == target.key


def test_an_observable_that_does_not_fit_names_the_target() -> None:
    target = one(
        protocol={"kind": "rest", "duration": 1.0}, observable={"kind": "energy"}, unit="J"
    )
    with pytest.raises(InputError, match="target 'a': pulse 1 is asked for"):
        run_targets(CARD, [target])
