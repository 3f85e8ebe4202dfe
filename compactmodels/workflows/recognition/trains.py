"""Potentiation and depression of a card without a measured synapse, out of its own dynamics.

The device is driven up and down by equal pulses until one cycle is like the one before, and read after
each pulse; the last cycle is fitted with the same law as a measured one.  It has no noise: a card's
equations have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.errors import InputError
from compactmodels.plasticity.pulsed_conductance import advanced, spent
from compactmodels.protocol_sequence import from_document
from compactmodels.protocols import Protocol
from compactmodels.synapse import Synapse, Train
from compactmodels.workflows.reproduction.lab import Lab, read_at
from compactmodels.workflows.reproduction.published import paper

FloatArray = NDArray[np.float64]

CYCLES: Final = 200
"""After which a device that still drifts is taken as it is."""
SETTLED: Final = 0.005
"""Of the window: cycles that differ by less are alike."""
LEAST: Final = 1.02
"""Highest over lowest conductance: what is less is no potentiation."""
PULSES: Final = 50
"""In each direction, where nothing is published for the card."""
STARTS: Final = (
    (0.1, 0.0, 0.0, 0.1),
    (3.0, 0.1, 0.1, 0.1),
    (-3.0, -0.1, 0.0, 0.1),
    (0.1, 3.0, 0.1, 0.2),
)
"""Shapes from which the search begins: rho, gamma, dwell, reach."""
BOUNDS: Final = ((-20.0, -20.0, 0.0, 0.01), (20.0, 20.0, 20.0, 1.0))

# Paper, protocol and time [s] of the read after the foot of a pulse, as `reproduce` has them.
PUBLISHED: Final[Mapping[str, tuple[str, str, float]]] = MappingProxyType(
    {
        "mose2": ("mose2", "cycle", 0.025),
        **{f"ohp-{n}": ("ohp", "levels", 0.01) for n in ("n1", "n2", "n3", "n4", "n5", "3d")},
        "otj": ("otj", "ltp_ltd", 1e-6),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Cycle:
    """One settled cycle of a card.

    Parameters
    ----------
    up, down : (n + 1,) arrays
        Conductance [S] before the first and after each pulse.
    up_states, down_states : (n, 2) arrays
        w and s at the readings after the pulses.
    voltage : float
        At which it is read [V].
    cycles : int
        Until it settled.
    drift : float
        By which the last two differ, of the window.
    said : str
        Where the pulses come from.
    turned : bool
        Whether the pulses that depress come first.
    """

    up: FloatArray
    down: FloatArray
    up_states: FloatArray
    down_states: FloatArray
    voltage: float
    cycles: int
    drift: float
    said: str
    turned: bool = False


def protocol_of(card: ModelCard) -> tuple[Protocol, float, str]:
    """The card's cycle, the delay [s] of its reads, and where they come from."""
    if card.name in PUBLISHED:
        source, name, delay = PUBLISHED[card.name]
        return paper(source).protocol(name), delay, f"published cycle {source}:{name}"
    o = card.operation
    up, down = o.get("pulse_amplitude", 1.0), o.get("v_reset", -o.get("pulse_amplitude", 1.0))
    width, gap = o.get("pulse_width", 1e-6), o.get("pulse_gap", o.get("pulse_width", 1e-6))
    one = {"kind": "pulses", "width": width, "gap": gap, "number": PULSES}
    steps = [{**one, "amplitude": volts} for volts in (up, down)]
    said = (
        f"{PULSES} x {up:g} V and {PULSES} x {down:g} V of {width:g} s, the card's own pulses (no cycle is "
        "published)"
    )
    return from_document({"kind": "sequence", "steps": steps}), 0.5 * gap, said


def cycle_of(card: ModelCard) -> Cycle:
    """Drive the card until its cycles are alike.

    Raises
    ------
    InputError
        Code ``no_plasticity``: its conductance does not rise with one polarity and fall with the other.
    SimulationError
        The integrator gave up.
    """
    protocol, delay, said = protocol_of(card)
    volts = float(card.operation.get("v_read", 0.1))
    times = np.minimum([p.stop + delay for p in protocol.pulses], protocol.duration)
    half = len(times) // 2
    lab, w, s = Lab("compiled"), 0.0, 0.0
    before, drift, number = np.full(times.size, np.nan), np.inf, 0
    while number < CYCLES and not drift < SETTLED:
        found = lab.run(card, protocol, w0=w, s0=s, points=8)
        w, s = float(found.w[-1]), float(found.s[-1])
        g = read_at(card, found, times, volts) / volts
        drift = float(np.max(np.abs(g - before)) / max(float(np.ptp(g)), 1e-300))
        drift = np.inf if np.isnan(drift) else drift
        before, number = g, number + 1
    states = np.stack([np.interp(times, found.time, x) for x in (found.w, found.s)], axis=1)
    first, second = g[:half], g[half:]
    turned = bool(first[-1] < first[0])  # the card's first pulses depress
    if turned:
        first, second = second, first
        states = np.concatenate([states[half:], states[:half]])
    _check(card, first, second, said)
    return Cycle(
        np.concatenate([second[-1:], first]),
        np.concatenate([first[-1:], second]),
        states[:half],
        states[half:],
        volts,
        number,
        drift,
        said,
        turned,
    )


def _check(card: ModelCard, up: FloatArray, down: FloatArray, said: str) -> None:
    """Whether these are potentiation and depression."""
    finite = bool(np.all(np.isfinite([*up, *down])))
    enough = finite and min(up[-1] / up[0], down[0] / down[-1]) >= LEAST and up[0] > 0
    if not enough:
        found = (
            f"from {up[0]:.3g} to {up[-1]:.3g} S up and from {down[0]:.3g} to {down[-1]:.3g} S down"
            if finite
            else "no finite conductance"
        )
        raise InputError(
            f"card '{card.name}' shows no potentiation and depression under {said}: its conductance goes "
            f"{found}; take a card with a [synapse] (fit plasticity --kind ltp -o CARD)",
            code="no_plasticity",
        )


def synapse_from(card: ModelCard, cycle: Cycle) -> tuple[Synapse, dict[str, Any]]:
    """The law of the pulses through a settled cycle, without noise; and how far off it is.

    The ends are the cycle's own; the four shapes are fitted.  The contest of shapes that measured trains
    go through has nothing to weigh here: what is left over is the law's own misfit.
    """
    up, down = (train_between(y) for y in (cycle.up, cycle.down))
    window = float(np.ptp([*cycle.up, *cycle.down]))
    off = max(
        float(np.max(np.abs(_law(train, y.size - 1) - y)))
        for train, y in ((up, cycle.up), (down, cycle.down))
    )
    return Synapse(up, down, note=f"simulated: {cycle.said}"), {
        "pulses": cycle.said,
        "cycles_to_settle": cycle.cycles,
        "drift_of_window": cycle.drift,
        "law_off_of_window": off / window,
    }


def train_between(y: FloatArray) -> Train:
    """The law between the ends of a noiseless train."""
    from scipy.optimize import least_squares

    count = y.size - 1
    way = np.clip((y - y[0]) / (y[-1] - y[0]), 0.0, 1.0)
    p = np.arange(count + 1) / count
    slope = np.gradient(way, p)  # the inverse is explicit: off in pulses, times the slope

    def off(shape: FloatArray) -> FloatArray:
        return np.asarray((spent(way, *shape) - p) * slope)

    best: Any = None
    for start in STARTS:
        found = least_squares(
            off, start, bounds=BOUNDS, x_scale=(1.0, 1.0, 0.1, 0.1), max_nfev=200, ftol=1e-6
        )
        best = found if best is None or found.cost < best.cost else best
    rho, gamma, dwell, reach = (float(x) for x in best.x)
    return Train(float(y[0]), float(y[-1]), rho, gamma, float(count), dwell=dwell, reach=reach)


def _law(train: Train, count: int) -> FloatArray:
    """Conductance [S] before the first and after each pulse."""
    p = np.arange(count + 1) / train.pulses
    return np.asarray(train.g_start + (train.g_end - train.g_start) * advanced(p, *train.shape))


def kept_after(card: ModelCard, cycle: Cycle, seconds: float) -> tuple[FloatArray, FloatArray]:
    """Conductances as written, and as read ``seconds`` after the last pulse, (k,) each, rising [S].

    From the card's own relaxation at 0 V, for every state of the settled cycle that the potentiation
    left behind.
    """
    delay = protocol_of(card)[1]
    rest = from_document({"kind": "rest", "duration": max(seconds - delay, 1e-12)})
    lab, later = Lab("compiled"), []
    for w, s in cycle.up_states:
        found = lab.run(card, rest, w0=float(w), s0=float(s), points=100)
        later.append(
            float(read_at(card, found, [found.time[-1]], cycle.voltage)[0]) / cycle.voltage
        )
    return cycle.up[1:], np.array(later)
