"""IDX files (the layout of MNIST), plain or gzipped: magic number, lengths, unsigned bytes."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from compactmodels.errors import DataFileError

ByteArray = NDArray[np.uint8]

UNSIGNED_BYTE: Final = 8
"""IDX's code of the only type that images and labels have."""
LARGEST: Final = 1 << 30
"""Bytes of one file, unpacked: MNIST's largest has 47 million."""
WHAT: Final = {1: "labels", 3: "images"}


def read_idx(path: Path, dimensions: int) -> ByteArray:
    """Unsigned bytes of an IDX file.

    Parameters
    ----------
    path : Path
        Unpacked if it begins as gzip does, whatever its name.
    dimensions : int
        1 for labels, (n,); 3 for images, (n, rows, cols).

    Raises
    ------
    DataFileError
        Not an IDX file, another type or number of dimensions, truncated or too long.
    """
    path = Path(path)
    raw = _unpacked(path)
    if len(raw) < 4 or raw[:2] != b"\0\0":
        raise DataFileError(
            f"'{path}': no IDX file: it begins with {raw[:4].hex(' ') or 'nothing'} and not with "
            f"00 00 08 0{dimensions}",
            code="bad_idx",
        )
    kind, found = raw[2], raw[3]
    if kind != UNSIGNED_BYTE or found != dimensions:
        raise DataFileError(
            f"'{path}': IDX type 0x{kind:02x} in {found} dimensions, where unsigned bytes (0x08) in "
            f"{dimensions} are expected for {WHAT[dimensions]}: are images and labels exchanged?",
            code="bad_idx",
        )
    head = 4 + 4 * dimensions
    shape = struct.unpack(f">{dimensions}I", raw[4:head]) if len(raw) >= head else ()
    size = 1
    for length in shape:
        size *= length
    if not shape or len(raw) != head + size:
        said = " x ".join(map(str, shape)) or "an incomplete header"
        verb = "truncated" if len(raw) < head + size or not shape else "longer than its header says"
        raise DataFileError(
            f"'{path}': {verb}: {len(raw)} bytes, where {said} needs {head + size}; fetch the file again",
            code="bad_idx",
        )
    if size == 0:
        raise DataFileError(
            f"'{path}': it holds no {WHAT[dimensions]} ({' x '.join(map(str, shape))})",
            code="bad_idx",
        )
    # a copy: the kernels are compiled once, for arrays that may be written
    return np.frombuffer(raw, np.uint8, size, head).reshape(shape).copy()


def _unpacked(path: Path) -> bytes:
    """The file's bytes, unpacked."""
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            if not packed:
                raw = plain.read(LARGEST + 1)
            else:
                with gzip.open(plain) as stream:
                    raw = stream.read(LARGEST + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFileError(
            f"'{path}': the gzip file is damaged or truncated ({error}); fetch it again",
            code="bad_idx",
        ) from error
    except OSError as error:
        raise DataFileError(
            f"'{path}': cannot be read: {error.strerror or error}", code="unreadable"
        ) from error
    if len(raw) > LARGEST:
        raise DataFileError(f"'{path}': more than {LARGEST} bytes unpacked", code="too_large")
    return raw
