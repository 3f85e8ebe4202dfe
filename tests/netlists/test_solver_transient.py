"""Arrays over time in the fast engine: closed forms, a reference integrator, ngspice."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from compactmodels import integrate, protocols, registry
from compactmodels.card import ModelCard, load_card
from compactmodels.errors import InputError, SimulationError
from compactmodels.model import Branch, Model
from netlists.array import Crossbar, Faults
from netlists.arrays.stimulus import Stimulus
from netlists.arrays.transients import transient_ngspice
from netlists.solver import transient
from netlists.solver.described import transient_fast
from netlists.solver.nonlinear import solve_crossbar_card
from netlists.solver.transient import program_crossbar
from tests.netlists.solver_judge import judge, largest

SHAPE = np.array([0.0, 1.0, 1.0, 0.0, 0.0])


def pulse(width):
    return np.array([0.0, 0.02, 1.02, 1.04, 2.0]) * width


def half_select(n, v, row=1, col=2):
    word, bit = np.full(n, v / 2), np.full(n, v / 2)
    word[row], bit[col] = v, 0.0
    return SHAPE[:, np.newaxis] * word, SHAPE[:, np.newaxis] * bit


def start(m, n, seed=0):
    return np.random.default_rng(seed).uniform(0.1, 0.5, (m, n))


def resistor(g, cap=0.0):
    model = Model((Branch("r", registry.conduction("ohmic"), "on"),))
    return ModelCard("r", model, {}).with_values({"r_g": g, "gmin": 0.0, "cap": cap}, "assumed")


@pytest.mark.parametrize("name", ["hp", "yakopcic", "otj"])
def test_one_cell_is_the_reference_integrator(name) -> None:
    card, width = load_card(name), {"hp": 1e-2, "yakopcic": 1e-3, "otj": 1e-7}[name]
    v = {"hp": 1.2, "yakopcic": 1.2, "otj": 2.2}[name]
    applied = protocols.Protocol("transient", pulse(width), v * SHAPE, label="pulse")
    exact = integrate.respond(card, applied, w0=0.3, s0=0.0, points=4000)
    found = program_crossbar(
        card, [[0.3]], pulse(width), v * SHAPE[:, np.newaxis], 0.0, 0.0, every=True
    )
    assert np.abs(np.interp(found.kept, exact.time, exact.w) - found.w[:, 0, 0]).max() < 1e-4
    assert abs(exact.w[-1] - 0.3) > 1e-3
    away = np.abs(exact.time[:, np.newaxis] - pulse(width)).min(axis=1) > 1e-3 * width
    current = np.interp(exact.time, found.time, found.currents[:, 0])
    assert largest((current - exact.current)[away], exact.current) < 1e-3


def test_cells_that_share_lines_against_an_integrator() -> None:
    """Four memristors behind resistances that take half of the voltage, all rates in one ODE."""
    card, w0, time = load_card("hp"), start(2, 2), pulse(1e-2)
    v = np.array([2.5, 2.1])
    r = 3e3
    values = {**card.values, "cap": 0.0}
    card = card.with_values({"cap": 0.0}, "assumed")

    def cell_voltages(t, w):
        g = card.model.current(np.ones((2, 2)), values, w=w)
        _, _, at_word, at_bit = judge(g, np.interp(t, time, SHAPE) * v, 0.0, r, r)
        return at_word - at_bit

    def rates(t, y):
        w = y.reshape(2, 2)
        return np.ravel(card.model.rates(cell_voltages(t, w), w, 0.0, values)[0])

    y = w0.ravel()
    for a, b in itertools.pairwise(time):
        y = solve_ivp(rates, (a, b), y, rtol=1e-8, atol=1e-10, method="LSODA").y[:, -1]
    found = program_crossbar(card, w0, time, SHAPE[:, np.newaxis] * v, r, r)
    assert np.abs(y - w0.ravel()).max() > 5e-3
    assert np.abs(found.w[-1].ravel() - y).max() < 1e-5
    assert found.kept[-1] == time[-1] and found.steps < 200


@pytest.mark.parametrize("side", ["word", "bit", "cell"])
def test_a_line_that_charges(side) -> None:
    """One cell, its node and a ramp: the exact answer of an RC circuit."""
    ohm, farad, g, ramp = 1e3, 1e-12, 1e-3, 1e-9
    card = resistor(g, farad if side == "cell" else 0.0)
    time = np.array([0.0, ramp, 10e-9])
    lines = {"word": (ohm, 0.0), "bit": (0.0, ohm), "cell": (ohm, 0.0)}[side]
    more = {} if side == "cell" else {f"c_{side}": farad}
    found = program_crossbar(
        card, [[1.0]], time, [[0.0], [1.0], [1.0]], *lines, tolerance=1e-5, **more
    )
    # Seen from the node: the capacitance is charged through 1 kohm and discharged through 1 kohm.
    tau, share = farad * 0.5 * ohm, 0.5

    def node(t, of):
        """Response to the ramp of ``of`` volts."""

        def lag(x):
            return np.where(x > 0, x - tau * -np.expm1(-np.maximum(x, 0) / tau), 0.0)

        return of * share * (lag(t) - lag(t - ramp)) / ramp

    t = found.time
    source = np.interp(t, time, [0.0, 1.0, 1.0])
    if side == "word":
        expected = g * node(t, 1.0)
    elif side == "bit":  # the cell lies at the source, the line ends in virtual ground
        expected = node(t, 1.0) / ohm
    else:
        expected = (source - node(t, 1.0)) / ohm
    assert largest(found.currents[:, 0] - expected, expected) < 2e-4
    # Both ends of the run are at rest: what went in came out, but for what the capacitance holds.
    charge = np.trapezoid(found.word_currents[:, 0] - found.currents[:, 0], t)
    held = 0.0 if side == "cell" else farad * 0.5
    assert charge == pytest.approx(held, abs=2e-3 * farad)


def test_held_states_are_reads() -> None:
    card, w = resistor(1e-4), start(6, 5)
    found = program_crossbar(
        card, w, [0.0, 1.0, 2.0], volts := np.outer([0.1, 0.3, 0.2], np.ones(6)), 2.0, 3.0
    )
    for k, t in enumerate([0.0, 1.0, 2.0]):
        read = solve_crossbar_card(card, w, volts[k], 2.0, 3.0)
        assert largest(found.currents[found.time == t][0] - read.currents, read.currents) < 1e-9
    assert np.array_equal(found.w[-1], w)


def test_what_is_kept() -> None:
    card, w = load_card("hp"), start(3, 3)
    word, bit = half_select(3, 1.5)
    asked = [0.0, 3e-3, 1.2e-2]
    frozen = np.zeros((3, 3), dtype=bool)
    frozen[1, 2] = True
    seen = []
    found = program_crossbar(
        card,
        w,
        pulse(1e-2),
        word,
        5.0,
        5.0,
        bit_voltages=bit,
        times=asked,
        frozen=frozen,
        progress=seen.append,
    )
    assert np.array_equal(found.kept, [*asked, 2e-2])
    assert found.w.shape == (4, 3, 3) and found.cell_voltages.shape == (4, 3, 3)
    assert np.array_equal(found.w[0], w) and (found.w[:, 1, 2] == w[1, 2]).all()
    assert found.w[-1, 1, 1] != w[1, 1] and seen[-1] == 1.0
    power = (found.word_currents[:, 1] * np.interp(found.time, pulse(1e-2), 1.5 * SHAPE)).sum()
    assert power > 0 and found.energy > 0


def test_tolerance_is_kept() -> None:
    """A looser run differs from a tight one by no more than its tolerance says."""
    card, w = load_card("yakopcic"), start(4, 4)
    word, bit = half_select(4, 1.5)
    runs = [
        program_crossbar(
            card, w, pulse(1e-3), word, 20.0, 20.0, bit_voltages=bit, tolerance=tolerance
        )
        for tolerance in (1e-3, 1e-4, 1e-5)
    ]
    errors = [np.abs(run.w[-1] - runs[2].w[-1]).max() for run in runs[:2]]
    assert errors[0] < 5e-3 and errors[1] < 5e-4
    assert runs[0].steps < runs[1].steps < runs[2].steps


# ----------------------------------------------------------------------------------------- ngspice


def against_ngspice(crossbar, stimulus, tolerance=1e-3):
    ours = transient_fast(crossbar, stimulus)
    theirs = transient_ngspice(crossbar, stimulus, accuracy=1e-6)
    corners = np.concatenate(
        [stimulus.time + k * stimulus.duration for k in range(stimulus.cycles)]
    )
    # At a corner a capacitance's current steps, and either engine has its points where it likes.
    grain = 1e-3 * stimulus.duration / stimulus.cycles
    away = np.abs(theirs.time[:, np.newaxis] - corners).min(axis=1) > grain
    for name in ("currents", "word_currents"):
        a, b = getattr(ours, name)[0], getattr(theirs, name)[0]
        same = np.array([np.interp(theirs.time, ours.time, y) for y in a.T]).T
        assert largest((same - b)[away], b) < tolerance
    for name in crossbar.card.model.states:
        assert np.abs(getattr(ours.final[0], name) - getattr(theirs.final[0], name)).max() < 2e-4
    assert ours.energy == pytest.approx(theirs.energy, rel=5e-3)
    return ours


def described(card, n, width, v, **more):
    word, bit = half_select(n, v)
    options = {"r_word": 5.0, "r_bit": 5.0, **more}
    crossbar = Crossbar(rows=n, cols=n, card=card, w=start(n, n), voltages=np.zeros(n), **options)
    return crossbar, Stimulus(time=pulse(width), word=word, bit=bit)


@pytest.mark.needs_ngspice
@pytest.mark.parametrize(
    ("name", "n", "width", "v"),
    [("otj", 5, 5e-8, 2.2), ("hp", 6, 1e-2, 1.5), ("stanford-pku", 4, 1e-6, 1.5)],
)
def test_a_half_selected_write_in_ngspice(name, n, width, v) -> None:
    ours = against_ngspice(*described(load_card(name), n, width, v))
    assert ours.engine == "fast" and ours.states["w"].shape[2:] == (n, n)


@pytest.mark.needs_ngspice
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n", "width", "v"),
    [
        ("otj", 16, 5e-8, 2.2),
        ("yakopcic", 16, 1e-3, 1.5),
        ("ohp-n1", 8, 1e-2, 2.0),
        ("mose2", 8, 1e-3, 2.0),
        ("vteam", 8, 1e-3, 1.5),
    ],
)
def test_more_cells_in_ngspice(name, n, width, v) -> None:
    against_ngspice(*described(load_card(name), n, width, v))


@pytest.mark.needs_ngspice
@pytest.mark.slow
def test_capacitances_faults_and_cycles_in_ngspice() -> None:
    faults = Faults(
        rows=4, cols=4, stuck_on=[(1, 2)], open_cells=[(0, 0)], shorted_cells=[(3, 1)], r_short=1e3
    )
    more = {
        "faults": faults,
        "c_word": 1e-12,
        "c_bit": 2e-12,
        "r_source": 200.0,
        "word_drive": "both",
    }
    crossbar, stimulus = described(load_card("otj"), 4, 5e-8, 2.2, **more)
    against_ngspice(crossbar, stimulus.repeated(2))


# --------------------------------------------------------------------------------------- bad input


def test_what_is_refused() -> None:
    given = {
        "card": resistor(1e-4),
        "w": start(3, 4),
        "time": [0.0, 1.0],
        "voltages": np.ones((2, 3)),
    }

    def refused(match, **changes):
        with pytest.raises(InputError, match=match):
            program_crossbar(**{**given, "r_word": 1.0, "r_bit": 1.0, **changes})

    refused("time has the shape .* increase", time=[0.0, 0.0])
    refused("time has the shape", time=[0.0])
    refused(r"voltages has the shape \(3,\): \(2, 3\)", voltages=np.ones(3))
    refused(r"voltages has the shape \(3, 3\)", voltages=np.ones((3, 3)))
    refused("times reach from 0.5 to 2 s", times=[0.5, 2.0])
    refused(r"frozen has the shape \(3,\)", frozen=np.ones(3, dtype=bool))
    refused("c_word is -1 F", c_word=-1.0)
    refused(r"c_bit has the shape \(3,\)", c_bit=np.ones(3))
    refused("tolerance is 2", tolerance=2)


def test_a_run_that_cannot_go_on_says_so(monkeypatch) -> None:
    monkeypatch.setattr(transient, "SHORTEST", 0.5)
    word, bit = half_select(3, 1.5)
    with pytest.raises(SimulationError, match="could not be followed beyond t = ") as error:
        program_crossbar(
            load_card("stanford-pku"),
            start(3, 3),
            pulse(1e-6),
            word,
            5.0,
            5.0,
            bit_voltages=bit,
            tolerance=1e-9,
        )
    assert error.value.code == "no_convergence"
