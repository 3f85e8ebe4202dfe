"""ArC TWO HDF5: ``/crosspoints/WxxByy/timeseries`` and tables of experiments beside it.

A table is grown in chunks: the attribute NROWS holds how many of its rows count.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers import hdf5_process
from fitting.readers.columns import Column
from fitting.readers.headers import Heading
from fitting.readers.isolated import damaged, output_of
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import FloatArray, of_arrays
from fitting.readers.traces import traces_of

NAME = "ArC TWO HDF5"
LACKS = "no HDF5 file"


def recognise(source: Source) -> bool:
    """Whether it is an HDF5 file; no other instrument here writes one."""
    return source.kind == "hdf5"


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace for each crosspoint's history and each experiment with voltage and current.

    Raises
    ------
    DataFileError
        Codes ``binary_file`` (damaged), ``not_data`` (no crosspoints, or none was used).
    """
    line, _, data = output_of(hdf5_process, source, "h5py").partition(b"\n")
    head: dict[str, Any] = json.loads(line)
    if head.get("code") == "not_data":
        raise DataFileError(
            f"'{source.path}' is an HDF5 file without /crosspoints (it holds {head['error']}), and ArC "
            "TWO's is the only layout known: export the measurement as CSV",
            code="not_data",
        )
    if "error" in head:
        raise damaged(source, head["error"])
    values = np.frombuffer(data, dtype=np.float64)
    result: list[Trace] = []
    begin = 0
    for table in head["tables"]:
        size = len(table["fields"]) * table["rows"]
        columns = values[begin : begin + size].reshape(len(table["fields"]), table["rows"])
        result += _trace(source, reading, table, list(columns))
        begin += size
    if not result:
        raise DataFileError(
            f"'{source.path}' reads as {NAME} and no crosspoint holds a current: measure one first",
            code="not_data",
        )
    return result


def _trace(
    source: Source, reading: Reading, document: dict[str, Any], arrays: list[FloatArray]
) -> list[Trace]:
    fields, device, name = document["fields"], document["device"], document["name"]
    table = of_arrays(fields, arrays, source)
    meta: dict[str, Any] = {"device": device, "table": name, "varied": {"device": device}}
    if reading.columns is not None:
        return traces_of(source, table, reading, NAME, meta=meta)
    history = name.rpartition("/")[2] == "timeseries"
    volts = "read_voltage" if history else "voltage"
    current = Column(fields.index("current"), Heading("current", "current", "A"))
    if volts in fields and np.ptp(arrays[fields.index(volts)]) > 0:
        voltage = Column(fields.index(volts), Heading(volts, "voltage", "V"))
        return traces_of(
            source,
            table,
            reading,
            NAME,
            columns={"voltage": voltage, "current": current},
            meta=meta,
        )
    for key, own in (("pulse_voltage", "voltage"), ("pulse_width", "pulse_width")):
        if own in fields:
            meta[key] = arrays[fields.index(own)]
    signal = Column(current.index, Heading("current", "signal", "A"))
    said = (
        (
            f"all rows were read at {arrays[fields.index(volts)][0]:g} V: a series of reads, not a sweep",
        )
        if volts in fields
        else ()
    )
    return traces_of(
        source, table, reading, NAME, columns={"signal": signal}, meta=meta, assumed=said
    )
