"""The papers' data: what is shipped is what the papers publish, and its protocols can be built."""

from __future__ import annotations

import tomllib

import pytest

from compactmodels.errors import CompactModelsError, InputError
from compactmodels.workflows.reproduction.accuracies import TARGETS
from compactmodels.workflows.reproduction.published import KINDS, PAPERS, paper
from compactmodels.workflows.reproduction.rows import Happens, Measured, Order, rows_of
from compactmodels.workflows.reproduction.table import measures_of, wanted_of

ACCURACIES = {"ohm.mnist", "mose2.digits8x8", "mose2.mnist", "ohp.digits8x8", "ohp.mnist"}


@pytest.mark.needs_shared_data
def test_the_shipped_facts_are_the_published_ones(shared_data):
    reference = shared_data.parent / "reference" / "paper_targets.toml"
    if not reference.is_file():
        pytest.skip("the shared folder holds measurements only")
    table = tomllib.loads(reference.read_text("utf-8"))
    for row in table["target"]:
        if row["id"] == "review.table1":
            continue
        fact = paper(row["paper"]).facts[row["id"]]
        for key in ("kind", "where", "value", "unit", "condition"):
            if key in row:
                assert getattr(fact, key) == row[key], (row["id"], key)


def test_every_target_is_measured():
    due = {
        id_ for name in PAPERS for id_, fact in paper(name).facts.items() if fact.kind != "given"
    }
    assert len(due) == 48 + len(ACCURACIES) and due >= ACCURACIES
    assert {id_ for name in PAPERS for id_ in measures_of(name)} == due
    assert set(TARGETS) == ACCURACIES


@pytest.mark.parametrize("name", PAPERS)
def test_facts_and_protocols_are_well_formed(name):
    source = paper(name)
    assert source.title and source.citation
    for fact in source.facts.values():
        assert fact.kind in KINDS
    for protocol in source.protocols:
        assert source.protocol(protocol).time.size > 1, protocol
    for series in source.series:
        assert len(source.over(series)) > 1, series


def test_what_is_asked_for():
    assert wanted_of(("otj",), ("otj.hrs",)) == (("otj",), ("otj.hrs",))
    assert wanted_of(("otj", "ohm"), ("ohm.reset",))[0] == ("ohm",)
    with pytest.raises(InputError, match="did you mean 'otj\\.hrs'"):
        wanted_of(("otj",), ("otj.hsr",))
    with pytest.raises(InputError, match="unknown paper"):
        wanted_of(("sto",), ())
    with pytest.raises(CompactModelsError, match="no protocol"):
        paper("otj").protocol("none")


def test_verdicts():
    """A step too small, a step back, a stated plateau; a value off by more than allowed; a bound."""
    fact = paper("otj").facts["otj.srdp"]

    def ok(order, solver=1e-6):
        return all(r.ok for r in rows_of(fact, Measured(orders=[order]), solver))

    assert ok(Order("a", [1, 2, 3], [0.0, 1.0, 2.0]))
    assert not ok(Order("a", [1, 2, 3], [0.0, 1.995, 2.0]))
    assert not ok(Order("a", [1, 2, 3], [0.0, 3.0, 2.0]))
    assert not ok(Order("a", [1, 2], [1.0, 1.0]))
    assert ok(Order("a", [1, 2, 3], [0.0, 2.0, 2.0], plateau=1))
    assert ok(Order("a", [1, 2, 3], [3.0, 2.0, 1.0], rising=False))
    assert not ok(Order("a", [1, 2, 3], [1.0, 1.0005, 1.001]), solver=1e-4)
    hrs = paper("otj").facts["otj.hrs"]
    assert [r.ok for r in rows_of(hrs, Measured({"": 1.9e8}), 0.0)] == [True]
    assert [r.ok for r in rows_of(hrs, Measured({"": 2.0e8}), 0.0)] == [False]
    assert [r.ok for r in rows_of(hrs, Measured({"": float("nan")}), 0.0)] == [False]
    endurance = paper("otj").facts["otj.endurance"]
    assert [r.ok for r in rows_of(endurance, Measured({"on_off_at_least": 4e3}), 0.0)] == [False]
    event = Measured(events=[Happens("it glows", True), Happens("it fades", False, "0.5")])
    (row,) = rows_of(fact, event, 0.0)
    assert not row.ok and "it fades: NO (0.5)" in row.simulated
