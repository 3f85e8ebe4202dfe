"""What a study measured along its axis, with the closed forms beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike

from compactmodels.errors import InputError
from compactmodels.figures import axes as ax
from compactmodels.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS: Final = (style.BLUE, style.VERMILION, style.GREEN, "#CC79A7", style.BLACK)
DASHES: Final = (0, (3, 2))
MARKERS: Final = ("o", "s", "^", "D", "v")


@dataclass(frozen=True, slots=True, eq=False)
class StudyCurve:
    """One curve.

    Parameters
    ----------
    label : str
        "" for the only one.
    x, y : (n,) arrays
    spread : (n,) array, optional
        Standard deviation, drawn as a bar of that length up and down.
    estimate : (n,) array, optional
        A closed form, drawn dashed in the curve's colour.
    """

    label: str
    x: ArrayLike
    y: ArrayLike
    spread: ArrayLike | None = None
    estimate: ArrayLike | None = None


@style.styled
def study(
    curves: Sequence[StudyCurve],
    *,
    x: tuple[str, str],
    y: tuple[str, str],
    logarithmic: tuple[bool, bool] = (True, True),
    title: str,
) -> Figure:
    """Curves of a study.

    Parameters
    ----------
    curves : sequence of StudyCurve
        1 to 5.
    x, y : (str, str)
        Name and unit of the axes.
    logarithmic : (bool, bool)
        Of each axis; one with values that are not above zero is drawn linear.
    title : str

    Returns
    -------
    Figure
        One axes.

    Raises
    ------
    InputError
        No curves or too many, or arrays that do not belong together.
    """
    if not 1 <= len(curves) <= len(COLOURS):
        raise InputError(f"{len(curves)} curves: 1 to {len(COLOURS)} can be told apart")
    figure = style.new_figure(style.ONE_COLUMN, 2.9, title)
    axes = figure.subplots()
    entries: list[tuple[Any, str]] = []
    drawn_x, drawn_y = [], []
    for colour, marker, curve in zip(COLOURS, MARKERS, curves, strict=False):
        at, found = ax.arrays(x=curve.x, y=curve.y)
        line = axes.errorbar(
            at,
            found,
            yerr=None if curve.spread is None else np.asarray(curve.spread),
            color=colour,
            marker=marker,
            markersize=3.2,
            linewidth=1.0,
            elinewidth=0.8,
            capsize=1.8,
        )
        if curve.label:
            entries.append((line, curve.label))
        drawn_x.append(at)
        drawn_y.append(found)
        if curve.estimate is not None:
            _, form = ax.arrays(x=curve.x, estimate=curve.estimate)
            axes.plot(at, form, color=colour, linestyle=DASHES, linewidth=0.9)
            drawn_y.append(form)
    if any(curve.estimate is not None for curve in curves):
        (dashed,) = axes.plot([], [], color=style.GREY, linestyle=DASHES, linewidth=0.9)
        entries.append((dashed, "closed form"))
    _scale("x", axes, x, logarithmic[0], drawn_x)
    _scale("y", axes, y, logarithmic[1], drawn_y)
    if len(drawn_x[0]) <= 8:
        _ticks(axes, np.unique(np.concatenate(drawn_x)))
    if y[1] in ("%", "1"):
        axes.yaxis.set_major_formatter(_plain())
    style.legend(figure, entries)
    return figure


def _scale(which: str, axes: Any, name: tuple[str, str], log: bool, values: list[Any]) -> None:
    every = np.concatenate(values)
    positive = every[np.isfinite(every)]
    scale = ax.logarithmic if log and positive.size and positive.min() > 0 else ax.linear
    scale(axes, which, *name, *values)


def _ticks(axes: Any, at: Any) -> None:
    """The values themselves: sizes and counts are read as they were asked for."""
    from matplotlib.ticker import FixedLocator, NullLocator

    axes.xaxis.set_major_locator(FixedLocator(at))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(_plain())


def _plain() -> Any:
    """5, 0.02: without powers of ten."""
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−"))
