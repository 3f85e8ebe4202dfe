"""Outputs of a mapped array against what the weights say, before and after compensation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from compactmodels.errors import InputError
from compactmodels.figures import axes as ax
from compactmodels.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@style.styled
def mapped_outputs(
    wanted: ArrayLike, found: Sequence[tuple[str, ArrayLike]], *, title: str
) -> Figure:
    """What the array gives against W x.

    Parameters
    ----------
    wanted : (n,) array
    found : sequence of (str, (n,) array)
        One or two, named.
    title : str

    Raises
    ------
    InputError
        None or more than two, or arrays that do not belong together.
    """
    if not 1 <= len(found) <= 2:
        raise InputError(f"{len(found)} sets of outputs: one or two are drawn")
    figure = style.new_figure(style.ONE_COLUMN, 3.2, title)
    axes = figure.subplots()
    (right,) = ax.arrays(wanted=wanted)
    ends = np.array([right.min(), right.max()])
    (line,) = axes.plot(ends, ends, color=style.BLACK, linewidth=0.7)
    entries: list[tuple[Any, str]] = [(line, "y = W x")]
    drawn = [right]
    for colour, (name, values) in zip((style.VERMILION, style.BLUE), found, strict=False):
        _, y = ax.arrays(wanted=right, found=values)
        (points,) = axes.plot(right, y, **style.dots(colour, y.size))
        entries.append((points, name))
        drawn.append(y)
    ax.linear(axes, "x", "W x", "", right)
    ax.linear(axes, "y", "y of the array", "", *drawn)
    style.legend(figure, entries)
    return figure
