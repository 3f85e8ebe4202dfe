"""A study from its name to its rows, its files and its figure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compactmodels import figures
from compactmodels.card import ModelCard
from compactmodels.errors import InputError
from compactmodels.files import write_text
from compactmodels.workflows.studies.catalogue import STUDIES, Study
from compactmodels.workflows.studies.largest import check_limit
from compactmodels.workflows.studies.settings import Setting, array
from compactmodels.workflows.studies.sweep import Point, point, sweep
from netlists.crossbar import dataset, write_netcdf
from netlists.solver.described import read_fast


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured at one value of the axis, over all repeats.

    Parameters
    ----------
    curve : str
    value : float
        Of the axis.
    mean, spread : dict of str to float
        Of each number; the spread is the standard deviation over the repeats (0 of one).
    each : tuple of dict
        The repeats, seeds counting up.
    """

    curve: str
    value: float
    mean: dict[str, float]
    spread: dict[str, float]
    each: tuple[dict[str, float], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A study of a card."""

    study: Study
    card: str
    setting: Setting
    repeats: int
    rows: tuple[Row, ...]

    def document(self) -> dict[str, Any]:
        """The JSON object."""
        return {
            "study": self.study.name,
            "question": self.study.question,
            "card": self.card,
            "axis": self.study.axis,
            "unit": self.study.axis_unit,
            "setting": asdict(self.setting),
            "repeats": self.repeats,
            "rows": [
                {"curve": r.curve, "value": r.value, "mean": r.mean, "spread": r.spread}
                for r in self.rows
            ],
        }


def run_study(
    name: str,
    card: ModelCard,
    *,
    values: Sequence[float] | None = None,
    repeats: int | None = None,
    executor: Executor | None = None,
    processes: int | None = None,
    store: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    **settings: Any,
) -> Outcome:
    """Run a study.

    Parameters
    ----------
    name : str
        A key of :data:`STUDIES`.
    card : ModelCard
    values : sequence of float, optional
        Of the axis, in place of the study's own.
    repeats : int, optional
        Seeds at each value; 5 where chance matters, else 1.
    executor, processes, store, progress
        As in :func:`.sweep.sweep`.
    **settings
        Fields of :class:`.Setting`.

    Raises
    ------
    InputError
        An unknown study or setting, no values, or a setting that the card or an array cannot have.
    SimulationError
        A point that was not solved.
    """
    study = find(name)
    if study.axis in settings and values is None:
        raise InputError(
            f"study '{name}' varies {study.axis} itself: give its values (--values {settings[study.axis]})"
        )
    compared = {key for changes in study.curves.values() for key in changes}
    for key in sorted(compared & set(settings)):
        raise InputError(
            f"study '{name}' compares several values of {key} itself: leave --{key.replace('_', '-')} out"
        )
    base = Setting().changed(**{**study.defaults, **settings})
    check_limit(base.limit)
    chosen = tuple(study.values if values is None else values)
    if not chosen:
        raise InputError("a study needs one value at least")
    count = (5 if study.random else 1) if repeats is None else repeats
    if count < 1:
        raise InputError(f"repeats is {count}: 1 or more is expected")
    places = [(curve, value) for curve in study.curves for value in chosen]
    points = [p for place in places for p in _points(study, card, base, *place, count)]
    found = sweep(
        points, card, executor=executor, processes=processes, store=store, progress=progress
    )
    rows = [
        _row(curve, value, found[k * count : (k + 1) * count])
        for k, (curve, value) in enumerate(places)
    ]
    return Outcome(study, card.name, base, count, tuple(rows))


def find(name: str) -> Study:
    """A study by its name; InputError with the nearest one otherwise."""
    if name not in STUDIES:
        near = difflib.get_close_matches(name, STUDIES, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(STUDIES)}"
        raise InputError(f"no study is called '{name}'; {hint}", code="unknown_study")
    return STUDIES[name]


def _points(
    study: Study, card: ModelCard, base: Setting, curve: str, value: float, count: int
) -> list[Point]:
    changes = dict(study.curves[curve])
    axis = str(changes.pop("axis", study.axis))
    whole = axis in ("size", "cycles", "layers")
    if whole and value != int(value):
        raise InputError(f"{axis} = {value:g}: a whole number is expected")
    changes[axis] = int(value) if whole else float(value)
    setting = base.changed(**changes)
    return [point(study.name, card, setting.changed(seed=base.seed + k)) for k in range(count)]


def _row(curve: str, value: float, each: Sequence[dict[str, float]]) -> Row:
    table = {name: np.array([e[name] for e in each]) for name in each[0]}
    mean = {name: float(np.mean(x)) for name, x in table.items()}
    spread = {name: float(np.std(x, ddof=1)) if len(x) > 1 else 0.0 for name, x in table.items()}
    return Row(curve, float(value), mean, spread, tuple(each))


# ------------------------------------------------------------------------------- what is written


def write(outcome: Outcome, card: ModelCard, folder: Path) -> list[Path]:
    """The rows as CSV, the figure, and a map of the voltage lost where the study has one.

    The same rows are the same bytes, in whichever order their points were measured.
    """
    stem = folder / f"{card.name}-study-{outcome.study.name}"
    written = [write_text(stem.with_name(f"{stem.name}.csv"), table(outcome))]
    written += figures.save(drawn(outcome), stem)
    if outcome.study.maps:
        for row in outcome.rows:
            written += _map(outcome, card, row.value, folder)
    return written


def drawn(outcome: Outcome) -> Any:
    """The study's figure: shares in percent."""
    study = outcome.study
    units = {output.unit for output in study.outputs.values()}
    unit = next(iter(units))
    factor = 100.0 if unit == "" else 1.0
    curves = []
    for curve in study.curves:
        rows = [r for r in outcome.rows if r.curve == curve]
        for name, output in study.outputs.items():
            known = output.estimate and output.estimate in rows[0].mean
            curves.append(
                figures.StudyCurve(
                    ", ".join(part for part in (curve, output.title) if part),
                    [r.value for r in rows],
                    [factor * r.mean[name] for r in rows],
                    [factor * r.spread[name] for r in rows] if outcome.repeats > 1 else None,
                    [factor * r.mean[output.estimate] for r in rows] if known else None,
                )
            )
    return figures.study(
        curves,
        x=(study.axis_title, study.axis_unit),
        y=(study.drawn, "%" if unit == "" else unit),
        logarithmic=study.logarithmic,
        title=f"{outcome.card}: {study.name}{_told(outcome)}",
    )


def _told(outcome: Outcome) -> str:
    """What the title says of the setting, less what is varied."""
    setting, study = outcome.setting, outcome.study
    words = {
        "size": f"{setting.size} x {setting.size}",
        "line_resistance": f"{setting.line_resistance:g} ohm a segment",
        "limit": f"error up to {100 * setting.limit:g} %",
    }
    return "".join(f", {words[name]}" for name in study.told if name != study.axis)


def table(outcome: Outcome) -> str:
    """One line for each repeat: curve, value, seed, and all numbers in full."""
    names = list(outcome.rows[0].each[0])
    lines = [",".join(["curve", outcome.study.axis, "seed", *names])]
    for row in outcome.rows:
        for k, found in enumerate(row.each):
            numbers = [repr(found[name]) for name in names]
            seed = str(outcome.setting.seed + k)
            lines.append(",".join([row.curve, repr(row.value), seed, *numbers]))
    return "\n".join(lines) + "\n"


def _map(outcome: Outcome, card: ModelCard, value: float, folder: Path) -> list[Path]:
    crossbar = array(card, outcome.setting.changed(**{outcome.study.axis: value}))
    result = read_fast(crossbar)
    n = crossbar.rows
    figure = figures.voltage_lost(
        result.cell_voltages,
        crossbar.voltages,
        title=f"{card.name}, {n} x {n}, {value:g} {outcome.study.axis_unit} a segment",
        unit="%",
    )
    stem = folder / f"{card.name}-study-{outcome.study.name}-{value:g}"
    labelled = write_netcdf(
        dataset(crossbar, result), folder / f"{card.name}-study-{outcome.study.name}-{value:g}.nc"
    )
    return [*figures.save(figure, stem), labelled]
