"""Foreign models against their papers' own equations, integrated to high accuracy.

The originals (tests/core/foreign_originals.py) keep their hard windows, stops and jumps.  Where the
well-posed form is the same, states agree to 1e-3 or better; where a window was mended, the test
says what the published one does and what ours does instead.
"""

from __future__ import annotations

import math
import tomllib
from importlib import resources

import numpy as np
import pytest

from compactmodels import registry
from compactmodels.card import ModelCard, load_card
from compactmodels.errors import CardError, ParameterError
from compactmodels.foreign import MODELS, carry_over
from compactmodels.model import Branch, Model
from compactmodels.protocols import for_card
from compactmodels.windows import bounded, closing, half_of, lifted
from fitting.sweep import Options, mechanisms_of
from tests.core import foreign_originals as original

HP = {"r_on": 100.0, "r_off": 16e3, "d": 1e-8, "uv": 1e-14}
PUBLISHED = {
    "joglekar": {"r_on": 100.0, "r_off": 5e3, "d": 1e-8, "uv": 1e-14, "p": 1.0},
    "biolek": {**HP, "p": 1.0},
    "prodromakis": {**HP, "p": 10.0, "j": 1.0},
    "vteam": {
        "R_on": 1e3,
        "R_off": 3e5,
        "k_off": 0.091,
        "k_on": -216.2,
        "alpha_off": 4.0,
        "alpha_on": 4.0,
        "v_off": 0.3,
        "v_on": -1.5,
        "w_off": 3e-9,
        "w_on": 0.0,
    },
    "yakopcic": {
        "a1": 0.17,
        "a2": 0.17,
        "b": 0.05,
        "Vp": 0.16,
        "Vn": 0.15,
        "Ap": 4000.0,
        "An": 4000.0,
        "xp": 0.3,
        "xn": 0.5,
        "alphap": 1.0,
        "alphan": 5.0,
        "eta": 1.0,
    },
    "stanford-pku": {
        "I0": 1e-3,
        "g0": 0.25e-9,
        "V0": 0.25,
        "Vel0": 10.0,
        "gamma0": 16.0,
        "beta": 0.8,
        "Ea": 0.6,
        "a0": 0.25e-9,
        "tox": 12e-9,
        "Rth": 2.1e3,
        "F_min": 1.4e9,
        "gap_min": 2e-10,
        "gap_max": 17e-10,
    },
    "jart-like": {
        "phiBn0": 0.18,
        "phin": 0.1,
        "eps": 17.0,
        "epsphib": 5.5,
        "un": 4e-6,
        "Nplug": 20.0,
        "Ndiscmin": 0.008,
        "Ndiscmax": 20.0,
        "a": 0.25e-9,
        "nyo": 2e13,
        "dWa": 1.35,
        "Rth0": 15.72e6,
        "Rtheff_scaling": 0.27,
        "rdet": 45e-9,
        "lcell": 3.0,
        "ldet": 0.4,
        "RTiOx": 650.0,
        "R0": 719.2437,
    },
}
SET = {name: {k.lower(): v for k, v in values.items()} for name, values in PUBLISHED.items()}


def sine(amplitude: float, frequency: float) -> original.Drive:
    return lambda t: amplitude * math.sin(2 * math.pi * frequency * t)


def apart(
    card: ModelCard,
    rate: original.Rate,
    drive: original.Drive,
    span: float,
    x0: float,
    off: bool = False,
) -> tuple[float, float, float, float]:
    """Largest error of the state and of the current (of its largest value); the original's range.

    ``off``: the original's state counts from the conducting end.
    """
    t, x = original.follow(rate, drive, span, x0, 2)
    start = 1.0 - x0 if off else x0
    _, w = original.follow(
        lambda v, y: float(card.model.rates(v, y, 0.0, card.values)[0]), drive, span, start, 2, 1e-9
    )
    expected = np.clip(1.0 - x if off else x, 0.0, 1.0)
    v = np.array([drive(a) for a in t])
    found, wanted = (card.model.current(v, card.values, w=s) for s in (w, expected))
    current = float(np.max(np.abs(found - wanted)) / np.max(np.abs(wanted)))
    return float(np.max(np.abs(w - expected))), current, float(x.min()), float(x.max())


@pytest.mark.parametrize(("p", "most"), [(1, 1e-5), (10, 1e-4)])
def test_biolek(p: int, most: float) -> None:
    """1.2 V and 1 Hz from 11 kohm, the listing's run: 3e-6 and 2e-5 of the range."""
    card = carry_over("biolek", {**HP, "p": p})
    rate = original.drift(original.biolek_window(p), 160.0)
    state, current, low, high = apart(card, rate, sine(1.2, 1.0), 1.0, 5 / 15.9)
    assert state < most and current < 10 * most
    assert high - low > 0.3


def test_joglekar_in_the_interior() -> None:
    """The paper's figure, p = 1: v = 2 v0 sin(w0 t/2), x0 = 0.5, R_off/R_on = 50."""
    card = carry_over("joglekar", PUBLISHED["joglekar"])
    rate = original.drift(original.joglekar_window(1), 50.0)
    state, current, _, high = apart(
        card, rate, lambda t: 2 * math.sin(t / 0.02), 0.04 * math.pi, 0.5
    )
    assert state < 1e-5 and current < 1e-5
    assert high > 0.9


def test_joglekar_published_slopes() -> None:
    """At p = 10 the return sweep's slope is 1/R_on, at p = 1 it is not; both start with that of x0."""
    slopes = {}
    for p in (1, 10):
        card = carry_over("joglekar", {**PUBLISHED["joglekar"], "p": p})

        def rate(v: float, w: float, card: ModelCard = card) -> float:
            return float(card.model.rates(v, w, 0.0, card.values)[0])

        _, w = original.follow(rate, lambda t: 2 * math.sin(t / 0.02), 0.02 * math.pi, 0.5, 2, 1e-9)
        slopes[p] = [
            float(card.model.current(0.01, card.values, w=x)) / 0.01 for x in (w[0], w[-1])
        ]
    start = 1 / (0.5 * 100 + 0.5 * 5000)
    assert [slopes[p][0] for p in (1, 10)] == pytest.approx([start, start], rel=1e-6)
    assert slopes[10][1] == pytest.approx(0.01, rel=1e-3)
    assert slopes[1][1] < 0.3 * 0.01


@pytest.mark.parametrize(("p", "j"), [(10.0, 1.0), (5.0, 2.0)])
def test_prodromakis_in_the_interior(p: float, j: float) -> None:
    card = carry_over("prodromakis", {**HP, "p": p, "j": j})
    rate = original.drift(original.prodromakis_window(p, j), 160.0)
    state, current, low, high = apart(card, rate, sine(0.6, 1.0), 1.0, 0.3)
    assert state < 2e-5 and current < 2e-5
    assert high - low > 0.15


@pytest.mark.parametrize("name", ["joglekar", "prodromakis"])
@pytest.mark.parametrize("end", [0.0, 1.0])
def test_a_published_window_sticks_and_ours_lets_go(name: str, end: float) -> None:
    card = load_card(name)
    away = 1.0 if end == 0.0 else -1.0
    window = (
        original.joglekar_window(1) if name == "joglekar" else original.prodromakis_window(10, 1)
    )
    assert original.drift(window, 50.0)(away, end) == 0.0
    assert float(card.model.rates(away, end, 0.0, card.values)[0]) * away > 1e-3
    assert float(card.model.rates(-away, end, 0.0, card.values)[0]) == 0.0
    _, w = original.follow(
        lambda v, y: float(card.model.rates(v, y, 0.0, card.values)[0]), lambda t: away, 2.0, end, 2
    )
    assert abs(w[-1] - end) > 0.5


@pytest.mark.parametrize("eta", [1.0, -1.0])
def test_yakopcic(eta: float) -> None:
    """0.5 V and 100 Hz from xo = 0.11: thresholds and slowing on both sides; 9e-5 of the range."""
    own = {**SET["yakopcic"], "eta": eta}
    card = carry_over("yakopcic", own)
    state, current, low, high = apart(card, original.yakopcic(own), sine(0.5, 100.0), 0.01, 0.11)
    assert state < 2e-4 and current < 2e-4
    assert low < 0.15 and high > 0.9
    v = np.array([-0.5, -0.02, 0.02, 0.5])
    expected = [original.yakopcic_current(own, x, 0.4) for x in v]
    assert card.model.current(v, card.values, w=0.4) == pytest.approx(expected, rel=1e-8)


def test_yakopcic_has_an_amplitude_for_each_sign() -> None:
    own = {**SET["yakopcic"], "a2": 0.05}
    card = carry_over("yakopcic", own)
    for v in (-0.5, -0.05, 0.05, 0.5):
        expected = original.yakopcic_current(own, v, 0.4)
        found = float(card.model.current(v, card.values, w=0.4))
        assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("frequency", "least", "most"), [(1e8, 0.15, 5e-4), (7e7, -1e-9, 0.1)])
def test_vteam(frequency: float, least: float, most: float) -> None:
    """Set and reset of the MAGIC parameters, 2 V: in the interior, and down to the hard stop at w_on.

    2e-5 and 2e-4 of the state's range.  At the stop 2e-4 of the range are 6 % of R_on, as R_off/R_on = 300.
    """
    card = load_card("vteam")
    rate = original.vteam(**SET["vteam"])
    state, current, low, high = apart(
        card, rate, sine(-2.0, frequency), 1 / frequency, 1.0, off=True
    )
    assert state < 5e-4 and current < most
    assert least <= max(low, -1e-9) < least + 0.1 and high > 0.8
    assert float(card.model.rates(0.29, 0.5, 0.0, card.values)[0]) == 0.0
    assert float(card.model.rates(-1.49, 0.5, 0.0, card.values)[0]) == 0.0


def test_vteam_with_the_windows_of_team() -> None:
    """The default set of the Technion's tool, TEAM's windows, 0.25 V and 10 MHz."""
    own = {"r_on": 50.0, "r_off": 1000.0, "k_off": 5e-4, "k_on": -10.0, "alpha_off": 1.0}
    own |= {"alpha_on": 3.0, "v_off": 0.02, "v_on": -0.2, "w_off": 3e-9}
    own |= {"a_off": 1.2e-9, "a_on": 2.3e-9, "w_c": 107e-12}
    card = carry_over("vteam", {**own, "p": 1000.0})
    rate = original.vteam(True, **own)
    state, current, low, high = apart(card, rate, sine(-0.25, 1e7), 1e-7, 0.9, off=True)
    assert state < 1e-3 and current < 1e-3
    assert high - low > 0.15
    assert card.values["ion_g"] == 1 / 50.0
    # the second of the paper's two I-V relations: R_on exp(lambda x)
    card = carry_over("vteam", {**own, "exponential": 1.0})
    resistance = [0.1 / float(card.model.current(0.1, card.values, w=w)) for w in (0.0, 0.25, 1.0)]
    assert resistance == pytest.approx([1000.0, 50.0 * 20.0**0.75, 50.0], rel=1e-9)


def test_stanford_pku_current_and_speed() -> None:
    """Away from the ends and above the least field: exactly the published equations, heat included."""
    own, card = SET["stanford-pku"], load_card("stanford-pku")
    low, high = own["gap_min"], own["gap_max"]
    speed = original.stanford(own, 300.15)
    for w in (0.01, 0.3, 0.7, 0.99):
        gap = high - w * (high - low)
        for v in (-1.6, -1.2, 1.2, 1.4, 1.6):
            current = original.stanford_current(own, v, gap)
            found = float(card.model.current(v, card.values, w=w))
            assert found == pytest.approx(current, rel=1e-8)
            (rate,) = card.model.rates(v, w, 0.0, card.values)
            wanted = -speed(v, gap) / (high - low)
            gamma = own["gamma0"] - own["beta"] * (gap / 1e-9) ** 3
            if gamma * abs(v) / own["tox"] > own["f_min"]:
                assert float(rate) == pytest.approx(wanted, rel=2e-5)
            else:
                assert wanted == 0.0
    assert float(card.model.rates(1.0, 0.0, 0.0, card.values)[0]) == 0.0  # below the field


def test_stanford_pku_sets_and_resets_as_published() -> None:
    """Ramps of the manual (500 V/s): set at 1.392 V, reset along the least field; both within 10 mV.

    The published law sets at once where the field is enough; its reset slides along the gap at which it
    is just not enough any more, ((gamma0 - F_min tox/V)/beta)^(1/3) nm.
    """
    own, card = SET["stanford-pku"], load_card("stanford-pku")
    low, high = own["gap_min"], own["gap_max"]

    def ramp(sign: float, w0: float) -> tuple[np.ndarray, np.ndarray]:
        t, w = original.follow(
            lambda v, y: float(card.model.rates(v, y, 0.0, card.values)[0]),
            lambda t: sign * 500.0 * t,
            3e-3,
            w0,
            4,
            1e-7,
        )
        return 500.0 * t, w

    gamma = own["gamma0"] - own["beta"] * (high / 1e-9) ** 3
    v_set = own["f_min"] * own["tox"] / gamma
    assert v_set == pytest.approx(1.3919, abs=1e-4)
    v, w = ramp(1.0, 0.0)
    assert v[np.argmax(w > 0.5)] == pytest.approx(v_set, abs=0.01)
    v, w = ramp(-1.0, 1.0)
    for share in (0.7, 0.4, 0.1):
        gap = high - share * (high - low)
        expected = own["f_min"] * own["tox"] / (own["gamma0"] - own["beta"] * (gap / 1e-9) ** 3)
        assert v[np.argmax(w < share)] == pytest.approx(expected, abs=0.01)


JART_STATES = (0.0, 0.3, 0.6, 1.0)
JART_VOLTS = (-1.5, -1.0, -0.5, -0.1, 0.1, 0.5, 1.0, 1.5)


def jart_n(w: float) -> float:
    return 0.008 * 2500.0**w


def test_jart_like_current() -> None:
    """At ndiscmax exact without heat; with it and over all states within what the docs say."""
    card = load_card("jart-like")
    cold, warm = original.Jart(SET["jart-like"], heated=False), original.Jart(SET["jart-like"])
    for v in JART_VOLTS:
        found = [
            float(card.model.current(v, card.values, w=w, temperature=293.0)) for w in JART_STATES
        ]
        near = 5e-3 if abs(v) < 0.2 else 1e-3  # 1 mV around 0 V is smoothed
        assert found[-1] == pytest.approx(cold.current(v, 20.0), rel=near)
        ratio = [a / warm.current(v, jart_n(w)) for a, w in zip(found, JART_STATES, strict=True)]
        assert max(ratio) < 2.0 and min(ratio) > 0.95
        if v > 0.0:
            assert max(ratio) < 1.1
        elif v >= -1.0:
            assert ratio[-1] < 1.06


def test_jart_like_hops_are_the_published_ones() -> None:
    """exp(-dW_min/kT) - exp(-dW_max/kT) with dW of the arcsine: 2e-4 up to 5e9 V/m."""
    from compactmodels.switching.vacancy_jart_like import hop

    published = original.Jart(SET["jart-like"])
    for field in (1e6, 1e8, 1e9, 3e9, 5e9):
        for t in (293.0, 500.0, 1500.0):
            found = float(hop(field, original.K * t / original.E, 0.25e-9, 1.35))
            assert found == pytest.approx(published.hop(field, t), rel=2e-4)


def test_jart_like_rates() -> None:
    """At the state 0.6, where contact and heat matter least, within 3; no motion without a voltage."""
    card, published = load_card("jart-like"), original.Jart(SET["jart-like"])
    efolds = math.log(2500.0)
    for v in (-1.2, -0.8, -0.5, 0.5, 0.8, 1.2):
        (rate,) = card.model.rates(v, 0.6, 0.0, card.values, temperature=293.0)
        assert 0.5 < float(rate) / (published.rate(v, jart_n(0.6)) / efolds) < 3.0
    assert float(card.model.rates(0.0, 0.5, 0.0, card.values)[0]) == 0.0


@pytest.mark.needs_ngspice
@pytest.mark.parametrize(
    ("name", "v_set", "v_reset"), [("stanford-pku", 1.392, -1.1), ("jart-like", -0.59, 0.92)]
)
def test_the_cards_switch_in_ngspice_where_the_originals_do(
    name: str, v_set: float, v_reset: float
) -> None:
    """Voltages at which the originals pass half of their range on the same sweep.

    The Stanford set voltage is met within 10 mV; the JART-like one is 0.1 V lower (a contact that takes
    less of the voltage in the high-resistance state) and the reset within 0.06 V.
    """
    from netlists.simulation import simulate

    card = load_card(name)
    sweep = for_card("sweep", card.operation, {})
    temperature = 293.0 if name == "jart-like" else 300.15
    run = simulate(card, sweep, temperature=temperature)
    half = np.flatnonzero(np.diff(np.sign(run.w - 0.5)))
    assert half.size == 2
    near = (0.01, 0.02) if name == "stanford-pku" else (0.12, 0.06)
    assert run.voltage[half[0]] == pytest.approx(v_set, abs=near[0])
    assert run.voltage[half[1]] == pytest.approx(v_reset, abs=near[1])
    assert run.w.min() > -1e-3 and run.w.max() < 1.001


def test_the_originals_jart_sweep() -> None:
    """What the test above holds the card against: set at -0.59 V, reset at 0.92 V, at 1 V/s."""
    published, efolds = original.Jart(SET["jart-like"]), math.log(2500.0)

    def rate(v: float, w: float) -> float:
        n = jart_n(min(max(w, 0.0), 1.0))
        return 0.0 if v == 0.0 else published.rate(v, n) / efolds

    t, w = original.follow(rate, lambda t: -t, 0.7, 0.0, 1, 1e-5)
    assert -t[np.argmax(w > 0.5)] == pytest.approx(-0.59, abs=0.01)
    t, w = original.follow(rate, lambda t: t, 1.0, 0.99, 1, 1e-5)
    assert t[np.argmax(w < 0.5)] == pytest.approx(0.92, abs=0.01)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_library_card_holds_the_published_set(name: str) -> None:
    """Everything but what smooths and mends."""
    card, carried = load_card(name), carry_over(name, PUBLISHED[name])
    assert card.model == carried.model
    own = {k for k, e in card.entries.items() if e.origin == "published"}
    assert own
    for key, value in carried.values.items():
        if not key.endswith(("v_smooth", "edge")):
            assert card.values[key] == value, key
    text = (resources.files("compactmodels") / "library" / f"{name}.toml").read_text("utf-8")
    assert tomllib.loads(text)["provenance"]["differs"]
    assert "doi:" in card.citation or name == "biolek"


def test_a_set_that_cannot_be_carried_over_is_one_sentence() -> None:
    with pytest.raises(CardError, match=r"no foreign model 'vtaem'.*did you mean 'vteam'"):
        carry_over("vtaem", {})
    with pytest.raises(CardError, match="no parameter 'alpha_of'; did you mean 'alpha_off'"):
        carry_over("vteam", {**SET["vteam"], "alpha_of": 1.0})
    short = {k: v for k, v in SET["vteam"].items() if k != "k_on"}
    with pytest.raises(CardError, match="lacks k_on"):
        carry_over("vteam", short)
    with pytest.raises(ParameterError, match=r"'sw_v_on' = 1\.5 V lies outside its bounds"):
        carry_over("vteam", {**SET["vteam"], "v_on": 1.5})
    assert set(MODELS) == set(PUBLISHED)


def test_fits_contest_the_same_mechanisms_as_before() -> None:
    """Foreign laws describe; the contest of mechanisms stays what it was."""
    assert mechanisms_of(Options()) == [
        "direct_tunneling",
        "field_emission",
        "fowler_nordheim",
        "ohmic",
        "poole_frenkel",
        "schottky_emission",
        "space_charge_limited",
        "thermionic_emission",
    ]


def test_windows() -> None:
    """Exact beyond the edge, closed or open at the end, twice differentiable where they meet."""
    edge = 0.01
    far = np.array([edge, 0.02, 0.5, 1.0])
    assert np.all(closing(far, edge) == 1.0) and np.all(lifted(far, edge) == far)
    assert closing(0.0, edge) == 0.0 and lifted(0.0, edge) == edge / 2
    assert closing(-0.001, edge) < 0.0
    assert bounded(2.0, 0.0, 1.0, edge) == 0.0 and bounded(2.0, 0.0, 0.0, edge) == 2.0
    d = edge + np.array([-1e-4, 0.0, 1e-4])
    for f in (closing, lifted):
        curve = np.diff(f(d, edge), 2)[0] / 1e-8
        assert abs(curve) < 0.05 / edge**2  # a kink of slope 1/edge would give 1e4/edge
    v = np.array([-1.0, -1e-3, -1e-9, 0.0, 1e-9, 1e-3, 1.0])
    assert half_of(v, 1e-3) - half_of(-v, 1e-3) == pytest.approx(v, rel=1e-12)
    assert np.all(np.diff(half_of(np.linspace(-2e-3, 2e-3, 1001), 1e-3)) >= 0.0)
    assert half_of(0.0, 1e-3) == 0.0


def test_the_mix_over_decades() -> None:
    """Two resistances in series, of which the state moves one exponentially."""
    branch = Branch("g", registry.conduction("ohmic"), "resistive_decades")
    model = Model((branch,))
    values = {**model.defaults, "gmin": 0.0, "g_g": 1e-3, "g_share": 0.2, "g_span": 3.0}
    for w in (0.0, 0.4, 1.0):
        ohms = 1.0 / float(model.current(1.0, values, w=w))
        assert ohms == pytest.approx(800.0 + 200.0 * 1000.0 ** (1 - w), rel=1e-12)
