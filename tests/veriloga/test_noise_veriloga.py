"""The noise of compiled modules against the model's own, which tests/core/test_noise.py holds to physics."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from compactmodels import registry
from compactmodels.card import Entry, ModelCard, load_card
from compactmodels.model import Branch, Model
from compactmodels.noise import device_density
from tests.core.battery import conduction_card
from tests.veriloga.subjects import library_cards, text_of
from veriloga import module
from veriloga.compiled import Compiled, compile_module

pytestmark = pytest.mark.needs_veriloga

CONDUCTIONS = sorted(registry.conductions())
BIASES = (0.0, 5e-7, 0.02, -0.4, 1.5)
near = partial(pytest.approx, abs=0.0)  # its own floor of 1e-12 is far above any noise density


def sources(text: str) -> dict[str, str]:
    """Noise sources: name -> the variable that holds the density."""
    return {
        name: density for density, name in re.findall(r'<\+ white_noise\(([^,]*), "(\w+)"\)', text)
    }


def compiled(
    card: ModelCard, folder: Path, text: str | None = None
) -> tuple[Compiled, dict[str, str]]:
    text = text or module(card)
    path = folder / "dut.va"
    path.write_text(text, "utf-8")
    found = sources(text)
    return compile_module(path, ["noise_density", *found.values()]), found


def agrees(
    card: ModelCard, folder: Path, w: float = 0.0, s: float = 0.0, text: str | None = None
) -> None:
    dut, named = compiled(card, folder, text)
    for v in BIASES:
        for temperature in (250.0, 330.0):
            found = dut.variables(card.values, v, w=w, s=s, temperature=temperature)
            expected = float(
                device_density(card.model, v, card.values, w=w, s=s, temperature=temperature)
            )
            assert found["noise_density"] == near(expected, rel=1e-9), (v, temperature)
            assert sum(found[d] for d in named.values()) == near(expected, rel=1e-9), v


@pytest.mark.parametrize("name", CONDUCTIONS)
def test_of_every_mechanism(name: str, tmp_path: Path) -> None:
    agrees(conduction_card(name, {}, series=False), tmp_path)


@pytest.mark.parametrize("mix", ["off", "exponential"])
def test_behind_a_series_resistance(mix: str, tmp_path: Path) -> None:
    model = Model((Branch("b", registry.conduction("thermionic_emission"), mix, series=True),))
    card = ModelCard("dut", model, {"b_r_s": Entry(2e4, "assumed")})
    agrees(card, tmp_path, w=0.7)


@pytest.mark.parametrize("name", library_cards())
def test_of_every_library_card(name: str, tmp_path: Path) -> None:
    agrees(load_card(name), tmp_path, w=0.4, s=0.3, text=text_of(f"card {name}"))


def test_a_simulator_sees_a_source_for_each_branch_between_the_terminals(tmp_path: Path) -> None:
    dut, named = compiled(load_card("otj"), tmp_path)
    seen = dut.module.get_osdi_descriptor()["noise_sources"]
    assert [s["name"] for s in seen] == list(named)
    assert list(named) == [
        "te_shot",
        "fe_shot",
        "dt_shot",
        "fn_shot",
        "vol_thermal",
        "gmin_thermal",
    ]
    assert {(dut.nodes[s["node1"]], dut.nodes[s["node2"]]) for s in seen} == {("p", "n")}


def test_area_is_devices_side_by_side(tmp_path: Path) -> None:
    card = load_card("otj")
    dut, _ = compiled(card, tmp_path)
    one, ten = (dut.variables({**card.values, "scale": k}, 0.3, w=0.5) for k in (1.0, 10.0))
    assert ten["noise_density"] == near(10 * one["noise_density"], rel=1e-9)
