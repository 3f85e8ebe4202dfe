"""Decays: relaxation laws fitted to a signal over time, and held against each other."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels import registry
from compactmodels.data import Trace
from compactmodels.errors import CompactModelsError, FitRefused, InputError
from compactmodels.parts import Relaxation
from fitting.bands import band
from fitting.batch import Progress, run_batch
from fitting.candidate import Candidate, settle
from fitting.decay_contest import Contest, contest, singular
from fitting.decay_laws import Tried
from fitting.decay_problem import FLOOR
from fitting.decay_record import Record, record_of, where
from fitting.diagnostics import Warned
from fitting.estimates import quantile
from fitting.intervals import finalise
from fitting.readers import read
from fitting.readers.columns import ColumnOption
from fitting.result import Estimate, FitResult, Refusal

FloatArray = NDArray[np.float64]
Source = str | os.PathLike[str] | Trace

MAX_RMS: Final = 0.1
"""Decades: a fit that is further from the data than this is refused."""
CLOSE: Final = 0.9
"""Correlation of a floor with what decays to it that is worth a warning."""

LEFT: Final = 0.02
"""Share of what decays that is left at the end of a record which is too short to tell them apart."""


def fit_decay(
    source: Source,
    law: str = "auto",
    *,
    columns: ColumnOption = None,
    skip: int | None = None,
    max_rms: float = MAX_RMS,
) -> FitResult:
    """Fit a decay law to a record of a signal over time.

    Parameters
    ----------
    source : path or Trace
        Time [s] and a signal in any unit; time counts from the end of the stimulus.
    law : str
        A relaxation's name, or ``auto``: all of them held against each other.
    columns, skip : optional
        Of :func:`fitting.readers.read`.
    max_rms : float
        Decades beyond which a fit is refused; where the readings sink into noise of a constant size,
        twice their own scatter if that is more.

    Returns
    -------
    FitResult
        Parameters such as ``tau`` [s], ``b`` (the signal after 1 s) and ``m``.

    Raises
    ------
    DataFileError, InputError
        The input is wrong.
    FitRefused
        Codes ``poor_fit too_few_points no_convergence no_decay rises unidentifiable``.
    """
    laws = _laws(law)
    traces = (
        (source,) if isinstance(source, Trace) else read(source, columns=columns, skip=skip).traces
    )
    if len(traces) > 1:
        raise InputError(
            f"'{traces[0].meta.get('file')}' holds {len(traces)} records: fit them with fit_decay_many",
            code="several_sweeps",
        )
    return _fit(traces[0], laws, max_rms)


def fit_decay_many(
    sources: Iterable[Source] | Source,
    law: str = "auto",
    *,
    jobs: int | None = 1,
    progress: Progress | None = None,
    **options: Any,
) -> list[FitResult | Refusal]:
    """Fit every source; nothing that is refused ends the batch.

    Parameters
    ----------
    sources : paths or traces
    law : str
    jobs : int or None
        Processes; None takes as many as there are cores.
    progress : callable, optional
        Called with the number of sources done, and of all.
    **options
        Of :func:`fit_decay`.
    """
    _laws(law)
    several = [sources] if isinstance(sources, (str, os.PathLike, Trace)) else list(sources)
    return run_batch(partial(_fit_source, law, options), several, jobs=jobs, progress=progress)


def _fit_source(law: str, options: Mapping[str, Any], source: Source) -> list[FitResult | Refusal]:
    if isinstance(source, Trace):
        return [fit_decay(source, law, **options)]
    out: list[FitResult | Refusal] = []
    for trace in read(source, columns=options.get("columns"), skip=options.get("skip")):
        try:
            out.append(fit_decay(trace, law, **options))
        except CompactModelsError as error:
            out.append(Refusal(error.code, error.message, trace.meta.get("file"), None, error))
    return out


def _laws(law: str) -> list[Relaxation]:
    return list(registry.relaxations().values()) if law == "auto" else [registry.relaxation(law)]


def _fit(trace: Trace, laws: list[Relaxation], max_rms: float) -> FitResult:
    record = record_of(trace, singular=any(singular(part) for part in laws))
    try:
        won = contest(record, [part.name for part in laws], max_rms)
        return _result(trace, record, won)
    except FitRefused as error:
        raise FitRefused(f"{where(trace)}{error.message}", code=error.code) from None


def _settled(c: Tried, record: Record) -> Candidate:
    """The law with errors, and with what there is to say about its floor and its span."""
    kept = FLOOR in c.solution.values
    said = []
    if not kept and c.full is not None:
        said.append(
            Warned(
                "floor_unresolved",
                f"the record shows no level that stays (F is {c.gain:.2f} of what 99 % asks for): y0 is "
                "fixed at 0; a longer record would settle it",
            )
        )
    if c.needless:
        said.append(Warned("simpler_law", f"{c.name}: {c.needless}"))
    found = settle(c.part, c.solution, series=kept, warnings=tuple(said))
    found = replace(found, estimates={**found.estimates, **c.pinned})
    if not kept and FLOOR in c.values:
        nothing = (math.nan, math.nan)
        zero = Estimate(0.0, math.nan, "1", nothing, "assumed")
        found = replace(found, estimates={FLOOR: zero, **found.estimates})
    said = [*_span_remarks(c, found, record)]
    return finalise(replace(found, warnings=(*found.warnings, *said)))


def _span_remarks(c: Tried, found: Candidate, record: Record) -> list[Warned]:
    said = []
    values = c.values
    name = "tau2" if "tau2" in values else "tau"
    tau = values.get(name)
    if tau is not None and record.span < tau:
        said.append(
            Warned(
                "short_record",
                f"the record spans {record.span:.3g} s, less than {name} = {tau:.3g} s: {name} is "
                "extrapolated",
            )
        )
    end = c.part.function(record.t[-1], **{**values, **({FLOOR: 0.0} if FLOOR in values else {})})
    left = float(end) / _start(found, record)
    shapes = {FLOOR, "tau", "tau2", "beta", "t0", "m"}
    for pair, r in found.correlations().items():
        one, other = pair.split(", ")
        if {one, other} <= shapes and abs(r) > CLOSE and left > LEFT:
            said.append(
                Warned(
                    "short_record_correlated",
                    f"'{one}' and '{other}' correlate at {r:.3f}, and {100 * left:.2g} % of what decays is left at "
                    "the record's end: a longer one would tell them apart",
                )
            )
    if values.get(FLOOR, 0.0) < 0:
        said.append(Warned("negative_floor", "the level that stays is negative: an offset?"))
    return said


def _is_amplitude(name: str) -> bool:
    """Whether a parameter (y0, a, b, a1, a2 ...) is in the signal's unit."""
    return name.rstrip("0123456789") in ("y", "a", "b")


def _scaled(e: Estimate, size: float, unit: str) -> Estimate:
    low, high = e.interval
    span = (low * size, high * size)
    return replace(e, value=e.value * size, stderr=e.stderr * size, unit=unit, interval=span)


def _result(
    trace: Trace,
    record: Record,
    won: Contest,
) -> FitResult:
    assert trace.time is not None
    c = _settled(won.winner, record)
    unit = str(trace.meta.get("signal_unit", "1"))
    parameters = {
        name: _scaled(e, record.size, unit) if _is_amplitude(name) else e
        for name, e in c.estimates.items()
    }
    problem, u = c.solution.problem, c.solution.u
    with np.errstate(all="ignore"):
        model = record.sign * record.size * problem.current(u, trace.time)[0]
    statistics = {
        **c.statistics(),
        "n_total": len(trace),
        "t_min": float(record.t[0]),
        "t_max": float(record.t[-1]),
        "signal_unit": unit,
        "sign": record.sign,
        "noise_scale": record.scale * record.size,
        "candidates": dict(won.candidates),
    }
    context = {
        "start": record.size * _start(c, record),
        "sha256": trace.meta.get("sha256"),
        "sweep": trace.meta.get("sweep"),
        "assumed": list(trace.meta.get("assumed", ())),
    }
    return FitResult(
        "decay",
        c.name,
        won.weights,
        parameters,
        statistics,
        (*record.warnings, *won.warnings, *c.warnings),
        c.correlations(),
        trace.time,
        trace.current,
        model,
        record.used,
        trace.meta.get("file"),
        None,
        context,
        band=_band(c, trace.time, record),
    )


def _band(c: Candidate, t: FloatArray, record: Record) -> tuple[FloatArray, FloatArray]:
    """Where the law lies with 95 %: a factor about it, or a distance where readings cross 0."""
    if record.scale == 0:
        low, high = band(c.solution, c.spread, t)
    else:
        with np.errstate(all="ignore"):
            value, slopes = c.solution.problem.current(c.solution.u, t)
            variance = np.sum(slopes * (c.spread.covariance @ slopes), axis=0)
            half = quantile(c.spread.dof) * np.sqrt(variance)
        low, high = value - half, value + half
    ends = sorted(
        (record.sign * record.size * low, record.sign * record.size * high), key=np.nansum
    )
    return ends[0], ends[1]


def _start(c: Candidate, record: Record) -> float:
    """What decays, at t = 0 or, where the law has no such point, at the record's first."""
    values = {
        p.name: 0.0 if p.name == FLOOR else c.estimates[p.name].value for p in c.part.parameters
    }
    assert isinstance(c.part, Relaxation)
    t = float(record.t[0]) if singular(c.part) else 0.0
    return float(c.part.function(np.array(t), **values))
