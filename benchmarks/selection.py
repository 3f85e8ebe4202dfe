"""Which mechanism does `auto` find?  A confusion matrix on synthetic sweeps of known mechanism.

    python benchmarks/selection.py [--traces 400] [--first 0] [--jobs 2] [mechanism ...]

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
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compactmodels.data import Trace
from compactmodels.errors import CompactModelsError
from fitting import fit_iv
from tests.fitting import truths

LEAST_WEIGHT = 0.05
EDGES = (0.0, 0.5, 0.7, 0.9, 0.99, 1.001)
"""Of the winner's weight, to see whether weights are probabilities."""


Row = tuple[str, str, float, float, int, float]


def one(task: tuple[str, int]) -> Row:
    """(truth, what was selected, weight of the truth, seconds, seed, weight of what was selected)."""
    name, seed = task
    sample = truths.draw(name, seed)
    known = dict(sample.known)
    trace = Trace(None, sample.voltage, sample.current, known.pop("temperature"))
    start = time.perf_counter()
    try:
        result = fit_iv(trace, **known)
        own, best = (result.weights.get(n, 0.0) for n in (name, result.selected))
        return name, result.selected, own, time.perf_counter() - start, seed, best
    except CompactModelsError as error:
        return name, f"refused: {error.code}", 0.0, time.perf_counter() - start, seed, 0.0


def study(names: list[str], traces: int, jobs: int, first: int) -> list[Row]:
    tasks = [(name, seed) for name in names for seed in range(first, first + traces)]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(one, tasks, chunksize=10))


def matrix(rows: list[Row], names: list[str]) -> list[list[str]]:
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


def calibration(rows: list[Row]) -> list[list[str]]:
    """Of the sweeps whose winner has a weight in a range: how many, the mean weight, how many are right."""
    out = [["weight of the winner", "sweeps", "mean weight", "right"]]
    for low, high in pairwise(EDGES):
        inside = [r for r in rows if low <= r[5] < high and not r[1].startswith("refused")]
        if inside:
            mean = sum(r[5] for r in inside) / len(inside)
            right = sum(r[0] == r[1] for r in inside) / len(inside)
            span = f"{low:g} to {min(high, 1):g}"
            out.append([span, str(len(inside)), f"{mean:.3f}", f"{right:.3f}"])
    return out


def show(table: list[list[str]]) -> None:
    print("| " + " | ".join(table[0]) + " |")
    print("|" + "---|" * len(table[0]))
    for line in table[1:]:
        print("| " + " | ".join(line) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=int, default=400)
    parser.add_argument("--first", type=int, default=0, help="seed of the first sweep")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("names", nargs="*", default=list(truths.DRAWS))
    arguments = parser.parse_args()
    rows = study(arguments.names, arguments.traces, arguments.jobs, arguments.first)
    table = matrix(rows, arguments.names)
    print(
        f"{arguments.traces} sweeps a mechanism, {truths.POINTS} points, "
        f"{100 * truths.RELATIVE:g} % of the reading and {truths.FLOOR:g} A of noise; "
        "per cent selected (row: truth)\n"
    )
    show(table)
    wrong = [r for r in rows if r[0] != r[1]]
    kept = sum(r[2] >= LEAST_WEIGHT for r in wrong)
    print(f"\nwrong in {len(wrong)} of {len(rows)}; the truth keeps 5 % of the weight in {kept}")
    for name, selected, own, _, seed, best in wrong:
        print(f"  {name} {seed}: {selected} ({best:.3f}), the truth {own:.2g}")
    print()
    show(calibration(rows))
    seconds = sorted(r[3] for r in rows)
    print(f"median {seconds[len(seconds) // 2]:.2f} s a sweep")


if __name__ == "__main__":
    main()
