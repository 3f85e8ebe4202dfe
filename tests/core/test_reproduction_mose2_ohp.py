"""The MoSe2 and perovskite papers and the review: every row of the table, and the devices to start from."""

from __future__ import annotations

import math

import numpy as np
import pytest

from compactmodels import registry
from compactmodels.card import library, load_card, parse_card
from compactmodels.errors import InputError
from compactmodels.workflows.devices import devices, search, starting_card
from compactmodels.workflows.reproduction import review_learning
from compactmodels.workflows.reproduction.accuracies import TARGETS
from compactmodels.workflows.reproduction.lab import Lab
from compactmodels.workflows.reproduction.published import paper
from compactmodels.workflows.reproduction.review import solve_lines
from compactmodels.workflows.reproduction.review_learning import CLAIMS
from compactmodels.workflows.reproduction.table import measures_of, reproduce

PAPERS = ("mose2", "ohp", "review")
ELSEWHERE = ("mnist", "digits8x8")
"""Shown with the recognition work."""
IDS = [
    id_
    for name in PAPERS
    for id_, fact in paper(name).facts.items()
    if fact.kind != "given" and not id_.endswith(ELSEWHERE)
]
TRAINED = ("review.variation",)
"""Networks: the same in either engine."""


def _rows(id_: str, lab: Lab):
    (found,) = reproduce([id_.split(".")[0]], lab, [id_])
    assert found.rows, id_
    assert found.panels, id_
    return found


@pytest.mark.parametrize("name", PAPERS)
def test_every_target_is_measured(name):
    ours = set(measures_of(name)) - set(TARGETS)
    assert ours == {id_ for id_ in IDS if id_.startswith(f"{name}.")}
    assert paper(name).assumptions


@pytest.mark.parametrize(
    "id_", [pytest.param(x, marks=pytest.mark.slow) if x in TRAINED else x for x in IDS]
)
def test_every_row_holds_in_the_compiled_engine(id_):
    found = _rows(id_, Lab(engine="compiled"))
    assert not [row for row in found.rows if not row.ok]


@pytest.mark.slow
@pytest.mark.needs_ngspice
@pytest.mark.parametrize("id_", [x for x in IDS if x not in TRAINED])
def test_every_row_holds_in_ngspice(id_):
    found = _rows(id_, Lab())
    assert not [row for row in found.rows if not row.ok]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "id_", ["mose2.forgetting.tau", "ohp.retention", "ohp.activation_energy", "review.line_resistance"]
)  # fmt: skip
def test_the_verdict_does_not_rest_on_one_draw_of_the_noise(id_, seed):
    found = _rows(id_, Lab(engine="compiled", seed=seed))
    assert not [row for row in found.rows if not row.ok]


def test_an_imperfection_that_does_nothing_is_missed(monkeypatch):
    """Two seeds and one epoch, run at the harmless value twice."""
    name = "cycle-to-cycle"
    curve, values = CLAIMS[name]
    monkeypatch.setattr(review_learning, "EPOCHS", 1)
    monkeypatch.setattr(review_learning, "SEEDS", 2)
    monkeypatch.setattr(review_learning, "CARD", "mose2")
    monkeypatch.setattr(review_learning, "CLAIMS", {name: (curve, values[:1] * 2)})
    found = _rows("review.variation", Lab(engine="compiled"))
    assert not found.rows[-1].ok
    assert f"{name} lowers it beyond chance: NO" in found.rows[-1].simulated


def test_a_device_that_forgets_at_once_is_missed(monkeypatch):
    """The rows can fail: another decay of the same card is not the published one."""
    card = load_card("ohp-n1")
    other = card.with_values({"sw_m": 0.7}, "assumed")
    lab = Lab(engine="compiled")
    monkeypatch.setattr(Lab, "card", lambda self, name, scale=1.0: other)
    rows = {row.id: row.ok for row in _rows("ohp.retention", lab).rows}
    assert rows == {"ohp.retention.b": False, "ohp.retention.m": False}


def test_protocols_name_the_published_stimuli():
    """Counts, widths and amplitudes of the protocols are those of the conditions."""
    mose2, ohp = paper("mose2"), paper("ohp")
    cycle = mose2.protocol("cycle")
    assert [p.amplitude for p in cycle.pulses] == [3.0] * 25 + [-3.0] * 25
    assert [x for x, _ in mose2.over("injury")] == mose2.facts["mose2.nociceptor"].value["widths"]
    assert len(mose2.protocol("round").pulses) == mose2.facts["mose2.relearn"].value["first"]
    assert mose2.protocol("innocuous").duration >= 60.0
    assert len(ohp.protocol("train").pulses) == 30
    rates = [1 / (p.pulses[1].start - p.pulses[0].start) for _, p in ohp.over("frequency")]
    assert (rates[0], rates[-1]) == pytest.approx((2.8, 25.0), rel=1e-6)
    levels = ohp.protocol("levels")
    assert [p.amplitude for p in levels.pulses] == [-1.0] * 20 + [1.0] * 20


def test_lines_solved_densely_agree_with_a_ladder_by_hand():
    """One cell: three resistors in series; a row of two: Kirchhoff's laws hold at every node."""
    current, across = solve_lines(np.array([[0.01]]), np.array([1.0]), 5.0)
    assert current == pytest.approx([1 / 110])
    assert across == pytest.approx(np.array([[100 / 110]]))
    cells = np.array([[1e-3, 2e-3], [3e-3, 4e-3]])
    current, across = solve_lines(cells, np.array([0.5, 1.0]), 10.0)
    assert current == pytest.approx((cells * across).sum(axis=0), rel=1e-12)


@pytest.mark.needs_ngspice
def test_lines_solved_densely_agree_with_ngspice():
    from netlists.array import Crossbar, draw_states
    from netlists.crossbar import read_ngspice

    card, w, volts = load_card("hp"), draw_states(5, 4, 1), np.full(5, 0.1)
    array = Crossbar(rows=5, cols=4, card=card, w=w, voltages=volts, r_word=2.0, r_bit=2.0)
    found = read_ngspice(array)
    cells = np.asarray(card.model.current(0.1, card.values, w=w)) / 0.1
    current, across = solve_lines(cells, volts, 2.0)
    assert current == pytest.approx(found.currents, rel=1e-7)
    assert across == pytest.approx(found.cell_voltages, rel=1e-7)


@pytest.mark.parametrize("name", [n for n in library() if n.startswith(("ohp", "mose2", "hp"))])
def test_cards_say_where_each_value_comes_from(name):
    card = load_card(name)
    assert {entry.origin for entry in card.entries.values()} <= {
        "published",
        "calibrated",
        "assumed",
    }
    assert all(entry.note for entry in card.entries.values())


def test_devices_are_found_by_layers_and_numbers():
    assert len(devices()) == 16
    assert [one.device for one in search("HFO")] == ["Ag/HfOx/Pt"]
    assert [one.device for one in search(max_thickness=1.0)] == ["Pt/h-BN/Ag"]
    assert [one.device for one in search("ag", min_on_off=1e5, min_retention=1e5)] == ["Ag/PEI/Pt"]
    assert search("unobtainium") == []
    # no retention is published for h-BN: it is not among those that last 1 s
    assert "Pt/h-BN/Ag" not in [one.device for one in search(min_retention=1.0)]
    assert [one.endurance for one in search(min_endurance=1e8)] == [1e8]


@pytest.mark.parametrize("device", devices(), ids=lambda one: one.device)
def test_a_starting_card_has_the_published_ratio_and_retention(device):
    card = starting_card(device)
    on, off = (float(card.model.current(0.1, card.values, w=w)) for w in (1.0, 0.0))
    assert on / off == pytest.approx(device.on_off, rel=1e-3)  # gmin carries the rest
    assert {entry.origin for entry in card.entries.values()} <= {"assumed", "published"}
    retention = card.entries["sw_tau_w"]
    assert (retention.origin == "published") == (device.retention_s is not None)
    assert retention.value == (device.retention_s or 1e4)
    assert card.provenance["thickness_nm"] == device.thickness_nm
    assert card.model.switching is registry.switching("volatile_gate")
    again = parse_card(card.to_toml(), "starting card")
    assert (again.name, again.values) == (card.name, card.values)


def test_a_starting_card_takes_another_resistance_and_no_impossible_one():
    device = search("Ag/CeO2/Pt")[0]
    assert starting_card(device, lrs=50.0).values["on_g"] == pytest.approx(0.02)
    for lrs in (0.0, -1.0, math.nan):
        with pytest.raises(InputError, match="above 0"):
            starting_card(device, lrs=lrs)
