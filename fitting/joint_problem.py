"""Least squares over several traces: some parameters are shared, each trace may have others.

Each trace is a :class:`fitting.problem.Problem` of its own, with its own temperature and area; the
Jacobian is theirs, block by block, so that no trace is differentiated by another one's parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.activation import ENERGY, arrhenius
from compactmodels.errors import InputError
from compactmodels.model import SERIES
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction
from fitting.problem import Problem
from fitting.recipes import Known, problem_of
from fitting.sweep import Sweep

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
Law = Callable[[FloatArray, Mapping[str, Any]], Any]

ACTIVATED: Final[Mapping[str, str]] = {"ohmic": "g", "sinh": "g"}
"""Mechanisms without a temperature in their equation, and the level that an activation energy moves."""
PREFACTORS: Final = ("richardson", "sigma")
"""What stands before the exponential of a barrier, by the names that mechanisms use."""
SPREADING: Final = "r_spread"
"""Part of the series resistance that falls with the contact's radius."""


@dataclass(frozen=True, slots=True, eq=False)
class JointProblem(Problem):
    """Several problems that share parameters.

    Parameters
    ----------
    law, x, y, free, fixed, scale
        Of :class:`Problem`; ``x`` and ``y`` are the traces one after the other, ``free`` is every
        coordinate: a shared parameter once, another one once a trace, as ``<name>_<trace>``.
    blocks : tuple of Problem
        One a trace.
    places : tuple of int arrays
        For each block, where its free parameters stand among the coordinates.
    """

    blocks: tuple[Problem, ...] = ()
    places: tuple[IntArray, ...] = ()

    @property
    def parts(self) -> list[slice]:
        """Where each trace's points stand."""
        ends = np.cumsum([0, *(b.x.size for b in self.blocks)])
        return [slice(int(a), int(b)) for a, b in pairwise(ends)]

    def current(self, u: FloatArray, x: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Every trace's current (n,), and its derivatives (k, n); the voltages are the traces' own."""
        if x is not None:
            raise InputError("a joint problem is evaluated on its own voltages: ask a block")
        return self._stacked(u, [b.current(u[p]) for b, p in zip(self.blocks, self.places)])

    def residual(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Every trace's residuals (n,), and their exact Jacobian (k, n)."""
        return self._stacked(u, [b.residual(u[p]) for b, p in zip(self.blocks, self.places)])

    def _stacked(
        self, u: FloatArray, found: list[tuple[FloatArray, FloatArray]]
    ) -> tuple[FloatArray, FloatArray]:
        jacobian = np.zeros((u.size, self.x.size))
        for part, place, (_, partials) in zip(self.parts, self.places, found):
            jacobian[place, part] = partials
        return np.concatenate([value for value, _ in found]), jacobian

    def of_trace(self, k: int, values: Mapping[str, float]) -> dict[str, float]:
        """Values of trace ``k``'s free parameters, by their plain names, in declared units."""
        names = self.names
        block = self.blocks[k]
        return {p.name: values[names[j]] for p, j in zip(block.free, self.places[k])}


@dataclass(frozen=True, slots=True)
class Layout:
    """What is free, and what of it each trace has for itself.

    Parameters
    ----------
    free : tuple of str
        The mechanism's own parameters that the fit moves.
    per_trace : tuple of str
    activated : str
        Level that follows exp(-EA/kT); empty for none.
    by_size : bool
        Whether the series resistance has a part that falls with the contact's radius.
    """

    free: tuple[str, ...]
    per_trace: tuple[str, ...]
    activated: str = ""
    by_size: bool = False


def reference_temperature(sweeps: list[Sweep]) -> float:
    """Harmonic mean of the temperatures [K]: where level and energy are independent."""
    return len(sweeps) / sum(1.0 / s.known.temperature for s in sweeps)


def reference_area(sweeps: list[Sweep]) -> float:
    """Geometric mean of the areas [m^2]."""
    return math.exp(float(np.mean([math.log(s.known.area or 1.0) for s in sweeps])))


def joint_problem(
    part: Conduction, sweeps: list[Sweep], forward: bool, layout: Layout, *, series: bool
) -> JointProblem:
    """The problem of a mechanism on several branches.

    Parameters
    ----------
    part : Conduction
    sweeps : list of Sweep
    forward : bool
        Whether only the forward side is fitted.
    layout : Layout
    series : bool
        Whether there is a series resistance.
    """
    t0, a0 = reference_temperature(sweeps), reference_area(sweeps)
    blocks = []
    for sweep in sweeps:
        v, i, _ = sweep.points(forward, part.name)
        block = problem_of(part, sweep.known, v, i, series=series)
        block = replace(_freed(part, block, layout), scale=sweep.noise.scale)
        blocks.append(_wrapped(block, sweep.known, layout, t0, a0, series))
    return joined(blocks, layout.per_trace)


def joined(blocks: list[Problem], per_trace: tuple[str, ...]) -> JointProblem:
    """Blocks with the coordinates that they share; a shared parameter has the widest bounds."""
    free: list[Parameter] = []
    index: dict[str, int] = {}
    places = []
    for number, block in enumerate(blocks, start=1):
        place = []
        for p in block.free:
            own = p.name in per_trace
            name = f"{p.name}_{number}" if own else p.name
            if name not in index:
                index[name] = len(free)
                free.append(replace(p, name=name))
            elif not own:
                free[index[name]] = _wider(free[index[name]], p)
            place.append(index[name])
        places.append(np.array(place, dtype=np.intp))
    first = blocks[0]
    return JointProblem(
        first.law,
        np.concatenate([b.x for b in blocks]),
        np.concatenate([b.y for b in blocks]),
        tuple(free),
        first.fixed,
        0.0,
        tuple(blocks),
        tuple(places),
    )


def _wider(a: Parameter, b: Parameter) -> Parameter:
    return replace(a, lower=min(a.lower, b.lower), upper=max(a.upper, b.upper))


def _freed(part: Conduction, block: Problem, layout: Layout) -> Problem:
    """The block with the layout's parameters free, whatever a single trace would free."""
    values = dict(block.fixed) | {p.name: (p, p.default) for p in block.free}
    own = tuple(p for p in part.parameters if p.name in layout.free)
    rest = tuple(p for p in block.free if p.name == SERIES.name)
    names = {p.name for p in (*own, *rest)}
    fixed = {n: pair for n, pair in values.items() if n not in names}
    return replace(block, free=own + rest, fixed=fixed)


def _wrapped(
    block: Problem, known: Known, layout: Layout, t0: float, a0: float, series: bool
) -> Problem:
    """The block with what connects the traces: an activated level, a resistance that knows size."""
    law, free = block.law, block.free
    if layout.activated:
        law, free = _activated(law, layout.activated, known.temperature, t0), (*free, ENERGY)
    if layout.by_size and series:
        r_s = next(p for p in free if p.name == SERIES.name)
        doc = "series resistance that falls with the radius, at the mean area"
        free = (*free, replace(r_s, name=SPREADING, doc=doc))
        law = _sized(law, math.sqrt(a0 / (known.area or a0)))
    return replace(block, law=law, free=free)


def _activated(law: Law, level: str, temperature: float, reference: float) -> Law:
    """The law with its level thermally activated."""

    def activated(x: FloatArray, si: Mapping[str, Any]) -> Any:
        moved = arrhenius(temperature, si[level], si[ENERGY.name], 0.0, reference)
        return law(x, {**si, level: moved})

    return activated


def _sized(law: Law, ratio: float) -> Law:
    """The law with a part of the series resistance that falls with the radius."""

    def sized(x: FloatArray, si: Mapping[str, Any]) -> Any:
        return law(x, {**si, SERIES.name: si[SERIES.name] + si[SPREADING] * ratio})

    return sized
