"""A traced model's equations as the definitions of a subcircuit.

What is fixed at set-up becomes ``.param``, what Newton evaluates becomes ``.func``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from compactmodels import functions as f
from compactmodels.codeprinter import composite_body, composites_used
from compactmodels.errors import NetlistError
from compactmodels.functions import is_symbolic
from compactmodels.symbolic import Assignment, symbol
from compactmodels.traced import TEMPERATURE, TERMINAL, TracedModel
from netlists.dialects import LARGEST, Dialect
from netlists.printer import ParameterPrinter, SpicePrinter

_RUNTIME = (TERMINAL, "w", "s", TEMPERATURE)
_IN_PARAM = {"sqrt", "log", "exp", "maximum", "minimum"}
"""Functions that were tried in ``.param`` lines."""


SHARED_FROM: Final = 3000
"""Size of a written-out rate at which its longer intermediate values become nodes."""
_LONG: Final = 100
_TINY: Final = 1e-18
"""Divisor below which a division in a B expression is not left to ngspice."""


@dataclass(frozen=True, slots=True)
class Function:
    """A user-defined function."""

    name: str
    arguments: tuple[str, ...]
    body: str


class Writer:
    """Sorts assignments into parameters and functions, and calls them.

    Parameters
    ----------
    traced : TracedModel
    values : dict
        The card's values, to find out whether what follows from them is a number.
    dialect : Dialect
    where : str
        Names the card in errors.
    """

    def __init__(
        self, traced: TracedModel, values: dict[str, float], dialect: Dialect, where: str
    ) -> None:
        self.dialect = dialect
        self.constants: dict[str, float] = {}
        self.params: list[tuple[str, str]] = []
        self.functions: list[Function] = []
        self._print = ParameterPrinter(constants=self.constants, dialect=dialect)
        self._where = where
        self._known = {name: _in_range(name, x, where) for name, x in values.items()}
        self._arguments: dict[str, tuple[str, ...]] = {}
        self._shared: dict[str, tuple[str, ...]] = {}
        self._written: list[Any] = []
        self._inputs = {*_RUNTIME, *(b.junction for b in traced.branches)}
        for assignment in traced.conversions:
            self.add(assignment, TERMINAL)
        for branch in traced.branches:
            if is_symbolic(branch.weight):
                self._written.append(branch.weight)
            for assignment in branch.assignments:
                self.add(assignment, branch.junction)
        worth_a_node = _worth_a_node(traced)
        for assignment in traced.switching:
            self.add(assignment, traced.drive)
            if assignment.name in worth_a_node & self._arguments.keys():
                self._inputs.add(assignment.name)
                self._shared[assignment.name] = self._arguments.pop(assignment.name)

    def add(self, assignment: Assignment, default: str) -> None:
        """Define ``assignment``; ``default`` is the argument of a function of the temperature alone.

        A function needs one in ngspice even where only the temperature matters.
        """
        expression = assignment.expression
        self._written.append(expression)
        names = {s.name for s in expression.free_symbols}
        needs: set[str] = names & self._inputs
        for name in names & self._arguments.keys():
            needs |= set(self._arguments[name])
        if not needs and not _has_function(expression):
            self._known[assignment.name] = self._fixed(assignment)
            self.params.append((assignment.name, self._print(expression)))
            return
        expression = self._without_tiny_divisors(assignment, default)
        arguments = tuple(sorted(needs - {TEMPERATURE})) or (default,)
        self._arguments[assignment.name] = arguments
        formal = _formal(arguments)
        body = self.write(expression, dict(zip(arguments, formal, strict=True)))
        self.functions.append(Function(assignment.name, formal, body))

    def _without_tiny_divisors(self, assignment: Assignment, default: str) -> Any:
        """The expression, with parameters that divide by something tiny gathered in a parameter.

        ngspice adds 1e-20 of its option gmin to every divisor in a B expression, 1e-32 by default, and a
        mass is 9e-31 kg; ``.param`` divides exactly.
        """
        made: list[str] = []

        def gathered(product: Any) -> Any:
            fixed = [a for a in product.args if self._is_fixed(a)]
            divisors = [a.args[0] for a in fixed if a.is_Pow and a.args[1].is_negative]
            if not any(0 < abs(_value(d, self._known)) < _TINY for d in divisors):
                return product
            made.append(f"{assignment.name}_c{len(made) + 1}")
            self.add(Assignment(made[-1], product.func(*fixed)), default)
            return product.func(symbol(made[-1]), *(a for a in product.args if a not in fixed))

        return assignment.expression.replace(lambda e: e.is_Mul, gathered)

    def _is_fixed(self, expression: Any) -> bool:
        names = {s.name for s in expression.free_symbols}
        return names <= self._known.keys() and not _has_function(expression)

    def write(self, expression: Any, inputs: dict[str, str]) -> str:
        """The expression, given what stands for each of its inputs."""
        calls = dict(inputs)
        for name, arguments in self._arguments.items():
            calls[name] = f"{name}({', '.join(inputs.get(a, a) for a in arguments)})"
        return SpicePrinter(calls, self.constants, self.dialect)(expression)

    def shared(self, inputs: dict[str, str]) -> list[tuple[str, str]]:
        """Nodes that carry intermediate values, and what each is worth; a later one may use those before."""
        known = {**inputs, **{name: f"v({name})" for name in self._shared}}
        return [
            (name, f"{name}({', '.join(known[a] for a in arguments)})")
            for name, arguments in self._shared.items()
        ]

    def named(self, name: str, inputs: dict[str, str]) -> str:
        """What was defined under ``name``."""
        return self.write(symbol(name), inputs)

    def reference(self, name: str) -> str:
        """A parameter of the card, as it stands in an expression."""
        return SpicePrinter({}, self.constants, self.dialect).reference(name)

    def factor(self, expression: Any, inputs: dict[str, str]) -> str:
        """An expression, ready to be multiplied with."""
        return f"({self.write(expression, inputs)})"

    def composites(self, extra: Iterable[Any] = ()) -> list[Function]:
        """The functions of :mod:`compactmodels.functions` that the equations need."""
        names = composites_used([*self._written, *extra])
        return [
            Function(name, ("x",), self.write(_composite(name, self.dialect), {"x": "x"}))
            for name in names
        ]

    def _fixed(self, assignment: Assignment) -> float:
        """What the parameter will be, in double precision."""
        with np.errstate(all="ignore"):
            try:
                value = float(_value(assignment.expression, self._known))
            except (OverflowError, ZeroDivisionError):
                value = math.nan
        if not math.isfinite(value):
            raise NetlistError(
                f"{self._where}: '{assignment.name}', which follows from the values, is no number in double "
                "precision: a value is too small or too large"
            )
        return value


def log1p_of_logarithm(x: Any) -> Any:
    """ln(1 + x) for a language without atanh: a series where the logarithm would cancel; good to 2e-13."""
    near = x * (1.0 - x * (0.5 - x * (1.0 / 3.0 - x * (0.25 - 0.2 * x))))
    return f.where(x * x < 1e-6, near, f.log(1.0 + x))


def _composite(name: str, dialect: Dialect) -> Any:
    """The definition of a composite, of primitives that the dialect has."""
    if name == "log1p" and "atanh" in dialect.lacks:
        return log1p_of_logarithm(symbol("x"))
    return composite_body(name)


def _worth_a_node(traced: TracedModel) -> set[str]:
    """Intermediate values of the switching law that would be written out many times.

    Functions are expanded in the text, and simulators differentiate it: a law whose rate comes to half a
    million characters takes ngspice half a minute before its first step.
    """
    sizes: dict[str, int] = {}
    for assignment in traced.assignments:
        sizes[assignment.name] = _size(assignment.expression, sizes)
    if max((sizes[rate] for rate in traced.rates.values()), default=0) < SHARED_FROM:
        return set()
    uses = Counter(
        node.name
        for assignment in traced.switching
        for node in _walk(assignment.expression)
        if node.is_Symbol
    )
    found: set[str] = set()
    for assignment in traced.switching:
        sizes[assignment.name] = _size(assignment.expression, sizes)
        if sizes[assignment.name] >= _LONG and uses[assignment.name] > 1:
            found.add(assignment.name)
            sizes[assignment.name] = 1
    return found


def _size(e: Any, sizes: Mapping[str, int]) -> int:
    """Operations and symbols of an expression that is written out."""
    if e.is_Symbol:
        return sizes.get(e.name, 1)
    inside = [_size(a, sizes) for a in e.args]
    if e.is_Pow and e.args[1].is_Integer:
        return abs(int(e.args[1])) * inside[0]
    name = e.func.__name__ if e.is_Function else ""
    if name in f.COMPOSITES:
        return _size(composite_body(name), {"x": inside[0]})
    return 1 + sum(inside)


def _formal(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """A function's formal arguments.

    ngspice replaces arguments one after the other in the text, so none may be called like anything
    in an actual argument: ``v`` would be replaced in ``v(w)``, and then ``w``.
    """
    voltages = [a for a in arguments if a not in {"w", "s"}]
    if len(voltages) == 1:
        return tuple("vd" if a in voltages else f"{a}d" for a in arguments)
    return tuple(f"{a}d" for a in arguments)


def _in_range(name: str, value: float, where: str) -> float:
    if abs(value) > LARGEST:
        raise NetlistError(
            f"{where}, parameter '{name}' = {value:g} is beyond a simulator's numbers: {LARGEST:g} in magnitude "
            "at most"
        )
    return value


def _value(e: Any, known: dict[str, float]) -> Any:
    """An expression of parameters, evaluated."""
    if e.is_Number or e.is_NumberSymbol:
        return float(e)
    if e.is_Symbol:
        return known[e.name]
    arguments = [_value(a, known) for a in e.args]
    if e.is_Add:
        return sum(arguments)
    if e.is_Mul:
        return math.prod(arguments)
    if e.is_Pow:
        return arguments[0] ** arguments[1]
    name = e.func.__name__
    if name in f.PRIMITIVES:
        return f.PRIMITIVES[name].numeric(arguments[0])
    return {"maximum": max, "minimum": min}[name](arguments)


def _has_function(expression: Any) -> bool:
    """Whether the expression needs more than what was tried in ``.param`` lines."""
    return any(
        (node.is_Function and node.func.__name__ not in _IN_PARAM) or node.is_Piecewise
        for node in _walk(expression)
    )


def _walk(expression: Any) -> Iterator[Any]:
    from sympy import preorder_traversal

    return (node for node in preorder_traversal(expression) if hasattr(node, "is_Piecewise"))
