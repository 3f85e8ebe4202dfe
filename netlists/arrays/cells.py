"""What a cell is in a netlist: resistors where that is exact, else the card's device.

A card whose branches are all linear in the voltage is, at held states, a resistor; nothing is lost and
ngspice reads 256 x 256 of them in seconds.  A card with held states needs no state nodes, so that its
subcircuit is written without what moves them: the same currents in a third of the time.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from compactmodels.card import ModelCard
from compactmodels.model import Model
from compactmodels.symbolic import symbol
from compactmodels.traced import TERMINAL, trace
from netlists.arrays.checks import BoolArray, FloatArray
from netlists.arrays.description import Crossbar


@cache
def is_linear(model: Model) -> bool:
    """Whether the current is the voltage times something that does not depend on it; by the equations."""
    traced = trace(model)
    for branch in traced.branches:
        moving = {symbol(branch.junction), symbol(TERMINAL)}
        for assignment in branch.assignments:
            found = assignment.expression.free_symbols & moving
            if not found:
                continue
            if not _proportional(assignment.expression, found):
                return False
            moving.add(symbol(assignment.name))
        if symbol(branch.current) not in moving:
            return False
    return True


def _proportional(expression: Any, moving: set[Any]) -> bool:
    """Whether an expression is a sum of the moving symbols, each times something fixed."""
    if expression.subs(dict.fromkeys(moving, 0)) != 0:
        return False
    return all(not (expression.diff(x).free_symbols & moving) for x in moving)


def conductances(crossbar: Crossbar) -> FloatArray | None:
    """Conductance of each cell's device at its held states [S], shape (rows, cols); None if it has none.

    0 for an open cell, 1 / r_short for a shorted one.
    """
    if not is_linear(crossbar.card.model):
        return None
    faults = crossbar.faults
    assert faults is not None
    current = crossbar.card.model.current(
        np.ones((crossbar.rows, crossbar.cols)),
        {**crossbar.card.values, **crossbar.parameters},
        w=crossbar.cell_states,
        s=crossbar.s,
        temperature=crossbar.temperature,
    )
    g = np.where(faults.shorted_cells, 1.0 / faults.r_short, np.asarray(current, dtype=np.float64))
    return np.where(faults.open_cells, 0.0, g)


def conducting(crossbar: Crossbar, *, held: bool) -> BoolArray:
    """Cells through which a current can flow, shape (rows, cols)."""
    assert crossbar.faults is not None
    there: BoolArray = ~crossbar.faults.open_cells
    g = conductances(crossbar) if held else None
    return there if g is None else there & (g > 0)


def held_card(card: ModelCard) -> ModelCard:
    """The same device without what moves its states."""
    if card.model.switching is None:
        return card
    model = Model(card.model.branches)
    kept = {p.name for p in model.parameters}
    entries = {name: entry for name, entry in card.entries.items() if name in kept}
    return replace(
        card, model=model, entries=entries, correlations={}, statistics=None, synapse=None
    )
