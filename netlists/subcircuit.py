"""A model card as a SPICE subcircuit.

The states are nodes with a capacitor, so that volts are the state and microamperes its rate; a series resistance gives its branch a junction node.  ``.op``, ``.dc``, ``.ac``, ``.tran`` and ``.noise`` work without
``uic``; ``hold = 1`` pins the states at ``w0`` and ``s0``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from compactmodels import __version__
from compactmodels.card import ModelCard
from compactmodels.errors import NetlistError
from compactmodels.files import write_text
from compactmodels.names import comment, identifier, number
from compactmodels.symbolic import symbol
from compactmodels.templating import render
from compactmodels.traced import (
    STATE_CAPACITANCE,
    STATE_LEAK,
    TERMINAL,
    TracedBranch,
    TracedModel,
    trace,
)
from netlists.dialects import Dialect, dialect_of
from netlists.subcircuit_noise import biases, noise_of
from netlists.subcircuit_scatter import draws
from netlists.subcircuit_writer import Writer

_OWN = ("w0", "s0", "hold", "m", "size", "c_state", "leak_state")
"""Parameters that every subcircuit has besides the card's."""


def subcircuit(
    card: ModelCard, name: str | None = None, *, dialect: str = "ngspice", noise: bool = True
) -> str:
    """The card as a ``.subckt``.

    Parameters
    ----------
    card : ModelCard
    name : str, optional
        Name of the subcircuit; the card's (``-`` as ``_``) unless given.
    dialect : str
        A key of :data:`netlists.dialects.DIALECTS`.
    noise : bool
        Whether it carries its small-signal noise, which costs a transient about a tenth more.

    Returns
    -------
    str
        Text that stands for itself: header, parameters with units and meaning, equations.

    Raises
    ------
    NetlistError
        An unknown dialect, a name that may not stand in a netlist or would stand twice, a value beyond a
        simulator's numbers.
    PrinterError
        An equation with a function that the dialect lacks.
    """
    spoken = dialect_of(dialect)
    module = identifier(name or card.name, "subcircuit")
    traced = trace(card.model)
    writer = Writer(traced, card.values, spoken, f"card '{card.name}'")
    nodes = _nodes(traced, writer)
    injected = noise_of(writer, traced, nodes) if noise else None
    scatter, scatter_note = draws(card, spoken)
    helpers = writer.composites(biases(traced) if noise else ())
    _check_names(card, writer, [f.name for f in helpers])
    size = writer.reference(spoken.size)
    return render(
        "netlists",
        "subcircuit.cir.j2",
        d=spoken,
        module=module,
        card=card.name,
        title=comment(card.title),
        citation=comment(card.citation),
        version=__version__,
        parameters=_parameters(card, spoken),
        scatter=scatter,
        scatter_note=scatter_note,
        params=writer.params,
        helpers=helpers,
        functions=writer.functions,
        shared=writer.shared(nodes),
        states=[_state(state, rate, writer, nodes) for state, rate in traced.rates.items()],
        c_state=number(STATE_CAPACITANCE),
        leak_state=number(STATE_LEAK),
        branches=[_branch(b, writer, nodes) for b in traced.branches],
        leakage=f"{size}*{writer.reference('gmin')}*v(p,n)",
        noise=injected,
        constants=[(k, number(v)) for k, v in writer.constants.items()],
    )


def _nodes(traced: TracedModel, writer: Writer) -> dict[str, str]:
    """What stands for the terminal voltage, the states and the junction voltages."""
    nodes = {TERMINAL: "v(p,n)"}
    for state in ("w", "s"):
        moves = state in traced.model.states
        nodes[state] = f"v({state})" if moves else writer.reference(f"{state}0")
    nodes |= {b.junction: f"v({b.branch.name}_j)" for b in traced.branches if b.branch.series}
    return nodes | {name: f"v({name})" for name, _ in writer.shared(nodes)}


def _branch(traced: TracedBranch, writer: Writer, nodes: dict[str, str]) -> dict[str, object]:
    """What the template needs of a branch; an exponential one's weight acts behind its resistance."""
    name = traced.branch.name
    weight, current = writer.factor(traced.weight, nodes), writer.named(traced.current, nodes)
    drop = ""
    if traced.branch.series:
        inside = f"{weight}*" if traced.branch.exponential else ""
        drop = f"{writer.reference(f'{name}_r_s')}*{inside}{current}"
    return {
        "name": name,
        "title": comment(traced.branch.mechanism.title),
        "series": traced.branch.series,
        "drop": drop,
        "current": f"{writer.reference(writer.dialect.size)}*{weight}*{current}",
    }


def _state(name: str, rate: str, writer: Writer, nodes: dict[str, str]) -> dict[str, str]:
    """What the template needs of a state node.

    Braces in ngspice's B line hold names only: it drops them from around an expression and with them
    its precedence.
    """
    capacitance, hold, start = map(writer.reference, ("c_state", "hold", f"{name}0"))
    moved = writer.write(symbol(rate), nodes)
    return {
        "name": name,
        "initial": writer.dialect.worth(f"{name}0"),
        "leak": writer.dialect.worth(f"{name}0*leak_state"),
        "drive": f"{capacitance}*((1 - {hold})*{moved} + {hold}*({start} - v({name})))",
    }


def _parameters(card: ModelCard, dialect: Dialect) -> list[dict[str, str]]:
    return [
        {
            "name": dialect.called(p.name),
            "value": number(card.values[p.name]),
            "unit": p.unit,
            "doc": comment(p.doc),
            "origin": card.entries[p.name].origin,
            "note": comment(card.entries[p.name].note),
        }
        for p in card.model.parameters
    ]


def _check_names(card: ModelCard, writer: Writer, helpers: Iterable[str]) -> None:
    """Whether every parameter and function has a name of its own; SPICE knows no case."""
    names = [writer.dialect.called(n).lower() for n in card.values]
    names += [*_OWN, *writer.constants, *helpers, *(n for n, _ in writer.params)]
    names += [f.name for f in writer.functions]
    double = [n for n, count in Counter(names).items() if count > 1]
    if double:
        raise NetlistError(
            f"card '{card.name}': two things in its subcircuit would be called '{double[0]}': give the branch "
            f"'{double[0].partition('_')[0]}' another name"
        )


def emit(card: ModelCard, folder: Path, *, dialect: str = "ngspice") -> Path:
    """Write ``<card>.cir`` into ``folder``; returns its path."""
    text = subcircuit(card, dialect=dialect)
    return write_text(Path(folder) / f"{identifier(card.name, 'subcircuit')}.cir", text)
