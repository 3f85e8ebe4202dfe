"""Bad data and bad options: one sentence with a code, exit status 1 or 2, nothing left behind."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest

from tests.cli.command import command, csv, refused, sweep

V = np.linspace(0.01, 0.3, 40)
CURRENT = 1e-6 * V
ZERO = ["0.0"] * V.size


def table(heading: str, first: object, second: object) -> bytes:
    pairs = zip(np.asarray(first).tolist(), np.asarray(second).tolist(), strict=True)
    return "".join([f"{heading}\n", *(f"{a},{b}\n" for a, b in pairs)]).encode()


def iv(first: object = V, second: object = CURRENT) -> bytes:
    return table("Voltage (V),Current (A)", first, second)


def decay(first: object = V, second: object = CURRENT) -> bytes:
    return table("Time (s),Current (A)", first, second)


ANY: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty_file"),
    "blanks": (b" \n\n\t\n", "empty_file"),
    "prose": (b"dear reader,\nthis is no data at all\n", "not_data"),
    "code": (b"__import__('os').system('touch pwned'),1\n" * 5, "not_data"),
    "template": (b"{{ 7 * 7 }},{% raw %}\n" * 5, "not_data"),
    "heading only": (b"Voltage (V),Current (A)\n", "not_data"),
    "random bytes": (random.Random(1).randbytes(5000), "binary_file"),
    "a NUL": (b"Voltage (V),Current (A)\n1,2\x00\n", "binary_file"),
    "a workbook": (b"PK\x03\x04" + b"x" * 100, "binary_file"),
    "two voltages": (b"V (V),Voltage (V),Current (A)\n1,1,1\n2,2,2\n3,3,3\n", "ambiguous_columns"),
    "no current": (b"Voltage (V),Resistance (ohm)\n1,2\n2,3\n3,4\n", "no_columns"),
    "wrong unit": (b"Voltage (kg),Current (A)\n1,2\n2,3\n3,4\n", "no_columns"),
}
BOTH: dict[str, tuple[object, object, str]] = {
    "all NaN": (V, ["nan"] * V.size, "not_finite"),
    "one NaN": (V, [*CURRENT[:-1], "NaN"], "not_finite"),
    "infinity": (V, [*CURRENT[:-1], "-inf"], "not_finite"),
    "beyond a double": (V, [*CURRENT[:-1], "1e999"], "not_finite"),
    "digits without end": (V, [*CURRENT[:-1], "9" * 5000], "not_finite"),
    "a text": (V, [*CURRENT[:-1], "abc"], "non_numeric"),
    "a missing cell": (V, [*CURRENT[:-1], ""], "non_numeric"),
    "one point": (V[:1], CURRENT[:1], "single_point"),
    "zero current": (V, ZERO, "zero_current"),
}
CASES = (
    [(kind, f, *ANY[kind]) for kind in ANY for f in ("iv", "decay")]
    + [(kind, "iv", iv(a, b), code) for kind, (a, b, code) in BOTH.items()]
    + [(kind, "decay", decay(a, b), code) for kind, (a, b, code) in BOTH.items()]
    + [("constant voltage", "iv", iv([0.1] * V.size), "constant_voltage")]
    + [("constant time", "decay", decay([0.1] * V.size), "constant_time")]
    + [("no time", "decay", iv(), "no_time")]
)


@pytest.mark.parametrize(
    ("kind", "what", "content", "code"), CASES, ids=[f"{w}-{k}" for k, w, *_ in CASES]
)
def test_bad_data(folder: Path, kind: str, what: str, content: bytes, code: str) -> None:
    (folder / "data.csv").write_bytes(content)
    sentence = refused(
        folder, "fit", what, "data.csv", "-o", "card.toml", "--plots", "plots", code=code
    )
    assert "data.csv" in sentence
    if code in ("not_finite", "non_numeric"):
        assert "line " in sentence


@pytest.mark.parametrize("kind", [k for k in ANY if ANY[k][1] != "no_columns"])
def test_bad_data_to_compare_with(folder: Path, kind: str) -> None:
    (folder / "data.csv").write_bytes(ANY[kind][0])
    sentence = refused(
        folder, "simulate", "otj", "--against", "data.csv", "-o", "out", code=ANY[kind][1]
    )
    assert "data.csv" in sentence


@pytest.mark.parametrize(
    ("currents", "code"),
    [(-CURRENT, "too_few_points"), (np.where(np.arange(40) % 2, 1e-6, 1e-3), "too_few_points")],
    ids=["against the voltage", "noise"],
)
def test_data_that_carry_no_fit(folder: Path, currents: object, code: str) -> None:
    (folder / "data.csv").write_bytes(iv(V, currents))
    refused(folder, "fit", "iv", "data.csv", "-o", "card.toml", status=1, code=code)


def test_numbers_at_the_edge_of_a_double_warn_nobody(folder: Path) -> None:
    (folder / "data.csv").write_bytes(iv(V * 1e300))
    refused(folder, "fit", "iv", "data.csv", status=2, code="not_data")


@pytest.mark.parametrize(
    "name", ["no.csv", "x" * 300 + ".csv", "a\nb.csv", "\udcff.csv", "", ".", "data.csv/x"]
)
def test_files_that_are_none(folder: Path, name: str) -> None:
    sweep(folder / "data.csv")
    (folder / "out").mkdir()
    refused(folder, "fit", "iv", name)
    refused(folder, "fit", "decay", name)
    refused(folder, "simulate", "otj", "--against", name, "-o", "out")
    refused(folder, "simulate", "otj", "--protocol", name, "-o", "out")
    for target in ("spice", "verilog-a"):
        refused(folder, "emit", name, "--to", target, "-o", "out")
    refused(folder, "simulate", name, "-o", "out")
    refused(folder, "crossbar", name, "-o", "out")
    if name:
        refused(folder, "models", name)


FIT_OPTIONS = [
    *itertools.product(["--temperature"], ["-5", "0", "nan", "inf", "1e9"]),
    *itertools.product(
        ["--area", "--thickness", "--mass", "--richardson"], ["0", "-1", "nan", "inf"]
    ),
    *itertools.product(["--max-rms"], ["nan", "-1", "junk"]),
    *itertools.product(["--branch"], ["0", "7", "x", "9" * 30]),
    *itertools.product(["--skip"], ["-1", "9999999", "x"]),
    *itertools.product(["--mechanism"], ["", "nope", "ohmic\n.control", "__class__"]),
    ("--polarity", "sideways"),
]
COLUMNS = ["junk", "", "voltage=99,current=1", "voltage=0,current=1", "voltage=--1,current=2"]
COLUMNS += [
    "voltage=\N{SUPERSCRIPT TWO},current=1",
    "voltage=1,current=2[kg]",
    "=,=,=",
    "voltage=1",
]
COLUMNS += [
    "voltage=1\n,current=.control",
    "voltage=" + "9" * 5000 + ",current=1",
    "evil=1,current=2",
]


@pytest.mark.parametrize(
    ("option", "value"), [*FIT_OPTIONS, *itertools.product(["--columns"], COLUMNS)]
)
def test_bad_options_of_a_fit(folder: Path, option: str, value: str) -> None:
    sweep(folder / "data.csv")
    mechanism = [] if option == "--mechanism" else ["--mechanism", "ohmic"]
    code = "no_branch" if value == "7" else None
    refused(
        folder, "fit", "iv", "data.csv", *mechanism, option, value, "-o", "card.toml", code=code
    )


@pytest.mark.parametrize(
    ("option", "value"), [("--law", "nope"), ("--columns", "junk"), ("--max-rms", "nan")]
)
def test_bad_options_of_a_decay(folder: Path, option: str, value: str) -> None:
    csv(folder / "data.csv", "Time (s),Current (A)", V, np.exp(-V / 0.1))
    refused(folder, "fit", "decay", "data.csv", option, value, "-o", "card.toml")


USAGE = [
    ["nope"],
    ["fit", "nope"],
    ["fit", "iv"],
    ["emit", "otj"],
    ["emit", "otj", "--to", "cobol"],
    ["emit", "otj", "--to", "spice", "--nope"],
    ["simulate"],
    ["simulate", "otj", "--w0", "2"],
    ["simulate", "otj", "--s0", "nan"],
    ["simulate", "otj", "--timeout", "0"],
    ["crossbar", "otj", "--rows", "x"],
    ["crossbar", "otj", "--rows", "0"],
    ["crossbar", "otj", "--cols", "99999"],
    ["crossbar", "otj", "--line-resistance", "-1"],
    ["crossbar", "otj", "--engine", "magic"],
    ["crossbar", "otj", "--seed", "-1"],
    ["demo", "--nope"],
    ["models", "otj", "surplus"],
]


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_wrong_usage_is_a_sentence_too(folder: Path, arguments: list[str]) -> None:
    sentence = refused(folder, *arguments, code="usage")
    assert "--help" in sentence


def test_options_after_a_double_dash_are_files(folder: Path) -> None:
    outcome = command("fit", "iv", "--", "--json", "--debug")
    assert (outcome.status, outcome.out.count("{")) == (1, 0)


SETTINGS = ["junk", "=1", "nope=1", "number=__import__('os')", "a\n.control=1", "tail=inf"]
SETTINGS += ["number=nan", "number=inf", "number=2.5", "number=1e9", "number=-1", "amplitude=nan"]
SETTINGS += ["width=0", "width=-1", "width=1e-300", "width=1e300", "gap=1e9", "edge=1e-30"]
DC = ["points=1", "points=nan", "points=1e9", "v_min=2", "v_max=nan", "v_max=-1e308"]


@pytest.mark.parametrize(
    ("protocol", "setting"),
    [
        *itertools.product(["pulses"], SETTINGS),
        *itertools.product(["dc"], DC),
        *itertools.product(["sweep"], ["rate=0", "rate=nan", "cycles=1e9", "v_max=-1e-300"]),
        *itertools.product(["pair"], ["interval=0", "interval=nan", "number=2"]),
        *itertools.product(["nope", "../x", ".control", ""], ["number=1"]),
    ],
)
def test_absurd_protocols(folder: Path, protocol: str, setting: str) -> None:
    refused(
        folder, "simulate", "otj", "--protocol", protocol, "--set", setting, "-o", folder / "out"
    )


def test_a_dc_sweep_too_fine_for_ngspice_to_end(folder: Path) -> None:
    fine = ["--protocol", "dc", "--set", "v_min=0", "--set", "v_max=1e-300"]
    assert "apart" in refused(folder, "simulate", "otj", *fine, "--timeout", "5")


PROTOCOL_FILES = {
    "no kind": "v_max = 1",
    "a number as kind": "kind = 7",
    "an unknown kind": 'kind = "nope"',
    "a text": 'kind = "dc"\nv_max = "1"',
    "NaN": 'kind = "dc"\nv_max = nan',
    "a truth": 'kind = "dc"\npoints = true',
    "a table": 'kind = "dc"\n[v_max]\nx = 1',
    "not TOML": "\x01\x02",
    "endless nesting": "a = " + "[" * 99999,
    "an endless number": 'kind = "dc"\npoints = ' + "9" * 5000,
    "beyond a double": 'kind = "dc"\nv_max = ' + "9" * 400,
    "a directive": 'kind = "dc"\nlabel = "\\n.control"',
}


@pytest.mark.parametrize("kind", PROTOCOL_FILES)
def test_protocol_files(folder: Path, kind: str) -> None:
    (folder / "p.toml").write_text(PROTOCOL_FILES[kind])
    refused(folder, "simulate", "otj", "--protocol", "p.toml", "-o", "out")


@pytest.mark.parametrize("kelvin", ["-5", "0", "nan", "inf"])
def test_temperatures_that_are_none(folder: Path, kelvin: str) -> None:
    refused(folder, "simulate", "otj", "--temperature", kelvin, "-o", "out")
    refused(folder, "crossbar", "otj", "--temperature", kelvin, "-o", "out")


@pytest.mark.parametrize(
    ("option", "value"),
    [*itertools.product(["--voltage", "--line-resistance"], ["nan", "inf", "junk"])],
)
def test_arrays_that_are_none(folder: Path, option: str, value: str) -> None:
    refused(folder, "crossbar", "otj", "--rows", 2, "--cols", 2, option, value, "-o", "out")


def test_debug_shows_the_traceback_and_keeps_status_and_json(folder: Path) -> None:
    outcome = command("models", "nope", "--debug", "--json")
    assert outcome.status == 2
    assert outcome.document["error"]["code"] == "unknown_part"
    assert outcome.err.startswith("Traceback")
    assert outcome.err.endswith("[unknown_part]\n")
