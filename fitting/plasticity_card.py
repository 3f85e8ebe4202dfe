"""A fitted pulse train as a synapse's card: one that simulates, with the noise as it was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from compactmodels import registry
from compactmodels.card import Entry, ModelCard
from compactmodels.errors import InputError
from compactmodels.model import Branch, Model
from compactmodels.synapse import Synapse, Train
from fitting.plasticity_cycles import cycle_noise
from fitting.plasticity_window import Direction
from fitting.pulse_noise import quantum_of
from fitting.result import Estimate, FitResult

DEFAULTS: Final = {"amplitude": (1.0, -1.0), "width": 1e-6}
"""What is assumed of the pulses where the caller does not say: V (up, down), s."""
THRESHOLD: Final = (0.7, 0.9)
"""Shares of the amplitude at which a pulse begins to act and acts fully: half-selected cells stay."""
NEVER: Final = 1e-9
"""Strokes per second of a direction that was not measured: none within any run."""


def known_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """What the caller knows of the pulses, checked.

    Parameters
    ----------
    options : mapping
        ``amplitude``: V, one number or (up, down); ``width``: s; ``conductance``: (S, S), what the
        lowest and the highest end of a measurement in arbitrary units stand for.

    Raises
    ------
    InputError
        An unknown option, or a value that cannot be.
    """
    known = {k: v for k, v in options.items() if v is not None}
    strange = set(known) - {"amplitude", "width", "conductance"}
    if strange:
        raise InputError(f"'ltp' takes no option '{strange.pop()}'", code="usage")
    if "amplitude" in known:
        given = np.atleast_1d(np.asarray(known["amplitude"], dtype=np.float64))
        up, down = (given[0], -abs(given[0])) if given.size == 1 else given[:2]
        if given.size > 2 or not (up > 0 > down and math.isfinite(up - down)):
            raise InputError(
                f"amplitude {known['amplitude']}: potentiating pulses are positive and depressing ones "
                "negative on a card (exchange the terminals of a device that is the other way round)",
                code="bad_amplitude",
            )
        known["amplitude"] = (float(up), float(down))
    if "width" in known and not 0 < known["width"] < math.inf:
        raise InputError(f"width {known['width']} s: a number above 0 is expected", code="usage")
    if "conductance" in known:
        pair = tuple(float(g) for g in known["conductance"])
        if len(pair) != 2 or not 0 < pair[0] < pair[1] < math.inf:
            raise InputError(
                f"conductance {known['conductance']}: two conductances above 0 are expected, the lower first",
                code="usage",
            )
        known["conductance"] = pair
    return known


def synapse_of(result: FitResult) -> Synapse:
    """The fitted trains in siemens.

    Raises
    ------
    InputError
        Code ``no_siemens``: the measurement is a current, or in arbitrary units.
    """
    found: list[Direction] = result.context["directions"]
    factor, shift, note = _siemens(result)
    size, values = result.context["size"] * factor, result.context["values"]
    cycles, alike, pace = cycle_noise(found, result.context["trains"])
    trains = {
        d.name: Train(
            values[f"g_start_{d.name}"] * size + shift,
            values[f"g_end_{d.name}"] * size + shift,
            values[f"rho_{d.name}"],
            values[f"gamma_{d.name}"],
            values[f"p_max_{d.name}"],
            d.noise.scaled(factor),
            None if cycle is None else cycle.scaled(factor),
            values[f"dwell_{d.name}"],
            values[f"reach_{d.name}"],
        )
        for d, cycle in zip(found, cycles)
    }
    measured = result.context["trains"]
    readings = np.concatenate([*measured.up, *measured.down])
    return Synapse(
        trains.get("ltp"),
        trains.get("ltd"),
        alike,
        quantum_of(readings) * factor,
        note,
        pace,
    )


def _siemens(result: FitResult) -> tuple[float, float, str]:
    """Factor and shift that turn the measurement into siemens, and how that is known."""
    unit, given = result.context["signal_unit"], result.context["known"].get("conductance")
    if given is None and unit == "S":
        return 1.0, 0.0, ""
    if given is None:
        hint = (
            "give the read voltage (--read-voltage)"
            if unit == "A"
            else "say what its ends are (--conductance LOW,HIGH in siemens)"
        )
        raise InputError(
            f"the trains are in {'A' if unit == 'A' else 'arbitrary units'} and a card is in siemens: {hint}",
            code="no_siemens",
        )
    values, size = result.context["values"], result.context["size"]
    ends = [size * v for n, v in values.items() if n.startswith(("g_start", "g_end"))]
    factor = (given[1] - given[0]) / (max(ends) - min(ends))
    note = f"{min(ends):.6g} .. {max(ends):.6g} as measured stand for {given[0]:g} .. {given[1]:g} S, as given"
    return factor, given[0] - factor * min(ends), note


def synapse_card(result: FitResult, name: str, provenance: dict[str, Any]) -> ModelCard:
    """The card: ohmic branches at the window's ends, the pulse law between them.

    Parameters
    ----------
    result : FitResult
        Of ``--kind ltp``.
    name : str
    provenance : dict

    Raises
    ------
    InputError
        Codes ``no_card no_siemens``.
    """
    if result.context.get("plasticity") != "ltp":
        raise InputError(
            "only pulse trains (--kind ltp) and retention become a card: a dependence has no state that "
            "a circuit could follow; use --json or --report for its numbers",
            code="no_card",
        )
    synapse = synapse_of(result)
    known = {**DEFAULTS, **result.context["known"]}
    low, high = synapse.limits
    model = Model(
        (
            Branch("on", registry.conduction("ohmic"), "on"),
            Branch("off", registry.conduction("ohmic"), "off"),
        ),
        registry.switching("pulsed_synapse"),
    )
    window = _note(result, "the ends of the fitted trains")
    entries = {"on_g": Entry(high, "fitted", window), "off_g": Entry(low, "fitted", window)}
    for name_, side, volts in (
        ("ltp", "up", known["amplitude"][0]),
        ("ltd", "down", known["amplitude"][1]),
    ):
        entries |= _side(result, synapse, name_, side, abs(volts), known["width"])
    step = THRESHOLD[1] - THRESHOLD[0]
    least = min(map(abs, known["amplitude"]))
    entries["sw_v_step"] = Entry(step * least, "assumed", "one amplitude was measured")
    operation = {
        "v_set": known["amplitude"][0],
        "v_reset": known["amplitude"][1],
        "v_read": 0.1,
        "pulse_amplitude": known["amplitude"][0],
        "pulse_width": known["width"],
        "pulse_gap": known["width"],
    }
    return ModelCard(
        name,
        model,
        entries,
        title=f"Fitted synapse: {result.selected}",
        operation=operation,
        provenance=provenance,
        synapse=synapse,
    )


def _note(result: FitResult, text: str) -> str:
    given = result.context["known"].get("conductance")
    return text if given is None else f"{text}, in siemens as given by the caller"


def _side(
    result: FitResult, synapse: Synapse, name: str, side: str, volts: float, width: float
) -> dict[str, Entry]:
    """The values of one direction."""
    train = synapse.trains.get(name)
    given = result.context["known"]
    volt_note = "" if "amplitude" in given else "the amplitude is not in the file: 1 V; "
    out = {
        f"sw_v_{side}": Entry(
            THRESHOLD[0] * volts, "assumed", f"{volt_note}{THRESHOLD[0]:g} of the pulses' amplitude"
        )
    }
    if train is None:
        out[f"sw_k_{side}"] = Entry(NEVER, "assumed", f"{name} was not measured: nothing happens")
        return out
    low, high = synapse.limits
    start = (train.g_start - low) / (high - low)
    span = abs(train.g_end - train.g_start) / (high - low)
    how = "width as given" if "width" in given else "the pulses' width is not in the file: 1 us"
    out[f"sw_k_{side}"] = Entry(
        1.0 / (train.pulses * width),
        "fitted" if "width" in given else "assumed",
        f"{train.pulses:g} pulses from end to end; {how}",
    )
    out[f"sw_{side}_from"] = Entry(start, "fitted", "where the measured train begins")
    out[f"sw_{side}_span"] = Entry(min(span, 1.0), "fitted", "its length")
    for shape in ("rho", "gamma", "dwell", "reach"):
        label = "alpha" if shape == "rho" else shape
        estimate = result.parameters.get(f"{shape}_{name}") or result.parameters.get(
            f"{label}_{name}"
        )
        out[f"sw_{shape}_{side}"] = _shape(estimate, getattr(train, shape))
    return out


def _shape(estimate: Estimate | None, value: float) -> Entry:
    if estimate is None:
        return Entry(value, "fitted", "0 in the shape that was selected")
    return Entry(value, "fitted", "", estimate.stderr, estimate.interval)
