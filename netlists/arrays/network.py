"""The nodes of an array: which crossings are one node, what joins them, and whether all hang together.

A segment without resistance joins its ends to one node; a broken one joins nothing.  Numbers are
counted from 0 here, in the names of nodes and elements from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from netlists.arrays.cells import conducting
from netlists.arrays.checks import BoolArray, CrossbarError, FloatArray
from netlists.arrays.description import Crossbar
from netlists.arrays.stack import Stack

IntArray = NDArray[np.int64]
Element = tuple[str, int, int, float]
"""Name, two nodes, value."""
GROUND: Final = 0


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """What one plane of parallel lines is; arrays have one row a line.

    Parameters
    ----------
    kind : str
        ``word`` or ``bit``.
    tag : str
        What the names begin with in a stack: ``p2``; empty in a single array.
    r, c, r_end, volts : numpy.ndarray, shape (lines,)
    drive : tuple of str
    broken : numpy.ndarray of bool, shape (lines, crossings + 1)
    bridged : numpy.ndarray of bool, shape (lines - 1, crossings)
    r_short : float
    """

    kind: str
    tag: str
    r: FloatArray
    c: FloatArray
    r_end: FloatArray
    volts: FloatArray
    drive: tuple[str, ...]
    broken: BoolArray
    bridged: BoolArray
    r_short: float

    def node(self, line: int, place: int) -> str:
        """Name of the node where crossing ``place`` lies; -1 and ``crossings`` are the line's ends."""
        i, j = (line, place) if self.kind == "word" else (place, line)
        return f"{self.tag}{self.kind[0]}{i + 1}_{j + 1}"

    def whole(self, line: int) -> str:
        """Name of a line that is one node."""
        return f"{self.tag}{self.kind[0]}{line + 1}"

    def port(self, line: int) -> str:
        """Name of the node of the source or output."""
        return f"{self.tag}{'in' if self.kind == 'word' else 'out'}{line + 1}"

    def source(self, line: int) -> str:
        """Name of the voltage source."""
        return f"V{self.port(line)}"

    def segment(self, line: int, k: int) -> str:
        """Name of segment k: before crossing k of a word line, above crossing k of a bit line."""
        i, j = (line + 1, k + 1) if self.kind == "word" else (k, line + 1)
        return f"R{self.tag}{self.kind[0]}{i}_{j}"


def lines_of(crossbar: Crossbar, kind: str, tag: str = "") -> Lines:
    """One plane of an array."""
    faults = crossbar.faults
    assert faults is not None
    word = kind == "word"
    broken = faults.broken_word if word else faults.broken_bit.T
    bridged = faults.bridged_word if word else faults.bridged_bit.T
    return Lines(
        kind,
        tag,
        crossbar.per_line(f"r_{kind}"),
        crossbar.per_line(f"c_{kind}"),
        crossbar.per_line("r_source" if word else "r_sense"),
        crossbar.voltages if word else np.asarray(crossbar.bit_voltages),
        tuple(crossbar.word_drive if word else crossbar.bit_drive),
        broken,
        bridged,
        faults.r_short,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """A plane of lines as nodes and elements.

    Parameters
    ----------
    lines : Lines
    nodes : numpy.ndarray, shape (lines, crossings)
        Node of each crossing.
    ports : list of int or None
        Node of each line's source or output; None where the line floats.
    wires : list of list of Element
        By line: resistances of ends and segments.
    bridges : list of Element
    capacitors : list of Element
    """

    lines: Lines
    nodes: IntArray
    ports: list[int | None]
    wires: list[list[Element]]
    bridges: list[Element]
    capacitors: list[Element]


class Nodes:
    """Numbers for names; 0 is ground."""

    def __init__(self) -> None:
        self.names = ["0"]

    def new(self, name: str) -> int:
        """A further node."""
        self.names.append(name)
        return len(self.names) - 1


def build_plane(lines: Lines, nodes: Nodes) -> Plane:
    """The nodes and elements of a plane."""
    count, crossings = lines.broken.shape[0], lines.broken.shape[1] - 1
    found = np.empty((count, crossings), dtype=np.int64)
    ports: list[int | None] = []
    wires: list[list[Element]] = []
    for line in range(count):
        port, elements = _build_line(lines, line, found[line], nodes)
        ports.append(port)
        wires.append(elements)
    tag = f"{lines.tag}{lines.kind[0]}"
    bridges = [
        (f"Rs{tag}{i + 1}_{j + 1}", int(found[i, j]), int(found[i + 1, j]), lines.r_short)
        for i, j in np.argwhere(lines.bridged)
    ]
    return Plane(lines, found, ports, wires, bridges, _capacitors(lines, found, nodes))


def _build_line(
    lines: Lines, line: int, row: IntArray, nodes: Nodes
) -> tuple[int | None, list[Element]]:
    """Number the nodes of one line into ``row``; its port and its resistances."""
    crossings, r, r_end = len(row), float(lines.r[line]), float(lines.r_end[line])
    broken, drive = lines.broken[line], lines.drive[line]
    if r == 0.0:
        _merged(lines, line, row, nodes)
    else:
        first = len(nodes.names)
        nodes.names += [lines.node(line, k) for k in range(crossings)]
        row[:] = np.arange(first, first + crossings)
    inner = [k for k in range(1, crossings) if r and not broken[k]]
    between = [(lines.segment(line, k), int(row[k - 1]), int(row[k]), r) for k in inner]
    if drive == "floating":
        return None, between
    ends = [(0, 0), (crossings, crossings - 1)]  # segment, crossing
    ends = ends[:1] if drive == "start" else ends[1:] if drive == "end" else ends
    ends = [(k, place) for k, place in ends if not broken[k]]
    if not r and not r_end and ends:
        return _joined_port(lines, line, row, ends, nodes), between
    port = nodes.new(lines.port(line))
    before: list[Element] = []
    after: list[Element] = []
    for k, place in ends:
        crossing, near, found = int(row[place]), port, before if k == 0 else after
        if r_end:
            name = f"R{lines.port(line)}" + ("z" if drive == "both" and k else "")
            near = nodes.new(lines.node(line, -1 if k == 0 else crossings)) if r else crossing
            found.append((name, port, near, r_end))
        if r:
            a, b = (near, crossing) if k == 0 else (crossing, near)
            found.append((lines.segment(line, k), a, b, r))
    return port, [*before, *between, *reversed(after)]


def _merged(lines: Lines, line: int, row: IntArray, nodes: Nodes) -> None:
    """A line without resistance: one node from break to break."""
    cuts = np.flatnonzero(lines.broken[line][1:-1]) + 1
    starts = [0, *(int(k) for k in cuts)]
    for start, stop in zip(starts, [*starts[1:], len(row)], strict=True):
        name = lines.node(line, start) if len(starts) > 1 else lines.whole(line)
        row[start:stop] = nodes.new(name)


def _joined_port(
    lines: Lines, line: int, row: IntArray, ends: Sequence[tuple[int, int]], nodes: Nodes
) -> int:
    """The port of a line without any resistance on the way: it is the node of the crossings there."""
    port = int(row[ends[0][1]])
    for _, place in ends[1:]:
        row[row == row[place]] = port
    if len(np.unique(row)) > 1 or lines.broken[line].any():
        nodes.names[port] = lines.port(line)
    return port


def _capacitors(lines: Lines, found: IntArray, nodes: Nodes) -> list[Element]:
    """One at each node of a line, for all crossings that it joins."""
    elements: list[Element] = []
    for line in np.flatnonzero(lines.c > 0):
        own, counts = np.unique(found[line], return_counts=True)
        elements += [
            (f"C{nodes.names[node]}", int(node), GROUND, float(lines.c[line] * count))
            for node, count in zip(own, counts, strict=True)
        ]
    return elements


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """All planes of an array or a stack, and where its layers lie.

    Parameters
    ----------
    names : list of str
        Of the nodes, by number.
    planes : list of Plane
    layers : list of (Crossbar, int, int)
        Each layer with its word plane and its bit plane.
    """

    names: list[str]
    planes: list[Plane]
    layers: list[tuple[Crossbar, int, int]]

    def cell_tag(self, layer: int) -> str:
        """What distinguishes the names of a layer's cells: nothing in a single array."""
        return f"l{layer + 1}_" if self.planes[0].lines.tag else ""

    def crossings(self, layer: int) -> tuple[IntArray, IntArray]:
        """Node of each cell at its word line and at its bit line, both of shape (rows, cols)."""
        _, word, bit = self.layers[layer]
        return self.planes[word].nodes, self.planes[bit].nodes.T


def build(array: Crossbar | Stack, *, held: bool = True) -> Network:
    """The network of an array or a stack.

    Parameters
    ----------
    array : Crossbar or Stack
    held : bool
        Whether the states stay where they are, so that a cell without conductance joins nothing.

    Raises
    ------
    CrossbarError
        A part of it that hangs on no source and no output.
    """
    nodes = Nodes()
    if isinstance(array, Crossbar):
        planes = [build_plane(lines_of(array, kind), nodes) for kind in ("word", "bit")]
        network = Network(nodes.names, planes, [(array, 0, 1)])
    else:
        planes = [
            build_plane(lines_of(array.layers[layer], kind, f"p{p + 1}"), nodes)
            for p, (kind, layer) in enumerate(array.planes)
        ]
        layers = [(layer, *array.planes_of(k)) for k, layer in enumerate(array.layers)]
        network = Network(nodes.names, planes, layers)
    _check_connected(network, held)
    return network


def _whole(network: Network) -> bool:
    """Whether every line meets a source or an output and none is broken: then nothing can hang loose."""
    faults = [crossbar.faults for crossbar, _, _ in network.layers]
    broken = any(f is not None and (f.broken_word.any() or f.broken_bit.any()) for f in faults)
    return not broken and all(p is not None for plane in network.planes for p in plane.ports)


def _check_connected(network: Network, held: bool) -> None:
    if _whole(network):
        return
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = [(a, b) for plane in network.planes for wires in plane.wires for _, a, b, _ in wires]
    for plane in network.planes:
        edges += [(a, b) for _, a, b, _ in plane.bridges]
        edges += [(port, GROUND) for port in plane.ports if port is not None]
    pairs = [np.array(edges, dtype=np.int64).reshape(-1, 2)]
    for k, (crossbar, _, _) in enumerate(network.layers):
        there = conducting(crossbar, held=held)
        word, bit = network.crossings(k)
        pairs.append(np.column_stack([word[there], bit[there]]))
    a, b = np.concatenate(pairs).T
    size = len(network.names)
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(size, size))
    _, part = connected_components(graph, directed=False)
    used = np.zeros(size, dtype=bool)
    for plane in network.planes:
        used[plane.nodes.ravel()] = True
    lost = np.flatnonzero(used & (part != part[GROUND]))
    if len(lost):
        raise CrossbarError(
            f"the array is not connected: node {network.names[lost[0]]} and {len(lost) - 1} others hang "
            "on no source and no output; connect a line, or leave fewer segments broken and cells open",
            code="disconnected",
        )
