"""What a fit turns into besides numbers: its figures, and names for its files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from compactmodels import figures, registry


def stem_of(result: Any, k: int = 0) -> str:
    """A file name for one of several fits: its data file's, its branch's, its mechanism's."""
    source = Path(result.file).stem if result.file else f"fit{k + 1}"
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
    return result.file is not None and "synthetic" in Path(result.file).name


def parameter_rows(result: Any) -> list[list[str]]:
    """Name, value, standard error, unit, interval and origin of each parameter, as text."""
    rows = []
    for name, e in result.parameters.items():
        error = f"+- {e.stderr:.2g}" if e.stderr == e.stderr else ""
        low, high = e.interval
        known = low == low and high == high and e.how == "fitted"
        span = f"{low:.5g} .. {high:.5g}" if known else ""
        unit = "" if e.unit == "1" else e.unit
        rows.append([name, f"{e.value:.6g}", error, unit, span, e.how])
    return rows


def figures_of(result: Any, folder: Path, stem: str) -> list[Path]:
    """Write the fit's figures; returns their paths, PNG and SVG."""
    title = Path(result.file).name if result.file else "fit"
    if result.branch:
        title += f", branch {result.branch}"
    synthetic = is_synthetic(result)
    if result.kind == "decay":
        figure = figures.decay_fit(
            result.x,
            result.y,
            result.x,
            result.model,
            used=result.used,
            title=title,
            unit=str(result.context.get("signal_unit", "")) or "arb. unit",
            log_time=result.selected == "power",
            synthetic=synthetic,
            label=result.selected,
        )
        return list(figures.save(figure, folder / stem))
    order = np.argsort(result.x, kind="stable")
    kind = registry.conduction(result.selected).plot
    common = {"used": result.used, "title": title, "synthetic": synthetic}
    main = figures.iv_fit(
        result.x,
        result.y,
        result.x[order],
        result.model[order],
        label=result.selected.replace("_", " "),
        rms_decades=float(result.statistics["rms_decades"]),
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
