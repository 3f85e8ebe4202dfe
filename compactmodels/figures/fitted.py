"""What the figures of a fit share: the model on the data's points, and the panel of residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from compactmodels.figures import axes as ax
from compactmodels.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = NDArray[np.float64]


def model_at(x: FloatArray, model_x: FloatArray, model_y: FloatArray) -> FloatArray:
    """The model's magnitude on the data's points; NaN where it says nothing.

    Parameters
    ----------
    x : (n,) array
    model_x, model_y : (k,) arrays
        A model on the same points is taken as it is; on others it is interpolated in the
        logarithm, on each side of zero by itself.
    """
    size = np.abs(model_y)
    if np.array_equal(x, model_x):
        return np.where(ax.positive(size), size, np.nan)
    out = np.full(x.shape, np.nan)
    for sign in (1, -1):
        on = (sign * model_x > 0) & ax.positive(size)
        here = sign * x > 0
        if np.any(on):
            order = np.argsort(model_x[on], kind="stable")
            known, log = model_x[on][order], np.log(size[on][order])
            out[here] = np.exp(np.interp(x[here], known, log, left=np.nan, right=np.nan))
    return out


def rms_note(value: float, unit: str) -> str:
    """``RMS 0.012 decades``; nothing where there is none to report."""
    return (
        (f"RMS {value:.2g}" + (f" {unit}" if unit not in {"", "1"} else ""))
        if np.isfinite(value)
        else ""
    )


def residual_panel(axes: Axes, x: FloatArray, residual: FloatArray, name: str, note: str) -> None:
    """Residuals about a zero line.

    Parameters
    ----------
    axes : Axes
    x, residual : (n,) arrays
        Of the used points; what is not finite is left out.
    name : str
        Label of the axis, with its unit.
    note : str
        What stands above the panel, such as the RMS.
    """
    from matplotlib.ticker import MaxNLocator

    known = np.isfinite(residual)
    ax.zero_line(axes)
    axes.plot(x[known], residual[known], **style.dots(style.BLUE, int(known.sum())))
    reach = float(np.max(np.abs(residual[known]), initial=0.0))
    axes.set_ylim(-1.15 * reach, 1.15 * reach) if reach > 0 else axes.set_ylim(-1, 1)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, symmetric=True, steps=[1, 2, 5, 10]))
    axes.set_ylabel(name)
    if note:
        axes.set_title(note, loc="right", fontsize=8.0, pad=2.0, parse_math=False)
