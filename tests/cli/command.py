"""Runs the command line and judges how it ended; shared by the tests of this folder."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from compactmodels import cli
from compactmodels.cli.output import state
from tests.conftest import REPOSITORY

SENTENCE = re.compile(r"error: (?P<text>[^\n]+) \[(?P<code>[a-z_]+)\]\n")
CARD = """schema = 1
name = "x"
[structure]
branches = [{name = "b", mechanism = "ohmic"}]
[values.b_g]
value = 1e-6
unit = "S"
"""


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON object on stdout; NaN and infinities are no JSON."""

        def refuse(constant: str) -> None:
            raise AssertionError(f"{constant} in JSON")

        found = json.loads(self.out, parse_constant=refuse)
        assert isinstance(found, dict)
        return found

    @property
    def code(self) -> str:
        """Of the one sentence on stderr."""
        match = SENTENCE.fullmatch(self.err)
        assert match, f"not one sentence with a code: {self.err!r}"
        return match["code"]


def command(*arguments: object) -> Outcome:
    """The command line in this process, as the console script would run it."""
    out, err = io.StringIO(), io.StringIO()
    status: Any = None
    try:
        with (
            mock.patch.object(sys, "argv", ["compactmodels", *map(str, arguments)]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            cli.main()
    except SystemExit as end:
        status = end.code
    finally:
        state.json = state.debug = False
    return Outcome(status, out.getvalue(), err.getvalue())


def start(*arguments: object, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    """The command line in a process of its own, and of its own process group."""
    return subprocess.Popen(
        [sys.executable, "-m", "compactmodels", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def process(*arguments: object, cwd: Path, **environment: str) -> Outcome:
    """The same, waited for."""
    child = start(*arguments, cwd=cwd, **environment)
    out, err = child.communicate(timeout=120)
    return Outcome(child.returncode, out, err)


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder, hidden files too, with its content."""
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None
        for p in sorted(folder.rglob("*"))
    }


def refused(folder: Path, *arguments: object, status: int = 2, code: str | None = None) -> str:
    """The command ends as an error must, with and without --json, and writes nothing.

    Returns the sentence.
    """
    before = tree(folder)
    plain = command(*arguments)
    assert plain.status == status, plain
    assert plain.out == ""
    assert code is None or plain.code == code, plain.err
    with_json = command(*arguments, "--json")
    assert with_json.status == status
    assert with_json.code == plain.code
    error = with_json.document["error"]
    assert set(with_json.document) == {"error"}
    assert set(error) == {"code", "message"}
    assert error["code"] == plain.code
    assert tree(folder) == before, "something was left behind"
    match = SENTENCE.fullmatch(plain.err)
    assert match
    assert "Traceback" not in match["text"]
    return match["text"]


def done(*arguments: object) -> Outcome:
    """The command succeeds without a word on stderr, and gives the same status with --json."""
    outcome = command(*arguments)
    assert outcome.status == 0, outcome
    assert outcome.err == ""
    assert outcome.out
    return outcome


def answer(*arguments: object) -> dict[str, Any]:
    """The JSON object of a command that succeeds."""
    outcome = command(*arguments, "--json")
    assert outcome.status == 0, outcome
    assert outcome.err == ""
    return outcome.document


def csv(path: Path, heading: str, *columns: Any) -> Path:
    """A data file."""
    rows = zip(*(np.asarray(c).tolist() for c in columns), strict=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([heading, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def sweep(path: Path, current: Any = None, points: int = 60) -> Path:
    """A monotone sweep of a microsiemens."""
    v = np.linspace(0.01, 0.3, points)
    return csv(path, "Voltage (V),Current (A)", v, 1e-6 * v if current is None else current)
