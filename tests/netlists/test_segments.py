"""Short pulses and long rests in one record: the states, the doses, and what happens when ngspice fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from compactmodels.card import ModelCard, load_card
from compactmodels.errors import SimulationError
from compactmodels.integrate import respond
from compactmodels.protocol_sequence import from_document, rest, sequence
from compactmodels.protocols import Protocol, build, pulses
from netlists import ngspice, retries, segments
from netlists.ngspice import Plot
from netlists.retries import ATTEMPTS
from netlists.segments import CORNERS, GROWTH, SPAN, plan, simulate_segments
from netlists.simulation import simulate
from tests.netlists.test_simulation import first_order

pytestmark = pytest.mark.needs_ngspice

FloatArray = NDArray[np.float64]
AGREEMENT = 1e-3
"""Of the current's range."""


def device() -> ModelCard:
    """Two states that live on 2 us and on 1e8 s.

    No capacitance: its current on the edges would widen the range a thousandfold.
    """
    values = {"rx_tau": 2e-6, "sw_tau_w": 1e8, "cap": 0.0}
    return load_card("otj").with_values(values, "assumed")


def written_and_kept(seconds: float) -> Protocol:
    """Two pulses of 50 ns over a read voltage, then nothing but the read voltage."""
    train = pulses(2.2, 50e-9, 1e-6, 2, base=0.1)
    return sequence([train, rest(seconds, 0.1)])


SPIKE = {"time": [0.0, 1e-8, 1e-6, 1.01e-6, 2e-5], "voltage": [0.0, 1.2, 1.0, -0.9, 0.0]}
PAIR = {"kind": "stdp", "pre": SPIKE, "post": SPIKE, "interval": 3e-7, "after": 10.0}
CASES: dict[str, tuple[ModelCard, Protocol, float]] = {
    "500 s": (device(), written_and_kept(500.0), 0.0),
    "1e4 s and erased": (
        device(),
        sequence([written_and_kept(1e4), pulses(-2.5, 50e-9, 1e-6, 2, base=0.1)]),
        0.02,
    ),
    "milliseconds between pulses": (device(), pulses(2.2, 50e-9, 3e-3, 3, base=0.1), 0.02),
    "an hour of ramps after a pulse": (
        device(),
        sequence([pulses(2.2, 50e-9, 1e-6, 1), build("sweep", {"v_max": 1.0, "rate": 1e-3})]),
        0.02,
    ),
    "spikes": (device(), from_document(PAIR), 0.3),
    "many pulses": (
        first_order().with_values({"cap": 0.0}, "assumed"),
        pulses(0.5, 1e-5, 1e-5, 60),
        0.02,
    ),
}


def at(protocol: Protocol, times: FloatArray) -> Protocol:
    """The same waveform with corners at these times, so that the reference samples them exactly."""
    corners = np.union1d(protocol.time, times)
    return replace(
        protocol, time=corners, voltage=np.interp(corners, protocol.time, protocol.voltage)
    )


def moments(protocol: Protocol) -> FloatArray:
    """Within every piece, and up to 100 s after each edge, where it is still that long."""
    found = []
    for a, b in pairwise(protocol.time):
        later = np.array([0.9e-6, 25e-6, 1.1e-3, 1.1, 100.0])
        inside = np.append((b - a) * np.array([0.05, 0.5, 0.95]), later[later < b - a])
        found += [a + t for t in inside if min(t, b - a - t) > 200 * np.spacing(b)]
    return np.unique(found)


@pytest.mark.parametrize("name", CASES)
def test_ngspice_agrees_with_the_reference_integrator(name: str) -> None:
    card, protocol, w0 = CASES[name]
    times = moments(protocol)
    found = simulate(card, protocol, w0=w0)
    expected = respond(card, at(protocol, times), w0=w0, points=20)
    assert np.all(np.diff(found.time) > 0)
    assert found.time[0] == 0.0
    assert found.time[-1] == protocol.duration
    k = np.searchsorted(expected.time, times)
    scale = np.ptp(expected.current)
    # What a reader takes between two points of the record; on an edge the current is exponential
    # in the time, so that there the states speak.
    k_piece = np.searchsorted(protocol.time, times) - 1
    still = np.abs(np.diff(protocol.voltage))[k_piece] < 1e-9
    got = np.interp(times, found.time, found.current)
    assert np.count_nonzero(still) >= 9
    assert np.max(np.abs(got - expected.current[k])[still]) < AGREEMENT * scale
    w, s = (np.interp(times, found.time, x) for x in (found.w, found.s))
    current = card.model.current(
        expected.voltage[k], card.values, w=np.clip(w, 0, 1), s=np.clip(s, 0, 1)
    )
    assert np.max(np.abs(current - expected.current[k])) < AGREEMENT * scale
    assert np.max(np.abs(s - expected.s[k])) < AGREEMENT


def test_the_relaxation_after_a_pulse_is_seen_before_500_s_of_rest() -> None:
    """25 us after a pulse, against the range of the rest alone; and with few points."""
    card = device().with_values({"rx_tau": 6e-6}, "assumed")
    protocol = written_and_kept(500.0)
    stop = protocol.pulses[-1].stop
    times = stop + np.array([1e-7, 0.9e-6, 5e-6, 25e-6, 60e-6])
    found = simulate(card, protocol, w0=0.02)
    expected = respond(card, at(protocol, times), w0=0.02, points=20)
    k = np.searchsorted(expected.time, times)
    due = expected.current[k]
    got = np.interp(times, found.time, found.current)
    assert np.max(np.abs(got - due)) < AGREEMENT * np.ptp(expected.current)
    # the relaxation, without what the pulses wrote
    assert np.max(np.abs(np.diff(got) - np.diff(due))) < AGREEMENT * np.ptp(due)
    assert due[0] > due[1] > due[2] > due[3] > due[4]
    assert np.count_nonzero(found.time > stop) < 700


def test_every_pulse_of_many_segments_arrives() -> None:
    card, protocol, _ = CASES["many pulses"]
    assert len(plan(protocol)) > 2
    found = simulate(card, protocol)
    for pulse in protocol.pulses:
        inside = (found.time > pulse.start - 1e-12) & (found.time < pulse.stop + 1e-12)
        dose = np.trapezoid(found.voltage[inside], found.time[inside])
        assert dose == pytest.approx(0.5 * (1e-5 + 1e-5 / 50), rel=1e-6)


# -------------------------------------------------------------------------------------- cuts


@pytest.mark.parametrize("name", CASES)
def test_segments_follow_one_another_and_leave_pulses_whole(name: str) -> None:
    protocol = CASES[name][1]
    segments = plan(protocol)
    ends = [s.start + s.time[-1] for s in segments]
    assert segments[0].start == 0.0
    assert ends[-1] == pytest.approx(protocol.duration, rel=1e-15)
    for segment, end in zip(segments[1:], ends[:-1], strict=True):
        assert segment.start == pytest.approx(end, rel=1e-15)
        assert not any(p.start + 1e-12 < segment.start < p.stop - 1e-12 for p in protocol.pulses)
    for s in segments:
        assert np.allclose(
            s.voltage, np.interp(s.start + s.time, protocol.time, protocol.voltage), atol=1e-3
        )
        assert s.time.size <= CORNERS + 1
        if s.time.size > 2:
            assert s.time[-1] <= 1.1 * SPAN * np.min(np.diff(s.time))
        assert s.first_step < s.max_step <= s.time[-1] / 20


def test_a_rest_grows_from_the_scale_of_the_edge_before_it() -> None:
    lengths = [s.time[-1] for s in plan(written_and_kept(500.0))]
    assert lengths[1] == pytest.approx(GROWTH * 1e-6, rel=1e-6)  # the 1 us tail of the train
    assert len(lengths) == 6
    assert max(b / a for a, b in pairwise(lengths[1:])) < 3.1 * GROWTH


def test_a_long_pulse_is_cut_inside_its_top_and_still_checked() -> None:
    """50 s at a voltage behind an edge of 1 ns: the top relaxes on every scale, too."""
    protocol = pulses(0.5, 50.0, 1.0, 1, edge=1e-9)
    pulse = protocol.pulses[0]
    assert any(pulse.start < s.start < pulse.stop for s in plan(protocol))
    found = simulate(first_order(), protocol)
    expected = respond(first_order(), protocol)
    assert found.w[-1] == pytest.approx(expected.w[-1], abs=1e-4)


def test_the_capacitive_current_crosses_the_cuts() -> None:
    """C dV/dt along one ramp of many segments, its very first point included."""
    card = first_order().with_values({"cap": 1e-9, "g_g": 1e-15}, "assumed")
    ramp = Protocol("transient", np.array([0.0, 1e-6, 1.0]), np.array([0.0, 1.0, 2.0]), 0.01)
    assert len(plan(ramp)) > 2
    found = simulate(card, ramp)
    first, later = found.time < 0.9e-6, found.time > 1.1e-6
    assert found.current[first] == pytest.approx(1e-3, rel=1e-6)
    assert found.current[later] == pytest.approx(1e-9, rel=1e-4)


# ---------------------------------------------------------------------------------- failures


Runner = Callable[..., tuple[Plot, ...]]


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int, str], Any]], list[str]]:
    """Puts a function of (number of the run, deck) between the toolkit and ngspice.

    It may raise, or return a change of the plot's vectors. The decks seen are listed.
    """

    def install(change: Callable[[int, str], Any]) -> list[str]:
        seen: list[str] = []

        def run(deck: str, **settings: Any) -> tuple[Plot, ...]:
            seen.append(deck)
            edit = change(len(seen), deck)
            (plot,) = ngspice.run(deck, **settings)
            return (plot if edit is None else replace(plot, vectors=edit(dict(plot.vectors))),)

        monkeypatch.setattr(retries, "run", run)
        return seen

    return install


SHORT = pulses(0.5, 1e-6, 1e-6, 2)
LONG = sequence([SHORT, rest(10.0)])


def diverge(deck: str) -> None:
    raise SimulationError("doAnalyses: TRAN: Timestep too small", code="no_convergence")


def test_a_transient_that_fails_is_tried_with_the_next_options_and_says_so(runner: Any) -> None:
    plain = simulate(first_order(), SHORT)
    seen = runner(lambda k, deck: diverge(deck) if k == 1 else None)
    found = simulate(first_order(), SHORT)
    assert found.engine == "ngspice (method=gear)"
    assert plain.engine == "ngspice"
    assert "method=gear" not in seen[0]
    assert "method=gear" in seen[1]
    assert found.w[-1] == pytest.approx(plain.w[-1], rel=1e-3)


def test_later_attempts_take_smaller_steps(runner: Any) -> None:
    def steps(deck: str) -> list[float]:
        line = next(line for line in deck.splitlines() if line.startswith(".tran"))
        return [float(x) for x in line.split()[1:]]

    seen = runner(lambda k, deck: diverge(deck) if k < 3 else None)
    found = simulate(first_order(), SHORT)
    assert "10 times smaller" in found.engine
    assert steps(seen[2])[3] == pytest.approx(steps(seen[0])[3] / 10)
    assert steps(seen[2])[1] == steps(seen[0])[1]


def test_a_transient_that_always_fails_ends_with_ngspices_words_and_the_deck(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ngspice itself fails: a node without a solution is put beside the device."""

    def limited(deck: str, **settings: Any) -> tuple[Plot, ...]:
        end = deck.replace("\n.save", "\nRq q 0 1k\nBq 0 q I=v(q) < 0.5 ? 1e-3 : -1e-3\n.save")
        seen.append(end)
        return ngspice.run(end, **settings)

    seen: list[str] = []
    monkeypatch.setattr(retries, "run", limited)
    with pytest.raises(SimulationError) as caught:
        simulate(load_card("otj"), LONG, keep=tmp_path)
    message = caught.value.message
    assert caught.value.code == "no_convergence"
    assert len(seen) == len(ATTEMPTS)
    assert "method=gear" in message
    assert "segment 1 of" in message
    (kept,) = tmp_path.iterdir()
    assert str(kept) in message
    assert kept.read_text() == seen[-1]
    assert "imestep" in message or "onverge" in message


def test_other_failures_are_not_tried_again(runner: Any) -> None:
    def reject(k: int, deck: str) -> None:
        raise SimulationError("unknown device", code="netlist_rejected")

    seen = runner(reject)
    with pytest.raises(SimulationError, match="unknown device"):
        simulate(first_order(), SHORT)
    assert len(seen) == 1


def test_nothing_is_left_behind_by_a_retry_that_helped(
    runner: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries.tempfile, "tempdir", str(tmp_path))
    runner(lambda k, deck: diverge(deck) if k == 1 else None)
    simulate(first_order(), SHORT)
    assert list(tmp_path.iterdir()) == []


def without_the_second_pulse(vectors: dict[str, Any]) -> dict[str, Any]:
    late = vectors["time"] > SHORT.pulses[0].stop
    return vectors | {"drive": np.where(late, 0.0, vectors["drive"])}


@pytest.mark.parametrize("protocol", [SHORT, LONG, replace(SHORT, pulses=())])
def test_a_pulse_that_ngspice_dropped_is_an_error(runner: Any, protocol: Protocol) -> None:
    """Also where a waveform declares no pulses."""
    runner(lambda k, deck: without_the_second_pulse)
    with pytest.raises(SimulationError, match="skipped") as caught:
        simulate(first_order(), protocol)
    assert caught.value.code == "dose_lost"


@pytest.mark.parametrize(("end", "ok"), [(1 + 1e-8, True), (-1e-8, True), (1.01, False)])
def test_a_state_that_leaves_its_range_is_cut_only_within_rounding(
    runner: Any, end: float, ok: bool
) -> None:
    def shifted(vectors: dict[str, Any]) -> dict[str, Any]:
        w = vectors["xdut.w"].copy()
        w[-1] = end
        return vectors | {"xdut.w": w}

    seen = runner(lambda k, deck: shifted if k == 1 else None)
    if ok:
        found = simulate(first_order(), LONG)
        assert f" w0={min(max(end, 0.0), 1.0):.1f} " in seen[1]
        assert found.w[-1] == pytest.approx(round(end), abs=1e-6)
    else:
        with pytest.raises(SimulationError, match=r"the state w ends at 1\.01"):
            simulate(first_order(), LONG)


def test_the_time_limit_is_for_all_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that makes each segment last 100 s."""
    slow = SimpleNamespace(monotonic=partial(next, count(0.0, 100.0)))
    monkeypatch.setattr(segments, "clock", slow)
    with pytest.raises(SimulationError, match="all segments together had 60 s") as caught:
        simulate(load_card("otj"), written_and_kept(500.0), timeout=60.0)
    assert caught.value.code == "timeout"


@pytest.mark.parametrize("end", [-1e-23, 1.0 + 1e-12])
def test_a_state_that_a_run_ended_with_is_a_beginning(end: float) -> None:
    """ngspice's state passes the end of its range by rounding."""
    assert simulate(first_order(), SHORT, w0=end).w[0] == pytest.approx(round(end), abs=1e-9)


def test_progress_counts_the_segments() -> None:
    calls: list[tuple[int, int]] = []
    simulate_segments(first_order(), LONG, progress=lambda k, n: calls.append((k, n)))
    total = len(plan(LONG))
    assert calls == [(k, total) for k in range(1, total + 1)]


def test_a_rest_over_a_state_at_0_takes_few_points() -> None:
    """Not a point each sqrt(trtol) seconds, as with any usual abstol."""
    protocol = sequence([pulses(2.2, 50e-9, 1e-6, 1), rest(1e4)])
    found = simulate(device(), protocol)
    assert abs(found.s[-1]) < 1e-9
    assert found.w[-1] > 1e-6
    late = found.time > 1.0
    assert np.count_nonzero(late) < 300
