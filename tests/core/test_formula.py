"""Docstrings' formulas as ASCII."""

from __future__ import annotations

import re

import pytest

from compactmodels import registry
from compactmodels.formula import equation_lines, plain_formula
from compactmodels.parts import Part, Relaxation

PARTS: list[Part] = [
    *registry.conductions().values(),
    *registry.switchings().values(),
    *registry.relaxations().values(),
]


@pytest.mark.parametrize(
    ("latex", "plain"),
    [
        (r"I = G V", "I = G V"),
        (r"\frac98\varepsilon_0\frac{V|V|}{d^3}", "9/8 eps_0 V|V|/d^3"),
        (r"\frac{a + b}{c d}", "(a + b)/(c d)"),
        (r"\frac{(-V)^+}{V_{reset}}", "(-V)^+/V_reset"),
        (r"e^3 e^{-\phi/kT}", "e^3 exp(-phi/kT)"),
        (r"\sinh\frac{V}{V_0}", "sinh(V/V_0)"),
        (r"\sinh(V / V_0)", "sinh(V/V_0)"),
        (r"\left[1 - w^{2p}\right]", "[1 - w^(2p)]"),
        (r"a_{ws}s + \tau_w", "a_ws s + tau_w"),
        (r"\dot w &= -\frac{w}{\tau} \\ \dot s &= 0", "dw/dt = -w/tau\nds/dt = 0"),
        (r"\sqrt{q^3 F/\pi\varepsilon_0}", "sqrt(q^3 F/pi eps_0)"),
        (r"x,\quad y", "x, y"),
    ],
)
def test_what_the_docstrings_use(latex: str, plain: str) -> None:
    assert plain_formula(latex) == plain


@pytest.mark.parametrize("latex", ["{", "}", "a}b", r"\frac", r"\frac{a", "^", "_", "", "\\"])
def test_a_torn_formula_is_no_crash(latex: str) -> None:
    assert isinstance(plain_formula(latex), str)


@pytest.mark.parametrize("part", PARTS, ids=lambda p: p.name)
def test_every_part_has_an_equation_that_can_be_read(part: Part) -> None:
    functions = [part.function]
    if isinstance(part, Relaxation) and part.rate is not None:
        functions.append(part.rate)
    for function in functions:
        lines = equation_lines(function)
        text = "\n".join(lines)
        assert lines
        assert text.isascii()
        assert not re.search(r"[\\`{}&]|:math:", text), text
        assert text.count("(") == text.count(")"), text
    if part.name != "two_state_feedback":  # which refers to another part's
        assert any(line.startswith("  ") and "=" in line for line in equation_lines(part.function))


def test_a_referenced_equation_is_appended() -> None:
    lines = equation_lines(registry.switching("gated_nucleation").function)
    assert lines[-1] == "  U = ln(1 + exp((V^+ - V_t)/v)) - ln(1 + exp(-V_t/v))"
