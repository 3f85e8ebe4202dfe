"""What the lines of an array take from its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.errors import InputError
from compactmodels.figures import axes as ax
from compactmodels.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = NDArray[np.float64]

ANNOTATED: Final = 64
"""Cells up to which each carries its number."""
CELL: Final = 0.33
"""inch: a cell that holds its number."""
LONGEST: Final = 4.0
"""Ratio of the sides up to which cells are drawn square."""


@style.styled
def voltage_lost(
    cell_voltages: ArrayLike, applied: ArrayLike, *, title: str, unit: str = "V"
) -> Figure:
    """Heat map of the voltage that does not reach the cells.

    Lost is the voltage applied to the word line less that across the cell.

    Parameters
    ----------
    cell_voltages : (m, n) array
        Across the cells, m word lines by n bit lines [V].
    applied : (m,) array
        At the head of each word line [V].
    title : str
    unit : str
        ``V`` (an SI prefix is chosen), ``mV``, or ``%`` of the applied voltage (word lines at 0 V
        are then left blank).

    Returns
    -------
    Figure
        The map; its colour bar stands beside it, below it where the array is wide.

    Raises
    ------
    InputError
        Shapes that do not belong together, an unknown unit, ``%`` of nothing.
    """
    cells = np.asarray(cell_voltages, dtype=np.float64)
    rows = np.asarray(applied, dtype=np.float64)
    if cells.ndim != 2 or cells.size == 0 or rows.shape != cells.shape[:1]:
        raise InputError(
            f"cell voltages of shape (m, n) and (m,) applied ones are needed, found {cells.shape} "
            f"and {rows.shape}"
        )
    lost, shown = _lost(cells, rows, unit)
    m, n = cells.shape
    annotated = m * n <= ANNOTATED
    figure = style.new_figure(*_size(m, n, annotated), title)
    axes = figure.subplots()
    finite = lost[np.isfinite(lost)]
    low, high = float(min(finite.min(), 0.0)), float(max(finite.max(), 0.0))
    two_sided = low < -0.01 * high  # some cells see more than is applied to their word line
    reach = (max(-low, high) if two_sided else high) or 1.0
    image = axes.imshow(
        np.ma.masked_invalid(lost),
        cmap="RdBu_r" if two_sided else "cividis",
        vmin=-reach if two_sided else 0.0,
        vmax=reach,
        aspect="equal" if _square(m, n) else "auto",
        interpolation="nearest",
    )
    axes.set_facecolor("#dddddd")  # what is not defined
    _lines(axes, m, n)
    if _wide(m, n):
        bar = figure.colorbar(image, ax=axes, location="bottom", aspect=30, pad=0.03)
    else:  # beside the cells and exactly as high as they
        bar = figure.colorbar(image, cax=axes.inset_axes((1.03, 0.0, 0.05, 1.0)))
    bar.set_label(f"Voltage lost ({shown})")
    bar.outline.set_linewidth(0.5)
    if annotated:
        _annotate(axes, image, lost)
    return figure


def _square(m: int, n: int) -> bool:
    return max(m, n) <= LONGEST * min(m, n)


def _wide(m: int, n: int) -> bool:
    return n >= 2 * m


def _size(m: int, n: int, annotated: bool) -> tuple[float, float]:
    """Width and height [inch] that leave the cells no empty margin, and room for their numbers."""
    beside, below = (0.7, 1.25) if _wide(m, n) else (1.2, 0.75)
    width = max(style.ONE_COLUMN, CELL * n + beside) if annotated else style.ONE_COLUMN
    inner = width - beside
    if _square(m, n):
        return width, min(inner * m / n, max(2.6, CELL * m), 4.8) + below
    return width, (max(CELL * m, 0.4) if annotated else 1.6 if _wide(m, n) else 2.4) + below


def _lost(cells: FloatArray, rows: FloatArray, unit: str) -> tuple[FloatArray, str]:
    """What is lost, (m, n), and the unit it is in."""
    lost = rows[:, None] - cells
    if not np.all(np.isfinite(lost)):
        raise InputError("the cell voltages or the applied ones are not finite")
    if unit == "mV":
        return lost * 1e3, unit
    if unit == "V":
        factor, shown = ax.prefix(float(np.max(np.abs(lost))), "V")
        return lost / factor, shown
    if unit != "%":
        raise InputError(f"unknown unit '{unit}'; known are V, mV and %")
    if not np.any(rows):
        raise InputError("no word line carries a voltage: the part that is lost is not defined")
    out = np.full(cells.shape, np.nan)
    on = rows != 0
    out[on] = 100 * lost[on] / rows[on, None]
    return out, unit


def _lines(axes: Axes, m: int, n: int) -> None:
    from matplotlib.ticker import MaxNLocator

    for axis, count, name in ((axes.yaxis, m, "Word line"), (axes.xaxis, n, "Bit line")):
        axis.set_label_text(name)
        if count <= 10:
            axis.set_ticks(range(count))
        else:
            axis.set_major_locator(MaxNLocator(nbins=7, integer=True, steps=[1, 2, 4, 5, 8, 10]))
    axes.tick_params(length=0)


def _annotate(axes: Axes, image: Any, lost: FloatArray) -> None:
    for (row, column), value in np.ndenumerate(lost):
        if not np.isfinite(value):
            continue
        red, green, blue, _ = image.cmap(image.norm(value))
        light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.46
        axes.text(
            column,
            row,
            _short(float(value)),
            ha="center",
            va="center",
            fontsize=6.0,
            color="black" if light else "white",
        )


def _short(value: float) -> str:
    """Three digits, no exponent."""
    size = abs(value)
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2
    return f"{value:.{digits}f}".replace("-", "−")
