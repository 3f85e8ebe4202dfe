"""I-V sweeps: one mechanism or a contest of all, fitted to a branch with errors and warnings."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compactmodels import registry
from compactmodels.data import Trace
from compactmodels.errors import CompactModelsError, FitRefused, InputError
from fitting.auto import Choice, choose
from fitting.batch import Progress, name_of, run_batch
from fitting.contest import Contest
from fitting.diagnostics import Warned
from fitting.intervals import finalise
from fitting.iv_result import result_of
from fitting.mechanisms import fit_mechanism
from fitting.readers import read
from fitting.readers.columns import ColumnOption
from fitting.recipes import recipe_of
from fitting.result import FitResult, Refusal
from fitting.sweep import (
    MAX_RMS,
    Options,
    Sweep,
    branches_of,
    known_of,
    mechanisms_of,
    poor_fit,
    reverse_side,
    used_voltage,
    where,
)

FloatArray = NDArray[np.float64]
Source = str | os.PathLike[str] | Trace


def fit_iv(
    source: Source,
    mechanism: str = "auto",
    *,
    area: float | None = None,
    thickness: float | None = None,
    mass: float = 1.0,
    temperature: float | None = None,
    richardson: float | None = None,
    branch: int | None = None,
    columns: ColumnOption = None,
    skip: int | None = None,
    max_rms: float = MAX_RMS,
    polarity: str = "auto",
) -> FitResult:
    """Fit one branch of an I-V sweep.

    Parameters
    ----------
    source : path or Trace
    mechanism : str
        A conduction mechanism's name, or ``auto``: all that the knowledge given allows, held
        against each other.
    area, thickness, mass, temperature, richardson : float, optional
        m^2, m, m0, K, A/(m^2 K^2).  The temperature defaults to the trace's own, else 300.15 K.
    branch : int, optional
        Which branch, from 1, where the sweep turns.
    columns, skip : optional
        Of :func:`fitting.readers.read`.
    max_rms : float
        Decades beyond which a fit is refused.
    polarity : str
        Forward side of a rectifying contact: ``positive``, ``negative`` or ``auto`` (the side with
        the larger current at equal voltage).

    Returns
    -------
    FitResult

    Raises
    ------
    DataFileError, InputError
        The input is wrong; code ``several_branches`` where ``branch`` has to be said.
    FitRefused
        Codes ``unidentifiable poor_fit too_few_points no_convergence no_forward_points
        no_reverse_points``.
    """
    options = Options(
        mechanism,
        area,
        thickness,
        mass,
        temperature,
        richardson,
        branch,
        columns,
        skip,
        max_rms,
        polarity,
    )
    branches = branches_of(_one_trace(source, options), options)
    if len(branches) > 1 and branch is None:
        spans = ", ".join(
            f"{b.trace.meta['branch']}: {b.trace.meta['span'][0]:.3g} to {b.trace.meta['span'][1]:.3g} V"
            for b in branches
        )
        raise InputError(
            f"{where(branches[0].trace)}the sweep turns and has {len(branches)} branches ({spans}): "
            "choose one with branch=, or fit them all with fit_iv_many",
            code="several_branches",
        )
    wanted = 1 if branch is None else branch
    if not 1 <= wanted <= len(branches):
        raise InputError(
            f"branch {wanted} was asked for, the sweep has {len(branches)}", code="no_branch"
        )
    return _fit(branches[wanted - 1], options, alone=len(branches) == 1)


def fit_iv_many(
    sources: Iterable[Source] | Source,
    mechanism: str = "auto",
    *,
    jobs: int | None = 1,
    progress: Progress | None = None,
    **options: Any,
) -> list[FitResult | Refusal]:
    """Fit every branch of every source; nothing that is refused ends the batch.

    Parameters
    ----------
    sources : paths or traces
    mechanism : str
    jobs : int or None
        Processes; None takes as many as there are cores.
    progress : callable, optional
        Called with the number of sources done, and of all.
    **options
        Of :func:`fit_iv`.

    Returns
    -------
    list of FitResult or Refusal
        In order, whatever ``jobs``; each names its file and branch.

    Raises
    ------
    InputError
        An option, not a source, is wrong (an unknown mechanism, a negative area).
    """
    chosen = Options(mechanism, **options)
    known_of(chosen, None)
    mechanisms_of(chosen)
    several = [sources] if isinstance(sources, (str, os.PathLike, Trace)) else list(sources)
    return run_batch(partial(_fit_source, chosen), several, jobs=jobs, progress=progress)


def _fit_source(options: Options, source: Source) -> list[FitResult | Refusal]:
    """Every branch of every trace of one source."""
    traces = _traces(source, options)
    return [r for trace in traces for r in _all_branches(trace, options, name_of(source))]


def _all_branches(trace: Trace, options: Options, name: str | None) -> list[FitResult | Refusal]:
    try:
        branches = branches_of(trace, options)
    except CompactModelsError as error:
        return [Refusal(error.code, error.message, name, None, error)]
    out: list[FitResult | Refusal] = []
    for sweep in branches:
        number = int(sweep.trace.meta["branch"])
        if options.branch is not None and number != options.branch:
            continue
        try:
            out.append(_fit(sweep, options, alone=len(branches) == 1))
        except CompactModelsError as error:
            place = None if len(branches) == 1 else number
            out.append(Refusal(error.code, error.message, name, place, error))
    if not out and branches:
        absent = InputError(
            f"{where(trace)}branch {options.branch} was asked for, the sweep has {len(branches)}",
            code="no_branch",
        )
        return [Refusal(absent.code, absent.message, name, options.branch, absent)]
    return out


def _traces(source: Source, options: Options) -> tuple[Trace, ...]:
    if isinstance(source, Trace):
        return (source,)
    return read(source, columns=options.columns, skip=options.skip).traces


def _one_trace(source: Source, options: Options) -> Trace:
    traces = _traces(source, options)
    if len(traces) > 1:
        raise InputError(
            f"'{traces[0].meta.get('file')}' holds {len(traces)} sweeps: fit them with fit_iv_many",
            code="several_sweeps",
        )
    return traces[0]


def _fit(sweep: Sweep, options: Options, *, alone: bool) -> FitResult:
    if options.mechanism == "auto":
        return result_of(sweep, choose(sweep, mechanisms_of(options)), alone)
    part = registry.conduction(options.mechanism)
    forward = recipe_of(part).forward
    said: list[Warned] = []
    if recipe_of(part).reverse:
        sweep, said = reverse_side(sweep, part.name)
    v, i, flipped = sweep.points(forward, part.name)
    try:
        found = fit_mechanism(part, sweep.known, v, i, flipped=flipped, scale=sweep.noise.scale)
    except FitRefused as error:
        raise FitRefused(f"{where(sweep.trace)}{error.message}", code=error.code) from None
    if found.rms > sweep.max_rms:
        raise poor_fit(sweep, {part.name: found.rms}, forward)
    if forward and np.any(sweep.sign * used_voltage(sweep) < 0):
        said.append(
            Warned(
                "forward_only",
                "fitted on the forward side only: in reverse real contacts are not thermionic",
            )
        )
    won = Contest(finalise(found), {part.name: 1.0}, {}, tuple(said), sweep.mask(forward))
    return result_of(sweep, Choice(won, (won,), (), forward), alone)
