"""How a device's parameters scatter, from cycle to cycle and from device to device; and samples of it.

A card may carry it as its table ``[statistics]``.  Parameters are drawn through a Gaussian copula: a
standard normal score for each, with the scores' correlations, becomes a value through the quantile
function of the parameter's own distribution.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import CardError, InputError

if TYPE_CHECKING:
    from compactmodels.card import ModelCard

FloatArray = NDArray[np.float64]

DISTRIBUTIONS: Final = ("normal", "lognormal", "weibull")
SUBJECTS: Final = ("cycles", "devices", "cycles and devices", "traces")
"""What the values belong to."""
OUTSIDE: Final = 0.1
"""Share of draws beyond a parameter's bounds at which its distribution is refused."""
ROUNDS: Final = 50
"""Times that draws outside the bounds are drawn again."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How one parameter scatters.

    Parameters
    ----------
    distribution : str
        ``normal``, ``lognormal`` or ``weibull``.
    location : float
        In the parameter's unit: the mean (normal), the median (lognormal); 0 (weibull).
    scale : float
        Standard deviation in the parameter's unit (normal), or of the natural logarithm (lognormal);
        the value that 63.2 % stay below (weibull).
    shape : float or None
        Weibull's modulus.
    count : int
        Values behind it.
    device_share : float or None
        Part of the variance that lies between devices, the rest between cycles; None: not known.
    autocorrelation : float or None
        From a cycle to the next, within a device.
    drift : float or None
        Per cycle, in the parameter's unit, of a lognormal one in its logarithm; the location belongs to
        the middle of the cycles.
    drift_interval : (float, float) or None
        95 %.

    Raises
    ------
    CardError
        Numbers that no distribution has.
    """

    distribution: str
    location: float
    scale: float
    shape: float | None = None
    count: int = 0
    device_share: float | None = None
    autocorrelation: float | None = None
    drift: float | None = None
    drift_interval: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        wrong = _wrong(self)
        if wrong:
            raise CardError(f"statistics: {wrong}", code="bad_statistics")

    def quantile(self, z: FloatArray) -> FloatArray:
        """Values at standard normal scores ``z``, any shape."""
        if self.distribution == "normal":
            return self.location + self.scale * z
        if self.distribution == "lognormal":
            return self.location * np.exp(self.scale * z)
        from scipy.special import log_ndtr

        exponent = -log_ndtr(-z)  # of the share that lies above
        return np.asarray(self.scale * exponent ** (1.0 / (self.shape or 1.0)), dtype=np.float64)

    def below(self, x: float) -> float:
        """Share of the values below ``x``."""
        from scipy.special import ndtr

        if self.distribution == "normal":
            return float(ndtr((x - self.location) / self.scale))
        if x <= 0:
            return 0.0
        if self.distribution == "lognormal":
            return float(ndtr(math.log(x / self.location) / self.scale))
        with np.errstate(over="ignore"):
            return float(-np.expm1(-np.power(x / self.scale, self.shape or 1.0)))

    def drifted(self, values: FloatArray, cycles: FloatArray) -> FloatArray:
        """``values`` moved by the drift over ``cycles`` from the middle."""
        if self.drift is None:
            return values
        moved = self.drift * cycles
        return values * np.exp(moved) if self.distribution == "lognormal" else values + moved


@dataclass(frozen=True, slots=True)
class Statistics:
    """How a card's parameters scatter together.

    Parameters
    ----------
    of : str
        One of :data:`SUBJECTS`.
    count : int
        Fits behind it.
    parameters : mapping of str to Distribution
        By the card's parameter names.
    correlations : mapping
        ``"a, b"`` -> correlation of the two parameters' normal scores.
    devices : int
        Devices behind it; 1 where nothing tells them apart.
    note : str

    Raises
    ------
    CardError
        Correlations that no set of parameters can have.
    """

    of: str
    count: int
    parameters: Mapping[str, Distribution]
    correlations: Mapping[str, float] = field(default_factory=dict)
    devices: int = 1
    note: str = ""

    def __post_init__(self) -> None:
        if self.of not in SUBJECTS:
            raise CardError(
                f"statistics: of '{self.of}' is none of {', '.join(SUBJECTS)}",
                code="bad_statistics",
            )
        if not self.parameters:
            raise CardError("statistics: of no parameter", code="bad_statistics")
        for pair, value in self.correlations.items():
            names = pair.split(", ")
            strange = [n for n in names if n not in self.parameters]
            if len(set(names)) != 2 or strange or not -1.0 <= value <= 1.0:
                raise CardError(
                    f"statistics: correlation '{pair}' = {value:g}: two of the parameters "
                    f"{', '.join(self.parameters)} and a number from -1 to 1 are expected",
                    code="bad_statistics",
                )
        lowest = float(np.linalg.eigvalsh(self.matrix())[0])
        if lowest < -1e-6:
            raise CardError(
                "statistics: the correlations contradict each other (their matrix has the eigenvalue "
                f"{lowest:.2g}): no parameters can have them all",
                code="bad_statistics",
            )

    def matrix(self) -> FloatArray:
        """Correlations of the normal scores, shape (k, k), in the order of ``parameters``."""
        names = list(self.parameters)
        out = np.eye(len(names))
        for pair, value in self.correlations.items():
            i, j = (names.index(n) for n in pair.split(", "))
            out[i, j] = out[j, i] = value
        return out

    def document(self) -> dict[str, Any]:
        """The card's table, without what is not known."""
        rows = {}
        for name, d in self.parameters.items():
            row = {k: v for k, v in asdict(d).items() if v is not None}
            if d.drift_interval is not None:
                row["drift_interval"] = list(d.drift_interval)
            rows[name] = row
        found: dict[str, Any] = {"of": self.of, "count": self.count, "devices": self.devices}
        if self.note:
            found["note"] = self.note
        found["parameters"] = rows
        if self.correlations:
            found["correlations"] = dict(self.correlations)
        return found


def _wrong(d: Distribution) -> str:
    numbers = [d.location, d.scale, d.shape, d.device_share, d.autocorrelation, d.drift]
    numbers += d.drift_interval or ()
    if any(x is not None and not math.isfinite(x) for x in numbers):
        return "a number is not finite"
    if d.distribution not in DISTRIBUTIONS:
        return f"distribution '{d.distribution}' is none of {', '.join(DISTRIBUTIONS)}"
    if d.scale <= 0:
        return f"a scale of {d.scale:g}: a number above 0 is expected"
    if d.distribution == "lognormal" and d.location <= 0:
        return f"a lognormal's median of {d.location:g}: a number above 0 is expected"
    if d.distribution == "weibull" and (d.location != 0 or d.shape is None or d.shape <= 0):
        return "a Weibull distribution needs a location of 0 and a shape above 0"
    if d.device_share is not None and not 0 <= d.device_share <= 1:
        return f"a device share of {d.device_share:g}: 0 to 1 is expected"
    if d.autocorrelation is not None and not -1 < d.autocorrelation < 1:
        return f"an autocorrelation of {d.autocorrelation:g}: between -1 and 1 is expected"
    return ""


def sample(
    card: ModelCard, n: int, rng: np.random.Generator, *, cycles: int | None = None
) -> dict[str, FloatArray]:
    """Draw parameter sets from a card's statistics.

    Parameters
    ----------
    card : ModelCard
        With statistics.
    n : int
        Devices (or traces) to draw.
    rng : numpy.random.Generator
    cycles : int, optional
        Cycles of each device: with the autocorrelation from one to the next, the drift, and the part of
        the scatter that a device keeps.

    Returns
    -------
    dict
        For each parameter that scatters an array of shape (n,), or (n, cycles), in its declared unit;
        every set lies within the parameters' bounds.  A set outside is drawn again as a whole, never
        clipped.

    Raises
    ------
    InputError
        Code ``no_statistics``; code ``out_of_bounds``: more than a tenth of the draws lie outside the
        bounds, so that what is left would be another distribution; code ``bad_option``; code
        ``bad_statistics``: autocorrelations and correlations that contradict each other.
    """
    found = card.statistics
    if found is None:
        raise InputError(
            f"card '{card.name}' has no statistics: fit several traces with --statistics",
            code="no_statistics",
        )
    if n < 1 or (cycles is not None and cycles < 1):
        raise InputError(f"{n} sets of {cycles} cycles: 1 or more is expected", code="bad_option")
    _check_bounds(card, found)
    out: FloatArray | None = None
    missing = np.arange(n)
    for _ in range(ROUNDS):
        drawn = _draw(found, missing.size, rng, cycles)
        if out is None:
            out = drawn
        else:
            out[:, missing] = drawn
        outside = _outside(card, found, out).reshape(len(found.parameters), n, -1).any(axis=(0, 2))
        missing = np.flatnonzero(outside)
        if not missing.size:
            return dict(zip(found.parameters, out))
    raise _refused(card, "some set")


def _draw(s: Statistics, n: int, rng: np.random.Generator, cycles: int | None) -> FloatArray:
    """Values, shape (k, n) or (k, n, cycles)."""
    laws = list(s.parameters.values())
    if cycles is None:
        scores = _correlated(s.matrix(), rng, n)
        return np.stack([law.quantile(z) for law, z in zip(laws, scores)])
    scores = _cycled(s, laws, n, rng, cycles)
    middle = np.arange(cycles, dtype=np.float64) - 0.5 * (cycles - 1)
    return np.stack([law.drifted(law.quantile(z), middle) for law, z in zip(laws, scores)])


def _cycled(
    s: Statistics, laws: list[Distribution], n: int, rng: np.random.Generator, cycles: int
) -> FloatArray:
    """Normal scores (k, n, cycles): a device's own part, and a first-order process along its cycles."""
    matrix = s.matrix()
    share = np.array([law.device_share or 0.0 for law in laws])
    rho = np.array([law.autocorrelation or 0.0 for law in laws])
    device = _correlated(matrix, rng, n)
    # innovations that leave the process with the same correlations at every cycle
    innovation = matrix * (1.0 - np.outer(rho, rho))
    now = _correlated(matrix, rng, n)
    out = np.empty((len(laws), n, cycles))
    for c in range(cycles):
        if c:
            now = rho[:, None] * now + _correlated(innovation, rng, n)
        out[:, :, c] = np.sqrt(share)[:, None] * device + np.sqrt(1.0 - share)[:, None] * now
    return out


def _correlated(matrix: FloatArray, rng: np.random.Generator, n: int) -> FloatArray:
    """Normal numbers (k, n) of covariance ``matrix``."""
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < -1e-6:
        raise InputError(
            "the parameters' autocorrelations along the cycles contradict their correlations",
            code="bad_statistics",
        )
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(root @ rng.standard_normal((matrix.shape[0], n)), dtype=np.float64)


def _outside(card: ModelCard, s: Statistics, values: FloatArray) -> NDArray[np.bool_]:
    bounds = [(p.lower, p.upper) for p in map(card.parameter, s.parameters)]
    low, high = (np.array(b).reshape(-1, *(1,) * (values.ndim - 1)) for b in zip(*bounds))
    return (values < low) | (values > high)


def _check_bounds(card: ModelCard, s: Statistics) -> None:
    for name, law in s.parameters.items():
        p = card.parameter(name)
        share = law.below(p.lower) + 1.0 - law.below(p.upper)
        if share > OUTSIDE:
            raise _refused(card, f"{100 * share:.0f} % of {name}'s distribution")


def _refused(card: ModelCard, what: str) -> InputError:
    return InputError(
        f"card '{card.name}': {what} lies outside the declared bounds, and what is left would be another "
        "distribution: the statistics do not suit the parameter",
        code="out_of_bounds",
    )
