"""The page of a fit: whole, self-contained, and safe whatever the file is called."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from compactmodels.data import Trace
from compactmodels.workflows.fit_report import write_report
from fitting import fit_iv_many

VOLTS = np.linspace(-1, 1, 40)


def test_the_page_holds_fits_refusals_and_figures(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script> & .csv"
    good = Trace(None, VOLTS, 1e-6 * VOLTS, 300.0, {"file": hostile})
    bad = Trace(None, VOLTS, np.zeros(40), 300.0, {"file": "zero.csv"})
    results = fit_iv_many([good, bad], "ohmic")
    page = write_report(results, tmp_path / "page.html").read_text("utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert page.count("data:image/svg+xml;base64,") == 2
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "Refused" in page
    assert "zero_current" in page
    assert "Ohmic conduction" in page
    assert "1 of 2 fits stand" in page
    assert list(tmp_path.iterdir()) == [tmp_path / "page.html"]
