"""Verilog-A from model cards, and real compilers to hold it against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from veriloga.emitter import emit, module

__all__ = ["emit", "module"]


def __getattr__(name: str) -> Any:
    # SymPy is loaded with the first emission, not with the package.
    if name in __all__:
        from importlib import import_module

        value = getattr(import_module("veriloga.emitter"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'veriloga' has no attribute '{name}'")
