"""The child process that holds libngspice, driven through PySpice's ``NgSpiceShared``.

Started by :mod:`netlists.ngspice` as a script, never imported by the toolkit: it is the one place
where PySpice is loaded, and the one place that a bad deck can bring down.  It imports nothing of
the toolkit, so that it starts quickly.

Frames, in both directions: two little-endian 64-bit lengths, a JSON head, raw bytes.
"""

from __future__ import annotations

import json
import os
import re
import signal
import struct
import sys
import tempfile
import threading
import time
from typing import Any, BinaryIO

FRAME = struct.Struct("<QQ")
KEPT_LINES = 400  # of ngspice's words per job; a deck in trouble can print millions

PAUSE = 0.2  # seconds between words on how far an analysis is

# Prints neither the node table nor the progress of a transient, each line of which would cost a
# call into Python.  ngspice keeps both settings for the life of the process.
PROBE = "probe\nr1 a 0 1\nv1 a 0 1\n.options klu noinit norefvalue\n.op\n.end\n"


def send(pipe: BinaryIO, head: dict[str, Any], buffers: list[Any] | None = None) -> None:
    """Write one frame."""
    buffers = buffers or []
    text = json.dumps(head).encode()
    pipe.write(FRAME.pack(len(text), sum(map(len, buffers))) + text)
    for buffer in buffers:
        pipe.write(buffer)
    pipe.flush()


def receive(pipe: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read one frame; None once the parent has closed the pipe."""
    lengths = pipe.read(FRAME.size)
    if len(lengths) < FRAME.size:
        return None
    head, payload = FRAME.unpack(lengths)
    return json.loads(pipe.read(head)), pipe.read(payload)


def make_simulator(library: str) -> Any:
    """The one ``NgSpiceShared`` of this process: a second would redeclare its C types."""
    from PySpice.Spice.NgSpice.Shared import NgSpiceShared, ffi

    class Simulator(NgSpiceShared):
        """PySpice's simulator, with callbacks that listen instead of judging.

        PySpice's own take every line on stderr but a "Warning:" for a failure, and a load's words
        are lost.
        """

        detached = False
        libraries: set[str] = set()
        listener: BinaryIO | None = None
        heard = 0.0

        @staticmethod
        def _send_char(message: Any, _id: int, user_data: Any) -> int:
            stream, _, line = ffi.string(message).decode(errors="replace").partition(" ")
            simulator = ffi.from_handle(user_data)
            lines = simulator._stderr if stream == "stderr" else simulator._stdout
            lines.append(line)
            if len(lines) > 2 * KEPT_LINES:  # keep the first words and the last
                del lines[KEPT_LINES // 2 : -KEPT_LINES // 2]
            return 0

        @staticmethod
        def _exit(status: int, _now: bool, _quit: bool, _id: int, user_data: Any) -> int:
            ffi.from_handle(user_data).detached = True
            return int(status)

        # PySpice's versions decode or return None, which cffi reports on stderr each time.
        @staticmethod
        def _send_stat(message: Any, _id: int, user_data: Any) -> int:
            ffi.from_handle(user_data).stand(ffi.string(message).decode(errors="replace"))
            return 0

        @staticmethod
        def _send_init_data(*_: Any) -> int:
            return 0

        @staticmethod
        def _background_thread_running(*_: Any) -> int:
            return 0

        def stand(self, words: str) -> None:
            """Pass on how far an analysis is, if somebody listens and not more often than is seen."""
            found = re.search(r"([\d.]+) ?%", words)
            if self.listener is None or found is None or time.monotonic() < self.heard + PAUSE:
                return
            self.heard = time.monotonic()
            send(self.listener, {"share": min(float(found[1]) / 100.0, 1.0)})

        def words(self) -> list[str]:
            """What ngspice said on stderr, and errors that it put on stdout."""
            # (a compiled device's words stand behind its name)
            loud = [
                line
                for line in self._stdout
                if re.match(r"(OSDI[^:]*:)?\W*(fatal )?error", line, re.I)
            ]
            return list(dict.fromkeys(self._stderr + loud))

        def attempt(self, step: Any, *arguments: Any) -> list[str]:
            """ngspice's words during ``step``, its refusal included."""
            try:
                step(*arguments)
            except NameError as refusal:  # PySpice raises it for a non-zero status
                return [*self.words(), str(refusal)]
            return self.words()

        def listing(self) -> list[str]:
            """The dot cards of the loaded circuit, includes and parameters expanded."""
            self.exec_command("listing e")
            numbered = (line.partition(":")[2].strip() for line in self._stdout)
            return [line for line in numbered if line.startswith(".")]

        def plots(self) -> tuple[list[Any], list[Any]]:
            """Every plot in the order of its birth, and views of the vectors' memory."""
            library, plots, buffers = self._ngspice_shared, [], []
            for plot in reversed(self.plot_names):
                if plot == "const":
                    continue
                vectors = []
                for name in self._convert_string_array(library.ngSpice_AllVecs(plot.encode())):
                    info = library.ngGet_Vec_Info(f"{plot}.{name}".encode())
                    if not info or not info.v_length:
                        continue
                    is_complex = info.v_compdata != ffi.NULL
                    data = info.v_compdata if is_complex else info.v_realdata
                    buffers.append(ffi.buffer(data, info.v_length * (16 if is_complex else 8)))
                    vectors.append((name, is_complex, info.v_length))
                plots.append((plot, vectors))
            return plots, buffers

        def load_library(self, path: str) -> list[str]:
            """Load a compiled device, once in the life of the process; ngspice's words if it fails.

            Through a link of a plain name: ngspice's command splits and expands a path's text.
            """
            if path in self.libraries:
                return []
            here = os.getcwd()
            with tempfile.TemporaryDirectory() as folder:
                plain = f"compactmodels-{os.getpid()}-{len(self.libraries)}.osdi"
                os.symlink(path, os.path.join(folder, plain))
                os.chdir(folder)
                try:
                    words = self.attempt(self.exec_command, f"osdi {plain}")
                finally:
                    os.chdir(here)
            words = [line.replace(plain, path) for line in words]
            if not words:
                self.libraries.add(path)
            return words

        def forget(self) -> None:
            """Leave nothing to the next deck: 25 KB a run would stay otherwise."""
            for command in ("remcirc", "destroy all"):
                self.attempt(self.exec_command, command)

    Simulator.LIBRARY_PATH = library
    return Simulator.new_instance()


def introduce(simulator: Any) -> dict[str, Any]:
    """What runs here, found out by asking the library."""
    text = simulator.exec_command("version -f")
    # Two threads, its default, only wait for one another over one device: a transient takes twice as long.
    simulator.exec_command("set num_threads=1")
    simulator.load_circuit(PROBE)
    simulator.exec_command("run")
    klu = any("Using KLU" in line for line in simulator._stdout)
    simulator.forget()
    osdi = simulator.attempt(simulator.exec_command, "osdi")
    base = type(simulator).__mro__[1]
    return {
        "version": text,
        "klu": klu,
        "osdi": not any("no such command" in line for line in osdi),
        "class": f"{base.__module__}.{base.__qualname__}",
    }


def simulate(simulator: Any, job: dict[str, Any], deck: str, replies: BinaryIO) -> None:
    """Run one deck, in a compatibility mode if one is named, and answer with its plots and ngspice's words."""
    head: dict[str, Any] = {"load": [], "run": [], "plots": [], "cards": []}
    buffers: list[Any] = []
    if mode := job["mode"]:
        simulator.exec_command(f"set ngbehavior={mode}")
    for path in job["osdi"]:
        head["load"] += simulator.load_library(path)
    ready = not head["load"]
    if ready:
        head["load"] = simulator.attempt(simulator.load_circuit, deck)
    if ready and not simulator.detached:
        if job["expand"]:
            head["cards"] = simulator.listing()
        simulator.listener = replies if job["progress"] else None
        head["run"] = simulator.attempt(simulator.exec_command, "run")
        simulator.listener = None
    if ready and not simulator.detached:
        head["plots"], buffers = simulator.plots()
    head["detached"] = simulator.detached
    send(replies, head, buffers)


def follow(parent: int) -> None:
    """End this process once its parent is gone, even in the middle of a simulation.

    Not PR_SET_PDEATHSIG: that fires when the *thread* that started the worker ends.
    """
    while os.getppid() == parent:
        time.sleep(0.3)
    os._exit(1)


def main(library: str, parent: str) -> int:
    """Serve decks until the parent closes the pipe or the library has had enough."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=follow, args=(int(parent),), daemon=True).start()
    jobs, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what C code prints by itself must not get among the frames
    try:
        simulator = make_simulator(library)
    except (ImportError, OSError) as missing:
        send(replies, {"missing": str(missing)})
        return 1
    send(replies, introduce(simulator))
    while (job := receive(jobs)) is not None:
        head, deck = job
        os.chdir(head["cwd"])  # relative includes mean the parent's folder of now
        simulate(simulator, head, deck.decode(), replies)
        if simulator.detached:
            break
        simulator.forget()
    return 0


if __name__ == "__main__":
    sys.stdout.flush()
    status = main(*sys.argv[1:])
    os._exit(status)  # the library's own clean-up at exit is not needed and not always safe
