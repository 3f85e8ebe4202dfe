"""A fitted plasticity law in the measurement's own units, with its band and its rivals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from compactmodels.parts import Dependence
from fitting.diagnostics import Warned
from fitting.estimates import quantile
from fitting.plasticity_laws import Fitted
from fitting.problem import FloatArray
from fitting.result import Estimate


def scaled(e: Estimate, factor: float, unit: str) -> Estimate:
    """The estimate in another unit."""
    low, high = sorted((e.interval[0] * factor, e.interval[1] * factor))
    return replace(
        e, value=e.value * factor, stderr=e.stderr * abs(factor), unit=unit, interval=(low, high)
    )


def in_units(
    part: Dependence, estimates: Mapping[str, Estimate], size: float, x_unit: str, y_unit: str
) -> dict[str, Estimate]:
    """Estimates of a signal that was divided by ``size``, in the measurement's own units."""
    per = _per(y_unit, x_unit)
    out = {}
    for name, e in estimates.items():
        if name in part.signal:
            out[name] = scaled(e, size, y_unit)
        elif name in part.per:
            out[name] = scaled(e, size, per)
        else:
            out[name] = scaled(e, 1.0, x_unit) if name in part.along else e
    return out


def _per(y_unit: str, x_unit: str) -> str:
    """The unit of a slope: ``A/V``, ``A s`` for a response in A to a rate in 1/s."""
    if x_unit.startswith("1/"):
        return " ".join(u for u in (y_unit, x_unit[2:]) if u != "1")
    return y_unit if x_unit == "1" else f"{y_unit}/{x_unit}"


def with_fixed(found: Fitted) -> dict[str, Estimate]:
    """All parameters of the law in its own order; fixed ones as assumed."""
    nothing = (math.nan, math.nan)
    fixed = {
        name: Estimate(value, math.nan, found.case.part.parameters[k].unit, nothing, "assumed")
        for k, p in enumerate(found.case.part.parameters)
        for name, value in found.case.fixed
        if name == p.name
    }
    known = {**fixed, **found.candidate.estimates}
    return {p.name: known[p.name] for p in found.case.part.parameters}


def hull(narrow: Mapping[str, Estimate], wide: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """The values of the one, with intervals that hold both."""
    out = {}
    for name, e in narrow.items():
        ends = [x for x in (*e.interval, *wide[name].interval) if math.isfinite(x)]
        out[name] = replace(e, interval=(min(ends), max(ends))) if ends else e
    return out


def band_of(found: Fitted, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The law at x and the half width of its 95 % confidence band, both in the problem's unit."""
    c = found.candidate
    value, partials = c.solution.problem.current(c.solution.u, x)
    with np.errstate(all="ignore"):
        variance = np.einsum("in,ij,jn->n", partials, c.spread.covariance, partials)
    return np.asarray(value), quantile(c.spread.dof) * np.sqrt(np.maximum(variance, 0.0))


def not_settled(share: Mapping[str, float], winner: str) -> list[Warned]:
    """A remark where other laws keep more than 5 % of the weight."""
    rivals = sorted(
        (n for n, w in share.items() if n != winner and w > 0.05), key=lambda n: -share[n]
    )
    if not rivals:
        return []
    each = ", ".join(f"{n} {share[n]:.2f}" for n in (winner, *rivals))
    return [Warned("not_settled", f"the record does not settle the law: weights {each}")]
