"""A traced model as Python source for Numba: the same equations as every other language's.

What depends on parameters and the temperature alone is computed once a run (``prepare``); the rest
becomes functions of the voltage and the states, with the derivatives that Newton and the implicit
integrator need, by the chain rule over the named intermediates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy

from compactmodels import __version__, functions
from compactmodels.chain import SLOPE, Chain, as_expression, differentiated, names_in
from compactmodels.codeprinter import CodePrinter, composite_body, composites_used
from compactmodels.model import Model
from compactmodels.symbolic import Assignment, symbol
from compactmodels.templating import render
from compactmodels.traced import TracedModel, trace

_STATES = ("w", "s")
_POWER = "sw_power"
"""What a law that heats itself takes besides its drive and the states."""


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
        law = self.model.switching
        self.powered = law is not None and law.powered
        self.inputs = {"v", *_STATES, *self._power} | {b.junction for b in traced.branches}
        self.slots: dict[str, int] = {}
        self.setup: list[Assignment] = []
        running: set[str] = set(self.inputs)
        for assignment in traced.assignments:
            if names_in(assignment.expression) & running:
                running.add(assignment.name)
            else:
                self.setup.append(assignment)
        self.running = running

    @property
    def _power(self) -> tuple[str, ...]:
        """The power, where the law takes it: the branches' functions give it, not its assignment."""
        return (_POWER,) if self.powered else ()

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
        used = sorted(set().union(*map(names_in, expressions)) - self.running)
        moving = variables if slopes else ()
        chain = Chain(moving, _PRINT, lambda name, x: f"d{variables.index(x)}_{name}")
        lines = [line for assignment in own for line in chain.add(assignment)]
        values = [_PRINT(as_expression(r)) for r in results]
        chained = [chain.slope(r, x) for x in moving for r in results]
        constants = [(name, self._slot(name)) for name in used]
        return Part(constants, lines, ", ".join(values), chained)

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
        drive = (traced.drive, *_STATES, *self._power)
        moves = tuple(a for a in traced.switching if a.name not in self._power)
        known = [a.expression for a in traced.assignments]
        composites = [(n, _PRINT(composite_body(n))) for n in composites_used(known)]
        slopes = [(n, _PRINT(differentiated(composite_body(n), "x"))) for n, _ in composites]
        rate = self._part(moves, rates, drive, slopes=False)
        full = self._part(moves, rates, drive)
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
            inputs=", ".join(drive),
            powered=self.powered,
            behind=next((b["name"] for b in branches if b["series"]), ""),
            rate=rate,
            full=full,
            moving=len(self.model.states),
            scale=scale,
            gmin=gmin,
        )
