"""Protocols of short pulses and long rests in ngspice: points, segments, seconds, agreement.

Everything in one run, in turn; the last columns hold ngspice's states against the compiled
integrator's, at ngspice's own points, and the seconds against those of the first row.

Run as ``python benchmarks/protocols.py [CARD]``; with ``papers`` in its place every protocol of the papers'
data runs on its paper's card.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from compactmodels.card import load_card
from compactmodels.fast import compile_model
from compactmodels.protocol_sequence import from_document, rest, sequence
from compactmodels.protocols import Protocol, pulses, sweep
from compactmodels.workflows.reproduction.published import paper
from netlists.segments import plan, simulate_segments

CARDS = {"otj": "otj", "ohm": "ohm", "mose2": "mose2", "ohp": "ohp-n3", "review": "hp"}
SPIKE = {"time": [0.0, 1e-8, 1e-6, 1.01e-6, 2e-5], "voltage": [0.0, 1.2, 1.0, -0.9, 0.0]}
UP = {"kind": "pulses", "amplitude": 2.2, "width": 50e-9, "gap": 1e-6, "number": 20}
ROUND = {"kind": "sequence", "repeat": 5, "steps": [UP, UP | {"amplitude": -2.5}]}


def cases() -> dict[str, Protocol]:
    """Protocols by name."""
    one = pulses(2.2, 50e-9, 1e-6, 1)
    return {
        "1 pulse of 50 ns": one,
        "1 pulse, 500 s": sequence([one, rest(500.0)]),
        "20 pulses, 1e4 s": sequence([pulses(2.2, 50e-9, 1e-6, 20), rest(1e4)]),
        "20 pulses, 1 s apart": pulses(2.2, 50e-9, 1.0, 20),
        "200 pulses, 1 us apart": pulses(2.2, 50e-9, 1e-6, 200),
        "5 x [20 up, 20 down]": from_document(ROUND),
        "spike pair, 10 s": from_document(
            {"kind": "stdp", "pre": SPIKE, "post": SPIKE, "interval": 3e-7, "after": 10.0}
        ),
        "loop, 1 V/s": sweep(2.2, -4.3, 1.0),
    }


def main(name: str) -> None:
    """Print a row for each protocol."""
    if name != "papers":
        rows(name, cases())
        return
    for paper_, card in CARDS.items():
        source = paper(paper_)
        print(f"\n{paper_} on {card}")
        rows(card, {key: source.protocol(key) for key in source.protocols})


def rows(name: str, protocols: dict[str, Protocol]) -> None:
    """A row for each of them."""
    card = load_card(name)
    exact = compile_model(card.model)
    simulate_segments(card, pulses())  # starts the simulator, traces the model
    first = None
    print(
        f"{'protocol':24}{'segments':>9}{'points':>8}{'s':>8}{'ratio':>7}{'ms/point':>10}{'dI/range':>10}"
        f"{'dw':>9}{'ds':>9}"
    )
    for label, protocol in protocols.items():
        begin = time.perf_counter()
        found = simulate_segments(card, protocol, w0=0.02)
        seconds = time.perf_counter() - begin
        first = first or seconds
        volts = np.interp(found.time, protocol.time, protocol.voltage)
        due = exact.respond(card.values, found.time, volts, w0=0.02, tolerance=1e-9)
        states = np.clip(found.w, 0.0, 1.0), np.clip(found.s, 0.0, 1.0)
        current = exact.current(volts, card.values, w=states[0], s=states[1])
        off = np.max(np.abs(current - due.current)) / max(float(np.ptp(due.current)), 1e-30)
        print(
            f"{label:24}{len(plan(protocol)):9}{found.time.size:8}{seconds:8.2f}{seconds / first:7.1f}"
            f"{1e3 * seconds / found.time.size:10.2f}{off:10.1e}{np.max(np.abs(found.w - due.w)):9.1e}"
            f"{np.max(np.abs(found.s - due.s)):9.1e}",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "otj")
