"""How a card's parameters scatter, as draws that stand in an instance's line."""

from __future__ import annotations

import math

from compactmodels.card import ModelCard
from compactmodels.names import number
from compactmodels.statistics import Distribution
from netlists.dialects import Dialect


def draws(card: ModelCard, dialect: Dialect) -> tuple[list[str], str]:
    """Assignments that let an instance draw its own parameters, and what they rest on.

    Parameters
    ----------
    card : ModelCard
        Its statistics count; without any, the standard errors of its fitted values.
    dialect : Dialect

    Returns
    -------
    list of str
        ``name={...}``, one for each parameter that scatters; empty if none is known to.
    str
        For people; "" if there are none.

    Notes
    -----
    Each is drawn by itself: correlations need one draw for several parameters, which no instance line
    has (:func:`compactmodels.statistics.sample` has it).
    """
    found = card.statistics
    if found is not None:
        laws: dict[str, Distribution] = dict(found.parameters)
        apart = "; correlations are not drawn" if found.correlations else ""
        note = f"statistics of {found.of}, {found.count} fits{apart}"
    else:
        laws = {
            name: Distribution("normal", entry.value, entry.stderr)
            for name, entry in card.entries.items()
            if entry.stderr is not None and math.isfinite(entry.stderr) and entry.stderr > 0
        }
        note = "standard errors of the fit, which say nothing of how devices scatter"
    lines = [
        f"{dialect.called(name)}={dialect.worth(_draw(law, dialect))}" for name, law in laws.items()
    ]
    return lines, note if lines else ""


def _draw(law: Distribution, dialect: Dialect) -> str:
    """One value, as :meth:`compactmodels.statistics.Distribution.quantile` gives it."""
    location, scale = number(law.location), number(law.scale)
    deviation = dialect.normal.format(scale)
    if law.distribution == "normal":
        return f"{location} + {deviation}"
    if law.distribution == "lognormal":
        return f"{location}*exp({deviation})"
    ln = dialect.functions.get("log", "ln")
    share = f"{ln}(-{ln}({dialect.uniform}))"
    return f"{scale}*exp({share}/{number(law.shape or 1.0)})"
