"""The mathematics that equations are written in: one call, every kind of argument.

An equation built from these functions computes with floats and arrays, carries exact derivatives
with :class:`~compactmodels.dual.Dual` arguments, and yields an expression with SymPy arguments,
which the printers turn into Verilog-A and SPICE.

*Primitives* (``exp``, ``sqrt``, ``maximum``, ...) are what every target language has.
*Composites* (``exp_limited``, ``softplus``, ...) are built of primitives, once, here; a printer emits
each as a function of its own, generated from the same definition.

The limited functions equal ``exp``, ``expm1`` and ``sinh`` for arguments up to 80 in magnitude and
continue quadratically beyond, so that the second derivative stays continuous and no simulator
overflows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final, Protocol

import numpy as np

from compactmodels.dual import Dual, select

LIMIT: Final = 80.0
"""Argument at which the limited functions leave the exponential."""
_EXP_LIMIT: Final = math.exp(LIMIT)


class Tracer(Protocol):
    """What turns named intermediate values into assignments (see :mod:`compactmodels.symbolic`)."""

    def assign(self, name: str, value: Any) -> Any:
        """Record ``name = value`` and return what stands for it from now on."""


TRACER: ContextVar[Tracer | None] = ContextVar("tracer", default=None)


def let(name: str, value: Any) -> Any:
    """Name an intermediate value.

    Computes nothing: the name appears in the emitted Verilog-A and SPICE, where it makes the
    equation readable and is evaluated once.
    """
    tracer = TRACER.get()
    return value if tracer is None else tracer.assign(name, value)


def is_symbolic(x: Any) -> bool:
    """Whether ``x`` is a SymPy expression (without importing SymPy)."""
    return hasattr(x, "free_symbols")


def _symbol_function(name: str) -> Any:
    from compactmodels.symbolic import function_class

    return function_class(name)


class Primitive:
    """A function of one argument that every target language knows.

    ``slope(x, y)`` is its derivative at x, where its value is y.
    """

    def __init__(
        self, name: str, numeric: Callable[[Any], Any], slope: Callable[[Any, Any], Any]
    ) -> None:
        self.name = name
        self.numeric = numeric
        self.slope = slope

    def __call__(self, x: Any) -> Any:
        if isinstance(x, Dual):
            y = self.numeric(x.value)
            return x.chain(y, self.slope(x.value, y))
        if is_symbolic(x):
            return _symbol_function(self.name)(x)
        return self.numeric(x)

    def derivative(self, *args: Any) -> tuple[Any, ...]:
        """Partial derivatives, for the symbolic side."""
        return (self.slope(args[0], self(args[0])),)


PRIMITIVES: dict[str, Primitive] = {}
COMPOSITES: dict[str, Composite] = {}


def _primitive(
    name: str, numeric: Callable[[Any], Any], slope: Callable[[Any, Any], Any]
) -> Primitive:
    PRIMITIVES[name] = Primitive(name, numeric, slope)
    return PRIMITIVES[name]


exp: Primitive = _primitive("exp", np.exp, lambda x, y: y)
log: Primitive = _primitive("log", np.log, lambda x, y: 1.0 / x)
sqrt: Primitive = _primitive("sqrt", np.sqrt, lambda x, y: 0.5 / y)
sinh: Primitive = _primitive("sinh", np.sinh, lambda x, y: cosh(x))
cosh: Primitive = _primitive("cosh", np.cosh, lambda x, y: sinh(x))
tanh: Primitive = _primitive("tanh", np.tanh, lambda x, y: 1.0 - y * y)
atanh: Primitive = _primitive("atanh", np.arctanh, lambda x, y: 1.0 / (1.0 - x * x))


def where(condition: Any, a: Any, b: Any) -> Any:
    """``a`` where ``condition`` holds, else ``b``; both are evaluated, so both must be safe."""
    if isinstance(a, Dual) or isinstance(b, Dual):
        return select(condition, a, b)
    if is_symbolic(condition):
        from sympy import Piecewise

        return Piecewise((a, condition), (b, True))
    return np.where(condition, a, b)


def maximum(a: Any, b: Any) -> Any:
    """The larger of the two."""
    if isinstance(a, Dual) or isinstance(b, Dual):
        return where(a >= b, a, b)
    if is_symbolic(a) or is_symbolic(b):
        return _symbol_function("maximum")(a, b)
    return np.maximum(a, b)


def minimum(a: Any, b: Any) -> Any:
    """The smaller of the two."""
    if isinstance(a, Dual) or isinstance(b, Dual):
        return where(a <= b, a, b)
    if is_symbolic(a) or is_symbolic(b):
        return _symbol_function("minimum")(a, b)
    return np.minimum(a, b)


def power(base: Any, exponent: Any) -> Any:
    """``base ** exponent`` for a base above 0 (ngspice would take the magnitude of a negative one)."""
    return exp(exponent * log(base))


class Composite:
    """A function of one argument built of primitives; emitted as a function of its own."""

    def __init__(self, definition: Callable[[Any], Any]) -> None:
        self.name = definition.__name__
        self.definition = definition
        self.__doc__ = definition.__doc__

    def __call__(self, x: Any) -> Any:
        if is_symbolic(x):
            return _symbol_function(self.name)(x)
        return self.definition(x)


def _composite(definition: Callable[[Any], Any]) -> Composite:
    COMPOSITES[definition.__name__] = Composite(definition)
    return COMPOSITES[definition.__name__]


@_composite
def exp_limited(x: Any) -> Any:
    """exp(x) up to x = 80, then e^80 (1 + z + z^2/2) with z = x - 80."""
    z = maximum(x - LIMIT, 0.0)
    return exp(minimum(x, LIMIT)) * (1.0 + z + 0.5 * z * z)


@_composite
def expm1_limited(x: Any) -> Any:
    """exp(x) - 1 without cancellation at small x; quadratic beyond x = 80, -1 below x = -80."""
    half = 0.5 * minimum(maximum(x, -LIMIT), LIMIT)
    z = maximum(x - LIMIT, 0.0)
    return 2.0 * exp(half) * sinh(half) + _EXP_LIMIT * (z + 0.5 * z * z)


@_composite
def sinh_limited(x: Any) -> Any:
    """sinh(x) up to abs(x) = 80, then its quadratic continuation."""
    c = minimum(maximum(x, -LIMIT), LIMIT)
    z = x - c
    return sinh(c) + cosh(c) * z + 0.5 * sinh(c) * z * z


@_composite
def log1p(x: Any) -> Any:
    """ln(1 + x) without cancellation, as 2 atanh(x/(2 + x)); for x > -1."""
    return 2.0 * atanh(x / (2.0 + x))


@_composite
def absolute(x: Any) -> Any:
    """The magnitude, with slope 1 at 0: simulators' own abs() has slope 0 there."""
    return where(x >= 0, x, -x)


@_composite
def exp_mean(x: Any) -> Any:
    """(exp(x) - 1)/x, which is 1 at x = 0: the mean of exp between 0 and x."""
    small = absolute(x) < 0.01
    series = 1.0 + x / 2.0 * (
        1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0 * (1.0 + x / 6.0 * (1.0 + x / 7.0))))
    )
    return where(small, series, expm1_limited(x) / where(small, 1.0, x))


@_composite
def softplus(x: Any) -> Any:
    """ln(1 + exp(x)): 0 far below 0, x far above."""
    return maximum(x, 0.0) + log1p(exp(-absolute(x)))


@_composite
def smoothstep(x: Any) -> Any:
    """0 below x = 0, 1 above x = 1, a twice differentiable rise between (6x^5 - 15x^4 + 10x^3)."""
    t = minimum(maximum(x, 0.0), 1.0)
    return t * t * t * (10.0 + t * (6.0 * t - 15.0))
