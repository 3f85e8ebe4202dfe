"""From measured data to parameters with honest errors.

``fit_iv`` and ``fit_decay`` load on first use, so that ``import fitting`` stays cheap; lmfit is
imported when the first fit runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fitting.arrhenius import arrhenius_at, fit_arrhenius
    from fitting.decay import fit_decay, fit_decay_many
    from fitting.dynamics import fit_dynamics
    from fitting.dynamics_predict import predict
    from fitting.iv import fit_iv, fit_iv_many
    from fitting.joint import fit_joint
    from fitting.plasticity import fit_plasticity
    from fitting.result import FitResult, Refusal
    from fitting.statistics import batch_statistics, scatter_of

__all__ = [
    "FitResult",
    "Refusal",
    "arrhenius_at",
    "batch_statistics",
    "fit_arrhenius",
    "fit_decay",
    "fit_decay_many",
    "fit_dynamics",
    "fit_iv",
    "fit_iv_many",
    "fit_joint",
    "fit_plasticity",
    "predict",
    "scatter_of",
]

_HOME = {
    "arrhenius_at": "fitting.arrhenius",
    "batch_statistics": "fitting.statistics",
    "fit_arrhenius": "fitting.arrhenius",
    "fit_dynamics": "fitting.dynamics",
    "fit_joint": "fitting.joint",
    "fit_plasticity": "fitting.plasticity",
    "predict": "fitting.dynamics_predict",
    "scatter_of": "fitting.statistics",
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
