"""Plasticity: paired pulses, spike timing, pulse trains, dependence on the stimulus, retention."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from compactmodels.data import Trace
from compactmodels.errors import FitRefused, InputError
from fitting.candidate import EXTRA
from fitting.diagnostics import Warned
from fitting.engine import minimise
from fitting.estimates import correlations
from fitting.plasticity_checks import (
    DEPENDENCES,
    baseline,
    by_sides,
    check_bounds,
    check_domain,
    check_fading,
)
from fitting.plasticity_contest import contest, gain_over_nothing, surprise
from fitting.plasticity_data import Series, place, read_series
from fitting.plasticity_laws import Additive, Case, Fitted, fit_case, settled
from fitting.plasticity_report import band_of, hull, in_units, not_settled, with_fixed
from fitting.problem import FloatArray
from fitting.result import FitResult

Source = str | os.PathLike[str] | Series | Trace

KINDS: Final = ("ppf", "stdp", "ltp", "srdp", "sddp", "svdp", "sndp", "retention", "arrhenius")
LIKELIER: Final = math.log(20.0)
"""Logarithm of the likelihood ratio from which on noise is taken as relative: small signals then weigh
most, and where the noise is additive after all, their intervals come out far too narrow."""
MOST: Final = 5000
"""Points that are fitted one by one."""
DOUBT: Final = 0.2
"""Of the F statistic that 99 % asks for: below it a level is taken as 0 without further words."""
_ZERO_ENDS: Final = (("w_plus", 0.0), ("w_minus", 0.0))
CASES: Final[dict[str, tuple[Case, ...]]] = {
    "ppf": (Case("paired_pulse_single"), Case("paired_pulse")),
    "stdp": tuple(
        Case(law, fixed)
        for law, zero in (
            ("stdp_exponential", _ZERO_ENDS),
            ("stdp_exponential_symmetric", (("w0", 0.0),)),
            ("stdp_gaussian", (("w0", 0.0),)),
            ("stdp_gaussian_asymmetric", _ZERO_ENDS),
        )
        for fixed in (zero, ())
    ),
    **dict.fromkeys(
        DEPENDENCES,
        (
            Case("linear_dependence"),
            *(
                Case(f"{law}_dependence", fixed)
                for law in ("power", "exponential", "saturating")
                for fixed in ((("y0", 0.0),), ())
            ),
        ),
    ),
}
"""The laws of each kind, each without and with the level that it may end in."""


def fit_plasticity(
    source: Source | Sequence[str],
    kind: str,
    law: str = "auto",
    *,
    columns: str | None = None,
    skip: int | None = None,
    convention: str = "auto",
    noise: str = "auto",
    **options: Any,
) -> FitResult:
    """Fit one plasticity measurement.

    Parameters
    ----------
    source : path, Series, Trains or Trace
        For ``ltp`` one path or two; for ``retention`` what :func:`fitting.fit_decay` takes.
    kind : str
        ``ppf stdp ltp srdp sddp svdp sndp retention arrhenius``.
    law : str
        A plasticity law's name (for ``ltp`` a shape: ``linear exponential logarithmic general``; for
        ``retention`` a relaxation), or ``auto``: those of the kind held against each other.
    columns, skip : optional
        Which column is which, ``x=1,y=2`` (pulse trains: ``pulse=1,g=2`` or ``up=1,down=2``).
    convention : str
        Of a paired pulse: ``change`` (A2 - A1)/A1, ``ratio`` A2/A1, or ``auto``: by the heading, else
        by the data where they settle it.
    noise : str
        ``additive``, ``relative`` (residuals in the logarithm), or ``auto``: relative where that is 20 times
        likelier, each parameter counted (AIC).
    **options
        For ``ltp`` those of :func:`fitting.plasticity_pulses.fit_trains`; for ``arrhenius`` those of
        :func:`fitting.arrhenius.fit_arrhenius`; for ``retention`` those of :func:`fitting.fit_decay`.

    Returns
    -------
    FitResult
        ``kind`` is ``plasticity`` (``decay`` for retention, ``arrhenius``); the convention of every
        number that has several is a remark with code ``convention``.

    Raises
    ------
    DataFileError, InputError
        The input is wrong; codes ``ambiguous_convention unknown_kind``.
    FitRefused
        Codes ``too_few_points no_dependence rising one_branch no_convergence``.
    """
    if kind not in KINDS:
        raise InputError(
            f"unknown kind '{kind}'; known are {', '.join(KINDS)}", code="unknown_kind"
        )
    if kind == "ltp":
        from fitting.plasticity_pulses import fit_trains

        return fit_trains(source, law, columns=columns, skip=skip, **options)
    if kind == "retention":
        from fitting.decay import fit_decay

        if not isinstance(source, (str, os.PathLike, Trace)):
            raise InputError("a retention is one record of time and signal", code="usage")
        return fit_decay(source, law, columns=columns, skip=skip, **options)
    series = _series(source, kind, columns, skip)
    if kind == "arrhenius":
        return _arrhenius(series, options)
    if options:
        raise InputError(f"'{kind}' takes no option '{next(iter(options))}'", code="usage")
    return _fit(series, kind, law, convention, noise)


def _series(
    source: Source | Sequence[str], kind: str, columns: str | None, skip: int | None
) -> Series:
    if isinstance(source, Series):
        return source
    if isinstance(source, (list, tuple)) and len(source) == 1:
        source = source[0]
    if not isinstance(source, (str, os.PathLike)):
        raise InputError(f"'{kind}' is fitted to one file or one Series", code="usage")
    return read_series(source, kind, columns, skip)


def _arrhenius(series: Series, options: dict[str, Any]) -> FitResult:
    from fitting.arrhenius import fit_arrhenius

    falls = bool(np.corrcoef(series.x, np.log(np.abs(series.y) + 1e-300))[0, 1] < 0)
    options.setdefault("inverse", falls)
    result = fit_arrhenius(
        series.x, series.y, stderr=series.error, unit=series.y_unit, file=series.file, **options
    )
    context = {**result.context, "sha256": series.sha256, "assumed": list(series.assumed)}
    return replace(result, context=context)


def _fit(series: Series, kind: str, law: str, convention: str, noise: str) -> FitResult:
    where = place(series.file)
    said: list[Warned] = []
    offset = 0.0
    cases = _cases(kind, law)
    if kind == "svdp" and series.x[0] < 0 and series.x[-1] <= 0:
        series = replace(series, x=-series.x)
        said.append(
            Warned(
                "magnitudes", "no voltage is above 0: the laws are in the magnitude of the voltage"
            )
        )
    series = _thinned(series, said)
    if series.x.size < 4:
        raise FitRefused(
            f"{where}{series.x.size} points: no law of '{kind}' can be told from another; measure more",
            code="too_few_points",
        )
    if kind == "stdp":
        cases = by_sides(series, cases, law, said)
    if kind in ("ppf", *DEPENDENCES):
        check_domain(series, kind, cases)
    size = float(np.ptp(series.y))
    if size == 0.0:
        raise FitRefused(
            f"{where}the response is the same at every point: nothing depends on x",
            code="no_dependence",
        )
    if kind == "ppf":
        offset = baseline(series, cases, convention, said)
    y = (series.y - offset) / size
    winner, share, shown = _with_noise(series, cases, y, noise, where)
    gain = gain_over_nothing(winner)
    if gain < 1.0:
        raise FitRefused(
            f"{where}noise only: no law of '{kind}' is better than a constant (F is {gain:.2f} of what "
            "99 % asks for); measure longer or over a wider range",
            code="no_dependence",
        )
    if kind == "ppf":
        check_fading(series, offset, where)
        winner = _ordered(winner)
    check_bounds(winner, where, law)
    wide = _unresolved(winner, cases, said)
    return _result(series, kind, winner, wide, share, shown, size, offset, said)


def _thinned(series: Series, said: list[Warned]) -> Series:
    """A record of very many points as means of neighbours."""
    count = series.x.size // MOST
    if count < 2:
        return series
    keep = series.x.size // count * count

    def mean(values: FloatArray) -> FloatArray:
        out: FloatArray = values[:keep].reshape(-1, count).mean(axis=1)
        return out

    said.append(
        Warned("thinned", f"{series.x.size} points: means of {count} neighbours in x were fitted")
    )
    error = None if series.error is None else mean(series.error) / math.sqrt(count)
    return replace(series, x=mean(series.x), y=mean(series.y), error=error)


def _unresolved(found: Fitted, cases: list[Case], said: list[Warned]) -> Fitted | None:
    """The same law with its levels free, where the record neither shows nor excludes them."""
    from scipy.special import fdtri

    free = Case(found.case.law)
    if not found.case.fixed or free not in cases:
        return None
    problem = found.candidate.solution.problem
    try:
        rich = fit_case(
            free, problem.x, problem.y, problem.sigma if isinstance(problem, Additive) else None
        )
    except FitRefused:
        return None
    extra = rich.candidate.solution.u.size - found.candidate.solution.u.size
    dof = rich.candidate.spread.dof
    gain = (found.cost / max(rich.cost, 1e-300) - 1.0) * dof / extra
    if rich.candidate.solution.at_bound or gain < DOUBT * float(fdtri(extra, dof, EXTRA)):
        return None
    names = " and ".join(name for name, _ in found.case.fixed)
    said.append(
        Warned(
            "level_unresolved",
            f"{names} = 0 is neither shown nor excluded at 99 %: the values hold for 0, the intervals "
            "also for any level that the record allows",
        )
    )
    return rich


def _with_noise(
    series: Series, cases: list[Case], y: FloatArray, noise: str, where: str
) -> tuple[Fitted, dict[str, float], dict[str, Any]]:
    """The contest under the noise that was asked for, or under the likelier."""
    if noise not in ("auto", "additive", "relative"):
        raise InputError(f"noise '{noise}': auto, additive or relative is expected", code="usage")
    if series.error is not None:
        return contest(
            cases, series.x, y, series.error / float(np.exp(np.mean(np.log(series.error))))
        )
    one_sign = bool(np.all(y * y[0] > 0))
    if noise == "relative" and not one_sign:
        raise InputError(
            f"{where}the response crosses zero: relative noise has no meaning; use --noise additive",
            code="bad_noise",
        )
    if noise == "relative":
        return contest(cases, series.x, y, None)
    additive = contest(cases, series.x, y, 1.0)
    if noise == "additive" or not one_sign:
        return additive
    try:
        relative = contest(cases, series.x, y, None)
    except FitRefused:
        return additive
    a, b = (surprise(c[0]) + c[0].candidate.solution.u.size for c in (additive, relative))
    return relative if a - b > LIKELIER else additive


def _cases(kind: str, law: str) -> list[Case]:
    cases = [c for c in CASES[kind] if law in ("auto", c.law)]
    if not cases:
        known = dict.fromkeys(c.law for c in CASES[kind])
        raise InputError(
            f"'{law}' is no law of '{kind}'; known are auto, {', '.join(known)}",
            code="unknown_part",
        )
    return cases


def _ordered(found: Fitted) -> Fitted:
    """The two phases with the fast one first."""
    values = found.candidate.solution.values
    if "t2" not in values or values["t1"] < values["t2"]:
        return found
    problem = found.candidate.solution.problem
    swapped = {"c1": "c2", "c2": "c1", "t1": "t2", "t2": "t1"}
    start = {name: values[other] for name, other in swapped.items()}
    return settled(found.case, minimise(problem, [start]))


def _result(
    series: Series,
    kind: str,
    found: Fitted,
    wide: Fitted | None,
    share: dict[str, float],
    shown: dict[str, Any],
    size: float,
    offset: float,
    said: list[Warned],
) -> FitResult:
    part, c = found.case.part, found.candidate
    problem = c.solution.problem
    grid = _grid(series, kind)
    line, half = band_of(found, grid)
    model = size * np.asarray(problem.current(c.solution.u, series.x)[0]) + offset
    residual = series.y - model
    statistics = {k: v for k, v in c.statistics().items() if not k.endswith("_decades")}
    statistics |= {
        "rms": float(np.sqrt(np.mean(residual**2))),
        "kind": kind,
        "noise": "relative" if not hasattr(problem, "sigma") else "additive",
        "x_unit": series.x_unit,
        "signal_unit": series.y_unit,
        "x_min": float(series.x.min()),
        "x_max": float(series.x.max()),
        "baseline": offset,
        "candidates": shown,
    }
    estimates = with_fixed(found) if wide is None else hull(with_fixed(found), with_fixed(wide))
    parameters = in_units(part, estimates, size, series.x_unit, series.y_unit)
    context = {
        "sha256": series.sha256,
        "assumed": list(series.assumed),
        "plasticity": kind,
        "grid": grid,
        "band": (size * (line - half) + offset, size * (line + half) + offset),
        "curve": size * line + offset,
        "x_unit": series.x_unit,
        "signal_unit": series.y_unit,
    }
    warnings = (*said, *not_settled(share, found.case.label), *c.warnings)
    return FitResult(
        "plasticity",
        part.name,
        share,
        parameters,
        statistics,
        warnings,
        correlations(c.solution, c.spread),
        series.x,
        series.y,
        model,
        np.ones(series.x.shape, dtype=bool),
        series.file,
        None,
        context,
    )


def _grid(series: Series, kind: str) -> FloatArray:
    """Where the curve is drawn."""
    low, high = float(series.x[0]), float(series.x[-1])
    if kind == "stdp" or low <= 0 or high < 10 * low:
        return np.linspace(low, high, 401)
    return np.geomspace(low, high, 401)
