"""What a card file may hold, checked by pydantic (loaded only when a card is read)."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from compactmodels.errors import CardError, ParameterError

Number = Annotated[float, Field(allow_inf_nan=False)]
PartName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class BranchRow(_Strict):
    """One ``[[structure.branches]]``."""

    name: PartName
    mechanism: PartName
    mix: str = "constant"
    series: bool = False


class Structure(_Strict):
    """``[structure]``."""

    branches: list[BranchRow] = Field(min_length=1)
    switching: PartName | None = None
    relaxation: PartName | None = None


class ValueRow(_Strict):
    """One ``[values.NAME]``."""

    value: Number
    unit: str
    origin: str = "assumed"
    note: str = ""
    stderr: Number | None = None
    interval: Annotated[tuple[Number, Number], Field(strict=False)] | None = None


class DistributionRow(_Strict):
    """One ``[statistics.parameters.NAME]``."""

    distribution: str
    location: Number
    scale: Number
    shape: Number | None = None
    count: int = Field(default=0, ge=0)
    device_share: Number | None = None
    autocorrelation: Number | None = None
    drift: Number | None = None
    drift_interval: Annotated[tuple[Number, Number], Field(strict=False)] | None = None


class StatisticsTable(_Strict):
    """``[statistics]``."""

    of: str
    count: int = Field(ge=1)
    devices: int = Field(default=1, ge=1)
    note: str = ""
    parameters: dict[str, DistributionRow]
    correlations: dict[str, Number] = Field(default_factory=dict)


Interval = Annotated[tuple[Number, Number], Field(strict=False)]


class RampNoiseTable(_Strict):
    """``[synapse.ltp.noise]`` and ``[synapse.ltd.noise]``."""

    white: Number = 0.0
    correlated: Number = 0.0
    memory: Number = 1.0
    walk: Number = 0.0
    intervals: dict[str, Interval] = Field(default_factory=dict)


class CycleNoiseTable(_Strict):
    """``[synapse.ltp.cycle]`` and ``[synapse.ltd.cycle]``."""

    offset: Number = 0.0
    autocorrelation: Number = 0.0
    drift: Number = 0.0
    drift_law: str = "linear"
    ramps: int = Field(default=1, ge=1)
    jump: Number = 0.0
    pace: Number = 0.0
    intervals: dict[str, Interval] = Field(default_factory=dict)


class TrainTable(_Strict):
    """``[synapse.ltp]`` and ``[synapse.ltd]``."""

    g_start: Number
    g_end: Number
    rho: Number
    gamma: Number
    pulses: Number
    dwell: Number = 0.0
    reach: Number = 0.1
    noise: RampNoiseTable = Field(default_factory=RampNoiseTable)
    cycle: CycleNoiseTable | None = None


class SynapseTable(_Strict):
    """``[synapse]``."""

    ltp: TrainTable | None = None
    ltd: TrainTable | None = None
    together: Number = 0.0
    pace: list[Number] = Field(default_factory=list)
    quantum: Number = 0.0
    note: str = ""


class CardFile(_Strict):
    """The whole file."""

    schema_: int = Field(alias="schema", ge=1)
    name: str
    title: str = ""
    citation: str = ""
    structure: Structure
    values: dict[str, ValueRow] = Field(default_factory=dict)
    correlations: dict[str, Number] = Field(default_factory=dict)
    operation: dict[str, Number] = Field(default_factory=dict)
    provenance: dict[str, Any] = Field(default_factory=dict)
    statistics: StatisticsTable | None = None
    synapse: SynapseTable | None = None

    @field_validator("provenance")
    @classmethod
    def _no_nan(cls, value: dict[str, Any]) -> dict[str, Any]:
        _refuse_nan(value)
        return value


def _refuse_nan(value: Any) -> None:
    if isinstance(value, dict):
        for item in value.values():
            _refuse_nan(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_nan(item)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("NaN and infinities are refused")


def validated(document: dict[str, Any], where: str) -> CardFile:
    """The document as a :class:`CardFile`; one readable sentence otherwise.

    Raises
    ------
    ParameterError
        A value that is no finite number.
    CardError
        Anything else.
    """
    try:
        return CardFile.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(p) for p in first["loc"])
        found = first["input"]
        shown = "" if isinstance(found, (dict, list)) else f", found {repr(found)[:60]}"
        more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
        message = f"{where}, at '{place}': {first['msg'].lower()}{shown}{more}"
        kind = ParameterError if first["loc"][:1] == ("values",) else CardError
        raise kind(message) from None
