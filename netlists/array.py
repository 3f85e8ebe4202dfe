"""An array of any card: m word lines, n bit lines, resistance in both.

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
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import InputError
from compactmodels.parameter import TEMPERATURE

FloatArray = NDArray[np.float64]

LARGEST: Final = 1024
"""Lines in each direction; ngspice itself is practical to some 64."""


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
    ParameterError
        A temperature out of range.
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
    currents: FloatArray = cell_currents(crossbar).sum(axis=0)
    return currents


def cell_currents(crossbar: Crossbar) -> FloatArray:
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
