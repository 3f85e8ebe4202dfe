"""Expressions as the text of a SPICE dialect.

Measured on ngspice 39: a literal in a B expression is cut to 11 digits while a ``.param`` keeps 16,
so a number that needs more becomes a parameter; powers take the magnitude of their base, so they
are written as products (LTspice and Xyce differ in what ``^`` means, too); ``limit`` is no clamp, so
``min`` and ``max`` are.
"""

from __future__ import annotations

from collections.abc import Mapping

from compactmodels.codeprinter import CodePrinter
from compactmodels.constants import ZERO_CELSIUS
from compactmodels.errors import PrinterError
from compactmodels.traced import TEMPERATURE
from netlists.dialects import NGSPICE, Dialect


class SpicePrinter(CodePrinter):
    """Behavioural expressions.

    Parameters
    ----------
    calls : mapping
        Names that are not parameters: what stands for each (a node voltage, a function call).
    constants : dict
        Long numbers by the name of the parameter that carries them; grows as numbers are met.
    dialect : Dialect
    """

    language = "SPICE"

    def __init__(
        self,
        calls: Mapping[str, str] | None = None,
        constants: dict[str, float] | None = None,
        dialect: Dialect = NGSPICE,
    ) -> None:
        self.calls = dict(calls or {})
        self.constants = {} if constants is None else constants
        self.dialect = dialect

    def number(self, value: float) -> str:
        """Short numbers as they are, long ones as a parameter that keeps every digit."""
        if value < 0:
            return f"(-{self.number(-value)})"
        short = f"{value:.{self.dialect.digits}g}"
        if float(short) == value:
            return min(short, repr(value), key=len)
        for name, known in self.constants.items():
            if known == value:
                return self.reference(name)
        name = f"const_{len(self.constants) + 1}"
        self.constants[name] = value
        return self.reference(name)

    def symbol(self, name: str) -> str:
        """A parameter, unless ``calls`` says what the name stands for."""
        if name == TEMPERATURE:
            return f"({self.dialect.celsius} + {self.number(ZERO_CELSIUS)})"
        return self.calls.get(name) or self.reference(name)

    def reference(self, name: str) -> str:
        """A parameter as it stands in an expression."""
        return self.dialect.reference.format(self.dialect.called(name))

    def call(self, name: str, arguments: list[str]) -> str:
        """A function by its name in :mod:`compactmodels.functions`."""
        if name in self.dialect.lacks:
            raise PrinterError(f"{self.dialect.title} has no function '{name}'")
        if name in {"maximum", "minimum"}:
            # Where both are equal ngspice takes the slope of the second, the equations mean the first's.
            arguments = arguments[::-1]
        if name in self.dialect.functions:
            return f"{self.dialect.functions[name]}({', '.join(arguments)})"
        return super().call(name, arguments)

    def choice(self, condition: str, yes: str, no: str) -> str:
        """``yes`` where ``condition`` holds, else ``no``."""
        return self.dialect.choice.format(condition, yes, no)


class ParameterPrinter(SpicePrinter):
    """The language of ``.param`` lines: plain names, numbers in full where the dialect keeps them."""

    language = "SPICE .param"

    def number(self, value: float) -> str:
        """17 digits, which ``.param`` keeps."""
        if self.dialect.exact_params:
            return repr(value) if value >= 0 else f"({value!r})"
        return super().number(value)

    def reference(self, name: str) -> str:
        """The name itself."""
        return self.dialect.called(name)
