"""Is the shared model supported?  Shared against separate, and which trace departs in what."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import FitRefused
from fitting.autocorrelation import effective_points
from fitting.diagnostics import LEAST_DOF, Spread, spread
from fitting.engine import Solution
from fitting.joint_problem import JointProblem
from fitting.selection import aicc, weights

FloatArray = NDArray[np.float64]

SURE: Final = 0.99
"""Confidence at which the traces are said to disagree, over all that is looked at."""
DEGENERATE: Final = 1e7
"""Condition number of the Jacobian at which a combination is not determined at all."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A trace that wants another value of a shared parameter than the others.

    Parameters
    ----------
    trace : int
        From 0.
    parameter : str
        A shared parameter, or ``level``: the current as a whole.
    shift : float
        What the trace would move it by: in its unit, or in ln units where ``log``.
    t : float
        Over its standard error.
    log : bool
    """

    trace: int
    parameter: str
    shift: float
    t: float
    log: bool


def joint_spread(solution: Solution) -> tuple[Spread, list[tuple[float, float]]]:
    """Uncertainty of a joint solution, and each trace's effective points and autocorrelation.

    Points are counted trace by trace: the end of one is no neighbour of the next one's beginning.
    """
    problem = solution.problem
    assert isinstance(problem, JointProblem)
    each = [effective_points(solution.residual[part]) for part in problem.parts]
    lag1 = float(np.mean([rho for _, rho in each]))
    return replace(spread(solution), n_effective=sum(m for m, _ in each), lag1=lag1), each


def check_degenerate(solution: Solution, mechanism: str) -> None:
    """Refuse a combination of parameters that the data do not determine, and name it.

    Raises
    ------
    FitRefused
        Code ``unidentifiable``.
    """
    lengths = np.linalg.norm(solution.jacobian, axis=1)
    names = np.array(solution.problem.names)
    if np.any(lengths == 0):
        lost = ", ".join(names[lengths == 0])
        raise FitRefused(
            f"{mechanism}: the data do not depend on {lost}: fix it", code="unidentifiable"
        )
    _, s, vt = np.linalg.svd((solution.jacobian / lengths[:, None]).T, full_matrices=False)
    if s[0] <= DEGENERATE * s[-1]:
        return
    together = names[np.abs(vt[-1]) > 0.1]
    raise FitRefused(
        f"{mechanism}: {' and '.join(together)} move the current in the same way in all traces and "
        "only their combination is determined: fix one, or give traces in which they differ (other "
        "temperatures separate the prefactor from the barrier)",
        code="unidentifiable",
    )


def compared(joint: Solution, separate: list[Solution]) -> dict[str, Any]:
    """The shared model against one fit a trace: F test, AICc and its weights.

    Parameters
    ----------
    joint : Solution
    separate : list of Solution
        Of every trace by itself.

    Returns
    -------
    dict
        ``parameters`` and ``rms_decades`` of both, ``aicc``, ``weights`` and, where sharing saves
        parameters, ``f``, ``f_limit`` (99 %) and ``supported``.
    """
    from scipy.special import fdtri

    assert isinstance(joint.problem, JointProblem)
    n = joint.residual.size
    k, k_each = joint.u.size, sum(s.u.size for s in separate)
    # A trace by itself is at least as close as the shared model: if not, its search missed that.
    shared = [float(np.sum(joint.residual[part] ** 2)) for part in joint.problem.parts]
    cost = sum(min(s.cost, other) for s, other in zip(separate, shared, strict=True))
    points = [effective_points(s.residual)[0] for s in separate]
    dof = sum(
        max(m - s.u.size, min(LEAST_DOF, s.residual.size - s.u.size))
        for m, s in zip(points, separate)
    )
    total = max(sum(points), k_each + 4.0)
    criteria = {
        "shared": aicc(joint.cost, n, total, k),
        "separate": aicc(cost, n, total, k_each),
    }
    found: dict[str, Any] = {
        "parameters": {"shared": k, "separate": k_each},
        "rms_decades": {
            "shared": joint.rms_decades,
            "separate": math.sqrt(cost / n) / math.log(10.0),
        },
        "aicc": criteria,
        "weights": weights(criteria),
    }
    if k_each > k and dof > 0:
        # both costs count points that repeat one another: so many as really count
        f = (joint.cost / max(cost, 1e-300) - 1.0) * dof / (k_each - k)
        limit = float(fdtri(k_each - k, dof, SURE))
        exact = joint.cost <= 1e-18 * n
        found |= {"f": f, "f_limit": limit, "supported": bool(f <= limit or exact)}
    return found


def departures(
    joint: Solution, separate: list[Solution], per_trace: tuple[str, ...]
) -> list[Departure]:
    """Traces that want another value of a shared parameter, the clearest first.

    The score test: a column that moves the parameter in one trace only is added to the exact
    Jacobian, and what it would gain is held against the scatter of that trace's own fit.  The clearest
    is granted its value before the others are looked at again, so that one odd trace does not make the
    rest look odd.  The confidence holds over all parameters and traces together (Bonferroni).
    """
    problem = joint.problem
    assert isinstance(problem, JointProblem)
    own = {f"{name}_{k + 1}" for name in per_trace for k in range(len(separate))}
    rows = [(p.name, row, p.log) for p, row in zip(problem.free, joint.jacobian)]
    rows = [row for row in rows if row[0] not in own]
    rows.append(("level", np.full(joint.residual.size, -1.0), True))
    scales, limit = _scales(separate, len(rows) * len(separate))
    basis, _ = np.linalg.qr(joint.jacobian.T)
    residual = joint.residual - basis @ (basis.T @ joint.residual)
    out: list[Departure] = []
    while len(out) < len(separate) - 1:
        best: tuple[float, Departure, FloatArray] | None = None
        for number, part in enumerate(problem.parts):
            noise = scales[number]
            if noise <= 1e-9 or number in {d.trace for d in out}:
                continue
            for name, row, log in rows:
                column = np.zeros(residual.size)
                column[part] = row[part]
                rest = column - basis @ (basis.T @ column)
                power = float(rest @ rest)
                if power <= 1e-9 * float(column @ column):
                    continue  # the joint fit moves it already
                shift = -float(rest @ residual) / power
                t = shift * math.sqrt(power) / noise
                if abs(t) > limit and (best is None or abs(t) > best[0]):
                    best = (abs(t), Departure(number, name, shift, t, log), rest / math.sqrt(power))
        if best is None:
            break
        out.append(best[1])
        residual = residual - best[2] * float(best[2] @ residual)
        basis = np.column_stack([basis, best[2]])
    return out


def _scales(separate: list[Solution], tests: int) -> tuple[list[float], float]:
    """Scatter of each trace by its own fit, as far as its points are independent; the limit of t.

    All fits together tell the scatter (few points count in each); a trace that scatters more keeps its
    own.
    """
    from scipy.special import stdtrit

    spreads = [spread(alone) for alone in separate]
    own = [
        s.sigma * math.sqrt(max(alone.residual.size / max(s.n_effective, 1.0), 1.0))
        for s, alone in zip(spreads, separate)
    ]
    dof = np.array([max(s.dof, 1.0) for s in spreads])
    pooled = math.sqrt(float(dof @ np.square(own)) / float(dof.sum()))
    limit = float(stdtrit(float(dof.sum()), 1 - (1 - SURE) / (2 * tests)))
    return [max(noise, pooled) for noise in own], limit


def moved_by_kelvin(joint: Solution, warmer: JointProblem) -> FloatArray:
    """What 1 K of error, independent from trace to trace, does to the coordinates, shape (k,).

    Parameters
    ----------
    joint : Solution
    warmer : JointProblem
        The same with every temperature 1 K higher.
    """
    problem = joint.problem
    assert isinstance(problem, JointProblem)
    change = warmer.residual(joint.u)[0] - joint.residual
    solve = np.linalg.pinv(joint.jacobian.T)
    total = np.zeros(joint.u.shape)
    for part in problem.parts:
        total += (solve[:, part] @ change[part]) ** 2
    return np.asarray(np.sqrt(total), dtype=np.float64)
