"""A fit as a model card."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import PurePath
from typing import Any, Final

from compactmodels import registry
from compactmodels.card import LONGEST_NAME, Entry, ModelCard
from compactmodels.model import Branch, Model
from compactmodels.parameter import RESERVED, Parameter
from fitting.recipes import recipe_of
from fitting.result import Estimate, FitResult, plain

PREFIX: Final[dict[str, str]] = {
    "ohmic": "ohm",
    "sinh": "sinh",
    "thermionic_emission": "te",
    "schottky_emission": "se",
    "direct_tunneling": "dt",
    "fowler_nordheim": "fn",
    "poole_frenkel": "pf",
    "space_charge_limited": "sclc",
    "simmons": "sim",
    "field_emission": "fe",
}
"""Branch names on fitted cards; a mechanism without one gets its initials."""
_TWO: Final = "two_relaxations"
TWO_STATES: Final[dict[str, str]] = {"tau_w": "tau2", "tau_s": "tau1"}
"""Parameters of that switching law, and what they are in a double exponential."""


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
    if result.kind in ("plasticity", "arrhenius"):
        from fitting.plasticity_card import synapse_card

        return synapse_card(result, clean, _provenance(result))
    if result.kind == "decay":
        model, entries = _decay_entries(result)
    else:
        model, entries = _iv_entries(result)
    prefix = _prefix(result)
    moved = {f"rx_{name}": f"sw_{state}" for state, name in TWO_STATES.items()}
    correlations = {}
    for pair, value in result.correlations.items():
        names = [f"{prefix}_{part}" for part in pair.split(", ")]
        names = [moved.get(name, name) for name in names]
        if value == value and all(name in entries for name in names):
            correlations[", ".join(names)] = value
    return ModelCard(
        clean,
        model,
        entries,
        title=f"Fitted: {result.selected}",
        correlations=correlations,
        provenance=_provenance(result),
    )


def _prefix(result: FitResult) -> str:
    return "rx" if result.kind == "decay" else _prefix_of(result.selected)


def _prefix_of(mechanism: str) -> str:
    initials = "".join(word[0] for word in mechanism.split("_"))
    return PREFIX.get(mechanism, initials + "1")


def _entry(p: Parameter, value: float, estimate: Estimate | None, note: str = "") -> Entry:
    if estimate is None:
        return Entry(value, "assumed", note)
    if estimate.how == "fitted":
        note = note or _endless(estimate)
        return Entry(value, "fitted", note, estimate.stderr, estimate.interval)
    return Entry(
        value,
        "assumed",
        note or f"{estimate.how} by the caller" if estimate.how == "given" else note,
    )


def _endless(estimate: Estimate) -> str:
    """What a card, whose numbers are finite, says of an interval without an end."""
    low, high = estimate.interval
    if math.isinf(high) and math.isfinite(low):
        return f"95 %: above {low:.4g} {estimate.unit}; the data set no upper end"
    if math.isinf(low) and math.isfinite(high):
        return f"95 %: below {high:.4g} {estimate.unit}; the data set no lower end"
    return ""


def _iv_entries(result: FitResult) -> tuple[Model, dict[str, Entry]]:
    """One branch for the mechanism; for currents that add up, one each."""
    own = [
        {
            "mechanism": result.selected,
            "values": result.context["values"],
            "series": result.context["series"],
        }
    ]
    parameters = [result.parameters]
    if result.context.get("branches"):
        own = result.context["branches"]
        parameters = [regime.parameters for regime in result.regimes]
    branches, entries = [], {}
    for row, known in zip(own, parameters, strict=True):
        prefix = _prefix_of(row["mechanism"])
        branch = Branch(prefix, registry.conduction(row["mechanism"]), series=bool(row["series"]))
        branches.append(branch)
        recipe = recipe_of(branch.mechanism)
        standing = {n: c for c in recipe.combinations if c.name in known for n in c.stands_for}
        for p in branch.parameters:
            estimate, note = known.get(p.name), ""
            if p.name in standing and estimate is None:
                c = standing[p.name]
                note = f"not known by itself: with others it gives {c.name}, {c.meaning}, which the data fix"
            entries[f"{prefix}_{p.name}"] = _entry(p, float(row["values"][p.name]), estimate, note)
    return Model(tuple(branches)), entries


def _decay_entries(result: FitResult) -> tuple[Model, dict[str, Entry]]:
    """What decays as volatile states of ohmic branches, what stays as a branch of its own.

    A state is a pure number that starts at 1: at t = 0, or at the record's first point where the law
    has no t = 0 and the signal a unit.  A unit of the signal is as many siemens as make the default
    conductance of what decays; the drive is the switching law's default.
    """
    part = registry.relaxation(result.selected)
    if part.rate is None:
        law, shares, relaxation = _TWO, {"slow": ("on", "a2"), "fast": ("volatile", "a1")}, None
    else:
        law = next(name for name, law in registry.switchings().items() if law.relaxed)
        shares, relaxation = {"g": ("volatile", "")}, part
    start = float(result.context["start"])
    stays = result.parameters.get("y0")
    if stays is not None and stays.value > 1e-9 * start:
        shares["floor"] = ("constant", "y0")
    ohmic, switching = registry.conduction("ohmic"), registry.switching(law)
    branches = tuple(Branch(name, ohmic, mix) for name, (mix, _) in shares.items())
    entries = {}
    for name, (_, key) in shares.items():
        if key:
            e = result.parameters[key]
            note = f"{key} = {e.value:.6g} {e.unit} of the {start:.6g} {e.unit} that decay"
            g = ohmic.defaults["g"] * e.value / start
            entries[f"{name}_g"] = Entry(g, "assumed", f"{note} with the default conductance")
    for p in () if relaxation is None else relaxation.rate_parameters:
        e, note = result.parameters[p.name], ""
        if p.name == "a" or (p.name == "b" and (e.unit != "1" or "t0" in result.parameters)):
            low, high = e.interval
            note = f"{e.value:.6g} {e.unit}, relative to the fitted signal of {start:.6g} {e.unit} at the record's start"
            span = (low / start, high / start)
            e = replace(e, value=e.value / start, stderr=e.stderr / start, unit="1", interval=span)
        entries[f"rx_{p.name}"] = _entry(p, e.value, e, note)
    for p in switching.parameters if relaxation is None else ():
        if p.name in TWO_STATES:
            e = result.parameters[TWO_STATES[p.name]]
            entries[f"sw_{p.name}"] = _entry(p, e.value, e, f"{TWO_STATES[p.name]} of the fit")
    return Model(branches, switching, relaxation), entries


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
            n: f"{e.value:.6g}{_error(e)} {e.unit} ({_how(e)})"
            for n, e in result.parameters.items()
        },
        "versions": {"compactmodels": __version__, "lmfit": lmfit.__version__},
    }
    if result.branch is not None:
        found["branch"] = result.branch
    cleaned: dict[str, Any] = _without_null(plain(found))
    return cleaned


def _how(estimate: Estimate) -> str:
    return ", ".join(x for x in (estimate.how, estimate.method) if x)


def _error(estimate: Estimate) -> str:
    return f" +- {estimate.stderr:.2g}" if estimate.stderr == estimate.stderr else ""


def _without_null(value: Any) -> Any:
    """TOML has no null: what is not known is not written."""
    if isinstance(value, dict):
        return {k: _without_null(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_null(v) for v in value if v is not None]
    return value
