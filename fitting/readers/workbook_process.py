"""Reads a workbook in a process of its own: bytes on stdin, names and rows as JSON on stdout.

The library behind it is written in Rust: on some damaged files it panics, prints a backtrace and may
end its process.  Here it can; nothing of it reaches the user.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any, Final

MOST_CELLS: Final = 20_000_000
"""Cells of a sheet that are still taken into memory."""

LOCKED: Final = "EncryptedPackage".encode("utf-16-le")
"""Name of the stream that a workbook with a password consists of."""


def cell(value: Any) -> str:
    """A cell as text; what stands in it can break no row."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return repr(value)
    return " ".join(str(value).split())


def document_of(raw: bytes) -> dict[str, Any]:
    """``{"sheets": [[name, rows], ...]}``, or ``{"code": , "error": }``."""
    if LOCKED in raw:
        return {"code": "locked", "error": "it is locked with a password"}
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, ZipError

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        found = []
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            size = sheet.total_height * sheet.total_width
            if size > MOST_CELLS:
                return {"code": "too_large", "error": f"sheet '{name}' has {size} cells"}
            rows = sheet.to_python(skip_empty_area=False)
            found.append((name, ["\t".join(map(cell, row)).rstrip("\t") for row in rows]))
    except PasswordError:
        return {"code": "locked", "error": "it is locked with a password"}
    except (CalamineError, ZipError, OSError, ValueError) as error:
        return {"code": "binary_file", "error": " ".join(str(error).split())[:120]}
    return {"sheets": found}


if __name__ == "__main__":
    json.dump(document_of(sys.stdin.buffer.read()), sys.stdout)
