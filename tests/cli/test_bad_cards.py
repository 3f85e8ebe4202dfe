"""Hostile cards and names: refused in one sentence, or harmless in everything that is emitted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from compactmodels import registry
from compactmodels.card import ModelCard
from compactmodels.errors import CardError
from compactmodels.model import TAKEN, Branch, Model
from compactmodels.parameter import RESERVED
from netlists.subcircuit import subcircuit
from tests.cli.command import CARD, answer, command, done, refused
from veriloga.emitter import module

BAD: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "bad_card"),
    "random bytes": (bytes(range(128, 256)) * 9, "bad_card"),
    "no UTF-8": (b'name = "\xe9"', "bad_card"),
    "endless nesting": ("a = " + "[" * 100_000, "bad_card"),
    "an endless number": (CARD.replace("1e-6", "9" * 6000), "bad_card"),
    "newer schema": (CARD.replace("schema = 1", "schema = 2"), "newer_schema"),
    "schema as text": (CARD.replace("schema = 1", 'schema = "1"'), "bad_card"),
    "schema as truth": (CARD.replace("schema = 1", "schema = true"), "bad_card"),
    "schema of 400 digits": (CARD.replace("schema = 1", "schema = " + "9" * 400), "newer_schema"),
    "no schema": (CARD.replace("schema = 1", ""), "bad_card"),
    "NaN": (CARD.replace("1e-6", "nan"), "bad_parameter"),
    "infinity": (CARD.replace("1e-6", "-inf"), "bad_parameter"),
    "beyond a double": (CARD.replace("1e-6", "1e999"), "bad_parameter"),
    "an integer beyond a double": (CARD.replace("1e-6", "9" * 400), "bad_parameter"),
    "truth": (CARD.replace("1e-6", "true"), "bad_parameter"),
    "text": (CARD.replace("1e-6", '"1e-6"'), "bad_parameter"),
    "code": (CARD.replace("1e-6", "\"__import__('os').system('touch x')\""), "bad_parameter"),
    "a list": (CARD.replace("1e-6", "[1.0]"), "bad_parameter"),
    "a date": (CARD.replace("1e-6", "2020-01-01"), "bad_parameter"),
    "out of bounds": (CARD.replace("1e-6", "-1.0"), "bad_parameter"),
    "wrong unit": (CARD.replace('"S"', '"ohm"'), "wrong_unit"),
    "no unit": (CARD.replace('unit = "S"', ""), "bad_parameter"),
    "a key twice": (CARD + 'unit = "S"\n', "bad_card"),
    "a table twice": (CARD + "[values.b_g]\nvalue = 1.0\n", "bad_card"),
    "unknown table": (CARD + "[evil]\nx = 1\n", "bad_card"),
    "100000 unknown tables": (CARD + "".join(f"[t{k}]\n" for k in range(100_000)), "bad_card"),
    "unknown field": (CARD + 'expr = "1"\n', "bad_parameter"),
    "unknown parameter": (CARD + '[values.b_h]\nvalue = 1.0\nunit = "S"\n', "bad_card"),
    "a directive as parameter": (
        CARD + '[values."b\\n.end"]\nvalue = 1.0\nunit = "S"\n',
        "bad_card",
    ),
    "100000 unknown parameters": (
        CARD + "".join(f'[values.q{k}]\nvalue = 1.0\nunit = "S"\n' for k in range(100_000)),
        "bad_card",
    ),
    "unknown mechanism": (CARD.replace("ohmic", "ohmik"), "unknown_part"),
    "a directive as mechanism": (CARD.replace("ohmic", "oh\\n.end"), "bad_card"),
    "an expression as mix": (CARD.replace('"ohmic"', '"ohmic", mix = "w*2"'), "bad_card"),
    "unknown origin": (CARD + 'origin = "guess"\n', "bad_card"),
    "unknown law": (CARD.replace("branches", "switching = 'nope'\nbranches"), "unknown_part"),
    "no branch": (CARD.replace('{name = "b", mechanism = "ohmic"}', ""), "bad_card"),
    "a branch twice": (
        CARD.replace("= [", '= [{name = "b", mechanism = "ohmic"}, '),
        "bad_card",
    ),
    "no name": (CARD.replace('name = "x"\n', ""), "bad_card"),
    "a name with a space": (CARD.replace('"x"', '"a b"'), "bad_card"),
    "a name with a newline": (CARD.replace('"x"', '"a\\n.control"'), "bad_card"),
    "a name that is a path": (CARD.replace('"x"', '"../x"'), "bad_card"),
    "an empty name": (CARD.replace('"x"', '""'), "bad_card"),
    "an endless name": (CARD.replace('"x"', f'"{"x" * 3000}"'), "bad_card"),
    "NaN in the provenance": (CARD + "[provenance]\nx = nan\n", "bad_card"),
    "NaN in a correlation": (CARD + '[correlations]\n"b_g, b_g" = nan\n', "bad_card"),
    "infinite operation": (CARD + "[operation]\nv_read = inf\n", "bad_card"),
    "operation as text": (CARD + '[operation]\nv_read = "0.1"\n', "bad_card"),
    "NaN in an interval": (CARD + "interval = [1.0, nan]\n", "bad_parameter"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_cards(folder: Path, kind: str) -> None:
    content, code = BAD[kind]
    card = folder / "card.toml"
    card.write_bytes(content.encode() if isinstance(content, str) else content)
    sentence = refused(folder, "emit", "card.toml", "--to", "spice", "-o", "out", code=code)
    assert "card" in sentence
    if not kind.startswith("100000"):
        assert refused(folder, "models", "card.toml", code=code) == sentence
        assert refused(folder, "simulate", "card.toml", "-o", "out", code=code) == sentence
        assert refused(folder, "crossbar", "card.toml", "-o", "out", code=code) == sentence


@pytest.mark.parametrize("word", ["sinh", "time", "tran", "module", "reg", "w0", "i"])
def test_names_that_are_words_of_the_languages(folder: Path, word: str) -> None:
    (folder / "card.toml").write_text(CARD.replace('"x"', f'"{word}"'))
    for target in ("spice", "verilog-a"):
        refused(folder, "emit", "card.toml", "--to", target, "-o", "out", code="bad_netlist")
    refused(folder, "simulate", "card.toml", "--protocol", "dc", "-o", "out", code="bad_netlist")


HOSTILE = [
    "a\\n.control\\nshell rm -rf x\\n.endc\\n.end",
    "{{ 7 * 7 }} {% raw %} {x} [y]",
    '`define x 1\\n`include \\"x\\"',
    "\\\"quoted\\\" 'quoted'",
    "*/ endmodule /* // ",
    "backslash at the end \\\\",
    ".end",
    "+ r1 0 1 1",
    "$(touch pwned); rm `touch pwned`",
    "\\u2028.control\\u0085.control\\u000b.control\\f.control\\r.control\\u0000",
    "\u00e9" * 3000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts(folder: Path, text: str) -> None:
    named = CARD.replace('name = "x"', f'name = "x"\ntitle = "{text}"\ncitation = "{text}"')
    (folder / "card.toml").write_text(
        named + f'note = "{text}"\n[provenance]\nnot_published = "{text}"\n"{text}" = "{text}"\n'
    )
    (folder / "plain.toml").write_text(CARD)
    for target, ending in (("spice", "cir"), ("verilog-a", "va")):
        for name in ("card", "plain"):
            done("emit", f"{name}.toml", "--to", target, "-o", name)
        lines = [(folder / n / f"x.{ending}").read_text().splitlines() for n in ("card", "plain")]
        # (in Verilog-A a comment may also follow what is declared, and a long one has more lines)
        bare = [[re.sub(r" *//.*", "", x) for x in found] for found in lines]
        code = [[x for x in found if x and not x.startswith("*")] for found in bare]
        assert code[0] == code[1], "the text changed more than comments"
        assert len(lines[0]) == len(lines[1]) or ending == "va"
    done("models", "card.toml")
    answer("models", "card.toml")
    assert not list(folder.rglob("pwned"))


@pytest.mark.needs_ngspice
@pytest.mark.needs_veriloga
def test_hostile_texts_in_the_simulator_and_the_compiler(folder: Path) -> None:
    text = " ".join(HOSTILE)
    named = CARD.replace('name = "x"', f'name = "x"\ntitle = "{text}"\ncitation = "{text}"')
    (folder / "card.toml").write_text(named + f'note = "{text}"\n')
    found = answer("simulate", "card.toml", "--protocol", "dc", "-o", "out")
    assert found["largest_current_A"] == pytest.approx(1e-6, rel=1e-6)
    done("emit", "card.toml", "--to", "verilog-a", "--check", "-o", "out")
    assert not list(folder.rglob("pwned"))


@pytest.mark.parametrize(
    "place", ["a b", "a'b\"c", "a\nb", "$(touch pwned)", ".control", "-o", "{}"]
)
def test_folders_with_hostile_names(folder: Path, place: str) -> None:
    cards = folder / place
    cards.mkdir()
    (cards / "card.toml").write_text(CARD)
    path = f"./{place}/card.toml"
    out = f"./{place}/out"
    assert answer("emit", path, "--to", "spice", "-o", out)["path"].endswith("out/x.cir")
    done("emit", path, "--to", "verilog-a", "-o", out)
    assert {p.name for p in (cards / "out").iterdir()} == {"x.cir", "x.va"}
    (cards / "card.toml").write_text(CARD.replace("1e-6", "nan"))
    refused(folder, "emit", path, "--to", "spice", "-o", out, code="bad_parameter")
    assert not list(folder.rglob("pwned"))


def test_a_byte_order_mark_is_no_obstacle(folder: Path) -> None:
    (folder / "card.toml").write_text("\ufeff" + CARD)
    done("emit", "card.toml", "--to", "spice")


# ------------------------------------------------------------------------------- names of branches

WORDS = sorted(
    {
        *sorted(RESERVED)[::6],
        *TAKEN,
        "p",
        "n",
        "j",
        "a",
        "b",
        "c",
        "g",
        "h",
        "l",
        "r",
        "vd",
        "wd",
        "sd",
        "td",
    }
    | {"xdut", "drive", "vdrive", "x", "scale", "cap", "hold", "leak", "const", "temperature", "te"}
    | {"bw", "bs", "bgmin", "cw", "gw", "iw", "cp", "exp1", "probe", "te0", "t1", "zz1"}
)


def card_with(*names: str, series: bool = True) -> ModelCard:
    """A card of the second order with these branches."""
    mechanisms = ("direct_tunneling", "thermionic_emission", "ohmic")
    branches = (
        Branch(name, registry.conduction(mechanisms[k % 3]), "on", series and k % 3 < 2)
        for k, name in enumerate(names)
    )
    law, relaxation = registry.switching("volatile_gate"), registry.relaxation("exponential")
    return ModelCard("probe", Model(tuple(branches), law, relaxation), {})


def twice(found: list[str]) -> set[str]:
    return {x for x in found if found.count(x) > 1}


@pytest.mark.parametrize("word", [w for w in WORDS if w not in TAKEN])
def test_a_branch_name_is_harmless(word: str) -> None:
    if "_" in word:
        with pytest.raises(CardError, match="branch name"):
            card_with(word)
        return
    card = card_with(word, "zz")
    text = subcircuit(card).lower()
    assert not twice(re.findall(r"^(\w+) .* (?:[iv]=|\d|\{)", text, re.M)), (
        "an element stands twice"
    )
    assert not twice(re.findall(r"^\.(?:param|func) (\w+)", text, re.M))
    source = module(card)
    # (what an analog function declares, further right, is its own)
    found = re.findall(
        r"^ {4}(?:parameter )?(?:real|electrical) ([\w,\s]+?)(?: +=|;)", source, re.M
    )
    declared = [name for names in found for name in re.split(r",\s+", names)]
    assert len(declared) > 50
    assert not twice(declared)


@pytest.mark.parametrize(
    "names",
    [*((word,) for word in sorted(TAKEN)), ("a", "b_c"), ("a_b",), ("sw_rate",), ("a_j", "a")]
    + [("b", "b"), ("B",), ("1a",), ("",), ("a\n.end",), ("\u00e9",), ("b" * 25,), ("a b",)],
)
def test_branch_names_that_break_a_netlist_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(CardError, match="branch name"):
        card_with(*names)


def test_such_a_branch_on_a_card_is_a_sentence(folder: Path) -> None:
    for name in (*TAKEN, "a_b", "a\\n.control", "b" * 3000):
        text = CARD.replace('"b"', f'"{name}"').replace("b_g", f'"{name}_g"')
        (folder / "card.toml").write_text(text)
        refused(folder, "emit", "card.toml", "--to", "spice", "-o", "out", code="bad_card")


@pytest.mark.needs_ngspice
@pytest.mark.needs_veriloga
@pytest.mark.parametrize(
    "word", ["p", "v", "b", "c", "xdut", "drive", "hold", "scale", "exp", "vd"]
)
def test_branch_names_in_the_simulator_and_the_compiler(folder: Path, word: str) -> None:
    card = card_with(word, "zz")
    card.save(folder / "card.toml")
    found = answer("simulate", "card.toml", "--protocol", "dc", "--w0", "0.5", "-o", "out")
    expected = float(card.model.current(1.0, card.values, w=0.5))
    assert found["largest_current_A"] == pytest.approx(expected, rel=1e-6)
    done("emit", "card.toml", "--to", "verilog-a", "--check", "-o", "out")


def test_debug_is_no_error_of_the_card(folder: Path) -> None:
    (folder / "card.toml").write_text(CARD)
    assert command("emit", "card.toml", "--to", "spice", "--debug").status == 0
