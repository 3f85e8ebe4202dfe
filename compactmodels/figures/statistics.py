"""How a parameter scatters: its quantiles against a distribution's, and its course over the cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from compactmodels.figures import axes as ax
from compactmodels.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@style.styled
def scatter(
    values: ArrayLike,
    expected: ArrayLike,
    cycles: ArrayLike,
    trend: ArrayLike | None = None,
    *,
    name: str,
    unit: str,
    law: str,
    along: str = "cycle",
    log: bool = False,
    title: str,
    synthetic: bool = False,
) -> Figure:
    """Quantiles of a parameter against those of its distribution, and the parameter against the cycle.

    Parameters
    ----------
    values : (n,) array
        In the order measured, in ``unit``.
    expected : (n,) array
        The distribution's quantiles for the sorted values.
    cycles : (n,) array
        Number of each value within its device.
    trend : (n,) array, optional
        The drift on the same values.
    name, unit : str
    law : str
        The distribution's name.
    along : str
        What the cycles are called: ``cycle`` or ``trace``.
    log : bool
        Both axes of values in the logarithm.
    title : str
    synthetic : bool
        The data were made, not measured: the figure says so.

    Returns
    -------
    Figure
        Two axes, one above the other.

    Raises
    ------
    InputError
        Arrays that do not belong together.
    """
    from matplotlib.ticker import MaxNLocator

    y, wanted, number = ax.arrays(values=values, expected=expected, cycles=cycles)
    # One above the other: side by side their letters would be too small on a phone.
    figure = style.new_figure(style.ONE_COLUMN, 5.4, title, synthetic=synthetic)
    top, low = figure.subplots(2)
    ends = (min(y.min(), wanted.min()), max(y.max(), wanted.max()))
    (straight,) = top.plot(ends, ends, color=style.BLACK, linewidth=0.7)
    (points,) = top.plot(wanted, np.sort(y), **style.dots(style.BLUE, y.size))
    low.plot(number, y, **style.dots(style.BLUE, y.size))
    entries = [(points, name), (straight, f"{law} distribution")]
    if trend is not None:
        drift, _ = ax.arrays(trend=trend, values=y)
        order = np.argsort(number, kind="stable")
        (line,) = low.plot(number[order], drift[order], color=style.VERMILION)
        entries.append((line, "drift"))
    scale = ax.logarithmic if log and y.min() > 0 and wanted.min() > 0 else ax.linear
    scale(top, "x", f"{name}, {law}", unit, wanted)
    scale(top, "y", f"{name}, measured", unit, y)
    scale(low, "y", name, unit, y)
    low.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    low.set_xlabel(along.capitalize())
    style.legend(figure, entries)
    return figure
