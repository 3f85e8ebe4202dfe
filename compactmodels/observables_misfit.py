"""How far an observable lies from its target, in units of the target's tolerance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from compactmodels.observables_record import Observed
from compactmodels.observables_targets import Target

UNDEFINED: Final = 100.0
"""Residual of a target that cannot be read at all."""
LEAST_RATIO: Final = 1e-9
"""Below this share of the target its logarithm gives way to a straight line, which goes through 0."""
KNEE: Final = 0.1
"""Tolerances over which the residual of a bound bends from 0 into a straight line."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A target held against what was seen.

    Parameters
    ----------
    value : float
        Seen, SI; NaN where the observable has no value.
    tolerances : float
        Distance in tolerances, signed: (seen - target)/tolerance; of a bound, how far the value lies
        short of bound and margin, 0 inside; NaN where there is no value and the bound does not hold.
    residual : float
        What the search makes small: smooth, in tolerances, of a relative tolerance by the logarithm.
    met : bool
        Within one tolerance; of a bound, the bound itself holds as well.
    why : str
        Why there is no value.
    """

    value: float
    tolerances: float
    residual: float
    met: bool
    why: str = ""


def misfit(target: Target, observed: Observed) -> Misfit:
    """Hold an observed value against its target."""
    seen = observed.value
    if not math.isfinite(observed.search):
        return Misfit(seen, math.nan, UNDEFINED, False, observed.why)
    if target.value is not None:
        residual = _distance(target, observed.search, target.value)
        if not math.isfinite(seen):
            return Misfit(seen, math.nan, residual, False, observed.why)
        step = target.tolerance * (abs(target.value) if target.relative else 1.0)
        off = (seen - target.value) / step
        return Misfit(seen, off, residual, abs(off) <= 1.0, observed.why)
    return _bounds(target, observed)


def _bounds(target: Target, observed: Observed) -> Misfit:
    seen = observed.value if math.isfinite(observed.value) else observed.search
    short, over = _outside(target, seen)
    holds = (target.at_least is None or seen >= target.at_least) and (
        target.at_most is None or seen <= target.at_most
    )
    met = holds and max(short, over) <= 1.0
    known = met or math.isfinite(observed.value)
    search_short, search_over = _outside(target, observed.search)
    residual = _hinge(search_over) - _hinge(search_short)
    return Misfit(observed.value, over - short if known else math.nan, residual, met, observed.why)


def _outside(target: Target, value: float) -> tuple[float, float]:
    """How far a value lies below the lower and above the upper bound, margins included."""
    short = over = 0.0
    if target.at_least is not None:
        inside = target.at_least + target.margin * _size(target, target.at_least)
        short = max(0.0, -_distance(target, value, inside))
    if target.at_most is not None:
        inside = target.at_most - target.margin * _size(target, target.at_most)
        over = max(0.0, _distance(target, value, inside))
    return short, over


def _size(target: Target, bound: float) -> float:
    return abs(bound) if target.relative else 1.0


def _distance(target: Target, value: float, wanted: float) -> float:
    """(value - wanted) in tolerances; of a relative tolerance, the logarithm of their ratio."""
    if not target.relative:
        return (value - wanted) / target.tolerance
    ratio = value / wanted
    log = math.log(max(ratio, LEAST_RATIO)) + min(ratio - LEAST_RATIO, 0.0)
    return math.copysign(1.0, wanted) * log / math.log1p(target.tolerance)


def _hinge(x: float) -> float:
    """0 up to 0, then a parabola, then a straight line of slope 1; once differentiable."""
    if x <= 0:
        return 0.0
    return x * x / (2 * KNEE) if x < KNEE else x - KNEE / 2
