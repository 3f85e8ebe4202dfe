"""Bounds of the states as the equations have them: no way out, no sticking, no edge; and what drifts at 0 V.

Everything is asked of the emitted rates, with the states' nodes forced, also a little outside of
[0, 1], where a simulator's steps go by their tolerance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.workflows.check.bench import Bench, Check
from compactmodels.workflows.check.limits import rate_floor
from compactmodels.workflows.check.outcome import Finding, NotApplicable, Worst
from compactmodels.workflows.check.subject import HOTTEST, Setting, setting_of
from compactmodels.workflows.check.tools import NGSPICE, NUMPY, OPENVAF, OSDI

FloatArray = NDArray[np.float64]

BEYOND: Final = (0.0, 1e-3, 3e-2)
"""Distance from a bound, outwards."""
BEFORE: Final = 1e-12
"""Distance from a bound, inwards, from which a rate must go over into the bound's own."""
SHARE: Final = 1e-6
"""Of the largest rate between the bounds: what may point outwards, or jump.

A bound that lets 1e-6 of a rate out is left by 1e-6 in the time of a whole switching. A window that
falls to 0 within 1e-5 of the bound, the narrowest of any law here, is at 1e-7 from there.
"""
STICKING: Final = 1e-9
"""Of the rate half-way: a state that leaves its bound so slowly has stuck."""
OFFSET: Final = 1e-6
"""V: ngspice's default vntol, the voltage that no simulator tells from 0."""
TEN_YEARS: Final = 10 * 365.25 * 86400.0
"""s: the retention that a non-volatile state is meant to have where its law states none."""
LEFT: Final = 1e-2
"""What may be lost within the retention time besides what the law itself forgets."""


def _states(bench: Bench) -> tuple[str, ...]:
    states = bench.card.model.states
    if not states:
        raise NotApplicable("no state of this model moves")
    return states


def _drives(bench: Bench) -> FloatArray:
    drive = bench.subject.drive
    return drive * np.array([-2.0, -0.6, 0.6, 2.0])


def _others(bench: Bench, state: str) -> list[Setting]:
    """The other state low, half and high."""
    other = "s" if state == "w" else "w"
    return [setting_of(bench.card, **{other: x}) for x in (0.0, 0.5, 1.0)]


INNER: Final = (0.1, 0.5, 0.9)
"""Places between the bounds."""


def _sides() -> Iterator[tuple[float, float]]:
    """A bound, and the sign of outwards."""
    yield 0.0, -1.0
    yield 1.0, 1.0


def _places(bound: float, out: float) -> tuple[float, ...]:
    """Just inside of a bound, at it and beyond."""
    return (bound - out * BEFORE, *(bound + out * d for d in BEYOND))


def _rates(
    bench: Bench, tool: Any, state: str
) -> tuple[FloatArray, list[Setting], dict[float, FloatArray]]:
    """Voltages, the settings of the other state, and the rate of ``state`` at every place.

    A rate has the shape (others, voltages).
    """
    places = [*INNER, *(p for side in _sides() for p in _places(*side))]
    others = _others(bench, state)

    def measure() -> tuple[FloatArray, FloatArray]:
        where = [x.changed(**{state: place}) for x in others for place in places]
        v, rates = tool.rates(where, _drives(bench))
        return v, rates[state].reshape(len(others), len(places), v.size)

    v, rates = bench.once(("bounds", tool.name, state), measure)
    return v, others, {place: rates[:, k] for k, place in enumerate(places)}


def stays(bench: Bench, tool: Any) -> Finding:
    """The largest outward rate at or beyond a bound, and the largest jump at it."""
    worst, floor = Worst(), rate_floor(bench.card)
    for state in _states(bench):
        v, others, rates = _rates(bench, tool, state)
        scale = np.max([np.abs(rates[p]) for p in INNER], axis=0) + floor / SHARE
        for bound, out in _sides():
            inside, *outside = _places(bound, out)
            found = [("rate outwards", p, np.maximum(out * rates[p], 0.0)) for p in outside]
            found.append(("jump at the bound", bound, np.abs(rates[inside] - rates[bound])))
            for what, place, sizes in found:
                share = sizes / scale
                i, j = np.unravel_index(int(np.argmax(share)), share.shape)
                x = others[i].changed(**{state: place})
                where = {**x.where(float(v[j])), "what": what, "state": state}
                worst.take(float(share[i, j]), share.size, **where)
    return worst.finding(SHARE)


def leaves(bench: Bench, tool: Any) -> Finding:
    """At how many bounds a state sticks that moves away from them elsewhere.

    Over all drives and values of the other state together: that a device which carries much current
    keeps little of a small voltage for its switching is no sticking.
    """
    worst, stuck = Worst(), 0
    for state in _states(bench):
        v, others, rates = _rates(bench, tool, state)
        for bound, out in _sides():
            inwards, half_way = -out * rates[bound], -out * rates[0.5]
            i, j = np.unravel_index(int(np.argmax(half_way)), half_way.shape)
            driven = float(half_way[i, j]) > rate_floor(bench.card)
            sticks = driven and float(np.max(inwards)) < STICKING * float(half_way[i, j])
            stuck += sticks
            x = others[i].changed(**{state: bound})
            worst.take(float(sticks), half_way.size, **x.where(float(v[j])), state=state)
    found = worst.finding(0.0, "bounds")
    return Finding(float(stuck), 0.0, "bounds", found.worst, found.points)


def retention(bench: Bench) -> tuple[float, bool]:
    """Time [s] for which w is to be kept, and whether the law itself states it."""
    stated = bench.card.values.get("sw_tau_w")
    return (stated, True) if stated is not None else (TEN_YEARS, False)


def drift(bench: Bench, tool: Any) -> Finding:
    """What w moves by within its retention time at 0 V, besides what its law forgets.

    At 0 V and at an offset of 1 uV of either sign; w0 at the far end, so that whatever ties the node
    to its start counts.
    """
    if "w" not in _states(bench):
        raise NotApplicable("w does not move")
    keep, stated = retention(bench)
    places = [0.0, 0.1, 0.5, 0.9, 1.0]
    where = [
        setting_of(bench.card, w=w, s=s, **more)
        for w in places
        for s in (0.0, 1.0)
        for more in ({}, {"temperature": HOTTEST})
    ]
    v, rates = tool.rates(where, np.array([-OFFSET, 0.0, OFFSET]), away=True)
    own = np.array([-x.w / keep if stated else 0.0 for x in where])
    moved = np.abs(rates["w"] - own[:, None]) * keep
    k, j = np.unravel_index(int(np.argmax(moved)), moved.shape)
    worst = Worst()
    worst.take(float(moved[k, j]), moved.size, **where[k].where(float(v[j])))
    kept = f"{keep:.3g} s, {'the law states it' if stated else 'ten years, the law states none'}"
    return worst.finding(LEFT, remark=f"retention {kept}; s is volatile and may relax")


_ALL: Final = (NUMPY, NGSPICE, OPENVAF, OSDI)

CHECKS: Final = (
    Check(
        "bounds hold",
        "no rate points out of 0 to 1, at a bound or up to 0.03 beyond it, and none jumps at a bound",
        f"{SHARE:g} of the largest rate between the bounds",
        _ALL,
        stays,
    ),
    Check(
        "bounds release",
        "a state that can be driven away from a bound leaves it: no window sticks",
        f"0 bounds where no drive moves it by more than {STICKING:g} of the largest rate half-way",
        _ALL,
        leaves,
    ),
    Check(
        "no drift",
        "at 0 V, or at an offset that no simulator tells from it, the non-volatile state stays",
        f"{LEFT:g} of its range within its retention time, besides what its law itself forgets",
        _ALL,
        drift,
    ),
)
