"""From measured data to parameters with honest errors.

``fit_iv`` and ``fit_decay`` load on first use, so that ``import fitting`` stays cheap; lmfit is
imported when the first fit runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fitting.decay import fit_decay, fit_decay_many
    from fitting.iv import fit_iv, fit_iv_many
    from fitting.result import FitResult, Refusal

__all__ = ["FitResult", "Refusal", "fit_decay", "fit_decay_many", "fit_iv", "fit_iv_many"]

_HOME = {
    "fit_iv": "fitting.iv",
    "fit_iv_many": "fitting.iv",
    "fit_decay": "fitting.decay",
    "fit_decay_many": "fitting.decay",
    "FitResult": "fitting.result",
    "Refusal": "fitting.result",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'fitting' has no attribute '{name}'")
