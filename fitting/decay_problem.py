"""The least-squares problems of a decay: a law or a straight line on a record, bounds and starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.fast_law import DecayLaw
from compactmodels.parameter import Parameter
from compactmodels.parts import Relaxation
from fitting import guess
from fitting.decay_record import Record
from fitting.problem import FAILED, Problem

FloatArray = NDArray[np.float64]

FLOOR: Final = "y0"
"""What stays: kept only where the record shows it."""
LONGEST: Final = 1e3
"""Spans of the record beyond which no time constant is looked for."""
STEEPEST: Final = 1.5
"""Exponent of the stretched law up to which the search goes: beyond 1 to see that it is not 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Stabilised(Problem):
    """Residuals asinh(y/scale) - asinh(law/scale): logarithms well above the scale, linear below it.

    They have the same variance everywhere, the readings may have any sign, and a reading below 0
    weighs as much against the level that stays as one above it (a logarithm loses the former, which
    biases the level).  With scale 0 they are logarithms.
    """

    def _weights(self) -> FloatArray:
        return np.ones_like(self.y)  # the residuals scatter alike as they are

    def residual(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n,) residuals in ln units, and their exact Jacobian (k, n); never NaN."""
        if self.scale == 0.0:
            return Problem.residual(self, u)
        with np.errstate(all="ignore"):
            value, partials = self.current(u)
            good = np.isfinite(value)
            safe = np.where(good, value, 0.0)
            r = np.arcsinh(self.y / self.scale) - np.arcsinh(safe / self.scale)
            jac = -partials / np.hypot(safe, self.scale)
        return np.where(good, r, FAILED), np.where(good & np.isfinite(jac), jac, 0.0)


def problem_of(part: Relaxation, record: Record, fixed: Mapping[str, float]) -> Problem:
    """Amplitudes are bounded by the signal's own size, times by the record's."""
    free = tuple(_bounded(p, record) for p in part.parameters if p.name not in fixed)

    declared = {p.name: p for p in part.parameters}
    held = {n: (declared[n], v) for n, v in fixed.items()}
    return Stabilised(DecayLaw(part), record.t, record.y, free, held, record.scale)


def _bounded(p: Parameter, record: Record) -> Parameter:
    low, high = float(np.min(record.y)), float(np.max(record.y))
    if p.name == FLOOR:  # below 0 too, so that a floor of 0 is no corner; judged afterwards
        reach = 2 * max(abs(low), record.scale)
        return Parameter(p.name, 0.0, p.unit, p.doc, -reach, 2 * high)
    if p.name.startswith("a"):
        return Parameter(p.name, high, p.unit, p.doc, 1e-6 * high, 1e6 * high, log=True)
    if p.unit == "s":
        steps = np.diff(record.t)
        short = max(float(np.min(steps[steps > 0])), 1e-9 * record.t[-1])
        return Parameter(
            p.name, record.span, "s", p.doc, 1e-2 * short, LONGEST * record.span, log=True
        )
    if p.name == "beta":
        return replace(p, upper=STEEPEST)
    return p


def starts_of(part: Relaxation, record: Record, problem: Problem) -> list[dict[str, float]]:
    """Where the search for a law's parameters begins."""
    if part.name not in guess.DECAYS:
        return guess.ladder(problem.free, problem.cost)

    def law(t: FloatArray, values: Mapping[str, float]) -> FloatArray:
        with np.errstate(all="ignore"):
            return np.asarray(part.function(t, **values), dtype=np.float64)

    starts: list[dict[str, float]] = guess.DECAYS[part.name](law, record.t, record.y, record.weight)
    return starts


def line_through(record: Record, *, flat: bool = False) -> tuple[Problem, list[dict[str, float]]]:
    """A straight line (``flat``: a constant) by the same residuals, and where to begin: what any law must
    beat.
    """
    first, last = record.t[0], record.t[-1]
    few = max(3, record.y.size // 10)
    size = float(np.max(np.abs(record.y)))
    begin, end = float(np.mean(record.y[:few])), float(np.mean(record.y[-few:]))
    reach = (1e-9 * size, 10 * size) if record.scale == 0 else (-10 * size, 10 * size)
    free = tuple(
        Parameter(n, size, "1", "the line's height", *reach, log=record.scale == 0)
        for n in (("first",) if flat else ("first", "last"))
    )

    def law(t: FloatArray, si: Mapping[str, Any]) -> Any:
        if flat:
            return si["first"] + 0.0 * t
        share = (t - first) / (last - first)
        return si["first"] * (1.0 - share) + si["last"] * share

    middle = float(np.mean(record.y))
    starts = [{"first": begin, "last": end}, {"first": middle, "last": middle}]
    return Stabilised(law, record.t, record.y, free, {}, record.scale), starts
