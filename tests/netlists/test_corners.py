"""Corners: at the quantiles of a Monte-Carlo population, and in ngspice what they are in NumPy."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from compactmodels import registry
from compactmodels.card import Entry, ModelCard, load_card
from compactmodels.errors import InputError, NetlistError
from compactmodels.model import Branch, Model
from compactmodels.statistics import Distribution, Statistics, sample
from netlists.corner_points import SECTIONS, Corner, corners, most_probable
from netlists.corners import emit_corners
from netlists.ngspice import run

DRAWS = 100_000
READ = 0.1


def otj() -> ModelCard:
    """The junction with a made-up population: barriers, thickness and areas, correlated; and a rate."""
    card = load_card("otj")
    v = card.values
    laws = {
        "dt_thickness": Distribution("normal", v["dt_thickness"], 3e-11),
        "dt_area": Distribution("lognormal", v["dt_area"], 0.1),
        "te_phi": Distribution("normal", v["te_phi"], 0.005),
        "te_area": Distribution("lognormal", v["te_area"], 0.2),
        "sw_kw": Distribution("lognormal", v["sw_kw"], 0.3),
    }
    pairs = {"dt_thickness, dt_area": 0.4, "te_phi, te_area": -0.5, "dt_thickness, te_phi": 0.6}
    return replace(
        card, statistics=Statistics("devices", 30, laws, {**pairs, "dt_area, sw_kw": 0.5}, 30)
    )


@cache
def found_of_otj() -> dict[str, Corner]:
    """Its corners at 3 sigma."""
    return {c.name: c for c in corners(otj())}


def hp(**laws: Distribution) -> ModelCard:
    return replace(load_card("hp"), statistics=Statistics("devices", 12, laws, {}, 12))


G = Distribution("lognormal", 0.01, 0.2)


def distances(card: ModelCard, sigmas: float) -> dict[str, tuple[float, float]]:
    """From the population's median to its quantiles at ``sigmas``, of each quantity's logarithm."""
    drawn = sample(card, DRAWS, np.random.default_rng(5))
    on, off = (
        np.log(np.abs(card.model.current(READ, {**card.values, **drawn}, w=w, s=0.0)))
        for w in (1.0, 0.0)
    )
    out = {}
    for name, y in {"on": on, "off": off, "window": on - off}.items():
        low, middle, high = np.quantile(y, [ndtr(-sigmas), 0.5, ndtr(sigmas)])
        out[name] = (low - middle, high - middle)
    return out


def moved(corner: Corner, typical: Corner) -> float:
    """How far the corner's own quantity went, in its logarithm."""
    on, off = np.log(corner.on / typical.on), np.log(corner.off / typical.off)
    return float({"on": on, "off": off, "window": on - off}[SECTIONS[corner.name][0]])


# ---------------------------------------------------------------------------- against a population


@pytest.mark.parametrize("sigmas", [pytest.param(2.0, marks=pytest.mark.slow), 3.0])
def test_a_corner_is_the_populations_quantile(sigmas: float) -> None:
    card = otj()
    typical, *others = corners(card, sigmas=sigmas)
    expected = distances(card, sigmas)
    assert {c.name for c in others} == SECTIONS.keys() - {"typical"}
    for corner in others:
        quantity, sign, _ = SECTIONS[corner.name]
        assert moved(corner, typical) == pytest.approx(expected[quantity][sign > 0], rel=0.05), (
            corner.name
        )


def test_a_skewed_distribution_has_skewed_corners() -> None:
    """Weibull: k sigma are a quantile, not k standard deviations of the parameter."""
    card = hp(ion_g=Distribution("weibull", 0.0, 0.01, 8.0))
    typical, slow, fast, *_ = corners(card)
    low, high = distances(card, 3.0)["on"]
    assert moved(slow, typical) == pytest.approx(low, rel=0.05)
    assert moved(fast, typical) == pytest.approx(high, rel=0.05)
    assert -moved(slow, typical) > 2 * moved(fast, typical)


def test_one_parameter_goes_k_sigma() -> None:
    """The whole of a conductance: 3 times 0.2 of its logarithm; the window does not feel it."""
    typical, slow, fast, low, high = corners(hp(ion_g=G))
    assert [c.name for c in (typical, slow, fast, low, high)] == [
        "typical",
        "slow",
        "fast",
        "hrs_low",
        "hrs_high",
    ]
    values = [c.card.values["ion_g"] for c in (typical, slow, fast, low, high)]
    assert values == pytest.approx(0.01 * np.exp([0.0, -0.6, 0.6, -0.6, 0.6]), rel=1e-9)
    assert fast.on == pytest.approx(READ * values[2], rel=1e-9, abs=0.0)


def test_a_device_without_a_state_has_two_corners(tmp_path: Path) -> None:
    model = Model((Branch("ion", registry.conduction("ohmic")),))
    laws = {"ion_g": Distribution("lognormal", 2e-3, 0.1)}
    card = ModelCard("plain", model, {}, statistics=Statistics("devices", 9, laws, {}, 9))
    assert [c.name for c in corners(card)] == ["typical", "slow", "fast"]
    text = emit_corners(card, tmp_path).read_text()
    assert "narrow, wide: left out, for the state does not change the current" in text
    own = card.model.current(READ, card.values)
    assert re.search(rf"^\* +{own:.6g} A +{own:.6g} A +the card's own values", text, re.M)


def test_the_correlation_decides_the_length_and_the_direction() -> None:
    """Two equal contributions: sqrt(2 + 2 rho) long, and both parameters take half of it."""
    laws = {"a": Distribution("normal", 0.0, 1.0), "b": Distribution("normal", 0.0, 1.0)}
    for rho in (-0.9, 0.0, 0.5, 1.0):
        scatter = Statistics("devices", 3, laws, {"a, b": rho})
        z, spread = most_probable(scatter, lambda x: x["a"] + x["b"], 3.0)
        assert spread == pytest.approx(np.sqrt(2 + 2 * rho), rel=1e-9)
        assert z == pytest.approx([1.5 * spread] * 2, rel=1e-9)


def test_a_curved_quantity_is_followed_to_its_extreme_on_the_ellipsoid() -> None:
    """The best of a fine search over all directions; the first gradient alone is 10 % short."""
    laws = {n: Distribution("normal", 0.0, 1.0) for n in "ab"}
    scatter = Statistics("devices", 3, laws, {"a, b": 0.3})

    def quantity(x):
        return x["a"] + 0.2 * x["b"] + 0.15 * x["b"] * x["a"]

    z, _ = most_probable(scatter, quantity, 3.0)
    root = np.linalg.cholesky(scatter.matrix())
    angles = np.linspace(0, 2 * np.pi, 100_001)
    circle = 3.0 * root @ np.array([np.cos(angles), np.sin(angles)])
    best = np.max(quantity(dict(zip("ab", circle, strict=True))))
    assert quantity(dict(zip("ab", z, strict=True))) == pytest.approx(best, rel=1e-6)
    assert z @ np.linalg.solve(scatter.matrix(), z) == pytest.approx(9.0)
    slope = np.array([1.0, 0.2])
    first = 3.0 * scatter.matrix() @ slope / np.sqrt(slope @ scatter.matrix() @ slope)
    assert quantity(dict(zip("ab", first, strict=True))) < 0.98 * best


def test_what_does_not_scatter_stays() -> None:
    card, found = otj(), found_of_otj()
    assert card.statistics is not None
    for corner in found.values():
        assert corner.card.statistics is None
        same = {n: v for n, v in corner.card.values.items() if n not in card.statistics.parameters}
        assert same == {n: card.values[n] for n in same}
    # not in the current, but correlated with what is
    slow, fast = (found[n].card.values["sw_kw"] for n in ("slow", "fast"))
    assert slow < card.values["sw_kw"] < fast


def test_medians_that_differ_from_the_card_are_said(tmp_path: Path) -> None:
    card = hp(ion_g=Distribution("lognormal", 0.012, 0.1))
    assert corners(card)[0].card.values["ion_g"] == pytest.approx(0.012)
    assert (
        "not the card's own value: ion_g (0.01 on the card)"
        in emit_corners(card, tmp_path).read_text()
    )


def test_uncertainty_is_a_source_of_its_own(tmp_path: Path) -> None:
    """Standard errors make corners only where that is asked for; of a log-scaled value in its logarithm."""
    plain = load_card("hp")
    entries = {
        **plain.entries,
        "ion_g": Entry(0.01, "fitted", "", 0.002),
        "ion_off_on": Entry(160.0, "fitted", "", 8.0),
    }
    card = replace(plain, entries=entries, correlations={"ion_g, ion_off_on": 0.5})
    with pytest.raises(InputError, match="its standard errors tell of one device only"):
        emit_corners(card, tmp_path)
    found = {c.name: c for c in corners(card, source="uncertainty")}
    assert found["fast"].card.values["ion_g"] == pytest.approx(0.01 * np.exp(0.6))
    assert found["fast"].card.values["ion_off_on"] == pytest.approx(160 * np.exp(3 * 0.5 * 0.05))
    text = emit_corners(card, tmp_path, source="uncertainty").read_text()
    assert "NOT how devices scatter" in text
    with pytest.raises(InputError, match="no value with a standard error"):
        corners(plain, source="uncertainty")


# ---------------------------------------------------------------------------- in ngspice


QUICK = ("typical", "slow", "fast")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return emit_corners(otj(), tmp_path_factory.mktemp("corners"))


@pytest.mark.needs_ngspice
@pytest.mark.parametrize(
    "name",
    [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in SECTIONS],
)
def test_a_section_in_ngspice_is_the_corner_in_numpy(
    name: str, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, corner = otj(), found_of_otj()[name]
    monkeypatch.chdir(library.parent)
    points = [(1.0, READ), (0.0, READ), (0.5, -0.2)]
    devices = "".join(
        f"V{k} n{k} 0 {v!r}\nX{k} n{k} 0 otj w0={w!r} hold=1\n" for k, (w, v) in enumerate(points)
    )
    options = ".options reltol=1e-9 abstol=1e-18 vntol=1e-12"
    (op,) = run(f"corner\n.lib {library.name} {name}\n{devices}{options}\n.op\n.end\n")
    current = [-op[f"v{k}#branch"][0] for k in range(len(points))]
    expected = [card.model.current(v, corner.card.values, w=w, s=0.0) for w, v in points]
    assert current == pytest.approx(expected, rel=1e-9, abs=0.0)
    assert current[:2] == pytest.approx([corner.on, corner.off], rel=1e-9, abs=0.0)


def test_slow_and_fast_are_what_they_are_called() -> None:
    found = found_of_otj()
    assert found["slow"].on < 0.7 * found["typical"].on < 0.5 * found["fast"].on
    assert found["hrs_low"].off < 0.5 * found["typical"].off < 0.3 * found["hrs_high"].off


@pytest.mark.needs_ngspice
def test_the_file_holds_no_other_section(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nothing moves is left out, and asking for it is an error rather than the typical device."""
    text = emit_corners(hp(ion_g=G), tmp_path).read_text()
    assert re.findall(r"^\.lib (\w+)$", text, re.M) == [
        "typical",
        "slow",
        "fast",
        "hrs_low",
        "hrs_high",
    ]
    assert "* narrow, wide: left out" in text
    monkeypatch.chdir(tmp_path)
    from compactmodels.errors import SimulationError

    with pytest.raises(SimulationError, match="narrow"):
        run("no\n.lib hp_corners.lib narrow\nV1 a 0 0.1\nX1 a 0 hp hold=1\n.op\n.end\n")


def test_the_header_has_the_currents_and_the_values(tmp_path: Path) -> None:
    text = emit_corners(hp(ion_g=G), tmp_path).read_text()
    assert "The card's statistics: 12 fits of devices, 12 devices." in text
    assert re.search(r"^\* fast +\+3 +0\.00182212 A +1\.13882e-05 A", text, re.M)
    assert re.search(r"^\* ion_g +S +0\.01 +0\.00548812 +0\.0182212", text, re.M)
    assert "Monte Carlo" not in text


# ---------------------------------------------------------------------------- refused


def test_no_statistics_no_corners(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"no table \[statistics\].*fit iv FILE.*--statistics"
    ) as error:
        emit_corners(load_card("otj"), tmp_path)
    assert error.value.code == "no_statistics" and "\n" not in error.value.message
    assert not list(tmp_path.iterdir())


def test_what_the_current_does_not_feel_makes_no_corner(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"what scatters \(sw_mobility\) does not change the read current"
    ):
        emit_corners(hp(sw_mobility=Distribution("lognormal", 1e-14, 0.3)), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_corner_outside_the_bounds(tmp_path: Path) -> None:
    """A normal conductance with 40 % scatter: 3 sigma below is negative."""
    with pytest.raises(
        InputError, match=r"a corner at 3 sigma: parameter 'ion_g' = .* outside its bounds"
    ) as error:
        emit_corners(hp(ion_g=Distribution("normal", 0.01, 0.004)), tmp_path)
    assert error.value.code == "out_of_bounds"
    assert not list(tmp_path.iterdir())
    assert len(corners(hp(ion_g=Distribution("normal", 0.01, 0.004)), sigmas=2.0)) == 5


@pytest.mark.parametrize("sigmas", [0.0, -1.0, 11.0, np.nan])
def test_sigmas_that_are_none(sigmas: float) -> None:
    with pytest.raises(InputError, match="a number up to 10 is expected"):
        corners(hp(ion_g=G), sigmas=sigmas)


def test_a_dialect_without_sections(tmp_path: Path) -> None:
    with pytest.raises(NetlistError, match=r"ltspice's \.lib knows no sections"):
        emit_corners(hp(ion_g=G), tmp_path, dialect="ltspice")
    assert ".endl fast" in emit_corners(hp(ion_g=G), tmp_path, dialect="hspice").read_text()
