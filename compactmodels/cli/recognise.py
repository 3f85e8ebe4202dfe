"""``compactmodels recognise``: recognition accuracy of a network built of a card's device."""

from __future__ import annotations

import json as json_text
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from compactmodels.cli.options import Card, Debug, Json
from compactmodels.cli.output import clean, emit_json, say, state, table


class Mode(StrEnum):
    """How the devices get their weights."""

    pulses = "pulses"
    write_verify = "write-verify"


class Update(StrEnum):
    """Directions of the pulses in training."""

    both_ways = "both-ways"
    one_way = "one-way"


def recognise(
    card: Card,
    dataset: Annotated[
        str,
        typer.Option(
            metavar="digits|DIR",
            help="The bundled 8x8 digits, or a folder with optdigits.tra and .tes or with MNIST's IDX files.",
        ),
    ] = "digits",
    seeds: Annotated[int, typer.Option(min=1, help="Repeats; mean and spread are over these.")] = 5,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of all chance.")] = 0,
    mode: Annotated[
        Mode,
        typer.Option(help="Train by pulses, or write floating-point weights and verify them."),
    ] = Mode.pulses,
    update: Annotated[
        Update,
        typer.Option(
            help="Potentiate and depress, or potentiate one device of a pair and refresh."
        ),
    ] = Update.both_ways,
    hidden: Annotated[
        int, typer.Option(min=0, metavar="N", help="Hidden units; 0: 36 for 8x8, else 100.")
    ] = 0,
    epochs: Annotated[int, typer.Option(min=0, metavar="N", help="0: 20 for 8x8, else 5.")] = 0,
    batch: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Samples whose gradients are averaged for an update; the learning rate stays.",
        ),
    ] = 1,
    cycle_spread: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Cycle to cycle: what a pulse adds, of the window; default: the card's.",
        ),
    ] = None,
    device_spread: Annotated[
        float, typer.Option(metavar="SHARE", help="Device to device: of windows and pulses.")
    ] = 0.0,
    read_noise: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Of a reading, of the window; default: the card's."),
    ] = None,
    stuck: Annotated[
        float, typer.Option(metavar="SHARE", help="Devices that cannot be moved.")
    ] = 0.0,
    levels: Annotated[
        int, typer.Option(min=0, metavar="N", help="Levels of the window; 0: the card's pulses.")
    ] = 0,
    adc_bits: Annotated[int, typer.Option(min=0, help="Of the bit lines; 0: none.")] = 0,
    dac_bits: Annotated[int, typer.Option(min=0, help="Of the word lines; 0: none.")] = 0,
    interval: Annotated[
        float,
        typer.Option(
            metavar="S",
            help="Seconds from one sample to the next in training, over which devices forget (slower: both states of "
            "every device are followed).",
        ),
    ] = 0.0,
    wait: Annotated[
        float,
        typer.Option(metavar="S", help="Seconds that the devices forget before the test."),
    ] = 0.0,
    line_resistance: Annotated[
        float,
        typer.Option(metavar="OHM", help="Of a segment of word and bit line, in the test."),
    ] = 0.0,
    train_through_lines: Annotated[
        bool,
        typer.Option(
            "--train-through-lines",
            help="The line resistance is there in training too (slower), not in the test only.",
        ),
    ] = False,
    array: Annotated[
        str,
        typer.Option(
            metavar="ROWSxCOLUMNS",
            help="Word and bit lines of the arrays that layers are cut into, for the line resistance; default: one "
            "array for each layer.",
        ),
    ] = "",
    tolerance: Annotated[
        float, typer.Option(metavar="SHARE", help="Of write-verify, of the window.")
    ] = 0.01,
    study: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="What breaks it, one thing at a time, in place of one accuracy: non-linearity, on-off, levels, "
            "cycle-to-cycle, device-to-device, stuck, line-resistance, array-size, forgetting, drift, or all; may be given "
            "several times. With -o a table (CSV) and a figure each.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Write JSON, netCDF and figures into this folder."
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Train and test a network whose weights are pairs of a card's devices.

    One hidden layer of sigmoids; every update is pulses along the card's own LTP and LTD: those of its
    [synapse], or of its dynamics under the published cycle. The same network in floating point stands
    beside it.
    """
    from compactmodels import load_card
    from compactmodels.errors import InputError
    from compactmodels.files import check_folder
    from compactmodels.workflows.recognition import result
    from compactmodels.workflows.recognition.breaking import named
    from compactmodels.workflows.recognition.device import of_card
    from compactmodels.workflows.recognition.images import load
    from compactmodels.workflows.recognition.run import recognise as run
    from compactmodels.workflows.recognition.settings import Hardware, Network

    if output is not None:
        check_folder(output)
    network = Network(hidden=hidden, epochs=epochs, batch=batch)
    hardware = Hardware(
        mode=mode.value,
        update=update.value,
        cycle_spread=cycle_spread,
        device_spread=device_spread,
        read_noise=read_noise,
        stuck=stuck,
        adc_bits=adc_bits,
        dac_bits=dac_bits,
        interval=interval,
        wait=wait,
        line_resistance=line_resistance,
        train_through_lines=train_through_lines,
        array=_lines(array),
        levels=levels,
        tolerance=tolerance,
    )
    if study:
        named(study)  # refuses before the work, not after it
    elif array and not line_resistance:
        raise InputError(
            "--array cuts the layers for the line resistance, and there is none: give --line-resistance too",
            code="bad_setting",
        )
    loaded = load_card(card)
    images = load(dataset)
    if study:
        _studies(study, loaded, images, network, hardware, seeds, seed, output)
        return
    with _bar() as progress:
        found = run(
            of_card(loaded), images, network, hardware, seeds=seeds, seed=seed, progress=progress
        )
    document = result.as_document(found)
    document["card"] = loaded.name
    text = json_text.dumps(clean(document), indent=2, allow_nan=False) + "\n"
    files = result.write(found, output, text) if output is not None else []
    if state.json:
        emit_json({**document, "files": [str(p) for p in files]})
    _print(document)
    if files:
        say("files: " + ", ".join(map(str, files)))


def _lines(text: str) -> tuple[int, int]:
    """``64x32`` as word and bit lines; nothing is (0, 0)."""
    import re

    from compactmodels.errors import InputError

    if not text:
        return 0, 0
    found = re.fullmatch(r"([1-9]\d{0,5})x([1-9]\d{0,5})", text.strip().lower())
    if not found:
        raise InputError(
            f"--array '{text}': word and bit lines are expected as ROWSxCOLUMNS, such as 64x32",
            code="bad_setting",
        )
    return int(found[1]), int(found[2])


def _studies(
    names: list[str],
    card: Any,
    images: Any,
    network: Any,
    hardware: Any,
    seeds: int,
    seed: int,
    output: Path | None,
) -> None:
    """Run studies of what breaks it; write and show each as it is done."""
    from compactmodels.workflows.recognition import breaking
    from compactmodels.workflows.recognition.device import of_card

    device = of_card(card)
    chosen, skipped = breaking.named(names), []
    if "all" in names:  # a study asked for by its name is refused instead
        skipped = [s.name for s in chosen if s.name not in names and not breaking.knows(s, device)]
        chosen = [s for s in chosen if s.name not in skipped]
    for one in chosen:
        breaking.check(one, device, network, hardware, images.pixels)
    documents, files = [], []
    total, done = sum(map(breaking.count_of, chosen)), 0
    with _bar() as progress:

        def told(text: str) -> None:
            nonlocal done
            progress(text, done, total)
            done += 1

        for one in chosen:
            found = breaking.broken(
                one, device, images, network, hardware, seeds=seeds, seed=seed, told=told
            )
            documents.append({**found.document(), "card": card.name})
            files += breaking.write(found, output) if output is not None else []
            _print_study(documents[-1])
    for name in skipped:
        say(
            f"  study {name} is left out: '{device.name}' is known by its pulses and not by its retention"
        )
    if state.json:
        emit_json({"studies": documents, "skipped": skipped, "files": [str(p) for p in files]})
    if files:
        say("files: " + ", ".join(map(str, files)))


def _print_study(document: dict[str, Any]) -> None:
    """Values down, curves across."""
    rows = document["rows"]
    curves = list(dict.fromkeys(row["curve"] for row in rows))
    lines = []
    for value in dict.fromkeys(row["value"] for row in rows):
        here = {row["curve"]: row for row in rows if row["value"] == value}
        at = next(iter(here.values()))
        cells = [f"{at['value']:.4g}"]
        for curve in curves:
            mean, std, _ = _percent(here[curve]["accuracy"])
            cells.append(mean if std == "-" else f"{mean[:-2]} ± {std}")
        lines.append([*cells, f"{100 * at['float_accuracy']:.2f} %"])
    title = f"{document['card']} on {document['dataset']}: {document['question']}"
    unit = "" if document["unit"] == "1" else f" ({document['unit']})"
    table(title, [document["axis_title"] + unit, *curves, "floating point"], lines)


def _print(document: dict[str, Any]) -> None:
    device, network = document["device"], document["network"]
    rows = [
        ["devices", *_percent(document["accuracy"])],
        ["floating point", *_percent(document["float_accuracy"])],
    ]
    layers = "-".join(map(str, network["layers"]))
    title = (
        f"{document['card']} on {document['dataset']['name']}, {layers}, {network['epochs']} epochs"
    )
    table(title, ["accuracy", "mean", "std", "each"], rows)
    say(
        f"  {device['pulses_up']:.3g} pulses up and {device['pulses_down']:.3g} down between {device['g_min']:.3g} "
        f"and {device['g_max']:.3g} S ({device.get('pulses') or device.get('source', '')})"
    )
    for warning in document["warnings"]:
        say(f"  [{warning['code']}] {warning['message']}")


def _percent(row: dict[str, Any]) -> list[str]:
    std = "-" if row["std"] is None else f"{100 * row['std']:.2f} %"
    each = ", ".join(f"{100 * x:.2f}" for x in row["each"])
    return [f"{100 * row['mean']:.2f} %", std, each]


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr; nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("driving the card", total=None)
        yield lambda text, done, total: bar.update(
            task, description=text, completed=done, total=total
        )
