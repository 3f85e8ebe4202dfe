"""KiCad: its file held against the format, read and netlisted by its command line, run in ngspice against NumPy."""

from __future__ import annotations

import re
import subprocess
import uuid
from pathlib import Path

import pytest

from compactmodels.card import ModelCard
from netlists.ngspice import run
from netlists.symbols import emit_symbols
from tests.netlists.symbol_subjects import CARDS, HOSTILE, agree, module_of, otj


@pytest.fixture(params=CARDS)
def emitted(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ModelCard, Path]:
    card = CARDS[request.param]()
    emit_symbols(card, tmp_path)
    return card, tmp_path


TOKEN = re.compile(r'\s*(?:(\()|(\))|"((?:[^"\\]|\\["\\])*)"|([A-Za-z0-9_.+~-]+))')


def parsed(text: str) -> list:
    """The one s-expression of a file: strings as ``("text",)``, bare words as str."""
    stack: list[list] = [[]]
    at = 0
    while at < len(text.rstrip()):
        token = TOKEN.match(text, at)
        assert token, f"no token at {text[at : at + 30]!r}"
        at = token.end()
        opening, closing, string, word = token.groups()
        if opening:
            stack.append([])
        elif closing:
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(word if word is not None else (re.sub(r"\\(.)", r"\1", string),))
    assert len(stack) == 1 and len(stack[0]) == 1, "brackets do not match"
    return stack[0][0]


def inside(node: list, *names: str) -> list[list]:
    return [x for x in node if isinstance(x, list) and x[0] in names]


def number_of(word: str) -> float:
    assert re.fullmatch(r"-?\d+(\.\d+)?", word)
    return float(word)


EFFECTS = ["effects", ["font", ["size", "1.27", "1.27"]]]
STROKE_TYPES = {"default", "dash", "dot", "solid"}
FILL_TYPES = {"none", "outline", "background"}


def check_property(node: list, k: int) -> None:
    """(property "KEY" "VALUE" (id N) (at X Y ANGLE) TEXT_EFFECTS)"""
    token, key, value, order, at, effects = node
    assert token == "property" and isinstance(key, tuple) and isinstance(value, tuple)
    assert order == ["id", str(k)]
    assert at[0] == "at" and [number_of(x) for x in at[1:]] and len(at) == 4
    assert effects[:2] == EFFECTS and effects[2:] in ([], ["hide"], [["justify", "left"]])


def check_polyline(node: list) -> None:
    """(polyline (pts (xy X Y) ...) (stroke ...) (fill (type T)))"""
    token, points, stroke, fill = node
    assert token == "polyline" and points[0] == "pts" and len(points) > 2
    for xy in points[1:]:
        assert xy[0] == "xy" and [number_of(x) for x in xy[1:]] and len(xy) == 3
    assert [stroke[0], *(x[0] for x in stroke[1:])] == ["stroke", "width", "type", "color"]
    assert stroke[2][1] in STROKE_TYPES and len(stroke[3]) == 5
    assert fill[0] == "fill" and fill[1][0] == "type" and fill[1][1] in FILL_TYPES


def check_pin(node: list, number: int, name: str) -> None:
    """(pin ELECTRICAL GRAPHIC (at X Y ANGLE) (length L) (name "N" E) (number "1" E))"""
    assert node[:3] == ["pin", "passive", "line"]
    assert [x[0] for x in node[3:]] == ["at", "length", "name", "number"]
    assert node[3][3] in {"0", "90", "180", "270"} and number_of(node[4][1]) > 0
    assert node[5][1:] == [(name,), EFFECTS] and node[6][1:] == [(str(number),), EFFECTS]


def test_kicads_file_is_as_its_format_is_documented(emitted: tuple[ModelCard, Path]) -> None:
    """KiCad 6's symbol library (version 20211014): tokens, their order, quoting; nothing else in it."""
    card, folder = emitted
    module = module_of(card)
    tree = parsed((folder / f"{module}.kicad_sym").read_text())
    head, version, generator, symbol = tree
    assert [head, version, generator] == [
        "kicad_symbol_lib", ["version", "20211014"], ["generator", "compactmodels"],
    ]  # fmt: skip
    assert symbol[:2] == ["symbol", (module,)]
    assert symbol[2:6] == [
        ["pin_numbers", "hide"], ["pin_names", ["offset", "0.254"], "hide"], ["in_bom", "no"], ["on_board", "no"],
    ]  # fmt: skip
    properties, units = inside(symbol, "property"), inside(symbol, "symbol")
    assert len(symbol) == 6 + len(properties) + len(units)
    for k, node in enumerate(properties):
        check_property(node, k)
    fields = {node[1][0]: node[2][0] for node in properties}
    assert list(fields)[:4] == [
        "Reference",
        "Value",
        "Footprint",
        "Datasheet",
    ]  # KiCad asks for these
    assert len(fields) == len(properties)
    assert [u[1][0] for u in units] == [f"{module}_0_1", f"{module}_1_1"]
    for node in units[0][2:]:
        check_polyline(node)
    assert len(units[1]) == 4
    for k, (node, name) in enumerate(zip(units[1][2:], "pn", strict=True), 1):
        check_pin(node, k, name)
    if card.title == HOSTILE:
        assert 'He said "x" {y} / @name $w [exit] (z) ; .end end/' in fields["ki_description"]


def test_kicads_fields_call_the_subcircuit(tmp_path: Path) -> None:
    emit_symbols(otj(), tmp_path)
    text = (tmp_path / "otj.kicad_sym").read_text()
    fields = dict(re.findall(r'\(property "([^"]*)" "([^"]*)"', text))
    parameters = "w0=0 s0=0 hold=0 scale=1.0 m=1"
    assert {k: v for k, v in fields.items() if k.startswith(("Sim", "Spice"))} == {
        "Sim.Device": "SUBCKT", "Sim.Library": "otj.cir", "Sim.Name": "otj", "Sim.Pins": "1=p 2=n",
        "Sim.Params": parameters, "Spice_Primitive": "X", "Spice_Model": f"otj {parameters}",
        "Spice_Netlist_Enabled": "Y", "Spice_Lib_File": "otj.cir", "Spice_Node_Sequence": "1 2",
    }  # fmt: skip
    assert re.search(r"^\.subckt otj p n ", (tmp_path / "otj.cir").read_text(), re.M)


SOURCE = """(symbol "bench:V" (pin_names (offset 0)) (in_bom yes) (on_board yes)
  (property "Reference" "V" (id 0) (at 0 0 0) (effects (font (size 1.27 1.27))))
  (property "Value" "V" (id 1) (at 0 0 0) (effects (font (size 1.27 1.27))))
  (symbol "V_1_1"
    (pin passive line (at 0 3.81 270) (length 1.27)
      (name "p" (effects (font (size 1.27 1.27)))) (number "1" (effects (font (size 1.27 1.27)))))
    (pin passive line (at 0 -3.81 90) (length 1.27)
      (name "n" (effects (font (size 1.27 1.27)))) (number "2" (effects (font (size 1.27 1.27)))))))
"""


def placed(symbol: str, reference: str, x: float, fields: dict[str, str], root: str) -> str:
    shown = {"Reference": reference, **fields}
    rows = "\n".join(
        f'(property "{k}" "{v}" (at {x} 50.8 0) (effects (font (size 1.27 1.27)) hide))'
        for k, v in shown.items()
    )
    return (
        f'(symbol (lib_id "{symbol}") (at {x} 50.8 0) (unit 1) (in_bom yes) (on_board yes) (dnp no)\n'
        f'(uuid {uuid.uuid4()})\n{rows}\n(pin "1" (uuid {uuid.uuid4()})) (pin "2" (uuid {uuid.uuid4()}))\n'
        f'(instances (project "bench" (path "/{root}" (reference "{reference}") (unit 1)))))\n'
    )


def schematic(library: str, module: str, changed: dict[str, str]) -> str:
    """A KiCad 7 schematic: the library's symbol and a source between the nets ``top`` and ``0``."""
    root = str(uuid.uuid4())
    symbol = library[library.index("(symbol ") : library.rindex(")")]
    symbol = symbol.replace(f'(symbol "{module}"', f'(symbol "own:{module}"', 1)
    fields = dict(re.findall(r'\(property "(Value|S[^"]*)" "([^"]*)"', library))
    labels = "".join(
        f'(global_label "{net}" (shape input) (at {x} {y} 0) (effects (font (size 1.27 1.27))) '
        f"(uuid {uuid.uuid4()}))\n"
        for x in (50.8, 76.2)
        for net, y in (("top", 46.99), ("0", 54.61))
    )
    source = {
        "Value": "0.2",
        "Sim.Device": "V",
        "Sim.Type": "DC",
        "Sim.Params": "dc=0.2",
        "Sim.Pins": "1=+ 2=-",
    }
    return (
        f'(kicad_sch (version 20230121) (generator compactmodels_test) (uuid {root}) (paper "A4")\n'
        f"(lib_symbols {symbol} {SOURCE})\n{labels}"
        + placed(f"own:{module}", "X1", 50.8, fields | changed, root)
        + placed("bench:V", "V1", 76.2, source, root)
        + '(sheet_instances (path "/" (page "1"))))\n'
    )


def kicad(folder: Path, *words: str) -> None:
    done = subprocess.run(
        ["kicad-cli", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")


@pytest.mark.needs_kicad
@pytest.mark.needs_ngspice
def test_kicad_reads_the_symbol_and_netlists_it(
    emitted: tuple[ModelCard, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    card, folder = emitted
    module = module_of(card)
    library = (folder / f"{module}.kicad_sym").read_text()
    kicad(folder, "sym", "export", "svg", "-o", "drawn", f"{module}.kicad_sym")
    assert len(list((folder / "drawn").iterdir())) == 1
    changed = {"Sim.Params": "w0=0.25 s0=0.125 hold=1 scale=3 m=2"}
    (folder / "bench.kicad_sch").write_text(schematic(library, module, changed))
    kicad(
        folder,
        "sch",
        "export",
        "netlist",
        "--format",
        "spice",
        "-o",
        "bench.cir",
        "bench.kicad_sch",
    )
    text = (folder / "bench.cir").read_text()
    (line,) = re.findall(rf"^X1 top 0 {module} (.*)$", text, re.M)
    assert sorted(line.split()) == sorted(
        changed["Sim.Params"].split()
    )  # in the subcircuit's order
    assert f'.include "{folder.resolve()}/{module}.cir"' in text
    monkeypatch.chdir(folder)
    options = ".options reltol=1e-9 abstol=1e-18 vntol=1e-12"
    (op,) = run(text.replace(".end", f"{options}\n.op\n.end"))
    agree(card, op, "top", "v1", w=0.25, s=0.125, times=6.0)


@pytest.mark.needs_kicad
def test_the_check_by_kicad_can_fail(tmp_path: Path) -> None:
    (path,) = [p for p in emit_symbols(otj(), tmp_path) if p.suffix == ".kicad_sym"]
    path.write_text(path.read_text().replace("(pin passive", "(pin passiv"))
    with pytest.raises(AssertionError, match="Unable to load"):
        kicad(tmp_path, "sym", "upgrade", "--force", "otj.kicad_sym")
