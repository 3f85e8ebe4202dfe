"""The kernels as machine code, kept in the cache folder, and the seeds of their random numbers."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.fast import generated_module

BASE: Final = "kernels"
IMPORT: Final = "from compactmodels.workflows.recognition.kernels import"


@cache
def kernels(name: str = BASE) -> ModuleType:
    """A file of kernels, from the cache folder (``COMPACTMODELS_CACHE``), where Numba keeps its results.

    What a file imports of ``kernels`` comes from there too: the package's own folder may be read-only.
    """
    source = Path(__file__).with_name(f"{name}.py").read_text("utf-8")
    if name != BASE:
        source = source.replace(IMPORT, f"from {kernels().__name__} import")
    digest = hashlib.sha256(source.encode()).hexdigest()[:20]
    return generated_module(f"compactmodels_{name}_{digest}", lambda: source)


def stream(rng: np.random.Generator) -> NDArray[np.uint64]:
    """State (2,) of the kernels' random numbers, drawn from a Generator; never all 0."""
    state = rng.integers(1, 1 << 63, 2, dtype=np.uint64)
    return np.asarray(state, dtype=np.uint64)
