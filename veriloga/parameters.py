"""A card's parameters as Verilog-A declarations, grouped by the part that they belong to."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from compactmodels.card import Entry, ModelCard
from compactmodels.errors import ParameterError
from compactmodels.model import MIXES, Branch
from compactmodels.parameter import Parameter
from veriloga.text import literal, quoted, remark

SMALLEST, LARGEST = 1e-300, 1e300
"""Magnitudes that every simulator's numbers keep with all digits; 0 is allowed, too."""
_GROUPS: Final = {"": "common", "sw": "switching", "rx": "relaxation"}
_PERSONAL: Final = frozenset({"scale", "w0", "s0", "hold"})
"""What each device of a netlist may have its own of: instance parameters."""

STATES: Final = (
    Parameter("w0", 0.0, "1", "initial non-volatile state", 0.0, 1.0),
    Parameter("s0", 0.0, "1", "initial volatile state", 0.0, 1.0),
    Parameter("hold", 0.0, "1", "1 pins the states at w0 and s0, 0 lets them move", 0.0, 1.0),
)
HEATING: Final = (
    Parameter("r_th", 0.0, "K/W", "thermal resistance at scale 1; 0: no self-heating", 0.0, 1e15),
    Parameter("c_th", 0.0, "J/K", "thermal capacitance at scale 1", 0.0, 1e6),
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """One parameter, as the template writes it; the columns are padded."""

    name: str
    default: str
    range: str
    attributes: str
    note: str


@dataclass(frozen=True, slots=True)
class Group:
    """The parameters of one part.

    ``notes`` are lines of comment below the heading.
    """

    title: str
    notes: list[str]
    declarations: list[Declaration]


def groups(card: ModelCard, *, self_heating: bool = False) -> list[Group]:
    """Every parameter of the module, by part.

    Raises
    ------
    ParameterError
        A value that a simulator's numbers do not keep.
    """
    declared = {p.name: p for p in card.model.parameters}
    own = [_group("States", "states", [(p, Entry(p.default)) for p in STATES])]
    for prefix, title in _titles(card):
        own_names = [f"{prefix}_{p.name}" if prefix else p.name for p in card.model.groups[prefix]]
        rows = [(declared[n], _checked(card, declared[n])) for n in own_names]
        own.append(
            _group(title, _GROUPS.get(prefix, f"branch {prefix}"), rows, _notes(card, prefix))
        )
    if self_heating:
        rows = [(p, Entry(p.default)) for p in HEATING]
        own.append(_group("Self-heating", "self-heating", rows))
    return own


def _titles(card: ModelCard) -> Iterator[tuple[str, str]]:
    model = card.model
    yield "", "Common"
    for branch in model.branches:
        yield branch.name, f"Branch {branch.name}: {branch.mechanism.title}"
    if model.switching is not None:
        yield "sw", f"Switching law: {model.switching.title}"
    if model.relaxation is not None:
        yield "rx", f"Relaxation of s: {model.relaxation.title}"


def _notes(card: ModelCard, prefix: str) -> list[str]:
    branch = next((b for b in card.model.branches if b.name == prefix), None)
    return [] if branch is None else remark(f"Share: {share(branch)}")


def share(branch: Branch) -> str:
    """How the states weigh a branch, in words."""
    return f"{branch.mix}, {MIXES[branch.mix]}"


def _group(
    title: str, group: str, rows: list[tuple[Parameter, Entry]], notes: list[str] | None = None
) -> Group:
    values = [literal(entry.value) for _, entry in rows]
    ranges = [f"{_range(p)};" for p, _ in rows]
    notes_ = [_note(e) for _, e in rows]
    wide = [max(map(len, column)) for column in ([p.name for p, _ in rows], values, ranges)]
    declared = [
        Declaration(
            p.name.ljust(wide[0]),
            values[k].ljust(wide[1]),
            ranges[k].ljust(wide[2]),
            _attributes(p, e, group),
            "as above" if k and notes_[k] and notes_[k] == notes_[k - 1] else notes_[k],
        )
        for k, (p, e) in enumerate(rows)
    ]
    return Group(quoted(title), notes or [], declared)


def _attributes(p: Parameter, entry: Entry, group: str) -> str:
    origin = f" ({entry.origin})" if entry.note or entry.origin != "default" else ""
    fields = {"desc": p.doc + origin, "units": p.unit, "group": group}
    if p.name in _PERSONAL:
        fields["type"] = "instance"
    return ", ".join(f'{key}="{quoted(text)}"' for key, text in fields.items())


def _note(entry: Entry) -> str:
    """Where a value comes from."""
    return quoted(f"{entry.origin}: {entry.note}") if entry.origin != "default" else ""


def _range(p: Parameter) -> str:
    low = "(-inf" if math.isinf(p.lower) else f"[{literal(p.lower)}"
    high = "inf)" if math.isinf(p.upper) else f"{literal(p.upper)}]"
    return f"{low}:{high}"


def _checked(card: ModelCard, p: Parameter) -> Entry:
    entry = card.entries[p.name]
    for value, unit in ((entry.value, p.unit), (entry.value * p.si_factor, "SI")):
        if value != 0 and not SMALLEST <= abs(value) <= LARGEST:
            raise ParameterError(
                f"card '{card.name}', parameter '{p.name}' = {entry.value:g} {p.unit}: its magnitude in "
                f"{unit} lies outside {SMALLEST:g} .. {LARGEST:g}, which simulators' numbers keep; "
                "choose 0 or another value",
                code="number_range",
            )
    return entry
