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
STATES = ((0.3, 0.2), (0.7, 0.6))


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
    law = registry.switching(name)
    relaxation = registry.relaxation("exponential") if law.relaxed else None
    model = Model((Branch("b", registry.conduction("ohmic"), "on"),), law, relaxation)
    compiled = compile_model(model)
    c = compiled.constants(model.defaults, 310.0)
    worst = 0.0
    for v in VOLTAGES:
        for w, s in STATES:
            expected = [float(r) for r in model.rates(v, w, s, model.defaults, temperature=310.0)]
            expected += [0.0] * (2 - len(expected))
            found = compiled.module.rates_and_slopes(v, w, s, c)
            scale = 1e-12 + max(map(abs, expected))
            worst = max(worst, apart(found[:2], expected, 1e-12 * scale))
            for k, (dv, dw, ds) in enumerate(np.eye(3)):
                step = 1e-6 * (1.0 if k else abs(v))
                high = compiled.module.rates(v + step * dv, w + step * dw, s + step * ds, c)
                low = compiled.module.rates(v - step * dv, w - step * dw, s - step * ds, c)
                slopes = (np.array(high) - np.array(low)) / (2 * step)
                rounding = 1e-9 * scale / (step if k else 1e-6)
                worst = max(worst, 1e-5 * apart(found[2 + 2 * k : 4 + 2 * k], slopes, rounding))
    return worst


def main() -> None:
    found = {name: conduction(name) for name in registry.conductions()}
    found |= {name: switching(name) for name in registry.switchings()}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
