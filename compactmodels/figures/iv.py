"""A current-voltage fit: data, fit, confidence band, residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from compactmodels.figures import axes as ax
from compactmodels.figures import style
from compactmodels.figures.fitted import model_at, residual_panel, rms_note

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@style.styled
def iv_fit(
    v: ArrayLike,
    i: ArrayLike,
    model_v: ArrayLike,
    model_i: ArrayLike,
    *,
    used: ArrayLike,
    title: str,
    label: str,
    band: tuple[ArrayLike, ArrayLike] | None = None,
    band_label: str = "95 % band",
    rms_decades: float,
    synthetic: bool = False,
) -> Figure:
    """|I| against V with its fit, and the residuals in decades below.

    Parameters
    ----------
    v, i : (n,) arrays
        The branch as measured [V], [A].
    model_v, model_i : (k,) arrays
        The fit [V], [A]; on the data's points or on others.
    used : (n,) bool array
        Points that took part; the others are drawn open and grey.
    title : str
    label : str
        Name of the fit, for the legend.
    band : (lower, upper), optional
        Confidence band of the fit on ``model_v``, each (k,) [A].
    band_label : str
        Its name in the legend.
    rms_decades : float
        Of the fit, written above the residuals.
    synthetic : bool
        The data were made, not measured: the figure says so.

    Returns
    -------
    Figure
        Two axes, sharing V.

    Raises
    ------
    InputError
        Arrays that do not belong together.
    """
    voltage, current = ax.arrays(v=v, i=i)
    fit_v, fit_i = ax.arrays(model_v=model_v, model_i=model_i)
    took = ax.mask(used, voltage)
    size = np.abs(current)
    shown = ax.positive(size)
    fitted = model_at(voltage, fit_v, fit_i)

    figure = style.new_figure(style.ONE_COLUMN, 3.7, title, synthetic=synthetic)
    top, low = figure.subplots(2, sharex=True, gridspec_kw={"height_ratios": (3, 1)})
    entries = []
    for where, how, name in (
        (took & shown, style.dots(style.BLUE, voltage.size), "data"),
        (~took & shown, style.rings(voltage.size), "left out"),
    ):
        if np.any(where):
            (points,) = top.plot(voltage[where], size[where], **how)
            entries.append((points, f"synthetic {name}" if synthetic and name == "data" else name))
    drawn = ax.positive(np.abs(fit_i))
    for n, (_, on) in enumerate(ax.sides(fit_v)):
        (line,) = top.plot(fit_v[on & drawn], np.abs(fit_i[on & drawn]), color=style.VERMILION)
        if n == 0:
            entries.append((line, label))
    if band is not None:
        lower, upper = (np.abs(a) for a in ax.arrays(lower=band[0], upper=band[1]))
        ax.arrays(model_v=fit_v, band=lower)
        for n, (_, on) in enumerate(ax.sides(fit_v)):
            inside = on & ax.positive(lower, upper)
            area = top.fill_between(
                fit_v[inside], lower[inside], upper[inside], color=style.VERMILION, alpha=0.25, lw=0
            )
            if n == 0:
                entries.append((area, band_label))
    ax.logarithmic(top, "y", "|I|", "A", size, fitted[took])
    residual_panel(
        low,
        voltage[took & shown],
        np.log10(size[took & shown] / fitted[took & shown]),
        "Residual\n(decades)",
        rms_note(rms_decades, "decades"),
    )
    ax.linear(low, "x", "Voltage", "V", voltage)
    figure.align_ylabels()
    style.legend(figure, entries)
    return figure
