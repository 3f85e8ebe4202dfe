"""What a paper publishes, and the protocols under which its device is simulated: one TOML file a paper."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final

from compactmodels.errors import InputError
from compactmodels.protocol_sequence import from_document
from compactmodels.protocols import Protocol

PAPERS: Final = ("otj", "ohm", "mose2", "ohp", "review")
"""In the order in which they are shown."""
KINDS: Final = ("given", "parameter", "observable", "event", "ordering")
RELATIVE: Final = {"parameter": 0.05, "observable": 0.10}
"""Tolerance of a number where its paper's condition gives none."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One published fact.

    Parameters
    ----------
    id, kind, where : str
        ``kind`` as in :data:`KINDS`; ``where`` in the paper.
    value : float, str, bool or mapping
        As printed; conditions stand beside results in a mapping.
    unit, condition, note : str
    units : mapping
        Of each key of ``value``, where they differ.
    tolerance : mapping
        ``relative`` or ``absolute`` of a key of ``value`` ("" for the value itself), ``at_least``: the
        value is a lower bound.
    """

    id: str
    kind: str
    where: str = ""
    value: Any = None
    unit: str = "1"
    condition: str = ""
    note: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    tolerance: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def published(self, key: str = "") -> Any:
        """The value, or one of several."""
        return self.value[key] if key else self.value


@dataclass(frozen=True, slots=True)
class Paper:
    """One source.

    Parameters
    ----------
    name, title, citation, doi : str
    facts : mapping
        By id, in the paper's order.
    protocols : mapping
        TOML tables by name.
    series : mapping
        ``protocol``, ``vary`` and ``values``: a protocol at several values of one setting.
    assumptions : tuple of str
        What the paper does not say and the protocols take for granted.
    """

    name: str
    title: str
    citation: str
    doi: str
    facts: Mapping[str, Fact]
    protocols: Mapping[str, Mapping[str, Any]]
    series: Mapping[str, Mapping[str, Any]]
    assumptions: tuple[str, ...]

    def protocol(self, name: str, **changes: Any) -> Protocol:
        """The protocol of that name, with some settings changed.

        Raises
        ------
        InputError
            Code ``unknown_protocol``.
        ProtocolError
            A setting that cannot be.
        """
        if name not in self.protocols:
            raise InputError(
                f"paper '{self.name}' has no protocol '{name}'; it has {', '.join(self.protocols)}",
                code="unknown_protocol",
            )
        return from_document({**self.protocols[name], **changes})

    def over(self, name: str) -> list[tuple[float, Protocol]]:
        """A series: each value of what is varied, with its protocol."""
        if name not in self.series:
            raise InputError(
                f"paper '{self.name}' has no series '{name}'; it has {', '.join(self.series)}",
                code="unknown_protocol",
            )
        row = self.series[name]
        return [
            (float(x), self.protocol(row["protocol"], **{row["vary"]: x})) for x in row["values"]
        ]


@cache
def paper(name: str) -> Paper:
    """The paper of that name.

    Raises
    ------
    InputError
        Code ``unknown_paper``.
    """
    if name not in PAPERS:
        raise InputError(
            f"unknown paper '{name}'; known are {', '.join(PAPERS)}", code="unknown_paper"
        )
    text = (resources.files("compactmodels") / "papers" / f"{name}.toml").read_text("utf-8")
    table = tomllib.loads(text)
    facts = {row["id"]: Fact(**row) for row in table["published"]}
    return Paper(
        name,
        table["title"],
        table["citation"],
        table.get("doi", ""),
        facts,
        table.get("protocols", {}),
        table.get("series", {}),
        tuple(table.get("assumptions", ())),
    )
