"""The confidence band of a fitted equation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fitting.diagnostics import Spread
from fitting.engine import Solution
from fitting.estimates import quantile

FloatArray = NDArray[np.float64]

Band = tuple[FloatArray, FloatArray]


def band(solution: Solution, s: Spread, x: FloatArray) -> Band:
    """Where the equation itself lies with 95 %, from the covariance of its parameters.

    Parameters
    ----------
    solution : Solution
    s : Spread
    x : (n,) array

    Returns
    -------
    lower, upper : (n,) arrays
        In the unit of the data; NaN where the equation says nothing.  Each point's own: the whole
        curve leaves its band somewhere more often.
    """
    with np.errstate(all="ignore"):
        value, partials = solution.problem.current(solution.u, x)
        slopes = partials / value
        variance = np.einsum("in,ij,jn->n", slopes, s.covariance, slopes)
        half = quantile(s.dof) * np.sqrt(variance)
        lower, upper = value * np.exp(-half), value * np.exp(half)
    return np.minimum(lower, upper), np.maximum(lower, upper)
