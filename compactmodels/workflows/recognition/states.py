"""Devices with a memory of their own: what a pulse and a rest do to both states, as tables over the states.

The conductance alone does not say how a volatile device goes on: a lasting and a fading part of the same
size part ways at the next rest.  A card's equations are therefore solved from every node of a grid of (w, s) for one
pulse of either polarity and for the rest between two samples; in between, changes are interpolated.  A
random course of pulses and rests is followed by the tables and by the equations alone, and the largest difference is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.errors import InputError
from compactmodels.fast import CompiledModel, compile_model
from compactmodels.protocols import Protocol
from compactmodels.workflows.recognition.law import Law
from compactmodels.workflows.recognition.trains import Cycle, protocol_of

FloatArray = NDArray[np.float64]
Waveform = tuple[FloatArray, FloatArray]
"""Times [s] and voltages [V]."""

CORE: Final = 33
"""Nodes over the states that cycle and course visit, and as far again beyond them."""
FINEST: Final = 2 * 2 * CORE
OUTER: Final = 9
"""Nodes over all of 0 to 1."""
WITHIN: Final = 0.005
"""Of the window: error of a course of pulses and rests above which the grid is refined."""
COURSE: Final = 300
"""Pulses and rests, mixed, of the course that tables are held against; as many rests in a row follow."""
DIRECTORY: Final = 4096
"""Steps of a table that tells where in a grid to look."""
TOLERANCE: Final = 1e-8
"""Relative, of the integrator."""


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """Tables over the states of a card.

    Parameters
    ----------
    w, s : (k,) and (l,) arrays
        Grid of the non-volatile and the volatile state, rising.
    x : (k, l) array
        Conductance there, as a share of the window.
    up, down, rest : (k, l, 2) arrays
        By how much a pulse that potentiates, one that depresses, and the rest change w and s.
    idle_up, idle_down : (k, l, 2) arrays
        The same of the time that these pulses take, without them: the difference is what the pulse itself does.
    start : (j, 3) array
        x, w and s before the potentiation of the settled cycle and after each of its pulses, x rising.
    interval : float
        Of the rest [s].
    error : float
        Largest difference of a course by tables from the equations, of the window.
    """

    w: FloatArray
    s: FloatArray
    x: FloatArray
    up: FloatArray
    down: FloatArray
    rest: FloatArray
    idle_up: FloatArray
    idle_down: FloatArray
    start: FloatArray
    interval: float
    error: float = np.nan

    def directories(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For both grids, the cell in which each of so many even steps from 0 to 1 begins."""
        even = np.linspace(0.0, 1.0, DIRECTORY + 1)
        first, second = (_place(grid, even)[0] for grid in (self.w, self.s))
        return first, second

    def at(self, x: FloatArray) -> FloatArray:
        """States of devices that the settled cycle has left at x, shape of x and 2."""
        known = self.start
        return np.stack([np.interp(x, known[:, 0], known[:, k]) for k in (1, 2)], axis=-1)

    def read(self, state: FloatArray) -> FloatArray:
        """x of states (..., 2)."""
        return _between(self, self.x[..., np.newaxis], state)[..., 0]

    def moved(self, state: FloatArray, table: FloatArray) -> FloatArray:
        """States after the change of a table."""
        return np.clip(state + _between(self, table, state), 0.0, 1.0)


def states_of(card: ModelCard, cycle: Cycle, law: Law, interval: float) -> States:
    """The tables of a card.

    Parameters
    ----------
    card : ModelCard
    cycle : Cycle
        Its settled cycle.
    law : Law
        Of the same cycle: its window.
    interval : float
        From one sample to the next [s].

    Raises
    ------
    InputError
        Code ``uneven_pulses``: the published pulses of a direction differ from each other.
    SimulationError
        The integrator gave up.
    """
    compiled = compile_model(card.model)
    pulses = _periods(card, cycle)
    waves = (*pulses, _rest(interval), *(_rest(float(time[-1])) for time, _ in pulses))
    window = law.high - law.low
    first = np.concatenate([cycle.down_states[-1:], cycle.up_states])
    start = np.column_stack([(cycle.up - law.low) / window, first])
    start = start[np.argsort(start[:, 0])]
    middle = [float(np.interp(0.5, start[:, 0], start[:, k])) for k in (1, 2)]
    course = _course(card, compiled, waves, middle)
    visited = np.concatenate([cycle.up_states, cycle.down_states, course])

    def share(w: FloatArray, s: FloatArray) -> FloatArray:
        """Conductance of states as a share of the window, by the card's equation."""
        g = np.asarray(card.model.current(cycle.voltage, card.values, w=w, s=s)) / cycle.voltage
        return np.asarray((g - law.low) / window)

    core, exact = CORE, share(course[:, 0], course[:, 1])
    while True:
        w, s = (_grid(visited[:, k], core) for k in (0, 1))
        up, down, rest, *idle = (_changes(card, compiled, wave, w, s) for wave in waves)
        x = share(*np.meshgrid(w, s, indexing="ij"))
        found = States(w, s, x, up, down, rest, idle[0], idle[1], start, interval)
        error = float(np.max(np.abs(_followed(found, middle) - exact)))
        if error <= WITHIN or core >= FINEST:
            return replace(found, error=error)
        core *= 2


def rested(card: ModelCard, states: States, seconds: float) -> States:
    """The same with another rest."""
    changes = _changes(card, compile_model(card.model), _rest(seconds), states.w, states.s)
    return replace(states, rest=changes, interval=seconds)


def _rest(seconds: float) -> Waveform:
    """Nothing for so long."""
    return np.array([0.0, seconds]), np.zeros(2)


def _grid(visited: FloatArray, core: int) -> FloatArray:
    """Close where devices go and as far again beyond, wide elsewhere."""
    low, high = float(visited.min()), float(visited.max())
    span = max(high - low, 1e-3)
    inner = np.linspace(max(low - span, 0.0), min(high + span, 1.0), core)
    outer = np.linspace(0.0, 1.0, OUTER)
    outer = outer[(outer < inner[0] - 1e-9) | (outer > inner[-1] + 1e-9)]
    return np.sort(np.concatenate([inner, outer]))


def _after(
    card: ModelCard, compiled: CompiledModel, wave: Waveform, w: float, s: float
) -> tuple[float, float]:
    """w and s after a waveform."""
    found = compiled.respond(card.values, *wave, w0=w, s0=s, tolerance=TOLERANCE)
    return float(found.w[-1]), float(found.s[-1])


def _changes(
    card: ModelCard, compiled: CompiledModel, wave: Waveform, w: FloatArray, s: FloatArray
) -> FloatArray:
    """By how much a waveform changes both states, at every node, (k, l, 2)."""
    found = np.empty((w.size, s.size, 2))
    for i, one in enumerate(w):
        for j, other in enumerate(s):
            found[i, j] = _after(card, compiled, wave, float(one), float(other))
            found[i, j] -= one, other
    return found


def _periods(card: ModelCard, cycle: Cycle) -> tuple[Waveform, Waveform]:
    """One period of a pulse that potentiates and of one that depresses: from reading to reading."""
    protocol, delay, said = protocol_of(card)
    half = len(protocol.pulses) // 2
    for part in (protocol.pulses[:half], protocol.pulses[half:]):
        if len({round(p.amplitude, 9) for p in part}) > 1 or len(part) < 2:
            raise InputError(
                f"card '{card.name}': the pulses of {said} differ from each other, so that no single pulse stands "
                "for them; leave --interval out",
                code="uneven_pulses",
            )
    first, second = (_cut(protocol, k, delay) for k in (1, half + 1))
    return (second, first) if cycle.turned else (first, second)


def _cut(protocol: Protocol, k: int, delay: float) -> Waveform:
    """The waveform from the reading before pulse k to the one after it."""
    start, stop = (protocol.pulses[j].stop + delay for j in (k - 1, k))
    inside = (protocol.time > start) & (protocol.time < stop)
    ends = np.interp([start, stop], protocol.time, protocol.voltage)
    time = np.concatenate([[start], protocol.time[inside], [stop]]) - start
    return time, np.concatenate([ends[:1], protocol.voltage[inside], ends[1:]])


def _between(states: States, table: FloatArray, at: FloatArray) -> FloatArray:
    """A table (k, l, ...) at states (..., 2), by straight lines."""
    (i, a), (j, b) = (_place(grid, at[..., k]) for k, grid in enumerate((states.w, states.s)))
    a, b = a[..., np.newaxis], b[..., np.newaxis]
    near = (1.0 - b) * table[i, j] + b * table[i, j + 1]
    far = (1.0 - b) * table[i + 1, j] + b * table[i + 1, j + 1]
    return np.asarray((1.0 - a) * near + a * far)


def _place(grid: FloatArray, at: FloatArray) -> tuple[NDArray[np.intp], FloatArray]:
    """Cells of a grid, and shares of the way through them."""
    k = np.clip(np.searchsorted(grid, at, side="right") - 1, 0, grid.size - 2)
    return k, np.clip((at - grid[k]) / (grid[k + 1] - grid[k]), 0.0, 1.0)


def _which() -> NDArray[np.int64]:
    """The course: 0 a pulse that potentiates, 1 one that depresses, 2 a rest."""
    mixed = np.random.default_rng(0).integers(0, 3, COURSE)
    return np.concatenate([mixed, np.full(COURSE, 2)])


def _course(
    card: ModelCard, compiled: CompiledModel, waves: tuple[Waveform, ...], start: list[float]
) -> FloatArray:
    """States along the course by the equations, (n, 2)."""
    (w, s), found = start, []
    for which in _which():
        w, s = _after(card, compiled, waves[which], w, s)
        found.append((w, s))
    return np.array(found)


def _followed(states: States, start: list[float]) -> FloatArray:
    """x along the course by the tables."""
    state, found = np.array(start), []
    for which in _which():
        state = states.moved(state, (states.up, states.down, states.rest)[which])
        found.append(float(states.read(state)))
    return np.array(found)
