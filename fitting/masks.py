"""Points of a sweep that a log fit must leave out, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fitting.diagnostics import Warned

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

FLOOR_FACTOR: Final = 10.0
"""Times the instrument's offset that a current must reach to be used."""
PLATEAU: Final = 2e-4
"""Relative spread of the current within a compliance plateau."""
PLATEAU_POINTS: Final = 4
ORIGIN: Final = 0.01
"""Steps from 0 V within which a current is the instrument's offset and no conduction."""
RANGE: Final = 1e-15
"""Of the largest current: no instrument measures less in the same sweep."""


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """Which points are used.

    Parameters
    ----------
    used : (n,) bool array
    warnings : tuple of Warned
    """

    used: BoolArray
    warnings: tuple[Warned, ...]


def at_origin(voltage: FloatArray) -> BoolArray:
    """Points at 0 V to within a hundredth of a step."""
    steps = np.abs(np.diff(voltage))
    step = float(np.median(steps[steps > 0])) if np.any(steps > 0) else 0.0
    near: BoolArray = (np.abs(voltage) < ORIGIN * step) | (voltage == 0)
    return near


def noise_floor(voltage: FloatArray, current: FloatArray) -> float:
    """Largest |I| [A] that is an offset and no conduction; 0 where there is none.

    Every mechanism passes through the origin: a current at 0 V, and one against its voltage, are
    the instrument's.

    Parameters
    ----------
    voltage, current : (n,) arrays
        V and A, in the order measured.
    """
    near = at_origin(voltage)
    offset = np.abs(current[near])
    against = np.abs(current[(np.sign(voltage) * np.sign(current) < 0) & ~near])
    return float(max(np.max(offset, initial=0.0), np.median(against) if against.size else 0.0))


def plateau(voltage: FloatArray, current: FloatArray) -> BoolArray:
    """Points in compliance: the current stands at its largest value after it rose steeply.

    Parameters
    ----------
    voltage, current : (n,) arrays
    """
    size = np.abs(current)
    top = float(np.max(size, initial=0.0))
    flat = size >= top * (1 - PLATEAU)
    none = np.zeros(size.shape, dtype=bool)
    if top == 0 or np.count_nonzero(flat) < PLATEAU_POINTS:
        return none
    places = np.flatnonzero(flat)
    runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    run = max(runs, key=len)
    if run.size < PLATEAU_POINTS:
        return none
    outside = [k for k in (run[0] - 1, run[-1] + 1) if 0 <= k < size.size]
    kink = any(size[k] < top * (1 - 20 * PLATEAU) for k in outside)
    none[run] = kink
    return none


def mask_sweep(voltage: FloatArray, current: FloatArray, floor: float) -> Masked:
    """What of a branch can be used in the logarithm.

    Parameters
    ----------
    voltage, current : (n,) arrays
        One branch.
    floor : float
        Of :func:`noise_floor`, over the whole sweep [A].
    """
    used = np.ones(voltage.shape, dtype=bool)
    out: list[Warned] = []

    def drop(where: BoolArray, code: str, why: str) -> None:
        nonlocal used
        count = int(np.count_nonzero(where & used))
        used &= ~where
        if count:
            out.append(Warned(code, f"{count} point{'s' if count > 1 else ''} left out: {why}"))

    drop(
        plateau(voltage, current),
        "compliance_masked",
        f"the current stands at {np.max(np.abs(current), initial=0.0):.4g} A, the compliance",
    )
    used &= ~(
        at_origin(voltage) | (current == 0)
    )  # they carry nothing in the logarithm; not worth a remark
    drop(
        np.sign(voltage) * np.sign(current) < 0,
        "wrong_sign_masked",
        "the current runs against the voltage",
    )
    if floor > 0:
        drop(
            np.abs(current) < FLOOR_FACTOR * floor,
            "floor_masked",
            f"below {FLOOR_FACTOR:g} times the offset of {floor:.2g} A that is measured at 0 V",
        )
    drop(
        np.abs(current) < RANGE * np.max(np.abs(current), initial=0.0),
        "range_masked",
        "more than 15 decades below the largest current, which no instrument spans",
    )
    return Masked(used, tuple(out))


def forward_sign(voltage: FloatArray, current: FloatArray) -> int:
    """+1 or -1: the side of the voltage that carries the larger current at equal |V|.

    Parameters
    ----------
    voltage, current : (n,) arrays
        The whole sweep; where only one side was measured, that one.
    """
    sides = {}
    for sign in (1, -1):
        on = (sign * voltage > 0) & (current != 0)
        if np.any(on):
            order = np.argsort(np.abs(voltage[on]))
            sides[sign] = (np.abs(voltage[on])[order], np.log(np.abs(current[on]))[order])
    if len(sides) < 2:
        return next(iter(sides), 1)
    reach = min(float(side[0][-1]) for side in sides.values())
    start = max(float(side[0][0]) for side in sides.values())
    grid = np.linspace(max(start, 0.2 * reach), reach, 40)
    ratio = np.interp(grid, *sides[1]) - np.interp(grid, *sides[-1])
    return 1 if float(np.median(ratio)) >= 0 else -1
