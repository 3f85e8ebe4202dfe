"""The parts that a model is made of: conduction mechanisms, switching laws, relaxations.

A part is one equation, written once as a plain function of SI quantities, with its declared
parameters and its source.  Adding one is adding one file to ``conduction/``, ``switching/`` or
``relaxation/`` that ends in ``PART = Conduction(...)`` (or ``Switching``, ``Relaxation``).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from compactmodels.errors import ParameterError
from compactmodels.parameter import Parameter


@dataclass(frozen=True, slots=True)
class Part:
    """What all parts have.

    Parameters
    ----------
    name : str
        The name on cards and on the command line.
    title : str
        What it is, in the field's words.
    function : callable
        The equation; called with the leading arguments of its kind and then every declared
        parameter by name, all in SI.
    parameters : tuple of Parameter
        Declared in the order of the function's signature.
    reference : str
        Source with DOI.
    limits : str
        Where the equation holds, and what happens outside.
    """

    name: str
    title: str
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    reference: str
    limits: str

    kind: ClassVar[str] = "part"
    leading: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        expected = [*self.arguments, *(p.name for p in self.parameters)]
        found = list(inspect.signature(self.function).parameters)
        if found != expected:
            raise ParameterError(
                f"{self.kind} '{self.name}': the function takes {', '.join(found)}, "
                f"the declaration says {', '.join(expected)}"
            )

    def si(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """``values`` (by parameter name, in the declared units) in SI."""
        return {p.name: values[p.name] * p.si_factor for p in self.parameters}

    @property
    def arguments(self) -> tuple[str, ...]:
        """Leading arguments of the function, before its parameters."""
        return self.leading

    @property
    def defaults(self) -> dict[str, float]:
        """The declared defaults, in the declared units."""
        return {p.name: p.default for p in self.parameters}


@dataclass(frozen=True, slots=True)
class Conduction(Part):
    """A conduction mechanism: current in A as a function of the junction voltage in V.

    ``areal`` mechanisms know a current density and take the ``area`` as a parameter; a
    ``fallback`` one describes without explaining and stays outside the contest of mechanisms;
    ``twin`` names the mechanism that describes the same curves with the same numbers and stands in
    the contest for both; ``plot`` names the linearised plot in which the mechanism is a straight
    line; ``series`` says whether a fit gives the branch a series resistance; ``noise`` is the kind
    of its noise (:data:`compactmodels.noise.KINDS`): "shot" where carriers cross a barrier one by one,
    "thermal" where the bulk limits them.
    """

    areal: bool = False
    fallback: bool = False
    twin: str = ""
    plot: str = "log"
    series: bool = False
    noise: str = "thermal"

    kind: ClassVar[str] = "conduction mechanism"
    leading: ClassVar[tuple[str, ...]] = ("v", "temperature")


@dataclass(frozen=True, slots=True)
class Relaxation(Part):
    """A decay law y(t), and the autonomous state equation that it solves.

    ``rate(y, **subset of the parameters)`` returns dy/dt in 1/s; the law itself is called with
    the time in s and every parameter.  None: the law needs more states than one, which a switching
    law of its own moves.
    """

    rate: Callable[..., Any] | None = None

    kind: ClassVar[str] = "relaxation"
    leading: ClassVar[tuple[str, ...]] = ("t",)

    @property
    def rate_parameters(self) -> tuple[Parameter, ...]:
        """Those parameters that the state equation needs."""
        if self.rate is None:
            return ()
        names = list(inspect.signature(self.rate).parameters)[1:]
        return tuple(p for p in self.parameters if p.name in names)


@dataclass(frozen=True, slots=True)
class Switching(Part):
    """A switching law: the rates of the states under a voltage.

    First order: ``function(v, w, s, temperature, ...)`` returns ``(dw/dt,)``; second order returns
    ``(dw/dt, drive of s)``, to which the model adds the relaxation of ``s``.  A ``complete`` law of
    second order gives both rates itself and takes no relaxation.  A ``junction`` law is driven by the
    junction voltage of the model's first branch, behind its series resistance, not by the terminals'.
    A ``powered`` law also takes the ``power`` [W] that the device dissipates at scale 1, for its own
    heating: ``function(v, w, s, temperature, power, ...)``.
    """

    order: int = 1
    complete: bool = False
    junction: bool = False
    powered: bool = False

    kind: ClassVar[str] = "switching law"
    leading: ClassVar[tuple[str, ...]] = ("v", "w", "s", "temperature")

    @property
    def arguments(self) -> tuple[str, ...]:
        """Leading arguments of the function."""
        return (*self.leading, "power") if self.powered else self.leading

    @property
    def states(self) -> tuple[str, ...]:
        """The states that the law moves."""
        return ("w", "s")[: self.order]

    @property
    def relaxed(self) -> bool:
        """Whether the model has to add a relaxation of ``s``."""
        return self.order > 1 and not self.complete


@dataclass(frozen=True, slots=True)
class Dependence(Part):
    """How a synaptic response depends on one quantity: an interval, a number of pulses, a rate.

    ``x_unit`` is the unit of that quantity ("1": whatever the measurement has).  Of the parameters
    that are declared as pure numbers, those in ``signal`` carry the unit of the response, those in
    ``along`` that of x, those in ``per`` the response's over that of x.
    """

    x_unit: str = "1"
    signal: tuple[str, ...] = ()
    along: tuple[str, ...] = ()
    per: tuple[str, ...] = ()

    kind: ClassVar[str] = "plasticity law"
    leading: ClassVar[tuple[str, ...]] = ("x",)
