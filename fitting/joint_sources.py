"""Several traces made ready together: which branch of each, its temperature and its area."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from compactmodels.data import Trace
from compactmodels.errors import InputError
from fitting.readers import read
from fitting.readers.columns import ColumnOption
from fitting.sweep import Options, Sweep, branches_of, voltage_of, where

Source = str | os.PathLike[str] | Trace


def sweeps_of(
    sources: Iterable[Source] | Source,
    *,
    temperatures: Sequence[float] | None = None,
    areas: Sequence[float] | None = None,
    branch: int | None = None,
    columns: ColumnOption = None,
    skip: int | None = None,
    options: Options | None = None,
) -> list[Sweep]:
    """One branch of every trace, ready to be fitted.

    Parameters
    ----------
    sources : paths or traces
        A file may hold several sweeps: each is a trace.
    temperatures, areas : sequence of float, optional
        Kelvin and m^2, one a trace in order; a single value holds for all.  The default is each
        trace's own temperature, and the area of ``options``.
    branch : int, optional
        Which branch of every sweep, from 1; needed where a sweep turns.
    columns, skip : optional
        Of :func:`fitting.readers.read`.
    options : Options, optional
        What else holds for all.

    Raises
    ------
    InputError
        Code ``unequal_counts``: another number of temperatures or areas than traces; codes
        ``several_branches``, ``no_branch``.
    """
    common = options or Options()
    common = replace(common, branch=branch, columns=columns, skip=skip)
    several = [sources] if isinstance(sources, (str, os.PathLike, Trace)) else list(sources)
    traces: list[Trace] = []
    for source in several:
        own = isinstance(source, Trace)
        traces += [source] if own else read(source, columns=columns, skip=skip).traces  # type: ignore[list-item, arg-type]
    kelvin = _one_each(temperatures, len(traces), "temperatures", "K")
    size = _one_each(areas, len(traces), "areas", "m^2")
    out = []
    for trace, t, a in zip(traces, kelvin, size):
        chosen = replace(
            common,
            temperature=common.temperature if t is None else t,
            area=common.area if a is None else a,
        )
        out.append(_one_branch(branches_of(trace, chosen), trace, branch))
    return out


def _one_each(
    values: Sequence[float] | None, count: int, name: str, unit: str
) -> list[float] | list[None]:
    if values is None:
        return [None] * count
    given = [float(v) for v in values]
    if len(given) == 1:
        given *= count
    if len(given) != count:
        raise InputError(
            f"{len(given)} {name} were given for {count} traces: one a trace is expected, in the "
            f"order of the files (or a single one for all), in {unit}",
            code="unequal_counts",
        )
    return given


def _one_branch(branches: list[Sweep], trace: Trace, branch: int | None) -> Sweep:
    if branch is None and len(branches) > 1:
        raise InputError(
            f"{where(trace)}the sweep turns and has {len(branches)} branches: say which one is to be "
            "fitted in every trace with --branch",
            code="several_branches",
        )
    number = 1 if branch is None else branch
    if not 1 <= number <= len(branches):
        raise InputError(
            f"{where(trace)}branch {number} was asked for, the sweep has {len(branches)}",
            code="no_branch",
        )
    return branches[number - 1]


def current_at(sweep: Sweep, voltage: float) -> float:
    """Current [A] of a branch at a bias [V], by interpolation of ln|I| between its neighbours.

    Raises
    ------
    InputError
        Code ``outside``: a bias outside the used points.
    """
    v, i = voltage_of(sweep.trace)[sweep.used], sweep.trace.current[sweep.used]
    side = v * voltage > 0
    order = np.argsort(np.abs(v[side]), kind="stable")
    size, log = np.abs(v[side])[order], np.log(np.abs(i[side]))[order]
    if not size.size or not size[0] <= abs(voltage) <= size[-1] * (1 + 1e-9):
        span = f"{v.min():.4g} to {v.max():.4g} V" if v.size else "nothing"
        raise InputError(
            f"{where(sweep.trace)}a bias of {voltage:g} V was asked for and the usable points cover "
            f"{span}: choose one inside",
            code="outside",
        )
    return math.copysign(math.exp(float(np.interp(abs(voltage), size, log))), voltage)
