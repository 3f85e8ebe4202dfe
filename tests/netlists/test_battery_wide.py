"""The battery again, at many more draws and with 4-fold more voltages: minutes, so slow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactmodels import registry
from tests.core.battery import close, conduction_card, values_of, worst
from tests.netlists.test_battery_ngspice import operating_points
from tests.veriloga.test_battery_veriloga import compiled_conduction

pytestmark = [pytest.mark.slow, pytest.mark.needs_ngspice, pytest.mark.needs_veriloga]


@pytest.mark.parametrize("series", [False, True], ids=["plain", "series"])
@pytest.mark.parametrize("name", sorted(registry.conductions()))
@settings(max_examples=250)
@given(data=st.data())
def test_three_languages_agree(name: str, series: bool, data: Any) -> None:
    values = data.draw(values_of(registry.conduction(name).parameters))
    if series:
        values["r_s"] = data.draw(st.one_of(st.just(0.0), st.floats(-2, 8).map(lambda x: 10.0**x)))
    card = conduction_card(name, values, series)
    temperature = data.draw(st.floats(200.0, 450.0))
    voltages = data.draw(st.lists(st.floats(-10.0, 10.0), min_size=1, max_size=32))
    expected = card.model.current(np.array(voltages), card.values, temperature=temperature)
    spice, _ = operating_points(card, voltages, 0.0, 0.0, temperature)
    assert close(spice, expected), worst(spice, expected)
    module = compiled_conduction(name, series)
    for v, i in zip(voltages, expected, strict=True):
        found, _ = module.operating_point(card.values, v, temperature=temperature)
        assert close(found, i), (v, worst(found, i))
