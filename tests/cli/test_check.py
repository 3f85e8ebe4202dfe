"""``compactmodels check``: the whole command, its JSON, its page and its exit status."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

from compactmodels.card import library, load_card
from compactmodels.workflows.check.bench import Bench
from compactmodels.workflows.check.runner import CHECKS
from compactmodels.workflows.check.subject import subject_of
from tests.cli.command import Outcome, command
from tests.cli.test_report import run_chromium

pytestmark = [pytest.mark.needs_ngspice, pytest.mark.needs_veriloga]


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Path]:
    folder = tmp_path_factory.mktemp("check")
    return command("check", "hp", "-o", folder, "--json"), folder


def test_a_library_card_passes_everything(checked: tuple[Outcome, Path]) -> None:
    outcome, _ = checked
    assert outcome.status == 0, outcome.err
    found = outcome.document
    assert found["card"] == "hp" and found["ok"] is True and found["failed"] == []
    assert {(c["check"], c["tool"]) for c in found["checks"]} == {
        (c.name, t) for c in CHECKS for t in c.tools
    }
    assert {"NumPy", "ngspice", "OpenVAF", "OSDI"} <= set(found["tools"])
    for row in found["checks"]:
        assert row["status"] in {"passed", "not_run"}
        if row["status"] == "passed":
            assert row["figure"] <= row["limit"] and row["points"] > 0, row
        else:
            assert row["tool"] == "OSDI" and row["remark"]  # the tool that may be missing here
    agreement = next(c for c in found["checks"] if c["check"] == "currents agree")
    assert agreement["points"] >= 1000 and 0 < agreement["figure"] <= 1e-9
    assert {"v", "w", "s", "temperature"} <= set(agreement["worst"])


def test_it_writes_the_page_the_json_and_what_was_run(checked: tuple[Outcome, Path]) -> None:
    outcome, folder = checked
    assert sorted(p.name for p in folder.iterdir()) == [
        "hp-check.html", "hp-check.json", "hp.cir", "hp.va",
    ]  # fmt: skip
    written = json.loads((folder / "hp-check.json").read_text())
    assert written == {k: v for k, v in outcome.document.items() if k != "files"}
    assert ".subckt hp" in (folder / "hp.cir").read_text()


def test_the_page_stands_for_itself(checked: tuple[Outcome, Path]) -> None:
    text = (checked[1] / "hp-check.html").read_text("utf-8")
    seen = html.unescape(text)
    for check in CHECKS:
        assert f"<h2>{check.name}</h2>" in seen
        assert check.proves in seen and check.limit in seen
    assert "compactmodels check hp" in text
    bare = re.sub(r"data:image/svg\+xml;base64,[A-Za-z0-9+/=]+", "", text)
    assert bare != text  # the figure is in it
    assert re.findall(r"(?:src|href)=\"(?!#)[^\"]+\"", bare) == []
    assert "<script" not in bare and "@import" not in bare and "url(" not in bare


@pytest.mark.needs_chromium
@pytest.mark.parametrize("width", [360, 1000])
def test_the_page_fits(checked: tuple[Outcome, Path], tmp_path: Path, width: int) -> None:
    measure = """
      const d = document.querySelector('iframe').contentDocument, r = d.documentElement;
      const drawn = [...d.images].every(i => i.complete && i.naturalWidth > 0 && i.width <= r.clientWidth);
      document.body.innerHTML = `<pre>${r.scrollWidth} ${r.clientWidth} ${d.images.length} ${drawn}</pre>`;
    """
    inner = html.escape((checked[1] / "hp-check.html").read_text("utf-8"), quote=True)
    probe = tmp_path / "probe.html"
    probe.write_text(
        f"<body><iframe style='border:0;height:900px;width:{width}px' srcdoc=\"{inner}\"></iframe>"
        f"<script>window.onload = () => {{{measure}}}</script></body>"
    )
    out = run_chromium("--virtual-time-budget=5000", "--dump-dom", probe.as_uri())
    found = re.search(r"<pre>(\d+) (\d+) (\d+) (\w+)</pre>", out)
    assert found is not None, out[-500:]
    wide, shown, images, drawn = found.groups()
    assert int(wide) <= int(shown) <= width
    assert (int(images), drawn) == (1, "true")


def test_the_same_seed_gives_the_same_settings() -> None:
    subject = subject_of(load_card("hp"))
    assert Bench(subject, 3).settings == Bench(subject, 3).settings != Bench(subject, 4).settings
    asked = ("check", "hp", "--only", "parameter file", "--seed", 3, "--json")
    assert command(*asked).document["seed"] == 3


def test_a_card_that_fails_ends_with_status_1(tmp_path: Path) -> None:
    """Linear drift without its smoothing at 0 V integrates every offset."""
    card = load_card("hp").with_values({"sw_v_smooth": 1e-6}, "assumed")
    path = card.save(tmp_path / "drifting.toml")
    asked = ("check", path, "--only", "no drift", "--report", tmp_path / "page.html")
    found = command(*asked)
    assert found.status == 1
    assert found.code == "checks_failed"
    assert "FAILED no drift (ngspice)" in found.out and "w = 1" in found.out
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "<h3>Failed</h3>" in text and "no drift" in text
    document = command(*asked, "--json").document
    assert document["ok"] is False and "no drift (NumPy)" in document["failed"]


def test_a_missing_tool_is_said_and_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    from netlists import osdi

    monkeypatch.setattr(osdi, "unavailable", lambda: "there is no C compiler")
    found = command("check", "hp", "--only", "I(0) = 0")
    assert found.status == 0
    assert "not run: I(0) = 0 (OSDI): there is no C compiler" in found.out
    document = command("check", "hp", "--only", "I(0) = 0", "--json").document
    assert document["not_run"] == ["I(0) = 0 (OSDI)"] and document["passed"] == 3


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("check", "moses2"), "unknown_card", "did you mean 'mose2'"),
        (("check", "hp", "--only", "finit"), "unknown_check", "did you mean 'finite'"),
        (
            ("check", "hp", "--tool", "spectre"),
            "unknown_tool",
            "known are NumPy, ngspice",
        ),
        (("check", "hp", "-o", "file/below"), "cannot_write", "no folder"),
    ],
)
def test_wrong_usage_is_one_sentence(
    arguments: tuple[str, ...],
    code: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    found = command(*arguments)
    assert found.status == 2
    assert found.code == code and said in found.err
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.slow
@pytest.mark.parametrize("name", library())
def test_every_library_card_passes_everything(name: str) -> None:
    found = command("check", name, "--json")
    assert found.status == 0, found.err
    assert found.document["failed"] == []
