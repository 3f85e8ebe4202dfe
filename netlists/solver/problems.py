"""What the fast engine solves, from an array's description."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlists.arrays.cells import conductances
from netlists.arrays.checks import CrossbarError
from netlists.arrays.description import Crossbar
from netlists.arrays.selectors import Selector, Transistor
from netlists.arrays.stack import Stack
from netlists.solver.cells import ArrayCells, Cells, cells_of
from netlists.solver.layers import LayeredCells, Planes, lines_of

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """One array: a single one, a layer by itself, or layers that share planes.

    Parameters
    ----------
    planes : Planes
    layers : list of Crossbar
    conductance : (m, n) array or None
        Of the cells, if a read finds nothing but resistors [S].
    voltages, bit_voltages : (m,) and (n,) arrays
        [V]
    c_word, c_bit : (m,) and (n,) arrays
        [F]
    lines : dict
        Segments and connections (:func:`netlists.solve_crossbar`).
    stuck : (m, n) array of bool
        Cells whose device's states do not move.
    """

    planes: Planes
    layers: list[Crossbar]
    conductance: FloatArray | None
    voltages: FloatArray
    bit_voltages: FloatArray
    c_word: FloatArray
    c_bit: FloatArray
    lines: dict[str, Any]
    stuck: BoolArray

    def cells(self) -> ArrayCells:
        """Cells at the states that the description gives them."""
        found: list[ArrayCells] = [_cells(layer) for layer in self.layers]
        return found[0] if len(found) == 1 else LayeredCells(self.planes, found)

    def frozen(self, cells: ArrayCells) -> BoolArray:
        """In a read: all states but those of selectors that are not held."""
        held = cells.still(np.ones(cells.shape, dtype=bool))
        for k, layer in enumerate(self.layers):
            if not isinstance(layer.selector, Selector) or layer.selector.hold:
                held[..., *self.planes.of(k)] = True
        return held


def problems(array: Crossbar | Stack, *, held: bool) -> list[Problem]:
    """The problems that an array is; more than one where layers share nothing.

    Parameters
    ----------
    held : bool
        Whether the states are (in a read); in a transient all cells are the card's device.

    Raises
    ------
    CrossbarError
        What the engine lacks (code ``engine_lacks``).
    """
    if isinstance(array, Crossbar):
        return [_single(array, held)]
    if not isinstance(array, Stack):
        raise CrossbarError(
            f"the fast engine reads a Crossbar or a Stack, not a {type(array).__name__}",
            code="engine_lacks",
        )
    if not array.shared:
        return [_single(layer, held) for layer in array.layers]
    return [_shared(array, held)]


def _single(crossbar: Crossbar, held: bool) -> Problem:
    _check(crossbar)
    faults = crossbar.faults
    assert faults is not None
    names = ("r_word", "r_bit", "r_source", "r_sense")
    masks = ("broken_word", "broken_bit", "bridged_word", "bridged_bit")
    lines: dict[str, Any] = {
        **{name: getattr(crossbar, name) for name in names},
        **{name: np.asarray(getattr(faults, name)) for name in masks},
        "word_drive": list(crossbar.word_drive),
        "bit_drive": list(crossbar.bit_drive),
        "r_short": faults.r_short,
    }
    return Problem(
        Planes(crossbar.rows, crossbar.cols, 1, 1, ((0, 0),)),
        [crossbar],
        conductances(crossbar) if held and crossbar.selector is None else None,
        crossbar.voltages,
        np.asarray(crossbar.bit_voltages),
        crossbar.per_line("c_word"),
        crossbar.per_line("c_bit"),
        lines,
        faults.stuck,
    )


def _shared(stack: Stack, held: bool) -> Problem:
    for layer in stack.layers:
        _check(layer)
    kinds = [kind for kind, _ in stack.planes]
    place = [kinds[:p].count(kind) for p, kind in enumerate(kinds)]
    layers = [stack.planes_of(k) for k in range(len(stack.layers))]
    planes = Planes(
        stack.rows,
        stack.cols,
        kinds.count("word"),
        kinds.count("bit"),
        tuple((place[word], place[bit]) for word, bit in layers),
    )
    said = {
        kind: [_plane(stack.layers[k], kind) for other, k in stack.planes if other == kind]
        for kind in ("word", "bit")
    }
    lines = lines_of(planes, said["word"], said["bit"])
    lines["r_short"] = _short(stack)
    g = [conductances(x) if held and x.selector is None else None for x in stack.layers]
    known = [x for x in g if x is not None]
    conductance = planes.spread(known) if len(known) == len(g) else None
    vl, vb, c_word, c_bit = (
        lines.pop(name) for name in ("voltages", "bit_voltages", "c_word", "c_bit")
    )
    stuck = planes.spread([x.faults.stuck for x in stack.layers if x.faults is not None])
    return Problem(planes, list(stack.layers), conductance, vl, vb, c_word, c_bit, lines, stuck > 0)


def _plane(layer: Crossbar, kind: str) -> dict[str, Any]:
    """What a layer says about one of its planes (:func:`netlists.solver.layers.lines_of`)."""
    faults = layer.faults
    assert faults is not None
    word = kind == "word"
    r, broken = layer.per_line(f"r_{kind}"), getattr(faults, f"broken_{kind}")
    return {
        "r": np.where(broken, np.inf, r[:, np.newaxis] if word else r),
        "c": layer.per_line(f"c_{kind}"),
        "end": layer.per_line("r_source" if word else "r_sense"),
        "volts": layer.voltages if word else np.asarray(layer.bit_voltages),
        "drive": layer.word_drive if word else layer.bit_drive,
        "bridged": getattr(faults, f"bridged_{kind}"),
    }


def _short(stack: Stack) -> float:
    """Resistance of the bridges, which has to be one."""
    every = [x.faults for x in stack.layers if x.faults is not None]
    ohm = {x.r_short for x in every if x.bridged_word.any() or x.bridged_bit.any()}
    if len(ohm) > 1:
        raise CrossbarError(
            "the fast engine has bridges of one resistance in a stack that shares planes: use ngspice, or "
            "one r_short",
            code="engine_lacks",
        )
    return float(ohm.pop()) if ohm else 1.0


def _check(crossbar: Crossbar) -> None:
    if isinstance(crossbar.selector, Transistor):
        raise CrossbarError(
            "the fast engine has no transistors: use ngspice (--engine ngspice)",
            code="engine_lacks",
        )


def _cells(crossbar: Crossbar) -> Cells:
    faults, x = crossbar.faults, crossbar.selector
    assert faults is not None
    resistors = np.where(
        faults.open_cells, 0.0, np.where(faults.shorted_cells, 1.0 / faults.r_short, np.nan)
    )
    selector = None
    if isinstance(x, Selector):
        w, s = (x.starts(name, crossbar.rows, crossbar.cols) for name in ("w", "s"))
        selector = (x.card, w, s)
    return cells_of(
        crossbar.card,
        crossbar.cell_states,
        np.asarray(crossbar.s),
        temperature=crossbar.temperature,
        parameters=dict(crossbar.parameters),
        resistors=resistors,
        selector=selector,
    )
