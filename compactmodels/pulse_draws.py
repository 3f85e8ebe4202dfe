"""Trains of pulses drawn from a synapse: its law, and its noise with the structure that was measured."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.errors import InputError
from compactmodels.pulse_noise import CycleNoise, autoregressive, quantised
from compactmodels.synapse import Synapse, Train, of_card

if TYPE_CHECKING:
    from compactmodels.card import ModelCard

FloatArray = NDArray[np.float64]

SETTLED: Final = 500
"""Ramps after which a series no longer knows how it was begun."""
HALF: Final = 0.5
"""Of a ramp's pulses: after these its own end and pace are drawn anew."""


def trajectory(
    card: ModelCard | Synapse,
    pulses: ArrayLike,
    seed: int | None = 0,
    *,
    start: float | None = None,
) -> FloatArray:
    """Readings after each of a row of pulses, with the noise's own structure.

    Parameters
    ----------
    card : ModelCard or Synapse
    pulses : (n,) array_like
        +1 for each potentiating, -1 for each depressing pulse.
    seed : int or None
        Of all chance; None: the mean, without noise and steps.
    start : float, optional
        Conductance before the first pulse [S]; defaults to where that direction's train began.

    Returns
    -------
    (n,) array
        Conductance as read [S].  A new ramp begins wherever the direction changes.

    Raises
    ------
    InputError
        A pulse that is neither +1 nor -1, or in a direction that was not measured.
    """
    synapse = card if isinstance(card, Synapse) else of_card(card)
    signs = np.atleast_1d(np.asarray(pulses, dtype=np.float64))
    if signs.ndim != 1 or not np.all(np.abs(signs) == 1.0):
        raise InputError(
            "pulses are given as +1 (potentiating) and -1 (depressing)", code="bad_pulses"
        )
    runs = [("ltp" if sign > 0 else "ltd", len(list(run))) for sign, run in groupby(signs)]
    missing = {name for name, _ in runs} - set(synapse.trains)
    if missing:
        raise InputError(
            f"the synapse has no {' and no '.join(sorted(missing))}: only {', '.join(synapse.trains)} was measured",
            code="bad_pulses",
        )
    if not runs:
        return np.empty(0)
    return np.concatenate(_readings(synapse, runs, seed, start))


def record(
    card: ModelCard | Synapse, ramps: int, seed: int | None = 0, *, first: str = "ltp"
) -> list[FloatArray]:
    """Readings of successive ramps, up and down in turn, each to its own end.

    This is how a device is measured whose ramps stop at a conductance and not after a number of pulses.

    Parameters
    ----------
    card : ModelCard or Synapse
        With both directions.
    ramps : int
        Of both directions together.
    seed : int or None
        As in :func:`trajectory`.
    first : str
        ``ltp`` or ``ltd``.

    Returns
    -------
    list of (n,) arrays
        Conductance as read [S], of ramps of ``n`` pulses.

    Raises
    ------
    InputError
        A direction that was not measured.
    """
    synapse = card if isinstance(card, Synapse) else of_card(card)
    if len(synapse.trains) < 2:
        raise InputError(
            f"only {', '.join(synapse.trains)} was measured: ramps cannot alternate",
            code="bad_pulses",
        )
    names = [first if k % 2 == 0 else other(first) for k in range(ramps)]
    return _readings(synapse, [(name, 0) for name in names], seed, None)


def other(name: str) -> str:
    """The other direction."""
    return "ltd" if name == "ltp" else "ltp"


def _readings(
    synapse: Synapse, runs: Sequence[tuple[str, int]], seed: int | None, start: float | None
) -> list[FloatArray]:
    """Readings of runs of so many pulses (0: to the ramp's end) in the direction named."""
    rng = None if seed is None else np.random.default_rng(seed)
    out: list[FloatArray] = []
    now = start
    for ramp, count, jump in _ramps(synapse, runs, rng):
        now = ramp.g_start if now is None else now + jump
        law = ramp.run(now, count)
        if rng is None:
            out.append(law)
        else:
            tied = math.inf if ramp.cycle is None else ramp.pulses
            law = law + ramp.noise.wander(count, rng, tied)
            out.append(quantised(law + ramp.noise.read(count, rng), synapse.quantum))
        now = float(law[-1])
    return out


def _ramps(
    synapse: Synapse, runs: Sequence[tuple[str, int]], rng: np.random.Generator | None
) -> Iterator[tuple[Train, int, float]]:
    """The train of each run, between its own ends and in its own number of pulses; its jump.

    Ends and pace are drawn anew after half a ramp in that direction: a train that turns after every
    other pulse is no row of ramps.
    """
    if rng is None:
        for name, count in runs:
            train = synapse.trains[name]
            yield train, count or round(train.pulses), 0.0
        return
    ends = _ends(synapse, len(runs), rng)
    paces = iter(_paces(synapse.pace, len(runs), rng))
    # before the first ramp the other direction ended where it would have
    last = {name: next(rows) for name, rows in ends.items()}
    pulses: dict[str, float] = {}
    spent = dict.fromkeys(ends, HALF)
    for name, count in runs:
        train = synapse.trains[name]
        cycle = train.cycle or CycleNoise()
        jump = 0.0
        if spent[name] >= HALF:
            spent[name] = 0.0
            last[name] = next(ends[name])
            pulses[name] = max(train.pulses * (1.0 + cycle.pace * next(paces)), 1.0)
            jump = cycle.jump * float(rng.standard_normal())
        start, end = train.g_start + last.get(other(name), 0.0), train.g_end + last[name]
        span = train.g_end - train.g_start
        if (end - start) * span <= 0.0:  # a spread as wide as the window
            end = start + 1e-3 * span
        ramp = replace(train, g_start=start, g_end=end, pulses=pulses[name])
        count = count or round(ramp.pulses)
        spent[name] += count / ramp.pulses
        yield ramp, count, jump


def _ends(synapse: Synapse, count: int, rng: np.random.Generator) -> dict[str, Iterator[float]]:
    """Ends of successive ramps of each direction less the law's: alike, and between the two."""
    common, own = rng.standard_normal((2, count + 2))
    share = synapse.together
    normals = {"ltp": common, "ltd": share * common + np.sqrt(1.0 - share**2) * own}
    return {
        name: iter(np.zeros(count + 1) if train.cycle is None else train.cycle.draw(normals[name]))
        for name, train in synapse.trains.items()
    }


def _paces(keep: tuple[float, ...], count: int, rng: np.random.Generator) -> FloatArray:
    """A stationary autoregressive series of variance 1, (count,)."""
    kicks = rng.standard_normal(count + SETTLED)
    if not keep:
        return kicks[SETTLED:]
    echo = autoregressive(np.eye(1, SETTLED)[0], keep, np.zeros(len(keep)))
    series = autoregressive(kicks, keep, np.zeros(len(keep))) / math.sqrt(float(echo @ echo))
    return series[SETTLED:]
