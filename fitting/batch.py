"""Batches: many sources fitted on several cores, in order, whatever happens to one of them.

Each worker is a process of its own (not a fork: no threads or locks are inherited, and a script
needs no ``if __name__ == "__main__"``).  One that dies takes only its present source with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, Final, TypeVar

from compactmodels.data import Trace
from compactmodels.errors import CompactModelsError, InputError, JobError
from fitting.result import Refusal

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Called with the number of sources done, and of all."""

LAST_WORDS: Final = 300
"""Letters of a dead worker's stderr that its refusal quotes."""
_BROKEN: Final = (ArithmeticError, ValueError)
"""What numbers can provoke outside our own errors."""
_FAULTS: Final = (AssertionError, AttributeError, LookupError, RuntimeError, TypeError)
"""Faults of the program: listed as such, so that one source does not cost the others theirs."""


def run_batch(
    function: Callable[[Any], list[T | Refusal]],
    sources: Sequence[Any],
    *,
    jobs: int | None = 1,
    progress: Progress | None = None,
) -> list[T | Refusal]:
    """Apply a function to every source; the results in the order of the sources.

    Parameters
    ----------
    function : callable
        Of a module (it is sent to the workers by its name), or a ``partial`` of one: what it gives for
        one source, refusals included.
    sources : sequence
        Paths or traces.
    jobs : int or None
        Processes; 1 stays in this one, None takes as many as there are cores.  Never more than
        sources.
    progress : callable, optional

    Returns
    -------
    list
        A source that exhausts the memory, cannot be read, or ends its worker is one Refusal, code
        ``memory``, ``system``, ``bad_numbers``, ``fault`` or ``worker_died``.

    Raises
    ------
    InputError
        Code ``bad_option``: less than one job.
    JobError
        Code ``no_worker``: no process can be started.
    """
    if jobs is not None and jobs < 1:
        raise InputError(f"{jobs} jobs were asked for: 1 or more is expected", code="bad_option")
    count = min(jobs or cores(), len(sources))
    said = progress or _silent
    said(0, len(sources))
    safe = partial(_guarded, function)
    if count > 1:
        return _parallel(safe, sources, count, said)
    out: list[T | Refusal] = []
    for k, source in enumerate(sources, start=1):
        out.extend(safe(source))
        said(k, len(sources))
    return out


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def name_of(source: Any) -> str | None:
    """A source's file, as refusals show it."""
    if isinstance(source, Trace):
        found: str | None = source.meta.get("file")
        return found
    return str(os.fspath(source))


def _silent(done: int, total: int) -> None:
    return None


def _guarded(function: Callable[[Any], list[T | Refusal]], source: Any) -> list[T | Refusal]:
    """The function's results, or the refusal of what data can do to it."""
    try:
        return function(source)
    except CompactModelsError as error:
        return [Refusal(error.code, error.message, name_of(source), None, error)]
    except MemoryError:
        return [_lost(source, "memory", "there is not enough memory for this source: thin it out")]
    except OSError as error:
        return [_lost(source, "system", f"the system refused: {error.strerror or error}")]
    except _BROKEN as error:
        words = f"{type(error).__name__}: {error}"
        sentence = f"the fit broke down over its numbers ({words}): look at the data"
        return [_lost(source, "bad_numbers", sentence)]
    except _FAULTS as error:
        return [_lost(source, "fault", _confession(error))]


def _confession(error: BaseException) -> str:
    """A fault of the program as a sentence that can be passed on to its authors."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(last.filename)}, line {last.lineno}"
    return (
        f"a fault of the program, not of the data ({type(error).__name__}: {error}; {place}): please "
        "report it, with the file if you can"
    )


def _lost(source: Any, code: str, sentence: str) -> Refusal:
    name = name_of(source)
    where = "" if name is None else f"'{name}': "
    error = JobError(f"{where}{sentence}", code=code)
    return Refusal(code, error.message, name, None, error)


class _Worker:
    """A process that is sent one source after another."""

    def __init__(self) -> None:
        self.connection, theirs = Pipe()
        self.words = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        self.place: int | None = None
        self.ready = False
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "fitting.batch_worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.words,
                env=_environment(),
            )

    def epitaph(self) -> str:
        """How it ended, and its last words."""
        status = self.process.wait()
        how = f"signal {-status}" if status < 0 else f"status {status}"
        self.words.seek(0)
        lines = self.words.read().decode(errors="replace").strip().splitlines()
        return f"{how}: {lines[-1][:LAST_WORDS]}" if lines else how

    def end(self) -> None:
        """Close the line and see the process out."""
        self.connection.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.words.close()


def _environment() -> dict[str, str]:
    """The parent's, with its search path; one thread each: the cores are taken."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    path = os.pathsep.join(place or os.getcwd() for place in sys.path)
    return {**os.environ, **one, "PYTHONPATH": path}


def _parallel(
    function: Callable[[Any], list[T | Refusal]],
    sources: Sequence[Any],
    count: int,
    progress: Progress,
) -> list[T | Refusal]:
    """Hand out one source at a time: whoever is free takes the next."""
    found: dict[int, list[T | Refusal]] = {}
    waiting = list(range(len(sources)))[::-1]
    workers: list[_Worker] = []
    try:
        workers = [_Worker() for _ in range(count)]
        while len(found) < len(sources):
            lines: list[Connection[Any, Any]] = [w.connection for w in workers]
            for line in wait(lines):
                worker = next(w for w in workers if w.connection is line)
                if not _listen(worker, found, sources):
                    workers.remove(worker)
                    worker.end()
                    if len(waiting) + sum(w.place is not None for w in workers) > len(workers):
                        workers.append(_Worker())
                elif waiting:
                    worker.place = waiting.pop()
                    _send(worker, (function, sources[worker.place]))
                progress(len(found), len(sources))
    finally:  # also after Ctrl-C: nothing of ours runs on
        for worker in workers:
            worker.end()
    return [result for k in range(len(sources)) for result in found[k]]


def _listen(worker: _Worker, found: dict[int, Any], sources: Sequence[Any]) -> bool:
    """Take what a worker says; False if it is gone, its source then being refused.

    Raises
    ------
    JobError
        It died before it was ready: so would the next one.
    """
    try:
        answer = worker.connection.recv()
    except (EOFError, OSError):
        how = worker.epitaph()
        if not worker.ready:
            raise JobError(
                f"no process for the batch can be started ({how}): use --jobs 1", code="no_worker"
            ) from None
        if worker.place is not None:
            sentence = f"its process died ({how}); the other sources were not affected"
            found[worker.place] = [_lost(sources[worker.place], "worker_died", sentence)]
        return False
    if worker.ready and worker.place is not None:
        found[worker.place] = answer
        worker.place = None
    worker.ready = True
    return True


def _send(worker: _Worker, job: Any) -> None:
    """Hand out a job; a worker that died meanwhile is found out when it is listened to."""
    try:
        worker.connection.send(job)
    except (BrokenPipeError, ConnectionResetError):
        return
