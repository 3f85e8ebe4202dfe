"""What each neuron of a spiking network has learned, as the images it answers to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from compactmodels.errors import InputError
from compactmodels.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@style.styled
def receptive_fields(w: ArrayLike, meaning: ArrayLike, *, title: str) -> Figure:
    """States of each neuron's devices where its inputs' pixels lie, sorted by the digit it answers to.

    Parameters
    ----------
    w : (pixels, neurons) array
        States, of square images.
    meaning : (10, neurons) array
        Share of each digit in a neuron's spikes.
    title : str

    Raises
    ------
    InputError
        Images that are not square, or arrays that do not belong together.
    """
    fields = np.asarray(w, dtype=np.float64)
    share = np.asarray(meaning, dtype=np.float64)
    side = round(np.sqrt(len(fields))) if fields.ndim == 2 else 0
    if side * side != len(fields) or share.ndim != 2 or share.shape[1] != fields.shape[1]:
        raise InputError(
            f"states of the shape {fields.shape} and meanings of {share.shape}: (pixels of a square image, neurons) "
            "and (10, neurons) are needed"
        )
    order = np.lexsort((-share.max(axis=0), share.argmax(axis=0)))
    columns = int(np.ceil(np.sqrt(fields.shape[1] * 1.6)))
    rows = -(-fields.shape[1] // columns)
    sheet = np.full((rows * (side + 1) - 1, columns * (side + 1) - 1), np.nan)
    for place, k in enumerate(order):
        i, j = (side + 1) * (place // columns), (side + 1) * (place % columns)
        sheet[i : i + side, j : j + side] = fields[:, k].reshape(side, side)
    figure = style.new_figure(style.TWO_COLUMNS, style.TWO_COLUMNS * rows / columns + 0.4, title)
    axes = figure.subplots()
    axes.imshow(np.ma.masked_invalid(sheet), cmap="cividis", vmin=0.0, vmax=1.0)
    axes.set_axis_off()
    return figure
