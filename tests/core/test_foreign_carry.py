"""Published parameter sets as cards, what mends their laws, and that fits leave them alone."""

from __future__ import annotations

import tomllib
from importlib import resources

import numpy as np
import pytest

from compactmodels import registry
from compactmodels.card import load_card
from compactmodels.errors import CardError, ParameterError
from compactmodels.foreign import MODELS, carry_over
from compactmodels.model import Branch, Model
from compactmodels.windows import closing, half_of, lifted, returning, rounded
from fitting.sweep import Options, mechanisms_of
from tests.core.foreign_originals import PUBLISHED, SET


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
    assert (
        rounded(0.0, 500.0) == 0.0 and rounded(0.5, 500.0) == 1.0 and rounded(-1e-3, 500.0) == -1.0
    )
    assert returning(np.array([0.0, 0.5, 1.0]), 1.0, 1.0) == pytest.approx(0.0, abs=0.0)
    assert returning(1.01, 1.0, 0.0) < 0.0 == returning(1.01, 0.0, 1.0)
    assert returning(-0.01, 0.0, 1.0) > 0.0 == returning(-0.01, 1.0, 0.0)
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
