"""A whole model as assignments: what every emitter starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from compactmodels.model import Branch, Model
from compactmodels.parameter import Parameter
from compactmodels.symbolic import Assignment, symbol, tracing

TERMINAL = "v"
"""Name of the terminal voltage in traced equations."""
TEMPERATURE = "temperature"
"""Name of the temperature in K."""
STATE_CAPACITANCE = 1e-6
"""F: what a state node charges, so that 1 uA is 1/s.

With 1 F the rounding of a rate of 1e6/s would exceed a simulator's abstol (docs/adr/0007).
"""
STATE_LEAK = 1e-18
"""S: what ties a state node to its start where every rate is 0; 1e-12 of the state a second."""


@dataclass(frozen=True, slots=True)
class TracedBranch:
    """One conduction branch.

    ``current`` is the name under which the last assignment holds the branch current in A at unit
    weight; ``junction`` the name of the voltage it depends on: the terminal's, or the branch's own
    behind a series resistance, which carries ``weight`` times the current where the branch is
    exponential and the current at unit weight elsewhere.
    """

    branch: Branch
    assignments: tuple[Assignment, ...]
    current: str
    junction: str
    weight: Any


@dataclass(frozen=True, slots=True)
class TracedModel:
    """The model's equations.

    ``conversions`` turn parameters from their declared units into SI; ``rates`` hold, by state, the
    name of the assignment that is its rate in 1/s; ``drive`` is the name of the voltage that drives
    the switching law.
    """

    model: Model
    conversions: tuple[Assignment, ...]
    branches: tuple[TracedBranch, ...]
    switching: tuple[Assignment, ...]
    rates: dict[str, str]
    drive: str = TERMINAL

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        """All of them, in an order in which each uses only earlier ones."""
        own = tuple(a for b in self.branches for a in b.assignments)
        return self.conversions + own + self.switching


def trace(model: Model) -> TracedModel:
    """Call every equation of the model once, with symbols."""
    conversions: list[Assignment] = []
    si = {
        prefix: {p.name: _si_symbol(prefix, p, conversions) for p in group}
        for prefix, group in model.groups.items()
    }
    v, w, s, temperature = (symbol(n) for n in (TERMINAL, "w", "s", TEMPERATURE))
    branches = []
    for branch in model.branches:
        junction = f"{branch.name}_vj" if branch.series else TERMINAL
        with tracing(f"{branch.name}_") as tracer:
            current = branch.junction_current(symbol(junction), temperature, si[branch.name])
            tracer.assign("i", current)
        branches.append(
            TracedBranch(
                branch,
                tuple(tracer.assignments),
                f"{branch.name}_i",
                junction,
                branch.weight(w, s, si[branch.name]),
            )
        )
    law = model.switching
    drive = branches[0].junction if law is not None and law.junction else TERMINAL
    with tracing("sw_") as tracer:
        power = None
        if law is not None and law.powered:
            carried = sum((b.weight * symbol(b.current) for b in branches), si[""]["gmin"] * v)
            power = tracer.assign("power", v * carried)
        rates = model.state_equations(
            symbol(drive), w, s, temperature, si.get("sw", {}), si.get("rx", {}), power
        )
        names = {}
        for state, rate in zip(model.states, rates, strict=True):
            tracer.assign(f"rate_{state}", rate)
            names[state] = f"sw_rate_{state}"
    moved = tuple(tracer.assignments)
    return TracedModel(model, tuple(conversions), tuple(branches), moved, names, drive)


def _si_symbol(prefix: str, parameter: Parameter, conversions: list[Assignment]) -> Any:
    name = f"{prefix}_{parameter.name}" if prefix else parameter.name
    if parameter.si_factor == 1.0:
        return symbol(name)
    conversions.append(Assignment(f"{name}_si", parameter.si_factor * symbol(name)))
    return symbol(f"{name}_si")
