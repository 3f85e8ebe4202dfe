"""A paper's figure, simulated: its panels side by side, published values beside them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from compactmodels.errors import InputError
from compactmodels.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

COLUMNS: Final = 3
HEIGHT: Final = 2.1
"""inch of a row of panels."""
TITLE: Final = 34
"""Letters of a panel's title in a line."""
COLOURS: Final = (
    style.BLUE,
    style.VERMILION,
    style.GREEN,
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    style.GREY,
)
"""Okabe and Ito's."""
WIDE: Final = 5.0
"""Ratio of a map's values from which on its scale is logarithmic."""


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
    norm = _scale([np.asarray(p.image, dtype=float) for p in panels if p.image is not None])
    for axes, panel in zip(grid, panels):
        if panel.image is None:
            _draw(axes, panel)
        else:
            _map(axes, panel, norm)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    return figure


def _scale(images: Sequence[Any]) -> Any:
    """One scale for all maps of a figure, so that what is gone looks gone."""
    from matplotlib.colors import LogNorm, Normalize

    values = np.concatenate([image[np.isfinite(image)] for image in images]) if images else [0.0]
    low, high = float(np.min(values)), float(np.max(values))
    return LogNorm(low, high) if low > 0 and high > WIDE * low else Normalize(low, high)


def _map(axes: Axes, panel: PanelLike, norm: Any) -> None:
    axes.set_title(textwrap.fill(panel.title, TITLE), fontsize=7.5)
    shown = axes.imshow(np.asarray(panel.image, dtype=float), cmap="cividis", norm=norm)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(panel.x, fontsize=7)
    bar = axes.figure.colorbar(shown, ax=axes, shrink=0.8)
    bar.ax.tick_params(labelsize=6)


def _draw(axes: Axes, panel: PanelLike) -> None:
    axes.set_title(textwrap.fill(panel.title, TITLE), fontsize=7.5)
    from matplotlib.ticker import MaxNLocator

    for k, curve in enumerate(panel.curves):
        x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
        if curve.published:
            look: dict[str, Any] = {"marker": "s", "linestyle": "", "mfc": "none", "color": "black"}
        elif curve.points:
            look = {"marker": "o", "linestyle": "", "color": COLOURS[k % len(COLOURS)]}
        else:
            look = {"color": COLOURS[k % len(COLOURS)]}
        axes.plot(x, y, label=curve.label or None, rasterized=x.size > style.MANY_POINTS, **look)
    for axis, scale in ((axes.xaxis, axes.set_xscale), (axes.yaxis, axes.set_yscale)):
        if axis.axis_name in panel.log:
            scale("log")
            _few_decades(axis)
        else:
            axis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel(panel.x, fontsize=7.5)
    axes.set_ylabel(panel.y, fontsize=7.5)
    axes.tick_params(labelsize=7)
    if any(c.label for c in panel.curves):
        axes.legend(fontsize=6, frameon=False, handlelength=1.2)


def _few_decades(axis: Axis) -> None:
    """Ticks at 1, 2 and 5 where an axis has too few powers of ten to be read by them."""
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

    low, high = sorted(axis.get_view_interval())
    if high < 100 * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FormatStrFormatter("%g"))
    axis.set_minor_formatter(NullFormatter())
