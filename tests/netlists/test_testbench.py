"""Test benches, run by ngspice itself as they were written, against NumPy and the integrator."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from compactmodels import fast
from compactmodels.card import ModelCard, library, load_card
from compactmodels.dual import variables
from compactmodels.errors import InputError
from compactmodels.integrate import Response, respond
from compactmodels.noise import device_density
from compactmodels.protocols import Protocol
from netlists.testbench import START, STATES, emit_testbench, hysteresis, read_sweep

QUICK = ("hp", "ohm")
LOOP = 1e-4
"""Largest difference of a loop from the integrator's, of the range and on average over time: where a device
switches at once, a point's difference tells of its neighbours' distance."""
FLOOR = 1e-17
"""A: what a sweep's 0 V, which is 1e-16 V, leaves."""


def ran(card: ModelCard, folder: Path) -> Path:
    """Emit and run in the folder, as the bench's header says."""
    bench = emit_testbench(card, folder)
    ngspice = shutil.which("ngspice")
    if ngspice is None:
        pytest.skip("the program ngspice is not installed (make ngspice)")
    done = subprocess.run(
        [ngspice, "-b", bench.name],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")[-2000:]
    return bench


def table(bench: Path, what: str) -> NDArray[np.float64]:
    """Columns of one of its tables."""
    path = bench.with_name(f"{bench.stem}_{what}.txt")
    return np.loadtxt(path, skiprows=1, ndmin=2).T


def near(found: NDArray[np.float64], expected: NDArray[np.float64], tolerance: float) -> bool:
    return bool(np.all(np.abs(found - expected) <= tolerance * np.abs(expected) + FLOOR))


def check_held_states(card: ModelCard, bench: Path) -> None:
    """Operating point and sweeps to 1e-9."""
    states = STATES if "w" in card.model.states else (START,)
    assert not bench.with_name(f"{bench.stem}_dc{len(states) + 1}.txt").exists()
    _, volts, current = table(bench, "op")
    assert volts == card.operation.get("v_read", 0.1)
    assert near(current, card.model.current(volts, card.values, w=START), 1e-9)
    for k, w in enumerate(states, 1):
        volts, current = table(bench, f"dc{k}")
        assert volts == pytest.approx(read_sweep(card).voltage, abs=1e-12)
        assert near(current, card.model.current(volts, card.values, w=w), 1e-9)


def check_small_signals(card: ModelCard, bench: Path) -> None:
    """Admittance to 1e-9, noise to 1e-6 (ngspice's Boltzmann constant is older than ours)."""
    bias = np.array([card.operation.get("v_read", 0.1)])
    (v,) = variables(bias)
    slope = card.model.current(v, card.values, w=START, s=0.0).partials[0]
    frequency, real, imaginary = table(bench, "ac")
    capacitance = card.values["cap"] * card.values["scale"]
    assert real == pytest.approx(np.full(real.size, slope), rel=1e-9, abs=0.0)
    assert imaginary == pytest.approx(2 * np.pi * frequency * capacitance, rel=1e-9, abs=0.0)
    assert frequency[0] == 1.0 and frequency[-1] == pytest.approx(1e9)
    density = device_density(card.model, bias, card.values, w=START)
    assert table(bench, "noise")[1] ** 2 == pytest.approx(density.item(), rel=1e-6, abs=0.0)


def check_loop(card: ModelCard, bench: Path) -> None:
    """States, and the current with the capacitor's, along the loop."""
    protocol = hysteresis(card)
    time, volts, current, *states = table(bench, "loop")
    assert time[-1] == pytest.approx(protocol.duration)
    assert volts == pytest.approx(np.interp(time, protocol.time, protocol.voltage), abs=1e-9)
    expected = integrated(card, protocol)
    track = {
        n: np.clip(np.interp(time, expected.time, x), 0, 1)
        for n, x in (("w", expected.w), ("s", expected.s))
    }

    def average(difference: NDArray[np.float64]) -> float:
        return float(np.trapezoid(np.abs(difference), time)) / protocol.duration

    for name, found in zip(card.model.states, states, strict=True):
        assert average(found - track[name]) <= LOOP
        assert np.ptp(track[name]) > 1e-3  # it is a loop
    static = card.model.current(volts, card.values, **track)
    ramp = np.diff(protocol.voltage) / np.diff(protocol.time)
    piece = np.clip(np.searchsorted(protocol.time, time) - 1, 0, ramp.size - 1)
    charging = card.values["cap"] * card.values["scale"] * ramp[piece]
    assert average(current - static - charging) <= LOOP * np.ptp(static)


def integrated(card: ModelCard, protocol: Protocol) -> Response:
    """The reference integrator's response; the compiled one's for the cards whose turn is slow."""
    if card.name in QUICK:
        return respond(card, protocol, w0=START, rtol=1e-9, points=4000)
    return fast.respond(card, protocol, w0=START, tolerance=1e-9, points=4000)


def check(card: ModelCard, folder: Path) -> None:
    bench = ran(card, folder)
    check_held_states(card, bench)
    check_small_signals(card, bench)
    if card.model.states:
        check_loop(card, bench)


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("name", QUICK)
def test_a_bench_runs_and_is_right(name: str, tmp_path: Path) -> None:
    check(load_card(name), tmp_path)


@pytest.mark.slow
@pytest.mark.needs_ngspice
@pytest.mark.parametrize("name", [n for n in library() if n not in QUICK])
def test_every_cards_bench_runs_and_is_right(name: str, tmp_path: Path) -> None:
    check(load_card(name), tmp_path)


@pytest.mark.needs_ngspice
def test_a_card_without_states_or_voltages_has_a_bench(tmp_path: Path) -> None:
    """As a fit of one mechanism leaves it: the sweep is the range that it was fitted in."""
    from compactmodels import registry
    from compactmodels.model import Branch, Model

    model = Model((Branch("te", registry.conduction("sinh")),))
    fitted = {"statistics": {"v_min": -0.6, "v_max": 0.4}}
    card = ModelCard("plain-1", model, {}, provenance=fitted)
    bench = ran(card, tmp_path)
    assert bench.name == "plain_1_tb.cir"
    assert "the range that the card was fitted in" in bench.read_text()
    assert table(bench, "dc1")[0][[0, -1]] == pytest.approx([-0.6, 0.4])
    check_held_states(card, bench)
    check_small_signals(card, bench)
    assert table(bench, "loop").shape[0] == 3


@pytest.mark.needs_ngspice
def test_a_bench_that_fails_says_so(tmp_path: Path) -> None:
    """No operating point: two sources disagree."""
    bench = emit_testbench(load_card("hp"), tmp_path)
    bench.write_text(
        bench.read_text().replace("Vi drive p DC 0", "Vi drive p DC 0\nVx p drive DC 1")
    )
    if shutil.which("ngspice") is None:
        pytest.skip("the program ngspice is not installed (make ngspice)")
    done = subprocess.run(
        ["ngspice", "-b", bench.name], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "the operating point failed" in done.stdout
    assert not list(tmp_path.glob("*.txt"))


def test_the_bench_says_how_it_was_made(tmp_path: Path) -> None:
    text = emit_testbench(load_card("otj"), tmp_path).read_text()
    assert (tmp_path / "otj.cir").exists()
    assert "from the card 'otj'" in text and str(tmp_path) not in text
    assert re.search(r"^\.include otj\.cir$", text, re.M)
    for line in (
        "otj_tb_loop.txt   .tran  0, 2.2, 0, -4.3, 0 V at 1 V/s (the card's own) from w = 0.1",
        "otj_tb_dc1.txt    .dc    -0.3 to 0.3 V at w = 0 (the card's own)",
    ):
        assert f"* {line}\n" in text


def test_a_bench_is_no_other_cards_subcircuit(tmp_path: Path) -> None:
    """'otj' and 'otj-tb' would both have an otj_tb.cir."""
    emit_testbench(load_card("otj"), tmp_path)
    before = (tmp_path / "otj_tb.cir").read_bytes()
    with pytest.raises(
        InputError, match=r"otj_tb\.cir' is there already and was emitted from the card 'otj'"
    ):
        emit_testbench(replace(load_card("hp"), name="otj-tb"), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["otj.cir", "otj_tb.cir"]
    assert (tmp_path / "otj_tb.cir").read_bytes() == before
