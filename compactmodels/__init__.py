"""From measured memristor data to a compact model that simulates."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compactmodels.card import ModelCard, load_card

try:
    __version__ = version("compactmodels")
except PackageNotFoundError:  # a checkout that was not installed
    __version__ = "0+unknown"

__all__ = ["ModelCard", "__version__", "load_card"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: validating a card takes a library that --help must not wait for.
    if name in {"ModelCard", "load_card"}:
        from compactmodels import card

        return getattr(card, name)
    raise AttributeError(f"module 'compactmodels' has no attribute '{name}'")
