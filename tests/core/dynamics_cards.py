"""A device whose state moves its saturation current, as the dynamics tests use it."""

from __future__ import annotations

from collections.abc import Mapping

from compactmodels import registry
from compactmodels.card import Entry, ModelCard
from compactmodels.model import Branch, Model

VALUES: Mapping[str, float] = {
    "j_j_s": 1e5,
    "j_n": 1.8,
    "j_phi": 2.8,
    "j_e00": 0.0236,
    "j_area": 3.1416e-10,
    "j_r_s": 55.0,
    "sw_k_set": 20.0,
    "sw_u_set": 0.05,
    "sw_f_set": 25.0,
    "sw_k_reset": 2e-6,
    "sw_u_reset": 0.13,
    "sw_f_reset": 35.0,
    "gmin": 1e-9,
}
SLOW: Mapping[str, float] = {
    "sw_k_set_s": 0.3,
    "sw_u_set_s": 0.2,
    "sw_f_set_s": 10.0,
    "sw_k_reset_s": 1e-3,
    "sw_u_reset_s": 0.5,
    "sw_f_reset_s": 8.0,
}


def junction_card(states: int = 1, **values: float) -> ModelCard:
    """One Schottky junction behind a resistance, its saturation current moved by 1 or 2 states."""
    mix, law = ("exponential", "exponential_feedback")
    if states == 2:
        mix, law = ("exponential_both", "two_state_feedback")
    branch = Branch("j", registry.conduction("schottky_junction"), mix, series=True)
    model = Model((branch,), registry.switching(law))
    both = {**VALUES, **(SLOW if states == 2 else {}), **values}
    return ModelCard("dut", model, {k: Entry(v, "assumed") for k, v in both.items()})
