"""Where results go: complete or not at all, and never over what is protected."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import compactmodels.files
from tests.cli.command import command, refused, sweep, tree


def test_places_that_cannot_be_written(folder: Path) -> None:
    sweep(folder / "data.csv")
    (folder / "file").write_text("precious")
    for place in ("file", "file/deep", "/proc/nothing", "x" * 300):
        for target in ("spice", "verilog-a"):
            refused(folder, "emit", "otj", "--to", target, "-o", place)
        fit = ["fit", "iv", "data.csv", "--mechanism", "ohmic"]
        refused(folder, *fit, "-o", f"{place}/card.toml")
        before = tree(folder)
        assert command(*fit, "--plots", place).err.endswith("[cannot_write]\n")
        found = command(*fit, "--plots", place, "--json")
        assert (found.status, found.document["error"]["code"]) == (2, "cannot_write")
        assert tree(folder) == before


@pytest.mark.needs_ngspice
def test_results_that_cannot_be_written(folder: Path) -> None:
    (folder / "file").write_text("precious")
    refused(folder, "simulate", "otj", "--protocol", "dc", "-o", "file", code="cannot_write")
    refused(folder, "crossbar", "otj", "--rows", 1, "--cols", 1, "-o", "file", code="cannot_write")
    found = command("demo", "--out", "file", "--json")
    assert (found.status, found.document["error"]["code"]) == (2, "cannot_write")
    assert found.err.count("\n") == 2  # what it was doing, and why it ended
    assert (folder / "file").read_text() == "precious"


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_not_replaced(folder: Path, make: Any) -> None:
    make(folder / "otj.cir")
    refused(folder, "emit", "otj", "--to", "spice", code="cannot_write")
    assert not (folder / "otj.cir").is_file()


def test_a_write_protected_file_is_not_replaced(folder: Path) -> None:
    target = folder / "otj.cir"
    target.write_text("precious")
    target.chmod(stat.S_IRUSR)
    refused(folder, "emit", "otj", "--to", "spice", code="cannot_write")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is write-protected for root")
def test_a_write_protected_folder(folder: Path) -> None:
    (folder / "ro").mkdir(mode=0o500)
    refused(folder, "emit", "otj", "--to", "spice", "-o", "ro", code="cannot_write")


def test_a_full_disk_leaves_the_old_file(folder: Path) -> None:
    (folder / "otj.cir").write_text("old")
    full = OSError(28, "No space left on device")
    with mock.patch.object(compactmodels.files.Path, "write_text", side_effect=full):
        refused(folder, "emit", "otj", "--to", "spice", code="cannot_write")
    assert (folder / "otj.cir").read_text() == "old"
