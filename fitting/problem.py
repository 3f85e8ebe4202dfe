"""A least-squares problem on log residuals: the core's equation, data, what is free, what is fixed.

Every quantity of the problem is in the parameters' declared units; a parameter declared as
logarithmic is searched in its logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compactmodels.dual import Dual
from compactmodels.errors import InputError, SimulationError
from compactmodels.fast_law import FAILED as FAILED
from compactmodels.fast_law import LOWEST as LOWEST
from compactmodels.fast_law import Law, LogResidual
from compactmodels.parameter import Parameter

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is fitted to what.

    Parameters
    ----------
    law : callable
        ``law(x, si)``: the equation at ``x`` with every parameter in SI, carrying Duals.
    x, y : (n,) arrays
        Voltage [V] and current [A], or time [s] and signal; y is not zero.
    free : tuple of Parameter
        What the fit may move, within the declared bounds.
    fixed : mapping
        (Parameter, value) of the rest by name, in declared units.
    scale : float
        Where the readings' floor is as large as their relative scatter (:class:`fitting.noise.Noise`):
        a residual weighs 1/sqrt(1 + (scale/y)^2), so that all have the same variance.  0: all weigh 1.

    Raises
    ------
    InputError
        Code ``bad_bounds``: a lower bound that is not below the upper one.
    """

    law: Callable[[FloatArray, Mapping[str, Any]], Any]
    x: FloatArray
    y: FloatArray
    free: tuple[Parameter, ...]
    fixed: Mapping[str, tuple[Parameter, float]]
    scale: float = 0.0
    weight: FloatArray = field(init=False, repr=False)
    """Of each residual, (n,)."""
    _held: Mapping[str, float] = field(init=False, repr=False)
    _moved: tuple[tuple[str, bool, float], ...] = field(init=False, repr=False)
    _compiled: LogResidual | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for p in self.free:
            if not p.lower < p.upper:
                raise InputError(
                    f"parameter '{p.name}': the lower bound {p.lower:g} is not below the upper "
                    f"bound {p.upper:g} {p.unit}",
                    code="bad_bounds",
                )
        # What every evaluation needs and none changes.
        settled = {
            "weight": self._weights(),
            "_held": {n: value * p.si_factor for n, (p, value) in self.fixed.items()},
            "_moved": tuple((p.name, p.log, p.si_factor) for p in self.free),
        }
        for name, value in settled.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_compiled", self._compile())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the free parameters."""
        return tuple(p.name for p in self.free)

    def _weights(self) -> FloatArray:
        if self.scale == 0.0:
            return np.ones_like(self.y)
        with np.errstate(divide="ignore"):
            weight: FloatArray = 1.0 / np.hypot(1.0, self.scale / self.y)
        return weight

    def _compile(self) -> LogResidual | None:
        """The residuals as one compiled pass; None where the law is more than one part's equation."""
        law, names = self.law, self.names
        if not isinstance(law, Law) or not {*names, *self._held}.issuperset(law.names):
            return None
        own = names[:-1] if names and names[-1] == law.resistance else names
        if not own or not set(own).issubset(law.names):
            return None
        return LogResidual(law, self.x, self.y, self.weight, self._held, self._moved)

    def internal(self, values: Mapping[str, float]) -> FloatArray:
        """Search coordinates, shape (k,), of values in declared units."""
        return np.array([math.log(values[p.name]) if p.log else values[p.name] for p in self.free])

    def external(self, u: FloatArray) -> dict[str, float]:
        """Values in declared units of search coordinates, shape (k,)."""
        return {p.name: float(np.exp(x) if p.log else x) for p, x in zip(self.free, u)}

    def bounds(self) -> list[tuple[float, float]]:
        """Lower and upper bound of each search coordinate."""
        return [
            (math.log(p.lower), math.log(p.upper)) if p.log else (p.lower, p.upper)
            for p in self.free
        ]

    def si(self, u: FloatArray) -> dict[str, Any]:
        """Every parameter in SI at search coordinates (k,); the free ones as Duals of them."""
        si: dict[str, Any] = dict(self._held)
        for k, ((name, log, factor), x) in enumerate(zip(self._moved, u)):
            slope = float(np.exp(x)) * factor if log else factor
            partials = np.zeros(len(self._moved))
            partials[k] = slope
            si[name] = Dual(slope if log else x * factor, partials)
        return si

    def current(self, u: FloatArray, x: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        """The equation and its exact derivative.

        Returns
        -------
        value : (n,) array
        partials : (k, n) array
            With respect to the search coordinates.
        """
        x = self.x if x is None else x
        out = self.law(x, self.si(u))
        if not isinstance(out, Dual):
            return np.broadcast_to(out, x.shape), np.zeros((len(u), *x.shape))
        shape = (len(u), *x.shape)
        if out.partials.shape == shape:
            return out.value, out.partials
        return np.broadcast_to(out.value, x.shape), np.broadcast_to(out.partials, shape)

    def residual(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Weighted ln|y| - ln|law| (n,) and its exact Jacobian (k, n); never NaN."""
        if self._compiled is not None:
            return self._compiled(u)
        with np.errstate(all="ignore"):
            try:
                value, partials = self.current(u)
            except SimulationError:  # no junction voltage at parameters that a search may try
                return np.full(self.x.shape, FAILED), np.zeros((len(u), *self.x.shape))
            ratio = value / self.y
            r, jac = -np.log(ratio), partials / -value
            if self.scale != 0.0:
                r, jac = self.weight * r, self.weight * jac
            # One look at all of them: as a rule there is nothing to mend.
            if not (math.isfinite(r @ r) and math.isfinite(np.vdot(jac, jac))):
                good = np.isfinite(ratio) & (ratio > LOWEST)
                r = np.where(good, r, FAILED)
                jac = np.where(good & np.isfinite(jac), jac, 0.0)
        return r, jac

    def size(self, u: FloatArray) -> float:
        """Sum of squared residuals at search coordinates."""
        r, _ = self.residual(u)
        return float(r @ r)

    def cost(self, values: Mapping[str, float]) -> float:
        """Sum of squared residuals at values in declared units."""
        return self.size(self.internal(values))
