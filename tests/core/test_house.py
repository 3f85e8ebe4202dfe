"""A foreign package with one of our generic names is named in one sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CHECK = """
import sys
sys.path[:0] = {paths!r}
from compactmodels._house import check_house
from compactmodels.errors import CompactModelsError
try:
    check_house()
except CompactModelsError as error:
    print(error.message)
else:
    print("ours")
print(sorted({{"fitting", "veriloga", "netlists"}} & set(sys.modules)))
"""


def check(*paths: Path) -> tuple[str, str]:
    """What check_house says, and which of the companions it imported."""
    code = CHECK.format(paths=[str(path) for path in (*paths, REPOSITORY)])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd="/", capture_output=True, text=True, check=True
    )
    said, imported = done.stdout.splitlines()
    return said, imported


def test_ours_are_accepted_without_being_imported() -> None:
    assert check() == ("ours", "[]")


@pytest.mark.parametrize("name", ["fitting", "veriloga", "netlists"])
def test_a_foreign_package_is_named_with_its_place(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    said, _ = check(tmp_path)
    assert f"another package named '{name}'" in said
    assert str(tmp_path / name) in said
    assert str(REPOSITORY / name) in said


def test_a_foreign_module_is_no_package_of_ours(tmp_path: Path) -> None:
    (tmp_path / "fitting.py").write_text("")
    said, _ = check(tmp_path)
    assert "another package named 'fitting'" in said


def test_the_marker_lets_a_package_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "netlists").mkdir()
    (tmp_path / "netlists" / "__init__.py").write_text('__house__ = "compactmodels"\n')
    assert check(tmp_path)[0] == "ours"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from compactmodels import _house

    monkeypatch.setattr(_house, "COMPANIONS", ("a_package_that_is_not_there",))
    with pytest.raises(_house.ForeignPackageError, match=r"a_package_that_is_not_there.*missing"):
        _house.check_house()
