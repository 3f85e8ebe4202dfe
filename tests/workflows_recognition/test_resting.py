"""Devices that forget while they learn: tables against the equations, the kernel against NumPy, and what it costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compactmodels import fast, load_card
from compactmodels.errors import InputError
from compactmodels.protocol_sequence import from_document
from compactmodels.workflows.recognition import states as state_tables
from compactmodels.workflows.recognition.compiled import kernels, stream
from compactmodels.workflows.recognition.device import ideal, kept, memory_of, of_card
from compactmodels.workflows.recognition.images import bundled
from compactmodels.workflows.recognition.inference import conductances
from compactmodels.workflows.recognition.resting import with_rests
from compactmodels.workflows.recognition.run import document, recognise
from compactmodels.workflows.recognition.settings import Hardware, Network
from compactmodels.workflows.recognition.training import noises

SMALL = bundled().first(150, 80)
BRIEF = Network(hidden=6, epochs=1)


@pytest.fixture(scope="module")
def mose2():
    return of_card(load_card("mose2"))


@pytest.fixture(scope="module")
def states(mose2):
    return memory_of(mose2).over(mose2.law, 0.1)


def maps_of(states):
    tables = (states.w, states.s, states.x, states.up, states.down, states.rest)
    return (*tables, *states.directories(), states.idle_up, states.idle_down)


def test_a_course_of_pulses_and_rests_is_the_equations(mose2, states):
    """Another course than the one that sets the grid, by the integrator in one run of the whole waveform."""
    card = mose2.memory.card
    # published: 50 ms wide and 50 ms apart; readings lie in the middle of the gaps
    pulse = {
        "kind": "pulses",
        "width": 0.05,
        "gap": 0.025,
        "edge": 0.001,
        "tail": 0.025,
        "number": 1,
    }
    by_table, steps, read, ends = states.at(np.array(0.4)), [], [], []
    w, s = (float(y) for y in by_table)
    for which in np.random.default_rng(4).choice(3, 60, p=(0.3, 0.2, 0.5)):
        by_table = states.moved(by_table, (states.up, states.down, states.rest)[which])
        volts = 3.0 if which == 0 else -3.0
        rest = {"kind": "rest", "duration": 0.1}
        steps.append(rest if which == 2 else pulse | {"amplitude": volts})
        ends.append(0.1 if which == 2 else 0.102)
        read.append(float(states.read(by_table)))
    waveform = from_document({"kind": "sequence", "steps": steps})
    found = fast.respond(card, waveform, w0=w, s0=s, tolerance=1e-9)
    at = np.cumsum(ends)
    w, s = (np.interp(at, found.time, y) for y in (found.w, found.s))
    g = np.asarray(card.model.current(0.1, card.values, w=w, s=s)) / 0.1
    np.testing.assert_allclose(read, (g - mose2.law.low) / mose2.window, atol=0.005)
    assert states.error < state_tables.WITHIN


def test_the_kernel_reads_the_tables(states):
    """Against the same interpolation in NumPy, at states inside and outside the visited range."""
    k, maps, rng = kernels("state_kernels"), maps_of(states), np.random.default_rng(1)
    at = np.concatenate([states.at(rng.uniform(-0.2, 1.2, 200)), rng.uniform(size=(200, 2))])
    at = np.concatenate([at, [[0.0, 0.0], [1.0, 1.0], [states.w[7], states.s[9]]]])
    seen = [k.conductance(w, s, maps) for w, s in at]
    np.testing.assert_allclose(seen, states.read(at), rtol=1e-12, atol=1e-12)
    for table, up in ((states.up, True), (states.down, False)):
        ends = [k.struck(w, s, 1, 1.0, up, maps, 0.0, stream(rng)) for w, s in at]
        np.testing.assert_allclose(ends, states.moved(at, table), rtol=1e-12, atol=1e-15)
    pairs = np.ascontiguousarray(at[:400].reshape(2, 20, 10, 2))
    before = pairs.copy()
    pace = np.ones((2, 20, 10))
    pace[0, 3, 4] = 0.0  # stuck: does not forget either
    k.rest(pairs, pace, maps)
    expected = states.moved(before, states.rest)
    expected[0, 3, 4] = before[0, 3, 4]
    np.testing.assert_allclose(pairs, expected, rtol=1e-12, atol=1e-15)


def test_a_pulse_scatters_by_its_kick(states):
    k, maps, kick = kernels("state_kernels"), maps_of(states), 0.003
    w, s = states.at(np.array(0.5))
    rng = stream(np.random.default_rng(3))
    ends = np.array([k.struck(w, s, 1, 1.0, True, maps, kick, rng) for _ in range(4000)])
    x = states.read(ends)
    mean = float(states.read(states.moved(np.array([w, s]), states.up)))
    assert np.std(x) == pytest.approx(kick, rel=0.05)
    weak = k.struck(
        w, s, 1, 0.1, True, maps, 0.0, rng
    )  # a tenth of what the pulse does, and all of its time
    idle, full = (states.moved(np.array([w, s]), t) for t in (states.idle_up, states.up))
    np.testing.assert_allclose(weak, 0.9 * idle + 0.1 * full, rtol=1e-9, atol=1e-12)
    assert np.mean(x) == pytest.approx(mean, abs=4 * kick / np.sqrt(4000) + 1e-4)


@pytest.fixture(scope="module")
def perovskite():
    device = of_card(load_card("ohp-n3"))
    return device, memory_of(device).over(device.law, 1e-6)


def test_where_a_pulse_makes_up_for_its_own_time_it_scatters_no_more_than_elsewhere(perovskite):
    """A depressing pulse that leaves x as it was still does something: against the time that it takes."""
    states = perovskite[1]
    k, maps, kick = kernels("state_kernels"), maps_of(states), 0.005
    at = np.column_stack([np.full(2000, 0.37), np.linspace(0.01, 0.2, 2000)])
    net = states.read(states.moved(at, states.down)) - states.read(at)
    least = at[np.argmin(np.abs(net))]
    assert np.abs(net).min() < 1e-3
    rng = stream(np.random.default_rng(3))
    ends = np.array([k.struck(*least, 1, 1.0, False, maps, kick, rng) for _ in range(1000)])
    assert np.std(states.read(ends)) == pytest.approx(kick, rel=0.1)
    assert np.ptp(ends[:, 0]) < 0.02  # w: once all of 0..1


def test_a_wait_counts_from_the_last_pulse_in_both_ways(perovskite):
    """By the law of the conductance and by both states: the same devices, read as late."""
    device, states = perovskite
    u = np.array([0.2, 0.5, 0.9])
    for seconds in (0.005, 0.02, 1.0):
        by_law = kept(device, u, seconds)
        later = memory_of(device).after(states, seconds)
        at = states.at(u)
        by_states = u if later is None else later.read(later.moved(at, later.rest))
        np.testing.assert_allclose(by_states, by_law, atol=0.02)


def test_no_conductance_is_below_zero():
    """A window that is wider than nominal ends at its lower end; what fades below it does so in siemens."""
    device = of_card(load_card("otj"))
    hardware = Hardware(
        interval=1e-3, device_spread=0.5, line_resistance=10.0, train_through_lines=True
    )
    found = recognise(device, SMALL, BRIEF, hardware, seeds=1)
    low = min(float(g.min()) for g in found.outcomes[0].conductances)
    assert 0 <= low < device.law.low


def test_tables_that_stay_coarse_are_said(mose2, monkeypatch):
    monkeypatch.setattr(state_tables, "WITHIN", 1e-9)
    monkeypatch.setattr(state_tables, "FINEST", state_tables.CORE)
    monkeypatch.setattr("compactmodels.workflows.recognition.run.WITHIN", 1e-9)
    row = document(recognise(mose2, SMALL, BRIEF, Hardware(interval=0.1), seeds=1))
    assert [w["code"] for w in row["warnings"]] == ["coarse_states"]


@pytest.mark.slow
def test_no_rest_to_speak_of_is_training_without(mose2):
    """Two ways of following the pulses, one a law of the conductance and one both states: the same accuracy."""
    images, network = bundled(), Network(epochs=4)
    by_law = recognise(mose2, images, network, Hardware(), seeds=3).accuracies
    by_states = recognise(mose2, images, network, Hardware(interval=1e-6), seeds=3).accuracies
    assert by_states.mean() == pytest.approx(by_law.mean(), abs=0.04)


def test_long_rests_undo_what_is_learned(mose2):
    """The volatile part of mose2 is gone within seconds, and a sample does not put back what all had learned."""
    images, network = bundled().first(700), Network(epochs=2)
    brief, long = (
        recognise(mose2, images, network, Hardware(interval=t), seeds=1) for t in (1e-3, 10.0)
    )
    assert brief.accuracies[0] > 0.7 and long.accuracies[0] < 0.5
    assert 0 < document(long)["states_error"] < state_tables.WITHIN


def test_what_is_left_after_the_training_is_by_both_states(mose2, states):
    hardware = Hardware(interval=0.1, stuck=0.1, device_spread=0.2, cycle_spread=0.01)
    rng = np.random.default_rng(0)
    later = memory_of(mose2).after(states, 5.0)
    found = with_rests(states, later, mose2, SMALL, BRIEF, hardware, rng)
    layer = found.layers[0]
    now, later = (conductances(mose2, layer, t) for t in (0.0, 5.0))
    stuck = layer.pace == 0.0
    assert 0 < stuck.sum() < stuck.size / 4
    assert np.array_equal(now[stuck], later[stuck])
    assert (later[~stuck] <= now[~stuck] + 1e-15).all() and later.sum() < now.sum()
    np.testing.assert_allclose(now, mose2.law.low + mose2.window * layer.x, rtol=1e-12)
    assert noises(mose2, hardware)[1] == 0.01


def test_the_same_seed_gives_the_same_bytes(mose2):
    hardware = Hardware(interval=0.01, read_noise=0.01, cycle_spread=0.01, wait=1.0)
    one, two = (
        document(recognise(mose2, SMALL, BRIEF, hardware, seeds=2, seed=5, workers=n))
        for n in (1, 2)
    )
    assert one == two


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"interval": -1.0}, "an interval below 0 s"),
        ({"interval": 1.0, "mode": "write-verify"}, "without pulses both ways"),
        ({"interval": 1.0, "update": "one-way"}, "without pulses both ways"),
        ({"interval": 1.0, "levels": 8}, "levels that are not the card's"),
    ],
)
def test_what_does_not_go_with_an_interval(changes, said):
    with pytest.raises(InputError, match=said):
        Hardware(**changes)


def test_refusals(mose2):
    with pytest.raises(InputError, match="leave --interval out") as caught:
        recognise(ideal(10), SMALL, BRIEF, Hardware(interval=1.0))
    assert caught.value.code == "no_relaxation"


def test_pulses_that_differ_are_no_single_pulse(mose2, monkeypatch):
    """Rising pulses: `--interval` follows one pulse from every state."""
    rising = [{"kind": "pulses", "amplitude": v, "width": 0.05, "gap": 0.05, "number": 1}
              for v in (3.0, 3.5, -3.0, -3.0)]  # fmt: skip
    protocol = from_document({"kind": "sequence", "steps": rising})
    monkeypatch.setattr(state_tables, "protocol_of", lambda card: (protocol, 0.025, "made up"))
    with pytest.raises(InputError, match="pulses of made up differ") as caught:
        memory_of(mose2).over(mose2.law, 0.1)
    assert caught.value.code == "uneven_pulses"


def test_a_card_whose_first_pulses_depress(mose2):
    memory = memory_of(mose2)
    ramp = replace(memory.cycle, turned=True)
    first, second = state_tables._periods(memory.card, memory.cycle)
    turned = state_tables._periods(memory.card, ramp)
    assert np.array_equal(turned[0][1], second[1]) and np.array_equal(turned[1][1], first[1])
