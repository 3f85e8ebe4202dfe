"""Discovery of the parts: every module in ``conduction/``, ``switching/``, ``relaxation/`` and ``plasticity/``."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache
from typing import TypeVar

from compactmodels.errors import InputError
from compactmodels.parts import Conduction, Dependence, Part, Relaxation, Switching

P = TypeVar("P", bound=Part)


@cache
def _discover(room: str) -> dict[str, Part]:
    package = importlib.import_module(f"compactmodels.{room}")
    found: dict[str, Part] = {}
    for info in pkgutil.iter_modules(package.__path__):
        part = importlib.import_module(f"compactmodels.{room}.{info.name}").PART
        if part.name in found:
            raise InputError(f"two parts in compactmodels/{room} are called '{part.name}'")
        found[part.name] = part
    return dict(sorted(found.items()))


def _lookup(room: str, kind: type[P], name: str) -> P:
    parts = _discover(room)
    if name not in parts:
        near = difflib.get_close_matches(name, parts, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise InputError(
            f"unknown {kind.kind} '{name}'; known are {', '.join(parts)}{hint}", code="unknown_part"
        )
    part = parts[name]
    assert isinstance(part, kind)
    return part


def conduction(name: str) -> Conduction:
    """The conduction mechanism of that name; InputError with the known names otherwise."""
    return _lookup("conduction", Conduction, name)


def switching(name: str) -> Switching:
    """The switching law of that name; InputError with the known names otherwise."""
    return _lookup("switching", Switching, name)


def relaxation(name: str) -> Relaxation:
    """The relaxation of that name; InputError with the known names otherwise."""
    return _lookup("relaxation", Relaxation, name)


def dependence(name: str) -> Dependence:
    """The plasticity law of that name; InputError with the known names otherwise."""
    return _lookup("plasticity", Dependence, name)


def conductions() -> dict[str, Conduction]:
    """All conduction mechanisms by name."""
    return {n: p for n, p in _discover("conduction").items() if isinstance(p, Conduction)}


def switchings() -> dict[str, Switching]:
    """All switching laws by name."""
    return {n: p for n, p in _discover("switching").items() if isinstance(p, Switching)}


def relaxations() -> dict[str, Relaxation]:
    """All relaxations by name."""
    return {n: p for n, p in _discover("relaxation").items() if isinstance(p, Relaxation)}


def dependences() -> dict[str, Dependence]:
    """All plasticity laws by name."""
    return {n: p for n, p in _discover("plasticity").items() if isinstance(p, Dependence)}
