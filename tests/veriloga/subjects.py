"""Everything that is emitted, by a name: each registered part in a card of its own, each library card."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from compactmodels import registry
from compactmodels.card import ModelCard, library, load_card
from tests.core.battery import conduction_card, switching_card
from veriloga import module


def _relaxations() -> list[str]:
    """Those that a state equation of one state solves; the others are switching laws."""
    return [n for n, part in registry.relaxations().items() if part.rate is not None]


@cache
def subjects() -> tuple[str, ...]:
    """Kind and name of everything."""
    return (
        *(f"conduction {n}" for n in registry.conductions()),
        *(f"switching {n}" for n in registry.switchings()),
        *(f"relaxation {n}" for n in _relaxations()),
        *(f"card {n}" for n in library()),
    )


def library_cards() -> list[Any]:
    """Names for a test of every library card; of cards that differ in numbers only, all but one are slow."""
    seen: set[str] = set()
    result: list[Any] = []
    for name in library():
        model = load_card(name).model
        parts = [(b.mechanism.name, b.mix, b.series) for b in model.branches]
        structure = f"{parts} {[p and p.name for p in (model.switching, model.relaxation)]}"
        result.append(pytest.param(name, marks=pytest.mark.slow) if structure in seen else name)
        seen.add(structure)
    return result


@cache
def card_of(subject: str) -> ModelCard:
    """The card of one of :func:`subjects`."""
    kind, name = subject.split(" ")
    if kind == "conduction":
        return conduction_card(name, {}, registry.conduction(name).series)
    if kind == "switching":
        return switching_card(name, None, {})
    if kind == "relaxation":
        return switching_card("volatile_gate", name, {})
    return load_card(name)


@cache
def text_of(subject: str, heated: bool = False) -> str:
    """Its module, emitted once for all tests."""
    return module(card_of(subject), self_heating=heated)


def file_of(subject: str, folder: Path, heated: bool = False) -> Path:
    """The same as a file in ``folder``."""
    path = folder / f"{card_of(subject).name.replace('-', '_')}.va"
    path.write_text(text_of(subject, heated), "utf-8")
    return path
