"""The plots in which a mechanism is a straight line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.errors import InputError
from compactmodels.figures import axes as ax
from compactmodels.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = NDArray[np.float64]


class _Kind(NamedTuple):
    """Both coordinates as functions of |V|, |I| and T, with their labels."""

    x: Callable[[FloatArray], FloatArray]
    y: Callable[[FloatArray, FloatArray, float], FloatArray]
    x_label: str
    y_label: str


_KINDS: Final = {
    "schottky": _Kind(
        np.sqrt,
        lambda v, i, t: np.log(i / t**2),
        r"$\sqrt{|V|}$  (V$^{1/2}$)",
        r"ln(|I| / T$^2$)  (I / T$^2$ in A K$^{-2}$)",
    ),
    "poole_frenkel": _Kind(
        np.sqrt,
        lambda v, i, t: np.log(i / v),
        r"$\sqrt{|V|}$  (V$^{1/2}$)",
        "ln(|I| / |V|)  (I / V in S)",
    ),
    "field_emission": _Kind(
        lambda v: 1 / np.sqrt(v),
        lambda v, i, t: np.log(i / v),
        r"$|V|^{-1/2}$  (V$^{-1/2}$)",
        "ln(|I| / |V|)  (I / V in S)",
    ),
    "fowler_nordheim": _Kind(
        lambda v: 1 / v,
        lambda v, i, t: np.log(i / v**2),
        r"1 / |V|  (V$^{-1}$)",
        r"ln(|I| / V$^2$)  (I / V$^2$ in A V$^{-2}$)",
    ),
    "semilog": _Kind(lambda v: v, lambda v, i, t: np.log(i), "|V| (V)", "ln |I|  (I in A)"),
    "log-log": _Kind(lambda v: v, lambda v, i, t: i, "|V| (V)", "|I| (A)"),
}
KINDS: Final = tuple(_KINDS)
"""What :func:`linearised` can draw."""

_SIDES: Final = {1: ("o", style.BLUE, "V > 0"), -1: ("s", style.VERMILION, "V < 0")}


@style.styled
def linearised(
    kind: str,
    v: ArrayLike,
    i: ArrayLike,
    model_v: ArrayLike,
    model_i: ArrayLike,
    *,
    temperature: float,
    used: ArrayLike,
    title: str,
    synthetic: bool = False,
) -> Figure:
    """A branch and its fit in the coordinates of a mechanism.

    Points at V = 0 or I = 0 have no place in them and are dropped; so are non-finite ones.

    Parameters
    ----------
    kind : str
        ``schottky`` (ln(I/T^2) against sqrt V), ``poole_frenkel`` (ln(I/V) against sqrt V),
        ``field_emission`` (ln(I/V) against 1/sqrt V: straight for V well above the barrier),
        ``fowler_nordheim`` (ln(I/V^2) against 1/V), ``semilog`` (ln I against V) or ``log-log``.
    v, i : (n,) arrays
        [V], [A].
    model_v, model_i : (k,) arrays
        The fit [V], [A].
    temperature : float
        [K].
    used : (n,) bool array
        Points that took part; the others are drawn open and grey.
    title : str
    synthetic : bool
        The data were made, not measured: the figure says so.

    Returns
    -------
    Figure
        One axes; the two polarities differ in colour and marker.

    Raises
    ------
    InputError
        An unknown kind, a temperature that is not positive, arrays that do not belong together.
    """
    if kind not in _KINDS:
        raise InputError(f"unknown plot '{kind}'; known are {', '.join(KINDS)}")
    if not (np.isfinite(temperature) and temperature > 0):
        raise InputError(f"the temperature is {temperature} K: a positive number is needed")
    how = _KINDS[kind]
    voltage, current = ax.arrays(v=v, i=i)
    fit_v, fit_i = ax.arrays(model_v=model_v, model_i=model_i)
    took = ax.mask(used, voltage)

    def place(vs: FloatArray, cs: FloatArray, where: NDArray[np.bool_]) -> tuple[FloatArray, ...]:
        good = where & ax.positive(np.abs(vs), np.abs(cs))
        volts, amperes = np.abs(vs[good]), np.abs(cs[good])
        return how.x(volts), how.y(volts, amperes, temperature)

    figure = style.new_figure(style.ONE_COLUMN, 3.0, title, synthetic=synthetic)
    axes = figure.subplots()
    entries = []
    inner: list[tuple[FloatArray, ...]] = []
    outer: list[Any] = []
    for sign, on in ax.sides(voltage):
        marker, colour, name = _SIDES[sign]
        x, y = place(voltage, current, on & took)
        if x.size:
            (points,) = axes.plot(x, y, **style.dots(colour, voltage.size) | {"marker": marker})
            entries.append((points, name))
            inner.append((x, y))
        x, y = place(voltage, current, on & ~took)
        if x.size:
            (rest,) = axes.plot(x, y, **style.rings(voltage.size) | {"marker": marker})
            outer.append(rest)
    for n, (_, on) in enumerate(ax.sides(fit_v)):
        x, y = place(fit_v, fit_i, on)
        order = np.argsort(x, kind="stable")
        (line,) = axes.plot(x[order], y[order], color=style.BLACK, linewidth=0.8)
        if n == 0:
            entries.append((line, "fit"))
    axes.set_xlabel(how.x_label)
    axes.set_ylabel(how.y_label)
    if kind == "log-log":
        good = ax.positive(np.abs(voltage), np.abs(current))
        ax.logarithmic(axes, "x", "|V|", "V", np.abs(voltage[good]))
        ax.logarithmic(axes, "y", "|I|", "A", np.abs(current[good]))
    elif inner:  # the axes follow the points that took part: 1/V runs away near 0 V
        xs, ys = (np.concatenate(each) for each in zip(*inner, strict=True))
        for edges, low, high in (
            (axes.set_xlim, xs.min(), xs.max()),
            (axes.set_ylim, ys.min(), ys.max()),
        ):
            margin = 0.06 * (high - low) or 0.5
            edges(low - margin, high + margin)
    left_out = [line for line in outer if _in_view(axes, line)][:1]
    style.legend(figure, [*entries[:-1], *((line, "left out") for line in left_out), *entries[-1:]])
    return figure


def _in_view(axes: Axes, line: Any) -> bool:
    x, y = line.get_data()
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    return bool(np.any((x >= left) & (x <= right) & (y >= bottom) & (y <= top)))
