"""One netlister, four dialects: each text runs in ngspice, in its compatibility mode where it is another's."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compactmodels import functions as f
from compactmodels import registry
from compactmodels.card import Entry, ModelCard, library, load_card
from compactmodels.dual import variables
from compactmodels.errors import NetlistError, PrinterError
from compactmodels.model import Branch, Model
from compactmodels.noise import device_density
from compactmodels.parameter import Parameter
from compactmodels.parts import Conduction, Switching
from compactmodels.statistics import Distribution, Statistics
from compactmodels.symbolic import symbol
from compactmodels.traced import STATE_CAPACITANCE
from netlists import subcircuit_writer
from netlists.dialects import DIALECTS, LTSPICE, Dialect
from netlists.dialects_spectre import emit_spectre, spectre_include
from netlists.ngspice import run
from netlists.printer import SpicePrinter
from netlists.subcircuit import emit, subcircuit
from netlists.subcircuit_writer import log1p_of_logarithm
from tests.core.battery import conduction_card
from tests.test_golden import card as golden

needs_ngspice = pytest.mark.needs_ngspice
KELVIN = 320.0
TIGHT = "reltol=1e-11 abstol=1e-20 vntol=1e-14 itl1=500 gmin=1e-30"
VOLTAGES = (-10.0, -0.7, -0.05, 0.0, 0.05, 3.0)
ALL = list(DIALECTS.values())
IDS = list(DIALECTS)


def example() -> ModelCard:
    """What the tunnel junction lacks: weights inside a resistance, a threshold's tail."""
    model = Model(
        (
            Branch(
                "a", registry.conduction("thermionic_emission"), "exponential_both", series=True
            ),
            Branch("b", registry.conduction("poole_frenkel"), "volatile"),
        ),
        registry.switching("volatile_gate"),
        registry.relaxation("exponential"),
    )
    return ModelCard("dut", model, {"a_r_s": Entry(3e3), "a_span": Entry(3.0)})


CARDS = {"otj": load_card("otj"), "golden": golden(), "example": example()}


def as_run(card: ModelCard, dialect: Dialect) -> str:
    """The card's text for ngspice, which has neither if() nor the temperature called temp.

    Its PSpice mode has both, and an exp() that is another function above 14.
    """
    text = subcircuit(card, "dut", dialect=dialect.name)
    if "if({0}" not in dialect.choice:
        return text
    text = text.replace("\n\n", "\n.param temp='temper'\n\n", 2).replace(
        ".param temp='temper'\n", "", 1
    )
    return f".func if(x, y, z) {{ x ? y : z }}\n{text}"


# ---------------------------------------------------------------------------- agreement


@needs_ngspice
@pytest.mark.parametrize("dialect", ALL, ids=IDS)
@pytest.mark.parametrize("name", CARDS)
def test_currents_slopes_and_rates_agree_with_the_model(name: str, dialect: Dialect) -> None:
    card = CARDS[name]
    w, s = 0.4, 0.3
    lines = [as_run(card, dialect)]
    rates = {
        n: [f"@{_source(dialect, n, k)}[i]" for k in range(len(VOLTAGES))]
        for n in card.model.states
    }
    for k, v in enumerate(VOLTAGES):
        # each source drives two devices: one held, one with its states forced
        lines.append(f"V{k} p{k} 0 dc {v!r} ac 1\nX{k} p{k} 0 dut w0={w} s0={s} hold=1")
        lines.append(f"Xf{k} p{k} 0 dut")
        lines += [f"V{n}{k} xf{k}.{n} 0 {x}" for n, x in zip("ws", (w, s)) if n in rates]
    saved = " ".join(name for names in rates.values() for name in names)
    lines.append(
        f".options temp={KELVIN - 273.15!r} {TIGHT}\n.save all {saved}\n.op\n.ac lin 1 1 1\n.end\n"
    )
    op, ac = run("dialects\n" + "\n".join(lines), timeout=120, mode=dialect.mode)

    (v,) = variables(np.array(VOLTAGES))
    expected = card.model.current(v, card.values, w=w, s=s, temperature=KELVIN)
    branches = [f"v{k}#branch" for k in range(len(VOLTAGES))]
    found = np.array([-op[b][0] for b in branches]) / 2
    assert found == pytest.approx(expected.value, rel=1e-9, abs=1e-18)
    slopes = np.array([-ac[b][0].real for b in branches]) / 2
    assert slopes == pytest.approx(expected.partials[0], rel=1e-8, abs=1e-18)
    moved = card.model.rates(np.array(VOLTAGES), w, s, card.values, temperature=KELVIN)
    for n, rate in zip(card.model.states, moved, strict=True):
        got = np.array([op[name][0] for name in rates[n]]) / STATE_CAPACITANCE
        floor = 1e-12 * np.max(np.abs(rate))
        assert got == pytest.approx(np.broadcast_to(rate, got.shape), rel=1e-9, abs=floor)


def _source(dialect: Dialect, state: str, k: int) -> str:
    """ngspice's name of the source that moves a state."""
    letter = "g" if dialect.name == "hspice" else "b"
    return f"{letter}.xf{k}.{letter}{state}"


@needs_ngspice
def test_m_and_scale_multiply_current_capacitance_and_nothing_of_the_states() -> None:
    card = CARDS["otj"]
    lines = [f"{subcircuit(card)}\nV1 a 0 dc 1 ac 1"]
    kinds = ("", "m=3", "scale=3", "m=0.5 scale=6")
    for k, line in enumerate(kinds):
        lines.append(f"Vs{k} a a{k} 0\nX{k} a{k} 0 otj w0=0.3 s0=0.2 hold=1 {line}")
    deck = "\n".join(["m", *lines, f".options {TIGHT}", ".op", ".ac lin 1 1e9 1e9", ".end"])
    op, ac = run(deck, timeout=60)
    one, *others = (op[f"vs{k}#branch"][0] for k in range(len(kinds)))
    assert others == pytest.approx([3 * one] * 3, rel=1e-9, abs=0.0)
    one, *others = (ac[f"vs{k}#branch"][0] for k in range(len(kinds)))
    assert one.imag == pytest.approx(2e9 * np.pi * card.values["cap"], rel=1e-9, abs=0.0)
    assert np.array(others) == pytest.approx(np.array([3 * one] * 3), rel=1e-9, abs=0.0)
    assert [op[f"x{k}.w"][0] for k in range(4)] == pytest.approx([0.3] * 4, abs=1e-12)


# --------------------------------------------------------------------------- all analyses


@needs_ngspice
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[] if n in {"hp", "otj"} else [pytest.mark.slow]) for n in library()],
)
def test_every_analysis_runs_without_uic(name: str) -> None:
    card = load_card(name)
    w, s = 0.35, 0.15
    head = f"all\n{subcircuit(card, 'dut')}\nV1 a 0 dc 0.2 ac 1 pwl(0 0 1u 0.2 10u 0.2)\nVs b 0 0\n"
    options = f".options temp={KELVIN - 273.15!r} reltol=1e-9 abstol=1e-18 vntol=1e-12\n"
    still = f"X1 a b dut w0={w} s0={s} hold=1\nH1 out 0 Vs 1\n{options}"
    asked = ".op\n.dc V1 -1 1 0.2\n.ac lin 1 1 1\n.noise v(out) V1 lin 1 1 1\n"
    op, dc, ac, noise = run(f"{head}{still}{asked}.end\n", timeout=120)
    moves = f"X1 a b dut w0={w} s0={s}\nX2 a 0 dut w0={w} s0={s} hold=1\n.options reltol=1e-4\n"
    (tran,) = run(f"{head}{moves}.tran 50n 10u\n.end\n", timeout=120)
    held: dict[str, Any] = {"w": w, "s": s, "temperature": KELVIN}
    volts = np.linspace(-1, 1, 11)
    expected = card.model.current(volts, card.values, **held)
    assert dc["vs#branch"] == pytest.approx(expected, rel=1e-9, abs=1e-16)
    (v,) = variables(np.array([0.2]))
    point = card.model.current(v, card.values, **held)
    assert op["vs#branch"] == pytest.approx(point.value, rel=1e-9, abs=0.0)
    assert ac["vs#branch"].real == pytest.approx(point.partials[0], rel=1e-7, abs=0.0)
    density = device_density(card.model, np.array([0.2]), card.values, **held)
    assert noise["onoise_spectrum"] ** 2 == pytest.approx(density, rel=1e-6, abs=0.0)
    for state, start in zip(card.model.states, (w, s)):
        assert tran[f"x1.{state}"][0] == pytest.approx(start, abs=1e-9)
        assert tran[f"x2.{state}"] == pytest.approx(start, abs=1e-9)
    assert tran["time"][-1] == pytest.approx(10e-6)


# ------------------------------------------------------------------------------- made up


def heated(v: Any, w: Any, s: Any, temperature: Any, power: Any, k: Any, p: Any) -> tuple[Any]:
    """A rate that saturates with the power."""
    warm = f.let("warm", power / (p + power))
    return (k * (1.0 - w) * warm * v - 0.1 * k * w,)


def powered() -> ModelCard:
    law = Switching(
        "heated",
        "a law for this test",
        heated,
        (Parameter("k", 1e3, "1/s", "rate"), Parameter("p", 1e-6, "1", "power of half the rate")),
        "none",
        "none",
        powered=True,
        junction=True,
    )
    branches = (
        Branch("a", registry.conduction("thermionic_emission"), "exponential", series=True),
        Branch("b", registry.conduction("ohmic"), "on"),
    )
    entries = {"a_r_s": Entry(3e3), "a_area": Entry(1e-8), "a_span": Entry(2.0), "b_g": Entry(1e-6)}
    return ModelCard("dut", Model(branches, law), entries)


@needs_ngspice
@pytest.mark.parametrize("shared", [False, True], ids=["written out", "in nodes"])
@pytest.mark.parametrize("dialect", ALL, ids=IDS)
def test_a_law_that_takes_the_power(
    dialect: Dialect, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rate depends on two voltages and on what every branch carries."""
    card, w = powered(), 0.4
    if shared:
        monkeypatch.setattr(subcircuit_writer, "SHARED_FROM", 0)
        monkeypatch.setattr(subcircuit_writer, "_LONG", 1)
    text = as_run(card, dialect)
    assert ("sw_power_l" in text) is shared
    lines = [text]
    for k, v in enumerate(VOLTAGES):
        lines.append(f"V{k} p{k} 0 {v!r}\nXf{k} p{k} 0 dut\nVw{k} xf{k}.w 0 {w}")
    names = [f"@{_source(dialect, 'w', k)}[i]" for k in range(len(VOLTAGES))]
    lines.append(f".options {TIGHT}\n.save all {' '.join(names)}\n.op\n.end\n")
    (op,) = run("powered\n" + "\n".join(lines), timeout=60, mode=dialect.mode)
    (rate,) = card.model.rates(np.array(VOLTAGES), w, 0.0, card.values)
    assert np.ptp(rate) > 100
    found = np.array([op[name][0] for name in names]) / STATE_CAPACITANCE
    assert found == pytest.approx(rate, rel=1e-8, abs=1e-9 * np.max(np.abs(rate)))


def test_a_rate_of_endless_text_is_cut_into_nodes() -> None:
    """Each value uses the one before twice: written out it would double ten times over."""

    def doubling(v: Any, w: Any, s: Any, temperature: Any, k: Any) -> tuple[Any]:
        x = f.let("x0", f.tanh(v) * k * f.smoothstep(w))
        for n in range(1, 11):
            x = f.let(f"x{n}", x * f.exp(-x))
        return (x,)

    law = Switching("doubling", "d", doubling, (Parameter("k", 1.0, "1/s", "k"),), "none", "none")
    model = Model((Branch("b", registry.conduction("ohmic"), "on"),), law)
    text = subcircuit(ModelCard("dut", model, {}))
    shared = re.findall(r"^B(sw_x\d+) 0 ", text, re.M)
    assert 0 < len(shared) < 10
    assert "sw_" not in "".join(re.findall(r"^B(\w+) ", subcircuit(CARDS["otj"]), re.M))


@needs_ngspice
def test_a_division_by_a_mass_is_exact() -> None:
    """ngspice adds 1e-32 to a divisor in a B expression: 1 % of an electron's mass."""

    def current(v: Any, temperature: Any, g: Any, mass: Any) -> Any:
        return v * f.sqrt(1e-30 * g / mass)

    given = (Parameter("g", 1.0, "S", "g"), Parameter("mass", 1.0, "m0", "mass"))
    model = Model((Branch("b", Conduction("odd", "odd", current, given, "none", "none")),))
    card = ModelCard("dut", model, {})
    (op,) = run(f"mass\n{subcircuit(card)}\nV1 a 0 1\nX1 a 0 dut\n.op\n.end\n", timeout=60)
    (expected,) = card.model.current(np.array([1.0]), card.values)
    assert -op["v1#branch"][0] == pytest.approx(expected, rel=1e-12, abs=0.0)


# ---------------------------------------------------------------------------- Monte Carlo

LAWS = {
    "normal": Distribution("normal", 1e-3, 1e-4),
    "lognormal": Distribution("lognormal", 1e-3, 0.5),
    "weibull": Distribution("weibull", 0.0, 1e-3, 2.5),
}


def scattered(law: Distribution) -> ModelCard:
    card = replace(conduction_card("ohmic", {"g": 1e-3}, False), name="dut")
    return replace(card, statistics=Statistics("devices", 20, {"b_g": law}))


def drawn(text: str) -> str:
    """The assignment that the header offers."""
    (line,) = re.findall(r"^\*   \+ (b_g=.*)$", text, re.M)
    return str(line)


@needs_ngspice
@pytest.mark.parametrize("name", LAWS)
def test_each_instance_draws_its_own(name: str) -> None:
    card, n = scattered(LAWS[name]), 300
    text = subcircuit(card, noise=False)
    devices = "\n".join(f"Vs{k} a a{k} 0\nX{k} a{k} 0 dut {drawn(text)}" for k in range(n))
    deck = f"monte carlo\n{text}\nV1 a 0 1\n{devices}\n.options seed=5\n.op\n.end\n"
    (op,) = run(deck, timeout=60)
    g = np.sort([op[f"vs{k}#branch"][0] for k in range(n)])
    assert np.unique(g).size == n
    below = np.array([LAWS[name].below(x) for x in g])
    distance = np.max(np.abs(below - (np.arange(n) + 0.5) / n))
    assert distance < 1.6 / np.sqrt(n)  # Kolmogorov and Smirnov's, at 1 %


def test_draws_are_written_as_each_dialect_has_them() -> None:
    def offered(dialect: str, law: str) -> str:
        return drawn(subcircuit(scattered(LAWS[law]), dialect=dialect))

    assert offered("ngspice", "normal") == "b_g={0.001 + agauss(0, 0.0001, 1)}"
    assert offered("ltspice", "lognormal") == "b_g={0.001*exp(gauss(0.5))}"
    assert offered("hspice", "weibull") == "b_g='0.001*exp(log(-log(aunif(0.5, 0.5)))/2.5)'"
    assert "correlations are not drawn" not in subcircuit(scattered(LAWS["normal"]))
    fitted = conduction_card("ohmic", {"g": 1e-3}, False)
    fitted = replace(fitted, entries={**fitted.entries, "b_g": Entry(1e-3, "fitted", "", 2e-5)})
    text = subcircuit(fitted)
    assert drawn(text) == "b_g={0.001 + agauss(0, 2e-05, 1)}"
    assert "standard errors of the fit" in text
    assert "Monte Carlo" not in subcircuit(CARDS["otj"])


# ------------------------------------------------------------------------------- the text


@pytest.mark.parametrize("dialect", ALL, ids=IDS)
def test_parameters_keep_every_digit(dialect: Dialect) -> None:
    card = load_card("otj")
    text = subcircuit(card, dialect=dialect.name)
    given = dict(re.findall(r"^\+ (\w+)=(\S+)$", text, re.M))
    assert {n: float(x) for n, x in given.items()} == {
        dialect.called(n): x for n, x in card.values.items()
    }


@pytest.mark.parametrize("dialect", ALL, ids=IDS)
def test_lines_are_short_and_folding_changes_nothing(dialect: Dialect) -> None:
    text = subcircuit(load_card("otj"), dialect=dialect.name)
    statements = text[text.index(".subckt") :]
    assert max(map(len, statements.splitlines())) < 150
    long = ".func f(x) { " + " + ".join(f"a{k}*(x - {k})" for k in range(60)) + " }"
    folded = dialect.folded(long)
    assert folded.count("\n") > 5
    assert folded.replace(dialect.continued, " ").replace("* ", "*") == long


def test_each_dialect_keeps_to_its_own_words() -> None:
    texts = {d: subcircuit(load_card("otj"), dialect=d) for d in DIALECTS}
    code = {d: re.sub(r"^\*.*$", "", t, flags=re.M) for d, t in texts.items()}
    for name in ("xyce", "ltspice", "hspice"):
        assert f"Never run in {DIALECTS[name].title}" in texts[name]
    assert "?" not in code["ltspice"] + code["xyce"]
    assert "if(" not in code["ngspice"] + code["hspice"]
    assert not re.search(r"\bgmin\b", code["xyce"])
    assert not re.search(r"\bln\(|\batanh\(|[{}]|^B", code["hspice"], re.M)
    # Star-Hspice cuts a literal in an expression to single precision
    quoted = " ".join(re.findall(r"'([^']*)'", code["hspice"]))
    literals = re.findall(r"(?<![\w.])(\d+\.?\d*(?:e[+-]?\d+)?)", quoted)
    assert literals
    assert all(len(re.sub(r"e.*|\.|^0+", "", x).strip("0")) <= 6 for x in literals)


def test_the_logarithm_of_a_dialect_without_atanh() -> None:
    x = np.logspace(-300, 2, 2000)
    x = np.concatenate([x, -x[x < 0.9], [0.0]])
    assert log1p_of_logarithm(x) == pytest.approx(np.log1p(x), rel=3e-13, abs=1e-320)
    with pytest.raises(PrinterError, match="HSPICE has no function 'atanh'"):
        SpicePrinter(dialect=DIALECTS["hspice"])(f.atanh(symbol("x")))


def test_spectre_includes_the_module() -> None:
    card = load_card("otj")
    text = spectre_include(card)
    assert 'ahdl_include "otj.va"' in text
    assert "Never run in Spectre" in text
    assert re.search(r"^subckt otj_cell \(p n\)\nparameters w0=0 s0=0 hold=0$", text, re.M)
    defaults = dict(re.findall(r"^\+ (\w+)=([\d.e+-]+)$", text, re.M))
    assert {n: float(x) for n, x in defaults.items()} == card.values
    handed = re.findall(r"^\+ (\w+)=(\w+)$", text, re.M)
    assert [a for a, b in handed if a == b] == list(card.values)
    assert re.search(r"^device \(p n\) otj w0=w0 s0=s0 hold=hold$", text, re.M)


def test_files_are_named_after_the_card(tmp_path: Path) -> None:
    assert emit(load_card("ohp-n1"), tmp_path, dialect="ltspice").name == "ohp_n1.cir"
    assert LTSPICE.ran in (tmp_path / "ohp_n1.cir").read_text()
    assert emit_spectre(load_card("ohp-n1"), tmp_path).name == "ohp_n1.scs"


# ------------------------------------------------------------------------------ bad input


def test_an_unknown_dialect_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(NetlistError, match=r"'ltspce'; did you mean 'ltspice'"):
        emit(load_card("hp"), tmp_path, dialect="ltspce")
    with pytest.raises(NetlistError, match="Spectre has no subcircuit"):
        emit(load_card("hp"), tmp_path, dialect="spectre")
    assert list(tmp_path.iterdir()) == []


def test_a_name_of_spice_is_refused() -> None:
    with pytest.raises(NetlistError, match="reserved word"):
        subcircuit(load_card("hp"), "subckt")
    assert ".subckt otj2 p n" in subcircuit(load_card("otj"), "OTJ2")


def test_two_things_of_one_name_are_refused() -> None:
    """A branch 'exp' whose equation names an intermediate value 'limited': SPICE has one exp_limited."""

    def current(v: Any, temperature: Any, g: Any) -> Any:
        return f.let("limited", g * f.exp_limited(v)) * v

    mechanism = Conduction(
        "odd", "odd", current, (Parameter("g", 1.0, "S", "conductance"),), "none", "none"
    )
    subcircuit(ModelCard("fine", Model((Branch("b", mechanism),)), {}))
    with pytest.raises(
        NetlistError, match="called 'exp_limited': give the branch 'exp' another name"
    ):
        subcircuit(ModelCard("odd", Model((Branch("exp", mechanism),)), {}))


def test_numbers_that_no_simulator_has_are_refused() -> None:
    wide = Parameter("g", 1.0, "S", "conductance")

    def squared(v: Any, temperature: Any, g: Any) -> Any:
        return f.let("square", 1.0 / (g * g)) * v

    model = Model((Branch("b", Conduction("odd", "odd", squared, (wide,), "none", "none")),))
    with pytest.raises(NetlistError, match=r"'b_g' = 1e\+301 is beyond"):
        subcircuit(ModelCard("dut", model, {"b_g": Entry(1e301)}))
    with pytest.raises(
        NetlistError, match="'b_square', which follows from the values, is no number"
    ):
        subcircuit(ModelCard("dut", model, {"b_g": Entry(1e-200)}))
    assert "b_square" in subcircuit(ModelCard("dut", model, {"b_g": Entry(1e-100)}))
