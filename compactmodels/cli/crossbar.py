"""``compactmodels crossbar``: an array of a device, read or written."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compactmodels.cli.commands import Timeout
from compactmodels.cli.options import Card, Debug, Json, Temperature
from compactmodels.cli.output import emit_json, say, state, table
from compactmodels.constants import ROOM_TEMPERATURE
from compactmodels.errors import InputError
from compactmodels.report import engineering

if TYPE_CHECKING:
    from netlists.array import Crossbar, CrossbarResult

SHOWN = 16
"""Bit lines that the table shows; of more, the first and the last half."""


class Engine(StrEnum):
    """Who solves an array."""

    fast = "fast"
    ngspice = "ngspice"
    both = "both"


class Kind(StrEnum):
    """What is done to an array."""

    read = "read"
    sweep = "sweep"
    pulse = "pulse"
    write = "write"
    disturb = "disturb"


class Ends(StrEnum):
    """Where lines meet their sources or outputs."""

    start = "start"
    end = "end"
    both = "both"
    floating = "floating"


class SelectorKind(StrEnum):
    """What stands in series with each device."""

    none = "none"
    transistor = "1t1r"
    threshold = "1s1r"


class Scheme(StrEnum):
    """Voltages of the lines that are not selected in a write."""

    half = "v/2"
    third = "v/3"


def _ohms(text: str) -> Any:
    return typer.Option(min=0.0, metavar="OHM", help=text)


def _share(text: str) -> Any:
    return typer.Option(min=0.0, max=1.0, metavar="SHARE", help=text, rich_help_panel="Faults")


def crossbar(
    card: Card,
    rows: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Word lines; 8, or those of the file.")
    ] = None,
    cols: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Bit lines; 8, or those of the file.")
    ] = None,
    line_resistance: Annotated[float, _ohms("Resistance of one wire segment.")] = 1.0,
    r_word: Annotated[float | None, _ohms("Of word lines, where it differs.")] = None,
    r_bit: Annotated[float | None, _ohms("Of bit lines, where it differs.")] = None,
    r_source: Annotated[float, _ohms("Of each source.")] = 0.0,
    r_sense: Annotated[float, _ohms("From each output to 0 V.")] = 0.0,
    line_capacitance: Annotated[
        float, typer.Option(min=0.0, metavar="F", help="Of one wire segment, to ground.")
    ] = 0.0,
    drive: Annotated[Ends, typer.Option(help="Where word lines meet their sources.")] = Ends.start,
    outputs: Annotated[Ends, typer.Option(help="Where bit lines meet their outputs.")] = Ends.end,
    engine: Annotated[
        Engine,
        typer.Option(
            help="fast: the toolkit's own solver, any array but those with transistors. ngspice: the "
            "netlist. both: ngspice's currents and how far the other is from them."
        ),
    ] = Engine.fast,
    job: Annotated[
        Kind,
        typer.Option(
            help="read: an operating point with held states. sweep: of the word lines' voltage. pulse: a "
            "read over time. write: one pulse on the selected cells. disturb: many."
        ),
    ] = Kind.read,
    voltage: Annotated[
        float, typer.Option(metavar="V", help="Read voltage on every word line.")
    ] = 0.1,
    states: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE", help="uniform, normal, binary, or an image or CSV of states."
        ),
    ] = "uniform",
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="CSV of signed weights, outputs by inputs, as pairs of columns."
        ),
    ] = None,
    g_low: Annotated[
        float | None, typer.Option(min=0.0, metavar="S", help="Conductance of the weight 0.")
    ] = None,
    g_high: Annotated[
        float | None, typer.Option(min=0.0, metavar="S", help="Of the largest weight.")
    ] = None,
    variation: Annotated[
        bool, typer.Option("--variation", help="Cells differ as the card's [statistics] say.")
    ] = False,
    selector: Annotated[
        SelectorKind, typer.Option(help="In series with each device.", rich_help_panel="Selector")
    ] = SelectorKind.none,
    gate: Annotated[
        float, typer.Option(metavar="V", help="1t1r: of the gates.", rich_help_panel="Selector")
    ] = 1.5,
    mos_model: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="1t1r: a file with one .model.", rich_help_panel="Selector"
        ),
    ] = None,
    v_threshold: Annotated[
        float,
        typer.Option(metavar="V", help="1s1r: where it turns on.", rich_help_panel="Selector"),
    ] = 0.5,
    v_hold: Annotated[
        float, typer.Option(metavar="V", help="1s1r: where it lets go.", rich_help_panel="Selector")
    ] = 0.2,
    stuck_on: Annotated[float, _share("Of cells held at state 1.")] = 0.0,
    stuck_off: Annotated[float, _share("Of cells held at state 0.")] = 0.0,
    open_cells: Annotated[float, _share("Of cells that do not conduct.")] = 0.0,
    shorted_cells: Annotated[float, _share("Of cells that are shorts.")] = 0.0,
    broken_word: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LINE,SEGMENT", help="A broken segment, from 0.", rich_help_panel="Faults"
        ),
    ] = None,
    broken_bit: Annotated[
        list[str] | None,
        typer.Option(metavar="SEGMENT,LINE", help="The same.", rich_help_panel="Faults"),
    ] = None,
    scheme: Annotated[
        Scheme, typer.Option(help="Of a write.", rich_help_panel="Jobs")
    ] = Scheme.half,
    select: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROW,COL", help="A cell to write, from 0; 0,0.", rich_help_panel="Jobs"
        ),
    ] = None,
    write_voltage: Annotated[
        float, typer.Option(metavar="V", help="Across a selected cell.", rich_help_panel="Jobs")
    ] = 1.0,
    width: Annotated[
        float, typer.Option(min=0.0, metavar="S", help="Of a pulse.", rich_help_panel="Jobs")
    ] = 1e-6,
    cycles: Annotated[
        int, typer.Option(min=1, help="Writes of a disturb.", rich_help_panel="Jobs")
    ] = 10,
    start: Annotated[
        float, typer.Option(metavar="V", help="Of a sweep.", rich_help_panel="Jobs")
    ] = 0.0,
    stop: Annotated[
        float, typer.Option(metavar="V", help="Of a sweep.", rich_help_panel="Jobs")
    ] = 0.2,
    points: Annotated[
        int, typer.Option(min=2, max=10000, help="Of a sweep.", rich_help_panel="Jobs")
    ] = 21,
    seed: Annotated[int, typer.Option(min=0, help="Of all chance.")] = 0,
    temperature: Temperature = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Write netlist, currents and figure there."
        ),
    ] = None,
    timeout: Timeout = 600.0,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Read or write an array of the device, with line resistance.

    Inputs at the start of the word lines, outputs into virtual ground at the end of the bit lines,
    one wire segment at each source, between neighbours and at each output.
    """
    from compactmodels import load_card
    from compactmodels.files import check_folder
    from compactmodels.workflows import arrays

    loaded = load_card(card)
    if output is not None:
        check_folder(output)
    array, pairs = arrays.build(
        loaded,
        arrays.ArrayOptions(
            rows=rows,
            cols=cols,
            line_resistance=line_resistance,
            r_word=r_word,
            r_bit=r_bit,
            r_source=r_source,
            r_sense=r_sense,
            line_capacitance=line_capacitance,
            drive=drive.value,
            outputs=outputs.value,
            voltage=voltage,
            temperature=ROOM_TEMPERATURE if temperature is None else temperature,
            seed=seed,
            states=states,
            weights=weights,
            g_low=g_low,
            g_high=g_high,
            variation=variation,
            selector=selector.value,
            gate=gate,
            mos_model=mos_model,
            v_threshold=v_threshold,
            v_hold=v_hold,
            stuck_on=stuck_on,
            stuck_off=stuck_off,
            open_cells=open_cells,
            shorted_cells=shorted_cells,
            broken_word=_places("--broken-word", broken_word),
            broken_bit=_places("--broken-bit", broken_bit),
        ),
    )
    task = arrays.Job(
        kind=job.value,
        scheme=scheme.value,
        selected=_places("--select", select) or ((0, 0),),
        write_voltage=write_voltage,
        width=width,
        cycles=cycles,
        start=start,
        stop=stop,
        points=points,
        timeout=timeout,
    )
    both = engine is Engine.both
    result, bias = arrays.run(array, task, engine="ngspice" if both else engine.value)
    compared = arrays.compare(result, arrays.run(array, task, engine="fast")[0]) if both else {}
    written = arrays.write(array, result, output) if output is not None else []
    document = arrays.summary(array, result, bias=bias, pairs=pairs) | compared
    if state.json:
        emit_json({**document, "files": [str(p) for p in written]})
    if job is Kind.read:
        _show_read(array, result)  # type: ignore[arg-type] # a read gives a CrossbarResult
    else:
        _show_job(array, document)
    if compared:
        say(
            f"fast engine: {compared['seconds_fast']:.3g} s, within {compared['largest_difference']:.2g} of the "
            "largest current of ngspice"
        )
    say(f"{result.seconds:.3g} s" + ("; files: " + ", ".join(map(str, written)) if written else ""))


def _places(option: str, texts: list[str] | None) -> tuple[tuple[int, int], ...]:
    """Pairs of whole numbers."""
    found = []
    for text in texts or []:
        match = re.fullmatch(r"\s*(\d{1,6})\s*,\s*(\d{1,6})\s*", text)
        if match is None:
            raise InputError(
                f"{option} {text[:40]!r}: two whole numbers are expected, such as 0,3", code="usage"
            )
        found.append((int(match[1]), int(match[2])))
    return tuple(found)


def _title(array: Crossbar, engine: str, form: str) -> str:
    solver = f"{engine} ({form})" if form else f"{engine} engine"
    return f"{array.card.name}: {array.rows} x {array.cols}, {solver}"


def _show_read(array: Crossbar, result: CrossbarResult) -> None:
    lines = [
        [
            str(j),
            engineering(i, "A", 6),
            engineering(ideal, "A", 6),
            f"{100 * (i / ideal - 1):+.3f} %" if ideal else "-",
        ]
        for j, (i, ideal) in enumerate(zip(result.currents, result.ideal, strict=True))
    ]
    half = SHOWN // 2
    shown = lines if len(lines) <= SHOWN else [*lines[:half], ["...", "", "", ""], *lines[-half:]]
    table(
        _title(array, result.engine, result.form),
        ["bit line", "current", "without line resistance", "change"],
        shown,
    )


def _show_job(array: Crossbar, document: dict[str, Any]) -> None:
    """A sweep's range, or what a transient did to the cells."""
    if "voltage" in document:
        largest = max(map(abs, document["currents"][-1]))
        rows = [["largest current of a bit line at the end", engineering(largest, "A", 6)]]
    else:
        rows = [["energy", engineering(document["energy"], "J", 4)]]
        rows += [
            [f"state of cell {c['row']},{c['col']}", f"{c['w_before']:.4g} -> {c['w_after']:.4g}"]
            for c in document.get("written", [])[:SHOWN]
        ]
        change = document["largest_change"]
        kinds = change if isinstance(change, dict) else {"any": change}
        rows += [
            [f"largest change of a state, {kind.replace('_', ' ')} cells", f"{x:.3g}"]
            for kind, x in kinds.items()
            if x is not None
        ]
    table(_title(array, document["engine"], document["form"]), ["what", "value"], rows)
