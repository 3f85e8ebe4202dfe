"""Self-heating: the compiled system against a fixed point found without it, and its time constant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from compactmodels.card import ModelCard, load_card
from tests.core.battery import switching_card
from veriloga import emit, module
from veriloga.compiled import Compiled, compile_module

pytestmark = pytest.mark.needs_veriloga

CASES = [("ohm", 2e4), ("otj", 2e4), ("mose2", 3e7), ("hp", 5e4), ("ohp-n1", 3e9)]
W, S, AMBIENT = 0.7, 0.3, 310.0


def heated(card: ModelCard, folder: Path) -> Compiled:
    return compile_module(emit(card, folder, self_heating=True), ["rise", "temperature", "power"])


def fixed_point(card: ModelCard, v: float, r_th: float) -> tuple[float, float]:
    """Rise [K] and current [A], from the model's own current and nothing else."""

    def current(rise: float) -> float:
        return float(card.model.current(v, card.values, w=W, s=S, temperature=AMBIENT + rise))

    def excess(rise: float) -> float:
        return rise - r_th * v * current(rise) / card.values["scale"]

    rise = float(brentq(excess, 0.0, 1000.0, xtol=1e-14, rtol=1e-15))
    return rise, current(rise)


@pytest.mark.parametrize(("name", "r_th"), CASES)
@pytest.mark.parametrize("v", [0.6, -1.2])
def test_rise_and_current(name: str, r_th: float, v: float, tmp_path: Path) -> None:
    card = load_card(name)
    dut = heated(card, tmp_path)
    values = {**card.values, "r_th": r_th, "c_th": 1e-9}
    rise, current = fixed_point(card, v, r_th)
    assert rise > 0.5
    shown = dut.variables(values, v, w=W, s=S, temperature=AMBIENT)
    found, _ = dut.operating_point(values, v, w=W, s=S, temperature=AMBIENT)
    assert shown["rise"] == pytest.approx(rise, rel=1e-9)
    assert shown["temperature"] == pytest.approx(AMBIENT + rise, rel=1e-12)
    assert shown["power"] == pytest.approx(v * current, rel=1e-9, abs=0.0)
    assert found == pytest.approx(current, rel=1e-9, abs=0.0)


def test_the_slope_is_that_of_the_heated_device(tmp_path: Path) -> None:
    card = load_card("otj")
    dut = heated(card, tmp_path)
    values = {**card.values, "r_th": 2e4, "c_th": 0.0}
    v, step = 1.0, 1e-4
    _, slope = dut.operating_point(values, v, w=W, s=S, temperature=AMBIENT)
    up, down = (fixed_point(card, v + k, 2e4)[1] for k in (step, -step))
    assert slope == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=0.0)


def test_without_thermal_resistance_nothing_changes(tmp_path: Path) -> None:
    card = load_card("otj")
    plain = compile_module(emit(card, tmp_path))
    dut = heated(card, tmp_path)
    values = {**card.values, "r_th": 0.0, "c_th": 1e-9}
    for v in (-1.0, 0.0, 2.0):
        assert dut.variables(values, v, w=W, s=S)["rise"] == 0.0
        found = dut.operating_point(values, v, w=W, s=S)
        assert found == pytest.approx(plain.operating_point(card.values, v, w=W, s=S), rel=1e-12)


def test_the_time_constant(tmp_path: Path) -> None:
    """The node's charge and the slopes of its balance: tau = r_th c_th/(1 - r_th dP/dT)."""
    card = load_card("ohm")
    dut = heated(card, tmp_path)
    r_th, c_th = 2e4, 3e-9
    values = {**card.values, "r_th": r_th, "c_th": c_th}
    voltages = {**dict.fromkeys(dut.nodes, 0.0), "p": 0.6, "temp_rise": 7.0}
    voltages |= {"state_w": W, "state_s": S}
    node = dut.nodes.index("temp_rise")
    _, charges, jacobian = dut.system(values, voltages, w0=W, s0=S)
    capacitance = dut.capacitances(values, voltages, w0=W, s0=S)
    assert charges[node] == pytest.approx(r_th * c_th * 7.0, rel=1e-12)
    assert capacitance[node, node] == pytest.approx(r_th * c_th, rel=1e-12)
    assert jacobian[node, node] == pytest.approx(
        1.0, rel=1e-12
    )  # ohm's current knows no temperature
    # Backward Euler of that one equation after a step of the voltage reaches 1 - 1/e at tau.
    final = fixed_point(card, 0.6, r_th)[0]
    tau, rise, steps = r_th * c_th, 0.0, 2000
    for _ in range(steps):
        residual, _, _ = dut.system(values, {**voltages, "temp_rise": rise}, w0=W, s0=S)
        rise -= residual[node] / (1.0 + capacitance[node, node] * steps / tau)
        if rise >= final * (1 - np.exp(-1)):
            break
    assert rise == pytest.approx(final * (1 - np.exp(-1)), rel=1e-3)


def test_the_switching_law_sees_the_heat(tmp_path: Path) -> None:
    card = switching_card("ion_hopping", None, {"g_g": 1e-3})
    dut = heated(card, tmp_path)
    values = {**card.values, "r_th": 1e5, "c_th": 0.0}
    rise = 1e5 * 0.5 * float(card.model.current(0.5, card.values, w=0.6))
    (expected,) = card.model.rates(0.5, 0.6, 0.0, card.values, temperature=300.0 + rise)
    found = dut.rates(values, 0.5, w=0.6, s=0.0, temperature=300.0)["w"]
    assert rise > 10
    assert found == pytest.approx(float(expected), rel=1e-9, abs=0.0)


def test_area_is_devices_side_by_side(tmp_path: Path) -> None:
    card = load_card("otj")
    dut = heated(card, tmp_path)
    values = {**card.values, "r_th": 2e4, "c_th": 1e-9}
    one = dut.operating_point(values, 1.0, w=W, s=S)[0]
    four = dut.operating_point({**values, "scale": 4.0}, 1.0, w=W, s=S)[0]
    assert four == pytest.approx(4 * one, rel=1e-12, abs=0.0)


def test_a_runaway_ends_at_the_bound(tmp_path: Path) -> None:
    card = load_card("otj")
    values = {**card.values, "r_th": 1e12, "c_th": 1e-9}
    shown = heated(card, tmp_path).variables(values, 3.0, w=W, s=S)
    assert shown["temperature"] == 2000.0
    assert np.isfinite(shown["rise"])


def test_it_is_asked_for() -> None:
    card = load_card("otj")
    assert "r_th" not in module(card)
    assert "parameter real r_th = 0.0" in module(card, self_heating=True)
    assert "parameter real c_th = 0.0" in module(card, self_heating=True)
