"""Observables read from made-up responses, whose answers are known in closed form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from compactmodels import registry
from compactmodels.card import Entry, ModelCard
from compactmodels.errors import ProtocolError
from compactmodels.integrate import Response, respond
from compactmodels.model import Branch, Model
from compactmodels.observables import observe
from compactmodels.observables_record import Observed, Run
from compactmodels.observables_schema import Observable
from compactmodels.protocol_sequence import from_document, rest, sequence, waveform
from compactmodels.protocols import Protocol, pulses, sweep

PARSE: Any = TypeAdapter(Observable)
G = 2e-6


def ohmic_card(**values: float) -> ModelCard:
    """An ohmic on-branch of 2 uS: I = 2 uS w V."""
    model = Model((Branch("g", registry.conduction("ohmic"), "on"),))
    entries = {"g_g": Entry(G), "gmin": Entry(0.0), "cap": Entry(0.0)}
    return ModelCard("x", model, {**entries, **{k: Entry(v) for k, v in values.items()}})


def run_of(time: Any, voltage: Any, current: Any, protocol: Protocol | None = None) -> Run:
    t = np.asarray(time, dtype=float)
    v, i = (np.broadcast_to(np.asarray(x, dtype=float), t.shape) for x in (voltage, current))
    w = np.linspace(0.0, 1.0, t.size)
    own = protocol or Protocol("transient", t[[0, -1]], v[[0, -1]], 1.0)
    return Run(ohmic_card(), own, Response(t, v, i, w, 0.5 * w, "made up"))


def seen(run: Run, **spec: Any) -> Observed:
    return observe(PARSE.validate_python(spec), run)


def train_run(amplitudes: list[float], **settings: float) -> Run:
    """A pulse train whose n-th pulse carries the n-th current."""
    settings = {"amplitude": 2.0, "width": 1.0, "gap": 1.0, "edge": 0.1, **settings}
    p = pulses(number=len(amplitudes), **settings)
    corners = np.zeros(p.time.size)
    for k, a in enumerate(amplitudes):
        corners[4 * k + 2 : 4 * k + 4] = a
    t = np.unique(np.concatenate([p.time, np.linspace(0, p.duration, 4001)]))
    return run_of(t, np.interp(t, p.time, p.voltage), np.interp(t, p.time, corners), p)


# ------------------------------------------------------------------------------------ readings


def test_a_reading_at_a_time_at_a_pulse_after_it_and_at_a_voltage() -> None:
    run = train_run([1e-6, 3e-6])
    first = run.protocol.pulses[0]  # type: ignore[union-attr]
    assert seen(run, kind="reading", pulse=1).value == pytest.approx(1e-6)
    assert seen(run, kind="reading", pulse=-1).value == pytest.approx(3e-6)
    assert seen(run, kind="reading", pulse=1, delay=0.5).value == 0.0
    assert seen(run, kind="reading", time=first.start + 0.05).value == pytest.approx(0.5e-6)
    assert seen(run, kind="reading", quantity="resistance", pulse=2).value == pytest.approx(
        2 / 3e-6
    )
    # The rise of the second pulse is the third time that 1 V is passed: rise, fall, rise.
    third = seen(run, kind="reading", voltage=1.0, passing=3)
    assert third.value == pytest.approx(1.5e-6)
    assert seen(run, kind="reading", quantity="w").value == pytest.approx(1.0)  # the end


def test_a_read_uses_the_states_of_that_moment_and_the_cards_equation() -> None:
    run = run_of([0, 1, 2], 0.0, 0.0)
    spec = {"kind": "reading", "quantity": "conductance", "read": 0.1, "time": 1.5}
    assert seen(run, **spec).value == pytest.approx(0.75 * G, rel=1e-12)
    held = seen(run, kind="reading", quantity="resistance", read=0.1, w=0.25, s=0.0)
    assert held.value == pytest.approx(1 / (0.25 * G), rel=1e-12)
    # Without a protocol the states are the initial ones.
    still = Run(ohmic_card(), w0=0.5)
    assert seen(still, kind="reading", quantity="current", read=-0.2).value == pytest.approx(
        -0.2 * G / 2
    )
    assert seen(still, kind="reading", read=-0.2, magnitude=True).value == pytest.approx(
        0.2 * G / 2
    )


def test_a_quantity_without_a_value_says_so() -> None:
    run = run_of([0, 1, 2], 0.0, 1e-9)
    for quantity in ("resistance", "conductance"):
        found = seen(run, kind="reading", quantity=quantity, time=1.0)
        assert math.isnan(found.value)
        assert "give 'read'" in found.why


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"kind": "reading", "pulse": 3}, "has 2"),
        ({"kind": "reading", "time": 99.0}, "lengthen"),
        ({"kind": "reading", "voltage": 5.0}, "0 times"),
        ({"kind": "reading", "pulse": 2, "delay": 50.0}, "lengthen"),
        ({"kind": "extreme", "start": 1.0, "stop": 99.0}, "record"),
        ({"kind": "crossing", "threshold": 1.0, "since": 99.0}, "beyond"),
        ({"kind": "decay", "duration": 99.0}, "tail"),
    ],
)
def test_an_observable_that_does_not_fit_its_protocol_is_refused(
    spec: dict[str, Any], word: str
) -> None:
    with pytest.raises(ProtocolError, match=word):
        seen(train_run([1e-6, 3e-6]), **spec)


def test_what_needs_a_record_is_refused_without_one() -> None:
    for spec in ({"kind": "extreme"}, {"kind": "decay", "duration": 1.0}, {"kind": "facilitation"}):
        with pytest.raises(ProtocolError, match="protocol"):
            seen(Run(ohmic_card()), **spec)
    with pytest.raises(ProtocolError, match="read"):
        seen(Run(ohmic_card()), kind="reading")


# --------------------------------------------------------------------------- ratios and indices


def test_ratio_change_and_difference_of_two_readings() -> None:
    run = train_run([1e-6, 3e-6])
    both = {"of": {"pulse": 2}, "to": {"pulse": 1}}
    assert seen(run, kind="ratio", **both).value == pytest.approx(3.0)
    assert seen(run, kind="ratio", form="change", **both).value == pytest.approx(2.0)
    assert seen(run, kind="ratio", form="difference", **both).value == pytest.approx(2e-6)


def test_facilitation_in_both_conventions_and_over_ten_pulses() -> None:
    run = train_run([1e-6 * k for k in range(1, 11)])
    assert seen(run, kind="facilitation").value == pytest.approx(1.0)
    assert seen(run, kind="facilitation", form="ratio").value == pytest.approx(2.0)
    assert seen(run, kind="facilitation", pulse=10).value == pytest.approx(9.0)
    assert seen(run, kind="facilitation", pulse=-1, form="ratio").value == pytest.approx(10.0)


def test_energy_as_an_integral_and_as_the_papers_product() -> None:
    run = train_run([5e-6])
    # Trapezoids in V and in I: V I is a parabola on the edges, a third of its top on average.
    exact = 2.0 * 5e-6 * (1.0 + 2 * 0.1 / 3)
    assert seen(run, kind="energy").value == pytest.approx(exact, rel=1e-4)
    assert seen(run, kind="energy", form="product").value == pytest.approx(2.0 * 5e-6 * 1.0)
    read = {"pulse": 1, "delay": 0.0, "read": -0.01, "magnitude": True}
    w = float(np.interp(run.protocol.pulses[0].stop, run.response.time, run.response.w))  # type: ignore[union-attr]
    expected = 2.0 * 0.01 * G * w * 1.0
    assert seen(run, kind="energy", form="product", reading=read).value == pytest.approx(expected)


# ------------------------------------------------------------------------------------ crossings


def test_the_time_of_a_crossing_from_the_start_from_a_time_and_from_a_pulse() -> None:
    run = run_of(np.linspace(0, 10, 101), 1.0, np.linspace(0, 10, 101) * 1e-6)
    spec = {"kind": "crossing", "threshold": 4.3e-6}
    assert seen(run, **spec).value == pytest.approx(4.3)
    assert seen(run, **spec, since=1.0).value == pytest.approx(3.3)
    train = train_run([1e-6, 3e-6])
    found = seen(train, kind="crossing", threshold=0.5e-6, pulse=2)
    assert found.value == pytest.approx(0.1 * 0.5 / 3)  # on an edge of 0.1 s that ends at 3 uA
    falling = seen(train, kind="crossing", threshold=0.5e-6, direction="falling", passing=2)
    assert falling.value == pytest.approx(train.protocol.pulses[1].stop - 0.1 * 0.5 / 3, rel=1e-3)  # type: ignore[union-attr]


def test_a_crossing_can_be_a_voltage() -> None:
    p = sweep(2.0, 0.0, 1.0)
    t = np.linspace(0, p.duration, 2001)
    v = np.interp(t, p.time, p.voltage)
    run = run_of(t, v, v**3, p)
    found = seen(run, kind="crossing", threshold=1.0, counted="voltage")
    assert found.value == pytest.approx(1.0, abs=1e-3)


def test_pulses_are_counted_whole_and_searched_with_their_fraction() -> None:
    run = train_run([1e-6 * k for k in range(1, 11)])
    found = seen(run, kind="crossing", threshold=4.25e-6, counted="pulse")
    assert found.value == 5.0
    assert found.search == pytest.approx(4 + 0.25 + 0.5)
    later = seen(run, kind="crossing", threshold=4.25e-6, counted="pulse", first_pulse=3)
    assert later.value == 3.0
    at_once = seen(run, kind="crossing", threshold=0.5e-6, counted="pulse")
    assert at_once.value == 1.0


@pytest.mark.parametrize("counted", ["time", "pulse", "voltage"])
def test_a_threshold_that_is_never_reached_has_no_value_and_a_reason(counted: str) -> None:
    run = train_run([1e-6, 2e-6])
    found = seen(run, kind="crossing", threshold=5e-6, counted=counted)
    assert math.isnan(found.value)
    assert "never reached: the nearest is 2e-06" in found.why


def test_the_pseudo_time_of_a_missed_crossing_joins_the_time_of_a_late_one() -> None:
    """The search sees no step where the threshold leaves the record's reach."""
    t = np.linspace(0, 10, 1001)
    seen_at = [
        seen(run_of(t, 1.0, t * 1e-6), kind="crossing", threshold=x * 1e-6).search
        for x in (9.98, 9.99, 10.0, 10.001, 10.002)
    ]
    assert np.all(np.diff(seen_at) > 0)
    assert max(np.diff(seen_at)) < 0.02


# ------------------------------------------------------------------------- decays, slopes, areas


@pytest.mark.parametrize("floor", [None, 3e-9])
@pytest.mark.parametrize("tau", [0.2, 1.0])
def test_a_decay_is_fitted_again(tau: float, floor: float | None) -> None:
    t = np.linspace(0, 3, 6001)
    run = run_of(t, 0.1, 3e-9 + 8e-9 * np.exp(-t / tau))
    spec = {"kind": "decay", "time": 0.0, "duration": 2.5}
    spec |= {} if floor is None else {"floor": floor}
    assert seen(run, **spec).value == pytest.approx(tau, rel=1e-4)
    assert seen(run, **spec, parameter="a").value == pytest.approx(8e-9, rel=1e-4)
    # A rise towards its end is the same law with a negative A.
    rise = run_of(t, 0.1, 3e-9 - 1e-9 * np.exp(-t / tau))
    assert seen(rise, **spec).value == pytest.approx(tau, rel=1e-4)


def test_a_decay_is_counted_from_its_beginning_also_after_a_delay() -> None:
    t = np.linspace(0, 3, 6001)
    run = run_of(t, 0.1, 8e-9 * np.exp(-t / 0.5))
    spec = {"kind": "decay", "time": 0.0, "delay": 0.3, "duration": 2.0, "parameter": "a"}
    assert seen(run, **spec).value == pytest.approx(8e-9, rel=1e-4)
    assert seen(run, **spec, floor=0.0).value == pytest.approx(8e-9, rel=1e-4)


def test_a_power_law_is_a_straight_line_in_the_logarithms() -> None:
    t = np.geomspace(1e-3, 20, 20001)
    run = run_of(np.concatenate([[0.0], t]), 0.1, np.concatenate([[1.0], 0.0028 * t**-1.372]))
    spec = {"kind": "decay", "law": "power", "time": 0.0, "delay": 0.01, "duration": 10.0}
    assert seen(run, **spec, parameter="m").value == pytest.approx(1.372, rel=1e-5)
    assert seen(run, **spec, parameter="b").value == pytest.approx(0.0028, rel=1e-5)


@pytest.mark.parametrize("floor", [None, 0.0])
def test_what_does_not_decay_has_no_time_constant(floor: float | None) -> None:
    t = np.linspace(0, 3, 301)
    spec = {"kind": "decay", "time": 0.0, "duration": 3.0}
    spec |= {} if floor is None else {"floor": floor}
    for current in (1e-9 * np.ones_like(t), 1e-9 * (1 + t**2)):
        assert math.isnan(seen(run_of(t, 0.1, current), **spec).value)


def test_extremes_in_a_window() -> None:
    t = np.linspace(0, 2 * math.pi, 2001)
    run = run_of(t, 1.0, np.sin(t))
    assert seen(run, kind="extreme").value == pytest.approx(1.0, rel=1e-5)
    assert seen(run, kind="extreme", which="minimum").value == pytest.approx(-1.0, rel=1e-5)
    assert seen(run, kind="extreme", start=3.0, stop=3.1).value == pytest.approx(
        math.sin(3.0), rel=1e-4
    )
    assert seen(run, kind="extreme", magnitude=True, start=4.0).value == pytest.approx(
        1.0, rel=1e-5
    )


def test_slopes_straight_and_in_logarithms() -> None:
    t = np.linspace(1e-3, 4, 4001)
    run = run_of(t, 0.5 * t, 3e-6 * t**2)
    assert seen(run, kind="slope", log_x=True, log_y=True, start=0.5).value == pytest.approx(
        2.0, rel=1e-4
    )
    line = run_of(t, 0.5 * t, 3e-6 * t)
    assert seen(line, kind="slope", start=0.5).value == pytest.approx(3e-6)
    assert seen(line, kind="slope", against="voltage", start=0.5).value == pytest.approx(6e-6)


def test_the_area_of_a_loop_of_two_lobes() -> None:
    """I = V + sin(2 phase)/2 against V = sin(phase): a figure of eight, each lobe 2/3."""
    x = np.linspace(0, 2 * math.pi, 20001)
    run = run_of(x, np.sin(x), np.sin(x) + 0.5 * np.sin(2 * x))
    lobe = 2 / 3  # integral over half a turn of sin(2x)/2 cos x
    assert seen(run, kind="hysteresis_area").value == pytest.approx(2 * lobe, rel=1e-6)
    assert seen(run_of(x, np.sin(x), np.sin(x)), kind="hysteresis_area").value == pytest.approx(
        0, abs=1e-9
    )


# ------------------------------------------------------------------------------------- as data


@pytest.mark.parametrize(
    "spec",
    [
        {"kind": "reading", "time": 1.0, "pulse": 2},
        {"kind": "reading", "w": 1.0},
        {"kind": "reading", "w": 1.5, "read": 0.1},
        {"kind": "reading", "pulse": 0},
        {"kind": "reading", "delay": 1.0},
        {"kind": "reading", "pulse": 1, "delay": 1.0, "position": 0.5},
        {"kind": "reading", "quantity": "resistance", "read": 0.0},
        {"kind": "reading", "quantity": "w", "read": 0.1},
        {"kind": "reading", "time": math.nan},
        {"kind": "reading", "time": "1.0"},
        {"kind": "reading", "time": True},
        {"kind": "reading", "colour": 1},
        {"kind": "ratio", "of": {}, "to": {"quantity": "w"}},
        {"kind": "facilitation", "pulse": 1},
        {"kind": "decay", "duration": -1.0},
        {"kind": "decay", "duration": 1.0, "parameter": "m"},
        {"kind": "decay", "duration": 1.0, "law": "power", "parameter": "m"},
        {"kind": "crossing"},
        {"kind": "crossing", "threshold": 1.0, "first_pulse": 2},
        {"kind": "crossing", "threshold": 1.0, "counted": "pulse", "since": 2.0},
        {"kind": "crossing", "threshold": 1.0, "pulse": 1, "since": 2.0},
        {"kind": "extreme", "start": 2.0, "stop": 1.0},
        {"kind": "energy", "reading": {}},
        {"kind": "nothing"},
        {},
    ],
)
def test_what_makes_no_sense_is_no_observable(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PARSE.validate_python(spec)


# --------------------------------------------------------------------------- protocols of steps


def test_a_sequence_joins_its_steps_and_counts_their_pulses_through() -> None:
    parts = [pulses(1.0, 1e-3, 1e-3, 2), rest(0.5), pulses(-1.0, 1e-3, 1e-3, 1)]
    whole = sequence(parts)
    assert whole.duration == pytest.approx(sum(p.duration for p in parts))
    assert [p.amplitude for p in whole.pulses] == [1.0, 1.0, -1.0]
    third = whole.pulses[2]
    assert np.interp(0.5 * (third.start + third.stop), whole.time, whole.voltage) == -1.0
    assert third.start == pytest.approx(parts[0].duration + 0.5 + parts[2].pulses[0].start)


def test_a_sequence_moves_the_states_as_its_steps_do_one_after_the_other() -> None:
    second = Model(
        (Branch("g", registry.conduction("ohmic"), "on"),), registry.switching("ion_hopping")
    )
    card = ModelCard("x", second, {})
    steps = [pulses(1.0, 1e-3, 1e-3, 1), pulses(-0.9, 1e-3, 1e-3, 1)]
    w = 0.1
    for step in steps:
        w = float(respond(card, step, w0=w).w[-1])
    assert respond(card, sequence(steps), w0=0.1).w[-1] == pytest.approx(w, rel=1e-6)


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ({}, "kind"),
        ({"kind": "sequence"}, "steps"),
        ({"kind": "sequence", "steps": []}, "steps"),
        ({"kind": "sequence", "steps": [{"kind": "sequence", "steps": []}]}, "list of 1"),
        ({"kind": "sequence", "steps": [{"kind": "dc"}]}, "DC sweep"),
        (
            {
                "kind": "sequence",
                "steps": [
                    {"kind": "rest", "duration": 1.0, "voltage": 1.0},
                    {"kind": "rest", "duration": 1.0},
                ],
            },
            "jump",
        ),
        ({"kind": "sequence", "steps": [{"kind": "rest", "duration": 1.0}], "gap": 1}, "gap"),
        ({"kind": "rest"}, "above 0"),
        ({"kind": "rest", "duration": "1"}, "finite number"),
        ({"kind": "rest", "duration": math.inf}, "finite number"),
        ({"kind": "waveform", "time": [0, 1]}, "list of numbers"),
        ({"kind": "waveform", "time": [0, 1], "voltage": [1]}, "as many"),
        ({"kind": "waveform", "time": [1, 2], "voltage": [1, 1]}, "begin at 0"),
        ({"kind": "waveform", "time": [0, 1, 1], "voltage": [1, 1, 1]}, "increase"),
        ({"kind": "wave"}, "unknown protocol"),
    ],
)
def test_a_bad_protocol_document_is_refused_in_a_sentence(
    document: dict[str, Any], word: str
) -> None:
    with pytest.raises(ProtocolError, match=word):
        from_document(document)


def test_a_waveform_is_what_its_corners_say() -> None:
    p = from_document({"kind": "waveform", "time": [0, 1, 2], "voltage": [0, -1.5, 0]})
    assert np.array_equal(p.voltage, waveform([0, 1, 2], [0, -1.5, 0]).voltage)
    assert p.duration == 2.0
