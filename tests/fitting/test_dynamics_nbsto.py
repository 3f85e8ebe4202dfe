"""Whole sweeps of real Nb:SrTiO3 contacts: fitted, and predicted from other voltages, devices, sizes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from fitting.dynamics import fit_dynamics
from fitting.dynamics_predict import predict
from fitting.dynamics_result import DynamicsResult

pytestmark = [pytest.mark.needs_shared_data, pytest.mark.slow]

FLOOR = 1e-9
SMALL, LARGE = math.pi * 10e-6**2, math.pi * 100e-6**2


def sweep(data: Path, number: int, radius: int = 10) -> Path:
    folder = data / "nbsto_schottky" / "Scaling device" / f"Radius {radius} um"
    (found,) = folder.glob(f"{number:03d}_AG_*.csv")
    return found


@pytest.fixture(scope="module")
def one(request: pytest.FixtureRequest) -> DynamicsResult:
    from tests.conftest import shared_data_folder

    return fit_dynamics(sweep(shared_data_folder(), 35), areas=[SMALL], floor=FLOOR, starts=2)


def test_a_sweep_with_few_parameters(one: DynamicsResult, shared_data: Path) -> None:
    assert one.statistics["rms_decades"] <= 0.05
    assert one.statistics["n_parameters"] <= 13
    assert 1.5 < one.parameters["j_n"].value < 1.96
    assert 20 < one.statistics["n_effective"] < 60  # autocorrelated: of 586 points some 30 count
    assert {"deep_reset_unseen", "correlated"} <= {w.code for w in one.warnings}


def test_a_deeper_reset_is_predicted_with_a_warning(one: DynamicsResult, shared_data: Path) -> None:
    response, said = predict(one.card("nb"), sweep(shared_data, 36), floor=FLOOR)
    assert response.rms_decades <= 0.55
    assert [w.code for w in said] == ["beyond_fitted_range"]


@pytest.mark.parametrize("number", [40, 45])
def test_sister_devices(one: DynamicsResult, shared_data: Path, number: int) -> None:
    response, said = predict(one.card("nb"), sweep(shared_data, number), floor=FLOOR)
    assert response.rms_decades <= 0.25
    assert said == ()


@pytest.mark.parametrize("number", [3, 6, 9, 12])
def test_a_hundred_times_the_area(one: DynamicsResult, shared_data: Path, number: int) -> None:
    response, _ = predict(
        one.card("wide", area=LARGE), sweep(shared_data, number, 100), floor=FLOOR
    )
    assert response.rms_decades <= 0.30


def test_a_resistance_that_depends_on_the_size(shared_data: Path) -> None:
    files = [sweep(shared_data, 35), sweep(shared_data, 3, 100)]
    both = fit_dynamics(files, areas=[SMALL, LARGE], floor=FLOOR, starts=2)
    assert both.parameters["r_fixed"].value == pytest.approx(25.0, rel=0.2)
    assert both.parameters["r_spread"].value == pytest.approx(220e-6, rel=0.3)
    card = both.card("wide", area=LARGE)
    for number in (6, 9, 12):
        response, _ = predict(card, sweep(shared_data, number, 100), floor=FLOOR)
        assert response.rms_decades <= 0.12


def test_the_range_between_two_is_predicted(shared_data: Path) -> None:
    files = [sweep(shared_data, 35), sweep(shared_data, 37)]
    ends = fit_dynamics(files, floor=FLOOR, starts=4)
    assert "deep_reset_unseen" not in {w.code for w in ends.warnings}
    response, said = predict(ends.card("ends"), sweep(shared_data, 36), floor=FLOOR)
    assert response.rms_decades <= 0.25
    assert said == ()


@pytest.mark.needs_ngspice
def test_the_card_runs_in_ngspice_as_emitted(one: DynamicsResult, shared_data: Path) -> None:
    from compactmodels.fast import compile_model
    from compactmodels.protocols import Protocol
    from netlists.simulation import simulate

    card, (response,) = one.card("nb"), one.responses
    r, w0 = response.record, float(response.w[0])
    t = r.time - r.time[0]
    protocol = Protocol("transient", t, r.voltage, float(np.median(np.diff(t))), label="record")
    found = simulate(card, protocol, w0=w0)
    exact = compile_model(card.model).respond(
        card.values, found.time, np.interp(found.time, t, r.voltage), w0=w0
    )
    seen = np.abs(exact.current) > FLOOR
    assert np.max(np.abs(np.log10(found.current[seen] / exact.current[seen]))) < 0.01
