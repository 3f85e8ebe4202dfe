"""One read of an array: solve it, write what came out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from compactmodels import figures
from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.files import write_text
from netlists.array import Crossbar, CrossbarResult, draw_states
from netlists.crossbar import crossbar_deck, read_ngspice


def read(
    card: ModelCard,
    rows: int,
    cols: int,
    line_resistance: float,
    *,
    voltage: float = 0.1,
    seed: int = 0,
    temperature: float = ROOM_TEMPERATURE,
    timeout: float = 600.0,
) -> tuple[Crossbar, CrossbarResult]:
    """Read an array with states drawn uniformly from ``seed``, ``voltage`` [V] on every word line."""
    array = Crossbar(
        rows=rows,
        cols=cols,
        card=card,
        w=draw_states(rows, cols, seed),
        voltages=np.full(rows, voltage),
        r_word=line_resistance,
        r_bit=line_resistance,
        temperature=temperature,
        seed=seed,
    )
    return array, read_ngspice(array, timeout=timeout)


def summary(array: Crossbar, result: CrossbarResult) -> dict[str, Any]:
    """The JSON object of a crossbar: currents in A, one a bit line."""
    return {
        "currents": result.currents.tolist(),
        "ideal": result.ideal.tolist(),
        "engine": result.engine,
        "seconds": result.seconds,
        "card": array.card.name,
        "rows": array.rows,
        "cols": array.cols,
        "line_resistance": array.r_word,
        "voltages": array.voltages.tolist(),
        "seed": array.seed,
        "temperature": array.temperature,
    }


def write(array: Crossbar, result: CrossbarResult, folder: Path) -> list[Path]:
    """Netlist, currents as CSV and the heat map of the voltage lost; returns the paths."""
    stem = f"{array.card.name}-crossbar-{array.rows}x{array.cols}"
    netlist = write_text(folder / f"{stem}.cir", crossbar_deck(array))
    lines = ["bit line,current (A),without line resistance (A)"]
    lines += [
        f"{j},{float(i)!r},{float(ideal)!r}"
        for j, (i, ideal) in enumerate(zip(result.currents, result.ideal, strict=True))
    ]
    table = write_text(folder / f"{stem}.csv", "\n".join(lines) + "\n")
    figure = figures.voltage_lost(
        result.cell_voltages,
        array.voltages,
        title=f"{array.card.name}, {array.rows} x {array.cols}, {array.r_word:g} ohm a segment",
    )
    return [netlist, table, *figures.save(figure, folder / stem)]
