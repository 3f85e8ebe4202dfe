"""The page of a fit: whole, self-contained, safe whatever the file is called, and fit to be read."""

from __future__ import annotations

import html
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from compactmodels.data import Trace
from compactmodels.workflows.fit_report import write_report
from fitting import fit_iv_many
from tests.cli.command import command, csv
from tests.conftest import chromium
from tests.fitting import oracle

VOLTS = np.linspace(-1, 1, 40)
HOSTILE = "<script>alert(1)</script> & .csv"


def results():
    volts = np.linspace(0.01, 1, 120)
    diode = oracle.thermionic_emission(volts, 0.7, 1.4, 1e-10, 300.0, 50.0)
    diode *= 1 + 0.02 * np.random.default_rng(0).standard_normal(volts.size)
    good = Trace(None, VOLTS, 1e-6 * VOLTS, 300.0, {"file": HOSTILE})
    contact = Trace(None, volts, diode, 300.0, {"file": "a-rather-long-name-" * 6 + ".csv"})
    bad = Trace(None, VOLTS, np.zeros(40), 300.0, {"file": "zero.csv"})
    return fit_iv_many([good, contact, bad], "auto", area=1e-10, jobs=1)


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    command = ["compactmodels", "fit", "iv", HOSTILE, "--report", "page.html"]
    return write_report(results(), folder / "page.html", command=command)


def test_the_page_holds_fits_refusals_and_figures(page: Path) -> None:
    text = page.read_text("utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert text.count("data:image/svg+xml;base64,") == 4
    for word in ("Refused", "zero_current", "Ohmic conduction", "2 of 3 fits stand"):
        assert word in text, word
    for heading in ("Parameters", "Selection", "Correlations", "Warnings", "To do this again"):
        assert f"<h3>{heading}</h3>" in text, heading
    assert "thermionic_emission" in text
    assert list(page.parent.iterdir()) == [page]


def test_the_page_asks_nothing_of_the_network(page: Path) -> None:
    text = re.sub(r"data:image/svg\+xml;base64,[A-Za-z0-9+/=]+", "", page.read_text("utf-8"))
    assert re.findall(r"(?:src|href)=\"(?!#)[^\"]+\"", text) == []
    assert "@import" not in text
    assert "url(" not in text


@pytest.fixture(scope="module")
def contact() -> list:
    """A sweep through both signs: emission in reverse, a diode in forward; and two files of one name."""
    volts = np.linspace(-2, 1, 151)
    forward = oracle.thermionic_emission(np.maximum(volts, 1e-3), 0.6, 1.6, 3e-10, 300.0, 40.0)
    current = np.where(volts > 0, forward, -2e-6 * np.abs(volts) * np.exp(2.2 * np.abs(volts)))
    sweep = Trace(None, volts[volts != 0], current[volts != 0], 300.0, {"file": "one/sweep.csv"})
    other = Trace(None, VOLTS, 1e-6 * VOLTS, 300.0, {"file": "two/sweep.csv"})
    return fit_iv_many([sweep, other], "auto", area=3e-10, jobs=1)


def test_every_number_of_the_page_says_what_it_is(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.search(r'data-head="95 % interval">[^<]+ \.\. [^<]+<', text)
    assert '<td data-head="meaning">barrier height</td>' in text
    assert "too far off" in text  # a candidate without a weight says why


def test_candidates_of_a_train_are_not_called_too_far_off(tmp_path: Path) -> None:
    """They are chosen direction by direction and weighed together: none has a weight of its own."""
    pulse = np.arange(1.0, 41.0)
    rise = 1e-6 + 4e-6 * -np.expm1(-pulse / 15)
    rise += 2e-8 * np.random.default_rng(3).standard_normal(pulse.size)
    source = csv(tmp_path / "train.csv", "pulse,G (S)", pulse, rise)
    target = tmp_path / "page.html"
    found = command("fit", "plasticity", source, "--kind", "ltp", "--report", target)
    assert found.status == 0, found.err
    text = target.read_text("utf-8")
    assert "<h3>Selection</h3>" in text
    assert "too far off" not in text
    assert ">meaning<" not in text  # nothing is declared of what a train is called by


def test_files_are_told_apart_without_their_whole_path(contact: list, tmp_path: Path) -> None:
    text = write_report(contact, tmp_path / "page.html").read_text("utf-8")
    assert "one/sweep.csv" in text
    assert "two/sweep.csv" in text
    alone = write_report(contact[:1], tmp_path / "alone.html").read_text("utf-8")
    assert ">sweep.csv" in alone
    assert "one/sweep.csv" not in alone


def test_a_branch_of_two_regimes_is_not_called_by_one(contact: list, tmp_path: Path) -> None:
    (fit,) = (r for r in contact if r.file == "one/sweep.csv")
    assert len(fit.regimes) == 2
    text = write_report([fit], tmp_path / "page.html").read_text("utf-8")
    both = " + ".join(r.mechanism for r in fit.regimes)
    assert f"<b>{both}</b>: where {fit.selected} rules" in text
    assert "<h3>Parameters</h3>" not in text  # they stand once, below their own regime
    for regime in fit.regimes:
        assert text.count(f"<h3>{regime.mechanism}, ") == 1


def run_chromium(*arguments: str) -> str:
    program = chromium()
    assert program is not None
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    done = subprocess.run(
        [program, *flags, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        check=True,
    )
    return done.stdout


@pytest.mark.needs_chromium
@pytest.mark.parametrize(
    ("where", "width", "least"), [("phone", 360, 15), ("desk", 1000, 15), ("paper", 680, 13)]
)
def test_the_page_fits(page: Path, tmp_path: Path, where: str, width: int, least: int) -> None:
    """Nothing sticks out sideways, every picture is drawn, the text is large enough to be read."""
    probe = tmp_path / "probe.html"
    measure = """
      const d = document.querySelector('iframe').contentDocument, r = d.documentElement;
      const images = [...d.images].map(i => i.complete && i.naturalWidth > 0 && i.width <= r.clientWidth);
      const cells = [...d.querySelectorAll('td')].filter(c => c.textContent);
      const seen = cells.every(c => c.getBoundingClientRect().right <= r.clientWidth + 1);
      document.body.innerHTML = `<pre>${r.scrollWidth} ${r.clientWidth} ${images.length} `
        + `${images.every(x => x)} ${getComputedStyle(d.body).fontSize} ${cells.length} ${seen}</pre>`;
    """
    text = page.read_text("utf-8")
    if where == "paper":  # between the margins of A4, with the rules that hold there
        assert text.count("@media print") == text.count("@media screen") == 1
        text = text.replace("@media print", "@media all").replace("@media screen", "@media print")
    inner = html.escape(text, quote=True)
    probe.write_text(
        f"<body><iframe style='border:0;height:900px;width:{width}px' srcdoc=\"{inner}\"></iframe>"
        f"<script>window.onload = () => {{{measure}}}</script></body>"
    )
    out = run_chromium("--virtual-time-budget=5000", "--dump-dom", probe.as_uri())
    found = re.search(r"<pre>(\d+) (\d+) (\d+) (\w+) ([\d.]+)px (\d+) (\w+)</pre>", out)
    assert found is not None, out[-500:]
    wide, shown, images, drawn, size, cells, seen = found.groups()
    assert int(wide) <= int(shown) <= width
    assert (int(images), drawn) == (4, "true")
    assert float(size) >= least
    assert int(cells) > 50
    assert seen == "true", "a cell of a table can only be seen by scrolling sideways"


@pytest.mark.needs_chromium
def test_the_page_prints(page: Path, tmp_path: Path) -> None:
    target = tmp_path / "page.pdf"
    run_chromium(f"--print-to-pdf={target}", "--no-pdf-header-footer", page.as_uri())
    pages = len(re.findall(rb"/Type\s*/Page\b", target.read_bytes()))
    assert 2 <= pages <= 8
