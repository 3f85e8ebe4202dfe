"""Bad sweeps get a reasoned refusal: never a crash, never a start value returned as a result."""

from __future__ import annotations

import resource

import numpy as np
import pytest

from compactmodels.data import Trace
from compactmodels.errors import CompactModelsError
from fitting import fit_iv
from fitting.sweep import MOST_POINTS
from tests.fitting import oracle

RNG = np.random.default_rng(0)
V = np.linspace(0, 1, 200)
NOISE = 1 + 0.02 * RNG.standard_normal(200)
ORDER = RNG.permutation(200)

BAD = {
    "noise around zero": (V, 1e-12 * RNG.standard_normal(200), "too_few_points", "points left out"),
    "noise above zero": (
        V,
        1e-9 * np.abs(RNG.standard_normal(200)),
        "too_few_points",
        "points left out",
    ),
    "compliance at every point": (
        np.linspace(0.1, 1, 40),
        np.full(40, 1e-3),
        "too_few_points",
        "40 points left out: the current stands at 0.001 A, the compliance",
    ),
    "compliance everywhere": (V, np.where(V > 0, 1e-3, 0), "too_few_points", "the compliance"),
    "shuffled points": (V[ORDER], (1e-6 * V * NOISE)[ORDER], "shuffled", "sort the points"),
    "current against voltage": (V, -1e-6 * V * NOISE, "too_few_points", "reverse the sign"),
    "a jump": (V, np.where(V < 0.5, 1e-9 * V, 1e-4 * V) * NOISE, "poor_fit", "state moved"),
    "negative differential resistance": (
        V,
        1e-6 * (V * np.exp(-(((V - 0.3) / 0.1) ** 2)) + 0.1 * V),
        "poor_fit",
        "another mechanism",
    ),
}


@pytest.mark.parametrize("name", list(BAD))
def test_a_bad_sweep_is_refused_with_its_reason(name):
    voltage, current, code, words = BAD[name]
    with pytest.raises(CompactModelsError) as caught:
        fit_iv(Trace(None, voltage, current, 300.15), area=1e-10, thickness=5e-9)
    assert caught.value.code == code
    assert words in caught.value.message


def test_fifteen_decades_are_no_matter():
    v = np.linspace(0, 1.2, 240)
    exact = oracle.thermionic_emission(v, 1.0, 1.05, 1e-10, 300.15)
    i = exact * (1 + 0.02 * np.random.default_rng(1).standard_normal(240))
    result = fit_iv(Trace(None, v, i, 300.15), area=1e-10)
    assert result.selected == "thermionic_emission"
    assert result.parameters["n"].value == pytest.approx(1.05, abs=0.01)


def test_a_million_points_are_averaged_and_said_to_be():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    v = np.linspace(0, 1, 10**6)
    i = 1e-12 * np.expm1(v / 0.05)
    i *= 1 + 0.02 * np.random.default_rng(0).standard_normal(v.size)
    result = fit_iv(Trace(None, v, i, 300.15), area=1e-10)
    assert result.selected == "thermionic_emission"
    assert result.statistics["n_points"] <= 2 * MOST_POINTS
    assert result.parameters["n"].value == pytest.approx(0.05 / 0.025864, rel=1e-3)
    said = {w.code: w.message for w in result.warnings}
    assert "means of 250 neighbours" in said["thinned"]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 400_000, f"{grown} kB"


def test_a_single_branch_of_a_loop_is_enough_where_it_says_something():
    v = np.linspace(0.3, 0.8, 40)
    exact = oracle.thermionic_emission(v, 0.7, 1.2, 1e-10, 300.15)
    i = exact * (1 + 0.02 * np.random.default_rng(0).standard_normal(40))
    result = fit_iv(Trace(None, v, i, 300.15), "thermionic_emission", area=1e-10)
    low, high = result.parameters["phi"].interval
    assert low < 0.7 < high


def test_one_reading_of_the_wrong_sign_far_from_0_v_is_no_offset_of_the_instrument():
    v = np.linspace(0.01, 1, 100)
    i = 1e-6 * v * NOISE[:100]
    i[60] *= -1
    result = fit_iv(Trace(None, v, i, 300.15))
    assert result.selected == "ohmic"
    assert result.statistics["n_points"] == 99
    low, high = result.parameters["g"].interval
    assert low < 1e-6 < high
