"""Plasticity: a response against its stimulus, trains of pulses, and what their noise is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.figures import axes as ax
from compactmodels.figures import style
from compactmodels.figures.fitted import residual_panel, rms_note

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FloatArray = NDArray[np.float64]


@style.styled
def response_fit(
    x: ArrayLike,
    y: ArrayLike,
    model: ArrayLike,
    curve: tuple[ArrayLike, ArrayLike],
    band: tuple[ArrayLike, ArrayLike],
    *,
    title: str,
    x_name: str,
    x_unit: str,
    y_name: str,
    y_unit: str,
    log_x: bool = False,
    synthetic: bool = False,
    label: str = "fit",
) -> Figure:
    """A response with its law, the 95 % band of the law, and the residuals below.

    Parameters
    ----------
    x, y, model : (n,) arrays
        Stimulus [x_unit], response and law [y_unit].
    curve : two (k,) arrays
        x and the law, for the line.
    band : two (k,) arrays
        Lower and upper edge of the band at the curve's x.
    title, x_name, x_unit, y_name, y_unit : str
    log_x : bool
        Every x is above 0 and they span decades.
    synthetic : bool
    label : str

    Returns
    -------
    Figure
        Two axes, sharing x.

    Raises
    ------
    InputError
        Arrays that do not belong together.
    """
    at, found, law = ax.arrays(x=x, y=y, model=model)
    line_x, line, low, high = ax.arrays(curve_x=curve[0], curve=curve[1], low=band[0], high=band[1])
    figure = style.new_figure(style.ONE_COLUMN, 3.7, title, synthetic=synthetic)
    top, bottom = figure.subplots(2, sharex=True, gridspec_kw={"height_ratios": (3, 1)})
    (points,) = top.plot(at, found, **style.dots(style.BLUE, at.size))
    shade = top.fill_between(line_x, low, high, color=style.VERMILION, alpha=0.2, linewidth=0)
    (drawn,) = top.plot(line_x, line, color=style.VERMILION)
    if np.any(at < 0):
        for axes in (top, bottom):
            axes.axvline(0.0, color=style.GREY, linewidth=0.6)
        ax.zero_line(top)
    ax.linear(top, "y", y_name, y_unit, found)
    factor, symbol = ax.prefix(float(np.max(np.abs(found - law), initial=0.0)), y_unit)
    rest = (found - law) / factor
    unit = "" if symbol in {"", "1"} else f"\n({symbol})"
    residual_panel(bottom, at, rest, f"Residual{unit}", rms_note(ax.rms(rest), symbol))
    if log_x:
        ax.logarithmic(bottom, "x", x_name, x_unit, at)
    else:
        ax.linear(bottom, "x", x_name, x_unit, at)
    figure.align_ylabels()
    name = "synthetic data" if synthetic else "data"
    style.legend(figure, [(points, name), (drawn, label), (shade, "95 % of the law")])
    return figure


@style.styled
def pulse_trains(
    pulses: Sequence[ArrayLike],
    ramps: Sequence[ArrayLike],
    laws: Sequence[ArrayLike],
    labels: Sequence[str],
    *,
    title: str,
    unit: str,
    synthetic: bool = False,
) -> Figure:
    """Conductance against the pulse number, up and then down, with the law of each direction.

    Parameters
    ----------
    pulses : sequence of (n,) arrays
        Pulse numbers of each direction, counted on.
    ramps : sequence of (m, n) arrays
        Every ramp of it, in ``unit``.
    laws : sequence of (n,) arrays
    labels : sequence of str
        What each law is.
    title, unit : str
    synthetic : bool

    Returns
    -------
    Figure
        Two axes, sharing the pulses; residuals are those of the mean ramp.
    """
    figure = style.new_figure(style.ONE_COLUMN, 3.7, title, synthetic=synthetic)
    top, bottom = figure.subplots(2, sharex=True, gridspec_kw={"height_ratios": (3, 1)})
    entries = []
    colours = (style.VERMILION, style.GREEN)
    rest, at, seen = [], [], []
    for number, table, law, label, colour in zip(pulses, ramps, laws, labels, colours):
        x, rows = np.asarray(number, dtype=np.float64), np.atleast_2d(np.asarray(table))
        if len(rows) > 1:
            for row in rows:
                top.plot(x, row, color=style.GREY, linewidth=0.3, alpha=0.5, rasterized=True)
        (points,) = top.plot(x, rows.mean(axis=0), **style.dots(style.BLUE, x.size))
        (line,) = top.plot(x, law, color=colour, linewidth=1.6)
        entries.append((line, label))
        at.append(x)
        rest.append(rows.mean(axis=0) - np.asarray(law))
        seen.append(rows.ravel())
    several = any(len(np.atleast_2d(np.asarray(r))) > 1 for r in ramps)
    entries.insert(0, (points, "mean of the ramps" if several else "data"))
    ax.linear(top, "y", "Conductance" if unit == "S" else "Signal", unit, *seen)
    joined = np.concatenate(rest)
    factor, symbol = ax.prefix(float(np.max(np.abs(joined))), unit)
    label = "" if symbol in {"", "1"} else f"\n({symbol})"
    note = rms_note(ax.rms(joined / factor), symbol)
    residual_panel(bottom, np.concatenate(at), joined / factor, f"Residual{label}", note)
    ax.linear(bottom, "x", "Pulse", "1", np.concatenate(at))
    figure.align_ylabels()
    style.legend(figure, entries)
    return figure


@style.styled
def pulse_noise(
    lags: Sequence[ArrayLike],
    measured: Sequence[ArrayLike],
    modelled: Sequence[ArrayLike],
    labels: Sequence[str],
    *,
    title: str,
    unit: str,
    synthetic: bool = False,
) -> Figure:
    """Root mean square difference of two readings against their distance in pulses.

    Parameters
    ----------
    lags : sequence of (k,) arrays
        [pulses]
    measured, modelled : sequence of (k,) arrays
        In ``unit``; of the data, and of the noise on the card.
    labels : sequence of str
    title, unit : str
    synthetic : bool

    Returns
    -------
    Figure
    """
    figure = style.new_figure(style.ONE_COLUMN, 2.6, title, synthetic=synthetic)
    axes = figure.subplots()
    entries = []
    seen = []
    for lag, data, law, label, colour in zip(
        lags, measured, modelled, labels, (style.VERMILION, style.GREEN)
    ):
        x, y = np.asarray(lag, dtype=np.float64), np.asarray(data, dtype=np.float64)
        (points,) = axes.plot(x, y, **style.dots(colour, x.size))
        axes.plot(x, np.asarray(law), color=colour)
        entries.append((points, f"{label} and its noise model"))
        seen.append(y)
    ax.logarithmic(axes, "x", "Distance", "pulses", *[np.asarray(v, dtype=float) for v in lags])
    ax.logarithmic(axes, "y", "RMS difference", unit, *seen)
    style.legend(figure, entries)
    return figure
