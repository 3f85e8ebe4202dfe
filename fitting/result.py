"""What a fit gives back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import CompactModelsError
from fitting.diagnostics import Warned

if TYPE_CHECKING:
    from compactmodels.card import ModelCard

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A parameter.

    Parameters
    ----------
    value : float
        In ``unit``.
    stderr : float
        Standard error; NaN where the parameter was not fitted.
    unit : str
    interval : (float, float)
        95 %, Student's t; asymmetric where the parameter was searched in its logarithm.
    how : str
        ``fitted``, ``given``, ``assumed`` or ``derived``.
    """

    value: float
    stderr: float
    unit: str
    interval: tuple[float, float]
    how: str = "fitted"


@dataclass(frozen=True, slots=True, eq=False)
class FitResult:
    """A fit that can be defended.

    Parameters
    ----------
    kind : str
        ``iv`` or ``decay``.
    selected : str
        Name of the mechanism or law.
    weights : mapping
        Akaike weight of each candidate.
    parameters : mapping of str to Estimate
    statistics : mapping
        ``rms_decades n_points n_effective aicc bic condition lag1 ...``
    warnings : tuple of Warned
    correlations : mapping
        ``"a, b"`` -> correlation of two fitted parameters.
    x, y, model, used : (n,) arrays
        The branch as measured (V and A, or s and the signal), the fitted equation on it, and
        which points took part.
    file : str or None
    branch : int or None
        Counts from 1; None where the trace has one branch only.
    context : mapping
        What a card needs besides: values of every parameter, series resistance, hash of the data.
    """

    kind: str
    selected: str
    weights: Mapping[str, float]
    parameters: Mapping[str, Estimate]
    statistics: Mapping[str, Any]
    warnings: tuple[Warned, ...]
    correlations: Mapping[str, float]
    x: FloatArray
    y: FloatArray
    model: FloatArray
    used: NDArray[np.bool_]
    file: str | None = None
    branch: int | None = None
    context: Mapping[str, Any] = field(default_factory=dict)

    def card(self, name: str | None = None) -> ModelCard:
        """The fit as a model card; ``name`` defaults to the mechanism's."""
        from fitting.cards import card_of

        return card_of(self, name)

    def to_json(self, card: str | None = None) -> dict[str, Any]:
        """The JSON object of a fit (DESIGN); NaN and infinities become null."""
        document: dict[str, Any] = {
            "selected": self.selected,
            "weights": dict(self.weights),
            "parameters": {
                name: {
                    "value": e.value,
                    "stderr": e.stderr,
                    "unit": e.unit,
                    "interval": list(e.interval),
                    "how": e.how,
                }
                for name, e in self.parameters.items()
            },
            "statistics": {**self.statistics, "correlations": dict(self.correlations)},
            "warnings": [{"code": w.code, "message": w.message} for w in self.warnings],
            "card": card,
        }
        if self.file is not None:
            document["file"] = self.file
        if self.branch is not None:
            document["branch"] = self.branch
        clean: dict[str, Any] = plain(document)
        return clean


@dataclass(frozen=True, slots=True)
class Refusal:
    """A fit that was refused, in a batch.

    Parameters
    ----------
    code, message : str
    file : str or None
    branch : int or None
    error : CompactModelsError
    """

    code: str
    message: str
    file: str | None
    branch: int | None
    error: CompactModelsError

    def to_json(self) -> dict[str, Any]:
        """``{"refused": {"code": , "message": }, "file": , "branch": }``."""
        return {
            "refused": {"code": self.code, "message": self.message},
            "file": self.file,
            "branch": self.branch,
        }


def plain(value: Any) -> Any:
    """``value`` of JSON's own types only, with null for what is not finite."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(v) for v in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value
