"""From ngspice's vectors back to lines and cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from netlists.arrays.checks import FloatArray
from netlists.arrays.deck import Deck
from netlists.arrays.description import Crossbar
from netlists.arrays.saves import state_vectors
from netlists.arrays.selectors import Selector
from netlists.ngspice import Plot


def crossing_voltages(plot: Plot, deck: Deck, at: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Voltages of the crossings' nodes at the points ``at``.

    Returns
    -------
    tuple of numpy.ndarray, shape (layers, points, rows, cols)
        At the word lines and at the bit lines [V].
    """
    points = np.asarray(at, dtype=np.int64)
    sides: list[list[FloatArray]] = [[], []]
    for layer in range(len(deck.network.layers)):
        for side, nodes in zip(sides, deck.network.crossings(layer), strict=True):
            used, back = np.unique(nodes, return_inverse=True)
            found = np.array([plot[deck.network.names[node]][points] for node in used])
            side.append(np.moveaxis(found[back.reshape(nodes.shape)], -1, 0))
    word, bit = (np.array(side) for side in sides)
    return word, bit


def behind_devices(plot: Plot, deck: Deck, bit: FloatArray) -> FloatArray:
    """Voltages between devices and selectors at a read, shape (layers, rows, cols) [V].

    ``bit`` are those at the bit lines: what they are where a cell has no selector.
    """
    found = bit.copy()
    for k, (crossbar, _, _) in enumerate(deck.network.layers):
        if crossbar.selector is None:
            continue
        for i, j in np.ndindex(crossbar.rows, crossbar.cols):
            name = f"m{deck.network.cell_tag(k)}{i + 1}_{j + 1}"
            if name in plot:
                found[k, i, j] = plot[name][0]
    return found


def plane_currents(plot: Plot, deck: Deck, kind: str, at: ArrayLike) -> FloatArray:
    """Currents through the lines' ports at the points ``at``, shape (planes, points, lines) [A].

    Into a word line out of its source, out of a bit line into its output; 0 where a line floats.
    """
    points = np.asarray(at, dtype=np.int64)
    sign = -1.0 if kind == "word" else 1.0
    planes = []
    for plane in deck.network.planes:
        if plane.lines.kind == kind:
            rows = [
                np.zeros(len(points))
                if port is None
                else sign * plot[f"{plane.lines.source(line).lower()}#branch"][points]
                for line, port in enumerate(plane.ports)
            ]
            planes.append(np.array(rows).T)
    return np.array(planes)


def port_voltages(plot: Plot, deck: Deck) -> dict[str, FloatArray]:
    """Voltage of every line's source or output [V], by the source's name."""
    found = {}
    for plane in deck.network.planes:
        for line, port in enumerate(plane.ports):
            if port is not None:
                found[plane.lines.source(line)] = plot[deck.network.names[port]]
    return found


def delivered(plot: Plot, deck: Deck) -> FloatArray:
    """Power out of all sources and outputs together [W], shape (points,)."""
    power = np.zeros(0)
    for name, volts in port_voltages(plot, deck).items():
        watts = -volts * plot[f"{name.lower()}#branch"]
        power = power + watts if power.size else watts
    return power


def state_tracks(plot: Plot, deck: Deck) -> dict[str, FloatArray]:
    """States over time, shape (layers, points, rows, cols); those that do not move where they start."""
    layers = [crossbar for crossbar, _, _ in deck.network.layers]
    shape = (len(layers), len(plot["time"]), layers[0].rows, layers[0].cols)
    found: dict[str, FloatArray] = {}
    for k, i, j, name, vector in state_vectors(deck.network, deck.devices, deck.selectors):
        if name not in found:
            starts = np.array([_start(crossbar, name) for crossbar in layers])
            found[name] = np.broadcast_to(starts[:, np.newaxis], shape).copy()
        found[name][k, :, i, j] = plot[vector]
    return found


def _start(crossbar: Crossbar, name: str) -> FloatArray:
    """Where a state starts, shape (rows, cols); 0 of a selector that is not there."""
    if name == "w":
        return crossbar.cell_states
    if name == "s":
        return np.asarray(crossbar.s)
    if isinstance(crossbar.selector, Selector):
        return crossbar.selector.starts(name.removeprefix("sel_"), crossbar.rows, crossbar.cols)
    return np.zeros((crossbar.rows, crossbar.cols))
