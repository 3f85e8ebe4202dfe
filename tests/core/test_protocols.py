"""Protocols as data: what is repeated, spike pairs, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compactmodels.card import load_card
from compactmodels.errors import ProtocolError
from compactmodels.fast import respond as fast_respond
from compactmodels.integrate import respond
from compactmodels.protocol_sequence import from_document, rest, sequence
from compactmodels.protocols import Protocol, build, load, pair, pulses

DOWN = {"kind": "pulses", "amplitude": -3.0, "width": 1e-6, "gap": 1e-5, "number": 1}
UP = DOWN | {"amplitude": 10.0}
REST = {"kind": "rest", "duration": 1e-3}


def test_what_is_repeated_is_the_same_as_written_out() -> None:
    steps = [DOWN, UP, REST]
    twenty = from_document({"kind": "sequence", "repeat": 20, "steps": steps})
    written = from_document({"kind": "sequence", "steps": steps * 20})
    assert np.allclose(twenty.time, written.time, rtol=1e-12, atol=0.0)
    assert np.array_equal(twenty.voltage, written.voltage)
    assert [p.amplitude for p in twenty.pulses] == [-3.0, 10.0] * 20
    for pulse in twenty.pulses:
        middle = 0.5 * (pulse.start + pulse.stop)
        assert np.interp(middle, twenty.time, twenty.voltage) == pulse.amplitude


def test_repeats_nest_and_count_on_each_level() -> None:
    """2 x [3 x [2 x down, up], rest]."""
    inner = {"kind": "sequence", "repeat": 3, "steps": [DOWN | {"repeat": 2}, UP]}
    whole = from_document({"kind": "sequence", "repeat": 2, "steps": [inner, REST]})
    assert [p.amplitude for p in whole.pulses] == ([-3.0, -3.0, 10.0] * 3) * 2
    one = from_document(inner)
    assert whole.duration == pytest.approx(2 * (one.duration + 1e-3), rel=1e-12)


def test_a_file_may_repeat(tmp_path: Path) -> None:
    text = 'kind = "sequence"\nrepeat = 2\n[[steps]]\nkind = "pulses"\nrepeat = 3\nnumber = 5\n'
    (tmp_path / "p.toml").write_text(text)
    assert len(load(tmp_path / "p.toml").pulses) == 30


def deep(levels: int) -> dict[str, Any]:
    document: dict[str, Any] = {"kind": "sequence", "steps": [REST]}
    for _ in range(levels - 1):
        document = {"kind": "sequence", "steps": [document]}
    return document


def test_three_deep_are_taken_and_four_refused() -> None:
    assert from_document(deep(3)).duration == 1e-3
    with pytest.raises(ProtocolError, match="3 deep at most"):
        from_document(deep(4))


def repeated(number: Any, *steps: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "sequence", "repeat": number, "steps": list(steps or (REST,))}


@pytest.mark.parametrize(
    ("document", "word"),
    [
        (repeated(0), "whole number"),
        (repeated(-1), "whole number"),
        (repeated(1.5), "whole number"),
        (repeated("3"), "whole number"),
        (repeated(True), "whole number"),
        (repeated(float("nan")), "whole number"),
        (repeated(10**30), "whole number"),
        (repeated(1, DOWN | {"repeat": 0}), "step 1: repeat is 0"),
        (repeated(1, {"kind": "dc", "repeat": 2}), "step 1: what is repeated"),
        (
            repeated(2, {"kind": "waveform", "time": [0, 1], "voltage": [0, 1]}),
            "ends at the voltage",
        ),
        (repeated(100_000, DOWN), "500000 corners are too many"),
        (repeated(30, DOWN | {"number": 1000}), "corners are too many"),
        (repeated(1, repeated(99_999), repeated(99_999)), "step 2: 199998 corners"),
        (repeated(1, "rest"), "a table with a kind"),  # type: ignore[arg-type]
        (DOWN | {"repeat": 2}, "no setting 'repeat'"),
    ],
)
def test_a_repeat_that_cannot_be_is_refused_in_a_sentence(
    document: dict[str, Any], word: str
) -> None:
    with pytest.raises(ProtocolError, match=word):
        from_document(document)


@pytest.mark.parametrize("name", ["width", "gap", "edge", "tail"])
@pytest.mark.parametrize("value", [-1e-6, 0.0, float("nan")])
def test_a_negative_time_of_a_train_is_refused(name: str, value: float) -> None:
    with pytest.raises(ProtocolError, match=f"'{name}'.*above 0"):
        pulses(**{name: value})


def test_overlapping_pulses_are_refused() -> None:
    """As a train whose gap is negative, as a pair, and as corners that run backwards."""
    with pytest.raises(ProtocolError, match=r"'gap'.*above 0"):
        pulses(1.0, 1e-6, -5e-7, 2)
    with pytest.raises(ProtocolError, match=r"'gap'.*above 0"):
        pair(1.0, 1e-6, -5e-7)
    with pytest.raises(ProtocolError, match="must increase"):
        from_document({"kind": "waveform", "time": [0, 2, 1, 3], "voltage": [0, 1, 1, 0]})


def test_a_pulse_that_the_time_cannot_resolve_is_refused() -> None:
    """1 ns at a million seconds is 9 steps of a double."""
    with pytest.raises(ProtocolError, match="too short beside the time"):
        sequence([rest(1e6), pulses(1.0, 50e-9, 50e-9, 1)])
    with pytest.raises(ProtocolError, match="lost beside the length"):
        sequence([rest(1e9), pulses(1.0, 50e-9, 50e-9, 1)])
    assert sequence([rest(1e4), pulses(1.0, 50e-9, 50e-9, 1)]).pulses


@pytest.mark.parametrize("engine", [respond, fast_respond])
def test_the_integrators_follow_what_comes_microseconds_after_a_pulse_before_hours(
    engine: Any,
) -> None:
    """The volatile state decays from the end of the pulse by exp(-t/tau); linearly read, to 1 %."""
    card = load_card("otj").with_values({"rx_tau": 2e-6}, "assumed")
    protocol = sequence([pulses(0.8, 50e-9, 1e-6, 1), rest(500.0)])
    found = engine(card, protocol)
    stop = protocol.pulses[0].stop
    at = stop + np.array([0.0, 1e-6, 3e-6, 6e-6])
    s = np.interp(at, found.time, found.s)
    assert s[0] > 0.01
    assert s[1:] / s[0] == pytest.approx(np.exp(-(at[1:] - stop) / 2e-6), rel=0.01)


# ------------------------------------------------------------------------------- spike pairs

SPIKE = {"time": [0.0, 1.0, 2.0, 6.0], "voltage": [0.0, 1.0, -0.5, 0.0]}


def spike_pair(interval: float, **more: Any) -> Protocol:
    return from_document({"kind": "stdp", "pre": SPIKE, "post": SPIKE, "interval": interval} | more)


@pytest.mark.parametrize("interval", [-50.0, -6.0, -2.0, -0.7, 0.0, 1e-9, 0.7, 1.0, 5.0, 6.0, 50.0])
def test_a_spike_pair_is_the_difference_of_the_spikes(interval: float) -> None:
    found = spike_pair(interval, before=0.5, after=2.0)
    t = np.linspace(-60.0, 60.0, 4801)

    def spike(time: Any) -> Any:
        return np.interp(time, SPIKE["time"], SPIKE["voltage"], left=0.0, right=0.0)

    begin = min(0.0, interval) - 0.5
    seen = np.interp(t - begin, found.time, found.voltage, left=0.0, right=0.0)
    assert np.max(np.abs(seen - (spike(t) - spike(t - interval)))) < 1e-8
    assert found.duration == pytest.approx(0.5 + abs(interval) + 6.0 + 2.0)
    assert found.time[0] == 0.0 and found.voltage[0] == found.voltage[-1] == 0.0


def test_the_order_of_the_spikes_turns_the_voltage_over() -> None:
    """Exchanging the neurons and the sign of the interval is a change of sign."""
    first, second = spike_pair(0.7), spike_pair(-0.7)
    assert first.time == pytest.approx(second.time, abs=1e-12)
    assert first.voltage == pytest.approx(-second.voltage, abs=1e-12)


def test_coincident_corners_are_one() -> None:
    assert spike_pair(1.0).time.size == 6  # 0 1 2 3 6 7
    assert spike_pair(0.0).voltage == pytest.approx(np.zeros(4), abs=1e-15)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"pre": None}, "'pre' is None: a table"),
        ({"post": {"time": [0, 1, 2]}}, "'post'.*a table with the lists"),
        ({"pre": {"time": [0, 1, 2], "voltage": [0, 1]}}, "3 times and 2 voltages"),
        ({"pre": {"time": [0, 1], "voltage": [0, 0]}}, "3 to"),
        ({"pre": {"time": [0, 2, 1], "voltage": [0, 1, 0]}}, "increase"),
        ({"pre": {"time": [0, 1, 2], "voltage": [1, 1, 0]}}, "begins at 1 V"),
        ({"post": {"time": [0, 1, 2], "voltage": [0, 1, 1]}}, "ends at 1 V"),
        ({"post": {"time": [0, 1, "x"], "voltage": [0, 1, 0]}}, "'time' is 'x'"),
        ({"before": -1.0}, "'before' is -1.0"),
        ({"after": float("inf")}, "'after' is inf"),
        ({"interval": True}, "'interval' is True"),
        ({"delay": 1.0}, "no setting 'delay'"),
    ],
)
def test_a_spike_pair_that_does_not_fit_is_refused(change: dict[str, Any], word: str) -> None:
    with pytest.raises(ProtocolError, match=word):
        spike_pair(**({"interval": 1.0} | change))


def test_the_interval_has_to_be_given() -> None:
    with pytest.raises(ProtocolError, match=r"'interval'.*missing"):
        from_document({"kind": "stdp", "pre": SPIKE, "post": SPIKE})


def test_spike_pairs_repeat_in_a_sequence() -> None:
    step = {
        "kind": "stdp",
        "pre": SPIKE,
        "post": SPIKE,
        "interval": 1.0,
        "after": 1.0,
        "repeat": 60,
    }
    assert from_document({"kind": "sequence", "steps": [step]}).duration == pytest.approx(480.0)


def test_writes_and_reads_alternate():
    found = build("write_read", {"amplitude": 2.0, "read": 0.1, "number": 3, "width": 1e-6})
    assert [p.amplitude for p in found.pulses] == [2.0, 0.1] * 3
    middles = [0.5 * (p.start + p.stop) for p in found.pulses]
    np.testing.assert_allclose(
        np.interp(middles, found.time, found.voltage), [2.0, 0.1] * 3, rtol=1e-12
    )


def test_a_half_selected_cell_sees_a_part_of_the_write():
    whole = build("pulses", {"amplitude": 2.0, "number": 4})
    half = build("half_select", {"amplitude": 2.0, "number": 4})
    np.testing.assert_allclose(half.voltage, 0.5 * whole.voltage)
    third = build("half_select", {"amplitude": 3.0, "number": 4, "share": -1 / 3})
    assert third.voltage.min() == pytest.approx(-1.0)
    for share in (0.0, 1.0, -2.0, float("nan")):
        with pytest.raises(ProtocolError):
            build("half_select", {"share": share})
