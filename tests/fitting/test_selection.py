"""Does `auto` find the mechanism that made the data?  And the regimes, where there are several?"""

from __future__ import annotations

import math

import numpy as np
import pytest

from compactmodels.card import load_card
from compactmodels.data import Trace
from fitting import fit_iv
from fitting.contest import shares
from fitting.masks import lost_in
from fitting.noise import noise_of
from fitting.regimes import cuts
from fitting.selection import aicc, weights
from tests.fitting import oracle, truths

AREA = 1e-10
KNOWN = {"area": AREA, "thickness": 5e-9}


def noisy(i, seed=0, size=0.02):
    return i * (1 + size * np.random.default_rng(seed).standard_normal(i.size))


def fit(v, i, **options):
    return fit_iv(Trace(None, v, i, 300.15), **options)


def chosen(name, seeds):
    """(selected, weight of the truth) of each sweep."""
    out = []
    for seed in seeds:
        sample = truths.draw(name, seed)
        known = dict(sample.known)
        del known["temperature"]
        result = fit(sample.voltage, sample.current, **known)
        out.append((result.selected, result.weights.get(name, 0.0)))
    return out


@pytest.mark.parametrize("name", list(truths.DRAWS))
def test_auto_finds_the_mechanism(name):
    found = chosen(name, range(1000, 1004))
    assert sum(selected == name for selected, _ in found) >= 3, found


@pytest.mark.slow
@pytest.mark.parametrize("name", list(truths.DRAWS))
def test_auto_is_right_in_most_of_many(name):
    """40 of the study's 400 (benchmarks/selection.py): chance leaves 36 of them at 95 %."""
    found = chosen(name, range(40))
    right = sum(selected == name for selected, _ in found)
    wrong = [weight for selected, weight in found if selected != name]
    assert right >= (34 if name in {"ohmic", "space_charge_limited"} else 36), found
    assert sum(weight < 0.05 for weight in wrong) <= 1, found


@pytest.mark.parametrize("seed", [8, 18, 120, 129, 138, 362])
def test_field_emission_is_not_lost_in_a_side_valley_or_on_a_bound(seed):
    ((selected, weight),) = chosen("field_emission", [seed])
    assert selected == "field_emission"
    assert weight > 0.95


def test_a_resistance_far_below_the_least_bias_resistance_is_found():
    """Ten decades of current: V/I at the lowest point is 1e9 times the series resistance."""
    assert chosen("thermionic_emission", [275])[0][0] == "thermionic_emission"


@pytest.mark.parametrize("seed", [278, 361])
def test_where_a_few_readings_decide_the_truth_keeps_its_weight(seed):
    """The first readings lie in a floor that does not show: a leak beside another mechanism is closer."""
    ((_, weight),) = chosen("schottky_emission", [seed])
    assert weight > 0.05


def test_weights_are_akaikes_where_all_points_speak_and_milder_where_one_does():
    n, rng = 100, np.random.default_rng(0)
    one = rng.standard_normal(n)
    alike = shares({"a": (one, 2), "b": (1.05 * one, 2)}, float(n))
    plain = weights({"a": aicc(one @ one, n, n, 2), "b": aicc(1.05**2 * one @ one, n, n, 2)})
    assert alike["a"] == pytest.approx(plain["a"], abs=1e-9)
    other = one.copy()
    other[0] += 6.0 * np.sign(one[0])
    few = shares({"a": (one, 2), "b": (other, 2)}, float(n))
    strict = weights({"a": aicc(one @ one, n, n, 2), "b": aicc(other @ other, n, n, 2)})
    assert strict["b"] < 1e-6 < 0.01 < few["b"] < 0.5
    assert sum(few.values()) == pytest.approx(1)


def test_neighbours_that_resemble_each_other_are_drawn_together():
    rest = np.sin(np.linspace(0, 20, 90))
    many = shares({"a": (rest, 1), "b": (1.1 * rest + 0.3, 1)}, 90.0)
    few = shares({"a": (rest, 1), "b": (1.1 * rest + 0.3, 1)}, 12.0)
    assert many["b"] < few["b"] < 0.5


def test_on_a_bound_that_makes_it_another_mechanism_none_takes_part():
    """Poole-Frenkel emission without lowering is ohmic: its parameter does not earn its place."""
    v = np.linspace(0.01, 1, 100)
    result = fit(v, noisy(1e-6 * v), **KNOWN)
    table = result.statistics["candidates"]
    bound = [n for n, c in table.items() if (c.get("veto") or "").endswith("on its bound")]
    assert bound
    assert not set(bound) & set(result.weights)
    assert result.weights["ohmic"] > 0.5


def test_the_same_sweep_is_drawn_again():
    one, other = truths.draw("poole_frenkel", 3), truths.draw("poole_frenkel", 3)
    assert np.array_equal(one.current, other.current)


def test_the_weights_sum_to_one_and_the_fallback_is_outside():
    v = np.linspace(0.01, 1, 100)
    result = fit(v, noisy(1e-6 * v), **KNOWN)
    assert sum(result.weights.values()) == pytest.approx(1)
    assert "sinh" not in result.weights
    assert len(result.statistics["candidates"]) >= 7
    assert not result.regimes


# ---------------------------------------------------------------------------------- regimes


def mechanisms(result):
    return [r.mechanism for r in result.regimes]


def test_a_leak_beside_fowler_nordheim_is_found_and_both_are_recovered():
    v = np.linspace(0.02, 4, 200)
    i = 1e-9 * v + oracle.fowler_nordheim(v, 0.7, 5e-9, 1, 1.1e-15)
    result = fit(v, noisy(i), **KNOWN)
    assert mechanisms(result) == ["ohmic", "fowler_nordheim"]
    ohmic, tunnel = (r.parameters for r in result.regimes)
    for e, truth in ((ohmic["g"], 1e-9), (tunnel["phi"], 0.7), (tunnel["area"], 1.1e-15)):
        low, high = e.interval
        assert low < truth < high
        assert e.value == pytest.approx(truth, rel=0.1)
    crossing = v[np.argmin(np.abs(np.log(i / (2e-9 * v))))]  # both carry half
    assert result.regimes[1].v_min == pytest.approx(crossing, abs=0.1)
    assert result.statistics["rms_decades"] < 0.012


def test_a_leak_beside_poole_frenkel():
    v = np.linspace(0.05, 5, 150)
    g = 1e-9
    trap = oracle.poole_frenkel(v, 0.5, 6.0, 30e-9, AREA, 300.15)
    scale = 100 * g * v[-1] / trap[-1]
    result = fit(v, noisy(g * v + scale * trap), area=AREA, thickness=30e-9)
    assert mechanisms(result) == ["ohmic", "poole_frenkel"]
    assert result.regimes[1].parameters["eps_r"].value == pytest.approx(6.0, rel=0.15)


def test_a_card_of_several_regimes_has_a_branch_for_each_and_simulates_their_sum(tmp_path):
    v = np.linspace(0.02, 4, 200)
    i = 1e-9 * v + oracle.fowler_nordheim(v, 0.7, 5e-9, 1, 1.1e-15)
    result = fit(v, noisy(i), **KNOWN)
    card = load_card(result.card("sum").save(tmp_path / "sum.toml"))
    assert [b.mechanism.name for b in card.model.branches] == ["ohmic", "fowler_nordheim"]
    simulated = card.model.current(v, card.values)
    assert np.max(np.abs(np.log10(simulated / i))) < 0.02


def test_sections_of_a_space_charge_limited_current():
    v = np.linspace(0.02, 4, 200)
    i = np.select(
        [v < 1, v < 2, v < 3],
        [1e-6 * v, 1e-6 * v**2, 4e-6 * (v / 2) ** 6],
        4e-6 * 1.5**6 * (v / 3) ** 2,
    )
    result = fit(v, noisy(i), area=AREA, thickness=20e-9)
    assert mechanisms(result)[:3] == ["ohmic", "space_charge_limited", "space_charge_limited"]
    assert result.regimes[2].parameters["exponent"].value == pytest.approx(5.0, abs=0.3)
    assert [r.v_min for r in result.regimes[1:3]] == pytest.approx([1.0, 2.0], abs=0.1)


def test_the_sides_of_a_contact():
    v = np.linspace(-2, 1, 301)
    forward = oracle.thermionic_emission(np.maximum(v, 0), 0.62, 1.3, AREA, 300.15, 100.0)
    behind = np.minimum(v, -1e-9)
    reverse = oracle.reverse_field_emission(behind, 0.62, 0.09, 1e-16, 300.15)
    result = fit(v, noisy(np.where(v > 0, forward, reverse)), area=AREA)
    assert mechanisms(result) == ["field_emission", "thermionic_emission"]
    assert result.selected == "thermionic_emission"
    assert result.parameters["phi"].value == pytest.approx(0.62, abs=0.01)
    assert all(r.v_max < 0 or r.v_min > 0 for r in result.regimes)


def leaky_diode(v):
    return 1e-8 * v + oracle.thermionic_emission(v, 0.7, 2.6, AREA, 300.15, 0.0)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_leak_on_both_sides_of_a_contact_is_one_current_and_on_the_card(sign):
    v = np.linspace(-1, 1, 161)
    v = v[np.abs(v) > 1e-9]
    i = sign * leaky_diode(sign * v)
    result = fit_iv(Trace(None, v, noisy(i)), area=AREA)
    assert sorted(mechanisms(result)) == ["ohmic", "thermionic_emission"]
    assert result.selected == "thermionic_emission"
    said = {w.code: w.message for w in result.warnings}
    assert {"temperature_assumed", "richardson_assumed"} <= set(said)
    assert "card_of_one_regime" not in said
    assert ("forward_is_negative" in said) == (sign < 0)
    card = result.card()
    simulated = sign * card.model.current(sign * v, card.values)
    assert np.max(np.abs(np.log10(simulated / i))) < 0.02


@pytest.mark.parametrize("seed", [100, 101])
def test_the_sum_of_one_side_is_all_there_is_on_the_other(seed):
    """In reverse a leak beside a saturated contact looks like field emission, or an own leak."""
    v = np.linspace(-0.6, 0.6, 120)
    i = 1e-8 * v - oracle.thermionic_emission(-v, 0.7, 1.3, AREA, 300.15)
    result = fit(v, noisy(i, seed), area=AREA)
    assert mechanisms(result) == ["thermionic_emission", "ohmic"]
    low, high = result.regimes[1].parameters["g"].interval
    assert low < 1e-8 < high


def test_a_card_that_holds_one_regime_of_several_says_so():
    v = np.linspace(-2, 1, 301)
    forward = oracle.thermionic_emission(np.maximum(v, 0), 0.62, 1.3, AREA, 300.15, 100.0)
    behind = np.minimum(v, -1e-9)
    reverse = oracle.reverse_field_emission(behind, 0.62, 0.09, 1e-16, 300.15)
    result = fit(v, noisy(np.where(v > 0, forward, reverse)), area=AREA)
    (branch,) = result.card().model.branches
    assert branch.mechanism.name == "thermionic_emission"
    said = {w.code: w.message for w in result.warnings}
    assert "card_of_one_regime" in said
    assert said["form_not_unique"].startswith("field_emission, -2 to ")


def test_a_reversed_contact_is_remarked_on_in_the_voltages_measured():
    v = np.linspace(-0.6, 0.6, 121)
    i = -oracle.thermionic_emission(-v, 0.7, 1.3, AREA, 300.15, 0.0)
    said = {w.code: w.message for w in fit(v, noisy(i), area=AREA).warnings}
    assert "(0.01 to 0.6 V) lie in reverse" in said["reverse_side"]


def test_one_mechanism_is_not_cut():
    v = np.linspace(0.02, 4, 300)
    one = np.ones(v.size)
    for i in (1e-6 * v, 1e-6 * v**2, 1e-9 * v * np.exp(4 * np.sqrt(v)), v**2 * np.exp(-9 / v)):
        assert cuts(v, noisy(i), one, 0.02) == []


def test_cuts_are_where_the_law_changes():
    v = np.linspace(0.02, 4, 300)
    i = np.where(v < 1.5, 1e-6 * v, 1e-6 / 1.5**3 * v**4)
    (cut,) = cuts(v, noisy(i), np.ones(v.size), 0.02)
    assert v[cut] == pytest.approx(1.5, abs=0.05)


# ------------------------------------------------------------------------------------ noise


@pytest.mark.parametrize("floor", [1e-13, 1e-12, 1e-11])
def test_the_floor_is_read_from_the_sweep(floor):
    v = np.linspace(0, 1, 200)
    i = 1e-14 * np.expm1(v / 0.04)
    rng = np.random.default_rng(1)
    seen = noise_of(v, i * (1 + 0.02 * rng.standard_normal(200)) + floor * rng.standard_normal(200))
    assert seen.floor == pytest.approx(floor, rel=0.5)
    assert seen.relative == pytest.approx(0.02, rel=0.4)


def test_a_chance_reading_above_the_floor_does_not_count():
    """Fowler-Nordheim is nothing at low voltage; one reading in 300 of noise is above three sigma."""
    v = np.linspace(0, 4, 200)
    i = oracle.fowler_nordheim(v, 1.0, 5e-9, 1, 1e-12)
    noise = 1e-12 * np.random.default_rng(3).standard_normal(200)
    noise[30] = 4e-12
    hidden = lost_in(v, i + noise, 3e-12)
    assert np.all(hidden[i < 1e-12])
    assert not np.any(hidden[i > 1e-11])
    bad = i.copy()
    bad[150] = 0.0  # one bad reading further out hides nothing but itself
    assert np.count_nonzero(lost_in(v, bad, 3e-12)[140:]) == 1


@pytest.mark.parametrize("seed", [53, 283, 351])
def test_a_sweep_that_starts_far_below_the_floor(seed):
    assert [selected for selected, _ in chosen("fowler_nordheim", [seed])] == ["fowler_nordheim"]


def test_a_series_resistance_that_is_not_there_rules_nothing_out():
    assert [selected for selected, _ in chosen("thermionic_emission", [104])] == [
        "thermionic_emission"
    ]


def test_a_sweep_without_a_floor_has_none():
    v = np.linspace(-1, 1, 201)
    assert noise_of(v, noisy(1e-6 * v)).floor == 0.0
    assert noise_of(v, v**3 * np.exp(-8 / np.maximum(np.abs(v), 0.01))).floor == 0.0


def test_points_near_the_floor_do_not_bias_the_fit():
    """A diode whose lowest decade lies in the instrument's scatter: n and i_sat stay where they are."""
    v = np.linspace(0, 0.6, 120)
    exact = oracle.thermionic_emission(v, 0.8, 1.2, AREA, 300.15)
    rows = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        i = exact * (1 + 0.02 * rng.standard_normal(120)) + 1e-12 * rng.standard_normal(120)
        result = fit_iv(Trace(None, v, i, 300.15), "thermionic_emission", area=AREA)
        e = result.parameters["n"]
        rows.append((e.value, e.stderr, e.interval[0] < 1.2 < e.interval[1]))
    values, errors, covered = np.array(rows).T
    assert abs(np.mean(values) - 1.2) < 0.5 * np.mean(errors)
    assert np.mean(covered) >= 0.85
    assert math.isfinite(float(np.mean(errors)))
