"""Weights of either sign as pairs of columns: column 2k carries what is positive, 2k + 1 the rest.

``y = I+ - I-`` of each pair.  Inputs are word lines, outputs pairs of bit lines, so that a matrix of
weights W (outputs, inputs) with y = W x becomes an array of inputs x 2 outputs cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from netlists.arrays import checks
from netlists.arrays.checks import CrossbarError, FloatArray
from netlists.arrays.states import conductance_states


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Weights as pairs of cells.

    Parameters
    ----------
    conductance : numpy.ndarray, shape (inputs, 2 outputs)
        Of the cells [S].
    w : numpy.ndarray, shape (inputs, 2 outputs)
        States that have it.
    siemens : float
        Conductance difference of a weight of 1 [S].
    """

    conductance: FloatArray
    w: FloatArray
    siemens: float

    def output(self, currents: ArrayLike) -> FloatArray:
        """y = W x from the bit lines' currents (..., 2 outputs) [A]; x are the voltages [V]."""
        return pair_difference(currents) / self.siemens


def pair_difference(currents: ArrayLike) -> FloatArray:
    """I+ - I- of each pair, shape (..., outputs) from (..., 2 outputs) [A]."""
    found = np.asarray(currents, dtype=np.float64)
    if found.ndim == 0 or found.shape[-1] % 2:
        raise CrossbarError(f"currents of the shape {found.shape}: two for each pair are expected")
    difference: FloatArray = found[..., 0::2] - found[..., 1::2]
    return difference


def differential_pairs(
    weights: ArrayLike,
    card: ModelCard,
    *,
    g_low: float,
    g_high: float,
    v_read: float = 0.1,
    temperature: float = ROOM_TEMPERATURE,
) -> Pairs:
    """Weights as conductances of pairs: the cell that a weight's sign names above ``g_low``, the other at it.

    The largest magnitude spans ``g_low`` to ``g_high``.

    Parameters
    ----------
    weights : array_like, shape (outputs, inputs)
    card : ModelCard
    g_low, g_high : float
        [S]; the card must reach them at ``v_read``.
    v_read : float
        [V] at which the states are chosen; cells that are not linear have other weights elsewhere.
    temperature : float
        [K]
    """
    matrix = np.asarray(weights, dtype=np.float64)
    if matrix.ndim != 2:
        raise CrossbarError(f"weights have the shape {matrix.shape}: (outputs, inputs) is expected")
    matrix = checks.array(matrix, "weights", matrix.shape)
    low, high = checks.scalar(g_low, "g_low"), checks.scalar(g_high, "g_high")
    if not 0 <= low < high:
        raise CrossbarError(
            f"g_low = {low:g} S, g_high = {high:g} S: 0 <= g_low < g_high is expected"
        )
    largest = float(np.abs(matrix).max()) or 1.0
    siemens = (high - low) / largest
    conductance = np.empty((matrix.shape[1], 2 * matrix.shape[0]))
    conductance[:, 0::2] = low + siemens * np.maximum(matrix.T, 0.0)
    conductance[:, 1::2] = low + siemens * np.maximum(-matrix.T, 0.0)
    w = conductance_states(card, conductance, v_read, temperature=temperature)
    return Pairs(conductance, w, siemens)
