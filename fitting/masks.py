"""Points of a sweep that a log fit must leave out, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.data import Trace
from fitting.diagnostics import Warned

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

FLOOR_FACTOR: Final = 10.0
"""Times the instrument's offset that a current must reach to be used."""
OFFSET_SHARE: Final = 0.25
"""Of the points from 0 V up to a current against its voltage: as many are, or it is no offset."""
PLATEAU: Final = 2e-4
"""Relative spread of the current within a compliance plateau."""
COMPLIANCE: Final = 1e-4
"""Relative distance within which a current stands at the compliance that the file names."""
PLATEAU_POINTS: Final = 4
ORIGIN: Final = 0.01
"""Steps from 0 V within which a current is the instrument's offset and no conduction."""
NOISE_FACTOR: Final = 3.0
"""Times the scatter of the floor that a current must reach: its residual is weighted by it."""
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

    Every mechanism passes through the origin: a current at 0 V, and those against their voltage next
    to it, are the instrument's.  One against its voltage further out is a bad reading, no offset.

    Parameters
    ----------
    voltage, current : (n,) arrays
        V and A, in the order measured.
    """
    near = at_origin(voltage)
    offset = np.abs(current[near])
    wrong = (np.sign(voltage) * np.sign(current) < 0) & ~near
    share = np.zeros(voltage.shape)
    for order in _outwards(voltage):
        away = order[~near[order]]
        share[away] = np.cumsum(wrong[away]) / np.arange(1, away.size + 1)
    against = np.abs(current[wrong & (share >= OFFSET_SHARE)])
    return float(max(np.max(offset, initial=0.0), np.median(against) if against.size else 0.0))


def _outwards(voltage: FloatArray) -> list[NDArray[np.intp]]:
    """The points of either side of 0 V, those next to it first."""
    sides = (np.flatnonzero(voltage >= 0), np.flatnonzero(voltage <= 0))
    return [p[np.argsort(np.abs(voltage[p]), kind="stable")] for p in sides]


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
    if run.size == size.size:  # nothing but the limit was recorded
        return ~none
    outside = [k for k in (run[0] - 1, run[-1] + 1) if 0 <= k < size.size]
    kink = any(size[k] < top * (1 - 20 * PLATEAU) for k in outside)
    none[run] = kink
    return none


def limited(current: FloatArray, compliance: float) -> BoolArray:
    """Points at the compliance that the file names, to 1e-4 of it.

    Parameters
    ----------
    current : (n,) array
    compliance : float
        [A].
    """
    at: BoolArray = np.abs(current) >= abs(compliance) * (1 - COMPLIANCE)
    return at


def lost_in(voltage: FloatArray, current: FloatArray, floor: float) -> BoolArray:
    """Points next to 0 V that the floor hides: all up to the last one below it on either side.

    A reading above the floor between others below it is chance, and chance has no logarithm.  What
    counts is the stretch of which at least half lies below, so that one bad reading further out
    hides nothing but itself.

    Parameters
    ----------
    voltage, current : (n,) arrays
    floor : float
        [A].
    """
    below = (np.abs(current) < floor) | (voltage * current < 0)
    lost = np.abs(current) < floor
    for order in _outwards(voltage):
        share = np.cumsum(below[order]) / np.arange(1, order.size + 1)
        last = np.flatnonzero(below[order] & (share >= 0.5))
        if last.size:
            lost[order[: last[-1] + 1]] = True
    return lost


def mask_trace(trace: Trace, floor: float, noise: float = 0.0) -> Masked:
    """:func:`mask_sweep` of a branch, with what its file says of the compliance.

    Parameters
    ----------
    trace : Trace
        One branch; ``meta`` may hold ``compliance`` [A], ``in_compliance`` (one flag a point) and
        ``voltage_is`` (``requested`` or ``measured``).
    floor, noise : float
        As there.
    """
    voltage, current = trace.voltage, trace.current
    assert voltage is not None
    compliance = trace.meta.get("compliance")
    flagged = trace.meta.get("in_compliance")
    out = np.zeros(current.shape, dtype=bool)
    why = "the instrument flags them as in compliance"
    if flagged is not None:
        out |= np.asarray(flagged, dtype=bool)
    if compliance:
        at = limited(current, float(compliance))
        why = f"the current stands at the compliance of {compliance:g} A that the file names"
        out |= at
    if flagged is None and not compliance:
        out = plateau(voltage, current)
        why = f"the current stands at {np.max(np.abs(current), initial=0.0):.4g} A, the compliance"
    if trace.meta.get("voltage_is") == "requested":
        why += "; the requested voltage runs on there and is not the device's"
    return mask_sweep(voltage, current, floor, noise, known=(out, why))


def mask_sweep(
    voltage: FloatArray,
    current: FloatArray,
    floor: float,
    noise: float = 0.0,
    *,
    known: tuple[BoolArray, str] | None = None,
) -> Masked:
    """What of a branch can be used in the logarithm.

    Parameters
    ----------
    voltage, current : (n,) arrays
        One branch.
    floor : float
        Of :func:`noise_floor`, over the whole sweep [A].
    noise : float
        Scatter of the readings next to 0 V [A], of :func:`fitting.noise.noise_of`; where it explains
        the floor there is no offset, and currents are used down to three times it.
    known : (bool array, str), optional
        Points that are in compliance by the instrument's word, and how that is known.
    """
    used = np.ones(voltage.shape, dtype=bool)
    out: list[Warned] = []

    def drop(where: BoolArray, code: str, why: str) -> None:
        nonlocal used
        count = int(np.count_nonzero(where & used))
        used &= ~where
        if count:
            out.append(Warned(code, f"{count} point{'s' if count > 1 else ''} left out: {why}"))

    if known is not None:
        drop(known[0], "compliance_masked", known[1])
    drop(
        plateau(voltage, current) & used,
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
    if noise > 0 and floor <= NOISE_FACTOR * noise:
        drop(
            lost_in(voltage, current, NOISE_FACTOR * noise),
            "floor_masked",
            f"below {NOISE_FACTOR:g} times the scatter of {noise:.2g} A next to 0 V",
        )
    elif floor > 0:
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
