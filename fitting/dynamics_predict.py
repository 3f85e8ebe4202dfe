"""A fitted card through a record that it has not seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from compactmodels.card import ModelCard
from compactmodels.errors import InputError, SimulationError
from fitting.diagnostics import Warned
from fitting.dynamics import problem_of, temperature_of
from fitting.dynamics_problem import EDGES, Problem, residual_of
from fitting.dynamics_records import Record, Source, records_of
from fitting.dynamics_result import Response, response_of

READ_TO: Final = 0.3
"""V: up to here a record's first points are read for the state that it starts in."""


def predict(
    card: ModelCard,
    source: Source | Record,
    *,
    w0: float | None = None,
    s0: float | None = None,
    read_to: float = READ_TO,
    floor: float | None = None,
    temperature: float | None = None,
) -> tuple[Response, tuple[Warned, ...]]:
    """A card through a record that it was not fitted to.

    Parameters
    ----------
    card : ModelCard
    source : path, trace or Record
    w0, s0 : float, optional
        States at the start.  Without ``w0`` the state is read from the record's own points up to
        ``read_to`` [V], before the voltage has moved it; nothing else of the record is used.
    read_to : float
        [V].
    floor : float, optional
        Smallest current that counts [A].
    temperature : float, optional
        [K].

    Returns
    -------
    Response
        With its distance in decades.
    tuple of Warned
        ``beyond_fitted_range`` where the record leaves the card's voltages.

    Raises
    ------
    InputError
        More than one record, or no time.
    """
    records = [source] if isinstance(source, Record) else records_of(source, floor=floor)
    if len(records) != 1:
        raise InputError(f"{len(records)} records: predict one at a time", code="several_sweeps")
    record = records[0]
    both = card.model.branches[0].mix == "exponential_both"
    second = (0.5 if both else 0.0) if s0 is None else s0
    kelvin = temperature_of(records, temperature)
    problem = replace(problem_of(card, (record,), [], kelvin, False), size=None)
    chosen = _read(problem, record, second, read_to) if w0 is None else w0
    done = problem.run({}, 0, (chosen, second))
    said = []
    span = card.fitted_range
    low, high = float(np.min(record.voltage)), float(np.max(record.voltage))
    if span is not None and (low < span[0] - 0.02 or high > span[1] + 0.02):
        said.append(
            Warned(
                "beyond_fitted_range",
                f"the record runs from {low:.2f} to {high:.2f} V, the card was fitted from {span[0]:.2f} to "
                f"{span[1]:.2f} V: beyond, it is extrapolated",
            )
        )
    return response_of(record, done, "read" if w0 is None else "given"), tuple(said)


def _read(problem: Problem, record: Record, s0: float, read_to: float) -> float:
    """The initial w that the record's first points show, by minimisation over a grid, then locally."""
    from scipy.optimize import minimize_scalar

    reached = np.flatnonzero(np.abs(record.voltage) >= read_to)
    end = int(reached[0]) if reached.size else record.voltage.size
    first = np.flatnonzero(record.used[:end])
    if first.size < 3:
        first = np.flatnonzero(record.used)[:5]
        end = int(first[-1]) + 1
    part = Record(
        record.time[:end],
        record.voltage[:end],
        record.current[:end],
        record.used[:end],
        record.offset,
        record.floor,
        record.area,
        record.trace,
        (),
    )
    short = replace(problem, records=(part,))

    def cost(w: float) -> float:
        try:
            r = residual_of(part, short.run({}, 0, (float(w), s0)))
        except SimulationError:
            return 1e6
        return float(r @ r)

    grid = np.linspace(*EDGES, 60)
    best = float(grid[int(np.argmin([cost(w) for w in grid]))])
    width = float(grid[1] - grid[0])
    found = minimize_scalar(cost, bounds=(best - width, best + width), method="bounded")
    return float(np.clip(found.x, 0.0, 1.0))
