"""Statistics over a batch: how parameters scatter from cycle to cycle and from device to device.

Distributions, correlations, what one cycle tells of the next, drift, and the variance between devices
against that between cycles; each with an interval or a significance, and refused where the data are
too few.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import FitRefused, InputError
from fitting.population import LEAST_FITS, BatchStatistics, scatter_of, subject_of
from fitting.result import FitResult, Refusal

if TYPE_CHECKING:
    from compactmodels.card import ModelCard
    from fitting.joint_result import JointResult

__all__ = ["BatchStatistics", "batch_statistics", "of_joint", "scatter_of", "with_statistics"]

FloatArray = NDArray[np.float64]


def batch_statistics(
    results: Sequence[FitResult | Refusal],
    *,
    device: str | None = None,
    seed: int = 0,
) -> BatchStatistics:
    """Statistics over a batch of fits of one mechanism or law.

    Parameters
    ----------
    results : sequence of FitResult or Refusal
        In the order measured; refused ones are counted and left out.
    device : str, optional
        Regular expression whose first group (or whole match) in a file's name tells the device.  Without
        it a file with several sweeps of one kind is a device, and files with one sweep each are
        ``traces`` of which nothing says whether they are cycles or devices.
    seed : int
        Of the bootstrap.

    Returns
    -------
    BatchStatistics

    Raises
    ------
    FitRefused
        Code ``too_few_fits``.
    InputError
        Code ``several_mechanisms``, ``several_branches``, ``bad_option``.
    """
    fits = [r for r in results if isinstance(r, FitResult)]
    refused = tuple(r for r in results if isinstance(r, Refusal))
    if len(fits) < LEAST_FITS:
        first = f"; the first that was refused: {refused[0].message}" if refused else ""
        raise FitRefused(
            f"{len(fits)} of {len(results)} fits stand: {LEAST_FITS} are needed for statistics{first}",
            code="too_few_fits",
        )
    kinds = sorted({f.selected for f in fits})
    if len(kinds) > 1:
        raise InputError(
            f"the fits are of several mechanisms ({', '.join(kinds)}), whose parameters are no "
            "population: name one with --mechanism",
            code="several_mechanisms",
        )
    branches = sorted({f.branch or 1 for f in fits})
    if len(branches) > 1:
        raise InputError(
            f"the fits are of branches {', '.join(map(str, branches))}, which differ by their state: choose "
            "one with --branch",
            code="several_branches",
        )
    labels, of = _devices(fits, device)
    fitted = [n for n, e in fits[0].parameters.items() if e.how in ("fitted", "derived")]
    names = list(dict.fromkeys([*fitted, *(n for f in fits for n in _moved(f))]))
    values = {n: _column(fits, n, "value") for n in names}
    values = {n: v for n, v in values.items() if np.isfinite(v).sum() >= LEAST_FITS}
    errors = {n: _column(fits, n, "stderr") for n in values}
    units = {n: next(f.parameters[n].unit for f in fits if n in f.parameters) for n in values}
    found = scatter_of(values, devices=labels, of=of, errors=errors, units=units, seed=seed)
    return replace(
        found, selected=kinds[0], fits=tuple(fits), refused=refused, warnings=found.warnings
    )


def of_joint(result: JointResult) -> BatchStatistics | None:
    """Scatter of what a joint fit left to each trace; None for fewer than three traces, or nothing."""
    own = [n for n in result.context["per_trace"] if n in result.traces[0].parameters]
    if len(result.traces) < LEAST_FITS or not own:
        return None
    fits = list(result.traces)
    columns = {n: _column(fits, n, "value") for n in own}
    errors = {n: _column(fits, n, "stderr") for n in own}
    units = {n: fits[0].parameters[n].unit for n in own}
    return scatter_of(columns, of="traces", errors=errors, units=units)


def with_statistics(card: ModelCard, found: BatchStatistics | None) -> ModelCard:
    """The card with the table ``[statistics]`` of what is on it."""
    if found is None:
        return card
    names = {
        n: full for n in found.parameters for full in card.entries if full.partition("_")[2] == n
    }
    scattered = [n for n in names if found.parameters[n].law.scale > 0]
    return replace(card, statistics=found.table(names)) if scattered else card


def _devices(fits: list[FitResult], pattern: str | None) -> tuple[tuple[str, ...], str]:
    """The device of every fit, and what the fits are of."""
    files = [PurePath(f.file or "").name for f in fits]
    if pattern is not None:
        found = [device_rule(pattern).search(name) for name in files]
        lost = [name for name, match in zip(files, found) if match is None]
        if lost:
            raise InputError(
                f"the pattern '{pattern}' is not found in the name '{lost[0]}'", code="bad_option"
            )
        labels = tuple(m.group(1) if m.groups() else m.group() for m in found if m is not None)
        one = len(set(labels)) == 1
        return labels, "cycles" if one else subject_of(labels)
    if len(set(files)) < len(files):
        return tuple(files), "cycles" if len(set(files)) == 1 else "cycles and devices"
    return ("1",) * len(files), "traces"


def device_rule(pattern: str) -> re.Pattern[str]:
    """The regular expression that tells the device in a file's name.

    Raises
    ------
    InputError
        Code ``bad_option``: it is none.
    """
    try:
        return re.compile(pattern)
    except re.error as error:
        raise InputError(
            f"the pattern '{pattern}' is no regular expression: {error}", code="bad_option"
        ) from None


def _moved(fit: FitResult) -> list[str]:
    return [n for n, e in fit.parameters.items() if e.how == "fitted"]


def _column(fits: list[FitResult], name: str, what: str) -> FloatArray:
    """Values of a parameter, NaN where a fit does not have it or did not move it."""
    out = []
    for fit in fits:
        e = fit.parameters.get(name)
        moved = e is not None and e.how in ("fitted", "derived")
        out.append(getattr(e, what) if moved else math.nan)
    return np.array(out, dtype=np.float64)
