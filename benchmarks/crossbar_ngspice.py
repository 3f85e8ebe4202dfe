"""Arrays in ngspice: time for the text of the deck, for the run, and the simulator's memory.

Cells log-uniform, 0.1 V on every word line, 1 ohm in each segment.  Three kinds of cells: linear ones
(written as resistors), a tunnelling branch beside a thermionic branch behind a series resistance, and
the library's oxide tunnel junction; the last two compiled (OSDI) where that is possible and as
subcircuits. Then a write of 100 time points or more. Every row is a simulator of its own, so that its
peak is its own; CPU seconds are the simulator's (wall time is longer on a machine with other work).

Run as ``python benchmarks/crossbar_ngspice.py [--transient] [N ...]``.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

from compactmodels import load_card, registry
from compactmodels.card import ModelCard
from compactmodels.model import Branch, Model
from netlists import ngspice, osdi
from netlists.array import Crossbar, draw_states, scheme_voltages
from netlists.crossbar import (
    crossbar_deck,
    estimate,
    read_ngspice,
    transient_ngspice,
    write_pulse,
)

SUBCIRCUITS = 32
"""Lines up to which subcircuits are run."""


def linear() -> ModelCard:
    branch = Branch("lrs", registry.conduction("ohmic"), "on")
    return ModelCard("linear", Model((branch,)), {}).with_values({"lrs_g": 1e-4}, "assumed")


def two_branches() -> ModelCard:
    lrs = Branch("lrs", registry.conduction("direct_tunneling"), "on")
    hrs = Branch("hrs", registry.conduction("thermionic_emission"), "off", series=True)
    values = {"lrs_thickness": 2.5e-9, "hrs_r_s": 1e5}
    return ModelCard("two_branches", Model((lrs, hrs)), {}).with_values(values, "assumed")


def array(card: ModelCard, n: int) -> Crossbar:
    # 1e4 to 1e6 ohm of the linear cells
    w = 10 ** -np.random.default_rng(0).uniform(0, 2, (n, n))
    return Crossbar(rows=n, cols=n, card=card, w=w, voltages=np.full(n, 0.1), r_word=1.0, r_bit=1.0)


def worker() -> tuple[float, float]:
    """CPU seconds and peak [MB] of the simulator's process."""
    assert ngspice._worker is not None
    folder = Path(f"/proc/{ngspice._worker.process.pid}")
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    peak = next(line for line in (folder / "status").read_text().splitlines() if "VmHWM" in line)
    return seconds, int(peak.split()[1]) / 1024


def reads(sizes: list[int]) -> None:
    print(
        f"{'card':14}{'form':12}{'n':>5}{'text ms':>9}{'read s':>8}{'CPU s':>8}{'MB':>7}{'estimate':>10}"
        f"{'lost in lines':>15}"
    )
    forms = ["auto"] if osdi.unavailable() else ["auto", "subcircuit"]
    for card in (linear(), two_branches(), load_card("otj")):
        for form in forms:
            for n in sizes:
                if form == "subcircuit" and (n > SUBCIRCUITS or card.name == "linear"):
                    continue
                ngspice._stop_worker()
                crossbar = array(card, n)
                read_ngspice(array(card, 1), form=form)  # starts the simulator, compiles the device
                crossbar_deck(array(card, 1))
                start = time.process_time()
                crossbar_deck(crossbar)
                text = time.process_time() - start
                before, _ = worker()
                result = read_ngspice(crossbar, form=form, timeout=3600.0)
                cpu, peak = worker()
                told = estimate(crossbar, form=form)
                lost = 1 - result.currents.sum() / result.ideal.sum()
                print(
                    f"{card.name:14}{told.form:12}{n:5}{1e3 * text:9.1f}{result.seconds:8.2f}"
                    f"{cpu - before:8.2f}{peak:7.0f}{told.memory / 1e6:10.0f}{lost:15.2%}",
                    flush=True,
                )


def transients(sizes: list[int]) -> None:
    print(f"{'card':14}{'n':>5}{'points':>8}{'run s':>8}{'CPU s':>8}{'MB':>7}{'written w':>12}")
    card = load_card("otj")
    for n in sizes:
        ngspice._stop_worker()
        crossbar = array(card, n).changed(w=draw_states(n, n, 0, high=0.2))
        read_ngspice(array(card, 1))
        before, _ = worker()
        bias = scheme_voltages("v/2", n, n, [(0, 0)], 2.5)
        result = transient_ngspice(crossbar, write_pulse(bias, 1e-6), timeout=3600.0)
        cpu, peak = worker()
        change = result.final[0].w[0, 0] - crossbar.w[0, 0]
        print(
            f"{card.name:14}{n:5}{len(result.time):8}{result.seconds:8.2f}{cpu - before:8.2f}{peak:7.0f}"
            f"{change:12.3g}",
            flush=True,
        )


def main(arguments: list[str]) -> None:
    """Print one row for each card, form and size."""
    sizes = [int(n) for n in arguments if n.isdigit()] or [8, 32, 64]
    print(ngspice.version().text, f"load average {os.getloadavg()[0]:.1f}", sep=", ")
    (transients if "--transient" in arguments else reads)(sizes)


if __name__ == "__main__":
    main(sys.argv[1:])
