"""Protocols made of steps: reset, rest, train, wait, train again.

In TOML a sequence is ``kind = "sequence"`` with ``[[steps]]``, each a protocol of its own; a
``rest`` is a constant voltage, a ``waveform`` any list of corners. ``repeat = N`` on a step, or on the
sequence itself, applies it N times; a step may be a sequence, three deep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from compactmodels.errors import ProtocolError
from compactmodels.protocols import LARGEST, Protocol, build

MOST_STEPS: Final = 1000
MOST_CORNERS: Final = 100_000
DEEPEST: Final = 3
"""Sequences within one another."""


def rest(duration: float = 1.0, voltage: float = 0.0) -> Protocol:
    """A constant ``voltage`` [V] for ``duration`` [s].

    Raises
    ------
    ProtocolError
        A duration that is not above 0.
    """
    if not 0 < duration <= LARGEST or not abs(voltage) <= LARGEST:
        raise ProtocolError(
            f"protocol 'rest': duration {duration} s at {voltage} V: a finite voltage for a time above "
            "0 is expected"
        )
    return waveform([0.0, duration], [voltage, voltage], label="Rest")


def waveform(time: Sequence[float], voltage: Sequence[float], label: str = "Waveform") -> Protocol:
    """Straight lines between corners.

    Parameters
    ----------
    time : sequence of n floats
        [s], increasing; the first is 0.
    voltage : sequence of n floats
        [V].

    Raises
    ------
    ProtocolError
        Lists of different lengths, fewer than two corners, times that do not increase from 0.
    """
    t, v = np.asarray(time, dtype=float), np.asarray(voltage, dtype=float)
    if t.shape != v.shape or not 2 <= t.size <= MOST_CORNERS:
        raise ProtocolError(
            f"protocol 'waveform': {t.size} times and {v.size} voltages: as many of one as of the other, "
            f"2 to {MOST_CORNERS}, are expected"
        )
    if not (np.all(np.isfinite(t)) and np.all(np.isfinite(v)) and t[0] == 0.0):
        raise ProtocolError(
            "protocol 'waveform': finite numbers with times that begin at 0 are expected"
        )
    return Protocol("transient", t, v, float(t[-1]) / 500, label=label)


def sequence(parts: Sequence[Protocol], label: str = "Sequence") -> Protocol:
    """Protocols one after the other; their pulses are counted through.

    Parameters
    ----------
    parts : sequence of Protocol
        Transient ones; each begins at the voltage at which the one before ended.

    Raises
    ------
    ProtocolError
        No part, one at held states, or a jump between two.
    """
    if not parts:
        raise ProtocolError("protocol 'sequence': it has no steps")
    time, voltage, pulses, now = [np.zeros(1)], [parts[0].voltage[:1]], [], 0.0
    for k, part in enumerate(parts, start=1):
        if part.static:
            raise ProtocolError(
                f"protocol 'sequence', step {k}: a DC sweep holds the states and has no time"
            )
        before = float(voltage[-1][-1])
        if part.voltage[0] != before:
            raise ProtocolError(
                f"protocol 'sequence', step {k} begins at {part.voltage[0]:g} V and the step before "
                f"ends at {before:g} V: a voltage cannot jump; give the steps the same base"
            )
        time.append(now + part.time[1:])
        voltage.append(part.voltage[1:])
        pulses += [
            replace(pulse, start=now + pulse.start, stop=now + pulse.stop) for pulse in part.pulses
        ]
        now += part.duration
    return Protocol(
        "transient",
        np.concatenate(time),
        np.concatenate(voltage),
        now / 500,
        tuple(pulses),
        label,
        parts[0].settings,
    )


def repeated(part: Protocol, number: float, where: str = "") -> Protocol:
    """A protocol ``number`` times in a row; ``where`` says in an error which step it is.

    Raises
    ------
    ProtocolError
        No whole number above 0, too many corners, an end at another voltage than the beginning.
    """
    whole = isinstance(number, (int, float)) and not isinstance(number, bool)
    if not whole or number != number // 1 or not 1 <= number <= MOST_CORNERS:
        raise ProtocolError(
            f"protocol 'sequence'{where}: repeat is {repr(number)[:60]}: a whole number from 1 to "
            f"{MOST_CORNERS} is expected"
        )
    if number == 1:
        return part
    _few(where, int(number) * (part.time.size - 1))
    if part.static or part.voltage[0] != part.voltage[-1]:
        raise ProtocolError(
            f"protocol 'sequence'{where}: what is repeated has to be a waveform that ends at the voltage "
            f"at which it begins, {part.voltage[0]:g} V; it ends at {part.voltage[-1]:g} V"
        )
    return sequence([part] * int(number), part.label)


def _few(where: str, corners: int) -> None:
    if corners > MOST_CORNERS:
        raise ProtocolError(
            f"protocol 'sequence'{where}: {corners} corners are too many; at most {MOST_CORNERS} can be "
            "applied"
        )


def from_document(document: Mapping[str, Any], deep: int = 1) -> Protocol:
    """A protocol from what TOML says of it: a builder's settings, a sequence, a rest, a waveform.

    ``deep`` counts sequences within one another.

    Raises
    ------
    ProtocolError
        No or an unknown kind, unknown settings, a value that is no number.
    """
    rest_of = dict(document)
    kind = rest_of.pop("kind", None)
    if not isinstance(kind, str):
        raise ProtocolError('protocol: kind = "..." is missing')
    if kind == "sequence":
        number = rest_of.pop("repeat", 1)
        steps = rest_of.pop("steps", None)
        _nothing_left(kind, rest_of, "steps, repeat")
        return repeated(_steps(steps, deep), number)
    if kind == "stdp":
        from compactmodels.protocol_stdp import from_settings

        return from_settings(rest_of)
    if kind == "rest":
        values = {key: _number(kind, key, rest_of.pop(key, 0.0)) for key in ("duration", "voltage")}
        _nothing_left(kind, rest_of, "duration, voltage")
        return rest(**values)
    if kind == "waveform":
        lists = {key: numbers(kind, key, rest_of.pop(key, None)) for key in ("time", "voltage")}
        _nothing_left(kind, rest_of, "time, voltage")
        return waveform(lists["time"], lists["voltage"])
    return build(kind, rest_of)


def _steps(steps: Any, deep: int) -> Protocol:
    """The steps of a sequence, each as often as its ``repeat`` says."""
    if not isinstance(steps, list) or not 1 <= len(steps) <= MOST_STEPS:
        raise ProtocolError(
            f"protocol 'sequence': steps is {repr(steps)[:60]}: a list of 1 to {MOST_STEPS} "
            "protocols is expected"
        )
    if deep > DEEPEST:
        raise ProtocolError(
            f"protocol 'sequence': sequences lie within one another {DEEPEST} deep at most; write the "
            "inner one's steps out"
        )
    parts, corners = [], 0
    for k, step in enumerate(steps, start=1):
        if not isinstance(step, Mapping):
            raise ProtocolError(
                f"protocol 'sequence', step {k} is {repr(step)[:60]}: a table with a kind is expected"
            )
        settings = dict(step)
        number = settings.pop("repeat", 1)
        part = repeated(from_document(settings, deep + 1), number, f", step {k}")
        corners += part.time.size - 1
        _few(f", step {k}", corners)
        parts.append(part)
    return sequence(parts)


def _nothing_left(kind: str, rest_of: Mapping[str, Any], known: str) -> None:
    if rest_of:
        raise ProtocolError(
            f"protocol '{kind}' has no setting '{next(iter(rest_of))}'; it has {known}"
        )


def _number(kind: str, key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= LARGEST:
        raise ProtocolError(
            f"protocol '{kind}': '{key}' is {repr(value)[:60]}: a finite number is expected"
        )
    return float(value)


def numbers(kind: str, key: str, value: Any) -> list[float]:
    """A list of finite numbers from a document; ``kind`` and ``key`` name it in an error."""
    if not isinstance(value, list):
        raise ProtocolError(
            f"protocol '{kind}': '{key}' is {repr(value)[:60]}: a list of numbers is expected"
        )
    return [_number(kind, key, item) for item in value]
