"""A calibration: every target's misfit, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from compactmodels.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FloatArray = NDArray[np.float64]


@style.styled
def misfits(
    ids: Sequence[str], before: FloatArray, after: FloatArray, *, title: str = ""
) -> Figure:
    """Misfit of each target in tolerances, with the band of one tolerance.

    Parameters
    ----------
    ids : sequence of n str
    before, after : (n,) arrays
        Signed, in tolerances; NaN where the observable has no value, which is said in its place.
    title : str
    """
    count = len(ids)
    figure = style.new_figure(style.TWO_COLUMNS * 0.75, 1.0 + 0.24 * count, title)
    axes = figure.add_subplot()
    rows = np.arange(count, dtype=float)
    axes.axvspan(-1, 1, color="#DDEEDD", linewidth=0)
    axes.axvline(0, color=style.BLACK, linewidth=0.6)
    (old,) = axes.plot(before, rows, **style.rings(count))
    (new,) = axes.plot(after, rows, **style.dots(style.BLUE, count))
    axes.set_xscale("symlog", linthresh=1.0)
    axes.xaxis.set_major_formatter("{x:g}")
    seen = np.concatenate([before, after])
    reach = max(3.0, 1.5 * float(np.max(np.abs(seen[np.isfinite(seen)]), initial=0.0)))
    axes.set_xlim(-reach, reach)
    for row in np.flatnonzero(~np.isfinite(after)):
        axes.text(0.0, float(row), "not reached", ha="center", va="center", color=style.VERMILION)
    axes.set_yticks(rows, [name.replace("$", r"\$") for name in ids])
    axes.set_ylim(count - 0.4, -0.6)
    axes.set_xlabel("Misfit (tolerances)")
    style.legend(figure, [(old, "before"), (new, "calibrated")])
    return figure
