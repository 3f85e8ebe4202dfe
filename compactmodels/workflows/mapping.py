"""Weights as conductances of an array, and conductances that make up for what the lines take.

``y = W x``: the inputs x drive the word lines, an output is the difference of two bit lines over a
scale.  *differential* gives every output two columns of its own; *offset* gives it one, and all outputs
share one reference column in the middle of the window.

With resistance in the lines an input reaches an output through an effective conductance E, smaller
than the cell's G and smaller the farther the cell.  Compensation looks for the G whose E is one common
factor k times what is wanted, in the loop with the solved array: every cell is raised by what it
lacks, and k is the largest factor for which no cell has to pass the window's end.  That the factor is
common is what an output's gain can undo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import InputError
from netlists.array import Crossbar, conductance_states, differential_pairs, pair_difference
from netlists.solver.described import read_fast
from netlists.solver.linear import solve_crossbar

FloatArray = NDArray[np.float64]

MAPPINGS: Final = ("differential", "offset")
INPUTS: Final = ("binary", "amplitude")
"""Of a test: every input 0 or 1, or anything between."""
ROUNDS: Final = 40
"""Of the loop, at most."""
SETTLED: Final = 1e-6
"""Of a conductance, from round to round: where the loop ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What lies between sources, cells and outputs [ohm], and the read voltage [V]."""

    r_word: float = 1.0
    r_bit: float = 1.0
    voltage: float = 0.1
    temperature: float = ROOM_TEMPERATURE


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Mapped:
    """Weights as an array.

    Parameters
    ----------
    mapping : str
    weights : (outputs, inputs) array
    conductance, w : (inputs, columns) arrays
        Of the cells at the read voltage [S], and the states that have it.
    siemens : float
        Conductance difference at an output of a weight of 1 [S], the factor k included.
    factor : float
        k: 1 without compensation.
    at_end : int
        Cells that compensation has put to an end of the window and that would have to pass it.
    rounds : int
        Of the loop; 0 without compensation.
    change : float
        Largest relative change of a conductance in the last round; above :data:`SETTLED` the loop was cut short.
    """

    mapping: str
    weights: FloatArray
    conductance: FloatArray
    w: FloatArray
    siemens: float
    factor: float = 1.0
    at_end: int = 0
    rounds: int = 0
    change: float = 0.0

    @property
    def settled(self) -> bool:
        """Whether the loop ended by itself."""
        return self.change <= SETTLED

    def output(self, currents: ArrayLike) -> FloatArray:
        """y from the bit lines' currents (..., columns) [A] per volt of the inputs."""
        return _difference(self.mapping, currents) / self.siemens


def map_weights(
    weights: ArrayLike,
    card: ModelCard,
    *,
    mapping: str = "differential",
    g_low: float | None = None,
    g_high: float | None = None,
    lines: Lines | None = None,
    compensate: bool = False,
) -> Mapped:
    """Weights as conductances of the card's device.

    Parameters
    ----------
    weights : (outputs, inputs) array
    card : ModelCard
    mapping : str
        One of :data:`MAPPINGS`.
    g_low, g_high : float, optional
        The window [S]; the card's own at the read voltage.
    lines : Lines, optional
    compensate : bool
        Whether conductances make up for the lines.

    Raises
    ------
    InputError
        An unknown mapping; weights that are no matrix or all 0; a window the card does not have.
    """
    lines = lines or Lines()
    matrix = _matrix(weights)
    low, high = _window(card, lines, g_low, g_high)
    if mapping == "differential":
        pairs = differential_pairs(
            matrix,
            card,
            g_low=low,
            g_high=high,
            v_read=lines.voltage,
            temperature=lines.temperature,
        )
        target, siemens = pairs.conductance, pairs.siemens
    elif mapping == "offset":
        target, siemens = _offset(matrix, low, high)
    else:
        raise InputError(f"mapping '{mapping}': one of {', '.join(MAPPINGS)} is expected")
    factor, at_end, rounds, change, conductance = 1.0, 0, 0, 0.0, target
    if compensate:
        factor, at_end, rounds, change, conductance = _compensated(
            mapping, target, card, lines, low, high
        )
    w = _states(card, conductance, lines)
    return Mapped(
        mapping=mapping,
        weights=matrix,
        conductance=conductance,
        w=w,
        siemens=siemens * factor,
        factor=factor,
        at_end=at_end,
        rounds=rounds,
        change=change,
    )


def _matrix(weights: ArrayLike) -> FloatArray:
    matrix = np.asarray(weights, dtype=np.float64)
    if matrix.ndim != 2 or not matrix.size or not np.all(np.isfinite(matrix)):
        raise InputError(
            f"weights have the shape {matrix.shape}: a matrix (outputs, inputs) of finite numbers is expected"
        )
    if not matrix.any():
        raise InputError("all weights are 0: there is nothing to map")
    return matrix


def _window(
    card: ModelCard, lines: Lines, g_low: float | None, g_high: float | None
) -> tuple[float, float]:
    """The one that is asked for, within the card's own, which stands where nothing is said."""
    ends = sorted(float(_conductance(card, w, lines)) for w in (0.0, 1.0))
    low = ends[0] if g_low is None else g_low
    high = ends[1] if g_high is None else g_high
    rounding = 1e-9 * ends[1]
    if not ends[0] - rounding <= low < high <= ends[1] + rounding:
        raise InputError(
            f"g_low = {low:.4g} S, g_high = {high:.4g} S: card '{card.name}' has {ends[0]:.4g} to {ends[1]:.4g} S at "
            f"{lines.voltage:g} V, and g_low below g_high is expected",
            code="no_window",
        )
    return max(low, ends[0]), min(high, ends[1])


def _offset(matrix: FloatArray, low: float, high: float) -> tuple[FloatArray, float]:
    """One column an output around the middle of the window, and the reference as the last one."""
    middle = 0.5 * (low + high)
    siemens = 0.5 * (high - low) / float(np.abs(matrix).max())
    reference = np.full((matrix.shape[1], 1), middle)
    return np.concatenate([middle + siemens * matrix.T, reference], axis=1), siemens


def _difference(mapping: str, currents: ArrayLike) -> FloatArray:
    found = np.asarray(currents, dtype=np.float64)
    if mapping == "differential":
        return pair_difference(found)
    return found[..., :-1] - found[..., -1:]


def _conductance(card: ModelCard, w: Any, lines: Lines) -> FloatArray:
    v = lines.voltage
    current = card.model.current(
        np.full(np.shape(w), v), card.values, w=w, s=0.0, temperature=lines.temperature
    )
    return np.asarray(current, dtype=np.float64) / v


def _states(card: ModelCard, conductance: FloatArray, lines: Lines) -> FloatArray:
    return conductance_states(card, conductance, lines.voltage, temperature=lines.temperature)


# -------------------------------------------------------------------------------- compensation


def _compensated(
    mapping: str, target: FloatArray, card: ModelCard, lines: Lines, low: float, high: float
) -> tuple[float, int, int, float, FloatArray]:
    """Factor, cells that would have to pass an end of the window, rounds, last change, conductances."""
    wanted = _pairwise if mapping == "differential" else _each
    g, rounds, change = target, 0, np.inf
    while change > SETTLED and rounds < ROUNDS:
        rounds += 1
        left = effective(g, card, lines) / g
        factor, needed = wanted(target, left, low, high)
        new = np.clip(needed, low, high)
        change = float(np.max(np.abs(new / g - 1.0)))
        g = new
    rounding = 1e-6 * high
    at_end = np.count_nonzero((needed < low - rounding) | (needed > high + rounding))
    return factor, int(at_end), rounds, change, g


def _each(
    target: FloatArray, left: FloatArray, low: float, high: float
) -> tuple[float, FloatArray]:
    """Every cell's E is to be the factor times its target."""
    factor = float(np.min(left * high / target))
    return factor, factor * target / left


def _pairwise(
    target: FloatArray, left: FloatArray, low: float, high: float
) -> tuple[float, FloatArray]:
    """Every pair's difference of E is to be: the lesser cell stays at the window's low end."""
    difference = target[:, 0::2] - target[:, 1::2]
    positive = difference >= 0
    size = np.abs(difference)
    greater = np.where(positive, left[:, 0::2], left[:, 1::2])
    lesser = low * np.where(positive, left[:, 1::2], left[:, 0::2])
    room = np.where(size > 0, greater * high - lesser, np.inf) / np.where(size > 0, size, 1.0)
    factor = float(np.min(room))
    # A weight of 0 stays two cells at the low end: what their lines make different is left.
    raised = np.where(size > 0, (factor * size + lesser) / greater, low)
    needed = np.empty_like(target)
    needed[:, 0::2] = np.where(positive, raised, low)
    needed[:, 1::2] = np.where(positive, low, raised)
    return factor, needed


def effective(conductance: FloatArray, card: ModelCard, lines: Lines) -> FloatArray:
    """What each input's small change does to each column, shape (inputs, columns) [S].

    Cells conduct as they do with all inputs at the read voltage (their chord).
    """
    g = conductance
    if not _linear(card, lines):
        crossbar = _array(card, _states(card, conductance, lines), lines)
        result = read_fast(crossbar)
        current = card.model.current(
            result.cell_voltages, card.values, w=crossbar.w, s=0.0, temperature=lines.temperature
        )
        g = np.asarray(current) / result.cell_voltages
    unit = np.eye(len(g))
    return np.asarray(solve_crossbar(g, unit, lines.r_word, lines.r_bit))


def _linear(card: ModelCard, lines: Lines) -> bool:
    """Whether I/V is the same at the read voltage and far below it, at both ends of the window."""
    w = np.array([0.0, 0.5, 1.0])
    small = Lines(voltage=1e-3 * lines.voltage, temperature=lines.temperature)
    return bool(
        np.allclose(_conductance(card, w, lines), _conductance(card, w, small), rtol=1e-9, atol=0)
    )


def _array(card: ModelCard, w: FloatArray, lines: Lines) -> Crossbar:
    rows, cols = w.shape
    return Crossbar(
        rows=rows,
        cols=cols,
        card=card,
        w=w,
        voltages=np.full(rows, lines.voltage),
        r_word=lines.r_word,
        r_bit=lines.r_bit,
        temperature=lines.temperature,
    )


# ---------------------------------------------------------------------------------- the judge


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """y of the solved array against W x.

    Parameters
    ----------
    wanted, found : (tests, outputs) arrays
    error : float
        RMS of the difference over that of ``wanted``.
    error_after_gain : float
        The same after one best gain for all outputs.
    gain : float
    """

    wanted: FloatArray
    found: FloatArray
    error: float
    error_after_gain: float
    gain: float


def judge(
    mapped: Mapped,
    card: ModelCard,
    lines: Lines,
    *,
    inputs: str = "binary",
    tests: int = 16,
    seed: int = 0,
) -> Judgement:
    """Read the array at random inputs, its devices as non-linear as they are.

    Parameters
    ----------
    mapped : Mapped
    card : ModelCard
    lines : Lines
    inputs : str
        One of :data:`INPUTS`; x is the voltage over the read voltage.
    tests, seed : int
    """
    chance = np.random.default_rng(seed)
    shape = tests, mapped.weights.shape[1]
    if inputs == "binary":
        x = (chance.uniform(size=shape) < 0.5).astype(np.float64)
    elif inputs == "amplitude":
        x = chance.uniform(size=shape)
    else:
        raise InputError(f"inputs '{inputs}': one of {', '.join(INPUTS)} is expected")
    crossbar = _array(card, mapped.w, lines)
    currents = [read_fast(crossbar.changed(voltages=lines.voltage * row)).currents for row in x]
    found = mapped.output(np.array(currents)) / lines.voltage
    wanted = x @ mapped.weights.T
    gain = float(np.sum(found * wanted) / np.sum(found * found)) if found.any() else 1.0
    return Judgement(
        wanted,
        found,
        _rms(found - wanted) / _rms(wanted),
        _rms(gain * found - wanted) / _rms(wanted),
        gain,
    )


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
