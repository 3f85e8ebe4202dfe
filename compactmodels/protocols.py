"""What is applied to a device: DC sweeps at held states, ramps, pulse trains and pairs, writes and reads.

A protocol is data: piecewise-linear voltage against time (or a list of voltages for a DC sweep).
The reference integrator and ngspice are driven by the same one.
"""

from __future__ import annotations

import inspect
import math
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import ProtocolError

FloatArray = NDArray[np.float64]

LEAST_EDGE: Final = 1e-18
"""s: no source of any device switches faster."""
LARGEST: Final = sys.float_info.max
LEAST_GRAINS: Final = 64
"""Of a double in each piece of a waveform: its length, and a pulse's dose, are then known to 2 %."""
LEAST_STEP: Final = 1e-12
"""V, and of the voltage: ngspice's DC sweep goes on for 2.2e-13 V beyond its end, in steps however small."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """One pulse of a train, for reading the response and for checking the dose.

    Times in s from the start; ``start`` and ``stop`` enclose both edges.
    """

    start: float
    stop: float
    amplitude: float


@dataclass(frozen=True, slots=True, eq=False)
class Protocol:
    """A stimulus.

    Parameters
    ----------
    kind : str
        "dc" (states held, ``voltage`` equidistant), "points" (states held, ``voltage`` any list) or
        "transient".
    time : (n,) float64
        Breakpoints [s]; for "dc" and "points" the index of the point.
    voltage : (n,) float64
        Voltage at the driven electrode [V].
    max_step : float
        Largest time step [s] that resolves it.
    pulses : tuple of Pulse
    label : str
    """

    kind: str
    time: FloatArray
    voltage: FloatArray
    max_step: float = math.inf
    pulses: tuple[Pulse, ...] = ()
    label: str = ""
    settings: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind == "transient":
            edges = np.diff(self.time)
            if np.any(edges <= 0):
                raise ProtocolError(
                    f"{self.label}: times must increase, and a piece of it is lost beside the length of "
                    "the record: lengthen the piece or shorten the record"
                )
            grain = np.spacing(np.abs(self.time[1:]))
            if np.any(edges < LEAST_GRAINS * grain):
                k = int(np.argmin(edges / grain))
                raise ProtocolError(
                    f"{self.label}: a piece of {edges[k]:.3g} s after {self.time[k]:.6g} s is too short beside "
                    "the time for its length to be kept: lengthen the piece or shorten the record"
                )
            if np.min(edges) < LEAST_EDGE:
                raise ProtocolError(
                    f"{self.label}: an edge of {np.min(edges):.3g} s is shorter than {LEAST_EDGE:g} s, which "
                    "no time step resolves: lengthen the edge"
                )

    def waypoints(self, growth: float = 1.5) -> tuple[FloatArray, FloatArray]:
        """The same waveform with extra points in its long straight pieces.

        Their distance from the piece's start grows by ``growth``: whatever relaxes after an edge is
        followed on its own time scale, whether it takes nanoseconds or hours.
        """
        time = [self.time[:1]]
        for a, b in zip(self.time[:-1], self.time[1:], strict=True):
            shortest = max(float(np.min(np.diff(self.time))), 1e-9 * (b - a))
            count = max(0, math.ceil(math.log((b - a) / shortest, growth)))
            steps = shortest * growth ** np.arange(count)
            time.append(np.append(a + steps[steps < 0.8 * (b - a)], b))
        joined = np.concatenate(time)
        return joined, np.interp(joined, self.time, self.voltage)

    @property
    def static(self) -> bool:
        """Whether the states are held, and time is the index of a bias point."""
        return self.kind in {"dc", "points"}

    @property
    def duration(self) -> float:
        """Seconds."""
        return float(self.time[-1])


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ProtocolError(
                f"protocol: '{name}' is {value}: a finite number above 0 is expected"
            )


def _finite(**values: float) -> None:
    for name, value in values.items():
        if not math.isfinite(value):
            raise ProtocolError(f"protocol: '{name}' is {value}: a finite number is expected")


def _whole(name: str, value: float, least: int, most: int) -> int:
    if not math.isfinite(value) or value != int(value) or not least <= value <= most:
        raise ProtocolError(
            f"protocol: '{name}' is {value}: a whole number from {least} to {most} is expected"
        )
    return int(value)


def dc(v_min: float = -1.0, v_max: float = 1.0, points: float = 201) -> Protocol:
    """DC sweep at held states: ``points`` equidistant voltages [V]."""
    _finite(v_min=v_min, v_max=v_max)
    count = _whole("points", points, 2, 100_000)
    if not v_min < v_max:
        raise ProtocolError(f"protocol: v_min = {v_min:g} V must lie below v_max = {v_max:g} V")
    least = LEAST_STEP * max(1.0, abs(v_min), abs(v_max))
    if not least <= (v_max - v_min) / (count - 1) < math.inf:
        raise ProtocolError(
            f"protocol: {count} points from {v_min:g} to {v_max:g} V are {(v_max - v_min) / (count - 1):.3g} "
            f"V apart: at least {least:g} V are expected, or ngspice does not find the end"
        )
    return Protocol(
        "dc",
        np.arange(count, dtype=float),
        np.linspace(v_min, v_max, count),
        label="DC sweep, state held",
    )


def sweep(
    v_max: float = 1.0,
    v_min: float = -1.0,
    rate: float = 1.0,
    cycles: float = 1,
    steps: float = 400,
) -> Protocol:
    """Hysteresis loop as ramps: 0, v_max, 0, v_min, 0, ... at ``rate`` [V/s], ``cycles`` times."""
    _positive(rate=rate)
    _finite(v_max=v_max, v_min=v_min)
    corners = [v_max, 0.0, v_min, 0.0]
    path = [0.0] + corners * _whole("cycles", cycles, 1, 10_000)
    path = [path[0]] + [b for a, b in pairwise(path) if b != a]
    if len(path) < 2:
        raise ProtocolError("protocol: v_max and v_min are both 0 V: there is nothing to sweep")
    time = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(path)) / rate)])
    span = float(np.max(np.abs(np.diff(path)))) / rate
    return Protocol(
        "transient",
        time,
        np.array(path),
        span / _whole("steps", steps, 10, 100_000),
        label="Hysteresis sweep",
    )


def pulses(
    amplitude: float = 1.0,
    width: float = 1e-6,
    gap: float = 1e-6,
    number: float = 10,
    base: float = 0.0,
    edge: float | None = None,
    tail: float | None = None,
) -> Protocol:
    """Train of ``number`` pulses of ``amplitude`` [V].

    ``width`` is the flat top, ``gap`` the time at ``base`` [V] between the foot of one pulse and
    that of the next, ``edge`` the rise and fall (default: 1/50 of the shorter of the two),
    ``tail`` the time after the last pulse (default: ``gap``); all in s.
    """
    edge = min(width, gap) / 50 if edge is None else edge
    tail = gap if tail is None else tail
    _positive(width=width, gap=gap, edge=edge, tail=tail)
    _finite(amplitude=amplitude, base=base)
    count = _whole("number", number, 1, 100_000)
    time, volts, train = [0.0], [base], []
    now = min(gap, 2 * width)
    for _ in range(count):
        start = now
        time += [now, now + edge, now + edge + width, now + 2 * edge + width]
        volts += [base, amplitude, amplitude, base]
        now += 2 * edge + width
        train.append(Pulse(start, now, amplitude))
        now += gap
    time.append(time[-1] + tail)
    volts.append(base)
    return Protocol(
        "transient",
        np.array(time),
        np.array(volts),
        time[-1] / 500,
        tuple(train),
        label="Pulse train",
        settings={"base": base},
    )


def pair(
    amplitude: float = 1.0,
    width: float = 1e-6,
    interval: float = 1e-6,
    base: float = 0.0,
    edge: float | None = None,
) -> Protocol:
    """Two equal pulses, ``interval`` [s] from the foot of the first to that of the second."""
    train = pulses(amplitude, width, interval, 2, base, edge)
    return Protocol(
        train.kind,
        train.time,
        train.voltage,
        train.max_step,
        train.pulses,
        "Pulse pair",
        train.settings,
    )


def write_read(
    amplitude: float = 1.0,
    width: float = 1e-6,
    read: float = 0.1,
    read_width: float = 1e-6,
    gap: float = 1e-6,
    number: float = 10,
    edge: float | None = None,
) -> Protocol:
    """``number`` times a pulse of ``amplitude`` [V] and then one of ``read`` [V], ``gap`` [s] apart.

    Pulses are counted through: odd ones write, even ones read.
    """
    from compactmodels.protocol_sequence import repeated, sequence

    edge = min(width, read_width, gap) / 50 if edge is None else edge
    write = pulses(amplitude, width, gap, 1, 0.0, edge, gap)
    reading = pulses(read, read_width, gap, 1, 0.0, edge, gap)
    count = _whole("number", number, 1, 10_000)
    return replace(repeated(sequence([write, reading]), count), label="Write and read")


def half_select(
    amplitude: float = 1.0,
    width: float = 1e-6,
    gap: float = 1e-6,
    number: float = 10,
    share: float = 0.5,
    edge: float | None = None,
    tail: float | None = None,
) -> Protocol:
    """What a cell sees of ``number`` writes of its neighbours: pulses of ``share`` times ``amplitude`` [V].

    ``share`` is 1/2 in the V/2 scheme (and 0 for cells on neither line), 1/3 of either sign in V/3.
    """
    _finite(share=share)
    if not 0.0 < abs(share) < 1.0:
        raise ProtocolError(
            f"protocol 'half_select': share is {share:g}: a part of the write voltage is expected, 0.5 in "
            "the V/2 scheme, 0.333 or -0.333 in V/3"
        )
    train = pulses(share * amplitude, width, gap, number, 0.0, edge, tail)
    return replace(train, label="Half-select disturb")


BUILDERS: Final[dict[str, Callable[..., Any]]] = {
    "dc": dc,
    "sweep": sweep,
    "pulses": pulses,
    "pair": pair,
    "write_read": write_read,
    "half_select": half_select,
}
"""Protocols by name."""


def build(name: str, settings: Mapping[str, Any]) -> Protocol:
    """The protocol called ``name`` with ``settings`` by argument name.

    Raises
    ------
    ProtocolError
        Unknown protocol or setting, or a value that is no number.
    """
    if name not in BUILDERS:
        raise ProtocolError(
            f"unknown protocol '{name}'; known are {', '.join(BUILDERS)}, or the path of a TOML file",
            code="unknown_protocol",
        )
    known = inspect.signature(BUILDERS[name]).parameters
    for key, value in settings.items():
        if key not in known:
            raise ProtocolError(
                f"protocol '{name}' has no setting '{key}'; it has {', '.join(known)}"
            )
        if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > LARGEST:
            raise ProtocolError(
                f"protocol '{name}': '{key}' is {repr(value)[:60]}: a finite number is expected"
            )
    result: Protocol = BUILDERS[name](**settings)
    return result


def load(path: Path, settings: Mapping[str, Any] | None = None) -> Protocol:
    """A protocol from a TOML file: ``kind = "pulses"`` and the settings, SI units.

    Raises
    ------
    ProtocolError
        Not a file, not TOML, no or an unknown kind, unknown settings.
    """
    try:
        document = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ProtocolError(f"protocol file '{path}' cannot be read: {reason}") from None
    except (ValueError, RecursionError) as error:  # not TOML, an endless number, endless nesting
        raise ProtocolError(f"protocol file '{path}' is not TOML: {error}") from None
    kind = document.pop("kind", None)
    if not isinstance(kind, str):
        raise ProtocolError(
            f"protocol file '{path}': kind = \"...\" is missing; one of {', '.join(BUILDERS)}"
        )
    if kind in ("sequence", "rest", "waveform", "stdp"):
        from compactmodels.protocol_sequence import from_document

        return from_document({"kind": kind, **document, **(settings or {})})
    return build(kind, {**document, **(settings or {})})


def for_card(name: str, operation: Mapping[str, float], settings: Mapping[str, Any]) -> Protocol:
    """A named protocol with the device's own voltages and times, where its card states them.

    ``operation`` may hold ``v_set``, ``v_reset``, ``v_read``, ``sweep_rate``, ``pulse_amplitude``,
    ``pulse_width`` and ``pulse_gap``; ``settings`` override them.
    """
    names = {
        "dc": {"v_min": "dc_min", "v_max": "dc_max"},
        "sweep": {"v_max": "v_set", "v_min": "v_reset", "rate": "sweep_rate"},
        "pulses": {
            "amplitude": "pulse_amplitude",
            "width": "pulse_width",
            "gap": "pulse_gap",
            "base": "v_base",
        },
        "pair": {
            "amplitude": "pulse_amplitude",
            "width": "pulse_width",
            "interval": "pulse_gap",
            "base": "v_base",
        },
        "write_read": {
            "amplitude": "pulse_amplitude",
            "width": "pulse_width",
            "read": "v_read",
            "read_width": "pulse_width",
            "gap": "pulse_gap",
        },
        "half_select": {
            "amplitude": "pulse_amplitude",
            "width": "pulse_width",
            "gap": "pulse_gap",
        },
    }
    own = {
        argument: operation[key]
        for argument, key in names.get(name, {}).items()
        if key in operation
    }
    return build(name, {**own, **settings})
