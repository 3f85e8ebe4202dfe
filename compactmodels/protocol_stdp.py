"""Two neurons' spikes across one device: the voltage of spike-timing-dependent plasticity.

In TOML ``kind = "stdp"`` with the corners of either spike and the interval between them. The device sees
what the presynaptic side applies minus what the postsynaptic one does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import ProtocolError
from compactmodels.protocol_sequence import MOST_CORNERS, numbers, waveform
from compactmodels.protocols import LARGEST, Protocol

FloatArray = NDArray[np.float64]

COINCIDENT: Final = 1e-6
"""Corners closer than this part of the shortest edge are one."""


def stdp(
    pre: tuple[Sequence[float], Sequence[float]],
    post: tuple[Sequence[float], Sequence[float]],
    interval: float,
    before: float = 0.0,
    after: float = 0.0,
) -> Protocol:
    """The voltage ``V_pre(t) - V_post(t - interval)`` as a waveform.

    Parameters
    ----------
    pre, post : tuple of two sequences
        Times [s], increasing from any number, and voltages [V] of a spike's corners. Either spike begins and
        ends at 0 V, and is 0 V outside.
    interval : float
        From the presynaptic spike to the postsynaptic one [s]; negative where that comes first.
    before, after : float
        Time at 0 V before the first corner and after the last [s].

    Returns
    -------
    Protocol
        Its time begins ``before`` ahead of the first corner.

    Raises
    ------
    ProtocolError
        Lists that do not fit one another, a spike that does not begin and end at 0 V, a negative rest.
    """
    spikes = [_spike("pre", *pre), _spike("post", *post)]
    for name, value, least in (
        ("interval", interval, -LARGEST),
        ("before", before, 0.0),
        ("after", after, 0.0),
    ):
        if not least <= value <= LARGEST:
            bound = "" if name == "interval" else ", not below 0,"
            raise ProtocolError(
                f"protocol 'stdp': '{name}' is {value}: a finite number{bound} is expected"
            )
    (t_pre, v_pre), (t_post, v_post) = spikes
    t_post = t_post + interval
    shortest = min(float(np.min(np.diff(t))) for t, _ in spikes)
    corners = np.sort(np.concatenate([t_pre, t_post]))
    corners = corners[np.append(True, np.diff(corners) > COINCIDENT * shortest)]
    voltage = _at(corners, t_pre, v_pre) - _at(corners, t_post, v_post)
    # A corner that was merged lies a little beside: the ends are 0 V all the same.
    voltage[[0, -1]] = 0.0
    if before > 0:
        corners, voltage = np.append(corners[0] - before, corners), np.append(0.0, voltage)
    if after > 0:
        corners, voltage = np.append(corners, corners[-1] + after), np.append(voltage, 0.0)
    time = corners - corners[0]
    return waveform(time.tolist(), voltage.tolist(), label="Spike pair")


def _at(time: FloatArray, corners: FloatArray, voltage: FloatArray) -> FloatArray:
    return np.asarray(np.interp(time, corners, voltage, left=0.0, right=0.0), dtype=float)


def _spike(
    name: str, time: Sequence[float], voltage: Sequence[float]
) -> tuple[FloatArray, FloatArray]:
    t, v = np.asarray(time, dtype=float), np.asarray(voltage, dtype=float)
    if t.shape != v.shape or not 3 <= t.size <= MOST_CORNERS // 2:
        raise ProtocolError(
            f"protocol 'stdp': '{name}' has {t.size} times and {v.size} voltages: as many of one as of the "
            f"other, 3 to {MOST_CORNERS // 2}, are expected"
        )
    if not (np.all(np.isfinite(t)) and np.all(np.isfinite(v)) and np.all(np.diff(t) > 0)):
        raise ProtocolError(
            f"protocol 'stdp': '{name}' needs finite numbers, and times that increase"
        )
    if v[0] != 0.0 or v[-1] != 0.0:
        raise ProtocolError(
            f"protocol 'stdp': '{name}' begins at {v[0]:g} V and ends at {v[-1]:g} V: 0 V is expected at both, "
            "as it is 0 V outside and a voltage cannot jump"
        )
    return t, v


def from_settings(settings: Mapping[str, Any]) -> Protocol:
    """The protocol from what TOML says besides ``kind``: pre, post, interval, before, after.

    Raises
    ------
    ProtocolError
        Something missing, unknown or of the wrong type.
    """
    known = ("pre", "post", "interval", "before", "after")
    for key in settings:
        if key not in known:
            raise ProtocolError(
                f"protocol 'stdp' has no setting '{key}'; it has {', '.join(known)}"
            )
    spikes = []
    for name in ("pre", "post"):
        spike = settings.get(name)
        if not isinstance(spike, Mapping) or set(spike) != {"time", "voltage"}:
            raise ProtocolError(
                f"protocol 'stdp': '{name}' is {repr(spike)[:60]}: a table with the lists time and voltage is "
                "expected"
            )
        spikes.append(tuple(numbers(f"stdp' in '{name}", k, spike[k]) for k in ("time", "voltage")))
    times = [_seconds(name, settings.get(name, 0.0)) for name in known[2:]]
    if "interval" not in settings:
        raise ProtocolError("protocol 'stdp': 'interval', from pre to post in s, is missing")
    return stdp((spikes[0][0], spikes[0][1]), (spikes[1][0], spikes[1][1]), *times)


def _seconds(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ProtocolError(
            f"protocol 'stdp': '{name}' is {repr(value)[:60]}: a finite number is expected"
        )
    return float(value)
