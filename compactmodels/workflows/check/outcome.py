"""What a check finds, and what the whole run adds up to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

PASSED: Final = "passed"
FAILED: Final = "failed"
NOT_RUN: Final = "not run"
NOT_APPLICABLE: Final = "not applicable"


class NotApplicable(Exception):
    """The check has nothing to look at in this model; the text says why. Never a user's error."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The worst that a check met in one tool.

    Parameters
    ----------
    figure : float
        To be held against ``limit``; NaN fails.
    limit : float
    unit : str
        Of both; "" for a pure number.
    worst : mapping
        Where: ``v`` [V], ``w``, ``s``, ``temperature`` [K], ``parameters`` that differ from the
        card's, or whatever tells the place.
    points : int
        How many were looked at.
    remark : str
        What else is to be said, in one sentence without its full stop.
    """

    figure: float
    limit: float
    unit: str = ""
    worst: Mapping[str, Any] = field(default_factory=dict)
    points: int = 0
    remark: str = ""

    @property
    def ok(self) -> bool:
        """Whether the figure keeps the limit."""
        return self.figure <= self.limit  # False for NaN


@dataclass(frozen=True, slots=True)
class Outcome:
    """One check in one tool.

    Parameters
    ----------
    check, tool : str
    proves : str
        What the check shows when it passes.
    allowed : str
        The limit in words.
    status : str
        "passed", "failed", "not run" or "not applicable".
    finding : Finding or None
        None where the tool gave no result.
    reason : str
        Why it was not run, or the tool's own words where it failed.
    seconds : float
    """

    check: str
    tool: str
    proves: str
    allowed: str
    status: str
    finding: Finding | None = None
    reason: str = ""
    seconds: float = 0.0

    def document(self) -> dict[str, Any]:
        """As a JSON object; what is not known is null."""
        f = self.finding
        figures: dict[str, Any] = dict.fromkeys(("figure", "limit", "unit", "worst", "points"))
        if f is not None:
            figures = {"figure": _plain(f.figure), "limit": f.limit, "unit": f.unit}
            figures |= {"worst": {k: _plain(v) for k, v in f.worst.items()}, "points": f.points}
        said = self.reason or (f.remark if f is not None else "")
        return {
            "check": self.check,
            "tool": self.tool,
            "status": self.status.replace(" ", "_"),
            **figures,
            "proves": self.proves,
            "allowed": self.allowed,
            "remark": said,
            "seconds": round(self.seconds, 3),
        }


def _plain(value: Any) -> Any:
    """Null for a number that JSON does not know."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True, slots=True)
class Result:
    """All outcomes of a card.

    Parameters
    ----------
    card : str
    outcomes : tuple of Outcome
    seed : int
    tools : mapping of str to str
        Version of each tool, or why it is missing.
    seconds : float
    """

    card: str
    outcomes: tuple[Outcome, ...]
    seed: int
    tools: Mapping[str, str]
    seconds: float

    def of(self, status: str) -> tuple[Outcome, ...]:
        """The outcomes with that status."""
        return tuple(o for o in self.outcomes if o.status == status)

    @property
    def ok(self) -> bool:
        """Whether nothing failed; what was not run is in :meth:`of`."""
        return not self.of(FAILED)

    def document(self) -> dict[str, Any]:
        """The JSON object."""
        return {
            "card": self.card,
            "ok": self.ok,
            "passed": len(self.of(PASSED)),
            "failed": [f"{o.check} ({o.tool})" for o in self.of(FAILED)],
            "not_run": [f"{o.check} ({o.tool})" for o in self.of(NOT_RUN)],
            "not_applicable": [f"{o.check} ({o.tool})" for o in self.of(NOT_APPLICABLE)],
            "checks": [o.document() for o in self.outcomes],
            "tools": dict(self.tools),
            "seed": self.seed,
            "seconds": round(self.seconds, 2),
        }


@dataclass(slots=True)
class Worst:
    """Keeps the largest figure that it is shown, and where; NaN is larger than all."""

    figure: float = -math.inf
    where: dict[str, Any] = field(default_factory=dict)
    points: int = 0

    def take(self, figure: float, points: int = 1, **where: Any) -> None:
        """Look at one more."""
        self.points += points
        if math.isnan(self.figure):
            return
        if math.isnan(figure) or figure > self.figure:
            self.figure, self.where = float(figure), where

    def finding(self, limit: float, unit: str = "", remark: str = "") -> Finding:
        """The finding; NotApplicable where nothing was looked at."""
        if not self.points:
            raise NotApplicable("there was nothing to look at")
        return Finding(self.figure, limit, unit, self.where, self.points, remark)
