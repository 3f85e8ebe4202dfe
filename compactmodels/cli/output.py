"""What commands print: tables for people, one JSON object for programs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compactmodels.errors import CompactModelsError


@dataclass(slots=True)
class _State:
    """Of this run of the command line."""

    json: bool = False
    debug: bool = False
    command: tuple[str, ...] = ()

    def listen(self, arguments: Sequence[str]) -> None:
        """Take --json and --debug from the raw arguments: they hold for errors of usage too."""
        options = arguments[: arguments.index("--")] if "--" in arguments else arguments
        self.json, self.debug = "--json" in options, "--debug" in options
        self.command = ("compactmodels", *arguments)

    def fail(self, error: CompactModelsError) -> None:
        """Say what went wrong: a sentence on stderr, and the JSON object if one was asked for."""
        sentence = printable(error.message)
        sys.stderr.write(f"error: {sentence} [{error.code}]\n")
        if self.json:
            emit_json({"error": {"code": error.code, "message": sentence}})


state = _State()


def emit_json(document: Mapping[str, Any]) -> None:
    """Exactly one object on stdout; NaN and infinities as null."""
    sys.stdout.write(json.dumps(clean(document), indent=2, allow_nan=False) + "\n")


def clean(value: Any) -> Any:
    """``value`` in JSON's own types."""
    if isinstance(value, Mapping):
        return {str(k): clean(v) for k, v in value.items()}
    if hasattr(value, "tolist"):
        return clean(value.tolist())
    if isinstance(value, (list, tuple)):
        return [clean(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def printable(text: str) -> str:
    r"""``text`` on one line: a name may hold newlines and what a terminal obeys.

    >>> printable("a" + chr(10) + "b")
    'a\\nb'
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def say(text: str) -> None:
    """Lines for people; silent when JSON was asked for."""
    if not state.json:
        sys.stdout.write("\n".join(map(printable, text.split("\n"))) + "\n")


def note(text: str) -> None:
    """A remark on stderr."""
    sys.stderr.write(printable(text) + "\n")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table for people."""
    if state.json:
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for k, column in enumerate(columns):
        grid.add_column(column, overflow="fold", no_wrap=k == 0)
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=110)
    console.print(grid)
