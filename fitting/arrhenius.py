"""Arrhenius plots: an activation energy from values at several temperatures.

The logarithm of the equation is linear in the level and the energy, so that one Gauss-Newton step
with its exact derivative is the weighted least-squares solution.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.activation import ENERGY, LEVEL, arrhenius
from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE
from compactmodels.data import Trace
from compactmodels.errors import FitRefused, InputError
from compactmodels.parameter import TEMPERATURE
from fitting.diagnostics import Warned
from fitting.estimates import estimate
from fitting.problem import Problem
from fitting.result import Estimate, FitResult
from fitting.selection import aicc, bic

FloatArray = NDArray[np.float64]
Source = str | os.PathLike[str] | Trace

LEAST_VALUES: Final = 3
UNKNOWN: Final = math.log(1e3)
"""A prefactor whose 95 % interval reaches further than this, in ln units, is not known."""
STRAIGHT: Final = 0.99
"""Confidence at which a curvature of the plot is believed."""
KINDS: Final[Mapping[str, tuple[int, bool, str]]] = {
    "current": (0, False, "ln I"),
    "schottky": (2, False, "ln(I/T^2)"),
    "poole_frenkel": (0, False, "ln(I/V)"),
    "resistance": (0, True, "ln(V/I)"),
}
"""Routes at fixed bias: power of T in the prefactor, whether the value falls on heating, the plot."""


def fit_arrhenius(
    temperature: ArrayLike,
    value: ArrayLike,
    prefactor_power: float = 0.0,
    *,
    stderr: ArrayLike | None = None,
    inverse: bool = False,
    unit: str = "1",
    file: str | None = None,
) -> FitResult:
    """Activation energy and prefactor of A T^p exp(-EA/kT), or exp(+EA/kT).

    Parameters
    ----------
    temperature : (n,) array_like
        Kelvin; at least three values, at least two of them different.
    value : (n,) array_like
        A current, rate, conductance ..., all of one sign, in ``unit``.
    prefactor_power : float
        p: 2 for the current of thermionic emission, 0 for a rate.
    stderr : (n,) array_like, optional
        Standard errors of ``value`` that weigh the points; the intervals still widen where the
        points scatter more than these say.
    inverse : bool
        The value falls on heating as exp(+EA/kT): a resistance, a time constant.
    unit : str
        Of ``value``.
    file : str, optional
        Where the values come from.

    Returns
    -------
    FitResult
        ``kind`` and ``selected`` are ``arrhenius``; parameters ``ea`` [eV], ``level`` (the value at
        ``statistics["reference"]``, the harmonic mean temperature) and ``prefactor`` (A, in ``unit``
        over K^p); ``x`` is the temperature, ``y`` the value.

    Raises
    ------
    InputError
        Arrays of unequal length, a temperature outside 1 to 2000 K, values that are not finite, zero
        or of both signs.
    FitRefused
        Code ``too_few_points``; code ``unidentifiable``: temperatures equal, or so close that the
        prefactor is not known to a factor of 1000.
    """
    t, y, weight = _checked(temperature, value, stderr)
    where = "" if file is None else f"'{file}': "
    if t.size < LEAST_VALUES:
        raise FitRefused(
            f"{where}{t.size} values: an activation energy with an error needs {LEAST_VALUES}, at "
            "two temperatures or more",
            code="too_few_points",
        )
    if np.ptp(t) <= 1e-9 * t.max():
        raise FitRefused(
            f"{where}all values are at {t[0]:g} K: an activation energy needs several temperatures; "
            "some 20 K of spread, as a start",
            code="unidentifiable",
        )
    reference = float(t.size / np.sum(1.0 / t))
    problem = _problem(t, np.abs(y), prefactor_power, inverse, reference)
    u0 = np.array([float(np.mean(np.log(np.abs(y)))), 0.0])
    residual, jacobian = problem.residual(u0)
    step = -np.linalg.lstsq((weight * jacobian).T, weight * residual, rcond=None)[0]
    u = u0 + step
    residual, jacobian = problem.residual(u)
    covariance, scatter = _covariance(residual, jacobian, weight, stderr is not None)
    return _result(
        problem, u, residual, covariance, scatter, y, prefactor_power, inverse, unit, file, weight
    )


def arrhenius_at(
    sources: Iterable[Source],
    voltage: float,
    kind: str = "current",
    *,
    temperatures: Sequence[float] | None = None,
    **options: Any,
) -> FitResult:
    """The classical route: sweeps at several temperatures, read at one bias.

    Parameters
    ----------
    sources : paths or traces
        One branch each (or say ``branch``); the current is interpolated in its logarithm between the
        two nearest voltages.
    voltage : float
        Bias [V].
    kind : str
        ``schottky`` (ln(I/T^2)), ``poole_frenkel`` (ln(I/V)), ``resistance`` (ln(V/I)) or
        ``current`` (ln I), each against 1/kT.  The energy is the barrier at that bias: its lowering
        by the field (and a voltage divided by the ideality factor) is inside it.
    temperatures : sequence of float, optional
        Kelvin, one a source; default is each trace's own.
    **options
        ``branch``, ``columns``, ``skip`` of :func:`fitting.fit_iv`.

    Raises
    ------
    InputError
        An unknown kind, a count of temperatures that differs, a temperature that nothing tells, a
        bias outside a sweep.
    FitRefused
        Of :func:`fit_arrhenius`.
    """
    from fitting.joint_sources import current_at, sweeps_of

    if kind not in KINDS:
        raise InputError(f"unknown kind '{kind}'; known are {', '.join(KINDS)}", code="bad_option")
    if not math.isfinite(voltage) or voltage == 0:
        raise InputError(f"a bias of {voltage} V: a number other than 0 is expected")
    power, inverse, _ = KINDS[kind]
    sweeps = sweeps_of(sources, temperatures=temperatures, **options)
    t, y = [], []
    for sweep in sweeps:
        current = current_at(sweep, voltage)
        t.append(sweep.known.temperature)
        y.append(
            {"poole_frenkel": current / voltage, "resistance": voltage / current}.get(kind, current)
        )
    unit = {"poole_frenkel": "S", "resistance": "ohm"}.get(kind, "A")
    return fit_arrhenius(t, y, power, inverse=inverse, unit=unit)


def _checked(
    temperature: ArrayLike, value: ArrayLike, stderr: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Temperature, value, and the weight of each in the logarithm."""
    t, y = (np.asarray(a, dtype=np.float64) for a in (temperature, value))
    if t.ndim != 1 or t.shape != y.shape:
        raise InputError(
            f"one value a temperature is expected: found shapes {y.shape} and {t.shape}",
            code="unequal_counts",
        )
    for one in t:
        TEMPERATURE.check(float(one))
    if not np.all(np.isfinite(y)) or not (np.all(y > 0) or np.all(y < 0)):
        raise InputError(
            "the values have a logarithm only if they are finite, not 0 and of one sign: leave the "
            "others out",
            code="bad_values",
        )
    if stderr is None:
        return t, y, np.ones(y.shape)
    s = np.asarray(stderr, dtype=np.float64)
    if s.shape != y.shape or not np.all(np.isfinite(s) & (s > 0)):
        raise InputError(
            f"'stderr' needs one number above 0 for each of the {y.size} values", code="bad_values"
        )
    return t, y, np.abs(y) / s


def _problem(
    t: FloatArray, y: FloatArray, power: float, inverse: bool, reference: float
) -> Problem:
    sign = -1.0 if inverse else 1.0

    def law(x: FloatArray, si: Mapping[str, Any]) -> Any:
        return arrhenius(x, si["level"], sign * si["ea"], power, reference)

    return Problem(law, t, y, (LEVEL, ENERGY), {})


def _covariance(
    residual: FloatArray, jacobian: FloatArray, weight: FloatArray, known: bool
) -> tuple[FloatArray, float]:
    """Covariance of the search coordinates, and the scatter over what the weights say."""
    dof = residual.size - 2
    scatter = float(np.sum((weight * residual) ** 2)) / dof
    inverse = np.linalg.inv((weight * jacobian) @ (weight * jacobian).T)
    factor = max(scatter, 1.0) if known else scatter
    return np.asarray(inverse * factor, dtype=np.float64), scatter


def _curvature(
    t: FloatArray, residual: FloatArray, jacobian: FloatArray, weight: FloatArray
) -> tuple[float, float]:
    """F of a quadratic term in 1/kT over its 99 % quantile, and its sign."""
    from scipy.special import fdtri

    x = ELEMENTARY_CHARGE / (BOLTZMANN * t)
    if np.unique(t).size < 3 or t.size < 4:
        return 0.0, 0.0
    columns = (weight * np.vstack([jacobian, (x - x.mean()) ** 2])).T
    fitted, *_ = np.linalg.lstsq(columns, weight * residual, rcond=None)
    rest = float(np.sum((weight * residual - columns @ fitted) ** 2))
    whole = float(np.sum((weight * residual) ** 2))
    if whole <= 1e-18 * t.size:
        return 0.0, 0.0
    f = (whole / max(rest, 1e-300) - 1.0) * (t.size - 3)
    return f / float(fdtri(1, t.size - 3, STRAIGHT)), float(fitted[-1])


def _prefactor(
    u: FloatArray,
    covariance: FloatArray,
    power: float,
    sign: float,
    reference: float,
    dof: float,
    unit: str,
) -> Estimate:
    """The level at infinite temperature, over K^p; its error has the energy's in it."""
    slope = np.array([1.0, sign * ELEMENTARY_CHARGE / (BOLTZMANN * reference)])
    sigma = math.sqrt(float(slope @ covariance @ slope))
    shown = unit if power == 0 else f"{unit}/K^{power:g}"
    return estimate(
        float(slope @ u) - power * math.log(reference), sigma, dof, shown, True, "derived"
    )


def _result(
    problem: Problem,
    u: FloatArray,
    residual: FloatArray,
    covariance: FloatArray,
    scatter: float,
    y: FloatArray,
    power: float,
    inverse: bool,
    unit: str,
    file: str | None,
    weight: FloatArray,
) -> FitResult:
    t, n = problem.x, problem.x.size
    dof = float(n - 2)
    reference = float(n / np.sum(1.0 / t))
    sigma = np.sqrt(np.diag(covariance))
    prefactor = _prefactor(u, covariance, power, -1.0 if inverse else 1.0, reference, dof, unit)
    parameters = {
        "ea": estimate(float(u[1]), float(sigma[1]), dof, "eV", False),
        "level": estimate(float(u[0]), float(sigma[0]), dof, unit, True),
        "prefactor": prefactor,
    }
    _check_known(parameters["ea"], t, reference, file)
    jacobian = problem.residual(u)[1]
    bend, side = _curvature(t, residual, jacobian, weight)
    cost = float(residual @ residual)
    statistics = {
        "rms_decades": math.sqrt(cost / n) / math.log(10.0),
        "n_points": int(n),
        "n_effective": float(n),
        "dof": dof,
        "aicc": aicc(cost, n, n, 2),
        "bic": bic(cost, n, n, 2),
        "reference": reference,
        "prefactor_power": power,
        "inverse": inverse,
        "scatter": scatter,
        "curvature": bend,
        "t_min": float(t.min()),
        "t_max": float(t.max()),
    }
    correlation = float(covariance[0, 1] / (sigma[0] * sigma[1])) if np.all(sigma > 0) else math.nan
    said = _remarks(parameters["ea"], t, power, inverse, reference, bend, side)
    model = math.copysign(1.0, y[0]) * problem.current(u)[0]
    return FitResult(
        "arrhenius",
        "arrhenius",
        {"arrhenius": 1.0},
        parameters,
        statistics,
        said,
        {"level, ea": correlation},
        t,
        y,
        model,
        np.ones(n, dtype=bool),
        file,
    )


def _check_known(ea: Estimate, t: FloatArray, reference: float, file: str | None) -> None:
    """Refuse temperatures too close together for the scatter, and say what spread would do."""
    half = 0.5 * (ea.interval[1] - ea.interval[0])
    reach = half * ELEMENTARY_CHARGE / (BOLTZMANN * reference)
    if reach <= UNKNOWN:
        return
    spread = float(np.ptp(t)) * reach / math.log(3.0)
    where = "" if file is None else f"'{file}': "
    raise FitRefused(
        f"{where}values at {t.min():g} to {t.max():g} K leave the activation energy open by "
        f"+-{half:.2g} eV and the prefactor by a factor of {math.exp(min(reach, 600.0)):.1g}: with this "
        f"scatter a spread of some {spread:.2g} K would settle the prefactor to a factor of 3",
        code="unidentifiable",
    )


def _remarks(
    ea: Estimate,
    t: FloatArray,
    power: float,
    inverse: bool,
    reference: float,
    bend: float,
    side: float,
) -> tuple[Warned, ...]:
    out = []
    if np.unique(t).size < 3:
        out.append(
            Warned(
                "two_temperatures",
                "two temperatures make any plot straight: a third one would show whether it is",
            )
        )
    if bend > 1:
        shape = "steeper" if (side > 0) == inverse else "flatter"
        out.append(
            Warned(
                "not_arrhenius",
                f"the plot is curved (F is {bend:.2g} of what 99 % asks for; {shape} on cooling): one "
                "activation energy does not describe it; two processes, a spread of barriers or "
                "hopping over a variable range would bend it",
            )
        )
    if ea.interval[1] < 0:
        out.append(
            Warned(
                "negative_energy",
                f"the value {'grows' if inverse else 'falls'} on heating: for "
                f"{'a current, a rate or a conductance leave inverse' if inverse else 'a resistance or a time constant say inverse'}",
            )
        )
    elif ea.interval[0] <= 0:
        out.append(
            Warned("no_activation", "the 95 % interval holds 0: the data show no activation")
        )
    moved = BOLTZMANN * reference / ELEMENTARY_CHARGE
    out.append(
        Warned(
            "prefactor_power",
            f"the energy holds for a prefactor that follows T^{power:g}; each power more or less "
            f"moves it by kT = {moved:.3f} eV",
        )
    )
    return tuple(out)
