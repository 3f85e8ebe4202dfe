"""A model card as a SPICE subcircuit.

The states are nodes with a capacitor, so that volts are the state and microamperes its rate; a series resistance gives its branch a junction node.  ``.op``, ``.dc``, ``.ac`` and ``.tran`` work without
``uic``; ``hold = 1`` pins the states at ``w0`` and ``s0``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compactmodels import __version__
from compactmodels.card import ModelCard
from compactmodels.codeprinter import composite_body, composites_used
from compactmodels.files import write_text
from compactmodels.names import comment, identifier, number
from compactmodels.symbolic import Assignment, symbol
from compactmodels.templating import render
from compactmodels.traced import (
    STATE_CAPACITANCE,
    STATE_LEAK,
    TEMPERATURE,
    TERMINAL,
    TracedBranch,
    TracedModel,
    trace,
)
from netlists.printer import ParameterPrinter, SpicePrinter

_PARAMETER = ParameterPrinter()
_RUNTIME = (TERMINAL, "w", "s", TEMPERATURE)


@dataclass(frozen=True, slots=True)
class Function:
    """A ``.func`` line."""

    name: str
    arguments: tuple[str, ...]
    body: str


class _Writer:
    """Sorts assignments into ``.param`` (fixed at set-up) and ``.func`` (evaluated in Newton)."""

    def __init__(self, traced: TracedModel) -> None:
        self.constants: dict[str, float] = {}
        self.params: list[tuple[str, str]] = []
        self.functions: list[Function] = []
        self.arguments: dict[str, tuple[str, ...]] = {}
        inputs = set(_RUNTIME) | {b.junction for b in traced.branches}
        for assignment in traced.conversions:
            self._add(assignment, inputs, TERMINAL)
        for branch in traced.branches:
            for assignment in branch.assignments:
                self._add(assignment, inputs, branch.junction)
        for assignment in traced.switching:
            self._add(assignment, inputs, traced.drive)

    def _add(self, assignment: Assignment, inputs: set[str], default: str) -> None:
        names = {s.name for s in assignment.expression.free_symbols}
        needs: set[str] = names & inputs
        for name in names & self.arguments.keys():
            needs |= set(self.arguments[name])
        if not needs and not _has_function(assignment.expression):
            self.params.append((assignment.name, _PARAMETER(assignment.expression)))
            return
        # A function needs an argument in ngspice even where only the temperature matters.
        arguments = tuple(sorted(needs - {TEMPERATURE})) or (default,)
        self.arguments[assignment.name] = arguments
        formal = tuple(map(_formal, arguments))
        body = self.write(assignment.expression, dict(zip(arguments, formal, strict=True)))
        self.functions.append(Function(assignment.name, formal, body))

    def write(self, expression: Any, inputs: dict[str, str]) -> str:
        """The expression, given what stands for each of its inputs."""
        calls = dict(inputs)
        for name, arguments in self.arguments.items():
            calls[name] = f"{name}({', '.join(inputs.get(a, a) for a in arguments)})"
        return SpicePrinter(calls, self.constants)(expression)

    def factor(self, expression: Any, inputs: dict[str, str]) -> str:
        """The same, ready to be multiplied with."""
        return f"({self.write(expression, inputs)})"


def _formal(name: str) -> str:
    """A function's formal argument.

    ngspice replaces arguments one after the other in the text, so none may be called like anything
    in an actual argument: ``v`` would be replaced in ``v(w)``, and then ``w``.
    """
    return "vd" if name.endswith("_vj") else f"{name}d"


_PARAM_FUNCTIONS = {"sqrt", "log", "exp", "maximum", "minimum"}


def _has_function(expression: Any) -> bool:
    """Whether the expression needs more than what was tried in ``.param`` lines."""
    return any(
        (node.is_Function and node.func.__name__ not in _PARAM_FUNCTIONS) or node.is_Piecewise
        for node in _walk(expression)
    )


def _walk(expression: Any) -> Any:
    from sympy import preorder_traversal

    return (node for node in preorder_traversal(expression) if hasattr(node, "is_Piecewise"))


def subcircuit(card: ModelCard, name: str | None = None) -> str:
    """The card as a ``.subckt`` for ngspice.

    Parameters
    ----------
    card : ModelCard
    name : str, optional
        Name of the subcircuit; the card's (``-`` as ``_``) unless given.

    Returns
    -------
    str
        Text that stands for itself: header, parameters with units and meaning, equations.

    Raises
    ------
    NetlistError
        A name that may not stand in a netlist.
    PrinterError
        An equation with a function that ngspice lacks.
    """
    traced = trace(card.model)
    writer = _Writer(traced)
    nodes = {TERMINAL: "v(p,n)", "w": "v(w)", "s": "v(s)"}
    still = {state: f"{{{state}0}}" for state in ("w", "s") if state not in card.model.states}
    nodes |= still
    nodes |= {b.junction: f"v({b.branch.name}_j)" for b in traced.branches if b.branch.series}
    branches = [
        {
            "name": b.branch.name,
            "title": comment(b.branch.mechanism.title),
            "series": b.branch.series,
            "drop": _drop(b, writer, nodes),
            "current": writer.write(symbol(b.current), nodes),
            "weight": writer.factor(b.weight, nodes),
        }
        for b in traced.branches
    ]
    states = [_state(name, writer.write(symbol(r), nodes)) for name, r in traced.rates.items()]
    helpers = [
        Function(name, ("x",), writer.write(composite_body(name), {"x": "x"}))
        for name in composites_used([a.expression for a in traced.assignments])
    ]
    return render(
        "netlists",
        "subcircuit.cir.j2",
        module=identifier(name or card.name, "subcircuit"),
        card=card.name,
        title=comment(card.title),
        citation=comment(card.citation),
        version=__version__,
        parameters=_parameters(card),
        constants=[(k, number(v)) for k, v in writer.constants.items()],
        params=writer.params,
        helpers=helpers,
        functions=writer.functions,
        states=states,
        c_state=number(STATE_CAPACITANCE),
        leak_state=number(STATE_LEAK),
        branches=branches,
    )


def _drop(traced: TracedBranch, writer: _Writer, nodes: dict[str, str]) -> str:
    """Voltage over the series resistance: an exponential branch's weight acts behind it."""
    current = writer.write(symbol(traced.current), nodes)
    weight = f"{writer.factor(traced.weight, nodes)}*" if traced.branch.exponential else ""
    return f"{{{traced.branch.name}_r_s}}*{weight}{current}"


def _state(name: str, rate: str) -> dict[str, str]:
    """What the template needs of a state node.

    Braces in a B line hold names only: ngspice drops them from around an expression and with them
    its precedence.
    """
    start = f"{{{name}0}}"
    return {
        "name": name,
        "initial": start,
        "leak": f"{{{name}0*leak_state}}",
        "drive": f"{{c_state}}*((1 - {{hold}})*{rate} + {{hold}}*({start} - v({name})))",
    }


def _parameters(card: ModelCard) -> list[dict[str, str]]:
    return [
        {
            "name": p.name,
            "value": number(card.values[p.name]),
            "unit": p.unit,
            "doc": comment(p.doc),
            "origin": card.entries[p.name].origin,
            "note": comment(card.entries[p.name].note),
        }
        for p in card.model.parameters
    ]


def emit(card: ModelCard, folder: Path) -> Path:
    """Write ``<card>.cir`` into ``folder``; returns its path."""
    module = identifier(card.name, "subcircuit")
    return write_text(Path(folder) / f"{module}.cir", subcircuit(card))
