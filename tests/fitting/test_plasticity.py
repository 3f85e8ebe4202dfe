"""fit_plasticity: paired pulses, spike timing, dependences; conventions, units, refusals, coverage."""

from __future__ import annotations

import numpy as np
import pytest

from compactmodels.errors import CompactModelsError, DataFileError, FitRefused, InputError
from fitting import fit_plasticity
from fitting.plasticity_data import Series, option_of, read_series

DT = np.geomspace(1e-3, 1.0, 24)
PHASES = 0.8 * np.exp(-DT / 0.02) + 0.5 * np.exp(-DT / 0.3)
SPIKES = np.r_[-np.linspace(0.1, 0.004, 20), np.linspace(0.004, 0.1, 20)]
HEBB = np.where(SPIKES > 0, 0.9 * np.exp(-SPIKES / 0.02), -0.5 * np.exp(SPIKES / 0.03))
X = np.linspace(1.0, 100.0, 24)


def noise(size, n, seed=0):
    return size * np.random.default_rng(seed).standard_normal(n)


def codes(result):
    return {w.code for w in result.warnings}


def holds(result, **truth):
    """Each truth within the 99.9 % interval (1.7 times the half width of the 95 % one)."""
    for name, value in truth.items():
        low, high = result.parameters[name].interval
        middle, half = (low + high) / 2, (high - low) / 2
        assert abs(value - middle) < 1.8 * half, (name, value, low, high)


def test_two_phases_of_facilitation():
    r = fit_plasticity(Series(DT, PHASES + noise(0.01, 24), "s", "1", "change"), "ppf")
    assert r.selected == "paired_pulse" and r.weights["paired_pulse"] > 0.99
    holds(r, c1=0.8, t1=0.02, c2=0.5, t2=0.3)
    assert r.parameters["t1"].value < r.parameters["t2"].value
    assert r.parameters["t1"].unit == "s"


def test_one_phase_is_not_two():
    """BIC lets a second phase that is noise win in few of 12 records."""
    y = 0.8 * np.exp(-DT / 0.1)
    found = [
        fit_plasticity(Series(DT, y + noise(0.02, 24, k), "s", "1", "change"), "ppf").selected
        for k in range(12)
    ]
    assert found.count("paired_pulse_single") >= 11


@pytest.mark.parametrize(
    ("heading", "unit", "factor", "offset", "how"),
    [
        ("(A2-A1)/A1", "1", 1.0, 0.0, "heading"),
        ("PPF index A2/A1", "1", 1.0, 1.0, "heading"),
        ("response", "1", 1.0, 1.0, "data"),
        ("PPF", "%", 100.0, 0.0, "data"),
        ("PPF", "%", 100.0, 100.0, "data"),
    ],
)
def test_the_convention_is_found_and_said(heading, unit, factor, offset, how):
    y = factor * (PHASES + noise(0.005, 24)) + offset
    r = fit_plasticity(Series(DT, y, "s", unit, heading), "ppf")
    remark = next(w.message for w in r.warnings if w.code == "convention")
    assert ("A2/A1, " in remark or "A2/A1 in" in remark) is (offset > 0) and how in remark
    assert r.parameters["c1"].unit == unit
    holds(r, c1=0.8 * factor, t2=0.3)


def test_a_convention_that_nothing_settles_is_asked_for():
    """Over short intervals a curve that ends at 1.3 tends to 0 or to 1 as well."""
    y = 1.0 + 0.5 * np.exp(-DT[:8] / 0.3) + noise(0.01, 8)
    short = Series(DT[:8], y, "s", "1", "PPF")
    with pytest.raises(InputError, match="--convention") as error:
        fit_plasticity(short, "ppf")
    assert error.value.code == "ambiguous_convention"


def test_spike_timing_by_branch():
    r = fit_plasticity(Series(SPIKES, HEBB + noise(0.03, 40), "s"), "stdp")
    assert r.selected == "stdp_exponential"
    assert sum(r.weights.values()) == pytest.approx(1.0)
    holds(r, a_plus=0.9, tau_plus=0.02, a_minus=-0.5, tau_minus=0.03)
    assert r.parameters["w_plus"].how == "assumed"


def test_spike_timing_gaussian_has_no_factor_2():
    y = 0.2 + 0.9 * np.exp(-(SPIKES**2) / 0.02**2) + noise(0.03, 40)
    r = fit_plasticity(Series(SPIKES, y, "s"), "stdp")
    assert r.selected == "stdp_gaussian"
    holds(r, a=0.9, tau=0.02, w0=0.2)


def test_a_symmetric_window_is_not_two_branches():
    y = 0.9 * np.exp(-np.abs(SPIKES) / 0.02) + noise(0.03, 40)
    r = fit_plasticity(Series(SPIKES, y, "s"), "stdp")
    assert r.selected == "stdp_exponential_symmetric"


@pytest.mark.parametrize(
    ("law", "y", "truth"),
    [
        ("linear_dependence", 3.0 + 0.2 * X, {"y0": 3.0, "b": 0.2}),
        ("power_dependence", 3.0 * X**0.5, {"a": 3.0, "m": 0.5}),
        ("exponential_dependence", 2.0 * np.exp(X / 40), {"a": 2.0, "x0": 40.0}),
        (
            "saturating_dependence",
            1.0 + 20 * -np.expm1(-X / 20),
            {"y0": 1.0, "a": 20.0, "x0": 20.0},
        ),
    ],
)
@pytest.mark.parametrize(("kind", "unit"), [("srdp", "1/s"), ("sndp", "1")])
def test_dependences(law, y, truth, kind, unit):
    scale = 1e-9
    data = scale * (y + noise(0.01 * np.ptp(y), 24))
    r = fit_plasticity(Series(X, data, unit, "A"), kind)
    assert r.selected == law
    part = {"y0": scale, "a": scale, "b": scale}
    holds(r, **{name: value * part.get(name, 1.0) for name, value in truth.items()})
    if "b" in truth:
        assert r.parameters["b"].unit == {"1/s": "A s", "1": "A"}[unit]
    if "x0" in truth:
        assert r.parameters["x0"].unit == unit


def test_relative_noise_is_found():
    x = np.geomspace(1.0, 1000.0, 24)
    y = 3.0 * x**1.5 * np.exp(noise(0.05, 24))
    r = fit_plasticity(Series(x, y, "1", "A"), "sndp")
    assert r.statistics["noise"] == "relative" and r.selected == "power_dependence"
    holds(r, a=3.0, m=1.5)
    additive = fit_plasticity(Series(SPIKES, HEBB + noise(0.03, 40), "s"), "stdp", noise="additive")
    assert additive.statistics["noise"] == "additive"
    with pytest.raises(InputError, match="crosses zero"):
        fit_plasticity(Series(SPIKES, HEBB, "s"), "stdp", noise="relative")


def test_errors_of_the_points_weigh():
    y = 3.0 + 0.2 * X
    y[5] += 30.0
    error = np.full(24, 0.1)
    error[5] = 100.0
    r = fit_plasticity(Series(X, y + noise(0.1, 24), "1", "1", "", error), "sndp")
    holds(r, b=0.2)


def test_additive_noise_is_not_taken_for_relative():
    """Over a range of 4 the two are hard to tell apart; the wrong one covers in 3 cases of 4 only.

    Of 60 intervals of 95 %, 51 or more hold the truth but for one case in 500.
    """
    x = np.arange(1.0, 51.0, 3.0)
    found = [
        fit_plasticity(Series(x, x**0.35 + noise(0.02, 17, k)), "sndp", "power_dependence")
        for k in range(60)
    ]
    spans = [r.parameters["m"].interval for r in found]
    assert sum(low <= 0.35 <= high for low, high in spans) >= 51
    assert sum(r.statistics["noise"] == "relative" for r in found) <= 6


REFUSED = [
    ("ppf", Series(DT, noise(1.0, 24), "s", "1", "change"), "no_dependence"),
    ("ppf", Series(DT, -np.expm1(-DT / 0.1) + noise(0.01, 24), "s", "1", "change"), "rising"),
    ("ppf", Series(DT, np.ones(24), "s", "1", "change"), "no_dependence"),
    ("ppf", Series(DT - 0.1, PHASES, "s", "1", "change"), "bad_interval"),
    ("ppf", Series(DT[:3], PHASES[:3], "s", "1", "change"), "too_few_points"),
    ("stdp", Series(SPIKES, noise(1.0, 40), "s"), "no_dependence"),
    ("srdp", Series(X, noise(1.0, 24), "1/s"), "no_dependence"),
    ("srdp", Series(X[:3], X[:3], "1/s"), "too_few_points"),
]


@pytest.mark.parametrize(("kind", "series", "code"), REFUSED)
def test_refusals(kind, series, code):
    with pytest.raises(CompactModelsError) as error:
        fit_plasticity(series, kind)
    assert error.value.code == code
    assert error.value.message[-1] not in "." and len(error.value.message) > 30


def test_one_branch_is_no_window():
    right = SPIKES > 0
    half = Series(SPIKES[right], (HEBB + noise(0.03, 40))[right], "s")
    with pytest.raises(FitRefused, match="same sign") as error:
        fit_plasticity(half, "stdp", "stdp_exponential")
    assert error.value.code == "one_branch"
    r = fit_plasticity(half, "stdp")
    assert "one_branch" in codes(r) and r.selected == "stdp_exponential_symmetric"
    holds(r, a=0.9, tau=0.02)


def test_wrong_words():
    series = Series(X, X, "1")
    for call, code in (
        (lambda: fit_plasticity(series, "pdf"), "unknown_kind"),
        (lambda: fit_plasticity(series, "sndp", "cubic"), "unknown_part"),
        (lambda: fit_plasticity(series, "sndp", width=1.0), "usage"),
        (lambda: fit_plasticity(series, "ppf", convention="both"), "unknown_convention"),
        (lambda: option_of("z=1"), "bad_columns"),
    ):
        with pytest.raises(InputError) as error:
            call()
        assert error.value.code == code


def test_columns_by_heading_unit_and_option(tmp_path):
    path = tmp_path / "stdp.csv"
    path.write_text("no,dt (ms),dW (%),std\n1,-10,-40,2\n2,10,50,2\n3,20,30,2\n")
    with pytest.raises(DataFileError, match="--columns"):
        read_series(str(path), "ppf")  # 'no' reads as a number, 'dt' as an interval
    s = read_series(str(path), "stdp", "x=2,y=3,error=4")
    np.testing.assert_allclose(s.x, [-0.01, 0.01, 0.02])
    assert (s.x_unit, s.y_unit) == ("s", "%")
    np.testing.assert_allclose(s.error, 2.0)
    with pytest.raises(DataFileError, match="is in s"):
        read_series(str(path), "svdp", "x=2,y=3")
    bare = tmp_path / "bare.txt"
    bare.write_text("1 5.0\n2 6.0\n3 7.0\n4 8.0\n5 9.1\n")
    s = read_series(str(bare), "srdp", "x=1[kHz],y=2[nA]")
    np.testing.assert_allclose(s.x[0], 1000.0)
    np.testing.assert_allclose(s.y[0], 5e-9)


@pytest.mark.parametrize(
    ("head", "x", "y"),
    [
        ("T (C),R (ohm)", lambda t: t - 273.15, lambda r: r),
        ("T (K),R (kohm)", lambda t: t, lambda r: r / 1e3),
        ("1000/T (1/K),ln R", lambda t: 1e3 / t, np.log),
        ("1/T (K^-1),log10 R (ohm)", lambda t: 1 / t, np.log10),
    ],
)
def test_an_arrhenius_plot_as_it_is_drawn(tmp_path, head, x, y):
    """Celsius, 1000/T and logarithms give the same energy: ohp's 0.160 eV (Table 2, n = 1)."""
    t = np.arange(293.0, 354.0, 10.0)
    r = 1e4 * np.exp(0.160 / 8.617333262e-5 / t)
    path = tmp_path / "plot.csv"
    path.write_text(
        "\n".join([head, *(f"{a!r},{b!r}" for a, b in zip(x(t).tolist(), y(r).tolist()))])
    )
    found = fit_plasticity(path, "arrhenius").parameters
    assert found["ea"].value == pytest.approx(0.160, rel=1e-6)
    assert found["level"].value == pytest.approx(np.exp(np.mean(np.log(r))), rel=1e-6)


@pytest.mark.parametrize(
    ("kind", "head", "message"),
    [
        ("arrhenius", "T (F),R", "'F' is no known unit of the temperature"),
        ("arrhenius", "T (K),log R", "to which base"),
        ("ppf", "dt (fortnights),PPF", "'fortnights' is no known unit"),
    ],
)
def test_a_unit_that_is_not_known_is_not_taken_for_another(tmp_path, kind, head, message):
    path = tmp_path / "x.csv"
    path.write_text(head + "\n" + "\n".join(f"{k},{k}" for k in range(20, 30)))
    with pytest.raises(DataFileError, match=message) as error:
        read_series(path, kind)
    assert error.value.code == "wrong_unit"


def test_voltages_below_0_count_by_their_size():
    """ohp's amplitudes of -0.1 to -1.8 V: the exponential law is found, as for their magnitudes."""
    v = np.linspace(0.1, 1.8, 18)
    r = fit_plasticity(Series(-v, np.exp(v / 1.2) + noise(0.03, 18), "V"), "svdp")
    assert r.selected == "exponential_dependence" and "magnitudes" in codes(r)
    holds(r, a=1.0, x0=1.2)


def test_retention_and_arrhenius_have_fits_of_their_own(tmp_path):
    t = np.geomspace(1, 1000, 30)
    kept = tmp_path / "kept.csv"
    rows = "\n".join(f"{a},{5e-6 * a**-0.1 * (1 + e)}" for a, e in zip(t, noise(0.02, 30)))
    kept.write_text("time (s),G (S)\n" + rows + "\n")
    r = fit_plasticity(kept, "retention", "power")
    holds(r, m=0.1)
    warm = np.linspace(280.0, 360.0, 7)
    plot = tmp_path / "plot.csv"
    ohms = 1e3 * np.exp(0.3 / 8.617333e-5 / warm) * np.exp(noise(0.01, 7))
    rows = "\n".join(f"{a},{b}" for a, b in zip(warm, ohms))
    plot.write_text("T (K),R (ohm)\n" + rows + "\n")
    holds(fit_plasticity(plot, "arrhenius"), ea=0.3)


def coverage(make, kind, truth, repeats, **options):
    """Share of the intervals that hold the truth, by parameter."""
    hits = dict.fromkeys(truth, 0)
    stood = 0
    for k in range(repeats):
        try:
            r = fit_plasticity(make(k), kind, **options)
        except FitRefused:
            continue
        stood += 1
        for name, value in truth.items():
            low, high = r.parameters[name].interval
            hits[name] += low <= value <= high
    assert stood > 0.98 * repeats
    return {name: n / stood for name, n in hits.items()}


CASES = {
    "ppf": (
        lambda k: Series(DT, PHASES + noise(0.02, 24, k), "s", "1", "change"),
        "ppf",
        {"c1": 0.8, "t1": 0.02, "c2": 0.5, "t2": 0.3},
        "paired_pulse",
    ),
    "stdp": (
        lambda k: Series(SPIKES, HEBB + noise(0.03, 40, k), "s"),
        "stdp",
        {"a_plus": 0.9, "tau_plus": 0.02, "a_minus": -0.5, "tau_minus": 0.03},
        "stdp_exponential",
    ),
    "srdp": (
        lambda k: Series(X, 1 + 20 * -np.expm1(-X / 20) + noise(0.3, 24, k), "1/s"),
        "srdp",
        {"y0": 1.0, "a": 20.0, "x0": 20.0},
        "saturating_dependence",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_intervals_cover(name):
    """300 repeats: a share of 0.95 lies above 0.912 but for one case in 1000.

    The level of the third case, three standard errors from 0, is where a law with and one without it
    are hard to tell apart: the intervals then hold both, and may be conservative.
    """
    make, kind, truth, law = CASES[name]
    found = coverage(make, kind, truth, 300, law=law, noise="additive")
    assert all(share >= 0.912 for share in found.values()), found
    assert name == "srdp" or all(share <= 0.985 for share in found.values()), found
