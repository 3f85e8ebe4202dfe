"""Which mechanism does `auto` find?  A confusion matrix on synthetic sweeps of known mechanism.

    python benchmarks/selection.py [--traces 400] [--jobs 2] [--markdown]

The sweeps come from the tests' oracle (the published equations at 40 digits), see
``tests/fitting/truths.py`` for devices, voltage ranges and noise; the fit is told the geometry and the
temperature, never the mechanism.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compactmodels.data import Trace
from compactmodels.errors import CompactModelsError
from fitting import fit_iv
from tests.fitting import truths

LEAST_WEIGHT = 0.05


def one(task: tuple[str, int]) -> tuple[str, str, float, float]:
    """(truth, what was selected, weight of the truth, seconds)."""
    name, seed = task
    sample = truths.draw(name, seed)
    known = dict(sample.known)
    trace = Trace(None, sample.voltage, sample.current, known.pop("temperature"))
    start = time.perf_counter()
    try:
        result = fit_iv(trace, **known)
        return name, result.selected, result.weights.get(name, 0.0), time.perf_counter() - start
    except CompactModelsError as error:
        return name, f"refused: {error.code}", 0.0, time.perf_counter() - start


def study(names: list[str], traces: int, jobs: int) -> list[tuple[str, str, float, float]]:
    tasks = [(name, seed) for name in names for seed in range(traces)]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(one, tasks, chunksize=10))


def matrix(rows: list[tuple[str, str, float, float]], names: list[str]) -> list[list[str]]:
    """Per cent of the traces, and of those whose truth keeps its weight."""
    columns = [*names, *sorted({r[1] for r in rows} - set(names))]
    out = [["truth", *columns, "truth right or >= 5 % of the weight"]]
    for name in names:
        own = [r for r in rows if r[0] == name]
        counts = Counter(r[1] for r in own)
        kept = sum(r[1] == name or r[2] >= LEAST_WEIGHT for r in own)
        share = [f"{100 * counts[c] / len(own):.1f}" if counts[c] else "" for c in columns]
        out.append([name, *share, f"{100 * kept / len(own):.1f}"])
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=int, default=400)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("names", nargs="*", default=list(truths.DRAWS))
    arguments = parser.parse_args()
    rows = study(arguments.names, arguments.traces, arguments.jobs)
    table = matrix(rows, arguments.names)
    print(
        f"{arguments.traces} sweeps a mechanism, {truths.POINTS} points, "
        f"{100 * truths.RELATIVE:g} % of the reading and {truths.FLOOR:g} A of noise; "
        "per cent selected (row: truth)\n"
    )
    print("| " + " | ".join(table[0]) + " |")
    print("|" + "---|" * len(table[0]))
    for line in table[1:]:
        print("| " + " | ".join(line) + " |")
    wrong = [r for r in rows if r[0] != r[1]]
    kept = sum(r[2] >= LEAST_WEIGHT for r in wrong)
    print(f"\nwrong in {len(wrong)} of {len(rows)}; the truth keeps 5 % of the weight in {kept}")
    seconds = sorted(r[3] for r in rows)
    print(f"median {seconds[len(seconds) // 2]:.2f} s a sweep")


if __name__ == "__main__":
    main()
