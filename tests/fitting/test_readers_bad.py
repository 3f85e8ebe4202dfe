"""Files that are no measurement, damaged or huge: one coded sentence each, never a crash."""

from __future__ import annotations

import gzip
import random
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compactmodels.errors import DataFileError, InputError
from fitting.readers import formats, read, source
from fitting.readers.workbook_process import document_of
from tests.fitting.samples import FORMATS, KTEI, arc_two, run, xls, xlsx

TEXTS = sorted(p for p in FORMATS.rglob("*") if p.is_file())
SWEEP = "Voltage (V),Current (A)\n0.1,1e-6\n0.2,2e-6\n0.3,3e-6\n"


def refusal(path: Path, **options: object) -> InputError:
    with pytest.raises(InputError) as caught:
        read(path, **options)
    assert "\n" not in caught.value.message
    assert str(path) in caught.value.message
    return caught.value


def put(folder: Path, raw: bytes) -> Path:
    path = folder / "x"
    path.write_bytes(raw)
    return path


BAD: dict[str, tuple[bytes, str]] = {
    "a PDF": (b"%PDF-1.4 and more", "binary_file"),
    "a picture": (b"\x89PNG\r\n\x1a\n....", "binary_file"),
    "an archive": (b"BZh91AY&SY", "binary_file"),
    "a MATLAB file": (b"MATLAB 5.0 MAT-file, Platform", "binary_file"),
    "a NUL in the middle": (SWEEP.encode() + b"0.4,\x00\n", "binary_file"),
    "half of UTF-16": (SWEEP.encode("utf-16")[:-1], "binary_file"),
    "UTF-16 without its mark": (SWEEP.encode("utf-16-le"), "binary_file"),
    "half a workbook": (b"PK\x03\x04" + b"\x00" * 50, "binary_file"),
    "an old half workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "binary_file"),
    "half an HDF5 file": (b"\x89HDF\r\n\x1a\n" + b"\x00" * 50, "binary_file"),
    "half a gzip file": (gzip.compress(SWEEP.encode())[:-9], "binary_file"),
    "gzip and more": (gzip.compress(SWEEP.encode()) + b"more", "binary_file"),
    "gzipped nothing": (gzip.compress(b""), "empty_file"),
    "pictures": (gzip.compress(b"\x00\x00\x08\x03" + b"\x00" * 40), "not_measurement"),
    "labels": (b"\x00\x00\x08\x01" + b"\x00" * 40, "not_measurement"),
    "pixels": (
        b"".join(b",".join([b"%d" % (k % 17)] * 65) + b"\n" for k in range(9)),
        "not_measurement",
    ),
    "a stimulus": (b"time (s),V (V)\n0,0\n1,1\n2,0\n", "no_current"),
    "a list of parameters": (b"a: 1.0\nb: 2.0\n", "not_data"),
    "prose": (b"On 3 May we measured,\nand it rained.\n", "not_data"),
    "a cut heading": (b"SetupTitle, x\nPrimitiveTest, y\nDataName, V1, I1\n", "not_data"),
    "a cut LVM": (b"LabVIEW Measurement\nSeparator\tTab\n", "not_data"),
    "an empty buffer": (b"Index,Reading,Unit,Value,Unit\n", "not_data"),
    "a cut KickStart file": (b'"Index","SMU-1 Voltage (V)","SMU-1 Current (A)"\n', "not_data"),
    "an SMU without a current": (b"Item,Smu1.V[1][1],\n1,0.1,\n2,0.2,\n", "no_columns"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_one_sentence(tmp_path, name):
    raw, code = BAD[name]
    assert refusal(put(tmp_path, raw)).code == code


GOOD = {
    "mixed line ends": SWEEP.replace("\n", "\r\n", 1).replace("\n", "\r", 1).encode(),
    "CR CR LF": SWEEP.replace("\n", "\r\r\n").encode(),
    "CR": SWEEP.replace("\n", "\r").encode(),
    "UTF-8 with its mark": SWEEP.encode("utf-8-sig"),
    "UTF-16": SWEEP.encode("utf-16"),
    "big-endian UTF-16": b"\xfe\xff" + SWEEP.encode("utf-16-be"),
    "latin-1": ("# 25 \N{DEGREE SIGN}C\n" + SWEEP).encode("latin-1"),
    "control-Z at the end": SWEEP.encode() + b"\x1a",
    "gzip": gzip.compress(SWEEP.encode()),
    "gzip of two members": b"".join(gzip.compress(s.encode()) for s in (SWEEP[:40], SWEEP[40:])),
    "not measured": (SWEEP + "0.4,9.91e37\n0.5,+1.2E+99\n").encode(),
}


@pytest.mark.parametrize("name", GOOD)
def test_odd_files_that_hold_the_sweep_all_the_same(tmp_path, name):
    (trace,) = read(put(tmp_path, GOOD[name]))
    np.testing.assert_array_equal(trace.current, [1e-6, 2e-6, 3e-6])


def test_an_endless_heading_is_not_repeated(tmp_path):
    error = refusal(put(tmp_path, b"W" * 100_000 + b",X\n1,2\n2,3\n"))
    assert len(error.message) < 3000


def test_an_unknown_format_shows_its_lines_what_was_tried_and_the_way_out(tmp_path):
    error = refusal(put(tmp_path, b"Probe;Reading;Dose\n1;2;3\n4;5;6\n"))
    assert "Probe;Reading;Dose | 1;2;3 | 4;5;6" in error.message
    assert "--columns voltage=2,current=5 --skip 3" in error.message
    for module in formats():
        if not hasattr(module, "GENERIC"):
            assert f"{module.NAME} ({module.LACKS})" in error.message


def test_a_workbook_locked_with_a_password(tmp_path):
    path = xls(tmp_path / "x", {"Data": run()})
    raw = bytearray(path.read_bytes())
    name = "EncryptedPackage".encode("utf-16-le")  # what Excel calls a locked workbook's stream
    place = raw.find("Workbook".encode("utf-16-le"))
    raw[place : place + len(name)] = name
    raw[place + 64] = len(name) + 2
    path.write_bytes(raw)
    assert refusal(path).code == "locked"


def test_a_workbook_on_which_the_library_panics(tmp_path, capfd):
    raw = xls(tmp_path / "x", {"Data": run(), "Settings": KTEI}).read_bytes()
    codes = {refusal(put(tmp_path, raw[:size])).code for size in (1500, 3100, len(raw) - 100)}
    assert codes == {"binary_file"}
    assert capfd.readouterr().err == ""


def test_a_damaged_hdf5_file(tmp_path):
    assert refusal(arc_two(tmp_path / "x", damaged=True)).code == "binary_file"


def test_an_hdf5_file_of_another_layout(tmp_path):
    import h5py

    with h5py.File(tmp_path / "x", "w") as file:
        file["data"] = np.zeros(3)
    assert "without /crosspoints" in refusal(tmp_path / "x").message


def test_texts_in_cells_break_no_row(tmp_path):
    rows = [["V (V)", "I (A)"], ["two\nlines\tand a tab", None], [0.1, 1.0], [0.2, 2.0]]
    path = xlsx(tmp_path / "x", {"a": rows})
    (name, lines) = document_of(path.read_bytes())["sheets"][0]
    assert name == "a"
    assert lines[1] == "two lines and a tab"
    (trace,) = read(path, skip=2, columns="voltage=1,current=2")
    assert list(trace.current) == [1.0, 2.0]


def test_a_million_lines_take_seconds_and_little_memory(tmp_path):
    count = 200_000  # the figure for a million is in docs/formats.md
    lines = [f"{1e-3 * k:.4f},{1e-6 * k:.6e},{1e-9 * k:.6e}\n" for k in range(count)]
    path = tmp_path / "x"
    path.write_text("Time (s),Voltage (V),Current (A)\n" + "".join(lines))
    begun = time.process_time()
    (trace,) = read(path)
    assert len(trace) == count
    assert time.process_time() - begun < 5


def test_a_gzip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("fitting.readers.source.LARGEST", 1_000_000)
    assert refusal(put(tmp_path, gzip.compress(b"0" * 5_000_000))).code == "too_large"
    assert refusal(put(tmp_path, b"0" * 1_000_001)).code == "too_large"


OPTIONS: list[dict] = [
    {},
    {"columns": "voltage=1,current=2"},
    {"columns": "time=1,applied=2,shunt=3", "shunt": 1e3},
    {"columns": "signal=1-3", "interval": 1.0},
    {"skip": 3},
]


def outcome(path: Path, options: dict) -> str:
    """'read', or the code of a refusal; any other exception goes through."""
    try:
        data = read(path, **options)
    except InputError as error:
        return error.code if "\n" not in error.message else "more than a sentence"
    assert all(np.all(np.isfinite(trace.current)) for trace in data)
    return "read"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    sample=st.sampled_from(TEXTS),
    options=st.sampled_from(OPTIONS),
    start=st.floats(0, 1),
    length=st.sampled_from([0, 1, 5, 80, 10_000]),
    put_in=st.sampled_from(
        [b"", b"\n", b",", b"\t", b'"', b"nan", b"#REF", b"-", b"9.9e37", b"1e999", b"\xff"]
    ),
)
def test_damaged_samples_are_read_or_refused(tmp_path, sample, options, start, length, put_in):
    raw = sample.read_bytes()
    cut = int(start * len(raw))
    path = put(tmp_path, raw[:cut] + put_in + raw[cut + length :])
    assert outcome(path, options) not in ("bad_input", "bad_data_file", "more than a sentence")


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_shuffled_lines_are_read_or_refused(tmp_path, path):
    lines = path.read_bytes().splitlines(keepends=True)
    random.Random(len(lines)).shuffle(lines)
    for options in OPTIONS:
        assert outcome(put(tmp_path, b"".join(lines)), options) not in (
            "bad_input",
            "bad_data_file",
        )


@pytest.mark.parametrize("tail", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("write", [xls, xlsx])
def test_truncated_workbooks_are_refused(tmp_path, write, tail):
    raw = write(tmp_path / "w", {"Data": run(), "Settings": KTEI}).read_bytes()
    with pytest.raises(DataFileError) as caught:
        read(put(tmp_path, raw[: int(tail * len(raw))]))
    assert caught.value.code == "binary_file"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_what_has_no_end_is_not_read_to_it(monkeypatch) -> None:
    monkeypatch.setattr(source, "LARGEST", 10_000)
    with pytest.raises(DataFileError, match="thin it, or split it"):
        source.load("/dev/zero")
