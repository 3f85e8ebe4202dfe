"""A device out of several fits: what conducts in each state, what forgets, what switches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from compactmodels.card import Entry, ModelCard
from compactmodels.errors import CardError
from compactmodels.model import Branch, Model


def assemble(
    name: str,
    *,
    on: ModelCard,
    off: ModelCard,
    decay: ModelCard,
    switching: ModelCard,
    title: str = "",
) -> ModelCard:
    """One card of fitted branches, a fitted relaxation, and another card's switching law.

    Parameters
    ----------
    name : str
        Of the new card.
    on, off : ModelCard
        Fitted cards; their branches conduct in the low- and in the high-resistance state.
    decay : ModelCard
        A fitted card whose relaxation the volatile state follows.
    switching : ModelCard
        Where the switching law and its values come from, and the series resistance of a branch
        whose fit could not resolve one.
    title : str

    Returns
    -------
    ModelCard
        Every value keeps its origin, interval and note; a value from ``switching`` says so.

    Raises
    ------
    CardError
        ``decay`` has no relaxation, or ``switching`` no second-order law.
    """
    if decay.model.relaxation is None:
        raise CardError(
            f"card '{decay.name}' has no relaxation of one state to take: fit the decay with --law "
            "exponential, stretched, power or shifted_power"
        )
    law = switching.model.switching
    if law is None or not law.relaxed:
        raise CardError(f"card '{switching.name}' has no second-order switching law to take")
    limits = {b.mechanism.name: b.name for b in switching.model.branches if b.series}
    entries: dict[str, Entry] = {}
    branches = []
    for card, mix in ((on, "on"), (off, "off")):
        for branch in card.model.branches:
            borrowed = None if branch.series else limits.get(branch.mechanism.name)
            branches.append(replace(branch, mix=mix, series=branch.series or borrowed is not None))
            if borrowed is not None:
                entry = switching.entries[f"{borrowed}_r_s"]
                note = f"not resolved by the fit; from the card '{switching.name}': {entry.note}"
                entries[f"{branch.name}_r_s"] = replace(entry, note=note)
    model = Model(_unlike(branches), law, decay.model.relaxation)
    for card, prefixes in ((on, _names(on)), (off, _names(off)), (decay, ("rx",))):
        entries |= {n: e for n, e in card.entries.items() if n.split("_")[0] in prefixes}
    for key, entry in switching.entries.items():
        if key.startswith("sw_"):
            note = f"from the card '{switching.name}': {entry.note}"
            entries[key] = replace(entry, note=note)
    correlations = {**on.correlations, **off.correlations}
    sources: dict[str, Any] = {c.name: dict(c.provenance) for c in (on, off, decay)}
    return ModelCard(
        name,
        model,
        entries,
        title,
        switching.citation,
        correlations,
        dict(switching.operation),
        sources,
    )


def _names(card: ModelCard) -> tuple[str, ...]:
    return tuple(b.name for b in card.model.branches)


def _unlike(branches: list[Branch]) -> tuple[Branch, ...]:
    names = [b.name for b in branches]
    if len(set(names)) < len(names):
        raise CardError(f"branches of the same name cannot be put together: {', '.join(names)}")
    return tuple(branches)
