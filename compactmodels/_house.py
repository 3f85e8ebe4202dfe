"""Whether the packages named fitting, veriloga and netlists are ours.

The names are generic, so another distribution may carry one of them and be found first.  That
would surface as an unrelated AttributeError deep in a job; here it is one sentence.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from compactmodels.errors import CompactModelsError

COMPANIONS: Final = ("fitting", "veriloga", "netlists")
MARKER: Final = "__house__"
"""Attribute of a companion package that lies elsewhere and is ours: ``"compactmodels"``."""


class ForeignPackageError(CompactModelsError, ImportError):
    """A package with the name of one of ours is missing or stands in front of it."""

    code = "foreign_package"


def _location(name: str) -> Path | None:
    """Folder of the package that ``import name`` gives; None if there is none."""
    module = sys.modules.get(name)
    spec = module.__spec__ if module is not None else find_spec(name)
    if spec is None:
        return None
    if spec.origin is not None:
        return Path(spec.origin).resolve().parent
    # A folder without __init__.py is a package too (a namespace package), with no origin.
    places = list(spec.submodule_search_locations or ())
    return Path(places[0]).resolve() if places else None


def check_house() -> None:
    """Verify that the companion packages belong to this installation.

    Each must lie beside ``compactmodels``, or carry ``__house__ = "compactmodels"`` where an
    installer put it elsewhere.  A package that lies in its place is not imported.

    Raises
    ------
    ForeignPackageError
        Naming the package, where it was found, and what to do.
    """
    beside = Path(__file__).resolve().parents[1]
    for name in COMPANIONS:
        found = _location(name)
        if found is None:
            raise ForeignPackageError(
                f"the package '{name}' that belongs to compactmodels is missing: expected "
                f"{beside / name}; install compactmodels again (pip install --force-reinstall)"
            )
        if found == beside / name:
            continue
        if getattr(import_module(name), MARKER, None) != "compactmodels":
            raise ForeignPackageError(
                f"another package named '{name}' stands in front of that of compactmodels: found "
                f"{found}, expected {beside / name}; remove it from PYTHONPATH or the working "
                f"folder, or use a virtual environment that holds compactmodels alone"
            )
