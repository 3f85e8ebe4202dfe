"""Transients of arrays in ngspice: reads with line capacitance, writes, half-select disturb.

States move (``hold = 0``) but those of stuck cells. Many cycles are run in segments that hand the
states on; each segment begins at the operating point of its first voltages, so that the rest of a
cycle has to be long enough for lines to settle.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from compactmodels.errors import SimulationError
from compactmodels.names import number
from netlists import ngspice
from netlists.arrays.checks import FloatArray
from netlists.arrays.deck import Analysis, Deck, largest_current, layers_of, write_deck
from netlists.arrays.description import Crossbar
from netlists.arrays.extract import delivered, plane_currents, port_voltages, state_tracks
from netlists.arrays.memory import check_memory
from netlists.arrays.network import build
from netlists.arrays.selectors import Selector
from netlists.arrays.stack import Stack
from netlists.arrays.stimulus import Stimulus
from netlists.arrays.waves import texts, waveforms
from netlists.retries import ATTEMPTS, Attempt, run_transient

Progress = Callable[[float], None]

CORNERS: Final = 100
"""Of a segment: ngspice searches them one by one at every evaluation."""
POINTS: Final = 100
"""At least, of a cycle."""
FIRST_STEP: Final = 1e-2
"""Of the shortest piece: the first step is an Euler step that ngspice does not check."""
ACCURACY: Final = 3e-5
"""Of the largest value, a step: states and currents of the tests end within 1e-3, with 1e-4 some do not."""
STATE_CHARGE: Final = 1e-12
"""C: a millionth of what a state node holds at 1."""
LEAST_ABSTOL: Final = 1e-20
"""A"""
MISSED: Final = 0.01
"""Of the largest voltage: a corner that is off by more was skipped."""
ROUNDING: Final = 1e-4
"""Beyond [0, 1] a state ends a segment by the integrator's error at most; that is cut off."""


@dataclass(frozen=True, slots=True, eq=False)
class TransientResult:
    """An array over time, at the simulator's own points.

    Parameters
    ----------
    time : numpy.ndarray, shape (points,)
        [s]
    currents : numpy.ndarray, shape (bit planes, points, cols)
        Out of each bit line into its output [A].
    word_currents : numpy.ndarray, shape (word planes, points, rows)
        Out of each source into its word line [A].
    states : dict of str to numpy.ndarray, shape (layers, points, rows, cols)
        ``w`` and ``s`` (a selector's ``sel_w`` and ``sel_s``) where they move and were asked for.
    final : tuple of Crossbar
        By layer: with the states at the end, what a next run starts from.
    energy : float
        What sources and outputs delivered together [J].
    seconds : float
    engine : str
        Names options of segments that converged only with others than the usual ones.
    label : str
    form : str
        In which form the cells ran.
    """

    time: FloatArray
    currents: FloatArray
    word_currents: FloatArray
    states: dict[str, FloatArray]
    final: tuple[Crossbar, ...]
    energy: float
    seconds: float
    engine: str
    label: str
    form: str = ""


def transient_ngspice(
    array: Crossbar | Stack,
    stimulus: Stimulus,
    *,
    states: bool = True,
    accuracy: float = ACCURACY,
    timeout: float = 600.0,
    form: str = "auto",
    memory: float | None = None,
    progress: Progress | None = None,
    keep: Path | None = None,
) -> TransientResult:
    """Run an array through a stimulus.

    Parameters
    ----------
    array : Crossbar or Stack
        Its own voltages do not matter here.
    stimulus : Stimulus
    states : bool
        Whether to keep the states of every cell over time; the last ones are always kept.
    accuracy : float
        ngspice's reltol: error of a step over the largest value.
    timeout : float
        Seconds for all segments together.
    form : str
        How cells are written, one of :data:`netlists.arrays.devices.FORMS`.
    memory : float, optional
        Bytes that ngspice may take; what the machine has free unless given.
    progress : callable, optional
        Called now and then with the share that is done, 0 to 1.
    keep : pathlib.Path, optional
        Folder for the deck of a failed run.

    Raises
    ------
    ProtocolError
        A stimulus for another number of lines.
    CrossbarError
        An array that is not connected, or larger than memory.
    SimulationError
        ngspice failed, with its own words, skipped a corner, or drove a state out of [0, 1].
    ToolMissing
        PySpice or libngspice is not installed.
    """
    began = clock.perf_counter()
    deadline = clock.monotonic() + timeout
    parts = _parts(stimulus)
    check_memory(array, form=form, points=2 * POINTS * stimulus.cycles, held=False, limit=memory)
    run = _Run(array, stimulus, accuracy, form, states)
    records: list[_Record] = []
    helped: dict[str, None] = {}
    done = 0
    for k, cycles in enumerate(parts):
        left = timeout if k == 0 else max(0.0, deadline - clock.monotonic())
        where = f"segment {k + 1} of {len(parts)}"
        told = _part_of(progress, done / stimulus.cycles, cycles / stimulus.cycles)
        record, attempt = run.segment(cycles, left, where, keep, told)
        records.append(replace(record, time=record.time + done * stimulus.duration))
        done += cycles
        if attempt != ATTEMPTS[0]:
            helped[str(attempt)] = None
        if progress is not None:
            progress(done / stimulus.cycles)
    engine = f"ngspice ({'; '.join(helped)})" if helped else "ngspice"
    return _joined(records, run, clock.perf_counter() - began, engine)


def _part_of(progress: Progress | None, start: float, span: float) -> Progress | None:
    """What tells of a segment's share as that of the whole."""
    if progress is None:
        return None
    told = progress
    return lambda share: told(start + span * share)


def _parts(stimulus: Stimulus) -> list[int]:
    """Cycles of each segment."""
    most = max(1, CORNERS // len(stimulus.time))
    full, rest = divmod(stimulus.cycles, most)
    return [most] * full + ([rest] if rest else [])


class _Run:
    """An array on its way through a stimulus: what the next segment starts from."""

    def __init__(
        self, array: Crossbar | Stack, stimulus: Stimulus, accuracy: float, form: str, states: bool
    ) -> None:
        self.array, self.stimulus, self.form, self.states = array, stimulus, form, states
        self.ran = ""
        self.klu = ngspice.features().klu
        self.waves = waveforms(build(array, held=False), stimulus)
        self.options = _options(array, stimulus, accuracy)

    def deck(self, cycles: int, attempt: Attempt) -> Deck:
        """One segment's deck."""
        s = self.stimulus
        step = s.duration / POINTS / attempt.finer
        first = min(step, FIRST_STEP * float(np.diff(s.time).min()) / attempt.finer)
        # ngspice begins with a tenth of the first number
        tran = f".tran {number(10 * first)} {number(cycles * s.duration)} 0 {number(step)}"
        words = (word.partition("=") for word in attempt.options.split())
        further = {name: value for name, _, value in words}
        analysis = Analysis(
            cards=[tran],
            save=("ports", "states"),
            held=False,
            static=False,
            options={**self.options, **further},
            sources=texts(s.time, self.waves, cycles),
        )
        found = write_deck(self.array, analysis, klu=self.klu, form=self.form)
        self.ran = found.form
        return found

    def segment(
        self,
        cycles: int,
        timeout: float,
        where: str,
        keep: Path | None,
        progress: Progress | None,
    ) -> tuple[_Record, Attempt]:
        """Run one segment and move the array's states to its end."""
        deck = self.deck(cycles, ATTEMPTS[0])
        plot, attempt = run_transient(
            lambda attempt: self.deck(cycles, attempt).text,
            title=f"{self.stimulus.label}, {where}",
            timeout=timeout,
            keep=keep,
            osdi=deck.libraries,
            progress=progress,
        )
        where = f"{self.stimulus.label}, {where}"
        _check_corners(self.stimulus, self.waves, port_voltages(plot, deck), plot["time"], where)
        every = np.arange(len(plot["time"]))
        tracks = state_tracks(plot, deck)
        self.array = _carried(self.array, tracks, where)
        record = _Record(
            plot["time"],
            plane_currents(plot, deck, "bit", every),
            plane_currents(plot, deck, "word", every),
            delivered(plot, deck),
            tracks if self.states else {},
        )
        return record, attempt


@dataclass(frozen=True, slots=True, eq=False)
class _Record:
    """One segment; points on the axis after the planes or layers."""

    time: FloatArray
    bit: FloatArray
    word: FloatArray
    power: FloatArray
    states: dict[str, FloatArray]


def _options(array: Crossbar | Stack, stimulus: Stimulus, accuracy: float) -> dict[str, str]:
    """Of a transient: ngspice's error of a step is ``accuracy`` of the larger of charge and chgtol.

    abstol is a rate of the states as well (1 uA is 1/s): it adds less than a millionth over a cycle.
    """
    layers = layers_of(array)
    most = max(float(np.abs(side).max()) for side in (stimulus.word, stimulus.bit)) or 1.0
    charges = [
        most * max(float(np.max(x.c_word)), float(np.max(x.c_bit)), x.card.values["cap"])
        for x in layers
    ]
    driven = [
        x.changed(voltages=np.full(x.rows, most), bit_voltages=np.zeros(x.cols)) for x in layers
    ]
    current = max(largest_current(x, most) for x in driven)
    abstol = min(1e-12, 1e-6 * current, 1e-12 / (stimulus.cycles * stimulus.duration))
    values = {
        "reltol": accuracy,
        "trtol": 1.0,
        "chgtol": min([STATE_CHARGE, *(1e-3 * q for q in charges if q > 0)]),
        "vntol": 1e-9 * most,
        "abstol": max(abstol, LEAST_ABSTOL),
    }
    return {name: number(value) for name, value in values.items()}


def _check_corners(
    stimulus: Stimulus,
    waves: dict[str, FloatArray],
    applied: dict[str, FloatArray],
    time: FloatArray,
    where: str,
) -> None:
    """Whether every corner was applied: ngspice merges those that are too close beside its step."""
    cycles = round(time[-1] / stimulus.duration)
    corners = np.concatenate([stimulus.time + k * stimulus.duration for k in range(cycles)])
    most = max(float(np.abs(v).max()) for v in waves.values())
    for name, volts in applied.items():
        off = np.abs(np.interp(corners, time, volts) - np.tile(waves[name], cycles))
        if off.max() > MISSED * most:
            raise SimulationError(
                f"ngspice, {where}: source {name} missed a corner at {corners[int(off.argmax())]:.6g} s "
                f"by {off.max():.3g} V: lengthen the edges",
                code="dose_lost",
            )


def _carried(
    array: Crossbar | Stack, tracks: dict[str, FloatArray], where: str
) -> Crossbar | Stack:
    """The array with the states of a segment's end."""
    ends = {name: track[:, -1] for name, track in tracks.items()}
    for name, end in ends.items():
        worst = float(np.abs(end - np.clip(end, 0.0, 1.0)).max())
        if worst > ROUNDING:
            raise SimulationError(
                f"ngspice, {where}: a state {name} ends {worst:.3g} outside 0 to 1: the law's rate does not "
                "stop there, or the segment is too stiff",
                code="no_convergence",
            )
    layers = [
        _with_states(layer, {name: np.clip(end[k], 0.0, 1.0) for name, end in ends.items()})
        for k, layer in enumerate(layers_of(array))
    ]
    return layers[0] if isinstance(array, Crossbar) else Stack(layers, array.shared)


def _with_states(layer: Crossbar, states: dict[str, FloatArray]) -> Crossbar:
    own = {name: value for name, value in states.items() if not name.startswith("sel_")}
    if isinstance(layer.selector, Selector) and len(own) < len(states):
        selected: dict[str, Any] = {
            name.removeprefix("sel_"): states[name] for name in states.keys() - own.keys()
        }
        return layer.changed(**own, selector=replace(layer.selector, **selected))
    return layer.changed(**own)


def _joined(records: list[_Record], run: _Run, seconds: float, engine: str) -> TransientResult:
    """One record; a segment's first point is the last one of the segment before."""
    keep = [slice(0 if k == 0 else 1, None) for k in range(len(records))]
    time = np.concatenate([r.time[part] for r, part in zip(records, keep)])
    energy = sum(float(np.trapezoid(r.power, r.time)) for r in records)
    of = {
        name: np.concatenate([r.states[name][:, part] for r, part in zip(records, keep)], axis=1)
        for name in records[0].states
    }
    return TransientResult(
        time,
        np.concatenate([r.bit[:, part] for r, part in zip(records, keep)], axis=1),
        np.concatenate([r.word[:, part] for r, part in zip(records, keep)], axis=1),
        of,
        tuple(layers_of(run.array)),
        energy,
        seconds,
        engine,
        run.stimulus.label,
        run.ran,
    )
