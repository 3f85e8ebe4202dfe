"""The tutorial: the page shows the file that is run, and what it prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
PAGE = (HOME / "docs" / "how_large.md").read_text("utf-8")
SCRIPT = HOME / "examples" / "how_large.py"


def test_the_page_shows_the_file():
    assert SCRIPT.read_text("utf-8") in PAGE


@pytest.mark.slow
def test_it_prints_what_the_page_says(tmp_path):
    """A script without a guard around its main part, as users write them: processes do not run it again."""
    (tmp_path / "examples").symlink_to(HOME / "examples")
    done = subprocess.run(
        [sys.executable, "-P", str(SCRIPT)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = PAGE.split("```text\n")[1].split("```")[0]
    for found, said in zip(done.stdout.splitlines(), shown.splitlines(), strict=True):
        numbers = [[float(x) for x in re.findall(r"\d+\.?\d*", line)] for line in (found, said)]
        assert numbers[0] == pytest.approx(numbers[1], rel=0.02), (found, said)
    assert (tmp_path / "out" / "taox-study-largest.png").exists()
