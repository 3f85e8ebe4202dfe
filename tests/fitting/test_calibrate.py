"""Calibration on made-up devices whose parameters are known, with closed forms as oracles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tomli_w

from compactmodels import registry
from compactmodels.card import Entry, ModelCard, parse_card
from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE
from compactmodels.errors import CardError, InputError
from compactmodels.model import Branch, Model
from compactmodels.observables_targets import TargetSet, parse_targets
from fitting.calibrate import Calibration, calibrate
from fitting.calibrate_identify import identify

K0, EA, V_SET = 1e12, 0.5, 0.2
KELVIN = 300.15
HALF = {"kind": "crossing", "quantity": "w", "threshold": 0.5}


def hopper(**values: float) -> ModelCard:
    """Two ohmic branches and ion hopping: its switching time at a constant voltage is closed."""
    ohmic = registry.conduction("ohmic")
    model = Model(
        (Branch("on", ohmic, "on"), Branch("off", ohmic, "off")), registry.switching("ion_hopping")
    )
    own = {
        "on_g": 1e-4, "off_g": 1e-7, "sw_k0": K0, "sw_ea": EA, "sw_v_set": V_SET, "sw_v_reset": V_SET,
    } | values  # fmt: skip
    entries = {name: Entry(value, "assumed") for name, value in own.items()}
    return ModelCard("hopper", model, entries)


def set_time(v: float, kelvin: float = KELVIN, *, k0: float = K0, ea: float = EA) -> float:
    """Time to w = 1/2 from w = 0 at a constant voltage: ln 2/(rate + 0)."""
    smooth = v**3 / (v**2 + 0.01**2)
    hop = k0 * math.exp(-ea * ELEMENTARY_CHARGE / (BOLTZMANN * kelvin))
    return math.log(2) / (hop * math.sinh(smooth / V_SET))


def at(v: float, kelvin: float = KELVIN, **row: Any) -> dict[str, Any]:
    """The switching time at a voltage and a temperature as a target."""
    due = set_time(v, kelvin)
    return {
        "id": f"set.{v:g}V.{kelvin:g}K",
        "source": "closed form",
        "protocol": {"kind": "rest", "duration": 20 * due, "voltage": v},
        "temperature": kelvin,
        "observable": HALF,
        "value": due,
        "unit": "s",
        "relative": 0.05,
        **row,
    }


def read(state: float, **row: Any) -> dict[str, Any]:
    return {
        "id": f"read.{state:g}",
        "source": "closed form",
        "w0": state,
        "observable": {"kind": "reading", "quantity": "conductance", "read": 0.1},
        "unit": "uS",
        "relative": 0.02,
        **row,
    }


def targets_of(card: ModelCard, *rows: dict[str, Any], **top: Any) -> TargetSet:
    clean = [{k: v for k, v in row.items() if v is not None} for row in rows]
    return parse_targets(tomli_w.dumps({"target": clean, **top}), card, "file")


def calibrated(card: ModelCard, *rows: dict[str, Any], free: str, **options: Any) -> Calibration:
    top = {"bounds": options.pop("bounds")} if "bounds" in options else {}
    settings = {"engine": "reference", **options}  # short runs: not worth compiling for
    return calibrate(card, targets_of(card, *rows, **top), free.split(), **settings)


# ----------------------------------------------------------------------------------- recovery


def test_a_perturbed_device_is_recovered_from_its_own_observables() -> None:
    start = hopper(sw_k0=7e12, sw_v_set=0.26, on_g=3e-5)
    result = calibrated(start, at(0.5), at(0.8), read(1.0, value=100.0), free="sw_k0 sw_v_set on_g")
    assert result.met
    assert result.missed == ()
    assert result.starts == 1
    values = result.card.values
    assert values["sw_k0"] == pytest.approx(K0, rel=1e-3)
    assert values["sw_v_set"] == pytest.approx(V_SET, rel=1e-3)
    assert values["on_g"] == pytest.approx(1e-4, rel=1e-4)
    assert {p.state for p in result.parameters.values()} == {"fixed"}
    assert result.warnings == ()


def test_the_errors_are_the_tolerances_carried_through_the_closed_form() -> None:
    """ln t = -ln k0 - ln sinh(V/V_set): two times fix both, each to its share of 5 %."""
    result = calibrated(hopper(), at(0.5), at(0.8), free="sw_k0 sw_v_set")
    sigma = math.log1p(0.05)
    rows = []
    for v in (0.5, 0.8):
        x = v**3 / (v**2 + 1e-4) / V_SET
        rows.append([-1.0, x / math.tanh(x)])  # d ln t / d ln k0, d ln V_set
    covariance = sigma**2 * np.linalg.inv(np.array(rows).T @ np.array(rows))
    for k, name in enumerate(("sw_k0", "sw_v_set")):
        p = result.parameters[name]
        assert p.stderr / p.value == pytest.approx(math.sqrt(covariance[k, k]), rel=1e-2)
        assert p.interval[0] < p.value < p.interval[1]
    rho = covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1])
    found = result.identifiability.correlations["sw_k0, sw_v_set"]
    assert found == pytest.approx(rho, abs=1e-3)


def test_the_card_says_what_was_moved_and_why_and_can_be_loaded() -> None:
    start = hopper(on_g=3e-5)
    result = calibrated(start, read(1.0, value=100.0), free="on_g sw_k0")
    again = parse_card(result.card.to_toml(), "written")
    assert again.entries["on_g"].origin == "calibrated"
    assert "read.1" in again.entries["on_g"].note
    assert again.entries["on_g"].stderr == pytest.approx(1e-4 * math.log1p(0.02), rel=1e-2)
    assert again.entries["sw_k0"] == start.entries["sw_k0"]  # not felt: not touched
    assert again.entries["off_g"] == start.entries["off_g"]
    table = again.provenance["calibration"]
    assert table["met"] is True
    assert table["targets"][0]["published"] == 100.0
    assert table["targets"][0]["source"] == "closed form"
    assert table["before"]["on_g"] == 3e-5
    assert set(table["versions"]) == {"compactmodels", "scipy", "numpy"}
    assert again.values == result.card.values


def test_a_moved_value_that_was_published_is_told() -> None:
    start = hopper()
    start = start.with_values({"on_g": 3e-5}, "published")
    result = calibrated(start, read(1.0, value=100.0), free="on_g")
    assert [w.code for w in result.warnings] == ["moved_known"]


# ------------------------------------------------------------------------------ identifiability


def test_one_temperature_fixes_attempt_rate_and_activation_energy_only_together() -> None:
    """k0 exp(-Ea/kT): the free direction is known in closed form, d Ea/Ea = kT/Ea d ln k0."""
    start = hopper(sw_k0=5e12)
    result = calibrated(start, at(0.5), free="sw_k0 sw_ea")
    assert result.met
    assert {p.state for p in result.parameters.values()} == {"free"}
    assert all(math.isnan(p.stderr) for p in result.parameters.values())
    known = result.identifiability
    assert len(known.fixed) == len(known.free) == 1
    terms = dict(known.free[0].terms)
    kt = BOLTZMANN * KELVIN / ELEMENTARY_CHARGE
    assert terms["sw_ea"] / terms["sw_k0"] == pytest.approx(kt / EA, rel=1e-2)
    assert known.free[0].text == "sw_k0 +10 % with sw_ea +0.517 %"
    assert [w.code for w in result.warnings] == ["not_determined"]
    # Of all sets that meet it the nearest: along the direction that the target feels.
    moved = np.array(
        [
            math.log(result.card.values["sw_k0"] / 5e12),
            result.card.values["sw_ea"] / EA - 1,
        ]
    )
    assert abs(moved @ [terms["sw_k0"], terms["sw_ea"]]) < 1e-3
    assert "only in combination" in result.card.entries["sw_k0"].note
    assert result.card.entries["sw_k0"].stderr is None


def test_a_second_temperature_settles_it() -> None:
    start = hopper(sw_k0=5e12, sw_ea=0.52)
    result = calibrated(start, at(0.5), at(0.5, 360.0), free="sw_k0 sw_ea")
    assert result.card.values["sw_k0"] == pytest.approx(K0, rel=1e-2)
    assert result.card.values["sw_ea"] == pytest.approx(EA, rel=1e-3)
    assert not result.identifiability.free
    assert "correlated" in {w.code for w in result.warnings}  # at 0.99 and above


def test_what_no_target_feels_is_named_and_stays() -> None:
    start = hopper(on_g=3e-5)
    result = calibrated(start, read(1.0, value=100.0), free="on_g off_g sw_v_set")
    assert result.parameters["off_g"].state == result.parameters["sw_v_set"].state == "unfelt"
    assert result.card.values["off_g"] == start.values["off_g"]
    assert result.card.values["sw_v_set"] == start.values["sw_v_set"]
    assert [w.code for w in result.warnings] == ["unfelt", "unfelt"]
    assert result.parameters["on_g"].targets == ("read.1",)


def test_a_bound_that_holds_fixes_nothing() -> None:
    start = hopper()
    result = calibrated(start, read(1.0, value=None, relative=None, at_least=10.0), free="on_g")
    assert result.met
    assert result.parameters["on_g"].state == "unfelt"
    assert result.card.values == start.values


def test_a_bound_that_does_not_hold_moves_to_its_margin_and_no_further() -> None:
    result = calibrated(
        hopper(), read(1.0, value=None, relative=None, at_least=200.0, margin=0.1), free="on_g"
    )
    assert result.met
    assert 1e6 * result.card.values["on_g"] == pytest.approx(220.0, rel=1e-2)


@pytest.mark.parametrize(
    ("tangent", "states"),
    [
        ([[10.0, 0.0], [0.0, 20.0]], ["fixed", "fixed"]),
        ([[10.0, 10.0]], ["free", "free"]),
        ([[10.0, 0.0]], ["fixed", "unfelt"]),
        ([[10.0, 10.0], [10.0, 10.001]], ["free", "free"]),
        ([[10.0, 10.0, 0.0], [0.0, 0.0, 5.0]], ["free", "free", "fixed"]),
        ([[0.001, 0.0]], ["unfelt", "unfelt"]),
        # The second moves by 0.03 while the first is free to move by a factor e: far beyond its 0.003.
        ([[-10.0, 300.0]], ["free", "free"]),
        ([[0.5, 0.0], [0.0, 5.0]], ["free", "fixed"]),  # felt, but not to better than a factor e
    ],
)
def test_states_of_known_tangents(tangent: list[list[float]], states: list[str]) -> None:
    names = tuple("abc"[: len(tangent[0])])
    known = identify(np.array(tangent), names)
    assert [known.state[n] for n in names] == states
    for direction in known.free:
        step = np.array([dict(direction.terms).get(n, 0.0) for n in names])
        assert np.max(np.abs(np.array(tangent) @ step)) < 1.0


def test_free_directions_name_as_few_parameters_as_they_can() -> None:
    """b and c only in their sum, d and e only in their product: two directions of two each."""
    known = identify(np.array([[9.0, 9.0, 0, 0], [0, 0, 7.0, 14.0]]), ("b", "c", "d", "e"))
    assert {frozenset(dict(c.terms)) for c in known.free} == {frozenset("bc"), frozenset("de")}
    for c in known.fixed:
        assert c.error == pytest.approx(
            {2: 1 / 9, "e": 1 / 14}[2 if c.terms[0][0] in "bc" else "e"]
        )


# ----------------------------------------------------------------------------- bounds and misses


def test_a_bound_of_the_search_is_kept_and_reported() -> None:
    start = hopper(on_g=5e-5)
    result = calibrated(
        start, read(1.0, value=100.0), free="on_g", bounds={"on_g": [4e-5, 8e-5]}, starts=2
    )
    assert result.card.values["on_g"] == pytest.approx(8e-5, rel=1e-5)
    assert result.parameters["on_g"].at_bound
    assert result.missed == ("read.1",)
    assert {"bound_hit", "target_missed"} <= {w.code for w in result.warnings}


def test_targets_that_contradict_one_another_are_missed_and_named() -> None:
    result = calibrated(
        hopper(),
        read(1.0, value=100.0),
        read(1.0, id="other", value=130.0),
        read(0.0, value=0.1),
        free="on_g off_g",
        starts=3,
    )
    assert not result.met
    assert set(result.missed) == {"read.1", "other"}
    # The compromise of equal tolerances: the geometric mean.
    assert 1e6 * result.card.values["on_g"] == pytest.approx(math.sqrt(100 * 130), rel=1e-3)
    message = next(w.message for w in result.warnings if "'other'" in w.message)
    assert "instead of 130 uS" in message
    assert result.card.provenance["calibration"]["met"] is False


def test_a_weight_draws_the_compromise() -> None:
    rows = [read(1.0, value=100.0, weight=100.0), read(1.0, id="other", value=130.0)]
    result = calibrated(hopper(), *rows, free="on_g", starts=1)
    expected = (100 * math.log(100) + math.log(130)) / 101
    assert math.log(1e6 * result.card.values["on_g"]) == pytest.approx(expected, rel=1e-4)


def test_a_threshold_out_of_reach_at_the_start_is_reached() -> None:
    """Nothing switches with the start's values within the record: the search still finds the way."""
    start = hopper(sw_k0=1e8)
    result = calibrated(start, at(0.5), free="sw_k0")
    assert math.isnan(result.before[0].value)
    assert result.met
    assert result.card.values["sw_k0"] == pytest.approx(K0, rel=1e-3)


def test_more_starts_find_what_the_first_does_not() -> None:
    """At saturation the first start feels nothing; a start elsewhere does."""
    row = {
        "id": "w", "source": "closed form", "unit": "1", "value": 0.3, "absolute": 0.01,
        "protocol": {"kind": "rest", "duration": set_time(0.5), "voltage": 0.5},
        "observable": {"kind": "reading", "quantity": "w"},
    }  # fmt: skip
    start = hopper(sw_k0=K0 * 300)  # w = 1 to the last bit
    assert not calibrated(start, row, free="sw_k0", starts=1).met
    result = calibrated(start, row, free="sw_k0", starts=12)
    assert result.met
    assert result.card.values["sw_k0"] == pytest.approx(
        K0 * math.log(1 / 0.7) / math.log(2), rel=1e-2
    )


@pytest.mark.slow
def test_the_compiled_integrator_leads_to_the_same_card() -> None:
    start = hopper(sw_k0=7e12, sw_v_set=0.26)
    rows, free = [at(0.5), at(0.8)], "sw_k0 sw_v_set"
    ours, theirs = (
        calibrated(start, *rows, free=free, engine=name) for name in ("compiled", "reference")
    )
    for name, value in ours.card.values.items():
        assert value == pytest.approx(theirs.card.values[name], rel=1e-3), name
    for name, p in ours.parameters.items():
        assert p.stderr == pytest.approx(theirs.parameters[name].stderr, rel=0.02)


def test_the_same_seed_gives_the_same_bytes_and_progress_only_rises() -> None:
    rows = [read(1.0, value=100.0), read(1.0, id="other", value=130.0), at(0.5)]
    shares: list[float] = []
    cards = [
        calibrated(
            hopper(sw_k0=3e12),
            *rows,
            free="on_g sw_k0",
            starts=3,
            seed=7,
            progress=lambda share, text: shares.append(share),
        ).card.to_toml()
        for _ in range(2)
    ]
    assert cards[0] == cards[1]
    half = shares[: len(shares) // 2]
    assert half == sorted(half)
    assert half[-1] == 1.0


@pytest.mark.parametrize(
    ("free", "top", "error", "word"),
    [
        ("", {}, InputError, "nothing may be moved"),
        ("on_h", {}, CardError, "did you mean 'on_g'"),
        ("on_g on_g", {}, InputError, "twice"),
        ("on_g", {"bounds": {"off_g": [1e-9, 1e-6]}}, InputError, "not free"),
        ("on_g", {"bounds": {"on_g": [1e-3, 1e-6]}}, InputError, "lower and a higher"),
        ("on_g", {"bounds": {"on_g": [1e-6, 1e-5]}}, InputError, "own value"),
        ("on_g", {"bounds": {"on_g": [-1.0, 1e-3]}}, InputError, "within"),
        ("on_g", {"bounds": {"x": [0.0, 1.0]}}, CardError, "unknown parameter"),
    ],
)
def test_what_cannot_be_moved_is_refused(
    free: str, top: dict[str, Any], error: type[InputError], word: str
) -> None:
    card = hopper()
    with pytest.raises(error, match=word):
        calibrate(card, targets_of(card, read(1.0, value=100.0), **top), free.split())
