"""The search of a calibration: parameters in their search coordinates, residuals in tolerances.

The tangent is a finite difference, since a run through a protocol has no derivative of its own.  A
whisper of a pull towards the card's own values makes the answer unique where the targets leave a
combination free: of all sets that meet them, the nearest to the card.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.errors import InputError, SimulationError
from compactmodels.observables_misfit import Misfit
from compactmodels.observables_runs import Tracks, run_targets
from compactmodels.observables_targets import TargetSet
from compactmodels.parameter import Parameter
from fitting.calibrate_identify import DETERMINED

FloatArray = NDArray[np.float64]
Progress = Callable[[float, str], None]

PULL: Final = 1e-3
"""Tolerances that a change of a parameter by a factor e costs: it decides only what nothing else does."""
STEP: Final = 1e-4
"""Of the finite difference in the search; the integrator's noise is 1e-8."""
FINAL_STEP: Final = 1e-3
"""Of the central difference at the end: its noise stays below 0.01 tolerances."""
FAILED: Final = 1e3
"""Residual of every target where the integrator gave up."""
MOST_EVALUATIONS: Final = 60
"""Of the residual, for one start, without those of the tangent."""
SAME: Final = 1e-3
"""Relative difference of cost below which two minima count as one."""
APART: Final = 0.05
"""Relative change of a parameter from which on two minima are two."""
NEAREST_STEPS: Final = 8
GENERATIONS: Final = 12
"""Of the global search."""


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """What is moved and against what.

    A logarithmic parameter is searched in its logarithm, any other in shares of its start value.

    Parameters
    ----------
    card : ModelCard
    targets : TargetSet
    free : tuple of Parameter
    scales : (k,) array
        Declared units per unit of the search coordinate; 1 for a logarithmic one.
    lower, upper : (k,) arrays
        Bounds of the search coordinates.
    tracks : Tracks
    """

    card: ModelCard
    targets: TargetSet
    free: tuple[Parameter, ...]
    scales: FloatArray
    lower: FloatArray
    upper: FloatArray
    tracks: Tracks

    @property
    def start(self) -> FloatArray:
        """The card's own values as search coordinates, shape (k,)."""
        return self.internal({p.name: self.card.values[p.name] for p in self.free})

    def internal(self, values: Mapping[str, float]) -> FloatArray:
        """Search coordinates, shape (k,), of values in declared units."""
        pairs = zip(self.free, self.scales, strict=True)
        return np.array(
            [math.log(values[p.name]) if p.log else values[p.name] / d for p, d in pairs]
        )

    def external(self, u: FloatArray) -> dict[str, float]:
        """Values in declared units of search coordinates, shape (k,)."""
        out = {}
        for p, x, d in zip(self.free, u, self.scales, strict=True):
            value = math.exp(x) if p.log else float(x * d)
            out[p.name] = min(max(value, p.lower), p.upper)  # exp(log(bound)) may miss it by a bit
        return out

    def moved(self, u: FloatArray) -> ModelCard:
        """The card with these values."""
        return self.card.with_values(self.external(u), "calibrated")

    def misfits(self, u: FloatArray) -> list[Misfit]:
        """Every target at these values.

        Raises
        ------
        SimulationError
            The integrator gave up.
        """
        with np.errstate(all="ignore"):
            return run_targets(self.moved(u), self.targets.targets, self.tracks.response)

    def residual(self, u: FloatArray) -> FloatArray:
        """Misfits in tolerances, shape (m,); 1e3 each where the integrator gave up."""
        try:
            found = self.misfits(u)
        except SimulationError:
            return np.full(len(self.targets.targets), FAILED)
        return np.array([m.residual for m in found])


def bench(card: ModelCard, targets: TargetSet, free: Sequence[str], tracks: Tracks) -> Bench:
    """The search's coordinates and bounds.

    Raises
    ------
    CardError
        An unknown parameter, with a suggestion.
    InputError
        Nothing is free, a parameter twice, bounds outside the declared ones, around no start value or the
        wrong way round.
    """
    if not free:
        raise InputError(
            "nothing may be moved: name parameters with --free a,b or free = [...] in the targets "
            f"file; the card has {', '.join(card.values)}",
            code="nothing_free",
        )
    twice = sorted({n for n in free if list(free).count(n) > 1})
    if twice:
        raise InputError(f"free: '{twice[0]}' stands twice", code="bad_targets")
    given = dict(targets.bounds or {})
    for name in given:
        card.parameter(name)
        if name not in free:
            raise InputError(
                f"bounds: '{name}' is not free, so it needs none: free it or remove them",
                code="bad_bounds",
            )
    parameters, scales, lower, upper = [], [], [], []
    for name in free:
        p = card.parameter(name)
        low, high = _bounds(p, given.get(name), card.values[name])
        scale = 1.0 if p.log else _scale(card.values[name], low, high)
        parameters.append(p)
        scales.append(scale)
        lower.append(math.log(low) if p.log else low / scale)
        upper.append(math.log(high) if p.log else high / scale)
    return Bench(
        card,
        targets,
        tuple(parameters),
        np.array(scales),
        np.array(lower),
        np.array(upper),
        tracks,
    )


def _bounds(p: Parameter, given: tuple[float, float] | None, value: float) -> tuple[float, float]:
    low, high = (p.lower, p.upper) if given is None else given
    if not (p.lower <= low < high <= p.upper):
        raise InputError(
            f"bounds of '{p.name}': [{low:g}, {high:g}] found; a lower and a higher number within "
            f"[{p.lower:g}, {p.upper:g}] {p.unit} are expected",
            code="bad_bounds",
        )
    if not low <= value <= high:
        raise InputError(
            f"bounds of '{p.name}': the card's own value {value:g} {p.unit} lies outside [{low:g}, {high:g}]",
            code="bad_bounds",
        )
    return low, high


def _scale(value: float, low: float, high: float) -> float:
    """One unit of a linear search coordinate: the value itself, or a hundredth of the range."""
    if value != 0:
        return abs(value)
    return 0.01 * (high - low) if math.isfinite(high - low) else 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Where a search ended.

    Parameters
    ----------
    u : (k,) array
    cost : float
        Weighted sum of squared residuals.
    met : bool
        Every target.
    """

    u: FloatArray
    cost: float
    met: bool


def search(
    b: Bench, seed: int, starts: int, progress: Progress | None = None
) -> tuple[Found, list[Found], int]:
    """The best set of values, all that were found, and how often the targets were evaluated.

    The card's own values first; if they lead to no set that meets every target, more starts around
    them; and if those disagree, a global search (differential evolution).
    """
    told = progress or (lambda share, text: None)
    count = [0]

    def residual(u: FloatArray) -> FloatArray:
        count[0] += 1
        return b.residual(u)

    rng = np.random.default_rng(seed)
    found: list[Found] = []
    for k in range(starts):
        told(k / (starts + 1), f"start {k + 1} of {starts}")
        found.append(descend(b, residual, b.start if k == 0 else drawn(b, rng, k)))
        if found[-1].met:
            break
    found.sort(key=lambda f: f.cost)
    if not found[0].met and starts > 1 and not _agree(found[0], found[1]):
        told(starts / (starts + 1), "global search")
        found.append(descend(b, residual, _global(b, residual, seed, found)))
        found.sort(key=lambda f: f.cost)
    best = nearest(b, residual, found[0])
    told(1.0, "done")
    return best, found, count[0]


def _agree(a: Found, b: Found) -> bool:
    """Whether two searches ended in the same place."""
    close = bool(np.max(np.abs(a.u - b.u)) <= APART)
    return close and b.cost <= a.cost * (1 + SAME) + 1e-9


def nearest(b: Bench, residual: Callable[[FloatArray], FloatArray], best: Found) -> Found:
    """The point nearest to the card's own values that meets the targets as well as ``best``.

    Newton's steps of least length, counted from the card: only what the targets determine moves.
    """
    for _ in range(NEAREST_STEPS):
        tangent = differences(residual, best.u, b, FINAL_STEP, central=True)
        left, s, vt = np.linalg.svd(tangent, full_matrices=False)
        known = s >= DETERMINED
        if np.count_nonzero(known) == best.u.size or not best.met:
            return best
        along = vt[known]
        moved = along @ (best.u - b.start) - (left[:, known].T @ residual(best.u)) / s[known]
        u = b.start + along.T @ moved
        if np.any(u < b.lower) or np.any(u > b.upper):
            return best
        found = found_at(b, u)
        if not found.met or found.cost > best.cost + 0.01:
            return best
        far = float(np.max(np.abs(u - best.u)))
        best = found
        if far < 1e-5:
            break
    return best


def drawn(b: Bench, rng: np.random.Generator, k: int) -> FloatArray:
    """A start at random around the card's own values; the later, the further away.

    A logarithmic parameter within 1 to 3 decades, any other within 30 to 90 % of its value.
    """
    reach = min(1 + k // 3, 3)
    half = np.array([reach * (math.log(10.0) if p.log else 0.3) for p in b.free])
    return np.clip(b.start + half * rng.uniform(-1, 1, half.size), b.lower, b.upper)


def descend(b: Bench, residual: Callable[[FloatArray], FloatArray], u0: FloatArray) -> Found:
    """A local minimum, by SciPy's trust-region least squares within the bounds."""
    from scipy.optimize import least_squares

    root = np.sqrt([t.weight for t in b.targets.targets])
    start = b.start

    def rows(u: FloatArray) -> FloatArray:
        return np.concatenate([root * residual(u), PULL * (u - start)])

    def slope(u: FloatArray) -> FloatArray:
        return differences(rows, u, b, STEP)

    inside = np.clip(u0, b.lower, b.upper)
    out = least_squares(
        rows,
        inside,
        jac=slope,
        bounds=(b.lower, b.upper),
        method="trf",
        ftol=1e-6,  # of a cost that the pull keeps above 0: the residuals end far below a tolerance
        xtol=1e-8,
        gtol=1e-10,
        max_nfev=MOST_EVALUATIONS,
    )
    u = np.asarray(out.x, dtype=float)
    if 2 * float(out.cost) > float(np.sum(rows(inside) ** 2)):  # never worse than its start
        u = inside
    return found_at(b, u)


def found_at(b: Bench, u: FloatArray) -> Found:
    """A point of the search with its cost and whether it meets the targets."""
    try:
        misfits = b.misfits(u)
    except SimulationError:
        return Found(u, FAILED**2 * len(b.targets.targets), False)
    weights = np.array([t.weight for t in b.targets.targets])
    cost = float(np.sum(weights * np.array([m.residual for m in misfits]) ** 2))
    return Found(u, cost, all(m.met for m in misfits))


def differences(
    function: Callable[[FloatArray], FloatArray],
    u: FloatArray,
    b: Bench,
    step: float,
    *,
    central: bool = False,
) -> FloatArray:
    """Jacobian, shape (rows, k): forward differences, backwards at an upper bound; or central."""
    base = function(u)
    columns = []
    for k in range(u.size):
        ends = []
        for sign in (1.0, -1.0) if central else (1.0,):
            other = u.copy()
            other[k] += sign * step
            if not b.lower[k] <= other[k] <= b.upper[k]:
                other[k] = u[k] - sign * step if not central else u[k]
            ends.append((other[k], function(other)))
        (x1, y1), (x0, y0) = ends if central else (ends[0], (u[k], base))
        columns.append((y1 - y0) / (x1 - x0) if x1 != x0 else np.zeros_like(base))
    return np.array(columns).T


def _global(
    b: Bench, residual: Callable[[FloatArray], FloatArray], seed: int, found: list[Found]
) -> FloatArray:
    """The best point of a differential evolution in three decades about the card's values."""
    from scipy.optimize import differential_evolution

    half = np.array([3 * math.log(10.0) if p.log else 0.9 for p in b.free])
    box = list(
        zip(np.maximum(b.lower, b.start - half), np.minimum(b.upper, b.start + half), strict=True)
    )
    weights = np.array([t.weight for t in b.targets.targets])
    first = np.clip(found[0].u, [low for low, _ in box], [high for _, high in box])

    def cost(u: FloatArray) -> float:
        # The logarithm of the sum: a target missed by decades does not hide the others.
        return float(np.sum(weights * np.log1p(residual(u) ** 2)))

    out: Any = differential_evolution(
        cost, box, seed=seed, maxiter=GENERATIONS, popsize=8, polish=False, x0=first, tol=1e-6
    )
    return np.asarray(out.x, dtype=float)
