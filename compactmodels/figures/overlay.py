"""A simulation laid over a measurement."""

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
def residual_overlay(
    x: ArrayLike,
    measured: ArrayLike,
    simulated: ArrayLike,
    *,
    xlabel: str,
    x_unit: str = "s",
    ylabel: str = "Current",
    unit: str = "A",
    title: str = "",
    log: bool = False,
    synthetic: bool = False,
) -> Figure:
    """Measured and simulated on the same points, and the residual below with its RMS.

    Parameters
    ----------
    x : (n,) array
        [x_unit].
    measured, simulated : (n,) arrays
        [unit].
    xlabel, x_unit, ylabel, unit : str
        Names and units of the axes; an SI prefix is chosen.
    title : str
    log : bool
        Magnitudes on a logarithmic axis and the residual in decades; points that are zero on
        either side are dropped.
    synthetic : bool
        The data were made, not measured: the figure says so.

    Returns
    -------
    Figure
        Two axes, sharing x.

    Raises
    ------
    InputError
        Arrays that do not belong together.
    """
    where, data, model = ax.arrays(x=x, measured=measured, simulated=simulated)
    known = np.isfinite(where) & np.isfinite(data) & np.isfinite(model)
    if log:
        data, model = np.abs(data), np.abs(model)
        known &= ax.positive(data, model)
    where, data, model = where[known], data[known], model[known]
    figure = style.new_figure(style.ONE_COLUMN, 3.7, title, synthetic=synthetic)
    top, low = figure.subplots(2, sharex=True, gridspec_kw={"height_ratios": (3, 1)})
    (points,) = top.plot(where, data, **style.dots(style.GREY, where.size))
    (line,) = top.plot(where, model, color=style.VERMILION)
    if log:
        ax.logarithmic(top, "y", "|I|" if ylabel == "Current" else f"|{ylabel}|", unit, data, model)
        residual, symbol = np.log10(data / model), "decades"
    else:
        ax.linear(top, "y", ylabel, unit, data, model)
        factor, symbol = ax.prefix(float(np.max(np.abs(data - model), initial=0.0)), unit)
        residual = (data - model) / factor
    note = ", ".join(filter(None, ["measured − simulated", rms_note(ax.rms(residual), symbol)]))
    name = "Residual" + ("" if symbol in {"", "1"} else f"\n({symbol})")
    residual_panel(low, where, residual, name, note)
    ax.linear(low, "x", xlabel, x_unit, where)
    figure.align_ylabels()
    style.legend(
        figure, [(points, "synthetic data" if synthetic else "measured"), (line, "simulated")]
    )
    return figure
