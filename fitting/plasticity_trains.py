"""Trains of pulses as people have them: up and down in columns, in two files, or one after the other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import DataFileError, InputError
from fitting.plasticity_data import (
    OPTION,
    heading_of,
    located,
    named,
    option_of,
    single_table,
    unit_of,
)
from fitting.readers.source import Source
from fitting.readers.table import Table

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trains:
    """Conductance after each pulse, ramp by ramp.

    Parameters
    ----------
    up, down : tuple of (n,) arrays
        Potentiating and depressing ramps in the order they were measured; lengths may differ.
    unit : str
        ``S``, ``A`` or ``1`` (arbitrary).
    first : int
        Pulses before the first reading: 1, or 0 where it was taken before any.
    numbered : bool
        Whether the record says so itself, in a column that counts the pulses.
    file, sha256, assumed
        As in :class:`Series`.
    """

    up: tuple[FloatArray, ...] = ()
    down: tuple[FloatArray, ...] = ()
    unit: str = "1"
    first: int = 1
    numbered: bool = True
    file: str | None = None
    sha256: str | None = None
    assumed: tuple[str, ...] = field(default=())


def read_trains(
    paths: Sequence[str | os.PathLike[str]],
    columns: str | None = None,
    skip: int | None = None,
    read_voltage: float | None = None,
) -> Trains:
    """Pulse trains out of one file (up and down in columns, or one after the other) or two.

    Parameters
    ----------
    paths : one or two paths or DataFile
        With two, the one that rises holds the potentiation.
    columns : str, optional
        ``pulse=1,g=2`` or ``up=1,down=2``.
    skip : int, optional
    read_voltage : float, optional
        [V]: divides currents to give conductances.

    Raises
    ------
    DataFileError, InputError
    """
    if not 1 <= len(paths) <= 2:
        raise InputError("pulse trains come in one file or in two, up and down", code="usage")
    ramps: list[FloatArray] = []
    labels: list[str] = []
    units: set[str | None] = set()
    shas: list[str] = []
    assumed: list[str] = []
    first, numbered = 1, True
    for path in paths:
        try:
            source, table = single_table(path, skip)
        except DataFileError as error:
            if error.code != "not_data":
                raise
            source, table = single_table(path, skip, least=1)
        shas.append(source.sha256)
        found, counted = _train_columns(source, table, option_of(columns))
        first, numbered = (1, False) if counted is None else (counted, numbered)
        for index, label, written in found:
            unit, factor = unit_of(heading_of(table, index), written)
            units.add(unit)
            ramps.append(factor * _ragged(source, table, index))
            labels.append(label)
    if len(units) > 1:
        raise DataFileError(
            f"'{os.fspath(paths[0])}': the trains are in {', '.join(str(u) for u in units)}: one unit is needed",
            code="wrong_unit",
        )
    unit = units.pop() or "1"
    if read_voltage is not None:
        if not np.isfinite(read_voltage) or read_voltage == 0:
            raise InputError("the read voltage has to be a number other than 0", code="usage")
        ramps, unit = [r / read_voltage for r in ramps], "S"
    up, down = _sorted(ramps, labels, first, assumed)
    return Trains(
        tuple(up), tuple(down), unit, first, numbered, os.fspath(paths[0]), shas[0], tuple(assumed)
    )


def _train_columns(
    source: Source,
    table: Table,
    chosen: dict[str, tuple[str, str | None]],
) -> tuple[list[tuple[int, str, str | None]], int | None]:
    """(column, label, unit as written by the caller) of each train; pulses before the first reading.

    The latter None where no column counts the pulses.
    """
    places = {k: located(source, table, k, where) for k, (where, _) in chosen.items()}
    texts = [heading_of(table, k) for k in range(table.width)]
    pulse = places.get("pulse", places.get("x"))
    if places:
        keys = [k for k in ("g", "y", "up", "down") if k in places]
        found: list[tuple[int, str, str | None]] = [
            (places[k], k if k in ("up", "down") else "", chosen[k][1]) for k in keys
        ]
    else:
        if pulse is None:
            pulse = next((k for k, t in enumerate(texts) if named(t, "pulse")), None)
        rest = [k for k in range(table.width) if k != pulse]
        label = {k: next((n for n in ("up", "down") if named(texts[k], n)), "") for k in rest}
        known = bool(table.headings) and (
            len(rest) == 1 or all(label.values()) or all(named(texts[k], "ramp") for k in rest)
        )
        if not known and len(rest) != 1:
            raise DataFileError(
                f"{source.where(table.first)}: {table.width} columns, and which is which is not clear: "
                f"name them with {OPTION}",
                code="ambiguous_columns",
            )
        found = [(k, label[k], None) for k in rest]
    if not found:
        raise DataFileError(
            f"{source.where(table.first)}: no column of conductances: name it with {OPTION}",
            code="no_columns",
        )
    if pulse is None:
        return found, None
    numbers = _ragged(source, table, pulse)
    return found, 0 if numbers.size and numbers[0] == 0 else 1


def _ragged(source: Source, table: Table, index: int) -> FloatArray:
    """A column whose end may be empty."""
    if table.arrays is not None:
        array = np.asarray(table.arrays[index], dtype=np.float64)
    else:
        array = np.array([_cell(source, table, int(row), index) for row in table.places])
    good = np.flatnonzero(np.isfinite(array))
    if good.size == 0:
        raise DataFileError(
            f"'{source.path}', column {index + 1}: no number in it", code="non_numeric"
        )
    array = array[: good[-1] + 1]
    if not np.all(np.isfinite(array)):
        row = int(table.places[int(np.flatnonzero(~np.isfinite(array))[0])])
        raise DataFileError(
            f"{source.where(row)}: column {index + 1} has a gap: a train is needed pulse by pulse",
            code="not_finite",
        )
    return array


def _cell(source: Source, table: Table, row: int, index: int) -> float:
    cells = table.cells(row)
    cell = cells[index] if index < len(cells) else ""
    number = table.dialect.number(cell) if cell else float("nan")
    if number is None:
        raise DataFileError(
            f"{source.where(row)}: column {index + 1} holds '{cell[:30]}' where a number is expected",
            code="non_numeric",
        )
    return number


def _sorted(
    ramps: list[FloatArray], labels: list[str], first: int, assumed: list[str]
) -> tuple[list[FloatArray], list[FloatArray]]:
    """The rising and the falling ramps; a single train that turns is cut at its turns.

    Where a reading was taken before the first pulse, each ramp begins with the last of the one before.
    """
    if len(ramps) == 1 and not labels[0]:
        before = 1 - first
        (train,) = ramps
        cuts = [cut + before for cut in _turns(train[before:])]
        if cuts:
            assumed.append(
                f"the train turns after {', '.join(map(str, cuts))} readings: up and down are cut there"
            )
            ends = [*cuts, train.size]
            ramps = [train[a:b] for a, b in zip([0, *(c - before for c in cuts)], ends)]
            labels = [""] * len(ramps)
    up: list[FloatArray] = []
    down: list[FloatArray] = []
    for ramp, label in zip(ramps, labels):
        rises = _trend(ramp) > 0
        (up if (label == "up" if label else rises) else down).append(ramp)
    return up, down


def _trend(ramp: FloatArray) -> float:
    third = max(1, ramp.size // 3)
    return float(np.mean(ramp[-third:]) - np.mean(ramp[:third]))


def _turns(train: FloatArray) -> list[int]:
    """Where a train turns from up to down or back, any number of times."""
    rough = _reversals(train)
    if len(rough) < 2:
        cut = _turn(train)
        return [] if cut is None else [cut]
    bounds = [0, *rough, train.size]
    cuts = []
    for k in range(1, len(bounds) - 1):
        start, stop = (bounds[k - 1] + bounds[k]) // 2, (bounds[k] + bounds[k + 1]) // 2
        cut = _turn(train[start:stop])
        cuts.append(bounds[k] if cut is None else start + cut)
    return _even(cuts, train.size)


def _reversals(train: FloatArray) -> list[int]:
    """Readings up to each extreme from which the train comes back by half its span."""
    reach = 0.5 * float(np.ptp(train))
    found: list[int] = []
    sign, top = 0.0, {1.0: 0, -1.0: 0}
    for k, g in enumerate(train):
        for way in (1.0, -1.0):
            if way * (g - train[top[way]]) >= 0:
                top[way] = k
            elif sign != -way and way * (train[top[way]] - g) > reach:
                if sign == way:
                    found.append(top[way] + 1)
                sign, top = -way, {**top, -way: k}
    return found


def _even(cuts: list[int], size: int) -> list[int]:
    """The cuts of whole cycles of one length, where the record holds them within what noise moves them."""
    cycles, rest = divmod(len(cuts) + 1, 2)
    period, more = divmod(size, cycles)
    if rest or more:
        return cuts
    ups = round(float(np.median([c - k * period for k, c in enumerate(cuts[::2])])))
    even = sorted(
        [ups + k * period for k in range(cycles)] + [k * period for k in range(1, cycles)]
    )
    off = max(abs(a - b) for a, b in zip(cuts, even))
    return even if off <= max(2.0, 0.1 * period) else cuts


def _turn(ramp: FloatArray) -> int | None:
    """Where one train becomes the other; None where it never turns.

    The cut leaves the smallest scatter about a straight line on either side.
    """
    n = ramp.size
    if n < 8:
        return None
    step = max(1, n // 200)
    thin = ramp[::step]
    t = np.arange(thin.size, dtype=np.float64)
    places = range(3, thin.size - 2)
    costs = [_about_line(t[:c], thin[:c]) + _about_line(t[c:], thin[c:]) for c in places]
    k = (int(np.argmin(costs)) + 3) * step
    first, second = _trend(ramp[:k]), _trend(ramp[k:])
    opposite = first * second < 0 and min(abs(first), abs(second)) > 0.3 * float(np.ptp(ramp))
    if not opposite:
        return None
    # A saturating train bends before it turns: the turn is the last reading near the cut that still
    # is at the extreme, within the readings' scatter.
    start, stop = max(1, k - n // 4), min(n - 1, k + n // 4)
    near = np.convolve(ramp[start:stop], np.full(step, 1.0 / step), "valid")
    near = near if first > 0 else -near
    bends = np.abs(np.diff(ramp, 2))
    scatter = 1.48 * float(np.median(bends)) / np.sqrt(6.0 * step)
    last = int(np.flatnonzero(near >= near.max() - 3.0 * scatter)[-1])
    return start + last + (step - 1) // 2 + 1


def _about_line(t: FloatArray, y: FloatArray) -> float:
    dt, dy = t - t.mean(), y - y.mean()
    power = float(dt @ dt)
    slope = float(dt @ dy) / power if power > 0 else 0.0
    return float(np.sum((dy - slope * dt) ** 2))
