"""What an equation uses more than once, named: shorter text, and each value computed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from compactmodels.symbolic import Assignment, symbol


def with_shared(assignments: Sequence[Assignment], prefix: str) -> list[Assignment]:
    """The assignments, with ``<prefix>part1``, ... before the first one that uses each.

    Parameters
    ----------
    assignments : sequence of Assignment
    prefix : str
        Of the names of the new ones.

    Returns
    -------
    list of Assignment
        Function values and choices that stood more than once are assignments of their own; what has
        a name already goes by that.
    """
    counts = Counter(node for a in assignments for node in _printed(a.expression, 1))
    names: dict[Any, Any] = {}
    number = 0
    result: list[Assignment] = []
    for assignment in assignments:
        whole = assignment.expression
        for node in _inside_out(whole):
            if counts[node] > 1 and node not in names and node != whole:
                number += 1
                name = f"{prefix}part{number}"
                result.append(Assignment(name, node.xreplace(names)))
                names[node] = symbol(name)
        result.append(Assignment(assignment.name, whole.xreplace(names)))
        if _is_worth(whole):
            names.setdefault(whole, symbol(assignment.name))
    return result


def _printed(expression: Any, times: int) -> Iterator[Any]:
    """Every function value and choice, as often as it is printed: a power is printed as a product."""
    if _is_worth(expression):
        yield from [expression] * times
    if expression.is_Pow and expression.args[1].is_Integer:
        yield from _printed(expression.args[0], times * abs(int(expression.args[1])))
        return
    for argument in expression.args:
        yield from _printed(argument, times)


def _inside_out(expression: Any) -> Iterator[Any]:
    for argument in expression.args:
        yield from _inside_out(argument)
    if _is_worth(expression):
        yield expression


def _is_worth(expression: Any) -> bool:
    return bool(expression.free_symbols) and bool(
        expression.is_Function or getattr(expression, "is_Piecewise", False)
    )
