"""``compactmodels spike``: a spiking network that learns by a device's spike timing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from compactmodels.cli.many import progress
from compactmodels.cli.options import Card, Debug, Json
from compactmodels.cli.output import emit_json, say, state, table


def spike(
    card: Card,
    dataset: Annotated[
        str,
        typer.Option(
            metavar="digits|DIR", help="The bundled 8x8 digits, or a folder as for 'recognise'."
        ),
    ] = "digits",
    seeds: Annotated[int, typer.Option(min=1, help="Repeats; mean and spread are over these.")] = 5,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of all chance.")] = 0,
    neurons: Annotated[int, typer.Option(min=1, help="Output neurons.")] = 200,
    epochs: Annotated[int, typer.Option(min=1, help="Passes through the training images.")] = 3,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Write what each neuron has learned there."
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Learn digits without labels, by the card's own spike timing windows, and tell the accuracy.

    One layer of neurons of which one at a time spikes; every pair of spikes changes a device by what the
    card's equations do under the published pair of waveforms. Labels serve at the end alone, to say what a
    neuron's spikes mean. The same network whose devices no spike changes stands beside it: what learning adds is
    the difference.
    """
    from compactmodels import figures, load_card
    from compactmodels.files import check_folder
    from compactmodels.workflows.recognition.images import load
    from compactmodels.workflows.recognition.spiking import (
        Spiking,
        learn_by_spikes,
        spike_window,
        spiking_document,
    )

    if output is not None:
        check_folder(output)
    loaded, images = load_card(card), load(dataset)
    settings = Spiking(neurons=neurons, epochs=epochs)
    window, runs = spike_window(loaded), []
    with progress(2 * seeds, "seeds") as bar:
        for k, one in enumerate((window, 0.0 * window)):

            def tell(_: str, done: int, whole: int, before: int = k * seeds) -> None:
                if bar is not None:
                    bar(before + done, 2 * whole)

            runs.append(
                learn_by_spikes(
                    loaded, images, settings, window=one, seeds=seeds, seed=seed, progress=tell
                )
            )
    found, control = runs
    document = spiking_document(loaded, images, settings, found, control)
    files: list[str] = []
    if output is not None:
        first = found[0]
        figure = figures.receptive_fields(
            first.w,
            first.meaning,
            title=f"{loaded.name} on {images.name}: {neurons} neurons, {100 * first.accuracy:.1f} %",
        )
        files = [str(p) for p in figures.save(figure, output / f"{loaded.name}-spike")]
    if state.json:
        emit_json({**document, "files": files})
    table(
        f"{loaded.name} on {images.name}: {neurons} spiking neurons, {epochs} epochs, no labels",
        ["", "accuracy", "std", "each"],
        [
            _row("learned", document["accuracy"]),
            _row("control: devices that no spike changes", document["control"]["accuracy"]),
        ],
    )
    if files:
        say("files: " + ", ".join(files))


def _row(name: str, accuracy: dict[str, Any]) -> list[str]:
    each = ", ".join(f"{100 * x:.2f}" for x in accuracy["each"])
    spread = "-" if accuracy["std"] is None else f"{100 * accuracy['std']:.2f} %"
    return [name, f"{100 * accuracy['mean']:.2f} %", spread, each]
