"""Expressions as Verilog-A."""

from __future__ import annotations

import re
from typing import Final

from compactmodels.codeprinter import CodePrinter

_CHOSEN: Final = {"maximum": (">=", "max"), "minimum": ("<=", "min")}
_ATOM: Final = re.compile(r"-?[A-Za-z_]\w*|-?\d[\w.]*(?:e[-+]?\d+)?")


class VerilogAPrinter(CodePrinter):
    """The subset of Verilog-A that the open compilers share."""

    language = "Verilog-A"

    def call(self, name: str, arguments: list[str]) -> str:
        """A function; an argument needs no parentheses of its own.

        The language leaves open which slope max() has where both are equal; OpenVAF takes the
        second's, Xyce's translator the first's.  With one that takes the wrong one a current of
        max(v, 0.0) has no conductance at exactly 0 V.  A choice has the slope of what is chosen,
        the first's, as NumPy's Duals and SymPy's derivatives have here; where it would be long the
        order is OpenVAF's.
        """
        bare = [_bare(argument) for argument in arguments]
        if name == "ddx":  # by the voltage of a node
            return f"ddx({bare[0]}, V({bare[1]}))"
        if name not in _CHOSEN:
            return super().call(name, bare)
        sign, function = _CHOSEN[name]
        if all(map(_ATOM.fullmatch, bare)):
            first, second = bare
            return self.choice(f"{first} {sign} {second}", first, second)
        return f"{function}({bare[1]}, {bare[0]})"

    def choice(self, condition: str, yes: str, no: str) -> str:
        """A conditional expression; the printer puts every choice into parentheses of its own."""
        return f"({condition} ? {yes} : {no})"


def _bare(text: str) -> str:
    """``text`` without parentheses that hold all of it, unless they hold a choice."""
    if "?" in text or not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0 and position < len(text) - 1:
            return text  # the first one closes before the end
    return text[1:-1]
