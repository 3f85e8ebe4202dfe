"""Jinja with undefined names as errors; templates hold layout only."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("veriloga", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  Verilog-A is no HTML; compactmodels.names is the gate
    )


def render(template: str, **context: Any) -> str:
    """The template's text."""
    return _environment().get_template(template).render(**context)
