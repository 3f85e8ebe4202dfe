"""The compiled integrator beside scipy's solve_ivp on the same equation, at equal accuracy.

    python benchmarks/dynamics.py

Both integrate the same card through the same ramps in one process, warm, and are judged by the
largest error of the state against DOP853 at 1e-13.  solve_ivp runs twice: on the model's own
rates (NumPy, as the reference integrator does), and on the rates that Numba compiled, so that the
second ratio is the integrator's alone.  For each demanded accuracy each side may choose its
cheapest tolerance (and scipy its method).  Ratios are within one run; seconds depend on the machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from compactmodels import registry
from compactmodels.card import Entry, ModelCard
from compactmodels.fast import compile_model
from compactmodels.model import Branch, Model

TARGETS = (1e-4, 1e-6, 1e-8)
CORNERS = (0.0, 1.0, 0.0, -2.0, 0.0)
POINTS = 601
DURATION = 50.0
W0 = 0.6537


def card() -> ModelCard:
    """The fit to a -2 V sweep of Nb:SrTiO3 (docs/dynamics.md)."""
    values = {
        "j_j_s": 2.55e5, "j_n": 1.8134, "j_phi": 2.7954, "j_e00": 0.0237, "j_r_s": 55.47,
        "sw_k_set": 0.727, "sw_u_set": 0.0155, "sw_f_set": 63.1, "sw_k_reset": 5.51e-8,
        "sw_u_reset": 0.1303, "sw_f_reset": 40.97, "gmin": 4.6e-10,
    }  # fmt: skip
    branch = Branch("j", registry.conduction("schottky_junction"), "exponential", series=True)
    model = Model((branch,), registry.switching("exponential_feedback"))
    return ModelCard("nbsto", model, {k: Entry(v, "fitted") for k, v in values.items()})


def waveform() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corner times, sample times, sample voltages."""
    path = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(CORNERS)))])
    corners = DURATION * path / path[-1]
    t = np.union1d(np.linspace(0.0, DURATION, POINTS), corners)
    return corners, t, np.interp(t, corners, CORNERS)


def record() -> tuple[np.ndarray, np.ndarray]:
    """The same sweep as an instrument records it: steps of 10 mV, pauses where it changes range."""
    _, t, v = waveform()
    gaps = np.diff(t)
    for k in (66, 139, 316, 441):
        gaps[k] += 0.3
    return np.concatenate([[0.0], np.cumsum(gaps)]), v


def scipy_run(
    rate: Callable[[float, float], float],
    method: str,
    rtol: float,
    corners: np.ndarray,
    volts: np.ndarray,
    t: np.ndarray,
) -> tuple[np.ndarray, int]:
    """States at the samples, and calls of the rate: one solve_ivp for each straight piece."""
    w, calls, out = W0, 0, []
    for k in range(corners.size - 1):
        a, b = corners[k], corners[k + 1]
        slope = (volts[k + 1] - volts[k]) / (b - a)
        inside = t[(t >= a) & (t <= b)]
        done: Any = solve_ivp(
            lambda x, y, a=a, k=k, slope=slope: [rate(volts[k] + slope * (x - a), y[0])],
            (a, b), [w], method=method, t_eval=inside, rtol=rtol, atol=rtol * 1e-3,
        )  # fmt: skip
        assert done.success, done.message
        out.append(done.y[0][k > 0 :])
        w, calls = done.y[0][-1], calls + done.nfev
    return np.concatenate(out), calls


def timed(function: Callable[[], Any], least: float = 0.3) -> tuple[Any, float]:
    """Result and seconds of processor a call, the best of repeated calls."""
    best, spent, result = np.inf, 0.0, None
    while spent <= least:
        begun = time.process_time()
        result = function()
        took = time.process_time() - begun
        best, spent = min(best, took), spent + took
    return result, best


def main() -> None:
    device = card()
    begun = time.process_time()
    compiled = compile_model(device.model)
    _, t, v = waveform()
    compiled.respond(device.values, t, v, w0=W0)
    print(
        f"compiling, or reading the machine code of an earlier run: {time.process_time() - begun:.1f} s"
    )
    constants, module = compiled.constants(device.values, 300.15), compiled.module

    def numba_rate(volt: float, w: float) -> float:
        return module.slope(volt, w, 0.0, constants, volt)[0]

    def numpy_rate(volt: float, w: float) -> float:
        return float(device.model.rates(volt, w, 0.0, device.values)[0])

    one = timed(lambda: numpy_rate(-1.0, 0.6))[1]
    quick = timed(lambda: numba_rate(-1.0, 0.6), 0.05)[1]
    print(
        f"one rate: NumPy {one * 1e6:.0f} us, compiled and called from Python {quick * 1e6:.2f} us"
    )
    print("error is the state's largest, of [0, 1]")

    def compare(
        title: str, corners: np.ndarray, volts: np.ndarray, t: np.ndarray, methods: tuple[str, ...]
    ) -> None:
        print(f"\n{title}")
        v = np.interp(t, corners, volts)
        exact, _ = scipy_run(numba_rate, "DOP853", 1e-13, corners, volts, t)
        ours, theirs = [], []
        for tolerance in 10.0 ** -np.arange(2.0, 11.0):
            out, seconds = timed(
                lambda x=tolerance: compiled.respond(device.values, t, v, w0=W0, tolerance=x)
            )
            error = float(np.max(np.abs(out.w - exact)))
            ours.append((error, seconds, f"tolerance {tolerance:g}, {out.steps} steps"))
        for method in methods:
            for rtol in 10.0 ** -np.arange(2.0, 11.0):
                (w, calls), seconds = timed(
                    lambda m=method, r=rtol: scipy_run(numba_rate, m, r, corners, volts, t), 0.0
                )
                error = float(np.max(np.abs(w - exact)))
                theirs.append((error, seconds, f"{method} rtol {rtol:g}, {calls} calls", calls))
        for target in TARGETS:
            best = min((row for row in ours if row[0] <= target), key=lambda row: row[1])
            print(
                f"error <= {target:g}: compiled integrator {best[1] * 1e3:.2f} ms ({best[2]}, error {best[0]:.1e})"
            )
            # with the slower rate the steps are the same and only the calls cost more
            for name, extra in (("NumPy rates", one - quick), ("compiled rates", 0.0)):
                able = [(r[0], r[1] + r[3] * extra, r[2]) for r in theirs if r[0] <= target]
                other = min(able, key=lambda row: row[1])
                print(
                    f"    solve_ivp, {name}: {other[1] * 1e3:.1f} ms ({other[2]}, error {other[0]:.1e}), "
                    f"{other[1] / best[1]:.0f} times as long"
                )

    corners, t, _ = waveform()
    compare(
        f"four ramps to {min(CORNERS):g} V, {POINTS} samples",
        corners,
        np.array(CORNERS),
        t,
        ("LSODA", "RK45", "Radau"),
    )
    check, seconds = timed(
        lambda: scipy_run(numpy_rate, "LSODA", 1e-6, corners, np.array(CORNERS), t), 0.0
    )
    print(
        f"(LSODA on the NumPy rates, run in full at rtol 1e-6: {seconds:.2f} s, {check[1]} calls)"
    )
    t, v = record()
    compare(
        "the record of an instrument: 600 straight pieces with pauses", t, v, t, ("RK45", "Radau")
    )


if __name__ == "__main__":
    main()
