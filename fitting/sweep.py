"""A sweep made ready: its branches, which points count, which side is forward, what is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels import registry
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.data import Trace
from compactmodels.errors import FitRefused, InputError
from fitting.branches import split
from fitting.diagnostics import Warned
from fitting.inferred import sweep_facts
from fitting.masks import at_origin, forward_sign, mask_trace, noise_floor
from fitting.noise import SILENT, Noise, noise_of
from fitting.readers.checks import check_finite, check_points, check_swept
from fitting.readers.columns import ColumnOption
from fitting.recipes import Known, recipe_of

FloatArray = NDArray[np.float64]

MAX_RMS: Final = 0.1
"""Decades: a fit that is further from the data than this is refused."""
WHOLE: Final = 0.05
"""Decades: the contest is held on the whole branch if some mechanism comes this near."""
LEAST_POINTS: Final = 6
MOST_POINTS: Final = 4000
"""Of a branch: more are averaged in groups."""
SHUFFLED: Final = 0.1
"""Of the voltage range: half the steps of a sweep are smaller."""
REVERSED: Final = Warned(
    "forward_is_negative",
    "forward is V < 0: voltage and current were reversed for the fit; connect the card the other way "
    "round, or say polarity='positive'",
)


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
    noise : Noise
        Of the readings.
    one_sided : bool
        Whether the whole sweep has one side only and nobody said which, so that ``sign`` is a guess.
    """

    trace: Trace
    used: NDArray[np.bool_]
    sign: int
    known: Known
    warnings: tuple[Warned, ...]
    max_rms: float = MAX_RMS
    noise: Noise = SILENT
    one_sided: bool = False

    def mask(self, forward: bool) -> NDArray[np.bool_]:
        """Which points are used: all of the branch, or those of its forward side."""
        ahead = self.sign * voltage_of(self.trace) > 0
        return self.used & ahead if forward else self.used

    def points(self, forward: bool, name: str) -> tuple[FloatArray, FloatArray, bool]:
        """V, I of the points that mechanism ``name`` is fitted to, and whether they were reversed.

        Raises
        ------
        FitRefused
            Codes ``no_forward_points``, ``too_few_points``.
        """
        v, i = voltage_of(self.trace), self.trace.current
        mask = self.mask(forward)
        count = int(np.count_nonzero(mask))
        if forward and not np.any((self.sign * v > 0) & ~at_origin(v)):
            raise FitRefused(
                f"{where(self.trace)}{name} needs forward bias (V {'>' if self.sign > 0 else '<'} 0 "
                "in this sweep) and the branch has none: fit another branch",
                code="no_forward_points",
            )
        if count < LEAST_POINTS:
            raise FitRefused(
                f"{where(self.trace)}{count} of {v.size} points {'is' if count == 1 else 'are'} left after masking, "
                f"{LEAST_POINTS} are needed: "
                + (
                    "; ".join(w.message for w in self.warnings if w.code.endswith("_masked"))
                    or "measure more points"
                )
                + _against(v, i),
                code="too_few_points",
            )
        recipe = recipe_of(registry.conduction(name))
        flip = self.sign < 0 and (recipe.forward or recipe.reverse)
        s = -1.0 if flip else 1.0
        return s * v[mask], s * i[mask], flip


def _against(v: FloatArray, i: FloatArray) -> str:
    """What to do where every current runs against its voltage."""
    if np.any(v * i > 0) or not np.any(v * i < 0):
        return ""
    return " (all of them: reverse the sign of one of the columns, e.g. --columns voltage=1,current=-2)"


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
    """What is known, each value checked against the widest physical bounds of its parameter."""
    parts = registry.conductions().values()
    for name in ("area", "thickness", "mass", "richardson"):
        value = getattr(options, name)
        declared = [p for part in parts for p in part.parameters if p.name == name]
        if value is not None:
            low, high = min(p.lower for p in declared), max(p.upper for p in declared)
            replace(declared[0], lower=low, upper=high).check(value, name=name)
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
    return [
        name for name, part in registry.conductions().items() if not (part.fallback or part.twin)
    ]


def branches_of(trace: Trace, options: Options) -> list[Sweep]:
    """The branches of a sweep, with what the whole sweep tells: polarity, offset, temperature."""
    voltage, current = voltage_of(trace), trace.current
    check_finite(trace)
    check_points(trace)
    check_swept(trace)
    check_order(trace)
    known = known_of(options, trace)
    mechanisms_of(options)
    floor = noise_floor(voltage, current)
    sign = {"positive": 1, "negative": -1}.get(options.polarity) or forward_sign(voltage, current)
    unsaid = options.polarity == "auto" and not (np.any(voltage > 0) and np.any(voltage < 0))
    out = []
    parts = split(trace)
    for whole in parts:
        part, thinned = averaged(whole)
        noise = noise_of(voltage_of(part), part.current)
        masked = mask_trace(part, floor, noise.floor)
        said = [*thinned, *masked.warnings]
        if options.temperature is None and trace.temperature is None:
            said.append(
                Warned(
                    "temperature_assumed",
                    f"no temperature was given: {known.temperature:g} K is taken",
                )
            )
        facts = sweep_facts(trace, part, len(parts), sign, floor, auto=options.polarity == "auto")
        part = part.take(slice(None), assumed=[*trace.meta.get("assumed", ()), *facts])
        out.append(
            Sweep(part, masked.used, sign, known, tuple(said), options.max_rms, noise, unsaid)
        )
    return out


def check_order(trace: Trace) -> None:
    """Refuse points in no order: what the device remembers of the points before is lost.

    Raises
    ------
    InputError
        Code ``shuffled``.
    """
    steps = np.abs(np.diff(voltage_of(trace)))
    if steps.size >= 20 and float(np.median(steps)) > SHUFFLED * float(np.ptp(voltage_of(trace))):
        raise InputError(
            f"{where(trace)}the voltages are in no order (half the steps are larger than "
            f"{float(np.median(steps)):.3g} V): a sweep is expected in the order it was measured; if the "
            "device has no memory, sort the points by voltage",
            code="shuffled",
        )


def averaged(part: Trace) -> tuple[Trace, list[Warned]]:
    """A branch of very many points as the means of neighbours, and what is said of it.

    Memory and time stay bounded, and the means have the less noise.
    """
    group = len(part) // MOST_POINTS
    if group < 2:
        return part, []
    count = len(part) // group

    def means(values: FloatArray) -> FloatArray:
        mean: FloatArray = values[: count * group].reshape(count, group).mean(axis=1)
        return mean

    lines = part.meta.get("lines")
    thin = Trace(
        None if part.time is None else means(part.time),
        means(voltage_of(part)),
        means(part.current),
        part.temperature,
        {**part.meta, **({} if lines is None else {"lines": lines[: count * group : group]})},
    )
    said = f"{len(part)} points: the means of {group} neighbours were fitted, {count} points"
    return thin, [Warned("thinned", said)]


def reverse_side(sweep: Sweep, name: str) -> tuple[Sweep, list[Warned]]:
    """The sweep with its reverse side only, for mechanism ``name``, which rules no other.

    Raises
    ------
    FitRefused
        Code ``no_reverse_points``.
    """
    behind = sweep.used & ~sweep.mask(True)
    if np.any(behind):
        said = "fitted on the reverse side only: forward is another mechanism's"
        ahead = bool(np.any(sweep.mask(True)))
        return replace(sweep, used=behind), [Warned("reverse_only", said)] if ahead else []
    if not sweep.one_sided:
        raise FitRefused(
            f"{where(sweep.trace)}{name} needs reverse bias (V {'<' if sweep.sign > 0 else '>'} 0 "
            "in this sweep) and the branch has none: fit another branch",
            code="no_reverse_points",
        )
    side = "negative" if sweep.sign < 0 else "positive"
    said = f"one side was measured: it is taken as reverse; if it is forward say polarity='{side}'"
    return replace(sweep, sign=-sweep.sign), [Warned("taken_as_reverse", said)]


def used_voltage(sweep: Sweep) -> FloatArray:
    """Voltages [V] of the points of a branch that are used."""
    return voltage_of(sweep.trace)[sweep.used]


def poor_fit(
    sweep: Sweep, found: Mapping[str, float], forward: bool, vetoed: Mapping[str, str] | None = None
) -> FitRefused:
    """The refusal of fits that are too far from the data, or ruled out (name -> why)."""
    ruled_out = dict(vetoed or {})
    each = ", ".join(
        f"{name} {rms:.3g}" + (f", ruled out by {ruled_out[name]}" if name in ruled_out else "")
        for name, rms in sorted(found.items(), key=lambda x: x[1])
    )
    side = "the forward side" if forward else "the branch"
    return FitRefused(
        f"{where(sweep.trace)}no fit of {side} comes within {sweep.max_rms:g} decades RMS (found: "
        f"{each}): another mechanism may rule, or the state moved during the sweep; --max-rms "
        "accepts more",
        code="poor_fit",
    )
