"""Results of arrays as labelled data (xarray), and as netCDF and CSV.

Dimensions: ``word`` and ``bit`` count the lines from 0, ``voltage`` [V] the points of a sweep, ``time``
[s] those of a transient; a stack adds ``layer``, ``word_plane`` and ``bit_plane``, from the bottom.
Every variable says its unit and its meaning; the whole says how the array was made.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from compactmodels import __version__
from compactmodels.files import replacing, write_text
from netlists.arrays.checks import CrossbarError
from netlists.arrays.description import Crossbar, CrossbarResult
from netlists.arrays.header import settings
from netlists.arrays.reads import StackResult, Sweep
from netlists.arrays.stack import Stack
from netlists.arrays.transients import TransientResult

if TYPE_CHECKING:
    import xarray

Result = CrossbarResult | StackResult | Sweep | TransientResult

MEANING: Final = {
    "current": ("A", "current out of the bit line"),
    "ideal_current": ("A", "current without resistance of lines, sources and outputs"),
    "word_current": ("A", "current out of the source into the word line"),
    "cell_voltage": ("V", "word line minus bit line at the cell"),
    "device_voltage": ("V", "voltage across the cell's device, without its selector"),
    "word_voltage": ("V", "voltage of the word line at the cell"),
    "bit_voltage": ("V", "voltage of the bit line at the cell"),
    "w": ("1", "non-volatile state"),
    "s": ("1", "volatile state"),
    "sel_w": ("1", "state w of the selector"),
    "sel_s": ("1", "state s of the selector"),
}
"""Unit and meaning of each variable."""
_LINES: Final = {"current": "bit", "ideal_current": "bit", "word_current": "word"}


def dataset(array: Crossbar | Stack, result: Result) -> xarray.Dataset:
    """A result with names and units for its axes.

    Parameters
    ----------
    array : Crossbar or Stack
        That the result is of.
    result : CrossbarResult, StackResult, Sweep or TransientResult

    Returns
    -------
    xarray.Dataset
    """
    import xarray

    scale, found = _variables(result)
    points = [] if scale is None else [scale[0]]
    stacked = isinstance(array, Stack)
    variables = {}
    for name, values in found.items():
        unit, meaning = MEANING[name]
        line = _LINES.get(name)
        first, rest = (f"{line}_plane", [line]) if line else ("layer", ["word", "bit"])
        if not stacked and values.ndim == 1 + len(points) + len(rest):
            values = values[0]
        dims = [*([first] if stacked else []), *points, *rest]
        variables[name] = (dims, values, {"units": unit, "long_name": meaning})
    coordinates: dict[str, Any] = {
        "word": ("word", np.arange(array.rows, dtype=np.int32), {"long_name": "word line, from 0"}),
        "bit": ("bit", np.arange(array.cols, dtype=np.int32), {"long_name": "bit line, from 0"}),
    }
    if scale is not None:
        name, unit, values = scale
        coordinates[name] = (name, values, {"units": unit})
    return xarray.Dataset(variables, coordinates, _attributes(array, result))


def _variables(result: Result) -> tuple[tuple[str, str, Any] | None, dict[str, Any]]:
    """The scale (name, unit, values) of a sweep or a transient, and the variables."""
    if isinstance(result, Sweep):
        found = {"current": result.currents, "word_current": result.word_currents}
        return ("voltage", "V", result.voltage), {**found, "cell_voltage": result.cell_voltages}
    if isinstance(result, TransientResult):
        found = {"current": result.currents, "word_current": result.word_currents}
        return ("time", "s", result.time), {**found, **result.states}
    every: dict[str, Any] = {
        "current": result.currents,
        "ideal_current": result.ideal,
        "word_current": result.word_currents,
        "cell_voltage": result.cell_voltages,
        "device_voltage": result.device_voltages,
        "word_voltage": result.word_voltages,
        "bit_voltage": result.bit_voltages,
    }
    return None, {name: values for name, values in every.items() if values is not None}


def _attributes(array: Crossbar | Stack, result: Result) -> dict[str, Any]:
    if isinstance(array, Crossbar):
        said = settings(array)
    else:
        said = [("shared planes", "yes" if array.shared else "no")]
        for k, layer in enumerate(array.layers):
            said += [(f"layer {k} {what}", value) for what, value in settings(layer)]
    found: dict[str, Any] = {what.replace(" ", "_"): value for what, value in said}
    found |= {"engine": result.engine, "seconds": result.seconds, "compactmodels": __version__}
    if isinstance(result, TransientResult):
        found |= {"energy_J": result.energy, "stimulus": result.label}
    if isinstance(result, Sweep):
        found["swept"] = ", ".join(result.swept)
    return found


def write_netcdf(data: xarray.Dataset, path: Path) -> Path:
    """Write a dataset as netCDF 3 (64-bit offsets), complete or not at all; returns the path."""
    with replacing(Path(path)) as beside:
        data.to_netcdf(beside, engine="scipy", format="NETCDF3_64BIT")
    return Path(path)


def write_csv(data: xarray.Dataset, path: Path, variable: str = "current") -> Path:
    """Write one variable as a table, a line a column; returns the path.

    A read of currents has one line; with points (``voltage``, ``time``) their value comes first. A
    variable of all cells is a table of word lines by bit lines, or a long table with its point and
    word line first.

    Raises
    ------
    CrossbarError
        No such variable.
    """
    if variable not in data:
        known = ", ".join(str(name) for name in data.data_vars)
        raise CrossbarError(f"no variable '{variable}' in the result: it has {known}")
    values = data[variable]
    *heads, line = values.dims
    units = {name: data[name].attrs.get("units") for name in heads if name in data.coords}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    unit = values.attrs["units"]
    titles = [f"{name} ({units[name]})" if units.get(name) else str(name) for name in heads]
    table.writerow([*titles, *(f"{line} {k} ({unit})" for k in range(values.sizes[line]))])
    scales = [data[n].values if n in data.coords else np.arange(values.sizes[n]) for n in heads]
    flat = values.values.reshape(-1, values.sizes[line])
    for place, row in zip(np.ndindex(*values.shape[:-1]), flat, strict=True):
        lead = [scale[k].item() for scale, k in zip(scales, place, strict=True)]
        table.writerow([repr(x) for x in (*lead, *row.tolist())])
    return write_text(Path(path), text.getvalue())
