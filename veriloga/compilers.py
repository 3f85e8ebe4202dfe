"""Compilers and parsers that are programs: ``openvaf`` builds OSDI objects, ``admsXml`` reads modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from compactmodels.errors import SimulationError, ToolMissing

OPENVAF: Final = ("openvaf", "openvaf-r")
"""Names of the compiler; the second is the maintained fork's."""
ADMS: Final = "admsXml"
PATIENCE: Final = 300.0
"""Seconds that a program may take."""


def openvaf() -> str | None:
    """Path of the OSDI compiler; None if there is none on PATH."""
    return next((found for name in OPENVAF if (found := shutil.which(name))), None)


def build_osdi(source: Path, output: Path | None = None) -> Path:
    """Compile a Verilog-A file into a shared object that simulators load (OSDI).

    Parameters
    ----------
    source : Path
    output : Path, optional
        Where the object goes; the source with the suffix ``.osdi`` unless given.  It is complete or
        not there at all.

    Returns
    -------
    Path
        Of the object.

    Raises
    ------
    ToolMissing
        No ``openvaf`` on PATH.
    SimulationError
        The compiler refuses the source, or takes for ever.
    """
    compiler = openvaf()
    if compiler is None:
        raise ToolMissing(
            f"no compiler for OSDI: none of {', '.join(OPENVAF)} is on PATH; put one there, or use the "
            "SPICE subcircuit instead"
        )
    target = Path(output) if output is not None else source.with_suffix(".osdi")
    try:
        folder = tempfile.TemporaryDirectory(dir=target.parent, prefix=".osdi-")
    except OSError as error:
        raise SimulationError(
            f"'{target}' cannot be written: {error.strerror or error}", code="not_writable"
        ) from None
    with folder as name:
        made = Path(name) / target.name
        status, words = _run(
            [compiler, "-o", str(made.resolve()), str(source.resolve())], Path(name)
        )
        if status or not made.is_file():
            said = _one_line(words) or f"it ended with status {status} and no object"
            raise SimulationError(f"openvaf refuses '{source}': {said}", code="veriloga_rejected")
        os.replace(made, target)
    return target


def adms() -> str | None:
    """Path of admsXml; None if there is none on PATH."""
    return shutil.which(ADMS)


def adms_objection(source: Path) -> str | None:
    """What admsXml has against a Verilog-A file; None if it reads it.

    It parses the module and builds its tree of equations, as the code generators of Xyce and of
    older simulators want it.

    Raises
    ------
    ToolMissing
        No ``admsXml`` on PATH.
    SimulationError
        It takes for ever.
    """
    program = adms()
    if program is None:
        raise ToolMissing("admsXml is not on PATH: it is in Debian's package adms")
    # It leaves files behind where it runs.
    with tempfile.TemporaryDirectory(prefix="adms-") as folder:
        status, words = _run([program, str(source.resolve())], Path(folder))
    fatal = re.findall(r"\[(?:fatal|error)\.*\]\s*(.*)", words)
    if not status and not fatal:
        return None
    return "; ".join(fatal) or f"it ended with status {status}"


def _one_line(words: str) -> str:
    """The errors among a compiler's words, or all of them."""
    lines = words.splitlines()
    return "; ".join([line for line in lines if line.startswith("error")] or lines)[:600]


def _run(command: list[str], folder: Path) -> tuple[int, str]:
    """Exit status and words of a program, in ``folder``."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise SimulationError(
            f"{Path(command[0]).name} did not end within {PATIENCE:g} s", code="timeout"
        ) from None
    text = re.sub(r"\x1b\[[0-9;]*m", "", f"{done.stderr}\n{done.stdout}")
    return done.returncode, "\n".join(line.strip() for line in text.splitlines() if line.strip())
