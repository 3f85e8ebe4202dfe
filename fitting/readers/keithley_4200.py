"""Keithley 4200-SCS and 4200A-SCS workbooks: sheets ``Data`` or ``RunN``, ``Calc``, ``Settings``.

A data sheet has one row of headings (``Time``, ``AI``, ``AV``, then formulas); steppers stand side
by side (``DrainI(1) DrainV(1) DrainI(2)``).  ``Settings`` has one column a terminal, with one block
a run between banners in newer versions; labels differ from version to version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.data import Trace
from compactmodels.errors import DataFileError
from fitting.readers.columns import picked
from fitting.readers.dialect import TAB
from fitting.readers.reading import Reading
from fitting.readers.source import Source
from fitting.readers.table import FloatArray, Table, below, of_arrays
from fitting.readers.traces import traces_of
from fitting.readers.workbook import sheets, wanted

NAME = "Keithley 4200 workbook"
LACKS = "no workbook with a sheet Settings or Calc, or with headings such as AI, AV"
_OTHER: Final = ("calc", "settings")
_COLUMN: Final = re.compile(r"(?P<terminal>\w*?)(?P<what>[IV])(?:\((?P<step>\d+)\))?")
_RUN: Final = re.compile(r"\s*(data|(run|append)\s*\d+)\s*", re.IGNORECASE)
"""What the instrument calls the sheet of a run; any other name was given by hand."""
_FORCE: Final = ("forcing function", "operation mode")
_SAME: Final = {
    "start/level": "start/bias",
    "dual sweep mode": "dual sweep",
    "measure v": "measure voltage",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """One run's settings: by label (lower case), one text a terminal.

    Parameters
    ----------
    terminals : tuple of str
    rows : mapping of str to list of str
    """

    terminals: tuple[str, ...]
    rows: Mapping[str, list[str]]

    def of(self, label: str, terminal: str) -> str:
        """What stands under a terminal, or for the whole test; empty where nothing does."""
        cells = self.rows.get(_SAME.get(label, label), [])
        if terminal not in self.terminals:
            return cells[0] if cells else ""
        k = self.terminals.index(terminal)
        return cells[k] if k < len(cells) else ""

    def swept(self) -> str | None:
        """The terminal whose voltage is swept; None where none or several are."""
        sweeping = [
            t for t in self.terminals if any("sweep" in self.of(f, t).lower() for f in _FORCE)
        ]
        return sweeping[0] if len(sweeping) == 1 else None


def recognise(source: Source) -> bool:
    """Whether a workbook has the 4200's own sheets, or a data sheet with its headings."""
    if source.kind != "workbook":
        return False
    every = sheets(source)
    names = {name.strip().lower() for name, _ in every}
    return bool(names & set(_OTHER)) or any(_is_data(rows) for _, rows in every)


def _headings(rows: tuple[str, ...]) -> list[str]:
    return TAB.cells(rows[0]) if rows else []


def _is_data(rows: tuple[str, ...]) -> bool:
    """Whether the first row holds currents and voltages of terminals, named as the 4200 does."""
    found = [_COLUMN.fullmatch(cell) for cell in _headings(rows)]
    kinds = {(m["terminal"], m["what"]) for m in found if m and m["terminal"]}
    return any((t, "V") in kinds for t, what in kinds if what == "I")


def _number(name: str) -> tuple[int, int]:
    """What sorts runs in the order measured: ``Data``, ``Run1``, ``Append1``, ``Run2`` ..."""
    match = re.search(r"(\d+)\s*$", name)
    return (0, 0) if match is None else (1, int(match[1]))


def settings_of(rows: tuple[str, ...]) -> dict[str, Settings]:
    """The blocks of a Settings sheet by the name that stands over each; '' for the only one."""
    blocks: dict[str, Settings] = {}
    name = ""
    terminals: tuple[str, ...] = ()
    current: dict[str, list[str]] = {}

    def close() -> None:
        if current:
            blocks[name] = Settings(terminals, dict(current))
        current.clear()

    for row in rows:
        cells = row.split("\t")
        label, values = cells[0].strip(), [c.strip() for c in cells[1:]]
        if not label or set(label) <= set("=-* "):
            continue
        if not any(values) and re.fullmatch(
            r"[=\s]*((run|append)\s*\d+|initial run|data)[=\s]*", label, re.I
        ):
            close()
            name, terminals = re.sub(r"[=\s]", "", label).lower(), ()
            continue
        key = label.rstrip(":").lower()
        if key in current and key == "device terminal":  # blocks without names
            close()
            name = f"#{len(blocks)}"
        if key == "device terminal":
            terminals = tuple(v for v in values if v)
        current[_SAME.get(key, key)] = values
    close()
    return blocks


def _settings(
    blocks: Mapping[str, Settings], names: Sequence[str]
) -> tuple[dict[str, Settings], list[str]]:
    """Each run's settings, and what was assumed.

    By the sheet's name; sheets that were renamed stand in the order of the blocks that are left.
    """
    if len(blocks) == 1:
        return dict.fromkeys(names, next(iter(blocks.values()))), []
    keys = {name: re.sub(r"\s", "", name).lower() for name in names}
    keys = {n: "initialrun" if k == "data" and k not in blocks else k for n, k in keys.items()}
    found = {n: blocks[k] for n, k in keys.items() if k in blocks}
    unnamed = [n for n in names if n not in found]
    left = [block for key, block in blocks.items() if key not in keys.values()]
    if not unnamed or len(unnamed) != len(left):
        return found, []
    shown = ", ".join(unnamed)
    return (
        {**found, **dict(zip(unnamed, left))},
        [
            f"the settings that no sheet is named after are those of {shown}, in the order they stand"
        ],
    )


def _in_order(runs: list[Source], own: bool) -> tuple[list[Source], list[str]]:
    """The runs in the order measured, and what was assumed.

    Their numbers tell; where sheets were renamed, the instrument's own workbook has the newest first.
    """
    names = [str(part.sheet) for part in runs]
    numbered = [name for name in names if _RUN.fullmatch(name)]
    if not own or len(numbered) == len(names):
        ordered = sorted(runs, key=lambda part: _number(str(part.sheet)))
        changed = [part.sheet for part in ordered] != names
        return ordered, ["the runs were put into the order measured"] if changed else []
    if len(numbered) > 1 and numbered == sorted(numbered, key=_number):
        return runs, []
    if len(runs) < 2:
        return runs, []
    return runs[::-1], [
        "sheets were renamed: the runs were put into the order measured, the newest stands first"
    ]


def read(source: Source, reading: Reading) -> list[Trace]:
    """One trace for each run and step, in the order measured.

    Raises
    ------
    DataFileError
        With sheet and row; ``not_data`` where no sheet holds a run.
    """
    every = sheets(source)
    blocks = next((settings_of(rows) for n, rows in every if n.strip().lower() == "settings"), {})
    own = any(name.strip().lower() in _OTHER for name, _ in every)
    settings, said = _settings(blocks, [name for name, rows in every if _is_data(rows)])
    parts = wanted(source, reading)
    if reading.sheet is None:
        parts = [p for p in parts if str(p.sheet).strip().lower() not in _OTHER]
    runs = [p for p in parts if _is_data(p.lines)] or (
        parts if reading.sheet is not None and reading.columns is not None else []
    )
    if not runs:
        names = ", ".join(f"'{name}'" for name, _ in every)
        raise DataFileError(
            f"'{source.path}' reads as {NAME} and no sheet of {names} begins with headings such as AI "
            "and AV: a sheet of results per cycle is read with --sheet NAME --columns signal=2",
            code="not_data",
        )
    ordered, more = _in_order(runs, own)
    said += more
    empty = [part for part in ordered if not any(line.strip() for line in part.lines[1:])]
    if 0 < len(empty) < len(ordered):
        ordered = [part for part in ordered if part not in empty]
        said.append(f"runs without a point left out: {', '.join(str(p.sheet) for p in empty)}")
    other = [str(p.sheet) for p in parts if p not in runs]
    if other:
        said.append(f"sheets without currents and voltages left out: {', '.join(other)}")
    result: list[Trace] = []
    for part in ordered:
        result += _run(part, reading, settings.get(str(part.sheet)), tuple(said))
    return result


def _run(
    part: Source, reading: Reading, settings: Settings | None, said: tuple[str, ...]
) -> list[Trace]:
    table = _table(part)
    if reading.columns is not None:
        return traces_of(part, table, reading, NAME, assumed=said)
    groups: dict[str, dict[tuple[str, str], int]] = {}
    for k, heading in enumerate(table.headings):
        match = _COLUMN.fullmatch(heading)
        if match:
            groups.setdefault(match["step"] or "", {})[match["terminal"], match["what"]] = k
    time = [k for k, h in enumerate(table.headings) if h.lower() == "time"]
    result = []
    for step, places in groups.items():
        terminal = _terminal(part, table, places, settings)
        if terminal is None:
            continue
        columns = {"voltage": places[terminal, "V"], "current": places[terminal, "I"]}
        if time:
            columns["time"] = time[0]
        arrays, lines, more = _rows(part, table, columns)
        meta = _meta(settings, terminal, step, part, table, places)
        data = of_arrays([table.headings[k] for k in columns.values()], arrays, part)
        data = Table(data.headings, data.lines, lines, data.dialect, table.first, data.arrays)
        choice = picked(data, **{q: k for k, q in enumerate(columns)})
        result += traces_of(
            part, data, reading, NAME, columns=choice, meta=meta, assumed=(*said, *more)
        )
    return result


def _table(part: Source) -> Table:
    first = next((k for k, line in enumerate(part.lines) if line.strip()), 0)
    return below(part, first, TAB)


def _terminal(
    part: Source, table: Table, places: Mapping[tuple[str, str], int], settings: Settings | None
) -> str | None:
    """The terminal whose current is plotted against its own voltage."""
    both = [t for t, what in places if what == "I" and (t, "V") in places]
    swept = settings.swept() if settings else None
    if swept in both:
        return swept
    if len(both) > 1:
        # a terminal whose voltage does not move was not swept
        spans = {t: float(np.ptp(table.column(part, places[t, "V"], f"{t}V")[:50])) for t in both}
        moving = [t for t in both if spans[t] > 0.01 * max(spans.values())]
        if len(moving) > 1:
            options = " or ".join(
                f"--columns voltage={places[t, 'V'] + 1},current={places[t, 'I'] + 1}"
                for t in moving
            )
            raise DataFileError(
                f"{part.where(table.first)}: the terminals {', '.join(moving)} all have a voltage that "
                f"moves and a current: say which is the device's, {options}",
                code="ambiguous_columns",
            )
        both = moving
    return both[0] if both else None


def _rows(
    part: Source, table: Table, columns: Mapping[str, int]
) -> tuple[list[FloatArray], NDArray[np.int64], list[str]]:
    """The columns without the empty or #REF rows at their end, single precision undone."""
    arrays, said = [], []
    values = {quantity: _padded(part, table, index) for quantity, index in columns.items()}
    size = min(len(v) for v in values.values())
    good = np.flatnonzero(np.all([np.isfinite(v[:size]) for v in values.values()], axis=0))
    end = int(good[-1]) + 1 if good.size else 0
    lost = size - end
    if lost:
        said.append(f"{lost} row{'s' if lost > 1 else ''} of #REF or nothing at the end left out")
    for v in values.values():
        arrays.append(_decimal(v[:end]))
    if any(not np.array_equal(a, v[:end]) for a, v in zip(arrays, values.values())):
        said.append("numbers of single precision were rounded to the decimal that they stand for")
    return arrays, table.places[:end], said


def _padded(part: Source, table: Table, index: int) -> FloatArray:
    """A column with NaN where nothing or #REF stands; any other text is refused."""
    values = np.full(len(table.places), np.nan)
    for k, row in enumerate(table.places):
        cells = table.cells(int(row))
        if index >= len(cells) or not cells[index]:
            continue
        number = TAB.number(cells[index])
        if number is None:
            raise DataFileError(
                f"{part.where(int(row))}: column {index + 1} ({table.headings[index]}) holds "
                f"'{cells[index][:30]}' where a number is expected: correct or remove that row",
                code="non_numeric",
            )
        values[k] = number
    return values


def _decimal(values: FloatArray) -> FloatArray:
    """0.00999999977648258 is what 0.01 becomes in single precision: 0.01 again."""
    with np.errstate(over="ignore", under="ignore"):
        single = values.astype(np.float32)
    if not np.allclose(single, values, rtol=1e-14, atol=0):
        return values
    return np.array([float(str(x)) for x in single])


def _meta(
    settings: Settings | None,
    terminal: str,
    step: str,
    part: Source,
    table: Table,
    places: Mapping[tuple[str, str], int],
) -> dict[str, Any]:
    meta: dict[str, Any] = {"terminal": terminal, "run": part.sheet}
    if step:
        held = {}
        for (other, what), k in places.items():
            if what == "V" and other != terminal:
                column = _padded(part, table, k)
                column = column[np.isfinite(column)]
                if column.size and np.ptp(column) <= 1e-3 * max(1e-3, abs(float(column[0]))):
                    held[f"{other}V"] = float(_decimal(column[:1])[0])
        meta["varied"] = held or {"step": int(step)}
    if settings is None:
        return meta
    compliance = TAB.number(settings.of("compliance", terminal))
    if compliance:
        meta["compliance"] = abs(compliance)
    measured = settings.of("measure v", terminal).lower()
    if measured:
        programmed = "program" in measured or measured in ("no", "off", "false")
        meta["voltage_is"] = "requested" if programmed else "measured"
    for key, label in (
        ("title", "test name"),
        ("device", "device id"),
        ("record_time", "last executed"),
        ("dual_sweep", "dual sweep"),
    ):
        value = settings.of(label, terminal)
        if value:
            meta[key] = value
    return meta
