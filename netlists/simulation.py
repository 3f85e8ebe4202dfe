"""One device under a protocol, in ngspice through PySpice."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE, ZERO_CELSIUS
from compactmodels.errors import InputError, SimulationError
from compactmodels.integrate import Response
from compactmodels.names import identifier, number
from compactmodels.parameter import TEMPERATURE
from compactmodels.protocols import Protocol
from compactmodels.templating import render
from netlists.ngspice import Plot, run
from netlists.subcircuit import subcircuit

FloatArray = NDArray[np.float64]
DOSE_TOLERANCE: Final = 0.01
"""A pulse whose integral over time misses the protocol's by more was dropped by the simulator."""
_OPTIONS: Final = {
    "dc": "reltol=1e-9 abstol=1e-18 vntol=1e-12",
    "transient": "reltol=1e-4 vntol=1e-9",
}


def deck(
    card: ModelCard,
    protocol: Protocol,
    *,
    w0: float = 0.0,
    s0: float = 0.0,
    temperature: float = ROOM_TEMPERATURE,
) -> str:
    """The netlist that applies a protocol to a card; loadable by ngspice as it is."""
    for name, value in (("w0", w0), ("s0", s0)):
        if not 0.0 <= value <= 1.0:
            raise InputError(f"{name} = {value}: an initial state lies between 0 and 1")
    TEMPERATURE.check(temperature)
    return render(
        "netlists",
        "device.cir.j2",
        subcircuit=subcircuit(card),
        module=identifier(card.name, "subcircuit"),
        label=protocol.label,
        w0=number(w0),
        s0=number(s0),
        hold="1" if protocol.static else "0",
        celsius=number(temperature - ZERO_CELSIUS),
        options=_OPTIONS["dc" if protocol.static else "transient"],
        states=list(card.model.states),
        kind=protocol.kind,
        **_stimulus(protocol),
    )


def _stimulus(protocol: Protocol) -> dict[str, Any]:
    """The part of the deck's context that the kind of protocol decides."""
    time, voltage = protocol.time, protocol.voltage
    if protocol.kind == "dc":
        step = (voltage[-1] - voltage[0]) / (voltage.size - 1)
        return {"start": number(voltage[0]), "stop": number(voltage[-1]), "step": number(step)}
    if protocol.kind == "points":
        # pwl() wants two points at least: the last one stands twice.
        index, volts = np.append(time, time[-1] + 1), np.append(voltage, voltage[-1])
        return {"pairs": _pairs(index, volts), "duration": number(protocol.duration)}
    return {
        "pairs": _pairs(*protocol.waypoints()),
        "duration": number(protocol.duration),
        "max_step": number(min(protocol.max_step, protocol.duration / 50)),
    }


def _pairs(x: FloatArray, y: FloatArray) -> list[tuple[str, str]]:
    return [(number(a), number(b)) for a, b in zip(x, y, strict=True)]


def simulate(
    card: ModelCard,
    protocol: Protocol,
    *,
    w0: float = 0.0,
    s0: float = 0.0,
    temperature: float = ROOM_TEMPERATURE,
    timeout: float = 600.0,
    keep: Path | None = None,
) -> Response:
    """Run a card through a protocol in ngspice.

    Parameters
    ----------
    card : ModelCard
    protocol : Protocol
        A static one is run with the states held (``hold = 1``), any other as a transient.
    w0, s0 : float
        Initial states in [0, 1].
    temperature : float
        [K].
    timeout : float
        Seconds after which the simulator is ended.
    keep : Path, optional
        Folder for the deck of a failed run.

    Returns
    -------
    Response
        At the simulator's own time points.

    Raises
    ------
    SimulationError
        ngspice failed, with its own words, or dropped a pulse.
    ToolMissing
        ngspice's library or PySpice is not installed.
    """
    text = deck(card, protocol, w0=w0, s0=s0, temperature=temperature)
    (plot,) = run(text, timeout=timeout, title=card.name, keep=keep)
    voltage = plot["drive"]
    time = np.arange(voltage.size, dtype=float) if protocol.static else plot["time"]
    tracks = {state: _state(plot, card, state, start) for state, start in (("w", w0), ("s", s0))}
    if not protocol.static:
        _check_doses(protocol, time, voltage)
    current = -plot["vdrive#branch"]
    return Response(time, voltage, current, tracks["w"], tracks["s"], "ngspice")


def _state(plot: Plot, card: ModelCard, state: str, start: float) -> FloatArray:
    if state in card.model.states:
        return np.asarray(plot[f"xdut.{state}"], dtype=float)
    return np.full(next(iter(plot.vectors.values())).size, start)


def _check_doses(protocol: Protocol, time: FloatArray, voltage: FloatArray) -> None:
    base = protocol.settings.get("base", 0.0)
    cumulated = np.concatenate(
        [[0.0], np.cumsum(0.5 * (voltage[1:] + voltage[:-1] - 2 * base) * np.diff(time))]
    )
    asked = np.concatenate(
        [
            [0.0],
            np.cumsum(
                0.5
                * (protocol.voltage[1:] + protocol.voltage[:-1] - 2 * base)
                * np.diff(protocol.time)
            ),
        ]
    )
    for k, pulse in enumerate(protocol.pulses):
        ends = [pulse.start, pulse.stop]
        got = float(np.diff(np.interp(ends, time, cumulated))[0])
        due = float(np.diff(np.interp(ends, protocol.time, asked))[0])
        if abs(got - due) > DOSE_TOLERANCE * abs(due):
            raise SimulationError(
                f"ngspice applied {got:.4g} V s in pulse {k + 1} of {len(protocol.pulses)} instead of "
                f"{due:.4g} V s: its time step skipped the pulse; use fewer or longer pulses a run",
                code="dose_lost",
            )
