"""What a person reads in an emitted module, and what is refused before anything is written."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactmodels import registry
from compactmodels.card import Entry, ModelCard, load_card
from compactmodels.errors import InputError, NetlistError, ParameterError
from compactmodels.functions import let
from compactmodels.model import MIXES, Branch, Model
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction
from tests.core.battery import conduction_card
from tests.veriloga.subjects import library_cards, text_of
from veriloga import emit, module
from veriloga.identifiers import DISCIPLINES, SPICE_MODELS, check_identifiers
from veriloga.text import WIDTH, aligned, literal, remark


@pytest.mark.parametrize("name", library_cards())
def test_every_parameter_stands_below_its_parts_heading(name: str) -> None:
    card, text = load_card(name), text_of(f"card {name}")
    groups: dict[str, list[str]] = {}
    current = ""
    for line in text.partition("    // ---- What a simulator shows")[0].splitlines():
        if line.startswith("    // ---- "):
            current = line.removeprefix("    // ---- ")
        found = re.match(r"    parameter real (\w+) +=", line)
        if found:
            groups.setdefault(current, []).append(found[1])
    model = card.model
    expected = {"States": ["w0", "s0", "hold"], "Common": ["scale", "gmin", "cap"]}
    for branch in model.branches:
        own = [f"{branch.name}_{p.name}" for p in branch.parameters]
        expected[f"Branch {branch.name}: {branch.mechanism.title}"] = own
    if model.switching is not None:
        own = [f"sw_{p.name}" for p in model.switching.parameters]
        expected[f"Switching law: {model.switching.title}"] = own
    if model.relaxation is not None:
        own = [f"rx_{p.name}" for p in model.relaxation.rate_parameters]
        expected[f"Relaxation of s: {model.relaxation.title}"] = own
    assert groups == expected


@pytest.mark.parametrize("name", library_cards())
def test_values_have_all_digits_and_their_origin(name: str) -> None:
    card, text = load_card(name), text_of(f"card {name}")
    for p in card.model.parameters:
        entry = card.entries[p.name]
        found = re.search(
            rf'\(\* desc="([^"]*)", units="([^"]*)", group="([^"]*)"[^\n]*\*\)\n'
            rf"    parameter real {p.name} += (\S+) +from \[([^:]*):([^\]]*)\];",
            text,
        )
        assert found is not None, p.name
        assert found[1] == f"{p.doc} ({entry.origin})"
        assert found[2] == p.unit
        assert float(found[4]) == entry.value
        assert (float(found[5]), float(found[6])) == (p.lower, p.upper)


@pytest.mark.parametrize("name", library_cards())
def test_sources_limits_shares_and_noise_are_in_the_comments(name: str) -> None:
    card = load_card(name)
    text = re.sub(r"\n *// *", " ", text_of(f"card {name}"))
    parts: list[Any] = [b.mechanism for b in card.model.branches]
    parts += [p for p in (card.model.switching, card.model.relaxation) if p is not None]
    for part in parts:
        for words in (part.title, part.reference, part.limits):
            assert re.sub(r"\s+", " ", words) in text, words
    for branch in card.model.branches:
        assert f"Share: {branch.mix}, {MIXES[branch.mix]}" in text
        assert f"Noise: {branch.mechanism.noise}, " in text
    assert card.citation in text


@pytest.mark.parametrize("name", library_cards())
def test_it_is_ascii_aligned_and_ends_with_its_module(name: str) -> None:
    text = text_of(f"card {name}", heated=True)
    assert text.isascii()
    assert "\t" not in text
    assert not [line for line in text.splitlines() if line != line.rstrip()]
    assert text.endswith("    end\nendmodule\n")
    block: list[int] = []
    for line in text.partition("    analog begin\n")[2].splitlines():
        found = re.match(r"        \w+ *(?== )", line)
        if found:
            block.append(found.end())
        elif not line.startswith("         "):  # no continued expression
            assert len(set(block)) <= 1, line
            block = []


def test_what_is_long_continues_below_itself() -> None:
    lines = aligned([("a", " + ".join(f"max(x{k}, 0.0)" for k in range(20))), ("bcd", "1.0")])
    assert all(len(line) <= WIDTH for line in lines)
    assert lines[0].startswith("a   = max(x0, 0.0) + max(")
    assert all(line.startswith("      + max(") for line in lines[1:-1])
    assert lines[-1] == "bcd = 1.0;"


@given(x=st.floats(allow_nan=False, allow_infinity=False))
def test_a_literal_brings_the_same_number_back(x: float) -> None:
    assert float(literal(x)) == x
    assert "e" in literal(x) or "." in literal(x)  # an integer would divide as one


@pytest.mark.parametrize(
    "text", ["a\nendmodule", "*/ endmodule /*", "a \\", "`include", "x" * 500, "(-V)^+", "é\u2028b"]
)
def test_a_comment_stays_one(text: str) -> None:
    for line in remark(text):
        assert "\n" not in line and not line.endswith("\\") and line.isprintable()
        assert "*/" not in line and "/*" not in line


# ------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize("name", sorted(DISCIPLINES | SPICE_MODELS))
def test_a_module_called_like_a_discipline_or_a_spice_model_is_refused(name: str) -> None:
    with pytest.raises(NetlistError, match=r"is called like|is a reserved word"):
        module(load_card("hp"), name)


@pytest.mark.parametrize("name", ["1x", "a b", "tran", "module", "x;y"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(NetlistError, match=f"module '{name}'"):
        module(load_card("hp"), name)


@pytest.mark.parametrize("inner", ["current", "weight", "didv", "noise", "g"])
def test_an_intermediate_value_called_like_something_else_is_refused(inner: str) -> None:
    def current(v: Any, temperature: Any, g: Any) -> Any:
        return let(inner, g * v)

    part = Conduction("odd", "x", current, (Parameter("g", 1.0, "S", "x"),), "x", "x")
    card = ModelCard("dut", Model((Branch("b", part),)), {})
    with pytest.raises(
        NetlistError, match=rf"module 'dut': the \w+ 'b_{inner}' and the \w+ 'b_{inner}'"
    ):
        module(card)


def test_names_that_differ_only_in_case_are_refused() -> None:
    with pytest.raises(
        NetlistError, match="the parameter 'b_G' and the variable 'b_g' have names that"
    ):
        check_identifiers("dut", {"parameter": ["b_G"], "variable": ["b_g"]})


@pytest.mark.parametrize("gmin", [1e-310, 5e-324, 1e-301])
def test_a_value_beyond_the_simulators_numbers_is_refused(gmin: float) -> None:
    card = replace(
        conduction_card("ohmic", {}, series=False), entries={"gmin": Entry(gmin, "assumed")}
    )
    with pytest.raises(
        ParameterError, match=r"card 'dut', parameter 'gmin' = \S+ S: its magnitude"
    ):
        module(card)


def test_a_value_whose_si_value_is_beyond_them_is_refused() -> None:
    model = Model(
        (Branch("b", registry.conduction("ohmic"), "on"),), registry.switching("ion_hopping")
    )
    card = ModelCard("dut", model, {"sw_ea": Entry(1e-290, "assumed")})
    with pytest.raises(ParameterError, match="its magnitude in SI lies outside"):
        module(card)
    assert "sw_ea       = 0.0 " in module(replace(card, entries={"sw_ea": Entry(0.0, "assumed")}))


def test_nothing_is_written_where_nothing_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="file"):
        emit(load_card("hp"), tmp_path / "file")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


# ------------------------------------------------------------------------------ maxima and sharing


def test_a_maximum_has_the_slope_of_its_first_argument_where_both_are_equal() -> None:
    from compactmodels.functions import maximum, minimum
    from compactmodels.symbolic import symbol
    from veriloga.printer import VerilogAPrinter

    show, x = VerilogAPrinter(), symbol("x")
    assert show(maximum(x, 0.0)) == "(x >= 0.0 ? x : 0.0)"
    assert show(minimum(-x, 2e-5)) == "(-x <= 2e-05 ? -x : 2e-05)"
    assert show(maximum(x - 1.0, 0.0)) == "max(0.0, x - 1.0)"  # OpenVAF takes the second's


def test_what_stands_twice_is_named_once() -> None:
    from compactmodels.functions import exp, sqrt
    from compactmodels.symbolic import Assignment, symbol
    from veriloga.shared import with_shared

    x = symbol("x")
    given = [
        Assignment("a", sqrt(exp(x)) ** 2 + exp(x)),
        Assignment("b", sqrt(x)),
        Assignment("c", sqrt(x) + exp(2 * x)),
    ]
    found = {a.name: str(a.expression) for a in with_shared(given, "t_")}
    assert found == {
        "t_part1": "exp(x)",
        "t_part2": "sqrt(t_part1)",
        "a": "t_part1 + t_part2**2",
        "b": "sqrt(x)",
        "c": "b + exp(2*x)",
    }


@pytest.mark.parametrize("name", library_cards())
def test_sharing_leaves_every_value_as_it_was(name: str) -> None:
    from compactmodels.symbolic import inline
    from compactmodels.traced import trace
    from veriloga.shared import with_shared

    traced = trace(load_card(name).model)
    for group in (*(b.assignments for b in traced.branches), traced.switching):
        known = with_shared(group, "t_")
        for assignment in group:
            before = inline(assignment.expression, group)
            after = inline(next(a.expression for a in known if a.name == assignment.name), known)
            assert before == after
