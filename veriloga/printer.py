"""Expressions as Verilog-A."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from compactmodels.codeprinter import CodePrinter


class VerilogAPrinter(CodePrinter):
    """The subset of Verilog-A that the open compilers share."""

    language = "Verilog-A"
    function_names: ClassVar[Mapping[str, str]] = {
        "exp": "exp",
        "log": "ln",
        "sqrt": "sqrt",
        "sinh": "sinh",
        "cosh": "cosh",
        "tanh": "tanh",
        "atanh": "atanh",
        "maximum": "max",
        "minimum": "min",
    }
