"""Expressions as C."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from compactmodels import functions
from compactmodels.chain import SLOPE
from compactmodels.codeprinter import CodePrinter
from compactmodels.names import comment

PAIRS: Final = {"maximum": "F_max", "minimum": "F_min"}
OWN: Final = "F_"
"""Begins a function's name: equations have lower-case names only."""
SETTLED: Final = "c->"
"""Begins the name of what parameters and the temperature settle."""


class CPrinter(CodePrinter):
    """C11 in double precision.

    Parameters
    ----------
    local : iterable of str
        Names of variables; every other name is a member of what was settled.
    settled : dict, optional
        The members that were met; grows.
    """

    language = "C"
    function_names = {
        **{n: n for n in ("exp", "log", "sqrt", "sinh", "cosh", "tanh", "atanh")},
        **PAIRS,
    }

    def __init__(self, local: Iterable[str] = (), settled: dict[str, None] | None = None) -> None:
        self.local = set(local)
        self.settled: dict[str, None] = {} if settled is None else settled

    def symbol(self, name: str) -> str:
        """A variable, or a member of what was settled."""
        if name in self.local:
            return name
        self.settled[name] = None
        return f"{SETTLED}{name}"

    def call(self, name: str, arguments: list[str]) -> str:
        """Composites and their slopes are functions of the file."""
        if name.removesuffix(SLOPE) in functions.COMPOSITES:
            return f"{OWN}{name}({', '.join(arguments)})"
        return super().call(name, arguments)


def c_string(text: str) -> str:
    r"""``text`` as a string literal of printable ASCII.

    Examples
    --------
    >>> print(c_string('a "b" ??/'))
    "a \"b\" \?\?/"
    """
    line = comment(text).replace('"', '\\"').replace("?", "\\?")
    return f'"{line}"'


def c_bound(value: float) -> str:
    """A literal that may be infinite."""
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    return repr(float(value))
