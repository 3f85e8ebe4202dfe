"""``compactmodels study``: what arrays of a device do as one thing is varied."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from compactmodels.cli.many import Jobs, numbers, progress
from compactmodels.cli.options import Debug, Json, Temperature
from compactmodels.cli.output import emit_json, say, state, table
from compactmodels.errors import InputError
from compactmodels.report import engineering


def study(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Of a study; without one all are listed.")
    ] = None,
    card: Annotated[
        str | None,
        typer.Argument(metavar="[CARD]", help="A library card's name, or a card file's path."),
    ] = None,
    values: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Of what is varied, in place of the study's own: 8,64."),
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=1, max=1024, metavar="N", help="Lines in each direction; 64.")
    ] = None,
    line_resistance: Annotated[
        float | None, typer.Option(min=0.0, metavar="OHM", help="Of one wire segment; 1.")
    ] = None,
    line_capacitance: Annotated[
        float | None, typer.Option(min=0.0, metavar="F", help="Of one wire segment; 1e-15.")
    ] = None,
    voltage: Annotated[
        float | None, typer.Option(metavar="V", help="Of a read; 0.1 (selector: 0.5).")
    ] = None,
    write_voltage: Annotated[
        float | None,
        typer.Option(
            metavar="V", help="Of a write; the smallest that moves a device half-way in one pulse."
        ),
    ] = None,
    width: Annotated[
        float | None, typer.Option(min=0.0, metavar="S", help="Of a pulse; 1e-6.")
    ] = None,
    scheme: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of lines not selected: floating, grounded, v/2, v/3."),
    ] = None,
    pattern: Annotated[
        str | None, typer.Option(metavar="NAME", help="States: uniform, on, off.")
    ] = None,
    ratio: Annotated[
        float | None, typer.Option(metavar="X", help="On/off ratio; the card's own.")
    ] = None,
    sigma: Annotated[
        float | None, typer.Option(min=0.0, metavar="X", help="Scatter of ln G, device to device.")
    ] = None,
    selector_v0: Annotated[
        float | None,
        typer.Option(min=0.0, metavar="V", help="A selector I ~ sinh(V/v0) in every cell."),
    ] = None,
    limit: Annotated[
        float | None,
        typer.Option(metavar="X", help="largest: the error allowed, 0.05."),
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Seeds at each value; 5 where chance matters."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The first.")] = 0,
    temperature: Temperature = None,
    jobs: Jobs = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Write table and figure there; points are kept there, and not run again.",
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Study an array of the device: size, lines, window, scatter, faults, time, energy.

    A study varies one thing and keeps the rest; closed forms stand beside what was solved.  It runs on
    all cores; with --output an interrupted study goes on where it was.
    """
    from compactmodels import load_card
    from compactmodels.files import check_folder
    from compactmodels.workflows import studies

    if name is None:
        _listed(studies.STUDIES)
        return
    if card is None:
        raise InputError(
            f"study {name}: a CARD is needed, as in 'compactmodels study size otj'", code="usage"
        )
    loaded = load_card(card)
    if output is not None:
        check_folder(output)
    given = {
        "size": size,
        "line_resistance": line_resistance,
        "line_capacitance": line_capacitance,
        "voltage": voltage,
        "write_voltage": write_voltage,
        "width": width,
        "scheme": scheme,
        "pattern": pattern,
        "ratio": ratio,
        "sigma": sigma,
        "selector_v0": selector_v0,
        "limit": limit,
        "temperature": temperature,
        "seed": seed,
    }
    chosen_settings: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    study = studies.find(name)
    chosen = numbers(values, "--values")
    store = None if output is None else output / f"{loaded.name}-study-{name}.points.jsonl"
    with progress(_count(study, chosen, repeats), "points") as bar:
        found = studies.run_study(
            name,
            loaded,
            values=chosen,
            repeats=repeats,
            processes=jobs,
            store=store,
            progress=bar,
            **chosen_settings,
        )
    written = studies.write(found, loaded, output) if output is not None else []
    if state.json:
        emit_json({**found.document(), "files": [str(p) for p in written]})
    _show(found)
    if written:
        say("files: " + ", ".join(map(str, written)))


def _count(study: Any, values: list[float] | None, repeats: int | None) -> int:
    each = repeats or (5 if study.random else 1)
    return len(study.curves) * len(values or study.values) * each


def _listed(known: Any) -> None:
    rows = [[s.name, s.question, s.axis.replace("_", " ")] for s in known.values()]
    if state.json:
        emit_json({"studies": [{"name": n, "question": q, "axis": a} for n, q, a in rows]})
    table("studies", ["name", "question", "what is varied"], rows)


def _show(found: Any) -> None:
    """One row for each curve and value: what is drawn, its spread and its closed form."""
    study = found.study
    several = len(study.curves) > 1
    columns = [*(["curve"] if several else []), study.axis_title.lower()]
    for output in study.outputs.values():
        columns.append(output.title or study.drawn.lower())
        columns += ["closed form"] if output.estimate else []
    rows = []
    for row in found.rows:
        cells = [row.curve] if several else []
        cells.append(
            engineering(row.value, study.axis_unit) if study.axis_unit else f"{row.value:g}"
        )
        for key, output in study.outputs.items():
            cells.append(_number(row.mean[key], output.unit, row.spread[key], found.repeats))
            if output.estimate:
                cells.append(_number(row.mean[output.estimate], output.unit))
        rows.append(cells)
    table(f"{found.card}: {study.question}", columns, rows)


def _number(value: float, unit: str, spread: float = 0.0, repeats: int = 1) -> str:
    if unit == "":
        more = f" ± {100 * spread:.2g}" if repeats > 1 else ""
        return f"{100 * value:.3g}{more} %"
    if unit == "1":
        return f"{value:.4g}"
    return engineering(value, unit, 3)
