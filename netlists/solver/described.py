"""An array's description (:class:`netlists.array.Crossbar`) through the fast engine, as through ngspice.

The same answers to the same questions as :func:`netlists.crossbar.read_ngspice`,
:func:`netlists.crossbar.read_stack_ngspice` and :func:`netlists.crossbar.transient_ngspice`, so that one
can stand in for the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import ProtocolError
from netlists.arrays.checks import CrossbarError
from netlists.arrays.deck import layers_of
from netlists.arrays.description import Crossbar, CrossbarResult
from netlists.arrays.reads import StackResult, ideal
from netlists.arrays.selectors import Selector
from netlists.arrays.stack import Stack
from netlists.arrays.stimulus import Stimulus
from netlists.arrays.transients import TransientResult
from netlists.solver import transient
from netlists.solver.linear import CrossbarSolution, solve_crossbar
from netlists.solver.nonlinear import CardSolution, array_of, solve_cells
from netlists.solver.problems import Problem, problems
from netlists.solver.rest import bring_to_rest

FloatArray = NDArray[np.float64]

ENGINE = "fast"


def read_fast(crossbar: Crossbar) -> CrossbarResult:
    """Read an array, states held.

    Selectors whose states a read lets move (``hold=False``) come to rest first, from where they start.

    Parameters
    ----------
    crossbar : Crossbar
        Any without transistors.

    Raises
    ------
    CrossbarError
        An array with what the engine lacks (code ``engine_lacks``), or that is not connected.
    SimulationError
        Code ``no_convergence``.
    """
    if not isinstance(crossbar, Crossbar):
        kind = type(crossbar).__name__
        raise CrossbarError(f"a {kind} is read by read_stack_fast: read_fast takes a Crossbar")
    found = _read(crossbar)
    return CrossbarResult(
        currents=found.currents[0],
        ideal=found.ideal[0],
        cell_voltages=found.cell_voltages[0],
        word_voltages=found.word_voltages[0],
        bit_voltages=found.bit_voltages[0],
        seconds=found.seconds,
        engine=found.engine,
        word_currents=found.word_currents[0],
        device_voltages=found.device_voltages[0],
    )


def read_stack_fast(stack: Stack) -> StackResult:
    """Read a stack of layers; errors as :func:`read_fast`."""
    return _read(stack)


def _read(array: Crossbar | Stack) -> StackResult:
    start = time.perf_counter()
    parts = [_solve(problem) for problem in problems(array, held=True)]
    currents, words, cell, word, bit, device = (
        np.concatenate([part[k] for part in parts]) for k in range(6)
    )
    return StackResult(
        currents=currents,
        word_currents=words,
        ideal=ideal(array),
        cell_voltages=cell,
        word_voltages=word,
        bit_voltages=bit,
        device_voltages=device,
        seconds=time.perf_counter() - start,
        engine=ENGINE,
    )


def _solve(problem: Problem) -> tuple[FloatArray, ...]:
    """Currents by plane; cell, word, bit and device voltages by layer."""
    planes = problem.planes
    found: CrossbarSolution | CardSolution
    given: dict[str, Any] = {**problem.lines}
    given |= {"voltages": problem.voltages, "bit_voltages": problem.bit_voltages}
    if problem.conductance is not None:
        found = solve_crossbar(problem.conductance, return_nodes=True, **given)
        devices = found.cell_voltages
    else:
        cells = problem.cells()
        frozen = problem.frozen(cells)
        if not frozen.all():
            lines: Any = {**problem.lines}
            array = array_of(cells, lines.pop("r_word"), lines.pop("r_bit"), lines)
            bring_to_rest(array, cells, problem.voltages, problem.bit_voltages, frozen)
        found = solve_cells(cells, **given)
        devices = found.device_voltages
    return (
        planes.split(found.currents, "bit"),
        planes.split(found.word_currents, "word"),
        planes.by_layer(found.cell_voltages),
        planes.by_layer(found.word_voltages),
        planes.by_layer(found.bit_voltages),
        planes.by_layer(devices),
    )


def transient_fast(
    array: Crossbar | Stack,
    stimulus: Stimulus,
    *,
    states: bool = True,
    tolerance: float = transient.TOLERANCE,
    progress: Callable[[float], None] | None = None,
) -> TransientResult:
    """Run an array through a stimulus.

    Parameters
    ----------
    array : Crossbar or Stack
        Any without transistors; its own voltages do not matter here.
    stimulus : Stimulus
    states : bool
        Whether to keep the states of every cell over time; the last ones are always kept.
    tolerance : float
        Error of a state, and of a voltage over the largest, that a step may make.
    progress : callable, optional
        Called with the share that is done, 0 to 1.

    Raises
    ------
    ProtocolError
        A stimulus for another number of lines or planes.
    CrossbarError
        What :func:`read_fast` refuses.
    SimulationError
        Code ``no_convergence``.
    """
    began = time.perf_counter()
    parts = problems(array, held=False)
    _check(stimulus, parts)
    corners, word, bit = _repeated(stimulus)
    first_word = first_bit = 0
    found: list[transient.TransientSolution] = []
    at = np.array([])
    for problem in parts:
        p = problem.planes
        vl = p.joined(list(np.moveaxis(word[:, first_word : first_word + p.word], 1, 0)))
        vb = p.joined(list(np.moveaxis(bit[:, first_bit : first_bit + p.bit], 1, 0)))
        first_word, first_bit = first_word + p.word, first_bit + p.bit
        cells = problem.cells()
        given = {**problem.lines, "c_word": problem.c_word, "c_bit": problem.c_bit}
        found.append(
            transient.program_cells(
                cells,
                corners,
                vl,
                bit_voltages=vb,
                frozen=problem.stuck,
                every=states,
                tolerance=tolerance,
                progress=progress,
                **given,
            )
        )
        at = np.union1d(at, found[-1].time)
    return _result(array, stimulus, parts, found, at, states, time.perf_counter() - began)


def _result(
    array: Crossbar | Stack,
    stimulus: Stimulus,
    parts: list[Problem],
    found: list[transient.TransientSolution],
    at: FloatArray,
    states: bool,
    seconds: float,
) -> TransientResult:
    """One record of all parts, at the times of all."""
    tracks: dict[str, list[FloatArray]] = {}
    final: list[Crossbar] = []
    layers = iter(layers_of(array))
    names = ("w", "s", "sel_w", "sel_s")
    for problem, x in zip(parts, found, strict=True):
        by_layer = problem.planes.by_layer(x.states)
        for own in by_layer:
            layer = next(layers)
            final.append(_ended(layer, own[-1]))
        for k, name in enumerate(names[: by_layer.shape[2]]):
            tracks.setdefault(name, []).append(_at(at, x.kept, by_layer[:, :, k], 1))
    moving = _moving(layers_of(array))
    currents, word_currents = (
        np.concatenate(
            [
                _at(at, x.time, problem.planes.split(getattr(x, name), kind), 1)
                for problem, x in zip(parts, found, strict=True)
            ]
        )
        for name, kind in (("currents", "bit"), ("word_currents", "word"))
    )
    kept = {
        name: np.concatenate(tracks[name]) for name in names if name in moving and name in tracks
    }
    return TransientResult(
        time=at,
        currents=currents,
        word_currents=word_currents,
        states=kept if states else {},
        final=tuple(final),
        energy=sum(x.energy for x in found),
        seconds=seconds,
        engine=ENGINE,
        label=stimulus.label,
    )


def _at(at: FloatArray, time: FloatArray, values: FloatArray, axis: int) -> FloatArray:
    """Values at other times, straight between their own."""
    if len(at) == len(time) or len(time) < 2:
        return values
    k = np.clip(np.searchsorted(time, at, side="right") - 1, 0, len(time) - 2)
    share = (at - time[k]) / (time[k + 1] - time[k])
    shape = [1] * values.ndim
    shape[axis] = -1
    share = share.reshape(shape)
    found: FloatArray = (1 - share) * values.take(k, axis) + share * values.take(k + 1, axis)
    return found


def _moving(layers: Any) -> set[str]:
    """Names of the states that move in any layer."""
    found: set[str] = set()
    for layer in layers:
        found |= set(layer.card.model.states)
        if isinstance(layer.selector, Selector):
            found |= {f"sel_{name}" for name in layer.selector.card.model.states}
    return found


def _ended(layer: Crossbar, states: FloatArray) -> Crossbar:
    """The layer with the states at the end; (q, rows, cols)."""
    own = {
        name: x for name, x in zip("ws", states, strict=False) if name in layer.card.model.states
    }
    if isinstance(layer.selector, Selector):
        moving = layer.selector.card.model.states
        theirs = {name: x for name, x in zip("ws", states[2:], strict=True) if name in moving}
        return layer.changed(**own, selector=replace(layer.selector, **theirs))
    return layer.changed(**own)


def _repeated(stimulus: Stimulus) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Corners of all cycles and the voltages there, (corners, planes, lines)."""
    count = range(stimulus.cycles)
    corners = [stimulus.time[min(k, 1) :] + k * stimulus.duration for k in count]
    sides = [np.concatenate([v[min(k, 1) :] for k in count]) for v in (stimulus.word, stimulus.bit)]
    word, bit = (v if v.ndim == 3 else v[:, np.newaxis] for v in sides)
    return np.concatenate(corners), word, bit


def _check(stimulus: Stimulus, parts: list[Problem]) -> None:
    """Whether a stimulus is for these lines."""
    if stimulus.gate is not None:
        raise ProtocolError(f"{stimulus.label}: gate voltages for an array without transistors")
    first = parts[0].planes
    for kind, lines, volts in (
        ("word", first.rows, stimulus.word),
        ("bit", first.cols, stimulus.bit),
    ):
        count = sum(getattr(x.planes, kind) for x in parts)
        shape = (len(stimulus.time), count, lines)
        if volts.shape != shape and not (count == 1 and volts.shape == shape[::2]):
            expected = shape if count > 1 else shape[::2]
            raise ProtocolError(
                f"{stimulus.label}: {kind} has the shape {volts.shape}: {expected} is expected"
            )
