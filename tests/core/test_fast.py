"""The compiled integrator gives what the reference integrator gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from compactmodels import integrate, load_card, registry
from compactmodels.card import ModelCard
from compactmodels.errors import InputError, SimulationError
from compactmodels.fast import compile_model, generated_module, respond
from compactmodels.protocols import Protocol, build
from tests.core.dynamics_cards import junction_card

SWEEP = build("sweep", {"v_max": 1.0, "v_min": -2.0, "rate": 0.12})


def difference(
    card: ModelCard, protocol: Protocol, *tolerances: float, points: int = 20
) -> list[tuple[float, float]]:
    """Largest error of a state, and of the current in decades, against LSODA at 1e-10."""
    start = {"w0": 0.6, "s0": 0.5}
    exact = integrate.respond(card, protocol, rtol=1e-10, points=points, **start)
    errors = []
    for tolerance in tolerances:
        found = respond(card, protocol, tolerance=tolerance, points=points, **start)
        np.testing.assert_array_equal(found.time, exact.time)
        states = max(np.max(np.abs(found.w - exact.w)), np.max(np.abs(found.s - exact.s)))
        seen = np.abs(exact.current) > 1e-12
        decades = np.abs(np.log10(np.abs(found.current[seen] / exact.current[seen])))
        errors.append((float(states), float(np.max(decades))))
    return errors


@pytest.mark.parametrize("states", [1, 2])
def test_a_sweep_agrees_with_the_reference(states: int) -> None:
    (loose, decades), (tight, _) = difference(junction_card(states), SWEEP, 1e-6, 1e-9)
    assert loose < 2e-6 and decades < 1e-4
    assert tight < 2e-8


def test_pulses_on_a_library_card_agree_with_the_reference() -> None:
    """A law with thresholds, a relaxing state and no junction: pulses of 50 ns, then a second."""
    train = build(
        "pulses", {"amplitude": 2.0, "width": 5e-8, "gap": 1e-6, "number": 1, "tail": 1.0}
    )
    ((states, decades),) = difference(load_card("otj"), train, 1e-7, points=20)
    assert states < 1e-6 and decades < 1e-4


def test_held_states_give_the_static_current() -> None:
    card = junction_card(2)
    v = np.linspace(-3.0, 1.0, 33)
    w = np.linspace(0.2, 0.8, 33)
    found = compile_model(card.model).current(v, card.values, w=w, s=0.45, temperature=320.0)
    expected = card.model.current(v, card.values, w=w, s=0.45, temperature=320.0)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-22)


def test_two_equal_times_are_a_step_of_the_voltage() -> None:
    """The state of dw/dt = k exp(-f(w - 1/2)) grows with the logarithm of the time after it."""
    card = junction_card(j_r_s=0.0, sw_k_set=1.0, sw_edge=1e-6, gmin=0.0)
    f = card.values["sw_f_set"]
    up = np.expm1(0.5**3 / (0.5**2 + 0.02**2) / 0.05) / np.expm1(0.5 / 0.05)
    time = np.array([0.0, 1.0, 1.0, 1.1, 11.0])
    volts = np.array([0.0, 0.0, 0.5, 0.5, 0.5])
    out = compile_model(card.model).respond(card.values, time, volts, w0=0.5, tolerance=1e-8)
    since = np.array([0.0, 0.0, 0.0, 0.1, 10.0])
    np.testing.assert_allclose(out.w, 0.5 + np.log1p(f * up * since) / f, atol=1e-6)


def test_states_stay_within_their_bounds() -> None:
    card = junction_card(sw_f_set=0.0, sw_f_reset=0.0, sw_k_set=1e6, sw_k_reset=1e6)
    out = respond(card, SWEEP, w0=0.5)
    assert np.min(out.w) >= -1e-9 and np.max(out.w) <= 1 + 1e-9
    assert np.max(out.w) > 0.99


def test_what_cannot_be_followed_is_said() -> None:
    card = junction_card()
    compiled = compile_model(card.model)
    with pytest.raises(InputError, match="do not run backwards"):
        compiled.respond(card.values, [0.0, 1.0, 0.5], [0.0, 1.0, 0.0])
    with pytest.raises(SimulationError, match="gave up before") as caught:
        compiled.respond(card.values, [0.0, 1.0], [0.0, float("nan")], w0=0.5)
    assert caught.value.code == "no_convergence"


def test_every_part_is_written_in_python_as_it_is_meant(tmp_path: Path) -> None:
    """All mechanisms and laws through the generated text, with their slopes; not compiled."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.fast_battery"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "COMPACTMODELS_CACHE": str(tmp_path)},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    worst = json.loads(done.stdout)
    assert set(worst) == {*registry.conductions(), *registry.switchings()}
    assert {name: apart for name, apart in worst.items() if apart > 1e-8} == {}


@pytest.mark.slow
def test_a_law_that_heats_itself_agrees_with_the_reference() -> None:
    """A filament that sets in a microsecond by its own heat, at 500 V/s."""
    card = load_card("stanford-pku")
    sweep = build("sweep", {"v_max": 1.5, "v_min": -1.5, "rate": 500.0})
    exact = integrate.respond(card, sweep, points=100, rtol=1e-9)
    found = respond(card, sweep, points=100, tolerance=1e-8)
    assert exact.w.min() < 1e-6 and exact.w.max() > 0.999
    # a set that is a nanosecond early is 1 at a sample that the other has not reached
    moved = np.abs(found.w - exact.w)
    assert np.quantile(moved, 0.99) < 1e-5
    before = np.diff(exact.w, prepend=0.0) > 0.5
    assert np.max(moved[~before]) < 1e-3


@pytest.mark.slow
def test_a_later_process_reads_the_machine_code(tmp_path: Path) -> None:
    """And nothing of Numba is loaded before it is needed."""
    code = (
        "import sys, compactmodels.fast as f; assert 'numba' not in sys.modules;"
        "from compactmodels import load_card; c = load_card('otj');"
        "m = f.compile_model(c.model); m.current(0.1, c.values, w=0.5);"
        "print(m.module.__file__); print(sum(m.module.currents.stats.cache_hits.values()))"
    )
    environment = {"COMPACTMODELS_CACHE": str(tmp_path / "kept"), "PATH": "/usr/bin:/bin"}
    said = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            cwd=Path(__file__).resolve().parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(done.stdout.split())
    (first, fresh), (second, kept) = said
    assert first == second and first.startswith(str(tmp_path))
    assert (fresh, kept) == ("0", "1")


def test_a_module_that_another_thread_is_executing_is_waited_for(tmp_path, monkeypatch):
    """Seeds run in threads, and kernels import kernels: half a module was an ImportError now and then."""
    monkeypatch.setenv("COMPACTMODELS_CACHE", str(tmp_path))
    mark = tmp_path.name.replace("-", "_")
    slow, other = f"compactmodels_test_slow_{mark}", f"compactmodels_test_other_{mark}"
    started = threading.Event()
    sys.modules["compactmodels_test_started"] = started  # type: ignore[assignment]
    text = "import sys, time\nsys.modules['compactmodels_test_started'].set()\ntime.sleep(0.3)\nX = 1\n"
    try:
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(generated_module, slow, lambda: text)
            assert started.wait(10)
            second = pool.submit(generated_module, other, lambda: f"from {slow} import X\n")
            assert first.result().X == second.result().X == 1
        assert generated_module(slow, lambda: "X = 2\n").X == 1
        with pytest.raises(ZeroDivisionError):
            generated_module(f"{other}_bad", lambda: "1 / 0\n")
        assert f"{other}_bad" not in sys.modules
    finally:
        for name in ("compactmodels_test_started", slow, other):
            sys.modules.pop(name, None)
