"""What printers refuse, and one expression through each of them."""

from __future__ import annotations

import pytest
import sympy

from compactmodels.codeprinter import CodePrinter
from compactmodels.errors import PrinterError
from compactmodels.functions import exp, maximum, where
from compactmodels.symbolic import symbol
from netlists.printer import ParameterPrinter, SpicePrinter
from veriloga.printer import VerilogAPrinter

X, Y = symbol("x"), symbol("y")
PRINTERS = [
    CodePrinter(),
    SpicePrinter({"x": "x", "y": "y"}),
    ParameterPrinter(),
    VerilogAPrinter(),
]


@pytest.mark.parametrize("printer", PRINTERS, ids=lambda p: p.language)
@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ((X - 2) ** 3, (0.7 - 2) ** 3),
        (X - (Y - 1) - 2, 0.7 - (-1.3 - 1) - 2),
        (-(X**2) / (Y / X) ** 2, -(0.7**2) / (-1.3 / 0.7) ** 2),
        (X / Y / X**2, 0.7 / -1.3 / 0.7**2),
        (2 ** sympy.Integer(3) * X, 8 * 0.7),
        (-X * -Y + 1e-30, 0.7 * -1.3 + 1e-30),
        (maximum(X, -3.5) * exp(-(X - Y)), 0.7 * 2.718281828459045**-2.0),
        (where(X >= Y, X, -X) - where(Y >= X, X, -X), 1.4),
    ],
)
def test_precedence_survives(printer: CodePrinter, expression: object, value: float) -> None:
    """The text, read as Python with the languages' own names, gives the value."""
    import math
    import re

    text = printer(expression).replace("{", "(").replace("}", ")")
    names = {
        "x": 0.7,
        "y": -1.3,
        "exp": math.exp,
        "max": max,
        "maximum": max,
        **getattr(printer, "constants", {}),
    }
    part = r"([^()?:]*(?:\([^()]*\))?[^()?:]*)"
    # ((c) ? (a) : (b)) or, in Verilog-A, (c ? a : b), which Python writes the other way round
    for choice in (
        rf"\(\({part}\) \? \({part}\) : \({part}\)\)",
        rf"\({part} \? {part} : {part}\)",
    ):
        text = re.sub(choice, r"((\2) if (\1) else (\3))", text)
    assert "?" not in text
    found = sympy.Float(_evaluate(text, names))
    assert float(found) == pytest.approx(value, rel=1e-14)


def _evaluate(text: str, names: dict[str, object]) -> float:
    """A calculator for what the printers print: Python's own grammar, walked by hand."""
    import ast
    import operator

    binary = {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.GtE: operator.ge,
        ast.LtE: operator.le,
    }

    def walk(node: ast.AST) -> object:
        if isinstance(node, ast.Constant):
            return float(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.Name):
            return names[node.id]
        if isinstance(node, ast.UnaryOp):
            return -walk(node.operand)  # type: ignore[operator]
        if isinstance(node, ast.BinOp):
            return binary[type(node.op)](walk(node.left), walk(node.right))
        if isinstance(node, ast.Compare):
            return binary[type(node.ops[0])](walk(node.left), walk(node.comparators[0]))
        if isinstance(node, ast.IfExp):
            return walk(node.body) if walk(node.test) else walk(node.orelse)
        assert isinstance(node, ast.Call)
        return walk(node.func)(*map(walk, node.args))  # type: ignore[operator]

    return float(walk(ast.parse(text, mode="eval").body))  # type: ignore[arg-type]


@pytest.mark.parametrize("printer", PRINTERS, ids=lambda p: p.language)
@pytest.mark.parametrize(
    "expression", [sympy.gamma(X), X ** sympy.Rational(1, 2), sympy.I * X, X**Y]
)
def test_what_has_no_rule_is_refused_by_name(printer: CodePrinter, expression: object) -> None:
    with pytest.raises(PrinterError, match=printer.language.replace(".", r"\.")):
        printer(expression)


def test_long_numbers_become_parameters_in_a_b_expression() -> None:
    """ngspice cuts a literal there to 11 digits."""
    printer = SpicePrinter({"x": "x"})
    assert printer(X * 1.2345678901234567) == "{const_1}*x"
    assert printer.constants == {"const_1": 1.2345678901234567}
    assert printer(X * 1.5) == "1.5*x"
