"""Noise of the emitted subcircuit in ngspice's .noise, and that nothing else notices it."""

from __future__ import annotations

import re

import numpy as np
import pytest

from compactmodels import registry
from compactmodels.card import Entry, ModelCard, library, load_card
from compactmodels.constants import BOLTZMANN, ELEMENTARY_CHARGE
from compactmodels.model import Branch, Model
from compactmodels.noise import device_density
from netlists.ngspice import Plot, run
from netlists.subcircuit import subcircuit
from tests.core.battery import conduction_card

pytestmark = pytest.mark.needs_ngspice

KELVIN = 320.0
OPTIONS = f".options temp={KELVIN - 273.15!r} reltol=1e-9 abstol=1e-18 vntol=1e-12"
BIASES = (0.0, 0.05, -0.3, 1.2)
SAME = 1e-6
"""Relative: ngspice's Boltzmann constant is off by 3.5e-7 (CODATA 2014's)."""
AT_ZERO = 3e-5
"""There the text has the density at 1 uV, the model the limit."""


def densities(
    text: str, biases: tuple[float, ...], line: str = "", module: str = "dut"
) -> np.ndarray:
    """Density [A^2/Hz] of the current that an instance sends into a short circuit at each bias [V]."""
    out = []
    for v in biases:
        # 1 V of the output is 1 A through Vs
        deck = f"noise\n{text}\nV1 a 0 dc {v!r} ac 1\nX1 a b {module} {line}\nVs b 0 0\nH1 out 0 Vs 1\n"
        (plot,) = run(f"{deck}{OPTIONS}\n.noise v(out) V1 lin 1 1 1\n.end\n", timeout=60)
        out.append(plot["onoise_spectrum"][0] ** 2)
    return np.array(out)


def agree(found: np.ndarray, expected: np.ndarray, biases: tuple[float, ...]) -> bool:
    tolerance = np.where(np.array(biases) == 0.0, AT_ZERO, SAME)
    return bool(np.all(np.abs(found - expected) <= tolerance * expected))


def thermionic(series: bool) -> ModelCard:
    values = {"phi": 0.5, "n": 1.2, "richardson": 1.2e6, "area": 1e-12}
    return conduction_card("thermionic_emission", values | ({"r_s": 3e5} if series else {}), series)


def tunnelling() -> ModelCard:
    values = {"phi1": 0.41, "phi2": 0.35, "thickness": 2.8e-9, "mass": 1.06, "area": 3.1e-10}
    return conduction_card("direct_tunneling", values, False)


def inside_and_outside() -> ModelCard:
    """Weights inside and outside series resistances, with states that do not move."""
    model = Model(
        (
            Branch("a", registry.conduction("thermionic_emission"), "exponential", series=True),
            Branch("b", registry.conduction("sinh"), "on", series=True),
            Branch("c", registry.conduction("poole_frenkel"), "off"),
        )
    )
    entries = {
        "a_span": Entry(3.0),
        "a_area": Entry(1e-10),
        "a_r_s": Entry(2e4),
        "b_r_s": Entry(1e5),
        "c_g": Entry(1e-7),
    }
    known = {p.name for p in model.parameters}
    return ModelCard("dut", model, {n: e for n, e in entries.items() if n in known})


CARDS = {
    "thermionic": thermionic(False),
    "thermionic behind a resistance": thermionic(True),
    "tunnelling": tunnelling(),
    "ohmic": conduction_card("ohmic", {"g": 2e-5}, False),
    "weights": inside_and_outside(),
}


@pytest.mark.parametrize("name", CARDS)
def test_density_of_the_short_circuit_current(name: str) -> None:
    card = CARDS[name]
    found = densities(subcircuit(card, "dut"), BIASES, "w0=0.4")
    expected = device_density(card.model, np.array(BIASES), card.values, w=0.4, temperature=KELVIN)
    assert agree(found, expected, BIASES), found / expected - 1
    assert np.ptp(found) > 0.1 * np.max(found) or name == "ohmic"


def test_density_is_that_of_the_textbook() -> None:
    """2 q I coth(q V/2 k T) and 4 k T G, written out."""
    card, v = CARDS["thermionic"], np.array([0.05, -0.3, 0.45])
    current = card.model.current(v, {**card.values, "gmin": 0.0}, temperature=KELVIN)
    coth = 1 / np.tanh(ELEMENTARY_CHARGE * v / (2 * BOLTZMANN * KELVIN))
    found = densities(subcircuit(card, "dut"), tuple(map(float, v)))
    assert found == pytest.approx(2 * ELEMENTARY_CHARGE * current * coth, rel=1e-5, abs=0.0)
    slope = 1e-12 * 1.2e6 * KELVIN**2 * np.exp(-0.5 * ELEMENTARY_CHARGE / BOLTZMANN / KELVIN)
    slope *= ELEMENTARY_CHARGE / (1.2 * BOLTZMANN * KELVIN)
    at_zero = densities(subcircuit(card, "dut"), (0.0,))
    assert at_zero == pytest.approx(4 * BOLTZMANN * KELVIN * slope, rel=1e-4, abs=0.0)
    ohmic = densities(subcircuit(CARDS["ohmic"], "dut"), BIASES)
    assert ohmic == pytest.approx(4 * BOLTZMANN * KELVIN * 2e-5, rel=1e-6, abs=0.0)


@pytest.mark.parametrize("w", [0.0, 0.5, 1.0])
def test_density_of_the_tunnel_junction_at_every_state(w: float) -> None:
    card = load_card("otj")
    found = densities(subcircuit(card), BIASES, f"w0={w} s0=0.2 hold=1", "otj")
    v = np.array(BIASES)
    expected = device_density(card.model, v, card.values, w=w, s=0.2, temperature=KELVIN)
    assert agree(found, expected, BIASES), found / expected - 1


@pytest.mark.slow
@pytest.mark.parametrize("name", library())
def test_density_of_every_library_card(name: str) -> None:
    card = load_card(name)
    biases = (0.0, 0.02, -0.5, 2.0, 30.0, -100.0)
    found = densities(subcircuit(card, "dut"), biases, "w0=0.6 s0=0.1 hold=1")
    v = np.array(biases)
    expected = device_density(card.model, v, card.values, w=0.6, s=0.1, temperature=KELVIN)
    # a junction behind a large resistance may itself be nearer to 0 V than 1 uV
    assert found == pytest.approx(expected, rel=2e-4, abs=0.0)


@pytest.mark.parametrize("line", ["scale=3", "m=3"])
@pytest.mark.parametrize("name", ["thermionic behind a resistance", "weights"])
def test_density_grows_with_the_area_and_with_the_devices(name: str, line: str) -> None:
    text = subcircuit(CARDS[name], "dut")
    one = densities(text, BIASES, "w0=0.4")
    assert densities(text, BIASES, f"w0=0.4 {line}") == pytest.approx(3 * one, rel=1e-9, abs=0.0)


def analyses(card: ModelCard, noise: bool, w: float) -> tuple[Plot, ...]:
    deck = (
        f"quiet\n{subcircuit(card, 'dut', noise=noise)}\nV1 a 0 dc 0.3 ac 1 pwl(0 0 100n 1 200n -1)\n"
        f"X1 a 0 dut w0={w} s0=0.3 hold=1\nX2 a 0 dut w0={w} s0=0.3\n.options reltol=1e-6\n"
        ".op\n.dc V1 -1 1 0.25\n.ac dec 1 1 1e6\n.tran 10n 200n 0 10n\n.end\n"
    )
    return run(deck, timeout=60)


@pytest.mark.parametrize(("name", "w"), [("otj", 0.0), ("weights", 0.5)])
def test_other_analyses_do_not_notice(name: str, w: float) -> None:
    """The same steps, and the same numbers far below what Newton leaves open (reltol)."""
    card = load_card("otj") if name == "otj" else CARDS["weights"]
    loud, quiet = analyses(card, True, w), analyses(card, False, w)
    assert [p.kind for p in loud] == [p.kind for p in quiet] == ["op", "dc", "ac", "tran"]
    for one, other in zip(loud, quiet, strict=True):
        assert set(other) <= set(one)
        for vector in other:
            largest = np.max(np.abs(other[vector]), initial=0.0)
            assert one[vector].shape == other[vector].shape
            assert np.max(np.abs(one[vector] - other[vector])) <= 1e-8 * largest


def test_density_under_the_options_that_nobody_sets() -> None:
    card = CARDS["thermionic behind a resistance"]
    for v in (0.0, -0.2, 0.4):
        deck = (
            f"noise\n{subcircuit(card, 'dut')}\nV1 a 0 dc {v} ac 1\nX1 a b dut\nVs b 0 0\nH1 out 0 Vs 1\n"
            ".noise v(out) V1 dec 1 1 1e6\n.end\n"
        )
        spectrum, *_ = run(deck, timeout=60)
        found = spectrum["onoise_spectrum"][0] ** 2
        expected = device_density(card.model, v, card.values, temperature=300.15)
        assert found == pytest.approx(float(expected), rel=0.01, abs=0.0)


def test_noise_can_be_left_out() -> None:
    text = subcircuit(load_card("otj"), noise=False)
    assert not re.search(r"_gn|_z\b|^R", text, re.M)
    assert densities(text, (0.3,), "w0=0.5 hold=1", "otj") == pytest.approx(0.0, abs=1e-60)
