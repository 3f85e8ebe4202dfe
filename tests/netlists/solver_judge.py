"""Arrays solved from Kirchhoff's laws by a sparse direct solver: no line of the engine's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu


@dataclass
class Network:
    """Resistances between numbered nodes, and which nodes have a given voltage."""

    count: int
    a: np.ndarray
    b: np.ndarray
    ohm: np.ndarray
    words: np.ndarray  # (m, n) numbers of nodes
    bits: np.ndarray
    word_ports: np.ndarray  # (m,)
    bit_ports: np.ndarray
    word_driven: np.ndarray
    bit_driven: np.ndarray


def ends(drive, count):
    words = np.full(count, drive) if isinstance(drive, str) else np.array(drive)
    return np.isin(words, ("start", "both")), np.isin(words, ("end", "both"))


def all_segments(r, lines, crossings):
    r = np.asarray(r, dtype=float)
    if r.ndim == 2:
        return r
    return np.broadcast_to(r.reshape(-1, 1), (lines, crossings + 1)).copy()


def network(
    g,
    r_word,
    r_bit,
    *,
    r_source=0.0,
    r_sense=0.0,
    word_drive="start",
    bit_drive="end",
    broken_word=None,
    broken_bit=None,
    bridged_word=None,
    bridged_bit=None,
    r_short=1.0,
):
    m, n = g.shape
    words = np.arange(m * n).reshape(m, n)
    bits = words + m * n
    word_ports, bit_ports = 2 * m * n + np.arange(m), 2 * m * n + m + np.arange(n)
    word = all_segments(r_word, m, n)
    bit = all_segments(np.asarray(r_bit).T, n, m).T.copy()
    if broken_word is not None:
        word[broken_word] = np.inf
    if broken_bit is not None:
        bit[broken_bit] = np.inf
    r_source, r_sense = np.broadcast_to(r_source, (m,)), np.broadcast_to(r_sense, (n,))
    edges = [(words[:, :-1], words[:, 1:], word[:, 1:-1]), (bits[:-1], bits[1:], bit[1:-1])]
    start, end = ends(word_drive, m)
    edges.append((word_ports[start], words[start, 0], (word[:, 0] + r_source)[start]))
    edges.append((word_ports[end], words[end, -1], (word[:, -1] + r_source)[end]))
    top, bottom = ends(bit_drive, n)
    edges.append((bit_ports[top], bits[0, top], (bit[0] + r_sense)[top]))
    edges.append((bit_ports[bottom], bits[-1, bottom], (bit[-1] + r_sense)[bottom]))
    for at, lines, mask in (((1, 0), words, bridged_word), ((0, 1), bits, bridged_bit)):
        if mask is not None:
            a, b = lines[: m - at[0], : n - at[1]], lines[at[0] :, at[1] :]
            edges.append((a[mask], b[mask], np.full(mask.sum(), r_short)))
    with np.errstate(divide="ignore"):
        edges.append((words, bits, 1.0 / g))
    a, b, ohm = (np.concatenate([np.ravel(e[k]) for e in edges]) for k in range(3))
    there = np.isfinite(ohm)
    return Network(
        2 * m * n + m + n,
        a[there],
        b[there],
        ohm[there],
        words,
        bits,
        word_ports,
        bit_ports,
        start | end,
        top | bottom,
    )


def solve(net, vl, vb):
    """Bit currents, word currents, word voltages, bit voltages."""
    joined = net.ohm == 0
    graph = sp.coo_array(
        (np.ones(joined.sum()), (net.a[joined], net.b[joined])), shape=(net.count, net.count)
    )
    groups, group = connected_components(graph, directed=False)
    a, b, s = group[net.a[~joined]], group[net.b[~joined]], 1.0 / net.ohm[~joined]
    matrix = sp.csc_array(
        (
            np.concatenate([s, s, -s, -s]),
            (np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a])),
        ),
        shape=(groups, groups),
    )
    v = np.zeros(groups)
    fixed = np.zeros(groups, dtype=bool)
    for ports, driven, volts in (
        (net.word_ports, net.word_driven, vl),
        (net.bit_ports, net.bit_driven, vb),
    ):
        v[group[ports[driven]]] = np.asarray(volts)[driven]
        fixed[group[ports[driven]]] = True
    free = np.flatnonzero(~fixed & (np.bincount(np.concatenate([a, b]), minlength=groups) > 0))
    if free.size:
        own = matrix[free][:, free].tocsc()
        factors = splu(own)
        known = -(matrix @ v)[free]
        x = factors.solve(known)
        v[free] = x + factors.solve(known - own @ x)
    # Currents between nodes by differences of voltages: a product with the matrix would lose digits.
    flow = np.zeros(groups)
    through = s * (v[a] - v[b])
    np.add.at(flow, a, through)
    np.add.at(flow, b, -through)
    bit_currents = np.where(net.bit_driven, -flow[group[net.bit_ports]], 0.0)
    word_currents = np.where(net.word_driven, flow[group[net.word_ports]], 0.0)
    return bit_currents, word_currents, v[group[net.words]], v[group[net.bits]]


def judge(g, vl, vb, r_word, r_bit, **options):
    net = network(np.asarray(g, dtype=float), r_word, r_bit, **options)
    m, n = np.shape(g)
    return solve(net, np.broadcast_to(vl, (m,)), np.broadcast_to(vb, (n,)))


def largest(difference, of):
    scale = np.abs(of).max()
    return np.abs(difference).max() / scale if scale else np.abs(difference).max()


def imbalance(net, at_word, at_bit, through, vl, vb):
    """Largest current that is missing at a node without a source, for given node voltages and cells.

    ``through`` are the cells' currents from word to bit line; the network's own cells are left out.
    """
    m, n = at_word.shape
    cells = net.a.size - m * n
    own = np.isin(np.arange(net.a.size), np.arange(cells))  # the cells come last
    assert net.word_driven.all() and net.bit_driven.all(), "for arrays whose lines are all held"
    v = np.concatenate(
        [at_word.ravel(), at_bit.ravel(), np.broadcast_to(vl, m), np.broadcast_to(vb, n)]
    )
    joined = own & (net.ohm == 0)
    graph = sp.coo_array(
        (np.ones(joined.sum()), (net.a[joined], net.b[joined])), shape=(net.count, net.count)
    )
    groups, group = connected_components(graph, directed=False)
    flow = np.zeros(groups)
    wires = own & ~joined
    a, b = net.a[wires], net.b[wires]
    current = (v[a] - v[b]) / net.ohm[wires]
    np.add.at(flow, group[a], current)
    np.add.at(flow, group[b], -current)
    np.add.at(flow, group[net.words.ravel()], through.ravel())
    np.add.at(flow, group[net.bits.ravel()], -through.ravel())
    held = np.zeros(groups, dtype=bool)
    held[group[net.word_ports]] = held[group[net.bit_ports]] = True
    free = ~held
    return np.abs(flow[free]).max() if free.any() else 0.0
