"""Published numbers as targets: a TOML file of observables, values, tolerances, bounds and sources.

The file is data: it is validated by pydantic and never evaluated.  docs/calibration.md describes it.
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError, model_validator

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import InputError, ProtocolError
from compactmodels.observables_schema import (
    NotNegative,
    Number,
    Observable,
    Positive,
    State,
    Strict,
    sentence,
)
from compactmodels.protocol_sequence import from_document
from compactmodels.protocols import Protocol, for_card, load

SCHEMA: Final = 1
MARGIN: Final = 0.05
"""How far inside a bound the search aims, as a share of it, where a target does not say (with an
absolute tolerance: by one tolerance): optimisers stop on the line."""
TOLERANCE: Final = 0.01
"""Least relative tolerance of a bound that gives none."""
PREFIX: Final[dict[str, float]] = {
    "": 1.0,
    "f": 1e-15,
    "p": 1e-12,
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
}
_NAMES: Final[dict[str, dict[str, float]]] = {"1": {"1": 1.0, "%": 0.01, "pulses": 1.0}}


class TargetRow(Strict):
    """One ``[[target]]``."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$", max_length=100)]
    source: Annotated[str, Field(min_length=1, max_length=1000)]
    note: str = ""
    protocol: str | dict[str, Any] | None = None
    w0: State = 0.0
    s0: State = 0.0
    temperature: Annotated[float, Field(ge=1, le=2000)] = ROOM_TEMPERATURE
    observable: Observable
    value: Number | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    unit: str
    relative: Positive | None = None
    absolute: Positive | None = None
    margin: NotNegative | None = None
    weight: Annotated[float, Field(gt=0, le=1e6)] = 1.0

    @model_validator(mode="after")
    def _a_target(self) -> TargetRow:
        bounded = self.at_least is not None or self.at_most is not None
        if bounded == (self.value is not None):
            raise ValueError("either 'value' is expected, or 'at_least', 'at_most' or both")
        if self.relative is not None and self.absolute is not None:
            raise ValueError("a tolerance is 'relative' or 'absolute', not both")
        if not bounded and self.relative is None and self.absolute is None:
            raise ValueError(
                "a tolerance is missing: relative = 0.05, or absolute in the target's unit"
            )
        if not bounded and self.margin is not None:
            raise ValueError("'margin' belongs to 'at_least' and 'at_most'")
        if self.absolute is None and 0.0 in (self.value, self.at_least, self.at_most):
            raise ValueError("a target of 0 has no relative tolerance: give 'absolute'")
        low, high = self.at_least, self.at_most
        if low is not None and high is not None and low > high:
            raise ValueError(f"'at_least' = {low:g} lies above 'at_most' = {high:g}")
        return self


class TargetFile(Strict):
    """The whole file."""

    schema_: Annotated[int, Field(alias="schema", ge=1, le=SCHEMA)] = SCHEMA
    title: str = ""
    citation: str = ""
    assumptions: list[str] = Field(default_factory=list)
    free: list[str] = Field(default_factory=list)
    bounds: dict[str, Annotated[tuple[Number, Number], Field(strict=False)]] = Field(
        default_factory=dict
    )
    protocols: dict[str, dict[str, Any]] = Field(default_factory=dict)
    target: list[TargetRow] = Field(min_length=1, max_length=1000)


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A number that the device must show.

    Parameters
    ----------
    id, source, note : str
    observable : pydantic model
        What is read.
    protocol : Protocol or None
        None: states held.
    key : str
        Targets of the same key share a run.
    w0, s0 : float
        Initial states.
    temperature : float
        [K].
    value, at_least, at_most : float or None
        SI.
    tolerance : float
        A share of the value or bound if ``relative``, else SI.
    relative : bool
    margin : float
        How far inside the bounds the search aims; a share, or SI, as the tolerance.
    weight : float
        Of its squared misfit in the search.
    unit : str
        As in the file.
    factor : float
        From ``unit`` to SI.
    """

    id: str
    source: str
    note: str
    observable: Any
    protocol: Protocol | None
    key: str
    w0: float
    s0: float
    temperature: float
    value: float | None
    at_least: float | None
    at_most: float | None
    tolerance: float
    relative: bool
    margin: float
    weight: float
    unit: str
    factor: float

    @property
    def bounded(self) -> bool:
        """Whether it is a bound and not a value."""
        return self.value is None


@dataclass(frozen=True, slots=True, eq=False)
class TargetSet:
    """The targets of a file, and what it says of the search.

    Parameters
    ----------
    targets : tuple of Target
    free : tuple of str
        Parameters that may be moved.
    bounds : mapping
        Narrower bounds than the declared ones, in the parameters' units.
    title, citation : str
    assumptions : tuple of str
        What the publication does not say and the protocols take for granted.
    file : str
        Its name, without a folder.
    sha256 : str
    """

    targets: tuple[Target, ...]
    free: tuple[str, ...] = ()
    bounds: Mapping[str, tuple[float, float]] | None = None
    title: str = ""
    citation: str = ""
    assumptions: tuple[str, ...] = ()
    file: str = ""
    sha256: str = ""


def unit_factor(unit: str, base: str) -> float | None:
    """Factor from ``unit`` to the SI unit ``base``; None if it is no such unit.

    >>> unit_factor("kohm", "ohm"), unit_factor("%", "1"), unit_factor("nA", "V")
    (1000.0, 0.01, None)
    """
    if base in _NAMES:
        return _NAMES[base].get(unit)
    if not unit.endswith(base):
        return None
    return PREFIX.get(unit.removesuffix(base))


def load_targets(path: str | Path, card: ModelCard) -> TargetSet:
    """Read a file of targets.

    Parameters
    ----------
    path : str or Path
    card : ModelCard
        Gives a protocol that is only named its own voltages and times.

    Raises
    ------
    InputError
        Code ``bad_targets``: no file, not TOML, an unknown key, a target without value, tolerance or
        source, a unit that is not the observable's, a protocol that cannot be built.
    """
    path = Path(path)
    where = f"targets file '{path}'"
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InputError(f"{where} cannot be read: {reason}", code="bad_targets") from None
    return parse_targets(text, card, where, path.parent, path.name, hashlib.sha256(raw).hexdigest())


def parse_targets(
    text: str,
    card: ModelCard,
    where: str = "targets",
    folder: Path = Path(),
    file: str = "",
    sha256: str = "",
) -> TargetSet:
    """Targets from TOML text; ``where`` names it in errors, ``folder`` holds its protocol files."""
    try:
        document = tomllib.loads(text)
        data = TargetFile.model_validate(document)
    except ValidationError as error:
        raise InputError(sentence(error, where), code="bad_targets") from None
    except (ValueError, RecursionError) as error:  # not TOML, an endless number, endless nesting
        raise InputError(f"{where} is not TOML: {error}", code="bad_targets") from None
    named: dict[str, Protocol] = {}
    for name, row in data.protocols.items():
        named[name] = _built(row, card, f"{where}, protocol '{name}'", folder)
    targets, seen = [], set()
    for row_ in data.target:
        place = f"{where}, target '{row_.id}'"
        if row_.id in seen:
            raise InputError(f"{place} stands twice: ids are unique", code="bad_targets")
        seen.add(row_.id)
        targets.append(_target(row_, named, card, place, folder))
    return TargetSet(
        tuple(targets),
        tuple(data.free),
        dict(data.bounds),
        data.title,
        data.citation,
        tuple(data.assumptions),
        file,
        sha256,
    )


def _target(
    row: TargetRow, named: Mapping[str, Protocol], card: ModelCard, where: str, folder: Path
) -> Target:
    base = row.observable.unit
    factor = unit_factor(row.unit, base)
    if factor is None:
        known = (
            ", ".join(_NAMES[base])
            if base in _NAMES
            else f"{base}, with f p n u m k M G T before it"
        )
        raise InputError(
            f"{where}: unit '{row.unit[:60]}' found, and this observable is in {known}",
            code="bad_targets",
        )
    protocol: Protocol | None
    if isinstance(row.protocol, str) and row.protocol in named:
        protocol, key = named[row.protocol], row.protocol
    elif row.protocol is None:
        protocol, key = None, ""
    else:
        protocol = _built(row.protocol, card, where, folder)
        key = json.dumps(row.protocol, sort_keys=True, default=str)
    margin = (
        (MARGIN if row.absolute is None else row.absolute) if row.margin is None else row.margin
    )
    if row.absolute is not None:
        tolerance, margin = row.absolute * factor, margin * factor
    else:
        tolerance = max(margin / 2, TOLERANCE) if row.relative is None else row.relative
    value, low, high = (
        None if x is None else x * factor for x in (row.value, row.at_least, row.at_most)
    )
    for number in (value, low, high, tolerance):
        if number is not None and not math.isfinite(number):
            raise InputError(f"{where}: a number is too large for its unit", code="bad_targets")
    return Target(
        row.id,
        row.source,
        row.note,
        row.observable,
        protocol,
        f"{key} w0={row.w0!r} s0={row.s0!r} T={row.temperature!r}",
        row.w0,
        row.s0,
        row.temperature,
        value,
        low,
        high,
        tolerance,
        row.absolute is None,
        margin,
        row.weight,
        row.unit,
        factor,
    )


def _built(spec: str | dict[str, Any], card: ModelCard, where: str, folder: Path) -> Protocol:
    try:
        if isinstance(spec, str):
            return for_card(spec, card.operation, {})
        if "file" in spec:
            rest = {key: value for key, value in spec.items() if key != "file"}
            if not isinstance(spec["file"], str):
                raise ProtocolError(f"'file' is {repr(spec['file'])[:60]}: a path is expected")
            return load(folder / spec["file"], rest)
        return from_document(spec)
    except ProtocolError as error:
        raise InputError(f"{where}: {error.message}", code=error.code) from None
