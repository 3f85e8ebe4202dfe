"""A second, independent Verilog-A front end (VerilogAE) reads what is emitted and agrees."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compactmodels import registry
from compactmodels.card import ModelCard, library, load_card
from tests.core.battery import close, conduction_card, worst
from veriloga.emitter import emit

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("verilogae") is None,
    reason="verilogae is not installed (its wheels end at Python 3.11)",
)
CONDUCTIONS = sorted(registry.conductions())


def loaded(card: ModelCard, folder: Path, retrieve: str = "") -> Any:
    import verilogae

    path = emit(card, folder)
    if retrieve:  # its own attribute marks the variables whose equations it is to compile
        text = path.read_text("utf-8")
        declared = f"    real {retrieve};"
        assert declared in text
        path.write_text(text.replace(declared, f"    (* retrieve *) real {retrieve};"), "utf-8")
        return verilogae.load(str(path))
    return verilogae.load_info(str(path))


@pytest.mark.parametrize("name", library())
def test_parameters_come_through_with_default_range_and_unit(name: str, tmp_path: Path) -> None:
    card = load_card(name)
    info = loaded(card, tmp_path)
    assert info.module_name == name.replace("-", "_")
    assert list(info.nodes)[:2] == ["p", "n"]
    assert set(info.modelcard) == {p.name for p in card.model.parameters} | {"w0", "s0", "hold"}
    for p in card.model.parameters:
        found = info.modelcard[p.name]
        assert found.default == card.values[p.name]
        assert found.unit == p.unit
        assert p.doc in found.description
        assert (found.min, found.max) == (p.lower, p.upper) or math.isinf(p.upper)


@pytest.mark.parametrize("name", CONDUCTIONS)
def test_current_agrees(name: str, tmp_path: Path) -> None:
    card = conduction_card(name, {}, series=False)
    function = loaded(card, tmp_path, "b_i").functions["b_i"]
    volts = np.array([-10.0, -0.7, -0.01, 0.01, 0.3, 0.7, 3.0, 10.0])
    values = {n: card.values[n] for n in function.parameters}
    found = function.eval(temperature=330.0, voltages={function.voltages[0]: volts}, **values)
    (branch,) = card.model.branches
    expected = branch.current(volts, 330.0, card.model.si(card.values)["b"])
    assert close(found, expected), worst(found, expected)
