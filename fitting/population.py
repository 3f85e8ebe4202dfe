"""A population of fits: each parameter's scatter, their correlations, and the card of it all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import FitRefused, InputError
from compactmodels.statistics import Distribution, Statistics
from fitting.diagnostics import Warned
from fitting.result import FitResult, Refusal, plain
from fitting.scatter import Law, choose_law, spread_of
from fitting.sequence import Sequenced, components, correlation_table, independent, sequence

if TYPE_CHECKING:
    from compactmodels.card import ModelCard

FloatArray = NDArray[np.float64]

LEAST_FITS: Final = 3
"""Fits without which there is no scatter to speak of."""
OWN_ERROR: Final = 0.5
"""Share of the variance that is the fits' own error at which a scatter is no device's."""


@dataclass(frozen=True, slots=True, eq=False)
class ParameterScatter:
    """One parameter over a batch.

    Parameters
    ----------
    name, unit : str
    values : (n,) array
        NaN where a fit does not have it.
    law : Law
        The distribution that describes it best, with the weight of each.
    numbers : mapping
        ``mean sd cv q05 q25 median q75 q95``, each ``(value, low, high)`` with a 95 % interval.
    along : Sequenced or None
        From cycle to cycle; None for fewer than :data:`fitting.sequence.LEAST_CYCLES` in a row.
    device_share : (value, low, high) or None
        Part of the variance that lies between devices.
    own_error : float
        Part of the variance that the fits' own errors explain.
    """

    name: str
    unit: str
    values: FloatArray
    law: Law
    numbers: Mapping[str, tuple[float, float, float]]
    along: Sequenced | None
    device_share: tuple[float, float, float] | None
    own_error: float

    def to_json(self) -> dict[str, Any]:
        """One object of ``parameters``."""
        found: dict[str, Any] = {
            "unit": self.unit,
            "n": int(np.isfinite(self.values).sum()),
            "distribution": self.law.name,
            "weights": dict(self.law.weights),
            "own_error_share": self.own_error,
            **{n: {"value": v[0], "interval": list(v[1:])} for n, v in self.numbers.items()},
        }
        if self.along is not None:
            found["cycles"] = self.along.to_json()
        if self.device_share is not None:
            v, low, high = self.device_share
            found["device_share"] = {"value": v, "interval": [low, high]}
        return found


@dataclass(frozen=True, slots=True, eq=False)
class BatchStatistics:
    """A batch as a population.

    Parameters
    ----------
    selected : str
        The mechanism or law that all fits share.
    of : str
        One of :data:`compactmodels.statistics.SUBJECTS`.
    devices : tuple of str
        Of every fit.
    parameters : mapping of str to ParameterScatter
    correlations : tuple of mapping
        ``a b n pearson spearman p significant``, a row for each pair; Holm's correction over all pairs.
    scores : (k, k) array
        Correlations of the normal scores, for sampling.
    warnings : tuple of Warned
    fits : tuple of FitResult
    refused : tuple of Refusal
    """

    selected: str
    of: str
    devices: tuple[str, ...]
    parameters: Mapping[str, ParameterScatter]
    correlations: tuple[Mapping[str, Any], ...]
    scores: FloatArray
    warnings: tuple[Warned, ...]
    fits: tuple[FitResult, ...] = ()
    refused: tuple[Refusal, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The JSON object ``population``."""
        found: dict[str, Any] = plain(
            {
                "selected": self.selected,
                "of": self.of,
                "fits": len(self.devices),
                "devices": len(set(self.devices)),
                "parameters": {n: p.to_json() for n, p in self.parameters.items()},
                "correlations": [dict(row) for row in self.correlations],
                "warnings": [{"code": w.code, "message": w.message} for w in self.warnings],
            }
        )
        return found

    def table(self, names: Mapping[str, str]) -> Statistics:
        """For a card on which parameter ``n`` is called ``names[n]``; others are left out."""
        kept = [n for n, p in self.parameters.items() if n in names and p.law.scale > 0]
        rows = {names[n]: _distribution(self.parameters[n], self.of != "traces") for n in kept}
        order = list(self.parameters)
        pairs = {
            f"{names[a]}, {names[b]}": float(self.scores[order.index(a), order.index(b)])
            for i, b in enumerate(kept)
            for a in kept[:i]
            if np.isfinite(self.scores[order.index(a), order.index(b)])
        }
        count = len(set(self.devices))
        return Statistics(self.of, len(self.devices), rows, pairs, count)

    def card(self, name: str | None = None) -> ModelCard:
        """One card of the batch: the fit nearest the middle, its scattering values at the population's.

        Every parameter that scatters has the middle of its distribution as its value, and the table
        ``[statistics]``.
        """
        if not self.fits:
            raise InputError("statistics of bare numbers have no card", code="no_card")
        nearest = self.fits[_most_typical(self)]
        card = nearest.card(name)
        names = {
            n: full
            for n in self.parameters
            for full, entry in card.entries.items()
            if entry.origin == "fitted" and full.partition("_")[2] == n
        }
        entries = dict(card.entries)
        for n, full in names.items():
            middle = self.parameters[n].numbers["median"]
            note = f"median of {self.parameters[n].law.count} {self.of}"
            entries[full] = replace(
                entries[full],
                value=middle[0],
                origin="fitted",
                note=note,
                stderr=None,
                interval=middle[1:],
            )
        provenance = {**card.provenance, "batch": _batch_provenance(self)}
        return replace(
            card,
            entries=entries,
            provenance=provenance,
            correlations={},
            statistics=self.table(names),
        )


def scatter_of(
    values: Mapping[str, Sequence[float] | FloatArray],
    *,
    devices: Sequence[str] | None = None,
    of: str | None = None,
    errors: Mapping[str, FloatArray] | None = None,
    units: Mapping[str, str] | None = None,
    seed: int = 0,
) -> BatchStatistics:
    """Statistics of bare numbers.

    Parameters
    ----------
    values : mapping of str to (n,) array
        In the order measured; NaN where a value is missing.
    devices : sequence of str, optional
        Of every value; cycles of a device need not stand together and may differ in number.
    of : str, optional
        One of :data:`compactmodels.statistics.SUBJECTS`.
    errors : mapping of str to (n,) array, optional
        Standard errors of the values.
    units : mapping, optional
    seed : int
        Of the bootstrap.

    Raises
    ------
    InputError
        Arrays of unequal length.
    FitRefused
        Code ``too_few_fits``: no parameter has three values.
    """
    table = {n: np.asarray(v, dtype=np.float64) for n, v in values.items()}
    sizes = {v.size for v in table.values()}
    if len(sizes) > 1 or (devices is not None and {len(devices)} != sizes):
        raise InputError("one value a parameter and fit is expected", code="unequal_counts")
    table = {n: v for n, v in table.items() if np.isfinite(v).sum() >= LEAST_FITS}
    if not table:
        raise FitRefused(
            f"no parameter has {LEAST_FITS} values: there is no scatter to speak of",
            code="too_few_fits",
        )
    labels = tuple(devices) if devices is not None else ("1",) * sizes.pop()
    subject = of or subject_of(labels)
    said: list[Warned] = []
    rng = np.random.default_rng(seed)
    parameters = {}
    for name, v in table.items():
        error = None if errors is None else errors.get(name)
        unit = (units or {}).get(name, "1")
        parameters[name] = _one(name, unit, v, labels, error, subject != "traces", rng, said)
    level = {n: _level(p, subject != "traces") for n, p in parameters.items()}
    rho = {n: p.along.autocorrelation[0] for n, p in parameters.items() if p.along is not None}
    rows, scores = correlation_table(level, rho)
    if subject == "traces":
        said.append(
            Warned(
                "subject_unknown",
                "nothing tells whether the traces are cycles of a device or devices: their order as "
                "given stays off the card; --device tells devices by a pattern in the files' names",
            )
        )
    return BatchStatistics("", subject, labels, parameters, rows, scores, tuple(said))


def _one(
    name: str,
    unit: str,
    v: FloatArray,
    labels: tuple[str, ...],
    error: FloatArray | None,
    ordered: bool,
    rng: np.random.Generator,
    said: list[Warned],
) -> ParameterScatter:
    known = np.isfinite(v)
    x, who = v[known], np.array(labels)[known]
    law = choose_law(x, independent=independent(x, who))
    along = sequence(law.working(x), who)
    if along is not None and along.drifts and ordered:
        flat = np.exp(along.detrended) if law.name == "lognormal" else along.detrended
        law = replace(choose_law(flat, only=law.name), weights=law.weights)
    numbers = spread_of(x, who, along, rng)
    share = components(law.working(x), who)
    own = 0.0
    if error is not None and np.var(x) > 0:
        e = error[known]
        own = (
            float(np.mean(e[np.isfinite(e)] ** 2) / np.var(x, ddof=1))
            if np.isfinite(e).any()
            else 0.0
        )
    if own > OWN_ERROR:
        said.append(
            Warned(
                "scatter_is_error",
                f"'{name}': the fits' own errors are {math.sqrt(own):.2g} of its standard deviation: what "
                "scatters may be the fits and not the devices",
            )
        )
    if law.few:
        said.append(
            Warned(
                "few_values",
                f"'{name}': {x.size} values do not tell a distribution: {law.name} is assumed",
            )
        )
    if along is not None and along.drifts:
        said.append(
            Warned(
                "drift",
                f"'{name}' {'drifts' if ordered else 'runs along the order given'} by {_drift_text(along, law, unit)} a cycle (Mann-Kendall p = "
                f"{along.p_drift:.2g})",
            )
        )
    return ParameterScatter(name, unit, v, law, numbers, along, share, own)


def _level(p: ParameterScatter, ordered: bool) -> FloatArray:
    """The values on their working scale, without a drift that is believed; NaN where missing."""
    known = np.isfinite(p.values)
    out = np.full(p.values.shape, math.nan)
    moving = ordered and p.along is not None and p.along.drifts
    out[known] = p.along.detrended if moving and p.along else p.law.working(p.values[known])
    return out


def _drift_text(along: Sequenced, law: Law, unit: str) -> str:
    """``+0.2 (0.1 to 0.3) eV``; of a lognormal in per cent."""
    factor, name = (100.0, "%") if law.name == "lognormal" else (1.0, "" if unit == "1" else unit)
    slope, low, high = (factor * x for x in along.drift)
    return f"{slope:+.3g} ({low:.3g} to {high:.3g}) {name}".strip()


def _distribution(p: ParameterScatter, ordered: bool) -> Distribution:
    """A row of the card's table; an order that means nothing leaves no trace there."""
    drift: dict[str, Any] = {}
    if p.along is not None and ordered:
        rho = p.along.autocorrelation[0]
        drift["autocorrelation"] = min(max(rho, -0.99), 0.99) if p.along.correlated else 0.0
        if p.along.drifts:
            drift["drift"] = p.along.drift[0]
            drift["drift_interval"] = p.along.drift[1:]
    if p.device_share is not None:
        drift["device_share"] = p.device_share[0]
    return Distribution(p.law.name, p.law.location, p.law.scale, p.law.shape, p.law.count, **drift)


def subject_of(labels: tuple[str, ...]) -> str:
    """What fits with these devices' names are of."""
    devices = len(set(labels))
    if devices == 1:
        return "traces"
    return "devices" if devices == len(labels) else "cycles and devices"


def _most_typical(s: BatchStatistics) -> int:
    """The fit whose ranks are nearest the middle."""
    far = np.zeros(len(s.devices))
    for p in s.parameters.values():
        known = np.isfinite(p.values)
        ranks = np.full(p.values.size, 1.0)
        ranks[known] = np.abs(
            np.argsort(np.argsort(p.values[known])) / max(known.sum() - 1, 1) - 0.5
        )
        far += ranks**2
    return int(np.argmin(far))


def _batch_provenance(s: BatchStatistics) -> dict[str, Any]:
    files = sorted({PurePath(f.file or "").name for f in s.fits})
    out: dict[str, Any] = {
        "fits": len(s.fits),
        "refused": len(s.refused),
        "files": files,
        "warnings": [f"{w.code}: {w.message}" for w in s.warnings],
    }
    return out
