"""What a device does under a protocol: loops, pulses, curves at held states."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
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
Pair = tuple[ArrayLike, ArrayLike]

VISIBLE: Final = 0.9
"""Part of the colour map that is used: its yellow end is lost on white paper."""
SHADES: Final = 120
"""Pieces of one colour that a loop is drawn in."""
FEW_STATES: Final = 6


@style.styled
def hysteresis(
    time: ArrayLike,
    v: ArrayLike,
    i: ArrayLike,
    *,
    title: str,
    w: ArrayLike | None = None,
    measured: Pair | None = None,
    synthetic: bool = False,
) -> Figure:
    """A loop in linear and logarithmic current; colour runs along the time.

    Parameters
    ----------
    time, v, i : (n,) arrays
        [s], [V], [A].
    title : str
    w : (n,) array, optional
        The state; drawn against time below.
    measured : (v, i), optional
        A measured loop, (k,) each [V], [A]; drawn underneath in grey.
    synthetic : bool
        The data were made, not measured: the figure says so.

    Returns
    -------
    Figure
        Two axes and the colour bar; with ``w`` a third before the bar.

    Raises
    ------
    InputError
        Arrays that do not belong together.
    """
    seconds, voltage, current = ax.arrays(time=time, v=v, i=i)
    state = None if w is None else ax.arrays(time=time, w=w)[1]
    figure = style.new_figure(
        style.TWO_COLUMNS, 2.7 if state is None else 3.7, title, synthetic=synthetic
    )
    rows = ["lr"] if state is None else ["lr", "ss"]
    panels = figure.subplot_mosaic("\n".join(rows), height_ratios=[3.0, 1.1][: len(rows)])
    left, right = panels["l"], panels["r"]
    drawn_v, drawn_i = [voltage], [current]
    entries: list[tuple[Any, str]] = []
    if measured is not None:
        seen_v, seen_i = ax.arrays(measured_v=measured[0], measured_i=measured[1])
        drawn_v.append(seen_v)
        drawn_i.append(seen_i)
        how = style.dots(style.GREY, seen_v.size)
        (points,) = left.plot(seen_v, seen_i, **how)
        off = seen_i != 0
        right.plot(seen_v[off], np.abs(seen_i[off]), **how)
        entries.append((points, "synthetic data" if synthetic else "measured"))
    _along(left, voltage, current, seconds)
    line = _along(right, voltage, np.abs(current), seconds, ax.positive(np.abs(current)))
    for axes in (left, right):
        ax.linear(axes, "x", "Voltage", "V", *drawn_v)
    ax.linear(left, "y", "Current", "A", *drawn_i)
    ax.logarithmic(right, "y", "|I|", "A", *(np.abs(d) for d in drawn_i))
    if state is not None:
        _along(panels["s"], seconds, state, seconds)
        ax.linear(panels["s"], "x", "Time", "s", seconds)
        _state_axis(panels["s"], "State w", state)
    bar = figure.colorbar(line, ax=list(panels.values()), aspect=30, pad=0.015)
    ax.linear(bar.ax, "y", "Time", "s", seconds)
    bar.outline.set_linewidth(0.5)
    if entries:
        style.legend(figure, [*entries, (line, "simulated")])
    return figure


def _along(
    axes: Axes,
    x: FloatArray,
    y: FloatArray,
    time: FloatArray,
    good: NDArray[np.bool_] | None = None,
) -> Any:
    """A line coloured along the time; points that are not ``good`` are left out."""
    import matplotlib
    from matplotlib.collections import LineCollection
    from matplotlib.colors import ListedColormap

    keep = np.isfinite(x) & np.isfinite(y) & np.isfinite(time)
    if good is not None:
        keep &= good
    points = np.column_stack([x[keep], y[keep]])
    colours = ListedColormap(matplotlib.colormaps["viridis"](np.linspace(0, VISIBLE, 256)))
    ends = np.unique(
        np.linspace(0, max(len(points) - 1, 0), SHADES + 1).astype(int)
    )  # few, long pieces
    spans = list(pairwise(ends.tolist()))
    pieces = LineCollection(
        [points[a : b + 1] for a, b in spans],
        cmap=colours,
        capstyle="round",
        rasterized=len(points) > style.MANY_POINTS,
    )
    along = time[keep]
    pieces.set_array(np.array([(along[a] + along[b]) / 2 for a, b in spans]))
    if time.size:
        pieces.set_clim(float(np.nanmin(time)), float(np.nanmax(time)))
    axes.add_collection(pieces)
    axes.autoscale_view()
    return pieces


def _state_axis(axes: Axes, name: str, *states: FloatArray) -> None:
    """A state has no unit; one that stands still is no noise filling the panel."""
    from matplotlib.ticker import MaxNLocator, ScalarFormatter

    low = min(float(np.nanmin(s)) for s in states)
    high = max(float(np.nanmax(s)) for s in states)
    margin = 0.08 * (high - low) if high - low > 1e-6 else 0.05
    axes.set_ylim(low - margin, high + margin)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))
    axes.set_ylabel(name)


@style.styled
def pulses(
    time: ArrayLike,
    v: ArrayLike,
    i: ArrayLike,
    *,
    title: str,
    w: ArrayLike | None = None,
    s: ArrayLike | None = None,
    measured: Pair | None = None,
    synthetic: bool = False,
) -> Figure:
    """Voltage, current and states against time, one above the other.

    Parameters
    ----------
    time, v, i : (n,) arrays
        [s], [V], [A].
    title : str
    w, s : (n,) arrays, optional
        Non-volatile and volatile state, in one panel.
    measured : (v, i), optional
        What was measured at the same times, (n,) each [V], [A].
    synthetic : bool
        The data were made, not measured: the figure says so.

    Returns
    -------
    Figure
        Two axes, three with a state.

    Raises
    ------
    InputError
        Arrays that do not belong together.
    """
    seconds, voltage, current = ax.arrays(time=time, v=v, i=i)
    states = {
        name: (ax.arrays(time=time, state=value)[1], colour)
        for name, value, colour in (("w", w, style.GREEN), ("s", s, style.VERMILION))
        if value is not None
    }
    count = 3 if states else 2
    figure = style.new_figure(style.ONE_COLUMN, 0.75 + 1.05 * count, title, synthetic=synthetic)
    panels = figure.subplots(count, sharex=True)
    entries: list[tuple[Any, str]] = []
    seen: tuple[FloatArray, ...] = ()
    if measured is not None:
        _, *rest = ax.arrays(time=time, measured_v=measured[0], measured_i=measured[1])
        seen = tuple(rest)
        for axes, values in zip(panels, seen, strict=False):
            (points,) = axes.plot(seconds, values, **style.dots(style.GREY, seconds.size))
        entries.append((points, "synthetic data" if synthetic else "measured"))
    panels[0].plot(seconds, voltage, color=style.BLACK)
    (line,) = panels[1].plot(seconds, current, color=style.BLUE)
    if entries:
        entries.append((line, "simulated"))
    ax.linear(panels[0], "y", "Voltage", "V", voltage, *seen[:1])
    ax.linear(panels[1], "y", "Current", "A", current, *seen[1:])
    for name, (state, colour) in states.items():
        (line,) = panels[2].plot(seconds, state, color=colour)
        if len(states) > 1:
            entries.append((line, f"state {name}"))
    if states:
        _state_axis(
            panels[2], "State " + ", ".join(states), *(state for state, _ in states.values())
        )
    ax.linear(panels[-1], "x", "Time", "s", seconds)
    figure.align_ylabels()
    style.legend(figure, entries)
    return figure


@style.styled
def dc_states(v: ArrayLike, currents: Mapping[str, ArrayLike], *, title: str) -> Figure:
    """|I| against V at held states.

    Parameters
    ----------
    v : (n,) array
        [V].
    currents : mapping of str to (n,) array
        Label of a state, in their order -> current [A].
    title : str

    Returns
    -------
    Figure
        One axes.

    Raises
    ------
    InputError
        No curve, or arrays that do not belong together.
    """
    import matplotlib

    if not currents:
        raise InputError("no curve to draw: give at least one label and its current")
    figure = style.new_figure(style.ONE_COLUMN, 3.0, title)
    axes = figure.subplots()
    few = len(currents) <= FEW_STATES
    places = np.linspace(0, VISIBLE, len(currents)) if len(currents) > 1 else [0.0]
    entries, sizes = [], []
    voltage = ax.arrays(v=v)[0]
    for place, (name, values) in zip(places, currents.items(), strict=True):
        size = np.abs(ax.arrays(v=v, current=values)[1])
        sizes.append(size)
        colour = matplotlib.colormaps["viridis"](float(place))
        for n, (_, on) in enumerate(ax.sides(voltage)):
            good = on & ax.positive(size)
            (line,) = axes.plot(voltage[good], size[good], color=colour)
            if n == 0:
                entries.append((line, name))
    ax.linear(axes, "x", "Voltage", "V", voltage)
    ax.logarithmic(axes, "y", "|I|", "A", *sizes)
    if not few:  # a scale's two ends and middle say enough
        entries = [entries[0], entries[len(entries) // 2], entries[-1]]
    style.legend(figure, entries)
    return figure
