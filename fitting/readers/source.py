"""What stands in a measurement file: its text, or the bytes of a workbook or HDF5 file.

Everything else about a file is the readers' business.  What is no measurement at all (empty,
binary, an archive, a set of pictures) is refused here, in one sentence.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from compactmodels.errors import DataFileError

LARGEST: Final = 400_000_000
"""Bytes of a file (unpacked) that are still taken into memory."""
_WORKBOOK: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_HDF5: Final = b"\x89HDF"
_GZIP: Final = b"\x1f\x8b"
_IDX: Final = (b"\x00\x00\x08\x01", b"\x00\x00\x08\x03")
_MAGIC: Final = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\x1f\x9d", "an archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"TDSm", "a LabVIEW TDMS file"),
    (b"MATLAB 5.0", "a MATLAB file"),
)
_TEXT_CONTROLS: Final = frozenset(b"\t\n\r\f\v\x1a")


@dataclass(frozen=True, slots=True)
class Source:
    """A file in memory.

    Parameters
    ----------
    path : str
        As the user gave it; every error names it.
    lines : tuple of str
        Without their ends (LF, CRLF, CR and CR CR LF are understood); empty unless ``kind`` is
        ``text``.
    sha256 : str
        Of the bytes, for the provenance on a card.
    skipped : int
        Lines at the top that the caller asked to leave out; line numbers in errors still count
        from the file's first line.
    kind : str
        ``text``, ``workbook`` or ``hdf5``.
    raw : bytes
        Of a workbook or HDF5 file.
    sheet : str or None
        Of which sheet of a workbook the lines are.
    """

    path: str
    lines: tuple[str, ...]
    sha256: str
    skipped: int = 0
    kind: str = "text"
    raw: bytes = b""
    sheet: str | None = None

    def where(self, row: int) -> str:
        """``'file', line 12`` for a zero-based index into ``lines``."""
        if self.sheet is not None:
            return f"'{self.path}', sheet '{self.sheet}', row {row + 1 + self.skipped}"
        return f"'{self.path}', line {row + 1 + self.skipped}"

    def first_lines(self, count: int) -> list[str]:
        """The first lines that are not blank."""
        found: list[str] = []
        for line in self.lines:
            if line.strip():
                found.append(line)
                if len(found) == count:
                    break
        return found

    def as_sheet(self, name: str, lines: tuple[str, ...], skip: int) -> Source:
        """The rows of one sheet as a text of its own, cells separated by tabs."""
        return replace(self, lines=lines[skip:], kind="text", raw=b"", sheet=name, skipped=skip)


def _bytes(path: str) -> bytes:
    try:
        size = Path(path).stat().st_size
        if size > LARGEST:
            raise _too_large(path, size)
        with open(path, "rb") as file:  # a device or a pipe has no size and may have no end
            raw = file.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise _too_large(path, len(raw))
        return raw
    except IsADirectoryError:
        raise DataFileError(
            f"'{path}' is a directory: give the measurement file inside it, or several files",
            code="is_directory",
        ) from None
    except FileNotFoundError:
        raise DataFileError(
            f"'{path}' does not exist: check the name and the folder", code="no_file"
        ) from None
    except (OSError, ValueError) as error:
        if isinstance(error, DataFileError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise DataFileError(f"'{path}' cannot be opened: {reason}", code="unreadable") from None


def _too_large(path: str, size: int) -> DataFileError:
    return DataFileError(
        f"'{path}' holds {size / 1e6:.0f} MB or more, {LARGEST / 1e6:.0f} MB are read: thin it, or split it",
        code="too_large",
    )


def _unpacked(path: str, raw: bytes) -> bytes:
    """The content of a gzip file (of all its members), and no more than may be taken into memory."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
            text = file.read(LARGEST + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        reason = "it ends too early" if isinstance(error, EOFError) else error
        raise DataFileError(
            f"'{path}' is a damaged gzip file ({reason}): copy it again", code="binary_file"
        ) from None
    if len(text) > LARGEST:
        raise _too_large(path, len(text))
    return text


def _decode(path: str, raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return raw.decode("utf-16")
        except UnicodeDecodeError:
            raise _binary(path, "it begins like UTF-16 text and is not") from None
    for magic, what in _MAGIC:
        if raw.startswith(magic):
            raise _binary(path, f"it is {what}")
    head = raw[:65536]
    controls = sum(head.count(bytes([c])) for c in range(32) if c not in _TEXT_CONTROLS)
    if b"\x00" in raw or controls > 0.02 * len(head):
        raise _binary(path, "it holds control characters")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _binary(path: str, found: str) -> DataFileError:
    return DataFileError(
        f"'{path}' is not a text file ({found}): export the measurement as CSV or tab-separated "
        "text and give that file",
        code="binary_file",
    )


def load(path: str | os.PathLike[str], skip: int | None = None) -> Source:
    """The file's text, or the bytes of a workbook or HDF5 file; gzip is unpacked.

    Parameters
    ----------
    path : path
    skip : int, optional
        Lines at the top to leave out (of a workbook: rows of each sheet).

    Raises
    ------
    DataFileError
        Codes ``no_file is_directory unreadable empty_file binary_file too_large not_data
        not_measurement``.
    """
    name = os.fspath(path)
    raw = _bytes(name)
    if not raw.strip():
        raise DataFileError(
            f"'{name}' is empty ({len(raw)} bytes): export the measurement again",
            code="empty_file",
        )
    sha256 = hashlib.sha256(raw).hexdigest()
    skipped = 0 if skip is None else int(skip)
    if raw.startswith(_GZIP):
        raw = _unpacked(name, raw)
    if raw.startswith(_IDX):
        raise DataFileError(
            f"'{name}' holds pictures or their labels (IDX), which is no measurement: give a file of "
            "voltages and currents, or of a signal over time",
            code="not_measurement",
        )
    if raw.startswith((*_WORKBOOK, _HDF5)):
        kind = "hdf5" if raw.startswith(_HDF5) else "workbook"
        return Source(name, (), sha256, max(skipped, 0), kind, raw)
    text = _decode(name, raw)
    if not text.strip("\x1a\x1c\x1d\x1e\x1f\x85 \t\r\n\f\v"):
        raise DataFileError(
            f"'{name}' holds blanks only: export the measurement again", code="empty_file"
        )
    lines = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if skipped < 0 or skipped >= len(lines):
        raise DataFileError(
            f"'{name}' has {len(lines)} lines: {skipped} to skip leave nothing to read",
            code="not_data",
        )
    while lines and not lines[-1].strip("\x1a \t"):
        lines.pop()
    return Source(name, tuple(lines[skipped:]), sha256, skipped)
