"""The voltage that a junction keeps behind its series resistance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compactmodels.dual import Dual
from compactmodels.errors import SimulationError

FloatArray = NDArray[np.float64]
_ITERATIONS = 200


def junction_voltage(
    current: Callable[[Any, Mapping[str, Any]], Any], arguments: Mapping[str, Any], v: Any, r_s: Any
) -> Any:
    """Solve ``v = vj + r_s current(vj, arguments)`` for ``vj``.

    ``current`` is monotone with ``current(0) = 0``, so the root lies between 0 and ``v``.  Newton's
    step is taken on the current while the junction takes too little voltage, on its logarithm while
    it takes too much (where an exponential is a straight line), and replaced by bisection when it
    leaves the bracket.

    Parameters
    ----------
    current : callable
        Current in A of a junction voltage and ``arguments``; carries Duals.
    arguments : mapping
        What else the current depends on, by name; arrays or Duals.
    v : array_like or Dual
        Terminal voltage [V].
    r_s : array_like or Dual
        Series resistance [ohm], >= 0.

    Returns
    -------
    array or Dual
        Junction voltage [V]; a Dual carries the derivatives by the implicit function theorem.

    Raises
    ------
    SimulationError
        No root to rounding within 200 steps: the current is not monotone or not finite.
    """
    v_value = np.asarray(_value(v), dtype=np.float64)
    r_value = np.asarray(_value(r_s), dtype=np.float64)
    plain = {name: _value(argument) for name, argument in arguments.items()}

    def slope(vj: FloatArray) -> tuple[FloatArray, FloatArray]:
        out = current(Dual(vj, np.ones((1, *vj.shape))), plain)
        shape = np.broadcast_shapes(out.value.shape, vj.shape)
        return np.broadcast_to(out.value, shape), np.broadcast_to(out.partials[0], shape)

    shape = np.broadcast_shapes(
        v_value.shape, r_value.shape, *(np.shape(x) for x in plain.values())
    )
    root = _solve(slope, np.broadcast_to(v_value, shape), np.broadcast_to(r_value, shape))
    slope_at = slope(root)[1]
    residual = v - root - r_s * current(root, arguments)  # zero, with the Duals' partials
    if not isinstance(residual, Dual):
        return root
    return root + Dual(np.zeros_like(residual.value), residual.partials) / (
        1.0 + r_value * slope_at
    )


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Dual) else x


def _solve(
    slope: Callable[[FloatArray], tuple[FloatArray, FloatArray]], v: FloatArray, r_s: FloatArray
) -> FloatArray:
    vj = v.copy()
    low, high = np.minimum(v, 0.0), np.maximum(v, 0.0)
    settled = np.zeros(
        v.shape, dtype=bool
    )  # what has settled stays, or rounding would move it again
    for _ in range(_ITERATIONS):
        i, g = slope(vj)
        excess = vj + r_s * i - v
        above = excess > 0
        low, high = (
            np.where(above, low, np.maximum(low, vj)),
            np.where(above, np.minimum(high, vj), high),
        )
        step = excess / (1.0 + r_s * g)
        drop, left = r_s * i, v - vj
        with np.errstate(all="ignore"):
            # ln(r_s i) = ln(v - vj): nearly straight in vj when the current is exponential
            log_step = np.log(drop / left) / (g / i + 1.0 / left)
        beyond = (excess * np.sign(v) > 0) & (drop / np.where(left == 0, np.inf, left) > 1)
        step = np.where(beyond & np.isfinite(log_step), log_step, step)
        new = vj - step
        outside = (new < low) | (new > high) | ~np.isfinite(new)
        new = np.where(outside, 0.5 * (low + high), new)
        new = np.where(settled | (excess == 0), vj, new)
        settled = settled | (np.abs(new - vj) <= 1e-15 * np.abs(v) + 1e-300)
        vj = new
        if np.all(settled):
            return vj
    raise SimulationError(
        "the junction voltage behind the series resistance was not found: the branch current is "
        "not monotone or not finite at these parameters",
        code="no_junction_voltage",
    )
