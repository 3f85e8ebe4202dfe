"""What a user waits for: start-up, a fit as a command, the demo's second run.

    python benchmarks/command_line.py [--demo]

Start-up is compared with a Typer program that does nothing, alternating, in one run.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

BARE = "import typer\napp = typer.Typer()\n@app.command()\ndef f(x: int = 1) -> None: ...\napp()\n"


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def sweep(path: Path) -> None:
    """600 points of a forward diode with series resistance, 2 % noise; synthetic."""
    vj = np.linspace(0.02, 0.55, 600)
    i = 1e-10 * np.expm1(vj / (1.6 * 0.02586))
    v = vj + 50.0 * i
    noisy = i * (1 + 0.02 * np.random.default_rng(0).standard_normal(i.size))
    np.savetxt(
        path,
        np.column_stack([v, noisy]),
        delimiter=",",
        header="Voltage (V),Current (A)",
        comments="",
    )


def main() -> None:
    ours = [sys.executable, "-m", "compactmodels"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare = folder / "bare.py"
        bare.write_text(BARE)
        pairs = [
            (seconds([*ours, "--help"]), seconds([sys.executable, str(bare), "--help"]))
            for _ in range(11)
        ]
        help_, plain = (statistics.median(x) for x in zip(*pairs[1:], strict=True))
        print(
            f"--help: {help_:.3f} s; bare Typer program: {plain:.3f} s; difference {help_ - plain:+.3f} s"
        )
        data = folder / "sweep.csv"
        sweep(data)
        fit = [
            *ours,
            "fit",
            "iv",
            str(data),
            "--mechanism",
            "thermionic_emission",
            "--area",
            "1e-10",
        ]
        print(
            f"fit iv, 600 points, as a command: {statistics.median(seconds(fit) for _ in range(5)):.2f} s"
        )
        if "--demo" in sys.argv:
            demo = [*ours, "demo", "--out", str(folder / "demo")]
            first, second = seconds(demo), seconds(demo)
            print(f"demo: {first:.1f} s, second run {second:.1f} s")


if __name__ == "__main__":
    main()
