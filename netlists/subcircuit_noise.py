"""Small-signal noise in a subcircuit.

A simulator knows the noise of resistors, not of behavioural sources.  So each origin of noise has a
resistor of 1 ohm to ground in a node of its own: its voltage is 0 at every operating point and has the
density 4 k T, and a source multiplies it by the root of the equivalent noise conductance S/(4 k T) of
:mod:`compactmodels.noise`.  Boltzmann's constant is the simulator's own on both sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from compactmodels.constants import BOLTZMANN
from compactmodels.noise import KINDS, bias_of, density
from compactmodels.symbolic import Assignment, symbol
from compactmodels.traced import TEMPERATURE, TERMINAL, TracedBranch, TracedModel
from netlists.subcircuit_writer import Writer

_LEAST: Final = "1e-40"
"""S: below, a conductance is not told from it, so that the root has a slope everywhere."""
_LEAST_SHARE: Final = "1e-30"
"""Weight below which a branch's part of its series resistance carries no noise."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Statements, by what they belong to.

    Parameters
    ----------
    terminal : tuple of str
        Of the whole device: the bias that the densities are taken at, and the noise of gmin.
    branches : mapping
        By branch.
    """

    terminal: tuple[str, ...]
    branches: Mapping[str, tuple[str, ...]]


def noise_of(writer: Writer, traced: TracedModel, nodes: dict[str, str]) -> Noise:
    """Define every branch's equivalent noise conductance and the statements that inject it.

    Parameters
    ----------
    writer : Writer
        Gets a function ``<branch>_gn`` for each branch.
    traced : TracedModel
    nodes : dict
        What stands for the terminal voltage, the states and the junction voltages.
    """
    reference = writer.reference
    amount = f"v(gmin_z)*sqrt({reference(writer.dialect.size)}*{reference('gmin')})"
    terminal = [*_origin("gmin_z"), writer.dialect.source("gmin_n", "p", "n", amount)]
    if any(not b.branch.series for b in traced.branches):
        terminal = [*_bias(writer, "gmin_b", TERMINAL, nodes), *terminal]
    branches = {}
    for b in traced.branches:
        _define(writer, b)
        lines = _series(writer, b, nodes) if b.branch.series else _plain(writer, b, nodes)
        branches[b.branch.name] = (_title(b), *lines)
    return Noise(tuple(terminal), branches)


def biases(traced: TracedModel) -> list[Any]:
    """What stands in the statements beside the functions, for the composites that it needs."""
    return [bias_of(symbol(b.junction)) for b in traced.branches]


def _define(writer: Writer, traced: TracedBranch) -> None:
    t = symbol(TEMPERATURE)
    kind = traced.branch.mechanism.noise
    own = density(kind, symbol(traced.current), symbol(traced.junction), t)
    conductance = own / (4.0 * BOLTZMANN * t)
    factor, rest = conductance.as_coeff_Mul()
    if float(factor) == 1.0:
        conductance = rest
    writer.add(Assignment(f"{traced.branch.name}_gn", conductance), traced.junction)


def _title(traced: TracedBranch) -> str:
    branch = traced.branch
    kind = f"* {branch.name}: {branch.mechanism.noise} noise, S = {KINDS[branch.mechanism.noise]}"
    name = branch.name
    own = f"; of the junction ({name}_z) and the resistance ({name}_y)" if branch.series else ""
    return f"{kind}{own}"


def _origin(node: str) -> list[str]:
    return [f"R{node} {node} 0 1"]


def _held(node: str) -> str:
    """What makes a node's voltage the current into it."""
    return f"G{node}_l {node} 0 {node} 0 1"


def _bias(writer: Writer, node: str, voltage: str, nodes: dict[str, str]) -> list[str]:
    text = writer.write(bias_of(symbol(voltage)), nodes)
    return [_held(node), writer.dialect.source(node, "0", node, text)]


def _conductance(
    writer: Writer, traced: TracedBranch, bias: str, nodes: dict[str, str]
) -> list[str]:
    """The equivalent noise conductance as the voltage of a node: the sources that use it stay short."""
    node = f"{traced.branch.name}_g"
    own = writer.named(f"{traced.branch.name}_gn", {**nodes, traced.junction: f"v({bias})"})
    return [_held(node), writer.dialect.source(node, "0", node, own)]


def _plain(writer: Writer, traced: TracedBranch, nodes: dict[str, str]) -> list[str]:
    name = traced.branch.name
    weight = writer.factor(traced.weight, nodes)
    size = writer.reference(writer.dialect.size)
    amount = f"v({name}_z)*sqrt({size}*max({weight}*v({name}_g), {_LEAST}))"
    return [
        *_conductance(writer, traced, "gmin_b", nodes),
        *_origin(f"{name}_z"),
        writer.dialect.source(f"{name}_n", "p", "n", amount),
    ]


def _series(writer: Writer, traced: TracedBranch, nodes: dict[str, str]) -> list[str]:
    """The junction's noise and the resistance's, injected into the balance that v(<branch>_j) solves.

    A weight outside the resistance stands for area: that many devices of unit weight beside each other,
    each with noise of its own.
    """
    name, source = traced.branch.name, writer.dialect.source
    weight = writer.factor(traced.weight, nodes)
    size, drop = writer.reference(writer.dialect.size), writer.reference(f"{name}_r_s")
    if traced.branch.exponential:
        area, own, carried = size, f"{weight}*v({name}_g)", size
    else:
        area = f"({size}*max({weight}, {_LEAST_SHARE}))"
        own, carried = f"v({name}_g)", f"{size}*{weight}"
    junction = f"v({name}_z)*sqrt(max({own}, {_LEAST})/{area})"
    balance = f"{drop}*v({name}_x) + v({name}_y)*sqrt({drop}/{area})"
    return [
        *_bias(writer, f"{name}_b", traced.junction, nodes),
        *_conductance(writer, traced, f"{name}_b", nodes),
        *_origin(f"{name}_z"),
        *_origin(f"{name}_y"),
        _held(f"{name}_x"),
        source(f"{name}_x", "0", f"{name}_x", junction),
        source(f"{name}_y", f"{name}_j", "0", balance),
        source(f"{name}_n", "p", "n", f"{carried}*v({name}_x)"),
    ]
