"""What a page of checks shows besides its table: currents in every tool, states through their transients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from compactmodels.workflows.check.bench import Bench
from compactmodels.workflows.check.subject import voltages
from compactmodels.workflows.check.tools import NGSPICE
from compactmodels.workflows.check.transient import STRICT, Run
from compactmodels.workflows.reproduction.rows import Curve, Panel

CURVES: Final = 3
"""Settings that are drawn: the card's own values at three of the states' corners."""


def panels(bench: Bench) -> list[Panel]:
    """What was measured, as far as it was."""
    found = []
    measured = bench.known(("measured", NGSPICE))
    if measured is not None:
        found.append(_currents(bench, measured))
    runs = bench.known(("runs", NGSPICE)) or ()
    strict = [r for r in runs if r.reltol == STRICT and not r.failure]
    found += [_states(name, strict) for name in bench.card.model.states if strict]
    return found


def _currents(bench: Bench, measured: Any) -> Panel:
    """Equations as lines, ngspice's subcircuit as points."""
    applied, currents, _ = measured
    v = voltages(bench.subject.span, 401)
    lines, points = [], []
    for k, x in enumerate(bench.settings[:CURVES]):
        _, (exact,) = bench.equations.currents([x], v)
        label = f"w = {x.w:g}, s = {x.s:g}, {x.temperature:g} K"
        seen, met = exact != 0, currents[k] != 0
        lines.append(Curve(v[seen], np.abs(exact[seen]), label))
        points.append(Curve(applied[met], np.abs(currents[k][met]), published=True))
    title = "Held currents: lines NumPy, squares ngspice"
    return Panel(title, "V (V)", "|I| (A)", (*lines, *points), "y")


def _states(name: str, runs: Sequence[Run]) -> Panel:
    """A state through every transient."""
    curves = [
        Curve(r.time / r.scale, r.states[name], f"{r.scale:g} s, {r.drive:+.3g} V") for r in runs
    ]
    return Panel(f"State {name} through steps of each time scale", "t / time scale", name, curves)


def write_figure(bench: Bench, folder: Path) -> list[Path]:
    """The figure as files; none where nothing was measured that can be drawn."""
    from compactmodels import figures

    shown = panels(bench)
    if not shown:
        return []
    figure = figures.paper_figure(shown, title=f"{bench.card.name}: what was run")
    return list(figures.save(figure, folder / "figure"))
