"""The oxide tunnel junction at rest: barriers out of its I-V curves, its two states, how long they last."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.data import Trace
from compactmodels.workflows.reproduction.lab import Lab, read_at, states_at
from compactmodels.workflows.reproduction.published import paper
from compactmodels.workflows.reproduction.rows import Curve, Happens, Measured, Order, Panel

FloatArray = NDArray[np.float64]

READ: Final = 0.1
SWEEPS: Final = 10
"""Measured one after the other for an extraction, each with noise of its own."""


def conductance(card: ModelCard, w: ArrayLike, s: ArrayLike = 0.0) -> FloatArray:
    """What a short read at 0.1 V shows [S] of these states."""
    return np.asarray(card.model.current(READ, card.values, w=w, s=s)) / READ


def start_at(card: ModelCard, wanted: float) -> float:
    """The w at which the device has this conductance [S] at the read voltage."""
    from scipy.optimize import brentq

    return float(brentq(lambda w: float(conductance(card, w)) / wanted - 1.0, 0.0, 1.0, xtol=1e-12))


def _swept(lab: Lab, v: FloatArray, w: float) -> tuple[FloatArray, FloatArray]:
    """Several noisy sweeps over the same voltages, as one rising branch."""
    card = lab.card("otj")
    return np.repeat(v, SWEEPS), lab.noisy(np.repeat(lab.held(card, v, w=w), SWEEPS))


def _extracted(v: FloatArray, i: FloatArray, mechanism: str = "auto", **known: Any) -> Any:
    """One mechanism through the whole branch; ``auto`` lets the fit choose it first.

    With some noise the choice splits the branch into regimes, as other branches of the card share in the
    current: the published values are of one law through all of it.
    """
    from fitting import fit_iv

    trace = Trace(None, v, i, ROOM_TEMPERATURE)
    chosen = fit_iv(trace, mechanism, **known).selected if mechanism == "auto" else mechanism
    return fit_iv(trace, chosen, **known)


def _how(found: Any) -> str:
    return f"{SWEEPS} simulated sweeps with 3 % noise; the fit chose {found.selected} by itself"


def thermionic(lab: Lab) -> Measured:
    """Barrier of the high-resistance state."""
    card = lab.card("otj")
    v, i = _swept(lab, np.linspace(0.05, 0.5, 60), 0.0)
    found = _extracted(v, i, area=card.values["te_area"], thickness=card.values["te_thickness"])
    root = np.sqrt(v)
    panel = Panel(
        "Fig. S1a: HRS, emission over the barrier",
        "sqrt(V) (V^1/2)",
        "I (A)",
        (
            Curve(root, i, "simulated, 3 % noise", points=True),
            Curve(root, found.model, f"{found.selected}, {found.parameters['phi'].value:.3f} eV"),
        ),
        "y",
    )
    note = f"{_how(found)}; the effective area-Richardson product of the card is known"
    return Measured({"": found.parameters["phi"].value}, panels=[panel], note=note)


def tunnelling(lab: Lab) -> Measured:
    """Both barriers of the low-resistance state at small voltage."""
    card = lab.card("otj")
    half = np.linspace(0.005, 0.1, 30)
    v, i = _swept(lab, np.concatenate([-half[::-1], half]), 1.0)
    known: dict[str, Any] = {key: card.values[f"dt_{key}"] for key in ("area", "thickness", "mass")}
    found = _extracted(v, i, **known)
    # The grounded substrate emits at V > 0: phi1 is its barrier.
    values = {
        "pt_sto": found.parameters["phi2"].value,
        "sto_snto": found.parameters["phi1"].value,
    }
    panel = Panel(
        "Fig. S1b: LRS, direct tunnelling",
        "V (V)",
        "I (A)",
        (
            Curve(v, i, "simulated, 3 % noise", points=True),
            Curve(v, found.model, found.selected),
        ),
    )
    note = f"{_how(found)}; area, thickness and mass of the card are known, +-0.1 V"
    return Measured(values, panels=[panel], note=note)


def fowler_nordheim(lab: Lab) -> Measured:
    """Barrier from the slope of ln(I/V^2) of the low-resistance state."""
    card = lab.card("otj")
    v, i = _swept(lab, np.linspace(0.35, 0.60, 60), 1.0)
    known: dict[str, Any] = {key: card.values[f"fn_{key}"] for key in ("thickness", "mass")}
    found = _extracted(v, i, "fowler_nordheim", **known)
    phi = found.parameters["phi"].value
    panel = Panel(
        "Fig. S1b: LRS, Fowler-Nordheim",
        "1/V (1/V)",
        "ln(I/V^2)",
        (
            Curve(1 / v, np.log(i / v**2), "simulated, 3 % noise", points=True),
            Curve(1 / v, np.log(found.model / v**2), f"{found.selected}, {phi:.4f} eV"),
        ),
    )
    note = (
        f"{SWEEPS} simulated sweeps with 3 % noise; total current between 0.35 and 0.60 V, of which "
        "tunnelling through the trapezoid carries the larger part: the slope, not the branch alone, is "
        "what is published. The mechanism is named: an automatic choice is not settled in so short a window"
    )
    return Measured({"": phi}, panels=[panel], note=note)


def _both(lab: Lab) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Currents at 0.1 V of the written and of the erased state, and their w."""
    card, cycle = lab.card("otj"), paper("otj").protocol("cycle")
    found = lab.run(card, cycle)
    w, s = states_at(found, [cycle.duration / 2, cycle.duration])
    on = lab.held(card, READ, w=float(w[0]), s=float(s[0]))
    off = lab.held(card, READ, w=float(w[1]), s=float(s[1]))
    return on, off, w


def high(lab: Lab) -> Measured:
    """Resistance after the negative pulse."""
    _, off, _ = _both(lab)
    return Measured({"": READ / off[0]}, note="a pulse of +2.2 V was applied before")


def low(lab: Lab) -> Measured:
    """Resistance after the positive pulse."""
    on, _, _ = _both(lab)
    return Measured({"": READ / on[0]}, note="from the pristine state")


def on_off(lab: Lab) -> Measured:
    """Ratio of the two, and the loop between them."""
    on, off, _ = _both(lab)
    source = paper("otj")
    found = lab.run(lab.card("otj"), source.protocol("loop"), points=200)
    published = [
        Curve([READ], [READ / source.facts[f"otj.{key}"].published()], f"{key.upper()}, published",
              points=True, published=True)
        for key in ("hrs", "lrs")
    ]  # fmt: skip
    panel = Panel(
        "Fig. 1b: hysteresis loop",
        "V (V)",
        "|I| (A)",
        (
            Curve(found.voltage, np.abs(found.current) + 1e-15, "simulated, 1 V/s"),
            *published,
        ),
        "y",
    )
    return Measured({"": on[0] / off[0]}, panels=[panel])


def endurance(lab: Lab) -> Measured:
    """Ratio over thousands of cycles, each from the state in which the one before ended."""
    fact, card = paper("otj").facts["otj.endurance"], lab.card("otj")
    cycle, cycles = partial(paper("otj").protocol, "cycle"), int(fact.published("cycles"))
    fast = Lab("compiled", lab.seed, runs=lab.runs) if lab.engine == "ngspice" else lab
    blocks = [3, *[100] * ((cycles - 4) // 100)]
    blocks += [cycles - 1 - sum(blocks), 1]
    ratios: list[FloatArray] = []
    w = s = 0.0
    for k, count in enumerate(blocks):
        bench = lab if k in (0, len(blocks) - 1) else fast
        # Few samples a piece: only the states at the ends of the rests are read.
        found = bench.run(card, cycle(repeat=count), w0=w, s0=s, points=2)
        ends = np.arange(1, 2 * count + 1) * found.time[-1] / (2 * count)
        read = read_at(card, found, ends, READ)
        ratios.append(read[::2] / read[1::2])
        w, s = float(found.w[-1]), float(found.s[-1])
    every = np.concatenate(ratios)
    panel = Panel(
        "Fig. 1e: endurance",
        "cycle",
        "LRS/HRS",
        (
            Curve(np.arange(1, every.size + 1), every, "simulated"),
            Curve([1, every.size], [fact.published("on_off_at_least")] * 2, "published, at least",
                  published=True),
        ),
        "y",
    )  # fmt: skip
    note = f"smallest of {every.size} cycles (the largest is {every.max():.5g})"
    if lab.engine == "ngspice":
        note += "; the first three and the last in ngspice, the others by the compiled integrator"
    return Measured({"on_off_at_least": float(every.min())}, panels=[panel], note=note)


def retention(lab: Lab) -> Measured:
    """Both states under the read voltage for all of the published time."""
    card, hold = lab.card("otj"), paper("otj").protocol("retention")
    seconds = paper("otj").facts["otj.retention"].published("seconds")
    _, _, w = _both(lab)
    times = np.geomspace(1.0, seconds, 60)
    tracks = [read_at(card, lab.run(card, hold, w0=float(x)), times, READ) for x in w]
    starts = [float(conductance(card, x)) * READ for x in w]
    drift = [float(np.max(np.maximum(y / i, i / y))) for y, i in zip(tracks, starts)]
    window = float(np.min(tracks[0]) / np.max(tracks[1]))
    events = [
        Happens("the LRS stays within a factor 2", drift[0] < 2, f"x {drift[0]:.4f}"),
        Happens("the HRS stays within a factor 2", drift[1] < 2, f"x {drift[1]:.4f}"),
        Happens("the two stay more than 1e3 apart", window > 1e3, f"{window:.4g}"),
    ]
    panel = Panel(
        "Fig. 1f: retention at 0.1 V",
        "t (s)",
        "R (ohm)",
        tuple(Curve(times, READ / y, name) for y, name in zip(tracks, ("LRS", "HRS"))),
        "xy",
    )
    return Measured(events=events, panels=[panel], note="0.1 V is on all the time")


def asymmetry(lab: Lab) -> Measured:
    """The pristine state at either sign of the read voltage."""
    card = lab.card("otj")
    v = np.array([0.1, 0.3, 0.5, 1.0])
    ahead, behind = lab.held(card, v), -lab.held(card, -v)
    ratio = behind / ahead
    order = Order("|I(-V)|/I(V) against V", v, ratio)
    event = Happens(
        "the HRS carries more at negative voltage",
        bool(np.all(ratio > 1.01)),
        f"x {ratio[0]:.3g} at {v[0]:g} V, x {ratio[-1]:.3g} at {v[-1]:g} V",
    )
    line = np.linspace(-1.0, 1.0, 101)
    panel = Panel(
        "HRS at either sign",
        "V (V)",
        "|I| (A)",
        (Curve(line, np.abs(lab.held(card, line)) + 1e-16, "simulated"),),
        "y",
    )
    return Measured(orders=[order], events=[event], panels=[panel])
