"""How much sooner a batch is done on several processes than on one, and that the fits are the same.

    python benchmarks/batch.py [FOLDER [MECHANISM [JOBS]]]

FOLDER holds measurements (default: the 41 shared Nb:SrTiO3 sweeps; synthetic ones where they are
absent).  One process and several take turns, the shorter time of each counts; the ratio is of one run
on one machine and needs as many idle cores as JOBS.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from compactmodels.data import Trace
from compactmodels.registry import conduction
from fitting import fit_iv_many

REPEATS = 2


def measured(folder: Path) -> list[str]:
    found = [*folder.rglob("*.csv"), *folder.rglob("*.dat")]
    return sorted(str(p) for p in found if "PWL" not in p.name)


def synthetic(count: int = 41) -> list[Trace]:
    part = conduction("thermionic_emission")
    v = np.linspace(0.02, 0.6, 400)
    rng = np.random.default_rng(0)
    out = []
    for _ in range(count):
        si = part.si({**part.defaults, "phi": rng.normal(0.7, 0.02), "n": rng.normal(1.4, 0.05)})
        i = part.function(v, 300.15, **si) * (1 + 0.02 * rng.standard_normal(v.size))
        out.append(Trace(None, v, i, 300.15))
    return out


def busy() -> float:
    """Seconds that this process and its children have computed."""
    own, theirs = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + theirs.ru_utime + theirs.ru_stime


def timed(sources: list[Any], mechanism: str, jobs: int) -> tuple[float, float, list[Any]]:
    begin, worked = time.perf_counter(), busy()
    found = fit_iv_many(sources, mechanism, jobs=jobs)
    return time.perf_counter() - begin, busy() - worked, found


def main() -> None:
    root = Path(os.environ.get("COMPACTMODELS_SHARED_DATA", "../shared/data"))
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else root / "nbsto_schottky"
    mechanism = sys.argv[2] if len(sys.argv) > 2 else "auto"
    jobs = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    sources: list[Any] = measured(folder) if folder.is_dir() else synthetic()
    fit_iv_many(sources[:1], mechanism)  # warm
    best = {1: float("inf"), jobs: float("inf")}
    work = dict(best)
    documents = {}
    for _ in range(REPEATS):
        for count in (1, jobs):
            seconds, computed, found = timed(sources, mechanism, count)
            best[count] = min(best[count], seconds)
            work[count] = min(work[count], computed)
            documents[count] = [r.to_json() for r in found]
    same = "the same" if documents[1] == documents[jobs] else "DIFFERENT"
    print(f"{len(sources)} sources, {len(documents[1])} branches, {mechanism}: {same} results")
    print(f"1 process: {best[1]:.2f} s; {jobs} processes: {best[jobs]:.2f} s, started cold")
    print(f"ratio: {best[1] / best[jobs]:.2f}   (load average {os.getloadavg()[0]:.1f})")
    print(
        f"computed: {work[1]:.2f} s and {work[jobs]:.2f} s: idle cores would give "
        f"{jobs * work[1] / work[jobs]:.2f}"
    )


if __name__ == "__main__":
    main()
