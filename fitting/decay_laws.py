"""Each decay law on a record: its bounds, its floor, and what the record cannot tell of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import FitRefused
from compactmodels.parts import Relaxation
from fitting.autocorrelation import effective_points
from fitting.candidate import from_zero
from fitting.decay_problem import FLOOR, line_through, problem_of, starts_of
from fitting.decay_record import Record
from fitting.diagnostics import spread
from fitting.engine import Solution, minimise
from fitting.problem import Problem
from fitting.result import Estimate

FloatArray = NDArray[np.float64]

CONFIDENCE: Final = 0.99
"""At which a parameter that nests a simpler law is kept."""
EXTRAPOLATED: Final = 100.0
"""Amplitude over the first reading at which a law says nothing about what was measured."""
NESTS: Final[Mapping[str, tuple[str, ...]]] = {
    "double_exponential": ("exponential",),
    "stretched": ("exponential",),
    "shifted_power": ("power", "exponential"),
}
"""Simpler laws that each law holds as limits."""


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """A law, fitted.

    Parameters
    ----------
    part : Relaxation
    solution : Solution
    bare, full : Solution or None
        The fits without and with a floor, of a law that has one.
    gain : float
        F statistic of the floor over its 99 % quantile.
    n_effective : float
        Points that count.
    veto : str
        Why it may not win the contest; empty if it may.
    needless : str
        Why a simpler law that it holds is enough, and what of this one the record does fix.
    pinned : mapping
        Parameters that the search took beyond their bound, and that were put back onto it.
    """

    part: Relaxation
    solution: Solution
    bare: Solution | None
    full: Solution | None
    gain: float
    n_effective: float
    veto: str = ""
    needless: str = ""
    pinned: Mapping[str, Estimate] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether the record fixes the parameters though a simpler law is enough: an exponent of 1."""
        return "beta" in self.values

    @property
    def size(self) -> int:
        """Parameters that the fit could move."""
        return self.solution.u.size + len(self.pinned)

    @property
    def name(self) -> str:
        """The law's."""
        return self.part.name

    @property
    def values(self) -> dict[str, float]:
        """Every parameter, fixed ones included."""
        fixed = {n: value for n, (_, value) in self.solution.problem.fixed.items()}
        return {**fixed, **self.solution.values}


def gain(
    simple: Solution,
    rich: Solution,
    *,
    least: int = 0,
    white: bool = False,
    confidence: float = CONFIDENCE,
) -> float:
    """F statistic of the parameters that ``rich`` has more, over its quantile at ``confidence``.

    Above 1 they earn their place: the likelihood ratio test, exact for few points, with the points
    that count after autocorrelation (``white``: all of them).  ``rich`` is taken to have ``least`` more
    at the least; infinite where it has none more and fits better.
    """
    from scipy.special import fdtri

    n = rich.residual.size
    if simple.cost <= 1e-18 * n:
        return 0.0
    extra = max(rich.u.size - simple.u.size, least)
    if extra <= 0:
        return math.inf if rich.cost < simple.cost else 0.0
    points = float(n) if white else effective_points(rich.residual)[0]
    dof = max(points - rich.u.size, min(3.0, max(n - rich.u.size, 1)))
    ratio = (simple.cost / max(rich.cost, 1e-300) - 1.0) * dof / extra
    return ratio / float(fdtri(extra, dof, confidence))


def fit_law(part: Relaxation, record: Record) -> Tried:
    """The law's best fit, with its floor if the record shows one.

    Raises
    ------
    FitRefused
        Codes ``no_convergence``, ``too_few_points``.
    """
    rich = problem_of(part, record, {})
    starts = starts_of(part, record, rich)
    if FLOOR not in rich.names:
        solution, bare, full, ratio = _search(rich, starts), None, None, 0.0
    else:
        solution, bare, full, ratio = _with_floor(
            problem_of(part, record, {FLOOR: 0.0}), rich, starts, record
        )
    if solution.values.get("beta", 0.0) > 1.0:
        return _unstretched(part, record, starts, solution)
    points, _ = effective_points(solution.residual)
    found = Tried(part, solution, bare, full, ratio, points)
    return replace(found, veto=_veto(found, record))


def _unstretched(
    part: Relaxation, record: Record, starts: list[dict[str, float]], free: Solution
) -> Tried:
    """The stretched law where nothing is stretched: beta stays at 1, and the law is exponential."""
    lean = problem_of(part, record, {FLOOR: 0.0, "beta": 1.0})
    rich = problem_of(part, record, {"beta": 1.0})
    solution, bare, full, ratio = _with_floor(lean, rich, starts, record)
    points, _ = effective_points(solution.residual)
    beta, error = free.values["beta"], _error(free, "beta")
    low = min(beta - 2 * error, 1.0)
    pinned = {"beta": Estimate(1.0, math.nan, "1", (low, 1.0), "assumed")}
    needless = (
        f"nothing is stretched: the exponent comes out at {beta:.3f} +- {error:.2g}, and 1 is the plain "
        "exponential"
    )
    if beta - 2.6 * error > 1.0:
        needless += "; the signal falls faster than an exponential, as no law here does"
    found = Tried(part, solution, bare, full, ratio, points, needless=needless, pinned=pinned)
    return replace(found, veto=_veto(found, record))


def _error(solution: Solution, name: str) -> float:
    k = solution.problem.names.index(name)
    return math.sqrt(max(float(spread(solution).covariance[k, k]), 0.0))


def _with_floor(
    lean: Problem, rich: Problem, starts: list[dict[str, float]], record: Record
) -> tuple[Solution, Solution | None, Solution | None, float]:
    """The fit that the record supports, both fits, and the floor's gain.

    A floor below 0 is an offset of the instrument: only a signal that itself goes below 0 shows one.
    """
    bare, full = _try(lean, starts), _try(rich, starts)
    if bare is None and full is None:
        return _search(lean, starts), None, None, 0.0  # raises with its own sentence
    if bare is None or full is None:
        only = bare or full
        assert only is not None
        return only, bare, full, math.inf if bare is None else 0.0
    ratio = gain(bare, full)
    tail = float(np.mean(record.y[-max(3, record.y.size // 10) :]))
    kept = ratio > 1.0 and (full.values[FLOOR] > 0 or tail < 0)
    if not kept:
        bare = replace(bare, fuller=from_zero(lean, rich))
    return (full if kept else bare), bare, full, ratio


def _try(problem: Problem, starts: list[dict[str, float]]) -> Solution | None:
    try:
        return _search(problem, starts)
    except FitRefused as error:
        if error.code != "no_convergence":
            raise
        return None


def _search(problem: Problem, starts: list[dict[str, float]]) -> Solution:
    """The minimum, with the shorter of two time constants first."""
    found = minimise(problem, starts)
    names = problem.names
    if "tau2" not in names:
        return found
    order = np.arange(len(names))
    if found.values["tau1"] > found.values["tau2"]:
        for one, other in (("a1", "a2"), ("tau1", "tau2")):
            i, j = names.index(one), names.index(other)
            order[[i, j]] = j, i
    rivals = tuple(r for r in found.rivals if r["tau1"] < r["tau2"])
    return replace(
        found,
        u=found.u[order],
        start=found.start[order],
        jacobian=found.jacobian[order],
        rivals=rivals,
    )


def _veto(found: Tried, record: Record) -> str:
    """What is wrong with a fit whatever its misfit."""
    solution, values = found.solution, found.values
    hit = [n for n in solution.at_bound if n != FLOOR]
    if hit:
        return f"'{hit[0]}' on its bound"
    amplitude = sum(v for n, v in values.items() if n.startswith("a"))
    first = float(np.max(record.y))
    if amplitude > EXTRAPOLATED * first:
        return f"an amplitude of {amplitude / first:.2g} times the first reading"
    if "tau1" in values:
        fast = values["a1"] * np.exp(-record.t / values["tau1"])
        shown = fast > 2 * _scatter(solution) * record.weight
        if np.count_nonzero(shown) < 3:
            return f"a fast part that {np.count_nonzero(shown)} point(s) show"
    return ""


def _scatter(solution: Solution) -> float:
    return math.sqrt(solution.cost / max(solution.residual.size - solution.u.size, 1))


def straight_line(record: Record, *, flat: bool = False) -> Solution | None:
    """A line (``flat``: a constant) through the record; None where the search finds none."""
    return _try(*line_through(record, flat=flat))


def judged(found: Mapping[str, Tried], name: str, record: Record) -> Tried:
    """A law, with what speaks for a simpler one that it holds: the F test at 99 %."""
    rich = found[name]
    if rich.needless:
        return rich
    for simpler in NESTS.get(name, ()):
        simple = found.get(simpler)
        if simple is None or simple.veto:
            continue
        ratio = gain(simple.solution, rich.solution)
        if ratio <= 1.0:
            fixed = _FIXED[name, simpler](rich, simple, record)
            reason = (
                f"{simpler} describes the record as well (F of what {name} has more is "
                f"{max(ratio, 0.0):.2f} of what 99 % asks for): {fixed}"
            )
            return replace(rich, needless=reason)
    return rich


def _one_of_two(rich: Tried, simple: Tried, record: Record) -> str:
    tau = simple.values["tau"]
    return f"two time constants cannot be told apart, the data fix one, tau = {tau:.4g} s"


def _plain(rich: Tried, simple: Tried, record: Record) -> str:
    error = _error(rich.solution, "beta") if "beta" in rich.solution.values else 0.0
    return f"beta = {rich.values['beta']:.3f} +- {error:.2g} is not told from 1"


def _early(rich: Tried, simple: Tried, record: Record) -> str:
    b, m = simple.values["b"] * record.size, simple.values["m"]
    return (
        f"t0 is far below the first point at {record.t[0]:.3g} s, and the data fix only b t0^m = {b:.4g} "
        f"(the signal after 1 s) and m = {m:.4g}"
    )


def _late(rich: Tried, simple: Tried, record: Record) -> str:
    tau = simple.values["tau"]
    return (
        f"the record does not reach beyond t0, and the data fix only b and m/t0 = {1 / tau:.4g}/s"
    )


_FIXED: Final[Mapping[tuple[str, str], Callable[[Tried, Tried, Record], str]]] = {
    ("double_exponential", "exponential"): _one_of_two,
    ("stretched", "exponential"): _plain,
    ("shifted_power", "power"): _early,
    ("shifted_power", "exponential"): _late,
}
