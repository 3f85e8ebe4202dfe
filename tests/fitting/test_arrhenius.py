"""Arrhenius plots: the energy, the prefactor, their intervals, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from compactmodels.data import Trace
from compactmodels.errors import FitRefused, InputError
from fitting.arrhenius import arrhenius_at, fit_arrhenius
from tests.fitting import oracle

K = 8.617333262e-5  # eV/K
KELVIN = np.array([260.0, 280.0, 300.0, 320.0, 340.0])


def rates(energy: float, prefactor: float, power: float) -> np.ndarray:
    return prefactor * KELVIN**power * np.exp(-energy / (K * KELVIN))


@pytest.mark.parametrize(("power", "energy"), [(0, 0.8), (2, 0.45), (1.5, 0.02), (0, -0.1)])
def test_an_exact_line_gives_back_its_numbers(power, energy):
    found = fit_arrhenius(KELVIN, rates(energy, 3e-3, power), power)
    assert found.parameters["ea"].value == pytest.approx(energy, rel=1e-9)
    assert found.parameters["prefactor"].value == pytest.approx(3e-3, rel=1e-9)
    reference = found.statistics["reference"]
    level = 3e-3 * reference**power * np.exp(-energy / (K * reference))
    assert found.parameters["level"].value == pytest.approx(level, rel=1e-9)
    assert np.allclose(found.model, found.y, rtol=1e-9)


def test_a_resistance_has_a_positive_energy_with_inverse():
    ohms = 2e3 * np.exp(0.3 / (K * KELVIN))
    found = fit_arrhenius(KELVIN, ohms, inverse=True, unit="ohm")
    assert found.parameters["ea"].value == pytest.approx(0.3, rel=1e-9)
    assert found.parameters["prefactor"].value == pytest.approx(2e3, rel=1e-9)
    other = fit_arrhenius(KELVIN, ohms)
    assert other.parameters["ea"].value == pytest.approx(-0.3, rel=1e-9)
    assert "negative_energy" in {w.code for w in other.warnings}


@pytest.mark.parametrize("weighted", [False, True])
def test_intervals_cover(weighted):
    rng = np.random.default_rng(1)
    error = np.array([0.01, 0.02, 0.03, 0.05, 0.02]) if weighted else np.full(5, 0.02)
    repeats, hits = 1000, np.zeros(2)
    for _ in range(repeats):
        y = rates(0.45, 3e-3, 2) * np.exp(error * rng.standard_normal(5))
        found = fit_arrhenius(KELVIN, y, 2, stderr=error * y if weighted else None).parameters
        truth = (("ea", 0.45), ("prefactor", 3e-3))
        hits += [found[n].interval[0] <= true <= found[n].interval[1] for n, true in truth]
    # known weights never narrow the intervals below what the scatter says: conservative
    low, high = (0.93, 0.97) if not weighted else (0.93, 1.0)
    assert np.all((hits / repeats >= low) & (hits / repeats <= high)), hits


def test_weights_are_those_of_numpy():
    rng = np.random.default_rng(2)
    error = np.array([0.01, 0.02, 0.03, 0.05, 0.02])
    y = rates(0.45, 3e-3, 0) * np.exp(error * rng.standard_normal(5))
    slope, _ = np.polyfit(1 / (K * KELVIN), np.log(y), 1, w=1 / error)
    found = fit_arrhenius(KELVIN, y, stderr=error * y)
    assert found.parameters["ea"].value == pytest.approx(-slope, rel=1e-6)


def test_two_processes_are_seen():
    y = rates(0.2, 1e-6, 0) + rates(0.6, 5.0, 0)
    y *= 1 + 0.01 * np.random.default_rng(0).standard_normal(5)
    found = fit_arrhenius(KELVIN, y)
    said = {w.code: w.message for w in found.warnings}
    assert "flatter on cooling" in said["not_arrhenius"]


@pytest.mark.parametrize(
    ("kelvin", "values", "error", "code"),
    [
        ([300, 300, 300], [1, 1.01, 1.02], FitRefused, "unidentifiable"),
        ([300, 300.5, 301], [1, 1.03, 1.01], FitRefused, "unidentifiable"),
        ([300, 320], [1, 2], FitRefused, "too_few_points"),
        ([300, 320, 340], [1, -2, 3], InputError, "bad_values"),
        ([300, 320, 340], [1, 0, 3], InputError, "bad_values"),
        ([300, 320, 340], [1, np.nan, 3], InputError, "bad_values"),
        ([300, 320], [1, 2, 3], InputError, "unequal_counts"),
        ([-5, 320, 340], [1, 2, 3], InputError, "bad_parameter"),
    ],
)
def test_what_is_refused(kelvin, values, error, code):
    with pytest.raises(error) as caught:
        fit_arrhenius(kelvin, values)
    assert caught.value.code == code


def test_the_spread_that_would_settle_it_does():
    with pytest.raises(FitRefused, match=r"spread of some (\d+) K"):
        fit_arrhenius([300, 300.5, 301], [1, 1.03, 1.01])


def test_fixed_bias_gives_the_lowered_barrier():
    v = np.linspace(0.05, 0.3, 26)
    sweeps = [
        Trace(None, v, oracle.schottky_emission(v, 0.5, 10, 5e-9, 1e-10, t), t) for t in KELVIN
    ]
    found = arrhenius_at(sweeps, 0.2, "schottky")
    # q^3 F/(4 pi eps0 eps_r) at 0.2 V over 5 nm
    lowering = np.sqrt(1.602176634e-19 * 0.2 / 5e-9 / (4 * np.pi * 8.8541878128e-12 * 10))
    assert found.parameters["ea"].value == pytest.approx(0.5 - lowering, abs=2e-4)
    richardson = 120.173e4 * 1e-10
    assert found.parameters["prefactor"].value == pytest.approx(richardson, rel=5e-3)
    with pytest.raises(InputError, match="cover"):
        arrhenius_at(sweeps, 0.5, "schottky")
    with pytest.raises(InputError, match="3 temperatures were given for 5 traces"):
        arrhenius_at(sweeps, 0.2, temperatures=[280, 300, 320])
