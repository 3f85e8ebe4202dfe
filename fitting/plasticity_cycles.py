"""How successive ramps differ as wholes: their ends, where they begin, how many pulses they take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from compactmodels.pulse_draws import other
from compactmodels.pulse_noise import CycleNoise
from fitting.plasticity_ramps import AT_AN_END, gaps, in_turn
from fitting.plasticity_trains import Trains
from fitting.plasticity_window import Direction
from fitting.problem import FloatArray
from fitting.pulse_noise import autoregression_of, estimate_cycle_noise, pace_of, together


def cycle_noise(
    found: Sequence[Direction], trains: Trains
) -> tuple[list[CycleNoise | None], float, tuple[float, ...]]:
    """The noise from ramp to ramp.

    Parameters
    ----------
    found : sequence of Direction
    trains : Trains
        All ramps as measured.

    Returns
    -------
    cycles : list of CycleNoise or None
        Of each direction; None where its ramps are too few.
    alike : float
        Correlation of the ends of the two directions.
    pace : tuple of float
        Autoregression of the numbers of pulses of successive ramps; empty where ramps had a number
        of pulses given.
    """
    ends = [_ends(d) for d in found]
    if len(found) < 2:
        return ends, 0.0, ()
    first, ramps = in_turn(trains)
    between = gaps(ramps)
    cycles: list[CycleNoise | None] = []
    for d, cycle in zip(found, ends):
        # the ramp that came first follows none
        own = between[1::2] if d.name == first else between[::2]
        cycles.append(None if cycle is None else _paced(d, replace(cycle, jump=_jump(d, own))))
    up, down = cycles
    if up is None or down is None:
        return cycles, 0.0, ()
    alike = together(found[0].rows.ends, found[1].rows.ends, up, down)
    return cycles, alike, autoregression_of(_paces(found, first, len(ramps)))


def _ends(d: Direction) -> CycleNoise | None:
    """Where the ramps of one direction end."""
    if not d.rows.tied:
        return None
    near = max(1, min(AT_AN_END, d.ramps.shape[1] // 4))
    within = (
        d.noise.white**2 / near
        + d.noise.correlated**2 * min(1.0, 2 * d.noise.memory / near)
        + d.noise.walk**2 * near / 3
    )
    return estimate_cycle_noise(d.rows.ends, within)


def _jump(d: Direction, between: FloatArray) -> float:
    """Scatter of the starts about the ends of the ramps before, less what reading puts on both."""
    reading = 2.0 * (d.noise.white**2 + d.noise.correlated**2)
    return math.sqrt(max(float(np.var(between)) - reading, 0.0)) if between.size > 1 else 0.0


def _paced(d: Direction, cycle: CycleNoise) -> CycleNoise:
    """The same with the scatter of the numbers of pulses, where the ramps themselves ended."""
    if not d.rows.levelled:
        return cycle
    pace, span = pace_of(d.rows.lengths)
    return replace(cycle, pace=pace, intervals={**cycle.intervals, "pace": span})


def _paces(found: Sequence[Direction], first: str, count: int) -> FloatArray:
    """Numbers of pulses of all ramps in their order, each over the scatter of its direction."""
    if not all(d.rows.levelled for d in found):
        return np.zeros(count)
    own = {d.name: (d.rows.lengths - d.rows.lengths.mean()) / d.rows.lengths.std() for d in found}
    mixed = np.empty(count)
    mixed[::2], mixed[1::2] = own[first][: len(mixed[::2])], own[other(first)][: len(mixed[1::2])]
    return mixed
