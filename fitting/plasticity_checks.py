"""What a plasticity record has to be before, and its fit after: domain, convention, fading, bounds."""

from __future__ import annotations

from typing import Final

import numpy as np

from compactmodels.errors import FitRefused, InputError
from fitting.diagnostics import Warned
from fitting.plasticity_contest import effective
from fitting.plasticity_data import Series, place
from fitting.plasticity_laws import Case, Fitted, fit_case

DEPENDENCES: Final = ("srdp", "sddp", "svdp", "sndp")
CONVENTIONS: Final = {
    "change": (0.0, "(A2 - A1)/A1"),
    "ratio": (1.0, "A2/A1"),
}
"""What the response of a paired pulse tends to at long intervals, and its formula."""
SETTLED: Final = 10.0
"""Difference in BIC at which the data settle the convention by themselves."""
RISING: Final = 0.6
"""Rank correlation with the interval beyond which a response does not fade but grows."""


def by_sides(series: Series, cases: list[Case], law: str, said: list[Warned]) -> list[Case]:
    """Branches need data on both sides of dt = 0."""
    if np.any(series.x > 0) and np.any(series.x < 0):
        return cases
    both = [
        c
        for c in cases
        if "symmetric" in c.law.replace("asymmetric", "") or c.law == "stdp_gaussian"
    ]
    if not both:
        raise FitRefused(
            f"{place(series.file)}every dt has the same sign: a law of two branches needs spikes in "
            f"either order; measure dt < 0 and dt > 0, or fit the one branch as "
            f"{'stdp_gaussian' if 'gaussian' in law else 'stdp_exponential_symmetric'}",
            code="one_branch",
        )
    said.append(
        Warned(
            "one_branch",
            "every dt has the same sign: the other branch is not known, and whether the window is "
            "symmetric cannot be told",
        )
    )
    return both


def check_domain(series: Series, kind: str, cases: list[Case]) -> None:
    """Intervals above 0; a power law only for x above 0."""
    least = float(series.x.min())
    if kind == "ppf" and least <= 0:
        raise InputError(
            f"{place(series.file)}an interval is {least:g} s: intervals between pulses are above 0",
            code="bad_interval",
        )
    if kind in DEPENDENCES and least <= 0:
        cases[:] = [c for c in cases if c.law != "power_dependence"]
        if not cases:
            raise InputError(
                f"{place(series.file)}x = {least:g}: a power law needs x above 0", code="bad_x"
            )


def baseline(series: Series, cases: list[Case], convention: str, said: list[Warned]) -> float:
    """What the response tends to: by the caller, the heading, or the data where they settle it."""
    whole = 100.0 if series.y_unit == "%" else 1.0
    if convention != "auto" and convention not in CONVENTIONS:
        raise InputError(
            f"unknown convention '{convention}': change is (A2 - A1)/A1, ratio is A2/A1",
            code="unknown_convention",
        )
    how = "as asked"
    if convention == "auto":
        bare = series.heading.lower().replace(" ", "")
        if "a2-a1" in bare or "change" in bare or "increase" in bare:
            convention, how = "change", "by the heading"
        elif "ratio" in bare or "a2/a1" in bare or bare.startswith("ppr"):
            convention, how = "ratio", "by the heading"
        else:
            convention, how = _convention_by_data(series, cases, whole), "by the data"
    level, formula = CONVENTIONS[convention]
    said.append(
        Warned(
            "convention",
            f"the response is read as {formula}{' in %' if whole > 1 else ''}, {how}: it tends to "
            f"{level * whole:g} at long intervals; c1 and c2 are parts of (A2 - A1)/A1",
        )
    )
    return level * whole


def _convention_by_data(series: Series, cases: list[Case], whole: float) -> str:
    size = float(np.ptp(series.y))
    criteria: dict[str, float] = {}
    for name, (level, _) in CONVENTIONS.items():
        found = []
        for case in cases:
            try:
                found.append(fit_case(case, series.x, (series.y - level * whole) / size, 1.0))
            except FitRefused:
                continue
        if found:
            points = effective(found)
            criteria[name] = min(f.candidate.criterion(points, schwarz=True) for f in found)
    ordered = sorted(criteria, key=lambda name: criteria[name])
    if not ordered or (len(ordered) > 1 and criteria[ordered[1]] - criteria[ordered[0]] < SETTLED):
        raise InputError(
            f"{place(series.file)}whether the response is (A2 - A1)/A1 or A2/A1 is neither written nor "
            "settled by the data: say --convention change or --convention ratio",
            code="ambiguous_convention",
        )
    return ordered[0]


def check_fading(series: Series, offset: float, where: str) -> None:
    """A facilitation or depression fades with the interval."""
    from scipy.stats import spearmanr

    size = np.abs(series.y - offset)
    if float(spearmanr(series.x, size).statistic) > RISING:
        raise FitRefused(
            f"{where}the response grows with the interval: it is no facilitation that fades; check the "
            "columns, or the convention (--convention change or ratio)",
            code="rising",
        )


def check_bounds(found: Fitted, where: str, law: str) -> None:
    """A parameter on its bound is no result."""
    hit = found.candidate.solution.at_bound
    if not hit:
        return
    raise FitRefused(
        f"{where}{found.case.label}: {' and '.join(hit)} run into the limits of what the record can "
        "show (a hundredth of its smallest to a hundred times its largest x): measure a wider range"
        + (", or try another law" if law != "auto" else ""),
        code="unidentifiable",
    )
