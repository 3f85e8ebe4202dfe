"""The symbolic side: equations as SymPy assignments, ready for the printers.

A part's equation is called once with symbols; every ``let`` in it becomes an assignment, so the
emitted text keeps the names that the equation was written with.  Nothing is simplified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sympy

from compactmodels import functions
from compactmodels.errors import PrinterError


@cache
def function_class(name: str) -> Any:
    """SymPy's stand-in for one of :mod:`compactmodels.functions`, with its derivative."""

    def fdiff(self: Any, argindex: int = 1) -> Any:
        return _derivative(name, self.args, argindex)

    return type(name, (sympy.Function,), {"fdiff": fdiff, "is_real": True, "is_commutative": True})


def _derivative(name: str, args: tuple[Any, ...], argindex: int) -> Any:
    if name in functions.PRIMITIVES:
        return functions.PRIMITIVES[name].derivative(*args)[argindex - 1]
    if name in functions.COMPOSITES:
        dummy = sympy.Dummy("x", real=True)
        slope = functions.COMPOSITES[name].definition(dummy).diff(dummy)
        return slope.xreplace({dummy: args[0]})
    a, b = args
    wins = {"maximum": a >= b, "minimum": a <= b}[name]
    mine, other = (1.0, 0.0) if argindex == 1 else (0.0, 1.0)
    return sympy.Piecewise((mine, wins), (other, True))


@dataclass(frozen=True, slots=True)
class Assignment:
    """``name = expression``; the expression refers to inputs and to earlier assignments."""

    name: str
    expression: Any


@dataclass(slots=True)
class AssignmentTracer:
    """Collects the ``let`` of an equation under a prefix."""

    prefix: str
    assignments: list[Assignment] = field(default_factory=list)

    def assign(self, name: str, value: Any) -> Any:
        """Record the value and return the symbol that stands for it."""
        value = sympy.Float(value) if isinstance(value, (int, float)) else value
        full = f"{self.prefix}{name}"
        if full != full.lower() or any(a.name == full for a in self.assignments):
            raise PrinterError(f"intermediate name '{full}' must be lower case and used once")
        self.assignments.append(Assignment(full, value))
        return symbol(full)


def symbol(name: str) -> Any:
    """The real symbol of that name."""
    return sympy.Symbol(name, real=True)


@contextmanager
def tracing(prefix: str) -> Iterator[AssignmentTracer]:
    """Record assignments while the block runs."""
    tracer = AssignmentTracer(prefix)
    token = functions.TRACER.set(tracer)
    try:
        yield tracer
    finally:
        functions.TRACER.reset(token)


def inline(expression: Any, assignments: list[Assignment] | tuple[Assignment, ...]) -> Any:
    """``expression`` with every assigned name replaced by its own expression."""
    known: dict[Any, Any] = {}
    for assignment in assignments:
        known[symbol(assignment.name)] = assignment.expression.xreplace(known)
    return expression.xreplace(known)


def lambdify(expression: Any, names: list[str]) -> Callable[..., Any]:
    """A NumPy function of the named symbols (the oracle of the tests, not the run-time path)."""
    modules: list[Any] = [
        {
            **{name: p.numeric for name, p in functions.PRIMITIVES.items()},
            **{name: c.definition for name, c in functions.COMPOSITES.items()},
            "maximum": functions.maximum,
            "minimum": functions.minimum,
        },
        "numpy",
    ]
    return sympy.lambdify([symbol(n) for n in names], expression, modules=modules)
