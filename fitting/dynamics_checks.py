"""Errors of a fit of dynamics, and what the records could not tell apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fitting.autocorrelation import effective_points
from fitting.diagnostics import Warned
from fitting.dynamics_problem import Problem
from fitting.estimates import estimate
from fitting.result import Estimate

FloatArray = NDArray[np.float64]

CORRELATED: Final = 0.98
"""Correlation above which two parameters are named together with what the data do fix."""
RATE: Final = "sw_k_"
"""How the names of rates begin."""
AT_BOUND: Final = 1e-4
"""Distance to a bound, relative to the bounds' span."""
LOOSE: Final = 1.0
"""Standard error of a logarithm beyond which a parameter is a number without a value."""
SAME_RATE: Final = 0.2
"""Relative difference below which two ramp rates are one."""
SAME_RESET: Final = 0.1
"""V: sweeps whose most negative voltages lie closer were reset alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """Covariance of the search coordinates, and the points that count.

    Parameters
    ----------
    covariance : (k, k) float64
    dof : float
    n_effective : float
        Points that count, after the residuals' autocorrelation.
    condition : float
        Of the Jacobian with columns of unit length.
    """

    covariance: FloatArray
    dof: float
    n_effective: float
    condition: float

    def correlation(self, a: int, b: int) -> float:
        """Of two unknowns; 0 where one has no error."""
        scale = math.sqrt(self.covariance[a, a] * self.covariance[b, b])
        return float(self.covariance[a, b] / scale) if scale > 0 else 0.0


def errors_of(problem: Problem, u: FloatArray) -> Errors:
    """Errors at a minimum: the scatter divided among the points that count."""
    parts = problem.residuals(u)
    r = np.concatenate(parts)
    counted = sum(effective_points(part)[0] for part in parts)
    jac = problem.jacobian(u)
    length = np.linalg.norm(jac, axis=0)
    safe = np.where(length > 0, length, 1.0)
    _, values, rotation = np.linalg.svd(jac / safe, full_matrices=False)
    condition = float(values[0] / values[-1]) if values[-1] > 0 else math.inf
    dof = max(counted - u.size, 1.0)
    variance = float(r @ r) / dof
    inverse = np.where(values > 1e-12 * values[0], 1.0 / np.maximum(values, 1e-300), 0.0)
    half = rotation.T * inverse / safe[:, None]
    covariance = variance * half @ half.T
    covariance[length == 0, :] = covariance[:, length == 0] = 0.0
    return Errors(covariance, dof, counted, condition)


def estimates_of(problem: Problem, u: FloatArray, errors: Errors) -> dict[str, Estimate]:
    """Every unknown by its label; an interval ends where the parameter's bounds do.

    What no record feels has no error: it was never moved from where the search began.
    """
    sigma = np.sqrt(np.diag(errors.covariance))
    out = {}
    for x, c, s in zip(problem.unknowns, u, sigma, strict=True):
        e = estimate(float(c), float(s), errors.dof, x.unit, x.log)
        low, high = e.interval
        if s == 0.0:
            e, low, high = replace(e, stderr=math.nan, how="assumed", method=""), x.lower, x.upper
        out[x.label] = replace(e, interval=(max(low, x.lower), min(high, x.upper)))
    return out


def correlations_of(problem: Problem, errors: Errors) -> dict[str, float]:
    """Of the card's parameters that a record feels, by pair."""
    felt = np.diag(errors.covariance) > 0
    own = [k for k, x in enumerate(problem.unknowns) if x.record is None and felt[k]]
    return {
        f"{problem.labels[a]}, {problem.labels[b]}": errors.correlation(a, b)
        for i, a in enumerate(own)
        for b in own[i + 1 :]
    }


def warnings_of(
    problem: Problem, u: FloatArray, errors: Errors, estimates: Mapping[str, Estimate]
) -> list[Warned]:
    """What whoever uses the numbers has to know."""
    out = [*_range(problem), *_bounds(problem, u), *_traded(problem, u, errors)]
    unfelt = [label for label, e in estimates.items() if e.how == "assumed"]
    if unfelt:
        out.append(
            Warned(
                "unfelt",
                f"{', '.join(unfelt)}: no record feels them, so they stand where the search began and are no "
                "result; fit a record that drives the device there (the other sign of the voltage, a deeper "
                "sweep) together with these",
            )
        )
    loose = [
        x.label
        for x, s in zip(problem.unknowns, np.sqrt(np.diag(errors.covariance)), strict=True)
        if x.log and s > LOOSE and x.record is None
    ]
    if loose:
        out.append(
            Warned(
                "loose",
                f"{', '.join(loose)}: known to no better than a factor of e; these records do not fix "
                "them one by one",
            )
        )
    return out


def _range(problem: Problem) -> list[Warned]:
    lowest = sorted(float(np.min(r.voltage)) for r in problem.records)
    if lowest[-1] - lowest[0] > SAME_RESET:
        return []
    return [
        Warned(
            "deep_reset_unseen",
            f"every record ends at {lowest[0]:.2f} V: a deeper reset was never seen, and what the card "
            "says of one (and of the set that follows it) is extrapolated; fit a sweep to a lower "
            "voltage together with these",
        )
    ]


def _bounds(problem: Problem, u: FloatArray) -> list[Warned]:
    hit = []
    for x, c in zip(problem.unknowns, u, strict=True):
        low, high = x.bounds
        for bound in (low, high):
            if abs(float(c) - bound) <= AT_BOUND * (high - low):
                hit.append(f"{x.label} at {x.outer(bound):.3g} {x.unit}".removesuffix(" 1"))
    if not hit:
        return []
    return [
        Warned("at_bound", f"{'; '.join(hit)}: at a bound, so without an error that means anything")
    ]


def ramp_rates(problem: Problem) -> list[float]:
    """Usual |dV/dt| of each record [V/s]."""
    rates = []
    for r in problem.records:
        dt, dv = np.diff(r.time), np.abs(np.diff(r.voltage))
        moving = (dt > 0) & (dv > 0)
        rates.append(float(np.median(dv[moving] / dt[moving])) if np.any(moving) else 0.0)
    return rates


def _traded(problem: Problem, u: FloatArray, errors: Errors) -> list[Warned]:
    """One warning for each group of parameters that trade off, with what the data fix of it."""
    rates = ramp_rates(problem)
    one = max(rates) - min(rates) <= SAME_RATE * max(rates)
    out = []
    for group in groups_of(problem, errors):
        names = [problem.labels[k] for k in group]
        most = max(abs(errors.correlation(a, b)) for a in group for b in group if a < b)
        remedy = ""
        if one and any(RATE in name for name in names):
            remedy = f"; every record was swept at {rates[0]:.3g} V/s: a second rate separates them"
        out.append(
            Warned(
                "correlated",
                f"{', '.join(names)} trade off (correlation {most:.4f}): "
                f"{fixed(problem, u, errors, group)}{remedy}",
            )
        )
    return out


def groups_of(problem: Problem, errors: Errors) -> list[list[int]]:
    """Parameters linked by correlations above :data:`CORRELATED`, each kinetic one with its kin."""
    own = [k for k, x in enumerate(problem.unknowns) if x.record is None]
    groups: list[set[int]] = []
    for i, a in enumerate(own):
        for b in own[i + 1 :]:
            if abs(errors.correlation(a, b)) < CORRELATED:
                continue
            joined = {a, b} | {
                k for k in own if {_kin(problem, k)} & {_kin(problem, a), _kin(problem, b)}
            }
            touching = [g for g in groups if g & joined]
            groups = [g for g in groups if not g & joined] + [joined.union(*touching)]
    return [sorted(g) for g in groups]


def _kin(problem: Problem, k: int) -> str:
    """``set``, ``reset_s``, ... for a parameter of a rate; its own name for any other."""
    name = problem.unknowns[k].name
    for letter in ("sw_k_", "sw_u_", "sw_f_"):
        if name.startswith(letter):
            return name.removeprefix(letter)
    return name


def fixed(problem: Problem, u: FloatArray, errors: Errors, group: list[int]) -> str:
    """What the data fix of parameters that trade off: the combination of least error, in words.

    For the three of one rate that is the rate at one junction voltage and one state.
    """
    first = next((k for k in group if RATE in problem.unknowns[k].name), group[0])
    rest = [k for k in group if k != first]
    among = errors.covariance[np.ix_(rest, rest)]
    towards = errors.covariance[rest, first]
    weights = np.linalg.lstsq(among, towards, rcond=1e-12)[0]
    left = math.sqrt(max(float(errors.covariance[first, first] - towards @ weights), 0.0))
    kin = {_kin(problem, k) for k in group}
    if len(kin) == 1 and RATE in problem.unknowns[first].name:
        way = kin.pop()
        volt, state = problem.card.values["sw_v_ref"], 0.5
        for k, weight in zip(rest, weights, strict=True):
            x = problem.unknowns[k]
            if x.name.startswith("sw_u_"):
                volt += float(weight) * x.outer(float(u[k]))
            else:
                state += float(weight) * (-1.0 if way.startswith("reset") else 1.0)
        highest = max(float(np.max(np.abs(r.voltage))) for r in problem.records)
        if 0.0 < volt <= highest and 0.0 < state < 1.0 and left < LOOSE:
            return (
                f"the data fix the {way.partition('_')[0]} rate at |V_j| = {volt:.3g} V and state "
                f"{state:.3g} to {100 * math.expm1(left):.2g} %"
            )
    terms = []
    for k, weight in zip(rest, weights, strict=True):
        x = problem.unknowns[k]
        sign = "-" if weight >= 0 else "+"
        terms.append(f" {sign} {abs(weight):.3g} {'ln ' if x.log else ''}{x.label}")
    head = f"{'ln ' if problem.unknowns[first].log else ''}{problem.unknowns[first].label}"
    return f"the data fix {head}{''.join(terms)} to {left:.2g}"
