"""A traced model as Python source for Numba: the same equations as every other language's.

What depends on parameters and the temperature alone is computed once a run (``prepare``); the rest
becomes functions of the voltage and the states, with the derivatives that Newton and the implicit
integrator need, by the chain rule over the named intermediates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import sympy

from compactmodels import __version__, functions
from compactmodels.codeprinter import CodePrinter, composite_body, composites_used
from compactmodels.model import Model
from compactmodels.symbolic import Assignment, symbol
from compactmodels.templating import render
from compactmodels.traced import TracedModel, trace

SLOPE = "_slope"
_STATES = ("w", "s")


class PythonPrinter(CodePrinter):
    """Scalar Python that Numba compiles."""

    language = "Python"
    function_names = {
        **{n: f"math.{n}" for n in ("exp", "log", "sqrt", "sinh", "cosh", "tanh", "atanh")},
        "maximum": "max",
        "minimum": "min",
    }

    def call(self, name: str, arguments: list[str]) -> str:
        """Composites and their slopes are functions of the generated module."""
        if name.removesuffix(SLOPE) in functions.COMPOSITES:
            return f"{name}({', '.join(arguments)})"
        return super().call(name, arguments)

    def choice(self, condition: str, yes: str, no: str) -> str:
        """A conditional expression, which evaluates one side only."""
        return f"(({yes}) if ({condition}) else ({no}))"


_PRINT = PythonPrinter()


@dataclass(frozen=True, slots=True)
class Part:
    """A function of the generated module: its body's lines and what it returns."""

    constants: list[tuple[str, int]]
    lines: list[tuple[str, str]]
    value: str
    slopes: list[str]


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


def generate(model: Model) -> str:
    """The module that computes ``model``: source text for Numba.

    Raises
    ------
    PrinterError
        An equation with a function that Python's printer lacks.
    """
    return _Generator(trace(model)).text()


class _Generator:
    """Sorts assignments into set-up and run, and gives every set-up value that runs need a slot."""

    def __init__(self, traced: TracedModel) -> None:
        self.traced = traced
        self.model = traced.model
        self.inputs = {"v", *_STATES} | {b.junction for b in traced.branches}
        self.slots: dict[str, int] = {}
        self.setup: list[Assignment] = []
        running: set[str] = set(self.inputs)
        for assignment in traced.assignments:
            if self._names(assignment.expression) & running:
                running.add(assignment.name)
            else:
                self.setup.append(assignment)
        self.running = running

    @staticmethod
    def _names(expression: Any) -> set[str]:
        return {s.name for s in as_expression(expression).free_symbols}

    def _slot(self, name: str) -> int:
        return self.slots.setdefault(name, len(self.slots))

    def _part(
        self,
        assignments: tuple[Assignment, ...],
        results: list[Any],
        variables: tuple[str, ...],
        slopes: bool = True,
    ) -> Part:
        """Code for ``results`` and their derivatives by ``variables``, after ``assignments``."""
        own = [a for a in assignments if a.name in self.running]
        expressions = [as_expression(e) for e in (*(a.expression for a in own), *results)]
        used = sorted(set().union(*map(self._names, expressions)) - self.running)
        lines: list[tuple[str, str]] = []
        moving: dict[str, dict[str, str]] = {x: {x: "1.0"} for x in variables}
        for assignment in own:
            lines.append((assignment.name, _PRINT(assignment.expression)))
            if not slopes:
                continue
            for k, x in enumerate(variables):
                text = self._chain(assignment.expression, moving[x])
                if text != "0.0":
                    lines.append((f"d{k}_{assignment.name}", text))
                    moving[x][assignment.name] = f"d{k}_{assignment.name}"
        values = [_PRINT(as_expression(r)) for r in results]
        chained = (
            [self._chain(as_expression(r), moving[x]) for x in variables for r in results]
            if slopes
            else []
        )
        constants = [(name, self._slot(name)) for name in used]
        return Part(constants, lines, ", ".join(values), chained)

    def _chain(self, expression: Any, moving: dict[str, str]) -> str:
        terms = []
        for name in sorted(self._names(expression) & moving.keys()):
            slope = differentiated(expression, name)
            if slope != 0:
                terms.append(f"({_PRINT(slope)})*{moving[name]}")
        return " + ".join(terms) or "0.0"

    def text(self) -> str:
        """The whole module."""
        traced = self.traced
        branches = []
        for b in traced.branches:
            branches.append(
                {
                    "name": b.branch.name,
                    "x": b.junction,
                    "current": self._part(b.assignments, [symbol(b.current)], (b.junction,)),
                    "weight": self._part((), [b.weight], _STATES),
                    "series": b.branch.series,
                    "exponential": b.branch.exponential,
                    "r_s": self._slot(f"{b.branch.name}_r_s") if b.branch.series else -1,
                }
            )
        rates = [
            symbol(traced.rates[n]) if n in traced.rates else sympy.Float(0.0) for n in _STATES
        ]
        law = self.model.switching
        drive = (traced.drive, *_STATES)
        known = [a.expression for a in traced.assignments]
        composites = [(n, _PRINT(composite_body(n))) for n in composites_used(known)]
        slopes = [(n, _PRINT(differentiated(composite_body(n), "x"))) for n, _ in composites]
        rate = self._part(traced.switching, rates, drive, slopes=False)
        full = self._part(traced.switching, rates, drive)
        scale, gmin = self._slot("scale"), self._slot("gmin")
        return render(
            "compactmodels",
            "fast_module.py.j2",
            version=__version__,
            parameters=[(p.name, k) for k, p in enumerate(self.model.parameters)],
            composites=composites,
            slopes=slopes,
            setup=[(a.name, _PRINT(a.expression)) for a in self.setup],
            slots=list(self.slots.items()),
            branches=branches,
            first=branches[0],
            junction=law is not None and law.junction and self.model.branches[0].series,
            drive=traced.drive,
            rate=rate,
            full=full,
            moving=len(self.model.states),
            scale=scale,
            gmin=gmin,
        )
