"""A figure a paper, laid out like the paper's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from compactmodels import figures
from compactmodels.workflows.reproduction.table import Reproduction


def write_figures(found: Sequence[Reproduction], folder: Path) -> list[Path]:
    """PNG and SVG of each paper that has panels; returns their paths."""
    written: list[Path] = []
    for one in found:
        if one.panels:
            figure = figures.paper_figure(one.panels, title=one.paper.title)
            written += figures.save(figure, Path(folder) / f"reproduce-{one.paper.name}")
    return written
