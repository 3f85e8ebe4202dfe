"""What a fit of dynamics gives back, and its card."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compactmodels import __version__
from compactmodels.card import LONGEST_NAME, Entry, ModelCard
from compactmodels.errors import InputError
from compactmodels.parameter import RESERVED
from fitting.diagnostics import Warned
from fitting.dynamics_problem import decades
from fitting.dynamics_records import Record
from fitting.result import Estimate, plain

FloatArray = NDArray[np.float64]

PROTOCOLS: Mapping[str, str] = {
    "fitted": "the states at the start of each record are fitted with the card's parameters",
    "carried": "a record starts in the states that the one before ended in; those of the first are fitted",
    "read": "the state is read from the record's own first points, the rest is predicted",
    "given": "the states at the start are given",
}
"""How the states at the start of a record come about: a history, not a property of the device."""


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """The model through one record.

    Parameters
    ----------
    record : Record
    current : (n,) float64
        The model's, the instrument's offset included [A].
    w, s : (n,) float64
    initial : str
        A key of :data:`PROTOCOLS`.
    rms_decades : float
        Over the points that count; infinite where a sign is wrong.
    """

    record: Record
    current: FloatArray
    w: FloatArray
    s: FloatArray
    initial: str
    rms_decades: float

    def row(self) -> dict[str, Any]:
        """As a row of a table, in plain types."""
        r = self.record
        return {
            "file": r.name,
            "sha256": r.trace.meta.get("sha256"),
            "rms_decades": self.rms_decades,
            "n_points": int(r.used.sum()),
            "w0": float(self.w[0]),
            "s0": float(self.s[0]),
            "w_lowest": float(np.min(self.w)),
            "initial": self.initial,
            "v_min": float(np.min(r.voltage)),
            "v_max": float(np.max(r.voltage)),
            "seconds": float(r.time[-1] - r.time[0]),
            "offset": r.offset,
            "floor": r.floor,
            "area": r.area,
            "remarks": list(r.remarks),
        }


def response_of(record: Record, done: Any, initial: str) -> Response:
    """From a trajectory."""
    apart = decades(record, done)
    rms = float(np.sqrt(np.mean(apart**2))) if np.all(np.isfinite(apart)) else float("inf")
    return Response(record, done.current + record.offset, done.w, done.s, initial, rms)


@dataclass(frozen=True, slots=True, eq=False)
class DynamicsResult:
    """State equations fitted to whole records.

    Parameters
    ----------
    selected : str
        Name of the switching law.
    base : ModelCard
        Structure, and what was not fitted.
    parameters : mapping of str to Estimate
        The card's, and the initial states ``w0[k]``, ``s0[k]`` of record k.
    statistics : mapping
        ``rms_decades n_points n_effective condition starts agreeing v_min v_max temperature
        initial traces``.
    warnings : tuple of Warned
    correlations : mapping
    responses : tuple of Response
        The fitted model through each record.
    size : tuple of (str, str) or None
        Names of the area and of the series resistance where contacts of several sizes were fitted.
    """

    selected: str
    base: ModelCard
    parameters: Mapping[str, Estimate]
    statistics: Mapping[str, Any]
    warnings: tuple[Warned, ...]
    correlations: Mapping[str, float]
    responses: tuple[Response, ...]
    size: tuple[str, str] | None = None
    kind: str = field(default="dynamics", init=False)

    @property
    def file(self) -> str | None:
        """Of the first record."""
        return self.responses[0].record.file

    def card(self, name: str | None = None, *, area: float | None = None) -> ModelCard:
        """The fit as a model card.

        Parameters
        ----------
        name : str, optional
            Defaults to the law's.
        area : float, optional
            Of the contact that the card is for [m^2]; the first record's unless given.  With a
            size-dependent series resistance that changes too.

        Raises
        ------
        InputError
            An area for a fit that knows none.
        """
        text = re.sub(r"[^a-z0-9_-]+", "-", (name or self.selected).lower()).strip("-")
        reserved = text.replace("-", "_") in RESERVED
        clean = (f"fit-{text}" if reserved or not text[:1].isalpha() else text)[:LONGEST_NAME]
        entries = dict(self.base.entries)
        for label, e in self.parameters.items():
            if label in entries:
                entries[label] = (
                    Entry(e.value, "fitted", "", e.stderr, e.interval)
                    if e.how == "fitted"
                    else Entry(e.value, "assumed", "no record feels it")
                )
        entries |= self._of_size(area)
        operation = dict(self.base.operation)
        first = self.responses[0].record
        if np.max(first.voltage) > 0 > np.min(first.voltage):
            operation |= {
                "v_set": float(np.max(first.voltage)),
                "v_reset": float(np.min(first.voltage)),
            }
            if self.statistics["ramp_rate"] > 0:
                operation["sweep_rate"] = self.statistics["ramp_rate"]
        felt = {n for n, e in self.parameters.items() if e.how == "fitted"}
        known = {
            k: v for k, v in self.correlations.items() if v == v and _named(k, felt & set(entries))
        }
        return replace(
            self.base,
            name=clean,
            title=f"Fitted to {len(self.responses)} record(s): {self.selected}",
            entries=entries,
            correlations=known,
            operation=operation,
            provenance=self._provenance(),
        )

    def _of_size(self, area: float | None) -> dict[str, Entry]:
        if self.size is None:
            if area is not None:
                raise InputError(
                    "an area was asked for, but the fit knows none: give the records' with area=",
                    code="no_area",
                )
            return {}
        area_name, series = self.size
        wanted = self.responses[0].record.area if area is None else area
        assert wanted is not None
        entries = {area_name: Entry(wanted, "assumed", "given")}
        if "r_spread" in self.parameters:
            fixed, spread = (self.parameters[n].value for n in ("r_fixed", "r_spread"))
            value = fixed + spread / float(np.sqrt(wanted / np.pi))
            note = f"{fixed:.6g} ohm + {spread:.6g} ohm m / radius"
            entries[series] = Entry(value, "fitted", note)
        return entries

    def _provenance(self) -> dict[str, Any]:
        found = {
            "kind": self.kind,
            "file": PurePath(self.file).name if self.file else None,
            "statistics": dict(self.statistics),
            "warnings": [f"{w.code}: {w.message}" for w in self.warnings],
            "parameters": {
                label.replace("[", "_").rstrip(
                    "]"
                ): f"{e.value:.6g}{'' if math.isnan(e.stderr) else f' +- {e.stderr:.2g}'} {e.unit} ({e.how})"
                for label, e in self.parameters.items()
            },
            "versions": {"compactmodels": __version__},
        }
        cleaned: dict[str, Any] = without_null(plain(found))
        return cleaned

    def to_json(self, card: str | None = None) -> dict[str, Any]:
        """The JSON object of a fit (DESIGN)."""
        return {
            "selected": self.selected,
            "weights": {self.selected: 1.0},
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


def _named(pair: str, entries: Collection[str]) -> bool:
    return all(part in entries for part in pair.split(", "))


def without_null(value: Any) -> Any:
    """TOML has no null: what is not known is not written."""
    if isinstance(value, dict):
        return {k: without_null(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_null(v) for v in value if v is not None]
    return None if isinstance(value, float) and not np.isfinite(value) else value
