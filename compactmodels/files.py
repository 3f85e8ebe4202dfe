"""Writing files so that nobody ever meets half of one."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from compactmodels.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write to; renamed onto it when the block ends without an error.

    Raises
    ------
    InputError
        The folder cannot be written, or what stands at ``path`` may not be replaced.
    """
    path = Path(path)
    if is_there(path):
        free = path.stat().st_mode & 0o222 and os.access(path, os.W_OK)
        if not (path.is_file() and free):
            found = "write-protected" if path.is_file() else "no ordinary file"
            raise InputError(
                f"cannot write '{path}': it is {found}; remove it or write elsewhere",
                code="cannot_write",
            )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix
        )
    except OSError as error:
        raise InputError(
            f"cannot write '{path}': {error.strerror or error}; name a folder that can be written",
            code="cannot_write",
        ) from error
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        mask = os.umask(0)
        os.umask(mask)
        beside.chmod(0o666 & ~mask)  # mkstemp's files are private; ours are ordinary ones
        beside.replace(path)
    except OSError as error:
        raise InputError(
            f"cannot write '{path}': {error.strerror or error}", code="cannot_write"
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def is_there(path: Path) -> bool:
    """Whether something of that name exists; a name that the system refuses does not."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long, or with a NUL
        return False


def check_folder(folder: Path) -> None:
    """Find out before a long job whether its results can be written.

    Raises
    ------
    InputError
        ``folder``, or the nearest folder above it that exists, is none or cannot be written.
    """
    near = Path(folder).absolute()
    while not is_there(near) and near != near.parent:
        near = near.parent
    if not near.is_dir() or not os.access(near, os.W_OK | os.X_OK):
        found = "cannot be written" if near.is_dir() else "is no folder"
        raise InputError(
            f"cannot write into '{folder}': '{near}' {found}; name another folder",
            code="cannot_write",
        )


def write_text(path: Path, text: str) -> Path:
    """Write ``text`` beside ``path``, then rename; returns ``path``."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")
    return Path(path)


def sha256(path: Path) -> str:
    """The file's SHA-256, as hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
