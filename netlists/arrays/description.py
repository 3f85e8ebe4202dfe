"""An array of any card: m word lines, n bit lines, resistance in both, and what may be wrong with it.

One wire segment lies at each source, between neighbours and at each output.  By default the sources
drive the start of the word lines and the ends of the bit lines are virtual ground.  A cell's
terminal p is at its word line, n at its bit line::

    V_i -- r_source -- r_word -- w(i,1) -- r_word -- w(i,2) ...        word line i
                                   |                   |
                                 cell                cell
                                   |                   |
                                 b(i,1)              b(i,2)     down the bit lines, r_bit to b(i+1,j);
                                                                after the last row r_bit, then r_sense
                                                                to the output's voltage (0 V)

With linear cells this is exactly badcrossbar's convention.  A resistance of 0 is an ideal line: one
node, no resistors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.parameter import TEMPERATURE
from netlists.arrays import checks
from netlists.arrays.checks import CrossbarError, FloatArray
from netlists.arrays.faults import Faults
from netlists.arrays.selectors import Selector, Transistor

ENDS: Final = ("start", "end", "both", "floating")
"""Where a line meets its source or output: word lines start at column 0, bit lines at row 0."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Crossbar:
    """An array of one card's device, its states, its lines and what drives it.

    Arrays are copied and read-only.  Resistances and capacitances are scalars or one number for
    each line.

    Parameters
    ----------
    rows, cols : int
        Number m of word lines and n of bit lines, 1 to 1024.
    card : ModelCard
        The device of every cell.
    w : array_like, shape (rows, cols)
        Non-volatile states, in [0, 1].
    voltages : array_like, shape (rows,)
        Of the word lines' sources [V].
    r_word, r_bit : float or array_like, shape (rows,) or (cols,)
        Resistance of one segment of a word line and of a bit line [ohm]; 0 is an ideal line.
    s : array_like, shape (rows, cols) or a scalar
        Volatile states, in [0, 1]; stored with shape (rows, cols).
    temperature : float
        Of all cells [K].
    seed : int, optional
        That ``w`` was drawn with; it only stands in the deck's header.
    bit_voltages : array_like, shape (cols,) or a scalar
        Of the outputs at the bit lines [V]; 0 is virtual ground.
    r_source, r_sense : float or array_like, shape (rows,) or (cols,)
        Resistance between a source and its word line, and between a bit line and its output, at
        each end that is connected [ohm].
    c_word, c_bit : float or array_like, shape (rows,) or (cols,)
        Capacitance to 0 V of one segment, at each crossing [F]; read by transients alone.
    word_drive, bit_drive : str or sequence of str
        One of :data:`ENDS`, for all lines or for each: the end at which the line meets its source
        or output; at ``both`` the same one.
    selector : Transistor or Selector, optional
        In series with every device, at the bit line.
    faults : Faults, optional
    parameters : mapping of str to array_like, shape (rows, cols)
        The card's parameters that differ from cell to cell, in their declared units.
    notes : sequence of (str, str)
        What else a deck's header shall say: (what, value).

    Raises
    ------
    CrossbarError
        A size, shape or value that no array can have.
    CardError
        A parameter that the card does not have.
    ParameterError
        A temperature or a parameter out of range.
    """

    rows: int
    cols: int
    card: ModelCard
    w: FloatArray
    voltages: FloatArray
    r_word: FloatArray | float = 0.0
    r_bit: FloatArray | float = 0.0
    s: FloatArray | float = 0.0
    temperature: float = ROOM_TEMPERATURE
    seed: int | None = None
    bit_voltages: FloatArray | float = 0.0
    r_source: FloatArray | float = 0.0
    r_sense: FloatArray | float = 0.0
    c_word: FloatArray | float = 0.0
    c_bit: FloatArray | float = 0.0
    word_drive: str | Sequence[str] = "start"
    bit_drive: str | Sequence[str] = "end"
    selector: Transistor | Selector | None = None
    faults: Faults | None = None
    parameters: Mapping[str, FloatArray] = field(default_factory=dict)
    notes: Sequence[tuple[str, str]] = ()

    def __post_init__(self) -> None:
        rows, cols = checks.size(self.rows, "rows"), checks.size(self.cols, "cols")
        if not isinstance(self.card, ModelCard):
            raise CrossbarError(f"card is a {type(self.card).__name__}: a ModelCard is expected")
        s = np.full((rows, cols), self.s) if np.ndim(self.s) == 0 else self.s
        checked: dict[str, Any] = {
            "rows": rows,
            "cols": cols,
            "w": checks.states(self.w, "w", (rows, cols)),
            "s": checks.states(s, "s", (rows, cols)),
            "voltages": checks.array(self.voltages, "voltages", (rows,)),
            "bit_voltages": checks.spread(self.bit_voltages, "bit_voltages", (cols,)),
            "temperature": TEMPERATURE.check(checks.scalar(self.temperature, "temperature")),
            "seed": None if self.seed is None else checks.whole(self.seed, "seed"),
            "faults": self._checked_faults(rows, cols),
            "parameters": self._checked_parameters(rows, cols),
            "notes": tuple((str(a), str(b)) for a, b in self.notes),
        }
        for name, count in (("word_drive", rows), ("bit_drive", cols)):
            checked[name] = checks.choices(getattr(self, name), name, ENDS, count)
        for side, count in (("word", rows), ("bit", cols)):
            ends = {"word": "r_source", "bit": "r_sense"}[side]
            for name, unit in ((f"r_{side}", "ohm"), (ends, "ohm"), (f"c_{side}", "F")):
                checked[name] = _per_line(getattr(self, name), name, unit, count)
        if isinstance(self.selector, Transistor):
            self.selector.gates(rows, cols)
        elif isinstance(self.selector, Selector):
            self.selector.starts("w", rows, cols), self.selector.starts("s", rows, cols)
        elif self.selector is not None:
            kind = type(self.selector).__name__
            raise CrossbarError(f"selector is a {kind}: a Transistor or a Selector is expected")
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def _checked_faults(self, rows: int, cols: int) -> Faults:
        faults = Faults(rows=rows, cols=cols) if self.faults is None else self.faults
        if not isinstance(faults, Faults):
            raise CrossbarError(f"faults is a {type(faults).__name__}: Faults are expected")
        if (faults.rows, faults.cols) != (rows, cols):
            raise CrossbarError(
                f"faults are of a {faults.rows} x {faults.cols} array: {rows} x {cols} is expected"
            )
        return faults

    def _checked_parameters(self, rows: int, cols: int) -> dict[str, FloatArray]:
        found = {}
        for name, value in self.parameters.items():
            parameter = self.card.parameter(name)
            values = checks.array(value, f"parameter '{name}'", (rows, cols))
            for extreme in (values.min(), values.max()):
                parameter.check(extreme, name=name)
            found[name] = values
        return found

    @property
    def cell_states(self) -> FloatArray:
        """``w`` as the faults leave it, shape (rows, cols)."""
        assert self.faults is not None
        return np.where(self.faults.stuck_on, 1.0, np.where(self.faults.stuck_off, 0.0, self.w))

    def per_line(self, name: str) -> FloatArray:
        """``r_word``, ``c_bit``, ... as one number for each line, shape (rows,) or (cols,)."""
        count = self.rows if name in ("r_word", "c_word", "r_source") else self.cols
        return checks.spread(getattr(self, name), name, (count,))

    def changed(self, **changes: Any) -> Crossbar:
        """The same array with other values."""
        return replace(self, **changes)


def _per_line(value: Any, name: str, unit: str, count: int) -> FloatArray | float:
    if np.ndim(value) == 0:
        one = checks.array(value, name, ())
        return float(checks.positive(one, name, unit))
    return checks.positive(checks.array(value, name, (count,)), name, unit)


@dataclass(frozen=True, slots=True, eq=False)
class CrossbarResult:
    """What a read of an array gives.

    Parameters
    ----------
    currents : numpy.ndarray, shape (cols,)
        Out of each bit line into its output, both ends together [A].
    ideal : numpy.ndarray, shape (cols,)
        The same cells without resistance of lines, sources and outputs, and without selector [A].
    cell_voltages : numpy.ndarray, shape (rows, cols)
        Word node minus bit node [V].
    word_voltages, bit_voltages : numpy.ndarray, shape (rows, cols)
        Of the nodes at each cell [V].
    seconds : float
        Wall time from the array to its currents.
    engine : str
        Which solver.
    word_currents : numpy.ndarray, shape (rows,), optional
        Out of each source into its word line [A].
    device_voltages : numpy.ndarray, shape (rows, cols), optional
        What of the cell's voltage lies across its device, the rest across its selector [V].
    form : str
        In which form the cells ran: ``resistor``, ``osdi`` or ``subcircuit``.
    """

    currents: FloatArray
    ideal: FloatArray
    cell_voltages: FloatArray
    word_voltages: FloatArray
    bit_voltages: FloatArray
    seconds: float
    engine: str
    word_currents: FloatArray | None = None
    device_voltages: FloatArray | None = None
    form: str = ""


def ideal_currents(crossbar: Crossbar) -> FloatArray:
    """Currents of the bit lines without resistance in lines, sources and outputs, and without selector.

    A line that floats carries nothing.

    Returns
    -------
    numpy.ndarray, shape (cols,)
        [A]
    """
    currents: FloatArray = cell_currents(crossbar).sum(axis=0)
    return currents


def cell_currents(crossbar: Crossbar) -> FloatArray:
    """Current of each cell at its source's full voltage, shape (rows, cols)."""
    faults = crossbar.faults
    assert faults is not None
    drop = crossbar.voltages[:, np.newaxis] - np.asarray(crossbar.bit_voltages)
    with np.errstate(all="ignore"):  # what is not finite is refused below
        current = crossbar.card.model.current(
            drop,
            {**crossbar.card.values, **crossbar.parameters},
            w=crossbar.cell_states,
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
    currents = np.where(faults.shorted_cells, drop / faults.r_short, currents)
    currents = np.where(faults.open_cells, 0.0, currents)
    floating = np.array([d == "floating" for d in crossbar.word_drive])
    currents[floating] = 0.0
    currents[:, [d == "floating" for d in crossbar.bit_drive]] = 0.0
    return currents
