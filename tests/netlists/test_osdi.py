"""Compiled devices in ngspice: the same currents as the subcircuit, in every analysis."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from compactmodels import protocols
from compactmodels.card import ModelCard, library, load_card
from compactmodels.dual import Dual
from compactmodels.integrate import respond
from compactmodels.noise import device_density
from netlists import ngspice, osdi
from netlists.ngspice import Plot, run
from netlists.simulation import simulate
from netlists.subcircuit import subcircuit
from tests.core.battery import close, worst

pytestmark = pytest.mark.needs_osdi

KELVIN = (250.0, 300.15, 400.0)
STATES = ((0.0, 0.0), (0.3, 0.7), (1.0, 1.0))
VOLTAGES = np.array([-4.0, -1.7, -0.62, -0.1, -3e-3, 0.0, 1e-3, 0.07, 0.55, 1.3, 3.1])
TIGHT = "reltol=1e-9 abstol=1e-18 vntol=1e-12"


def compiled(deck: str, card: ModelCard) -> tuple[Plot, ...]:
    """Run a deck whose first line is followed by the device's definition."""
    title, _, rest = deck.partition("\n")
    return run(
        f"{title}\n{osdi.model_lines(card, 'dut')}{rest}\n.end\n",
        timeout=60,
        osdi=(osdi.build(card),),
    )


def grid(temperature: float) -> str:
    lines = []
    for k, (w, s) in enumerate(STATES):
        for j, v in enumerate(VOLTAGES):
            lines.append(f"V{k}_{j} a{k}_{j} 0 {float(v)!r}")
            lines.append(f"X{k}_{j} a{k}_{j} 0 dut w0={w} s0={s} hold=1")
    return "\n".join([*lines, f".options {TIGHT} temp={temperature - 273.15!r}", ".op"])


def currents(plot: Plot) -> np.ndarray:
    return np.array(
        [[-plot[f"v{k}_{j}#branch"][0] for j in range(VOLTAGES.size)] for k in range(len(STATES))]
    )


def of_the_model(card: ModelCard, temperature: float) -> np.ndarray:
    at = {"temperature": temperature}
    return np.array([card.model.current(VOLTAGES, card.values, w=w, s=s, **at) for w, s in STATES])


@pytest.mark.parametrize("name", library())
def test_currents_of_every_card(name: str) -> None:
    """At every state and temperature, against NumPy."""
    card = load_card(name)
    for temperature in KELVIN:
        (plot,) = compiled(f"grid\n{grid(temperature)}", card)
        found, due = currents(plot), of_the_model(card, temperature)
        assert close(found, due), worst(found, due)


def the_same(name: str) -> None:
    card = load_card(name)
    for temperature in KELVIN:
        body = grid(temperature)
        (one,) = compiled(f"grid\n{body}", card)
        (other,) = run(f"grid\n{subcircuit(card, 'dut', noise=False)}{body}\n.end\n", timeout=300)
        assert close(currents(one), currents(other)), worst(currents(one), currents(other))


def test_currents_are_those_of_the_subcircuit() -> None:
    the_same("hp")


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in library() if n != "hp"])
def test_currents_are_those_of_the_subcircuit_for_every_card(name: str) -> None:
    the_same(name)


@pytest.mark.parametrize("name", ["hp", "mose2", "otj"])
def test_small_signals_are_the_derivative(name: str) -> None:
    """Whether or not the states are held: an operating point pins them, and so does what follows it."""
    card = load_card(name)
    for v in (-1.1, 0.0, 0.4):
        for hold in (0, 1):
            deck = (
                f"ac\nV1 a 0 dc {v!r} ac 1\nX1 a 0 dut w0=0.4 s0=0.3 hold={hold}\n"
                f".options {TIGHT}\n.ac lin 1 1k 1k"
            )
            (plot,) = compiled(deck, card)
            found = -plot["v1#branch"][0]
            seed = Dual(np.array([v]), np.ones((1, 1)))
            due = card.model.current(seed, card.values, w=0.4, s=0.3).partials[0, 0]
            assert found.real == pytest.approx(due, rel=1e-9, abs=0)
            cap = card.values["scale"] * card.values["cap"]
            assert found.imag == pytest.approx(2e3 * np.pi * cap, rel=1e-6, abs=0)


@pytest.mark.parametrize("name", ["hp", "mose2", "otj"])
def test_noise_is_the_models_density(name: str) -> None:
    card, temperature = load_card(name), 320.0
    for v in (0.0, 0.05, -0.7):
        deck = (
            f"noise\nV1 a 0 dc {v!r} ac 1\nX1 a b dut w0=0.4 s0=0.2 hold=1 m=2\nVs b 0 0\n"
            f"H1 out 0 Vs 1\n.options {TIGHT} temp={temperature - 273.15!r}\n"
            ".noise v(out) V1 lin 1 1 1"
        )
        plot, *_ = compiled(deck, card)
        at = {"w": 0.4, "s": 0.2, "temperature": temperature}
        due = 2 * float(device_density(card.model, np.array(v), card.values, **at))
        assert plot["onoise_spectrum"][0] ** 2 == pytest.approx(due, rel=1e-6, abs=0)


PROTOCOLS = {
    "loop": protocols.sweep(2.2, -4.3, 1.0),
    "pulses": protocols.pulses(2.2, 50e-9, 1e-6, 6),
}


@pytest.mark.parametrize("name", [pytest.param("loop", marks=pytest.mark.slow), "pulses"])
def test_a_transient_is_that_of_the_reference_integrator(name: str) -> None:
    card, protocol = load_card("otj"), PROTOCOLS[name]
    found = simulate(card, protocol, w0=0.02, form="osdi")
    assert (found.form, found.engine) == ("osdi", "ngspice")
    due = respond(card, protocol, w0=0.02, points=300)
    for track in ("w", "s"):
        got = np.interp(due.time, found.time, getattr(found, track))
        assert np.max(np.abs(got - getattr(due, track))) < 2e-3
    assert found.w[-1] == pytest.approx(due.w[-1], abs=2e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_transient_is_that_of_the_subcircuit(name: str) -> None:
    """To the tolerance of a step, and with about as many of them."""
    card, protocol = load_card("otj"), PROTOCOLS[name]
    one, other = (simulate(card, protocol, w0=0.02, form=f) for f in ("osdi", "subcircuit"))
    assert other.form == "subcircuit"
    assert np.max(np.abs(np.interp(other.time, one.time, one.w) - other.w)) < 1e-4
    assert np.max(np.abs(np.interp(other.time, one.time, one.s) - other.s)) < 1e-4
    assert one.time.size == pytest.approx(other.time.size, rel=0.1, abs=0)


def test_a_run_without_an_operating_point_begins_at_the_initial_states() -> None:
    card = load_card("hp")
    deck = "uic\nV1 a 0 1m\nX1 a 0 dut w0=0.3\n.save v(x1.w)\n.tran 1u 1m"
    (plot,) = compiled(f"{deck}", card)
    (bare,) = compiled(f"{deck} uic", card)
    assert plot["x1.w"][0] == pytest.approx(0.3, rel=1e-12, abs=0)
    assert bare["x1.w"][5:] == pytest.approx(0.3, rel=1e-3, abs=0)
    assert bare["x1.w"][-1] == pytest.approx(plot["x1.w"][-1], rel=1e-6, abs=0)


# ------------------------------------------------------------------------------- as a device


def test_an_instance_sets_any_parameter_and_shows_its_operating_point() -> None:
    card = load_card("otj")
    text = osdi.device_lines(card, "mine")
    deck = (
        f"device\n{text}V1 a 0 0.7\nN1 a 0 mine w0=0.3 hold=1\nN2 a 0 x y mine w0=0.3 s0=0.2 m=3\n"
        "N3 a 0 mine w0=0.3 dt_area=2e-10 scale=2\n"
        ".save @n1[current] @n2[current] @n3[current] @n3[dt_current] @n1[w] n1#w x y\n"
        f".options {TIGHT}\n.op\n.end\n"
    )
    (plot,) = run(deck, osdi=(osdi.build(card),))

    def current(values: dict[str, float], s: float = 0.0) -> float:
        changed = {**card.values, **values}
        return float(card.model.current(np.array(0.7), changed, w=0.3, s=s))

    assert plot["@n1[current]"][0] == pytest.approx(current({}), rel=1e-9, abs=0)
    assert plot["@n2[current]"][0] == pytest.approx(
        current({}, 0.2), rel=1e-9, abs=0
    )  # of one device
    other = {"dt_area": 2e-10, "scale": 2.0}
    assert plot["@n3[current]"][0] == pytest.approx(current(other), rel=1e-9, abs=0)
    assert 0 < plot["@n3[dt_current]"][0] < plot["@n3[current]"][0]
    assert [plot[n][0] for n in ("n1#w", "x", "y")] == pytest.approx(
        [0.3, 0.3, 0.2], rel=1e-12, abs=0
    )


def test_devices_beside_each_other_and_a_swept_temperature() -> None:
    card = load_card("otj")
    deck = (
        "m\nV1 a 0 0.3\nV2 b 0 0.3\nX1 a 0 dut w0=0.2 hold=1\nX2 b 0 dut w0=0.2 hold=1 m=4\n"
        f".options {TIGHT}\n.dc temp -20 120 35"
    )
    (plot,) = compiled(deck, card)
    one, four = -plot["v1#branch"], -plot["v2#branch"]
    assert four == pytest.approx(4 * one, rel=1e-9, abs=0)
    kelvin = np.arange(-20.0, 121.0, 35.0) + 273.15
    due = [card.model.current(0.3, card.values, w=0.2, temperature=t) for t in kelvin]
    assert one == pytest.approx(np.array(due), rel=1e-9, abs=0)
    assert np.ptp(one) > 0.01 * one[0]


def test_a_value_outside_its_range_is_an_error_with_its_name(tmp_path: Path) -> None:
    from compactmodels.errors import SimulationError

    deck = "range\nV1 a 0 1\nX1 a 0 dut w0=0.2\nX2 a 0 dut w0=1.5\nX3 a 0 dut w0=0.3\n.op\n.end\n"
    card = load_card("hp")
    title, _, rest = deck.partition("\n")
    with pytest.raises(SimulationError, match=r"w0 = 1\.5 lies outside 0 to 1"):
        run(
            f"{title}\n{osdi.model_lines(card, 'dut')}{rest}",
            keep=tmp_path,
            osdi=(osdi.build(card),),
        )


# ------------------------------------------------------------------------------- libraries


def emitted_current(path: Path, card: ModelCard) -> float:
    usage = path.with_name(f"{path.stem}_osdi.cir").read_text()
    deck = f"emitted\n{usage}\nV1 a 0 1\nX1 a 0 {path.stem} w0=0.5 hold=1\n.options {TIGHT}\n.op\n.end\n"
    (plot,) = run(deck, osdi=(path,))
    return float(-plot["v1#branch"][0])


def test_what_was_emitted_runs_also_once_it_is_another(tmp_path: Path) -> None:
    """A library of the same name elsewhere, or changed in its place, is not taken for the first."""
    folder = tmp_path / "With a space, an Ü and $1"
    one = load_card("hp")
    two = ModelCard("hp", load_card("otj").model, load_card("otj").entries)

    def due(card: ModelCard) -> float:
        return float(card.model.current(np.array(1.0), card.values, w=0.5))

    first = osdi.emit(one, folder)
    assert first == folder / "hp.osdi"
    assert sorted(p.name for p in folder.iterdir()) == ["hp.osdi", "hp_osdi.c", "hp_osdi.cir"]
    assert emitted_current(first, one) == pytest.approx(due(one), rel=1e-9, abs=0)
    second = osdi.emit(two, tmp_path / "other")
    assert emitted_current(second, two) == pytest.approx(due(two), rel=1e-9, abs=0)
    assert emitted_current(first, one) == pytest.approx(due(one), rel=1e-9, abs=0)
    osdi.emit(two, folder)
    assert emitted_current(first, two) == pytest.approx(due(two), rel=1e-9, abs=0)


def test_defaults_of_an_emitted_library_are_the_cards_values(tmp_path: Path) -> None:
    card = load_card("ohm")
    path = osdi.emit(card, tmp_path)
    deck = "bare\n.model mine ohm_osdi\nV1 a 0 1\nN1 a 0 mine w0=0.5 hold=1\n.op\n.end\n"
    (plot,) = run(deck, osdi=(path,))
    due = card.model.current(np.array(1.0), card.values, w=0.5)
    assert -plot["v1#branch"][0] == pytest.approx(float(due), rel=1e-9, abs=0)


def test_a_library_that_is_none_is_said(tmp_path: Path) -> None:
    from compactmodels.errors import InputError, SimulationError

    with pytest.raises(InputError, match="is not there"):
        run("t\nR1 a 0 1\n.op\n", osdi=(tmp_path / "no.osdi",))
    text = tmp_path / "text.osdi"
    text.write_text("no library\n")
    with pytest.raises(SimulationError, match=r"text\.osdi.*couldn't be loaded") as caught:
        run("t\nR1 a 0 1\n.op\n", osdi=(text,), keep=tmp_path)
    assert caught.value.code == "netlist_rejected"
    (plot,) = run("t\nV1 a 0 1\nR1 a 0 1\n.op\n")  # the next deck has a simulator that is well
    assert plot["a"][0] == 1.0


def test_a_library_stays_loaded_for_the_decks_that_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    card = load_card("hp")
    deck = "grid\nV1 a 0 1\nX1 a 0 dut hold=1\n.op"
    compiled(deck, card)
    worker = ngspice._worker
    compiled(deck, card)
    assert ngspice._worker is worker
    assert shutil.which("cc") or shutil.which("gcc")
