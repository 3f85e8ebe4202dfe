"""Seconds of `fit_iv` on a sweep of some 600 points, warm (lmfit imported, caches filled).

    python benchmarks/fit_iv.py [FILE [BRANCH]]

Without a file: a synthetic diode behind a resistor, 601 points to 1 V, 1 % noise.
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np

from compactmodels.data import Trace
from compactmodels.registry import conduction
from fitting import fit_iv
from fitting.branches import split
from fitting.readers import read

REPEATS = 15


def synthetic() -> Trace:
    """V = Vj + R I(Vj), built from the junction's side so that nothing has to be solved."""
    part = conduction("thermionic_emission")
    si = part.si({**part.defaults, "phi": 0.7, "n": 1.5, "area": 3e-10})
    junction = np.linspace(0.0, 0.85, 4000)
    current = part.function(junction, 300.15, **si)
    voltage = np.linspace(0.0, 1.0, 601)
    i = np.interp(voltage, junction + 60.0 * current, current)
    i *= 1 + 0.01 * np.random.default_rng(0).standard_normal(i.size)
    return Trace(None, voltage, i, 300.15)


def seconds(trace: Trace, mechanism: str) -> float:
    """Median of the repeats, after one that warms up."""
    times = []
    for _ in range(REPEATS + 1):
        begin = time.perf_counter()
        fit_iv(trace, mechanism, area=3e-10)
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])


def main() -> None:
    if len(sys.argv) > 1:
        whole = read(sys.argv[1]).traces[0]
        trace = split(whole).traces[int(sys.argv[2]) - 1 if len(sys.argv) > 2 else 0]
    else:
        trace = synthetic()
    for mechanism in ("thermionic_emission", "auto"):
        print(
            f"{mechanism}: {seconds(trace, mechanism):.3f} s for {len(trace)} points (median of {REPEATS})"
        )


if __name__ == "__main__":
    main()
