"""The house rules that a machine can hold: arrows, light imports, no evaluation, no stray paths."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGES = ("compactmodels", "fitting", "veriloga", "netlists")

# Which rooms each room may import; a room may always import itself.  `compactmodels.x` stands
# before `compactmodels`, the longer name decides.
SIDES = {"fitting", "veriloga", "netlists"}
ARROWS: dict[str, set[str]] = {
    "compactmodels.cli": {"compactmodels", "compactmodels.workflows"} | SIDES,
    "compactmodels.workflows": {"compactmodels"} | SIDES,
    "compactmodels": set(),
    "fitting": {"compactmodels"},
    "veriloga": {"compactmodels"},
    "netlists": {"compactmodels"},
}

# Modules of more than 400 lines, each with the reason why it is better whole.
LONG_MODULES: dict[str, str] = {}
LONGEST = 400

HEAVY = (*sorted(SIDES), "sympy", "lmfit", "matplotlib", "PySpice", "scipy.optimize")
HEAVY += ("pydantic", "typer", "jinja2", "openvaf_py", "numba")


# ------------------------------------------------------------------------------ reading imports


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of all that is imported, inside functions and by import_module too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield node.lineno, "." * node.level  # relative: refused below
            else:
                for alias in node.names:
                    yield node.lineno, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func).rpartition(".")[2]
            first = node.args[0]
            if called in {"import_module", "__import__", "lazy_import"} and isinstance(
                first, ast.Constant
            ):
                yield node.lineno, str(first.value)


def room(name: str) -> str | None:
    """The room that a dotted name lies in; None if it is none of ours."""
    for candidate in ARROWS:
        if name == candidate or name.startswith(candidate + "."):
            return candidate
    return None


def sources(root: Path) -> Iterator[tuple[str, Path, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            yield module_name(path, root), path, ast.parse(path.read_text(), str(path))


def broken_arrows(root: Path) -> list[str]:
    """Each import under ``root`` that the house does not allow, as a sentence."""
    found = []
    for module, path, tree in sources(root):
        here = room(module)
        assert here is not None
        # `python -m compactmodels` is the command line by another door.
        if module == "compactmodels.__main__":
            here = "compactmodels.cli"
        for line, name in imported_names(tree):
            where = f"{path.relative_to(root)}:{line}"
            target = room(name)
            if name.startswith("."):
                found.append(f"{where}: relative import")
            elif name.split(".")[0] == "PySpice":
                if not re.match(r"netlists\.ngspice(\.|_|$)", module):
                    found.append(f"{where}: only netlists/ngspice imports PySpice")
            elif name.split(".")[0] == "tests":
                found.append(f"{where}: the source imports tests")
            elif target not in {None, here} and target not in ARROWS[here]:
                found.append(f"{where}: {here} imports {name}")
    return found


def test_the_arrows_hold() -> None:
    assert broken_arrows(REPOSITORY) == []


@pytest.mark.parametrize(
    ("path", "text", "refused"),
    [
        ("fitting/a.py", "from compactmodels.data import Trace", False),
        ("fitting/a.py", "import netlists", True),
        ("fitting/a.py", "def f():\n    from veriloga.emit import emit", True),
        ("netlists/a.py", "import fitting.engine as e", True),
        ("netlists/a.py", "import importlib\nimportlib.import_module('fitting')", True),
        ("veriloga/a.py", "from compactmodels import workflows", True),
        ("compactmodels/a.py", "import numpy", False),
        ("compactmodels/a.py", "from netlists import emit", True),
        ("compactmodels/a.py", "from compactmodels.workflows.demo import run", True),
        ("compactmodels/a.py", "from compactmodels import cli", True),
        ("compactmodels/a.py", "from . import data", True),
        ("compactmodels/a.py", "import fittingroom", False),
        ("compactmodels/workflows/a.py", "import fitting, netlists.solver", False),
        ("compactmodels/workflows/a.py", "from compactmodels.cli import main", True),
        ("compactmodels/cli/a.py", "from compactmodels.workflows import demo", False),
        ("compactmodels/__main__.py", "from compactmodels.cli import main", False),
        ("netlists/ngspice.py", "from PySpice.Spice.NgSpice.Shared import NgSpiceShared", False),
        ("netlists/ngspice/worker.py", "import PySpice", False),
        ("netlists/deck.py", "import PySpice", True),
        ("netlists/a.py", "import tests.conftest", True),
    ],
)
def test_the_arrow_checker_can_fail(tmp_path: Path, path: str, text: str, refused: bool) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(text)
    assert bool(broken_arrows(tmp_path)) is refused


# ------------------------------------------------------------------------------- light imports


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_importing_compactmodels_is_light() -> None:
    loaded = loaded_by("import compactmodels")
    assert "compactmodels" in loaded
    assert sorted(loaded & set(HEAVY)) == []


def test_the_light_import_check_can_fail() -> None:
    assert "sympy" in loaded_by("import compactmodels, sympy") & set(HEAVY)


# -------------------------------------------------------------------------------- no evaluation


def evaluations(tree: ast.AST) -> list[str]:
    """Calls that turn text into code, pickle imports and blind excepts."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            builtin = name in {"eval", "exec", "builtins.eval", "builtins.exec"}
            if builtin or name.rpartition(".")[2] in {"sympify", "parse_expr"}:
                found.append(f"{node.lineno}: {name}()")
        elif isinstance(node, ast.ExceptHandler):
            caught = "" if node.type is None else ast.unparse(node.type)
            last = node.body[-1]
            reraised = isinstance(last, ast.Raise) and last.exc is None  # it only cleans up
            if not reraised and (not caught or re.search(r"\b(Base)?Exception\b", caught)):
                found.append(f"{node.lineno}: except {caught}".rstrip())
    for line, name in imported_names(tree):
        if name.split(".")[0] in {"pickle", "dill", "cloudpickle", "marshal", "shelve"}:
            found.append(f"{line}: import {name}")
        if name.rpartition(".")[2] == "sympify":
            found.append(f"{line}: import {name}")
    return found


def test_nothing_is_evaluated_and_no_failure_is_swallowed() -> None:
    found = [f"{path}:{hit}" for _, path, tree in sources(REPOSITORY) for hit in evaluations(tree)]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "eval('1')",
        "exec('x = 1')",
        "import sympy\nsympy.sympify('x')",
        "from sympy import sympify as s",
        "import pickle",
        "from dill import load",
        "try:\n    pass\nexcept Exception:\n    pass",
        "try:\n    pass\nexcept (ValueError, BaseException) as e:\n    pass",
        "try:\n    pass\nexcept:\n    pass",
    ],
)
def test_the_evaluation_check_can_fail(text: str) -> None:
    assert evaluations(ast.parse(text))


def test_the_evaluation_check_lets_good_code_pass() -> None:
    text = "try:\n    pass\nexcept ValueError:\n    pass\nmodel.eval\nre.compile('eval(')"
    assert evaluations(ast.parse(text)) == []
    text = "try:\n    pass\nexcept BaseException:\n    stop()\n    raise"
    assert evaluations(ast.parse(text)) == []


# ------------------------------------------------------------------------------------ templates

# Inside {{ }}: an operator between operands.  A filter's `|`, a call, a dash in a string and a
# joining `~` are layout.
OPERATOR = re.compile(r"[\w)\]]\s*(\*\*|//|[*/%+-])\s*[\w(]")


def arithmetic(template: str) -> list[str]:
    found = []
    for inside in re.findall(r"\{\{-?(.*?)-?\}\}", template, re.DOTALL):
        without_strings = re.sub(r"'[^']*'|\"[^\"]*\"", "''", inside)
        if OPERATOR.search(without_strings):
            found.append(inside.strip())
    return found


def test_templates_hold_no_arithmetic() -> None:
    found = [
        f"{path.name}: {hit}"
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob("*.j2")
        for hit in arithmetic(path.read_text())
    ]
    assert found == []


def test_the_template_check_can_fail() -> None:
    assert arithmetic("{{ a * 2 }} {{- x+y -}} {{ n - 1 }}") == ["a * 2", "x+y", "n - 1"]
    assert arithmetic("{{ name | join('-') }} {{ f(a, b) }} {{- x ~ 'a-b' -}} a * b") == []


def lax_environments(tree: ast.AST) -> list[int]:
    """Lines that make a Jinja environment (or bare template) without StrictUndefined."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2]
        in {"Environment", "SandboxedEnvironment", "NativeEnvironment", "Template"}
        and not any(
            word.arg == "undefined" and ast.unparse(word.value).endswith("StrictUndefined")
            for word in node.keywords
        )
    ]


def test_templates_run_with_strict_undefined() -> None:
    found = [
        f"{path}:{line}" for _, path, tree in sources(REPOSITORY) for line in lax_environments(tree)
    ]
    assert found == []


def test_the_strict_undefined_check_can_fail() -> None:
    good = "jinja2.Environment(undefined=jinja2.StrictUndefined)"
    assert lax_environments(ast.parse(f"{good}\nEnvironment(loader=l)")) == [2]


# ------------------------------------------------------------------------------ size, and paths


def test_no_module_is_too_long_to_hold_in_mind() -> None:
    lengths = {
        path.relative_to(REPOSITORY).as_posix(): len(path.read_text().splitlines())
        for _, path, _ in sources(REPOSITORY)
    }
    too_long = {name: n for name, n in lengths.items() if n > LONGEST and name not in LONG_MODULES}
    assert too_long == {}
    assert {name for name in LONG_MODULES if lengths.get(name, 0) <= LONGEST} == set()


# Written in pieces, so that this file does not find itself.
MACHINE = re.compile(
    r"(?<![\w.~$}>)-])/(?:" + "work" + r"|" + "farm" + r"|" + "root" + r"|" + "home" + r"/\w+"
    r"|" + "Users" + r"/\w+|" + "tmp" + r"/\w)"
    r"|" + r"\bdeb\.debian\.org|snapshot\.debian|security\.debian"
    r"|" + r"pypi\.org/simple|registry\.npmjs|pythonhosted\.org",
)


def test_no_tracked_file_names_a_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout: there is no list of tracked files")
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = REPOSITORY / name
        if name == "tests/test_architecture.py" or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE.search(line):
                found.append(f"{name}:{number}: {line.strip()[:80]}")
    assert found == []


@pytest.mark.parametrize("text", ["see /" + "work/main", "'/" + "tmp/x'", "/" + "home/me/x"])
def test_the_path_check_can_fail(text: str) -> None:
    assert MACHINE.search(text)
    assert not MACHINE.search("https://github.com/home/me and a/work/b")
