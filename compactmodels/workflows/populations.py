"""Joint fits and batches as populations: their figures and their tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from compactmodels import figures
from compactmodels.report import engineering
from compactmodels.statistics import Distribution
from fitting.population import BatchStatistics, ParameterScatter


def joint_figures(result: Any, folder: Path, stem: str, *, synthetic: bool) -> list[Path]:
    """Write the figure of a joint fit: all traces, and an Arrhenius plot where the temperature varies."""
    kelvin = np.array([t.statistics["temperature"] for t in result.traces])
    areas = [t.statistics["area"] for t in result.traces]
    hot = bool(np.ptp(kelvin) > 0)
    sized = len(set(areas)) > 1
    traced = [
        figures.Traced(_label(k, t, hot, sized), t.x, t.y, t.model, t.used)
        for k, t in enumerate(result.traces, start=1)
    ]
    title = f"{len(traced)} traces, {result.selected.replace('_', ' ')}"
    rms = float(result.statistics["rms_decades"])
    figure = figures.joint_fit(traced, title=title, rms_decades=rms, synthetic=synthetic)
    written = list(figures.save(figure, folder / f"{stem}-traces"))
    if hot and result.traces:
        written += _arrhenius(result, kelvin, folder / f"{stem}-arrhenius", synthetic)
    return written


def _label(k: int, trace: Any, hot: bool, sized: bool) -> str:
    said = []
    if hot:
        said.append(f"{trace.statistics['temperature']:g} K")
    if sized and trace.statistics["area"]:
        said.append(f"{trace.statistics['area']:.3g} m²")
    name = short(PurePath(trace.file).stem, 20) if trace.file else f"trace {k}"
    return ", ".join(said) or name


def short(name: str, letters: int) -> str:
    """A long name without its middle.

    >>> short("035_AG_2020_03_12_10mVsteps.csv", 16)
    '035_AG_2…eps.csv'
    """
    half = letters // 2
    return name if len(name) <= letters else f"{name[:half]}…{name[half + 1 - letters :]}"


def _arrhenius(result: Any, kelvin: Any, stem: Path, synthetic: bool) -> list[Path]:
    """Measured and fitted current at a bias in the lower part of what all traces share.

    Higher up a series resistance rules, which says nothing of the barrier.
    """
    sizes = [np.abs(t.x[t.used]) for t in result.traces]
    bias = max(0.25 * min(float(s.max()) for s in sizes), *(float(s.min()) for s in sizes))
    places = [int(np.argmin(np.abs(np.abs(t.x) - bias) + 1e9 * ~t.used)) for t in result.traces]
    value, model = (
        np.array([abs(getattr(t, which)[k]) for t, k in zip(result.traces, places)])
        for which in ("y", "model")
    )
    power = 2.0 if result.selected in ("thermionic_emission", "schottky_emission") else 0.0
    figure = figures.arrhenius(
        kelvin,
        value,
        model,
        name="|I|",
        unit="A",
        power=power,
        title=f"Current at {bias:.3g} V against temperature",
        synthetic=synthetic,
    )
    return list(figures.save(figure, stem))


def trace_rows(result: Any) -> list[list[str]]:
    """One line a trace: place, conditions, residual, autocorrelation, and what it has for itself."""
    rows = []
    for k, trace in enumerate(result.traces, start=1):
        s = trace.statistics
        own = [n for n in result.context["per_trace"] if n in trace.parameters]
        values = [
            f"{n} {trace.parameters[n].value:.5g} ± {trace.parameters[n].stderr:.2g}" for n in own
        ]
        area = f"{s['area']:.3g}" if s["area"] else ""
        name = short(PurePath(trace.file).name, 30) if trace.file else ""
        rows.append(
            [
                str(k),
                name,
                f"{s['temperature']:g}",
                area,
                f"{s['rms_decades']:.3g}",
                f"{s['lag1']:.2f}",
                "; ".join(values),
            ]
        )
    return rows


def sharing(result: Any) -> str:
    """Whether one set of shared parameters does for all traces; nothing where that was not asked."""
    c = getattr(result, "statistics", {}).get("comparison", {})
    if "f" not in c:
        return ""
    verdict = "is supported" if c["supported"] else "is not supported"
    return (
        f"sharing {verdict}: F = {c['f']:.3g}, 99 % limit {c['f_limit']:.3g}; Akaike weight of the "
        f"shared model {c['weights']['shared']:.3g}"
    )


TRACE_COLUMNS = ["trace", "file", "K", "m^2", "rms decades", "lag-1", "own parameters"]
SCATTER_COLUMNS = ["parameter", "n", "median", "95 %", "sd", "95 %", "distribution (weight)"]
ORDER_COLUMNS = [
    "parameter",
    "to the next",
    "range",
    "drift per step",
    "95 %",
    "p",
    "between devices",
]


def scatter_rows(found: BatchStatistics) -> list[list[str]]:
    """One line a parameter: how it is distributed."""
    rows = []
    for p in found.parameters.values():
        median, sd = p.numbers["median"], p.numbers["sd"]
        unit = _unit(p)
        weight = "assumed" if p.law.few else f"{p.law.weights.get(p.law.name, 1.0):.2f}"
        rows.append(
            [
                p.name,
                str(p.law.count),
                f"{median[0]:.4g}{unit}",
                f"{median[1]:.5g} .. {median[2]:.5g}",
                f"{sd[0]:.2g}{unit}",
                f"{sd[1]:.2g} .. {sd[2]:.2g}",
                f"{p.law.name} ({weight})",
            ]
        )
    return rows


def order_rows(found: BatchStatistics) -> list[list[str]]:
    """One line a parameter: along the cycles, and between devices; none where nothing is known."""
    rows = []
    for p in found.parameters.values():
        share = f"{100 * p.device_share[0]:.0f} % of variance" if p.device_share else ""
        if p.along is None:
            if share:
                rows.append([p.name, "", "", "", "", "", share])
            continue
        factor, mark = (100.0, " %") if p.law.name == "lognormal" else (1.0, _unit(p))
        slope, low, high = (factor * x for x in p.along.drift)
        rows.append(
            [
                p.name,
                f"{p.along.autocorrelation[0]:+.2f}{'*' if p.along.correlated else ''}",
                str(p.along.reach),
                f"{slope:+.2g}{mark}{'*' if p.along.drifts else ''}",
                f"{low:+.2g} .. {high:+.2g}",
                f"{p.along.p_drift:.1g}",
                share,
            ]
        )
    return rows


def _unit(p: ParameterScatter) -> str:
    return "" if p.unit == "1" else f" {p.unit}"


def correlation_lines(found: BatchStatistics) -> list[str]:
    """The significant correlations, as sentences; what was looked at, where none is."""
    clear = [r for r in found.correlations if r["significant"]]
    if not found.correlations:
        return ["too few fits, or parameters, to look for correlations"]
    if not clear:
        return [f"none of {len(found.correlations)} pairs of parameters correlates significantly"]
    return [
        f"{r['a']} and {r['b']} correlate at {r['spearman']:+.2f} (rank; linear {r['pearson']:+.2f}; "
        f"p = {r['p']:.2g} after Holm, n = {r['n']})"
        for r in clear
    ]


def population_figures(found: BatchStatistics, folder: Path) -> list[Path]:
    """Write one figure a parameter."""
    from scipy.special import ndtri

    written: list[Path] = []
    names = [PurePath(f.file or "").name for f in found.fits]
    synthetic = any("synthetic" in name for name in names)
    for p in found.parameters.values():
        if p.law.scale <= 0:
            continue
        known = np.isfinite(p.values)
        y = p.values[known]
        number = _cycle_numbers(found.devices)[known]
        z = ndtri((np.arange(y.size) + 0.5) / y.size)
        law = Distribution(p.law.name, p.law.location, p.law.scale, p.law.shape, p.law.count)
        trend = None
        if p.along is not None and p.along.drifts:
            moving = replace(law, drift=p.along.drift[0])
            middle = np.full(y.size, p.numbers["median"][0])
            trend = moving.drifted(middle, number - 0.5 * (1 + number.max()))
        figure = figures.scatter(
            y,
            law.quantile(z),
            number,
            trend,
            name=p.name,
            unit=p.unit,
            law=p.law.name,
            along="trace" if found.of == "traces" else "cycle",
            log=p.law.name == "lognormal" and float(y.max()) > 10 * float(y.min()),
            title=f"{p.name}: {y.size} {found.of}, median {engineering(p.numbers['median'][0], p.unit)}",
            synthetic=synthetic,
        )
        written += figures.save(figure, folder / f"scatter-{p.name.replace('_', '-')}")
    return written


def _cycle_numbers(devices: tuple[str, ...]) -> Any:
    """1, 2, ... within each device."""
    seen: Counter[str] = Counter()
    out = []
    for device in devices:
        seen[device] += 1
        out.append(float(seen[device]))
    return np.array(out)


def write_report(
    found: BatchStatistics, results: list[Any], path: Path, command: Sequence[str] = ()
) -> Path:
    """The population as one self-contained page, with a line for each fit.

    Parameters
    ----------
    found : BatchStatistics
    results : list of FitResult or Refusal
        All of the batch.
    path : Path
    command : sequence of str
        The words of the command line, shown so that it can be repeated.
    """
    # fit_report draws joint fits with this module.
    from compactmodels.workflows.fit_report import images_of, page_table, section, write_page

    names = list(found.parameters)
    heads = [f"{n} ({p.unit})" if p.unit != "1" else n for n, p in found.parameters.items()]
    fits = [
        [
            PurePath(f.file or "").name,
            device,
            *(f"{f.parameters[n].value:.5g}" if n in f.parameters else "" for n in names),
            (f.context.get("sha256") or "")[:12],
        ]
        for f, device in zip(found.fits, found.devices, strict=True)
    ]
    refused = [[PurePath(r.file or "").name, r.code, r.message] for r in found.refused]
    order = "In the order given" if found.of == "traces" else "From cycle to cycle"
    page = section(
        f"{len(found.fits)} fits",
        found.selected,
        [
            page_table("Scatter", SCATTER_COLUMNS, scatter_rows(found)),
            page_table(order, ORDER_COLUMNS, order_rows(found), "* significant at 1 %"),
            page_table("Correlations", ["what was found"], [[c] for c in correlation_lines(found)]),
            page_table("Fits", ["file", "device", *heads, "data SHA-256 begins"], fits),
            page_table("Refused", ["file", "code", "reason"], refused),
        ],
        synthetic=any("synthetic" in PurePath(f.file or "").name for f in found.fits),
        quality=f"{len(found.fits)} of {len(results)} fits stand, {len(set(found.devices))} device(s)",
        warnings=[(w.code, w.message) for w in found.warnings],
        images=images_of(
            lambda folder: population_figures(found, folder),
            lambda stem: f"Scatter of {stem.removeprefix('scatter-').replace('-', '_')}",
        ),
    )
    return write_page([page], path, "Population", "the fits of a batch as a population", command)
