"""Transients of arrays in ngspice against the same equations integrated here, the network solved inside."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from compactmodels import registry
from compactmodels.card import ModelCard
from compactmodels.errors import ProtocolError
from compactmodels.model import Branch, Model
from netlists.array import (
    Crossbar,
    Faults,
    Selector,
    Stack,
    Transistor,
    draw_states,
    scheme_voltages,
    threshold_selector,
)
from netlists.crossbar import (
    Stimulus,
    read_ngspice,
    read_pulse,
    transient_ngspice,
    write_pulse,
)
from tests.netlists.array_judge import (
    Circuit,
    Linear,
    build_cells,
    build_lines,
    integrate,
    largest,
)
from tests.netlists.test_array_topologies import square_law, threshold_law

pytestmark = pytest.mark.needs_ngspice

G, GMIN = 1e-4, 1e-7
K0, V_SET, V_RESET = 1e3, 0.15, 0.2


def fixed():
    """Ohmic, its state does not move."""
    branch = Branch("lrs", registry.conduction("ohmic"), "on")
    values = {"lrs_g": G, "gmin": GMIN, "cap": 0.0}
    return ModelCard("bitcell", Model((branch,)), {}).with_values(values, "assumed")


def moving():
    """Ohmic, moved by ion hopping without a barrier: K0 sinh(V / V_SET)."""
    branch = Branch("lrs", registry.conduction("ohmic"), "on")
    model = Model((branch,), registry.switching("ion_hopping"))
    values = {"lrs_g": G, "gmin": GMIN, "cap": 0.0, "sw_k0": K0, "sw_ea": 0.0}
    values |= {"sw_v_set": V_SET, "sw_v_reset": V_RESET}
    return ModelCard("bitcell", model, {}).with_values(values, "assumed")


def hop(v, w):
    """Rate of the moving card's state, written out."""

    def part(x):
        p = np.maximum(x, 0.0)
        return p**3 / (p**2 + 0.01**2)

    up, down = np.sinh(part(v) / V_SET), np.sinh(part(-v) / V_RESET)
    return K0 * ((1 - w) * up - w * down)


def make(card, **options):
    given = {
        "rows": 2, "cols": 3, "w": draw_states(2, 3, 3, low=0.2, high=0.8),
        "voltages": [0.3, 0.2], "r_word": 200.0, "r_bit": 500.0,
    }  # fmt: skip
    return Crossbar(card=card, **given | options)


def interpolated(result, time, values):
    """A track of ngspice, points on axis 0, at other times."""
    flat = values.reshape(len(result.time), -1)
    found = np.array([np.interp(time, result.time, column) for column in flat.T]).T
    return found.reshape(len(time), *values.shape[1:])


def known(x, stimulus):
    """Voltages of the ports at a time."""

    def at(t):
        t = t % stimulus.duration if t < stimulus.cycles * stimulus.duration else stimulus.duration
        found = {}
        for kind, volts in (("word", stimulus.word), ("bit", stimulus.bit)):
            drive = x.word_drive if kind == "word" else x.bit_drive
            for k in range(volts.shape[1]):
                if drive[k] != "floating":
                    port = (kind, k, "port")
                    found[port] = np.interp(t, stimulus.time, volts[:, k])
        return found

    return at


def corners(stimulus):
    every = [stimulus.time + k * stimulus.duration for k in range(stimulus.cycles)]
    return np.unique(np.round(np.concatenate(every), 18))


def lines(x):
    """The lines of an array without its cells."""
    c = Circuit()
    build_lines(c, x, "word")
    build_lines(c, x, "bit")
    return c


def pairs(x):
    """The word node and the bit node of each cell, in order."""
    return [(("word", i, j), ("bit", j, i)) for i in range(x.rows) for j in range(x.cols)]


def bit_currents(x, circuit, flow):
    ports = [("bit", j, "port") for j in range(x.cols)]
    return np.array([-flow[circuit.names[p]] if p in circuit.names else 0.0 for p in ports])


def judged_write(x, stimulus, time):
    """States and bit currents of an array of ``moving`` cells without capacitance."""
    start = np.where(x.faults.stuck_on, 1.0, np.where(x.faults.stuck_off, 0.0, x.w)).ravel()
    held = (x.faults.stuck | x.faults.shorted_cells | x.faults.open_cells).ravel()
    shorted, gone = x.faults.shorted_cells.ravel(), x.faults.open_cells.ravel()
    circuit, at = Linear(lines(x), pairs(x)), known(x, stimulus)

    def solve(t, w):
        g = np.where(shorted, 1 / x.faults.r_short, np.where(gone, 0.0, G * w + GMIN))
        return circuit.solve(g, at(t))

    def rates(t, w):
        v, _ = solve(t, w)
        return np.where(held, 0.0, hop(v[circuit.a] - v[circuit.b], w))

    w = integrate(rates, start, time, corners(stimulus))
    bits = np.array([bit_currents(x, circuit, solve(t, y)[1]) for t, y in zip(time, w)])
    return w.reshape(len(time), *x.w.shape), bits


WRITES = {
    "V/2": ("v/2", {}),
    "V/3": ("v/3", {"r_sense": 100.0}),
    "reset": ("v/2", {"voltages": [0.0, 0.0]}),
    "both sides": ("v/2", {"word_drive": "both", "bit_drive": "both", "r_source": 30.0}),
    "floating": ("v/2", {"bit_drive": ["end", "floating", "end"]}),
    "ideal lines": ("v/2", {"r_word": 0.0, "r_bit": 0.0}),
    "faults": (
        "v/2",
        {
            "faults": Faults(
                rows=2, cols=3, stuck_off=[(0, 1)], shorted_cells=[(1, 2)], open_cells=[(1, 1)],
                broken_bit=[(1, 0)], bridged_word=[(0, 1)], r_short=50.0,
            )
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "form"),
    [*((name, "auto") for name in WRITES), ("V/2", "subcircuit"), ("faults", "subcircuit")],
)
def test_writes_move_every_cell_as_the_equations_say(name, form):
    scheme, options = WRITES[name]
    x = make(moving(), **options)
    volts = -0.9 if name == "reset" else 0.8
    stimulus = write_pulse(scheme_voltages(scheme, 2, 3, [(0, 1)], volts), 1e-4)
    result = transient_ngspice(x, stimulus, form=form)
    time = np.linspace(0, stimulus.duration, 41)
    w, bits = judged_write(x, stimulus, time)
    assert np.abs(interpolated(result, time, result.states["w"][0]) - w).max() <= 1e-3
    assert largest(interpolated(result, time, result.currents[0]) - bits, bits) <= 1e-3
    assert np.abs(w[-1] - w[0]).max() > 0.01  # the write does write
    assert result.final[0].w == pytest.approx(w[-1], abs=1e-3)


def test_many_cycles_disturb_half_selected_cells():
    # 60 cycles run in three segments that hand the states on.
    x = make(moving())
    bias = scheme_voltages("v/2", 2, 3, [(0, 1)], 0.6)
    stimulus = write_pulse(bias, 2e-5, rest=2e-5, cycles=60)
    seen = []
    result = transient_ngspice(x, stimulus, progress=seen.append)
    assert seen == sorted(seen) and {1 / 3, 2 / 3, 1.0} <= set(seen)
    assert (np.diff(result.time) > 0).all()
    time = np.array([0.0, 30, 60]) * stimulus.duration
    w, _ = judged_write(x, stimulus, time)
    assert np.abs(interpolated(result, time, result.states["w"][0]) - w).max() <= 1e-3
    moved = (w[-1] - w[0])[bias.half_selected]
    assert moved.min() > 1e-3  # they are disturbed
    assert np.abs(w[-1] - w[0])[~bias.half_selected & ~bias.selected].max() < moved.min()


# ------------------------------------------------------------------------------ line capacitance


def charged(x, stimulus, time, conductance):
    """Bit currents at times; every crossing of a line has its capacitance. Linear cells."""
    c = lines(x)
    build_cells(c, x, lambda i, j: 1 / conductance[i, j])
    ports = [name for name in c.names if name != "0" and name[2] == "port"]
    for kind, many, farads in (("word", x.rows, x.c_word), ("bit", x.cols, x.c_bit)):
        for k in range(many):
            for j in range(x.cols if kind == "word" else x.rows):
                c.capacitor((kind, k, j), float(np.broadcast_to(farads, (many,))[k]))
    group, count = c.merged()
    g = c.matrix(group, count).toarray()
    farad = np.zeros(count)
    for node, value in c.caps:
        farad[group[node]] += value
    port = np.array([group[c.names[name]] for name in ports])
    fixed = np.isin(np.arange(count), [0, *port])
    free = np.flatnonzero(~fixed)
    at = known(x, stimulus)

    def voltages(t, y):
        v = np.zeros(count)
        v[free] = y
        for name, volts in at(t).items():
            v[group[c.names[name]]] = volts
        return v

    # Nodes without capacitance (between a source resistance and its line) are eliminated.
    bare = free[farad[free] == 0]
    free = free[farad[free] > 0]
    stay = np.setdiff1d(np.arange(count), bare)
    reduced = np.zeros_like(g)
    inner = np.linalg.solve(g[np.ix_(bare, bare)], g[np.ix_(bare, stay)])
    reduced[np.ix_(stay, stay)] = g[np.ix_(stay, stay)] - g[np.ix_(stay, bare)] @ inner
    g = reduced
    found = solve_ivp(
        lambda t, y: -(g @ voltages(t, y))[free] / farad[free],
        (0.0, stimulus.duration),
        np.zeros(free.size),
        method="Radau",
        t_eval=time,
        jac=-g[np.ix_(free, free)] / farad[free][:, None],
        rtol=1e-6,
        atol=1e-9,
        max_step=stimulus.duration / 200,
    )
    assert found.success
    flow = np.array([g @ voltages(t, y) for t, y in zip(time, found.y.T)])
    return np.array([-flow[:, group[c.names[("bit", j, "port")]]] for j in range(x.cols)]).T


@pytest.mark.parametrize("form", ["subcircuit", "osdi"])
def test_a_read_settles_with_the_lines_capacitance(form):
    x = make(fixed(), c_word=[2e-14, 5e-14], c_bit=1e-14, r_source=1e3, r_sense=300.0)
    stimulus = read_pulse(x, 2e-9, edge=1e-11)
    time = np.linspace(0, stimulus.duration, 201)
    bits = charged(x, stimulus, time, G * x.w + GMIN)
    result = transient_ngspice(x, stimulus, form=form)
    assert largest(interpolated(result, time, result.currents[0]) - bits, bits) <= 1e-3
    # It has settled at the end of the pulse, not just after the edge.
    settled = read_ngspice(x).currents
    before = interpolated(result, np.array([1.2e-11, 2.0e-9]), result.currents[0])
    assert largest(before[0] - settled, settled) > 0.2
    assert largest(before[1] - settled, settled) < 1e-3


def test_the_energy_of_a_read_is_what_the_cells_and_lines_turn_into_heat():
    x = make(fixed(), c_word=2e-14, c_bit=1e-14, r_source=1e3, r_sense=300.0)
    stimulus = read_pulse(x, 1e-8, edge=1e-10)
    result = transient_ngspice(x, stimulus)
    steady = float(x.voltages @ read_ngspice(x).word_currents)
    # Long against settling: the steady power over the width and two thirds of each edge's square,
    # and what charging costs, C V^2 at the most.
    ohmic = steady * (1e-8 + 2 * 1e-10 / 3)
    most = 9 * 2e-14 * 0.3**2
    assert ohmic < result.energy < ohmic + most


# ------------------------------------------------------------------------------------- selectors


def test_a_write_through_transistors():
    x = make(moving(), selector=Transistor(gate=[1.2, 0.0]))
    stimulus = write_pulse(scheme_voltages("v/2", 2, 3, [(0, 1)], 0.9), 1e-4)
    result = transient_ngspice(x, stimulus)
    time = np.linspace(0, stimulus.duration, 9)

    def selector(c, i, j, m, n):
        c.law([m, n], square_law([1.2, 0.0][i]))

    def rates(t, y):
        c = lines(x)
        for port, volts in known(x, stimulus)(t).items():
            c.source(port, volts)
        w = y.reshape(x.w.shape)
        build_cells(c, x, lambda i, j: 1 / (G * w[i, j] + GMIN), selector)
        v = c.solve()
        drops = [[v["word", i, j] - v["wordbit", "m", i, j] for j in range(3)] for i in range(2)]
        return hop(np.array(drops), w).ravel()

    y = integrate(rates, x.w.ravel(), time, corners(stimulus), "RK23")
    w = y.reshape(len(time), 2, 3)
    assert np.abs(interpolated(result, time, result.states["w"][0]) - w).max() <= 1e-3
    assert w[-1, 0, 1] - w[0, 0, 1] > 0.05
    assert np.abs(w[-1, 1] - w[0, 1]).max() < 1e-4  # their gates are shut


def test_gate_lines_have_waveforms():
    x = make(moving(), selector=Transistor(gate=0.0))
    open_one = write_pulse(scheme_voltages("v/2", 2, 3, [(0, 1)], 0.9), 1e-4)
    gate = np.tile([1.2, 0.0], (len(open_one.time), 1))
    driven = Stimulus(time=open_one.time, word=open_one.word, bit=open_one.bit, gate=gate)
    shut = transient_ngspice(x, open_one).final[0].w - x.w
    moved = transient_ngspice(x, driven).final[0].w - x.w
    assert np.abs(shut).max() < 1e-4 and moved[0, 1] > 0.05 and np.abs(moved[1]).max() < 1e-4


def test_threshold_selectors_fire_and_let_go():
    sel = threshold_selector(rate=1e7, tau=1e-6)
    x = make(fixed(), selector=Selector(card=sel), voltages=[0.9, 0.3])
    stimulus = read_pulse(x, 3e-6, edge=1e-7, rest=6e-6)
    result = transient_ngspice(x, stimulus)
    time = np.linspace(0, stimulus.duration, 31)

    middle = [(("m", i, j), ("bit", j, i)) for i in range(2) for j in range(3)]
    bare = lines(x)
    for ((p, _), (m, _)), w in zip(zip(pairs(x), middle), x.w.ravel()):
        bare.wire(p, m, 1 / (G * w + GMIN))
    circuit, at = Linear(bare, middle), known(x, stimulus)

    def solve(t, y):
        return circuit.solve(1e-3 * 10 ** (5 * (np.clip(y, 0, 1) - 1)), at(t))

    def rates(t, y):
        v, _ = solve(t, y)
        drops = v[circuit.a] - v[circuit.b]
        return [threshold_law(d, s, 1e7, tau=1e-6) for d, s in zip(drops, y)]

    y = integrate(rates, np.zeros(6), time, corners(stimulus))
    bits = np.array([bit_currents(x, circuit, solve(t, s)[1]) for t, s in zip(time, y)])
    found = interpolated(result, time, result.states["sel_w"][0]).reshape(len(time), 6)
    assert np.abs(found - y).max() <= 1e-3
    assert largest(interpolated(result, time, result.currents[0]) - bits, bits) <= 1e-3
    assert y[:, :3].max() > 0.7 and y[:, 3:].max() < 0.01
    assert result.final[0].selector.w == pytest.approx(y[-1].reshape(2, 3), abs=1e-3)


# ----------------------------------------------------------------------------------- stacks, input


def test_layers_over_time():
    layers = [make(moving()), make(moving(), voltages=[0.1, 0.1], w=np.full((2, 3), 0.3))]
    bias = scheme_voltages("v/2", 2, 3, [(0, 1)], 0.8)
    alone = [transient_ngspice(x, write_pulse(bias, 1e-4)) for x in layers]
    rest = write_pulse(bias, 1e-4)
    both = np.stack([rest.word, rest.word], axis=1)
    bits = np.stack([rest.bit, rest.bit], axis=1)
    stimulus = Stimulus(time=rest.time, word=both, bit=bits)
    result = transient_ngspice(Stack(layers, shared=False), stimulus)
    for k in range(2):
        assert result.final[k].w == pytest.approx(alone[k].final[0].w, abs=1e-4)
    shared = Stack([layers[0], layers[1].changed(voltages=[0.1, 0.1])])
    word = np.stack([rest.word, 0 * rest.word], axis=1)
    lower = transient_ngspice(shared, Stimulus(time=rest.time, word=word, bit=rest.bit))
    assert lower.states["w"].shape[0] == 2 and lower.currents.shape[0] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"time": [0.0, 1.0, 0.5]}, "increase"),
        ({"time": [1.0, 2.0, 3.0]}, "from 0"),
        ({"time": [0.0, 1e-9, 1.0]}, "too short"),
        ({"word": np.zeros((2, 2))}, r"word has the shape \(2, 2\)"),
        ({"word": np.zeros((3, 5))}, r"word has the shape \(3, 5\)"),
        ({"bit": np.full((3, 3), np.nan)}, "not finite"),
        ({"cycles": 0}, "0 cycles"),
        ({"cycles": 2, "word": [[0, 0], [1, 1], [1, 1]]}, "ends at the voltages"),
        ({"gate": np.zeros((3, 2))}, "without transistors"),
    ],
)
def test_a_stimulus_that_no_array_has_is_refused(change, words):
    given = {"time": [0.0, 1e-6, 2e-6], "word": np.zeros((3, 2)), "bit": np.zeros((3, 3))}
    with pytest.raises(ProtocolError, match=words) as caught:
        transient_ngspice(make(fixed()), Stimulus(**given | change))
    assert "\n" not in caught.value.message
