"""What a joint fit gives back: the shared parameters, and a result of every trace."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from compactmodels.parts import Conduction
from fitting.engine import Solution
from fitting.joint_problem import JointProblem
from fitting.result import Estimate, FitResult, plain
from fitting.sweep import Sweep, voltage_of

if TYPE_CHECKING:
    from compactmodels.card import ModelCard

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class JointResult(FitResult):
    """A joint fit.

    Parameters
    ----------
    kind, selected, ...
        Of :class:`fitting.result.FitResult`; ``parameters`` are the shared ones, the arrays are the
        traces' one after the other.  ``statistics["comparison"]`` holds the shared model against one
        fit a trace.
    traces : tuple of FitResult
        Each with all of its parameters, shared ones too, and its own residuals' statistics
        (``temperature`` and ``area`` among them).
    """

    traces: tuple[FitResult, ...] = ()

    def card(self, name: str | None = None) -> ModelCard:
        """The shared values as a model card; what differs from trace to trace becomes its statistics."""
        from fitting.cards import card_of
        from fitting.statistics import of_joint, with_statistics

        card = card_of(self, name)
        entries = dict(card.entries)
        for full in entries:
            n = full.partition("_")[2]
            values = [t.parameters[n].value for t in self.traces if n in t.parameters]
            if n in self.context["per_trace"] and values:
                note = f"middle of {len(values)} traces, {min(values):.5g} to {max(values):.5g}"
                entries[full] = replace(entries[full], origin="fitted", note=note)
        traces = [
            {
                "file": PurePath(t.file or "").name,
                "sha256": t.context.get("sha256") or "",
                "temperature": t.statistics["temperature"],
                "rms_decades": t.statistics["rms_decades"],
            }
            for t in self.traces
        ]
        card = replace(card, entries=entries, provenance={**card.provenance, "traces": traces})
        return with_statistics(card, of_joint(self))

    def to_json(self, card: str | None = None) -> dict[str, Any]:
        """The JSON object of a fit with ``traces``: place, conditions, own parameters, residuals."""
        # not super(): a dataclass with slots is another class than the one the method was written in
        document = FitResult.to_json(self, card)
        document["traces"] = plain([self._trace(t) for t in self.traces])
        return document

    def _trace(self, trace: FitResult) -> dict[str, Any]:
        own = {n: e for n, e in trace.parameters.items() if n in self.context["per_trace"]}
        return {
            "file": trace.file,
            "branch": trace.branch,
            "temperature": trace.statistics["temperature"],
            "area": trace.statistics["area"],
            "parameters": {n: e.to_json() for n, e in own.items()},
            "statistics": dict(trace.statistics),
            "warnings": [{"code": w.code, "message": w.message} for w in trace.warnings],
        }


def trace_results(
    part: Conduction,
    problem: JointProblem,
    sweeps: list[Sweep],
    solution: Solution,
    estimates: dict[str, Estimate],
    each: list[tuple[float, float]],
    forward: bool,
) -> tuple[FitResult, ...]:
    """A result of every trace out of the joint minimum.

    Parameters
    ----------
    part : Conduction
    problem : JointProblem
    sweeps : list of Sweep
    solution : Solution
    estimates : dict
        Of every coordinate that is reported.
    each : list of (float, float)
        Effective points and autocorrelation of each trace's residuals.
    forward : bool
        Whether only the forward side was fitted.
    """
    out = []
    for k, sweep in enumerate(sweeps):
        block, place = problem.blocks[k], problem.places[k]
        residual = solution.residual[problem.parts[k]]
        _, _, flipped = sweep.points(forward, part.name)
        sign = -1.0 if flipped else 1.0
        v = voltage_of(sweep.trace)
        with np.errstate(all="ignore"):
            model = (
                sign * replace(block, x=sign * v, y=np.ones_like(v)).current(solution.u[place])[0]
            )
        used = sweep.used & (sweep.sign * v > 0) if forward else sweep.used
        known = {p.name: estimates.get(problem.names[j]) for p, j in zip(block.free, place)}
        parameters = {n: e for n, e in known.items() if e is not None}
        rms = math.sqrt(float(np.mean(residual**2))) / math.log(10.0)
        statistics = {
            "rms_decades": rms,
            "max_decades": float(np.max(np.abs(residual))) / math.log(10.0),
            "n_points": int(residual.size),
            "n_effective": each[k][0],
            "lag1": each[k][1],
            "mean_decades": float(np.mean(residual)) / math.log(10.0),
            "temperature": sweep.known.temperature,
            "area": sweep.known.area,
        }
        values = problem.of_trace(k, solution.values)
        out.append(
            FitResult(
                "iv",
                part.name,
                {part.name: 1.0},
                parameters,
                statistics,
                sweep.warnings,
                {},
                v,
                sweep.trace.current,
                np.asarray(model, dtype=np.float64),
                used,
                sweep.trace.meta.get("file"),
                sweep.trace.meta.get("branch"),
                {"values": values, "sha256": sweep.trace.meta.get("sha256")},
            )
        )
    return tuple(out)
