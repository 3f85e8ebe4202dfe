"""Figures as files: PNG for the screen, SVG for the paper; the same figure, the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from compactmodels.figures.style import context
from compactmodels.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI: Final = 200


def save(figure: Figure, stem: Path) -> tuple[Path, Path]:
    """Write ``stem.png`` and ``stem.svg``; both appear complete, or neither.

    Parameters
    ----------
    figure : Figure
    stem : Path
        Folder and name without an ending; a dot in the name is part of it.

    Returns
    -------
    (Path, Path)
        The PNG and the SVG.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    stem = Path(stem)
    png, svg = stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.svg")
    with replacing(png) as raster, replacing(svg) as vector, context():
        # The layout is settled once: drawn again, it would creep by a fraction of a pixel.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        figure.savefig(raster, format="png", dpi=DPI)
        figure.savefig(vector, format="svg", dpi=DPI, metadata={"Date": None})
    return png, svg
