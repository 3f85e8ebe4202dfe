"""No text whatever may inject a line, a directive or a field into a netlist."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from compactmodels import registry
from compactmodels.errors import NetlistError
from compactmodels.model import WEIGHING, Branch
from compactmodels.names import comment, identifier, number
from compactmodels.parameter import RESERVED
from compactmodels.symbolic import symbol, tracing

anything = st.one_of(
    st.text(),
    st.text(alphabet="\n\r\v\f\x1c\u2028\x85.*+;$/\\-'\"{}<> aend\0"),
    st.from_regex(r"[A-Za-z][A-Za-z0-9_\-]*", fullmatch=True),
)


@given(anything)
def test_identifier_is_legal_or_an_error(text: str) -> None:
    try:
        name = identifier(text, "card")
    except NetlistError as error:
        assert "\n" not in str(error)
        assert str(error).startswith("card")
    else:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        assert name not in RESERVED
        assert identifier(name, "card") == name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a b", "' '"),
        ("a\n.end", r"'\\n'"),
        ("1a", "'1'"),
        ("-a", "'-'"),
        ("caf\u00e9", "\u00e9"),
        ("\u212aelvin", "\u212a"),  # the Kelvin sign, whose lower case is an ASCII k
        ("a{b}", "'{'"),
    ],
)
def test_identifier_names_the_offending_character(text: str, found: str) -> None:
    with pytest.raises(NetlistError, match=re.escape(found).replace(r"\\\\", r"\\")):
        identifier(text, "card")


@pytest.mark.parametrize("word", ["tran", "TIME", "module", "w0", ""])
def test_identifier_refuses_reserved_and_empty(word: str) -> None:
    with pytest.raises(NetlistError, match=r"reserved|empty"):
        identifier(word, "card")


def test_identifier_lowers_and_joins() -> None:
    assert identifier("OHP-n1", "card") == "ohp_n1"


@given(anything)
@example("//*")
@example("a\\*/")
@example("a*\\")
def test_comment_is_one_inert_line(text: str) -> None:
    line = comment(text)
    assert len(f"* {line}".splitlines()) == 1
    assert line.isascii()
    assert line.isprintable()
    assert not line or line[0].isalnum()
    assert not line.endswith(("\\", "*/"))
    assert "*/" not in line
    assert "/*" not in line
    assert comment(line) == line


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_brings_the_same_float_back(value: float) -> None:
    text = number(value)
    assert math.copysign(1.0, float(text)) == math.copysign(1.0, value)
    assert float(text) == value
    assert re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d{2,3})?", text)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "x", None, 10**400, 1j])
def test_number_refuses_what_is_no_finite_float(value: object) -> None:
    with pytest.raises(NetlistError):
        number(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("mix", sorted(WEIGHING))
def test_no_mechanism_calls_an_intermediate_like_what_a_mix_adds(mix: str) -> None:
    """They stand side by side in an emitted model, both with the branch's name before theirs."""
    for mechanism in registry.conductions().values():
        branch = Branch("a", mechanism, mix)
        with tracing("a_") as tracer:
            branch.junction_current(symbol("v"), symbol("temperature"), _symbols(branch))
        made = {str(step.name) for step in tracer.assignments}
        assert not made & {f"a_{p.name}" for p in branch.parameters}, mechanism.name


def _symbols(branch: Branch) -> dict[str, object]:
    return {p.name: symbol(f"a_{p.name}") for p in branch.parameters}
