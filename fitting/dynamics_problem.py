"""State equations against whole records: unknowns, residuals, Jacobian, search.

The residual of a point is asinh(I/2f) of measurement minus model, f a twentieth of the floor: the
logarithm where it counts, finite where a trial's current has the wrong sign.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.errors import SimulationError
from compactmodels.fast import CompiledModel, Trajectory
from fitting.dynamics_records import Record

FloatArray = NDArray[np.float64]

TOLERANCE: Final = 1e-6
"""Of the integrator during the search."""
STEP: Final = 1e-5
"""Of the Jacobian's differences, in search coordinates."""
LOST: Final = 12.0
"""Residual (in ln units) of a record whose states could not be followed."""
SOFT: Final = 0.05
"""Share of the floor at which the residual turns from the logarithm to linear."""
EDGES: Final = (0.005, 0.995)
"""Initial states stay within."""
ENOUGH: Final = 3
"""Starts that end alike after which no further one is tried."""
SAME: Final = 1e-3
"""Relative difference of residual below which two searches ended alike."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """What a fit may move: a parameter of the card, or an initial state of one record.

    Parameters
    ----------
    name : str
        The card's parameter, ``w0`` or ``s0``, ``r_fixed`` or ``r_spread``.
    unit : str
    lower, upper : float
    log : bool
        Searched in its logarithm.
    record : int or None
        Whose initial state it is.
    """

    name: str
    unit: str
    lower: float
    upper: float
    log: bool
    record: int | None = None

    @property
    def label(self) -> str:
        """The name, with the record's number for an initial state."""
        return self.name if self.record is None else f"{self.name}[{self.record + 1}]"

    def inner(self, value: float) -> float:
        """Search coordinate of a value."""
        return math.log(value) if self.log else value

    def outer(self, u: float) -> float:
        """Value at a search coordinate."""
        return math.exp(u) if self.log else u

    @property
    def bounds(self) -> tuple[float, float]:
        """Of the search coordinate."""
        if not self.log:
            return self.lower, self.upper
        return math.log(max(self.lower, 1e-300)), math.log(self.upper)


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A least-squares problem over records.

    Parameters
    ----------
    compiled : CompiledModel
    card : ModelCard
        Structure, and the values of what is not moved.
    records : tuple of Record
    unknowns : tuple of Unknown
        The card's first, then the initial states'.
    temperature : float
        [K].
    carried : bool
        A record starts in the states that the one before ended in.
    start : tuple of (float, float)
        w0 and s0 of each record where they are not unknowns.
    size : tuple of str or None
        Names of the area and of the series resistance where sizes are fitted together.
    """

    compiled: CompiledModel
    card: ModelCard
    records: tuple[Record, ...]
    unknowns: tuple[Unknown, ...]
    temperature: float
    carried: bool
    start: tuple[tuple[float, float], ...]
    size: tuple[str, str] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the unknowns."""
        return tuple(x.label for x in self.unknowns)

    def inner(self, values: Mapping[str, float]) -> FloatArray:
        """Search coordinates of values by label, moved inside the bounds."""
        u = []
        for x in self.unknowns:
            low, high = x.bounds
            margin = 1e-6 * (high - low)
            u.append(min(max(x.inner(values[x.label]), low + margin), high - margin))
        return np.array(u)

    def outer(self, u: FloatArray) -> dict[str, float]:
        """Values by label."""
        return {x.label: x.outer(float(c)) for x, c in zip(self.unknowns, u, strict=True)}

    def values_for(self, found: Mapping[str, float], record: Record) -> dict[str, float]:
        """Every parameter of the card for one record's contact."""
        values = {**self.card.values, **{n: v for n, v in found.items() if n in self.card.values}}
        if record.area is not None and self.size is not None:
            area, resistance = self.size
            values[area] = record.area
            if "r_spread" in found:
                radius = math.sqrt(record.area / math.pi)
                values[resistance] = found["r_fixed"] + found["r_spread"] / radius
        return values

    def initial(self, found: Mapping[str, float], k: int) -> tuple[float, float]:
        """w0 and s0 of record k as the unknowns have it."""
        w0, s0 = self.start[k]
        return found.get(f"w0[{k + 1}]", w0), found.get(f"s0[{k + 1}]", s0)

    def run(
        self, found: Mapping[str, float], k: int, initial: tuple[float, float] | None = None
    ) -> Trajectory:
        """The model through record k; SimulationError where it cannot be followed."""
        record = self.records[k]
        w0, s0 = self.initial(found, k) if initial is None else initial
        return self.compiled.respond(
            self.values_for(found, record),
            record.time,
            record.voltage,
            w0=w0,
            s0=s0,
            temperature=self.temperature,
            tolerance=TOLERANCE,
        )

    def runs(self, found: Mapping[str, float]) -> list[Trajectory | None]:
        """The model through every record; None where it cannot be followed."""
        out: list[Trajectory | None] = []
        last: tuple[float, float] | None = None
        for k in range(len(self.records)):
            try:
                done = self.run(found, k, last if self.carried else None)
            except SimulationError:
                return out + [None] * (len(self.records) - len(out))
            out.append(done)
            inside = [min(max(float(x), 0.0), 1.0) for x in (done.w[-1], done.s[-1])]
            last = (inside[0], inside[1])
        return out

    def residuals(self, u: FloatArray) -> list[FloatArray]:
        """ln units, one array a record."""
        done = self.runs(self.outer(u))
        return [residual_of(r, d) for r, d in zip(self.records, done, strict=True)]

    def residual(self, u: FloatArray) -> FloatArray:
        """All records one after the other."""
        return np.concatenate(self.residuals(u))

    def jacobian(self, u: FloatArray) -> FloatArray:
        """(n, k), by central differences; an initial state moves its own record only."""
        sizes = [int(r.used.sum()) for r in self.records]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
        jac = np.zeros((int(starts[-1]), len(self.unknowns)))
        for c, x in enumerate(self.unknowns):
            step = np.zeros_like(u)
            step[c] = STEP * max(1.0, abs(float(u[c])))
            if x.record is not None and not self.carried:
                rows = slice(starts[x.record], starts[x.record + 1])
                high, low = (self._alone(u + s, x.record) for s in (step, -step))
                jac[rows, c] = (high - low) / (2 * step[c])
            else:
                jac[:, c] = (self.residual(u + step) - self.residual(u - step)) / (2 * step[c])
        return jac

    def _alone(self, u: FloatArray, k: int) -> FloatArray:
        try:
            done = self.run(self.outer(u), k)
        except SimulationError:
            return residual_of(self.records[k], None)
        return residual_of(self.records[k], done)


def decades(record: Record, done: Trajectory) -> FloatArray:
    """log10 of model over measurement at the points that count; NaN where the sign is wrong."""
    ratio = (done.current + record.offset)[record.used] / record.current[record.used]
    with np.errstate(all="ignore"):
        return np.log10(np.where(ratio > 0, ratio, np.nan))


def residual_of(record: Record, done: Trajectory | None) -> FloatArray:
    """asinh of model less that of measurement at the points that count, in ln units."""
    if done is None:
        return np.full(int(record.used.sum()), LOST)
    soft = 2 * SOFT * record.floor
    model = (done.current + record.offset)[record.used]
    difference = np.arcsinh(model / soft) - np.arcsinh(record.current[record.used] / soft)
    return np.clip(difference * np.sign(record.current[record.used]), -LOST, LOST)


def search(problem: Problem, u: FloatArray, evaluations: int) -> tuple[FloatArray, float]:
    """Search coordinates and root mean square (ln units) at which a search stopped."""
    from scipy.optimize import least_squares

    bounds = np.array([x.bounds for x in problem.unknowns])
    count = sum(int(r.used.sum()) for r in problem.records)
    found: Any = least_squares(
        problem.residual,
        u,
        jac=problem.jacobian,
        bounds=(bounds[:, 0], bounds[:, 1]),
        x_scale="jac",
        ftol=1e-6,
        xtol=1e-8,
        gtol=1e-10,
        max_nfev=evaluations,
    )
    return np.asarray(found.x), math.sqrt(2 * float(found.cost) / count)


def many_starts(
    problem: Problem,
    starts: Sequence[Mapping[str, float]],
    *,
    first: int,
    last: int,
    polished: int,
    progress: Any,
    until: float,
) -> list[tuple[float, FloatArray, FloatArray]]:
    """Searches from the starts until some agree, the best to the end: (rms, u, start), best first.

    ``first`` and ``last`` are evaluations of a short and of a long search; ``until`` the value of
    ``time.monotonic()`` after which no further search begins.
    """
    import time

    short: list[tuple[float, FloatArray, FloatArray]] = []
    total = len(starts) + polished
    for k, values in enumerate(starts):
        if short and time.monotonic() > until:
            break
        begun = problem.inner(values)
        u, rms = search(problem, begun, first)
        short.append((rms, u, begun))
        progress((k + 1) / total, f"start {k + 1} of {len(starts)}")
        best = sorted(rms for rms, _, _ in short)[:ENOUGH]
        if len(best) == ENOUGH and best[-1] <= best[0] * (1 + SAME):
            break
    short.sort(key=lambda item: item[0])
    done: list[tuple[float, FloatArray, FloatArray]] = []
    for k, (rms, u, begun) in enumerate(short[:polished]):
        if done and time.monotonic() > until:
            break
        better = u
        # one that has come to the same place already need not be searched to the end again
        if not done or rms > min(done, key=lambda item: item[0])[0] * (1 + SAME):
            better, rms = search(problem, u, last)
        done.append((rms, better, begun))
        progress((len(starts) + k + 1) / total, f"best {k + 1} of {polished}")
    done.sort(key=lambda item: item[0])
    return done + short[polished:]
