"""What all tests share: one hypothesis profile, the markers' skips, the shared measurements."""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
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


@cache
def missing(marker: str) -> str | None:
    """Why a test with this marker cannot run here; None if it can."""
    if marker == "needs_ngspice" and ctypes.util.find_library("ngspice") is None:
        return "libngspice is not installed (make ngspice)"
    if marker == "needs_veriloga" and importlib.util.find_spec("openvaf_py") is None:
        return "openvaf-py is not installed (its wheels are for Linux x86-64, Python 3.11 and 3.12)"
    if marker == "needs_shared_data" and not shared_data_folder().is_dir():
        return f"no measurements at {shared_data_folder()} (set COMPACTMODELS_SHARED_DATA)"
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in ("needs_ngspice", "needs_veriloga", "needs_shared_data"):
        if item.get_closest_marker(marker) is None:
            continue
        reason = missing(marker)
        if reason is None:
            continue
        # CI installs the tools, so a missing one is a fault there.  The data it may lack.
        if os.environ.get("CI") and marker != "needs_shared_data":
            pytest.fail(f"{marker}: {reason}; under CI that is a failure", pytrace=False)
        pytest.skip(reason)


@pytest.fixture
def shared_data(request: pytest.FixtureRequest) -> Path:
    """The folder of shared measurements; the test must carry ``needs_shared_data``."""
    if request.node.get_closest_marker("needs_shared_data") is None:
        pytest.fail("a test that uses the fixture shared_data carries needs_shared_data")
    return shared_data_folder()
