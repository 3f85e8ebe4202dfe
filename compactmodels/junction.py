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
_PATIENCE = 40
"""Iterations after which every third one halves the bracket."""


def junction_voltage(
    current: Callable[[Any, Mapping[str, Any]], Any],
    arguments: Mapping[str, Any],
    v: Any,
    r_s: Any,
    start: FloatArray | None = None,
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
    start : array, optional
        Junction voltage to begin the search from [V], such as that at parameters close by; it
        shortens the search and does not change what is found.

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
    wide = np.broadcast_to(v_value, shape)
    begin = wide if start is None or np.shape(start) != shape else start
    root = _solve(slope, wide, np.broadcast_to(r_value, shape), begin)
    if not any(isinstance(x, Dual) for x in (v, r_s, *arguments.values())):
        return root
    slope_at = slope(root)[1]
    residual = v - root - r_s * current(root, arguments)  # zero, with the Duals' partials
    return root + Dual(np.zeros_like(residual.value), residual.partials) / (
        1.0 + r_value * slope_at
    )


def current_behind(
    current: Callable[[Any, Mapping[str, Any]], Any],
    arguments: Mapping[str, Any],
    v: Any,
    r_s: Any,
    start: FloatArray | None = None,
) -> tuple[Any, FloatArray]:
    """The current through the junction and its series resistance, with all slopes in one look.

    From ``i = current(v - r_s i)``: ``di = (g (dv - i dr_s) + di_arguments)/(1 + r_s g)`` with g the
    junction's own slope.

    Parameters
    ----------
    current, arguments, v, r_s, start
        Of :func:`junction_voltage`.

    Returns
    -------
    current : array or Dual
        [A].
    junction : array
        Junction voltage [V], to begin the next search from.

    Raises
    ------
    SimulationError
        Of :func:`junction_voltage`.
    """
    plain = {name: _value(argument) for name, argument in arguments.items()}
    root = junction_voltage(current, plain, _value(v), _value(r_s), start)
    duals = [x for x in (v, r_s, *arguments.values()) if isinstance(x, Dual)]
    if not duals:
        return current(root, plain), root
    count = duals[0].partials.shape[0]
    seed = np.zeros((count + 1, *root.shape))
    seed[-1] = 1.0
    lifted = {name: _lifted(argument) for name, argument in arguments.items()}
    out = current(Dual(root, seed), lifted)
    i, own = out.value, np.broadcast_to(out.partials, (count + 1, *out.value.shape))
    slope = own[-1]
    drive = _partials(v, i) - i * _partials(r_s, i)
    return Dual(i, (slope * drive + own[:-1]) / (1.0 + _value(r_s) * slope)), root


def _lifted(x: Any) -> Any:
    """A Dual with one more variable, on which it does not depend."""
    if not isinstance(x, Dual):
        return x
    none = np.zeros((1, *x.partials.shape[1:]))
    return Dual(x.value, np.concatenate([x.partials, none]))


def _partials(x: Any, like: FloatArray) -> Any:
    """The partials of ``x``, broadcast to ``like``; 0 where it has none."""
    return (x * np.ones_like(like)).partials if isinstance(x, Dual) else 0.0


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Dual) else x


def _solve(
    slope: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    v: FloatArray,
    r_s: FloatArray,
    start: FloatArray,
) -> FloatArray:
    low, high = np.minimum(v, 0.0), np.maximum(v, 0.0)
    vj = np.minimum(np.maximum(start, low), high)
    settled = np.zeros(
        v.shape, dtype=bool
    )  # what has settled stays, or rounding would move it again
    for k in range(_ITERATIONS):
        i, g = slope(vj)
        excess = vj + r_s * i - v
        above = excess > 0
        low, high = (
            np.where(above, low, np.maximum(low, vj)),
            np.where(above, np.minimum(high, vj), high),
        )
        straight = vj - excess / (1.0 + r_s * g)
        drop, left = r_s * i, v - vj
        with np.errstate(all="ignore"):
            # ln(r_s i) = ln(v - vj): nearly straight in vj when the current is exponential
            log_step = np.log(drop / left) / (g / i + 1.0 / left)
        beyond = (excess * np.sign(v) > 0) & (drop / np.where(left == 0, np.inf, left) > 1)
        new = np.where(beyond & np.isfinite(log_step), vj - log_step, straight)
        new = np.where((new < low) | (new > high), straight, new)  # no exponential here
        outside = (new < low) | (new > high) | ~np.isfinite(new)
        halved = k > _PATIENCE and k % 3 == 0  # over a bend Newton can go to and fro for ever
        new = np.where(outside | halved, 0.5 * (low + high), new)
        new = np.where(settled | (excess == 0), vj, new)
        # Newton doubles the digits: a step of 1e-9 leaves less than rounding.  Bisection does not.
        enough = np.where(outside, 1e-15, 1e-9) * np.abs(new) + 1e-300
        settled = settled | ((np.abs(new - vj) <= enough) & (not halved))
        vj = new
        if np.all(settled):
            return vj
    raise SimulationError(
        "the junction voltage behind the series resistance was not found: the branch current is "
        "not monotone or not finite at these parameters",
        code="no_junction_voltage",
    )
