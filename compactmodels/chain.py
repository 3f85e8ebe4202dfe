"""Derivatives of named assignments by the chain rule, as text in the language of any printer.

A traced model is a list of assignments, each in terms of inputs and of earlier ones.  Each is
differentiated by the names that stand in it, and multiplied with their own derivatives: the names
of the equation stay, and no expression grows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final

import sympy

from compactmodels import functions
from compactmodels.symbolic import Assignment, symbol

SLOPE: Final = "_slope"
"""Ends the name of the function that is a composite's derivative."""
ZERO: Final = "0.0"
_NAME = re.compile(r"\b[A-Za-z_]\w*\b")


@cache
def _with_slope(name: str) -> Any:
    """A composite whose derivative is a function of its own instead of its definition's, inline."""

    def fdiff(self: Any, argindex: int = 1) -> Any:
        return sympy.Function(f"{name}{SLOPE}", real=True)(*self.args)

    return type(name, (sympy.Function,), {"fdiff": fdiff, "is_real": True, "is_commutative": True})


def differentiated(expression: Any, name: str) -> Any:
    """d expression / d name, composites kept as functions."""
    kept = expression.replace(
        lambda e: e.is_Function and e.func.__name__ in functions.COMPOSITES,
        lambda e: _with_slope(e.func.__name__)(*e.args),
    )
    return kept.diff(symbol(name))


def as_expression(value: Any) -> Any:
    """A plain number as SymPy's; anything else is an expression already."""
    return sympy.Float(value) if isinstance(value, (int, float)) else value


def names_in(expression: Any) -> set[str]:
    """Names of the symbols that an expression holds."""
    return {s.name for s in as_expression(expression).free_symbols}


class Chain:
    """Assignments as lines of text, each followed by its derivatives.

    Parameters
    ----------
    variables : iterable of str
        What is differentiated by.
    write : callable
        A printer: an expression as text.
    label : callable, optional
        The name of a derivative, given the assignment's name and the variable's.

    Attributes
    ----------
    moving : dict
        By variable: the text of the derivative of every name that depends on it.
    """

    def __init__(
        self,
        variables: Iterable[str],
        write: Callable[[Any], str],
        label: Callable[[str, str], str] = lambda name, x: f"d_{name}_d_{x}",
    ) -> None:
        self.write = write
        self.label = label
        self.moving: dict[str, dict[str, str]] = {x: {x: "1.0"} for x in variables}

    def add(self, assignment: Assignment) -> list[tuple[str, str]]:
        """The assignment and its derivatives that are not 0, as names and texts."""
        lines = [(assignment.name, self.write(as_expression(assignment.expression)))]
        for x, known in self.moving.items():
            text = self.slope(assignment.expression, x)
            if text != ZERO:
                known[assignment.name] = self.label(assignment.name, x)
                lines.append((known[assignment.name], text))
        return lines

    def slope(self, expression: Any, x: str) -> str:
        """d expression / d x; :data:`ZERO` where it does not depend on it."""
        terms = []
        for name in sorted(names_in(expression) & self.moving[x].keys()):
            slope = differentiated(as_expression(expression), name)
            if slope != 0:
                terms.append(f"({self.write(slope)})*{self.moving[x][name]}")
        return " + ".join(terms) or ZERO


def words(text: str) -> set[str]:
    """Names that stand in a text."""
    return set(_NAME.findall(text))


def needed(lines: list[tuple[str, str]], results: Iterable[str]) -> list[tuple[str, str]]:
    """Those of the lines that the texts ``results`` rest on, in their order."""
    wanted = words(" ".join(results))
    kept = []
    for name, text in reversed(lines):
        if name in wanted:
            kept.append((name, text))
            wanted |= words(text)
    return kept[::-1]
