"""Many traces through the command line: together, as a batch, as a population."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from compactmodels.card import parse_card
from compactmodels.statistics import sample
from fitting.joint_setup import separately
from tests.cli.command import command, refused
from tests.conftest import REPOSITORY
from tests.fitting import oracle

KELVIN = (260, 280, 300, 320, 340)
V = np.linspace(0.02, 0.6, 40)


def write(path: Path, v: np.ndarray, i: np.ndarray) -> str:
    rows = "".join(f"{a:.8g},{b:.8g}\n" for a, b in zip(v, i))
    path.write_text("Voltage (V),Current (A)\n" + rows)
    return path.name


def diodes(folder: Path) -> list[str]:
    rng = np.random.default_rng(0)
    out = []
    for t in KELVIN:
        i = oracle.thermionic_emission(V, 0.55, 1.2, 1e-10, t, 200.0)
        out.append(write(folder / f"at_{t}.csv", V, i * (1 + 0.02 * rng.standard_normal(V.size))))
    return out


def resistors(folder: Path, count: int) -> list[str]:
    rng = np.random.default_rng(1)
    out = []
    for k in range(count):
        i = (
            1e-6
            * np.exp(0.1 * rng.standard_normal())
            * V
            * (1 + 0.01 * rng.standard_normal(V.size))
        )
        out.append(write(folder / f"cell{k % 3}_cycle{k:02d}.csv", V, i))
    return out


TEMPERATURES = ",".join(map(str, KELVIN))


def test_together_over_temperature(folder):
    files = diodes(folder)
    done = command(
        "fit", "iv", *files, "--together", "--mechanism", "thermionic_emission",
        "--temperatures", TEMPERATURES, "--area", "1e-10", "--per-trace", "n",
        "-o", "card.toml", "--plots", "figures", "--json",
    )  # fmt: skip
    assert done.status == 0, done.err
    found = done.document
    assert [t["file"] for t in found["traces"]] == files
    assert [t["temperature"] for t in found["traces"]] == list(KELVIN)
    assert set(found["traces"][0]["parameters"]) == {"n"}
    for name, true in (("phi", 0.55), ("richardson", 1.20173e6)):
        low, high = found["parameters"][name]["interval"]
        assert low <= true <= high, name
    assert found["statistics"]["comparison"]["supported"] is True
    card = parse_card(Path("card.toml").read_text(), "card.toml")
    assert set(card.statistics.parameters) == {"te_n"}
    assert sorted(p.suffix for p in Path("figures").iterdir()) == [".png", ".png", ".svg", ".svg"]


def test_a_separate_fit_gone_astray_does_not_speak_for_sharing(folder):
    """No trace by itself is further off than with the others: F cannot be below 0."""

    def astray(*arguments):
        return [replace(s, residual=9 * s.residual) for s in separately(*arguments)]

    with mock.patch("fitting.joint.separately", astray):
        done = command(
            "fit", "iv", *diodes(folder), "--together", "--mechanism", "thermionic_emission",
            "--temperatures", TEMPERATURES, "--area", "1e-10", "--json",
        )  # fmt: skip
    found = done.document["statistics"]["comparison"]
    assert found["f"] >= 0
    assert found["rms_decades"]["separate"] <= found["rms_decades"]["shared"]


def test_a_joint_page_says_whether_sharing_holds_and_which_data_it_is_of(folder):
    done = command(
        "fit", "iv", *diodes(folder), "--together", "--mechanism", "thermionic_emission",
        "--temperatures", TEMPERATURES, "--area", "1e-10", "--report", "page.html",
    )  # fmt: skip
    assert done.status == 0, done.err
    text = Path("page.html").read_text()
    assert "sharing is supported: F = " in text
    assert text.count("data SHA-256 ") == len(KELVIN)


def test_a_population_of_refusals_says_why(folder):
    v = np.linspace(0.01, 1, 30)
    files = [write(folder / f"{k}.csv", v, np.zeros(30)) for k in range(3)]
    said = refused(folder, "fit", "iv", *files, "--statistics", status=1, code="too_few_fits")
    assert "the current is zero at all 30 points" in said


def test_together_is_readable(folder):
    done = command(
        "fit", "iv", *diodes(folder), "--together", "--mechanism", "thermionic_emission",
        "--temperatures", TEMPERATURES,
    )  # fmt: skip
    assert done.status == 0, done.err
    assert "5 traces: thermionic_emission" in done.out
    assert "at_300.csv" in done.out and "sharing is supported" in done.out
    assert "richardson_area" in done.out and "[temperature_error]" in done.out


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (["--together"], "bad_option", "name it with --mechanism"),
        (["--per-trace", "n"], "bad_option", "add --together"),
        (["--temperatures", "280,300"], "bad_option", "add --together"),
        (["--together", "--mechanism", "ohmic", "--temperatures", "280,300"], "unequal_counts", "5 traces"),
        (["--together", "--mechanism", "ohmic", "--temperatures", "280,x"], "bad_option", "numbers"),
        (["--together", "--mechanism", "ohmic", "--per-trace", "q"], "unknown_parameter", "'q'"),
        (["--statistics", "--mechanism", "ohmic", "--max-rms", "9", "--device", "("], "bad_option", "regular"),
        (["--device", "cell"], "bad_option", "add --statistics"),
        (["--together", "--statistics", "--mechanism", "ohmic"], "bad_option", "choose one"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_sentence(folder, options, code, sentence):
    done = command("fit", "iv", *diodes(folder), *options)
    assert done.status == 2
    assert done.code == code and sentence in done.err


def test_equal_temperatures_are_refused(folder):
    done = command(
        "fit", "iv", *diodes(folder), "--together", "--mechanism", "thermionic_emission",
        "--temperatures", "300", "--shared", "richardson", "--area", "1e-10",
    )  # fmt: skip
    assert done.status == 1 and done.code == "unidentifiable"


def test_temperatures_that_nobody_gave_are_asked_for(folder):
    done = command(
        "fit", "iv", *diodes(folder), "--together", "--mechanism", "thermionic_emission",
        "--area", "1e-10",
    )  # fmt: skip
    assert done.status == 1 and done.code == "poor_fit" and "--temperatures" in done.err


def test_a_population_is_one_card(folder):
    done = command(
        "fit", "iv", *resistors(folder, 12), "absent.csv", "--mechanism", "ohmic", "--statistics",
        "--device", r"cell(\d)", "-o", "card.toml", "--plots", "figures", "--json", "--jobs", "1",
        "--report", "page.html",
    )  # fmt: skip
    assert done.status == 0, done.err
    page = Path(done.document["report"]).read_text("utf-8")
    assert page.count("data:image/svg+xml;base64,") == 1
    assert "absent.csv" in page and "12 of 13 fits stand, 3 device(s)" in page
    found = done.document
    assert len(found["fits"]) == 13 and "refused" in found["fits"][-1]
    assert found["population"]["devices"] == 3 and found["population"]["fits"] == 12
    assert found["population"]["parameters"]["g"]["n"] == 12
    card = parse_card(Path("card.toml").read_text(), "card.toml")
    assert sample(card, 4, np.random.default_rng(0))["ohm_g"].shape == (4,)
    assert {p.name for p in Path("figures").iterdir()} == {"scatter-g.png", "scatter-g.svg"}


def test_a_population_is_readable(folder):
    files = resistors(folder, 12)
    done = command(
        "fit",
        "iv",
        *files,
        "--mechanism",
        "ohmic",
        "--statistics",
        "--device",
        "cell",
        "--jobs",
        "1",
    )
    assert done.status == 0, done.err
    assert "ohmic: 12 fits of 1 device" in done.out
    assert "from cycle to cycle" in done.out and "12 of 12 fits stand" in done.out


def test_jobs_do_not_change_a_byte(folder):
    files = [*resistors(folder, 5), "absent.csv"]
    options = ("fit", "iv", *files, "--mechanism", "ohmic", "--json")
    alone, two = (command(*options, "--jobs", n) for n in (1, 2))
    assert alone.status == two.status == 0
    assert alone.out == two.out


def test_a_terminal_sees_a_bar_and_nobody_else(folder):
    files = resistors(folder, 5)
    mother, terminal = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "compactmodels", "fit", "iv", *files, "--mechanism", "ohmic", "--jobs", "1",
         "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm", "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    while True:
        try:
            piece = os.read(mother, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    out, _ = child.communicate(timeout=60)
    os.close(mother)
    assert child.returncode == 0
    assert b"5/5" in shown
    assert out.startswith("{") and "5/5" not in out
