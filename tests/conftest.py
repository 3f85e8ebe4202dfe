"""What all tests share: one hypothesis profile, the markers' skips, the shared measurements."""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import shutil
import sys
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("MPLBACKEND", "Agg")

REPOSITORY = Path(__file__).resolve().parents[1]

# The same examples on every machine and every run; `--hypothesis-profile explore` looks for new
# ones.  No deadline: a first call may import SymPy or compile.
settings.register_profile(
    "default",
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("explore", deadline=None, print_blob=True, max_examples=2000)
settings.load_profile("default")


def shared_data_folder() -> Path:
    """Where the shared measurements are, whether or not they exist."""
    override = os.environ.get("COMPACTMODELS_SHARED_DATA")
    return Path(override) if override else REPOSITORY.parent / "shared" / "data"


def chromium() -> str | None:
    """Path of a Chromium; None if there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def aihwkit_python() -> str | None:
    """A Python that has aihwkit (it needs torch, so it usually has an environment of its own)."""
    if importlib.util.find_spec("aihwkit") is not None:
        return sys.executable
    own = REPOSITORY / ".venv-aihwkit"
    made = str(own / "bin" / "python") if (own / "ready").exists() else None
    return os.environ.get("COMPACTMODELS_AIHWKIT") or made


TOOLS = ("needs_ngspice", "needs_veriloga")
"""What CI installs, so that a missing one is a fault there."""
EXTRAS = (
    "needs_shared_data",
    "needs_chromium",
    "needs_aihwkit",
    "needs_compiler",
    "needs_osdi",
    "needs_adms",
    "needs_openvaf",
    "needs_xschem",
    "needs_kicad",
)
"""What may be missing anywhere."""


@cache
def missing(marker: str) -> str | None:
    """Why a test with this marker cannot run here; None if it can."""
    if marker == "needs_ngspice" and ctypes.util.find_library("ngspice") is None:
        return "libngspice is not installed (make ngspice)"
    if marker == "needs_veriloga" and importlib.util.find_spec("openvaf_py") is None:
        return "openvaf-py is not installed (its wheels are for Linux x86-64, Python 3.11 and 3.12)"
    if marker == "needs_aihwkit" and aihwkit_python() is None:
        return "aihwkit is not installed (make aihwkit), and COMPACTMODELS_AIHWKIT names no Python that has it"
    if marker == "needs_compiler" and not any(map(shutil.which, ("cc", "gcc", "clang"))):
        return "no C compiler is installed (apt-get install gcc libc6-dev)"
    if marker == "needs_osdi":
        from netlists.osdi import unavailable

        return unavailable()
    if marker == "needs_adms" and shutil.which("admsXml") is None:
        return "admsXml is not installed (make design-tools)"
    if marker == "needs_openvaf" and not (shutil.which("openvaf") or shutil.which("openvaf-r")):
        return "no openvaf on PATH"
    if marker == "needs_xschem" and shutil.which("xschem") is None:
        return "xschem is not installed (make design-tools)"
    if marker == "needs_kicad" and shutil.which("kicad-cli") is None:
        return "kicad-cli is not installed (make kicad)"
    if marker == "needs_chromium" and chromium() is None:
        return "no Chromium to open a page in (make chromium)"
    if marker == "needs_shared_data" and not shared_data_folder().is_dir():
        return f"no measurements at {shared_data_folder()} (set COMPACTMODELS_SHARED_DATA)"
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in (*TOOLS, *EXTRAS):
        if item.get_closest_marker(marker) is None:
            continue
        reason = missing(marker)
        if reason is None:
            continue
        if os.environ.get("CI") and marker in TOOLS:
            pytest.fail(f"{marker}: {reason}; under CI that is a failure", pytrace=False)
        pytest.skip(reason)


@pytest.fixture
def shared_data(request: pytest.FixtureRequest) -> Path:
    """The folder of shared measurements; the test must carry ``needs_shared_data``."""
    if request.node.get_closest_marker("needs_shared_data") is None:
        pytest.fail("a test that uses the fixture shared_data carries needs_shared_data")
    return shared_data_folder()
