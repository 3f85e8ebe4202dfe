"""Layout of emitted text: aligned assignments, wrapped comments, numbers that people can read."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Final

from compactmodels.names import comment, number

WIDTH: Final = 100
"""Columns that a line may take; names and numbers are never broken."""
_BOUND: Final = "\x1f"


def literal(x: float) -> str:
    """A real literal with all its digits, short where that keeps them.

    Examples
    --------
    >>> literal(1e12), literal(0.55), literal(3.0), literal(1201732.289489034)
    ('1e+12', '0.55', '3.0', '1201732.289489034')
    """
    full = number(x)
    short = f"{float(x):g}"
    return short if "e" in short and float(short) == x else full


def aligned(rows: Iterable[tuple[str, str]], indent: int = 0) -> list[str]:
    """Assignments ``name = expression;`` with their signs in one column.

    Parameters
    ----------
    rows : iterable of (str, str)
        Name and expression; a long expression continues below itself.
    indent : int
        Columns that the template will put before each line.
    """
    rows = list(rows)
    widest = max((len(name) for name, _ in rows), default=0)
    lines = []
    for name, expression in rows:
        start = f"{name:<{widest}} = "
        # An operator begins the line that continues; a call's arguments stay together.
        bound = re.sub(r" ([-+?:<>]=?) ", rf" \1{_BOUND}", expression).replace(", ", f",{_BOUND}")
        lines += _continued(start, f"{bound};", indent)
    return lines


def _continued(start: str, text: str, indent: int) -> list[str]:
    pieces = textwrap.wrap(
        text,
        max(WIDTH - indent - len(start), 40),
        break_long_words=False,
        break_on_hyphens=False,
    )
    below = " " * len(start)
    lines = [f"{start if k == 0 else below}{piece}" for k, piece in enumerate(pieces)]
    return [line.replace(_BOUND, " ") for line in lines]


def remark(text: str, hang: int = 0) -> list[str]:
    """The lines of a comment, without their ``//``.

    Parameters
    ----------
    text : str
        Anyone's; it passes :func:`compactmodels.names.comment`.  Leading spaces indent it.
    hang : int
        Columns by which continued lines stand further right.
    """
    lead = " " * (len(text) - len(text.lstrip(" ")))
    # The gate strips what could be active at a line's start; a formula may begin with a bracket.
    safe = comment(f"x {text}").removeprefix("x").strip()
    return textwrap.wrap(
        safe,
        WIDTH - 12,
        initial_indent=lead,
        subsequent_indent=lead + " " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def remarks(texts: Iterable[str], hang: int = 0) -> list[str]:
    """The lines of several comments."""
    return [line for text in texts for line in remark(text, hang)]


def declarations(names: Sequence[str], indent: int = 4) -> list[str]:
    """``real a, b, c;`` on as many lines as it takes; none for no names."""
    if not names:
        return []
    return _continued("real ", ", ".join(names) + ";", indent)


def quoted(text: str) -> str:
    """``text`` as the content of a string literal."""
    return comment(text).replace('"', "'")
