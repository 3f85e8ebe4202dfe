"""The kernels as machine code, kept in the cache folder, and the seeds of their random numbers."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from compactmodels.fast import generated_module


@cache
def kernels(name: str = "kernels") -> ModuleType:
    """A file of kernels, from the cache folder (``COMPACTMODELS_CACHE``), where Numba keeps its results."""
    source = Path(__file__).with_name(f"{name}.py").read_text("utf-8")
    digest = hashlib.sha256(source.encode()).hexdigest()[:20]
    return generated_module(f"compactmodels_{name}_{digest}", lambda: source)


def stream(rng: np.random.Generator) -> NDArray[np.uint64]:
    """State (2,) of the kernels' random numbers, drawn from a Generator; never all 0."""
    state = rng.integers(1, 1 << 63, 2, dtype=np.uint64)
    return np.asarray(state, dtype=np.uint64)
