"""Reads ArC TWO's tables out of HDF5 in a process of its own: bytes on stdin, tables on stdout.

One line of JSON, ``{"tables": [{"device": , "name": , "fields": , "rows": }]}`` or ``{"code": ,
"error": }``, then each table's columns as float64, field after field.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any, Final

MOST: Final = 5_000_000
"""Rows of a table that are taken into memory."""


def tables_of(raw: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """The line of JSON, and the columns of all tables with named columns, one of them a current."""
    import h5py
    import numpy as np

    columns: list[bytes] = []
    found: list[dict[str, Any]] = []
    try:
        with h5py.File(io.BytesIO(raw), "r") as file:
            group = file.get("crosspoints")
            if not isinstance(group, h5py.Group):
                return {"code": "not_data", "error": ", ".join(list(file)[:8]) or "nothing"}, []
            nodes: list[tuple[str, Any]] = []
            group.visititems(lambda name, node: nodes.append((name, node)))
            for path, node in nodes:
                fields = node.dtype.names or () if isinstance(node, h5py.Dataset) else ()
                if "current" not in fields or node.ndim != 1:
                    continue
                count = min(int(node.attrs.get("NROWS", node.shape[0])), node.shape[0], MOST)
                if count < 1:
                    continue
                device, _, name = path.partition("/")
                rows = node[:count]
                columns += [np.asarray(rows[f], dtype=np.float64).tobytes() for f in fields]
                found.append({"device": device, "name": name, "fields": fields, "rows": count})
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        return {"code": "binary_file", "error": " ".join(str(error).split())[:120]}, []
    return {"tables": found}, columns


if __name__ == "__main__":
    head, data = tables_of(sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + b"".join(data))
