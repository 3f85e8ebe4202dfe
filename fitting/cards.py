"""A fit as a model card."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any, Final

from compactmodels import registry
from compactmodels.card import LONGEST_NAME, Entry, ModelCard
from compactmodels.model import Branch, Model
from compactmodels.parameter import RESERVED, Parameter
from fitting.result import Estimate, FitResult, plain

PREFIX: Final[dict[str, str]] = {
    "ohmic": "ohm",
    "sinh": "sinh",
    "thermionic_emission": "te",
    "schottky_emission": "se",
    "direct_tunneling": "dt",
    "fowler_nordheim": "fn",
}
"""Branch names on fitted cards; a mechanism without one gets its initials."""


def card_of(result: FitResult, name: str | None = None) -> ModelCard:
    """The card of a fit.

    Parameters
    ----------
    result : FitResult
    name : str, optional
        Lower-case letters, digits, ``_`` and ``-``; defaults to the mechanism's or law's.
    """
    text = (name or result.selected).lower()
    clean = re.sub(r"[^a-z0-9_-]+", "-", text).strip("-") or "fit"
    if (
        not clean[0].isalpha() or clean.replace("-", "_") in RESERVED
    ):  # sinh is a mechanism and a word
        clean = f"fit-{clean}"
    clean = clean[:LONGEST_NAME]
    if result.kind == "decay":
        model, entries = _decay_entries(result)
    else:
        model, entries = _iv_entries(result)
    prefix = _prefix(result)
    correlations = {
        ", ".join(f"{prefix}_{part}" for part in pair.split(", ")): value
        for pair, value in result.correlations.items()
        if value == value and all(f"{prefix}_{part}" in entries for part in pair.split(", "))
    }
    return ModelCard(
        clean,
        model,
        entries,
        title=f"Fitted: {result.selected}",
        correlations=correlations,
        provenance=_provenance(result),
    )


def _prefix(result: FitResult) -> str:
    if result.kind == "decay":
        return "rx"
    initials = "".join(word[0] for word in result.selected.split("_"))
    return PREFIX.get(result.selected, initials + "1")


def _entry(p: Parameter, value: float, estimate: Estimate | None, note: str = "") -> Entry:
    if estimate is None:
        return Entry(value, "assumed", note)
    if estimate.how == "fitted":
        return Entry(value, "fitted", note, estimate.stderr, estimate.interval)
    return Entry(
        value,
        "assumed",
        note or f"{estimate.how} by the caller" if estimate.how == "given" else note,
    )


def _iv_entries(result: FitResult) -> tuple[Model, dict[str, Entry]]:
    part, prefix = registry.conduction(result.selected), _prefix(result)
    series = bool(result.context["series"])
    branch = Branch(prefix, part, series=series)
    values, entries = result.context["values"], {}
    unknown_area = "i_sat" in result.parameters
    for p in branch.parameters:
        estimate = result.parameters.get(p.name)
        note = ""
        if unknown_area and p.name in ("phi", "area", "richardson"):
            estimate = None
            note = "the area is not known: phi, area and richardson together give the fitted saturation current"
        entries[f"{prefix}_{p.name}"] = _entry(p, float(values[p.name]), estimate, note)
    return Model((branch,)), entries


def _decay_entries(result: FitResult) -> tuple[Model, dict[str, Entry]]:
    """The decaying part as the volatile state of an ohmic branch; its drive is the law's default."""
    part = registry.relaxation(result.selected)
    second = next(law for law in registry.switchings().values() if law.order > 1)
    branch = Branch("g", registry.conduction("ohmic"), "volatile")
    model = Model((branch,), second, part)
    entries = {}
    for p in part.rate_parameters:
        e = result.parameters[p.name]
        note = ""
        if p.unit == "1" and e.unit != "1":  # the state is a pure number that starts at 1
            start = float(result.context["start"])
            low, high = e.interval
            note = f"{e.value:.6g} {e.unit}, relative to the fitted signal of {start:.6g} {e.unit} at the record's start"
            e = Estimate(e.value / start, e.stderr / start, "1", (low / start, high / start), e.how)
        entries[f"rx_{p.name}"] = _entry(p, e.value, e, note)
    return model, entries


def _provenance(result: FitResult) -> dict[str, Any]:
    import lmfit

    from compactmodels import __version__

    statistics = {k: v for k, v in result.statistics.items() if v is not None}
    found: dict[str, Any] = {
        "file": PurePath(result.file or "").name,
        "sha256": result.context.get("sha256") or "",
        "assumed": list(result.context.get("assumed", ())),
        "selected": result.selected,
        "weights": dict(result.weights),
        "statistics": statistics,
        "warnings": [f"{w.code}: {w.message}" for w in result.warnings],
        "parameters": {
            n: f"{e.value:.6g}{_error(e)} {e.unit} ({e.how})" for n, e in result.parameters.items()
        },
        "versions": {"compactmodels": __version__, "lmfit": lmfit.__version__},
    }
    if result.branch is not None:
        found["branch"] = result.branch
    cleaned: dict[str, Any] = _without_null(plain(found))
    return cleaned


def _error(estimate: Estimate) -> str:
    return f" +- {estimate.stderr:.2g}" if estimate.stderr == estimate.stderr else ""


def _without_null(value: Any) -> Any:
    """TOML has no null: what is not known is not written."""
    if isinstance(value, dict):
        return {k: _without_null(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_null(v) for v in value if v is not None]
    return value
