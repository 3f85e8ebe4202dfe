"""A device's equations as a simulator's system: where each derivative is kept, and what is loaded of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compactmodels.traced import TERMINAL


@dataclass(frozen=True, slots=True)
class Row:
    """An equation: the current that leaves a node, or that flows from p to n.

    Texts in C.

    Parameters
    ----------
    name : str
        In the file.
    node : str
        ``p`` stands for both terminals.
    flow : str
        Its residual; of a state's equation the state's rate.
    slopes : mapping of str to str
        Derivatives of ``flow``, by unknown.
    state : str
        The state whose equation it is.
    charge, capacity : str
        What is differentiated by time, and its derivative by the node's own voltage.
    """

    name: str
    node: str
    flow: str
    slopes: Mapping[str, str]
    state: str = ""
    charge: str = ""
    capacity: str = ""


def system(rows: Sequence[Row], nodes: Mapping[str, str]) -> dict[str, Any]:
    """What the template needs to load the equations.

    Parameters
    ----------
    rows : sequence of Row
        The terminals' first.
    nodes : mapping
        Node of each unknown but the terminal voltage.

    Returns
    -------
    dict
        ``places``: number, row and unknown of each derivative; ``linear``: by row its derivatives times
        its unknowns, those of the charges times alpha included; ``entries``: of the Jacobian, with the
        texts of both parts; ``slope``: dI/dV of the device, what the junctions do as v moves eliminated.
    """
    kept = _places(rows)
    charged = [row for row in rows if row.charge]
    entries: list[dict[str, str]] = []
    linear: dict[str, list[str]] = {row.name: [] for row in rows}
    for k, (row, x) in enumerate(kept):
        react = ""
        if row.charge and nodes.get(x, "p") == row.node:
            react = f"in->capacity[{charged.index(row)}]"
        both = f"(in->slope[{k}] + alpha * {react})" if react else f"in->slope[{k}]"
        linear[row.name].append(f"{both} * {x}")
        for at, up in _ends(row.node):
            for over, across in _ends(nodes.get(x, "p")):
                sign = "" if up == across else "-"
                texts = {"resist": f"{sign}in->slope[{k}]", "react": react and f"{sign}{react}"}
                entries.append({"row": at, "column": over, **texts})
    return {
        "places": [(k, row, x) for k, (row, x) in enumerate(kept)],
        "linear": {name: " + ".join(terms) for name, terms in linear.items()},
        "entries": entries,
        "slope": _differential(rows, nodes),
    }


def _places(rows: Sequence[Row]) -> list[tuple[Row, str]]:
    return [(row, x) for row in rows for x in row.slopes]


def _ends(node: str) -> list[tuple[str, int]]:
    """The two terminals, with the sign of v, or an inner node alone."""
    return [("p", 1), ("n", -1)] if node == "p" else [(node, 1)]


def _differential(rows: Sequence[Row], nodes: Mapping[str, str]) -> str:
    terminal, *inner = rows
    at = {(row.name, x): f"in->slope[{k}]" for k, (row, x) in enumerate(_places(rows))}
    text = at[terminal.name, TERMINAL]
    for row in inner:
        if row.state:
            continue
        own = next(x for x, node in nodes.items() if node == row.node)
        if (terminal.name, own) in at:
            upper, across = at[terminal.name, own], at[row.name, TERMINAL]
            text += f" - {upper} * {across} / {at[row.name, own]}"
    return text
