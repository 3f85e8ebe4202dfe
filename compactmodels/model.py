"""Composition: conduction branches mixed by the states, a switching law, a relaxation.

    I = scale (sum of weight(w, s) I_branch(V) + gmin V)

A branch with a series resistance carries its current through a junction voltage of its own,
V = V_j + R_s I_branch(V_j): an internal node in the circuit, a guarded Newton here.  Where the state
weighs the branch exponentially, the resistance carries what the state lets through,
V = V_j + R_s weight I_branch(V_j).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from compactmodels import functions as f
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import CardError
from compactmodels.junction import current_behind, junction_voltage
from compactmodels.parameter import RESERVED, Parameter
from compactmodels.parts import Conduction, Relaxation, Switching

MIXES: Final = {
    "constant": "1: the branch always conducts",
    "on": "w: conducts in the low-resistance state",
    "off": "1 - w: conducts in the high-resistance state",
    "volatile": "s: conducts while the volatile state is excited",
    "resistive": "1/(w + off_on (1 - w)): two parts in series, of which w is the conducting one",
    "resistive_decades": "1/(1 - share + share 10^(span (1 - w))): two parts in series, of which w moves "
    "one over decades",
    "exponential": "10^(span (w - 1)): w moves the saturation current over decades",
    "exponential_both": "10^(span (w + s - 1)): w and s move the saturation current over decades",
}
"""How the states weigh a branch; an exponential weight acts inside the series resistance."""
EXPONENTIAL: Final = frozenset({"exponential", "exponential_both"})

COMMON: Final = (
    Parameter(
        "scale",
        1.0,
        "1",
        "relative electrode area: multiplies current and capacitance",
        1e-12,
        1e12,
        log=True,
    ),
    Parameter("gmin", 1e-15, "S", "conductance across the device", 0.0, 1e-3),
    Parameter("cap", 1e-15, "F", "capacitance across the device", 0.0, 1.0),
)
"""Parameters that every model has."""

BRANCH_NAME: Final = re.compile(r"[a-z][a-z0-9]{0,23}")
"""Without '_', so that a prefix ends at the first one; ngspice breaks over endless names."""
TAKEN: Final = frozenset({"sw", "rx", "w", "s", "gmin", "state", "balance"})
"""Other groups' prefixes, and names of what every emitted model holds besides its branches."""

LN_10: Final = math.log(10.0)
SERIES = Parameter("r_s", 0.0, "ohm", "series resistance of the branch", 0.0, 1e15)
OFF_ON = Parameter("off_on", 160.0, "1", "resistance at state 0 over that at 1", 1.0, 1e9, log=True)
SPAN = Parameter("span", 12.0, "1", "decades of current from state 0 to state 1", 0.1, 30.0)
SHARE = Parameter(
    "share", 0.1, "1", "part of the resistance at state 1 that the state moves", 1e-9, 1.0, log=True
)
DECADES = Parameter("span", 3.0, "1", "decades of that part from state 1 to state 0", 0.1, 30.0)
WEIGHING: Final = {
    "resistive": (OFF_ON,),
    "resistive_decades": (SHARE, DECADES),
    "exponential": (SPAN,),
    "exponential_both": (SPAN,),
}
"""What a mix adds to the parameters of its branch."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One conduction path.

    Parameters
    ----------
    name : str
        Prefix of its parameters.
    mechanism : Conduction
    mix : str
        A key of :data:`MIXES`; some add parameters of their own, ``<name>_span`` and the like
        (:data:`WEIGHING`).
    series : bool
        Whether the branch has a series resistance, parameter ``<name>_r_s``.
    """

    name: str
    mechanism: Conduction
    mix: str = "constant"
    series: bool = False

    def __post_init__(self) -> None:
        if not BRANCH_NAME.fullmatch(self.name):
            raise CardError(
                f"branch name {self.name[:60]!r}: 1 to 24 lower-case letters and digits are expected, a "
                "letter first"
            )
        if self.name in TAKEN:
            raise CardError(
                f"branch name '{self.name}' is taken by the model's own parts ({', '.join(sorted(TAKEN))}): "
                "choose another"
            )
        if self.mix not in MIXES:
            raise CardError(
                f"branch '{self.name}': unknown mix '{self.mix}'; known are {', '.join(MIXES)}"
            )

    @property
    def exponential(self) -> bool:
        """Whether the states weigh the branch exponentially, inside its series resistance."""
        return self.mix in EXPONENTIAL

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The mechanism's own, the series resistance and what the states' weight needs, if anything."""
        series = (SERIES,) if self.series else ()
        return (*self.mechanism.parameters, *series, *WEIGHING.get(self.mix, ()))

    def weight(self, w: Any, s: Any, si: Mapping[str, Any]) -> Any:
        """Share of the branch at the states ``w`` and ``s``, which are clamped to [0, 1]."""
        if self.mix == "constant":
            return 1.0
        if self.exponential:
            state = _clamped(w) + (_clamped(s) if self.mix == "exponential_both" else 0.0)
            return f.exp(LN_10 * si["span"] * (state - 1.0))
        state = _clamped(s if self.mix == "volatile" else w)
        if self.mix == "resistive":
            return 1.0 / (state + si["off_on"] * (1.0 - state))
        if self.mix == "resistive_decades":
            moved = f.exp(LN_10 * si["span"] * (1.0 - state))
            return 1.0 / (1.0 + si["share"] * (moved - 1.0))
        return 1.0 - state if self.mix == "off" else state

    def junction_current(self, vj: Any, temperature: Any, si: Mapping[str, Any]) -> Any:
        """Current in A at the junction voltage ``vj``; ``si`` are the branch's values in SI."""
        values = {p.name: si[p.name] for p in self.mechanism.parameters}
        return self.mechanism.function(vj, temperature, **values)

    def junction(
        self,
        v: Any,
        temperature: Any,
        si: Mapping[str, Any],
        weight: Any = 1.0,
        start: Any = None,
    ) -> Any:
        """Junction voltage in V at the terminal voltage ``v``.

        ``weight`` multiplies the current that the series resistance carries; ``start`` is where the
        search may begin (:func:`compactmodels.junction.junction_voltage`).
        """
        if not self.series:
            return v
        rest = {**si, "temperature": temperature, "weight": weight}
        return junction_voltage(
            lambda vj, x: x["weight"] * self.junction_current(vj, x["temperature"], x),
            rest,
            v,
            si["r_s"],
            start,
        )

    def current(self, v: Any, temperature: Any, si: Mapping[str, Any]) -> Any:
        """Current in A at unit weight at the terminal voltage ``v``, series resistance included."""
        return self.current_from(v, temperature, si, None)[0]

    def current_from(
        self, v: Any, temperature: Any, si: Mapping[str, Any], start: Any
    ) -> tuple[Any, Any]:
        """The same, and the junction voltage; its search begins at ``start`` if that is given."""
        if not self.series:
            return self.junction_current(v, temperature, si), v
        return current_behind(
            lambda vj, x: self.junction_current(vj, x["temperature"], x),
            {**si, "temperature": temperature},
            v,
            si["r_s"],
            start,
        )

    def weighted_current(
        self, v: Any, w: Any, s: Any, temperature: Any, si: Mapping[str, Any]
    ) -> Any:
        """Current in A at the terminal voltage ``v`` and the states."""
        weight = self.weight(w, s, si)
        if not self.exponential:
            return weight * self.current(v, temperature, si)
        vj = self.junction(v, temperature, si, weight)
        return weight * self.junction_current(vj, temperature, si)


def _clamped(state: Any) -> Any:
    return f.minimum(f.maximum(state, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Model:
    """A device model: branches, and what moves its states.

    Parameters
    ----------
    branches : tuple of Branch
        At least one; names unique.
    switching : Switching or None
        None: the states stay where they start.
    relaxation : Relaxation or None
        Of the volatile state; needed by a second-order law that is not complete.
    """

    branches: tuple[Branch, ...]
    switching: Switching | None = None
    relaxation: Relaxation | None = None

    def __post_init__(self) -> None:
        if not self.branches:
            raise CardError("a model needs at least one conduction branch")
        law = self.switching
        relaxed = law is not None and law.relaxed
        if relaxed and self.relaxation is None:
            raise CardError("a second-order switching law needs a relaxation of its volatile state")
        if law is not None and law.complete and self.relaxation is not None:
            raise CardError(
                f"the switching law '{law.name}' gives the rates of both states itself: no relaxation "
                f"is expected, found '{self.relaxation.name}'"
            )
        if not relaxed and self.relaxation is not None:
            raise CardError("a relaxation needs a second-order switching law that drives its state")
        if self.relaxation is not None and self.relaxation.rate is None:
            raise CardError(
                f"relaxation '{self.relaxation.name}' is no state equation of one state: take a switching "
                "law that moves both of its states (two_relaxations)"
            )
        branches = [b.name for b in self.branches]
        double = sorted({n for n in branches if branches.count(n) > 1})
        if double:
            raise CardError(f"branch name {', '.join(double)} stands twice: choose another for one")
        names = [p.name for p in self.parameters]
        taken = sorted(RESERVED.intersection(names))
        if taken:
            raise CardError(f"parameter name {', '.join(taken)} is reserved in SPICE or Verilog-A")

    @property
    def states(self) -> tuple[str, ...]:
        """The states that move, out of w and s."""
        return () if self.switching is None else self.switching.states

    @property
    def groups(self) -> dict[str, tuple[Parameter, ...]]:
        """Parameters by the prefix of their group; the common ones under ''."""
        groups: dict[str, tuple[Parameter, ...]] = {"": COMMON}
        for branch in self.branches:
            groups[branch.name] = branch.parameters
        if self.switching is not None:
            groups["sw"] = self.switching.parameters
        if self.relaxation is not None:
            groups["rx"] = self.relaxation.rate_parameters
        return groups

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every parameter, prefixed with its group so that parts never collide."""
        return tuple(_prefixed(prefix, p) for prefix, group in self.groups.items() for p in group)

    @property
    def defaults(self) -> dict[str, float]:
        """Default of every parameter, in its declared unit."""
        return {p.name: p.default for p in self.parameters}

    def si(self, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """``values`` (prefixed, in declared units) by group, in SI."""
        return {
            prefix: {p.name: values[_join(prefix, p.name)] * p.si_factor for p in group}
            for prefix, group in self.groups.items()
        }

    def branch_currents(
        self,
        v: Any,
        values: Mapping[str, Any],
        *,
        w: Any = 0.0,
        s: Any = 0.0,
        temperature: Any = ROOM_TEMPERATURE,
    ) -> dict[str, Any]:
        """Current of each branch in A at its weight: the terms of :meth:`current`."""
        si = self.si(values)
        return {
            b.name: si[""]["scale"] * b.weighted_current(v, w, s, temperature, si[b.name])
            for b in self.branches
        }

    def current(
        self,
        v: Any,
        values: Mapping[str, Any],
        *,
        w: Any = 0.0,
        s: Any = 0.0,
        temperature: Any = ROOM_TEMPERATURE,
    ) -> Any:
        """Static current in A.

        Parameters
        ----------
        v : array_like, shape (n,)
            Terminal voltage [V].
        values : mapping
            Every parameter in its declared unit; arrays and Duals broadcast.
        w, s : array_like
            States in [0, 1] (clamped).
        temperature : array_like
            [K].

        Returns
        -------
        array_like, shape (n,)
        """
        si = self.si(values)
        total = si[""]["gmin"] * v
        for b in self.branches:
            total = total + b.weighted_current(v, w, s, temperature, si[b.name])
        return si[""]["scale"] * total

    def rates(
        self,
        v: Any,
        w: Any,
        s: Any,
        values: Mapping[str, Any],
        *,
        temperature: Any = ROOM_TEMPERATURE,
    ) -> tuple[Any, ...]:
        """Rates of the moving states in 1/s, in the order of :attr:`states`; ``v`` at the terminals."""
        si = self.si(values)
        first, law = self.branches[0], self.switching
        power = None
        if law is not None and law.powered:
            power = v * self.current(v, {**values, "scale": 1.0}, w=w, s=s, temperature=temperature)
        if law is not None and law.junction:
            own = si[first.name]
            weight = first.weight(w, s, own) if first.exponential else 1.0
            v = first.junction(v, temperature, own, weight)
        return self.state_equations(v, w, s, temperature, si.get("sw", {}), si.get("rx", {}), power)

    def state_equations(
        self,
        v: Any,
        w: Any,
        s: Any,
        temperature: Any,
        switching: Mapping[str, Any],
        relaxation: Mapping[str, Any],
        power: Any = None,
    ) -> tuple[Any, ...]:
        """The same with the values of each part in SI (what the symbolic side traces).

        ``v`` is the voltage that drives the law: the first branch's junction's for a ``junction`` law;
        ``power`` [W] is what the device dissipates at scale 1, for a ``powered`` law.
        """
        if self.switching is None:
            return ()
        given = {**switching, "power": power} if self.switching.powered else switching
        moved = self.switching.function(v, w, s, temperature, **given)
        if self.relaxation is None or self.relaxation.rate is None:
            return tuple(moved)
        return (moved[0], moved[1] + self.relaxation.rate(s, **relaxation))


def _join(prefix: str, name: str) -> str:
    return f"{prefix}_{name}" if prefix else name


def _prefixed(prefix: str, p: Parameter) -> Parameter:
    return Parameter(_join(prefix, p.name), p.default, p.unit, p.doc, p.lower, p.upper, p.log)
