"""A calibration as a model card and as JSON."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from compactmodels.card import Entry
from compactmodels.observables_misfit import Misfit
from compactmodels.observables_targets import Target
from fitting.calibrate_result import Calibration, Moved
from fitting.result import plain


def card_of(result: Calibration) -> Calibration:
    """The result with its card: moved values, their origin and errors, and the table of targets."""
    card, file = result.card, result.targets.file
    moved = {
        n: p for n, p in result.parameters.items() if p.state != "unfelt" or p.value != p.before
    }
    entries = {**card.entries, **{n: _entry(p, file) for n, p in moved.items()}}
    known = {
        pair: value
        for pair, value in card.correlations.items()
        if not set(pair.split(", ")) & set(moved)
    }
    provenance = {**card.provenance, "calibration": _provenance(result)}
    return replace(
        result,
        card=replace(
            card,
            entries=entries,
            correlations={**known, **result.identifiability.correlations},
            provenance=provenance,
        ),
    )


def _entry(p: Moved, file: str) -> Entry:
    note = f"calibrated to {', '.join(p.targets)}" + (f" ({file})" if file else "")
    if p.state != "fixed":
        note += "; the targets fix it only in combination with others: the nearest value to the card before"
        return Entry(p.value, "calibrated", note)
    note += "; error from the targets' tolerances"
    interval = p.interval if all(map(math.isfinite, p.interval)) else None
    return Entry(p.value, "calibrated", note, p.stderr, interval)


def _provenance(result: Calibration) -> dict[str, Any]:
    import numpy
    import scipy

    from compactmodels import __version__

    targets = result.targets
    rows = [
        {k: v for k, v in target_row(t, m).items() if v is not None}
        for t, m in zip(targets.targets, result.after, strict=True)
    ]
    found: dict[str, Any] = {
        "file": targets.file,
        "sha256": targets.sha256,
        "citation": targets.citation,
        "assumptions": list(targets.assumptions),
        "met": result.met,
        "targets": rows,
        "before": {n: p.before for n, p in result.parameters.items()},
        "fixed": [
            {"combination": c.text, "relative_error": c.error} for c in result.identifiability.fixed
        ],
        "free": [c.text for c in result.identifiability.free],
        "warnings": [f"{w.code}: {w.message}" for w in result.warnings],
        "versions": {
            "compactmodels": __version__,
            "scipy": scipy.__version__,
            "numpy": numpy.__version__,
        },
    }
    return {k: v for k, v in found.items() if v not in ("", [])}


def target_row(target: Target, m: Misfit) -> dict[str, Any]:
    """A target held against what was seen, in the unit of its file; None where there is no value."""
    row: dict[str, Any] = {"id": target.id, "observable": target.observable.kind}
    for key in ("value", "at_least", "at_most"):
        published = getattr(target, key)
        if published is not None:
            row["published" if key == "value" else key] = published / target.factor
    if target.bounded:
        row["margin"] = target.margin if target.relative else target.margin / target.factor
    tolerance = target.tolerance if target.relative else target.tolerance / target.factor
    return row | {
        "simulated": m.value / target.factor if math.isfinite(m.value) else None,
        "unit": target.unit,
        "tolerance": tolerance,
        "relative": target.relative,
        "misfit": m.tolerances if math.isfinite(m.tolerances) else None,
        "met": m.met,
        "why": m.why or None,
        "source": target.source,
    }


def document(result: Calibration, card: str | None = None) -> dict[str, Any]:
    """The JSON object of a calibration."""
    rows = []
    for t, old, new in zip(result.targets.targets, result.before, result.after, strict=True):
        started = old.value / t.factor if math.isfinite(old.value) else None
        rows.append({**target_row(t, new), "before": started})
    known = result.identifiability
    found: dict[str, Any] = plain(
        {
            "met": result.met,
            "missed": list(result.missed),
            "targets": rows,
            "parameters": {
                n: {
                    "before": p.before,
                    "value": p.value,
                    "stderr": p.stderr,
                    "interval": list(p.interval),
                    "unit": p.unit,
                    "state": p.state,
                    "targets": list(p.targets),
                    "at_bound": p.at_bound,
                }
                for n, p in result.parameters.items()
            },
            "identifiability": {
                "rank": len(known.fixed),
                "singular_values": known.singular_values,
                "fixed": [
                    {"combination": c.text, "terms": dict(c.terms), "relative_error": c.error}
                    for c in known.fixed
                ],
                "free": [{"combination": c.text, "terms": dict(c.terms)} for c in known.free],
                "unfelt": [n for n, state in known.state.items() if state == "unfelt"],
                "correlations": known.correlations,
            },
            "warnings": [{"code": w.code, "message": w.message} for w in result.warnings],
            "evaluations": result.evaluations,
            "starts": result.starts,
            "card": card,
        }
    )
    return found
