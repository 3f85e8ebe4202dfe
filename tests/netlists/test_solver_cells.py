"""Arrays of a card's device in the fast engine: Kirchhoff's law with the model's own currents, ngspice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactmodels import registry
from compactmodels.card import ModelCard, load_card
from compactmodels.errors import InputError, ParameterError, SimulationError
from compactmodels.model import Branch, Model
from netlists.array import Crossbar, Faults, Selector, draw_states, threshold_selector
from netlists.crossbar import read_ngspice
from netlists.solver.described import read_fast
from netlists.solver.linear import solve_crossbar
from netlists.solver.nonlinear import solve_crossbar_card
from tests.netlists.solver_judge import imbalance, largest, network


def make_card(*branches, **values):
    parts = (Branch(n, registry.conduction(m), mix, series) for n, m, mix, series in branches)
    return ModelCard("bitcell", Model(tuple(parts)), {}).with_values(values, "assumed")


def linear(g=1e-4):
    return make_card(("lrs", "ohmic", "on", False), lrs_g=g, gmin=0.0)


def sinh():
    return make_card(("lrs", "sinh", "on", False), lrs_g=1e-4, lrs_v0=0.1)


def two_branches():
    return make_card(
        ("lrs", "direct_tunneling", "on", False),
        ("hrs", "thermionic_emission", "off", True),
        lrs_thickness=2e-9,
        hrs_r_s=1e5,
    )


def diode():
    """A plain exponential, without anything in series but the lines."""
    return make_card(("d", "thermionic_emission", "on", False))


def states(m, n, seed=0):
    return draw_states(m, n, seed)


def volts(m, v, seed=1):
    return np.random.default_rng(seed).uniform(-v, v, m)


def balanced(card, w, vl, r_word, r_bit, *, vb=0.0, s=0.0, temperature=300.0, **options):
    """Solve, and hold it against Kirchhoff's current law with the model's currents."""
    found = solve_crossbar_card(
        card, w, vl, r_word, r_bit, s=s, bit_voltages=vb, temperature=temperature, **options
    )
    current = card.model.current(
        found.cell_voltages, card.values, w=w, s=s, temperature=temperature
    )
    assert largest(found.cell_currents - current, current) < 1e-12
    net = network(np.ones_like(w), r_word, r_bit, **options)
    missing = imbalance(net, found.word_voltages, found.bit_voltages, current, vl, vb)
    total = np.abs(found.word_currents).sum()
    ohms = np.concatenate([np.ravel(r) for r in (r_word, r_bit)])
    grain = 1e-15 * np.abs(np.append(vl, vb)).max() / (ohms[ohms > 0].min() if ohms.any() else 1.0)
    assert missing <= 2e-12 * total + grain
    assert found.residual <= 1e-12
    assert abs(found.currents.sum() - found.word_currents.sum()) <= 1e-9 * total
    return found


@pytest.mark.parametrize("make", [sinh, two_branches, diode, lambda: load_card("otj")])
@pytest.mark.parametrize("v", [0.1, 1.0])
@pytest.mark.parametrize(("r_word", "r_bit"), [(1.0, 2.0), (0.0, 5.0), (5.0, 0.0), (0.0, 0.0)])
def test_every_node_is_balanced(make, v, r_word, r_bit) -> None:
    balanced(make(), states(9, 7), volts(9, v), r_word, r_bit)


@pytest.mark.parametrize("name", ["otj", "ohm", "mose2", "ohp-n1", "hp"])
def test_library_cards(name) -> None:
    card = load_card(name)
    found = balanced(card, states(24, 20), volts(24, 0.5), 3.0, 3.0, s=0.1)
    assert found.steps <= 12


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_any_lines(seed) -> None:
    rng = np.random.default_rng(seed)
    m, n = (int(k) for k in rng.integers(1, 12, 2))

    def ohms(shape):
        found = 10.0 ** rng.uniform(-2, 3, shape)
        found[rng.random(shape) < rng.choice([0.0, 0.4])] = 0.0
        return found

    options = {
        "r_source": ohms(m),
        "r_sense": ohms(n),
        "word_drive": list(rng.choice(["start", "end", "both"], m)),
        "bit_drive": list(rng.choice(["start", "end", "both"], n)),
    }
    vl, vb = volts(m, 1.0, seed), volts(n, 0.5, seed + 1)
    card = [sinh(), two_branches(), load_card("otj")][seed % 3]
    balanced(card, states(m, n, seed), vl, ohms((m, n + 1)), ohms((m + 1, n)), vb=vb, **options)


@pytest.mark.parametrize("v", [3.0, 6.0])
def test_strong_exponentials_behind_thin_lines(v) -> None:
    """exp(V / 26 mV) for volts, and only the lines to limit it."""
    found = balanced(diode(), np.ones((12, 12)), np.full(12, v), 2.0, 2.0)
    assert found.cell_voltages.max() < 1.5


def test_linear_cells_are_the_linear_engine() -> None:
    w, v = states(20, 30), volts((3, 20), 0.2)
    found = solve_crossbar_card(linear(), w, v, 4.0, 3.0)
    exact = solve_crossbar(1e-4 * w, v, 4.0, 3.0)
    assert largest(found.currents - exact, exact) < 1e-9
    assert found.currents.shape == (3, 30) and found.steps.shape == (3,)


def test_floating_lines() -> None:
    drive = ["start", "floating", "start", "floating"]
    found = solve_crossbar_card(sinh(), states(4, 5), volts(4, 0.5), 1.0, 1.0, word_drive=drive)
    assert np.array_equal(found.word_currents[[1, 3]], [0.0, 0.0])
    into = found.cell_currents.sum(axis=1)
    assert np.abs(into[[1, 3]]).max() < 1e-11 * np.abs(into).max()


def test_parameters_and_resistors_of_single_cells() -> None:
    card, rng = sinh(), np.random.default_rng(3)
    w, v = states(5, 6), volts(5, 0.4)
    scatter = {"lrs_g": rng.uniform(1e-5, 1e-3, (5, 6)), "lrs_v0": rng.uniform(0.05, 0.2, (5, 6))}
    resistors = np.full((5, 6), np.nan)
    resistors[1, 2], resistors[3, 3] = 0.0, 1.0
    found = solve_crossbar_card(card, w, v, 1.0, 1.0, parameters=scatter, resistors=resistors)
    expected = card.model.current(found.cell_voltages, {**card.values, **scatter}, w=w)
    expected[1, 2], expected[3, 3] = 0.0, found.cell_voltages[3, 3]
    assert largest(found.cell_currents - expected, expected) < 1e-13


def test_no_balance_is_no_answer() -> None:
    with pytest.raises(
        SimulationError, match=r"12 x 12 cells found no balance beyond 0\."
    ) as error:
        solve_crossbar_card(diode(), np.ones((12, 12)), np.full(12, 3.0), 2.0, 2.0, steps=1)
    assert error.value.code == "no_convergence"


def test_what_is_refused() -> None:
    w, v = states(3, 4), volts(3, 0.1)

    def refused(match, error=InputError, **changes):
        given = {"card": sinh(), "w": w, "voltages": v, "r_word": 1.0, "r_bit": 1.0, **changes}
        with pytest.raises(error, match=match):
            solve_crossbar_card(**given)

    refused("card is a str", card="otj")
    refused(r"w\[0, 0\] is 2: a state lies", w=w + 2 - w[0, 0])
    refused(r"s has the shape \(4, 3\): \(3, 4\)", s=w.T)
    refused(r"voltages has the shape \(4,\)", voltages=np.ones(4))
    refused(r"resistors has the shape \(4,\)", resistors=np.ones(4))
    refused("resistors holds a conductance that is negative", resistors=-w)
    refused("unknown parameter 'lrs_h'", parameters={"lrs_h": w}, error=InputError)
    refused("lies outside its bounds", parameters={"lrs_g": -w}, error=ParameterError)
    refused("temperature", temperature=-1.0, error=ParameterError)
    refused("steps is 0", steps=0)
    refused("not connected", word_drive="floating", bit_drive="floating")


# ---------------------------------------------------------------------------- arrays as described


def described(card, rows=6, cols=5, v=0.3, **more):
    return Crossbar(
        rows=rows,
        cols=cols,
        card=card,
        w=states(rows, cols),
        voltages=volts(rows, v),
        **{"r_word": 1.0, "r_bit": 2.0, **more},
    )


FAULTS = Faults(
    rows=6,
    cols=5,
    stuck_on=[(0, 1)],
    stuck_off=[(2, 2)],
    open_cells=[(3, 3)],
    shorted_cells=[(4, 0)],
    broken_word=[(1, 2)],
    broken_bit=[(3, 4)],
    bridged_word=[(0, 3), (4, 4)],
    bridged_bit=[(5, 0)],
    r_short=20.0,
)

KINDS = {
    "plain": {},
    "ends": {"word_drive": "both", "bit_drive": "both", "r_source": 30.0, "r_sense": 50.0},
    "bias": {"bit_voltages": np.linspace(-0.1, 0.1, 5), "bit_drive": "start"},
    "faults": {"faults": FAULTS},
    "floats": {"word_drive": ["start", "floating", "both", "end", "start", "start"]},
    "ideal": {"r_word": 0.0, "r_bit": np.array([0.0, 1.0, 0.0, 2.0, 3.0])},
    "lines": {"r_word": np.arange(6.0), "temperature": 350.0},
}


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", [linear, sinh, two_branches])
def test_ngspice_agrees(make, kind) -> None:
    crossbar = described(make(), **KINDS[kind])
    ours, theirs = read_fast(crossbar), read_ngspice(crossbar)
    tolerance = 1e-9 if make is linear else 1e-6
    assert largest(ours.currents - theirs.currents, theirs.currents) < tolerance
    assert theirs.word_currents is not None and ours.word_currents is not None
    assert largest(ours.word_currents - theirs.word_currents, theirs.word_currents) < tolerance
    assert largest(ours.cell_voltages - theirs.cell_voltages, theirs.cell_voltages) < tolerance
    assert np.array_equal(ours.ideal, theirs.ideal) and ours.engine == "fast"


@pytest.mark.needs_ngspice
@pytest.mark.slow
@pytest.mark.parametrize("make", [linear, sinh, two_branches, lambda: load_card("otj")])
def test_ngspice_agrees_on_more_lines(make) -> None:
    crossbar = described(make(), rows=32, cols=48, v=0.8)
    ours, theirs = read_fast(crossbar), read_ngspice(crossbar)
    assert largest(ours.currents - theirs.currents, theirs.currents) < 1e-8


SELECTORS = {
    "diode": Selector(card=diode(), w=1.0),
    "threshold": Selector(card=threshold_selector(), w=draw_states(6, 5, 7), hold=True),
    "sinh": Selector(card=sinh(), w=0.7),
}


@pytest.mark.parametrize(
    ("make", "kind"),
    [(linear, "threshold"), (sinh, "diode"), (sinh, "sinh"), (two_branches, "threshold")],
)
def test_selectors_in_series(make, kind) -> None:
    """Device and selector carry the same current, and their voltages add up."""
    device, chosen = make(), SELECTORS[kind]
    w, v = states(6, 5), volts(6, 0.6)
    w2 = np.broadcast_to(chosen.w, (6, 5))
    found = solve_crossbar_card(device, w, v, 1.0, 2.0, selector=(chosen.card, w2, 0.0))
    u = found.device_voltages
    one = device.model.current(u, device.values, w=w)
    other = chosen.card.model.current(found.cell_voltages - u, chosen.card.values, w=w2)
    grain = 1e-15 * np.abs(found.cell_voltages).max()
    # Of the one that conducts more, a voltage's rounding is a current: the other one's is exact.
    off = np.minimum(np.abs(one - found.cell_currents), np.abs(other - found.cell_currents))
    assert largest(off, one) < 1e-12 and largest(other - one, one) < 1e-6
    net = network(np.ones_like(w), 1.0, 2.0)
    missing = imbalance(net, found.word_voltages, found.bit_voltages, found.cell_currents, v, 0.0)
    assert missing <= 2e-12 * np.abs(found.word_currents).sum() + grain


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("kind", SELECTORS)
def test_selectors_in_ngspice(kind) -> None:
    crossbar = described(sinh(), selector=SELECTORS[kind], faults=FAULTS, v=0.6)
    ours, theirs = read_fast(crossbar), read_ngspice(crossbar)
    assert largest(ours.currents - theirs.currents, theirs.currents) < 1e-6
    assert ours.device_voltages is not None and theirs.device_voltages is not None
    known = ~FAULTS.open_cells
    difference = (ours.device_voltages - theirs.device_voltages)[known]
    assert largest(difference, theirs.device_voltages[known]) < 1e-6
