"""One device under a protocol, in ngspice through PySpice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE, ZERO_CELSIUS
from compactmodels.errors import InputError, ProtocolError, SimulationError
from compactmodels.integrate import Response
from compactmodels.names import identifier, number
from compactmodels.parameter import TEMPERATURE
from compactmodels.protocols import Protocol, Pulse
from compactmodels.templating import render
from netlists import osdi
from netlists.ngspice import Plot, run
from netlists.subcircuit import subcircuit

FloatArray = NDArray[np.float64]
ROUNDING: Final = 1e-6
"""By which a simulator's state may pass the end of its range: what a run before ended with is a beginning."""
DOSE_TOLERANCE: Final = 0.01
"""A pulse whose integral over time misses the protocol's by more was dropped by the simulator."""
EDGE_OF_STEP: Final = 1e-9
"""ngspice merges breakpoints closer than about 1e-10 of the largest step: edges keep ten times that."""
_OPTIONS: Final = {
    "dc": "reltol=1e-9 abstol=1e-18 vntol=1e-12",
    "transient": "reltol=1e-4 vntol=1e-9",
}


@dataclass(frozen=True, slots=True)
class Device:
    """A card's device for a deck.

    Parameters
    ----------
    text : str
        The ``.subckt``, of the same interface in either form.
    libraries : tuple of Path
        What ngspice has to load for it.
    form : str
        ``osdi`` or ``subcircuit``.
    """

    text: str
    libraries: tuple[Path, ...]
    form: str


def device(card: ModelCard, form: str = "auto") -> Device:
    """A card's device in one of :data:`netlists.osdi.FORMS`; without noise sources.

    Raises
    ------
    ToolMissing
        ``osdi`` was asked for and cannot be had.
    """
    library = osdi.chosen(card, form)
    if library is None:
        return Device(subcircuit(card, noise=False), (), "subcircuit")
    return Device(osdi.model_lines(card), (library,), "osdi")


def deck(
    card: ModelCard,
    protocol: Protocol,
    *,
    w0: float = 0.0,
    s0: float = 0.0,
    temperature: float = ROOM_TEMPERATURE,
    form: str = "subcircuit",
) -> str:
    """The netlist that applies a protocol to a card in one run.

    ngspice loads it as it is; a compiled form (:data:`netlists.osdi.FORMS`) needs its library first.

    Raises
    ------
    ProtocolError
        An edge that ngspice would drop beside the length of the run.
    """
    if protocol.kind == "transient":
        shortest = float(np.min(np.diff(protocol.time)))
        if shortest < EDGE_OF_STEP * protocol.max_step:
            raise ProtocolError(
                f"{protocol.label}: an edge of {shortest:.3g} s is shorter than "
                f"{EDGE_OF_STEP:g} of the largest step ({protocol.max_step:.3g} s) and ngspice "
                "would drop it: lengthen the edge or shorten the record"
            )
    options = _OPTIONS["dc" if protocol.static else "transient"]
    return write_deck(
        card,
        device(card, form).text,
        label=protocol.label,
        kind=protocol.kind,
        stimulus=_stimulus(protocol),
        options=options,
        start=(w0, s0),
        temperature=temperature,
    )


def initial_state(name: str, value: float) -> float:
    """A state that a run begins with, cut to [0, 1] only within a simulator's rounding.

    Raises
    ------
    InputError
        It lies farther outside, or is not a number.
    """
    if not -ROUNDING <= value <= 1 + ROUNDING:
        raise InputError(f"{name} = {value}: an initial state lies between 0 and 1")
    return float(min(max(value, 0.0), 1.0))


def write_deck(
    card: ModelCard,
    emitted: str,
    *,
    label: str,
    kind: str,
    stimulus: dict[str, Any],
    options: str,
    start: tuple[float, float],
    temperature: float,
) -> str:
    """A deck from what the protocol decides.

    Parameters
    ----------
    card : ModelCard
    emitted : str
        Its subcircuit.
    label, kind : str
        Of the protocol.
    stimulus : dict
        What the template needs for this kind.
    options : str
        Of ngspice.
    start : tuple of float
        Initial states w and s, in [0, 1] (:func:`initial_state`).
    temperature : float
        [K].
    """
    start = (initial_state("w0", start[0]), initial_state("s0", start[1]))
    TEMPERATURE.check(temperature)
    return render(
        "netlists",
        "device.cir.j2",
        subcircuit=emitted,
        module=identifier(card.name, "subcircuit"),
        label=label,
        w0=number(start[0]),
        s0=number(start[1]),
        hold="0" if kind == "transient" else "1",
        celsius=number(temperature - ZERO_CELSIUS),
        options=options,
        states=list(card.model.states),
        kind=kind,
        **stimulus,
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
        return {"pairs": pairs(index, volts), "duration": number(protocol.duration)}
    step = number(min(protocol.max_step, protocol.duration / 50))
    return {
        "pairs": pairs(*protocol.waypoints()),
        "duration": number(protocol.duration),
        "step": step,
        "max_step": step,
    }


def pairs(x: FloatArray, y: FloatArray) -> list[tuple[str, str]]:
    """Two lists as the corners of a waveform."""
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
    form: str = "auto",
) -> Response:
    """Run a card through a protocol in ngspice.

    Parameters
    ----------
    card : ModelCard
    protocol : Protocol
        A static one is run with the states held (``hold = 1``), any other as one transient or
        several that hand the states on (:mod:`netlists.segments`).
    w0, s0 : float
        Initial states in [0, 1].
    temperature : float
        [K].
    timeout : float
        Seconds after which the simulator is ended.
    keep : Path, optional
        Folder for the deck of a failed run.
    form : str
        How the device stands in the deck, one of :data:`netlists.osdi.FORMS`: compiled, as a
        subcircuit, or the first of them that works here.

    Returns
    -------
    Response
        At the simulator's own time points. ``engine`` names the options of a transient that
        converged only with others than the usual ones, ``form`` the form that ran.

    Raises
    ------
    SimulationError
        ngspice failed, with its own words, whatever options were tried
        (:data:`netlists.retries.ATTEMPTS`), or dropped a pulse.
    ToolMissing
        ngspice's library or PySpice is not installed, or the form that was asked for cannot be had.
    """
    if not protocol.static:
        from netlists.segments import simulate_segments

        return simulate_segments(
            card,
            protocol,
            w0=w0,
            s0=s0,
            temperature=temperature,
            timeout=timeout,
            keep=keep,
            form=form,
        )
    emitted = device(card, form)
    text = deck(card, protocol, w0=w0, s0=s0, temperature=temperature, form=emitted.form)
    (plot,) = run(text, timeout=timeout, title=card.name, keep=keep, osdi=emitted.libraries)
    voltage = plot["drive"]
    w, s = (state_track(plot, card, state, start) for state, start in (("w", w0), ("s", s0)))
    index = np.arange(voltage.size, dtype=float)
    return Response(index, voltage, -plot["vdrive#branch"], w, s, "ngspice", emitted.form)


def state_track(plot: Plot, card: ModelCard, state: str, start: float) -> FloatArray:
    """A state in a plot; ``start`` throughout where the model does not move it."""
    if state in card.model.states:
        return np.asarray(plot[f"xdut.{state}"], dtype=float)
    return np.full(plot["drive"].size, start)


def check_doses(protocol: Protocol, time: FloatArray, voltage: FloatArray) -> None:
    """Hold the integral of every pulse against the protocol's.

    Each over its own stretch of the record: differences of an integral over hours would have lost
    a pulse of nanoseconds.
    """
    base = protocol.settings.get("base", 0.0)
    applied, asked = voltage - base, protocol.voltage - base
    for k, pulse in enumerate(protocol.pulses):
        got = _dose(time, applied, pulse)
        due = _dose(protocol.time, asked, pulse)
        if abs(got - due) > DOSE_TOLERANCE * abs(due):
            raise SimulationError(
                f"ngspice applied {got:.4g} V s in pulse {k + 1} of {len(protocol.pulses)} instead of "
                f"{due:.4g} V s: its time step skipped the pulse; use fewer or longer pulses a run",
                code="dose_lost",
            )


def _dose(time: FloatArray, voltage: FloatArray, pulse: Pulse) -> float:
    """Integral [V s] over a pulse, in times that count from its start."""
    a, b = np.searchsorted(time, [pulse.start, pulse.stop])
    near = slice(max(a - 1, 0), b + 1)
    t, v = time[near] - pulse.start, voltage[near]
    inside = t[(t > 0) & (t < pulse.stop - pulse.start)]
    points = np.concatenate([[0.0], inside, [pulse.stop - pulse.start]])
    return float(np.trapezoid(np.interp(points, t, v), points))
