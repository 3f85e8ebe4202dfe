"""Arrays of a card's device at held states, with line resistance: what a read gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import SimulationError
from netlists.solver import checks, newton, pcg
from netlists.solver.cells import ArrayCells, cells_of
from netlists.solver.compiled import threads
from netlists.solver.linear import first_of
from netlists.solver.topology import Connections

FloatArray = NDArray[np.float64]

METHOD: Final = "damped Newton, word lines eliminated, conjugate gradients on the bit lines"
FIRST: Final = 0.1
"""Of the voltages: where they begin to be raised, should Newton's method fail at once."""
LEAST: Final = 1e-4
"""Of the voltages: the smallest step of theirs."""


@dataclass(frozen=True, slots=True, eq=False)
class CardSolution:
    """An array of a card's device at held states; p is missing where one vector was given as (m,).

    Parameters
    ----------
    currents : (p, n) array
        Out of each bit line into its output, both ends together [A].
    word_currents : (p, m) array
        Out of each source into its word line [A].
    word_voltages, bit_voltages : (p, m, n) array
        Of the nodes at each cell [V].
    cell_voltages, device_voltages, cell_currents : (p, m, n) array
        Word node minus bit node, what of that lies across the device [V]; from word to bit line [A].
    steps, iterations : (p,) array of int
        Newton's, and those of conjugate gradients in all of these.
    residual : (p,) array
        The largest current that is missing at a node over the total current.
    method : str
    """

    currents: FloatArray
    word_currents: FloatArray
    word_voltages: FloatArray
    bit_voltages: FloatArray
    cell_voltages: FloatArray
    device_voltages: FloatArray
    cell_currents: FloatArray
    steps: NDArray[np.int64]
    iterations: NDArray[np.int64]
    residual: FloatArray
    method: str


def solve_crossbar_card(
    card: ModelCard,
    w: ArrayLike,
    voltages: ArrayLike,
    r_word: ArrayLike,
    r_bit: ArrayLike,
    *,
    s: ArrayLike = 0.0,
    temperature: float = ROOM_TEMPERATURE,
    parameters: Mapping[str, ArrayLike] | None = None,
    resistors: ArrayLike | None = None,
    selector: tuple[ModelCard, ArrayLike, ArrayLike] | None = None,
    bit_voltages: ArrayLike = 0.0,
    steps: int = newton.STEPS,
    **connections: Unpack[Connections],
) -> CardSolution:
    """Currents and voltages of an array of a card's device at held states.

    Parameters
    ----------
    card : ModelCard
        The device of every cell, p at its word line, n at its bit line.
    w : array_like, shape (m, n)
        Non-volatile states, in [0, 1].
    voltages : array_like, shape (p, m) or (m,)
        Of the word lines' sources [V].
    r_word, r_bit : float or array_like
        Of a segment [ohm], as in :func:`netlists.solve_crossbar`.
    s : array_like, shape (m, n) or a scalar
        Volatile states, in [0, 1].
    temperature : float
        Of all cells [K].
    parameters : mapping of str to array_like, shape (m, n)
        Those that differ from cell to cell, in their declared units.
    resistors : array_like, shape (m, n)
        Conductance of cells that are a resistor instead [S], 0 for open ones; NaN elsewhere.
    selector : (ModelCard, array_like, array_like), optional
        A two-terminal selector in series with every device (or resistor), p at the device and n at
        the bit line, and its held states w and s, (m, n) or a scalar each.
    bit_voltages : array_like, shape (p, n), (n,) or a scalar
        Of the outputs at the bit lines [V].
    steps : int
        Newton's, at most, at each voltage that is tried.
    **connections
        ``r_source``, ``r_sense``, ``word_drive``, ``bit_drive``, ``broken_word``, ``broken_bit``,
        ``bridged_word``, ``bridged_bit``, ``r_short``, as in :func:`netlists.solve_crossbar`.

    Raises
    ------
    CrossbarError
        As there; states outside [0, 1].
    ParameterError
        An unknown parameter, or a value outside its bounds.
    SimulationError
        Code ``no_convergence``: no balance to 1e-12 of the total current (or to rounding) was found,
        even by raising the voltages step by step.
    """
    cells = cells_of(
        card,
        w,
        s,
        temperature=temperature,
        parameters=parameters,
        resistors=resistors,
        selector=selector,
    )
    return solve_cells(
        cells, voltages, r_word, r_bit, bit_voltages=bit_voltages, steps=steps, **connections
    )


def solve_cells(
    cells: ArrayCells,
    voltages: ArrayLike,
    r_word: ArrayLike,
    r_bit: ArrayLike,
    *,
    bit_voltages: ArrayLike = 0.0,
    steps: int = newton.STEPS,
    **connections: Unpack[Connections],
) -> CardSolution:
    """The same for cells that are at hand (:func:`solve_crossbar_card` says the rest)."""
    m, n = cells.shape
    vl, vb, single = checks.sources(voltages, bit_voltages, m, n)
    most = checks.whole(steps, "steps")
    checks.memory(m, n, len(vl), True, arrays=3 * len(vl) + newton.ARRAYS + 3)
    array = array_of(cells, r_word, r_bit, connections)
    found = empty(len(vl), m, n)
    for k in range(len(vl)):
        space = newton.room(m, n)
        balance, taken, iterations = settle(array, cells, vl[k], vb[k], space, most)
        store(found, k, array, space, vl[k], vb[k])
        found.device_voltages[k] = cells.drops(space.v)[0]
        found.steps[k], found.iterations[k] = taken, iterations
        found.residual[k] = balance.worst / balance.total if balance.total else 0.0
    return first_of(found) if single else found


def array_of(
    cells: ArrayCells, r_word: ArrayLike, r_bit: ArrayLike, connections: Connections
) -> pcg.Array:
    """The lines of an array of cells, connected as a user says."""
    room = np.empty(cells.shape)
    return pcg.array_of(room, r_word, r_bit, connections, cells.conducting, threads())


def settle(
    array: pcg.Array,
    cells: ArrayCells,
    vl: FloatArray,
    vb: FloatArray,
    space: newton.Room,
    most: int,
) -> tuple[newton.Balance, int, int]:
    """Balance an array from where its nodes are; raise the voltages step by step if that fails.

    Returns
    -------
    Balance, int, int
        Steps of Newton's method and iterations of conjugate gradients.

    Raises
    ------
    SimulationError
        Code ``no_convergence``.
    """
    run = newton.Newton(array, cells, vl, vb, space)
    try:
        taken, balance = run.solve(most)
        return balance, taken, run.iterations
    except newton.Stuck:
        return _raised(array, cells, vl, vb, space, most)


def _raised(
    array: pcg.Array,
    cells: ArrayCells,
    vl: FloatArray,
    vb: FloatArray,
    space: newton.Room,
    most: int,
) -> tuple[newton.Balance, int, int]:
    """The same with all voltages raised from 0: each solution is where the next begins."""
    kept = [space.word, space.bit, *cells.searches()]
    for plane in kept:
        plane.fill(0.0)
    share, step, taken, iterations = 0.0, FIRST, 0, 0
    last = [plane.copy() for plane in kept]
    while True:
        now = min(1.0, share + step)
        run = newton.Newton(array, cells, now * vl, now * vb, space)
        try:
            count, balance = run.solve(most)
        except newton.Stuck:
            step *= 0.25
            for plane, old in zip(kept, last, strict=True):
                np.copyto(plane, old)
            if step < LEAST:
                raise SimulationError(
                    f"the array of {len(vl)} x {len(vb)} cells found no balance beyond {share:.4g} of its "
                    "voltages: the cells' currents are not finite there, fall with the voltage or change "
                    "too fast; use lower voltages, or another card",
                    code="no_convergence",
                ) from None
            continue
        taken, iterations = taken + count, iterations + run.iterations
        if now == 1.0:
            return balance, taken, iterations
        share, step = now, 2.0 * step
        for plane, old in zip(kept, last, strict=True):
            np.copyto(old, plane)


def empty(count: int, m: int, n: int) -> CardSolution:
    """Room for the solutions of several vectors."""
    word, bit, v, device, current = (np.empty((count, m, n)) for _ in range(5))
    steps, iterations = (np.zeros(count, dtype=np.int64) for _ in range(2))
    out, into, residual = np.empty((count, n)), np.empty((count, m)), np.empty(count)
    return CardSolution(
        out, into, word, bit, v, device, current, steps, iterations, residual, METHOD
    )


def store(
    found: CardSolution,
    k: int,
    array: pcg.Array,
    space: newton.Room,
    vl: FloatArray,
    vb: FloatArray,
) -> None:
    """What the nodes' voltages mean, as solution k."""
    np.add(space.word, vl[:, np.newaxis], out=found.word_voltages[k])
    np.add(space.bit, vb, out=found.bit_voltages[k])
    found.cell_voltages[k], found.cell_currents[k] = space.v, space.current
    found.currents[k], found.word_currents[k] = currents(array, space, vl, vb)


def currents(
    array: pcg.Array,
    space: newton.Room,
    vl: FloatArray,
    vb: FloatArray,
    more: tuple[Any, Any] = (0.0, 0.0),
) -> tuple[FloatArray, FloatArray]:
    """Currents out of the bit lines (n,) and into the word lines (m,) [A].

    ``more`` is what else flows into all nodes of each word and bit line.
    """
    wiring = array.wiring
    taken = space.current.sum(axis=1) - more[0]
    given = space.current.sum(axis=0) + more[1]
    if array.bridges is not None:
        flows = array.bridges.flows(vl, vb, space.word, space.bit)
        word, bit = array.bridges.sides(*flows, wiring.rows, wiring.cols)
        taken, given = taken + word, given - bit
    out = np.where(wiring.ideal, given, pcg.outputs(wiring, space.bit))
    return out, np.where(wiring.driven, taken, 0.0)
