"""Several traces and one fit of them all; and an Arrhenius plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE
from compactmodels.figures import axes as ax
from compactmodels.figures import style
from compactmodels.figures.fitted import residual_panel, rms_note

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Traced(NamedTuple):
    """One trace of a joint fit: its label, V [V], I [A], the fit [A] on the same points, the used ones."""

    label: str
    v: ArrayLike
    i: ArrayLike
    model: ArrayLike
    used: ArrayLike


LABELLED = 6
"""Traces that the legend names; of more, the first, the middle and the last."""


@style.styled
def joint_fit(
    traces: Sequence[Traced], *, title: str, rms_decades: float, synthetic: bool = False
) -> Figure:
    """|I| against V of every trace with the shared fit, and the residuals in decades below.

    Parameters
    ----------
    traces : sequence of Traced
        In the order of the colours, from dark to light.
    title : str
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
    from matplotlib import colormaps

    figure = style.new_figure(style.ONE_COLUMN, 4.0, title, synthetic=synthetic)
    top, low = figure.subplots(2, sharex=True, gridspec_kw={"height_ratios": (3, 1)})
    shades = colormaps["viridis"](np.linspace(0.0, 0.85, max(len(traces), 2)))
    entries = []
    sizes, volts, rest = [], [], []
    named = _named(len(traces))
    for k, (trace, shade) in enumerate(zip(traces, shades)):
        v, i, model = ax.arrays(v=trace.v, i=trace.i, model=trace.model)
        on = ax.mask(trace.used, v) & ax.positive(np.abs(i), np.abs(model))
        order = np.argsort(v[on], kind="stable")
        x, size, fit = v[on][order], np.abs(i[on])[order], np.abs(model[on])[order]
        (points,) = top.plot(x, size, **style.dots(shade, x.size))
        (line,) = top.plot(x, fit, color=style.BLACK, linewidth=0.7)
        if k in named:
            entries.append((points, trace.label))
        if k == len(traces) - 1:
            entries.append((line, "joint fit"))
        sizes.append(size)
        volts.append(x)
        rest.append(np.log10(size / fit))
    ax.logarithmic(top, "y", "|I|", "A", *sizes)
    note = rms_note(rms_decades, "decades")
    residual_panel(low, np.concatenate(volts), np.concatenate(rest), "Residual\n(decades)", note)
    for x, r, shade in zip(volts, rest, shades):
        low.plot(x, r, **style.dots(shade, x.size))
    ax.linear(low, "x", "Voltage", "V", *volts)
    figure.align_ylabels()
    style.legend(figure, entries)
    return figure


def _named(count: int) -> set[int]:
    return set(range(count)) if count <= LABELLED else {0, count // 2, count - 1}


@style.styled
def arrhenius(
    temperature: ArrayLike,
    value: ArrayLike,
    model: ArrayLike,
    *,
    name: str,
    unit: str,
    title: str,
    power: float = 0.0,
    synthetic: bool = False,
) -> Figure:
    """ln(value / T^p) against 1/kT with its straight line.

    Parameters
    ----------
    temperature : (n,) array
        [K].
    value, model : (n,) arrays
        What was measured and the fit, in ``unit``; magnitudes are drawn.
    name, unit : str
        Of the value.
    title : str
    power : float
        p.
    synthetic : bool
        The data were made, not measured: the figure says so.

    Returns
    -------
    Figure
        One axes.

    Raises
    ------
    InputError
        Arrays that do not belong together.
    """
    kelvin, measured, fitted = ax.arrays(temperature=temperature, value=value, model=model)
    x = ELEMENTARY_CHARGE / (BOLTZMANN * kelvin)
    order = np.argsort(x)
    figure = style.new_figure(style.ONE_COLUMN, 3.0, title, synthetic=synthetic)
    axes = figure.subplots()
    with np.errstate(all="ignore"):
        y, line = (np.log(np.abs(a) / kelvin**power) for a in (measured, fitted))
    (points,) = axes.plot(x, y, **style.dots(style.BLUE, x.size))
    (straight,) = axes.plot(x[order], line[order], color=style.VERMILION)
    per = "" if power == 0 else f" / T$^{{{power:g}}}$"
    axes.set_xlabel("1 / kT  (eV$^{-1}$)")
    axes.set_ylabel(f"ln({name}{per})" + (f"  ({name} in {unit})" if unit not in {"", "1"} else ""))
    style.legend(figure, [(points, "data"), (straight, "fit")])
    return figure
