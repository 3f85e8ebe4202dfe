"""A network that learns: its curve, what it confuses, where its devices end up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.errors import InputError
from compactmodels.figures import axes as ax
from compactmodels.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FloatArray = NDArray[np.float64]


@style.styled
def learning_curve(
    curves: ArrayLike | None, plain: ArrayLike, final: ArrayLike, *, title: str
) -> Figure:
    """Accuracy on the test set against the epoch: mean over the seeds and their range.

    Parameters
    ----------
    curves : (runs, epochs) array or None
        Of the devices; None where they were written after the training.
    plain : (runs, epochs) array
        In floating point.
    final : (runs,) array
        Of the devices at the end, after the wait and through the lines.
    title : str

    Raises
    ------
    InputError
        Arrays of other shapes.
    """
    rows = np.asarray(plain, dtype=np.float64)
    last = np.asarray(final, dtype=np.float64)
    own = None if curves is None else np.asarray(curves, dtype=np.float64)
    if (
        rows.ndim != 2
        or last.shape != rows.shape[:1]
        or (own is not None and own.shape != rows.shape)
    ):
        raise InputError("accuracies of shape (runs, epochs) and (runs,) are needed")
    from matplotlib.ticker import MaxNLocator

    figure = style.new_figure(style.ONE_COLUMN, 2.6, title)
    axes = figure.subplots()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    epoch = np.arange(1, rows.shape[1] + 1)
    entries = []
    for values, colour, label in (
        (rows, style.BLACK, "floating point"),
        (own, style.BLUE, "devices"),
    ):
        if values is None:
            continue
        mark = "o" if epoch.size == 1 else ""  # a single epoch is no line
        (line,) = axes.plot(epoch, 100 * values.mean(axis=0), color=colour, marker=mark)
        axes.fill_between(
            epoch,
            100 * values.min(axis=0),
            100 * values.max(axis=0),
            color=colour,
            alpha=0.2,
            linewidth=0,
        )
        entries.append((line, label))
    (points,) = axes.plot(
        np.full(last.size, epoch[-1]), 100 * last, **style.dots(style.VERMILION, last.size)
    )
    entries.append((points, "devices, final test"))
    if epoch.size == 1:
        axes.set_xlim(0, 2)
    axes.set_xlabel("Epoch")
    axes.set_ylabel("Accuracy on the test set (%)")
    style.legend(figure, entries)
    return figure


@style.styled
def confusion_matrix(counts: ArrayLike, *, title: str) -> Figure:
    """What was said against what was shown, each row as a share of its own.

    Parameters
    ----------
    counts : (k, k) array
        Rows are what was shown.
    title : str

    Raises
    ------
    InputError
        Not a square of counts.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or np.any(table < 0):
        raise InputError(f"a square of counts is needed, found shape {table.shape}")
    share = 100 * table / np.maximum(table.sum(axis=1, keepdims=True), 1.0)
    figure = style.new_figure(style.ONE_COLUMN, 3.2, title)
    axes = figure.subplots()
    image = axes.imshow(share, cmap="cividis", vmin=0.0, vmax=100.0, interpolation="nearest")
    for (row, column), value in np.ndenumerate(share):
        if value >= 0.5:
            axes.text(
                column, row, f"{value:.0f}", ha="center", va="center", fontsize=6.0,
                color="black" if value > 55 else "white",
            )  # fmt: skip
    axes.set_xticks(range(len(table)))
    axes.set_yticks(range(len(table)))
    axes.tick_params(length=0)
    axes.set_xlabel("Said")
    axes.set_ylabel("Shown")
    bar = figure.colorbar(image, cax=axes.inset_axes((1.03, 0.0, 0.05, 1.0)))
    bar.set_label("Share of the digit (%)")
    bar.outline.set_linewidth(0.5)
    return figure


@style.styled
def conductance_histogram(layers: Sequence[ArrayLike], *, title: str, bins: int = 60) -> Figure:
    """How the devices of each layer are spread over their window.

    Parameters
    ----------
    layers : sequence of arrays
        Conductances [S].
    title : str
    bins : int
    """
    arrays = [np.asarray(g, dtype=np.float64).ravel() for g in layers]
    every = np.concatenate(arrays)
    factor, unit = ax.prefix(float(np.max(np.abs(every))), "S")
    edges = np.linspace(every.min() / factor, every.max() / factor, bins + 1)
    if edges[0] == edges[-1]:
        edges = np.linspace(0.9 * edges[0], 1.1 * edges[0], bins + 1)
    figure = style.new_figure(style.ONE_COLUMN, 2.6, title)
    axes = figure.subplots()
    entries = []
    for k, (g, colour) in enumerate(zip(arrays, (style.BLUE, style.VERMILION, style.GREEN))):
        counts, _ = np.histogram(g / factor, edges)
        share = 100 * counts / g.size
        line = axes.stairs(share, edges, color=colour)
        entries.append((line, f"layer {k + 1}"))
    axes.set_xlabel(f"Conductance ({unit})")
    axes.set_ylabel("Share of the devices (%)")
    style.legend(figure, entries)
    return figure
