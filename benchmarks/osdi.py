"""A write pulse on a memristor crossbar in ngspice: compiled devices against the subcircuit.

    python -P benchmarks/osdi.py [CARD [SIZE ...]]      (default: hp 32 64)

Line resistance in both directions, cells of drawn states that are free to move, a pulse on one word
line at full voltage and on the others at a third, 100 steps at least, KLU for all.  Each form runs in
a process of its own, and ngspice in a child of that.  Seconds are those from the deck's text to the
result; processor seconds and peak memory are the simulator's, above those of one that ran nothing.
The compiled device is called once as the subcircuit that wraps it, with every parameter of the card in
every cell, and once as what it is, a device.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np

from compactmodels import load_card
from compactmodels.card import ModelCard
from compactmodels.names import identifier, number
from netlists import ngspice, osdi
from netlists.array import draw_states
from netlists.subcircuit import subcircuit

FORMS = ("subcircuit", "compiled, wrapped", "compiled")
VOLTS = 2.0
SEGMENT = 2.0
"""ohm"""
DURATION = 1e-6
STEPS = 100


def cells(card: ModelCard, form: str) -> tuple[str, str]:
    """What stands once in the deck, and an instance's line without its nodes and states."""
    name = identifier(card.name)
    if form == "subcircuit":
        return subcircuit(card, noise=False), f"X{{place}} {{p}} {{n}} {name}"
    if form == "compiled, wrapped":
        return osdi.model_lines(card), f"X{{place}} {{p}} {{n}} {name}"
    return osdi.device_lines(card), f"N{{place}} {{p}} {{n}} {name}"


def deck(card: ModelCard, size: int, form: str) -> str:
    definition, line = cells(card, form)
    w = draw_states(size, size, seed=1, high=0.5)
    edge, top = DURATION / STEPS, 0.7 * DURATION
    rows = [f"crossbar {size} x {size}", definition, ".options klu"]
    for i in range(1, size + 1):
        volts = VOLTS if i == 1 else VOLTS / 3
        rows.append(
            f"Vin{i} w{i}_0 0 PULSE(0 {number(volts)} {number(edge)} {number(edge)} {number(edge)} "
            f"{number(top)})"
        )
        for j in range(1, size + 1):
            place = f"{i}_{j}"
            rows.append(f"Rw{place} w{i}_{j - 1} w{place} {SEGMENT}")
            below = f"b{i + 1}_{j}" if i < size else f"out{j}"
            rows.append(f"Rb{place} b{place} {below} {SEGMENT}")
            states = f"w0={number(w[i - 1, j - 1])} s0=0"
            rows.append(f"{line.format(place=place, p=f'w{place}', n=f'b{place}')} {states}")
    rows += [f"Vout{j} out{j} 0 0" for j in range(1, size + 1)]
    rows.append(".save " + " ".join(f"i(vout{j})" for j in range(1, size + 1)))
    rows.append(f".tran {number(DURATION / STEPS)} {number(DURATION)} 0 {number(DURATION / STEPS)}")
    return "\n".join([*rows, ".end", ""])


def run(name: str, size: int, form: str) -> None:
    """In a process of its own; size 0: a simulator that runs next to nothing."""
    card = load_card(name)
    libraries = () if form == "subcircuit" else (osdi.build(card),)
    text = deck(card, size, form) if size else "idle\nV1 a 0 1\nR1 a 0 1\n.tran 1 2\n.end\n"
    ngspice.features()  # starts the simulator
    begun = time.perf_counter()
    (plot,) = ngspice.run(text, timeout=36000, osdi=libraries)
    seconds = time.perf_counter() - begun
    ngspice._stop_worker()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    charge = [
        float(np.trapezoid(plot[f"vout{j}#branch"], plot["time"])) for j in range(1, size + 1)
    ]
    found = {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "MiB": used.ru_maxrss / 1024}
    print(json.dumps({**found, "points": int(plot["time"].size), "charge": charge}))


def alone(name: str, size: int, form: str) -> dict[str, Any]:
    command = [sys.executable, "-P", __file__, "--one", name, str(size), form]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    if len(sys.argv) > 3 and sys.argv[1] == "--one":
        run(sys.argv[2], int(sys.argv[3]), sys.argv[4])
        return
    name = sys.argv[1] if len(sys.argv) > 1 else "hp"
    sizes = [int(n) for n in sys.argv[2:]] or [32, 64]
    osdi.build(load_card(name))
    idle = alone(name, 0, FORMS[0])
    print(f"card {name}, {ngspice.version().text}, load average {os.getloadavg()[0]:.1f}")
    print(
        f"{'size':>9} {'form':18}{'s':>9}{'times':>7}{'CPU s':>9}{'times':>7}{'MiB':>8}{'points':>8}  charge"
    )
    for size in sizes:
        found = {form: alone(name, size, form) for form in FORMS}
        plain = found[FORMS[0]]
        due = np.array(plain["charge"])
        for form, result in found.items():
            apart = np.max(np.abs(np.array(result["charge"]) - due)) / np.max(np.abs(due))
            cpu = result["cpu"] - idle["cpu"]
            print(
                f"{f'{size} x {size}':>9} {form:18}{result['seconds']:9.2f}"
                f"{plain['seconds'] / result['seconds']:7.1f}{cpu:9.2f}"
                f"{(plain['cpu'] - idle['cpu']) / cpu:7.1f}{result['MiB'] - idle['MiB']:8.1f}"
                f"{result['points']:8}  {apart:.1e} apart",
                flush=True,
            )


if __name__ == "__main__":
    main()
