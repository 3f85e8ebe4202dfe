"""I-V sweeps: one mechanism or a contest of all, fitted to a branch with errors and warnings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels import registry
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.data import Trace
from compactmodels.errors import CompactModelsError, FitRefused, InputError
from fitting.branches import split
from fitting.candidate import Candidate
from fitting.contest import Contest, contest
from fitting.diagnostics import Warned
from fitting.masks import at_origin, forward_sign, mask_sweep, noise_floor
from fitting.mechanisms import fit_mechanism
from fitting.readers import read
from fitting.readers.checks import check_finite, check_points, check_swept
from fitting.readers.columns import ColumnOption
from fitting.recipes import Known, recipe_of
from fitting.result import Estimate, FitResult, Refusal

FloatArray = NDArray[np.float64]
Source = str | os.PathLike[str] | Trace

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
        v, i = _voltage(self.trace), self.trace.current
        mask = self.used & (self.sign * v > 0) if forward else self.used
        count = int(np.count_nonzero(mask))
        if forward and not np.any((self.sign * v > 0) & ~at_origin(v)):
            raise FitRefused(
                f"{_where(self.trace)}{name} needs forward bias (V {'>' if self.sign > 0 else '<'} 0 "
                "in this sweep) and the branch has none: fit another branch",
                code="no_forward_points",
            )
        if count < LEAST_POINTS:
            raise FitRefused(
                f"{_where(self.trace)}{count} of {v.size} points {'is' if count == 1 else 'are'} left for {name} after masking, "
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


def fit_iv(
    source: Source,
    mechanism: str = "auto",
    *,
    area: float | None = None,
    thickness: float | None = None,
    mass: float = 1.0,
    temperature: float | None = None,
    richardson: float | None = None,
    branch: int | None = None,
    columns: ColumnOption = None,
    skip: int | None = None,
    max_rms: float = MAX_RMS,
    polarity: str = "auto",
) -> FitResult:
    """Fit one branch of an I-V sweep.

    Parameters
    ----------
    source : path or Trace
    mechanism : str
        A conduction mechanism's name, or ``auto``: all that the knowledge given allows, held
        against each other.
    area, thickness, mass, temperature, richardson : float, optional
        m^2, m, m0, K, A/(m^2 K^2).  The temperature defaults to the trace's own, else 300.15 K.
    branch : int, optional
        Which branch, from 1, where the sweep turns.
    columns, skip : optional
        Of :func:`fitting.readers.read`.
    max_rms : float
        Decades beyond which a fit is refused.
    polarity : str
        Forward side of a rectifying contact: ``positive``, ``negative`` or ``auto`` (the side with
        the larger current at equal voltage).

    Returns
    -------
    FitResult

    Raises
    ------
    DataFileError, InputError
        The input is wrong; code ``several_branches`` where ``branch`` has to be said.
    FitRefused
        Codes ``unidentifiable poor_fit too_few_points no_convergence no_forward_points``.
    """
    options = Options(
        mechanism,
        area,
        thickness,
        mass,
        temperature,
        richardson,
        branch,
        columns,
        skip,
        max_rms,
        polarity,
    )
    branches = _branches(_one_trace(source, options), options)
    if len(branches) > 1 and branch is None:
        spans = ", ".join(
            f"{b.trace.meta['branch']}: {b.trace.meta['span'][0]:.3g} to {b.trace.meta['span'][1]:.3g} V"
            for b in branches
        )
        raise InputError(
            f"{_where(branches[0].trace)}the sweep turns and has {len(branches)} branches ({spans}): "
            "choose one with branch=, or fit them all with fit_iv_many",
            code="several_branches",
        )
    wanted = 1 if branch is None else branch
    if not 1 <= wanted <= len(branches):
        raise InputError(
            f"branch {wanted} was asked for, the sweep has {len(branches)}", code="no_branch"
        )
    return _fit(branches[wanted - 1], options, alone=len(branches) == 1)


def fit_iv_many(
    sources: Iterable[Source] | Source, mechanism: str = "auto", **options: Any
) -> list[FitResult | Refusal]:
    """Fit every branch of every source; nothing that is refused ends the batch.

    Parameters
    ----------
    sources : paths or traces
    mechanism : str
    **options
        Of :func:`fit_iv`.

    Returns
    -------
    list of FitResult or Refusal
        In order; each names its file and branch.

    Raises
    ------
    InputError
        An option, not a source, is wrong (an unknown mechanism, a negative area).
    """
    chosen = Options(mechanism, **options)
    _known(chosen, None)
    _mechanisms(chosen)
    several = [sources] if isinstance(sources, (str, os.PathLike, Trace)) else list(sources)
    out: list[FitResult | Refusal] = []
    for source in several:
        name = source.meta.get("file") if isinstance(source, Trace) else os.fspath(source)
        try:
            traces = _traces(source, chosen)
        except CompactModelsError as error:
            out.append(Refusal(error.code, error.message, name, None, error))
            continue
        for trace in traces:
            out.extend(_all_branches(trace, chosen, name))
    return out


def _all_branches(trace: Trace, options: Options, name: str | None) -> list[FitResult | Refusal]:
    try:
        branches = _branches(trace, options)
    except CompactModelsError as error:
        return [Refusal(error.code, error.message, name, None, error)]
    out: list[FitResult | Refusal] = []
    for sweep in branches:
        number = int(sweep.trace.meta["branch"])
        if options.branch is not None and number != options.branch:
            continue
        try:
            out.append(_fit(sweep, options, alone=len(branches) == 1))
        except CompactModelsError as error:
            place = None if len(branches) == 1 else number
            out.append(Refusal(error.code, error.message, name, place, error))
    return out


def _traces(source: Source, options: Options) -> tuple[Trace, ...]:
    if isinstance(source, Trace):
        return (source,)
    return read(source, columns=options.columns, skip=options.skip).traces


def _one_trace(source: Source, options: Options) -> Trace:
    traces = _traces(source, options)
    if len(traces) > 1:
        raise InputError(
            f"'{traces[0].meta.get('file')}' holds {len(traces)} sweeps: fit them with fit_iv_many",
            code="several_sweeps",
        )
    return traces[0]


def _voltage(trace: Trace) -> FloatArray:
    if trace.voltage is None:
        raise InputError(
            f"{_where(trace)}there is a time and a signal but no voltage: use `fit decay`, or name "
            "the columns with --columns voltage=1,current=2",
            code="no_voltage",
        )
    return trace.voltage


def _where(trace: Trace) -> str:
    name, branch = trace.meta.get("file"), trace.meta.get("branch")
    place = "" if branch is None else f", branch {branch}"
    return "" if name is None else f"'{name}'{place}: "


def _known(options: Options, trace: Trace | None) -> Known:
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


def _mechanisms(options: Options) -> list[str]:
    if options.polarity not in ("auto", "positive", "negative"):
        raise InputError(
            f"polarity is '{options.polarity}': auto, positive or negative is expected",
            code="bad_option",
        )
    if options.mechanism != "auto":
        return [registry.conduction(options.mechanism).name]
    return [name for name, part in registry.conductions().items() if not part.fallback]


def _branches(trace: Trace, options: Options) -> list[Sweep]:
    """The branches of a sweep, with what the whole sweep tells: polarity, offset, temperature."""
    voltage, current = _voltage(trace), trace.current
    check_finite(trace)
    check_points(trace)
    check_swept(trace)
    known = _known(options, trace)
    _mechanisms(options)
    floor = noise_floor(voltage, current)
    sign = {"positive": 1, "negative": -1}.get(options.polarity) or forward_sign(voltage, current)
    out = []
    for part in split(trace):
        masked = mask_sweep(_voltage(part), part.current, floor)
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


def _fit(sweep: Sweep, options: Options, *, alone: bool) -> FitResult:
    if options.mechanism == "auto":
        return result_of(sweep, contest(sweep, _mechanisms(options)), alone)
    part = registry.conduction(options.mechanism)
    forward = recipe_of(part).forward
    v, i, flipped = sweep.points(forward, part.name)
    try:
        found = fit_mechanism(part, sweep.known, v, i, flipped=flipped)
    except FitRefused as error:
        raise FitRefused(f"{_where(sweep.trace)}{error.message}", code=error.code) from None
    if found.rms > sweep.max_rms:
        raise poor_fit(sweep, {part.name: found.rms}, forward)
    said = []
    if forward and np.any(sweep.sign * v_of(sweep) < 0):
        said.append(
            Warned(
                "forward_only",
                "fitted on the forward side only: in reverse real contacts are not thermionic",
            )
        )
    return result_of(sweep, Contest(found, {part.name: 1.0}, {}, tuple(said), forward), alone)


def v_of(sweep: Sweep) -> FloatArray:
    """Voltages [V] of the points of a branch that are used."""
    return _voltage(sweep.trace)[sweep.used]


def poor_fit(sweep: Sweep, found: Mapping[str, float], forward: bool) -> FitRefused:
    """The refusal of fits that are too far from the data."""
    each = ", ".join(f"{name} {rms:.3g}" for name, rms in sorted(found.items(), key=lambda x: x[1]))
    side = "the forward side" if forward else "the branch"
    return FitRefused(
        f"{_where(sweep.trace)}no fit of {side} comes within {sweep.max_rms:g} decades RMS (found: "
        f"{each}): another mechanism may rule, or the state moved during the sweep; --max-rms "
        "accepts more",
        code="poor_fit",
    )


def result_of(sweep: Sweep, won: Contest, alone: bool) -> FitResult:
    """The winner as a result."""
    c = won.winner
    said = [*sweep.warnings, *won.warnings, *c.warnings]
    if not recipe_of(registry.conduction(c.name)).thermal:
        said = [w for w in said if w.code != "temperature_assumed"]
    if c.flipped:
        said.append(
            Warned(
                "forward_is_negative",
                "forward is V < 0: voltage and current were reversed for the fit; connect the card the "
                "other way round, or say polarity='positive'",
            )
        )
    trace, problem = sweep.trace, c.solution.problem
    s = -1.0 if c.flipped else 1.0
    v = _voltage(trace)
    with np.errstate(all="ignore"):
        model = s * problem.current(c.solution.u, s * v)[0]
    used = sweep.used & (sweep.sign * v > 0) if won.forward else sweep.used
    span = v[used]
    statistics = {
        **c.statistics(),
        "n_total": len(trace),
        "v_min": float(span.min()),
        "v_max": float(span.max()),
        "temperature": sweep.known.temperature,
        "candidates": dict(won.candidates),
    }
    return FitResult(
        "iv",
        c.name,
        won.weights,
        _with_given(c, sweep.known),
        statistics,
        tuple(said),
        c.correlations(),
        v,
        trace.current,
        model,
        used,
        trace.meta.get("file"),
        None if alone else int(trace.meta["branch"]),
        {
            "values": {**{n: x for n, (_, x) in problem.fixed.items()}, **c.solution.values},
            "series": c.series,
            "flipped": c.flipped,
            "given": sorted(
                n for n in ("area", "thickness", "richardson") if getattr(sweep.known, n)
            ),
            "sha256": trace.meta.get("sha256"),
            "assumed": list(trace.meta.get("assumed", ())),
        },
    )


def _with_given(c: Candidate, known: Known) -> dict[str, Estimate]:
    """The fitted parameters, and those that were given."""
    out = dict(c.estimates)
    nothing = (float("nan"), float("nan"))
    hidden = {"v_smooth"} | ({"area", "richardson"} if known.area is None else set())
    for name, (p, value) in c.solution.problem.fixed.items():
        if name not in hidden and name not in out:
            given = getattr(known, name, None) is not None
            out[name] = Estimate(
                value, float("nan"), p.unit, nothing, "given" if given else "assumed"
            )
    return out
