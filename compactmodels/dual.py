"""Forward-mode dual numbers: a value and its exact partial derivatives.

The run-time derivatives (Newton's slope, the fit's Jacobian) come from here; SymPy's derivative
of the same equation is the oracle in the tests (ADR 3).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def _spread(partials: FloatArray, own_ndim: int, ndim: int) -> FloatArray:
    """``partials`` of shape (k, *shape) with axes inserted so that it broadcasts to ``ndim`` axes."""
    if own_ndim == ndim:
        return partials
    shape = partials.shape
    return partials.reshape(shape[:1] + (1,) * (ndim - own_ndim) + shape[1:])


class Dual:
    """A value with ``k`` partial derivatives.

    Parameters
    ----------
    value : array_like
        Shape ``s``.
    partials : array_like
        Shape ``(k, *s)``: d value / d x_k.
    """

    __slots__ = ("partials", "value")
    __array_ufunc__ = None  # let ndarray * Dual reach Dual.__rmul__

    def __init__(self, value: ArrayLike, partials: ArrayLike) -> None:
        self.value: FloatArray = np.asarray(value, dtype=np.float64)
        self.partials: FloatArray = np.asarray(partials, dtype=np.float64)

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.partials!r})"

    def chain(self, value: Any, slope: Any) -> Dual:
        """``f(self)``, given f's value and its slope at ``self.value``."""
        return _dual(value, self.partials * slope)

    def _times(self, factor: Any) -> FloatArray:
        """``factor`` times the partials, broadcast to the axes of both."""
        more = np.ndim(factor) - self.value.ndim
        if more <= 0:
            return self.partials * factor
        return _spread(self.partials, self.value.ndim, self.value.ndim + more) * factor

    # -- arithmetic -------------------------------------------------------------------------
    def __add__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            ndim = max(self.value.ndim, other.value.ndim)
            mine = _spread(self.partials, self.value.ndim, ndim)
            return _dual(
                self.value + other.value, mine + _spread(other.partials, other.value.ndim, ndim)
            )
        value = self.value + other
        return _dual(value, _broadcast(self, value))

    __radd__ = __add__

    def __neg__(self) -> Dual:
        return _dual(-self.value, -self.partials)

    def __pos__(self) -> Dual:
        return self

    def __sub__(self, other: Any) -> Dual:
        return self + (-other)

    def __rsub__(self, other: Any) -> Dual:
        return (-self) + other

    def __mul__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            return _dual(
                self.value * other.value, self._times(other.value) + other._times(self.value)
            )
        return _dual(self.value * other, self._times(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            inverse = 1.0 / other.value
            ratio = self.value * inverse
            return _dual(
                self.value / other.value, self._times(inverse) - other._times(ratio * inverse)
            )
        inverse = 1.0 / np.asarray(other, dtype=np.float64)
        return _dual(self.value / other, self._times(inverse))

    def __rtruediv__(self, other: Any) -> Dual:
        ratio = other / self.value
        return _dual(ratio, self._times(-ratio / self.value))

    def __pow__(self, exponent: int) -> Dual:
        if not isinstance(exponent, int):
            raise TypeError("only integer powers have an operator; use functions.power")
        if exponent == 0:
            return Dual(np.ones_like(self.value), np.zeros_like(self.partials))
        return self.chain(self.value**exponent, exponent * self.value ** (exponent - 1))

    # -- comparison looks at the value alone -------------------------------------------------
    def __lt__(self, other: Any) -> Any:
        return self.value < _value(other)

    def __le__(self, other: Any) -> Any:
        return self.value <= _value(other)

    def __gt__(self, other: Any) -> Any:
        return self.value > _value(other)

    def __ge__(self, other: Any) -> Any:
        return self.value >= _value(other)


def _dual(value: Any, partials: FloatArray) -> Dual:
    """A Dual of what is an array already: its constructor's checks cost more than the arithmetic."""
    made = Dual.__new__(Dual)
    made.value, made.partials = np.asarray(value), partials
    return made


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Dual) else x


def _broadcast(x: Dual, value: FloatArray) -> FloatArray:
    if x.value.shape == np.shape(value):
        return x.partials
    shape = (x.partials.shape[0], *np.shape(value))
    return np.broadcast_to(_spread(x.partials, x.value.ndim, np.ndim(value)), shape)


def select(condition: Any, a: Any, b: Any) -> Dual:
    """``a`` where ``condition`` holds, else ``b``; at least one of the two is a Dual."""
    value = np.where(condition, _value(a), _value(b))
    count = next(x.partials.shape[0] for x in (a, b) if isinstance(x, Dual))
    zero = np.zeros((count,) + (1,) * np.ndim(value))
    parts = [_broadcast(x, value) if isinstance(x, Dual) else zero for x in (a, b)]
    return Dual(value, np.where(condition, parts[0], parts[1]))


def variables(*values: ArrayLike) -> tuple[Dual, ...]:
    """Independent variables: each is a Dual whose own partial is 1 and the others' 0.

    >>> x, y = variables(2.0, 3.0)
    >>> (x * y).partials
    array([3., 2.])
    """
    count = len(values)
    result = []
    for k, value in enumerate(values):
        array = np.asarray(value, dtype=np.float64)
        partials = np.zeros((count, *array.shape))
        partials[k] = 1.0
        result.append(Dual(array, partials))
    return tuple(result)
