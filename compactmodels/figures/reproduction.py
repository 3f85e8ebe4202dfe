"""A paper's figure, simulated: its panels side by side, published values beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from compactmodels.errors import InputError
from compactmodels.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS: Final = 3
HEIGHT: Final = 2.1
"""inch of a row of panels."""
COLOURS: Final = (style.BLUE, style.VERMILION, style.GREEN, style.GREY)


class PanelLike(Protocol):
    """A panel: title, labels, curves with ``x y label points published``, or an ``image``."""

    @property
    def title(self) -> str:
        """Which figure of the paper it is laid out like."""

    @property
    def x(self) -> str:
        """Label of the abscissa."""

    @property
    def y(self) -> str:
        """Label of the ordinate."""

    @property
    def curves(self) -> Sequence[Any]:
        """Lines and points."""

    @property
    def log(self) -> str:
        """Axes that are logarithmic."""

    @property
    def image(self) -> Any:
        """A map, or None."""


@style.styled
def paper_figure(panels: Sequence[PanelLike], *, title: str) -> Figure:
    """Every panel of one paper.

    Parameters
    ----------
    panels : sequence of panels
    title : str

    Returns
    -------
    Figure
        One page wide; simulated values in colour, published ones as open black symbols.

    Raises
    ------
    InputError
        No panel.
    """
    if not panels:
        raise InputError("there is nothing to draw: no panel")
    rows = math.ceil(len(panels) / COLUMNS)
    figure = style.new_figure(style.TWO_COLUMNS, HEIGHT * rows + 0.3, title, synthetic=False)
    grid = np.atleast_1d(figure.subplots(rows, min(COLUMNS, len(panels)), squeeze=False)).ravel()
    for axes, panel in zip(grid, panels):
        _draw(axes, panel)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    return figure


def _draw(axes: Axes, panel: PanelLike) -> None:
    axes.set_title(panel.title, fontsize=7.5)
    if panel.image is not None:
        axes.imshow(np.asarray(panel.image, dtype=float), cmap="cividis")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlabel(panel.x, fontsize=7)
        return
    for k, curve in enumerate(panel.curves):
        x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
        if curve.published:
            look: dict[str, Any] = {"marker": "s", "linestyle": "", "mfc": "none", "color": "black"}
        elif curve.points:
            look = {"marker": "o", "linestyle": "", "color": COLOURS[k % len(COLOURS)]}
        else:
            look = {"color": COLOURS[k % len(COLOURS)]}
        axes.plot(x, y, label=curve.label or None, rasterized=x.size > style.MANY_POINTS, **look)
    if "x" in panel.log:
        axes.set_xscale("log")
    if "y" in panel.log:
        axes.set_yscale("log")
    axes.set_xlabel(panel.x, fontsize=7.5)
    axes.set_ylabel(panel.y, fontsize=7.5)
    axes.tick_params(labelsize=7)
    if any(c.label for c in panel.curves):
        axes.legend(fontsize=6, frameon=False, handlelength=1.2)
