"""``compactmodels fit dynamics`` from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from compactmodels import load_card
from compactmodels.data import Trace
from tests.cli.command import answer, csv, done, refused, sweep
from tests.core.dynamics_cards import junction_card
from tests.fitting.test_dynamics import measured

START = {"sw_k_reset": 1e-6, "sw_u_reset": 0.15, "j_r_s": 70.0, "j_n": 1.7}


def write(path: Path, trace: Trace) -> str:
    heading = "Time (s),Voltage (V),Current (A)"
    return csv(path, heading, trace.time, trace.voltage, trace.current).name


@pytest.fixture
def files(folder: Path) -> tuple[str, str, str]:
    """A sweep, a deeper one, and the card to start from."""
    junction_card().with_values(START, "fitted").save(folder / "start.toml")
    one = write(folder / "one.csv", measured())
    two = write(folder / "two.csv", measured(low=-3.0, w0=0.55, seed=2))
    return one, two, "start.toml"


def test_a_card_figures_and_a_prediction(files: tuple[str, str, str]) -> None:
    one, two, start = files
    command = ["fit", "dynamics", one, "--start", start, "--starts", "1", "--predict", two]
    wanted = ("-o", "made.toml", "--plots", "figures", "--report", "page.html")
    found = answer(*command, *wanted, "--temperature", "300.15")
    assert found["selected"] == "exponential_feedback"
    assert found["card"] == "made.toml"
    assert found["parameters"]["j_r_s"]["value"] == pytest.approx(55.0, rel=0.02)
    assert found["statistics"]["rms_decades"] < 0.002
    assert "deep_reset_unseen" in {w["code"] for w in found["warnings"]}
    (predicted,) = found["predictions"]
    assert predicted["rms_decades"] < 0.01
    assert [w["code"] for w in predicted["warnings"]] == ["beyond_fitted_range"]
    assert len(found["figures"]) == 4 and all(Path(f).stat().st_size for f in found["figures"])
    page = Path(found["report"]).read_text("utf-8")
    assert page.count("data:image/svg+xml;base64,") == 2
    for word in ("sw_k_reset", "one.csv", "two.csv", "deep_reset_unseen", "beyond_fitted_range"):
        assert word in page, word
    assert f"{found['predictions'][0]['rms_decades']:.4f}" in page
    assert "compactmodels fit dynamics one.csv" in page
    card = load_card("made.toml")
    assert card.operation["v_reset"] == pytest.approx(-2.0)
    assert card.entries["sw_k_reset"].origin == "fitted"
    assert any("deep_reset_unseen" in w for w in card.provenance["warnings"])
    text = done(*command).out
    assert "initial states fitted" in text and "sw_k_reset" in text


def test_what_is_wrong_is_said(folder: Path, files: tuple[str, str, str]) -> None:
    one, _, start = files
    fit = ("fit", "dynamics", one)
    assert "--start" in refused(folder, *fit, "--free", "j_n", code="no_start")
    assert "did you mean 'j_n'" in refused(folder, *fit, "--start", start, "--free", "j_m")
    assert "'carried'" in refused(folder, *fit, "--initial", "read", code="bad_initial")
    sweep(folder / "bare.csv")
    assert "--interval" in refused(folder, "fit", "dynamics", "bare.csv", code="no_time")
