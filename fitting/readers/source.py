"""The text of a measurement file, or one sentence on why it is none."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from compactmodels.errors import DataFileError

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook (xlsx)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (xls)"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
)
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\v\x1a")


@dataclass(frozen=True, slots=True)
class Source:
    """A text file in memory.

    Parameters
    ----------
    path : str
        As the user gave it; every error names it.
    lines : tuple of str
        Without their ends (LF, CRLF, CR and CR CR LF are understood).
    sha256 : str
        Of the bytes, for the provenance on a card.
    skipped : int
        Lines at the top that the caller asked to leave out; line numbers in errors still count
        from the file's first line.
    """

    path: str
    lines: tuple[str, ...]
    sha256: str
    skipped: int = 0

    def where(self, row: int) -> str:
        """``'file', line 12`` for a zero-based index into ``lines``."""
        return f"'{self.path}', line {row + 1 + self.skipped}"


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
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
        reason = getattr(error, "strerror", None) or str(error)
        raise DataFileError(f"'{path}' cannot be opened: {reason}", code="unreadable") from None


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
    controls = sum(1 for byte in head if byte < 32 and byte not in _TEXT_CONTROLS)
    if 0 in head or controls > 0.02 * len(head):
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
    """The file's text.

    Parameters
    ----------
    path : path
    skip : int, optional
        Lines at the top to leave out.

    Raises
    ------
    DataFileError
        Codes ``no_file``, ``is_directory``, ``unreadable``, ``empty_file``, ``binary_file``.
    """
    name = os.fspath(path)
    raw = _bytes(name)
    if not raw.strip():
        raise DataFileError(
            f"'{name}' is empty ({len(raw)} bytes): export the measurement again",
            code="empty_file",
        )
    text = _decode(name, raw)
    if not text.strip("\x1a\x1c\x1d\x1e\x1f\x85 \t\r\n\f\v"):
        raise DataFileError(
            f"'{name}' holds blanks only: export the measurement again", code="empty_file"
        )
    lines = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    skipped = 0 if skip is None else int(skip)
    if skipped < 0 or skipped >= len(lines):
        raise DataFileError(
            f"'{name}' has {len(lines)} lines: {skipped} to skip leave nothing to read",
            code="not_data",
        )
    while lines and not lines[-1].strip("\x1a \t"):
        lines.pop()
    return Source(name, tuple(lines[skipped:]), hashlib.sha256(raw).hexdigest(), skipped)
