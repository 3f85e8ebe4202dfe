"""Runs a reader of binary files in a process of its own: on a damaged file it may end it.

The libraries behind workbooks (Rust) and HDF5 (C) print backtraces, panic or crash on some damaged
files; there they can, and the user gets a sentence.
"""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType
from typing import Final

from compactmodels.errors import DataFileError, ToolMissing
from fitting.readers.source import Source

LONGEST: Final = 300.0
"""Seconds after which a file is given up."""


def output_of(module: ModuleType, source: Source, package: str) -> bytes:
    """What the module, run as a script with the file's bytes on stdin, writes on stdout.

    Parameters
    ----------
    module : module
        Imports nothing of ours.
    package : str
        The library that it needs.

    Raises
    ------
    DataFileError
        Code ``binary_file``: the process crashed, or did not end in time.
    ToolMissing
        The library is not installed.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(module.__file__)],
            input=source.raw,
            capture_output=True,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        raise damaged(source, f"it was not read within {LONGEST:g} s") from None
    if b"ModuleNotFoundError" in done.stderr:
        raise ToolMissing(
            f"'{source.path}' needs the package {package}, which is not installed: pip install {package}, "
            "or export the data as CSV"
        )
    if done.returncode != 0:
        raise damaged(source, "its parts do not hang together")
    return done.stdout


def damaged(source: Source, reason: str) -> DataFileError:
    """The refusal of a binary file that cannot be read."""
    what = "a workbook" if source.kind == "workbook" else "an HDF5 file"
    return DataFileError(
        f"'{source.path}' looks like {what} and cannot be read as one, damaged or locked as it is "
        f"({reason}): open it in its own program and save it again, or export CSV",
        code="binary_file",
    )
