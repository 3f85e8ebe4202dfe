r"""Corners of a card: parameter sets at which its read current is k standard deviations from the median.

What scatters are the parameters of the card's table ``[statistics]``, as normal scores z with correlations
R (:mod:`compactmodels.statistics`).  A corner of a quantity y(z) is the point of the ellipsoid
:math:`z^T R^{-1} z = k^2` where y is largest or smallest: the most probable of the sets that reach that
value.  Where y is linear in z, with the gradient g,

.. math::

    z = \pm k \frac{R g}{\sqrt{g^T R g}}

and the corner is y's quantile at k standard deviations; where it is not, the gradient is taken anew at
the point found (inverse first-order reliability).  A parameter without a spread stays where it is.

A. Der Kiureghian, Y. Zhang & C.-C. Li, Inverse reliability problem, J. Eng. Mech. 120, 1154 (1994),
doi:10.1061/(ASCE)0733-9399(1994)120:5(1154); K. J. Antreich, H. E. Graeb & C. U. Wieser, Circuit analysis
and optimization driven by worst-case distances, IEEE Trans. CAD 13, 57 (1994), doi:10.1109/43.273749.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.errors import InputError, ParameterError
from compactmodels.statistics import Distribution, Statistics
from netlists.testbench import read_voltage

FloatArray = NDArray[np.float64]
Quantity = Callable[[Mapping[str, Any]], FloatArray]
"""Of the values of what scatters, which may be arrays."""

SIGMAS: Final = 3.0
SOURCES: Final = ("statistics", "uncertainty")
STEP: Final = 1e-3
"""Step in a normal score for a slope."""
LEAST: Final = 1e-9
"""Standard deviation of a logarithm below which a current does not scatter."""
ROUNDS: Final = 50
SECTIONS: Final = {
    "typical": ("", 0, "every parameter that scatters at its median"),
    "slow": ("on", -1, "low current in the low-resistance state"),
    "fast": ("on", 1, "high current in the low-resistance state"),
    "hrs_low": ("off", -1, "low current in the high-resistance state"),
    "hrs_high": ("off", 1, "high current in the high-resistance state"),
    "narrow": ("window", -1, "small ratio of the two"),
    "wide": ("window", 1, "large ratio of the two"),
}
"""Name: the quantity whose logarithm is moved, its direction, and what that is."""


@dataclass(frozen=True, slots=True)
class Corner:
    """One section.

    Parameters
    ----------
    name : str
        A key of :data:`SECTIONS`.
    card : ModelCard
        With the corner's values, and without statistics.
    on, off : float
        Read current [A] in the low- and in the high-resistance state.
    spread : float
        Standard deviation of the moved quantity's natural logarithm; 0 for ``typical``.
    """

    name: str
    card: ModelCard
    on: float
    off: float
    spread: float


def corners(
    card: ModelCard, *, sigmas: float = SIGMAS, source: str = "statistics"
) -> tuple[Corner, ...]:
    """The corners that the card has, ``typical`` first.

    Arguments and errors as of :func:`netlists.corners.emit_corners`.
    """
    if not (math.isfinite(sigmas) and 0.0 < sigmas <= 10.0):
        raise InputError(
            f"corners at {sigmas} sigma: a number up to 10 is expected", code="bad_option"
        )
    scatter = scatter_of(card, source)
    quantities = _quantities(card, sigmas)
    out: list[Corner] = []
    for name, (moved, sign, _) in SECTIONS.items():
        if moved == "off" and same_in_either_state(out[0]):
            continue
        z, spread = np.zeros(len(scatter.parameters)), 0.0
        if sign:
            z, spread = most_probable(scatter, quantities[moved], sign * sigmas)
            if spread < LEAST:
                continue
        values = values_at(scatter, z)
        on, off = (float(np.exp(quantities[k](values))) for k in ("on", "off"))
        out.append(Corner(name, _moved(card, values), on, off, spread))
    if len(out) == 1:
        raise InputError(
            f"card '{card.name}': what scatters ({', '.join(scatter.parameters)}) does not change the read "
            "current, so it has no corners; compactmodels.statistics.sample draws sets of it for a Monte "
            "Carlo analysis",
            code="no_spread",
        )
    return tuple(out)


def same_in_either_state(corner: Corner) -> bool:
    """Whether the state is nothing to the read current."""
    return math.isclose(corner.on, corner.off, rel_tol=1e-12)


def scatter_of(card: ModelCard, source: str = "statistics") -> Statistics:
    """What scatters, and how."""
    if source not in SOURCES:
        raise InputError(
            f"corners from '{source}': one of {', '.join(SOURCES)} is expected", code="bad_option"
        )
    if source == "statistics":
        if card.statistics is not None:
            return card.statistics
        known = any(e.stderr for e in card.entries.values())
        hint = "; its standard errors tell of one device only" if known else ""
        raise InputError(
            f"card '{card.name}' has no table [statistics], which tells how devices scatter, so it has no "
            f"corners{hint}: fit several devices with 'compactmodels fit iv FILE... --statistics -o CARD', "
            "or write the table onto the card",
            code="no_statistics",
        )
    laws = {
        p.name: _law(card.values[p.name], e.stderr, log=p.log)
        for p in card.model.parameters
        for e in [card.entries[p.name]]
        if e.stderr is not None and math.isfinite(e.stderr) and e.stderr > 0
    }
    if not laws:
        raise InputError(
            f"card '{card.name}' has no value with a standard error, so nothing is known to be uncertain: "
            "fit it to data with 'compactmodels fit'",
            code="no_statistics",
        )
    pairs = {p: r for p, r in card.correlations.items() if set(p.split(", ")) <= laws.keys()}
    return Statistics("traces", 1, laws, pairs, note="standard errors of a fit")


def _law(value: float, stderr: float, *, log: bool) -> Distribution:
    """A fitted value as a distribution, in the space that it was fitted in."""
    if log and value > 0:
        return Distribution("lognormal", value, stderr / value)
    return Distribution("normal", value, stderr)


def states_of(card: ModelCard) -> tuple[float, float]:
    """State w of low and of high resistance at the read voltage."""
    one, zero = (_log_current(card, w, card.values) for w in (1.0, 0.0))
    return (1.0, 0.0) if one >= zero else (0.0, 1.0)


def most_probable(
    scatter: Statistics, quantity: Quantity, distance: float
) -> tuple[FloatArray, float]:
    """The scores at which ``quantity`` is extreme at ``distance`` from the median.

    Parameters
    ----------
    scatter : Statistics
        Of n parameters.
    quantity : callable
        Of the parameters' values.
    distance : float
        In standard deviations; below 0 for the smallest value.

    Returns
    -------
    tuple
        Scores, shape (n,), and the standard deviation of the linearised quantity at the median.
    """
    matrix = scatter.matrix()
    z = np.zeros(len(scatter.parameters))
    slope = _slope(scatter, quantity, z)
    spread = math.sqrt(max(float(slope @ matrix @ slope), 0.0))
    if spread < LEAST:
        return z, spread
    best, reached = z, -math.inf
    for _ in range(ROUNDS):
        length = math.sqrt(max(float(slope @ matrix @ slope), 0.0))
        if length < LEAST:
            break
        z = distance * (matrix @ slope) / length
        value = math.copysign(1.0, distance) * float(quantity(values_at(scatter, z)))
        if value <= reached + 1e-12:
            break
        best, reached = z, value
        slope = _slope(scatter, quantity, z)
    return best, spread


def _slope(scatter: Statistics, quantity: Quantity, z: FloatArray) -> FloatArray:
    """Derivatives by the scores, from differences of second order."""
    steps = STEP * np.eye(z.size)
    around = z[:, None] + np.concatenate([steps, -steps], axis=1)
    found = quantity(values_at(scatter, around))
    up, down = np.split(np.broadcast_to(found, 2 * z.size), 2)  # one number: nothing moves it
    return np.asarray((up - down) / (2.0 * STEP), dtype=np.float64)


def values_at(scatter: Statistics, z: FloatArray | None = None) -> dict[str, FloatArray]:
    """Values of what scatters: at scores ``z``, shape (n, ...), by default at their medians."""
    scores = np.zeros(len(scatter.parameters)) if z is None else z
    laws = scatter.parameters.items()
    return {name: law.quantile(score) for (name, law), score in zip(laws, scores, strict=True)}


def read_currents(card: ModelCard) -> tuple[float, float]:
    """Of the card as it is: in the low- and in the high-resistance state [A]."""
    on, off = (float(np.exp(_log_current(card, w, card.values))) for w in states_of(card))
    return on, off


def _log_current(card: ModelCard, w: float, values: Mapping[str, Any]) -> FloatArray:
    current = card.model.current(read_voltage(card), values, w=w, s=0.0)
    # A current of nothing has no logarithm; 1e-300 A is far below any.
    return np.log(np.maximum(np.abs(np.asarray(current, dtype=np.float64)), 1e-300))


def _quantities(card: ModelCard, sigmas: float) -> dict[str, Quantity]:
    """What is moved, of values that are checked before a model meets them."""
    on, off = states_of(card)

    def log_current(w: float, values: Mapping[str, Any]) -> FloatArray:
        for name, value in values.items():
            _check_bounds(card, name, value, sigmas)
        return _log_current(card, w, {**card.values, **values})

    return {
        "on": lambda values: log_current(on, values),
        "off": lambda values: log_current(off, values),
        "window": lambda values: log_current(on, values) - log_current(off, values),
    }


def _check_bounds(card: ModelCard, name: str, value: FloatArray, sigmas: float) -> None:
    parameter = card.parameter(name)
    for extreme in (np.min(value), np.max(value)):
        try:
            parameter.check(float(extreme))
        except ParameterError as error:
            raise InputError(
                f"card '{card.name}', a corner at {sigmas:g} sigma: {error.message}; take fewer sigmas, or "
                "statistics that suit the parameter",
                code="out_of_bounds",
            ) from None


def _moved(card: ModelCard, values: Mapping[str, FloatArray]) -> ModelCard:
    """The card at a corner."""
    moved = {n: replace(card.entries[n], value=float(v)) for n, v in values.items()}
    return replace(card, entries={**card.entries, **moved}, statistics=None)
