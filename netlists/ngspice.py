"""Run netlists in ngspice, through PySpice's shared-library route, in a process of its own.

The library lives in a persistent child (:mod:`netlists.ngspice_worker`), because an undefined
parameter or an unknown function can end it for good; there, and only there, PySpice is imported.
A deck that kills or hangs the child costs one error and a restart.
"""

from __future__ import annotations

import atexit
import ctypes.util
import functools
import importlib.util
import json
import os
import re
import select
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compactmodels.errors import InputError, SimulationError, ToolMissing
from compactmodels.names import comment
from netlists import ngspice_results as results
from netlists.ngspice_results import Plot, UnknownVector

__all__ = [
    "Features",
    "Plot",
    "UnknownVector",
    "Version",
    "available",
    "features",
    "run",
    "version",
]

Progress = Callable[[float], None]

_FRAME = struct.Struct("<QQ")  # as in the worker
_START_TIMEOUT = 60.0
_LONGEST_WAIT = 2e6  # seconds: poll counts milliseconds in an int
_JUST_KILLED = 0.1
"""Seconds: a worker killed so soon after a job was sent had been killed before."""
_INSTALL = "install it with 'apt-get install ngspice libngspice0' or 'make ngspice'"

# Kept by ngspice for the life of the process, so that they would reach the next deck.
_STICKY_OPTION = re.compile(r"^[ \t]*(\.option|\+).*\b(interp|seed|rndseed)\b", re.I | re.M)
_NEEDS_LISTING = re.compile(r"^[ \t]*\.(inc|lib|tran\b.*[{']|tran\b.*\n\+)", re.I | re.M)


@dataclass(frozen=True, slots=True)
class Version:
    """ngspice's major version and its own banner."""

    major: int
    text: str


@dataclass(frozen=True, slots=True)
class Features:
    """What the installed ngspice can do, asked of the library itself."""

    version: Version
    klu: bool
    osdi: bool


class _Died(Exception):
    """The worker is gone; the text says how."""


class _Worker:
    """One child process and the frames exchanged with it."""

    def __init__(self) -> None:
        self.libraries: dict[str, tuple[int, ...]] = {}
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        script = Path(__file__).with_name("ngspice_worker.py")
        self.process = subprocess.Popen(
            # -P: the folder of the script must not shadow what PySpice imports.
            [sys.executable, "-P", str(script), _library(), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            bufsize=0,
            # Threads that spin while they wait cost OSDI models a factor of 30.
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self._in, self._out = self.process.stdin.fileno(), self.process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        try:
            self.facts, _ = self._receive(time.monotonic() + _START_TIMEOUT)
        except BaseException:
            self.kill()
            raise
        if "missing" in self.facts:
            self.kill()
            raise ToolMissing(
                f"ngspice's library cannot be used ({self.facts['missing']}): {_INSTALL}"
            )

    def collides(self, libraries: Mapping[str, tuple[int, ...]]) -> bool:
        """Whether a library was loaded that has changed, or another of the same name."""
        names = {os.path.basename(path): path for path in self.libraries}
        return any(
            self.libraries.get(path, stamp) != stamp
            or names.get(os.path.basename(path), path) != path
            for path, stamp in libraries.items()
        )

    def ask(
        self, head: dict[str, Any], payload: bytes, timeout: float, progress: Progress | None = None
    ) -> tuple[Any, memoryview]:
        """Send a job and wait for its answer; whatever interrupts that ends the worker."""
        deadline = time.monotonic() + timeout
        try:
            text = json.dumps(head).encode()
            self._send(_FRAME.pack(len(text), len(payload)) + text + payload)
            while "share" in (answer := self._receive(deadline))[0]:
                if progress is not None:
                    progress(answer[0]["share"])
            return answer
        except BaseException:  # KeyboardInterrupt too: nobody would wait for the answer
            self.kill()
            raise

    def _send(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._in, rest) :]
        except BrokenPipeError:
            raise _Died(self._epitaph()) from None

    def _receive(self, deadline: float) -> tuple[Any, memoryview]:
        head, payload = _FRAME.unpack(self._read(_FRAME.size, deadline))
        return json.loads(bytes(self._read(head, deadline))), self._read(payload, deadline)

    def _read(self, size: int, deadline: float) -> memoryview:
        data = memoryview(bytearray(size))
        done = 0
        while done < size:
            left = min(max(0.0, deadline - time.monotonic()), _LONGEST_WAIT)
            if not self._poll.poll(left * 1000):
                raise TimeoutError
            if not (count := os.readv(self._out, [data[done:]])):
                raise _Died(self._epitaph())
            done += count
        return data

    def _epitaph(self) -> str:
        status = self.process.wait()
        how = f"signal {-status}" if status < 0 else f"status {status}"
        self._words.seek(0)
        last = self._words.read()[-500:].decode(errors="replace").split("\n")[-4:]
        return " ".join([f"ended with {how}.", *filter(None, last)])

    def kill(self) -> None:
        """End the process, if it has not ended, and leave no zombie."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self._words):
            if stream is not None:
                stream.close()


_lock = threading.RLock()
_worker: _Worker | None = None


def _forget_worker() -> None:
    """In a forked child: the worker, its pipes and the lock belong to the parent."""
    global _worker, _lock
    _worker, _lock = None, threading.RLock()


os.register_at_fork(after_in_child=_forget_worker)


def _ready_worker() -> _Worker:
    global _worker
    if _worker is not None and _worker.process.poll() is not None:
        _stop_worker()
    if _worker is None:
        try:
            _worker = _Worker()
        except (_Died, TimeoutError) as error:
            raise SimulationError(
                f"ngspice's library does not start: {error}", code="simulator_died"
            ) from None
    return _worker


@atexit.register
def _stop_worker() -> None:
    global _worker
    if _worker is not None:
        _worker.kill()
        _worker = None


@functools.cache
def _library() -> str:
    """Path of libngspice: the environment's, else the system's.

    PySpice by itself asks for ``libngspice.so``, which only a development package has.
    """
    if importlib.util.find_spec("PySpice") is None:
        raise ToolMissing("PySpice is not installed: 'pip install PySpice==1.5'")
    path = os.environ.get("NGSPICE_LIBRARY_PATH") or ctypes.util.find_library("ngspice")
    if path is None:
        raise ToolMissing(f"libngspice is not installed: {_INSTALL}")
    return path


@functools.cache
def features() -> Features:
    """What the installed ngspice can do; detected once per process.

    Raises
    ------
    ToolMissing
        PySpice or libngspice is not installed; the sentence says how to.
    """
    with _lock:
        facts = _ready_worker().facts
    banner = [line.strip("* ") for line in facts["version"].splitlines()]
    text = next((line for line in banner if line.startswith("ngspice-")), "")
    match = re.match(r"ngspice-(\d+)", text)
    if match is None:
        raise ToolMissing(f"libngspice does not tell its version: {_INSTALL}")
    return Features(Version(int(match[1]), text), klu=facts["klu"], osdi=facts["osdi"])


def version() -> Version:
    """Version of the installed ngspice."""
    return features().version


def available() -> bool:
    """Whether decks can be run here."""
    try:
        features()
    except ToolMissing:
        return False
    return True


def run(
    deck: str,
    *,
    timeout: float = 600.0,
    title: str | None = None,
    keep: Path | None = None,
    mode: str = "",
    osdi: Sequence[Path] = (),
    progress: Progress | None = None,
) -> tuple[Plot, ...]:
    """Run all analyses of a deck.

    Parameters
    ----------
    deck : str
        A whole netlist; its first line is the title.
    timeout : float
        Seconds of wall time.
    title : str, optional
        Names the job in an error and the kept deck; the deck's first line by default.
    keep : pathlib.Path, optional
        Folder for the deck, should it fail; a temporary one by default.
    mode : str
        ngspice's compatibility mode (its variable ``ngbehavior``) for this deck; none by default.
    osdi : sequence of pathlib.Path
        Compiled device libraries that the deck needs (:mod:`netlists.osdi`).
    progress : callable, optional
        Called now and then with the share of a sweep or transient that is done, 0 to 1.

    Returns
    -------
    tuple of Plot
        In the order of the deck's cards, whatever order ngspice took; a noise analysis gives two
        (spectrum, then totals).

    Raises
    ------
    SimulationError
        With ngspice's own words, the file that the deck was kept in, and a ``code``:
        ``netlist_rejected``, ``no_convergence``, ``timeout`` or ``simulator_died``.
    InputError
        A library that is not there.
    ToolMissing
        PySpice or libngspice is not installed, or the deck needs a library and ngspice loads none.
    """
    libraries = _libraries(osdi)
    first, _, rest = deck.partition("\n")
    title = comment(title or first) or "untitled"

    def failure(code: str, words: str) -> SimulationError:
        path = _keep(deck, title, keep)
        return SimulationError(f"ngspice, deck '{title}': {words} (deck kept in {path})", code=code)

    if re.search(r"^\s*\.control\b", deck, re.I | re.M):
        raise failure("netlist_rejected", "a .control block runs commands, use analysis cards")
    text = f"{first.strip() or title}\n{rest}"
    if not re.search(r"^\s*\.end\s*$", rest, re.I | re.M):
        text += "\n.end\n"  # without it ngspice loads nothing and says nothing
    expand = bool(_NEEDS_LISTING.search(rest))
    job = {"expand": expand, "cwd": os.getcwd(), "mode": mode, "osdi": [*libraries]}
    job["progress"] = progress is not None
    with _lock:
        if _worker is not None and _worker.collides(libraries):
            _stop_worker()
        try:
            head, payload = _ask(job, text.encode(), timeout, progress)
        except TimeoutError:
            raise failure("timeout", f"no result within {timeout:g} s") from None
        except _Died as death:
            raise failure("simulator_died", f"the simulator's process {death}") from None
        if _worker is not None:
            _worker.libraries |= libraries
        cards = results.cards("\n".join(head["cards"]) if job["expand"] else rest)
        numbers = np.frombuffer(payload)
        plots = results.in_deck_order(results.plots(head["plots"], numbers), cards)
        verdict = results.verdict(head["load"], head["run"], plots, cards)
        if verdict is None and not np.isfinite(numbers).all():
            verdict = "no_convergence", results.not_finite(plots)
        rejected = verdict is not None and verdict[0] == "netlist_rejected"
        if head["detached"] or rejected or mode or _STICKY_OPTION.search(rest):
            # The library may be unusable, or remember this deck: the next one gets a new process.
            _stop_worker()
    if verdict is not None:
        raise failure(*verdict)
    return tuple(plots)


def _libraries(paths: Sequence[Path]) -> dict[str, tuple[int, ...]]:
    """Absolute paths, each with what changes when the file does.

    A library stays loaded for the life of the worker, under its path and its device types' names.
    """
    found: dict[str, tuple[int, ...]] = {}
    for path in paths:
        try:
            facts = Path(path).stat()
        except OSError:
            raise InputError(f"the OSDI library '{path}' is not there: name one that is") from None
        stamp = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
        found[str(Path(path).absolute())] = stamp
    if found and not features().osdi:
        raise ToolMissing(
            f"ngspice {version().major} loads no compiled models (OSDI): 'make ngspice46' installs "
            "one that does"
        )
    return found


def _ask(
    job: dict[str, Any], payload: bytes, timeout: float, progress: Progress | None
) -> tuple[Any, memoryview]:
    """Hand the job to the worker; once more if the worker had been killed while it was idle.

    A process with threads is not seen to have ended until the last thread has, so a worker may
    look alive for some milliseconds after somebody killed it.
    """
    sent = time.monotonic()
    try:
        return _ready_worker().ask(job, payload, timeout, progress)
    except _Died as death:
        if "signal 9" not in str(death) or time.monotonic() - sent > _JUST_KILLED:
            raise
        return _ready_worker().ask(job, payload, timeout, progress)


def _keep(deck: str, title: str, folder: Path | None) -> Path:
    """Write a failing deck for the user to look at; complete or not at all."""
    folder = Path(tempfile.mkdtemp(prefix="ngspice-")) if folder is None else Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or "deck"
    path = folder / f"{stem}.cir"
    descriptor, beside = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(deck)
    os.replace(beside, path)
    return path
