"""Many points on any executor, kept one by one, so that a sweep that was killed goes on where it was."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

from compactmodels import __version__
from compactmodels.card import ModelCard
from compactmodels.errors import InputError
from compactmodels.workflows.studies.settings import Setting
from netlists.solver.compiled import at_most

Found = dict[str, float]


@dataclass(frozen=True, slots=True)
class Point:
    """A setting of a study and the key under which its result is kept."""

    study: str
    setting: Setting
    key: str


def point(study: str, card: ModelCard, setting: Setting) -> Point:
    """The point; its key changes with the study, the card, the setting and this package's version."""
    whole = [__version__, study, card.to_toml(), asdict(setting)]
    text = json.dumps(whole, sort_keys=True)
    return Point(study, setting, hashlib.sha256(text.encode()).hexdigest()[:24])


def sweep(
    points: Sequence[Point],
    card: ModelCard,
    *,
    executor: Executor | None = None,
    processes: int | None = None,
    store: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Found]:
    """Measure all points.

    Parameters
    ----------
    points : sequence of Point
    card : ModelCard
    executor : concurrent.futures.Executor, optional
        Any: Dask's ``Client.get_executor()``, ``mpi4py.futures.MPIPoolExecutor``, ...  Where the package
        is installed, nothing else has to be known there.  A pool of processes unless given.
    processes : int, optional
        Of that pool; as many as there are cores.  1 measures here, one after the other.
    store : Path, optional
        A file of one line a point.  What it holds is not measured again, and each point is written as
        soon as it is known: an interrupted sweep loses the points in flight, no others.
    progress : callable, optional
        Called with (points done, all).

    Returns
    -------
    list of dict
        In the order of the points; the same numbers on any executor.

    Raises
    ------
    CompactModelsError
        Of the first point that failed; those that are done are kept.
    """
    known = read_store(store) if store is not None else {}
    left = [p for p in dict.fromkeys(points) if p.key not in known]
    done = len(points) - len(left)
    if progress is not None:
        progress(done, len(points))

    def keep(p: Point, found: Found) -> None:
        nonlocal done
        known[p.key] = found
        if store is not None:
            _append(store, p, found)
        done += 1
        if progress is not None:
            progress(done, len(points))

    count = processes or _cores()
    if executor is not None:
        _through(executor, left, card, keep)
    elif min(count, len(left)) <= 1:
        for p in left:
            keep(p, measured(p, card))
    else:
        with _pool(min(count, len(left))) as pool:
            _through(pool, left, card, keep)
    return [known[p.key] for p in points]


def measured(p: Point, card: ModelCard) -> Found:
    """One point, wherever it runs."""
    from compactmodels.workflows.studies.catalogue import STUDIES

    with at_most(1):  # the cores are the executor's; and the same rounding everywhere
        found = STUDIES[p.study].measure(card, p.setting)
    return {k: float(v) for k, v in found.items()}


def _through(
    executor: Executor,
    points: Sequence[Point],
    card: ModelCard,
    keep: Callable[[Point, Found], None],
) -> None:
    """Submit all, keep what comes; a failure or Ctrl-C cancels what has not begun."""
    with _script_left_alone():
        running: dict[Future[Found], Point] = {
            executor.submit(measured, p, card): p for p in points
        }
    try:
        for future in as_completed(running):
            keep(running[future], future.result())
    except BaseException:
        for future in running:
            future.cancel()
        raise


def _pool(count: int) -> ProcessPoolExecutor:
    # Fresh processes: threads and locks are not inherited.
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))


@contextmanager
def _script_left_alone() -> Iterator[None]:
    """Processes that start in the block do not run the user's script again.

    A fresh process of Python's own pools imports the main script, which starts the sweep anew where it
    lacks the guard ``if __name__ == "__main__"``. Nothing that is submitted here is defined in it.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


# ---------------------------------------------------------------------------------- the store


def _append(store: Path, p: Point, found: Mapping[str, float]) -> None:
    """One line, on the disk when this returns."""
    line = json.dumps({"key": p.key, "found": found})
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        with store.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(
            f"cannot write '{store}': {error.strerror or error}", code="cannot_write"
        ) from error


def read_store(store: Path) -> dict[str, Found]:
    """What is kept; a last line that was cut off is dropped from the file.

    Raises
    ------
    InputError
        A file that is no store.
    """
    if not store.exists():
        return {}
    try:
        lines = store.read_text(encoding="utf-8").splitlines(keepends=True)
        rows = [json.loads(line) for line in lines if line.endswith("\n")]
        found = {str(row["key"]): dict(row["found"]) for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"'{store}' is no store of a study ({type(error).__name__}): remove it, or write elsewhere"
        ) from None
    if lines and not lines[-1].endswith("\n"):
        whole = "".join(lines[:-1])
        store.write_text(whole, encoding="utf-8")
    return found


__all__ = ["Found", "Point", "measured", "point", "read_store", "sweep"]
