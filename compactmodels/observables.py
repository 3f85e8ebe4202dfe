"""Observables: numbers read from a response, as a paper publishes them.

A reading, a ratio of two, a time constant that is fitted again, the time or the number of pulses until
a threshold is crossed, a pulse's energy, an index of facilitation, an extreme, a slope, the area of a
loop.  The same reader serves the reference integrator and ngspice.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import ProtocolError
from compactmodels.integrate import Response
from compactmodels.observables_numeric import (
    crossings,
    exponential,
    interpolate,
    shortfall,
    straight_line,
)
from compactmodels.observables_record import Observed, Run, quantity
from compactmodels.observables_schema import (
    UNIT,
    Crossing,
    Decay,
    Energy,
    Extreme,
    Facilitation,
    HysteresisArea,
    Ratio,
    Reading,
    Signal,
    Slope,
    Window,
)
from compactmodels.protocols import Protocol, Pulse

FloatArray = NDArray[np.float64]

REACH: Final = 3.0
"""How fast the pseudo-time of a crossing that did not happen grows with what is missing (ln units)."""


def observe(observable: Any, run: Run) -> Observed:
    """Read an observable from a run.

    Parameters
    ----------
    observable : Reading, Ratio, Facilitation, Decay, Crossing, Extreme, Slope, HysteresisArea or Energy
    run : Run

    Raises
    ------
    ProtocolError
        The protocol has no such pulse or moment: the observable does not fit it.
    """
    return _READ[type(observable)](observable, run)


def _plain(value: float, why: str = "") -> Observed:
    value = float(value)
    return Observed(value, value, "" if math.isfinite(value) else why or "it has no finite value")


def _record(run: Run) -> tuple[Protocol, Response]:
    if run.protocol is None or run.response is None:
        raise ProtocolError(
            "this observable is read from a record in time: give the target a protocol"
        )
    return run.protocol, run.response


def track(signal: Signal, run: Run) -> FloatArray:
    """The signal at every time of the response, shape (n,); NaN where it has no value."""
    _, r = _record(run)
    if signal.read is not None:
        y = run.static(signal, signal.read, r.w, r.s)
        return np.broadcast_to(y, r.time.shape)
    return quantity(signal, r.voltage, r.current, r.w, r.s)


def _at(signal: Signal, run: Run, time: float, what: str) -> float:
    """The signal at a time [s]."""
    return float(_at_all(signal, run, np.array([time]), what)[0])


def _at_all(signal: Signal, run: Run, times: FloatArray, what: str) -> FloatArray:
    """The signal at times [s], shape (k,)."""
    _, r = _record(run)
    end = float(r.time[-1])
    late = float(np.max(times))
    if np.min(times) < 0.0 or late > end * (1 + 1e-12):
        raise ProtocolError(
            f"{what} lies at {late:.6g} s and the protocol ends at {end:.6g} s: lengthen it"
        )
    at = np.minimum(times, end)
    if signal.read is None:
        return interpolate(at, r.time, track(signal, run))
    w, s = (interpolate(at, r.time, x) for x in (r.w, r.s))
    if times.size > 1:
        return np.asarray(run.static(signal, signal.read, w, s))
    return run.static(signal, signal.read, float(w[0]), float(s[0])).reshape(1)


def _pulse(run: Run, number: int) -> tuple[Pulse, int]:
    """A pulse by its number, from 1 or from -1 at the end; and its number from 1."""
    protocol, _ = _record(run)
    count = len(protocol.pulses)
    if not 1 <= abs(number) <= count:
        raise ProtocolError(
            f"pulse {number} is asked for and the protocol '{protocol.label}' has {count}"
        )
    own = number if number > 0 else count + 1 + number
    return protocol.pulses[own - 1], own


def _top(protocol: Protocol, pulse: Pulse) -> tuple[float, float]:
    """First and last time [s] of a pulse's flat top."""
    k = int(np.argmin(np.abs(protocol.time - pulse.stop)))
    return float(protocol.time[k - 2]), float(protocol.time[k - 1])


def _pulse_time(run: Run, number: int, position: float, delay: float | None) -> float:
    protocol, _ = _record(run)
    pulse, _ = _pulse(run, number)
    if delay is not None:
        return pulse.stop + delay
    start, stop = _top(protocol, pulse)
    return start + position * (stop - start)


def _reading(o: Reading, run: Run) -> Observed:
    nothing = f"the {o.quantity} has no value there: the voltage or the current is 0; give 'read'"
    if o.static or run.protocol is None:
        w = run.w0 if o.w is None else o.w
        s = run.s0 if o.s is None else o.s
        if o.read is None and o.quantity not in ("w", "s"):
            raise ProtocolError("a reading without a protocol needs 'read', its voltage [V]")
        return _plain(run.static(o, o.read or 0.0, w, s), nothing)
    _, r = _record(run)
    if o.pulse is not None:
        time = _pulse_time(run, o.pulse, o.position, o.delay)
        return _plain(_at(o, run, time, f"the reading at pulse {o.pulse}"), nothing)
    if o.voltage is not None:
        found = crossings(r.time, r.voltage - o.voltage, None)
        if len(found) < o.passing:
            raise ProtocolError(
                f"the protocol passes {o.voltage:g} V {len(found)} times; passing {o.passing} is asked for"
            )
        return _plain(_at(o, run, found[o.passing - 1], "the reading"), nothing)
    time = float(r.time[-1]) if o.time is None else o.time
    return _plain(_at(o, run, time, "the reading"), nothing)


def _ratio(o: Ratio, run: Run) -> Observed:
    a, b = _reading(o.of, run), _reading(o.to, run)
    return _combined(a.value, b.value, o.form, a.why or b.why)


def _combined(a: float, b: float, form: str, why: str = "") -> Observed:
    if form == "difference":
        return _plain(a - b, why)
    if b == 0 or not math.isfinite(a) or not math.isfinite(b):
        return _plain(math.nan, why or "the reading in the denominator is 0")
    return _plain(a / b if form == "ratio" else (a - b) / b)


def _facilitation(o: Facilitation, run: Run) -> Observed:
    values = [
        _at(o, run, _pulse_time(run, n, o.position, None), f"pulse {n}") for n in (o.pulse, o.first)
    ]
    return _combined(values[0], values[1], o.form)


def _window(o: Window, run: Run) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Time, voltage and signal inside the window, its ends included."""
    _, r = _record(run)
    stop = float(r.time[-1]) if o.stop is None else o.stop
    if not o.start < stop <= r.time[-1] * (1 + 1e-12):
        raise ProtocolError(
            f"the window from {o.start:g} to {stop:g} s is not inside the record, which ends at "
            f"{r.time[-1]:.6g} s"
        )
    inside = r.time[(r.time > o.start) & (r.time < stop)]
    time = np.concatenate([[o.start], inside, [stop]])
    y = track(o, run)
    return time, np.interp(time, r.time, r.voltage), np.interp(time, r.time, y)


def _extreme(o: Extreme, run: Run) -> Observed:
    y = _window(o, run)[2]
    good = y[np.isfinite(y)]
    if good.size == 0:
        return _plain(math.nan, f"the {o.quantity} has no value in the window")
    return _plain(good.max() if o.which == "maximum" else good.min())


def _slope(o: Slope, run: Run) -> Observed:
    time, voltage, y = _window(o, run)
    at = np.linspace(time[0], time[-1], o.points)
    x = at if o.against == "time" else np.interp(at, time, voltage)
    y = interpolate(at, time, y)
    good = np.isfinite(y)
    if o.log_y:
        good &= y > 0
    if o.log_x:
        good &= x > 0
    x, y = x[good], y[good]
    if x.size < 2 or np.ptp(x) == 0:
        return _plain(math.nan, "fewer than two points of the window can be used")
    slope, _ = straight_line(np.log(x) if o.log_x else x, np.log(y) if o.log_y else y)
    return _plain(slope)


def _hysteresis_area(o: HysteresisArea, run: Run) -> Observed:
    _, v, y = _window(o, run)
    pieces = 0.5 * (y[1:] + y[:-1]) * np.diff(v)
    middle = 0.5 * (v[1:] + v[:-1])
    return _plain(abs(np.sum(pieces[middle > 0])) + abs(np.sum(pieces[middle < 0])))


def _energy(o: Energy, run: Run) -> Observed:
    protocol, r = _record(run)
    pulse, number = _pulse(run, o.pulse)
    if o.form == "product":
        reading = o.reading or Reading(quantity="current", pulse=number)
        start, stop = _top(protocol, pulse)
        seen = _reading(reading, run)
        return _plain(abs(pulse.amplitude * seen.value) * (stop - start), seen.why)
    power = r.voltage * r.current
    inside = r.time[(r.time > pulse.start) & (r.time < pulse.stop)]
    time = np.concatenate([[pulse.start], inside, [pulse.stop]])
    y = np.interp(time, r.time, power)
    return _plain(np.sum(0.5 * (y[1:] + y[:-1]) * np.diff(time)))


def _crossing(o: Crossing, run: Run) -> Observed:
    return _pulse_crossing(o, run) if o.counted == "pulse" else _time_crossing(o, run)


def _never(o: Crossing, y: FloatArray, last: float) -> Observed:
    good = y[np.isfinite(y)]
    if good.size == 0:
        return _plain(math.nan, f"the {o.quantity} has no value in the record")
    rising = o.direction == "rising"
    best = float(good.max() if rising else good.min())
    far = shortfall(best, o.threshold, rising)
    why = f"{o.threshold:.4g} {UNIT[o.quantity]} is never reached: the nearest is {best:.4g}"
    return Observed(math.nan, last * math.exp(min(REACH * far, 50.0)), why)


def _time_crossing(o: Crossing, run: Run) -> Observed:
    _, r = _record(run)
    zero = o.since if o.pulse is None else _pulse(run, o.pulse)[0].start
    if zero >= r.time[-1]:
        raise ProtocolError(
            f"'since' = {zero:g} s lies beyond the record, which ends at {r.time[-1]:.6g} s"
        )
    y = track(o, run)
    later = r.time >= zero
    rising = o.direction == "rising"
    found = crossings(r.time[later], y[later] - o.threshold, rising, o.passing)
    if len(found) < o.passing:
        missing = _never(o, y[later], float(r.time[-1]) - zero)
        return _plain(math.nan, missing.why) if o.counted == "voltage" else missing
    at = found[o.passing - 1]
    return _plain(np.interp(at, r.time, r.voltage) if o.counted == "voltage" else at - zero)


def _pulse_crossing(o: Crossing, run: Run) -> Observed:
    _, first = _pulse(run, o.first_pulse)
    _, last = _pulse(run, o.last_pulse)
    if last < first:
        raise ProtocolError(f"'last_pulse' ({last}) stands before 'first_pulse' ({first})")
    numbers = range(first, last + 1)
    times = np.array([_pulse_time(run, n, o.position, o.delay) for n in numbers])
    y = _at_all(o, run, times, f"the reading at pulse {last}")
    beyond = y >= o.threshold if o.direction == "rising" else y <= o.threshold
    if not np.any(beyond):
        return _never(o, y, float(len(y)) + 0.5)
    k = int(np.argmax(beyond))
    if k == 0:
        return Observed(1.0, 1.0)
    share = float((o.threshold - y[k - 1]) / (y[k] - y[k - 1]))
    return Observed(k + 1.0, k + share + 0.5)


def _decay(o: Decay, run: Run) -> Observed:
    _, r = _record(run)
    zero = o.time if o.time is not None else _pulse(run, o.pulse or -1)[0].stop
    start, stop = zero + o.delay, zero + o.delay + o.duration
    if stop > r.time[-1] * (1 + 1e-9):
        raise ProtocolError(
            f"the decay is to be fitted until {stop:.6g} s and the protocol ends at {r.time[-1]:.6g} s: "
            "lengthen its tail"
        )
    if o.law == "power":
        t = np.geomspace(start - zero, stop - zero, o.points)
    else:
        t = np.linspace(start - zero, stop - zero, o.points)
    y = interpolate(zero + t, r.time, track(o, run))
    if not np.all(np.isfinite(y)):
        return _plain(math.nan, f"the {o.quantity} has no value in the decay: give 'read'")
    if o.law == "power":
        if np.any(y <= 0):
            return _plain(math.nan, "the signal is not positive all along: it has no power law")
        slope, level = straight_line(np.log(t), np.log(y))
        return _plain(-slope if o.parameter == "m" else math.exp(level))
    tau, a = exponential(t, y, o.floor)
    return _plain(tau if o.parameter == "tau" else a, "the record shows no exponential decay")


_READ: Final[dict[type, Callable[[Any, Run], Observed]]] = {
    Reading: _reading,
    Ratio: _ratio,
    Facilitation: _facilitation,
    Decay: _decay,
    Crossing: _crossing,
    Extreme: _extreme,
    Slope: _slope,
    HysteresisArea: _hysteresis_area,
    Energy: _energy,
}
