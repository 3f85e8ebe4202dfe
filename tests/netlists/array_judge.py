"""The node equations of an array, written out and solved here: no code of the netlists is used.

A circuit is a list of branches between named nodes. Segments of 0 ohm join their ends; then linear
circuits are solved directly, others by :func:`scipy.optimize.root`, and in time by
:func:`scipy.integrate.solve_ivp` with the network solved inside.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from scipy.integrate import solve_ivp
from scipy.optimize import root
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve


class Circuit:
    """Nodes by name, resistors, known voltages, and elements with a law of their own."""

    def __init__(self):
        self.names = {"0": 0}
        self.wires = []  # a, b, ohm
        self.known = {0: 0.0}
        self.laws = []  # nodes, function of their voltages -> currents out of them
        self.caps = []  # a, farad to ground

    def node(self, name):
        return self.names.setdefault(name, len(self.names))

    def wire(self, a, b, ohm):
        self.wires.append((self.node(a), self.node(b), ohm))

    def source(self, name, volts):
        self.known[self.node(name)] = volts

    def law(self, names, function):
        self.laws.append(([self.node(n) for n in names], function))

    def capacitor(self, name, farad):
        self.caps.append((self.node(name), farad))

    def merged(self):
        """Group of each node once the wires of 0 ohm are gone, and the number of groups."""
        size = len(self.names)
        ends = np.array([(a, b) for a, b, r in self.wires if r == 0], dtype=int).reshape(-1, 2).T
        graph = sp.coo_array((np.ones(ends.shape[1]), (ends[0], ends[1])), shape=(size, size))
        count, group = connected_components(graph, directed=False)
        return group, count

    def matrix(self, group, count):
        a, b, g = [], [], []
        for p, q, r in self.wires:
            if r:
                a += [group[p], group[q], group[p], group[q]]
                b += [group[p], group[q], group[q], group[p]]
                g += [1 / r, 1 / r, -1 / r, -1 / r]
        return sp.csr_array((g, (a, b)), shape=(count, count))

    def solve(self, known=None, start=None):
        """Voltages by name; every node that is not known balances to zero."""
        group, count = self.merged()
        wires = self.matrix(group, count)
        v = np.zeros(count)
        fixed = np.zeros(count, dtype=bool)
        for node, volts in (self.known if known is None else known).items():
            assert not fixed[group[node]] or v[group[node]] == volts, "two sources on one node"
            v[group[node]], fixed[group[node]] = volts, True
        free = np.flatnonzero(~fixed)

        def balance(x):
            v[free] = x
            out = wires @ v
            for nodes, function in self.laws:
                for node, current in zip(nodes, function(*(v[group[n]] for n in nodes))):
                    out[group[node]] += current
            return out

        if not self.laws and free.size:
            v[free] = spsolve(wires[free][:, free].tocsc(), -(wires @ v)[free])
        elif free.size:
            scale = max(abs(balance(np.zeros(free.size))).max(), 1e-12)
            first = np.zeros(free.size) if start is None else start
            found = root(lambda x: balance(x)[free] / scale, first, tol=1e-14)
            v[free] = found.x
            assert abs(balance(found.x)[free]).max() < 1e-9 * scale, found.message
        self.flow = balance(v[free])
        self.free_values = v[free].copy()
        self.group = group
        return {name: v[group[k]] for name, k in self.names.items()}

    def out_of(self, name):
        """Current that the source at a node gives, after :meth:`solve`."""
        return self.flow[self.group[self.names[name]]]


def whole_line(c, kind, k, count, r, r_end, drive, broken, volts):
    """One line: nodes (kind, k, place), its port (kind, k, 'port')."""
    port = (kind, k, "port")
    for j in range(1, count):
        if not broken[j]:
            c.wire((kind, k, j - 1), (kind, k, j), r)
    if drive == "floating":
        return
    c.source(port, volts)
    for end, j, cut in (("start", 0, broken[0]), ("end", count - 1, broken[count])):
        if drive in (end, "both") and not cut:
            c.wire(port, (kind, k, end), r_end)
            c.wire((kind, k, end), (kind, k, j), r)


def per_line(value, count):
    return np.broadcast_to(np.asarray(value, dtype=object), (count,))


def build_lines(c, x, kind, tag=""):
    """All lines of one side of an array."""
    lines, count = (x.rows, x.cols) if kind == "word" else (x.cols, x.rows)
    r_end = x.r_source if kind == "word" else x.r_sense
    broken = x.faults.broken_word if kind == "word" else x.faults.broken_bit.T
    bridged = x.faults.bridged_word if kind == "word" else x.faults.bridged_bit.T
    drive = x.word_drive if kind == "word" else x.bit_drive
    volts = x.voltages if kind == "word" else x.bit_voltages
    for k in range(lines):
        whole_line(
            c,
            tag + kind,
            k,
            count,
            float(per_line(getattr(x, f"r_{kind}"), lines)[k]),
            float(per_line(r_end, lines)[k]),
            drive[k],
            broken[k],
            float(volts[k]),
        )
    for k, j in np.argwhere(bridged):
        c.wire((tag + kind, int(k), int(j)), (tag + kind, int(k) + 1, int(j)), x.faults.r_short)


def cell_nodes(i, j, word="word", bit="bit"):
    return (word, i, j), (bit, j, i)


def build_cells(c, x, device, selector=None, word="word", bit="bit"):
    """All cells; ``device(i, j)`` gives ohm or a function of the voltage, ``selector`` a builder."""
    for i in range(x.rows):
        for j in range(x.cols):
            if x.faults.open_cells[i, j]:
                continue
            p, n = cell_nodes(i, j, word, bit)
            m = n if selector is None else (word + bit, "m", i, j)
            if selector is not None:
                selector(c, i, j, m, n)
            law = x.faults.r_short if x.faults.shorted_cells[i, j] else device(i, j)
            if callable(law):
                c.law([p, m], lambda a, b, law=law: (law(a - b), -law(a - b)))
            else:
                c.wire(p, m, law)


def answers(c, v, x, word="word", bit="bit"):
    """Bit currents, word currents, word and bit voltages after a solve."""

    def current(kind, k, sign):
        port = (kind, k, "port")
        return sign * c.out_of(port) if port in c.names else 0.0

    bits = np.array([current(bit, j, -1.0) for j in range(x.cols)])
    words = np.array([current(word, i, 1.0) for i in range(x.rows)])
    at = np.array(
        [
            [[v[n] for n in cell_nodes(i, j, word, bit)] for j in range(x.cols)]
            for i in range(x.rows)
        ]
    )
    return bits, words, at[..., 0], at[..., 1]


def judge(x, device, selector=None):
    """An array solved from its description alone."""
    c = Circuit()
    build_lines(c, x, "word")
    build_lines(c, x, "bit")
    build_cells(c, x, device, selector)
    return answers(c, c.solve(), x)


def largest(difference, of):
    return np.abs(difference).max() / np.abs(of).max()


class Linear:
    """A circuit whose cells are conductances that are given at every solve; dense and small.

    ``pairs`` are the cells' two nodes by name.
    """

    def __init__(self, circuit, pairs):
        ends = [(circuit.node(a), circuit.node(b)) for a, b in pairs]
        group, count = circuit.merged()
        self.names = {name: group[k] for name, k in circuit.names.items()}
        self.base = circuit.matrix(group, count).toarray()
        self.a, self.b = (np.array([group[e[k]] for e in ends]) for k in (0, 1))
        self.count = count

    def solve(self, conductance, known):
        """Voltages, and the current that each node's source gives."""
        g = self.base.copy()
        for p, q, sign in (
            (self.a, self.a, 1),
            (self.b, self.b, 1),
            (self.a, self.b, -1),
            (self.b, self.a, -1),
        ):
            np.add.at(g, (p, q), sign * conductance)
        v = np.zeros(self.count)
        fixed = np.zeros(self.count, dtype=bool)
        fixed[self.names["0"]] = True
        for name, volts in known.items():
            v[self.names[name]], fixed[self.names[name]] = volts, True
        free = ~fixed
        v[free] = np.linalg.solve(g[np.ix_(free, free)], -(g @ v)[free])
        return v, g @ v


def integrate(rates, states, time, corners, method="LSODA"):
    """States at ``time`` under ``rates(t, y)``, which are smooth between ``corners``."""
    now, rows = np.array(states, dtype=float), []

    def piece(a, b):
        # All but a grain at each end: a corner belongs to two pieces.
        grain = 1e-9 * (b - a)
        asked = time[(time >= a) & ((time < b) | (b == corners[-1]))]
        found = solve_ivp(
            lambda t, y: rates(min(max(t, a + grain), b - grain), y),
            (a, b),
            now,
            method=method,
            t_eval=np.union1d(asked, [b]),
            rtol=1e-6,
            atol=1e-8,
        )
        assert found.success, found.message
        return list(found.y.T[: len(asked)]), found.y[:, -1]

    for a, b in pairwise(corners):
        found, now = piece(a, b)
        rows += found
    assert len(rows) == len(time)
    return np.array(rows)
