"""What every printer shares: walking an expression and refusing what it has no rule for.

Printers hold maths, templates hold layout.  A target language is a subclass that says how it
writes numbers, symbols, functions and choices.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import sympy

from compactmodels import functions
from compactmodels.errors import PrinterError

_ADD, _MUL, _ATOM = 1, 2, 3


class CodePrinter:
    """SymPy expressions as text in a target language; integer powers become products."""

    language: ClassVar[str] = "code"
    function_names: ClassVar[Mapping[str, str]] = {
        "exp": "exp",
        "log": "ln",
        "sqrt": "sqrt",
        "sinh": "sinh",
        "cosh": "cosh",
        "tanh": "tanh",
        "atanh": "atanh",
        "maximum": "max",
        "minimum": "min",
    }
    """The primitives by the names that SPICE and Verilog-A share."""

    def __call__(self, expression: Any) -> str:
        return self._print(expression, 0)

    # -- what a language says ------------------------------------------------------------------
    def number(self, value: float) -> str:
        """A literal; 17 significant digits keep every double."""
        return repr(value) if value >= 0 else f"({value!r})"

    def symbol(self, name: str) -> str:
        """A variable or parameter."""
        return name

    def call(self, name: str, arguments: list[str]) -> str:
        """A function by its name in :mod:`compactmodels.functions`."""
        if name in self.function_names:
            return f"{self.function_names[name]}({', '.join(arguments)})"
        if name in functions.COMPOSITES:
            return f"{name}({', '.join(arguments)})"
        raise PrinterError(f"the {self.language} printer has no rule for the function '{name}'")

    def choice(self, condition: str, yes: str, no: str) -> str:
        """``yes`` where ``condition`` holds, else ``no``."""
        return f"(({condition}) ? ({yes}) : ({no}))"

    # -- the walk ----------------------------------------------------------------------------
    def _print(self, e: Any, outer: int) -> str:
        if isinstance(e, (bool, int, float)) or e.is_Number or e.is_NumberSymbol:
            return self.number(float(e))
        if e.is_Symbol:
            return self.symbol(e.name)
        if e.is_Add:
            return _wrap(self._sum(e), _ADD, outer)
        if e.is_Mul:
            return _wrap(self._product(e), _MUL, outer)
        if e.is_Pow:
            return _wrap(self._power(e), _MUL, outer)
        if isinstance(e, sympy.Piecewise):
            return self._choices(e)
        if e.is_Relational:
            return f"{self._print(e.lhs, _ADD)} {e.rel_op} {self._print(e.rhs, _ADD)}"
        if e.is_Function:
            return self.call(e.func.__name__, [self._print(a, 0) for a in e.args])
        raise PrinterError(f"the {self.language} printer has no rule for {type(e).__name__}: {e}")

    def _sum(self, e: Any) -> str:
        positive = [t for t in e.args if not t.could_extract_minus_sign()]
        negative = [t for t in e.args if t.could_extract_minus_sign()]
        text = " + ".join(self._print(t, _ADD) for t in positive)
        if not positive:
            text = f"-{self._print(-negative[0], _MUL)}"
            negative = negative[1:]
        return text + "".join(f" - {self._print(-t, _MUL)}" for t in negative)

    def _product(self, e: Any) -> str:
        if e.could_extract_minus_sign():
            return f"(-{self._print(-e, _MUL)})"
        over = [f for f in e.args if not _is_reciprocal(f)]
        under = [1 / f for f in e.args if _is_reciprocal(f)]
        top = "*".join(self._print(f, _MUL) for f in over) or self.number(1.0)
        return top + "".join(f"/{self._print(f, _ATOM)}" for f in under)

    def _power(self, e: Any) -> str:
        base, exponent = e.args
        if not exponent.is_Integer:
            raise PrinterError(
                f"the {self.language} printer writes integer powers only, found {e}: use "
                "functions.power or functions.sqrt in the equation"
            )
        count = abs(int(exponent))
        product = "*".join([self._print(base, _ATOM)] * count)
        if exponent > 0:
            return product
        return f"{self.number(1.0)}/({product})" if count > 1 else f"{self.number(1.0)}/{product}"

    def _choices(self, e: Any) -> str:
        *cases, (last, always) = e.args
        if always != sympy.true:
            raise PrinterError(f"a choice without an 'otherwise' cannot be written: {e}")
        text = self._print(last, 0)
        for value, condition in reversed(cases):
            text = self.choice(self._print(condition, 0), self._print(value, 0), text)
        return text


def _is_reciprocal(f: Any) -> bool:
    return bool(f.is_Pow and f.args[1].is_Integer and f.args[1] < 0)


def _wrap(text: str, own: int, outer: int) -> str:
    return f"({text})" if own < outer or (own == _MUL and outer == _ATOM) else text


def composites_used(expressions: list[Any]) -> list[str]:
    """The composite functions that the expressions need, each after those it needs itself."""
    found: list[str] = []

    def visit(expression: Any) -> None:
        for node in sympy.preorder_traversal(expression):
            name = getattr(node.func, "__name__", "") if node.is_Function else ""
            if name in functions.COMPOSITES and name not in found:
                visit(composite_body(name))
                found.append(name)

    for expression in expressions:
        visit(expression)
    return found


def composite_body(name: str) -> Any:
    """A composite's definition as an expression of the symbol ``x``."""
    return functions.COMPOSITES[name].definition(sympy.Symbol("x", real=True))
