"""Calibration on the compiled and on the reference integrator: seconds and answers, in one process.

    python -P benchmarks/calibration.py

The compiled integrator is warm: its machine code is loaded before the clock starts.
"""

from __future__ import annotations

import time
from pathlib import Path

from compactmodels import load_card
from compactmodels.observables_runs import ENGINES, run_targets
from compactmodels.observables_targets import load_targets
from fitting.calibrate import calibrate

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "targets"


def main() -> None:
    for name in ("otj-ltp", "otj-set"):
        card = load_card("otj")
        targets = load_targets(EXAMPLES / f"{name}.toml", card)
        run_targets(card, targets.targets, ENGINES["compiled"])
        seconds, results = {}, {}
        for engine in ENGINES:
            begun = time.process_time()
            results[engine] = calibrate(card, targets, engine=engine)
            seconds[engine] = time.process_time() - begun
        apart = max(
            abs(p.value / results["reference"].parameters[n].value - 1)
            for n, p in results["compiled"].parameters.items()
        )
        print(
            f"{name}: compiled {seconds['compiled']:.2f} s, reference {seconds['reference']:.2f} s, "
            f"{seconds['reference'] / seconds['compiled']:.1f} times as fast; "
            f"{results['compiled'].evaluations} evaluations, values apart by {apart:.1e} at most"
        )


if __name__ == "__main__":
    main()
