"""The kernels as machine code, and the threads that share their work.

Threads instead of Numba's own parallel loops: they survive a fork, serve several callers at a time,
and need no further library.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from compactmodels.fast import generated_module

LEAST: Final = 40_000
"""Nodes: below, handing work to threads takes longer than doing it."""


_KERNELS: Final = re.compile(r"netlists\.solver\.(\w+)(?= import)")


@cache
def kernels(name: str = "gradients") -> ModuleType:
    """A file of kernels, from the cache folder (``COMPACTMODELS_CACHE``), where Numba keeps its results.

    What it imports from other such files comes from their copies there.

    Parameters
    ----------
    name : str
        Of the file beside this one.
    """
    source = Path(__file__).with_name(f"{name}.py").read_text("utf-8")
    source = _KERNELS.sub(lambda found: kernels(found[1]).__name__, source)
    digest = hashlib.sha256(source.encode()).hexdigest()[:20]
    return generated_module(f"compactmodels_solver_{name}_{digest}", lambda: source)


_MOST: ContextVar[int | None] = ContextVar("threads at most", default=None)


@contextmanager
def at_most(count: int) -> Iterator[None]:
    """No more threads than these in the block: where several processes share the cores."""
    token = _MOST.set(count)
    try:
        yield
    finally:
        _MOST.reset(token)


def threads() -> int:
    """How many share the work: the cores this process may use, or fewer by the usual variables."""
    most = _MOST.get()
    if most is not None:
        return most
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        count = os.cpu_count() or 1
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        given = os.environ.get(name, "")
        if given.isdigit() and int(given) > 0:
            count = min(count, int(given))
    return count


@cache
def _pool(process: int, count: int) -> ThreadPoolExecutor:
    # By process: threads do not survive a fork.
    return ThreadPoolExecutor(count, "crossbar")


def run(kernel: Callable[..., None], blocks: int, workers: int, *arguments: Any) -> None:
    """``kernel(first, last, *arguments)`` on all blocks, shared by ``workers`` threads."""
    workers = min(workers, blocks)
    if workers <= 1:
        kernel(0, blocks, *arguments)
        return
    cuts = [blocks * k // workers for k in range(workers + 1)]
    pool = _pool(os.getpid(), workers - 1)
    rest = [pool.submit(kernel, cuts[k], cuts[k + 1], *arguments) for k in range(1, workers)]
    kernel(0, cuts[1], *arguments)
    for one in rest:
        one.result()
