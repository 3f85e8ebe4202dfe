"""Readers: our own small files in the layouts people have, and the shared measurements."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactmodels.data import Trace
from compactmodels.errors import DataFileError, InputError
from fitting.branches import split
from fitting.readers import read
from fitting.readers.checks import check_swept
from fitting.readers.headers import parse_heading

V = [0.0, 0.1, 0.2, 0.3]
I_UA = [0.0, 1.5, 3.25, 6.0]


def rows(pattern: str, comma: bool = False, sep: str = "\n") -> str:
    lines = [pattern.format(v=v, i=i) for v, i in zip(V, I_UA)]
    return sep.join(line.replace(".", ",") if comma else line for line in lines) + sep


LAYOUTS = {
    "comma": "Voltage (V),Current (uA)\n" + rows("{v},{i}"),
    "tab": "Voltage (V)\tCurrent (uA)\n" + rows("{v}\t{i}"),
    "semicolon and decimal comma": "U / V;I / uA\n" + rows("{v};{i}", comma=True),
    "tab and decimal comma": "Spannung [V]\tStrom [uA]\n" + rows("{v}\t{i}", comma=True),
    "blanks": "V[V]   I[uA]\n" + rows("{v}   {i}"),
    "blanks and decimal comma": "V[V]   I[uA]\n" + rows("  {v}   {i}", comma=True),
    "comment preamble": "# sample 3, sweep 2\n# Voltage (V), Current (uA)\n" + rows("{v},{i}"),
    "preamble": "Tester: A. Person\nDate: 2020-03-12, 10:15\nLimit, 5\n\nV (V),I (uA)\n"
    + rows("{v},{i}"),
    "units row": "V,I\n(V),(uA)\n" + rows("{v},{i}"),
    "quotes": '"Index","SMU-1 Voltage (V)","SMU-1 Current (uA)"\n' + rows('"1","{v}","{i}"'),
    "carriage returns": "V (V),I (uA)\r" + rows("{v},{i}", sep="\r"),
    "CR CR LF": "V (V),I (uA)\r\r\n" + rows("{v},{i}", sep="\r\r\n"),
    "trailing delimiter": "V (V),I (uA),\n" + rows("{v},{i},"),
    "current first": "I (uA),V (V)\n" + rows("{i},{v}"),
    "terminals": "AV [V];AI [uA]\n" + rows("{v};{i}"),
    "underscore": "V_V,I_uA\n" + rows("{v},{i}"),
    "blank lines": "V (V),I (uA)\n\n" + rows("{v},{i}", sep="\n\n"),
    "footer comment": "V (V),I (uA)\n" + rows("{v},{i}") + "# done\n",
    "millivolt": "Voltage (mV),Current (uA)\n"
    + "".join(f"{1e3 * v},{i}\n" for v, i in zip(V, I_UA)),
    "micro sign": "Voltage (V),Current (\N{MICRO SIGN}A)\n" + rows("{v},{i}"),
    "absolute value beside": "V (V),I (uA),absI (uA)\n" + rows("{v},{i},{i}"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sweep_in_every_layout_is_the_same_in_si(tmp_path, layout):
    path = tmp_path / "sweep"
    path.write_bytes(LAYOUTS[layout].encode("utf-8"))
    (trace,) = read(path)
    np.testing.assert_allclose(trace.voltage, V, rtol=1e-15)
    np.testing.assert_allclose(trace.current, np.multiply(I_UA, 1e-6), rtol=1e-15)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings(tmp_path, encoding):
    path = tmp_path / "sweep.csv"
    path.write_bytes(LAYOUTS["micro sign"].encode(encoding))
    assert read(path).traces[0].current[1] == pytest.approx(1.5e-6)


def test_keysight_smu_csv(tmp_path):
    path = tmp_path / "any.name"
    head = "Item,Smu1.Time[1][1],Smu1.V[1][1],Smu1.I[1][1],Smu1.R[1][1],\n"
    path.write_text(head + "1,0,1.2E-06,-6.5E-10,-1854.1,\n2,0.083,0.0099,1.1E-07,90313.7,\n")
    (trace,) = read(path)
    np.testing.assert_allclose(trace.time, [0, 0.083])
    np.testing.assert_allclose(trace.voltage, [1.2e-6, 0.0099])
    np.testing.assert_allclose(trace.current, [-6.5e-10, 1.1e-7])
    assert trace.meta["format"] == "Keysight SMU CSV"


def test_keysight_smu_csv_with_two_channels_is_two_traces(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text(
        "Item,Smu1.V[1][1],Smu1.I[1][1],Smu2.V[2][1],Smu2.I[2][1],\n1,0,1e-9,0,2e-9,\n2,1,3e-9,2,4e-9,\n"
    )
    data = read(path)
    assert [list(t.current) for t in data] == [[1e-9, 3e-9], [2e-9, 4e-9]]
    assert data.varied == {"sweep": (1, 2)}


def test_list_style_and_its_absolute_column(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("V1,I1,absI\n1,2e-3,2e-3\n0.5,1e-3,1e-3\n-0.5,-1e-6,1e-6\n")
    (trace,) = read(path)
    assert list(trace.current) == [2e-3, 1e-3, -1e-6]
    assert trace.time is None
    assert any("absI" in sentence for sentence in trace.meta["assumed"])
    assert any("V is taken" in sentence for sentence in trace.meta["assumed"])


@pytest.mark.parametrize("head", ["Time\tVoltage Current", "Time \tVoltage \tCurrent"])
def test_time_voltage_current_table(tmp_path, head):
    path = tmp_path / "old"
    path.write_text(head + "\r\n302.479\t1\t0.0095\r\n302.791\t0.98\t-8.9E-6\r\n")
    (trace,) = read(path)
    assert list(trace.time) == [302.479, 302.791]
    assert list(trace.current) == [0.0095, -8.9e-6]


@pytest.mark.parametrize(
    ("head", "unit", "factor"),
    [
        ("time (s),current (A)", "A", 1.0),
        ("t (s),G (uS)", "S", 1e-6),
        ("Time [s],EPSC [nA]", "A", 1e-9),
        ("t,y", "1", 1.0),
    ],
)
def test_a_decay_has_a_time_and_a_signal(tmp_path, head, unit, factor):
    path = tmp_path / "decay.csv"
    path.write_text(head + "\n0.1,5\n0.2,4\n0.4,3\n")
    (trace,) = read(path)
    assert trace.voltage is None
    np.testing.assert_allclose(trace.current, np.multiply([5, 4, 3], factor))
    assert trace.meta["signal_unit"] == unit


def test_time_in_milliseconds(tmp_path):
    path = tmp_path / "decay.csv"
    path.write_text("t (ms),I (A)\n100,5\n200,4\n")
    np.testing.assert_allclose(read(path).traces[0].time, [0.1, 0.2])


def test_several_sweeps_in_one_file(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("V (V),I (A)\n0,1\n1,2\nV (V),I (A)\n0,3\n1,4\n2,5\n")
    assert [len(t) for t in read(path)] == [2, 3]


def test_absolute_currents_get_the_voltages_sign_back(tmp_path):
    path = tmp_path / "abs.csv"
    path.write_text("V (V),|I| (A)\n-1,2\n-0.5,1\n0.5,1\n1,2\n")
    (trace,) = read(path)
    assert list(trace.current) == [-2, -1, 1, 2]
    assert any("absolute" in sentence for sentence in trace.meta["assumed"])


@pytest.mark.parametrize(
    "columns",
    ["voltage=1,current=2[uA]", {"voltage": 1, "current": "2[uA]"}],
)
def test_a_headerless_file_needs_its_columns_named(tmp_path, columns):
    path = tmp_path / "bare.txt"
    path.write_text(rows("{v} {i}"))
    with pytest.raises(DataFileError, match="--columns voltage=1,current=2") as caught:
        read(path)
    assert caught.value.code == "ambiguous_columns"
    (trace,) = read(path, columns=columns)
    np.testing.assert_allclose(trace.current, np.multiply(I_UA, 1e-6))


def test_a_headerless_decay(tmp_path):
    path = tmp_path / "bare.txt"
    path.write_text("0.1 5\n0.2 4\n")
    (trace,) = read(path, columns="time=1,signal=2")
    assert trace.voltage is None
    assert list(trace.time) == [0.1, 0.2]


def test_skip_leaves_lines_out_and_keeps_their_numbers(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("1,2\n3,4\nV (V),I (A)\n0,1\n1,oops\n")
    with pytest.raises(DataFileError, match="line 5"):
        read(path, skip=2)


REFUSED = {
    "empty_file": b"",
    "empty_file 2": b" \n\n",
    "not_data": b"It was a dark and stormy night,\nthe rain fell in torrents.\n",
    "not_data 2": b"V (V),I (A)\n",
    "no_columns": b"V (V),R (ohm)\n0,1\n1,2\n",
    "no_columns 2": b"I (A),R (ohm)\n0,1\n1,2\n",
    "no_current": b"time (s),V (V)\n0,1\n1,2\n",
    "ambiguous_columns": b"V1 (V),V2 (V),I (A)\n0,0,1\n1,2,3\n",
    "non_numeric": b"V (V),I (A)\n0,1\n1,abc\n2,3\n",
    "non_numeric 2": b"V (V),I (A)\n0,1\n1\n2,3\n",
    "non_numeric 3": b"V (V),I (A)\n0,abc\n1,2\n2,3\n",
    "not_finite": b"V (V),I (A)\n0,1\n1,nan\n2,3\n",
    "not_finite 2": b"V (V),I (A)\n0,1\ninf,2\n2,3\n",
    "not_finite 3": b"AV,AI\n0,1\n1,#REF\n2,3\n",
    "single_point": b"V (V),I (A)\n0.1,1e-6\n",
    "constant_voltage": b"V (V),I (A)\n1,1\n1,2\n1,3\n",
    "zero_current": b"V (V),I (A)\n1,0\n2,0\n3,0\n",
    "constant_time": b"t (s),I (A)\n1,1\n1,2\n",
    "binary_file": b"V,I\x00\x01\x02\x03\n",
    "binary_file 2": b"PK\x03\x04 something zipped",
    "binary_file 3": b"\xff\xfeV\xd8\x00",
    "no_current 2": b"".join(b"%d,%d\n" % (k, 3 - abs(k - 3)) for k in range(7)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_are_one_coded_sentence_that_names_the_file(tmp_path, name):
    path = tmp_path / "bad.csv"
    path.write_bytes(REFUSED[name])
    with pytest.raises(DataFileError) as caught:
        check_swept(read(path).traces[0])
    assert caught.value.code == name.split()[0]
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("name", "line"), [("non_numeric", 3), ("non_numeric 3", 2), ("not_finite", 3)]
)
def test_a_bad_cell_is_named_with_its_line(tmp_path, name, line):
    path = tmp_path / "bad.csv"
    path.write_bytes(REFUSED[name])
    with pytest.raises(DataFileError, match=rf"line {line}\b"):
        read(path)


def test_absent_file_and_directory(tmp_path):
    with pytest.raises(DataFileError) as caught:
        read(tmp_path / "absent.csv")
    assert caught.value.code == "no_file"
    with pytest.raises(DataFileError) as caught:
        read(tmp_path)
    assert caught.value.code == "is_directory"


@pytest.mark.parametrize(
    "columns", ["voltage", "volts=1,current=2", "voltage=1", "voltage=1,current=2[x]"]
)
def test_a_malformed_choice_of_columns(tmp_path, columns):
    path = tmp_path / "a.csv"
    path.write_text(LAYOUTS["comma"])
    with pytest.raises(InputError) as caught:
        read(path, columns=columns)
    assert caught.value.code == "bad_columns"


def test_a_column_that_does_not_exist(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(LAYOUTS["comma"])
    with pytest.raises(DataFileError, match="2 columns"):
        read(path, columns="voltage=1,current=7")


def outcome(path) -> str:
    """'read', or the code of a refusal; any other exception goes through."""
    try:
        data = read(path)
    except InputError as error:
        return error.code if "\n" not in error.message else "more than a sentence"
    assert all(np.all(np.isfinite(trace.current)) for trace in data)
    return "read"


@given(st.binary(max_size=300))
def test_random_bytes_are_refused_with_a_code_or_read(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("random") / "x"
    path.write_bytes(raw)
    assert outcome(path) not in ("bad_input", "bad_data_file", "more than a sentence")


@given(st.text(alphabet="VItA0123456789.,;\t\n (u)[]/-e#naif", max_size=200))
def test_random_tables_are_refused_with_a_code_or_read(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("random") / "x"
    path.write_text(text)
    assert outcome(path) not in ("bad_input", "bad_data_file", "more than a sentence")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Voltage (V)", ("voltage", "V", 1.0)),
        ("I[A]", ("current", "A", 1.0)),
        ("AI", ("current", None, 1.0)),
        ("BV", ("voltage", None, 1.0)),
        ("U / mV", ("voltage", "V", 1e-3)),
        ("SMU-1 Current (nA)", ("current", "A", 1e-9)),
        ("T (K)", ("temperature", "K", 1.0)),
        ("T (s)", ("time", "s", 1.0)),
        ("Probe (A)", ("current", "A", 1.0)),
        ("stdev (A)", (None, "A", 1.0)),
        ("absI", ("abs_current", None, 1.0)),
        ("R[1][1]", (None, None, 1.0)),
    ],
)
def test_headings(text, expected):
    heading = parse_heading(text)
    assert (heading.quantity, heading.unit, heading.factor) == expected


# ---------------------------------------------------------------- branches


def swept(*corners: float, step: float = 0.01) -> np.ndarray:
    legs = []
    for a, b in pairwise(corners):
        count = round(abs(b - a) / step)
        legs.append(np.linspace(a, b, count + 1)[bool(legs) :])
    return np.concatenate(legs)


def spans(v: np.ndarray) -> list[tuple[float, float]]:
    return [
        (round(part.meta["span"][0], 9), round(part.meta["span"][1], 9))
        for part in split(Trace(None, v, np.ones_like(v)))
    ]


def test_a_monotone_trace_through_zero_is_one_branch():
    assert spans(swept(-1, 1)) == [(-1, 1)]


def test_a_branch_ends_where_the_sweep_turns():
    assert spans(swept(0, 1, -2, 0)) == [(0, 1), (0.99, -2), (-1.99, 0)]


def test_a_doubled_point_at_the_turn_goes_to_either_side():
    v = np.concatenate([swept(1, -1), swept(-1, 1)])
    assert spans(v) == [(1, -1), (-1, 1)]


@pytest.mark.parametrize("seed", range(20))
def test_jitter_of_half_a_step_is_no_turn(seed):
    v = swept(0, 1, -2, 0)
    jitter = np.random.default_rng(seed).uniform(-0.005, 0.005, v.size)
    assert len(spans(v + jitter)) == 3


def test_branches_are_the_whole_trace():
    v = swept(0, 1, -2, 3, 0)
    parts = split(Trace(None, v, v))
    np.testing.assert_array_equal(np.concatenate([p.voltage for p in parts]), v)


# ---------------------------------------------------------------- shared measurements


@pytest.mark.needs_shared_data
def test_all_41_schottky_sweeps_are_read(shared_data):
    folder = shared_data / "nbsto_schottky"
    files = sorted([*folder.rglob("*.csv"), *folder.rglob("*.dat")])
    sweeps = 0
    for path in files:
        if path.name == "PWL_2V.csv":
            continue
        (trace,) = read(path)
        lines = path.read_text().splitlines()
        assert len(trace) == len(lines) - 1
        assert np.max(np.abs(trace.voltage)) <= 4.001
        assert 1e-6 < np.max(np.abs(trace.current)) < 0.1
        assert 2 <= len(split(trace)) <= 3
        sweeps += 1
    assert sweeps == 41


@pytest.mark.needs_shared_data
def test_a_stimulus_is_no_measurement(shared_data):
    with pytest.raises(DataFileError, match="stimulus") as caught:
        read(next((shared_data / "nbsto_schottky").rglob("PWL_2V.csv")))
    assert caught.value.code == "no_current"
