"""The oxide tunnel junction as a synapse: pulse trains, spike timing, letters on an array."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.workflows.reproduction.lab import Lab, read_at
from compactmodels.workflows.reproduction.otj_states import READ, conductance, start_at
from compactmodels.workflows.reproduction.published import paper
from compactmodels.workflows.reproduction.rows import Curve, Happens, Measured, Order, Panel

FloatArray = NDArray[np.float64]

SPIKED: Final = 3e-6
"""Conductance [S] from which spike timing starts."""
REPEATS: Final = 10
"""Readings of each change of the weight, each with noise of its own."""
LETTERS: Final = {
    "C": ("#####", "#....", "#....", "#....", "#####"),
    "H": ("#...#", "#...#", "#####", "#...#", "#...#"),
    "N": ("#...#", "##..#", "#.#.#", "#..##", "#...#"),
}
LEGIBLE: Final = 3.0
GONE: Final = 1.5


def _cycle(lab: Lab, w: float, s: float) -> tuple[FloatArray, float, float]:
    """Conductances just before and after each of 20 pulses up and 20 down, and the states at the end."""
    card, source = lab.card("otj"), paper("otj")
    protocol = source.protocol("ltp_ltd")
    found = lab.run(card, protocol, w0=w, s0=s, points=8)
    gap = source.protocols["ltp_ltd"]["steps"][0]["gap"]
    ends = np.minimum([p.stop + gap for p in protocol.pulses], protocol.duration)
    reads = read_at(card, found, np.concatenate([[0.0], ends]), READ) / READ
    return reads, float(found.w[-1]), float(found.s[-1])


def trains(lab: Lab) -> Measured:
    """Potentiation and depression, a hundred times."""
    fact, card = paper("otj").facts["otj.ltp_ltd"], lab.card("otj")
    states, cycles = int(fact.published("states")), int(fact.published("cycles"))
    fast = Lab("compiled", lab.seed, runs=lab.runs) if lab.engine == "ngspice" else lab
    w, s = start_at(card, fact.published("g_min")), 0.0
    first, w, s = _cycle(lab, w, s)
    tops = [first[states]]
    for _ in range(cycles - 2):
        reads, w, s = _cycle(fast, w, s)
        tops.append(reads[states])
    last, w, s = _cycle(lab, w, s)
    tops.append(last[states])
    number = np.arange(2 * states + 1)
    orders = [
        Order("conductance against the number of pulses up", number[: states + 1], last[: states + 1]),
        Order("conductance against the number of pulses down", number[: states + 1], last[states:], rising=False),
    ]  # fmt: skip
    spread = float(np.ptp(tops) / np.mean(tops))
    event = Happens(f"all {cycles} cycles are alike", spread < 0.01, f"tops within {spread:.1e}")
    panel = Panel(
        "Fig. 3c: potentiation and depression",
        "pulse",
        "G (uS)",
        (
            Curve(number, first * 1e6, "cycle 1"),
            Curve(number, last * 1e6, f"cycle {cycles}", points=True),
            Curve([0, states, 2 * states], [1e6 * fact.published(k) for k in ("g_min", "g_max", "g_min")],
                  "published", points=True, published=True),
        ),
    )  # fmt: skip
    note = f"of cycle {cycles}; the device was brought to the published minimum before the first"
    if lab.engine == "ngspice":
        note += "; the first and the last in ngspice, the others by the compiled integrator"
    values = {"g_min": last[-1], "g_max": last[states]}
    return Measured(values, orders, [event], [panel], note)


def _window(lab: Lab, name: str) -> tuple[FloatArray, FloatArray]:
    """Intervals [s] and changes of the weight [%] of one pair of waveforms."""
    card = lab.card("otj")
    w0 = start_at(card, SPIKED)
    before = float(conductance(card, w0))
    x, y = [], []
    for interval, protocol in paper("otj").over(name):
        found = lab.run(card, protocol, w0=w0, points=8)
        x.append(interval)
        y.append(100.0 * (float(conductance(card, found.w[-1], found.s[-1])) / before - 1.0))
    return np.array(x), np.array(y)


def _fitted(lab: Lab, law: str, x: FloatArray, y: FloatArray) -> Any:
    """The window by the project's own fit of the paper's equation, from noisy readings."""
    from fitting import fit_plasticity
    from fitting.plasticity_data import Series

    many = np.repeat(x, REPEATS)
    noisy = lab.noisy(np.repeat(y, REPEATS))
    return fit_plasticity(Series(many, noisy, "s", "%", "dW"), "stdp", law)


def _timing(title: str, x: FloatArray, y: FloatArray, found: Any) -> Panel:
    grid = np.asarray(found.context["grid"])
    return Panel(
        title,
        "dt (us)",
        "dW (%)",
        (
            Curve(x * 1e6, y, "simulated", points=True),
            Curve(grid * 1e6, np.asarray(found.context["curve"]), found.selected),
        ),
    )


def _timing_note(found: Any) -> str:
    return (
        f"{REPEATS} readings with 3 % noise at each interval, the paper's equation ({found.selected}); "
        "one pair of waveforms for all intervals, chosen for this window: the paper does not print its own"
    )


def antisymmetric(lab: Lab) -> Measured:
    """A window with potentiation on one side and depression on the other."""
    x, y = _window(lab, "stdp_antisymmetric")
    found = _fitted(lab, "stdp_exponential", x, y)
    p = {key: estimate.value for key, estimate in found.parameters.items()}
    # The paper writes the time constant of the branch dt < 0 with the sign of dt.
    values = {
        "A_ltp": p["a_plus"],
        "tau_ltp": p["tau_plus"],
        "A_ltd": p["a_minus"],
        "tau_ltd": -p["tau_minus"],
    }
    panel = _timing("Fig. 3d: antisymmetric spike timing", x, y, found)
    return Measured(values, panels=[panel], note=_timing_note(found))


def symmetric(lab: Lab) -> Measured:
    """A window with potentiation around coincidence."""
    x, y = _window(lab, "stdp_symmetric")
    found = _fitted(lab, "stdp_gaussian", x, y)
    values = {"A": found.parameters["a"].value, "tau": found.parameters["tau"].value}
    panel = _timing("Fig. 3e: symmetric spike timing", x, y, found)
    return Measured(values, panels=[panel], note=_timing_note(found))


def _drawn(letter: str, level: float) -> FloatArray:
    """A letter with its pixels at a level and its background, which gets no pulse, at 1."""
    return np.array([[level if dot == "#" else 1.0 for dot in row] for row in LETTERS[letter]])


def letters(lab: Lab) -> Measured:
    """Three letters, each trained in its own way, right after, 25 us and 500 s later."""
    card, source = lab.card("otj"), paper("otj")
    fact = source.facts["otj.array_chn"]
    wait, hold = fact.published("wait"), source.protocol("hold")
    levels: dict[str, list[float]] = {}
    for letter in LETTERS:
        protocol = source.protocol(f"letter_{letter}")
        found = lab.run(card, protocol)
        stop = protocol.pulses[-1].stop
        reads = list(read_at(card, found, [stop + 1e-7, stop + wait], READ))
        kept = lab.run(card, hold, w0=float(found.w[-1]), s0=float(found.s[-1]))
        reads.append(float(read_at(card, kept, hold.duration, READ)))
        background = float(conductance(card, 0.0)) * READ
        levels[letter] = [float(x) / background for x in reads]
    when = ("right after", f"{1e6 * wait:g} us later", f"{fact.published('hold'):g} s later")
    events = [
        Happens(f"{letter} is legible right after", level[0] > LEGIBLE, f"x {level[0]:.3g}")
        for letter, level in levels.items()
    ]
    for k in (1, 2):
        events += [
            Happens(f"H is legible {when[k]}", levels["H"][k] > LEGIBLE, f"x {levels['H'][k]:.3g}"),
            *(
                Happens(f"{x} is gone {when[k]}", levels[x][k] < GONE, f"x {levels[x][k]:.3g}")
                for x in "CN"
            ),
        ]
    gap = np.full((5, 1), np.nan)
    panels = [
        Panel(
            f"Fig. 4: C, H and N {moment}, G over the HRS",
            image=np.hstack(
                [_drawn("C", levels["C"][k]), gap, _drawn("H", levels["H"][k]), gap, _drawn("N", levels["N"][k])]
            ),
        )
        for k, moment in enumerate(when)
    ]  # fmt: skip
    return Measured(events=events, panels=panels, note="0.1 V reads; the background gets no pulse")
