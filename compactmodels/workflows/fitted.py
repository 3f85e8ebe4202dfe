"""What a fit turns into besides numbers: its figures, and names for its files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from compactmodels import figures, registry


def stem_of(result: Any, k: int = 0) -> str:
    """A file name for one of several fits: its data file's, its branch's, its mechanism's."""
    nameless = "joint" if getattr(result, "traces", ()) else f"fit{k + 1}"
    source = Path(result.file).stem if result.file else nameless
    safe = re.sub(r"[^A-Za-z0-9]+", "-", source).strip("-").lower() or "fit"
    safe = safe if safe[0].isalpha() else f"fit-{safe}"
    safe = safe[:60].strip("-")
    branch = f"-branch{result.branch}" if result.branch else ""
    return f"{safe}{branch}-{result.selected.replace('_', '-')}"


def stems_of(results: list[Any]) -> list[str]:
    """A file name for each, unlike the others: files of the same name may lie in several folders."""
    stems: list[str] = []
    for k, result in enumerate(results):
        stem, count = stem_of(result, k), 1
        while (own := stem if count == 1 else f"{stem}-{count}") in stems:
            count += 1
        stems.append(own)
    return stems


def is_synthetic(result: Any) -> bool:
    """Whether the data's file says that it is synthetic."""
    files = [result.file, *(t.file for t in getattr(result, "traces", ()))]
    return any(file is not None and "synthetic" in Path(file).name for file in files)


def parameter_rows(result: Any) -> list[list[str]]:
    """Name, value, standard error, unit, interval and origin (with the interval's method), as text."""
    rows = []
    for name, e in result.parameters.items():
        error = f"+- {e.stderr:.2g}" if e.stderr == e.stderr else ""
        low, high = e.interval
        known = low == low and high == high
        span = f"{low:.5g} .. {high:.5g}" if known else ""
        unit = "" if e.unit == "1" else e.unit
        origin = f"{e.how}, {e.method}" if e.method else e.how
        rows.append([name, f"{e.value:.6g}", error, unit, span, origin])
    return rows


def _signal_unit(result: Any) -> str:
    unit = str(result.statistics["signal_unit"])
    return "arb. unit" if unit == "1" else unit


def _over_decades(result: Any) -> bool:
    """Whether a decay's points lie more evenly in the logarithm of time than in time."""
    t = np.sort(result.x[result.used & (result.x > 0)])
    middle = float(np.median(t))
    return bool(t[-1] > 30 * t[0] and middle < 0.2 * t[-1])


def _drawn_rms(result: Any) -> float:
    """Of the residuals that the figure shows: with regimes those of all, not of the main one."""
    if not result.regimes:
        return float(result.statistics["rms_decades"])
    off = np.abs(result.y[result.used]) / np.abs(result.model[result.used])
    return float(np.sqrt(np.mean(np.log10(off[np.isfinite(off) & (off > 0)]) ** 2)))


def figures_of(result: Any, folder: Path, stem: str) -> list[Path]:
    """Write the fit's figures; returns their paths, PNG and SVG."""
    title = Path(result.file).name if result.file else "fit"
    if result.branch:
        title += f", branch {result.branch}"
    synthetic = is_synthetic(result)
    if getattr(result, "traces", ()):
        from compactmodels.workflows.populations import joint_figures

        return joint_figures(result, folder, stem, synthetic=synthetic)
    if result.kind in ("plasticity", "arrhenius"):
        from compactmodels.workflows.plasticity import plasticity_figures

        return plasticity_figures(result, folder, stem, synthetic=synthetic)
    if result.kind == "decay":
        figure = figures.decay_fit(
            result.x,
            result.y,
            result.x,
            result.model,
            used=result.used,
            title=title,
            unit=_signal_unit(result),
            log_time=_over_decades(result),
            synthetic=synthetic,
            label=result.selected.replace("_", " "),
            band=result.band,
        )
        return list(figures.save(figure, folder / stem))
    order = np.argsort(result.x, kind="stable")
    kind = registry.conduction(result.selected).plot
    common = {"used": result.used, "title": title, "synthetic": synthetic}
    found = " + ".join(r.mechanism for r in result.regimes) or result.selected
    main = figures.iv_fit(
        result.x,
        result.y,
        result.x[order],
        result.model[order],
        label=found.replace("_", " "),
        band=None if result.band is None else (result.band[0][order], result.band[1][order]),
        rms_decades=_drawn_rms(result),
        **common,
    )
    written = list(figures.save(main, folder / stem))
    linear = figures.linearised(
        kind if kind in figures.KINDS else "semilog",
        result.x,
        result.y,
        result.x[order],
        result.model[order],
        temperature=float(result.statistics["temperature"]),
        **common,
    )
    return written + list(figures.save(linear, folder / f"{stem}-linearised"))
