"""Every registered part through the generated Python, run without Numba's compiler.

Started by tests/core/test_fast.py in a process of its own, because NUMBA_DISABLE_JIT is read when
Numba is imported.  Prints one JSON object: the worst relative difference of each part from the
model itself, of its slope from the dual's or from a difference.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from compactmodels import registry
from compactmodels.dual import Dual
from compactmodels.fast import compile_model
from compactmodels.model import Branch, Model

VOLTAGES = (-1.03, -0.21, -1e-3, 1e-3, 0.21, 0.73)
STATES = ((0.31, 0.2), (0.7, 0.6))


def apart(found: Any, expected: Any, floor: float) -> float:
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    return float(np.max(np.abs(found - expected) / (np.abs(expected) + floor)))


def conduction(name: str) -> float:
    model = Model((Branch("b", registry.conduction(name), "constant"),))
    values = {**model.defaults, "gmin": 0.0}
    compiled = compile_model(model)
    c = compiled.constants(values, 310.0)
    v = np.array(VOLTAGES)
    expected = model.current(Dual(v, np.ones((1, v.size))), values, temperature=310.0)
    found = [compiled.module.current_b(x, c) for x in VOLTAGES]
    value = apart([f[0] for f in found], expected.value, 1e-30)
    chord = 1e-6 * float(
        np.min(np.abs(expected.value / v))
    )  # in saturation both slopes are rounding
    slope = apart([f[1] for f in found], expected.partials[0], chord)
    return max(value, slope, behind_a_resistance(name))


def behind_a_resistance(name: str) -> float:
    """The current that passes a series resistance, from two guesses of the junction voltage."""
    model = Model((Branch("b", registry.conduction(name), "constant", series=True),))
    compiled = compile_model(model)
    worst = 0.0
    for r_s in (0.0, 10.0, 1e7):
        values = {**model.defaults, "b_r_s": r_s}
        c, si = compiled.constants(values, 310.0), model.si(values)["b"]
        for guess in (0.0, 5.0):
            found = [compiled.module.junction_b(v, 1.0, c, guess)[1] for v in VOLTAGES]
            expected = model.branches[0].current(np.array(VOLTAGES), 310.0, si)
            worst = max(worst, apart(found, expected, 1e-30))
    return worst


def switching(name: str) -> float:
    """Beside one conductance; of one that heats itself also beside branches of every kind."""
    law = registry.switching(name)
    relaxation = registry.relaxation("exponential") if law.relaxed else None
    simple = (Branch("b", registry.conduction("ohmic"), "on"),)
    worst = moved(Model(simple, law, relaxation))
    if law.powered:
        sinh, ohmic = registry.conduction("sinh"), registry.conduction("ohmic")
        several = (
            Branch("a", sinh, "exponential_both", series=True),
            Branch("b", sinh, "resistive", series=True),
            Branch("c", ohmic, "off"),
        )
        values = {"a_r_s": 30.0, "a_g": 1e-2, "a_span": 1.5, "b_r_s": 2e4, "b_g": 3e-5, "c_g": 1e-4}
        worst = max(worst, moved(Model(several, law, relaxation), **values))
    return worst


def moved(model: Model, **values: float) -> float:
    """The rates, and their slopes by the terminal voltage and the states, as the integrator takes them."""
    compiled = compile_model(model)
    given = {**model.defaults, **values}
    c = compiled.constants(given, 310.0)
    worst = 0.0
    for v in (*VOLTAGES, -1.7, 1.6):  # beyond every default threshold
        for w, s in STATES:
            expected = [float(r) for r in model.rates(v, w, s, given, temperature=310.0)]
            expected += [0.0] * (2 - len(expected))
            fw, fs, *slopes, _ = compiled.module.system(v, w, s, c, 0.0)
            scale = 1e-12 + max(map(abs, expected))
            worst = max(worst, apart((fw, fs), expected, 1e-12 * scale))
            ww, ws, sw, ss, wv, sv = slopes
            for k, found in enumerate(((wv, sv), (ww, sw), (ws, ss))):
                step = np.eye(3)[k] * 1e-6 * (1.0 if k else abs(v))
                high, low = (
                    np.array(compiled.module.slope(*(np.array((v, w, s)) + d), c, 0.0)[:2])
                    for d in (step, -step)
                )
                rounding = 1e-9 * scale / (step[k] if k else 1e-6)
                worst = max(worst, 1e-5 * apart(found, (high - low) / (2 * step[k]), rounding))
    return worst


def main() -> None:
    found = {name: conduction(name) for name in registry.conductions()}
    found |= {name: switching(name) for name in registry.switchings()}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
