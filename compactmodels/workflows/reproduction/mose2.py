"""The MoSe2 synapse and nociceptor: its targets, measured on one card."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.data import Trace
from compactmodels.integrate import Response
from compactmodels.protocols import Protocol
from compactmodels.workflows.reproduction.lab import Lab, Measure, current_at, read_at, top_of
from compactmodels.workflows.reproduction.published import Paper, paper
from compactmodels.workflows.reproduction.rows import Curve, Happens, Measured, Order, Panel

FloatArray = NDArray[np.float64]

READ: Final = 0.1
"""V, at which conductances are read."""
FORGETTING: Final = 1.5
"""V, at which forgetting is read."""
LATE: Final = 0.025
"""s after the foot of a pulse at which a conductance is read."""
READINGS: Final = 4000
"""Of a record of forgetting: with 3 % noise and a decay of a fifth of the current, fewer leave tau open
by more than 5 %."""
STEP: Final = 0.02
"""Of the range: a loop that changes by less in each thousandth of its time is gradual."""
OVERLAP: Final = 0.05
"""Of the window, published: cycles that differ by less overlap."""
LINEAR: Final = 0.07
"""Of the window: what good linearity is taken to be."""


def _mose2() -> Paper:
    return paper("mose2")


def _tops(protocol: Protocol) -> list[float]:
    return [top_of(protocol, k) for k in range(1, len(protocol.pulses) + 1)]


def _later(protocol: Protocol) -> FloatArray:
    return np.array([pulse.stop + LATE for pulse in protocol.pulses])


def _off_line(y: FloatArray) -> float:
    """Largest distance from the straight line through a branch, of its span."""
    x = np.arange(float(y.size))
    return float(np.max(np.abs(y - np.polyval(np.polyfit(x, y, 1), x))) / np.ptp(y))


def _thinned(found: Response, most: int = 1500) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Time, voltage and current of a record, for a panel."""
    step = max(1, found.time.size // most)
    return found.time[::step], found.voltage[::step], found.current[::step]


def sweeps(lab: Lab) -> Measured:
    """The current at 5 V of one sweep after the other."""
    protocol = _mose2().protocol("sweeps")
    found = lab.run(lab.card("mose2"), protocol)
    top = current_at(found, protocol.time[protocol.voltage == protocol.voltage.max()])
    count = np.arange(1.0, top.size + 1)
    _, v, i = _thinned(found)
    return Measured(
        orders=[Order("current at 5 V [A] against the sweep", count, top)],
        panels=[
            Panel("Fig. 2c: consecutive sweeps", "Voltage (V)", "Current (A)", [Curve(v, i)]),
            Panel("Current at 5 V", "Sweep", "Current (A)", [Curve(count, top, points=True)]),
        ],
        note="at 10 V/s, which is assumed",
    )


def loop(lab: Lab) -> Measured:
    """Pinched, with two lobes, and no jump in either direction."""
    protocol = _mose2().protocol("loop")
    found = lab.run(lab.card("mose2"), protocol, points=600)
    time = np.linspace(0.0, protocol.duration, 4001)
    voltage = np.interp(time, protocol.time, protocol.voltage)
    current = current_at(found, time)
    positive = time <= 0.5 * protocol.duration
    lobes = [float(np.trapezoid(current[half], voltage[half])) for half in (positive, ~positive)]
    crossing = abs(float(current_at(found, 0.5 * protocol.duration))) / float(np.ptp(current))
    jump = float(np.max(np.abs(current[4:] - current[:-4]))) / float(np.ptp(current))
    w = np.interp(protocol.time, found.time, found.w)
    _, v, i = _thinned(found)
    return Measured(
        events=[
            Happens("pinched at 0 V", crossing < 1e-3, f"{crossing:.1g} of the range"),
            Happens(
                "a lobe on both sides",
                lobes[0] < 0 and abs(lobes[1]) > 0.01 * abs(lobes[0]),
                f"{lobes[0]:.2g} W, {lobes[1]:.2g} W",
            ),
            Happens("gradual", jump < STEP, f"largest step in a thousandth of the time {jump:.2%}"),
            Happens(
                "set by the positive half, reset by the negative",
                bool(w[2] > w[0] and w[4] < w[2]),
                f"w {w[0]:.3g}, {w[2]:.3g}, {w[4]:.3g}",
            ),
        ],
        panels=[Panel("Fig. 2b: hysteresis", "Voltage (V)", "Current (A)", [Curve(v, i)])],
    )


def ppf(lab: Lab) -> Measured:
    """(A2 - A1)/A1 of two pulses, and one exponential through it."""
    from fitting import fit_decay

    card, gap, index = lab.card("mose2"), [], []
    for x, protocol in _mose2().over("interval"):
        a = current_at(lab.run(card, protocol), _tops(protocol))
        gap.append(x)
        index.append(float(a[1] / a[0] - 1.0))
    fit = fit_decay(Trace(np.array(gap), None, np.array(index)), "exponential")
    off = float(np.max(np.abs(fit.model - np.array(index)))) / float(np.ptp(index))
    tau = fit.parameters["tau"].value
    fine = np.linspace(gap[0], gap[-1], 200)
    start = fit.parameters["a"].value
    floor = fit.parameters["y0"].value
    return Measured(
        orders=[Order("(A2 - A1)/A1 against the interval [s]", gap, index, rising=False)],
        events=[
            Happens(
                "one exponential", off < 0.05, f"tau {tau:.3g} s, off by {off:.1%} of the range"
            )
        ],
        panels=[
            Panel(
                "Fig. 3a: paired pulses",
                "Interval (s)",
                "(A2 - A1)/A1",
                [
                    Curve(gap, index, "1.5 V, 50 ms", points=True),
                    Curve(fine, floor + start * np.exp(-fine / tau), "exponential"),
                ],
            )
        ],
    )


def ltp_ltd(lab: Lab) -> Measured:
    """Five cycles of 25 pulses up and 25 down, each from the states in which the one before ended."""
    fact, card = _mose2().facts["mose2.ltp_ltd"], lab.card("mose2")
    pulses, cycles = fact.published("pulses"), fact.published("cycles")
    protocol, w, s, rows = _mose2().protocol("cycle"), 0.0, 0.0, []
    for _ in range(cycles):
        found = lab.run(card, protocol, w0=w, s0=s)
        w, s = float(found.w[-1]), float(found.s[-1])
        rows.append(read_at(card, found, _later(protocol), READ) / READ)
    g = np.array(rows)
    window = float(np.ptp(g[0]))
    up, down = g[:, :pulses], g[:, pulses:]
    rise, fall = float(np.min(np.diff(up))), float(np.min(-np.diff(down)))
    apart = float(np.max(np.abs(g[1:] - g[0]))) / window
    bent = [max(_off_line(row) for row in half) for half in (up, down)]
    x = np.arange(1.0, g.size + 1)
    return Measured(
        events=[
            Happens(f"rises over the {pulses}", rise > 0.01 * window, f"least step {rise / window:.1%} of the window"),
            Happens(f"falls over the {pulses}", fall > 0.01 * window, f"least step {fall / window:.1%}"),
            Happens(f"{cycles} cycles overlap", apart <= OVERLAP, f"{apart:.1%} of the window apart"),
            Happens("good linearity", max(bent) < LINEAR, f"off a line by {bent[0]:.1%} up, {bent[1]:.1%} down"),
        ],
        panels=[
            Panel(
                "Fig. 3b: potentiation and depression",
                "Pulse",
                "Conductance (nS)",
                [Curve(x, 1e9 * g.ravel(), points=True)],
            )
        ],
        note=f"read at {READ} V, {1e3 * LATE:g} ms after each pulse",
    )  # fmt: skip


def forgetting(lab: Lab) -> Measured:
    """Time constants of the read current after 25 pulses, from traces with 3 % noise."""
    from fitting import fit_decay

    fact, card = _mose2().facts["mose2.forgetting.tau"], lab.card("mose2")
    values, curves, share = {}, [], []
    for volts, protocol in _mose2().over("forgetting"):
        found = lab.run(card, protocol, points=200)
        time = np.geomspace(0.01, 7.9, READINGS)
        read = read_at(card, found, protocol.pulses[-1].stop + time, FORGETTING)
        noisy = lab.noisy(read)
        fit = fit_decay(Trace(time, None, noisy), "exponential")
        values[f"at_{volts:g}V"] = fit.parameters["tau"].value
        share.append(float(read[0] / read[-1] - 1.0))
        curves += [
            Curve(time[::20], 1e9 * noisy[::20], f"{volts:g} V", points=True),
            Curve(time[::20], 1e9 * fit.model[::20], f"tau {values[f'at_{volts:g}V']:.3f} s"),
        ]
    volts_of = [float(key[3:-1]) for key in values]
    tau = list(values.values())
    printed = [fact.published(key) for key in values]
    return Measured(
        values=values,
        panels=[
            Panel("Fig. 4d: forgetting", "Time (s)", "Current at 1.5 V (nA)", curves, log="y"),
            Panel(
                "Time constants",
                "Amplitude (V)",
                "tau (s)",
                [
                    Curve(volts_of, tau, "simulated", points=True),
                    Curve(volts_of, printed, "published", points=True, published=True),
                ],
            ),
        ],
        note=f"fit_decay exponential, {READINGS} readings with 3 % noise; what decays is "
        + ", ".join(f"{x:.2g}" for x in share)
        + " of what stays",
    )


def relearn(lab: Lab) -> Measured:
    """Pulses that bring back the current of the first 25, and what each round leaves."""
    card, protocol = lab.card("mose2"), _mose2().protocol("round")
    w, s, rounds, kept, panels = 0.0, 0.0, [], [], []
    base = float(lab.held(card, READ)[0])
    for _ in range(3):
        found = lab.run(card, protocol, w0=w, s0=s)
        w, s = float(found.w[-1]), float(found.s[-1])
        rounds.append(current_at(found, _tops(protocol)))
        kept.append(float(read_at(card, found, [protocol.duration], READ)[0]))
        panels.append(rounds[-1])
    level = rounds[0][-1]
    # a round that never gets there counts as infinitely many
    needed = [int(np.argmax(r >= level)) + 1 if np.any(r >= level) else math.inf for r in rounds]
    gain = np.diff([base, *kept])
    number = np.arange(1.0, rounds[0].size + 1)
    return Measured(
        values={"first": needed[0], "second": needed[1]},
        orders=[Order("lasting increase [A] against the round", [1, 2, 3], gain)],
        panels=[
            Panel(
                "Fig. 4b: learning again",
                "Pulse of the round",
                "Current at 4 V (uA)",
                [Curve(number, 1e6 * r, f"round {k}") for k, r in enumerate(panels, start=1)],
            )
        ],
        note=f"current at the end of each pulse; lasting increase at {READ} V after 2.5 s",
    )


def nociceptor(lab: Lab) -> Measured:
    """A minute of 2 V, an injury at 7 V, and the time until 2 V hurts."""
    source, card = _mose2(), lab.card("mose2")
    fact = source.facts["mose2.nociceptor"]
    threshold = fact.published("threshold")
    before = lab.run(card, source.protocol("innocuous"))
    calm = float(np.max(before.current))
    after_protocol = source.protocol("after")
    foot = after_protocol.pulses[0].start
    widths, incubation, sharp, curves = [], [], [], []
    for width, protocol in source.over("injury"):
        injury = lab.run(card, protocol, w0=float(before.w[-1]), s0=float(before.s[-1]))
        after = lab.run(card, after_protocol, w0=float(injury.w[-1]), s0=float(injury.s[-1]))
        crossed = after.current >= threshold
        widths.append(width)
        incubation.append(
            float(after.time[np.argmax(crossed)]) - foot if crossed.any() else math.nan
        )
        sharp.append(float(np.max(injury.current)))
        curves.append(_peaks(after_protocol, after, f"{width:g} s"))
    volts = fact.published("noxious")
    return Measured(
        values={"incubation": incubation},
        orders=[Order("incubation [s] against the injury's width [s]", widths, incubation, rising=False)],
        events=[
            Happens("2 V stays below the threshold for a minute", calm < threshold, f"{1e9 * calm:.3g} nA at most"),
            Happens(f"{volts:g} V crosses it at once", min(sharp) > threshold, f"{1e9 * min(sharp):.3g} nA at least"),
        ],
        panels=[
            Panel(
                "Fig. 5: sensitised by the injury",
                "Time after the injury (s)",
                "Peak at 2 V (nA)",
                [*curves, Curve([0.0, 40.0], [1e9 * threshold] * 2, "threshold", published=True)],
            ),
            Panel(
                "Incubation",
                "Width of the injury (s)",
                "Incubation (s)",
                [
                    Curve(widths, incubation, "simulated", points=True),
                    Curve(fact.published("widths"), fact.published("incubation"), "published", points=True, published=True),
                ],
            ),
        ],
        note="counted from the foot of the first 2 V pulse after the injury, 0.5 s after it (assumed)",
    )  # fmt: skip


def _peaks(protocol: Protocol, found: Response, label: str) -> Curve:
    time = np.array(_tops(protocol))
    return Curve(time - protocol.pulses[0].start, 1e9 * current_at(found, time), label)


def width(lab: Lab) -> Measured:
    """Conductance after pulses of several widths."""
    card, widths, g = lab.card("mose2"), [], []
    for x, protocol in _mose2().over("width"):
        found = lab.run(card, protocol)
        widths.append(1e3 * x)
        g.append(float(read_at(card, found, _later(protocol)[-1:], READ)[0]) / READ)
    return Measured(
        orders=[Order("conductance after 10 pulses of 3 V [S] against the width [ms]", widths, g)],
        panels=[
            Panel(
                "Fig. S2: width of the pulses",
                "Width (ms)",
                "Conductance (nS)",
                [Curve(widths, 1e9 * np.array(g), points=True)],
            )
        ],
    )


MEASURES: Final[dict[str, Measure]] = {
    "mose2.sweeps": sweeps,
    "mose2.loop": loop,
    "mose2.ppf": ppf,
    "mose2.ltp_ltd": ltp_ltd,
    "mose2.width": width,
    "mose2.forgetting.tau": forgetting,
    "mose2.relearn": relearn,
    "mose2.nociceptor": nociceptor,
}
"""How each target is measured."""
