"""Keysight / Agilent B1500A EasyEXPERT CSV: rows tagged SetupTitle, TestParameter, DataValue ...

Each ``SetupTitle`` begins a test.  Its channels say which column is the swept voltage (VAR1, the
requested value) and which its current; VAR2 steps are stacked, Dimension1 rows each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import numpy as np

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers.columns import Column, found, picked
from fitting.readers.dialect import Dialect
from fitting.readers.heading_rows import with_units
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import Table
from fitting.readers.traces import traces_of

NAME = "EasyEXPERT CSV"
LACKS = "no lines that begin with SetupTitle and DataName"
_TAGS: Final = ("SetupTitle", "PrimitiveTest", "ApplicationTest", "TestParameter", "DataName")
_OTHER_TAGS: Final = (*_TAGS, "MetaData", "AnalysisSetup", "Dimension1", "Dimension2", "DataValue")
_DATE: Final = "%m/%d/%Y %H:%M:%S"


@dataclass(slots=True)
class _Test:
    """One block, as it stands in the file."""

    title: str = ""
    kind: str = ""
    parameters: dict[str, list[str]] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    analysis: dict[str, list[str]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    names: list[tuple[int, list[str]]] = field(default_factory=list)
    rows: list[list[int]] = field(default_factory=list)

    def first(self, key: str) -> str:
        return next(iter(self.parameters.get(key, [])), "")


def recognise(source: Source) -> bool:
    """Whether the first line is tagged and a DataName row follows."""
    first = source.first_lines(1)
    if not first or first[0].split(",")[0].strip() not in _TAGS:
        return False
    return any(line.lstrip().startswith("DataName") for line in source.lines)


def _tests(source: Source) -> Iterator[_Test]:
    test = _Test()
    for k, line in enumerate(source.lines):
        tag, *cells = [cell.strip() for cell in line.split(",")]
        while cells and not cells[-1]:
            cells.pop()
        if tag == "SetupTitle":
            if test.names:
                yield test
            test = _Test(title=", ".join(cells))
        elif tag in ("PrimitiveTest", "ApplicationTest"):
            test.kind = tag
        elif tag == "TestParameter" and cells:
            test.parameters.setdefault(cells[0], []).extend(cells[1:])
        elif tag == "MetaData" and cells:
            test.metadata[cells[0]] = ", ".join(cells[1:])
        elif tag == "AnalysisSetup" and cells:
            test.analysis.setdefault(cells[0], []).extend(cells[1:])
        elif tag in ("Dimension1", "Dimension2") and cells and cells[0].isdigit():
            test.sizes[tag] = int(cells[0])
        elif tag == "DataName":
            test.names.append((k, cells))
            test.rows.append([])
        elif tag == "DataValue" and test.rows:
            test.rows[-1].append(k)
        elif test.rows and tag and tag not in _OTHER_TAGS:
            raise DataFileError(
                f"{source.where(k)}: a row that begins with '{tag[:30]}' is not EasyEXPERT's, DataValue is "
                "expected: correct or remove that line",
                code="non_numeric",
            )
    if test.names:
        yield test


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace for each test and VAR2 step, in the order measured.

    Raises
    ------
    DataFileError
        Code ``not_data`` where no table holds a row.
    """
    tests = [test for test in _tests(source) if any(test.rows)]
    found_ = [(test, _traces(source, _with_parameters(test, tests), reading)) for test in tests]
    if not found_:
        raise DataFileError(
            f"'{source.path}' reads as {NAME} and holds no DataValue row: the test was aborted "
            "before its first point, or the export is cut off",
            code="not_data",
        )
    kept = [
        (test, traces)
        for k, (test, traces) in enumerate(found_)
        if not (
            _is_parent(test) and any(_same(traces, t) for j, (_, t) in enumerate(found_) if j != k)
        )
    ]
    said = []
    if len(kept) < len(found_):
        said.append("the application test's own block repeats its last step and was left out")
    times = [_when(test) for test, _ in kept]
    order = list(range(len(kept)))
    if all(t is not None for t in times):
        order.sort(key=lambda k: (times[k] or datetime.min, _iteration(kept[k][0])))
        if order != list(range(len(kept))):
            said.append("the tests were put into the order of their record times")
    result = [trace for k in order for trace in kept[k][1]]
    for trace in result:
        trace.meta["assumed"].extend(said)
    return result


def _with_parameters(test: _Test, tests: list[_Test]) -> _Test:
    """The test, with the parameters of one that has the same columns where it has none itself."""
    if test.parameters:
        return test
    names = [cells for _, cells in test.names]
    like = next((t for t in tests if t.parameters and [c for _, c in t.names] == names), test)
    return replace(test, parameters=like.parameters)


def _is_parent(test: _Test) -> bool:
    entry = test.metadata.get("TestRecord.EntryPoint", "").lower() == "true"
    return not test.parameters and (entry or test.kind == "ApplicationTest")


def _same(one: list[Trace], other: list[Trace]) -> bool:
    """Whether the last traces of two tests hold the same points."""
    if not one or not other:
        return False
    a, b = one[-1], other[-1]
    return np.array_equal(a.current, b.current) and (
        a.voltage is None or b.voltage is None or np.array_equal(a.voltage, b.voltage)
    )


def _when(test: _Test) -> datetime | None:
    try:
        return datetime.strptime(test.metadata.get("TestRecord.RecordTime", ""), _DATE)
    except ValueError:
        return None


def _iteration(test: _Test) -> int:
    text = test.metadata.get("TestRecord.IterationIndex", "")
    return int(text) if text.isdigit() else 0


def _traces(source: Source, test: _Test, reading: Reading) -> list[Trace]:
    units = dict(
        zip(
            test.analysis.get("Analysis.Setup.Vector.List.Datum.Name", []),
            test.analysis.get("Analysis.Setup.Vector.List.Datum.Unit", []),
        )
    )
    meta: dict[str, Any] = {"title": test.title}
    for key, entry in (
        ("device", "TestRecord.TestTarget"),
        ("record_time", "TestRecord.RecordTime"),
        ("iteration", "TestRecord.IterationIndex"),
    ):
        if test.metadata.get(entry):
            meta[key] = test.metadata[entry]
    result: list[Trace] = []
    for (head, names), rows in zip(test.names, test.rows, strict=True):
        if not rows:
            continue
        headings = ("DataName", *with_units(names, [units.get(n, "") for n in names]))
        table = Table(headings, source.lines, np.array(rows), Dialect(","), head)
        columns, said, more = _columns(source, test, table, names)
        if reading.columns is not None:
            columns = None
        expected = test.sizes.get("Dimension1", 0) * test.sizes.get("Dimension2", 1)
        if expected > len(rows):
            said.append(
                f"{len(rows)} of {expected} points are there: the test was aborted or cut off"
            )
        for step, held in _steps(source, test, table, names):
            own = {**meta, **more, **({"varied": held} if held else {})}
            result += traces_of(
                source, step, reading, NAME, columns=columns, meta=own, assumed=tuple(said)
            )
    return result


def _columns(
    source: Source, test: _Test, table: Table, names: list[str]
) -> tuple[dict[str, Column] | None, list[str], dict[str, Any]]:
    """Voltage and current of the swept channel, what was assumed, and the compliance."""
    functions = [
        names.index(n) + 1 for n in test.parameters.get("Function.User.Name", []) if n in names
    ]
    said = [f"column '{names[k - 1]}' (a user function) was left out" for k in functions]
    meta: dict[str, Any] = {}
    compliance = _float(test.first("Measurement.Primary.Compliance"))
    swept = _channel(test, "VAR1")
    if swept is None:
        held = [m for m in test.parameters.get("Channel.Mode", []) if m in ("V", "I")]
        bias = _float(test.first("Measurement.Bias.Compliance"))
        if held == ["V"] and bias:  # one channel holds a voltage: a record in time
            meta["compliance"] = abs(bias)
        columns, more = found(source, table, leave=[0, *functions])
        return columns, [*said, *more], meta
    mode = test.parameters.get("Channel.Mode", [])
    forced = swept < len(mode) and mode[swept] == "I"
    if forced:
        said.append("VAR1 forces a current: its compliance is a voltage")
    elif compliance:
        meta["compliance"] = abs(compliance)
    meta["voltage_is"] = "measured" if forced else "requested"
    places: dict[str, int] = {}
    for quantity, key in (("voltage", "Channel.VName"), ("current", "Channel.IName")):
        named = test.parameters.get(key, [])
        if swept < len(named) and named[swept] in names:
            places[quantity] = names.index(named[swept]) + 1
    if len(places) == 2:
        time = next((k + 1 for k, n in enumerate(names) if n.lower() == "time"), None)
        if time is not None:
            places["time"] = time
        asked = "current" if forced else "voltage"
        said.append(f"the {asked} '{names[places[asked] - 1]}' is the requested one (VAR1)")
        return picked(table, **places), said, meta
    columns, more = found(source, table, leave=[0, *functions])
    return columns, [*said, *more], meta


def _channel(test: _Test, function: str) -> int | None:
    functions = test.parameters.get("Channel.Func", [])
    return functions.index(function) if function in functions else None


def _float(text: str) -> float | None:
    return Dialect(",").number(text) if text else None


def _steps(
    source: Source, test: _Test, table: Table, names: list[str]
) -> Iterator[tuple[Table, dict[str, Any]]]:
    """The table, one part for each VAR2 step with its value."""
    size, total = test.sizes.get("Dimension1", 0), len(table.places)
    if test.sizes.get("Dimension2", 1) < 2 or not 0 < size < total:
        yield table, {}
        return
    second = _channel(test, "VAR2")
    named = test.parameters.get("Channel.VName", [])
    name = named[second] if second is not None and second < len(named) else "VAR2"
    start = _float(test.first("Measurement.Secondary.Start"))
    step = _float(test.first("Measurement.Secondary.Step"))
    for k, begin in enumerate(range(0, total, size)):
        part = table.rows(slice(begin, begin + size))
        value: float | None = None
        if name in names:
            value = float(part.column(source, names.index(name) + 1, name)[0])
        elif start is not None and step is not None:
            value = start + k * step
        yield part, {name: k + 1 if value is None else value}
