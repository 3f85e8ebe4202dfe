"""``fit plasticity`` and ``export`` on the command line; what is written, read back."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from compactmodels.card import load_card
from compactmodels.nonlinearity import alpha_of_nl
from compactmodels.plasticity.pulsed_conductance import progress
from compactmodels.pulse_draws import trajectory
from compactmodels.workflows.export import export
from tests.cli.command import command, refused
from tests.conftest import aihwkit_python
from tests.core.test_synapse import RampNoise, card, synapse
from tests.fitting import samples

NOISE = RampNoise(white=3e-8, correlated=4e-8, memory=5.0, walk=2e-8)


def saved(folder: Path, noise: RampNoise = NOISE) -> Path:
    return card(synapse(noise)).save(folder / "syn.toml")


def test_from_pulses_to_a_card_that_goes_on(folder):
    n = np.arange(1, 61) / 60
    rng = np.random.default_rng(0)
    up = 1e-6 + 9e-6 * progress(n, 3.0, 0.0) + 2e-8 * rng.standard_normal(60)
    down = 1e-5 - 9e-6 * progress(n, 4.0, 0.0) + 2e-8 * rng.standard_normal(60)
    rows = "\n".join(f"{k + 1},{a * 1e6},{b * 1e6}" for k, (a, b) in enumerate(zip(up, down)))
    Path("pulses.csv").write_text("pulse,LTP (uS),LTD (uS)\n" + rows + "\n")
    fit = command(
        *"fit plasticity pulses.csv --kind ltp --width 1e-6 --amplitude 1,-1".split(),
        *"-o syn.toml --plots figures --report fit.html --json".split(),
    )
    assert fit.status == 0, fit.err
    assert fit.document["selected"] == "exponential+exponential"
    assert fit.document["parameters"]["alpha_ltp"]["value"] == pytest.approx(3.0, abs=0.1)
    assert "convention" in {w["code"] for w in fit.document["warnings"]}
    assert len(fit.document["figures"]) == 4
    assert "svg+xml" in Path("fit.html").read_text()
    for target in ("spice", "verilog-a"):
        assert command("emit", "syn.toml", "--to", target).status == 0
    out = command("export", "syn.toml", "--to", "neurosim", "-o", "out", "--json")
    assert out.status == 0 and out.document["files"] == ["out/syn_neurosim.txt"]
    assert "maxConductance" in Path("out/syn_neurosim.txt").read_text()


@pytest.mark.parametrize("kind", ["ppf", "stdp", "srdp"])
def test_figures_and_report_of_every_kind(folder, kind):
    x = np.linspace(-100, 100, 40) if kind == "stdp" else np.geomspace(1, 500, 30)
    y = {
        "ppf": 80 * np.exp(-x / 40),
        "stdp": np.sign(x) * 50 * np.exp(-np.abs(x) / 20),
        "srdp": 3.0 * np.sqrt(np.abs(x)),
    }[kind] + np.random.default_rng(0).standard_normal(x.size)
    head = {
        "ppf": "dt (ms),PPF (A2-A1)/A1 (%)",
        "stdp": "dt (ms),dW (%)",
        "srdp": "rate (Hz),EPSC (nA)",
    }
    rows = "\n".join(f"{a},{b}" for a, b in zip(x, y))
    Path("data.csv").write_text(head[kind] + "\n" + rows + "\n")
    found = command(
        "fit",
        "plasticity",
        "data.csv",
        "--kind",
        kind,
        "--plots",
        "p",
        "--report",
        "r.html",
        "--json",
    )
    assert found.status == 0, found.err
    assert all(Path(f).stat().st_size > 1000 for f in found.document["figures"])
    assert "svg+xml" in Path("r.html").read_text()


def test_words_that_do_not_belong(folder):
    Path("x.csv").write_text("a,b\n" + "\n".join(f"{k},{k}" for k in range(1, 9)) + "\n")
    base = ("fit", "plasticity", "x.csv", "--kind")
    refused(folder, *base, "srdp", "--width", "1e-6", code="usage")
    refused(folder, *base, "stdp", "--convention", "ratio", code="usage")
    refused(folder, *base, "ltp", "--amplitude", "one", code="usage")
    refused(folder, "fit", "plasticity", "x.csv", "x.csv", "--kind", "stdp", code="usage")
    refused(folder, *base, "pdf", code="usage")
    refused(folder, "export", "otj", "--to", "neurosim", code="no_synapse")


def test_a_sheet_of_a_workbook(folder):
    """Dependences, trains and retention are read from the sheet that was chosen."""
    x = np.arange(1, 31)
    e = 1 + 1e-3 * np.random.default_rng(0).standard_normal(30)
    line = [["rate (Hz)", "y"], *zip(x.tolist(), ((3.0 + 2.0 * x) * e).tolist())]
    train = [["pulse", "G (S)"], *zip(x.tolist(), (1e-6 * (1 + x / 10) * e).tolist())]
    decay = [["time (s)", "signal"], *zip(x.tolist(), (5.0 * x**-0.3 * e).tolist())]
    samples.xlsx(Path("x.xlsx"), {"line": line, "train": train, "decay": decay})
    base = ("fit", "plasticity", "x.xlsx", "--json", "--kind")
    for kind, sheet, law in (
        ("srdp", "line", "linear_dependence"),
        ("ltp", "train", "linear"),
        ("retention", "decay", "power"),
    ):
        done = command(*base, kind, "--sheet", sheet)
        assert done.status == 0, done.err
        assert done.document["selected"] == law
        assert done.document["file"] == "x.xlsx"
    assert "--sheet" in refused(folder, *base[:3], "--kind", "srdp", code="ambiguous_sheet")
    Path("x.csv").write_text("rate (Hz),y\n1,2\n2,3\n")
    refused(
        folder, "fit", "plasticity", "x.csv", "--kind", "srdp", "--sheet", "line", code="no_sheet"
    )


def test_a_dependence_is_no_card(folder):
    x = np.linspace(1, 50, 20)
    Path("x.csv").write_text("rate (Hz),y\n" + "\n".join(f"{a},{3 + 2 * a}" for a in x) + "\n")
    refused(folder, "fit", "plasticity", "x.csv", "--kind", "srdp", "-o", "c.toml", code="no_card")


def test_neurosims_parameters_draw_the_same_curve(folder):
    """Its own formulas, with our numbers: the conductance follows ours within what was said."""
    device = load_card(saved(folder))
    (path,), remarks = export(device, "neurosim", folder)
    text = path.read_text()
    value = {k: float(v) for k, v in re.findall(r"^(\w+) = (-?[\d.e+-]+);", text, re.MULTILINE)}
    assert value["maxNumLevelLTP"] == 60 and value["maxNumLevelLTD"] == 80
    low, high = value["minConductance"], value["maxConductance"]
    a = 60 / alpha_of_nl(value["NL_LTP"])
    b = (high - low) / (1 - np.exp(-60 / a))
    theirs = low + b * (1 - np.exp(-np.arange(61) / a))
    found = device.synapse.ltp
    ours = found.g_start + (found.g_end - found.g_start) * progress(np.arange(61) / 60, 3.0, -1.0)
    said = next(r["message"] for r in remarks if r["message"].startswith("ltp"))
    allowed = float(re.search(r"up to ([\d.]+) %", said)[1]) / 100
    reach = np.max(np.abs((theirs - low) / (high - low) - (ours - ours[0]) / np.ptp(ours)))
    assert reach <= allowed + 6e-4
    assert value["NL_LTD"] < 0  # saturating depression, in its sign


def test_crosssims_table_holds_the_mean_step_and_its_spread(folder):
    device = load_card(saved(folder))
    paths, _ = export(device, "crosssim", folder)
    assert [p.name for p in paths] == ["dG_increasing.txt", "dG_decreasing.txt"]
    lines = paths[0].read_text().splitlines()
    grid, cdf = (np.array([float(x) for x in line.split(",")]) for line in lines[1:3])
    table = np.array([[float(x) for x in line.split(",")] for line in lines[4:]])
    assert table.shape == (cdf.size, grid.size) == (501, 501)
    assert np.all(np.diff(table, axis=0) >= 0)
    mean = table.mean(axis=0)
    train = device.synapse.ltp
    expected = [train.step(g) - g for g in grid[::50]]
    np.testing.assert_allclose(mean[::50], expected, atol=1e-12)
    np.testing.assert_allclose(table.std(axis=0)[::50], 2e-8, rtol=0.02)


def test_the_piecewise_device_follows_the_law(folder):
    """aihwkit's rule, linear between nodes, applied by hand: within 0.3 % of the window."""
    device = load_card(saved(folder))
    paths, remarks = export(device, "aihwkit", folder)
    assert [p.suffix for p in paths] == [".json", ".py"]
    assert "eval" not in paths[1].read_text() and remarks
    found = json.loads(paths[0].read_text())
    settings = found["settings"]
    for sign, name, start, count in (
        (1, "piecewise_up", -1.0, 60),
        (-1, "piecewise_down", 1.0, 80),
    ):
        nodes = np.linspace(-1, 1, len(settings[name]))
        w, track = start, []
        for _ in range(count):
            w += sign * settings["dw_min"] * np.interp(w, nodes, settings[name])
            track.append(w)
        weight = found["weight"]
        g = weight["conductance_at_0_S"] + np.array(track) * weight["siemens_per_unit"]
        begin = weight["conductance_at_0_S"] + start * weight["siemens_per_unit"]
        law = trajectory(device, sign * np.ones(count), None, start=begin)
        assert np.max(np.abs(g - law)) < 0.003 * 9e-6


@pytest.mark.needs_aihwkit
def test_aihwkit_reads_the_preset_and_answers_alike(folder):
    """The device's own pulse response, computed by aihwkit, against the law: within 0.5 %."""
    device = load_card(saved(folder, RampNoise()))
    export(device, "aihwkit", folder)
    script = folder / "pulses.py"
    script.write_text(
        """
import json
from torch import full, ones
from aihwkit.simulator.configs.utils import PulseType
from aihwkit.simulator.tiles import AnalogTile
from syn_aihwkit import preset

out = {}
for sign, start, count in ((1, -1.0, 60), (-1, 1.0, 80)):
    config = preset()
    config.update.desired_bl = 1
    config.update.update_management = config.update.update_bl_management = False
    config.update.pulse_type = PulseType.DETERMINISTIC_IMPLICIT
    config.forward.is_perfect = True
    tile = AnalogTile(1, 1, config, bias=False)
    tile.set_learning_rate(config.device.dw_min)
    tile.set_weights(full((1, 1), start))
    track = []
    for _ in range(count):
        tile.update(ones(1, 1), -sign * ones(1, 1))
        track.append(float(tile.get_weights()[0][0, 0]))
    out[str(sign)] = track
print(json.dumps(out))
"""
    )
    python = aihwkit_python()
    assert python is not None
    done = subprocess.run(
        [python, str(script)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    weight = json.loads(Path("syn_aihwkit.json").read_text())["weight"]
    for sign, track in json.loads(done.stdout.splitlines()[-1]).items():
        g = weight["conductance_at_0_S"] + np.array(track) * weight["siemens_per_unit"]
        begin = weight["conductance_at_0_S"] - int(sign) * weight["siemens_per_unit"]
        law = trajectory(device, int(sign) * np.ones(len(track)), None, start=begin)
        assert np.max(np.abs(g - law)) < 0.005 * 9e-6
