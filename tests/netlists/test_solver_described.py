"""The fast engine against ngspice on descriptions: every topology, stacks, selectors that move."""

from __future__ import annotations

import numpy as np
import pytest

from compactmodels.errors import InputError, ProtocolError, SimulationError
from netlists.array import (
    Faults,
    Selector,
    Stack,
    Transistor,
    differential_pairs,
    draw_states,
    scheme_voltages,
    threshold_selector,
)
from netlists.arrays.reads import read_ngspice, read_stack_ngspice
from netlists.arrays.stimulus import Stimulus, read_pulse, write_pulse
from netlists.arrays.transients import transient_ngspice
from netlists.solver import rest
from netlists.solver.described import read_fast, read_stack_fast, transient_fast
from tests.netlists import test_array_transients as pulses
from tests.netlists.solver_judge import judge, largest
from tests.netlists.test_array_topologies import OPTIONS, G, layer, make, ohmic, sinh, threshold_law

TOLERANCE = {ohmic: 1e-9, sinh: 1e-6}
VALUES = ("currents", "word_currents", "cell_voltages", "word_voltages", "bit_voltages")


def same(ours, theirs, tolerance, names=VALUES):
    for name in names:
        a, b = getattr(ours, name), getattr(theirs, name)
        assert a.shape == b.shape, name
        assert largest(a - b, b) < tolerance, name
    assert largest(ours.ideal - theirs.ideal, theirs.ideal) < 1e-12
    assert ours.engine == "fast"


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("card", [ohmic, sinh])
def test_every_topology(card, name) -> None:
    x = make(card(), **OPTIONS[name])
    same(read_fast(x), read_ngspice(x), TOLERANCE[card])


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("scheme", ["v/2", "v/3"])
def test_write_schemes(scheme) -> None:
    bias = scheme_voltages(scheme, 3, 4, [(1, 2)], 0.6)
    x = make(sinh(), voltages=bias.word, bit_voltages=bias.bit)
    same(read_fast(x), read_ngspice(x), 1e-6)


@pytest.mark.needs_ngspice
def test_differential_pairs() -> None:
    weights = np.array([[0.5, -1.0, 0.25], [-0.3, 0.7, 0.9]])
    found = differential_pairs(weights, ohmic(), g_low=2e-6, g_high=8e-5)
    x = make(ohmic(), cols=4, w=found.w, r_word=1.0, r_bit=1.0)
    ours, theirs = read_fast(x), read_ngspice(x)
    y = found.output(ours.currents)
    assert largest(y - found.output(theirs.currents), y) < 1e-9
    assert largest(y - weights @ x.voltages, y) < 2e-3  # what the lines lose


# ----------------------------------------------------------------------------------------- stacks


def stacked(*cards, **options):
    """Layers that share planes; what a plane is, both of its layers say."""
    top = {"voltages": [0.1, 0.2, -0.1], "r_word": 40.0}
    side = {"bit_voltages": 0.05, "r_bit": 10.0, "r_sense": 3.0}
    own = [{}, top, {**top, **side}, {**side, "voltages": [0.2, 0.0, 0.1], "r_source": 30.0}]
    return Stack([layer(c, k, **own[k], **options) for k, c in enumerate(cards)])


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("card", [ohmic, sinh])
def test_layers_that_share_planes(card, count) -> None:
    stack = stacked(*[card(f"card{k}") for k in range(count)])
    names = (*VALUES, "device_voltages")
    same(read_stack_fast(stack), read_stack_ngspice(stack), TOLERANCE[card], names)


@pytest.mark.needs_ngspice
def test_layers_of_several_cards_with_faults_and_selectors() -> None:
    def faulty(k):
        return Faults(
            rows=3, cols=4, stuck_on=[(0, k)], open_cells=[(1, k)], shorted_cells=[(2, k)],
            broken_word=[(2, 3)], broken_bit=[(1, 1)], bridged_word=[(0, 1), (1, 3)],
            bridged_bit=[(2, 0), (0, 2)], r_short=20.0,
        )  # fmt: skip

    held = Selector(card=threshold_selector(), w=0.8, hold=True)
    selectors = [None, held, Selector(card=sinh("behind"), w=0.7)]
    base = stacked(ohmic(), sinh("other"), ohmic("third"))
    layers = [x.changed(faults=faulty(k), selector=selectors[k]) for k, x in enumerate(base.layers)]
    stack = Stack(layers)
    same(read_stack_fast(stack), read_stack_ngspice(stack), 1e-6)


@pytest.mark.needs_ngspice
def test_layers_with_lines_of_their_own() -> None:
    stack = Stack([layer(ohmic(), 1), layer(sinh("other"), 2, r_word=9.0)], shared=False)
    same(read_stack_fast(stack), read_stack_ngspice(stack), 1e-6)


# -------------------------------------------------------------------------------- selectors that move


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("card", [ohmic, sinh])
def test_selectors_come_to_rest(card) -> None:
    """Those of the second row fire, and stay between on and off, which voltage alone would not hold."""
    x = make(card(), voltages=[0.3, 0.9, 0.3], selector=Selector(card=threshold_selector()))
    same(read_fast(x), read_ngspice(x), 1e-6, (*VALUES, "device_voltages"))


@pytest.mark.parametrize("r", [1.0, 20.0])
def test_many_selectors_come_to_rest(r) -> None:
    """What ngspice does not find in minutes: the law written out is at rest, and Kirchhoff's holds."""
    n = 16
    volts = np.random.default_rng(0).choice([0.3, 0.9], n)
    chosen = Selector(card=threshold_selector())
    x = make(ohmic(), rows=n, cols=n, w=draw_states(n, n, 0), voltages=volts, selector=chosen)
    found = read_fast(x.changed(r_word=r, r_bit=r))
    u, v = found.device_voltages, found.cell_voltages
    current = linear_device_current(x.w, u)
    states = 1 + np.log10(current / (v - u) / 1e-3) / 5
    law = np.vectorize(threshold_law)(v - u, states)
    assert np.abs(1e-7 * law).max() < 1e-6
    assert (states[volts > 0.5] > 0.3).any() and (states[volts < 0.5] < 0.01).all()
    bits = judge(current / v, volts, 0.0, r, r)[0]
    assert largest(found.currents - bits, bits) < 1e-9


def linear_device_current(w, u):
    return (G * w + 1e-7) * u


def test_selectors_that_find_no_rest_say_so(monkeypatch) -> None:
    monkeypatch.setattr(rest, "STEPS", 3)
    x = make(ohmic(), voltages=[0.3, 0.9, 0.3], selector=Selector(card=threshold_selector()))
    with pytest.raises(SimulationError, match="3 x 4 cells did not come to rest") as error:
        read_fast(x)
    assert error.value.code == "no_convergence"


def followed(array, stimulus, tolerance=1e-4):
    ours = transient_fast(array, stimulus, tolerance=tolerance)
    theirs = transient_ngspice(array, stimulus, accuracy=1e-6)
    corners = [stimulus.time + k * stimulus.duration for k in range(stimulus.cycles)]
    away = np.abs(theirs.time[:, np.newaxis] - np.concatenate(corners)).min(axis=1)
    away = away > 1e-3 * stimulus.duration
    for name in ("currents", "word_currents"):
        assert getattr(ours, name).shape[::2] == getattr(theirs, name).shape[::2]
        for a, b in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            found = np.array([np.interp(theirs.time, ours.time, y) for y in a.T]).T
            assert largest((found - b)[away], getattr(theirs, name)) < 1e-3, name
    assert ours.states.keys() == theirs.states.keys()
    for x, y in zip(ours.final, theirs.final, strict=True):
        assert x.w == pytest.approx(y.w, abs=1e-4)
        if isinstance(y.selector, Selector):
            assert x.selector.w == pytest.approx(y.selector.w, abs=1e-4)
    assert ours.energy == pytest.approx(theirs.energy, rel=2e-3)
    return ours


FIRING = threshold_selector(rate=1e7, tau=1e-6)


@pytest.mark.needs_ngspice
def test_selectors_fire_and_let_go() -> None:
    x = pulses.make(pulses.fixed(), selector=Selector(card=FIRING), voltages=[0.9, 0.3])
    found = followed(x, read_pulse(x, 3e-6, edge=1e-7, rest=6e-6))
    assert found.states["sel_w"].max() > 0.7


@pytest.mark.needs_ngspice
@pytest.mark.slow
def test_selectors_with_capacitances() -> None:
    """At the node between device and selector too; tighter, since currents step as these charge."""
    x = pulses.make(
        pulses.fixed().with_values({"cap": 3e-13}, "assumed"),
        selector=Selector(card=FIRING.with_values({"cap": 1e-12}, "assumed")),
        voltages=[0.9, 0.3],
        c_word=1e-13,
        c_bit=2e-13,
    )
    followed(x, read_pulse(x, 3e-6, edge=1e-7, rest=6e-6), tolerance=3e-5)


def layers_and_pulse(**options):
    bias = scheme_voltages("v/2", 2, 3, [(0, 1)], 0.8)
    low = {"voltages": [0.1, 0.1], "w": np.full((2, 3), 0.3)}
    layers = [pulses.make(pulses.moving(), **x, **options) for x in ({}, low)]
    return layers, write_pulse(bias, 1e-4)


@pytest.mark.needs_ngspice
def test_layers_over_time() -> None:
    layers, one = layers_and_pulse()
    both = (np.stack([side, side], axis=1) for side in (one.word, one.bit))
    word, bit = both
    followed(Stack(layers, shared=False), Stimulus(time=one.time, word=word, bit=bit))


@pytest.mark.needs_ngspice
@pytest.mark.slow
def test_layers_that_share_planes_over_time() -> None:
    layers, one = layers_and_pulse(c_bit=1e-12)
    chosen = threshold_selector(v_threshold=0.2, v_hold=0.1, rate=1e7, tau=1e-6)
    layers[0] = layers[0].changed(c_word=1e-12)
    layers[1] = layers[1].changed(selector=Selector(card=chosen))
    word = np.stack([one.word, 0 * one.word], axis=1)
    found = followed(Stack(layers), Stimulus(time=one.time, word=word, bit=one.bit))
    assert found.states["w"].shape[0] == 2 and found.currents.shape[0] == 1


# --------------------------------------------------------------------------------------- bad input


def test_what_only_ngspice_has() -> None:
    def refused(match, run, *arguments):
        with pytest.raises(InputError, match=match) as error:
            run(*arguments)
        assert error.value.code == "engine_lacks"

    gated = make(sinh(), selector=Transistor(gate=2.0))
    refused("no transistors: use ngspice", read_fast, gated)
    refused("no transistors: use ngspice", transient_fast, gated, read_pulse(gated, 1e-6))
    refused("a Crossbar or a Stack, not a str", read_stack_fast, "otj")
    layers = [
        layer(ohmic(), k, faults=Faults(rows=3, cols=4, bridged_bit=[(0, 0)], r_short=ohm))
        for k, ohm in enumerate((1.0, 2.0))
    ]
    refused("bridges of one resistance", read_stack_fast, Stack(layers))


def test_what_is_refused() -> None:
    x = make(ohmic())
    with pytest.raises(InputError, match="a Stack is read by read_stack_fast"):
        read_fast(Stack([x]))  # type: ignore[arg-type]
    time, word, bit = [0.0, 1e-6], np.zeros((2, 3)), np.zeros((2, 4))

    def refused(match, **changes):
        given = {"time": time, "word": word, "bit": bit, **changes}
        with pytest.raises(ProtocolError, match=match):
            transient_fast(x, Stimulus(**given))

    refused(r"word has the shape \(2, 5\): \(2, 3\) is expected", word=np.zeros((2, 5)))
    refused(r"bit has the shape \(2, 2, 4\): \(2, 4\)", bit=np.zeros((2, 2, 4)))
    refused("without transistors", gate=np.zeros((2, 3)))
    with pytest.raises(ProtocolError, match=r"word has the shape \(2, 3\): \(2, 2, 3\)"):
        transient_fast(Stack([x, x, x]), Stimulus(time=time, word=word, bit=np.zeros((2, 2, 4))))
