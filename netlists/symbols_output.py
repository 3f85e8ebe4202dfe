"""Writing what belongs together: all files or none, and never over somebody else's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from compactmodels.card import ModelCard
from compactmodels.errors import InputError
from compactmodels.files import check_folder, is_there, replacing

_MADE = re.compile(r"from the card '([^'\n]*)'")
"""What every emitted file says of itself."""


def write_emitted(card: ModelCard, folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write ``texts`` (by file name) into ``folder``; returns the paths in that order.

    Raises
    ------
    InputError
        Code ``cannot_write``: the folder or one of the files cannot be written.  Code
        ``name_taken``: a file of that name is there that was not emitted from this card.  In both
        cases nothing was written.
    """
    folder = Path(folder)
    check_folder(folder)
    paths = {folder / name: text for name, text in texts.items()}
    for path in paths:
        _check_owner(card, path)
    with ExitStack() as all_or_none:
        # Every check of `replacing` comes before the first file is in its place.
        beside = {path: all_or_none.enter_context(replacing(path)) for path in paths}
        for path, text in paths.items():
            beside[path].write_text(text, encoding="utf-8", newline="\n")
    return list(paths)


def _check_owner(card: ModelCard, path: Path) -> None:
    if not is_there(path) or not path.is_file():
        return  # what is no file is refused when it is written
    made = _MADE.search(path.read_text("utf-8", errors="replace"))
    if made is not None and made[1] == card.name:
        return
    found = f"was emitted from the card '{made[1]}'" if made else "was not emitted by compactmodels"
    raise InputError(
        f"card '{card.name}': '{path}' is there already and {found}; "
        "emit into another folder, or move the file away",
        code="name_taken",
    )
