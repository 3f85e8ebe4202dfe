"""A ``.lib`` of corners: the subcircuit at parameter sets that its card's statistics single out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

from compactmodels import __version__
from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import NetlistError
from compactmodels.names import comment, identifier
from compactmodels.statistics import Statistics
from compactmodels.templating import render
from netlists.corner_points import (
    SECTIONS,
    SIGMAS,
    Corner,
    corners,
    read_currents,
    same_in_either_state,
    scatter_of,
    states_of,
    values_at,
)
from netlists.subcircuit import subcircuit
from netlists.symbols_output import write_emitted
from netlists.testbench import read_voltage

__all__ = ["Corner", "corners", "emit_corners"]

WITHOUT_SECTIONS: Final = ("ltspice",)
"""Dialects whose .lib knows no sections."""


def emit_corners(
    card: ModelCard,
    folder: Path,
    *,
    sigmas: float = SIGMAS,
    source: str = "statistics",
    dialect: str = "ngspice",
) -> Path:
    """Write ``<card>_corners.lib`` into ``folder``.

    Parameters
    ----------
    card : ModelCard
        With statistics.
    folder : Path
    sigmas : float
        Distance k of the corners.
    source : str
        ``statistics``: how devices scatter; ``uncertainty``: the standard errors and correlations of a fit,
        which say how well one device is known.
    dialect : str
        Of the subcircuits; one whose ``.lib`` has sections.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        Code ``no_statistics`` or ``no_spread``: nothing scatters, or nothing that the read current feels;
        ``out_of_bounds``: a corner outside a parameter's bounds; ``bad_option``; ``cannot_write`` or
        ``name_taken``.  Nothing was written.
    NetlistError
        A name that may not stand in a netlist, or a dialect without sections.
    """
    module = identifier(card.name, "corners")
    if dialect in WITHOUT_SECTIONS:
        raise NetlistError(
            f"{dialect}'s .lib knows no sections, so a corner file cannot be written for it: take "
            "'ngspice', 'hspice' or 'xyce'"
        )
    found = corners(card, sigmas=sigmas, source=source)
    scatter, own = scatter_of(card, source), read_currents(card)
    text = render(
        "netlists",
        "corners.lib.j2",
        module=module,
        title=comment(card.title),
        card=card.name,
        version=__version__,
        method=_method(card, scatter, sigmas, source),
        on=f"{states_of(card)[0]:g}",
        off=f"{states_of(card)[1]:g}",
        sections=[_row(c, sigmas, subcircuit(c.card, dialect=dialect)) for c in found],
        own={"on": f"{own[0]:.6g} A", "off": f"{own[1]:.6g} A"},
        left_out=_left_out(found),
        names=[c.name for c in found],
        values=[
            {
                "name": n,
                "unit": card.parameter(n).unit,
                "numbers": [f"{c.card.values[n]:.6g}" for c in found],
            }
            for n in scatter.parameters
        ],
    )
    return write_emitted(card, folder, {f"{module}_corners.lib": text})[0]


def _row(corner: Corner, sigmas: float, text: str) -> dict[str, str]:
    _, sign, what = SECTIONS[corner.name]
    return {
        "name": corner.name,
        "sigma": f"{sign * sigmas:+g}" if sign else "0",
        "on": f"{corner.on:.6g} A",
        "off": f"{corner.off:.6g} A",
        "what": what,
        "subcircuit": text,
    }


def _left_out(found: tuple[Corner, ...]) -> list[str]:
    missing = [n for n in SECTIONS if n not in {c.name for c in found}]
    if not missing:
        return []
    why = "nothing that scatters moves them"
    if same_in_either_state(found[0]):
        why = "the state does not change the current"
    return [f"{', '.join(missing)}: left out, for {why}"]


def _method(card: ModelCard, scatter: Statistics, sigmas: float, source: str) -> list[str]:
    """Sentences for the header."""
    behind = {
        "statistics": f"The card's statistics: {scatter.count} fits of {scatter.of}, {scatter.devices} device"
        f"{'s' if scatter.devices != 1 else ''}.",
        "uncertainty": "Standard errors and correlations of a fit: how well one device is known, NOT how "
        "devices scatter.",
    }
    shifted = [
        f"{n} ({card.values[n]:.6g} on the card)"
        for n, value in values_at(scatter).items()
        if not math.isclose(float(value), card.values[n], rel_tol=1e-6)
    ]
    return [
        behind[source],
        f"A corner is the most probable set of them that moves a read current by {sigmas:g} standard deviations of",
        f"its logarithm, their correlations included: I at {read_voltage(card):g} V, "
        f"{ROOM_TEMPERATURE:g} K, s = 0.",
        *([f"Medians that are not the card's own value: {', '.join(shifted)}."] if shifted else []),
    ]
