"""Potentiation and depression together: whether their ends join, and what is reported of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from compactmodels.nonlinearity import nl_of_train
from compactmodels.plasticity.pulsed_conductance import PART
from compactmodels.pulse_noise import RampNoise
from fitting.candidate import EXTRA
from fitting.diagnostics import Spread, Warned
from fitting.estimates import estimate
from fitting.plasticity_laws import Fitted
from fitting.plasticity_ramps import Ramps
from fitting.plasticity_trains import Trains
from fitting.problem import FloatArray
from fitting.result import Estimate

PROMPT: Final = ("dwell", "reach")
"""What a train without a slow start has none of."""
SHAPES: Final[dict[str, tuple[str, ...]]] = {
    "linear": ("rho", "gamma", *PROMPT),
    "exponential": ("gamma", *PROMPT),
    "logarithmic": ("rho", *PROMPT),
    "general": PROMPT,
    "slow_start": (),
}
"""Shapes of the one law, and which of its parameters each holds at their defaults."""
BOUNDS: Final = {p.name: (p.lower, p.upper) for p in PART.parameters}
DRAWS: Final = 4000
"""Of the fitted shape, for the interval of a non-linearity."""


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """Potentiation (``ltp``) or depression (``ltd``), fitted.

    Parameters
    ----------
    name : str
    pulses : (n,) array
        Pulses so far.
    rows : Ramps
        Side by side, in the signal's unit.
    fitted : Fitted
        On the mean ramp over ``size``.
    spread : Spread
        Of the mean curve's parameters: with several ramps from how they differ.
    noise : RampNoise
        Within a ramp, in the signal's unit.
    weights, shown : dict
    """

    name: str
    pulses: FloatArray
    rows: Ramps
    fitted: Fitted
    spread: Spread
    noise: RampNoise
    weights: dict[str, float]
    shown: dict[str, Any]

    @property
    def ramps(self) -> FloatArray:
        """Each ramp, (m, n)."""
        return self.rows.table

    @property
    def mean(self) -> FloatArray:
        """The mean ramp."""
        return self.rows.mean

    @property
    def values(self) -> dict[str, float]:
        """All parameters of the law; conductances over ``size``."""
        return {**dict(self.fitted.case.fixed), **self.fitted.candidate.solution.values}


def block_of(parts: list[FloatArray]) -> FloatArray:
    """The block-diagonal matrix of independent covariances."""
    from scipy.linalg import block_diag

    out: FloatArray = block_diag(*parts)
    return out


def join(
    names: list[str],
    u: FloatArray,
    covariance: FloatArray,
    degrees: tuple[float, float],
    ends: str,
    said: list[Warned],
) -> tuple[FloatArray, FloatArray, bool]:
    """The parameters with shared ends (generalised least squares), where the data allow it.

    ``degrees`` are those of freedom of potentiation and of depression; a gap between the two has them by
    Welch's formula (Biometrika 34, 28 (1947), doi:10.2307/2332510).
    """
    from scipy.special import fdtri

    rows = np.zeros((2, u.size))
    for k, (a, b) in enumerate((("g_start_ltp", "g_end_ltd"), ("g_end_ltp", "g_start_ltd"))):
        rows[k, names.index(a)], rows[k, names.index(b)] = 1.0, -1.0
    gap = rows @ u
    inner = rows @ covariance @ rows.T
    own = rows**2 * np.diag(covariance)
    ltp = np.array([name.endswith("_ltp") for name in names])
    shares = np.array([own[:, ltp].sum(axis=1), own[:, ~ltp].sum(axis=1)])
    dof = float(np.min(shares.sum(axis=0) ** 2 / (1.0 / np.array(degrees) @ shares**2)))
    excess = float(gap @ np.linalg.solve(inner, gap)) / 2 / float(fdtri(2, dof, EXTRA))
    if ends == "separate" or (ends == "auto" and excess > 1.0):
        if excess > 1.0:
            said.append(
                Warned(
                    "ends_do_not_join",
                    f"G_min and G_max differ between potentiation and depression (F is {excess:.1f} times "
                    "what 99 % allows): each has its own",
                )
            )
        return u, covariance, False
    if excess > 1.0:
        said.append(
            Warned(
                "ends_forced",
                f"the ends were joined as asked, and the data say that they do not (F is {excess:.1f} "
                "times what 99 % allows)",
            )
        )
    gain = covariance @ rows.T @ np.linalg.inv(inner)
    return u - gain @ gap, covariance - gain @ rows @ covariance, True


def parameters_of(
    found: list[Direction],
    names: list[str],
    values: dict[str, float],
    covariance: FloatArray,
    dof: float,
    size: float,
    unit: str,
    joined: bool,
) -> dict[str, Estimate]:
    """Every parameter that is reported, in the measurement's units."""
    nothing = (math.nan, math.nan)
    error = dict(zip(names, np.sqrt(np.maximum(np.diag(covariance), 0.0))))
    out: dict[str, Estimate] = {}

    def own(name: str, factor: float = 1.0, of: str = "1") -> Estimate:
        if name not in error:
            return Estimate(values[name] * factor, math.nan, of, nothing, "given")
        return estimate(values[name] * factor, float(error[name]) * factor, dof, of, False)

    for d in found:
        ends = ("g_min", "g_max") if d.name == "ltp" else ("g_max", "g_min")
        for end, name in zip(ends, ("g_start", "g_end")):
            label = end if joined or len(found) == 1 else f"{end}_{d.name}"
            out.setdefault(label, own(f"{name}_{d.name}", size, unit))
    for d in found:
        shape = d.fitted.case.label
        for name in ("rho", "gamma", *PROMPT):
            if name not in SHAPES[shape]:
                label = "alpha" if shape == "exponential" else name
                out[f"{label}_{d.name}"] = own(f"{name}_{d.name}")
        out[f"pulses_{d.name}"] = own(f"p_max_{d.name}")
        out |= _derived(d.name, shape, names, values, covariance, dof)
    return out


def _derived(
    name: str,
    shape: str,
    names: list[str],
    values: dict[str, float],
    covariance: FloatArray,
    dof: float,
) -> dict[str, Estimate]:
    """nl, and for an exponential a: intervals by drawing the shape."""
    keys = [f"{k}_{name}" for k in ("rho", "gamma", *PROMPT)]
    nl = nl_of_train(*(values[k] for k in keys))
    if shape == "linear":
        zero = Estimate(0.0, math.nan, "1", (math.nan, math.nan), "derived")
        return {f"nl_{name}": zero}
    moving = [k for k in keys if k in names]
    index = [names.index(k) for k in moving]
    rng = np.random.default_rng(0)
    normal = rng.multivariate_normal(np.zeros(len(index)), covariance[np.ix_(index, index)], DRAWS)
    heavy = normal / np.sqrt(rng.chisquare(dof, (DRAWS, 1)) / dof)  # Student's t
    bounds = [BOUNDS[k.removesuffix(f"_{name}")] for k in moving]
    drawn = np.clip(heavy + [values[k] for k in moving], *np.transpose(bounds))
    held = {k: np.full(DRAWS, values[k]) for k in keys} | dict(zip(moving, drawn.T))
    labels = nl_of_train(*(held[k] for k in keys))
    low, high = (float(q) for q in np.quantile(labels, (0.025, 0.975)))
    out = {f"nl_{name}": Estimate(nl, float(np.std(labels)), "1", (low, high), "derived")}
    if shape == "exponential":
        alpha, pulses = values[keys[0]], values[f"p_max_{name}"]
        spread = abs(pulses / alpha**2) * float(np.sqrt(covariance[index[0], index[0]]))
        limits = sorted(pulses / np.quantile(drawn[:, 0], (0.025, 0.975)))
        known = limits[0] * limits[1] > 0  # alpha's interval holds 0: A may be anything
        span = (float(limits[0]), float(limits[1])) if known else (math.nan, math.nan)
        out[f"a_{name}"] = Estimate(pulses / alpha, spread, "1", span, "derived")
    return out


def curves(
    found: list[Direction], values: dict[str, float], size: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Pulse number (depression counts on), mean conductance and law."""
    x, y, model, start = [], [], [], 0.0
    for d in found:
        own = {p: values[f"{p}_{d.name}"] for p in d.values}
        x.append(start + d.pulses)
        y.append(d.mean)
        model.append(size * d.fitted.case.part.function(d.pulses, **own))
        start = float(d.pulses[-1])
    return np.concatenate(x), np.concatenate(y), np.concatenate(model)


def statistics_of(
    trains: Trains,
    found: list[Direction],
    values: dict[str, float],
    size: float,
    residual: FloatArray,
    joined: bool,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is reported of the fit, and what figures and card need besides."""
    statistics: dict[str, Any] = {
        "kind": "ltp",
        "rms": float(np.sqrt(np.mean(residual**2))),
        "n_points": int(residual.size),
        "signal_unit": trains.unit,
        "noise": "additive",
        "ends": "joined" if joined else "separate",
        "candidates": {f"{d.name}: {k}": v for d in found for k, v in d.shown.items()},
    }
    for d in found:
        s = d.fitted.candidate.spread
        statistics |= {
            f"ramps_{d.name}": len(d.ramps),
            f"n_effective_{d.name}": s.n_effective,
            f"dof_{d.name}": d.spread.dof,
            f"lag1_{d.name}": s.lag1,
            f"condition_{d.name}": s.condition,
        }
    context = {
        "sha256": trains.sha256,
        "assumed": list(dict.fromkeys(trains.assumed)),
        "plasticity": "ltp",
        "directions": found,
        "x_unit": "1",
        "signal_unit": trains.unit,
        "trains": trains,
    }
    return statistics, context


def pairs(shares: list[dict[str, float]]) -> dict[str, float]:
    """Weights of each combination of shapes."""
    out = {"": 1.0}
    for share in shares:
        out = {
            f"{name}+{shape}".strip("+"): w * v
            for name, w in out.items()
            for shape, v in share.items()
        }
    return out


def correlations(names: list[str], covariance: FloatArray) -> dict[str, float]:
    """``"a, b"`` -> correlation, of every pair of fitted parameters."""
    d = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    matrix = np.clip(covariance / np.outer(d, d), -1.0, 1.0)
    return {
        f"{names[j]}, {names[i]}": float(matrix[i, j]) for i in range(len(names)) for j in range(i)
    }
