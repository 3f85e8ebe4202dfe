"""The battery in Verilog-A: every registered part, emitted and compiled, agrees with NumPy."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactmodels import registry
from compactmodels.card import ModelCard
from compactmodels.dual import variables
from tests.core.battery import (
    close,
    conduction_card,
    near_one,
    rate_floor,
    switching_card,
    values_of,
    worst,
)
from tests.netlists.test_battery_ngspice import LAWS, VOLTAGES, mixed_card
from veriloga.compiled import Compiled, compile_module
from veriloga.emitter import emit

pytestmark = pytest.mark.needs_veriloga

CONDUCTIONS = sorted(registry.conductions())


def compiled(card: ModelCard) -> Compiled:
    with TemporaryDirectory() as folder:
        return compile_module(emit(card, Path(folder)))


@cache
def compiled_conduction(name: str, series: bool) -> Compiled:
    return compiled(conduction_card(name, {}, series))


@cache
def compiled_law(law: str, relaxation: str) -> Compiled:
    return compiled(switching_card(law, relaxation, {}))


@pytest.mark.parametrize("series", [False, True], ids=["plain", "series"])
@pytest.mark.parametrize("name", CONDUCTIONS)
@settings(max_examples=15)
@given(data=st.data())
def test_current_and_slope(name: str, series: bool, data: Any) -> None:
    values = data.draw(values_of(registry.conduction(name).parameters))
    if series:
        values["r_s"] = data.draw(st.one_of(st.just(0.0), st.floats(-2, 8).map(lambda x: 10.0**x)))
    card = conduction_card(name, values, series)
    temperature = data.draw(st.floats(250.0, 400.0))
    for bias in [*VOLTAGES, data.draw(st.floats(-10.0, 10.0))]:
        found, slope = compiled_conduction(name, series).operating_point(
            card.values, bias, temperature=temperature
        )
        (v,) = variables(np.array(bias))
        expected = card.model.current(v, card.values, temperature=temperature)
        assert close(found, expected.value), worst(found, expected.value)
        slack = 1e-18 + 1e-9 * abs(float(expected.value)) / max(abs(bias), 1e-3)  # as in ngspice
        assert close(slope, expected.partials[0], 1e-9, slack), worst(slope, expected.partials[0])


@pytest.mark.parametrize("mix", ["on", "off", "volatile", "resistive_decades"])
def test_states_mix_the_branches(mix: str) -> None:
    card = mixed_card(mix)
    module = compiled(card)
    for w, s in ((0.0, 1.0), (0.3, 0.6), (1.0, 0.0)):
        for bias in VOLTAGES:
            found, _ = module.operating_point(card.values, bias, w=w, s=s)
            expected = card.model.current(np.array(bias), card.values, w=w, s=s)
            assert close(found, expected), worst(found, expected)


@pytest.mark.parametrize(("law", "relaxation"), LAWS, ids=lambda x: str(x))
@settings(max_examples=20)
@given(data=st.data())
def test_rates(law: str, relaxation: str, data: Any) -> None:
    values = {
        f"sw_{k}": v for k, v in data.draw(values_of(registry.switching(law).parameters)).items()
    }
    if registry.switching(law).relaxed:
        own = registry.relaxation(relaxation).rate_parameters
        values |= {f"rx_{p.name}": data.draw(near_one(p, 0.1, 10.0)) for p in own}
    card = switching_card(law, relaxation, values)
    w, s = data.draw(st.floats(0.0, 1.0)), data.draw(st.floats(0.0, 1.0))
    for bias in [*VOLTAGES, 0.0, data.draw(st.floats(-10.0, 10.0))]:
        found = compiled_law(law, relaxation).rates(card.values, bias, w=w, s=s)
        expected = card.model.rates(np.array(bias), w, s, card.values)
        for state, rate in zip(card.model.states, expected, strict=True):
            good = close(found[state], rate, floor=rate_floor(card))
            assert good, (state, worst(found[state], rate))


def test_a_transient_of_the_compiled_equations() -> None:
    """Backward Euler on the compiled residuals and charges follows the reference integrator."""
    card = switching_card("ion_hopping", None, {"sw_k0": 1.0, "sw_ea": 0.0, "sw_v_set": 0.5})
    module = compiled(card)
    w, step = 0.1, 1e-3
    for _ in range(1000):
        new = w
        for _ in range(
            20
        ):  # Newton on w_new = w + step rate(w_new), by secant of the compiled rate
            rate = module.rates(card.values, 0.4, w=new, s=0.0)["w"]
            slope = (module.rates(card.values, 0.4, w=new + 1e-6, s=0.0)["w"] - rate) / 1e-6
            change = (new - w - step * rate) / (1 - step * slope)
            new -= change
            if abs(change) < 1e-14:
                break
        w = new
    up = float(card.model.rates(0.4, 0.0, 0.0, card.values)[0])
    assert w == pytest.approx(1 - 0.9 * np.exp(-up * 1.0), rel=1e-3)


def test_what_the_compiler_refuses_is_said_in_one_line(tmp_path: Path) -> None:
    from compactmodels.errors import SimulationError

    (tmp_path / "bad.va").write_text(
        "module bad(p); inout p; electrical p; analog I(p) <+ q; endmodule"
    )
    with pytest.raises(SimulationError, match=r"OpenVAF refuses .*bad\.va") as caught:
        compile_module(tmp_path / "bad.va")
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
