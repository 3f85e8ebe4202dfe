"""Which equation: information criteria on log residuals, with the points that really count."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np


def aicc(cost: float, n: int, n_effective: float, k: int) -> float:
    """Akaike's criterion, corrected for few points.

    Hurvich & Tsai, Biometrika 76, 297 (1989), doi:10.1093/biomet/76.2.297, with the number of
    effective points in place of n, so that autocorrelated residuals do not vote twice.

    Parameters
    ----------
    cost : float
        Sum of squared residuals over n points.
    n, n_effective : int, float
    k : int
        Fitted parameters, without the variance.
    """
    m, p = n_effective, k + 1
    few = 2 * p * (p + 1) / (m - p - 1) if m > p + 1 else math.inf
    return m * math.log(max(cost, 1e-300) / n) + 2 * p + few


def bic(cost: float, n: int, n_effective: float, k: int) -> float:
    """Schwarz's criterion, Ann. Stat. 6, 461 (1978), doi:10.1214/aos/1176344136."""
    m = max(n_effective, 2.0)
    return m * math.log(max(cost, 1e-300) / n) + (k + 1) * math.log(m)


def weights(criteria: Mapping[str, float]) -> dict[str, float]:
    """Akaike weights, which sum to 1.

    >>> weights({"a": 10.0, "b": 10.0})
    {'a': 0.5, 'b': 0.5}
    """
    if not criteria:
        return {}
    values = np.array(list(criteria.values()))
    if not np.any(np.isfinite(values)):
        return {name: 1.0 / len(values) for name in criteria}
    relative = np.exp(-0.5 * (values - values[np.isfinite(values)].min()))
    relative = np.where(np.isfinite(values), relative, 0.0)
    return {n: float(w) for n, w in zip(criteria, relative / relative.sum())}
