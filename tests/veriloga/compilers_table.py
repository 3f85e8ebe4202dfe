"""The table in docs/veriloga.md of what each compiler makes of each emitted module.

`python -m tests.veriloga.compilers_table` measures it anew and writes it; the tests hold each row
against the compilers that are installed.
"""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from compactmodels.errors import SimulationError
from tests.veriloga.subjects import file_of, subjects
from veriloga.compiled import compile_module
from veriloga.compilers import adms_objection

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "veriloga.md"
START, END = "<!-- compilers: begin -->\n", "<!-- compilers: end -->\n"
HEADING = "| module of | nodes | openvaf-py | verilogae | admsXml |\n|---|---|---|---|---|\n"
COLUMNS = ("nodes", "openvaf-py", "verilogae", "admsXml")


def emitted(subject: str, folder: Path) -> list[Path]:
    """The module of a card, without and with self-heating."""
    (folder / "heated").mkdir()
    return [file_of(subject, folder), file_of(subject, folder / "heated", heated=True)]


def openvaf(subject: str, folder: Path) -> tuple[str, str]:
    """Number of nodes, and what openvaf-py says."""
    try:
        plain, heated = (compile_module(path) for path in emitted(subject, folder))
    except SimulationError as error:
        return "", _cell(error.message)
    assert len(heated.nodes) == len(plain.nodes) + 1
    return str(len(plain.nodes)), "yes"


def verilogae(subject: str, folder: Path) -> str:
    """What VerilogAE says."""
    import verilogae as compiler

    for path in emitted(subject, folder):
        try:
            compiler.load_info(str(path))
        except (RuntimeError, ValueError, OSError) as error:
            return _cell(str(error))
    return "yes"


def adms(subject: str, folder: Path) -> str:
    """What admsXml says."""
    for path in emitted(subject, folder):
        objection = adms_objection(path)
        if objection is not None:
            return _cell(objection.replace(str(path), path.name))
    return "yes"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("|", "/"))[:200]


def rows() -> dict[str, dict[str, str]]:
    """The table of the document: subject -> column -> cell."""
    text = DOCUMENT.read_text("utf-8")
    lines = text.partition(START)[2].partition(END)[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {c[0]: dict(zip(COLUMNS, c[1:], strict=True)) for c in cells}


def measured(subject: str) -> str:
    """One row, measured."""
    found: list[str] = []
    for run in (openvaf, verilogae, adms):
        with TemporaryDirectory() as name:
            result = run(subject, Path(name))
        found += [result] if isinstance(result, str) else list(result)
    return f"| {subject} | {' | '.join(found)} |\n"


if __name__ == "__main__":
    before, _, rest = DOCUMENT.read_text("utf-8").partition(START)
    table = HEADING + "".join(measured(s) for s in subjects())
    DOCUMENT.write_text(before + START + table + END + rest.partition(END)[2], "utf-8")
