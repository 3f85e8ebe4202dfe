"""Jobs on an array, by the fast engine, by ngspice or by both: read it, sweep it, pulse it, write to it; what came out as JSON and files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from compactmodels import figures
from compactmodels.card import ModelCard
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import InputError
from compactmodels.files import write_text
from compactmodels.workflows.array_options import ArrayOptions, build
from netlists.array import (
    Bias,
    Crossbar,
    CrossbarResult,
    Pairs,
    Selector,
    draw_states,
    scheme_voltages,
)
from netlists.crossbar import (
    Sweep,
    TransientResult,
    crossbar_deck,
    dataset,
    read_ngspice,
    read_pulse,
    sweep_ngspice,
    transient_ngspice,
    write_csv,
    write_netcdf,
    write_pulse,
)
from netlists.solver.described import read_fast, transient_fast
from netlists.solver.sweeps import sweep_fast

KINDS: Final = ("read", "sweep", "pulse", "write", "disturb")
"""An operating point, a DC sweep of the word lines, a read over time, one write, and many."""

ENGINES: Final = ("fast", "ngspice", "both")

Result = CrossbarResult | Sweep | TransientResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is done to an array.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    scheme : str
        ``v/2`` or ``v/3``, of a write.
    selected : sequence of (int, int)
        Cells that are written, (row, column) from 0.
    write_voltage : float
        Across them [V].
    width : float
        Of a pulse [s].
    cycles : int
        Writes of a disturb.
    start, stop : float
        Of a sweep [V].
    points : int
    timeout : float
        [s]
    """

    kind: str = "read"
    scheme: str = "v/2"
    selected: Sequence[tuple[int, int]] = ((0, 0),)
    write_voltage: float = 1.0
    width: float = 1e-6
    cycles: int = 10
    start: float = 0.0
    stop: float = 0.2
    points: int = 21
    timeout: float = 600.0


def run(
    array: Crossbar,
    job: Job,
    *,
    engine: str = "fast",
    progress: Callable[[float], None] | None = None,
) -> tuple[Result, Bias | None]:
    """Do a job by one engine; the result, and a write's voltages.

    Raises
    ------
    InputError
        An unknown kind or engine, what no array or stimulus can have, what the fast engine lacks.
    SimulationError
        Not solved; of ngspice with its own words.
    """
    if engine not in ENGINES[:2]:
        raise InputError(f"engine {engine!r}: one of {', '.join(ENGINES[:2])} is expected")
    fast = engine == "fast"
    if job.kind == "read":
        return read_fast(array) if fast else read_ngspice(array, timeout=job.timeout), None
    if job.kind == "sweep":
        ends = job.start, job.stop, job.points
        if fast:
            return sweep_fast(array, *ends, progress=progress), None
        return sweep_ngspice(array, *ends, timeout=job.timeout, progress=progress), None
    if job.kind not in KINDS:
        raise InputError(f"job {job.kind!r}: one of {', '.join(KINDS)} is expected")
    bias = None
    if job.kind == "pulse":
        stimulus = read_pulse(array, job.width)
    else:
        bias = scheme_voltages(job.scheme, array.rows, array.cols, job.selected, job.write_voltage)
        cycles = job.cycles if job.kind == "disturb" else 1
        stimulus = write_pulse(bias, job.width, cycles=cycles)
    if fast:
        return transient_fast(array, stimulus, progress=progress), bias
    return transient_ngspice(array, stimulus, timeout=job.timeout, progress=progress), bias


def compare(reference: Result, other: Result) -> dict[str, Any]:
    """How far the fast engine's currents lie from ngspice's.

    Of a read and a sweep of every current [A], of a transient the fast one interpolated at ngspice's
    points; and the largest of them over the largest current.
    """
    wanted, found = np.asarray(reference.currents), np.asarray(other.currents)
    if isinstance(reference, TransientResult) and isinstance(other, TransientResult):
        at = reference.time
        found = np.array([[np.interp(at, other.time, line) for line in found[0].T]])
        found = found.transpose(0, 2, 1)
    difference = found - wanted
    largest = float(np.abs(wanted).max())
    told: dict[str, Any] = {
        "largest_difference": float(np.abs(difference).max()) / largest if largest else 0.0,
        "seconds_fast": other.seconds,
    }
    if isinstance(reference, CrossbarResult):
        told["difference"] = difference.tolist()
    if isinstance(reference, TransientResult) and isinstance(other, TransientResult):
        states = np.abs(reference.final[0].w - other.final[0].w)
        told["largest_difference_of_w"] = float(states.max())
    return told


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


# ------------------------------------------------------------------------------- what came out


def summary(
    array: Crossbar, result: Result, *, bias: Bias | None = None, pairs: Pairs | None = None
) -> dict[str, Any]:
    """The JSON object of a job: currents in A, one a bit line; a sweep's and a transient's as rows."""
    found: dict[str, Any] = {
        "engine": result.engine,
        "form": result.form,
        "seconds": result.seconds,
        "card": array.card.name,
        "rows": array.rows,
        "cols": array.cols,
        "line_resistance": _plain(array.r_word),
        "line_resistance_bit": _plain(array.r_bit),
        "voltages": array.voltages.tolist(),
        "seed": array.seed,
        "temperature": array.temperature,
        "selector": _selector(array),
        "faults": array.faults.counts if array.faults is not None else {},
    }
    if isinstance(result, CrossbarResult):
        said = {"currents": result.currents.tolist(), "ideal": result.ideal.tolist()}
        if result.word_currents is not None:
            said["word_currents"] = result.word_currents.tolist()
        if pairs is not None:
            said["outputs"] = pairs.output(result.currents).tolist()
            said["ideal_outputs"] = pairs.output(result.ideal).tolist()
        return said | found
    if isinstance(result, Sweep):
        swept = {"voltage": result.voltage.tolist(), "currents": result.currents[0].tolist()}
        return swept | found
    return _transient(array, result, bias) | found


def _transient(array: Crossbar, result: TransientResult, bias: Bias | None) -> dict[str, Any]:
    """What a transient leaves: energy, largest currents, and how far each kind of cell moved."""
    found: dict[str, Any] = {
        "stimulus": result.label,
        "points": len(result.time),
        "duration": float(result.time[-1]),
        "energy": result.energy,
        "largest_currents": np.abs(result.currents[0]).max(axis=0).tolist(),
    }
    change = np.abs(result.final[0].w - array.cell_states)
    if bias is None:
        return found | {"largest_change": float(change.max())}
    rest = ~(bias.selected | bias.half_selected)
    kinds = {"selected": bias.selected, "half_selected": bias.half_selected, "unselected": rest}
    found["scheme"] = bias.scheme
    found["written"] = [
        {
            "row": int(i),
            "col": int(j),
            "w_before": float(array.cell_states[i, j]),
            "w_after": float(result.final[0].w[i, j]),
        }
        for i, j in np.argwhere(bias.selected)
    ]
    found["largest_change"] = {
        kind: float(change[mask].max()) if mask.any() else None for kind, mask in kinds.items()
    }
    return found


def _plain(value: Any) -> Any:
    """A number or a list of numbers."""
    return np.asarray(value).tolist()


def _selector(array: Crossbar) -> str:
    if array.selector is None:
        return "none"
    return "1s1r" if isinstance(array.selector, Selector) else "1t1r"


def write(array: Crossbar, result: Result, folder: Path) -> list[Path]:
    """Write netlist, currents as CSV, everything as netCDF, and a read's map of the voltage lost.

    Returns
    -------
    list of Path
    """
    stem = f"{array.card.name}-crossbar-{array.rows}x{array.cols}"
    data = dataset(array, result)
    if not isinstance(result, CrossbarResult):
        kind = "sweep" if isinstance(result, Sweep) else "transient"
        stem = f"{stem}-{kind}"
        written = [write_csv(data, folder / f"{stem}.csv")]
        if "w" in data:
            written.append(write_csv(data, folder / f"{stem}-w.csv", "w"))
        return [*written, write_netcdf(data, folder / f"{stem}.nc")]
    netlist = write_text(folder / f"{stem}.cir", crossbar_deck(array))
    lines = ["bit line,current (A),without line resistance (A)"]
    lines += [
        f"{j},{float(i)!r},{float(ideal)!r}"
        for j, (i, ideal) in enumerate(zip(result.currents, result.ideal, strict=True))
    ]
    table = write_text(folder / f"{stem}.csv", "\n".join(lines) + "\n")
    labelled = write_netcdf(data, folder / f"{stem}.nc")
    figure = figures.voltage_lost(
        result.cell_voltages,
        array.voltages,
        title=f"{array.card.name}, {array.rows} x {array.cols}, {_ohms(array)} a segment",
    )
    return [netlist, table, labelled, *figures.save(figure, folder / stem)]


def _ohms(array: Crossbar) -> str:
    """Resistance of a segment, or its range."""
    every = np.concatenate([np.ravel(array.r_word), np.ravel(array.r_bit)])
    low, high = float(every.min()), float(every.max())
    return f"{low:g} ohm" if low == high else f"{low:g} to {high:g} ohm"


__all__ = [
    "ENGINES",
    "KINDS",
    "ArrayOptions",
    "Job",
    "build",
    "compare",
    "read",
    "run",
    "summary",
    "write",
]
