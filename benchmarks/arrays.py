"""The fast array engine against badcrossbar and a sparse direct solver, each in a process of its own.

Devices are log-uniform between two resistances, 1e4 to 1e6 ohm and 1 ohm a segment unless said.  Times
are the best of a few repeats within one run, without imports and without compiling: the first process of
a machine compiles the kernels, whose time is printed, and later ones read them from the cache.  Memory
is a process's peak less what it takes after a solve of 8 x 8, so with the conductances.

badcrossbar: ``pip install 'compactmodels[benchmarks]'``, or COMPACTMODELS_BADCROSSBAR names a Python that
has it.

Run as ``python benchmarks/arrays.py [speed|vectors|lossy|large|cost|cells|ngspice ...]``; all of them unless any is named.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

CHILD = Path(__file__).with_name("arrays_child.py")
ROOT = Path(__file__).resolve().parents[1]


def other_python() -> str | None:
    """A Python that has badcrossbar; None if there is none."""
    if importlib.util.find_spec("badcrossbar") is not None:
        return sys.executable
    return os.environ.get("COMPACTMODELS_BADCROSSBAR")


def child(engine, n, vectors=1, *, low=1e4, high=1e6, r=1.0, repeats=1):
    """What one engine takes, and its currents."""
    python = other_python() if engine == "badcrossbar" else sys.executable
    if python is None:
        return None, None
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "currents.npy"
        words = [engine, n, vectors, low, high, r, repeats, out]
        done = subprocess.run(
            [python, "-P", str(CHILD), *map(str, words)],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        if done.returncode:
            print(f"    {engine}: {done.stderr.strip().splitlines()[-1]}")
            return None, None
        return json.loads(done.stdout.splitlines()[-1]), np.load(out)


def agreement(a, b) -> str:
    return "-" if a is None or b is None else f"{np.abs(a - b).max() / np.abs(b).max():.1e}"


def speed() -> None:
    """One vector."""
    warm, _ = child("ours", 8)
    again, _ = child("ours", 8)
    print(
        f"first solve of a process: {warm['first']:.1f} s, with the kernels in the cache {again['first']:.1f} s"
    )
    table(1, 7)


def vectors() -> None:
    """64 of them."""
    table(64, 5)


def table(count: int, repeats: int) -> None:
    """Every engine at every size."""
    if other_python() is None:
        print("badcrossbar is not installed: its columns are missing")
    head = f"{'n':>5}{'vectors':>8}{'ours':>10}{'badcr.':>9}{'ratio':>7}{'direct':>9}{'ratio':>7}"
    print(f"{head}   {'MB ours':>8}{'badcr.':>8}{'ratio':>7}   {'badcr.':>8}{'direct':>9}   load")
    for n in (128, 256, 512, 1024):
        slow = 1 if n > 512 else 3
        us, current = child("ours", n, count, repeats=repeats)
        them, theirs = child("badcrossbar", n, count, repeats=slow)
        lu, exact = child("direct", n, repeats=min(slow, 2)) if count == 1 else (None, None)
        line = f"{n:5}{count:8}{us['seconds']:9.4f}s"
        for other in (them, lu):
            line += ratio(other, us, "seconds", "8.2f", "s")
        line += f"   {us['peak']:8.1f}{ratio(them, us, 'peak', '8.0f')}"
        line += f"   {agreement(current, theirs):>8}{agreement(current, exact):>9}"
        print(f"{line}   {us['load']:.1f}", flush=True)


def ratio(other, us, what, form, unit="") -> str:
    """Another engine's number and how many times ours it is."""
    if other is None:
        return f"{'-':>9}{'-':>7}"
    return f"{other[what]:{form}}{unit}{other[what] / us[what]:7.0f}"


def lossy() -> None:
    """Arrays in which little of the signal survives."""
    print("\nlossy arrays, one vector, against the direct solver")
    for low, high, r in ((1e3, 1e5, 5.0), (1e3, 1e4, 10.0)):
        for n in (256, 512, 1024):
            us, current = child("ours", n, low=low, high=high, r=r, repeats=3)
            them, exact = child("direct", n, low=low, high=high, r=r)
            print(
                f"{low:g} to {high:g} ohm, r = {r:g} ohm, n = {n:4}: {us['seconds']:.3f} s, direct "
                f"{them['seconds']:.2f} s; largest difference {agreement(current, exact)}",
                flush=True,
            )


def large() -> None:
    """4096 x 4096."""
    us, _ = child("ours", 4096)
    print(
        f"\n4096 x 4096, one vector: {us['seconds']:.1f} s, {us['peak'] / 1e3:.2f} GB (load {us['load']:.1f})"
    )


def cost() -> None:
    """Time of an iteration against the size."""
    sys.path.insert(0, str(CHILD.parent))
    from arrays_child import devices

    from netlists.solver import pcg
    from netlists.solver.compiled import threads

    print("\nan iteration against the number of cells, and a pass over the conductances")
    rows = []
    for n in (256, 512, 1024, 2048, 4096):
        g, v = devices(n, 1e4, 1e6), np.full(n, 0.1)
        array = pcg.array_of(g, 1.0, 1.0, {}, g, threads())
        pcg.factor(array)
        w = pcg.work(n, n)
        count, best, once = 8, np.inf, np.inf
        for _ in range(3):
            pcg.begin(array, w, v, np.zeros(n), pcg.NONE, pcg.NONE)
            start = time.perf_counter()
            pcg.conjugate(array, w, 0.0, 1e-300, count)
            best = min(best, (time.perf_counter() - start) / count)
            start = time.perf_counter()
            g.sum()
            once = min(once, time.perf_counter() - start)
        rows.append((n * n, best))
        print(
            f"n = {n:4}: {1e3 * best:8.2f} ms, {1e9 * best / n**2:5.1f} ns a cell, {best / once:5.1f} passes",
            flush=True,
        )
    x, y = np.log(np.array(rows)).T
    print(f"exponent of the time in the number of cells: {np.polyfit(x, y, 1)[0]:.2f}")


def sinh_card():
    """g v0 sinh(V / v0) times the state."""
    from compactmodels import registry
    from compactmodels.card import ModelCard
    from compactmodels.model import Branch, Model

    branch = Branch("lrs", registry.conduction("sinh"), "on")
    card = ModelCard("sinhcell", Model((branch,)), {})
    return card.with_values({"lrs_g": 1e-4, "lrs_v0": 0.1}, "assumed")


def linear_card():
    """g V times the state."""
    from compactmodels import registry
    from compactmodels.card import ModelCard
    from compactmodels.model import Branch, Model

    branch = Branch("lrs", registry.conduction("ohmic"), "on")
    return ModelCard("ohmcell", Model((branch,)), {}).with_values({"lrs_g": 1e-4}, "assumed")


def cells() -> None:
    """Non-linear cells."""
    from compactmodels.card import load_card
    from netlists.solver.linear import solve_crossbar
    from netlists.solver.nonlinear import solve_crossbar_card

    sinh = sinh_card()
    print("\nnon-linear cells, states uniform in [0, 1], 0.3 V, 1 ohm")
    for n in (256, 1024):
        w, v = np.random.default_rng(0).uniform(0, 1, (n, n)), np.full(n, 0.3)
        solve_crossbar(2e-5 * w, v, 1.0, 1.0)
        start = time.perf_counter()
        solve_crossbar(2e-5 * w, v, 1.0, 1.0)
        linear = time.perf_counter() - start
        for name, card in (("sinh", sinh), ("otj", load_card("otj"))):
            solve_crossbar_card(card, w[:4, :4], v[:4], 1.0, 1.0)
            start = time.perf_counter()
            found = solve_crossbar_card(card, w, v, 1.0, 1.0)
            seconds = time.perf_counter() - start
            print(
                f"n = {n:4}, {name:5}: {seconds:6.2f} s, {found.steps} steps, {found.iterations} iterations; a step "
                f"takes {seconds / found.steps / linear:.1f} linear solves of {linear:.3f} s; worst node "
                f"{found.residual:.1e} of the total current (load {os.getloadavg()[0]:.1f})",
                flush=True,
            )


def ngspice() -> None:
    """The judge: reads up to 128 x 128, a half-selected write, layers."""
    from compactmodels.card import load_card
    from netlists.array import Crossbar, Stack, draw_states, scheme_voltages
    from netlists.arrays.reads import read_ngspice, read_stack_ngspice
    from netlists.arrays.stimulus import read_pulse, write_pulse
    from netlists.arrays.transients import transient_ngspice
    from netlists.solver.described import read_fast, read_stack_fast, transient_fast

    def off(a, b):
        return f"{np.abs(a.currents - b.currents).max() / np.abs(b.currents).max():.1e}"

    def over_time(a, b):
        wanted, largest = b.currents[0], np.abs(b.currents).max()
        found = np.array([np.interp(b.time, a.time, line) for line in a.currents[0].T]).T
        return f"{np.abs(found - wanted).max() / largest:.1e}"

    def array(card, n, **options):
        given = {
            "w": draw_states(n, n, 0),
            "voltages": np.full(n, 0.3),
            "r_word": 1.0,
            "r_bit": 1.0,
        }
        return Crossbar(rows=n, cols=n, card=card, **given | options)

    print("\nagainst ngspice: seconds of either, largest difference of the largest current")
    for name, card in (("linear", linear_card()), ("sinh", sinh_card()), ("otj", load_card("otj"))):
        for n in (32, 64, 128):
            x = array(card, n)
            read_fast(x)
            us, them = read_fast(x), read_ngspice(x, timeout=1200)
            print(
                f"{name:6} n = {n:3}: {us.seconds:.3f} {them.seconds:.1f} {off(us, them)}",
                flush=True,
            )
    stack = Stack([array(sinh_card(), 32), array(sinh_card(), 32, w=draw_states(32, 32, 1))])
    read_stack_fast(stack)
    us, them = read_stack_fast(stack), read_stack_ngspice(stack)
    print(
        f"2 layers of sinh, n = 32: {us.seconds:.3f} {them.seconds:.1f} {off(us, them)}", flush=True
    )
    for n in (16, 32):
        bias = scheme_voltages("v/2", n, n, [(3, 5)], 2.2)
        x, pulse = array(load_card("otj"), n), write_pulse(bias, 5e-8)
        us, them = transient_fast(x, pulse), transient_ngspice(x, pulse, accuracy=1e-6)
        w = np.abs(us.final[0].w - them.final[0].w).max()
        print(
            f"half-selected write, otj, n = {n}: {us.seconds:.1f} {them.seconds:.1f}; states {w:.1e}",
            flush=True,
        )
    for n in (32, 64, 128):
        # A segment's time constant (1 ps) above ngspice's first step after a corner, an edge's thousandth:
        # below, that one step is the error.
        x = array(linear_card(), n, c_word=1e-12, c_bit=1e-12)
        pulse = read_pulse(x, 2e-8, edge=2e-10)
        us = transient_fast(x, pulse, states=False)
        them = transient_ngspice(x, pulse, states=False, timeout=3600)
        print(
            f"read pulse, linear, 1 pF a segment, n = {n}: {us.seconds:.1f} {them.seconds:.1f} {over_time(us, them)}",
            flush=True,
        )


if __name__ == "__main__":
    parts = (speed, vectors, lossy, large, cost, cells, ngspice)
    known = {part.__name__: part for part in parts}
    for name in sys.argv[1:] or known:
        known[name]()
