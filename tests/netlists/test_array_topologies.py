"""Every option of an array's lines, cells and faults, in ngspice against equations written out in the tests."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.optimize import root

from compactmodels import registry
from compactmodels.card import ModelCard
from compactmodels.model import Branch, Model
from netlists.array import (
    Crossbar,
    Faults,
    Selector,
    Stack,
    Transistor,
    draw_states,
    threshold_selector,
)
from netlists.crossbar import read_ngspice, read_stack_ngspice
from tests.netlists.array_judge import (
    Circuit,
    answers,
    build_cells,
    build_lines,
    judge,
    largest,
)

ROWS, COLS = 3, 4
G, V0 = 1e-4, 0.1


def ohmic(name="bitcell"):
    branch = Branch("lrs", registry.conduction("ohmic"), "on")
    values = {"lrs_g": G, "gmin": 1e-7}
    return ModelCard(name, Model((branch,)), {}).with_values(values, "assumed")


def sinh(name="bitcell"):
    branch = Branch("lrs", registry.conduction("sinh"), "on")
    values = {"lrs_g": G, "lrs_v0": V0, "gmin": 1e-7}
    return ModelCard(name, Model((branch,)), {}).with_values(values, "assumed")


def states_of(x):
    return np.where(x.faults.stuck_on, 1.0, np.where(x.faults.stuck_off, 0.0, x.w))


def linear_device(x):
    w, g = states_of(x), x.parameters.get("lrs_g", np.full(x.w.shape, G))
    return lambda i, j: 1 / (w[i, j] * g[i, j] + 1e-7)


def sinh_device(x):
    w, g = states_of(x), x.parameters.get("lrs_g", np.full(x.w.shape, G))
    return lambda i, j: lambda v: w[i, j] * g[i, j] * V0 * np.sinh(v / V0) + 1e-7 * v


def make(card, **options):
    given = {
        "rows": ROWS,
        "cols": COLS,
        "w": draw_states(ROWS, COLS, 3, low=0.1),
        "voltages": [0.3, -0.2, 0.25],
        "r_word": 100.0,
        "r_bit": 300.0,
    }
    return Crossbar(card=card, **given | options)


def faults(**places):
    return Faults(rows=ROWS, cols=COLS, **places)


OPTIONS = {
    "plain": {},
    "by line": {"r_word": [50.0, 0.0, 700.0], "r_bit": [0.0, 20.0, 900.0, 5.0]},
    "source and sense": {"r_source": 1000.0, "r_sense": [0.0, 50.0, 2000.0, 1e4]},
    "ideal lines behind resistors": {"r_word": 0.0, "r_bit": 0.0, "r_source": 1e3, "r_sense": 2e3},
    "ideal lines": {"r_word": 0.0, "r_bit": 0.0},
    "both sides": {"word_drive": "both", "bit_drive": "both"},
    "both sides, ideal": {"word_drive": "both", "bit_drive": "both", "r_word": 0.0, "r_bit": 0.0},
    "both sides behind resistors": {
        "word_drive": "both", "bit_drive": "both", "r_source": 40.0, "r_sense": 80.0,
    },
    "the other ends": {"word_drive": "end", "bit_drive": "start", "r_source": 7.0, "r_sense": 9.0},
    "floating": {
        "word_drive": ["start", "floating", "both"],
        "bit_drive": ["end", "floating", "start", "floating"],
    },
    "ideal and floating": {
        "r_word": 0.0, "r_bit": 0.0, "word_drive": ["start", "floating", "end"],
        "bit_drive": ["end", "floating", "both", "floating"],
    },
    "bit voltages": {"bit_voltages": [0.1, -0.3, 0.0, 0.2], "r_sense": 10.0},
    "stuck": {"faults": faults(stuck_on=[(0, 0), (2, 3)], stuck_off=[(1, 1)])},
    "open and shorted": {"faults": faults(open_cells=[(0, 1)], shorted_cells=[(2, 2)], r_short=3.0)},
    "broken lines": {
        "faults": faults(broken_word=[(0, 2), (1, 0)], broken_bit=[(3, 0), (1, 2)]),
    },
    "broken ideal lines": {
        "r_word": 0.0, "r_bit": 0.0,
        "faults": faults(broken_word=[(0, 2), (1, 0)], broken_bit=[(3, 0), (1, 2)]),
    },
    "broken ideal lines, both sides": {
        "r_word": 0.0, "r_bit": 0.0, "word_drive": "both", "bit_drive": "both",
        "faults": faults(broken_word=[(0, 2), (1, 0)], broken_bit=[(3, 0), (1, 2)]),
    },
    "bridges": {"faults": faults(bridged_word=[(0, 1)], bridged_bit=[(2, 0), (0, 2)], r_short=20.0)},
    "parameters by cell": {"parameters": {"lrs_g": G * draw_states(ROWS, COLS, 9, low=0.2)}},
}  # fmt: skip


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("form", ["auto", "subcircuit", "osdi"])
@pytest.mark.parametrize("name", OPTIONS)
def test_linear_cells_in_every_topology(name, form):
    x = make(ohmic(), **OPTIONS[name])
    bits, words, word, bit = judge(x, linear_device(x))
    result = read_ngspice(x, form=form)
    assert largest(result.currents - bits, bits) <= 1e-9
    assert largest(result.word_currents - words, bits) <= 1e-9
    assert largest(result.word_voltages - word, word) <= 1e-9
    assert largest(result.bit_voltages - bit, word) <= 1e-9


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("name", OPTIONS)
def test_non_linear_cells_in_every_topology(name):
    x = make(sinh(), **OPTIONS[name])
    bits, words, word, bit = judge(x, sinh_device(x))
    result = read_ngspice(x)
    assert largest(result.currents - bits, bits) <= 1e-6
    assert largest(result.word_currents - words, bits) <= 1e-6
    assert largest(result.word_voltages - word, word) <= 1e-6
    assert largest(result.bit_voltages - bit, word) <= 1e-6


def test_every_option_changes_something():
    plain = judge(make(ohmic()), linear_device(make(ohmic())))[0]
    for name, options in OPTIONS.items():
        if name != "plain":
            x = make(ohmic(), **options)
            assert largest(judge(x, linear_device(x))[0] - plain, plain) > 1e-4, name


# ----------------------------------------------------------------------------------------- stacks


def layer(card, seed, **options):
    return make(card, w=draw_states(ROWS, COLS, seed, low=0.1), **options)


def stack_judge(layers, planes, device):
    """``planes``: for each layer the names of its word plane and bit plane."""
    c = Circuit()
    built = set()
    for x, sides in zip(layers, planes):
        for kind, tag in zip(("word", "bit"), sides):
            if tag not in built:
                build_lines(c, x, kind, tag)
                built.add(tag)
    for x, (word, bit) in zip(layers, planes):
        build_cells(c, x, device(x), word=f"{word}word", bit=f"{bit}bit")
    v = c.solve()
    return [answers(c, v, x, f"{word}word", f"{bit}bit") for x, (word, bit) in zip(layers, planes)]


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("card", [ohmic, sinh])
def test_layers_that_share_planes(card):
    top = {"voltages": [0.1, 0.2, -0.1], "r_word": 40.0}
    layers = [
        layer(card(), 1),
        layer(card(), 2, **top),
        layer(card(), 3, **top, bit_voltages=0.05, r_bit=10.0, r_sense=3.0),
    ]
    stack = Stack(layers)
    assert [kind for kind, _ in stack.planes] == ["word", "bit", "word", "bit"]
    device = linear_device if card is ohmic else sinh_device
    found = stack_judge(layers, [("a", "b"), ("c", "b"), ("c", "d")], device)
    result = read_stack_ngspice(stack)
    tolerance = 1e-9 if card is ohmic else 1e-6
    bits, words = np.array([found[0][0], found[2][0]]), np.array([found[0][1], found[1][1]])
    assert largest(result.currents - bits, bits) <= tolerance
    assert largest(result.word_currents - words, bits) <= tolerance
    drops = np.array([f[2] - f[3] for f in found])
    assert largest(result.cell_voltages - drops, drops) <= tolerance


@pytest.mark.needs_ngspice
def test_layers_with_lines_of_their_own_are_arrays_of_their_own():
    layers = [layer(ohmic(), 1), layer(sinh("other"), 2, r_word=9.0)]
    result = read_stack_ngspice(Stack(layers, shared=False))
    for k, x in enumerate(layers):
        alone = read_ngspice(x)
        assert largest(result.currents[k] - alone.currents, alone.currents) <= 1e-9
        assert largest(result.ideal[k] - alone.ideal, alone.ideal) <= 1e-12


@pytest.mark.needs_ngspice
def test_a_shared_plane_adds_the_ideal_currents_of_both_layers():
    layers = [layer(ohmic(), 1, r_word=0.0, r_bit=0.0), layer(ohmic(), 2, r_word=0.0, r_bit=0.0)]
    result = read_stack_ngspice(Stack(layers))
    assert result.currents.shape == (1, COLS)
    assert result.currents == pytest.approx(result.ideal, rel=1e-12)


# -------------------------------------------------------------------------------------- selectors


def square_law(gate, beta=200e-6, vt=0.5, slope=0.02):
    """Shichman and Hodges's transistor, drain and source as the voltages have it; bulk at 0."""

    def forward(vgs, vds):
        over = vgs - vt
        if over <= 0:
            return 0.0
        if vds < over:
            return beta * (1 + slope * vds) * vds * (over - vds / 2)
        return beta / 2 * (1 + slope * vds) * over**2

    def current(vd, vs):
        return forward(gate - vs, vd - vs) if vd >= vs else -forward(gate - vd, vs - vd)

    return lambda a, b: (current(a, b), -current(a, b))


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("along", ["word", "bit"])
@pytest.mark.parametrize("card", [ohmic, sinh])
def test_a_transistor_in_every_cell(card, along):
    gates = np.array([1.5, 0.7, 1.1, 0.8])[: ROWS if along == "word" else COLS]
    x = make(card(), selector=Transistor(gate=gates, along=along))
    device = linear_device if card is ohmic else sinh_device

    def selector(c, i, j, m, n):
        c.law([m, n], square_law(gates[i if along == "word" else j]))

    bits, _, word, _ = judge(x, device(x), selector)
    result = read_ngspice(x)
    assert largest(result.currents - bits, bits) <= 1e-6
    assert largest(result.word_voltages - word, word) <= 1e-6
    open_gates = read_ngspice(x.changed(selector=None)).currents
    assert largest(result.currents - open_gates, bits) > 0.05  # the transistors do matter


@pytest.mark.needs_ngspice
def test_a_transistor_of_the_users():
    model = """* of a process
    .model mynmos nmos (level=1 vto=0.3 kp=100u
    +  lambda=0 gamma=0 is=1e-18)"""
    x = make(ohmic(), selector=Transistor(gate=1.2, model=model, width=3e-6, length=0.5e-6))

    def selector(c, i, j, m, n):
        c.law([m, n], square_law(1.2, beta=100e-6 * 6, vt=0.3, slope=0.0))

    bits = judge(x, linear_device(x), selector)[0]
    assert largest(read_ngspice(x).currents - bits, bits) <= 1e-6


def softplus(x):
    return np.logaddexp(0.0, x)


def threshold_law(volts, state, k=1e9, vt=0.5, vh=0.2, u=0.02, tau=1e-7, smooth=0.01):
    """Rate of the selector's state, written out."""

    def overdrive(v):
        p = max(v, 0.0)
        drive = p**3 / (p**2 + smooth**2)
        theta = vt - (vt - vh) * state
        return softplus((drive - theta) / u) - softplus(-theta / u)

    return k * (overdrive(volts) + overdrive(-volts)) * (1 - state) - state / tau


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("hold", [False, True])
def test_a_threshold_selector_in_every_cell(hold):
    # 0.3 V lets no selector fire, 0.9 V those of the second row.
    start = 0.3 if hold else 0.0
    x = make(
        ohmic(),
        voltages=[0.3, 0.9, 0.3],
        selector=Selector(card=threshold_selector(), hold=hold, w=start),
    )

    def conductance(state):
        return 1e-3 * 10 ** (5 * (state - 1))

    def network(states):
        c = Circuit()
        build_lines(c, x, "word")
        build_lines(c, x, "bit")

        def selector(c, i, j, m, n):
            c.wire(m, n, 1 / conductance(states[i, j]))

        build_cells(c, x, linear_device(x), selector)
        return c, c.solve()

    def imbalance(flat):
        states = flat.reshape(x.w.shape)
        _, v = network(states)
        return [
            1e-7 * threshold_law(v[("wordbit", "m", i, j)] - v[("bit", j, i)], states[i, j])
            for i in range(ROWS)
            for j in range(COLS)
        ]

    states = np.full(x.w.shape, start)
    if not hold:
        first = np.zeros(x.w.shape)
        first[1] = 0.85
        found = root(imbalance, first.ravel(), tol=1e-13)
        assert np.abs(found.fun).max() < 1e-9
        states = found.x.reshape(x.w.shape)
        assert (states[1] > 0.5).all() and (states[[0, 2]] < 0.01).all()
    c, v = network(states)
    bits, _, word, _ = answers(c, v, x)
    result = read_ngspice(x)
    assert largest(result.currents - bits, bits) <= 1e-6
    between = np.array([[v[("wordbit", "m", i, j)] for j in range(COLS)] for i in range(ROWS)])
    assert largest(result.device_voltages - (word - between), word) <= 1e-6


# --------------------------------------------------------------------- a second judge, where there is one


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("lines", [(1.0, 1.0), (30.0, 5.0), (0.0, 10.0), (10.0, 0.0)])
def test_badcrossbar_gives_the_same_currents(lines):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        badcrossbar = pytest.importorskip("badcrossbar")
    if not callable(getattr(badcrossbar, "compute", None)):
        pytest.skip("badcrossbar is installed without what its solver needs")
    x = make(ohmic(), r_word=lines[0], r_bit=lines[1])
    resistances = 1.0 / (G * x.w + 1e-7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solution = badcrossbar.compute(
            x.voltages[:, None], resistances, r_i_word_line=lines[0], r_i_bit_line=lines[1]
        )
    theirs = np.asarray(solution.currents.output).ravel()
    assert largest(read_ngspice(x).currents - theirs, theirs) <= 1e-9
