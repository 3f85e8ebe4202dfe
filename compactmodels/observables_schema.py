"""Observables as data: what is read from a response, checked by pydantic, never evaluated.

An observable is a table in TOML with a ``kind``.  What each kind means is in
:mod:`compactmodels.observables`, which reads it from a response; docs/calibration.md lists the keys.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(allow_inf_nan=False, gt=0)]
NotNegative = Annotated[float, Field(allow_inf_nan=False, ge=0)]
State = Annotated[float, Field(allow_inf_nan=False, ge=0, le=1)]
PulseNumber = Annotated[int, Field(ge=-100_000, le=100_000)]
Quantity = Literal["current", "resistance", "conductance", "voltage", "power", "w", "s"]

UNIT: Final[dict[str, str]] = {
    "current": "A",
    "resistance": "ohm",
    "conductance": "S",
    "voltage": "V",
    "power": "W",
    "w": "1",
    "s": "1",
}
"""SI unit of each quantity."""


class Strict(BaseModel):
    """No unknown keys, no conversion of types, no change afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Signal(Strict):
    """A quantity over time; with ``read`` what a short read at that voltage [V] would show.

    A read uses the states as they are and does not disturb them.
    """

    quantity: Quantity = "current"
    read: Number | None = None
    magnitude: bool = False

    @property
    def unit(self) -> str:
        """SI unit of the signal."""
        return UNIT[self.quantity]

    @model_validator(mode="after")
    def _a_read_can_be_made(self) -> Signal:
        if self.read is not None and self.quantity in ("w", "s", "voltage"):
            raise ValueError(f"'read' has no meaning for {self.quantity}")
        if self.read == 0 and self.quantity in ("resistance", "conductance"):
            raise ValueError("'read' is 0 V, where neither resistance nor conductance can be read")
        return self


class Reading(Signal):
    """The signal at one moment.

    The moment is the ``time`` [s]; or ``position`` of the flat top of ``pulse`` (from 1, or from -1
    at the end), or ``delay`` [s] after that pulse; or the ``passing``-th time that the ``voltage`` [V]
    is passed; or, without any of these, the end.  With ``w`` and ``s`` the states are held at these
    values instead, and ``read`` says at which voltage.
    """

    kind: Literal["reading"] = "reading"
    time: NotNegative | None = None
    pulse: PulseNumber | None = None
    position: Annotated[float, Field(allow_inf_nan=False, gt=0, lt=1)] = 0.95
    delay: NotNegative | None = None
    voltage: Number | None = None
    passing: Annotated[int, Field(ge=1, le=100_000)] = 1
    w: State | None = None
    s: State | None = None

    @model_validator(mode="after")
    def _one_moment(self) -> Reading:
        held = self.w is not None or self.s is not None
        given = [n for n in ("time", "pulse", "voltage") if getattr(self, n) is not None]
        if len(given) + held > 1:
            raise ValueError(
                "one moment is expected: time, or pulse, or voltage, or held states w and s"
            )
        if held and self.read is None:
            raise ValueError("held states need 'read', the voltage [V] of the reading")
        set_ = self.model_fields_set
        for key, needs in (("delay", "pulse"), ("position", "pulse"), ("passing", "voltage")):
            if key in set_ and needs not in given:
                raise ValueError(f"'{key}' needs '{needs}'")
        if self.pulse == 0:
            raise ValueError("pulses count from 1, or from -1 at the end; 0 is none")
        if self.delay is not None and "position" in set_:
            raise ValueError("'delay' lies after the pulse and 'position' in it: give one of them")
        return self

    @property
    def static(self) -> bool:
        """Whether the states are given and no response is needed."""
        return self.w is not None or self.s is not None


class Ratio(Strict):
    """Two readings ``of`` and ``to``: of/to, (of - to)/to, or of - to."""

    kind: Literal["ratio"]
    of: Reading
    to: Reading
    form: Literal["ratio", "change", "difference"] = "ratio"

    @property
    def unit(self) -> str:
        """SI unit; a ratio of different quantities is not offered."""
        return self.of.unit if self.form == "difference" else "1"

    @model_validator(mode="after")
    def _same_quantity(self) -> Ratio:
        if self.of.unit != self.to.unit:
            raise ValueError(
                f"'of' is in {self.of.unit} and 'to' in {self.to.unit}: the same quantity is expected"
            )
        return self


class Facilitation(Signal):
    """Paired-pulse and post-tetanic index: A_n/A_1 (``ratio``) or (A_n - A_1)/A_1 (``change``)."""

    kind: Literal["facilitation"]
    pulse: PulseNumber = 2
    first: PulseNumber = 1
    form: Literal["ratio", "change"] = "change"
    position: Annotated[float, Field(allow_inf_nan=False, gt=0, lt=1)] = 0.95

    @property
    def unit(self) -> str:
        """A pure number."""
        return "1"

    @model_validator(mode="after")
    def _two_pulses(self) -> Facilitation:
        if 0 in (self.pulse, self.first) or self.pulse == self.first:
            raise ValueError(
                "two different pulses are expected, counted from 1, or from -1 at the end"
            )
        return self


class Window(Signal):
    """A signal in a part of the record, between ``start`` and ``stop`` [s]."""

    start: NotNegative = 0.0
    stop: Positive | None = None

    @model_validator(mode="after")
    def _a_span(self) -> Window:
        if self.stop is not None and self.stop <= self.start:
            raise ValueError(
                f"'stop' = {self.stop:g} s does not lie after 'start' = {self.start:g} s"
            )
        return self


class Decay(Signal):
    """A decay, fitted again to the simulated record after ``pulse`` (or from the ``time`` [s]).

    exponential: y = floor + A exp(-t/tau), parameters ``tau`` [s] and ``a``; power: y = b (t/1 s)^-m,
    parameters ``b`` and ``m``, t from the end of the pulse.  The fit uses ``points`` equidistant
    points (power: equidistant in ln t) from ``delay`` on for ``duration`` [s].  ``floor`` is what stays;
    it is fitted too where it is left out.
    """

    kind: Literal["decay"]
    law: Literal["exponential", "power"] = "exponential"
    parameter: Literal["tau", "a", "b", "m"] = "tau"
    pulse: PulseNumber | None = None
    time: NotNegative | None = None
    delay: NotNegative = 0.0
    duration: Positive
    floor: Number | None = None
    points: Annotated[int, Field(ge=5, le=10_000)] = 100

    @property
    def unit(self) -> str:
        """SI unit of the parameter."""
        return {"tau": "s", "m": "1"}.get(self.parameter, super().unit)

    @model_validator(mode="after")
    def _a_law(self) -> Decay:
        known = ("tau", "a") if self.law == "exponential" else ("b", "m")
        if self.parameter not in known:
            raise ValueError(f"the {self.law} law has the parameters {known[0]} and {known[1]}")
        if self.law == "power" and self.floor is not None:
            raise ValueError("the power law has no floor")
        if self.law == "power" and self.delay <= 0:
            raise ValueError("the power law diverges at t = 0: give a 'delay' above 0")
        if self.pulse is not None and self.time is not None:
            raise ValueError("a decay begins after a 'pulse' or at a 'time': give one of them")
        if self.pulse == 0:
            raise ValueError("pulses count from 1, or from -1 at the end; 0 is none")
        return self


class Crossing(Signal):
    """When the signal reaches ``threshold``: seconds, the number of a pulse, or the voltage.

    Time counts from ``since`` [s], or from the foot of ``pulse``, and nothing before it counts.  Pulses count from ``first_pulse`` to ``last_pulse``, read at
    ``position`` of their flat top or ``delay`` [s] after them.
    """

    kind: Literal["crossing"]
    threshold: Number
    direction: Literal["rising", "falling"] = "rising"
    counted: Literal["time", "pulse", "voltage"] = "time"
    passing: Annotated[int, Field(ge=1, le=100_000)] = 1
    since: NotNegative = 0.0
    pulse: PulseNumber | None = None
    first_pulse: PulseNumber = 1
    last_pulse: PulseNumber = -1
    position: Annotated[float, Field(allow_inf_nan=False, gt=0, lt=1)] = 0.95
    delay: NotNegative | None = None

    @property
    def unit(self) -> str:
        """SI unit of what is counted."""
        return {"time": "s", "voltage": "V", "pulse": "1"}[self.counted]

    @model_validator(mode="after")
    def _keys_belong(self) -> Crossing:
        own = {"first_pulse", "last_pulse", "position", "delay"} & self.model_fields_set
        if self.counted != "pulse" and own:
            raise ValueError(f"'{sorted(own)[0]}' needs counted = \"pulse\"")
        if self.counted == "pulse" and {"since", "pulse", "passing"} & self.model_fields_set:
            raise ValueError(
                "pulses are counted from 'first_pulse': 'since', 'pulse' and 'passing' have no meaning"
            )
        if self.pulse is not None and "since" in self.model_fields_set:
            raise ValueError(
                "time counts 'since' a time or from the foot of a 'pulse': give one of them"
            )
        if 0 in (self.first_pulse, self.last_pulse, self.pulse):
            raise ValueError("pulses count from 1, or from -1 at the end; 0 is none")
        return self


class Extreme(Window):
    """Largest or smallest value of the signal in the window."""

    kind: Literal["extreme"]
    which: Literal["maximum", "minimum"] = "maximum"


class Slope(Window):
    """Straight-line fit of the signal, or its natural logarithm, against time or voltage."""

    kind: Literal["slope"]
    against: Literal["time", "voltage"] = "time"
    log_y: bool = False
    log_x: bool = False
    points: Annotated[int, Field(ge=2, le=10_000)] = 100

    @property
    def unit(self) -> str:
        """SI unit of the signal over that of the axis; a logarithm has none."""
        y = "1" if self.log_y else super().unit
        x = "1" if self.log_x else {"time": "s", "voltage": "V"}[self.against]
        return y if x == "1" else f"{y}/{x}"


class HysteresisArea(Window):
    """Area between the branches of a loop, positive and negative voltages added: A V, so W."""

    kind: Literal["hysteresis_area"]

    @property
    def unit(self) -> str:
        """Watt for a current."""
        return f"{super().unit} V" if self.quantity != "current" else "W"


class Energy(Strict):
    """Energy of a pulse: the integral of V I, or amplitude x current x width of the flat top.

    The ``product`` takes the current of ``reading`` (default: in the pulse itself): V I t as papers
    estimate it.
    """

    kind: Literal["energy"]
    pulse: PulseNumber = 1
    form: Literal["integral", "product"] = "integral"
    reading: Reading | None = None

    @property
    def unit(self) -> str:
        """Joule."""
        return "J"

    @model_validator(mode="after")
    def _a_current(self) -> Energy:
        if self.pulse == 0:
            raise ValueError("pulses count from 1, or from -1 at the end; 0 is none")
        if self.reading is not None and self.form != "product":
            raise ValueError("the integral needs no 'reading'")
        if self.reading is not None and self.reading.quantity != "current":
            raise ValueError("the 'reading' of an energy is a current")
        return self


Observable = Annotated[
    Reading | Ratio | Facilitation | Decay | Crossing | Extreme | Slope | HysteresisArea | Energy,
    Field(discriminator="kind"),
]


def sentence(error: ValidationError, where: str) -> str:
    """The first complaint of pydantic as one sentence with its place and what stands there."""
    first = error.errors()[0]
    place = ".".join(str(p) for p in first["loc"])
    found: Any = first["input"]
    plain = isinstance(found, (str, int, float)) and first["type"] != "missing"
    shown = f", found {repr(found)[:60]}" if plain else ""
    more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
    text = first["msg"].removeprefix("Value error, ")
    text = text[:1].lower() + text[1:]
    return (
        f"{where}, at '{place}': {text}{shown}{more}" if place else f"{where}: {text}{shown}{more}"
    )


def is_number(value: Any) -> bool:
    """Whether TOML's value is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
