"""Statistics over devices and cycles: against scipy, against known populations, and back off the card."""

from __future__ import annotations

import tomllib
import warnings

import numpy as np
import pytest
from scipy import stats

from compactmodels import load_card
from compactmodels.card import parse_card
from compactmodels.data import Trace
from compactmodels.errors import CardError, FitRefused, InputError
from compactmodels.statistics import Distribution, Statistics, sample
from fitting import batch_statistics, fit_iv_many, scatter_of
from fitting.scatter import choose_law
from fitting.sequence import components, correlation_table, sequence
from tests.conftest import shared_data_folder

N = 200


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# --------------------------------------------------------------------------------- distributions


def test_the_likelihoods_are_scipys():
    x = rng().lognormal(1.0, 0.4, 60)
    laws = {n: choose_law(x, only=n) for n in ("normal", "lognormal", "weibull")}
    c, _, scale = stats.weibull_min.fit(x, floc=0)
    assert laws["weibull"].shape == pytest.approx(c, rel=1e-3)
    assert laws["weibull"].scale == pytest.approx(scale, rel=1e-3)
    likely = {
        "normal": stats.norm.logpdf(x, x.mean(), x.std()).sum(),
        "lognormal": stats.lognorm.logpdf(x, np.log(x).std(), 0, np.exp(np.log(x).mean())).sum(),
        "weibull": stats.weibull_min.logpdf(
            x, laws["weibull"].shape, 0, laws["weibull"].scale
        ).sum(),
    }
    expected = {n: np.exp(v - max(likely.values())) for n, v in likely.items()}
    total = sum(expected.values())
    for name, w in laws["normal"].weights.items():
        assert w == pytest.approx(expected[name] / total, rel=1e-6), name


@pytest.mark.parametrize("name", ["normal", "lognormal", "weibull"])
def test_a_distribution_is_recognised(name):
    draws = {
        "normal": lambda g: g.normal(5.0, 1.5, N),
        "lognormal": lambda g: g.lognormal(0.0, 0.8, N),
        "weibull": lambda g: 2.0 * g.weibull(1.5, N),
    }
    laws = [choose_law(draws[name](rng(k))) for k in range(50)]
    right = sum(law.name == name for law in laws)
    # a normal of 30 % and a Weibull distribution of modulus 3.6 are nearly the same
    assert right >= (25 if name == "normal" else 45), right
    assert sum(law.weights[name] > 0.05 for law in laws) >= 48


def test_few_values_choose_nothing():
    law = choose_law(np.array([1.0, 1.1, 0.9, 1.05]))
    assert law.few and law.name == "normal"
    assert choose_law(np.array([1.0, 30.0, 3.0])).name == "lognormal"
    found = scatter_of({"n": [1.0, 1.1, 0.9, 1.05]}, of="devices", devices=list("abcd"))
    assert "few_values" in {w.code for w in found.warnings}
    assert found.parameters["n"].along is None
    with pytest.raises(FitRefused, match="3 values") as caught:
        scatter_of({"n": [1.0, np.nan, 2.0]})
    assert caught.value.code == "too_few_fits"


@pytest.mark.parametrize("n", [6, 15, 60])
def test_bootstrap_intervals_cover(n):
    hits, repeats = np.zeros(3), 200 if n < 30 else 80
    for k in range(repeats):
        x = rng(k).normal(3.0, 1.0, n)
        labels = [str(j) for j in range(n)]
        found = scatter_of({"x": x}, devices=labels, seed=k).parameters["x"].numbers
        for j, (name, true) in enumerate((("mean", 3.0), ("sd", 1.0), ("median", 3.0))):
            hits[j] += found[name][1] <= true <= found[name][2]
    assert np.all(hits / repeats >= 0.90), hits / repeats


# ------------------------------------------------------------------------------------- sequences


def test_drift_and_its_test_are_scipys():
    x = 3.0 + 0.02 * np.arange(50) + rng().normal(0, 0.3, 50)
    found = sequence(x, np.array(["a"] * 50))
    slope, _, low, high = stats.theilslopes(x, np.arange(50))
    assert found.drift[0] == pytest.approx(slope)
    assert found.drift[1:] == pytest.approx((low, high), rel=0.03)  # ranks against quantiles
    tau = stats.kendalltau(np.arange(50), x, method="asymptotic")
    assert found.p_drift == pytest.approx(tau.pvalue, rel=0.15)  # ours corrects for continuity


def test_drift_is_pooled_within_devices_and_not_between_them():
    # devices of rising level, measured one after the other, without any drift of their own
    x = np.concatenate([rng(k).normal(k, 0.1, 20) for k in range(8)])
    who = np.repeat([str(k) for k in range(8)], 20)
    assert not sequence(x, who).drifts
    assert sequence(x, np.array(["one"] * x.size)).drifts
    moved = x + np.tile(0.02 * np.arange(20), 8)
    found = sequence(moved, who)
    assert found.drifts and found.drift[1] <= 0.02 <= found.drift[2]


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_autocorrelation_is_found_without_bias_and_does_not_feign_a_drift(rho):
    values, covered, drifts = [], 0, 0
    repeats, n = 100, 80
    for k in range(repeats):
        g = rng(k)
        x = np.empty(n)
        x[0] = g.normal()
        for t in range(1, n):
            x[t] = rho * x[t - 1] + np.sqrt(1 - rho**2) * g.normal()
        found = sequence(x, np.array(["a"] * n))
        values.append(found.autocorrelation[0])
        covered += found.autocorrelation[1] <= rho <= found.autocorrelation[2]
        drifts += found.drifts
    assert np.mean(values) == pytest.approx(rho, abs=0.06)
    assert covered >= 85
    assert drifts <= 6  # at 1 %, after the correction


def test_components_of_the_variance():
    shares, covered = [], 0
    for k in range(60):
        g = rng(k)
        who = np.concatenate([[str(d)] * int(g.integers(3, 12)) for d in range(25)])  # ragged
        level = dict(zip(np.unique(who), g.normal(0, 2.0, 25)))
        x = np.array([level[w] for w in who]) + g.normal(0, 1.0, who.size)
        share, low, high = components(x, who)
        shares.append(share)
        covered += low <= 0.8 <= high
    assert np.mean(shares) == pytest.approx(0.8, abs=0.04)
    assert covered >= 52
    assert components(np.arange(4.0), np.array(list("abcd"))) is None
    assert components(np.arange(4.0), np.array(list("aaaa"))) is None


def test_correlations_are_scipys_and_chance_is_not_believed():
    g = rng()
    z = g.multivariate_normal([0, 0, 0], [[1, 0.7, 0], [0.7, 1, 0], [0, 0, 1]], 80)
    columns = {"a": z[:, 0], "b": np.exp(z[:, 1]), "c": z[:, 2]}
    columns["c"][3] = np.nan
    labels = [str(k) for k in range(80)]
    found = scatter_of(columns, devices=labels)
    rows = {(r["a"], r["b"]): r for r in found.correlations}
    rank, p = stats.spearmanr(columns["a"], columns["b"])
    assert rows["a", "b"]["spearman"] == pytest.approx(rank)
    assert rows["a", "b"]["p"] == pytest.approx(3 * p, rel=1e-6)  # Holm: the smallest of three
    assert rows["a", "b"]["significant"] and rows["a", "c"]["n"] == 79
    assert found.scores[0, 1] == pytest.approx(0.7, abs=0.12)
    wrong = 0
    for k in range(100):
        pairs, _ = correlation_table(dict(zip("abcde", rng(k).normal(size=(5, 30)))), {})
        wrong += any(r["significant"] for r in pairs)
    assert wrong <= 12, wrong  # 5 % over all ten pairs together


def test_two_persistent_sequences_are_not_said_to_correlate():
    wrong = 0
    for k in range(60):
        g = rng(k)
        walks = np.zeros((2, 60))
        for t in range(1, 60):
            walks[:, t] = 0.9 * walks[:, t - 1] + g.normal(size=2)
        found = scatter_of({"a": walks[0], "b": walks[1]}, of="cycles")
        wrong += any(r["significant"] for r in found.correlations)
    assert wrong <= 12, wrong  # near half of them without the correction


# ------------------------------------------------------------------------------------- the card


def population(seed: int = 0) -> Statistics:
    return Statistics(
        "cycles and devices",
        400,
        {
            "dt_phi1": Distribution("normal", 0.41, 0.01, count=400, device_share=0.6),
            "dt_thickness": Distribution(
                "lognormal", 2.8e-9, 0.05, count=400, autocorrelation=0.5, drift=1e-3
            ),
            "dt_area": Distribution("weibull", 0.0, 3e-10, 4.0, 400),
        },
        {"dt_phi1, dt_thickness": 0.5, "dt_phi1, dt_area": -0.3},
        devices=20,
        note="made for a test",
    )


def card_with(statistics: Statistics | None):
    from dataclasses import replace

    return replace(load_card("otj"), statistics=statistics)


def otj_names() -> list[str]:
    return list(load_card("otj").values)


def test_statistics_go_through_the_file_exactly():
    card = card_with(population())
    again = parse_card(card.to_toml(), "card")
    assert again.statistics == card.statistics
    assert again.to_toml() == card.to_toml()
    assert parse_card(load_card("otj").to_toml(), "card").statistics is None


BAD = {
    "unknown parameter": ('"dt_phi1, dt_thickness" = 0.5', "", "dt_phi9"),
    "distribution": ('"normal"', '"gauss"', "'gauss' is none of"),
    "scale": ("scale = 0.01", "scale = 0.0", "scale of 0"),
    "share": ("device_share = 0.6", "device_share = 1.6", "device share of 1.6"),
    "correlation": ('dt_area" = -0.3', 'dt_area" = -1.3', "from -1 to 1"),
    "nan": ("scale = 0.01", "scale = nan", "finite"),
    "contradiction": ('dt_area" = -0.3', 'dt_area" = -0.99', "contradict"),
    "key": ("devices = 20", "devices = 20\nshell = 1", "shell"),
    "subject": ('"cycles and devices"', '"moons"', "'moons' is none of"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_statistics_are_one_sentence(case):
    old, new, sentence = BAD[case]
    text = card_with(population()).to_toml()
    if case == "unknown parameter":
        old, new = "[statistics.parameters.dt_phi1]", "[statistics.parameters.dt_phi9]"
        text = text.split("[statistics.correlations]")[0]
        sentence = "statistics of an unknown parameter 'dt_phi9'"
    if case == "contradiction":
        text = text.replace('dt_thickness" = 0.5', 'dt_thickness" = 0.95')
    assert old in text
    with pytest.raises(CardError, match=sentence) as caught:
        parse_card(text.replace(old, new, 1), "card 'x.toml'")
    assert "\n" not in str(caught.value)


def test_samples_have_the_statistics():
    found = sample(card_with(population()), 20000, rng(5))
    assert found["dt_phi1"].shape == (20000,)
    assert np.mean(found["dt_phi1"]) == pytest.approx(0.41, abs=3e-4)
    assert np.std(found["dt_phi1"]) == pytest.approx(0.01, rel=0.02)
    assert np.median(found["dt_thickness"]) == pytest.approx(2.8e-9, rel=2e-3)
    assert np.std(np.log(found["dt_thickness"])) == pytest.approx(0.05, rel=0.02)
    area = stats.weibull_min(4.0, scale=3e-10)
    assert stats.kstest(found["dt_area"], area.cdf).pvalue > 1e-3
    scores = np.array([stats.norm.ppf(stats.rankdata(v) / (v.size + 1)) for v in found.values()])
    matrix = np.corrcoef(scores)
    assert matrix[0, 1] == pytest.approx(0.5, abs=0.02)
    assert matrix[0, 2] == pytest.approx(-0.3, abs=0.02)
    assert matrix[1, 2] == pytest.approx(0.0, abs=0.02)


def test_samples_of_cycles_keep_devices_persistence_and_drift():
    found = sample(card_with(population()), 1500, rng(6), cycles=40)
    assert found["dt_phi1"].shape == (1500, 40)
    phi = found["dt_phi1"]
    assert np.var(phi.mean(axis=1)) / np.var(phi) == pytest.approx(0.6 + 0.4 / 40, abs=0.03)
    d = np.log(found["dt_thickness"])
    assert np.polyfit(np.arange(40), d.mean(axis=0), 1)[0] == pytest.approx(1e-3, rel=0.1)
    assert np.allclose(d.std(axis=0), 0.05, rtol=0.1)  # at every cycle, the first as the last
    flat = (d - d.mean(axis=0)) / d.std(axis=0)
    assert np.mean(flat[:, 1:] * flat[:, :-1]) == pytest.approx(0.5, abs=0.02)
    both = [np.corrcoef(found["dt_phi1"][:, t], found["dt_thickness"][:, t])[0, 1] for t in (0, 39)]
    # phi keeps 60 % in the device, the thickness none of it: what they share is in the cycles
    assert all(abs(r) < 0.5 for r in both)


def test_the_same_seed_gives_the_same_and_a_card_without_says_so():
    card = card_with(population())
    a, b = (sample(card, 5, rng(1)) for _ in range(2))
    assert all(np.array_equal(a[n], b[n]) for n in a)
    with pytest.raises(InputError, match="no statistics") as caught:
        sample(load_card("otj"), 5, rng())
    assert caught.value.code == "no_statistics"


def test_samples_stay_inside_the_bounds_or_are_refused():
    bounds = load_card("otj").parameter("dt_phi1")
    near = Distribution("normal", bounds.lower + 0.03, 0.02)
    card = card_with(Statistics("devices", 9, {"dt_phi1": near}))
    drawn = sample(card, 5000, rng())["dt_phi1"]
    assert drawn.min() >= bounds.lower
    assert np.count_nonzero(drawn == bounds.lower) == 0  # drawn again, not clipped
    wide = Distribution("normal", bounds.lower, 0.02)
    with pytest.raises(InputError, match=r"50 % of dt_phi1") as caught:
        sample(card_with(Statistics("devices", 9, {"dt_phi1": wide})), 1, rng())
    assert caught.value.code == "out_of_bounds"


# ------------------------------------------------------------------------------------- batches


def batch(count: int = 12, drift: float = 0.0):
    v = np.linspace(0.05, 1.0, 40)
    g = rng(9)
    out = []
    for k in range(count):
        level = 1e-6 * np.exp(0.2 * g.standard_normal() + drift * k)
        i = level * v * (1 + 0.01 * g.standard_normal(v.size))
        out.append(Trace(None, v, i, 300.0, {"file": f"dev{k % 3}_{k:02d}.csv"}))
    return fit_iv_many(out, "ohmic")


def test_a_batch_becomes_one_card():
    found = batch_statistics(batch(), device=r"dev(\d)")
    assert found.of == "cycles and devices" and len(set(found.devices)) == 3
    card = found.card("population")
    text = card.to_toml()
    again = parse_card(text, "card")
    assert again.statistics == card.statistics
    law = again.statistics.parameters["ohm_g"]
    assert law.distribution in ("normal", "lognormal", "weibull") and law.count == 12
    assert card.values["ohm_g"] == pytest.approx(found.parameters["g"].numbers["median"][0])
    assert tomllib.loads(text)["provenance"]["batch"]["fits"] == 12
    assert sample(again, 3, rng())["ohm_g"].shape == (3,)


def test_what_the_files_are_is_not_guessed():
    found = batch_statistics(batch(drift=0.1))
    assert found.of == "traces"
    assert "subject_unknown" in {w.code for w in found.warnings}
    assert found.card().statistics.parameters["ohm_g"].drift is None
    named = batch_statistics(batch(drift=0.1), device="dev")
    assert named.of == "cycles"
    law = named.card().statistics.parameters["ohm_g"]
    assert law.drift == pytest.approx(0.1, abs=0.04) or law.distribution != "lognormal"
    with pytest.raises(InputError, match="not found in the name"):
        batch_statistics(batch(), device="chip")
    with pytest.raises(InputError, match="no regular expression"):
        batch_statistics(batch(), device="(")


def test_refused_fits_are_counted_and_too_few_are_refused():
    results = batch(6)
    bad = fit_iv_many(["absent.csv"], "ohmic")
    found = batch_statistics([*results, *bad], device="dev")
    assert len(found.refused) == 1 and len(found.fits) == 6
    with pytest.raises(FitRefused, match="2 of 3 fits stand"):
        batch_statistics([*results[:2], *bad])


def test_several_mechanisms_are_no_population():
    v = np.linspace(0.05, 1.0, 40)
    other = fit_iv_many([Trace(None, v, 1e-6 * np.sinh(v / 0.2), 300.0)], "sinh")
    with pytest.raises(InputError, match="several mechanisms"):
        batch_statistics([*batch(6), *other])


def test_scatter_that_is_the_fits_own_error_is_said():
    x = rng().normal(1.0, 0.1, 30)
    labels = [str(k) for k in range(30)]
    found = scatter_of({"n": x}, devices=labels, errors={"n": np.full(30, 0.1)})
    assert "scatter_is_error" in {w.code for w in found.warnings}
    quiet = scatter_of({"n": x}, devices=labels, errors={"n": np.full(30, 0.01)})
    assert "scatter_is_error" not in {w.code for w in quiet.warnings}


@pytest.mark.needs_shared_data
def test_cells_and_cycles_of_a_measured_array():
    """100 HfOx cells, some 300 cycles each: their resistances, high and low."""
    path = shared_data_folder() / "rram_radar" / "cycling-5-1-20.csv"
    rows = [np.array(line.split(), dtype=float) for line in path.read_text().splitlines()]
    cells = [np.log(r[1 : 1 + 2 * ((r.size - 1) // 2)].reshape(-1, 2)[:40]) for r in rows]
    who = np.concatenate([[str(k)] * len(c) for k, c in enumerate(cells)])
    high, low = np.concatenate(cells).T
    found = scatter_of({"high": high, "low": low}, devices=list(who))
    assert found.of == "cycles and devices"
    # scipy's one-way analysis of variance on the same cells
    for name, column in (("high", high), ("low", low)):
        groups = [column[who == w] for w in np.unique(who)]
        assert len({g.size for g in groups}) == 1
        f = stats.f_oneway(*groups).statistic
        share = (f - 1) / (f - 1 + groups[0].size)
        p = found.parameters[name]
        if p.law.name != "lognormal":  # the share is on the scale on which the values scatter
            assert p.device_share[0] == pytest.approx(share, rel=1e-6)
        assert 0 < p.device_share[1] < p.device_share[0] < p.device_share[2] < 1


def test_nothing_here_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scatter_of({"same": [1.0] * 8, "other": np.arange(8.0)}, of="cycles")
