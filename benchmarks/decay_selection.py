"""Which decay law ``fit decay --law auto`` selects on synthetic records of known law.

    python benchmarks/decay_selection.py [records a law, default 400] [--narrow]

``--narrow``: records that lack what is characteristic of their law, to show where it stops.
Records come from the oracle of the tests (40 digits) with 2 % of the reading and 0.1 % of the first
reading as noise; the windows are printed.  Rows are the truth, columns what was selected, in per cent.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compactmodels.data import Trace
from compactmodels.errors import FitRefused
from fitting import fit_decay
from tests.fitting.decay_truths import FLOOR, NARROW, POINTS, RELATIVE, WINDOW, draw


def confusion(name: str, count: int, narrow: bool) -> tuple[Counter[str], int, Counter[str]]:
    """What was selected, how often the truth kept 5 % of the weight, and how often 95 % intervals held."""
    selected: Counter[str] = Counter()
    held: Counter[str] = Counter()
    kept = 0
    for seed in range(count):
        sample = draw(name, seed, narrow=narrow)
        try:
            result = fit_decay(Trace(sample.t, None, sample.y))
        except FitRefused as error:
            selected[f"[{error.code}]"] += 1
            continue
        selected[result.selected] += 1
        kept += result.weights.get(name, 0.0) >= 0.05
        if result.selected == name:
            for parameter, true in sample.truth.items():
                low, high = result.parameters[parameter].interval
                held[parameter] += low <= true <= high
    return selected, kept, held


def main() -> None:
    narrow = "--narrow" in sys.argv
    numbers = [word for word in sys.argv[1:] if word.isdigit()]
    count = int(numbers[0]) if numbers else 400
    print(
        f"{count} records a law, {POINTS} points, evenly in log time; {RELATIVE:.0%} of the reading "
    )
    print(f"and {FLOOR:.1%} of the first reading as noise")
    for name, window in (NARROW if narrow else WINDOW).items():
        begun = time.perf_counter()
        selected, kept, held = confusion(name, count, narrow)
        seconds = (time.perf_counter() - begun) / count
        print(f"\n{name}: {window}")
        print(
            "  selected: "
            + ", ".join(f"{n} {100 * k / count:.1f} %" for n, k in selected.most_common())
        )
        print(
            f"  the truth has 5 % of the weight in {100 * kept / count:.1f} %; {seconds:.2f} s a record"
        )
        right = max(selected[name], 1)
        print(
            "  95 % intervals hold: " + ", ".join(f"{n} {k / right:.3f}" for n, k in held.items())
        )


if __name__ == "__main__":
    main()
