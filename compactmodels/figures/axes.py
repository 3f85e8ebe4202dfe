"""Axes with SI prefixes, and arrays that an axis can carry."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.ticker import Formatter

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

PREFIXED: Final = frozenset({"A", "V", "s", "S", "W", "F", "C", "J", "Hz", "Ω", "m"})
"""Units that take an SI prefix; others (%, 1, arb. units) are written as they are."""
DIP: Final = 30.0
"""How far below the lowest fiftieth of the values a log axis reaches: a zero crossing does not
stretch it."""


def arrays(**named: ArrayLike) -> tuple[FloatArray, ...]:
    """The arguments as one-dimensional float64 arrays of one length.

    Raises
    ------
    InputError
        They differ in length, are empty or have more than one dimension; the arguments are named.
    """
    out = {name: np.asarray(value, dtype=np.float64) for name, value in named.items()}
    shapes = {name: value.shape for name, value in out.items()}
    if any(len(s) != 1 for s in shapes.values()) or len(set(shapes.values())) > 1:
        each = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise InputError(f"a figure needs one-dimensional arrays of equal length, found {each}")
    if any(s == (0,) for s in shapes.values()):
        raise InputError(f"there is nothing to draw: {', '.join(out)} without a point")
    return tuple(out.values())


def mask(used: ArrayLike, like: FloatArray) -> BoolArray:
    """``used`` as a bool array of the data's shape.

    Raises
    ------
    InputError
        Another shape.
    """
    out = np.asarray(used, dtype=bool)
    if out.shape != like.shape:
        raise InputError(f"'used' has shape {out.shape}, the data {like.shape}")
    return out


def sides(voltage: FloatArray) -> Iterator[tuple[int, BoolArray]]:
    """+1 and -1, as far as the voltage has that sign, each with its points; none at 0 V."""
    for sign in (1, -1):
        on = sign * voltage > 0
        if np.any(on):
            yield sign, on


def positive(*values: FloatArray) -> BoolArray:
    """Where all of them are finite and above zero."""
    out = np.ones(values[0].shape, dtype=bool)
    for value in values:
        out &= np.isfinite(value) & (value > 0)
    return out


def prefix(largest: float, unit: str) -> tuple[float, str]:
    """Factor and symbol of the unit that suits an axis up to ``largest``.

    Parameters
    ----------
    largest : float
        In ``unit``.
    unit : str

    Returns
    -------
    (float, str)
        ``(1e-6, "µA")`` for 2e-5 and A; from half a unit on the larger one is taken.
    """
    from matplotlib.ticker import EngFormatter

    if unit not in PREFIXED or not math.isfinite(largest) or largest <= 0:
        return 1.0, unit
    power = min(max(3 * math.floor(math.log10(2 * largest) / 3), -30), 30)
    if unit == "s" and power > 0:  # nobody reads kiloseconds
        return 1.0, unit
    return 10.0**power, EngFormatter.ENG_PREFIXES[power] + unit


def label(name: str, unit: str) -> str:
    """``Current (µA)``; the name alone where there is no unit."""
    return f"{name} ({unit})" if unit not in {"", "1"} else name


def linear(axes: Axes, which: str, name: str, unit: str, *values: FloatArray) -> None:
    """A linear axis in SI data, read in the prefixed unit that its label names.

    Parameters
    ----------
    axes : Axes
    which : str
        ``x`` or ``y``.
    name, unit : str
    *values : arrays
        What is drawn, in ``unit``.
    """
    from matplotlib.ticker import MaxNLocator

    axis = axes.xaxis if which == "x" else axes.yaxis
    finite = [float(np.max(np.abs(v[np.isfinite(v)]), initial=0.0)) for v in values]
    factor, shown = prefix(max(finite, default=0.0), unit)
    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(_scaled(factor))
    axis.set_label_text(label(name, shown))


def _scaled(factor: float) -> Formatter:
    """Ticks divided by ``factor``, all with the same number of decimals."""
    from matplotlib.ticker import Formatter

    class Scaled(Formatter):
        def format_ticks(self, values: ArrayLike) -> list[str]:
            ticks = np.asarray(values, dtype=np.float64) / factor
            step = float(np.min(np.diff(np.sort(ticks)), initial=np.inf))
            near = 1e-3 * step if math.isfinite(step) else 1e-9
            digits = next((d for d in range(9) if np.all(np.abs(ticks - ticks.round(d)) < near)), 9)
            return [f"{t:.{digits}f}".replace("-", "−") for t in ticks.round(digits) + 0.0]

        def __call__(self, x: float, pos: int | None = None) -> str:
            return f"{x / factor:.6g}".replace("-", "−")

    return Scaled()


def _seconds(x: float, _: int | None = None) -> str:
    """``10 µs``, ``100 s``, and powers of ten from there on: nobody reads kiloseconds."""
    from matplotlib.ticker import EngFormatter

    power = round(math.log10(x)) if x > 0 else 0
    if power < 3:
        return EngFormatter(unit="s")(x)
    exact = math.isclose(x, 10.0**power, rel_tol=1e-9)
    return f"$10^{{{power}}}$ s" if exact else f"{x:g} s"


def logarithmic(axes: Axes, which: str, name: str, unit: str, *values: FloatArray) -> None:
    """A logarithmic axis with engineering ticks (1 nA, 1 µA) and limits that fit the values.

    Parameters
    ----------
    axes : Axes
    which : str
        ``x`` or ``y``.
    name, unit : str
    *values : arrays
        What is drawn, in ``unit``; what is not above zero is left aside.
    """
    from matplotlib.ticker import (
        EngFormatter,
        FuncFormatter,
        LogFormatterSciNotation,
        LogLocator,
        MaxNLocator,
        NullFormatter,
        NullLocator,
    )

    low, high = log_limits(*values, dips=unit == "s")
    if which == "x":
        axis: Axis = axes.xaxis
        axes.set_xscale("log")
        axes.set_xlim(low, high)
    else:
        axis = axes.yaxis
        axes.set_yscale("log")
        axes.set_ylim(low, high)
    decades = math.log10(high / low)
    axis.set_minor_locator(NullLocator())
    if decades < 1:
        axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    elif decades < 2:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    elif decades < 5:
        axis.set_major_locator(LogLocator(numticks=9))
        axis.set_minor_locator(LogLocator(subs=tuple(range(2, 10)), numticks=99))
    else:
        axis.set_major_locator(LogLocator(base=1000.0, numticks=20))
        axis.set_minor_locator(LogLocator(numticks=99))
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(
        FuncFormatter(_seconds)
        if unit == "s"
        else EngFormatter(unit=unit)
        if unit in PREFIXED
        else LogFormatterSciNotation()
    )
    axis.set_label_text(label(name, unit))


def log_limits(*values: FloatArray, dips: bool = False) -> tuple[float, float]:
    """Limits of a log axis: all of the values with a margin, but not the dips at zero crossings.

    ``dips`` keeps them: the first point of a record in time is none.
    """
    each = np.concatenate([v[positive(v)] for v in values]) if values else np.empty(0)
    if each.size == 0:
        return 0.1, 1.0
    low, high = float(each.min()), float(each.max())
    if not dips:
        low = max(low, float(np.percentile(each, 2)) / DIP)
    margin = (high / low) ** 0.05 if high > 1.001 * low else 1.5
    return low / margin, high * margin


def zero_line(axes: Axes) -> None:
    """A thin line at zero residual."""
    axes.axhline(0.0, color="#000000", linewidth=0.6, zorder=1.0)


def rms(values: FloatArray) -> float:
    """Root mean square of the finite values; NaN where there are none."""
    finite = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(finite**2))) if finite.size else math.nan
