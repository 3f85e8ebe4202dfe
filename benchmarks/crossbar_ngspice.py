"""Reads of n x n arrays in ngspice: time for the text of the deck against time for the run.

Two cards: linear cells (one ohmic branch), and cells with a tunnelling branch and a thermionic
branch behind a series resistance.  0.1 V on every word line, 1 ohm in each segment.

Run as ``python benchmarks/crossbar_ngspice.py [N ...]``.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from compactmodels import registry
from compactmodels.card import ModelCard
from compactmodels.model import Branch, Model
from netlists import ngspice
from netlists.array import Crossbar, draw_states
from netlists.crossbar import crossbar_deck, read_ngspice


def linear() -> ModelCard:
    branch = Branch("lrs", registry.conduction("ohmic"), "on")
    return ModelCard("linear", Model((branch,)), {})


def two_branches() -> ModelCard:
    lrs = Branch("lrs", registry.conduction("direct_tunneling"), "on")
    hrs = Branch("hrs", registry.conduction("thermionic_emission"), "off", series=True)
    values = {"lrs_thickness": 2.5e-9, "hrs_r_s": 1e5}
    return ModelCard("two_branches", Model((lrs, hrs)), {}).with_values(values, "assumed")


def array(card: ModelCard, n: int) -> Crossbar:
    return Crossbar(
        rows=n,
        cols=n,
        card=card,
        w=draw_states(n, n, seed=0),
        voltages=np.full(n, 0.1),
        r_word=1.0,
        r_bit=1.0,
        seed=0,
    )


def main(sizes: list[int]) -> None:
    """Print one row for each card and size."""
    print(ngspice.version().text)
    print(f"{'card':14}{'n':>5}{'text ms':>10}{'read s':>10}{'text/read':>11}{'lost in lines':>15}")
    for card in (linear(), two_branches()):
        read_ngspice(array(card, 1))  # starts the simulator, traces the equations
        for n in sizes:
            crossbar = array(card, n)
            start = time.perf_counter()
            crossbar_deck(crossbar)
            text = time.perf_counter() - start
            result = read_ngspice(crossbar, timeout=3600.0)
            lost = 1 - result.currents.sum() / result.ideal.sum()
            ratio = text / result.seconds
            print(
                f"{card.name:14}{n:5}{1e3 * text:10.1f}{result.seconds:10.3f}{ratio:11.2%}{lost:15.2%}"
            )


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or [8, 32, 64])
