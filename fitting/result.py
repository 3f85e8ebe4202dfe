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
        95 %; an end is 0 or infinite where the data set none.
    how : str
        ``fitted``, ``given``, ``assumed`` or ``derived``.
    method : str
        Where the interval is from: ``covariance`` (Student's t), ``profile`` (likelihood) or
        ``bootstrap``; empty where there is none.
    """

    value: float
    stderr: float
    unit: str
    interval: tuple[float, float]
    how: str = "fitted"
    method: str = ""

    def to_json(self) -> dict[str, Any]:
        """Value, error, unit, interval and origin."""
        return {
            "value": self.value,
            "stderr": self.stderr,
            "unit": self.unit,
            "interval": list(self.interval),
            "how": self.how,
            "method": self.method or None,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Regime:
    """A stretch of voltage with a mechanism of its own.

    Parameters
    ----------
    mechanism : str
    v_min, v_max : float
        [V].
    n_points : int
    rms_decades : float
    weights : mapping
        Akaike weight of each candidate on this stretch.
    parameters : mapping of str to Estimate
        Out of the fit of all mechanisms together where their currents add up, else of the
        stretch by itself.
    """

    mechanism: str
    v_min: float
    v_max: float
    n_points: int
    rms_decades: float
    weights: Mapping[str, float]
    parameters: Mapping[str, Estimate]

    def to_json(self) -> dict[str, Any]:
        """One object of the list ``regimes``."""
        return {
            "mechanism": self.mechanism,
            "v_min": self.v_min,
            "v_max": self.v_max,
            "n_points": self.n_points,
            "rms_decades": self.rms_decades,
            "weights": dict(self.weights),
            "parameters": {name: e.to_json() for name, e in self.parameters.items()},
        }


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
    regimes : tuple of Regime
        In rising order of the voltage, where no one mechanism describes the branch; else empty.
    band : (lower, upper), each (n,), or None
        95 % confidence band of the fitted equation (not of further readings), in the unit of ``y``.
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
    regimes: tuple[Regime, ...] = ()
    band: tuple[FloatArray, FloatArray] | None = None

    def card(self, name: str | None = None) -> ModelCard:
        """The fit as a model card; ``name`` defaults to the mechanism's."""
        from fitting.cards import card_of

        return card_of(self, name)

    def to_json(self, card: str | None = None) -> dict[str, Any]:
        """The JSON object of a fit (DESIGN); NaN and infinities become null."""
        document: dict[str, Any] = {
            "selected": self.selected,
            "weights": dict(self.weights),
            "parameters": {name: e.to_json() for name, e in self.parameters.items()},
            "statistics": {**self.statistics, "correlations": dict(self.correlations)},
            "warnings": [{"code": w.code, "message": w.message} for w in self.warnings],
            "card": card,
            "inferred": list(self.context.get("assumed", ())),
        }
        if self.file is not None:
            document["file"] = self.file
        if self.context.get("sweep") is not None:
            document["sweep"] = self.context["sweep"]
        if self.branch is not None:
            document["branch"] = self.branch
        if self.regimes:
            document["regimes"] = [regime.to_json() for regime in self.regimes]
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
