"""Jinja with undefined names as errors; templates hold layout only."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


@cache
def _environment(package: str) -> Environment:
    return Environment(
        loader=PackageLoader(package, "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # Pages are escaped by Jinja; netlists are no HTML, and names.py is their gate.
        autoescape=select_autoescape(["html", "html.j2"], default=False),
    )


def render(package: str, template: str, **context: Any) -> str:
    """The text of a template out of ``package``'s folder ``templates``."""
    return _environment(package).get_template(template).render(**context)
