"""A second, independent Verilog-A front end (VerilogAE) reads what is emitted and agrees."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compactmodels import registry
from compactmodels.card import ModelCard, load_card
from compactmodels.noise import device_density
from tests.core.battery import close, conduction_card, worst
from tests.veriloga.subjects import file_of, library_cards
from veriloga import emit
from veriloga.compiled import compile_module
from veriloga.observed import observed

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("verilogae") is None,
    reason="verilogae is not installed (its wheels end at Python 3.11)",
)
CONDUCTIONS = sorted(registry.conductions())
HEATING = {"r_th", "c_th"}


def functions(path: Path, names: list[str]) -> dict[str, Any]:
    """The module's variables as compiled functions; an attribute of VerilogAE's marks them."""
    import verilogae

    text = path.read_text("utf-8")
    ports, end = "    electrical p, n;\n", "    end\nendmodule\n"
    assert text.count(ports) == 1 and text.endswith(end)
    marked = "".join(f"    (* retrieve *) real seen_{n};\n" for n in names)
    seen = "".join(f"        seen_{n} = {n};\n" for n in names)
    text = text.replace(ports, ports + marked).removesuffix(end) + seen + end
    path.write_text(text, "utf-8")
    found = verilogae.load(str(path)).functions
    return {n: found[f"seen_{n}"] for n in names}


def evaluated(
    function: Any, card: ModelCard, voltages: dict[str, Any], temperature: float, **extra: float
) -> Any:
    """A function at node voltages by the node's name."""
    values = {**card.values, **extra}
    return function.eval(
        temperature=temperature,
        voltages={b: voltages[b.removeprefix("br_")] for b in function.voltages},
        **{n: values[n] for n in function.parameters},
    )


@pytest.mark.parametrize("heated", [False, True], ids=["plain", "heated"])
@pytest.mark.parametrize("name", library_cards())
def test_parameters_come_through_with_default_range_unit_and_group(
    name: str, heated: bool, tmp_path: Path
) -> None:
    import verilogae

    card = load_card(name)
    info = verilogae.load_info(str(file_of(f"card {name}", tmp_path, heated)))
    assert info.module_name == name.replace("-", "_")
    assert list(info.nodes)[:2] == ["p", "n"]
    own = {p.name for p in card.model.parameters} | {"w0", "s0", "hold"}
    assert set(info.modelcard) == own | (HEATING if heated else set())
    for p in card.model.parameters:
        found = info.modelcard[p.name]
        assert found.default == card.values[p.name]
        assert found.unit == p.unit
        assert p.doc in found.description
        assert card.entries[p.name].origin in found.description
        assert (found.min, found.max) == (p.lower, p.upper) or math.isinf(p.upper)
        prefix = p.name.partition("_")[0]
        parts = {"sw": "switching", "rx": "relaxation"}
        branch = any(b.name == prefix for b in card.model.branches)
        group = f"branch {prefix}" if branch else parts.get(prefix, "common")
        assert found.group == group
    shown = observed(card.model, self_heating=heated)
    assert set(info.op_vars) == {v.name for v in shown}


@pytest.mark.parametrize("name", CONDUCTIONS)
def test_current_agrees(name: str, tmp_path: Path) -> None:
    card = conduction_card(name, {}, series=False)
    function = functions(emit(card, tmp_path), ["b_i"])["b_i"]
    volts = np.array([-10.0, -0.7, -0.01, 0.01, 0.3, 0.7, 3.0, 10.0])
    found = evaluated(function, card, {"pn": volts}, 330.0)
    (branch,) = card.model.branches
    expected = branch.current(volts, 330.0, card.model.si(card.values)["b"])
    assert close(found, expected), worst(found, expected)


@pytest.mark.needs_veriloga
@pytest.mark.parametrize("name", library_cards())
def test_cards_agree_at_their_operating_points(name: str, tmp_path: Path) -> None:
    """Current, noise and rates at the junction voltages that the first compiler's equations settle at."""
    card = load_card(name)
    (tmp_path / "first").mkdir()
    junctions = [f"{b.name}_vj" for b in card.model.branches if b.series]
    first = compile_module(file_of(f"card {name}", tmp_path / "first"), junctions)
    rates = [f"sw_rate_{s}" for s in card.model.states]
    second = functions(file_of(f"card {name}", tmp_path), ["current", "noise_density", *rates])
    for bias in (-1.5, 0.0, 0.4):
        settled = first.variables(card.values, bias, w=0.4, s=0.3, temperature=320.0)
        at = {"pn": np.array([bias]), "state_w": np.array([0.4]), "state_s": np.array([0.3])}
        at |= {k.replace("_vj", "_j"): np.array([x]) for k, x in settled.items()}
        found = {k: float(np.squeeze(evaluated(f, card, at, 320.0))) for k, f in second.items()}
        state = {"w": 0.4, "s": 0.3, "temperature": 320.0}
        moved = card.model.rates(bias, 0.4, 0.3, card.values, temperature=320.0)
        expected = {
            "current": card.model.current(bias, card.values, **state),
            "noise_density": device_density(card.model, bias, card.values, **state),
            **dict(zip(rates, moved, strict=True)),
        }
        for key, value in expected.items():
            good = math.isclose(found[key], float(value), rel_tol=1e-9, abs_tol=0.0)
            assert good or (bias == 0.0 and key == "current" and found[key] == 0.0), (key, bias)
