"""Where generated code is kept: the user's cache folder."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path


@cache
def cache_folder() -> Path:
    """A folder of the user's own for generated code; a private one for this process if need be.

    ``COMPACTMODELS_CACHE``, or ``compactmodels`` in the user's cache folder.
    """
    given = os.environ.get("COMPACTMODELS_CACHE")
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        folder = Path(given) if given else Path(base or Path.home() / ".cache") / "compactmodels"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):  # no home, or one that cannot be written
        return Path(tempfile.mkdtemp(prefix="compactmodels-"))
    if os.access(folder, os.W_OK) and folder.stat().st_uid == os.getuid():
        return folder
    return Path(tempfile.mkdtemp(prefix="compactmodels-"))
