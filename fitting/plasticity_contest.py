"""Laws of a synaptic response held against each other: which one the record earns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from compactmodels.errors import FitRefused
from fitting.candidate import EXTRA
from fitting.plasticity_laws import Additive, Case, Fitted, fit_case
from fitting.problem import FloatArray
from fitting.selection import weights


def contest(
    cases: Sequence[Case],
    x: FloatArray,
    y: FloatArray,
    sigma: FloatArray | float | None,
    whiten: FloatArray | None = None,
    covariance: FloatArray | None = None,
) -> tuple[Fitted, dict[str, float], dict[str, Any]]:
    """The cases held against each other.

    Without ``covariance`` the scatter is judged by the residuals of the closest case. With it (of the
    readings, (n, n), from repeats) by that: neighbouring residuals then resemble each other because the
    case misses the curve, which repeats tell from noise.

    Returns
    -------
    winner : Fitted
        By BIC, and any simpler case that is as good at 99 % before it: parameters are earned.
    weights : dict
        Akaike weight of each label (all cases of a law together).
    candidates : dict
        What became of each case.

    Raises
    ------
    FitRefused
        Of the only case; code ``no_convergence`` where none of several could be fitted.
    """
    fitted: list[Fitted] = []
    shown: dict[str, Any] = {}
    last: FitRefused | None = None
    for case in cases:
        key = ", ".join(
            [
                case.label,
                *(f"{n} = {v:g}" for n, v in case.fixed),
                *(f"{n} free" for n in case.stepped),
            ]
        )
        try:
            found = fit_case(case, x, y, sigma, whiten)
        except FitRefused as error:
            last = error
            shown[key] = {"refused": error.code}
            continue
        fitted.append(found)
        n = found.candidate.solution.residual.size
        shown[key] = {"rms": math.sqrt(found.cost / n), "free": found.candidate.solution.u.size}
    good = [f for f in fitted if not f.candidate.solution.at_bound] or fitted
    if not good:
        assert last is not None
        raise last
    if covariance is None:
        points = effective(good)

        def criterion(f: Fitted, schwarz: bool = False) -> float:
            return f.candidate.criterion(points, schwarz=schwarz)

        def as_good(f: Fitted, best: Fitted) -> bool:
            return _as_good(f, best, points)
    else:
        unit = _noise_of_shapes(good, covariance)

        def criterion(f: Fitted, schwarz: bool = False) -> float:
            each = math.log(len(covariance)) if schwarz else 2.0
            return f.cost / unit + each * f.candidate.solution.u.size

        def as_good(f: Fitted, best: Fitted) -> bool:
            return _as_good_as_repeats(f, best, unit)

    criteria = {str(k): criterion(f) for k, f in enumerate(good)}
    share: dict[str, float] = {f.case.label: 0.0 for f in good}
    for key, weight in weights(criteria).items():
        share[good[int(key)].case.label] += weight
    ordered = sorted(good, key=lambda f: criterion(f, schwarz=True))
    best = ordered[0]
    winner = next((f for f in ordered[1:] if as_good(f, best)), best)
    return winner, share, shown


def _noise_of_shapes(fitted: Sequence[Fitted], covariance: FloatArray) -> float:
    """Variance of the readings along one direction in which the most flexible case can move the curve.

    What the closest case misses of the curve counts as well: a case that misses a little less of it is no
    truer for that.
    """
    widest = max(fitted, key=lambda f: f.candidate.solution.u.size)
    basis = np.linalg.svd(widest.candidate.solution.jacobian, full_matrices=False)[2]
    noise = float(np.trace(basis @ covariance @ basis.T)) / len(basis)
    noise += min(f.cost for f in fitted) / effective(fitted)
    return max(noise, 1e-12 * float(np.ptp(widest.candidate.solution.problem.y)) ** 2)


def _as_good_as_repeats(simple: Fitted, best: Fitted, unit: float) -> bool:
    """The same by the likelihood ratio, with the noise that repeats show."""
    from scipy.special import chdtri

    extra = best.candidate.solution.u.size - simple.candidate.solution.u.size
    return extra > 0 and (simple.cost - best.cost) / unit < float(chdtri(extra, EXTRA))


def _as_good(simple: Fitted, best: Fitted, points: float) -> bool:
    """Whether a case with fewer parameters is as good as the best: the extra ones do not show at 99 %."""
    from scipy.special import fdtri

    k = best.candidate.solution.u.size
    extra = k - simple.candidate.solution.u.size
    if extra <= 0:
        return False
    dof = max(points - k, 1.0)
    gain = (simple.cost / max(best.cost, 1e-300) - 1.0) * dof / extra
    return gain < float(fdtri(extra, dof, EXTRA))


def surprise(found: Fitted) -> float:
    """Minus the logarithm of the likelihood of the data, which compares additive and relative noise."""
    problem = found.candidate.solution.problem
    n = problem.y.size
    sigma = problem.y if not isinstance(problem, Additive) else problem.sigma
    scale = float(np.sum(np.log(np.abs(np.broadcast_to(sigma, problem.y.shape)))))
    return 0.5 * n * math.log(max(found.cost, 1e-300) / n) + scale


def effective(fitted: Sequence[Fitted]) -> float:
    """Points that count, by the best fit's residuals; shared by a contest."""
    best = min(fitted, key=lambda f: f.cost)
    return max(best.candidate.spread.n_effective, best.candidate.solution.u.size + 4.0)


def gain_over_nothing(found: Fitted) -> float:
    """F statistic of the fit against a constant, over its 99 % quantile; below 1 is noise."""
    from scipy.special import fdtri

    problem = found.candidate.solution.problem
    if isinstance(problem, Additive):
        ones = np.ones_like(problem.y) / problem.sigma
        y = problem.y / problem.sigma
        if problem.whiten is not None:
            ones, y = problem.whiten @ ones, problem.whiten @ y
    else:
        ones, y = np.ones_like(problem.y), np.log(np.abs(problem.y))
    about = y - ones * float(ones @ y) / float(ones @ ones)
    flat = float(about @ about)
    extra = max(found.candidate.solution.u.size - 1, 1)
    dof = found.candidate.spread.dof
    if found.cost <= 0.0:
        return math.inf
    return (flat / found.cost - 1.0) * dof / extra / float(fdtri(extra, dof, EXTRA))
