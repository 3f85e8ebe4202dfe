"""What a read of an array gives, and what its lines take from it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.card import ModelCard
from compactmodels.errors import InputError
from compactmodels.workflows.studies import estimates
from compactmodels.workflows.studies.settings import Setting, array, conductance, window
from netlists.array import Crossbar, CrossbarResult, cell_currents
from netlists.solver.described import read_fast
from netlists.solver.linear import solve_crossbar

FloatArray = NDArray[np.float64]

STEP: Final = 1e-4
"""Of the read voltage."""
ROWS: Final = 8
"""Inputs whose effective weights are looked at, evenly from the first to the last."""
INPUTS: Final = 16
"""Input vectors of the non-linearity's study."""


def output_error(card: ModelCard, setting: Setting) -> dict[str, float]:
    """Errors of the outputs and of the weights, all word lines at the read voltage.

    Of each bit line's current against that without resistance in the lines: the mean and the worst
    size, and what is left (RMS) when all outputs are multiplied by one best gain.  An effective weight
    is what an input's small change does to an output, over the cell's conductance.
    """
    crossbar = array(card, setting)
    result = read_fast(crossbar)
    wrong = result.currents / result.ideal - 1.0
    gain = float(result.currents @ result.ideal / (result.currents @ result.currents))
    left = gain * result.currents - result.ideal
    weights = effective_weights(crossbar, result)
    g = float(np.mean(cell_currents(crossbar))) / setting.voltage
    power = steepness(card, crossbar, setting)
    n, r = setting.size, setting.line_resistance
    return {
        "error_mean": float(np.mean(np.abs(wrong))),
        "error_worst": float(np.max(np.abs(wrong))),
        "error_after_gain": float(np.sqrt(np.mean(left**2)) / np.mean(result.ideal)),
        "weight_mean": float(np.mean(weights)),
        "weight_worst": float(np.min(weights)),
        "voltage_worst": float(np.min(result.cell_voltages) / setting.voltage),
        "error_mean_estimate": 1.0 - estimates.mean_share(n, n, r, g) ** power,
        "error_worst_estimate": 1.0 - estimates.last_line_share(n, n, r, g) ** power,
        "voltage_worst_estimate": estimates.worst_share(n, n, r, g),
    }


def position(card: ModelCard, setting: Setting) -> dict[str, float]:
    """The voltage that the four corners' cells lose, over the one that is applied."""
    crossbar = array(card, setting)
    share = read_fast(crossbar).cell_voltages / setting.voltage
    n = setting.size
    g = float(np.mean(cell_currents(crossbar))) / setting.voltage
    return {
        "near": 1.0 - float(share[-1, 0]),
        "word_end": 1.0 - float(share[-1, -1]),
        "bit_start": 1.0 - float(share[0, 0]),
        "far": 1.0 - float(share[0, -1]),
        "far_estimate": 1.0 - estimates.worst_share(n, n, setting.line_resistance, g),
    }


def steepness(card: ModelCard, crossbar: Crossbar, setting: Setting) -> float:
    """d ln I/d ln V of all cells together at the read voltage; 1 where they are linear."""
    less = setting.voltage * (1.0 - STEP)
    full, part = (
        float(np.sum(cell_currents(crossbar.changed(voltages=np.full(setting.size, v)))))
        for v in (setting.voltage, less)
    )
    return float(np.log(part / full) / np.log(1.0 - STEP))


def effective_weights(crossbar: Crossbar, result: CrossbarResult) -> FloatArray:
    """Of some inputs, shape (inputs, cols): dI/dV of the solved array over the cell's own I/V.

    Of cells that are not linear as they conduct at the operating point (their chord).
    """
    own = cell_currents(crossbar) / (crossbar.voltages[:, None] - np.asarray(crossbar.bit_voltages))
    chord = _chord(crossbar, result, own)
    rows = np.unique(
        np.linspace(0, crossbar.rows - 1, min(ROWS, crossbar.rows)).round().astype(int)
    )
    unit = np.zeros((len(rows), crossbar.rows))
    unit[np.arange(len(rows)), rows] = 1.0
    found = solve_crossbar(chord, unit, crossbar.r_word, crossbar.r_bit)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights: FloatArray = np.where(own[rows] > 0, found / own[rows], np.nan)
    return weights[np.isfinite(weights)]


def _chord(crossbar: Crossbar, result: CrossbarResult, own: FloatArray) -> FloatArray:
    """I/V of every cell where the array has put it [S]."""
    faults = crossbar.faults
    assert faults is not None
    device = result.device_voltages if result.device_voltages is not None else result.cell_voltages
    current = crossbar.card.model.current(
        device,
        {**crossbar.card.values, **crossbar.parameters},
        w=crossbar.cell_states,
        s=crossbar.s,
        temperature=crossbar.temperature,
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        chord = np.where(result.cell_voltages != 0, current / result.cell_voltages, own)
    chord = np.where(faults.shorted_cells, 1.0 / faults.r_short, chord)
    return np.where(faults.open_cells, 0.0, chord)


def non_linearity(card: ModelCard, setting: Setting) -> dict[str, float]:
    """Errors of inputs that are amplitudes: what a device passes at x V is not x times that at V.

    Of outputs over the largest one, RMS, inputs drawn uniformly from 0 to 1: without resistance in the
    lines, and with it.
    """
    crossbar = array(card, setting)
    full = cell_currents(crossbar)
    chance = np.random.default_rng([setting.seed, 2])
    x = chance.uniform(size=(INPUTS, setting.size))
    wanted = x @ full
    ideal, solved = [], []
    for row in x:
        driven = crossbar.changed(voltages=setting.voltage * row)
        result = read_fast(driven)
        ideal.append(result.ideal)
        solved.append(result.currents)
    largest = float(np.max(full.sum(axis=0)))
    half = setting.changed(voltage=setting.voltage / 2)
    return {
        "non_linearity": float(conductance(card, 1.0, setting) / conductance(card, 1.0, half)),
        "error_without_lines": _rms(np.array(ideal) - wanted) / largest,
        "error": _rms(np.array(solved) - wanted) / largest,
    }


def one_cell(card: ModelCard, setting: Setting) -> dict[str, float]:
    """The read margin of the cell that is farthest from source and output, in a passive array.

    All other cells on, which is the worst surrounding.  ``margin`` is (I_on - I_off)/I_on with the
    same surrounding; ``margin_fixed`` the same with I_off there and I_on in a surrounding that is all
    off, as a sense amplifier with one reference needs; below 0 no reference tells them apart.
    """
    on, off = (_read_one(card, setting, state, "on") for state in ("on", "off"))
    alone = _read_one(card, setting, "on", "off")
    return {
        "margin": (on - off) / on,
        "margin_fixed": (alone - off) / alone,
        "current_on": on,
        "current_off": off,
        "margin_estimate": _margin_estimate(card, setting),
    }


def _margin_estimate(card: ModelCard, setting: Setting) -> float:
    """Of ideal lines, without selector; floating ones with devices taken as linear."""
    ends = window(card, setting)
    low, high = (setting.voltage * float(conductance(card, w, setting)) for w in ends)
    word, _, drive = _unselected(setting.scheme)
    n, v = setting.size, setting.voltage
    other = word and word * v * float(conductance(card, ends[1], setting.changed(voltage=word * v)))
    sneak = v * estimates.floating_sneak(n, n, high / v) if drive else 0.0
    return (1.0 - low / high) * estimates.sneak_share(high, other, sneak, n)


def _read_one(card: ModelCard, setting: Setting, cell: str, others: str) -> float:
    """Current of the bit line [A] of the farthest cell: the first word line's last column."""
    n = setting.size
    low, high = window(card, setting)
    w = np.full((n, n), high if others == "on" else low)
    w[0, n - 1] = high if cell == "on" else low
    word_share, bit_share, drive = _unselected(setting.scheme)
    voltages = np.full(n, word_share * setting.voltage)
    voltages[0] = setting.voltage
    bits = np.full(n, bit_share * setting.voltage)
    bits[n - 1] = 0.0
    word_drive, bit_drive = [drive] * n if drive else ["start"] * n, [drive or "end"] * n
    word_drive[0], bit_drive[n - 1] = "start", "end"
    crossbar = array(
        card,
        setting,
        w=w,
        voltages=voltages,
        bit_voltages=bits,
        word_drive=word_drive,
        bit_drive=bit_drive,
    )
    return float(read_fast(crossbar).currents[n - 1])


def _unselected(scheme: str) -> tuple[float, float, str]:
    """Of the read voltage on the other word and bit lines, and how these are connected."""
    known = {
        "floating": (0.0, 0.0, "floating"),
        "grounded": (0.0, 0.0, ""),
        "v/2": (0.5, 0.5, ""),
        "v/3": (1 / 3, 2 / 3, ""),
    }
    if scheme not in known:
        raise InputError(f"scheme {scheme!r}: one of {', '.join(known)} is expected")
    return known[scheme]


def scatter(card: ModelCard, setting: Setting) -> dict[str, float]:
    """What scatter of the devices does to the outputs, beside what the lines do.

    Against the same states without scatter and without resistance in the lines.
    """
    return _against_whole(card, setting, setting.changed(sigma=0.0)) | {
        "error_devices_estimate": estimates.scatter(
            conductance(card, array(card, setting.changed(sigma=0.0)).w[:, 0], setting),
            setting.sigma,
        )
    }


def faults(card: ModelCard, setting: Setting) -> dict[str, float]:
    """What stuck and open cells do to the outputs, against the same states without faults."""
    whole = setting.changed(stuck_on=0.0, stuck_off=0.0, open_cells=0.0)
    return _against_whole(card, setting, whole)


def _against_whole(card: ModelCard, setting: Setting, whole: Setting) -> dict[str, float]:
    wanted = cell_currents(array(card, whole)).sum(axis=0)
    result = read_fast(array(card, setting))
    mean = float(np.mean(wanted))
    return {
        "error_devices": _rms(result.ideal - wanted) / mean,
        "error": _rms(result.currents - wanted) / mean,
        "error_worst": float(np.max(np.abs(result.currents / wanted - 1.0))),
    }


def layers(card: ModelCard, setting: Setting) -> dict[str, float]:
    """The same cells as one array, or divided among layers that each have lines of their own.

    ``layers`` arrays of size/sqrt(layers) lines; each output is read in each layer and added up
    without loss.
    """
    per = setting.size / np.sqrt(setting.layers)
    if setting.layers < 1 or per != int(per):
        raise InputError(
            f"{setting.size} x {setting.size} cells in {setting.layers} layers are {per:.4g} lines each: a whole "
            "number is expected; take layers = 1, 4, 16, ... and a size that divides"
        )
    each = [
        output_error(card, setting.changed(size=int(per), layers=1, seed=setting.seed + k))
        for k in range(setting.layers)
    ]
    found = {name: float(np.mean([e[name] for e in each])) for name in each[0]}
    found["error_worst"] = max(e["error_worst"] for e in each)
    found["weight_worst"] = min(e["weight_worst"] for e in each)
    found["lines"] = per
    found["line_resistance_total"] = per * setting.line_resistance
    return found


def _rms(values: Any) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
