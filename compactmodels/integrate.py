"""The reference integrator: the states under a protocol, to high accuracy.

It is the oracle that the simulators are held against, not the fast path.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import SimulationError
from compactmodels.protocols import Protocol

FloatArray = NDArray[np.float64]
EARLIEST: Final = 1e-7
"""Of a straight piece: its first sample, unless the piece before was shorter still."""


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """What a device did under a protocol.

    Parameters
    ----------
    time : (n,) float64
        [s]; at held states the index of the bias point.
    voltage, current : (n,) float64
        [V], [A].
    w, s : (n,) float64
        States; constant where the model does not move them.
    engine : str
        Who computed it.
    form : str
        How the device stood in a simulator's deck: ``osdi`` (compiled) or ``subcircuit``; empty
        where there was no deck.
    """

    time: FloatArray
    voltage: FloatArray
    current: FloatArray
    w: FloatArray
    s: FloatArray
    engine: str
    form: str = ""


def respond(
    card: ModelCard,
    protocol: Protocol,
    *,
    w0: float = 0.0,
    s0: float = 0.0,
    temperature: float = ROOM_TEMPERATURE,
    rtol: float = 1e-8,
    points: int = 200,
) -> Response:
    """Integrate a card through a protocol.

    Parameters
    ----------
    card : ModelCard
    protocol : Protocol
    w0, s0 : float
        Initial states in [0, 1].
    temperature : float
        [K].
    rtol : float
        Relative tolerance of the states (absolute: ``rtol / 1000``).
    points : int
        Samples in each straight piece of the waveform.

    Raises
    ------
    SimulationError
        The integrator gave up.
    """
    states = () if protocol.static else card.model.states
    x = np.array([w0, s0][: len(states)], dtype=float)
    times, voltages, tracks = [], [], []
    if not states:
        time, voltage = samples(protocol, points)
        w, s = np.full_like(time, w0), np.full_like(time, s0)
    else:
        pieces = zip(
            protocol.time[:-1],
            protocol.time[1:],
            protocol.voltage[:-1],
            protocol.voltage[1:],
            strict=True,
        )
        before = math.inf
        for t0, t1, v0, v1 in pieces:
            grid = _grid(t0, t1, points, before)
            before = t1 - t0
            track = _piece(card, x, grid, v0, v1, temperature, rtol)
            x = track[:, -1]
            times.append(grid)
            voltages.append(v0 + (v1 - v0) * (grid - t0) / (t1 - t0))
            tracks.append(track)
        time, voltage = np.concatenate(times), np.concatenate(voltages)
        track = np.concatenate(tracks, axis=1)
        w = track[0]
        s = track[1] if len(states) > 1 else np.full_like(time, s0)
    current = card.model.current(voltage, card.values, w=w, s=s, temperature=temperature)
    current = np.broadcast_to(current, time.shape) + displacement(card, time, voltage, protocol)
    return Response(time, voltage, current, w, s, "reference integrator")


def _grid(t0: float, t1: float, points: int, before: float) -> FloatArray:
    """Half the samples equidistant, half crowding towards the start, where fast states relax.

    They begin at the scale of the piece before, should that be very short, with as many a decade.
    """
    span = t1 - t0
    even = np.linspace(t0, t1, points - points // 2 + 1)
    first = min(EARLIEST, max(before / span, 1e-15))
    count = math.ceil(points // 2 * math.log(0.9 / first) / math.log(0.9 / EARLIEST))
    early = t0 + span * np.geomspace(first, 0.9, count)
    return np.unique(np.concatenate([even, early[early > t0]]))


def samples(protocol: Protocol, points: int) -> tuple[FloatArray, FloatArray]:
    """Times [s] and voltages [V] of the samples, ``points`` in each straight piece."""
    if protocol.static:
        return protocol.time, protocol.voltage
    before = [math.inf, *np.diff(protocol.time)[:-1]]
    pieces = [
        _grid(a, b, points, scale)
        for a, b, scale in zip(protocol.time[:-1], protocol.time[1:], before, strict=True)
    ]
    time = np.concatenate(pieces)
    return time, np.interp(time, protocol.time, protocol.voltage)


def displacement(card: ModelCard, time: FloatArray, voltage: FloatArray, protocol: Protocol) -> Any:
    """Capacitive current [A], shape (n,): C dV/dt of each straight piece; 0 at held states."""
    capacitance = card.values["cap"] * card.values["scale"]
    if protocol.static or capacitance == 0.0:
        return 0.0
    slopes = np.diff(protocol.voltage) / np.diff(protocol.time)
    piece = np.searchsorted(protocol.time, time, side="right") - 1
    return capacitance * slopes[np.clip(piece, 0, slopes.size - 1)]


def _piece(
    card: ModelCard,
    x: FloatArray,
    grid: FloatArray,
    v0: float,
    v1: float,
    temperature: float,
    rtol: float,
) -> FloatArray:
    from scipy.integrate import solve_ivp

    span = grid[-1] - grid[0]

    def slope(t: float, y: FloatArray) -> FloatArray:
        v = v0 + (v1 - v0) * (t - grid[0]) / span
        s = y[1] if y.size > 1 else 0.0
        rates = card.model.rates(v, y[0], s, card.values, temperature=temperature)
        return np.array([float(r) for r in rates])

    # A small first step: a stretched relaxation begins with an infinite slope.
    result = solve_ivp(
        slope,
        (grid[0], grid[-1]),
        x,
        method="LSODA",
        t_eval=grid,
        rtol=rtol,
        atol=rtol * 1e-3,
        first_step=min(1e-6 * span, max(1e-10 * span, 1e-12 * grid[-1])),
    )
    if not result.success:
        raise SimulationError(
            f"the reference integrator gave up: {result.message}", code="no_convergence"
        )
    return np.asarray(result.y)
