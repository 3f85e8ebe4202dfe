"""How large an array may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from compactmodels.card import ModelCard
from compactmodels.errors import InputError
from compactmodels.workflows.studies import estimates
from compactmodels.workflows.studies.reads import one_cell, steepness
from compactmodels.workflows.studies.settings import Setting, array, conductance
from netlists.solver.described import read_fast

LEAST: Final = 2
MOST: Final = 1024
"""Lines that are looked at."""
MOST_READABLE: Final = 256
"""The same where one cell is read: two non-linear solutions a size."""


def usable(card: ModelCard, setting: Setting) -> dict[str, float]:
    """The largest square array in which no output is wrong by more than ``limit``.

    All cells on, every word line driven: the most that the lines can lose.  And, of cells in random
    states, the same; and the largest passive array in which one cell is read with a margin of
    ``1 - limit`` of what the device alone gives.
    """

    def error(n: int, pattern: str) -> float:
        result = read_fast(array(card, setting.changed(size=n, pattern=pattern)))
        return float(np.max(np.abs(result.currents / result.ideal - 1.0)))

    on = float(conductance(card, 1.0, setting))
    whole = setting.changed(size=LEAST, pattern="on")
    power = steepness(card, array(card, whole), whole)
    # A current that goes with a power of the voltage loses that much more.
    allowed = 1.0 - (1.0 - setting.limit) ** (1.0 / power)
    return {
        "lines_all_on": search(lambda n: error(n, "on") <= setting.limit),
        "lines_random": search(lambda n: error(n, "uniform") <= setting.limit),
        "lines_estimate": min(
            float(np.floor(estimates.largest(allowed, setting.line_resistance, on))), MOST
        ),
    }


def readable(card: ModelCard, setting: Setting) -> dict[str, float]:
    """The largest passive array, up to 256 lines, in which one cell's margin keeps above ``limit``."""

    def margin(n: int) -> float:
        return one_cell(card, setting.changed(size=n))["margin"]

    return {"lines": search(lambda n: margin(n) >= setting.limit, MOST_READABLE)}


def search(good: Callable[[int], bool], most: int = MOST) -> float:
    """The largest number of lines up to ``most`` that is good; 0 if not even :data:`LEAST` are.

    By doubling, then halving the bracket: what is good for n is taken to be good for fewer.
    """
    if not good(LEAST):
        return 0.0
    low, high = LEAST, 2 * LEAST
    while high <= most and good(high):
        low, high = high, 2 * high
    high = min(high, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if good(middle) else (low, middle)
    return float(low)


def check_limit(limit: float) -> float:
    """An error that may be asked for; InputError otherwise."""
    if not 0 < limit < 1:
        raise InputError(f"limit {limit:g}: above 0 and below 1 is expected, 0.05 for 5 %")
    return limit
