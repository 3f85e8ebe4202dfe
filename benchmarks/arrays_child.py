"""One engine on one array, in a process of its own; prints a line of JSON.

Run by arrays.py.  It needs NumPy and the engine only, so that badcrossbar may live in a Python of its
own.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np


def devices(n: int, low: float, high: float) -> np.ndarray:
    """Conductances, log-uniform between two resistances."""
    rng = np.random.default_rng(0)
    return 1.0 / np.exp(rng.uniform(np.log(low), np.log(high), (n, n)))


def inputs(n: int, vectors: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(0.0, 0.2, (vectors, n))


def resident() -> float:
    """MB that this process takes now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def forget_peak() -> None:
    """From here on the peak counts; where the system does not allow it, it counts from the start."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak() -> float:
    """MB at most."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def ours(g, v, r):
    from netlists import solve_crossbar

    return solve_crossbar(g, v, r, r)


def badcrossbar(g, v, r):
    import badcrossbar as engine

    found = engine.compute(v.T, 1.0 / g, r_i=r)
    return np.atleast_2d(found.currents.output)


def direct(g, v, r):
    """A sparse direct solver on all nodes (SuperLU)."""
    import scipy.sparse as sp
    from scipy.sparse.linalg import splu

    m, n = g.shape
    word = np.arange(m * n).reshape(m, n)
    bit = word + m * n
    s = 1.0 / r
    a = [word[:, :-1].ravel(), bit[:-1].ravel(), word.ravel()]
    b = [word[:, 1:].ravel(), bit[1:].ravel(), bit.ravel()]
    y = [np.full(a[0].size, s), np.full(a[1].size, s), g.ravel()]
    a, b, y = (np.concatenate(x) for x in (a, b, y))
    ends = np.concatenate([word[:, 0], bit[-1]])
    rows = np.concatenate([a, b, a, b, ends])
    cols = np.concatenate([a, b, b, a, ends])
    data = np.concatenate([y, y, -y, -y, np.full(ends.size, s)])
    matrix = sp.csc_array((data, (rows, cols)), shape=(2 * m * n,) * 2)
    factors = splu(matrix)
    known = np.zeros((2 * m * n, len(v)))
    known[word[:, 0]] = v.T * s
    x = factors.solve(known)
    x += factors.solve(known - matrix @ x)
    return x[bit[-1]].T * s


ENGINES = {"ours": ours, "badcrossbar": badcrossbar, "direct": direct}


def main() -> None:
    engine, n, vectors, low, high, r, repeats, out = sys.argv[1:]
    run = ENGINES[engine]
    # Imports, and for ours the machine code from the cache, are no part of the time or the memory.
    tiny = devices(8, 1e4, 1e6)
    first = time.perf_counter()
    run(tiny, inputs(8, 1), 1.0)
    first = time.perf_counter() - first
    base = resident()
    forget_peak()
    g, v = devices(int(n), float(low), float(high)), inputs(int(n), int(vectors))
    seconds = []
    for _ in range(int(repeats)):
        start, cpu = time.perf_counter(), time.process_time()
        currents = run(g, v, float(r))
        seconds.append((time.perf_counter() - start, time.process_time() - cpu))
    np.save(out, currents)
    wall, cpu = (min(x) for x in zip(*seconds))
    row = {"seconds": wall, "cpu": cpu, "peak": peak() - base, "base": base, "first": first}
    print(json.dumps({**row, "load": os.getloadavg()[0]}))


if __name__ == "__main__":
    main()
