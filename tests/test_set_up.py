"""The scripts that set a machine up, on made-up machines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
MIRROR = "https://mirror.invalid/debian"

DEB822 = f"""\
# a comment
Types: deb
URIs: {MIRROR}-security
Suites: bookworm-security
Components: main

Types: deb deb-src
# an older place
URIs: {MIRROR}
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN KEY-----
 .
 abc
 -----END KEY-----
"""
EXPECTED_DEB822 = f"""\
Types: deb
URIs: {MIRROR}
Suites: bookworm-backports
Components: main
Signed-By:
 -----BEGIN KEY-----
 .
 abc
 -----END KEY-----
"""
ONE_LINE = f"""\
# deb {MIRROR} bookworm main
deb-src {MIRROR} bookworm main
deb [signed-by=/k.gpg check-valid-until=no] {MIRROR} bookworm main contrib # here
deb {MIRROR} bookworm-updates main
"""


def derive(apt: Path) -> subprocess.CompletedProcess[str]:
    script = REPOSITORY / ".ci" / "backports_source"
    command = [sys.executable, str(script), str(apt), "bookworm-backports"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_backports_from_a_deb822_file(apt: Path) -> None:
    (apt / "sources.list.d" / "debian.sources").write_text(DEB822)
    assert derive(apt).stdout == EXPECTED_DEB822


def test_backports_from_a_one_line_file(apt: Path) -> None:
    (apt / "sources.list").write_text(ONE_LINE)
    expected = f"deb [signed-by=/k.gpg check-valid-until=no] {MIRROR} bookworm-backports main\n"
    assert derive(apt).stdout == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        DEB822.replace("Suites: bookworm bookworm-updates", "Suites: trixie"),
        DEB822.replace("Types: deb deb-src", "Types: deb-src"),
        DEB822.replace("Types: deb deb-src", "Enabled: no\nTypes: deb"),
        DEB822.replace("main contrib", "contrib"),
    ],
)
def test_no_source_is_made_up(apt: Path, text: str) -> None:
    (apt / "sources.list.d" / "debian.sources").write_text(text)
    (apt / "sources.list.d" / "other.sources.disabled").write_text(DEB822)
    done = derive(apt)
    assert (done.returncode, done.stdout) == (1, "")
    assert "bookworm-backports" in done.stderr


def runnable(readme: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    (tmp_path / "README.md").write_text(readme)
    script = REPOSITORY / ".ci" / "readme_commands"
    command = [sys.executable, str(script), str(tmp_path / "README.md")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_marked_blocks_run_in_order_in_one_folder(tmp_path: Path) -> None:
    readme = (
        "```console run\n$ echo one > a.txt\none\n$ cat \\\n>   a.txt\n```\n"
        "```sh\nexit 9\n```\n"
        "```sh run\ntest -f a.txt\nx=1\ntest $x = 1\n```\n"
        "```console run\n$ false  # exits 1\n```\n"
        "```python run\nprint(open('a.txt').read())\n```\n"
    )
    done = runnable(readme, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "5 commands" in done.stderr
    assert not (tmp_path / "a.txt").exists()


@pytest.mark.parametrize(
    ("readme", "word"),
    [
        ("```console run\n$ true\n$ false\n```\n", "`false` ended with 1"),
        ("```console run\n$ true  # exits 1\n```\n", "`true` ended with 0"),
        ("```sh run\nfalse\ntrue\n```\n", "ended with 1"),
        ("```python run\n1/0\n```\n", "ended with 1"),
        ("```sh\ntrue\n```\n", "no runnable block"),
        ("```console run\nno prompt\n```\n", "no runnable block"),
    ],
)
def test_a_command_that_fails_is_named(tmp_path: Path, readme: str, word: str) -> None:
    done = runnable(readme, tmp_path)
    assert done.returncode == 1
    assert word in done.stderr
