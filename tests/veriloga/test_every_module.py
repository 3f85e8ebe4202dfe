"""Every registered part and every library card in every compiler; docs/veriloga.md says what came out."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest

from tests.veriloga import compilers_table as table
from tests.veriloga.subjects import card_of, file_of, subjects
from veriloga.compilers import adms_objection

SUBJECTS = subjects()
needs_verilogae = pytest.mark.skipif(
    importlib.util.find_spec("verilogae") is None,
    reason="verilogae is not installed (its wheels end at Python 3.11)",
)


def stated(subject: str, column: str, otherwise: str = "yes") -> str:
    """What the document says; of a module that it does not list yet, that all is well."""
    return table.rows().get(subject, {}).get(column, otherwise)


def test_the_document_lists_what_there_is() -> None:
    assert sorted(table.rows()) == sorted(SUBJECTS), (
        "docs/veriloga.md is behind: python -m tests.veriloga.compilers_table"
    )


@pytest.mark.needs_veriloga
@pytest.mark.parametrize("subject", SUBJECTS)
def test_openvaf(subject: str, tmp_path: Path) -> None:
    nodes, said = table.openvaf(subject, tmp_path)
    assert said == stated(subject, "openvaf-py")
    assert nodes == stated(subject, "nodes", nodes)


@needs_verilogae
@pytest.mark.parametrize("subject", SUBJECTS)
def test_verilogae(subject: str, tmp_path: Path) -> None:
    assert table.verilogae(subject, tmp_path) == stated(subject, "verilogae")


@pytest.mark.needs_adms
@pytest.mark.parametrize("subject", SUBJECTS)
def test_adms(subject: str, tmp_path: Path) -> None:
    assert table.adms(subject, tmp_path) == stated(subject, "admsXml")


DUMP = """<?xml version="1.0"?>
<!DOCTYPE admst SYSTEM "admst.dtd">
<admst version="2.3.7">
<admst:for-each select="/module">
<admst:for-each select="node[location='internal']"><admst:text format="node %(name)\\n"/></admst:for-each>
<admst:for-each select="variable[input='yes']"><admst:text format="parameter %(name)\\n"/></admst:for-each>
<admst:for-each select="contribution[whitenoise='yes']"><admst:text format="noise %(lhs)\\n"/></admst:for-each>
<admst:for-each select="contribution[dynamic='yes']"><admst:text format="charge %(lhs)\\n"/></admst:for-each>
</admst:for-each>
</admst>
"""


@pytest.mark.needs_adms
def test_what_adms_understood(tmp_path: Path) -> None:
    """Its tree of the module, dumped: nodes, parameters, noise and charges are all there."""
    card = card_of("card otj")
    path = file_of("card otj", tmp_path, heated=True)
    (tmp_path / "dump.xml").write_text(DUMP)
    done = subprocess.run(
        ["admsXml", path.name, "-e", "dump.xml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert [n for n in lines if n.startswith("node ")] == [
        "node state_w",
        "node state_s",
        "node dt_j",
        "node temp_rise",
    ]
    parameters = {n.removeprefix("parameter ") for n in lines if n.startswith("parameter ")}
    own = {p.name for p in card.model.parameters}
    assert parameters == own | {"w0", "s0", "hold", "r_th", "c_th"}
    assert lines.count("noise I(p,n)") == 6
    assert sorted(n for n in lines if n.startswith("charge ")) == [
        "charge I(p,n)",
        "charge I(state_s,GND)",
        "charge I(state_w,GND)",
        "charge I(temp_rise,GND)",
    ]


@pytest.mark.needs_adms
def test_the_adms_test_can_fail(tmp_path: Path) -> None:
    path = file_of("card hp", tmp_path)
    path.write_text(path.read_text().replace("white_noise(gmin_noise,", "white_noise(gmin_nois,"))
    objection = adms_objection(path)
    assert objection is not None and "never declared" in objection
