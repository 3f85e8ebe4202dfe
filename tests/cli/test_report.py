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
@pytest.mark.parametrize("width", [360, 1000])
def test_the_page_fits_a_phone_and_a_desk(page: Path, tmp_path: Path, width: int) -> None:
    """Nothing sticks out sideways, every picture is drawn, the text is large enough to be read."""
    probe = tmp_path / "probe.html"
    measure = """
      const d = document.querySelector('iframe').contentDocument, r = d.documentElement;
      const images = [...d.images].map(i => i.complete && i.naturalWidth > 0 && i.width <= r.clientWidth);
      document.body.innerHTML = `<pre>${r.scrollWidth} ${r.clientWidth} ${images.length} `
        + `${images.every(x => x)} ${getComputedStyle(d.body).fontSize}</pre>`;
    """
    inner = html.escape(page.read_text("utf-8"), quote=True)
    probe.write_text(
        f"<body><iframe style='border:0;height:900px;width:{width}px' srcdoc=\"{inner}\"></iframe>"
        f"<script>window.onload = () => {{{measure}}}</script></body>"
    )
    out = run_chromium("--virtual-time-budget=5000", "--dump-dom", probe.as_uri())
    found = re.search(r"<pre>(\d+) (\d+) (\d+) (\w+) (\d+)px</pre>", out)
    assert found is not None, out[-500:]
    wide, shown, images, drawn, size = found.groups()
    assert int(wide) <= int(shown) <= width
    assert (int(images), drawn) == (4, "true")
    assert int(size) >= 15


@pytest.mark.needs_chromium
def test_the_page_prints(page: Path, tmp_path: Path) -> None:
    target = tmp_path / "page.pdf"
    run_chromium(f"--print-to-pdf={target}", "--no-pdf-header-footer", page.as_uri())
    pages = len(re.findall(rb"/Type\s*/Page\b", target.read_bytes()))
    assert 2 <= pages <= 8
