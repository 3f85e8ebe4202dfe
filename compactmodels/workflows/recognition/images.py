"""Images of digits: the bundled ones, UCI's 8x8 files, MNIST's IDX files."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import DataFileError, InputError
from compactmodels.files import is_there
from compactmodels.workflows.recognition.idx import read_idx

ByteArray = NDArray[np.uint8]

BUNDLED: Final = "optdigits.tes.gz"
"""In ``compactmodels/measurements``: 1797 samples, those of scikit-learn's ``load_digits``."""
TRAINING: Final = 1437
"""The first ones of the bundled samples train, the last 360 (mostly other writers) test."""
CLASSES: Final = 10
INK: Final = 16
"""Highest value of an 8x8 pixel."""
UCI: Final = ("optdigits.tra", "optdigits.tes")
MNIST: Final = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """What a network learns and is tested on.

    Parameters
    ----------
    name : str
    train_x, test_x : (n, pixels) uint8
    train_y, test_y : (n,) uint8
        0..9.
    full : int
        Value of a pixel that drives its word line fully.
    source : str
        Where it comes from.

    Raises
    ------
    DataFileError
        Numbers of images and labels that differ, images of two sizes, labels beyond 9.
    """

    name: str
    train_x: ByteArray
    train_y: ByteArray
    test_x: ByteArray
    test_y: ByteArray
    full: int
    source: str = ""

    def __post_init__(self) -> None:
        for what, x, y in (
            ("training", self.train_x, self.train_y),
            ("test", self.test_x, self.test_y),
        ):
            if len(x) != len(y):
                raise DataFileError(
                    f"{self.source or self.name}: {len(x)} {what} images and {len(y)} labels: they do not "
                    "belong together",
                    code="labels_differ",
                )
            if y.size == 0 or y.max() >= CLASSES:
                found = f"label {int(y.max())}" if y.size else "no label"
                raise DataFileError(
                    f"{self.source or self.name}: {found} in the {what} set, where 0..9 are expected",
                    code="bad_labels",
                )
        if self.train_x.shape[1] != self.test_x.shape[1]:
            raise DataFileError(
                f"{self.source or self.name}: training images of {self.train_x.shape[1]} pixels and test "
                f"images of {self.test_x.shape[1]}",
                code="bad_images",
            )

    @property
    def pixels(self) -> int:
        """Of an image."""
        return int(self.train_x.shape[1])

    def first(self, training: int | None, test: int | None = None) -> Images:
        """The same with the first so many samples only."""
        return Images(
            self.name,
            self.train_x[:training],
            self.train_y[:training],
            self.test_x[:test],
            self.test_y[:test],
            self.full,
            self.source,
        )


def load(what: str) -> Images:
    """Images by name or folder.

    Parameters
    ----------
    what : str
        ``digits`` for the bundled 8x8 ones, or a folder that holds ``optdigits.tra`` and ``.tes`` or
        MNIST's four IDX files (packed or not).

    Raises
    ------
    DataFileError
        A file that is missing, truncated or of another kind; labels that do not match.
    InputError
        Neither ``digits`` nor a folder.
    """
    if what == "digits":
        return bundled()
    folder = Path(what)
    if not is_there(folder) or not folder.is_dir():
        raise InputError(
            f"--dataset {what}: neither 'digits' nor a folder with optdigits.tra and optdigits.tes or with "
            f"MNIST's IDX files ({MNIST[0]} ...)",
            code="no_dataset",
        )
    missing = [name for name in UCI if not is_there(folder / name)]
    if len(missing) == 1:
        raise DataFileError(
            f"'{folder}' has one of {' and '.join(UCI)} (unpacked), and no '{missing[0]}'",
            code="no_dataset",
        )
    if not missing:
        (x, y), (test_x, test_y) = (_uci((folder / n).read_bytes(), folder / n) for n in UCI)
        return Images("digits 8x8", x, y, test_x, test_y, INK, str(folder))
    return _mnist(folder)


def bundled() -> Images:
    """The 1797 samples that come with the package, the first four fifths for training."""
    place = resources.files("compactmodels") / "measurements" / BUNDLED
    x, y = _uci(gzip.decompress(place.read_bytes()), Path(BUNDLED))
    return Images(
        "digits 8x8 (bundled)",
        x[:TRAINING],
        y[:TRAINING],
        x[TRAINING:],
        y[TRAINING:],
        INK,
        "UCI Optical Recognition of Handwritten Digits, test file (doi:10.24432/C50P49)",
    )


def _uci(raw: bytes, path: Path) -> tuple[ByteArray, ByteArray]:
    """Pixels and labels of UCI's comma-separated lines."""
    try:
        lines = raw.decode("ascii").split()
        rows = [[int(cell) for cell in line.split(",")] for line in lines]
    except ValueError as error:
        raise DataFileError(
            f"'{path}': lines of 65 whole numbers are expected ({error})", code="bad_digits"
        ) from None
    wrong = next((k for k, row in enumerate(rows) if len(row) != 65), None)
    if wrong is not None or not rows:
        found = "no line" if wrong is None else f"line {wrong + 1} has {len(rows[wrong])} numbers"
        raise DataFileError(
            f"'{path}': {found}, where 64 pixels and a class are expected; is it truncated?",
            code="bad_digits",
        )
    table = np.array(rows)
    if table.min() < 0 or table[:, :64].max() > INK or table[:, 64].max() >= CLASSES:
        bad = np.any((table[:, :64] > INK) | (table[:, :64] < 0), axis=1)
        bad |= (table[:, 64] < 0) | (table[:, 64] >= CLASSES)
        raise DataFileError(
            f"'{path}', line {int(np.argmax(bad)) + 1}: pixels of 0..{INK} and a class of 0..9 are expected",
            code="bad_digits",
        )
    return table[:, :64].astype(np.uint8), table[:, 64].astype(np.uint8)


def _mnist(folder: Path) -> Images:
    paths = [_packed_or_not(folder, name) for name in MNIST]
    arrays: list[Any] = [
        read_idx(path, 3 if "images" in name else 1) for path, name in zip(paths, MNIST)
    ]
    train_x, train_y, test_x, test_y = arrays
    return Images("MNIST", _flat(train_x), train_y, _flat(test_x), test_y, 255, str(folder))


def _flat(images: ByteArray) -> ByteArray:
    return images.reshape(len(images), -1)


def _packed_or_not(folder: Path, name: str) -> Path:
    """The IDX file under the names it goes by."""
    stems: Sequence[str] = (name, name.replace("-idx", ".idx"))
    for stem in stems:
        for path in (folder / stem, folder / f"{stem}.gz"):
            if is_there(path):
                return path
    raise DataFileError(
        f"'{folder}': no '{name}' (or .gz): a folder holds optdigits.tra and optdigits.tes, or MNIST's "
        "four IDX files",
        code="no_dataset",
    )
