"""The published targets of the oxide tunnel junction and the organic heterojunction, on their cards."""

from __future__ import annotations

import pytest

from compactmodels.workflows.reproduction.lab import Lab
from compactmodels.workflows.reproduction.published import paper
from compactmodels.workflows.reproduction.table import Reproduction, measures_of, reproduce

NAMES = ("otj", "ohm")


def faults(found: list[Reproduction]) -> list[str]:
    return [f"{r.id}: {r.simulated} ({r.note})" for one in found for r in one.rows if r.ok is False]


@pytest.mark.parametrize("name", NAMES)
def test_every_target_is_measured(name: str) -> None:
    wanted = [id_ for id_, fact in paper(name).facts.items() if fact.kind != "given"]
    assert sorted(measures_of(name)) == sorted(wanted)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_row_is_met_by_the_compiled_integrator(name: str) -> None:
    (found,) = reproduce([name], Lab("compiled"))
    assert faults([found]) == []
    assert len(found.panels) >= len(measures_of(name)) - len(found.not_run) - 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_the_extracted_parameters_do_not_hang_on_the_noise(seed: int) -> None:
    ids = [id_ for id_, fact in paper("otj").facts.items() if fact.kind == "parameter"]
    assert faults(reproduce(["otj"], Lab("compiled", seed), only=ids)) == []


@pytest.mark.slow
@pytest.mark.needs_ngspice
@pytest.mark.parametrize("name", NAMES)
def test_every_row_is_met_in_ngspice(name: str) -> None:
    assert faults(reproduce([name], Lab("ngspice"))) == []


def test_a_bench_without_ngspice_measures_the_quick_targets() -> None:
    ids = ("otj.srdp", "otj.array_chn", "ohm.area", "ohm.relearning")
    found = reproduce(NAMES, Lab("compiled"), only=ids)
    assert faults(found) == []
    assert {r.id for one in found for r in one.rows} >= set(ids)
