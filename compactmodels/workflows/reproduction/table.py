"""The table: every target of the papers asked for, measured on one bench."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from compactmodels.errors import CompactModelsError, InputError
from compactmodels.workflows.reproduction import accuracies
from compactmodels.workflows.reproduction.lab import Lab, Measure
from compactmodels.workflows.reproduction.published import PAPERS, Paper, paper
from compactmodels.workflows.reproduction.rows import Measured, Panel, Row, rows_of


@dataclass(frozen=True, slots=True)
class Reproduction:
    """One paper's rows and panels."""

    paper: Paper
    rows: tuple[Row, ...]
    panels: tuple[Panel, ...]

    @property
    def missed(self) -> tuple[str, ...]:
        """Ids of the targets of which a row is missed."""
        return self._with(False)

    @property
    def not_run(self) -> tuple[str, ...]:
        """Ids of the targets that were not run."""
        return self._with(None)

    def _with(self, ok: bool | None) -> tuple[str, ...]:
        """Ids of the targets with a row of that verdict."""
        ids = [
            fact
            for fact in self.paper.facts
            if any(r.ok is ok for r in self.rows if r.id == fact or r.id.startswith(f"{fact}."))
        ]
        return tuple(ids)


def measures_of(name: str) -> dict[str, Measure]:
    """How each target of a paper is measured, by id."""
    module = import_module(f"compactmodels.workflows.reproduction.{name}")
    measures: dict[str, Measure] = module.MEASURES
    return {**measures, **accuracies.measures_of(name)}


def wanted_of(names: Sequence[str], only: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The papers and the ids that are asked for; ids alone choose their papers.

    Raises
    ------
    InputError
        Codes ``unknown_paper``, ``unknown_target``.
    """
    measures = {id_: name for name in names if paper(name) for id_ in measures_of(name)}
    for id_ in only:
        if id_ not in measures:
            near = difflib.get_close_matches(id_, measures, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise InputError(
                f"no target '{id_}' in {', '.join(names)}{hint}", code="unknown_target"
            )
    ids = tuple(only) or tuple(measures)
    return tuple(dict.fromkeys(measures[id_] for id_ in ids)), ids


def reproduce(
    names: Sequence[str] = PAPERS,
    lab: Lab | None = None,
    only: Iterable[str] = (),
    done: Callable[[str], None] = lambda _: None,
) -> list[Reproduction]:
    """Measure every target of some papers.

    Parameters
    ----------
    names : sequence of str
    lab : Lab, optional
        The bench; in ngspice by default.
    only : iterable of str
        Ids; all where empty.
    done : callable
        Called with each id when it is done.

    Raises
    ------
    InputError
        An unknown paper.
    """
    bench = lab or Lab()
    wanted = set(only)
    out = []
    for name in names:
        source = paper(name)
        rows: list[Row] = []
        panels: list[Panel] = []
        for id_, measure in measures_of(name).items():
            if wanted and id_ not in wanted:
                continue
            fact = source.facts[id_]
            try:
                found = measure(bench)
            except CompactModelsError as error:
                found = Measured(missed=f"[{error.code}] {error.message}")
                rows.append(Row(id_, fact.kind, fact.note or fact.value, None, fact.unit, "", False, found.missed))  # fmt: skip
            rows += rows_of(fact, found, bench.tolerance)
            panels += found.panels
            done(id_)
        out.append(Reproduction(source, tuple(rows), tuple(panels)))
    return out


def document(found: Sequence[Reproduction], lab: Lab) -> dict[str, Any]:
    """What ``--json`` prints."""
    return {
        "rows": [
            {
                "id": r.id,
                "kind": r.kind,
                "published": r.published,
                "simulated": r.simulated,
                "unit": r.unit,
                "tolerance": r.tolerance,
                "ok": r.ok,
                "note": r.note,
                **({"details": dict(r.details)} if r.details else {}),
            }
            for one in found
            for r in one.rows
        ],
        "missed": [id_ for one in found for id_ in one.missed],
        "not_run": [id_ for one in found for id_ in one.not_run],
        "targets": sum(
            1
            for one in found
            for id_ in one.paper.facts
            if any(r.id == id_ or r.id.startswith(f"{id_}.") for r in one.rows)
            and id_ not in one.not_run
        ),
        "engine": lab.engine,
        "assumptions": {one.paper.name: list(one.paper.assumptions) for one in found},
    }
