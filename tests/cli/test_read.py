"""``compactmodels read``, and what ``fit`` says that it inferred."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.cli.command import answer, done, refused
from tests.fitting.samples import FORMATS, KTEI, SHUNT, I, V, run, xlsx

SCOPE = FORMATS / "scope_keysight" / "two_channels.csv"


def test_read_shows_format_rows_and_what_was_inferred(folder: Path) -> None:
    text = done("read", FORMATS / "easyexpert" / "application_test.csv", "--rows", 2).out
    assert "trace 2 of 2: EasyEXPERT CSV, 18 points" in text
    assert "250 mV" in text
    assert "repeats its last step" in text
    assert "device W3-D12" in text
    assert "compliance 5e-05" in text


def test_read_as_json(folder: Path) -> None:
    document = answer("read", SCOPE, "--columns", "time=1,applied=2,shunt=3", "--shunt", SHUNT)
    (trace,) = document["traces"]
    assert trace["format"] == "Keysight oscilloscope CSV"
    assert trace["points"] == V.size
    assert trace["units"] == {"time": "s", "voltage": "V", "current": "A"}
    np.testing.assert_allclose(trace["rows"]["current"], I[:5], atol=1e-12)
    np.testing.assert_allclose(trace["span"]["voltage"], [-1, 1], atol=1e-8)
    assert any("shunt of 10000 ohm" in sentence for sentence in trace["inferred"])


def test_read_says_what_a_fit_would_infer(folder: Path) -> None:
    text = done("read", FORMATS / "easyexpert" / "double_sweep.csv").out
    assert "the sweep turns and has 3 branches; turning points recorded twice: 1" in text
    assert "forward is V" in text
    assert "the compliance is 5e-05 A, as the file says" in text
    v = np.linspace(-1, 1, 21)
    rows = [f"{x:.6g},{min(1e-6 * x**3, 3e-7) + 1e-12:.9g}" for x in v]
    Path("limited.csv").write_text("V (V),I (A)\n" + "\n".join(rows) + "\n")
    (trace,) = answer("read", "limited.csv")["traces"]
    inferred = " | ".join(trace["inferred"])
    assert "an offset of 1e-12 A stands at 0 V" in inferred
    assert "where the current stands" not in inferred  # the largest current is no plateau
    limited = [f"{x:.6g},{min(1e-6 * x, 3e-7):.9g}" for x in v[11:]]
    Path("limited.csv").write_text("V (V),I (A)\n" + "\n".join(limited) + "\n")
    (trace,) = answer("read", "limited.csv")["traces"]
    assert "the compliance is 3e-07 A, where the current stands" in trace["inferred"]


def test_read_says_that_the_current_runs_against_the_voltage(folder: Path) -> None:
    lines = [f"{x:.6g},{-1e-6 * x:.9g}" for x in V]
    Path("reversed.csv").write_text("V (V),I (A)\n" + "\n".join(lines) + "\n")
    text = done("read", "reversed.csv").out
    assert "the current runs against the voltage at 15 of 18 points" in text
    assert "offset" not in text
    text = done("read", "reversed.csv", "--columns", "voltage=1,current=-2").out
    assert "against" not in text
    assert "the sign of 'I (A)' was reversed, as was asked" in text


def test_read_a_sheet(folder: Path) -> None:
    book = xlsx(folder / "w.xlsx", {"Data": run(), "Append1": run(2), "Settings": KTEI})
    assert len(answer("read", book)["traces"]) == 2
    (one,) = answer("read", book, "--sheet", "Append1")["traces"]
    np.testing.assert_allclose(one["rows"]["current"], 2 * I[:5])
    refused(folder, "read", book, "--sheet", "Run7", code="no_sheet")


def test_read_refuses_in_one_sentence(folder: Path) -> None:
    sentence = refused(folder, "read", SCOPE, code="ambiguous_columns")
    assert "--shunt OHM" in sentence
    refused(folder, "read", SCOPE, "--shunt", -5, code="bad_shunt")
    refused(folder, "read", "absent.csv", code="no_file")


def test_fit_says_what_it_inferred(folder: Path) -> None:
    v = np.linspace(0.02, 0.5, 49)
    lines = ["x-axis,1,2", "second,Volt,Volt"]
    lines += [
        f"{0.1 * k},{x + 1e-6 * SHUNT * x:.9g},{1e-6 * SHUNT * x:.9g}" for k, x in enumerate(v)
    ]
    Path("scope.csv").write_text("\n".join(lines) + "\n")
    options = ("--columns", "time=1,applied=2,shunt=3", "--shunt", SHUNT, "--mechanism", "ohmic")
    document = answer("fit", "iv", "scope.csv", *options)
    np.testing.assert_allclose(document["parameters"]["g"]["value"], 1e-6, rtol=1e-4)
    said = " | ".join(document["inferred"])
    assert "read as Keysight oscilloscope CSV" in said
    assert "shunt of 10000 ohm" in said
    assert "forward is V > 0, the only side measured" in said
    text = done("fit", "iv", "scope.csv", *options).out
    for sentence in document["inferred"]:
        assert f"inferred: {sentence}" in text


def test_fit_decay_takes_a_shunt_and_an_interval(folder: Path) -> None:
    t = 0.1 * np.arange(60)
    Path("values.csv").write_text("\n".join(f"{x:.9g}" for x in 5 * np.exp(-t / 1.5)) + "\n")
    options = ("--columns", "shunt=1", "--shunt", 1e3, "--interval", 0.1, "--law", "exponential")
    document = answer("fit", "decay", "values.csv", *options)
    np.testing.assert_allclose(document["parameters"]["tau"]["value"], 1.5, rtol=1e-3)
    assert any("every 0.1 s" in sentence for sentence in document["inferred"])


def test_fit_decay_fits_every_record_of_a_file(folder: Path) -> None:
    t = np.linspace(0.1, 6, 60)
    blocks = [
        "Time (s),Current (A)\n" + "".join(f"{x:.6g},{1e-6 * np.exp(-x / tau):.9g}\n" for x in t)
        for tau in (1.5, 3.0)
    ]
    Path("two.csv").write_text("".join(blocks))
    fits = answer("fit", "decay", "two.csv", "--law", "exponential")["fits"]
    assert [fit["sweep"] for fit in fits] == [1, 2]
    np.testing.assert_allclose(
        [f["parameters"]["tau"]["value"] for f in fits], [1.5, 3.0], rtol=1e-3
    )
