"""The tutorials: each page shows the file that is run, and the file shows what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
NAMES = sorted(p.stem for p in (HOME / "examples" / "tutorials").glob("*.py"))


def numbers(text):
    return [float(x) for x in re.findall(r"(?<![\w.])-?\d+\.?\d*(?:e[+-]?\d+)?(?![\w.])", text)]


def test_every_paper_has_one():
    from compactmodels.workflows.reproduction.published import PAPERS

    assert sorted(PAPERS) == NAMES == sorted(p.stem for p in (HOME / "docs/tutorials").glob("*.md"))


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_the_file(name):
    page = (HOME / "docs" / "tutorials" / f"{name}.md").read_text("utf-8")
    assert (HOME / "examples" / "tutorials" / f"{name}.py").read_text("utf-8") in page


@pytest.mark.slow
@pytest.mark.needs_ngspice
@pytest.mark.parametrize("name", NAMES)
def test_it_prints_what_the_page_says(name, tmp_path):
    """Every number within 2 %, but those that are rounding or time points."""
    script = HOME / "examples" / "tutorials" / f"{name}.py"
    done = subprocess.run(
        [sys.executable, "-P", str(script)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    page = (HOME / "docs" / "tutorials" / f"{name}.md").read_text("utf-8")
    shown = page.split("```text\n")[1].split("```")[0]
    for found, said in zip(done.stdout.splitlines(), shown.splitlines(), strict=True):
        a, b = numbers(found), numbers(said)
        assert len(a) == len(b), (found, said)
        for x, y in zip(a, b):
            if 1e-9 < abs(y) < 1000 and y != int(y):
                assert x == pytest.approx(y, rel=0.02, abs=0.006), (found, said)
