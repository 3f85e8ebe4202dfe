"""What there is: mechanisms, laws and library cards, described from their own declarations."""

from __future__ import annotations

import inspect
from typing import Any

from compactmodels import registry
from compactmodels.card import ModelCard, library, load_card
from compactmodels.errors import InputError
from compactmodels.parameter import Parameter
from compactmodels.parts import Part


def catalogue() -> list[dict[str, str]]:
    """Name, kind and title of everything."""
    parts: list[Part] = [
        *registry.conductions().values(),
        *registry.switchings().values(),
        *registry.relaxations().values(),
        *registry.dependences().values(),
    ]
    entries = [{"name": p.name, "kind": p.kind, "title": p.title} for p in parts]
    cards = [{"name": n, "kind": "library card", "title": load_card(n).title} for n in library()]
    return entries + cards


def describe(name: str) -> dict[str, Any]:
    """Equation, parameters, limits and source of a part, or the values of a card.

    Raises
    ------
    InputError
        Neither a part nor a card.
    """
    for parts in (
        registry.conductions(),
        registry.switchings(),
        registry.relaxations(),
        registry.dependences(),
    ):
        if name in parts:
            return _part(parts[name])
    if name in library() or name.endswith(".toml"):
        return _card(load_card(name))
    known = ", ".join(e["name"] for e in catalogue())
    raise InputError(f"no model '{name}'; known are {known}", code="unknown_part")


def _part(part: Part) -> dict[str, Any]:
    doc = inspect.cleandoc(part.function.__doc__ or "")
    equation = doc.split("Parameters\n")[0].strip()
    return {
        "name": part.name,
        "kind": part.kind,
        "title": part.title,
        "equation": equation,
        "parameters": [_row(p, p.default, "default", "") for p in part.parameters],
        "limits": part.limits,
        "reference": part.reference,
    }


def _card(card: ModelCard) -> dict[str, Any]:
    structure = [f"{b.name}: {b.mechanism.name}, {b.mix}" for b in card.model.branches]
    moves = [p.name for p in (card.model.switching, card.model.relaxation) if p is not None]
    return {
        "name": card.name,
        "kind": "library card" if card.name in library() else "card",
        "title": card.title,
        "equation": "branches: "
        + "; ".join(structure)
        + ("\nstates: " + ", ".join(moves) if moves else ""),
        "parameters": [
            _row(
                p,
                card.entries[p.name].value,
                card.entries[p.name].origin,
                card.entries[p.name].note,
            )
            for p in card.model.parameters
        ],
        "limits": str(card.provenance.get("not_published", "")),
        "reference": card.citation,
    }


def _row(p: Parameter, value: float, origin: str, note: str) -> dict[str, Any]:
    return {
        "name": p.name,
        "value": value,
        "unit": p.unit,
        "lower": p.lower,
        "upper": p.upper,
        "range": f"{p.lower:g} .. {p.upper:g}",
        "origin": origin,
        "doc": p.doc,
        "note": note,
    }
