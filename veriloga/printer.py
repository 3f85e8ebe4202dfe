"""Expressions as Verilog-A."""

from __future__ import annotations

from compactmodels.codeprinter import CodePrinter


class VerilogAPrinter(CodePrinter):
    """The subset of Verilog-A that the open compilers share."""

    language = "Verilog-A"
