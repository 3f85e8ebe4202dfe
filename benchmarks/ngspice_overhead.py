"""What the child process costs: one small run through it, and through the bare library.

Both sides do the same work (load, run, bring the vectors back, forget), in turn, in one script;
the bare side is PySpice's own ``NgSpiceShared`` in this process, its callbacks as they come.

Run as ``python benchmarks/ngspice_overhead.py [RUNS]``.
"""

from __future__ import annotations

import logging
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from netlists import ngspice

DECKS = {
    "divider, .op": "t\nv1 in 0 2\nr1 in out 1k\nr2 out 0 3k\n.op\n.end\n",
    "RC, 1000-point .tran": (
        "t\nv1 in 0 1\nr1 in out 1k\nc1 out 0 1u ic=0\n.tran 1u 1m uic\n.end\n"
    ),
    "ladder of 1000, .op": "\n".join(
        [
            "t\nv1 n0 0 1\nr n1000 0 1",
            *(f"r{i} n{i} n{i + 1} 1" for i in range(1000)),
            ".op\n.end\n",
        ]
    ),
}


def bare_library() -> Callable[[str], Any]:
    """A run through PySpice in this process."""
    from PySpice.Spice.NgSpice.Shared import NgSpiceShared

    logging.getLogger("PySpice").setLevel(logging.CRITICAL)
    NgSpiceShared.LIBRARY_PATH = ngspice._library()
    simulator = NgSpiceShared.new_instance()

    def run(deck: str) -> Any:
        simulator.load_circuit(deck)
        simulator.run()
        plot = simulator.plot(None, simulator.last_plot)
        simulator.remove_circuit()
        simulator.destroy()
        return plot

    return run


def milliseconds(run: Callable[[str], Any], deck: str) -> float:
    """Wall time of one run."""
    start = time.perf_counter()
    run(deck)
    return 1e3 * (time.perf_counter() - start)


def main(runs: int) -> None:
    """Print the medians of both sides and the median of the paired differences."""
    start = time.perf_counter()
    print(ngspice.version().text, f"(child ready in {1e3 * (time.perf_counter() - start):.0f} ms)")
    bare = bare_library()
    print(f"{'deck':24}{'bare ms':>10}{'child ms':>10}{'extra ms':>10}{'ratio':>8}")
    for name, deck in DECKS.items():
        for run in (bare, ngspice.run) * 5:
            run(deck)
        pairs = [(milliseconds(bare, deck), milliseconds(ngspice.run, deck)) for _ in range(runs)]
        alone, child = (statistics.median(side) for side in zip(*pairs, strict=True))
        extra = statistics.median(b - a for a, b in pairs)
        print(f"{name:24}{alone:10.3f}{child:10.3f}{extra:10.3f}{child / alone:8.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
