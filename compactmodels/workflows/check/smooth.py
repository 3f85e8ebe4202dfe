"""Continuity over every regime boundary: of I, dI/dV and d2I/dV2, and of the rates and their slopes.

The boundaries are those of the card's own equations (:mod:`compactmodels.workflows.check.boundaries`):
every choice, maximum, minimum and the ends of the limited functions.  At each, the value that the
tool's numbers tend to is extrapolated from three points on either side, and the two are compared.

A jump is measured against what the device does within a thermal voltage kT/q around it: no circuit
resolves less.  A slope that jumps by 1e-6, or a curvature whose jump changes the slope by 1e-3 over
kT/q, lies far below any simulator's reltol, and far above what rounding makes of the extrapolation
(1e-9 and 1e-7).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE, ROOM_TEMPERATURE
from compactmodels.workflows.check.bench import Bench, Check
from compactmodels.workflows.check.limits import CURRENT_FLOOR, rate_floor
from compactmodels.workflows.check.outcome import Finding, NotApplicable, Worst
from compactmodels.workflows.check.subject import COLDEST, HOTTEST, Setting, setting_of
from compactmodels.workflows.check.tools import NUMPY, OPENVAF

FloatArray = NDArray[np.float64]

THERMAL: Final = BOLTZMANN * ROOM_TEMPERATURE / ELEMENTARY_CHARGE
"""V."""
STEP: Final = 1e-6
"""V, from a boundary to the first point beside it; of the voltage where that is above 1 V."""
LIMITS: Final = (1e-9, 1e-6, 1e-3)
"""Of a jump of I, dI/dV and d2I/dV2."""
RATE_LIMITS: Final = (1e-9, 1e-3)
"""Of a jump of a rate and of its slope."""
CHORD: Final = 1e-6
"""Of I/V: a slope below that is a saturated current's, the difference of two that are equal to rounding."""
_VALUE: Final = np.array([3.0, -3.0, 1.0])
"""What three equidistant points extrapolate to, one step before the first ..."""
_SLOPE: Final = np.array([-2.5, 4.0, -1.5])
"""... and their slope there, per step."""


@dataclass(frozen=True, slots=True)
class Jump:
    """Jumps at one boundary: of a quantity and its derivatives, each over its scale."""

    setting: Setting
    v: float
    sizes: tuple[float, ...]


def settings(bench: Bench) -> list[Setting]:
    """Where boundaries are looked at: the card's own values."""
    ends = [setting_of(bench.card, w=x, s=x) for x in (0.0, 1.0)]
    return ends + [setting_of(bench.card, temperature=t) for t in (COLDEST, HOTTEST)]


def boundaries(bench: Bench, x: Setting) -> FloatArray:
    """Voltages [V] of the regime boundaries at a setting, both ends of a bracket taken as one."""
    found = bench.once(("choice", x.w, x.temperature), lambda: bench.landmarks.at(x, "choice"))
    apart = np.append(True, np.diff(found) > 2e-8 * np.maximum(1.0, np.abs(found[1:])))
    return found[apart]


def points(b: float) -> tuple[FloatArray, float]:
    """Three points on either side (from the left, the boundary between), and four at kT/q; step [V]."""
    step = STEP * max(1.0, abs(b))
    near = b + step * np.array([-1.0, -2.0, -3.0, 1.0, 2.0, 3.0])
    return np.concatenate([near, b + THERMAL * np.array([-1.0, -0.25, 0.25, 1.0])]), step


def _jump(sides: FloatArray, weights: FloatArray) -> float:
    return float(abs(weights @ sides[3:6] - weights @ sides[:3]))


def _bend(sides: FloatArray, step: float) -> float:
    """Jump of the derivative; on the left the points go the other way."""
    return float(abs(_SLOPE @ sides[3:6] + _SLOPE @ sides[:3])) / step


def current_jumps(bench: Bench, tool: Any) -> list[Jump]:
    """At every boundary of every setting."""
    found = []
    for x in settings(bench):
        for b in boundaries(bench, x):
            v, step = points(float(b))
            (i,), (g,) = tool.slopes([x], v)
            here = float(np.max(np.abs(i[:6])))
            flat = CHORD * here / max(abs(float(b)), THERMAL)
            steepest = max(float(np.max(np.abs(g))), flat, CURRENT_FLOOR / THERMAL)
            size = max(here, steepest * THERMAL)
            sizes = (
                _jump(i, _VALUE) / size,
                _jump(g, _VALUE) / steepest,
                _bend(g, step) * THERMAL / steepest,
            )
            found.append(Jump(x, float(b), sizes))
    return found


def rate_jumps(bench: Bench, tool: Any) -> list[Jump]:
    """The same of every state's rate, the slope from the rates themselves."""
    if not bench.card.model.states:
        raise NotApplicable("no state of this model moves")
    floor, found = rate_floor(bench.card), []
    for x in settings(bench):
        for b in boundaries(bench, x):
            v, step = points(float(b))
            _, rates = tool.rates([x], v)
            for (r,) in rates.values():
                order = np.argsort(v)
                slope = float(np.max(np.abs(np.diff(r[order]) / np.diff(v[order]))))
                size = max(float(np.max(np.abs(r))), floor)
                value = max(_jump(r, _VALUE) - 10 * floor, 0.0) / size
                bend = max(_bend(r, step) - 20 * floor / step, 0.0) / max(slope, floor / THERMAL)
                found.append(Jump(x, float(b), (value, bend)))
    return found


def _finding(jumps: list[Jump], order: int, limits: tuple[float, ...]) -> Finding:
    worst = Worst()
    for jump in jumps:
        worst.take(jump.sizes[order], **jump.setting.where(jump.v))
    return worst.finding(limits[order], remark=f"{len({j.v for j in jumps})} boundaries")


def _of_current(order: int) -> Any:
    def measure(bench: Bench, tool: Any) -> Finding:
        jumps = bench.once(("jumps", tool.name), lambda: current_jumps(bench, tool))
        return _finding(jumps, order, LIMITS)

    return measure


def rates(bench: Bench, tool: Any) -> Finding:
    """The larger of both jumps, each over its limit."""
    jumps = rate_jumps(bench, tool)
    worst = Worst()
    for jump in jumps:
        share = max(size / limit for size, limit in zip(jump.sizes, RATE_LIMITS, strict=True))
        worst.take(share, **jump.setting.where(jump.v))
    return worst.finding(
        1.0, remark=f"{len({j.v for j in jumps})} boundaries; figure over its limit"
    )


CHECKS: Final = (
    Check(
        "I continuous",
        "the current has no step at any regime boundary",
        f"{LIMITS[0]:g} of the current, or of what it changes by within kT/q",
        (NUMPY, OPENVAF),
        _of_current(0),
    ),
    Check(
        "dI/dV continuous",
        "Newton's method meets no kink of the current at any regime boundary",
        f"{LIMITS[1]:g} of the largest slope within kT/q",
        (NUMPY, OPENVAF),
        _of_current(1),
    ),
    Check(
        "d2I/dV2 continuous",
        "distortion and step control meet no kink of the slope at any regime boundary",
        f"{LIMITS[2]:g} of the largest slope within kT/q, over kT/q",
        (NUMPY, OPENVAF),
        _of_current(2),
    ),
    Check(
        "rates continuous",
        "each state's rate and its slope in V have no step at any regime boundary",
        f"{RATE_LIMITS[0]:g} of the rate, {RATE_LIMITS[1]:g} of the largest slope within kT/q, beyond rounding",
        (NUMPY, OPENVAF),
        rates,
    ),
)
