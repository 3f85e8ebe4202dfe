"""A missing tool skips a test at home and fails it under CI; missing data skip it everywhere."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import conftest


def set_up(marker: str) -> None:
    item: Any = SimpleNamespace(get_closest_marker=lambda name: name == marker or None)
    conftest.pytest_runtest_setup(item)


@pytest.mark.parametrize("marker", [*conftest.TOOLS, *conftest.EXTRAS])
@pytest.mark.parametrize("ci", ["", "1"])
def test_what_is_missing(monkeypatch: pytest.MonkeyPatch, marker: str, ci: str) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(conftest, "missing", lambda name: f"{name} is gone")
    tool = marker in conftest.TOOLS
    outcome = pytest.fail.Exception if ci and tool else pytest.skip.Exception
    with pytest.raises(outcome, match=f"{marker} is gone|{marker}: {marker} is gone"):
        set_up(marker)


def test_what_is_there_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conftest, "missing", lambda name: None)
    set_up("needs_ngspice")


def test_the_data_are_where_the_variable_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COMPACTMODELS_SHARED_DATA", str(tmp_path))
    assert conftest.shared_data_folder() == tmp_path
    monkeypatch.delenv("COMPACTMODELS_SHARED_DATA")
    assert conftest.shared_data_folder() == conftest.REPOSITORY.parent / "shared" / "data"
