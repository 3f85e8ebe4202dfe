"""A sweep made ready: its branches, which points count, which side is forward, what is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels import registry
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.data import Trace
from compactmodels.errors import FitRefused, InputError
from fitting.branches import split
from fitting.diagnostics import Warned
from fitting.masks import at_origin, forward_sign, mask_sweep, noise_floor
from fitting.readers.checks import check_finite, check_points, check_swept
from fitting.readers.columns import ColumnOption
from fitting.recipes import Known, recipe_of

FloatArray = NDArray[np.float64]

MAX_RMS: Final = 0.1
"""Decades: a fit that is further from the data than this is refused."""
WHOLE: Final = 0.05
"""Decades: the contest is held on the whole branch if some mechanism comes this near."""
LEAST_POINTS: Final = 6


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """A branch, ready to be fitted.

    Parameters
    ----------
    trace : Trace
        The branch.
    used : (n,) bool array
    sign : int
        +1 if forward is V > 0, -1 if it is V < 0.
    known : Known
    warnings : tuple of Warned
    max_rms : float
        Decades.
    """

    trace: Trace
    used: NDArray[np.bool_]
    sign: int
    known: Known
    warnings: tuple[Warned, ...]
    max_rms: float = MAX_RMS

    def points(self, forward: bool, name: str) -> tuple[FloatArray, FloatArray, bool]:
        """V, I of the points that mechanism ``name`` is fitted to, and whether they were reversed.

        Raises
        ------
        FitRefused
            Codes ``no_forward_points``, ``too_few_points``.
        """
        v, i = voltage_of(self.trace), self.trace.current
        mask = self.used & (self.sign * v > 0) if forward else self.used
        count = int(np.count_nonzero(mask))
        if forward and not np.any((self.sign * v > 0) & ~at_origin(v)):
            raise FitRefused(
                f"{where(self.trace)}{name} needs forward bias (V {'>' if self.sign > 0 else '<'} 0 "
                "in this sweep) and the branch has none: fit another branch",
                code="no_forward_points",
            )
        if count < LEAST_POINTS:
            raise FitRefused(
                f"{where(self.trace)}{count} of {v.size} points {'is' if count == 1 else 'are'} left for {name} after masking, "
                f"{LEAST_POINTS} are needed: "
                + (
                    "; ".join(w.message for w in self.warnings if w.code.endswith("_masked"))
                    or "measure more points"
                ),
                code="too_few_points",
            )
        thermal = recipe_of(registry.conduction(name)).forward
        flip = self.sign < 0 and thermal
        s = -1.0 if flip else 1.0
        return s * v[mask], s * i[mask], flip


@dataclass(frozen=True, slots=True)
class Options:
    """Everything a caller of :func:`fit_iv` may set."""

    mechanism: str = "auto"
    area: float | None = None
    thickness: float | None = None
    mass: float = 1.0
    temperature: float | None = None
    richardson: float | None = None
    branch: int | None = None
    columns: ColumnOption = None
    skip: int | None = None
    max_rms: float = MAX_RMS
    polarity: str = "auto"


def voltage_of(trace: Trace) -> FloatArray:
    """The trace's voltage [V]; InputError, code ``no_voltage``, where it has none."""
    if trace.voltage is None:
        raise InputError(
            f"{where(trace)}there is a time and a signal but no voltage: use `fit decay`, or name "
            "the columns with --columns voltage=1,current=2",
            code="no_voltage",
        )
    return trace.voltage


def where(trace: Trace) -> str:
    """``'file', branch 2: `` to begin an error sentence with; empty where nothing is known."""
    name, branch = trace.meta.get("file"), trace.meta.get("branch")
    place = "" if branch is None else f", branch {branch}"
    return "" if name is None else f"'{name}'{place}: "


def known_of(options: Options, trace: Trace | None) -> Known:
    """What is known, each value checked against the physical bounds of its parameter."""
    declared = {p.name: p for part in registry.conductions().values() for p in part.parameters}
    for name in ("area", "thickness", "mass", "richardson"):
        value = getattr(options, name)
        if value is not None:
            declared[name].check(value, name=name)
    temperature = options.temperature
    if temperature is not None and not 1.0 <= temperature <= 2000.0:
        raise InputError(
            f"a temperature of {temperature:g} K was given: 1 to 2000 K is expected",
            code="bad_parameter",
        )
    own = trace.temperature if trace is not None else None
    value = temperature or own or ROOM_TEMPERATURE
    return Known(options.area, options.thickness, options.mass, options.richardson, value)


def mechanisms_of(options: Options) -> list[str]:
    """Names of the mechanisms that were asked for; InputError for an unknown one."""
    if options.polarity not in ("auto", "positive", "negative"):
        raise InputError(
            f"polarity is '{options.polarity}': auto, positive or negative is expected",
            code="bad_option",
        )
    if options.mechanism != "auto":
        return [registry.conduction(options.mechanism).name]
    return [name for name, part in registry.conductions().items() if not part.fallback]


def branches_of(trace: Trace, options: Options) -> list[Sweep]:
    """The branches of a sweep, with what the whole sweep tells: polarity, offset, temperature."""
    voltage, current = voltage_of(trace), trace.current
    check_finite(trace)
    check_points(trace)
    check_swept(trace)
    known = known_of(options, trace)
    mechanisms_of(options)
    floor = noise_floor(voltage, current)
    sign = {"positive": 1, "negative": -1}.get(options.polarity) or forward_sign(voltage, current)
    out = []
    for part in split(trace):
        masked = mask_sweep(voltage_of(part), part.current, floor)
        said = list(masked.warnings)
        if options.temperature is None and trace.temperature is None:
            said.append(
                Warned(
                    "temperature_assumed",
                    f"no temperature was given: {known.temperature:g} K is taken",
                )
            )
        out.append(Sweep(part, masked.used, sign, known, tuple(said), options.max_rms))
    return out


def used_voltage(sweep: Sweep) -> FloatArray:
    """Voltages [V] of the points of a branch that are used."""
    return voltage_of(sweep.trace)[sweep.used]


def poor_fit(sweep: Sweep, found: Mapping[str, float], forward: bool) -> FitRefused:
    """The refusal of fits that are too far from the data."""
    each = ", ".join(f"{name} {rms:.3g}" for name, rms in sorted(found.items(), key=lambda x: x[1]))
    side = "the forward side" if forward else "the branch"
    return FitRefused(
        f"{where(sweep.trace)}no fit of {side} comes within {sweep.max_rms:g} decades RMS (found: "
        f"{each}): another mechanism may rule, or the state moved during the sweep; --max-rms "
        "accepts more",
        code="poor_fit",
    )
