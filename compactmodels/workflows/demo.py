"""The main job, on bundled data: fit, card, Verilog-A and SPICE, ngspice, crossbar, plots."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from compactmodels import figures
from compactmodels.card import ModelCard, load_card
from compactmodels.errors import ToolMissing
from compactmodels.integrate import Response
from compactmodels.protocols import Protocol, for_card
from compactmodels.report import engineering
from compactmodels.workflows import arrays, device
from compactmodels.workflows.assemble import assemble
from compactmodels.workflows.fitted import figures_of, stem_of

AREA: Final = 3.141592653589793e-10
"""m^2: the published electrode, radius 10 um (otj)."""
HRS_AREA: Final = 4.0e-12
"""m^2: the effective area that the synthetic HRS curve was made with; given, as an area is."""
THICKNESS: Final = 2.8e-9
"""m (otj)."""
_DECAYS: Final = ("otj_decay", "mose2_decay_3v", "mose2_decay_4v", "mose2_decay_5v", "ohp_n3_decay")
Table = tuple[str, list[str], list[list[str]]]


@dataclass(slots=True)
class Report:
    """What the demo found: tables for people, a document for programs, the files written."""

    tables: list[Table] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)

    def wrote(self, paths: list[Path]) -> None:
        """Remember files."""
        self.paths += [str(p) for p in paths]


def bundled(name: str) -> str:
    """Path of a bundled measurement or synthetic curve."""
    return str(resources.files("compactmodels") / "measurements" / name)


def shared_data() -> Path | None:
    """The folder of shared measurements, where it is at hand."""
    override = os.environ.get("COMPACTMODELS_SHARED_DATA")
    folder = Path(override) if override else Path(__file__).resolve().parents[3] / "shared" / "data"
    return folder if folder.is_dir() else None


def run_demo(out: Path, progress: Callable[[str], None]) -> Report:
    """Run everything; what a missing tool prevents is reported as not run."""
    report = Report()
    began = time.perf_counter()
    progress("fitting the bundled curves ...")
    card = _fit(report, out)
    progress("measured pulses ...")
    _pulses(report, out)
    progress("emitting and compiling ...")
    _emit(report, card, out)
    try:
        progress("running the device in ngspice ...")
        _device(report, card, out)
        progress("reading an 8 x 8 crossbar in ngspice ...")
        _crossbar(report, card, out)
    except ToolMissing as error:
        report.tables.append(("ngspice", ["not run"], [[error.message]]))
        report.document["ngspice"] = {"not_run": error.message}
    folder = shared_data()
    if folder is not None:
        progress("fitting the measured sweeps ...")
        _measured(report, folder, out)
    report.document["seconds"] = time.perf_counter() - began
    report.document["files"] = report.paths
    return report


def _fit(report: Report, out: Path) -> ModelCard:
    from fitting import fit_decay, fit_iv

    lrs = fit_iv(
        bundled("synthetic_otj_lrs_iv.csv"), "direct_tunneling", area=AREA, thickness=THICKNESS
    )
    hrs = fit_iv(
        bundled("synthetic_otj_hrs_iv.csv"), "schottky_emission", area=HRS_AREA, thickness=THICKNESS
    )
    decays = [fit_decay(bundled(f"synthetic_{name}.csv")) for name in _DECAYS]
    rows, fits = [], []
    for fit in (lrs, hrs, *decays):
        source = Path(str(fit.file)).stem
        for name, e in fit.parameters.items():
            if e.how != "fitted":
                continue
            low, high = e.interval
            rows.append(
                [
                    source,
                    fit.selected,
                    name,
                    f"{e.value:.4g} +- {e.stderr:.2g} {e.unit if e.unit != '1' else ''}",
                    f"{low:.4g} .. {high:.4g}",
                ]
            )
        fits.append(fit.to_json())
        report.wrote(figures_of(fit, out / "fits", stem_of(fit)))
    report.tables.append(
        (
            "Fitted (synthetic data of the papers' laws, 3 % noise)",
            ["data", "law", "parameter", "value +- std. error", "95 % interval"],
            rows,
        )
    )
    report.document["fits"] = fits
    card = assemble(
        "demo",
        on=lrs.card("lrs"),
        off=hrs.card("hrs"),
        decay=decays[0].card("decay"),
        switching=load_card("otj"),
        title="Demonstration: fitted to synthetic data of the tunnel junction",
    )
    report.wrote([card.save(out / "demo.toml")])
    return card


def _pulses(report: Report, out: Path) -> None:
    """Real pulse measurements: what their windows are."""
    rows = []
    gong = np.loadtxt(bundled("reram_gong2018.csv"), delimiter=",")
    for label, run in (("up", gong[:, 0]), ("down", gong[:, 1])):
        rows.append(
            [
                f"HfO2 ReRAM (Gong 2018), {label}",
                str(run.size),
                f"{run[:10].mean():.3g} -> {run[-10:].mean():.3g}",
                "normalised",
            ]
        )
    for label in ("set", "reset"):
        ramps = np.genfromtxt(bundled(f"taox_{label}.csv"), delimiter=",", skip_header=1) / 0.1
        rows.append(
            [
                f"TaOx (CrossSim), {label}, {ramps.shape[1]} ramps",
                str(ramps.shape[0]),
                f"{np.nanmean(ramps[0]) * 1e3:.4g} -> {np.nanmean([r[~np.isnan(r)][-1] for r in ramps.T]) * 1e3:.4g} mS",
                "conductance",
            ]
        )
    report.tables.append(
        (
            "Measured pulses (real data, bundled)",
            ["device", "pulses", "first -> last", "quantity"],
            rows,
        )
    )
    report.document["pulses"] = [
        dict(zip(("device", "pulses", "range", "quantity"), r, strict=True)) for r in rows
    ]


def _emit(report: Report, card: ModelCard, out: Path) -> None:
    import netlists
    import veriloga
    from veriloga.compiled import available, compile_module

    source, subcircuit = veriloga.emit(card, out), netlists.emit(card, out)
    report.wrote([source, subcircuit])
    if available():
        module = compile_module(source)
        said = f"compiled by OpenVAF: module {module.name}, nodes {', '.join(module.nodes)}"
        worst = max(
            abs(
                module.operating_point(card.values, v, w=w)[0]
                / float(card.model.current(v, card.values, w=w))
                - 1
            )
            for v in (-0.3, 0.1, 0.3)
            for w in (0.0, 1.0)
        )
        said += f"; current within {worst:.1e} of NumPy's"
    else:
        said = "not run: openvaf-py is not installed"
    report.tables.append(("Verilog-A", ["demo.va"], [[said]]))
    report.document["veriloga"] = said


def _device(report: Report, card: ModelCard, out: Path) -> None:
    held = for_card("dc", card.operation, {})
    levels = (0.0, 0.01, 0.1, 1.0)
    curves = {w: device.run(card, held, w0=w) for w in levels}
    v_read = card.operation["v_read"]
    rows, reads = [], {}
    for w, response in curves.items():
        point = device.run(card, Protocol("points", np.array([0.0]), np.array([v_read])), w0=w)
        reads[w] = v_read / float(point.current[0])
        rows.append([f"w = {w:g}", engineering(reads[w], "ohm"), _shares(card, v_read, w)])
        assert response.engine == "ngspice"
    report.tables.append(
        (
            f"Read at {v_read:g} V in ngspice, state held",
            ["state", "resistance", "carried by"],
            rows,
        )
    )
    report.document["read_resistances_ohm"] = {f"{w:g}": r for w, r in reads.items()}
    figure = figures.dc_states(
        held.voltage,
        {f"w = {w:g}": r.current for w, r in curves.items()},
        title="demo, states held (ngspice)",
    )
    report.wrote(list(figures.save(figure, out / "demo-dc")))
    loop = device.run(card, for_card("sweep", card.operation, {}))
    report.wrote(device.write(card, loop, None, out, "loop"))
    train = device.run(card, for_card("pulses", card.operation, {"number": 10}))
    report.wrote(device.write(card, train, None, out, "pulses"))
    report.tables.append(
        (
            f"Transients in ngspice{_beyond(card, loop)}",
            ["protocol", "state w", "read resistance before -> after"],
            [
                [name, f"{_span(r)}", _before_after(card, r, v_read)]
                for name, r in (
                    ("hysteresis loop (+2.2 V, -4.3 V)", loop),
                    ("10 pulses of +2.2 V, 50 ns", train),
                )
            ],
        )
    )
    report.document["loop"] = device.summary(card, loop, None)
    report.document["train"] = device.summary(card, train, None)


def _beyond(card: ModelCard, response: Response) -> str:
    return "".join(f" ({w['code']}: {w['message']})" for w in device.remarks(card, response))


def _span(r: Response) -> str:
    start, top, end = (round(float(w), 6) + 0.0 for w in (r.w[0], r.w.max(), r.w[-1]))
    return f"{start:.3g} -> max {top:.3g} -> {end:.3g}"


def _before_after(card: ModelCard, r: Response, v: float) -> str:
    ends = [v / float(card.model.current(v, card.values, w=r.w[k])) for k in (0, -1)]
    return " -> ".join(engineering(x, "ohm") for x in ends)


def _shares(card: ModelCard, v: float, w: float) -> str:
    mechanism = {b.name: b.mechanism.name for b in card.model.branches}
    parts = device.shares(card, v, w).items()
    return ", ".join(f"{mechanism[n]} {100 * x:.1f} %" for n, x in parts if x > 5e-4)


def _crossbar(report: Report, card: ModelCard, out: Path) -> None:
    array, result = arrays.read(card, 8, 8, 10.0)
    report.wrote(arrays.write(array, result, out))
    rows = [
        [str(j), engineering(i, "A", 5), engineering(k, "A", 5), f"{100 * (i / k - 1):+.2f} %"]
        for j, (i, k) in enumerate(zip(result.currents, result.ideal, strict=True))
    ]
    report.tables.append(
        (
            "8 x 8 crossbar in ngspice, 10 ohm a segment, 0.1 V, random states",
            ["bit line", "current", "without line resistance", "change"],
            rows,
        )
    )
    report.document["crossbar"] = arrays.summary(array, result)


def _measured(report: Report, folder: Path, out: Path) -> None:
    from fitting import FitResult, Refusal, fit_iv_many

    sweeps = sorted((folder / "nbsto_schottky").rglob("*_p1V_m?V_10mVsteps.csv"))
    if not sweeps:
        return
    results = fit_iv_many(sweeps, "thermionic_emission", branch=2)
    rows = []
    for r in results:
        name = Path(str(r.file)).name[:30] + " ..."
        if isinstance(r, Refusal):
            rows.append([name, f"refused [{r.code}]", "", ""])
            continue
        p = r.parameters
        rows.append(
            [
                name,
                f"n = {p['n'].value:.3f}",
                engineering(p["r_s"].value, "ohm", 3) if "r_s" in p else "",
                f"{r.statistics['rms_decades']:.3f}",
            ]
        )
    report.tables.append(
        (
            f"Measured Nb:SrTiO3 sweeps, forward, falling branch ({len(results)} of shared/data)",
            ["file", "ideality", "series resistance", "RMS (decades)"],
            rows,
        )
    )
    report.document["measured"] = [r.to_json() for r in results]
    first = next((r for r in results if isinstance(r, FitResult)), None)
    if first is not None:
        report.wrote(figures_of(first, out / "fits", stem_of(first)))
