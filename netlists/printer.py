"""Expressions as ngspice B-source text.

Measured on ngspice 39: a literal in a B expression is cut to 11 digits while a ``.param`` keeps 16,
so a number that needs more becomes a parameter; powers take the magnitude of their base, so they
are written as products; ``limit`` is no clamp, so ``min`` and ``max`` are.
"""

from __future__ import annotations

from collections.abc import Mapping

from compactmodels.codeprinter import CodePrinter
from compactmodels.traced import TEMPERATURE

_DIGITS = 10


class SpicePrinter(CodePrinter):
    """ngspice's B-source language.

    Parameters
    ----------
    calls : mapping
        Names that are not parameters: what stands for each (a node voltage, a function call).
    constants : dict
        Long numbers by the name of the parameter that carries them; grows as numbers are met.
    """

    language = "ngspice"

    def __init__(
        self, calls: Mapping[str, str] | None = None, constants: dict[str, float] | None = None
    ) -> None:
        self.calls = dict(calls or {})
        self.constants = {} if constants is None else constants

    def number(self, value: float) -> str:
        """Short numbers as they are, long ones as a parameter that keeps every digit."""
        if value < 0:
            return f"(-{self.number(-value)})"
        short = f"{value:.{_DIGITS}g}"
        if float(short) == value:
            return short
        for name, known in self.constants.items():
            if known == value:
                return f"{{{name}}}"
        name = f"const_{len(self.constants) + 1}"
        self.constants[name] = value
        return f"{{{name}}}"

    def symbol(self, name: str) -> str:
        """A parameter in braces, unless ``calls`` says what the name stands for."""
        if name == TEMPERATURE:
            return f"(temper + {self.number(273.15)})"
        return self.calls.get(name, f"{{{name}}}")


class ParameterPrinter(SpicePrinter):
    """The language of ``.param`` lines: plain names, numbers in full."""

    language = "ngspice .param"

    def number(self, value: float) -> str:
        """17 digits, which ``.param`` keeps."""
        return repr(value) if value >= 0 else f"({value!r})"

    def symbol(self, name: str) -> str:
        """The name itself."""
        return name
