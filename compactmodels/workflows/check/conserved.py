"""What may not get lost: charge, and what a card says when it is written and read again."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import InputError
from compactmodels.names import number
from compactmodels.workflows.check.bench import Bench, Check
from compactmodels.workflows.check.outcome import Finding, NotApplicable, Worst
from compactmodels.workflows.check.subject import Setting, setting_of, subject_of
from compactmodels.workflows.check.tools import CARD, NGSPICE, OPENVAF, OSDI, CompiledModule

FloatArray = NDArray[np.float64]

COMMON: Final = 0.7
"""V: of both terminals against ground; a device that knows it leaks there."""
BALANCE: Final = 1e-9
"""Of the largest current."""
LOOP: Final = 1e-6
"""Of the charge that goes in and out, as a simulator integrates it with reltol = 1e-7."""
QUICK, FASTER = 1e-2, 10.0
"""Of the time in which conduction carries as much as the capacitance: a loop; and the second, faster by that."""
SHORTEST, LONGEST = 1e-15, 1.0
"""s, of a loop."""


def terminals(bench: Bench, tool: Any) -> Finding:
    """The sum of both terminals' currents, of a device away from ground, at rest and as it moves."""
    currents = module_terminals if isinstance(tool, CompiledModule) else ngspice_terminals
    worst = Worst()
    for w, s in ((0.2, 0.2), (0.9, 0.9)):
        x = setting_of(bench.card, w=w, s=s)
        for row in currents(tool, x, bench.subject.drive, COMMON):
            into, out = row["p"], row["n"]
            size = max(float(np.max(np.abs(into))), 1e-30)
            off = np.abs(into + out) / size
            k = int(np.argmax(off))
            worst.take(float(off[k]), off.size, **x.where(), analysis=row["analysis"])
    return worst.finding(BALANCE)


def loop(bench: Bench, tool: Any) -> Finding:
    """The charge that is left after a closed loop of the voltage."""
    capacitance = bench.card.values["cap"] * bench.card.values["scale"]
    if capacitance == 0.0:
        raise NotApplicable("the card has no capacitance")
    drive = bench.subject.drive
    worst = Worst()
    for w, s in ((0.0, 0.0), (1.0, 1.0)):
        x = setting_of(bench.card, w=w, s=s)
        if isinstance(tool, CompiledModule):
            worst.take(module_loop(tool, x, drive), **x.where())
            continue
        flow = float(np.max(np.abs(bench.equations.currents([x], np.array([-drive, drive]))[1])))
        seconds = float(np.clip(QUICK * capacitance * 4 * drive / flow, SHORTEST, LONGEST))
        worst.take(ngspice_loop(tool, x, drive, seconds, capacitance), **x.where(), seconds=seconds)
    return worst.finding(LOOP)


def round_trip(bench: Bench, tool: Any) -> Finding:
    """How many characters of what is emitted change when the card goes through a file."""
    from compactmodels.card import parse_card

    try:
        again = subject_of(parse_card(bench.card.to_toml(), "the card, written and read again"))
    except InputError as error:
        if error.code != "unknown_part":
            raise
        raise NotApplicable(f"the card has a part that no file can name: {error.message}") from None
    worst = Worst()
    for kind, own, other in (
        ("subcircuit", bench.subject.subcircuit, again.subcircuit),
        ("Verilog-A", bench.subject.veriloga, again.veriloga),
        ("card", bench.card.to_toml(), again.card.to_toml()),
    ):
        lines = own.splitlines()
        others = other.splitlines()
        off = [k for k, (a, b) in enumerate(zip(lines, others, strict=False)) if a != b]
        count = len(off) + abs(len(lines) - len(others))
        place = {"text": kind} | ({"line": lines[off[0]]} if off else {})
        worst.take(float(count), len(lines), **place)
    return worst.finding(0.0, "lines")


# ---------------------------------------------------------------------- how ngspice is asked for it


def ngspice_terminals(tool: Any, x: Setting, drive: float, common: float) -> list[dict[str, Any]]:
    """Currents into both terminals in ``.op`` and ``.ac`` (held) and in ``.tran`` (free)."""
    low, middle, high = (number(common + v) for v in (-drive, 0.0, drive))
    wave = f"PWL(0 {middle} 1u {high} 3u {low} 4u {middle})"
    lines = [f"V1 a 0 dc {high} ac 1 {wave}\nV2 b 0 {middle}"]
    options = "reltol=1e-4 abstol=1e-16"
    held = [*lines, tool.device("1", "a", "b", x, hold=1), ".op\n.ac lin 1 1meg 1meg"]
    free = [*lines, tool.device("1", "a", "b", x, hold=0), ".tran 100n 4u"]
    op, ac = tool.run("terminals at rest", "\n".join(held), ROOM_TEMPERATURE, options)
    (tran,) = tool.run("terminals in motion", "\n".join(free), ROOM_TEMPERATURE, options)
    return [
        {"analysis": name, "p": plot["v1#branch"], "n": plot["v2#branch"]}
        for name, plot in (("op", op), ("ac", ac), ("tran", tran))
    ]


def ngspice_loop(tool: Any, x: Setting, drive: float, seconds: float, capacitance: float) -> float:
    """Charge left, over the largest.

    What conduction carries grows with the time that the loop takes, what a capacitance loses does
    not: two loops of the same shape, one ten times as quick, tell them apart.
    """
    slow, largest = _charge(tool, x, drive, seconds, capacitance)
    quick, _ = _charge(tool, x, drive, seconds / FASTER, capacitance)
    return abs(quick - slow / FASTER) / (1.0 - 1.0 / FASTER) / largest


def _charge(
    tool: Any, x: Setting, drive: float, seconds: float, capacitance: float
) -> tuple[float, float]:
    """Integral of the current over a loop, as the simulator has it: at the end, and the largest [V].

    A capacitor of the card's own size takes the charge, so that its volts are those of the loop.
    """
    t = [number(seconds * share) for share in (0.25, 0.75, 1.0)]
    lines = [
        f"V1 a 0 PWL(0 0 {t[0]} {number(drive)} {t[1]} {number(-drive)} {t[2]} 0)",
        tool.device("1", "a", "0", x, hold=1),
        f"F1 q 0 V1 1\nCq q 0 {number(capacitance)}\n.ic v(q)=0\nRq q 0 1e40",
        f".save v(q)\n.tran {number(seconds / 100)} {number(seconds)} 0 {number(seconds / 100)}",
    ]
    options = "reltol=1e-7 abstol=1e-21 vntol=1e-12 chgtol=1e-24 trtol=1e9"
    (plot,) = tool.run("closed loop", "\n".join(lines), x.temperature, options)
    return float(plot["q"][-1]), float(np.max(np.abs(plot["q"])))


# ------------------------------------------------------------- how the compiled module is asked for it


def module_terminals(tool: Any, x: Setting, drive: float, common: float) -> list[dict[str, Any]]:
    """Residual currents and charges of both terminals, anywhere among the inner nodes' voltages."""
    rows = []
    for kind, place in (("current", 0), ("charge", 1)):
        p, n = [], []
        for bias in (-drive, 0.3 * drive, drive):
            nodes = dict.fromkeys(tool.compiled.nodes, 0.3) | {"p": common + bias, "n": common}
            found = tool.compiled.system(
                x.values, nodes, hold=0.0, w0=x.w, s0=x.s, temperature=x.temperature
            )[place]
            p.append(found[0])
            n.append(found[1])
        rows.append({"analysis": kind, "p": np.array(p), "n": np.array(n)})
    return rows


def module_loop(tool: Any, x: Setting, drive: float) -> float:
    """Integral of the capacitances along a loop through voltage and states, over its longest reach."""
    states = [n for n in tool.compiled.nodes if n.startswith("state_")]
    low, high = dict.fromkeys(states, 0.1), dict.fromkeys(states, 0.9)
    corners = [(0.0, low), (drive, low), (drive, high), (-drive, high), (-drive, low), (0.0, low)]
    total, reach = 0.0, 0.0
    for (v0, s0), (v1, s1) in pairwise(corners):
        steps = []
        for share in np.linspace(0.0, 1.0, 9):
            nodes = dict.fromkeys(tool.compiled.nodes, 0.0)
            nodes |= {"p": v0 + share * (v1 - v0)}
            nodes |= {s: s0[s] + share * (s1[s] - s0[s]) for s in states}
            matrix = tool.compiled.capacitances(
                x.values, nodes, hold=0.0, w0=x.w, s0=x.s, temperature=x.temperature
            )
            along = {"p": v1 - v0} | {s: s1[s] - s0[s] for s in states}
            steps.append(sum(matrix[0, tool.compiled.nodes.index(n)] * d for n, d in along.items()))
        total += float(np.trapezoid(steps, dx=1 / 8))
        reach = max(reach, abs(total))
    return abs(total) / reach if reach else 0.0


CHECKS: Final = (
    Check(
        "terminal currents",
        "what flows into one terminal flows out of the other, away from ground, at rest and as it moves",
        f"{BALANCE:g} of the largest current",
        (NGSPICE, OPENVAF, OSDI),
        terminals,
    ),
    Check(
        "charge",
        "a closed loop of the voltage leaves no charge",
        f"{LOOP:g} of the largest charge",
        (NGSPICE, OPENVAF, OSDI),
        loop,
    ),
    Check(
        "parameter file",
        "the card, written and read again, gives the same subcircuit and module to the last character",
        "0 lines that differ",
        (CARD,),
        round_trip,
    ),
)
