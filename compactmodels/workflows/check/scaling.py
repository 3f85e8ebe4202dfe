"""What the current has to follow: its own sign, the electrode's area, and devices in parallel."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.parameter import Parameter
from compactmodels.workflows.check.bench import Bench, Check
from compactmodels.workflows.check.limits import CURRENT_FLOOR, RELATIVE, deviation, rate_floor
from compactmodels.workflows.check.outcome import Finding, NotApplicable, Worst
from compactmodels.workflows.check.subject import Setting, setting_of, voltages
from compactmodels.workflows.check.tools import NGSPICE, NUMPY, OPENVAF, OSDI

FloatArray = NDArray[np.float64]

AREAS: Final = (0.01, 7.0)
MULTIPLIERS: Final = (3.0, 64.0)
ODD: Final = frozenset(
    {
        "activated_ohmic",
        "fowler_nordheim",
        "ohmic",
        "poole_frenkel",
        "schottky_emission",
        "simmons",
        "sinh",
        "space_charge_limited",
    }
)
"""Mechanisms in the bulk, or through a barrier that both electrodes see alike: odd in V."""
SAME_BARRIERS: Final = frozenset({"direct_tunneling"})
"""Odd where both barriers are the same."""


def odd_branches(bench: Bench) -> tuple[str, ...]:
    """Names of the branches whose physics is odd in V."""
    values = bench.card.values
    found = []
    for b in bench.card.model.branches:
        kind = b.mechanism.name
        alike = kind in SAME_BARRIERS and values[f"{b.name}_phi1"] == values[f"{b.name}_phi2"]
        if kind in ODD or alike:
            found.append(b.name)
    return tuple(found)


def symmetry(bench: Bench, tool: Any) -> Finding:
    """The even part of the device's current, but for that of the branches that are not odd."""
    odd = odd_branches(bench)
    if not odd:
        raise NotApplicable("no branch of this model is odd by its physics")
    where = _settings(bench)
    v, current = tool.currents(where, voltages(bench.subject.span, 21))
    even = current + current[:, ::-1]
    worst = Worst()
    for x, row in zip(where, even, strict=True):
        branches = bench.card.model.branch_currents(
            v, x.values, w=x.w, s=x.s, temperature=x.temperature
        )
        rest = sum(
            (np.broadcast_to(i, v.shape) for n, i in branches.items() if n not in odd),
            np.zeros(v.size),
        )
        size = sum(np.abs(np.broadcast_to(i, v.shape)) for i in branches.values())
        size = size + size[::-1]  # a diode's forward current is to be subtracted from itself
        off = np.maximum(np.abs(row - (rest + rest[::-1])) - 2 * CURRENT_FLOOR, 0.0)
        share = np.divide(off, size, out=np.zeros_like(off), where=off != 0)
        j = int(np.argmax(share))
        worst.take(float(share[j]), share.size, **x.where(float(v[j])))
    others = [b.name for b in bench.card.model.branches if b.name not in odd]
    said = f"odd: {', '.join(odd)}" + (f"; not odd: {', '.join(others)}" if others else "")
    return worst.finding(RELATIVE, remark=said)


def area(bench: Bench, tool: Any) -> Finding:
    """Current per ``scale``, and rates that do not depend on it."""
    grown = [(a, lambda x, a=a: x.with_values(scale=a * x.values["scale"])) for a in AREAS]
    lower, upper = _bounds(bench, "scale")
    inside = [(a, g) for a, g in grown if lower <= a * bench.card.values["scale"] <= upper]
    return _proportional(bench, tool, inside)


def multiplier(bench: Bench, tool: Any) -> Finding:
    """Current per device in parallel, and rates that do not depend on their number."""
    return _proportional(
        bench, tool, [(m, lambda x, m=m: x.changed(multiplier=m)) for m in MULTIPLIERS]
    )


def _settings(bench: Bench) -> list[Setting]:
    return [setting_of(bench.card, w=w, s=s) for w, s in ((0.0, 0.0), (1.0, 1.0), (0.4, 0.6))]


def _bounds(bench: Bench, name: str) -> tuple[float, float]:
    declared: Parameter = bench.card.parameter(name)
    return declared.lower, declared.upper


def _proportional(bench: Bench, tool: Any, grown: list[tuple[float, Any]]) -> Finding:
    where, v = _settings(bench), voltages(bench.subject.span, 4)
    every = where + [grow(x) for _, grow in grown for x in where]
    at, current = tool.currents(every, v)
    own, rest = current[: len(where)], current[len(where) :].reshape(-1, len(where), v.size)
    worst = Worst()
    for (factor, _), found in zip(grown, rest, strict=True):
        _take(
            worst,
            deviation(found / factor, own, CURRENT_FLOOR * (1 + 1 / factor)),
            where,
            at,
            factor,
        )
    if bench.card.model.states:
        at, rates = tool.rates(every, v)
        for track in rates.values():
            own, rest = track[: len(where)], track[len(where) :].reshape(-1, len(where), v.size)
            for (factor, _), found in zip(grown, rest, strict=True):
                off = deviation(found, own, rate_floor(bench.card))
                _take(worst, off, where, at, factor)
    return worst.finding(RELATIVE)


def _take(
    worst: Worst, off: FloatArray, where: list[Setting], v: FloatArray, factor: float
) -> None:
    k, j = np.unravel_index(int(np.argmax(off)), off.shape)
    worst.take(float(off[k, j]), off.size, **where[k].where(float(v[j])), factor=factor)


CHECKS: Final = (
    Check(
        "odd symmetry",
        "a branch whose physics does not know the sign of V carries the same current both ways",
        f"{RELATIVE:g} of the current and {CURRENT_FLOOR:g} A",
        (NUMPY, NGSPICE, OPENVAF, OSDI),
        symmetry,
    ),
    Check(
        "area scaling",
        "the current is proportional to scale, the states' rates do not depend on it",
        f"{RELATIVE:g} relative and {CURRENT_FLOOR:g} A, or the rounding of a rate",
        (NUMPY, NGSPICE, OPENVAF, OSDI),
        area,
    ),
    Check(
        "m factor",
        "m devices in parallel carry m times the current and move as one does",
        f"{RELATIVE:g} relative and {CURRENT_FLOOR:g} A, or the rounding of a rate",
        (NGSPICE, OPENVAF, OSDI),
        multiplier,
    ),
)
