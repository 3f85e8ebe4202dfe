"""The organic heterojunction memristor of Qian et al.: every published target, and how it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.protocols import Protocol
from compactmodels.workflows.reproduction import ohm_learning as learning
from compactmodels.workflows.reproduction.lab import (
    Lab,
    Measure,
    current_at,
    read_at,
    states_at,
    top_of,
)
from compactmodels.workflows.reproduction.ohm_learning import READ
from compactmodels.workflows.reproduction.published import paper
from compactmodels.workflows.reproduction.rows import Curve, Happens, Measured, Order, Panel

FloatArray = NDArray[np.float64]

COUNTS: Final = (5, 10, 20, 30, 40, 50)
"""Numbers of pulses of Fig. 4d."""


def _tips(protocol: Protocol) -> FloatArray:
    """Times of the far ends of a sweep's triangles."""
    return np.asarray(protocol.time[np.abs(protocol.voltage) == np.max(np.abs(protocol.voltage))])


def _sweeps(lab: Lab) -> Measured:
    """Current at the tips of 160 sweeps."""
    fact, card = paper("ohm").facts["ohm.sweeps"], lab.card("ohm")
    protocol = paper("ohm").protocol("set_sweeps")
    found = lab.run(card, protocol, points=8)
    tips = current_at(found, _tips(protocol))
    number = np.arange(1, tips.size + 1)
    rises = float(np.min(tips[1:] / tips[:-1]))
    panel = Panel(
        "Fig. 1d, S2: +10 V in successive sweeps",
        "sweep",
        "I at +10 V (A)",
        (
            Curve(number, tips, "simulated"),
            Curve([1, tips.size], [fact.published("i_first"), fact.published("i_last")], "published",
                  points=True, published=True),
        ),
        "y",
    )  # fmt: skip
    event = Happens(
        "every sweep carries more than the one before", rises > 1.0, f"x {rises:.4f} at least"
    )
    return Measured(
        {"i_first": tips[0], "i_last": tips[-1]}, events=[event], panels=[panel], note="20 V/s"
    )


def _reset(lab: Lab) -> Measured:
    """Ten sweeps to -10 V after the 160 to +10 V."""
    source = paper("ohm")
    w, s = learning.potentiated(lab, int(source.facts["ohm.sweeps"].published("sweeps")))
    protocol = source.protocol("reset_sweeps")
    found = lab.run(lab.card("ohm"), protocol, w0=w, s0=s, points=20)
    tips = np.abs(current_at(found, _tips(protocol)))
    number = np.arange(1, tips.size + 1)
    panel = Panel(
        "Fig. 1d: reset",
        "V (V)",
        "I (mA)",
        (Curve(found.voltage, found.current * 1e3, "10 sweeps to -10 V"),),
    )
    return Measured(
        orders=[Order("|I| at -10 V against the sweep", number, tips, rising=False)],
        panels=[panel],
        note="60 s after 160 sweeps to +10 V (those by the compiled integrator)",
    )


def _scan_rate(lab: Lab) -> Measured:
    """Hysteresis area of the first loop at several rates."""
    card, rates, areas, curves = lab.card("ohm"), [], [], []
    for rate, protocol in paper("ohm").over("scan_rate"):
        found = lab.run(card, protocol, points=100)
        rates.append(rate)
        areas.append(float(abs(np.trapezoid(found.current, found.voltage))))
        curves.append(Curve(found.voltage, found.current * 1e6, f"{rate:g} V/s"))
    panel = Panel("Fig. S4: scan rate", "V (V)", "I (uA)", curves)
    order = Order("hysteresis area in A V against the rate in V/s", rates, areas, rising=False)
    return Measured(orders=[order], panels=[panel], note="first loop of the fresh device")


def _area(lab: Lab) -> Measured:
    """Current of cells of several areas."""
    protocol = paper("ohm").protocol("loop")
    scales = np.array([1.0, 2.0, 5.0, 10.0])
    tips = np.array(
        [
            current_at(lab.run(lab.card("ohm", x), protocol, points=20), _tips(protocol))[0]
            for x in scales
        ]
    )
    off = float(np.max(np.abs(tips / scales / tips[0] - 1.0)))
    panel = Panel(
        "Fig. S5: cell area",
        "area (um^2)",
        "I at +10 V (A)",
        (Curve(scales * 1e4, tips, "simulated", points=True),),
        "xy",
    )
    return Measured(
        orders=[Order("current at +10 V against the area over 100 x 100 um^2", scales, tips)],
        events=[Happens("it is proportional to the area", off < 0.01, f"within {off:.1e}")],
        panels=[panel],
    )


def _tops(lab: Lab, series: str, numbers: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    """What is varied, and the currents [A] at the tops of some pulses: one row a value."""
    card, x, rows = lab.card("ohm"), [], []
    for value, protocol in paper("ohm").over(series):
        found = lab.run(card, protocol)
        x.append(value)
        rows.append(current_at(found, [top_of(protocol, n) for n in numbers]))
    return np.array(x), np.array(rows)


def _ppf_ptp(lab: Lab) -> Measured:
    """Second and tenth pulse against the first, at several intervals."""
    gaps, tops = _tops(lab, "ppf_ptp", (1, 2, 10))
    ppf, ptp = (100.0 * (tops[:, k] / tops[:, 0] - 1.0) for k in (1, 2))
    panel = Panel(
        "Fig. 4b: PPF and PTP",
        "interval (s)",
        "change (%)",
        (Curve(gaps, ppf, "PPF", points=True), Curve(gaps, ptp, "PTP", points=True)),
        "x",
    )
    orders = [
        Order("PPF in % against the interval", gaps, ppf, rising=False),
        Order("PTP in % against the interval", gaps, ptp, rising=False),
    ]
    return Measured(orders=orders, panels=[panel], note="+10 V, 50 ms")


def _srdp(lab: Lab) -> Measured:
    """Twenty pulses at seven rates."""
    gaps, tops = _tops(lab, "srdp", (1, 20))
    first = paper("ohm").over("srdp")[0][1].pulses[0]
    rates = 1.0 / (gaps + (first.stop - first.start))
    change = 100.0 * (tops[:, 1] / tops[:, 0] - 1.0)
    panel = Panel(
        "Fig. 4c: rate dependence",
        "f (Hz)",
        "20th against 1st pulse (%)",
        (Curve(rates, change, "simulated", points=True),),
    )
    order = Order("change of the 20th pulse in % against the rate in Hz", rates, change)
    return Measured(orders=[order], panels=[panel])


def _stp_ltp(lab: Lab) -> Measured:
    """What is left 10 s after few and many, weak and strong pulses."""
    card, source = lab.card("ohm"), paper("ohm")
    wait = source.protocol("read_wait")
    trains = {
        volts: (protocol, lab.run(card, protocol, points=20))
        for volts, protocol in source.over("stp_ltp")
    }

    def left(volts: float, count: int) -> float:
        protocol, found = trains[volts]
        w, s = states_at(found, protocol.pulses[count - 1].stop)
        after = lab.run(card, wait, w0=float(w), s0=float(s), points=20)
        return float(read_at(card, after, wait.duration, READ))

    strongest, weakest = max(trains), min(trains)
    by_number = [left(strongest, n) for n in COUNTS]
    by_volts = [left(volts, COUNTS[-1]) for volts in trains]
    least = left(weakest, COUNTS[0])
    panel = Panel(
        "Fig. 4d, S11: from STP to LTP",
        "number of pulses",
        "I at +1 V after 10 s (A)",
        (
            Curve(COUNTS, by_number, f"+{strongest:g} V", points=True),
            Curve([COUNTS[-1]] * len(trains), by_volts, "4, 7 and 10 V", points=True),
            Curve([COUNTS[0]], [least], f"+{weakest:g} V", points=True),
        ),
        "y",
    )
    orders = [
        Order("+1 V read against the number of pulses", COUNTS, by_number),
        Order("+1 V read against the amplitude", list(trains), by_volts),
    ]
    alone = np.log10(by_number[-1] / by_number[0])
    note = (
        f"{COUNTS[-1]} pulses of {strongest:g} V against {COUNTS[0]} of {weakest:g} V, 10 s later; the "
        f"number alone (at {strongest:g} V) gives {alone:.2f} decades"
    )
    return Measured({"decades": np.log10(by_number[-1] / least)}, orders, panels=[panel], note=note)


def _pulse_shape(lab: Lab) -> Measured:
    """Width, height and distance of ten pulses."""
    card, orders, panels = lab.card("ohm"), [], []
    done: dict[tuple[float, ...], float] = {}  # the train that all three series have in common
    for series, what, unit, rising in (
        ("shape_width", "width", "s", True),
        ("shape_amplitude", "amplitude", "V", True),
        ("shape_gap", "gap", "s", False),
    ):
        x, y = [], []
        for value, protocol in paper("ohm").over(series):
            key = (*protocol.time, *protocol.voltage)
            if key not in done:
                found = lab.run(card, protocol, points=20)
                done[key] = float(read_at(card, found, protocol.duration, READ))
            x.append(value)
            y.append(done[key])
        orders.append(Order(f"+1 V read against the {what} in {unit}", x, y, rising))
        curve = Curve(x, np.array(y) * 1e6, "simulated, 10 pulses", points=True)
        panels.append(Panel(f"Fig. S10: {what}", f"{what} ({unit})", "I at +1 V (uA)", (curve,)))
    return Measured(orders=orders, panels=panels, note="0.1 s after the last pulse")


MEASURES: Final[dict[str, Measure]] = {
    "ohm.sweeps": _sweeps,
    "ohm.reset": _reset,
    "ohm.scan_rate": _scan_rate,
    "ohm.area": _area,
    "ohm.ppf_ptp": _ppf_ptp,
    "ohm.srdp": _srdp,
    "ohm.stp_ltp": _stp_ltp,
    "ohm.pavlov": learning.pavlov,
    "ohm.array_abc": learning.letters,
    "ohm.pulse_shape": _pulse_shape,
    "ohm.relearning": learning.relearning,
}
