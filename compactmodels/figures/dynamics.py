"""State equations laid over a measured hysteresis: the loop, and its residual over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from compactmodels.figures import axes as ax
from compactmodels.figures import style
from compactmodels.figures.fitted import residual_panel, rms_note

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@style.styled
def dynamics_fit(
    time: ArrayLike,
    voltage: ArrayLike,
    measured: ArrayLike,
    model: ArrayLike,
    *,
    used: ArrayLike,
    title: str = "",
    label: str = "model",
    synthetic: bool = False,
) -> Figure:
    """Current against voltage, measured and model, and below what is left over time.

    Parameters
    ----------
    time, voltage : (n,) arrays
        [s], [V].
    measured, model : (n,) arrays
        Current [A]; magnitudes are drawn.
    used : (n,) bool array
        Points that the residual counts.
    title, label : str
    synthetic : bool
        The data were made, not measured: the figure says so.

    Returns
    -------
    Figure
        Two axes.

    Raises
    ------
    InputError
        Arrays that do not belong together.
    """
    t, v, data, found = ax.arrays(time=time, voltage=voltage, measured=measured, model=model)
    data, found = np.abs(data), np.abs(found)
    known = ax.positive(data, found) & np.isfinite(v)
    counted = known & np.asarray(used, dtype=bool)
    residual = np.full(t.shape, np.nan)
    residual[counted] = np.log10(data[counted] / found[counted])
    figure = style.new_figure(style.ONE_COLUMN, 4.2, title, synthetic=synthetic)
    top, low = figure.subplots(2, gridspec_kw={"height_ratios": (5, 2)})
    (points,) = top.plot(v[known], data[known], **style.dots(style.GREY, int(known.sum())))
    (line,) = top.plot(v[known], found[known], color=style.VERMILION)
    ax.logarithmic(top, "y", "|I|", "A", data[known], found[known])
    ax.linear(top, "x", "Voltage", "V", v)
    note = ", ".join(
        filter(None, ["measured − model", rms_note(ax.rms(residual[counted]), "decades")])
    )
    residual_panel(low, t, residual, "Residual\n(decades)", note)
    ax.linear(low, "x", "Time", "s", t)
    figure.align_ylabels()
    style.legend(figure, [(points, "synthetic data" if synthetic else "measured"), (line, label)])
    return figure
