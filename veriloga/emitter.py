"""A model card as a Verilog-A module.

States and junction voltages are nodes of their own, so that a compiler sees every equation of the
system: no stored variables, no ``idt``, no clamps on a result.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from compactmodels import __version__, functions
from compactmodels.card import ModelCard
from compactmodels.codeprinter import composite_body, composites_used
from compactmodels.files import write_text
from compactmodels.names import comment
from compactmodels.symbolic import Assignment, symbol
from compactmodels.templating import render
from compactmodels.traced import TracedModel, trace
from veriloga import equations
from veriloga.equations import RISE_NODE, Block
from veriloga.identifiers import check_identifiers, module_name
from veriloga.observed import observed
from veriloga.parameters import Group, groups, share
from veriloga.shared import with_shared
from veriloga.text import aligned, declarations, remark


def module(card: ModelCard, name: str | None = None, *, self_heating: bool = False) -> str:
    """The card as one Verilog-A module.

    Parameters
    ----------
    card : ModelCard
    name : str, optional
        Name of the module; the card's (``-`` as ``_``) unless given.
    self_heating : bool
        Whether the dissipated power heats the device: a node more, and the parameters ``r_th`` [K/W]
        and ``c_th`` [J/K], both 0 unless given, which is no heating.

    Returns
    -------
    str
        Source text in the subset that OpenVAF, VerilogAE and ADMS share.

    Raises
    ------
    NetlistError
        A name that may not stand in Verilog-A, or two things of one name.
    ParameterError
        A value that a simulator's numbers do not keep.
    PrinterError
        An equation with a function that Verilog-A lacks.
    """
    chosen = module_name(name or card.name)
    traced = trace(card.model)
    parameters = groups(card, self_heating=self_heating)
    blocks = _blocks(traced, self_heating=self_heating)
    shown = observed(card.model, self_heating=self_heating)
    helpers = _helpers(traced)
    states = equations.balances(traced)
    nodes = _nodes(traced, self_heating=self_heating)
    check_identifiers(
        chosen,
        {
            "port": ["p", "n"],
            "node": [node for node, _ in nodes],
            "parameter": [d.name.strip() for g in parameters for d in g.declarations],
            "variable": [*(n for b in blocks.values() for n in b.names), *_balance_names(states)],
            "function": [h["name"] for h in helpers],
        },
    )
    named = {v.name for v in shown}
    return render(
        "veriloga",
        "module.va.j2",
        module=chosen,
        header=_header(card, chosen, self_heating=self_heating),
        branches=_branch_table(traced),
        nodes=_padded(nodes),
        parameters=parameters,
        observed=shown,
        locals=_locals(blocks, named, _balance_names(states)),
        helpers=helpers,
        before=_before(traced, blocks),
        rates=blocks.get("rates"),
        states=states,
    )


def _blocks(traced: TracedModel, *, self_heating: bool) -> dict[str, Block]:
    blocks = {
        "inputs": equations.inputs(traced, self_heating=self_heating),
        "conversions": equations.conversions(traced),
    }
    blocks |= {f"branch {b.branch.name}": equations.branch(b) for b in traced.branches}
    blocks |= {"across": equations.across(), "point": equations.operating_point(traced)}
    if self_heating:
        blocks["heating"] = equations.heating()
    if traced.rates:
        blocks["rates"] = equations.rates(traced)
    return blocks


def _before(traced: TracedModel, blocks: dict[str, Block]) -> list[Block]:
    """The blocks that come before the switching law, without an empty one."""
    return [b for key, b in blocks.items() if key != "rates" and (b.rows or b.contributions)]


def _expressions(traced: TracedModel) -> list[Any]:
    """What the module needs functions for; the noise's choice at 0 V is by magnitude."""
    near = functions.absolute(symbol("v"))
    return [near, *(a.expression for a in traced.assignments)]


def _helpers(traced: TracedModel) -> list[dict[str, Any]]:
    """The analog functions that the module needs, each after those it needs itself."""
    result = []
    for name in composites_used(_expressions(traced)):
        body = with_shared([Assignment(name, composite_body(name))], "")
        result.append(
            {
                "name": name,
                "about": remark((functions.COMPOSITES[name].__doc__ or "").strip()),
                "locals": ["x", *(a.name for a in body[:-1])],
                "lines": aligned(equations.rows_of(body), 12),
            }
        )
    return result


def _nodes(traced: TracedModel, *, self_heating: bool) -> list[tuple[str, str]]:
    nodes = [(f"state_{s}", f"volts are the state {s}") for s in traced.rates]
    nodes += [
        (
            f"{b.branch.name}_j",
            f"junction of the branch {b.branch.name}, behind {b.branch.name}_r_s",
        )
        for b in traced.branches
        if b.branch.series
    ]
    if self_heating:
        nodes.append((RISE_NODE, "volts are the temperature rise in K"))
    return nodes


def _balance_names(states: list[dict[str, str]]) -> list[str]:
    return [f"balance_{s['state']}" for s in states]


def _padded(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    widest = max((len(name) for name, _ in rows), default=0) + 1
    return [(f"{name};".ljust(widest), about) for name, about in rows]


def _locals(blocks: dict[str, Block], shown: set[str], balances_: list[str]) -> list[list[str]]:
    """Declarations of the variables that no simulator shows, block by block."""
    named = [[n for n in b.names if n not in shown] for b in blocks.values()]
    return [declarations(names) for names in [*named, balances_] if names]


def _header(card: ModelCard, name: str, *, self_heating: bool) -> list[str]:
    """Who made it from what, and how it is used."""
    driven, grounded = (card.provenance.get(k, "") for k in ("driven", "grounded"))
    law = card.model.switching
    lines = [
        f"{name}: {card.title}" if card.title else name,
        *([card.citation] if card.citation else []),
        f"Emitted by compactmodels {__version__} from the card '{card.name}'; this text belongs to "
        "whoever emitted it.",
        "",
        "Positive current flows into p at positive V(p,n).",
        *([f"p: {driven}"] if driven and isinstance(driven, str) else []),
        *([f"n: {grounded}"] if grounded and isinstance(grounded, str) else []),
        *_usage(bool(card.model.states)),
    ]
    if self_heating:
        lines.append(
            f"r_th, c_th: with r_th above 0 the dissipated power heats the device; the node {RISE_NODE} "
            "holds the rise."
        )
        if law is not None and law.powered:
            lines.append(
                "The switching law reckons with a heating of its own: with r_th above 0 it would count "
                "twice."
            )
    return [text for line in lines for text in (remark(comment(line), hang=4) if line else [""])]


def _usage(moving: bool) -> list[str]:
    states = (
        "States: w (non-volatile) and s (volatile) lie in [0, 1] and start at w0 and s0. hold = 1 pins "
        "them there (.op, .dc, .ac, .noise, array reads); with hold = 0 they move in .tran. A static "
        "analysis always sees them at w0 and s0."
    )
    still = "States: w and s stay at w0 and s0, in [0, 1]: the card has no switching law."
    return [
        states if moving else still,
        "Area: scale multiplies current, noise and capacitance; m (the simulator's own) is a number of "
        "devices side by side. What is shown of an operating point is one device's, m = 1.",
        "Noise: white, as each branch states; no 1/f noise and no random telegraph noise.",
    ]


def _branch_table(traced: TracedModel) -> list[str]:
    """A line for each branch: name, mechanism, share."""
    rows = [(b.branch.name, b.branch.mechanism.title, share(b.branch)) for b in traced.branches]
    widths = [max(len(row[k]) for row in rows) for k in (0, 1)]
    return [
        comment(f"{name:<{widths[0]}}  {title:<{widths[1]}}  {weight}")
        for name, title, weight in rows
    ]


def emit(card: ModelCard, folder: Path, *, self_heating: bool = False) -> Path:
    """Write ``<card>.va`` into ``folder``; returns its path.

    Raises
    ------
    InputError
        As :func:`module`; or the folder cannot be written.
    """
    name = module_name(card.name)
    return write_text(Path(folder) / f"{name}.va", module(card, self_heating=self_heating))


__all__ = ["Group", "emit", "module"]
