"""An array of any card in ngspice: m word lines, n bit lines, resistance in both.

One wire segment lies at each source, between neighbours and at each output.  The sources drive the
start of the word lines, from one side; the ends of the bit lines are virtual ground.  A cell's
terminal p is at its word line, n at its bit line::

    V_i -- r_word -- w(i,1) -- r_word -- w(i,2) ...        word line i
                       |                   |
                     cell                cell
                       |                   |
                     b(i,1)              b(i,2)            down the bit lines, r_bit to b(i+1,j);
                                                           after the last row r_bit to 0 V

With linear cells this is exactly badcrossbar's convention.  A resistance of 0 is an ideal line:
one node, no resistors.
"""

from __future__ import annotations

import operator
import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels import __version__
from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import InputError
from compactmodels.names import identifier, number
from compactmodels.parameter import TEMPERATURE
from compactmodels.templating import render
from netlists import ngspice
from netlists.subcircuit import subcircuit

FloatArray = NDArray[np.float64]

LARGEST: Final = 1024
"""Lines in each direction; ngspice itself is practical to some 64."""

_ZERO_CELSIUS: Final = 273.15

# Newton's last step is far smaller than the tolerance it passed: 1e-9 leaves rounding alone.  The
# floors are relative to the largest voltage and current: a cell at 0 V has no relative accuracy.
_RELTOL: Final = 1e-9
_FLOOR: Final = 1e-12


class CrossbarError(InputError):
    """An array is not valid."""

    code = "bad_crossbar"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Crossbar:
    """An array of one card's device, its states, its lines and what drives it.

    Arrays are copied and read-only.

    Parameters
    ----------
    rows, cols : int
        Number m of word lines and n of bit lines, 1 to 1024.
    card : ModelCard
        The device of every cell.
    w : array_like, shape (rows, cols)
        Non-volatile states, in [0, 1].
    voltages : array_like, shape (rows,)
        Of the sources at the starts of the word lines [V].
    r_word, r_bit : float
        Resistance of one segment of a word line and of a bit line [ohm]; 0 is an ideal line.
    s : array_like, shape (rows, cols) or a scalar
        Volatile states, in [0, 1]; stored with shape (rows, cols).
    temperature : float
        Of all cells [K].
    seed : int, optional
        That ``w`` was drawn with; it only stands in the deck's header.

    Raises
    ------
    CrossbarError
        A size, shape or value that no array can have.
    """

    rows: int
    cols: int
    card: ModelCard
    w: FloatArray
    voltages: FloatArray
    r_word: float = 0.0
    r_bit: float = 0.0
    s: FloatArray | float = 0.0
    temperature: float = ROOM_TEMPERATURE
    seed: int | None = None

    def __post_init__(self) -> None:
        rows, cols = _size(self.rows, "rows"), _size(self.cols, "cols")
        s = np.full((rows, cols), self.s) if np.ndim(self.s) == 0 else self.s
        checked: dict[str, Any] = {
            "rows": rows,
            "cols": cols,
            "w": _states(self.w, "w", (rows, cols)),
            "s": _states(s, "s", (rows, cols)),
            "voltages": _array(self.voltages, "voltages", (rows,)),
            "r_word": _scalar(self.r_word, "r_word"),
            "r_bit": _scalar(self.r_bit, "r_bit"),
            "temperature": TEMPERATURE.check(_scalar(self.temperature, "temperature")),
            "seed": None if self.seed is None else _whole(self.seed, "seed"),
        }
        if not isinstance(self.card, ModelCard):
            raise CrossbarError(f"card is a {type(self.card).__name__}: a ModelCard is expected")
        for name in ("r_word", "r_bit"):
            if checked[name] < 0:
                raise CrossbarError(f"{name} is {checked[name]:g} ohm: 0 or more is expected")
        for name, value in checked.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True, eq=False)
class CrossbarResult:
    """What a read of an array gives.

    Parameters
    ----------
    currents : numpy.ndarray, shape (cols,)
        Out of the end of each bit line into 0 V [A].
    ideal : numpy.ndarray, shape (cols,)
        The same cells without line resistance [A].
    cell_voltages : numpy.ndarray, shape (rows, cols)
        Word node minus bit node [V].
    word_voltages, bit_voltages : numpy.ndarray, shape (rows, cols)
        Of the nodes at each cell [V].
    seconds : float
        Wall time from the array to its currents.
    engine : str
        Which solver.
    """

    currents: FloatArray
    ideal: FloatArray
    cell_voltages: FloatArray
    word_voltages: FloatArray
    bit_voltages: FloatArray
    seconds: float
    engine: str


def draw_states(rows: int, cols: int, seed: int, low: float = 0.0, high: float = 1.0) -> FloatArray:
    """States drawn uniformly from [low, high).

    Parameters
    ----------
    rows, cols : int
        1 to 1024.
    seed : int
        0 or more; the same seed gives the same states.
    low, high : float
        In [0, 1], ``low`` not above ``high``.

    Returns
    -------
    numpy.ndarray, shape (rows, cols)

    Examples
    --------
    >>> draw_states(1, 2, seed=0)
    array([[0.63696169, 0.26978671]])
    """
    shape = _size(rows, "rows"), _size(cols, "cols")
    low, high = _scalar(low, "low"), _scalar(high, "high")
    if not 0 <= low <= high <= 1:
        raise CrossbarError(f"low = {low:g}, high = {high:g}: 0 <= low <= high <= 1 is expected")
    return np.random.default_rng(_whole(seed, "seed")).uniform(low, high, shape)


def ideal_currents(crossbar: Crossbar) -> FloatArray:
    """Currents of the bit lines without line resistance.

    Returns
    -------
    numpy.ndarray, shape (cols,)
        [A]
    """
    currents: FloatArray = _cell_currents(crossbar).sum(axis=0)
    return currents


def crossbar_deck(crossbar: Crossbar, *, klu: bool = False) -> str:
    """The array as a deck for ngspice: one ``.op``.

    Parameters
    ----------
    crossbar : Crossbar
    klu : bool
        Whether to ask for the KLU solver, which ngspice 39 silently ignores.

    Returns
    -------
    str
        Node ``w<i>_<j>`` (``w<i>`` of an ideal line) is where cell (i, j), counted from 1, meets
        its word line, ``b<i>_<j>`` (``b<j>``) its bit line; ``i(vout<j>)`` is the current of bit
        line j.

    Raises
    ------
    NetlistError
        The card's name may not stand in a netlist.
    """
    module = identifier(crossbar.card.name, "subcircuit")
    return render(
        "netlists",
        "crossbar.cir.j2",
        module=module,
        card=crossbar.card.name,
        version=__version__,
        rows=crossbar.rows,
        cols=crossbar.cols,
        r_word=number(crossbar.r_word),
        r_bit=number(crossbar.r_bit),
        temperature=number(crossbar.temperature),
        celsius=number(crossbar.temperature - _ZERO_CELSIUS),
        seed=crossbar.seed,
        subcircuit=subcircuit(crossbar.card),
        options=_options(crossbar),
        klu=klu,
        lines=[_word_line(crossbar, i) for i in range(1, crossbar.rows + 1)],
        outputs=[(j, _bit_node(crossbar, crossbar.rows + 1, j)) for j in _columns(crossbar)],
    )


def read_ngspice(crossbar: Crossbar, *, timeout: float = 600.0) -> CrossbarResult:
    """Read the array with ngspice.

    Parameters
    ----------
    crossbar : Crossbar
    timeout : float
        Seconds of wall time for ngspice.

    Returns
    -------
    CrossbarResult

    Raises
    ------
    SimulationError
        No convergence or no result in time; the sentence names the file that the deck was kept in.
    ToolMissing
        PySpice or libngspice is not installed.

    Notes
    -----
    Measured with ngspice 39 on arrays of 4 x 4 to 24 x 24 against independent solves of the node
    equations: within 1e-13 of the largest current, for linear cells with ``r g`` from 1e-18 to 1e-2
    and for sinh, tunnelling and thermionic cells to 1 V (with ngspice's default tolerances, 4e-10).
    """
    klu = ngspice.features().klu
    start = time.perf_counter()
    (plot,) = ngspice.run(crossbar_deck(crossbar, klu=klu), timeout=timeout)
    currents = np.array([plot[f"vout{j}#branch"][0] for j in _columns(crossbar)])
    word = _node_voltages(plot, crossbar, _word_node)
    bit = _node_voltages(plot, crossbar, _bit_node)
    return CrossbarResult(
        currents=currents,
        ideal=ideal_currents(crossbar),
        cell_voltages=word - bit,
        word_voltages=word,
        bit_voltages=bit,
        seconds=time.perf_counter() - start,
        engine="ngspice",
    )


# ------------------------------------------------------------------------------ parts of the deck


def _columns(crossbar: Crossbar) -> range:
    return range(1, crossbar.cols + 1)


def _word_node(crossbar: Crossbar, i: int, j: int) -> str:
    """Where word line i meets cell j, and its source at j = 0."""
    if not crossbar.r_word:
        return f"w{i}"
    return f"w{i}_{j}" if j > 0 else f"in{i}"


def _bit_node(crossbar: Crossbar, i: int, j: int) -> str:
    """Where bit line j meets cell i, and its output at i = rows + 1."""
    if not crossbar.r_bit:
        return f"b{j}"
    return f"b{i}_{j}" if i <= crossbar.rows else f"out{j}"


def _word_line(crossbar: Crossbar, i: int) -> dict[str, Any]:
    """Source, segments and cells of word line i, and the bit lines' segments below it."""
    columns = _columns(crossbar)
    place = [f"{i}_{j}" for j in columns]
    before = [_word_node(crossbar, i, j - 1) for j in columns]
    word = [_word_node(crossbar, i, j) for j in columns]
    bit = [_bit_node(crossbar, i, j) for j in columns]
    below = [_bit_node(crossbar, i + 1, j) for j in columns]
    w, s = (map(number, states[i - 1]) for states in (crossbar.w, np.asarray(crossbar.s)))
    return {
        "number": i,
        "inlet": before[0],
        "voltage": number(crossbar.voltages[i - 1]),
        "word": list(zip(place, before, word)) if crossbar.r_word else [],
        "cells": list(zip(place, word, bit, w, s)),
        "bit": list(zip(place, bit, below)) if crossbar.r_bit else [],
    }


def _options(crossbar: Crossbar) -> dict[str, str]:
    """Newton's tolerances."""
    voltage = float(np.abs(crossbar.voltages).max()) or 1.0
    current = float(np.abs(_cell_currents(crossbar)).max()) or 1.0
    if line := crossbar.r_word + crossbar.r_bit:
        current = min(current, 2 * voltage / line)  # an exponential behind a resistance
    options = {"reltol": _RELTOL, "vntol": _FLOOR * voltage, "abstol": _FLOOR * current}
    return {name: number(value) for name, value in options.items()}


def _cell_currents(crossbar: Crossbar) -> FloatArray:
    """Current of each cell at its source's full voltage, shape (rows, cols)."""
    with np.errstate(all="ignore"):  # what is not finite is refused below
        current = crossbar.card.model.current(
            np.repeat(crossbar.voltages[:, np.newaxis], crossbar.cols, axis=1),
            crossbar.card.values,
            w=crossbar.w,
            s=crossbar.s,
            temperature=crossbar.temperature,
        )
    currents = np.asarray(current, dtype=np.float64)
    if len(bad := np.argwhere(~np.isfinite(currents))):
        row = int(bad[0][0])
        raise CrossbarError(
            f"card '{crossbar.card.name}' has no finite current at voltages[{row}] = "
            f"{crossbar.voltages[row]:g} V: use lower voltages"
        )
    return currents


def _node_voltages(plot: ngspice.Plot, crossbar: Crossbar, node: Any) -> FloatArray:
    rows = range(1, crossbar.rows + 1)
    return np.array([[plot[node(crossbar, i, j)][0] for j in _columns(crossbar)] for i in rows])


# -------------------------------------------------------------------------------------- validation


def _whole(value: Any, name: str) -> int:
    try:
        whole = operator.index(value)
        if isinstance(value, bool):
            raise TypeError
    except TypeError:
        raise CrossbarError(f"{name} is {value!r}: a whole number is expected") from None
    if whole < 0:
        raise CrossbarError(f"{name} is {whole}: 0 or more is expected")
    return whole


def _size(value: Any, name: str) -> int:
    size = _whole(value, name)
    if not 1 <= size <= LARGEST:
        raise CrossbarError(f"{name} is {size}: 1 to {LARGEST} lines are expected")
    return size


def _array(value: ArrayLike, name: str, shape: tuple[int, ...]) -> FloatArray:
    """A read-only copy of finite numbers of this shape."""
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise CrossbarError(f"{name} holds something that is not a number") from None
    if array.shape != shape:
        raise CrossbarError(f"{name} has the shape {array.shape}: {shape} is expected")
    if not np.isfinite(array).all():
        found = array[~np.isfinite(array)][0]
        raise CrossbarError(f"{name} holds {found}: finite numbers are expected")
    array.flags.writeable = False
    return array


def _states(value: ArrayLike, name: str, shape: tuple[int, ...]) -> FloatArray:
    array = _array(value, name, shape)
    outside = (array < 0) | (array > 1)
    if outside.any():
        place = tuple(int(k) for k in np.argwhere(outside)[0])
        raise CrossbarError(f"{name}{list(place)} is {array[place]:g}: a state lies in [0, 1]")
    return array


def _scalar(value: Any, name: str) -> float:
    return float(_array(value, name, ()))
