"""Pulse trains: potentiation and depression, the shape of each, and whether their ends join."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from compactmodels.errors import FitRefused, InputError
from compactmodels.pulse_noise import RampNoise
from fitting.autocorrelation import effective_points
from fitting.diagnostics import Spread, Warned
from fitting.engine import minimise
from fitting.plasticity_contest import contest, gain_over_nothing
from fitting.plasticity_data import place
from fitting.plasticity_laws import Case, Fitted, fit_case
from fitting.plasticity_ramps import SEVERAL, Ramps, read_before, side_by_side, without_drift
from fitting.plasticity_report import not_settled
from fitting.plasticity_trains import Trains, read_trains
from fitting.plasticity_window import (
    SHAPES,
    Direction,
    block_of,
    correlations,
    curves,
    join,
    pairs,
    parameters_of,
    statistics_of,
)
from fitting.problem import FloatArray
from fitting.pulse_noise import estimate_ramp_noise
from fitting.result import FitResult

LEAST_PULSES: Final = 8
SHOWS: Final = 3.0
"""F at which an abrupt stop is worth looking for with every shape."""
MOST_POINTS: Final = 250
"""Of a single train in the fit; longer ones are averaged over blocks, with their noise."""
STILL: Final = {"reach": 0.1}
"""Values at which a shape holds what it does not need, where that is not 0."""
CONVENTION: Final = (
    "alpha: u = (1 - exp(-alpha P/P_max))/(1 - exp(-alpha)), below 0 for a convex curve; a = P_max/alpha in "
    "pulses, of G = B (1 - exp(-P/a)) + G_min; nl: largest distance from the chord over 0.07 sqrt 2, which for "
    "an exponential is NeuroSim's label; both directions count along themselves (NeuroSim writes "
    "saturating depression with a minus sign)"
)


def fit_trains(
    source: Any,
    law: str = "auto",
    *,
    columns: str | None = None,
    skip: int | None = None,
    read_voltage: float | None = None,
    ends: str = "auto",
    **card: Any,
) -> FitResult:
    """Fit potentiation and depression by equal pulses.

    Parameters
    ----------
    source : Trains, path, or one or two paths
    law : str
        ``linear exponential logarithmic general`` or ``auto``.
    columns, skip, read_voltage : optional
        Of :func:`fitting.plasticity_trains.read_trains`.
    ends : str
        ``joined``: both directions share G_min and G_max; ``separate``; ``auto``: joined unless the
        data exclude it at 99 %.
    **card
        What the card needs and no train tells (:func:`fitting.plasticity_card.known_of`): ``amplitude``
        [V], ``width`` [s], ``conductance`` (S, S).

    Returns
    -------
    FitResult
        ``selected`` names the shape, of both directions as ``linear+exponential``.

    Raises
    ------
    DataFileError, InputError, FitRefused
    """
    from fitting.plasticity_card import known_of

    if law not in ("auto", *SHAPES):
        raise InputError(
            f"'{law}' is no shape of a pulse train; known are auto, {', '.join(SHAPES)}",
            code="unknown_part",
        )
    if ends not in ("auto", "joined", "separate"):
        raise InputError(f"--ends {ends}: auto, joined or separate is expected", code="usage")
    known = known_of(card)
    trains = source if isinstance(source, Trains) else _read(source, columns, skip, read_voltage)
    each = (*trains.up, *trains.down)
    if not each:
        raise InputError("there is no train of pulses", code="usage")
    size = max(float(np.ptp(r)) for r in each)
    if size == 0.0:
        raise FitRefused(
            f"{place(trains.file)}the conductance is the same after every pulse",
            code="no_dependence",
        )
    said = [Warned("convention", CONVENTION)]
    trains = _first_reading(trains)
    found = [
        _direction(name, ramps, trains, law, size, said)
        for name, ramps in (("ltp", trains.up), ("ltd", trains.down))
        if ramps
    ]
    return _result(trains, found, ends, size, said, known)


def _first_reading(trains: Trains) -> Trains:
    """Where no column counts the pulses: whether the first reading was taken before any."""
    if trains.numbered:
        return trains
    if read_before(trains):
        said = "each ramp begins where the one before ended: its first reading precedes its pulses"
        return replace(trains, first=0, assumed=(*trains.assumed, said))
    said = "no column counts the pulses: the first reading follows the first pulse"
    return replace(trains, assumed=(*trains.assumed, said))


def _read(source: Any, columns: str | None, skip: int | None, read_voltage: float | None) -> Trains:
    paths: Sequence[Any] = (source,) if isinstance(source, (str, os.PathLike)) else tuple(source)
    return read_trains(paths, columns, skip, read_voltage)


def _direction(
    name: str,
    ramps: tuple[FloatArray, ...],
    trains: Trains,
    law: str,
    size: float,
    said: list[Warned],
) -> Direction:
    where = f"{place(trains.file)}{name}: "
    shortest, longest = min(r.size for r in ramps), max(r.size for r in ramps)
    if shortest < LEAST_PULSES:
        raise FitRefused(
            f"{where}{shortest} readings, {LEAST_PULSES} are needed: measure more pulses",
            code="too_few_points",
        )
    rows = side_by_side(ramps)
    table, length = rows.table, rows.table.shape[1]
    if longest > shortest:
        said.append(Warned("ragged_ramps", _ragged(name, rows, ramps)))
    pulses = np.arange(length, dtype=np.float64) + trains.first
    last = float(pulses[-1])
    x, y, whiten, scatter = pulses, rows.mean / size, None, None
    thin_x, thin_y, block = _blocks(x, y)
    loose, stops = _scout(thin_x, thin_y, last)
    if len(table) > 2:
        tied = last if rows.tied else math.inf
        noise = estimate_ramp_noise(rows.rest / size, mean_removed=True, tied=tied)
        scatter = rows.rest.T @ rows.rest / (len(table) - 1) / len(table) / size**2
    else:
        law_at = loose.candidate.solution.problem.current(loose.candidate.solution.u, x)[0]
        noise = estimate_ramp_noise(table / size - law_at, mean_removed=False)
        x, y = thin_x, thin_y
        whiten = _whitening(noise, x.size, block, len(table))
    winner, share, shown = contest(_cases(law, last, stops), x, y, 1.0, whiten, scatter)
    if gain_over_nothing(winner) < 1.0:
        raise FitRefused(
            f"{where}noise only: the conductance does not follow the pulses", code="no_dependence"
        )
    values = {**dict(winner.case.fixed), **winner.candidate.solution.values}
    rises = values["g_end"] > values["g_start"]
    if rises != (name == "ltp"):
        raise FitRefused(
            f"{where}the conductance {'rises' if rises else 'falls'} where it should not: are up and down "
            "exchanged in --columns?",
            code="rising" if rises else "falling",
        )
    if len(table) > 2:
        spread = _between_ramps(winner, table / size)
    else:
        spread = _short(winner, noise, length)
    return Direction(name, pulses, rows, winner, spread, noise.scaled(size), share, shown)


def _ragged(name: str, rows: Ramps, ramps: tuple[FloatArray, ...]) -> str:
    """What was made of ramps of several lengths."""
    sizes, length = [r.size for r in ramps], rows.table.shape[1]
    spread = f"{name}: the ramps have {min(sizes)} to {max(sizes)} readings"
    if rows.levelled:
        return (
            f"{spread} and end at a level (their last readings scatter less than those after "
            f"{min(sizes)}): each stands at the share of its own pulses, of {length} readings"
        )
    more = ", shorter ones continued by the mean step of the others" * (length > min(sizes))
    return f"{spread}: they are fitted up to {length}{more}"


def _blocks(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    """Means over blocks of a long train, and the blocks' length: the law does not bend within one."""
    block = -(-x.size // MOST_POINTS)
    count = x.size // block
    shape = (count, block)
    return (
        x[: count * block].reshape(shape).mean(axis=1),
        y[: count * block].reshape(shape).mean(axis=1),
        block,
    )


def _whitening(noise: RampNoise, count: int, block: int, ramps: int) -> FloatArray:
    """The matrix that turns the noise of a single ramp's block means into white noise of size 1.

    Read noise and memory only: what wanders as slowly as the law bends cannot be told from the law,
    and is taken for it.  Several ramps say by themselves how far their mean can be trusted
    (:func:`_between_ramps`).
    """
    keep = math.exp(-1.0 / noise.memory)
    inside = np.arange(block)
    same = float(np.mean(keep ** np.abs(inside[:, None] - inside)))
    cross = float(np.mean(keep ** (inside - inside[:, None] + block)))  # of neighbouring blocks
    apart = np.abs(np.arange(count)[:, None] - np.arange(count))
    alike = np.where(apart == 0, same, cross * keep ** (block * np.maximum(apart - 1, 0)))
    covariance = noise.white**2 / block * np.eye(count) + noise.correlated**2 * alike
    floor = 1e-14 + 1e-9 * float(np.trace(covariance)) / count
    root = np.linalg.cholesky((covariance + floor * np.eye(count)) / ramps)
    out: FloatArray = np.linalg.inv(root)
    return out


def _scout(x: FloatArray, y: FloatArray, last: float) -> tuple[Fitted, bool]:
    """The most flexible law on the record, and whether an abrupt stop within it shows at all."""
    found = []
    for case in _cases("general", last, True):
        try:
            found.append(fit_case(case, x, y, 1.0))
        except FitRefused:
            continue
    if not found:
        found = [contest(_cases("auto", last, False), x, y, 1.0)[0]]
    best = min(found, key=lambda f: f.cost)
    plain = [f for f in found if not f.case.stepped]
    gain = plain[0].cost / max(best.cost, 1e-300) - 1.0 if plain else 1.0
    return best, bool(best.case.stepped) and gain * best.candidate.spread.dof > SHOWS


def _cases(law: str, last: float, stops: bool) -> list[Case]:
    """Each shape to the end of the record, and with an abrupt stop before it."""
    cases = []
    for shape, held in SHAPES.items():
        if law not in ("auto", shape):
            continue
        fixed = tuple((name, STILL.get(name, 0.0)) for name in held)
        cases.append(Case("pulsed_conductance", (*fixed, ("p_max", last)), shape))
        if stops and held:
            cases.append(Case("pulsed_conductance", fixed, shape, ("p_max",)))
    return cases


def _short(found: Fitted, noise: RampNoise, readings: int) -> Spread:
    """Spread of a single train's parameters.

    Of readings that resemble each other, those that count are fewer; the law takes its share of their
    scatter with it, and the noise was estimated from what is left.
    """
    own = found.candidate.spread
    total = noise.white**2 + noise.correlated**2
    if total <= 0.0:
        return own
    keep = math.exp(-1.0 / noise.memory)
    alike = 1.0 + 2.0 * noise.correlated**2 / total * keep / (1.0 - keep)
    free = found.candidate.solution.u.size
    count = max(readings / alike, free + 2.0)
    if count >= own.n_effective:
        return own
    dof = count - free
    return replace(own, covariance=own.covariance * count / dof, dof=min(dof, own.dof))


def _between_ramps(found: Fitted, table: FloatArray) -> Spread:
    """Spread of the mean ramp's parameters from how the ramps differ.

    Each ramp moves the parameters by one Gauss-Newton step; their covariance over the ramps that count
    (ramps that follow one another are alike) is that of the mean.  What drifts from ramp to ramp is no
    scatter: it stands on the card by itself, and both directions share it.  Where the mean curve lies
    further off the law than the ramps' scatter allows their mean, the covariance grows as much.
    """
    solution, own = found.candidate.solution, found.candidate.spread
    jacobian = solution.jacobian
    step = -np.linalg.pinv(jacobian.T)
    moves = without_drift((table - solution.problem.y) @ step.T)
    taken = 3 if len(table) >= SEVERAL else 1
    count = min(effective_points(column)[0] for column in moves.T)
    count = max(count, taken + 1.0)
    covariance = moves.T @ moves / (len(table) - taken) / count
    noise = without_drift(table - solution.problem.y)
    basis = np.linalg.svd(jacobian, full_matrices=False)[2]
    beside = noise - noise @ basis.T @ basis  # what no parameter can take up
    expected = float(np.sum(beside**2)) / (len(table) - taken) / count
    excess = max(solution.cost / max(expected, 1e-300), 1.0)
    dof = count - taken if excess == 1.0 else min(own.dof, count - taken)
    return replace(own, covariance=covariance * excess, dof=dof)


def _result(
    trains: Trains,
    found: list[Direction],
    ends: str,
    size: float,
    said: list[Warned],
    known: dict[str, Any],
) -> FitResult:
    names = [f"{p}_{d.name}" for d in found for p in d.fitted.candidate.solution.problem.names]
    u = np.concatenate([d.fitted.candidate.solution.u for d in found])
    covariance = block_of([d.spread.covariance for d in found])
    dof = min(d.spread.dof for d in found)
    joined = False
    if len(found) == 2:
        u, covariance, joined = join(
            names, u, covariance, (found[0].spread.dof, found[1].spread.dof), ends, said
        )
    values = {n: float(x) for n, x in zip(names, u)}
    for d in found:
        values |= {f"{n}_{d.name}": v for n, v in d.fitted.case.fixed}
        if joined:
            values |= _between_ends(d, values)
    parameters = parameters_of(found, names, values, covariance, dof, size, trains.unit, joined)
    for d in found:
        said += [replace(w, message=f"{d.name}: {w.message}") for w in d.fitted.candidate.warnings]
        said += [
            replace(w, message=f"{d.name}: {w.message}")
            for w in not_settled(d.weights, d.fitted.case.label)
        ]
    x, y, model = curves(found, values, size)
    statistics, extra = statistics_of(trains, found, values, size, y - model, joined)
    return FitResult(
        "plasticity",
        "+".join(d.fitted.case.label for d in found),
        pairs([d.weights for d in found]),
        parameters,
        statistics,
        tuple(said),
        correlations(names, covariance),
        x,
        y,
        model,
        np.ones(x.shape, dtype=bool),
        trains.file,
        None,
        {**extra, "values": values, "size": size, "known": known},
    )


def _between_ends(d: Direction, values: dict[str, float]) -> dict[str, float]:
    """The shape of a direction between the ends that both directions share, fitted again.

    Ends that move a little bend a law whose shape parameters trade off; the errors stay those of the
    joint estimate.
    """
    problem = d.fitted.candidate.solution.problem
    shape = tuple(
        p for p in problem.free if p.name not in ("g_start", "g_end", *d.fitted.case.stepped)
    )
    if not shape:
        return {}
    held = {p.name: (p, values[f"{p.name}_{d.name}"]) for p in problem.free if p not in shape}
    own = replace(problem, free=shape, fixed={**problem.fixed, **held})
    found = minimise(own, [{p.name: d.values[p.name] for p in shape}])
    return {f"{name}_{d.name}": value for name, value in found.values.items()}
