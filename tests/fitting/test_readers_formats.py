"""Every layout of FORMATS: recognised by one reader only, and read to the same sweep in SI units."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from compactmodels.data import Trace
from compactmodels.errors import DataFileError, InputError
from fitting.masks import mask_trace
from fitting.readers import DataFile, Reading, formats, read, recognised
from fitting.readers.headers import parse_heading
from fitting.readers.source import load
from fitting.readers.workbook import text_of
from tests.fitting.samples import (
    FORMATS,
    KTEI,
    SHUNT,
    I,
    T,
    V,
    arc_two,
    clarius,
    cycles,
    run,
    steps,
    written,
    xls,
    xlsx,
)

TEXTS = sorted(p for p in FORMATS.rglob("*") if p.is_file())
BUFFERS = "current=1,voltage=2"
SCOPE = {"columns": "time=1,applied=2,shunt=3", "shunt": SHUNT}
BARE = "voltage=1,current=2"
SWEEPS: dict[str, dict] = {
    "delimited/blanks_over_tabs.txt": {},
    "delimited/commented_comma.txt": {},
    "delimited/decimal_comma.csv": {},
    "delimited/headerless.txt": {"columns": BARE},
    "delimited/mode_comment.txt": {},
    "delimited/tsp_script_dump.csv": {},
    "delimited/units_over_tabs.txt": {},
    "delimited/utf16.csv": {},
    "easyexpert/double_sweep.csv": {},
    "easyexpert/application_test.csv": {},
    "easyexpert/var2_steps.csv": {},
    "hp4155/strings.txt": {},
    "hp4155/sweep.txt": {},
    "hp4155/var2.txt": {},
    "keithley_2400/heading.csv": {},
    "keithley_2400/readings.txt": {},
    "keithley_buffer/two_saves.csv": {},
    "keysight_smu/item.csv": {},
    "kickstart/older.csv": {},
    "kickstart/quoted.csv": {},
    "kickstart/semicolons.csv": {},
    "kickstart/spreadsheet.csv": {},
    "kickstart/tabs.csv": {},
    "labview/commas.lvm": {},
    "labview/decimal_comma.lvm": {},
    "labview/no_time.lvm": {},
    "labview/one_column.lvm": {},
    "labview/whole_numbers_first.lvm": {},
    "list_style/list.csv": {},
    "pymeasure/spread.csv": {},
    "pymeasure/sweep.csv": {},
    "qcodes/one_loop.dat": {},
    "qcodes/two_loops.dat": {},
    "scope_keysight/current_probe.csv": {},
    "scope_keysight/two_channels.csv": SCOPE,
    "scope_rigol/increment.csv": SCOPE,
    "scope_rigol/index.csv": SCOPE,
    "scope_siglent/two_channels.csv": SCOPE,
    "scope_siglent/current_probe.csv": {},
    "scope_siglent/short_header.csv": SCOPE,
    "scope_tektronix/dpo.csv": SCOPE,
    "time_table/old.dat": {},
    "tsp_buffer/interleaved.txt": {"columns": BUFFERS},
    "tsp_buffer/two_calls.csv": {"columns": BUFFERS},
    "arc_one/session.csv": {},
}
OTHERS = {
    "delimited/rs_values.csv",
    "delimited/stacked_loops.txt",
    "easyexpert/in_compliance.csv",
    "easyexpert/sampling.csv",
    "scope_tektronix/tds.csv",
    "runs/ramps.csv",
    "cells/cycling.csv",
}
DOUBLED = (
    "easyexpert/application_test.csv",
    "easyexpert/var2_steps.csv",
    "hp4155/var2.txt",
    "keithley_buffer/two_saves.csv",
    "labview/no_time.lvm",
    "qcodes/two_loops.dat",
)
"""Two sweeps, the second with twice the current."""


def owner(path: Path) -> list[str]:
    """Names of the specific readers that take the file for theirs."""
    return [
        m.__name__.rpartition(".")[2]
        for m in recognised(load(path))
        if not getattr(m, "GENERIC", False)
    ]


def first(name: str, **more: object) -> Trace:
    return read(FORMATS / name, **{**SWEEPS.get(name, {}), **more}).traces[0]


def said(trace: Trace) -> str:
    return " | ".join(trace.meta["assumed"])


def test_every_sample_has_its_test():
    names = {str(p.relative_to(FORMATS)) for p in TEXTS}
    assert names == set(SWEEPS) | OTHERS
    assert all(p.stat().st_size < 10_000 for p in TEXTS)


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_text_is_recognised_by_its_own_reader_alone(path, tmp_path):
    expected = [] if path.parent.name == "delimited" else [path.parent.name]
    assert owner(path) == expected
    hidden = tmp_path / "x"  # content, not name
    shutil.copy(path, hidden)
    assert owner(hidden) == expected


def test_a_binary_file_is_recognised_by_its_own_reader_alone(tmp_path):
    for name, path in written(tmp_path).items():
        assert owner(path) == [name.split()[0]], name


def test_every_reader_has_a_sample(tmp_path):
    have = {p.parent.name for p in TEXTS} | {name.split()[0] for name in written(tmp_path)}
    assert {m.__name__.rpartition(".")[2] for m in formats()} == have


@pytest.mark.parametrize("name", SWEEPS)
def test_every_layout_gives_the_same_sweep(name):
    trace = first(name)
    np.testing.assert_allclose(trace.voltage, V, rtol=0, atol=2e-9)
    np.testing.assert_allclose(trace.current, I, rtol=1e-6, atol=1e-13)
    if trace.time is not None and not name.startswith("scope"):
        np.testing.assert_allclose(np.diff(trace.time), 0.1, rtol=0, atol=2e-3)
    assert trace.meta["format"] in trace.meta["assumed"][0]
    assert len(trace.meta["sha256"]) == 64


@pytest.mark.parametrize("name", DOUBLED)
def test_several_sweeps_are_several_traces(name):
    data = read(FORMATS / name)
    assert len(data) == 2
    assert data.varied["sweep"] == (1, 2)
    np.testing.assert_allclose(data.traces[1].current, 2 * I, rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(data.traces[1].voltage, V, atol=1e-9)
    assert [t.meta["sweep"] for t in data] == [1, 2]


def test_easyexpert_metadata():
    trace = first("easyexpert/double_sweep.csv")
    assert trace.meta["compliance"] == 5e-5
    assert trace.meta["device"] == "W3-D12"
    assert trace.meta["record_time"] == "03/12/2020 10:15:00"
    assert trace.meta["voltage_is"] == "requested"
    assert "'absI1' (a user function) was left out" in said(trace)


def test_easyexpert_of_a_forced_current_has_a_measured_voltage(tmp_path):
    text = (FORMATS / "easyexpert/double_sweep.csv").read_bytes().decode("utf-8-sig")
    path = tmp_path / "x"
    path.write_text(text.replace("Channel.Mode, V, COMMON", "Channel.Mode, I, COMMON"))
    (trace,) = read(path)
    assert trace.meta["voltage_is"] == "measured"
    assert "compliance" not in trace.meta
    assert "the current 'I1' is the requested one (VAR1)" in said(trace)


def test_easyexpert_sampling_is_a_record_in_time():
    (trace,) = read(FORMATS / "easyexpert/sampling.csv")
    assert trace.voltage is None
    np.testing.assert_allclose(trace.time, 0.1 * np.arange(8))
    np.testing.assert_allclose(trace.current, 1e-6 * 0.8 ** np.arange(8), rtol=1e-6)
    assert trace.meta["compliance"] == 1e-3


def test_the_parent_of_an_application_test_is_not_read_twice():
    data = read(FORMATS / "easyexpert/application_test.csv")
    assert [t.meta["iteration"] for t in data] == ["1", "2"]  # the file has the newest first
    assert "repeats its last step" in said(data.traces[0])
    assert "order of their record times" in said(data.traces[0])


@pytest.mark.parametrize(
    ("name", "varied", "values"),
    [
        ("easyexpert/var2_steps.csv", "V2", (0.0, 1.0)),
        ("hp4155/var2.txt", "IB", (1e-6, 2e-6)),
        ("qcodes/two_loops.dat", "Gate voltage (V)", (0.0, 1.0)),
    ],
)
def test_the_outer_variable_of_steps_is_kept(name, varied, values):
    assert read(FORMATS / name).varied[varied] == pytest.approx(values)


def test_compliance_from_the_file_masks_what_stands_there_and_says_why():
    trace = read(FORMATS / "easyexpert/in_compliance.csv").traces[0]
    masked = mask_trace(trace, 0.0)
    # |I| reaches 5e-4 where V^2 does: at 0.707 V of steps of 0.1 V, so from 2.3 V on (i = 1e-4 k^2/10)
    standing = np.abs(trace.current) > 4.99e-4
    np.testing.assert_array_equal(masked.used[1:], ~standing[1:])
    assert np.count_nonzero(standing) > 5
    (warning,) = [w for w in masked.warnings if w.code == "compliance_masked"]
    assert "0.0005 A that the file names" in warning.message
    assert "requested voltage runs on" in warning.message


def test_a_current_just_below_the_compliance_is_kept():
    v = np.linspace(0.1, 1, 10)
    i = 1e-3 * v
    trace = Trace(None, v, i, meta={"compliance": 1e-3 * 1.001})
    assert np.all(mask_trace(trace, 0.0).used)
    trace = Trace(None, v, i, meta={"compliance": 1e-3 * 1.00005})
    assert list(np.flatnonzero(~mask_trace(trace, 0.0).used)) == [9]


def test_a_plateau_of_a_requested_voltage_is_explained():
    trace = read(FORMATS / "easyexpert/in_compliance.csv").traces[0]
    meta = {k: v for k, v in trace.meta.items() if k != "compliance"}
    (warning,) = [
        w
        for w in mask_trace(
            Trace(None, trace.voltage, np.minimum(trace.current, 5e-4), meta=meta), 0.0
        ).warnings
        if w.code == "compliance_masked"
    ]
    assert "stands at 0.0005 A" in warning.message
    assert "requested voltage runs on" in warning.message


@pytest.mark.parametrize("name", ["keithley_2400/readings.txt", "keithley_buffer/two_saves.csv"])
def test_flags_of_the_instrument_mask_points(name):
    trace = first(name)
    assert list(np.flatnonzero(trace.meta["in_compliance"])) == [4, 5]
    masked = mask_trace(trace, 0.0)
    assert not np.any(masked.used[[4, 5]])
    assert any("flags them" in w.message for w in masked.warnings)


@pytest.mark.parametrize("name", ["readings.txt", "heading.csv"])
def test_the_2400s_timer_and_its_mark_for_not_measured(name):
    trace = first(f"keithley_2400/{name}")
    assert trace.time is not None
    assert trace.time[0] == pytest.approx(99999.5)
    assert trace.time[-1] == pytest.approx(99999.5 + T[-1], abs=2e-3)
    assert "timer started anew" in said(trace)


@pytest.mark.parametrize("dialect", ["older", "quoted", "semicolons", "spreadsheet", "tabs"])
def test_kickstart_limit(dialect):
    assert first(f"kickstart/{dialect}.csv").meta["compliance"] == pytest.approx(5e-5)


def test_pymeasure_parameters():
    trace = first("pymeasure/sweep.csv")
    assert trace.temperature == 320
    assert trace.meta["compliance"] == pytest.approx(5e-5)
    assert trace.meta["parameters"]["Sample"] == "D12"


@pytest.mark.parametrize("name", ["decimal_comma", "whole_numbers_first"])
def test_a_decimal_comma_that_is_not_announced_is_said(name):
    assert "decimal sign is not written: ','" in said(first(f"labview/{name}.lvm"))


def test_each_segment_tells_its_decimal_sign(tmp_path):
    text = (FORMATS / "labview/whole_numbers_first.lvm").read_bytes().decode()
    header, segment = text.split("***End_of_Header***\t", 1)
    rows = segment.split("Comment", 1)
    whole = f"{rows[0]}Comment\n0\t0\t1\n1\t1\t2\n"
    path = tmp_path / "x"
    path.write_text(f"{header}***End_of_Header***\t{whole}{segment.lstrip()}")
    data = read(path)
    assert [len(trace) for trace in data] == [2, V.size]
    assert ["decimal sign is not written" in said(trace) for trace in data] == [True, True]


def test_arc_one_turns_resistances_into_currents():
    data = read(FORMATS / "arc_one/session.csv")
    assert data.varied["device"] == ("W2B3", "W4B5")
    reads = data.traces[1]
    assert reads.voltage is None
    np.testing.assert_allclose(reads.current, 0.5 / (1e5 / np.arange(1, 9)), rtol=1e-6)
    assert "resistances" in said(reads)
    np.testing.assert_array_equal(reads.meta["pulse_voltage"], 1.0)


def test_arc_one_unpacks_itself(tmp_path):
    (packed,) = [p for n, p in written(tmp_path).items() if n == "arc_one"]
    np.testing.assert_allclose(read(packed).traces[0].current, I, rtol=1e-6, atol=1e-13)


def test_arc_two_reads_the_rows_that_count(tmp_path):
    data = read(arc_two(tmp_path / "x"))
    by = {(t.meta["device"], t.meta["table"]): t for t in data}
    history = by["W03B05", "timeseries"]
    assert len(history) == 10
    assert history.voltage is None
    assert "read at 0.5 V" in said(history)
    assert by["W07B01", "timeseries"].voltage is not None
    np.testing.assert_allclose(by["W07B01", "experiments/CT_1"].current, I)


def test_stacked_loops_are_one_record():
    (trace,) = read(FORMATS / "delimited/stacked_loops.txt")
    assert len(trace) == 2 * V.size + 1
    np.testing.assert_allclose(trace.current[-V.size :], 2 * I)


def test_runs_and_cells_are_series_without_a_voltage():
    runs = read(FORMATS / "runs/ramps.csv")
    assert [len(t) for t in runs] == [4, 2, 3]  # ragged
    assert runs.varied["run"] == ("ramp1", "ramp2", "ramp3")
    cells = read(FORMATS / "cells/cycling.csv")
    assert cells.varied["device"] == ("500", "501", "502", "503", "504")
    assert len(cells.traces[0]) == 24
    assert cells.traces[1].current[0] == pytest.approx(5e3 * 1.01 + 0.137)


def test_values_only_become_a_record_with_an_interval():
    path = FORMATS / "delimited/rs_values.csv"
    with pytest.raises(DataFileError, match="--interval"):
        read(path)
    (trace,) = read(path, columns="shunt=1", shunt=SHUNT, interval=1e-3)
    np.testing.assert_allclose(trace.time, 1e-3 * np.arange(V.size))
    np.testing.assert_allclose(trace.current, I, atol=1e-12)


def test_the_unit_of_a_value_goes_before_that_of_its_column(tmp_path):
    path = tmp_path / "x"
    path.write_text('"NO.","VA","IA"\n"","mV","uA"\n1,100,"1 nA"\n2,"0.2 V",2\n')
    (trace,) = read(path)
    np.testing.assert_allclose(trace.voltage, [0.1, 0.2])
    np.testing.assert_allclose(trace.current, [1e-9, 2e-6])


def test_a_minus_in_columns_reverses_a_sign(tmp_path):
    path = tmp_path / "x"
    path.write_text("V,I (uA)\n0.1,-1\n0.2,-2\n")
    (trace,) = read(path, columns="voltage=1,current=-2")
    np.testing.assert_allclose(trace.current, [1e-6, 2e-6])
    assert "the sign of 'I (uA)' was reversed" in said(trace)
    (trace,) = read(path, columns="voltage=1,current=-I[nA]")
    np.testing.assert_allclose(trace.current, [1e-9, 2e-9])


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ("voltage=1,current=1[A]", "bad_columns"),
        ("voltage=1,signal=1-2", "bad_columns"),
        ("voltage=1,current=2", "no_shunt"),
        ("voltage=3,current=1[A]", "bad_columns"),
        ("voltage=1[s],current=3", "bad_columns"),
    ],
)
def test_columns_that_cannot_be_what_they_are_named(tmp_path, columns, code):
    path = tmp_path / "x"
    path.write_text("U (V),CH2 (V),Probe (A)\n1,2,3\n2,3,4\n")
    with pytest.raises(InputError) as caught:
        read(path, columns=columns)
    assert caught.value.code == code
    if code == "no_shunt":
        assert "shunt=2 --shunt OHM" in caught.value.message
        (trace,) = read(path, columns="voltage=1,current=2[A]")
        assert list(trace.current) == [2, 3]


@pytest.mark.parametrize("unit", ["\N{DEGREE SIGN}C", "degC", "\N{DEGREE CELSIUS}"])
@pytest.mark.parametrize("name", ["T", "Temperature", "Stage"])
def test_degrees_celsius_are_kelvin(tmp_path, name, unit):
    path = tmp_path / "x"
    path.write_text(f"V (V),I (A),{name} ({unit})\n0.1,1,25\n0.2,2,25.1\n", encoding="utf-8")
    (trace,) = read(path)
    assert trace.temperature == pytest.approx(298.2)
    assert "298.20 K" in said(trace)
    (trace,) = read(path, columns="voltage=1,current=2,temperature=3")
    assert trace.temperature == pytest.approx(298.2)


def test_a_column_of_dates_is_left_out_beside_a_sweep(tmp_path):
    path = tmp_path / "x"
    path.write_text("Time,V (V),I (A)\n2020-03-12 10:15:00,1,2\n2020-03-12 10:15:01,2,3\n")
    (trace,) = read(path)
    assert trace.time is None
    assert "'Time' holds dates" in said(trace)


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("abs(I)", "abs_current"),
        ("Abs. current (A)", "abs_current"),
        ("absI1", "abs_current"),
        ("|I| (A)", "abs_current"),
        ("Absolute time (s)", "time"),
        ("Current Std (A)", None),
        ("Current limit", None),
        ("Compliance current (mA)", None),
        ("keithley_curr", "current"),
        ("keithley_volt", "voltage"),
        ("Measured I", "current"),
        ("Source V", "voltage"),
        ("V_S", "voltage"),
        ("I_s", "current"),
        ("I_mA", "current"),
        ("V_sd", "voltage"),
        ("I_sd (nA)", "current"),
        ("Standard current (A)", "current"),
    ],
)
def test_headings(text, quantity):
    assert parse_heading(text).quantity == quantity


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("Time (s) Drain voltage (mV) I (uA)", ("Time (s)", "Drain voltage (mV)", "I (uA)")),
        ("# t / s U / V I / mA", ("t / s", "U / V", "I / mA")),
    ],
)
def test_a_heading_with_units_split_by_single_blanks(tmp_path, line, cells):
    path = tmp_path / "x"
    path.write_text(f"{line}\n0\t1\t2\n1\t2\t3\n")
    assert tuple(read(path).traces[0].meta["columns"].values()) == cells


def test_signals_side_by_side(tmp_path):
    path = tmp_path / "x"
    path.write_text("1,4\n2,5\n3,6\n")
    data = read(path, columns="signal=1-2")
    assert [list(t.current) for t in data] == [[1, 2, 3], [4, 5, 6]]


# ---------------------------------------------------------------- oscilloscopes


SCOPES = [n for n, options in SWEEPS.items() if options is SCOPE]


@pytest.mark.parametrize("name", SCOPES)
def test_two_channels_have_to_be_assigned(name):
    with pytest.raises(DataFileError, match=r"applied=2,shunt=3 --shunt OHM") as caught:
        read(FORMATS / name)
    assert caught.value.code == "ambiguous_columns"
    with pytest.raises(InputError) as missing:
        read(FORMATS / name, columns=SCOPE["columns"])
    assert missing.value.code == "no_shunt"
    with pytest.raises(InputError) as unnamed:
        read(FORMATS / name, columns="time=1,voltage=2,current=3", shunt=SHUNT)
    assert unnamed.value.code == "no_shunt"


def test_logic_channels_of_a_rigol_are_left_out(tmp_path):
    path = tmp_path / "x"
    path.write_text(
        "X,CH1,CH2,D7-D0,Start,Increment,\nSequence,Volt,Volt,,-1.0e-03,1.0e-03\n"
        "0,0.1,0.01,0x00,\n1,0.2,0.02,0xff,\n"
    )
    (trace,) = read(path, columns="time=1,applied=CH1,shunt=CH2", shunt=10.0)
    np.testing.assert_allclose(trace.voltage, [0.09, 0.18])
    np.testing.assert_allclose(trace.time, [-1e-3, 0])


def test_an_older_rigol_is_told_of_the_shunt(tmp_path):
    path = tmp_path / "x"
    path.write_text("Time,X(CH1),X(CH2)\nSecond,Volt,Volt\n0,0.1,0.01\n1,0.2,0.02\n")
    with pytest.raises(DataFileError, match=r"applied=2,shunt=3 --shunt OHM"):
        read(path)
    (trace,) = read(path, columns="time=1,applied=2,shunt=3", shunt=10.0)
    np.testing.assert_allclose(trace.current, [1e-3, 2e-3])


@pytest.mark.parametrize("name", SCOPES)
def test_the_times_of_oscilloscopes(name):
    np.testing.assert_allclose(first(name).time, -0.009 + 1e-3 * np.arange(V.size), atol=1e-9)


def test_a_channel_across_the_device_alone():
    trace = read(
        FORMATS / "scope_keysight/two_channels.csv", columns="time=1,voltage=2,shunt=3", shunt=SHUNT
    ).traces[0]
    np.testing.assert_allclose(trace.voltage, V + SHUNT * I, atol=1e-8)
    assert "shunt of 10000 ohm" in said(trace)


def test_one_channel_is_a_current_in_time_if_it_is_across_a_shunt():
    path = FORMATS / "scope_tektronix/tds.csv"
    with pytest.raises(DataFileError, match="time=1,shunt=2") as caught:
        read(path)
    assert caught.value.code == "no_current"
    (trace,) = read(path, columns="time=1,shunt=2", shunt=SHUNT)
    np.testing.assert_allclose(trace.current, I, atol=1e-11)
    np.testing.assert_allclose(trace.time, -0.009 + 1e-3 * np.arange(V.size), atol=1e-9)


@pytest.mark.parametrize(
    ("name", "value"), [("shunt", -1.0), ("shunt", float("nan")), ("interval", 0.0)]
)
def test_shunt_and_interval_are_positive(name, value):
    with pytest.raises(InputError) as caught:
        Reading(**{name: value})
    assert caught.value.code == f"bad_{name}"


# ---------------------------------------------------------------- workbooks


@pytest.mark.parametrize("write", [xls, xlsx])
def test_a_4200_workbook(tmp_path, write):
    path = write(tmp_path / "x", {"Data": run(tail=2), "Calc": [], "Settings": KTEI})
    (trace,) = read(path)
    np.testing.assert_allclose(trace.voltage, V)
    np.testing.assert_allclose(trace.current, I)
    np.testing.assert_allclose(trace.time, T)
    assert trace.meta["compliance"] == 5e-4
    assert trace.meta["voltage_is"] == "requested"
    assert "2 rows of #REF" in said(trace)


def test_runs_come_in_the_order_measured_with_their_own_settings(tmp_path):
    path = xlsx(
        tmp_path / "x",
        {
            "Run3": run(3),
            "Calc": [],
            "Settings": clarius(1e-4, 2e-4, 3e-4),
            "Run2": run(2),
            "Run1": run(1),
        },
    )
    data = read(path)
    assert [t.meta["sheet"] for t in data] == ["Run1", "Run2", "Run3"]
    for k, trace in enumerate(data, start=1):
        np.testing.assert_allclose(trace.current, k * I)
        assert trace.meta["compliance"] == pytest.approx(k * 1e-4)
        assert trace.meta["voltage_is"] == "measured"
    assert "order measured" in said(data.traces[0])
    (one,) = read(path, sheet="run2")
    np.testing.assert_allclose(one.current, 2 * I)
    (same,) = read(DataFile(path, Reading(sheet="Run2")))
    np.testing.assert_array_equal(one.current, same.current)


def test_numbers_of_single_precision_are_the_decimals_they_stand_for(tmp_path):
    (trace,) = read(xlsx(tmp_path / "x", {"Data": run(single=True), "Settings": KTEI}))
    assert trace.voltage is not None
    assert trace.voltage.tolist() == [round(v + 0.01, 9) for v in V.tolist()]
    assert "single precision" in said(trace)


def test_renamed_runs_stand_newest_first_with_their_own_settings(tmp_path):
    sheets = {
        "last": run(3),
        "Calc": [],
        "Settings": clarius(1e-4, 2e-4, 3e-4),
        "Run2": run(2),
        "set 9": run(1),  # its number is not the instrument's
    }
    data = read(xlsx(tmp_path / "x", sheets))
    assert [t.meta["sheet"] for t in data] == ["set 9", "Run2", "last"]
    assert [t.meta["compliance"] for t in data] == pytest.approx([1e-4, 2e-4, 3e-4])
    assert "sheets were renamed: the runs were put into the order measured" in said(data.traces[0])
    assert "those of last, set 9, in the order they stand" in said(data.traces[0])
    (one,) = read(tmp_path / "x", sheet="last")
    assert one.meta["compliance"] == pytest.approx(3e-4)
    plain = read(xlsx(tmp_path / "y", {"first": run(1), "second": run(2)}))
    assert [t.meta["sheet"] for t in plain] == ["first", "second"]


def test_settings_that_cannot_be_told_apart_are_left_out(tmp_path):
    sheets = {"last": run(3), "Settings": clarius(1e-4, 2e-4, 3e-4), "old": run(1)}
    assert all("compliance" not in trace.meta for trace in read(xlsx(tmp_path / "x", sheets)))


def test_a_run_without_a_point_is_left_out(tmp_path):
    sheets = {"Run2": run()[:1], "Calc": [], "Settings": clarius(1e-4, 2e-4), "Run1": run()}
    (trace,) = read(xlsx(tmp_path / "x", sheets))
    assert trace.meta["sheet"] == "Run1"
    assert trace.meta["compliance"] == pytest.approx(1e-4)
    assert "runs without a point left out: Run2" in said(trace)


def test_steppers_side_by_side(tmp_path):
    data = read(xls(tmp_path / "x", {"renamed by hand": steps(), "Calc": []}))
    assert data.varied["GateV"] == (0.5, 1.5)
    np.testing.assert_allclose(data.traces[0].current, I)
    np.testing.assert_allclose(data.traces[1].current, 2 * I)


def test_a_sheet_of_results_per_cycle_is_no_sweep(tmp_path):
    both = xlsx(tmp_path / "a", {"project": cycles(), "Calc": [], "Settings": KTEI, "Run1": run()})
    (trace,) = read(both)
    assert "left out: project" in said(trace)
    (series,) = read(both, sheet="project", columns="signal=2[A]", skip=1)
    np.testing.assert_allclose(series.current, 1e-4 * np.arange(1, 6))
    alone = xlsx(tmp_path / "b", {"project": cycles(), "Calc": []})
    with pytest.raises(DataFileError, match="--sheet NAME --columns signal=2"):
        read(alone)


def test_a_workbook_that_no_instrument_wrote(tmp_path):
    rows = [["Voltage (V)", "Current (uA)"], *zip(V.tolist(), (1e6 * I).tolist())]
    path = xlsx(tmp_path / "x", {"notes": [["dark"]], "first": rows, "second": rows})
    data = read(path)
    assert [t.meta["sheet"] for t in data] == ["first", "second"]
    np.testing.assert_allclose(data.traces[0].current, I)
    assert "left out: notes" in said(data.traces[0])
    with pytest.raises(InputError, match="--sheet") as caught:
        read(path, columns=BARE)
    assert caught.value.code == "ambiguous_sheet"
    with pytest.raises(InputError, match="'notes', 'first', 'second'") as caught:
        read(path, sheet="third")
    assert caught.value.code == "no_sheet"


def test_the_text_of_a_workbook_for_tables_that_are_no_sweep(tmp_path):
    path = xlsx(tmp_path / "x", {"a": [["x", "y"], [1, 2], [3, 4]], "b": [[5]], "empty": []})
    assert text_of(DataFile(path, Reading(sheet="a"))).lines == ("x\ty", "1.0\t2.0", "3.0\t4.0")
    with pytest.raises(InputError, match="'a', 'b'") as caught:
        text_of(path)
    assert caught.value.code == "ambiguous_sheet"
    assert text_of(FORMATS / "list_style/list.csv", skip=2).lines[0].startswith("0.25,")


def test_a_text_has_no_sheets():
    with pytest.raises(InputError) as caught:
        read(FORMATS / "list_style/list.csv", sheet="Run1")
    assert caught.value.code == "no_sheet"


def test_a_reference_error_within_the_data_is_named_with_its_sheet(tmp_path):
    rows = run()
    rows[5][1] = "#REF"
    with pytest.raises(DataFileError, match=r"sheet 'Data'.*current is not a finite") as caught:
        read(xlsx(tmp_path / "x", {"Data": rows, "Settings": KTEI}))
    assert caught.value.code == "not_finite"
    assert "line 6" in caught.value.message or "row 6" in caught.value.message


NEAR: dict[str, str] = {
    "different words": "run1,step2,cell3\n1,2,3\n4,5,6\n",
    "numbers that do not run on": "run1,run2,run7\n1,2,3\n4,5,6\n",
    "voltages": "V1,V2,V3\n1,2,3\n4,5,6\n",
    "addresses that do not run on": "".join(
        f"{k},{','.join(f'{j + 0.5}' for j in range(1, 25))}\n" for k in (1, 2, 7)
    ),
    "a table of five columns": "".join(f"+{k}.0,+1.0,+2.0,+3.0,+4.0\n" for k in range(9)),
    "a row of few numbers": "1.0e+00, 2.0e+00, 3.0e+00\n",
    "an index": "Index,Voltage (V),Current (A)\n1,0,1\n2,1,2\n",
    "comments": "# a\tb\n# c\td\n# e\tf\n1\t2\n",
    "SetupTitle only": "SetupTitle, x\nV,I\n1,2\n",
}


@pytest.mark.parametrize("name", NEAR)
def test_what_only_resembles_a_format_is_left_to_the_generic_reader(tmp_path, name):
    path = tmp_path / "x"
    path.write_text(NEAR[name])
    assert owner(path) == []


def test_a_channel_of_an_smu_without_a_current_is_left_out(tmp_path):
    path = tmp_path / "x"
    path.write_text("Item,Smu1.V[1][1],Smu2.V[2][1],Smu2.I[2][1],\n1,0,0,1e-9,\n2,1,2,3e-9,\n")
    (trace,) = read(path)
    assert list(trace.current) == [1e-9, 3e-9]


@pytest.mark.parametrize("name", [n for n in SWEEPS if not n.startswith("tsp_buffer")])
def test_a_text_within_the_data_is_named_with_its_line(tmp_path, name):
    raw = (FORMATS / name).read_bytes()
    encoding = "utf-16" if name.endswith("utf16.csv") else "latin-1"
    text = raw.decode(encoding).replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    rows = text.rstrip("\n").split("\n")
    place = len(rows) - 14 if name == "arc_one/session.csv" else len(rows) - 6
    rows[place] = "oops"
    path = tmp_path / "x"
    path.write_bytes("\n".join(rows).encode(encoding))
    with pytest.raises(DataFileError, match=rf"line {place + 1}\b") as caught:
        read(path, **SWEEPS[name])
    assert caught.value.code == "non_numeric"


# ---------------------------------------------------------------- shared measurements


@pytest.mark.needs_shared_data
def test_no_shared_file_is_claimed_twice(shared_data):
    for path in shared_data.rglob("*"):
        if path.is_file() and path.parent.name != "mnist":
            assert len(owner(path)) <= 1, path


@pytest.mark.needs_shared_data
@pytest.mark.parametrize(
    ("name", "options", "count", "length"),
    [
        ("reram_pulse_gong2018/gong_et_al.csv", {"columns": "signal=1-2"}, 2, 1000),
        ("crosssim_taox_pulses/set.csv", {}, 39, 190),
        ("crosssim_taox_pulses/reset.csv", {}, 40, 151),
        ("rram_radar/cycling-5-1-20.csv", {}, 100, 600),
        ("rram_radar/relaxation-prebake.csv", {"columns": "signal=1[ohm]"}, 1, 1024),
        ("rram_radar/relaxation-postbake.csv", {"columns": "signal=1[ohm]"}, 1, 1024),
        ("rram_radar/form-4-24-20.csv", {"columns": "signal=3[V]"}, 1, 256),
        ("rram_radar/ber-time-temp.csv", {"columns": "time=3,signal=BER"}, 1, 35),
        ("sdc_hajto2025/retention1_long_meas_1.csv", SCOPE, 1, 16000),
        ("sdc_hajto2025/tri_400m_1khz_old2_1.csv", SCOPE, 1, 16000),
    ],
)
def test_shared_pulses_cells_and_oscilloscopes_are_read(shared_data, name, options, count, length):
    data = read(shared_data / name, **options)
    assert len(data) == count
    assert len(data.traces[0]) == length


@pytest.mark.needs_shared_data
def test_the_voltage_of_a_device_with_a_shunt_is_what_remains(shared_data):
    path = shared_data / "sdc_hajto2025" / "tri_400m_1khz_old2_1.csv"
    (trace,) = read(path, **SCOPE)
    raw = np.loadtxt(path, delimiter=",", skiprows=2)
    np.testing.assert_allclose(trace.voltage, raw[:, 1] - raw[:, 2], atol=1e-12)
    np.testing.assert_allclose(trace.current, raw[:, 2] / SHUNT, atol=1e-15)


@pytest.mark.needs_shared_data
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("optdigits/optdigits.tra", "not_measurement"),
        ("optdigits/optdigits.tes", "not_measurement"),
        ("mnist/t10k-images-idx3-ubyte.gz", "not_measurement"),
        ("mnist/t10k-labels-idx1-ubyte.gz", "not_measurement"),
        ("README.md", "not_data"),
        ("nbsto_schottky/yakopcic_fit_10um_m2V_4.txt", "not_data"),
        ("sdc_hajto2025/tri_400m_1khz_old2_1.csv", "ambiguous_columns"),
        ("reram_pulse_gong2018/gong_et_al.csv", "ambiguous_columns"),
    ],
)
def test_shared_files_that_are_no_measurement_or_need_a_word(shared_data, name, code):
    with pytest.raises(DataFileError) as caught:
        read(shared_data / name)
    assert caught.value.code == code
