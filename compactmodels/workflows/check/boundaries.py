"""Where a model's equations change regime: found in the traced expressions, not guessed.

Every choice, maximum and minimum, and the ones inside the limited functions, has a margin whose
sign decides; every denominator, root and logarithm has an argument that may reach 0.  Their zeros
along the voltage are the landmarks of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels import functions
from compactmodels.card import ModelCard
from compactmodels.model import Model
from compactmodels.traced import TEMPERATURE, TERMINAL, TracedModel, trace
from compactmodels.workflows.check.subject import Setting

FloatArray = NDArray[np.float64]

REACH: Final = 100.0
"""V: how far landmarks are looked for."""
HALVINGS: Final = {"choice": 24, "pole": 60}
"""Of a bracket: a pole is found to neighbouring doubles, a boundary to 4e-9 of its voltage."""


@dataclass(frozen=True, slots=True)
class Margin:
    """A quantity at whose zero something happens.

    Parameters
    ----------
    kind : str
        "choice" where a regime begins, "pole" where something is divided by it, or its root or
        logarithm is taken.
    place : str
        The assignment that it stands in.
    function : callable
        Of the named inputs.
    names : tuple of str
    """

    kind: str
    place: str
    function: Callable[..., Any]
    names: tuple[str, ...]


class Landmarks:
    """The margins of a model, as functions.

    Parameters
    ----------
    model : Model
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.traced = trace(model)
        self._steps: list[tuple[str, Callable[..., Any], list[str]]] = []
        self.margins: list[Margin] = []
        seen: set[Any] = set()
        for assignment in self.traced.assignments:
            whole = _without_composites(assignment.expression)
            names = _names(whole)
            self._steps.append((assignment.name, _lambdify(whole, names), names))
            for kind, margin in _margins(whole):
                if (kind, margin) not in seen:
                    seen.add((kind, margin))
                    own = _names(margin)
                    self.margins.append(
                        Margin(kind, assignment.name, _lambdify(margin, own), tuple(own))
                    )

    def at(self, x: Setting, kind: str) -> FloatArray:
        """Voltages [V] at which a margin of that kind is 0 and changes, ascending, shape (n,).

        Both ends of a bracket are given. 0 V is always among them.
        """
        margins = [m for m in self.margins if m.kind == kind]
        grid = _grid()
        sign = np.sign(self._values(x, grid, margins))
        left, right = np.ones_like(sign), np.ones_like(sign)
        left[:, 1:], right[:, :-1] = sign[:, :-1], sign[:, 1:]
        touched = np.any((sign == 0) & ((left != 0) | (right != 0)), axis=0)
        which, place = np.nonzero(sign[:, :-1] * sign[:, 1:] < 0)
        low, high, before = grid[place], grid[place + 1], sign[which, place]
        for _ in range(HALVINGS[kind] if low.size else 0):
            middle = 0.5 * (low + high)
            here = np.sign(self._values(x, middle, margins)[which, np.arange(middle.size)])
            low, high = (
                np.where(here == before, middle, low),
                np.where(here == before, high, middle),
            )
        return np.unique(np.concatenate([[0.0], grid[touched], low, high]))

    def _values(self, x: Setting, v: FloatArray, margins: list[Margin]) -> FloatArray:
        """Each margin over the voltages, shape (m, n)."""
        known = self._known(x, v)
        with np.errstate(all="ignore"):
            rows = [_spread(m.function(*(known[n] for n in m.names)), v) for m in margins]
        return np.nan_to_num(np.array(rows).reshape(len(margins), v.size))

    def _known(self, x: Setting, v: FloatArray) -> dict[str, Any]:
        inputs = {**x.values, "w": x.w, "s": x.s, TEMPERATURE: x.temperature}
        # NumPy's scalars: a branch that is not taken may divide by 0.
        known: dict[str, Any] = {n: np.float64(value) for n, value in inputs.items()}
        known[TERMINAL] = v
        known |= _junctions(self.model, self.traced, x, v)
        with np.errstate(all="ignore"):
            for name, function, names in self._steps:
                known[name] = function(*(known[n] for n in names))
        return known


def landmarks(card: ModelCard) -> Landmarks:
    """Of a card's model."""
    return Landmarks(card.model)


def _junctions(model: Model, traced: TracedModel, x: Setting, v: FloatArray) -> dict[str, Any]:
    """The voltages behind series resistances."""
    si = model.si(x.values)
    found = {}
    for b in traced.branches:
        if b.branch.series:
            own = si[b.branch.name]
            weight = b.branch.weight(x.w, x.s, own) if b.branch.exponential else 1.0
            found[b.junction] = b.branch.junction(v, x.temperature, own, weight)
    return found


def _grid() -> FloatArray:
    """Voltages from -100 to 100 V, closer to 0, with 0."""
    decades = np.geomspace(1e-6, REACH, 321)
    even = np.linspace(-10.0, 10.0, 801)
    return np.unique(np.concatenate([-decades, even, [0.0], decades]))


def _spread(value: Any, v: FloatArray) -> FloatArray:
    return np.asarray(np.broadcast_to(np.asarray(value, dtype=float), v.shape))


def _names(expression: Any) -> list[str]:
    return sorted(s.name for s in expression.free_symbols)


def _lambdify(expression: Any, names: list[str]) -> Callable[..., Any]:
    from compactmodels.symbolic import lambdify

    return lambdify(expression, names)


def _without_composites(expression: Any) -> Any:
    """The expression with every limited function written out."""
    from sympy import preorder_traversal

    def composite(node: Any) -> bool:
        return bool(node.is_Function and node.func.__name__ in functions.COMPOSITES)

    while True:
        nodes = [n for n in preorder_traversal(expression) if hasattr(n, "is_Function")]
        found = {n for n in nodes if composite(n)}
        if not found:
            return expression
        expression = expression.xreplace(
            {n: functions.COMPOSITES[n.func.__name__].definition(n.args[0]) for n in found}
        )


def _margins(expression: Any) -> Iterator[tuple[str, Any]]:
    """Kind and expression of everything that decides or divides."""
    from sympy import preorder_traversal

    for node in preorder_traversal(expression):
        if getattr(node, "is_Relational", False):
            yield "choice", node.lhs - node.rhs
        elif not hasattr(node, "is_Function"):
            continue
        elif node.is_Function and node.func.__name__ in {"maximum", "minimum"}:
            yield "choice", node.args[0] - node.args[1]
        elif node.is_Function and node.func.__name__ in {"log", "sqrt", "atanh"}:
            yield "pole", node.args[0]
        elif node.is_Pow and node.exp.is_negative:
            yield "pole", node.base
