"""State equations fitted to whole records: hysteresis sweeps, pulses, any v(t) and i(t).

The compiled integrator runs every trial through the voltages and times as measured.  Searches
start from the static fit of the branches with kinetics drawn at random, because a single start
often ends in a minimum that is not the best one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import FitRefused, InputError
from compactmodels.fast import compile_model
from compactmodels.parameter import TEMPERATURE
from fitting.diagnostics import Warned
from fitting.dynamics_checks import (
    correlations_of,
    errors_of,
    estimates_of,
    ramp_rates,
    warnings_of,
)
from fitting.dynamics_problem import EDGES, Problem, Unknown, many_starts
from fitting.dynamics_records import Record, Source, records_of
from fitting.dynamics_result import PROTOCOLS, DynamicsResult, response_of
from fitting.dynamics_start import FIXED, MOVED, drawn, initial_guess, junction_card
from fitting.hysteresis import check_memory

MAX_RMS: Final = 0.3
"""Decades beyond which a fit is refused."""
AGREE: Final = 0.01
"""Relative difference of residual below which two searches ended alike."""
SHORT, LONG, POLISHED = 25, 150, 3
"""Evaluations of a short and of a long search, and how many are searched to the end."""
SECONDS: Final = 300.0
Progress = Callable[[float, str], None]


def _silent(share: float, text: str) -> None:
    """No progress is shown."""


def fit_dynamics(
    sources: Iterable[Source] | Source,
    *,
    start: ModelCard | None = None,
    free: Sequence[str] | None = None,
    states: int = 1,
    initial: str = "fitted",
    areas: Sequence[float] | None = None,
    floor: float | None = None,
    most: float | None = None,
    temperature: float | None = None,
    starts: int = 8,
    seed: int = 0,
    seconds: float = SECONDS,
    max_rms: float = MAX_RMS,
    progress: Progress = _silent,
) -> DynamicsResult:
    """Fit a switching law and its conduction to whole records at once.

    Parameters
    ----------
    sources : paths or traces
        Each with time [s], voltage [V] and current [A].
    start : ModelCard, optional
        Structure and start values; without it a Schottky junction whose saturation current one or
        two self-limiting states move.
    free : sequence of str, optional
        With ``start``: the parameters that may move; those that were fitted before unless given.
    states : int
        Of the default structure, 1 or 2.
    initial : str
        ``fitted`` or ``carried``: the states in which a record starts are fitted, or are those in
        which the record before ended.  They are a history, not parameters of the device.
    areas : sequence of float, optional
        Contact area [m^2], one for all records or one each; several sizes give the series
        resistance a part that goes with 1/radius.
    floor : float, optional
        Smallest current that counts [A]; twice the instrument's offset unless given.
    most : float, optional
        Largest current that counts [A].
    temperature : float, optional
        [K]; the record's, else 300.15.
    starts : int
        Searches with kinetics drawn at random (``seed``); the best few are searched to the end.
    seconds : float
        Time after which no further search begins.
    max_rms : float
        Decades beyond which the fit is refused.
    progress : callable
        Called with the share done and a few words.

    Raises
    ------
    InputError
        An option or a record is wrong.
    FitRefused
        Codes ``too_few_points``, ``no_switching``, ``no_convergence``, ``poor_fit``.
    """
    _check(states, initial, starts, start, free)
    records = tuple(records_of(sources, floor=floor, areas=areas, most=most))
    check_memory(records, alone=start is None)
    kelvin = temperature_of(records, temperature)
    if start is None:
        card, static = junction_card(records, states, kelvin)
        names = [p.name for p in card.model.parameters if _moved(p.name)]
    else:
        card, static = start, {}
        names = list(free or [n for n, e in start.entries.items() if e.origin == "fitted"])
        for name in names:
            start.parameter(name)
        if not names:
            raise InputError(
                f"card '{start.name}' has no fitted value: say with --free (free=) which parameters may "
                "move",
                code="nothing_free",
            )
    problem = problem_of(card, records, names, kelvin, initial == "carried")
    begun = _starts(problem, static, states, starts, seed, own=start is not None)
    found = many_starts(
        problem,
        begun,
        first=SHORT,
        last=LONG,
        polished=POLISHED,
        progress=progress,
        until=time.monotonic() + seconds,
    )
    rms, u, _ = found[0]
    alike = sum(other <= rms * (1 + AGREE) for other, _, _ in found)
    return _result(problem, u, len(found), alike, max_rms, initial)


def _check(
    states: int, initial: str, starts: int, start: ModelCard | None, free: Sequence[str] | None
) -> None:
    if states not in (1, 2):
        raise InputError(f"states = {states}: 1 or 2 are expected", code="bad_states")
    if initial not in ("fitted", "carried"):
        raise InputError(
            f"initial = '{initial}': 'fitted' or 'carried' is expected", code="bad_initial"
        )
    if starts < 1:
        raise InputError(f"starts = {starts}: at least 1 is expected", code="bad_starts")
    if free is not None and start is None:
        raise InputError(
            "free parameters are named for a card to start from: give --start", code="no_start"
        )
    if start is not None and start.model.switching is None:
        raise InputError(f"card '{start.name}' has no switching law to fit", code="no_law")


def temperature_of(records: Sequence[Record], given: float | None) -> float:
    """The given temperature [K], the first that a record knows, or room temperature."""
    if given is not None:
        return TEMPERATURE.check(given)
    known = [r.trace.temperature for r in records if r.trace.temperature is not None]
    return float(known[0]) if known else ROOM_TEMPERATURE


def _moved(name: str) -> bool:
    prefix, _, own = name.partition("_")
    return (
        name == "gmin" or (prefix == "j" and own in MOVED) or (prefix == "sw" and own not in FIXED)
    )


def problem_of(
    card: ModelCard, records: tuple[Record, ...], names: Sequence[str], kelvin: float, carried: bool
) -> Problem:
    """The unknowns called ``names``, the records' initial states, and what stays fixed."""
    unknowns = []
    branch = card.model.branches[0]
    area, series = f"{branch.name}_area", f"{branch.name}_r_s"
    size = (area, series) if records[0].area and area in card.values else None
    several = size is not None and len({r.area for r in records}) > 1
    for name in names:
        if several and name == series:
            unknowns.append(Unknown("r_fixed", "ohm", 1e-3, 1e9, True))
            unknowns.append(Unknown("r_spread", "ohm m", 1e-9, 1e3, True))
            continue
        p = card.parameter(name)
        lower = 1e-15 if name == "gmin" else max(p.lower, 1e-6) if name == series else p.lower
        unknowns.append(Unknown(name, p.unit, lower, p.upper, p.log or name in ("gmin", series)))
    both = branch.mix == "exponential_both"
    start = []
    for k in range(len(records)):
        if k == 0 or not carried:
            unknowns.append(Unknown("w0", "1", *EDGES, False, k))
            if both and k > 0:  # only the sum of the two is seen in the first
                unknowns.append(Unknown("s0", "1", *EDGES, False, k))
        start.append((0.5, 0.5 if both else 0.0))
    return Problem(
        compile_model(card.model),
        card,
        records,
        tuple(unknowns),
        kelvin,
        carried,
        tuple(start),
        size,
    )


def _starts(
    problem: Problem, static: dict[str, float], states: int, count: int, seed: int, *, own: bool
) -> list[dict[str, float]]:
    rng = np.random.default_rng(seed)
    records = problem.records
    card = problem.card.values
    guess = {"n": card.get("j_n", 1.5)} | static
    states_at = initial_guess(records, guess, problem.temperature)
    out = []
    for k in range(count):
        values = dict(card)
        if not own:
            values |= drawn(rng, records, static, states, card["sw_v_ref"])
        r_s = values.get("j_r_s", values.get(problem.size[1] if problem.size else "", 1.0))
        radius = math.sqrt((records[0].area or math.pi) / math.pi)
        values |= {"r_fixed": 0.5 * r_s, "r_spread": 0.5 * r_s * radius}
        for j, w0 in enumerate(states_at):
            values |= {f"w0[{j + 1}]": w0, f"s0[{j + 1}]": 0.5}
        if own and k > 0:
            u = problem.inner(values) + rng.normal(0.0, 0.3, len(problem.unknowns)) * _scale(
                problem
            )
            values |= problem.outer(problem.inner(problem.outer(u)))
        out.append(values)
    return out


def _scale(problem: Problem) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Size of a random change: a factor for logarithms, a share of the range for the rest."""
    return np.array(
        [1.0 if x.log else 0.05 * min(x.upper - x.lower, 100.0) for x in problem.unknowns]
    )


def _result(
    problem: Problem, u: Any, tried: int, alike: int, max_rms: float, initial: str
) -> DynamicsResult:
    runs = problem.runs(problem.outer(u))
    if any(done is None for done in runs):
        raise FitRefused(
            f"none of {tried} start(s) led to states that can be followed through the records",
            code="no_convergence",
        )
    how = ["fitted" if k == 0 else initial for k in range(len(runs))]
    responses = tuple(
        response_of(r, done, h) for r, done, h in zip(problem.records, runs, how, strict=True)
    )
    counts = np.array([int(r.record.used.sum()) for r in responses])
    rms = float(
        np.sqrt(np.sum(counts * np.array([r.rms_decades for r in responses]) ** 2) / counts.sum())
    )
    law = problem.card.model.switching
    assert law is not None
    if not rms <= max_rms:
        raise FitRefused(
            f"the best of {tried} start(s) of '{law.name}' lies {rms:.2g} decades (RMS) off, more than the "
            f"{max_rms:g} that is allowed: the records may hold something that this law does not; try two "
            "states (--states 2), another card to start from, or fewer records",
            code="poor_fit",
        )
    errors = errors_of(problem, u)
    estimates = estimates_of(problem, u, errors)
    said = warnings_of(problem, u, errors, estimates)
    if alike == 1 and tried > 1:
        said.append(
            Warned(
                "single_minimum",
                f"only 1 of {tried} starts reached the best minimum: there may be a better one; try more "
                "starts or another seed",
            )
        )
    statistics = {
        "rms_decades": rms,
        "n_points": int(counts.sum()),
        "n_effective": errors.n_effective,
        "n_parameters": len(problem.unknowns),
        "condition": errors.condition,
        "starts": tried,
        "agreeing": alike,
        "v_min": min(float(np.min(r.voltage)) for r in problem.records),
        "v_max": max(float(np.max(r.voltage)) for r in problem.records),
        "ramp_rate": ramp_rates(problem)[0],
        "temperature": problem.temperature,
        "initial": f"{initial}: {PROTOCOLS[initial]}",
        "traces": [r.row() for r in responses],
    }
    return DynamicsResult(
        law.name,
        problem.card,
        estimates,
        statistics,
        tuple(said),
        correlations_of(problem, errors),
        responses,
        problem.size,
    )
