"""The checks of equations, on every registered part with its default parameters."""

from __future__ import annotations

import pytest

from compactmodels import registry
from compactmodels.card import ModelCard
from compactmodels.model import Branch, Model
from compactmodels.workflows.check.bench import Bench
from compactmodels.workflows.check.outcome import FAILED, PASSED
from compactmodels.workflows.check.runner import run_on
from compactmodels.workflows.check.subject import Subject
from compactmodels.workflows.check.tools import NUMPY
from tests.core.battery import switching_card

CURRENT = (
    "I(0) = 0", "V I >= 0", "finite", "temperature", "I continuous", "dI/dV continuous",
    "d2I/dV2 continuous", "odd symmetry",
)  # fmt: skip
STATES = ("rates continuous", "bounds hold", "bounds release")
LAWS = [
    # a law with many branches, of which all are searched for boundaries
    pytest.param(n, marks=[pytest.mark.slow] if n == "pulsed_synapse" else [])
    for n in registry.switchings()
]


def outcomes(card: ModelCard, checks: tuple[str, ...]) -> dict[str, str]:
    """Status by check, of the equations alone: nothing is emitted."""
    result = run_on(Bench(Subject(card, "", "")), only=checks, tools=(NUMPY,))
    assert not result.of(FAILED), [(o.check, o.finding) for o in result.of(FAILED)]
    return {o.check: o.status for o in result.outcomes}


@pytest.mark.parametrize("name", registry.conductions())
def test_every_mechanism_is_passive_and_twice_differentiable(name: str) -> None:
    card = ModelCard("dut", Model((Branch("b", registry.conduction(name)),)), {})
    found = outcomes(card, CURRENT)
    assert all(found[check] == PASSED for check in CURRENT[:-1])


@pytest.mark.parametrize("name", LAWS)
def test_every_law_keeps_its_states_within_their_bounds_and_lets_them_go(name: str) -> None:
    found = outcomes(switching_card(name, None, {}), STATES)
    assert all(found[check] == PASSED for check in STATES)
