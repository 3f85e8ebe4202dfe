"""A calibration's jobs beside the search: the same targets in ngspice, the tables, the figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from compactmodels import figures
from compactmodels.card import ModelCard
from compactmodels.integrate import Response
from compactmodels.observables_misfit import Misfit
from compactmodels.observables_runs import run_targets
from compactmodels.observables_targets import Target
from compactmodels.protocols import Protocol
from fitting.calibrate_result import Calibration
from netlists.simulation import simulate


def in_ngspice(card: ModelCard, targets: Sequence[Target], timeout: float = 600.0) -> list[Misfit]:
    """Every target's protocol in ngspice, reads at held states as well.

    A quantity with ``read`` that is followed over time (a crossing, a decay) is computed from
    ngspice's states by the card's equation; every other number is ngspice's own.

    Raises
    ------
    SimulationError, ToolMissing
        As ``netlists.simulate``.
    """

    def responder(card: ModelCard, target: Target) -> Response:
        assert target.protocol is not None
        return simulate(
            card,
            target.protocol,
            w0=target.w0,
            s0=target.s0,
            temperature=target.temperature,
            timeout=timeout,
        )

    def reader(card: ModelCard, kelvin: float, v: float, w: float, s: float) -> float:
        # States of a transient may lie outside [0, 1] by its tolerance.
        w, s = (min(max(x, 0.0), 1.0) for x in (w, s))
        twice = Protocol("points", np.arange(2.0), np.array([v, v]), label="Read")
        run = simulate(card, twice, w0=w, s0=s, temperature=kelvin, timeout=timeout)
        return float(run.current[-1])

    return run_targets(card, targets, responder, reader)


def wanted(target: Target) -> str:
    """A target for people: ``27 kohm +- 2 %``, ``at least 1 uS (margin 5 %)``."""
    if target.value is not None:
        spread = (
            f"{100 * target.tolerance:.3g} %"
            if target.relative
            else f"{target.tolerance / target.factor:.3g}"
        )
        return f"{target.value / target.factor:.6g} {_unit(target)} +- {spread}".replace("  ", " ")
    bounds = [
        f"{word} {x / target.factor:.6g}"
        for word, x in (("at least", target.at_least), ("at most", target.at_most))
        if x is not None
    ]
    margin = (
        f"{100 * target.margin:.3g} %"
        if target.relative
        else f"{target.margin / target.factor:.3g}"
    )
    return f"{', '.join(bounds)} {_unit(target)} (margin {margin})".replace("  ", " ")


def _unit(target: Target) -> str:
    return "" if target.unit == "1" else target.unit


def seen(target: Target, m: Misfit) -> str:
    """A simulated value for people, in the target's unit."""
    if not math.isfinite(m.value):
        return "-"
    return f"{m.value / target.factor:.6g} {_unit(target)}".strip()


def target_table(result: Calibration) -> list[list[str]]:
    """Id, target, before, simulated, misfit and verdict of each target."""
    rows = []
    for t, old, new in zip(result.targets.targets, result.before, result.after, strict=True):
        off = f"{new.tolerances:+.2g}" if math.isfinite(new.tolerances) else "-"
        verdict = "met" if new.met else "MISSED"
        rows.append([t.id, wanted(t), seen(t, old), seen(t, new), off, verdict])
    return rows


def parameter_table(result: Calibration) -> list[list[str]]:
    """Name, value before and after, error, unit and what the targets say of it."""
    rows = []
    for name, p in result.parameters.items():
        error = f"+- {p.stderr:.2g}" if math.isfinite(p.stderr) else ""
        said = {
            "fixed": "fixed by " + ", ".join(p.targets),
            "free": "only in combination",
            "unfelt": "felt by no target",
        }[p.state]
        unit = "" if p.unit == "1" else p.unit
        rows.append([name, f"{p.before:.6g}", f"{p.value:.7g}", error, unit, said])
    return rows


def combinations(result: Calibration) -> list[str]:
    """Sentences on what the targets fix and what they leave free."""
    known = result.identifiability
    felt = sum(state != "unfelt" for state in known.state.values())
    lines = [
        f"{len(result.targets.targets)} target(s) fix {len(known.fixed)} of {felt} combination(s) of what "
        "was moved:"
    ]
    lines += [f"  fixed to {100 * c.error:.2g} %: {c.text}" for c in known.fixed]
    lines += [f"  free: {c.text}" for c in known.free]
    return lines


def ngspice_table(result: Calibration, found: Sequence[Misfit]) -> list[list[str]]:
    """Id, the integrator's and ngspice's value, their difference, and whether ngspice's is met."""
    rows = []
    for t, ours, theirs in zip(result.targets.targets, result.after, found, strict=True):
        known = math.isfinite(ours.value) and math.isfinite(theirs.value) and ours.value != 0
        gap = f"{100 * (theirs.value / ours.value - 1):+.2g} %" if known else "-"
        verdict = "met" if theirs.met else "MISSED"
        rows.append([t.id, seen(t, ours), seen(t, theirs), gap, verdict])
    return rows


def ngspice_document(result: Calibration, found: Sequence[Misfit]) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [
        {
            "id": t.id,
            "integrator": ours.value / t.factor,
            "ngspice": theirs.value / t.factor,
            "unit": t.unit,
            "misfit": theirs.tolerances,
            "met": theirs.met,
        }
        for t, ours, theirs in zip(result.targets.targets, result.after, found, strict=True)
    ]


def write_figure(result: Calibration, folder: Path) -> list[Path]:
    """The misfits before and after, as PNG and SVG."""
    before, after = (
        np.array([m.tolerances for m in side]) for side in (result.before, result.after)
    )
    figure = figures.misfits(
        [t.id for t in result.targets.targets],
        before,
        after,
        title=f"{result.card.name}: {result.targets.title or result.targets.file}",
    )
    return list(figures.save(figure, folder / f"{result.card.name}-calibration"))
