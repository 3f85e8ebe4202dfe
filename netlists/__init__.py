"""Netlists from model cards, and the simulators that run them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netlists.dialects_spectre import spectre_include
    from netlists.simulation import simulate
    from netlists.solver.linear import solve_crossbar
    from netlists.subcircuit import emit

_HOME = {
    "emit": "netlists.subcircuit",
    "simulate": "netlists.simulation",
    "solve_crossbar": "netlists.solver.linear",
    "spectre_include": "netlists.dialects_spectre",
}
__all__ = ["emit", "simulate", "solve_crossbar", "spectre_include"]


def __getattr__(name: str) -> Any:
    # SymPy, Jinja and the simulator are loaded when they are needed.
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'netlists' has no attribute '{name}'")
