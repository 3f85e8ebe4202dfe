"""lmfit's Levenberg-Marquardt without what these fits do not ask of it.

Parameters that are bounded and nothing else need no interpreter of expressions, and errors are
estimated here (:mod:`fitting.diagnostics`): both would take longer than the search itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import lmfit
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Coordinates(lmfit.Parameters):
    """Bounded numbers: lmfit's parameters without expressions between them."""

    def __init__(self) -> None:
        dict.__init__(self)  # lmfit's own makes an interpreter

    @classmethod
    def of(
        cls, names: Iterable[str], values: FloatArray, bounds: Iterable[tuple[float, float]]
    ) -> Coordinates:
        """Those of a search, where it begins."""
        made = cls()
        for name, x, (low, high) in zip(names, values.tolist(), bounds):
            dict.__setitem__(made, name, lmfit.Parameter(name, x, min=low, max=high))
        return made

    @property
    def at(self) -> list[float]:
        """Their values."""
        return [p.value for p in self.values()]

    def __deepcopy__(self, memo: Any) -> Coordinates:
        return self  # made for one search, which may move them

    def update_constraints(self) -> None:
        """There are none."""


class Search(lmfit.Minimizer):
    """A search that ends where it ends."""

    def _jacobian(self, fvars: FloatArray, apply_bounds_transformation: bool = True) -> FloatArray:
        """By lmfit's inner coordinates, at the place of the last residual but for the first call."""
        parameters = self.result.params
        rate = []
        for p, x in zip(parameters.values(), fvars):
            p.value = p.from_internal(x)
            rate.append([p.scale_gradient(x)])
        jacobian: FloatArray = self.jacfcn(parameters) * np.array(rate)
        return jacobian

    def _int2ext_cov_x(self, cov_int: FloatArray, fvars: FloatArray) -> FloatArray:
        return cov_int

    def _calculate_uncertainties_correlations(self) -> None:
        """Of no use: :func:`fitting.diagnostics.spread` allows for what neighbours share."""
