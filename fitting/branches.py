"""A sweep falls into branches: each ends where the sweep turns.

A trace that runs one way through 0 V is one branch.  A point recorded twice at the turn goes to
either side; the scatter of a measured voltage is not a turn.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.data import Dataset, Trace
from compactmodels.errors import InputError

FloatArray = NDArray[np.float64]

STEPS_BACK: Final = 0.75
"""Steps that the voltage must run back before a turn is believed (half a step may be jitter)."""
POINTWISE: Final = ("lines", "in_compliance", "pulse_voltage", "pulse_width")
"""Entries of a trace's ``meta`` that hold one value a point."""
SIGMAS_BACK: Final = 6.0
"""The same, in standard deviations of the voltage's point-to-point scatter."""


def tolerance(voltage: FloatArray) -> float:
    """Volts that a sweep may run back without having turned.

    Parameters
    ----------
    voltage : (n,) array
        Volts.

    Returns
    -------
    float
        The larger of 0.75 median steps and six times the scatter, which the second differences
        tell (they vanish on an even ramp).
    """
    steps = np.abs(np.diff(voltage))
    moving = steps[steps > 1e-9 * np.ptp(voltage)]
    if moving.size == 0:
        return 0.0
    bend = np.diff(voltage, 2)
    scatter = 1.4826 * float(np.median(np.abs(bend))) / np.sqrt(6.0) if bend.size else 0.0
    return max(STEPS_BACK * float(np.median(moving)), SIGMAS_BACK * scatter)


def turning_points(voltage: FloatArray) -> list[int]:
    """Indices of the last point before each turn.

    Parameters
    ----------
    voltage : (n,) array
        Volts, in the order measured.
    """
    allowed = tolerance(voltage)
    turns: list[int] = []
    low = high = extreme = 0
    direction = 0
    for k in range(1, len(voltage)):
        v = voltage[k]
        if direction == 0:
            low = k if v < voltage[low] else low
            high = k if v > voltage[high] else high
            if voltage[high] - voltage[low] > allowed:
                direction = 1 if high > low else -1
                extreme = k
                first = low if direction > 0 else high
                if first > 0 and abs(voltage[first] - voltage[0]) > allowed:
                    turns.append(first)
        elif direction * (v - voltage[extreme]) > 0:
            extreme = k
        elif direction * (voltage[extreme] - v) > allowed:
            turns.append(extreme)
            direction, extreme = -direction, k
    return turns


def split(trace: Trace) -> Dataset:
    """The trace's branches in the order measured; together they are the whole trace.

    Parameters
    ----------
    trace : Trace
        With a voltage.

    Returns
    -------
    Dataset
        Each trace's ``meta["branch"]`` counts from 1 and ``meta["span"]`` holds the first and last
        voltage; ``varied`` has both.

    Raises
    ------
    InputError
        Code ``no_columns``: a trace without voltage.
    """
    if trace.voltage is None:
        raise InputError(
            "a trace without voltage has no branches: a sweep is expected", code="no_columns"
        )
    turns = turning_points(trace.voltage)
    if not turns and "branch" in trace.meta:  # a branch of a sweep that was split before
        return Dataset((trace,), {"branch": (trace.meta["branch"],)})
    edges = [0, *(k + 1 for k in turns), len(trace)]
    parts = []
    for number, (begin, end) in enumerate(pairwise(edges), start=1):
        span = (float(trace.voltage[begin]), float(trace.voltage[end - 1]))
        extra = {key: trace.meta[key][begin:end] for key in POINTWISE if key in trace.meta}
        parts.append(trace.take(slice(begin, end), branch=number, span=span, **extra))
    varied = {
        "branch": tuple(part.meta["branch"] for part in parts),
        "span": tuple(part.meta["span"] for part in parts),
    }
    return Dataset(tuple(parts), varied)
