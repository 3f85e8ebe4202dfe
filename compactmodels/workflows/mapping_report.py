"""Weights from a file to conductances, with and without compensation, judged and written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from compactmodels import figures
from compactmodels.card import ModelCard
from compactmodels.files import write_text
from compactmodels.workflows.mapping import Judgement, Lines, Mapped, judge, map_weights
from netlists.array import csv_matrix


@dataclass(frozen=True, slots=True, eq=False)
class MappingReport:
    """A mapping with its judgement; ``plain`` without compensation, ``best`` with it if asked for."""

    card: str
    plain: tuple[Mapped, Judgement]
    best: tuple[Mapped, Judgement] | None

    @property
    def chosen(self) -> tuple[Mapped, Judgement]:
        """What is written."""
        return self.plain if self.best is None else self.best

    def document(self) -> dict[str, Any]:
        """The JSON object; errors are RMS over the RMS of W x."""
        mapped, _ = self.chosen
        rows, cols = mapped.w.shape
        found: dict[str, Any] = {
            "card": self.card,
            "mapping": mapped.mapping,
            "rows": rows,
            "cols": cols,
            "siemens": mapped.siemens,
            "before": _told(*self.plain),
        }
        if self.best is not None:
            found["after"] = _told(*self.best)
        return found


def _told(mapped: Mapped, judged: Judgement) -> dict[str, Any]:
    return {
        "error": judged.error,
        "error_after_gain": judged.error_after_gain,
        "factor": mapped.factor,
        "cells_at_an_end": mapped.at_end,
        "rounds": mapped.rounds,
        "settled": mapped.settled,
        "last_change": mapped.change,
    }


def report_mapping(
    weights: Path | Any,
    card: ModelCard,
    *,
    mapping: str = "differential",
    lines: Lines | None = None,
    g_low: float | None = None,
    g_high: float | None = None,
    compensate: bool = True,
    inputs: str = "binary",
    tests: int = 16,
    seed: int = 0,
) -> MappingReport:
    """Map a matrix, or the one in a CSV, and read it at random inputs before and after compensation.

    Parameters are those of :func:`.mapping.map_weights` and :func:`.mapping.judge`.
    """
    matrix = csv_matrix(weights) if isinstance(weights, (str, Path)) else weights
    lines = lines or Lines()

    def one(compensated: bool) -> tuple[Mapped, Judgement]:
        mapped = map_weights(
            matrix,
            card,
            mapping=mapping,
            g_low=g_low,
            g_high=g_high,
            lines=lines,
            compensate=compensated,
        )
        return mapped, judge(mapped, card, lines, inputs=inputs, tests=tests, seed=seed)

    return MappingReport(card.name, one(False), one(True) if compensate else None)


def write_mapping(report: MappingReport, folder: Path) -> list[Path]:
    """States and conductances as CSV (a word line a row), and the outputs as a figure."""
    mapped, judged = report.chosen
    stem = folder / f"{report.card}-map"
    written = [
        write_text(stem.with_name(f"{stem.name}-{name}.csv"), _csv(values))
        for name, values in (("states", mapped.w), ("conductance", mapped.conductance))
    ]
    shown: Sequence[tuple[str, Any]] = [
        ("as mapped" if report.best is None else "before", report.plain[1].found.ravel())
    ]
    if report.best is not None:
        shown = [*shown, ("compensated", judged.found.ravel())]
    rows, cols = mapped.w.shape
    figure = figures.mapped_outputs(
        judged.wanted.ravel(), shown, title=f"{report.card}, {rows} x {cols}, {mapped.mapping}"
    )
    return [*written, *figures.save(figure, stem)]


def _csv(values: NDArray[Any]) -> str:
    return "\n".join(",".join(repr(float(x)) for x in row) for row in values) + "\n"
