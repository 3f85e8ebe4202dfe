"""The sweep that every sample file holds, and workbooks and HDF5 files that are made at run time."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

FORMATS = Path(__file__).parent / "formats"

_UP = [0, 0.25, 0.5, 0.75, 1]
V = np.array([*_UP, *_UP[::-1], *(-v for v in _UP[1:]), *(-v for v in _UP[-2::-1])])
"""Up, back, down and back, 18 points; the upper turn is recorded twice."""
_G = np.where((np.arange(V.size) < 5) | (np.arange(V.size) >= 14), 1e-6, 4e-6)
I = np.array([float(f"{i:.6e}") for i in _G * (V + 2 * V**3)])  # noqa: E741
T = 0.1 * np.arange(V.size)
SHUNT = 1e4

Cells = Sequence[Sequence[Any]]


def xlsx(path: Path, sheets: dict[str, Cells]) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def xls(path: Path, sheets: dict[str, Cells]) -> Path:
    import xlwt

    book = xlwt.Workbook()
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if value is not None:
                    sheet.write(r, c, value)
    book.save(str(path))
    return path


def run(factor: float = 1.0, single: bool = False, tail: int = 0) -> list[list[Any]]:
    """A data sheet of the 4200: formula columns, a scalar in the first row only, #REF at the end."""
    rows: list[list[Any]] = [["Time", "AI", "AV", "ABSI", "RMIN"]]
    for k, (t, v, i) in enumerate(zip(T.tolist(), V.tolist(), (factor * I).tolist())):
        v = float(np.float32(v + 0.01)) if single else v
        i = float(np.float32(i)) if single else i
        rows.append([t, i, v, abs(i), 1e5 if k == 0 else None])
    rows += [["#REF", "#REF", "#REF", "#REF", None]] * tail
    return rows


KTEI: list[list[Any]] = [
    ["Test Name", "forming#1@1"],
    ["Device Terminal", "A", "B"],
    ["Name", "AV", "N/A"],
    ["Forcing Function", "Voltage Sweep", "Common"],
    ["Start/Level", 0, "N/A"],
    ["Stop", 1, "N/A"],
    ["Dual Sweep Mode", "Enabled", "N/A"],
    ["Compliance", 0.0005, "N/A"],
    ["Measure I", "Measured", "N/A"],
    ["Measure V", "Programmed", "N/A"],
]


def clarius(*compliances: float) -> list[list[Any]]:
    """A Settings sheet with one block a run between banners."""
    rows: list[list[Any]] = []
    for number, value in reversed(list(enumerate(compliances, start=1))):
        rows += [
            ["=================================="],
            [f"Run{number}"],
            ["=================================="],
            ["Test Name", "iv-sweep#1"],
            ["Device Terminal", "A", "B"],
            ["Operation Mode", "Voltage Linear Sweep", "GNDU"],
            ["Start/Bias", 0, "N/A"],
            ["Dual Sweep", "Enabled", "N/A"],
            ["Compliance", value, "N/A"],
            ["Measure Voltage", "Measured", "N/A"],
        ]
    return rows


def steps() -> list[list[Any]]:
    """Steppers side by side."""
    heads: list[Any] = []
    for n in (1, 2):
        heads += [f"DrainI({n})", f"DrainV({n})", f"GateI({n})", f"GateV({n})"]
    rows = [heads]
    for v, i in zip(V.tolist(), I.tolist()):
        rows.append([i, v, 1e-12, 0.5, 2 * i, v, 1e-12, 1.5])
    return rows


def cycles() -> list[list[Any]]:
    """A sheet of results per cycle, named after the project."""
    rows: list[list[Any]] = [["Cycle", "SET_negative#1", "RESET#1"], ["Index", "ILRS", "IHRS"]]
    return rows + [[k, 1e-4 * k, 1e-6 * k] for k in range(1, 6)]


def arc_two(path: Path, *, damaged: bool = False) -> Path:
    import h5py

    dtype = [
        ("current", "<f4"),
        ("voltage", "<f4"),
        ("pulse_width", "<f4"),
        ("read_voltage", "<f4"),
        ("op_type", "<u4"),
    ]
    with h5py.File(path, "w") as file:
        for name, read in (("W03B05", np.full(10, 0.5)), ("W07B01", np.linspace(0.1, 1, 10))):
            table = np.zeros(16, dtype=dtype)  # grown in chunks: 10 of 16 rows count
            table["current"][:10] = 1e-6 * np.arange(1, 11)
            table["voltage"][:10] = 1.5
            table["pulse_width"][:10] = 1e-6
            table["read_voltage"][:10] = read
            node = file.create_dataset(f"crosspoints/{name}/timeseries", data=table)
            node.attrs["NROWS"] = 10
        swept = np.zeros(V.size, dtype=[("voltage", "<f8"), ("current", "<f8")])
        swept["voltage"], swept["current"] = V, I
        file.create_dataset("crosspoints/W07B01/experiments/CT_1", data=swept)
        file.create_dataset("crossbar/voltage", data=np.zeros((32, 32)))
    if damaged:
        path.write_bytes(path.read_bytes()[:700])
    return path


def written(folder: Path) -> dict[str, Path]:
    """Every binary sample, by the reader it belongs to."""
    packed = folder / "session.csv.gz"
    packed.write_bytes(gzip.compress((FORMATS / "arc_one" / "session.csv").read_bytes()))
    plain = [["Voltage (V)", "Current (uA)"], *zip(V.tolist(), (1e6 * I).tolist())]
    return {
        "arc_one": packed,
        "arc_two": arc_two(folder / "session.h5"),
        "keithley_4200 xls": xls(folder / "a.xls", {"Data": run(), "Calc": [], "Settings": KTEI}),
        "keithley_4200 xlsx": xlsx(
            folder / "b.xlsx", {"Run1": run(), "Calc": [], "Settings": clarius(5e-4)}
        ),
        "keithley_4200 steps": xls(folder / "c.xls", {"my name": steps()}),
        "spreadsheet xlsx": xlsx(folder / "d.xlsx", {"notes": [["dark"]], "sweep": plain}),
        "spreadsheet xls": xls(folder / "e.xls", {"Sheet1": plain}),
    }
