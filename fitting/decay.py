"""Decays: a relaxation law fitted to a signal over time, in the logarithm."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels import registry
from compactmodels.data import Trace
from compactmodels.errors import CompactModelsError, FitRefused, InputError
from compactmodels.parameter import Parameter
from compactmodels.parts import Relaxation
from fitting import guess
from fitting.candidate import Candidate, nested, settle
from fitting.diagnostics import Warned
from fitting.engine import minimise
from fitting.problem import Problem
from fitting.readers import read
from fitting.readers.checks import check_finite, check_points, check_swept
from fitting.readers.columns import ColumnOption
from fitting.result import Estimate, FitResult, Refusal
from fitting.selection import weights

FloatArray = NDArray[np.float64]
Source = str | os.PathLike[str] | Trace

MAX_RMS: Final = 0.1
"""Decades: a fit that is further from the data than this is refused."""
LEAST_POINTS: Final = 6
FLOOR: Final = "y0"
"""What stays: kept only where the record shows it."""


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
        Decades beyond which a fit is refused.

    Returns
    -------
    FitResult
        Parameters such as ``tau`` [s], ``b`` (the signal after 1 s) and ``m``.

    Raises
    ------
    DataFileError, InputError
        The input is wrong.
    FitRefused
        Codes ``poor_fit too_few_points no_convergence``.
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
    sources: Iterable[Source], law: str = "auto", **options: Any
) -> list[FitResult | Refusal]:
    """Fit every source; nothing that is refused ends the batch.

    Parameters
    ----------
    sources : paths or traces
    law : str
    **options
        Of :func:`fit_decay`.
    """
    _laws(law)
    out: list[FitResult | Refusal] = []
    for source in sources:
        name = source.meta.get("file") if isinstance(source, Trace) else os.fspath(source)
        try:
            out.append(fit_decay(source, law, **options))
        except CompactModelsError as error:
            out.append(Refusal(error.code, error.message, name, None, error))
    return out


def _laws(law: str) -> list[Relaxation]:
    return list(registry.relaxations().values()) if law == "auto" else [registry.relaxation(law)]


def _fit(trace: Trace, laws: list[Relaxation], max_rms: float) -> FitResult:
    t, y, kept, sign, said = _record(trace, singular=any(_singular(part) for part in laws))
    scale = float(np.exp(np.mean(np.log(y))))  # bounds and steps are for signals of order 1
    found: list[Candidate] = []
    refused: dict[str, str] = {}
    for part in laws:
        try:
            found.append(_fit_law(part, t, y / scale))
        except FitRefused as error:
            if len(laws) == 1:
                raise FitRefused(f"{_where(trace)}{error.message}", code=error.code) from None
            refused[part.name] = error.code
    good = [c for c in found if c.rms <= max_rms and (len(laws) == 1 or not c.solution.at_bound)]
    if not good:
        each = ", ".join(f"{c.name} {c.rms:.3g}" for c in found) or "none converged"
        raise FitRefused(
            f"{_where(trace)}no law comes within {max_rms:g} decades RMS (found: {each}): the record "
            "may hold several decays, or noise around zero; --max-rms accepts more",
            code="poor_fit",
        )
    points = max(min(good, key=lambda c: c.rms).spread.n_effective, 8.0)
    share = weights({c.name: c.criterion(points) for c in good})
    winner = min(good, key=lambda c: c.criterion(points, schwarz=True))
    rivals = [n for n, w in share.items() if n != winner.name and w > 0.05]
    if rivals:
        each = ", ".join(f"{n} {share[n]:.2f}" for n in (winner.name, *rivals))
        said.append(Warned("not_settled", f"the record does not settle the law: weights {each}"))
    candidates: dict[str, Any] = {c.name: {"rms_decades": c.rms} for c in found}
    candidates |= {name: {"refused": code} for name, code in refused.items()}
    return _result(trace, winner, share, candidates, said, kept, sign * scale)


def _singular(part: Relaxation) -> bool:
    """Whether the law diverges at t = 0."""
    with np.errstate(all="ignore"):
        return not np.isfinite(part.function(np.array(0.0), **part.si(part.defaults)))


def _record(
    trace: Trace, *, singular: bool
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_], float, list[Warned]]:
    """Time, positive signal, which points they are, the signal's sign, and what was left out."""
    check_finite(trace)
    check_points(trace)
    if trace.time is None:
        raise InputError(
            f"{_where(trace)}there is no time: a decay needs time and signal; name the columns with "
            "--columns time=1,signal=2",
            code="no_time",
        )
    check_swept(Trace(trace.time, None, trace.current, meta=trace.meta))
    said: list[Warned] = []
    sign = 1.0 if float(np.sum(trace.current)) > 0 else -1.0
    if sign < 0:
        said.append(Warned("negative_signal", "the signal is negative: its magnitude was fitted"))
    t, y = trace.time, sign * trace.current
    against = float(np.max(-y, initial=0.0))
    kept = t > 0 if singular else t >= 0
    if np.any(~kept):
        said.append(
            Warned(
                "time_masked",
                f"{np.count_nonzero(~kept)} point(s) at t {'<=' if singular else '<'} 0 left out: time counts from the end of the stimulus",
            )
        )
    lost = y <= 3 * against if against > 0 else y <= 0
    if np.any(lost & kept):
        end = float(np.min(t[lost & kept]))
        count = int(np.count_nonzero(kept & (t >= end)))
        kept = kept & (t < end)
        said.append(
            Warned(
                "floor_masked",
                f"{count} point(s) from {end:.4g} s on left out: the signal is lost in noise of {against:.2g}",
            )
        )
    if np.count_nonzero(kept) < LEAST_POINTS:
        raise FitRefused(
            f"{_where(trace)}{np.count_nonzero(kept)} of {len(trace)} points are usable, {LEAST_POINTS} "
            "are needed: " + ("; ".join(w.message for w in said) or "measure more points"),
            code="too_few_points",
        )
    order = np.argsort(t[kept], kind="stable")
    return t[kept][order], y[kept][order], kept, sign, said


def _where(trace: Trace) -> str:
    name = trace.meta.get("file")
    return "" if name is None else f"'{name}': "


def _problem(part: Relaxation, t: FloatArray, y: FloatArray, fixed: Mapping[str, float]) -> Problem:
    """Amplitudes are bounded by the signal's own scale, times by the record's."""
    low, high = float(y.min()), float(y.max())
    free = []
    for p in part.parameters:
        if p.name in fixed:
            continue
        if p.name == FLOOR:  # below 0 too, so that a floor of 0 is no corner; judged afterwards
            p = Parameter(p.name, 0.0, p.unit, p.doc, -2 * low, 2 * high)
        free.append(p)

    def law(x: FloatArray, si: Mapping[str, Any]) -> Any:
        return part.function(x, **si)

    declared = {p.name: p for p in part.parameters}
    return Problem(law, t, y, tuple(free), {n: (declared[n], v) for n, v in fixed.items()})


def _fit_law(part: Relaxation, t: FloatArray, y: FloatArray) -> Candidate:
    full = _problem(part, t, y, {})
    starts = (
        guess.DECAYS[part.name](t, y)
        if part.name in guess.DECAYS
        else guess.ladder(full.free, full.cost)
    )
    if FLOOR not in full.names:
        return settle(part, minimise(full, starts))
    lean = _problem(part, t, y, {FLOOR: 0.0})
    solution, kept, ratio = nested(lean, full, starts)
    if kept and solution.values[FLOOR] < 0:
        solution, kept = minimise(lean, starts), False
    said = (
        ()
        if kept
        else (
            Warned(
                "floor_unresolved",
                f"the record shows no level that stays (F is {ratio:.2f} of what 99 % "
                "asks for): y0 is fixed at 0; a longer record would settle it",
            ),
        )
    )
    found = settle(part, solution, series=kept, warnings=said)
    if not kept:
        nothing = (float("nan"), float("nan"))
        zero = Estimate(0.0, float("nan"), "1", nothing, "assumed")
        found = replace(found, estimates={FLOOR: zero, **found.estimates})
    tau = found.solution.values.get("tau")
    if tau is not None and t[-1] - t[0] < tau:
        short = Warned(
            "short_record", f"the record spans {t[-1] - t[0]:.3g} s, less than tau = {tau:.3g} s"
        )
        found = replace(found, warnings=(*found.warnings, short))
    return found


def _is_amplitude(name: str) -> bool:
    """Whether a parameter (y0, a, b, a1, a2 ...) is in the signal's unit."""
    return name.rstrip("0123456789") in ("y", "a", "b")


def _scaled(e: Estimate, size: float, unit: str) -> Estimate:
    low, high = e.interval
    return Estimate(e.value * size, e.stderr * size, unit, (low * size, high * size), e.how)


def _result(
    trace: Trace,
    c: Candidate,
    share: Mapping[str, float],
    candidates: Mapping[str, Any],
    said: list[Warned],
    kept: NDArray[np.bool_],
    scale: float,
) -> FitResult:
    assert trace.time is not None
    unit = str(trace.meta.get("signal_unit", "1"))
    size = abs(scale)
    parameters = {
        name: _scaled(e, size, unit) if _is_amplitude(name) else e
        for name, e in c.estimates.items()
    }
    problem = c.solution.problem
    with np.errstate(all="ignore"):
        model = scale * problem.current(c.solution.u, trace.time)[0]
    t = trace.time[kept]
    statistics = {
        **c.statistics(),
        "n_total": len(trace),
        "t_min": float(t.min()),
        "t_max": float(t.max()),
        "signal_unit": unit,
        "sign": math.copysign(1.0, scale),
        "candidates": dict(candidates),
    }
    context = {
        "start": size * float(problem.current(c.solution.u, t[:1])[0][0]),
        "sha256": trace.meta.get("sha256"),
        "assumed": list(trace.meta.get("assumed", ())),
    }
    return FitResult(
        "decay",
        c.name,
        share,
        parameters,
        statistics,
        (*said, *c.warnings),
        c.correlations(),
        trace.time,
        trace.current,
        model,
        kept,
        trace.meta.get("file"),
        None,
        context,
    )
