"""Long and short together: a protocol cut into transients that hand their states on.

ngspice drops corners that lie closer than a 1e-10 of its largest step, and a step that suits
500 s of retention steps over the microseconds after a pulse. So a train of pulses is one run, cut
between pulses where it gets long; a rest that is long against what came before is cut
geometrically, and begins on the time scale of the edge before it.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import SimulationError
from compactmodels.integrate import Response, displacement
from compactmodels.names import number
from compactmodels.protocols import Protocol
from netlists.ngspice import Plot
from netlists.retries import ATTEMPTS, Attempt, run_transient
from netlists.simulation import (
    DOSE_TOLERANCE,
    ROUNDING,
    Device,
    check_doses,
    device,
    pairs,
    state_track,
    write_deck,
)

FloatArray = NDArray[np.float64]

SPAN: Final = 1e5
"""Duration of a segment of several pieces over its shortest edge."""
CORNERS: Final = 100
"""Of a segment: ngspice searches them one by one at every evaluation."""
GROWTH: Final = 100.0
"""Of the pieces of a rest, each over the one before: with 10 or 1000 the states differ by less than 4e-5."""
REST_POINTS: Final = 20
"""At least, of a segment: its largest step is that part of it. Where a state moves the step is far smaller."""
RAMP_POINTS: Final = 100
"""At least, of a ramp that fills a good part of a segment: a current may rise exponentially along it."""
SHORTEST: Final = 1e-15
"""s: nothing in a device relaxes faster, however short the edge before."""
FIRST_STEP: Final = 1e-4
"""Of a segment: the first step is an Euler step that ngspice does not check."""
OPTIONS: Final = "reltol=1e-6 trtol=1 chgtol=1e-12 vntol=1e-12"
"""A step's error stays below 1e-6 of each state, down to a state of 1e-6 (chgtol over the 1 uF of a state's node).

With ngspice's own trtol and chgtol a state of 1e-4, which may carry all of the current, was 1 % off after three
pulses, and a relaxation of 5 us 14 % off 28 us after one.  With trtol=3 fifty spikes of a perovskite were 1.2e-3 of
the current's range off, with 1 they are 4e-4 off for a quarter more points.
"""
LEAST_ABSTOL: Final = 1e-40


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """One transient.

    Parameters
    ----------
    start : float
        [s], in the protocol's time.
    time, voltage : (n,) float64
        Corners [s], [V]; the first is at 0.
    first_step, max_step : float
        [s].
    """

    start: float
    time: FloatArray
    voltage: FloatArray
    first_step: float
    max_step: float


def plan(protocol: Protocol) -> list[Segment]:
    """The segments of a transient protocol.

    A segment of several pieces is at most :data:`SPAN` times as long as its shortest edge, has
    at most :data:`CORNERS` corners and ends outside the pulses; a piece that is longer than
    :data:`SPAN` times the one before it stands alone, in pieces that grow by :data:`GROWTH`.

    Parameters
    ----------
    protocol : Protocol
        A transient one.
    """
    time, out = protocol.time, []
    starts = [pulse.start for pulse in protocol.pulses]
    pieces = np.diff(time)
    before, first = float(np.min(pieces)), 0
    shortest = np.inf
    for k, piece in enumerate(pieces):
        if piece > SPAN * before:
            if first < k:
                out.append(_segment(protocol, time[first : k + 1]))
            out += [_segment(protocol, part) for part in _cut(time[k], time[k + 1], before)]
            first, shortest = k + 1, np.inf
        else:
            shortest = min(shortest, piece)
            full = time[k + 1] - time[first] > SPAN * shortest or k - first >= CORNERS
            if full and first < k and not _within_a_pulse(protocol, starts, time[k]):
                out.append(_segment(protocol, time[first : k + 1]))
                first, shortest = k, piece
        before = float(piece)
    if first < pieces.size:
        out.append(_segment(protocol, time[first:]))
    return out


def _within_a_pulse(protocol: Protocol, starts: list[float], time: float) -> bool:
    """Whether a cut would part a pulse; its foot may differ from the corner by rounding."""
    k = int(np.searchsorted(starts, time)) - 1  # the last that begins before it
    if k < 0:
        return False
    pulse = protocol.pulses[k]
    rounding = 1e-6 * (pulse.stop - pulse.start)
    return pulse.start + rounding < time < pulse.stop - rounding


def _cut(start: float, stop: float, scale: float) -> Iterator[FloatArray]:
    """The two ends of each part of a rest."""
    ends, reach = [start], GROWTH * max(scale, SHORTEST)
    while 3 * reach < stop - start:
        ends.append(start + reach)
        reach *= GROWTH
    ends.append(stop)
    for a, b in pairwise(ends):
        yield np.array([a, b])


def _segment(protocol: Protocol, corners: FloatArray) -> Segment:
    time = corners - corners[0]
    voltage = np.interp(corners, protocol.time, protocol.voltage)
    pieces = np.diff(time)
    max_step = time[-1] / REST_POINTS
    ramps = pieces[(np.diff(voltage) != 0) & (pieces >= max_step)]
    if ramps.size:
        max_step = min(max_step, protocol.max_step, float(np.min(ramps)) / RAMP_POINTS)
    first = min(FIRST_STEP * time[-1], pieces[0] / 100, max_step)
    return Segment(float(corners[0]), time, voltage, float(first), float(max_step))


def simulate_segments(
    card: ModelCard,
    protocol: Protocol,
    *,
    w0: float = 0.0,
    s0: float = 0.0,
    temperature: float = ROOM_TEMPERATURE,
    timeout: float = 600.0,
    keep: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    form: str = "auto",
) -> Response:
    """Run a card through a transient protocol in segments.

    Parameters
    ----------
    card : ModelCard
    protocol : Protocol
    w0, s0 : float
        Initial states in [0, 1].
    temperature : float
        [K].
    timeout : float
        Seconds for all segments together.
    keep : pathlib.Path, optional
        Folder for the deck of a failed run.
    progress : callable, optional
        Called with the number of segments done and their total.
    form : str
        How the device stands in the deck, one of :data:`netlists.osdi.FORMS`.

    Returns
    -------
    Response
        One record; its times increase. ``engine`` names the options of segments that converged
        only with others than the usual ones.

    Raises
    ------
    SimulationError
        ngspice failed in a segment, dropped a pulse, or a state left [0, 1].
    ToolMissing
        ngspice's library or PySpice is not installed, or the form that was asked for cannot be had.
    """
    emitted = device(card, form)
    segments = plan(protocol)
    deadline = clock.monotonic() + timeout
    start = (w0, s0)
    rows: list[FloatArray] = []
    helped: dict[str, None] = {}
    for k, segment in enumerate(segments, start=1):
        where = f"segment {k} of {len(segments)}, from {segment.start:.6g} s"
        named = protocol.label, card.name
        if len(segments) > 1:
            named = f"{protocol.label}, {where}", f"{card.name}, {where}"
        try:
            plot, attempt = run_transient(
                _writer(card, emitted, segment, named[0], start, temperature),
                title=named[1],
                timeout=timeout if k == 1 else max(0.0, deadline - clock.monotonic()),
                keep=keep,
                osdi=emitted.libraries,
            )
        except SimulationError as error:
            if error.code == "timeout" and k > 1:
                error = SimulationError(
                    f"{error.message}; all segments together had {timeout:g} s", code="timeout"
                )
            raise error from None
        _check_corners(segment, plot, where)
        if attempt != ATTEMPTS[0]:
            helped[str(attempt)] = None
        tracks = [state_track(plot, card, *state) for state in zip("ws", start, strict=True)]
        rows.append(
            np.array(
                [_times(plot["time"], segment), plot["drive"], -plot["vdrive#branch"], *tracks]
            )
        )
        if k < len(segments):
            start = (_carried("w", tracks[0][-1], where), _carried("s", tracks[1][-1], where))
        if progress is not None:
            progress(k, len(segments))
    record = _joined(rows)
    # The operating point at which the first run begins knows no slope.
    record[2, :1] += displacement(card, record[0, :1], record[1, :1], protocol)
    check_doses(protocol, record[0], record[1])
    engine = f"ngspice ({'; '.join(helped)})" if helped else "ngspice"
    time, voltage, current, w, s = record
    return Response(time, voltage, current, w, s, engine, emitted.form)


def _writer(
    card: ModelCard,
    emitted: Device,
    segment: Segment,
    label: str,
    start: tuple[float, float],
    temperature: float,
) -> Callable[[Attempt], str]:
    def write(attempt: Attempt) -> str:
        stimulus: dict[str, Any] = {
            "pairs": pairs(segment.time, segment.voltage),
            "duration": number(segment.time[-1]),
            # ngspice begins with a tenth of it
            "step": number(10 * segment.first_step / attempt.finer),
            "max_step": number(segment.max_step / attempt.finer),
        }
        return write_deck(
            card,
            emitted.text,
            label=label,
            kind="transient",
            stimulus=stimulus,
            options=f"{OPTIONS} abstol={number(_abstol(segment))} {attempt.options}".rstrip(),
            start=start,
            temperature=temperature,
        )

    return write


def _check_corners(segment: Segment, plot: Plot, where: str) -> None:
    """Whether every corner was applied: also that of a waveform which declares no pulses."""
    applied = np.interp(segment.time, plot["time"], plot["drive"])
    off = np.abs(applied - segment.voltage)
    if np.max(off) > DOSE_TOLERANCE * np.max(np.abs(segment.voltage)):
        k = int(np.argmax(off))
        raise SimulationError(
            f"ngspice, {where}: {applied[k]:.4g} V were applied at {segment.start + segment.time[k]:.6g} s "
            f"instead of {segment.voltage[k]:.4g} V: its time step skipped a corner; lengthen the edges "
            "or shorten the record",
            code="dose_lost",
        )


def _abstol(segment: Segment) -> float:
    """A current [A] small enough for ngspice to reach the largest step.

    Its step is at most sqrt(trtol reltol chgtol / (abstol step)), whatever the error: with an abstol of
    1e-18 A no step over a state at 0 exceeds sqrt(trtol) s, and 1e4 s of rest take 6000 points.
    """
    step = max(segment.max_step, 1e-3)  # below, the step is not what limits it
    return max(min(1e-18, 1e-19 / step**3), LEAST_ABSTOL)


def _times(time: FloatArray, segment: Segment) -> FloatArray:
    """In the protocol's time; ngspice's last one is off by rounding."""
    return segment.start + np.minimum(time, segment.time[-1])


def _carried(name: str, value: float, where: str) -> float:
    """The state that the next segment begins with."""
    if not -ROUNDING <= value <= 1 + ROUNDING:
        raise SimulationError(
            f"ngspice, {where}: the state {name} ends at {value:.6g}, outside 0 to 1: the law's rate does not "
            "stop there, or the segment is too stiff",
            code="no_convergence",
        )
    return float(min(max(value, 0.0), 1.0))


def _joined(rows: list[FloatArray]) -> FloatArray:
    """One record of increasing times.

    A segment's first point is the last one of the segment before, computed without the capacitive
    current: that one is left out.
    """
    record = np.concatenate([rows[0], *(row[:, 1:] for row in rows[1:])], axis=1)
    latest = np.maximum.accumulate(record[0])
    return record[:, np.append(True, latest[1:] > latest[:-1])]
