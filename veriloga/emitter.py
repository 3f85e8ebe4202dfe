"""A model card as a Verilog-A module.

States and junction voltages are nodes of their own, so that a compiler sees every equation of the
system: no stored variables, no ``idt``, no clamps on a result.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from compactmodels import __version__
from compactmodels.card import ModelCard
from compactmodels.codeprinter import composite_body, composites_used
from compactmodels.files import write_text
from compactmodels.names import comment, identifier
from compactmodels.parameter import Parameter
from compactmodels.symbolic import Assignment
from compactmodels.templating import render
from compactmodels.traced import STATE_CAPACITANCE, TracedBranch, trace
from veriloga.printer import VerilogAPrinter

_PRINT = VerilogAPrinter()


def module(card: ModelCard, name: str | None = None) -> str:
    """The card as one Verilog-A module.

    Parameters
    ----------
    card : ModelCard
    name : str, optional
        Name of the module; the card's (``-`` as ``_``) unless given.

    Returns
    -------
    str
        Source text in the subset that OpenVAF, VerilogAE and ADMS share.

    Raises
    ------
    NetlistError
        A name that may not stand in Verilog-A.
    PrinterError
        An equation with a function that Verilog-A lacks.
    """
    traced = trace(card.model)
    branches = [
        {
            "name": b.branch.name,
            "title": comment(b.branch.mechanism.title),
            "reference": comment(b.branch.mechanism.reference),
            "series": b.branch.series,
            "drop": _drop(b),
            "junction": b.junction,
            "weight": f"{b.branch.name}_weight",
            "weight_value": _PRINT(b.weight),
            "current": b.current,
            "assignments": _lines(b.assignments),
        }
        for b in traced.branches
    ]
    expressions = [a.expression for a in traced.assignments]
    switching = card.model.switching
    return render(
        "veriloga",
        "module.va.j2",
        module=identifier(name or card.name, "module"),
        card=card.name,
        title=comment(card.title),
        citation=comment(card.citation),
        version=__version__,
        parameters=[_parameter(card, p) for p in card.model.parameters],
        helpers=[(h, _PRINT(composite_body(h))) for h in composites_used(expressions)],
        conversions=_lines(traced.conversions),
        branches=branches,
        switching=_lines(traced.switching),
        switching_title=comment(switching.title) if switching else "",
        switching_reference=comment(switching.reference) if switching else "",
        states=[{"name": s, "rate": r, "start": f"{s}0"} for s, r in traced.rates.items()],
        c_state=repr(STATE_CAPACITANCE),
        still=[s for s in ("w", "s") if s not in traced.rates],
    )


def _drop(traced: TracedBranch) -> str:
    """Voltage over the series resistance: an exponential branch's weight acts behind it."""
    name = traced.branch.name
    weight = f"{name}_weight*" if traced.branch.exponential else ""
    return f"{name}_r_s*{weight}{traced.current}"


def _lines(assignments: tuple[Assignment, ...]) -> list[tuple[str, str]]:
    return [(a.name, _PRINT(a.expression)) for a in assignments]


def _parameter(card: ModelCard, p: Parameter) -> dict[str, Any]:
    low = "-inf" if math.isinf(p.lower) else repr(p.lower)
    high = "inf" if math.isinf(p.upper) else repr(p.upper)
    entry = card.entries[p.name]
    return {
        "name": p.name,
        "value": repr(entry.value),
        "range": f"{'(' if math.isinf(p.lower) else '['}{low}:{high}{')' if math.isinf(p.upper) else ']'}",
        "unit": p.unit,
        "doc": comment(p.doc),
        "origin": entry.origin,
    }


def emit(card: ModelCard, folder: Path) -> Path:
    """Write ``<card>.va`` into ``folder``; returns its path."""
    name = identifier(card.name, "module")
    return write_text(Path(folder) / f"{name}.va", module(card))
