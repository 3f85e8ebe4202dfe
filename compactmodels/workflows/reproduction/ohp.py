"""The halide-perovskite synapses of six dimensionalities: their targets, one card each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.data import Trace
from compactmodels.protocols import Protocol
from compactmodels.workflows.reproduction.lab import Lab, Measure, read_at
from compactmodels.workflows.reproduction.published import Fact, Paper, paper
from compactmodels.workflows.reproduction.rows import Curve, Happens, Measured, Order, Panel

FloatArray = NDArray[np.float64]

DEVICES: Final = {
    "n = 1": "ohp-n1",
    "n = 2": "ohp-n2",
    "n = 3": "ohp-n3",
    "n = 4": "ohp-n4",
    "n = 5": "ohp-n5",
    "3D": "ohp-3d",
}
"""Cards in the order of the published tables."""
READ: Final = -0.1
"""V."""
SOON: Final = 1e-3
"""s after the foot of a pulse at which it is read."""
READINGS: Final = 120
"""Of a decay, equidistant in the logarithm of time: 3 % noise then moves b and m by less than 1 %."""
TEMPERATURES: Final = np.linspace(280.0, 340.0, 13)
"""K."""
REPEATS: Final = 25
"""Readings at each temperature: 3 % noise then moves EA by 1 meV."""
ENERGY_READ: Final = -0.01
"""V, published."""
AREAS: Final = {6.25e4: 1.0, 2.5e5: 4.0, 5.625e5: 9.0}
"""um^2 and the scale of the card."""


def _ohp() -> Paper:
    return paper("ohp")


def _amplitudes(
    lab: Lab, card: ModelCard, protocol: Protocol, delay: float = SOON, read: float = READ
) -> FloatArray:
    """The read current [A] after each pulse, its base included."""
    found = lab.run(card, protocol)
    return read_at(card, found, [pulse.stop + delay for pulse in protocol.pulses], read)


def _rate(protocol: Protocol) -> float:
    return 1.0 / (protocol.pulses[1].start - protocol.pulses[0].start)


def _table(fact: Fact, key: str, mine: list[float], unit: str) -> Panel:
    """Simulated beside published values over the devices."""
    place = np.arange(1.0, len(DEVICES) + 1)
    return Panel(
        f"Table 2: {key}",
        "n (6: three-dimensional)",
        unit,
        [
            Curve(place, mine, "simulated", points=True),
            Curve(place, fact.published(key), "published", points=True, published=True),
        ],
        log="y" if key == "b" else "",
    )


def retention(lab: Lab) -> Measured:
    """b and m of what is left after 30 pulses, from decays with 3 % noise."""
    from fitting import fit_decay

    fact, protocol = _ohp().facts["ohp.retention"], _ohp().protocol("train")
    foot, time = protocol.pulses[-1].stop, np.geomspace(0.1, 15.0, READINGS)
    b, m, curves = [], [], []
    for label, name in DEVICES.items():
        card = lab.card(name)
        found = lab.run(card, protocol, points=200)
        before, peak, *late = read_at(card, found, [0.0, foot, *(foot + time)], READ)
        y = lab.noisy((np.array(late) - before) / (peak - before))
        fit = fit_decay(Trace(time, None, y), "power")
        b.append(fit.parameters["b"].value)
        m.append(fit.parameters["m"].value)
        curves += [Curve(time, y, label, points=True), Curve(time, fit.model)]
    return Measured(
        values={"b": b, "m": m},
        panels=[
            Panel("Fig. 4b: retention", "Time (s)", "Change of the current", curves, log="xy"),
            _table(fact, "b", b, "b"),
            _table(fact, "m", m, "m"),
        ],
        note=f"fit_decay power, {READINGS} readings with 3 % noise, 0.1 to 15 s after the last pulse",
    )


def activation_energy(lab: Lab) -> Measured:
    """EA from the resistance of the fresh device against temperature, with 3 % noise."""
    from fitting import fit_arrhenius

    fact, energies, curves = _ohp().facts["ohp.activation_energy"], [], []
    kelvin = np.repeat(TEMPERATURES, REPEATS)
    for label, name in DEVICES.items():
        card = lab.card(name)
        current = [lab.held(card, READ, temperature=float(t))[0] for t in TEMPERATURES]
        resistance = READ / lab.noisy(np.repeat(current, REPEATS))
        fit = fit_arrhenius(kelvin, resistance, inverse=True, unit="ohm")
        energies.append(fit.parameters["ea"].value)
        mean = np.exp(np.log(resistance).reshape(-1, REPEATS).mean(axis=1))
        line = fit.model[::REPEATS]
        inverse = 1e3 / TEMPERATURES
        curves += [Curve(inverse, mean, label, points=True), Curve(inverse, line)]
    return Measured(
        values={"ea": energies},
        panels=[
            Panel("Fig. 5b: Arrhenius plot", "1000/T (1/K)", "Resistance (ohm)", curves, log="y"),
            _table(fact, "ea", energies, "EA (eV)"),
        ],
        note=f"fit_arrhenius, {REPEATS} readings with 3 % noise at each of {TEMPERATURES.size} temperatures; "
        "the cards' prefactors carry the published EA, so this row tests the extraction",
    )


def _along(
    lab: Lab,
    series: str,
    x_of: Callable[[float, Protocol], float],
    what: str,
    title: str,
    x_label: str,
    *,
    rising: bool = True,
) -> tuple[list[Order], Panel]:
    """A_n/A_1 (the last pulse of each train) along a series, for each device."""
    orders, curves = [], []
    for label, name in DEVICES.items():
        card, x, y = lab.card(name), [], []
        for value, protocol in _ohp().over(series):
            a = _amplitudes(lab, card, protocol)
            x.append(x_of(value, protocol))
            y.append(float(a[-1] / a[0]))
        orders.append(Order(f"{label}: {what}", x, y, rising))
        curves.append(Curve(x, y, label, points=True))
    return orders, Panel(title, x_label, what.split(" against")[0], curves)


def ppf(lab: Lab) -> Measured:
    """A2/A1 against the interval."""
    orders, panel = _along(
        lab,
        "interval",
        lambda x, _: 1e3 * x,
        "A2/A1 against the interval [ms]",
        "Fig. 3b: paired pulses",
        "Interval (ms)",
        rising=False,
    )
    return Measured(orders=orders, panels=[panel])


def spike_dependence(lab: Lab) -> Measured:
    """A5/A1 against rate, amplitude and duration, and A_n/A_1 against the number of spikes."""
    kinds: tuple[tuple[Any, ...], ...] = (
        ("frequency", lambda _, p: _rate(p), "A5/A1 against the rate [Hz]", "Fig. 3c: rate", "Rate (Hz)"),
        ("amplitude", lambda x, _: -x, "A5/A1 against the amplitude [-V]", "Fig. 3d: amplitude", "Amplitude (-V)"),
        ("duration", lambda x, _: 1e3 * x, "A5/A1 against the duration [ms]", "Fig. 3e: duration", "Duration (ms)"),
    )  # fmt: skip
    orders, panels, curves = [], [], []
    for kind in kinds:
        found, panel = _along(lab, *kind)
        orders += found
        panels.append(panel)
    protocol = _ohp().protocol("many")
    number = np.arange(1.0, len(protocol.pulses) + 1)
    for label, name in DEVICES.items():
        a = _amplitudes(lab, lab.card(name), protocol)
        orders.append(Order(f"{label}: An/A1 against the number", number, a / a[0]))
        curves.append(Curve(number, a / a[0], label))
    panels.append(Panel("Fig. 3f: number of spikes", "Number", "An/A1", curves))
    return Measured(orders=orders, panels=panels)


def energy(lab: Lab) -> Measured:
    """P I t of one pulse: the pulse's voltage and width, the current read after it."""
    fact, protocol = _ohp().facts["ohp.energy"], _ohp().protocol("one")
    pulse = float(np.ptp(protocol.voltage))
    width = float(protocol.time[3] - protocol.time[2])  # the flat top
    joules = []
    for scale in AREAS.values():
        card = lab.card("ohp-n1", scale)
        current = _amplitudes(lab, card, protocol, read=ENERGY_READ)[0]
        joules.append(pulse * abs(float(current)) * width)
    area = list(AREAS)
    per_area = np.array(joules) / np.array(area)
    spread = float(np.ptp(per_area) / per_area[0])
    return Measured(
        values={"at_1V": joules[0]},
        events=[Happens("linear in the area", spread < 0.01, f"J/um^2 differ by {spread:.1g}")],
        panels=[
            Panel(
                "Fig. 6, S10: energy of a spike",
                "Area (um^2)",
                "Energy (fJ)",
                [
                    Curve(area, 1e15 * np.array(joules), "simulated", points=True),
                    Curve(area[:1], [1e15 * fact.published("at_1V")], "published", points=True, published=True),
                ],
            )
        ],
        note="1 V times the current at -0.01 V, 1 ms after the pulse, times 20 ms; the conductance is "
        "calibrated to this number",
    )  # fmt: skip


def _off_line(y: FloatArray) -> float:
    x = np.arange(float(y.size))
    return float(np.max(np.abs(y - np.polyval(np.polyfit(x, y, 1), x))) / np.ptp(y))


def ltp_ltd(lab: Lab) -> Measured:
    """20 levels up and 20 down of n = 3."""
    number, protocol = _ohp().facts["ohp.ltp_ltd"].published("pulses"), _ohp().protocol("levels")
    g = _amplitudes(lab, lab.card("ohp-n3"), protocol, delay=0.01) / READ
    window = float(np.ptp(g))
    up, down = g[:number], g[number:]
    rise, fall = float(np.min(np.diff(up))), float(np.min(-np.diff(down)))
    bent = [_off_line(half) for half in (up, down)]
    return Measured(
        events=[
            Happens(f"{number} levels up", rise > 0.01 * window, f"least step {rise / window:.1%} of the window"),
            Happens(f"{number} levels down", fall > 0.01 * window, f"least step {fall / window:.1%}"),
            Happens("nearly linear", max(bent) < 0.05, f"off a line by {bent[0]:.1%} up, {bent[1]:.1%} down"),
        ],
        panels=[
            Panel(
                "Fig. S11a: potentiation and depression, n = 3",
                "Pulse",
                "Conductance over the first",
                [Curve(np.arange(1.0, g.size + 1), g / g[0], points=True)],
            )
        ],
        note="conductance at -0.1 V, 10 ms after each pulse",
    )  # fmt: skip


MEASURES: Final[dict[str, Measure]] = {
    "ohp.retention": retention,
    "ohp.activation_energy": activation_energy,
    "ohp.ppf": ppf,
    "ohp.spike_dependence": spike_dependence,
    "ohp.energy": energy,
    "ohp.ltp_ltd": ltp_ltd,
}
"""How each target is measured."""
