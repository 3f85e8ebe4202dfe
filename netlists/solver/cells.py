"""The cells of an array of one card's device: their currents and slopes at given voltages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.card import ModelCard
from compactmodels.fast_array import CompiledCells, compile_cells
from compactmodels.parameter import TEMPERATURE
from netlists.arrays.checks import CrossbarError
from netlists.solver import checks
from netlists.solver.compiled import run

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Cells at held states; make them with :func:`cells_of`.

    Parameters
    ----------
    compiled : CompiledCells
    w, s : (m, n) arrays
        States.
    c, own : arrays
        What the parameters settle (:meth:`compactmodels.fast_array.CompiledCells.sets`).
    near : (m, n, junctions) array
        Junction voltages, from where each search begins.
    linear : (m, n) array
        Conductance of cells that are a resistor instead [S]; NaN elsewhere.
    mask : (m, n) array of bool
        Where these are.
    """

    compiled: CompiledCells
    w: FloatArray
    s: FloatArray
    c: FloatArray
    own: FloatArray
    near: FloatArray
    linear: FloatArray
    mask: NDArray[np.bool_]

    def evaluate(
        self, v: FloatArray, current: FloatArray, slope: FloatArray, workers: int
    ) -> bool:
        """Currents and slopes at the cell voltages v (m, n); whether all are finite.

        A slope below 0 (a negative differential resistance) is replaced by the chord's, which keeps
        Newton's steps downhill.
        """
        arrays = (v, self.w, self.s, self.c, self.own, self.near, current, slope)
        run(self.compiled.module.cells, len(v), workers, *arrays)
        if self.mask.any():
            np.multiply(self.linear, v, out=current, where=self.mask)
            np.copyto(slope, self.linear, where=self.mask)
        if slope.min() < 0.0:
            with np.errstate(divide="ignore", invalid="ignore"):
                chord = np.nan_to_num(current / v)
            np.copyto(slope, np.maximum(chord, 0.0), where=slope < 0.0)
        return bool(np.isfinite(current.sum()) and np.isfinite(slope.sum()))


def cells_of(
    card: ModelCard,
    w: ArrayLike,
    s: ArrayLike = 0.0,
    *,
    temperature: float,
    parameters: Mapping[str, ArrayLike] | None = None,
    resistors: ArrayLike | None = None,
) -> Cells:
    """The cells of an array.

    Parameters
    ----------
    card : ModelCard
    w : array_like, shape (m, n)
        Non-volatile states, in [0, 1].
    s : array_like, shape (m, n) or a scalar
        Volatile states, in [0, 1].
    temperature : float
        [K].
    parameters : mapping of str to array_like, shape (m, n)
        Those that differ from cell to cell, in their declared units.
    resistors : array_like, shape (m, n)
        Conductance of cells that are a resistor instead of the card's device (0: open) [S]; NaN
        elsewhere.

    Raises
    ------
    CrossbarError
        Shapes that disagree, states outside [0, 1], a negative conductance.
    ParameterError
        An unknown parameter, or a value outside its bounds.
    """
    if not isinstance(card, ModelCard):
        raise CrossbarError(f"card is a {type(card).__name__}: a ModelCard is expected")
    states = _states(w, "w", None)
    volatile = _states(s, "s", states.shape)
    values: dict[str, Any] = dict(card.values)
    for name, given in (parameters or {}).items():
        declared = card.parameter(name)
        values[name] = _matrix(given, f"parameter '{name}'", states.shape)
        for extreme in (values[name].min(), values[name].max()):
            declared.check(extreme, name=name)
    linear = np.full(states.shape, np.nan)
    if resistors is not None:
        found = checks.numbers(resistors, "resistors")
        linear[:] = np.nan_to_num(found, nan=0.0) if found.shape == states.shape else np.nan
        _matrix(linear, "resistors", found.shape if found.shape != states.shape else states.shape)
        linear[np.isnan(found)] = np.nan
        if np.nanmin(linear, initial=0.0) < 0:
            raise CrossbarError("resistors holds a negative conductance: 0 S or more is expected")
    compiled = compile_cells(card.model)
    c, own = compiled.sets(values, TEMPERATURE.check(temperature), states.shape)
    near = np.zeros((*states.shape, compiled.junctions))
    return Cells(compiled, states, volatile, c, own, near, linear, ~np.isnan(linear))


def _matrix(value: ArrayLike, name: str, shape: tuple[int, ...] | None) -> FloatArray:
    found = checks.matrix(value, name)
    if shape is not None and found.shape != shape:
        raise CrossbarError(f"{name} has the shape {found.shape}: {shape} is expected")
    return found


def _states(value: ArrayLike, name: str, shape: tuple[int, ...] | None) -> FloatArray:
    """A copy of states in [0, 1]."""
    spread = np.full(shape, value) if shape is not None and np.ndim(value) == 0 else value
    found = _matrix(spread, name, shape).copy()
    if found.min() < 0 or found.max() > 1:
        i, j = (int(k) for k in np.argwhere((found < 0) | (found > 1))[0])
        raise CrossbarError(f"{name}[{i}, {j}] is {found[i, j]:g}: a state lies in [0, 1]")
    return found
