"""Images: IDX bytes made by hand, good and bad; the bundled digits; UCI's lines."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from compactmodels.errors import DataFileError, InputError
from compactmodels.workflows.recognition.idx import read_idx
from compactmodels.workflows.recognition.images import MNIST, Images, bundled, load


def idx(array, kind=8) -> bytes:
    shape = np.shape(array)
    head = bytes([0, 0, kind, len(shape)]) + b"".join(struct.pack(">I", n) for n in shape)
    return head + np.asarray(array, np.uint8).tobytes()


@pytest.mark.parametrize("packed", [False, True])
def test_idx_as_the_format_is_defined(tmp_path: Path, packed: bool) -> None:
    raw = bytes.fromhex("00000803 00000002 00000002 00000003") + bytes(range(12))
    (tmp_path / "x").write_bytes(gzip.compress(raw) if packed else raw)
    found = read_idx(tmp_path / "x", 3)
    assert found.tolist() == [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]


BAD = {
    "empty": (b"", "nothing"),
    "text": (b"hello, world", "no IDX file"),
    "floats": (idx(np.zeros((1, 2, 2)), 0x0D), "type 0x0d"),
    "labels": (idx([1, 2, 3]), "exchanged"),
    "header": (idx(np.zeros((1, 2, 2)))[:9], "truncated"),
    "short": (idx(np.zeros((3, 2, 2)))[:-1], "27 bytes, where 3 x 2 x 2 needs 28"),
    "long": (idx(np.zeros((1, 2, 2))) + b"x", "longer"),
    "none": (idx(np.zeros((0, 2, 2))), "no images"),
    "gzip": (gzip.compress(idx(np.arange(64).reshape(4, 4, 4)))[:-12], "damaged or truncated"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_idx_file_is_one_sentence(tmp_path: Path, name: str) -> None:
    raw, said = BAD[name]
    if name == "short":
        raw = raw[:27]
    (tmp_path / "x").write_bytes(raw)
    with pytest.raises(DataFileError, match=said) as caught:
        read_idx(tmp_path / "x", 3)
    assert caught.value.code == "bad_idx"
    assert "\n" not in caught.value.message


def mnist(folder: Path, **changes: bytes) -> Path:
    x, y = np.arange(2 * 4, dtype=np.uint8).reshape(2, 2, 2), [3, 9]
    for name in MNIST:
        (folder / name).write_bytes(changes.get(name, idx(x if "images" in name else y)))
    return folder


def test_a_folder_of_idx_files(tmp_path: Path) -> None:
    found = load(str(mnist(tmp_path)))
    assert (found.pixels, found.full) == (4, 255)
    assert found.train_x.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert found.test_y.tolist() == [3, 9]


@pytest.mark.parametrize(
    ("name", "raw", "code"),
    [
        (MNIST[1], idx([1]), "labels_differ"),
        (MNIST[3], idx([1, 10]), "bad_labels"),
        (MNIST[2], idx(np.zeros((2, 3, 3))), "bad_images"),
    ],
)
def test_files_that_do_not_belong_together(
    tmp_path: Path, name: str, raw: bytes, code: str
) -> None:
    with pytest.raises(DataFileError) as caught:
        load(str(mnist(tmp_path, **{name: raw})))
    assert caught.value.code == code


def test_what_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither 'digits' nor a folder"):
        load(str(tmp_path / "nowhere"))
    with pytest.raises(DataFileError, match=r"no 'train-images-idx3-ubyte' \(or .gz\)"):
        load(str(tmp_path))


def test_half_of_uci_is_said(tmp_path: Path) -> None:
    (tmp_path / "optdigits.tra").write_text("")
    with pytest.raises(DataFileError, match=r"no 'optdigits\.tes'"):
        load(str(tmp_path))


def test_uci_lines(tmp_path: Path) -> None:
    line = ",".join(map(str, [*range(16), *[0] * 48, 7]))
    for name in ("optdigits.tra", "optdigits.tes"):
        (tmp_path / name).write_text(f"{line}\n{line}\n")
    found = load(str(tmp_path))
    assert found.train_x.shape == (2, 64)
    assert found.train_x[0, :16].tolist() == list(range(16))
    assert found.test_y.tolist() == [7, 7]
    for text, said in (
        (line[:-2], "line 1 has 64 numbers"),
        (line.replace("15", "17"), "line 1: pixels of 0..16"),
        (line[:-1] + "x", "whole numbers"),
        ("", "no line"),
    ):
        (tmp_path / "optdigits.tes").write_text(text)
        with pytest.raises(DataFileError, match=said):
            load(str(tmp_path))


def test_the_bundled_digits() -> None:
    found = bundled()
    assert len(found.train_y) + len(found.test_y) == 1797
    # scikit-learn's documentation of load_digits: about 180 of each class
    counts = np.bincount(np.concatenate([found.train_y, found.test_y]))
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert found.train_x[0, :8].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert found.train_x.max() == found.full == 16


@pytest.mark.needs_shared_data
def test_the_bundled_digits_are_ucis(shared_data: Path) -> None:
    full, own = load(str(shared_data / "optdigits")), bundled()
    assert (len(full.train_y), len(full.test_y)) == (3823, 1797)
    assert np.array_equal(full.test_x, np.concatenate([own.train_x, own.test_x]))


@pytest.mark.needs_shared_data
def test_mnist_as_it_is_distributed(shared_data: Path) -> None:
    found = load(str(shared_data / "mnist"))
    assert (len(found.train_y), len(found.test_y), found.pixels) == (60000, 10000, 784)
    # published: mean 0.1307 of the training pixels; 5923 zeros among the labels
    assert found.train_x.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert int(np.sum(found.train_y == 0)) == 5923


def test_images_of_a_first_part() -> None:
    part = bundled().first(10, 5)
    assert isinstance(part, Images)
    assert (len(part.train_y), len(part.test_y)) == (10, 5)
