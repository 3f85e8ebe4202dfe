"""A decay and its fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.figures import axes as ax
from compactmodels.figures import style
from compactmodels.figures.fitted import residual_panel, rms_note

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MOST: Final = 4000
"""Points drawn of what was left out, and of a fitted line."""


@style.styled
def decay_fit(
    t: ArrayLike,
    y: ArrayLike,
    model_t: ArrayLike,
    model_y: ArrayLike,
    *,
    used: ArrayLike,
    title: str,
    unit: str,
    log_time: bool,
    synthetic: bool = False,
    label: str = "fit",
    band: tuple[ArrayLike, ArrayLike] | None = None,
    band_label: str = "95 % band",
) -> Figure:
    """A signal against time with its fit, and the residuals below.

    The signal's axis is logarithmic where it falls by more than a decade.  Residuals are in
    decades where data and fit have one sign (that is how decays are fitted), else in ``unit``.

    Parameters
    ----------
    t, y : (n,) arrays
        [s], [unit].
    model_t, model_y : (k,) arrays
        The fit [s], [unit]; on the data's points or on others.
    used : (n,) bool array
        Points that took part; the others are drawn open and grey, 4000 of them at most.
    title : str
    unit : str
        Of the signal: ``A``, ``S``, ``%``; ``1`` for none.
    log_time : bool
        A logarithmic time axis; points at t <= 0 are then dropped.
    synthetic : bool
        The data were made, not measured: the figure says so.
    label : str
        Name of the fit, for the legend.
    band : (lower, upper), optional
        Confidence band of the fit on ``model_t``, each (k,) [unit].
    band_label : str
        Its name in the legend.

    Returns
    -------
    Figure
        Two axes, sharing time.

    Raises
    ------
    InputError
        Arrays that do not belong together.
    """
    time, signal = ax.arrays(t=t, y=y)
    fit_t, fit_y = ax.arrays(model_t=model_t, model_y=model_y)
    took = ax.mask(used, time) & np.isfinite(time) & np.isfinite(signal)
    sign = -1.0 if np.any(took) and bool(np.all(signal[took] < 0)) else 1.0
    order = np.argsort(fit_t, kind="stable")
    fit_t, fit_y = fit_t[order], fit_y[order]
    edges = (
        None
        if band is None
        else [a[order] for a in ax.arrays(model_t=model_t, lower=band[0], upper=band[1])[1:]]
    )
    fitted = np.interp(time, fit_t, fit_y, left=np.nan, right=np.nan)
    in_decades = bool(np.all(ax.positive(sign * signal, sign * fitted)[took])) and bool(took.any())
    heights = sign * signal[took]
    log_signal = in_decades and float(heights.max()) > 10 * float(heights.min())
    if log_signal:
        signal, fit_y, fitted = sign * signal, sign * fit_y, sign * fitted

    figure = style.new_figure(style.ONE_COLUMN, 3.7, title, synthetic=synthetic)
    top, low = figure.subplots(2, sharex=True, gridspec_kw={"height_ratios": (3, 1)})
    entries = []
    visible = np.isfinite(signal) & (took | _some(~took))
    if log_time:
        visible &= time > 0
    if log_signal:
        visible &= signal > 0
    for where, how, name in (
        (took & visible, style.dots(style.BLUE, time.size), "data"),
        (~took & visible, style.rings(time.size), "left out"),
    ):
        if np.any(where):
            (points,) = top.plot(time[where], signal[where], **how)
            entries.append((points, f"synthetic {name}" if synthetic and name == "data" else name))
    good = np.isfinite(fit_y) & ((fit_t > 0) | (not log_time)) & ((fit_y > 0) | (not log_signal))
    good &= _some(good)
    (line,) = top.plot(fit_t[good], fit_y[good], color=style.VERMILION)
    entries.append((line, label))
    if edges is not None:
        lower, upper = (sign * a if log_signal else a for a in edges)
        inside = good & np.isfinite(lower) & np.isfinite(upper)
        inside &= ((lower > 0) & (upper > 0)) | (not log_signal)
        area = top.fill_between(
            fit_t[inside], lower[inside], upper[inside], color=style.VERMILION, alpha=0.25, lw=0
        )
        entries.append((area, band_label))

    if log_signal:
        name = "|Signal|" if sign < 0 else "Signal"
        ax.logarithmic(top, "y", name, unit, signal[visible], fitted[took])
    else:
        ax.linear(top, "y", "Signal", unit, signal[visible])
    shown = took & visible
    if in_decades:
        residual = np.log10(signal[shown] / fitted[shown])
        named, note = "Residual\n(decades)", rms_note(ax.rms(residual), "decades")
    else:
        factor, symbol = ax.prefix(float(np.max(np.abs(signal - fitted)[shown], initial=0.0)), unit)
        residual = (signal - fitted)[shown] / factor
        named = "Residual" + ("" if symbol in {"", "1"} else f"\n({symbol})")
        note = rms_note(ax.rms(residual), symbol)
    residual_panel(low, time[shown], residual, named, note)
    if log_time:
        ax.logarithmic(low, "x", "Time", "s", time[visible])
    else:
        ax.linear(low, "x", "Time", "s", time[visible])
    figure.align_ylabels()
    style.legend(figure, entries)
    return figure


def _some(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """At most :data:`MOST` of the points in ``mask``, evenly spaced: a million would fill a disc."""
    index = np.flatnonzero(mask)
    kept = np.zeros_like(mask)
    kept[index[:: max(1, -(-index.size // MOST))]] = True
    return kept
