"""What a simulator shows of an operating point, read from the compiled module, against NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compactmodels.card import Entry, ModelCard, load_card
from compactmodels.dual import variables
from tests.core.battery import conduction_card
from tests.veriloga.subjects import file_of, library_cards
from veriloga import emit
from veriloga.compiled import compile_module
from veriloga.observed import observed

pytestmark = pytest.mark.needs_veriloga

W, S, T = 0.4, 0.3, 320.0


@pytest.mark.parametrize("name", library_cards())
def test_every_card(name: str, tmp_path: Path) -> None:
    card = load_card(name)
    dut = compile_module(file_of(f"card {name}", tmp_path), [v.name for v in observed(card.model)])
    for bias in (-2.0, -0.05, 0.3):
        (v,) = variables(np.array(bias))
        current = card.model.current(v, card.values, w=W, s=S, temperature=T)
        parts = card.model.branch_currents(bias, card.values, w=W, s=S, temperature=T)
        total, slope = float(current.value), float(current.partials[0])
        expected = {
            "v": bias,
            "w": W,
            "s": S,
            "temperature": T,
            "current": total,
            "slope": slope,
            "conductance": total / bias,
            "resistance": bias / total,
            "power": bias * total,
            "gmin_current": card.values["scale"] * card.values["gmin"] * bias,
            **{f"{branch}_current": float(i) for branch, i in parts.items()},
        }
        found = dut.variables(card.values, bias, w=W, s=S, temperature=T)
        density = found.pop("noise_density")  # test_noise_veriloga.py
        assert density > 0
        assert found == pytest.approx(expected, rel=1e-9, abs=0.0)


@pytest.mark.parametrize("name", library_cards())
def test_at_0_v_the_resistance_is_its_limit(name: str, tmp_path: Path) -> None:
    card = load_card(name)
    dut = compile_module(
        file_of(f"card {name}", tmp_path), ["resistance", "conductance", "current"]
    )
    for bias in (0.0, 5e-7):
        (v,) = variables(np.array(bias))
        slope = float(card.model.current(v, card.values, w=W, s=S).partials[0])
        found = dut.variables(card.values, bias, w=W, s=S)
        assert found["conductance"] == pytest.approx(slope, rel=1e-9, abs=0.0)
        assert found["resistance"] == pytest.approx(1 / slope, rel=1e-9)
    assert dut.variables(card.values, 0.0, w=W, s=S)["current"] == 0.0


def test_where_nothing_conducts_the_resistance_is_finite(tmp_path: Path) -> None:
    plain = conduction_card("ohmic", {}, series=False)
    (branch,) = plain.model.branches
    model = type(plain.model)((type(branch)("b", branch.mechanism, "on"),))
    card = ModelCard("dut", model, {"gmin": Entry(0.0, "assumed")})
    dut = compile_module(emit(card, tmp_path), ["resistance", "conductance"])
    for bias in (0.0, 1.0):
        found = dut.variables(card.values, bias, w=0.0)
        assert found == pytest.approx({"resistance": 1e30, "conductance": 0.0}, rel=1e-12, abs=0.0)


def test_a_variable_that_is_none_is_refused(tmp_path: Path) -> None:
    from compactmodels.errors import NetlistError, SimulationError

    path = emit(load_card("hp"), tmp_path)
    with pytest.raises(NetlistError, match="is no name"):
        compile_module(path, ["v; endmodule"])
    with pytest.raises(SimulationError, match=r"OpenVAF refuses .*hp\.va"):
        compile_module(path, ["no_such_variable"])
    (tmp_path / "other.va").write_text("module other(a); inout a; endmodule\n")
    with pytest.raises(SimulationError, match="emitted modules only"):
        compile_module(tmp_path / "other.va", ["v"])
