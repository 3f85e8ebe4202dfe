"""The figures of a plasticity fit, and of an activation energy."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import numpy as np

from compactmodels import figures

AXES: Final[dict[str, tuple[str, str]]] = {
    "ppf": ("Interval", "Response"),
    "stdp": ("t_post - t_pre", "Weight change"),
    "srdp": ("Rate", "Response"),
    "sddp": ("Duration", "Response"),
    "svdp": ("Voltage", "Response"),
    "sndp": ("Number of spikes", "Response"),
}
"""Names of the two axes by kind."""


def plasticity_figures(result: Any, folder: Path, stem: str, *, synthetic: bool) -> list[Path]:
    """Write them, PNG and SVG; returns their paths.

    Parameters
    ----------
    result : FitResult
        Of kind ``plasticity`` or ``arrhenius``.
    folder : Path
    stem : str
    synthetic : bool
    """
    title = Path(result.file).name if result.file else "fit"
    if result.kind == "arrhenius":
        figure = figures.arrhenius(
            result.x,
            result.y,
            result.model,
            name="Value",
            unit=result.parameters["level"].unit,
            title=title,
            power=float(result.statistics["prefactor_power"]),
            synthetic=synthetic,
        )
        return list(figures.save(figure, folder / stem))
    if result.context["plasticity"] == "ltp":
        return _trains(result, folder, stem, title, synthetic)
    context = result.context
    x_name, y_name = AXES[context["plasticity"]]
    unit = context["x_unit"]
    grid = context["grid"]
    figure = figures.response_fit(
        result.x,
        result.y,
        result.model,
        (grid, context["curve"]),
        context["band"],
        title=title,
        x_name=x_name,
        x_unit="Hz" if unit == "1/s" else unit,
        y_name=y_name,
        y_unit=context["signal_unit"],
        log_x=bool(grid[0] > 0 and grid[-1] > 9 * grid[0]),
        synthetic=synthetic,
        label=result.selected.replace("_", " "),
    )
    return list(figures.save(figure, folder / stem))


def _trains(result: Any, folder: Path, stem: str, title: str, synthetic: bool) -> list[Path]:
    from fitting.pulse_noise import lags_of, structure_function

    found = result.context["directions"]
    x, laws, start = [], [], 0
    for d in found:
        part = slice(start, start + d.pulses.size)
        x.append(result.x[part])
        laws.append(result.model[part])
        start += d.pulses.size
    unit = result.context["signal_unit"]
    names = [f"{d.name}: {d.fitted.case.label}" for d in found]
    shared = {"title": title, "unit": unit, "synthetic": synthetic}
    main = figures.pulse_trains(x, [d.ramps for d in found], laws, names, **shared)
    written = list(figures.save(main, folder / stem))
    lags, measured, modelled = [], [], []
    for d, law in zip(found, laws):
        several = len(d.ramps) > 2
        lags.append(lags_of(d.pulses.size))
        rest = d.rows.rest if several else d.ramps - law
        share = 1.0 - 1.0 / len(d.ramps) if several else 1.0
        measured.append(np.sqrt(structure_function(rest, lags[-1]) / share))
        tied = float(d.pulses[-1]) if d.rows.tied else math.inf
        modelled.append(np.sqrt(d.noise.structure(lags[-1].astype(np.float64), tied)))
    noise = figures.pulse_noise(lags, measured, modelled, [d.name for d in found], **shared)
    return written + list(figures.save(noise, folder / f"{stem}-noise"))
