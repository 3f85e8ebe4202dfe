"""Where a fit of dynamics starts: the static fit of the branches, and kinetics drawn at random."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.random import Generator

from compactmodels import registry
from compactmodels.card import Entry, ModelCard
from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE
from compactmodels.errors import CompactModelsError
from compactmodels.model import Branch, Model
from fitting.dynamics_records import Record

SPAN: Final = 12.0
"""Decades that the state covers: wider than any device is driven through."""
FIRST_STATE: Final = 0.65
"""State in which the first record is taken to start; it fixes the state's zero."""
LAWS: Final = {
    1: ("exponential", "exponential_feedback"),
    2: ("exponential_both", "two_state_feedback"),
}
"""Mix and switching law by the number of states."""
MOVED: Final = frozenset({"n", "phi", "e00", "r_s"})
"""Of the junction's parameters, those that a fit moves."""
FIXED: Final = frozenset({"v_ref", "edge", "v_smooth"})
"""Of the switching law's, those that it does not."""
AREA: Final = 1e-10
"""m^2, where none is given: it only scales j_s."""


def junction_card(
    records: tuple[Record, ...], states: int, temperature: float
) -> tuple[ModelCard, dict[str, float]]:
    """The default structure, and what the static fits say of the first record.

    Returns
    -------
    ModelCard
        A Schottky junction whose saturation current the state moves; every value assumed.
    dict
        ``n``, ``r_s`` and ``w0`` of the static fit.
    """
    record = records[0]
    static = _static(record, temperature)
    mix, law = LAWS[states]
    area = record.area or AREA
    model = Model(
        (Branch("j", registry.conduction("schottky_junction"), mix, series=True),),
        registry.switching(law),
    )
    level = static["i_s"] * 10 ** (SPAN * (1.0 - FIRST_STATE))
    values = {
        "j_j_s": level / area,
        "j_n": static["n"],
        "j_area": area,
        "j_r_s": static["r_s"],
        "j_span": SPAN,
    }
    entries = {
        name: Entry(p.default, "assumed") for name, p in ((p.name, p) for p in model.parameters)
    }
    entries |= {name: Entry(value, "assumed") for name, value in values.items()}
    notes = {
        "j_j_s": "convention: fixes the zero of the state, with span",
        "j_span": "convention: the state's range, wider than the device was driven through",
        "j_area": "given" if record.area else "unit of j_s; no area was given",
    }
    for name, note in notes.items():
        entries[name] = Entry(entries[name].value, "assumed", note)
    return ModelCard("start", model, entries), static


def _static(record: Record, temperature: float) -> dict[str, float]:
    """Ideality, series resistance and saturation current of the forward branches."""
    from fitting.iv import fit_iv_many

    found: list[Mapping[str, Any]] = []
    try:
        fits = fit_iv_many(
            record.trace,
            "thermionic_emission",
            max_rms=1.0,
            temperature=temperature,
            polarity="positive",
        )
    except CompactModelsError:
        fits = []
    for fit in fits:
        known = getattr(fit, "parameters", {})
        if {"n", "r_s", "i_sat"} <= known.keys():
            found.append({name: known[name].value for name in ("n", "r_s", "i_sat")})
    good = [f for f in found if 1.0 <= f["n"] <= 5.0 and f["r_s"] >= 0.0 and f["i_sat"] > 0.0]
    if good:
        first = good[0]
        n = float(np.median([f["n"] for f in good]))
        return {"n": n, "r_s": max(float(first["r_s"]), 1e-3), "i_s": float(first["i_sat"])}
    k = int(np.argmin(np.where(record.used & (record.voltage > 0), record.voltage, np.inf)))
    vt = 1.7 * BOLTZMANN / ELEMENTARY_CHARGE * temperature
    v = max(float(record.voltage[k]), 1e-3)
    resistance = 0.2 * float(np.max(np.abs(record.voltage)) / np.max(np.abs(record.current)))
    return {"n": 1.7, "r_s": resistance, "i_s": abs(float(record.current[k])) / math.expm1(v / vt)}


def drawn(
    rng: Generator,
    records: tuple[Record, ...],
    static: Mapping[str, float],
    states: int,
    v_ref: float,
) -> dict[str, float]:
    """Kinetics, reverse side and initial states of one start, by the card's parameters."""
    high = max(float(np.max(r.voltage)) for r in records)
    low = max(float(np.max(-r.voltage)) for r in records)
    phi = float(np.exp(rng.uniform(math.log(1.5), math.log(4.0))))
    values = {
        "j_n": static["n"],
        "j_r_s": static["r_s"],
        "j_phi": phi,
        "j_e00": phi / float(rng.uniform(75.0, 165.0)),
        "gmin": 1e-12,
    }
    decades = SPAN * math.log(10.0)
    for suffix, state in (("", FIRST_STATE), ("_s", 0.5))[:states]:
        slow = 0.0 if suffix == "" else -1.0
        for way, reach, steep, feedback in (
            ("set", 0.6 * max(high, 0.1), (1.0, 15.0), (0.1, 1.5)),
            ("reset", 0.6 * max(low, 0.1), (0.5, 8.0), (0.2, 2.0)),
        ):
            width = 1.0 / float(rng.uniform(*steep))
            f = float(rng.uniform(*feedback)) * decades
            speed = math.exp(float(rng.uniform(-3.0, 0.0)) + slow) / decades
            sign = 1.0 if way == "set" else -1.0
            factor = math.exp(-sign * f * (state - 0.5)) * math.expm1(reach / width)
            k = speed / factor * math.expm1(v_ref / width)
            values |= {
                f"sw_k_{way}{suffix}": min(max(k, 1e-55), 1e55),
                f"sw_u_{way}{suffix}": width,
                f"sw_f_{way}{suffix}": f,
            }
    return values


def initial_guess(
    records: tuple[Record, ...], static: Mapping[str, float], temperature: float
) -> list[float]:
    """State in which each record starts, from its first forward points beside the first record's."""
    vt = static["n"] * BOLTZMANN / ELEMENTARY_CHARGE * temperature
    levels = []
    for r in records:
        scale = r.area / records[0].area if r.area and records[0].area else 1.0
        rising = np.flatnonzero(r.used & (r.voltage > 0))
        k = int(rising[min(5, rising.size - 1)]) if rising.size else int(np.flatnonzero(r.used)[0])
        v = min(abs(float(r.voltage[k])), 40 * vt)
        levels.append(math.log10(abs(float(r.current[k])) / scale / math.expm1(v / vt)))
    return [min(max(FIRST_STATE + (level - levels[0]) / SPAN, 0.05), 0.95) for level in levels]
