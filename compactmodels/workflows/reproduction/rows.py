"""What was simulated, held against what is published: the rows of the table and their verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.workflows.reproduction.published import RELATIVE, Fact

Numbers = Sequence[float] | NDArray[Any]

LEAST_STEP: Final = 0.01
"""Of a quantity's range, that every step of an ordering has to exceed ..."""
SOLVER: Final = 10.0
"""... and this many times the solver's tolerance."""


@dataclass(frozen=True, slots=True)
class Order:
    """A quantity that has to rise or fall along a series.

    Parameters
    ----------
    what : str
        For people: ``peak of the 10th pulse against the rate``.
    x, y : (n,) sequence or array
    rising : bool
    plateau : int
        Steps at the end that are exempt: a plateau that the paper states.
    """

    what: str
    x: Numbers
    y: Numbers
    rising: bool = True
    plateau: int = 0

    def least(self) -> float:
        """The smallest step that counts, over the range; below 0 where one goes the wrong way."""
        y = np.asarray(self.y, dtype=np.float64)
        steps = np.diff(y) * (1.0 if self.rising else -1.0)
        counted = steps[: steps.size - self.plateau]
        return float(np.min(counted) / np.ptp(y)) if np.ptp(y) > 0 else 0.0

    def holds(self, tolerance: float) -> bool:
        """Whether every step is large enough; ``tolerance`` is the solver's, relative to the values."""
        size = float(np.max(np.abs(self.y)))
        floor = max(LEAST_STEP * float(np.ptp(self.y)), SOLVER * tolerance * size)
        return self.least() * float(np.ptp(self.y)) > floor

    def text(self) -> str:
        """For people."""
        way = "rises" if self.rising else "falls"
        return (
            f"{self.what} {way} from {self.y[0]:.4g} to {self.y[-1]:.4g}, least step "
            f"{100 * self.least():.2g} % of the range"
        )


@dataclass(frozen=True, slots=True)
class Happens:
    """Something that has to happen: what, whether it did, and the number that says so."""

    what: str
    did: bool
    number: str = ""

    def text(self) -> str:
        """For people."""
        return f"{self.what}: {'yes' if self.did else 'NO'}{f' ({self.number})' if self.number else ''}"


@dataclass(frozen=True, slots=True)
class Curve:
    """A line or points of a panel; published ones are drawn apart."""

    x: Numbers
    y: Numbers
    label: str = ""
    points: bool = False
    published: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel of a paper's figure.

    Parameters
    ----------
    title : str
        Which figure of the paper it is laid out like.
    x, y : str
        Labels with units.
    curves : sequence of Curve
    log : str
        "", ``x``, ``y`` or ``xy``.
    image : (r, c) nested sequence or None
        A map (letters on an array) instead of curves.
    """

    title: str
    x: str = ""
    y: str = ""
    curves: Sequence[Curve] = ()
    log: str = ""
    image: Any = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What a row's function found.

    Parameters
    ----------
    values : mapping
        By key of the published value, "" for a single one; lists where lists are published.
    orders : sequence of Order
    events : sequence of Happens
    panels : sequence of Panel
    note : str
        How it was read; an assumption it rests on.
    missed : str
        Why a row that fails does.
    bands : mapping
        By key of a value: the published one has to lie in between (in place of the tolerance).
    details : mapping
        More numbers for JSON; their rows show their notes though they are met.
    not_run : str
        Why nothing was measured; such a row is neither met nor missed.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    orders: Sequence[Order] = ()
    events: Sequence[Happens] = ()
    panels: Sequence[Panel] = ()
    note: str = ""
    missed: str = ""
    bands: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    not_run: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    id : str
        Of the target, with ``.key`` where it holds several values.
    kind : str
    published, simulated : float, list or str
    unit, tolerance : str
    ok : bool or None
        None where it was not run.
    note : str
    details : mapping
    """

    id: str
    kind: str
    published: Any
    simulated: Any
    unit: str
    tolerance: str
    ok: bool | None
    note: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def rows_of(fact: Fact, found: Measured, solver: float) -> list[Row]:
    """The verdicts on one target; it is missed if any of its rows is.

    Parameters
    ----------
    fact : Fact
    found : Measured
    solver : float
        Relative tolerance of the solver.
    """
    if found.not_run:
        return [Row(fact.id, fact.kind, fact.value, None, fact.unit, "", None, found.not_run)]
    rows = [_number(fact, key, value, found) for key, value in found.values.items()]
    note = "; ".join(x for x in (found.note, found.missed) if x)
    if found.orders:
        ok = all(o.holds(solver) for o in found.orders)
        text = "; ".join(o.text() for o in found.orders)
        rows.append(_statement(fact, "order", text, f"every step > {LEAST_STEP:.0%} of the range", ok, note, bool(rows)))  # fmt: skip
    if found.events:
        ok = all(e.did for e in found.events)
        text = "; ".join(e.text() for e in found.events)
        rows.append(_statement(fact, "event", text, "as stated", ok, note, bool(rows)))
    return rows


def _statement(
    fact: Fact, key: str, text: str, tolerance: str, ok: bool, note: str, beside: bool
) -> Row:
    name = f"{fact.id}.{key}" if beside else fact.id
    return Row(name, fact.kind, fact.note or fact.condition, text, "1", tolerance, ok, note)


def _number(fact: Fact, key: str, value: Any, found: Measured) -> Row:
    published = fact.published(key)
    rule = fact.tolerance.get(key) or fact.tolerance.get("") or {}
    name = f"{fact.id}.{key}" if key else fact.id
    note = "; ".join(x for x in (found.note, found.missed) if x)
    if key in found.bands:
        low, high = found.bands[key]
        ok, text = bool(low <= published <= high), f"inside {low:.3f}..{high:.3f}"
    elif "at_least" in rule or key.endswith("_at_least"):
        bound = rule.get("at_least", published)
        ok, text = bool(np.all(np.asarray(value) >= bound)), "at least"
    else:
        absolute = rule.get("absolute")
        relative = rule.get("relative", RELATIVE.get(fact.kind, 0.10))
        off = np.abs(np.asarray(value, dtype=float) - np.asarray(published, dtype=float))
        allowed = absolute if absolute is not None else relative * np.abs(published)
        ok = bool(np.all(off <= allowed))
        text = f"{absolute:g}" if absolute is not None else f"{relative:.0%}"
    unit = fact.units.get(key, fact.unit)
    return Row(name, fact.kind, published, _plain(value), unit, text, ok, note, found.details)


def _plain(value: Any) -> Any:
    """A float or a list of them; None where it is no number."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(x) for x in value]
    return float(value) if math.isfinite(float(value)) else None
