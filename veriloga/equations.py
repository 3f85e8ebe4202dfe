"""A traced model's equations as blocks of Verilog-A: inputs, branches, what they add up to, rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sympy

from compactmodels import functions as f
from compactmodels import noise
from compactmodels.formula import equation_lines
from compactmodels.parameter import TEMPERATURE as RANGE
from compactmodels.parts import Part
from compactmodels.symbolic import Assignment, function_class, symbol, tracing
from compactmodels.traced import STATE_CAPACITANCE, TEMPERATURE, TERMINAL, TracedBranch, TracedModel
from veriloga.parameters import share
from veriloga.printer import VerilogAPrinter
from veriloga.shared import with_shared
from veriloga.text import aligned, remark, remarks

RISE_NODE: Final = "temp_rise"
"""The node whose volts are the self-heating in K."""
LEAST_CONDUCTANCE: Final = 1e-30
"""S: what a resistance is the inverse of where nothing conducts at all."""
_INDENT: Final = 8
_PRINT: Final = VerilogAPrinter()


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the analog block.

    Parameters
    ----------
    remarks : list of str
        Lines of comment above it.
    rows : tuple of (str, str)
        Assignments: a variable and its expression.
    contributions : tuple of str
        What the block adds to the equations of the nodes, without ``;``.
    """

    remarks: list[str]
    rows: tuple[tuple[str, str], ...]
    contributions: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Variables that the block assigns."""
        return [name for name, _ in self.rows]

    @property
    def lines(self) -> list[str]:
        """The assignments, aligned."""
        return aligned(self.rows, _INDENT)


def described(heading: str, part: Part, extra: list[str], equation: Any = None) -> list[str]:
    """The comment above a part's equations: title, formula, source, limits, ``extra``."""
    return [
        *remark(heading),
        *remarks(equation_lines(equation or part.function), hang=2),
        *remark(f"Source: {part.reference}", hang=2),
        *remark(f"Valid: {part.limits}", hang=2),
        *remarks(extra, hang=2),
    ]


def rows_of(assignments: Sequence[Assignment]) -> tuple[tuple[str, str], ...]:
    """Traced assignments as rows."""
    return tuple((a.name, _PRINT(a.expression)) for a in assignments)


def inputs(traced: TracedModel, *, self_heating: bool) -> Block:
    """Bias, states and temperature."""
    rows = [(TERMINAL, "V(p, n)")]
    for state in ("w", "s"):
        rows.append((state, f"V(state_{state})" if state in traced.rates else f"{state}0"))
    ambient = "$temperature"
    if self_heating:
        rows.append(("rise", f"V({RISE_NODE})"))
        # Newton's steps go anywhere; the bounds keep the equations finite there.
        low, high = _PRINT.number(RANGE.lower), _PRINT.number(RANGE.upper)
        ambient = f"min(max($temperature + rise, {low}), {high})"
    return Block(["Inputs: bias, states, temperature"], (*rows, (TEMPERATURE, ambient)))


def conversions(traced: TracedModel) -> Block:
    """Parameters in SI units."""
    return Block(["Parameters in SI units"], rows_of(traced.conversions))


def branch(traced: TracedBranch) -> Block:
    """One conduction branch: its current, small-signal noise and what it sends where."""
    own, name = traced.branch, traced.branch.name
    kind = own.mechanism.noise
    extra = [f"Share: {share(own)}", f"Noise: {kind}, {noise.KINDS[kind]}"]
    weight, current = symbol(f"{name}_weight"), symbol(traced.current)
    node = symbol(f"{name}_j" if own.series else "p")
    equations = [
        *traced.assignments,
        Assignment(f"{name}_weight", _expression(traced.weight)),
        Assignment(f"{name}_current", symbol("scale") * weight * current),
        Assignment(f"{name}_didv", function_class("ddx")(current, node)),
        *_branch_noise(traced),
    ]
    behind = [(traced.junction, f"V({name}_j)")] if own.series else []
    rows = (*behind, *rows_of(with_shared(equations, f"{name}_")))
    contributions = [f"I(p, n) <+ {name}_current"]
    if own.series:
        extra.append(f"Behind {name}_r_s: {_drop(traced)} + {traced.junction} = v")
        balance = f"I({name}_j) <+ {traced.junction} - v + {_drop(traced)}"
        contributions.insert(0, balance)
    contributions.append(f'I(p, n) <+ white_noise({name}_noise, "{name}_{kind}")')
    remarks_ = described(f"Branch {name}: {own.mechanism.title}", own.mechanism, extra)
    return Block(remarks_, rows, tuple(contributions))


def _expression(x: Any) -> Any:
    """A constant share is a plain number."""
    return sympy.Float(x) if isinstance(x, (int, float)) else x


def _drop(traced: TracedBranch) -> str:
    """Voltage over the series resistance: an exponential branch's weight acts behind it."""
    name = traced.branch.name
    weight = f"{name}_weight*" if traced.branch.exponential else ""
    return f"{name}_r_s*{weight}{traced.current}"


def _branch_noise(traced: TracedBranch) -> tuple[Assignment, ...]:
    """The density of :func:`compactmodels.noise.branch_density`, with symbols."""
    own, name = traced.branch, traced.branch.name
    weight = symbol(f"{name}_weight")
    with tracing(f"{name}_") as tracer:
        density = noise.branch_density(
            own.mechanism.noise,
            symbol(traced.current),
            symbol(f"{name}_didv"),
            symbol(traced.junction),
            symbol(TEMPERATURE),
            weight=weight,
            carried=weight if own.exponential else 1,
            r_s=symbol(f"{name}_r_s") if own.series else None,
        )
        tracer.assign("noise", symbol("scale") * density)
    return tuple(tracer.assignments)


def across() -> Block:
    """Leakage and capacitance between the terminals."""
    density = symbol("scale") * noise.resistor_density(symbol("gmin"), symbol(TEMPERATURE))
    return Block(
        ["Across the device: leakage and capacitance"],
        (("gmin_current", "scale*gmin*v"), ("gmin_noise", _PRINT(density))),
        (
            "I(p, n) <+ gmin_current",
            "I(p, n) <+ ddt(scale*cap*v)",
            'I(p, n) <+ white_noise(gmin_noise, "gmin_thermal")',
        ),
    )


def operating_point(traced: TracedModel) -> Block:
    """What a simulator shows of a bias point."""
    names = [b.branch.name for b in traced.branches]
    v, current = symbol(TERMINAL), symbol("current")
    slope = symbol("slope")
    # V/I has no value at 0 V; its limit is the slope's.
    chord = f.where(f.absolute(v) < noise.SMALLEST_BIAS, slope, current / symbol("bias"))
    rows = (
        ("current", " + ".join([*(f"{n}_current" for n in names), "gmin_current"])),
        ("slope", _PRINT(symbol("scale") * _slope(traced))),
        ("bias", _PRINT(noise.bias_of(v))),
        ("conductance", _PRINT(chord)),
        ("resistance", f"1.0/max(conductance, {_PRINT.number(LEAST_CONDUCTANCE)})"),
        ("power", "v*current"),
        ("noise_density", " + ".join([*(f"{n}_noise" for n in names), "gmin_noise"])),
    )
    return Block(["The operating point: what the branches add up to"], rows)


def _slope(traced: TracedModel) -> Any:
    """dI/dV between the terminals at scale 1, the states held."""
    total = symbol("gmin")
    for b in traced.branches:
        name, own = b.branch.name, symbol(f"{b.branch.name}_didv")
        weight = symbol(f"{name}_weight")
        if b.branch.series:
            carried = weight if b.branch.exponential else 1
            own = own / (1.0 + symbol(f"{name}_r_s") * carried * own)
        total = total + weight * own
    return total


def heating() -> Block:
    """The balance of the temperature rise; well-posed at r_th = 0, where it says that there is none."""
    notes = remarks(
        [
            "Self-heating: r_th c_th d(rise)/dt = r_th power/scale - rise",
            "The volts of the node are kelvins. scale and m stand for devices side by side, each with "
            "r_th and c_th of its own.",
        ]
    )
    balance = f"I({RISE_NODE}) <+ rise - r_th*power/scale"
    return Block(notes, (), (balance, f"I({RISE_NODE}) <+ ddt(r_th*c_th*rise)"))


def rates(traced: TracedModel) -> Block:
    """The switching law and the relaxation."""
    law, relaxation = traced.model.switching, traced.model.relaxation
    assert law is not None
    notes = described(f"Switching law: {law.title}", law, [])
    if relaxation is not None:
        rate = relaxation.rate
        notes += ["", *described(f"Relaxation of s: {relaxation.title}", relaxation, [], rate)]
    return Block(notes, rows_of(with_shared(traced.switching, "sw_")))


def balances(traced: TracedModel) -> list[dict[str, str]]:
    """For each state what its node's equation is while it is held and while it moves."""
    farad = _PRINT.number(STATE_CAPACITANCE)
    return [
        {
            "state": state,
            "held": f"{farad}*({state} - {state}0)",
            "moving": f"-{farad}*{rate}",
            "charge": f"{farad}*{state}",
        }
        for state, rate in traced.rates.items()
    ]
